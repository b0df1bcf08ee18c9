/*
 * outbox.c
 *	  Which of the messages that wait are looked at next.
 *
 * Entities have their turns: whoever asks for a hundred thousand messages waits
 * behind their own, and others' go out meanwhile.  Within a cap a tenth is kept
 * for the others, who else would find every minute used up in its first second.
 * What an entity had by a route that is down now does not keep it from one that
 * is open, for as long as more than that tenth is left.
 *
 * Of one entity messages go in the order in which they were asked for, unless
 * that is a jam: the oldest has waited for long, and more are behind it.  Then
 * every message would arrive just before its OTP expires, or be too old for a
 * sender, however many are sent.  So the newest go first, until the jam is over.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "outbox.h"
#include "tally.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define ENTITIES_MAX	16		/* that one request looks at */
#define DROPPED_MAX		256		/* by one request, for others wait meanwhile */
#define JAM_SECONDS		30		/* so long the oldest has waited */

/* Who was served last: the next turn is another's. */
static int32 last_served = -1;

/* How many messages of each entity senders got in this minute. */
typedef struct Served
{
	int32		entity;
	int			n;
} Served;

static HTAB *served = NULL;
static TimestampTz served_minute = 0;
static int	served_in_all = 0;

/* ---- shares ---- */

static Served *
find_served(int32 entity, TimestampTz now, HASHACTION action)
{
	TimestampTz minute = now - now % USECS_PER_MINUTE;

	if (served == NULL || minute != served_minute)
	{
		HASHCTL		form = {.keysize = sizeof(int32), .entrysize = sizeof(Served), .hcxt = TopMemoryContext};

		if (served != NULL)
			hash_destroy(served);
		served = NULL;
		served = hash_create("kycvs messages of entities", 64, &form, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		served_minute = minute;
		served_in_all = 0;
	}
	return hash_search(served, &entity, action, NULL);
}

void
kycvs_outbox_claimed(const KycvsMessage *message, TimestampTz now)
{
	Served	   *of = find_served(message->entity, now, HASH_FIND);

	if (of == NULL)
	{
		of = find_served(message->entity, now, HASH_ENTER);
		of->n = 0;
	}
	of->n++;
	served_in_all++;
}

void
kycvs_outbox_counted(int claimed)
{
	if (served_in_all > claimed)
		served_minute = 0;
}

/* What the registry itself has to tell is nobody's share. */
static int
share_left(int32 entity, TimestampTz now, const KycvsShare *share)
{
	Served	   *of;

	if (share->most < 0 || entity == KYCVS_NO_ENTITY)
		return PG_INT32_MAX;
	of = find_served(entity, now, HASH_FIND);
	return Max(share->most - (of != NULL ? of->n : 0), Max(share->spare, 0));
}

/* ---- one entity ---- */

void
kycvs_outbox_drop(KycvsMessage *message, TimestampTz now)
{
	kycvs_message_expire(message, now);
	kycvs_tally_add(KYCVS_TALLY_EXPIRED, message->route);
}

/* Many at a time, for they may be a day's when no sender ran. */
static void
drop_many(int32 entity, TimestampTz now, int *left)
{
	KycvsMessage *late = palloc(DROPPED_MAX * sizeof(KycvsMessage));
	int			n = kycvs_messages_due(entity, now, *left, late);
	int			i;

	for (i = 0; i < n; i++)
		if (late[i].expires_at <= now && !late[i].was_delivered)
		{
			kycvs_outbox_drop(&late[i], now);
			(*left)--;
		}
	pfree(late);
}

/* What is left in a jam was claimed before, or is the whole of it. */
static int
find_newest(int32 entity, TimestampTz now, int most, KycvsMessage *messages)
{
	int			n = kycvs_messages_newest(entity, most, messages);

	return n == most ? n : kycvs_messages_due(entity, now, most, messages);
}

static void
drop_late(int32 entity, TimestampTz now, int *left)
{
	KycvsMessage oldest;

	if (*left > 0 && kycvs_messages_due(entity, now, 1, &oldest) > 0 && oldest.expires_at <= now)
		drop_many(entity, now, left);
}

static int
find_messages(int32 entity, TimestampTz now, int most, KycvsMessage *messages)
{
	int			n = kycvs_messages_due(entity, now, most, messages);

	/* they come from the oldest on */
	if (n > 0 && now - messages[0].created_at >= JAM_SECONDS * USECS_PER_SEC)
		return find_newest(entity, now, most, messages);
	return n;
}

/* ---- all of them ---- */

/* The next one in turn; false when all had theirs. */
static bool
next_entity(TimestampTz now, int32 *entity, bool *around)
{
	if (!kycvs_messages_next_entity(now, entity))
	{
		if (*around)
			return false;
		*around = true;
		*entity = -1;
		if (!kycvs_messages_next_entity(now, entity))
			return false;
	}
	return !*around || *entity <= last_served;
}

/*
 * At most so many whose messages are due and may be sent; of all, those that are
 * late are dropped.  "last" is where the next turn begins: many who have had
 * their share must not stand before others for a minute.
 */
static int
find_entities(TimestampTz now, int most, const KycvsShare *share, int *drops_left, int32 *entities, int32 *last)
{
	int32		entity = last_served;
	bool		around = false;
	int			n = 0;
	int			i;

	*last = last_served;
	for (i = 0; i < ENTITIES_MAX && next_entity(now, &entity, &around); i++)
	{
		drop_late(entity, now, drops_left);
		if (n == most)
			continue;
		*last = entity;
		if (share_left(entity, now, share) > 0)
			entities[n++] = entity;
	}
	return n;
}

/* What is left for the last of them is as much as the others did not take. */
int
kycvs_outbox_next(TimestampTz now, int most, KycvsShare share, KycvsMessage *messages, bool *more, bool *late)
{
	int32		entities[ENTITIES_MAX];
	int			drops_left = DROPPED_MAX;
	int32		last;
	int			n = find_entities(now, most, &share, &drops_left, entities, &last);
	int			found = 0;
	int			i;

	*late = drops_left < DROPPED_MAX;
	*more = false;
	for (i = 0; i < n; i++)
	{
		int			wanted = (most - found + n - i - 1) / (n - i);
		int			got = find_messages(entities[i], now, Min(wanted, share_left(entities[i], now, &share)), &messages[found]);

		*more |= got == wanted;
		share.spare -= got;
		found += got;
	}
	last_served = last;
	return found;
}
