/*
 * unwritten.c
 *	  Tries of a challenge that could not be written down, as when the disk is full.
 *
 * They count in the authority's memory until the challenge has ended.  Should
 * the process end before that, they are forgotten; a full disk and the end of
 * the authority are not in a caller's hands.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "unwritten.h"

#define REMEMBERED_MAX 256

typedef struct Remembered
{
	pg_uuid_t	challenge;
	int			tries;
	TimestampTz until;
} Remembered;

static Remembered remembered[REMEMBERED_MAX];

static Remembered *
find_remembered(const pg_uuid_t *challenge, TimestampTz now)
{
	int			i;

	for (i = 0; i < REMEMBERED_MAX; i++)
		if (remembered[i].until > now && memcmp(&remembered[i].challenge, challenge, UUID_LEN) == 0)
			return &remembered[i];
	return NULL;
}

static Remembered *
find_room(TimestampTz now)
{
	int			i;

	for (i = 0; i < REMEMBERED_MAX; i++)
		if (remembered[i].until <= now)
			return &remembered[i];
	return NULL;
}

void
kycvs_unwritten_add(const pg_uuid_t *challenge, TimestampTz until)
{
	TimestampTz now = kycvs_clock_now();
	Remembered *found = find_remembered(challenge, now);

	if (found == NULL)
	{
		found = find_room(now);
		if (found == NULL)
			return;				/* nobody can try any more, see below */
		found->challenge = *challenge;
		found->tries = 0;
		found->until = until;
	}
	found->tries++;
}

int
kycvs_unwritten_tries(const pg_uuid_t *challenge)
{
	TimestampTz now = kycvs_clock_now();
	const Remembered *found = find_remembered(challenge, now);

	if (found != NULL)
		return found->tries;
	return find_room(now) == NULL ? PG_INT16_MAX : 0;
}
