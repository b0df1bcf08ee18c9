/*
 * message.c
 *	  The rows of messages that wait to be sent.
 *
 * A message holds no text: it names the challenge from which the text is
 * derived.  Senders find the waiting ones by an index in the order of their
 * leases, so those that are held, or rest after an attempt that failed, are not
 * looked at again and again.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "message.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define WAITING		"waiting"
#define SENT		"sent"
#define FAILED		"failed"
#define EXPIRED		"expired"
#define DELIVERED	"delivered"
#define UNDELIVERED	"undelivered"

enum
{
	MESSAGE_ID = 1,
	MESSAGE_CHALLENGE,
	MESSAGE_ENTITY,
	MESSAGE_CREATED_AT,
	MESSAGE_EXPIRES_AT,
	MESSAGE_MOBILE_SEALED,
	MESSAGE_CLAIMED_UNTIL,
	MESSAGE_STATE,
	MESSAGE_DETAIL,
	MESSAGE_DONE_AT,
	MESSAGE_ROUTE,
	MESSAGE_ATTEMPT,
	MESSAGE_IN_HAND,
	MESSAGE_FAILED_ROUTES,
	MESSAGE_RECEIPT,
	MESSAGE_RECEIPT_AT
};
static const char *const message_columns[] = {
	[MESSAGE_ID] = "id",
	[MESSAGE_CHALLENGE] = "challenge",
	[MESSAGE_ENTITY] = "entity",
	[MESSAGE_CREATED_AT] = "created_at",
	[MESSAGE_EXPIRES_AT] = "expires_at",
	[MESSAGE_MOBILE_SEALED] = "mobile_sealed",
	[MESSAGE_CLAIMED_UNTIL] = "claimed_until",
	[MESSAGE_STATE] = "state",
	[MESSAGE_DETAIL] = "detail",
	[MESSAGE_DONE_AT] = "done_at",
	[MESSAGE_ROUTE] = "route",
	[MESSAGE_ATTEMPT] = "attempt",
	[MESSAGE_IN_HAND] = "in_hand",
	[MESSAGE_FAILED_ROUTES] = "failed_routes",
	[MESSAGE_RECEIPT] = "receipt",
	[MESSAGE_RECEIPT_AT] = "receipt_at"
};
static KycvsTable messages = KYCVS_TABLE("message", message_columns);
static KycvsIndex message_by_id = {&messages, "message_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex message_by_entity = {&messages, "message_waiting", 1, BTGreaterStrategyNumber};
static KycvsIndex message_by_lease = {&messages, "message_waiting", 2, BTLessEqualStrategyNumber};
static KycvsIndex message_without_lease = {&messages, "message_waiting", 2, BTEqualStrategyNumber};

/* An OTP's message has no sealed number: the challenge has. */
static void
insert_message(const pg_uuid_t *challenge, int32 entity, const uint8 *mobile_sealed, TimestampTz now, TimestampTz expires_at)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, kycvs_table_next_id(&messages));
	kycvs_bind_uuid(&columns, challenge);
	kycvs_bind_int4(&columns, entity);
	kycvs_bind_time(&columns, now);
	kycvs_bind_time(&columns, expires_at);
	if (mobile_sealed == NULL)
		kycvs_bind_null(&columns, BYTEAOID);
	else
		kycvs_bind_bytes(&columns, mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_bind_time(&columns, DT_NOBEGIN);	/* claimed_until */
	kycvs_bind_text(&columns, WAITING);
	kycvs_bind_text(&columns, "");	/* detail */
	kycvs_bind_null(&columns, TIMESTAMPTZOID);	/* done_at */
	kycvs_bind_int4(&columns, 0);	/* route */
	kycvs_bind_int4(&columns, 0);	/* attempt */
	kycvs_bind_bool(&columns, false);	/* in_hand */
	kycvs_bind_null(&columns, INT4ARRAYOID);	/* failed_routes */
	kycvs_bind_text(&columns, "");	/* receipt */
	kycvs_bind_null(&columns, TIMESTAMPTZOID);	/* receipt_at */
	kycvs_row_add(&messages, &columns);
}

void
kycvs_message_insert(const KycvsChallenge *challenge)
{
	insert_message(&challenge->binding.challenge, challenge->binding.entity, NULL, challenge->sent_at, challenge->expires_at);
}

void
kycvs_message_insert_notice(const uint8 mobile_sealed[KYCVS_SEALED_MOBILE], TimestampTz now, TimestampTz expires_at)
{
	static const pg_uuid_t none;

	insert_message(&none, KYCVS_NO_ENTITY, mobile_sealed, now, expires_at);
}

/* Most messages have none. */
static void
read_failed_routes(KycvsMessage *message)
{
	Datum	   *routes;
	int			n;
	int			i;

	message->failed.n = 0;
	if (kycvs_row_null(&message->row, MESSAGE_FAILED_ROUTES))
		return;
	deconstruct_array(DatumGetArrayTypeP(kycvs_row_datum(&message->row, MESSAGE_FAILED_ROUTES)),
					  INT4OID, sizeof(int32), true, TYPALIGN_INT, &routes, NULL, &n);
	for (i = 0; i < n; i++)
		kycvs_sms_note_failed(&message->failed, DatumGetInt32(routes[i]));
}

static void
read_message(KycvsMessage *message)
{
	char		state[16];
	char		receipt[16];

	message->id = kycvs_row_int8(&message->row, MESSAGE_ID);
	kycvs_row_uuid(&message->row, MESSAGE_CHALLENGE, &message->challenge);
	message->entity = kycvs_row_int4(&message->row, MESSAGE_ENTITY);
	message->expires_at = kycvs_row_time(&message->row, MESSAGE_EXPIRES_AT);
	message->is_notice = !kycvs_row_null(&message->row, MESSAGE_MOBILE_SEALED);
	if (message->is_notice)
		kycvs_row_bytes(&message->row, MESSAGE_MOBILE_SEALED, message->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_row_text(&message->row, MESSAGE_STATE, state, sizeof(state));
	message->waiting = strcmp(state, WAITING) == 0;
	message->sent = strcmp(state, SENT) == 0;
	message->created_at = kycvs_row_time(&message->row, MESSAGE_CREATED_AT);
	message->failed_at = kycvs_row_null(&message->row, MESSAGE_DONE_AT) ? 0 : kycvs_row_time(&message->row, MESSAGE_DONE_AT);
	message->route = kycvs_row_int4(&message->row, MESSAGE_ROUTE);
	message->attempt = kycvs_row_int4(&message->row, MESSAGE_ATTEMPT);
	message->in_hand = kycvs_row_bool(&message->row, MESSAGE_IN_HAND);
	read_failed_routes(message);
	kycvs_row_text(&message->row, MESSAGE_RECEIPT, receipt, sizeof(receipt));
	message->has_receipt = receipt[0] != '\0';
	message->was_delivered = strcmp(receipt, DELIVERED) == 0;
}

bool
kycvs_message_find(int64 id, KycvsMessage *message)
{
	KycvsArgs	keys = {0};

	kycvs_bind_int8(&keys, id);
	if (!kycvs_row_find(&message_by_id, &keys, &message->row))
		return false;
	read_message(message);
	return true;
}

/* The first of an entity's is the one that has been free for longest. */
bool
kycvs_messages_next_entity(TimestampTz now, int32 *entity)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int4(&keys, *entity);
	while (kycvs_row_find(&message_by_entity, &keys, &row))
	{
		*entity = kycvs_row_int4(&row, MESSAGE_ENTITY);
		if (kycvs_row_time(&row, MESSAGE_CLAIMED_UNTIL) <= now)
			return true;
		keys.values[0] = Int32GetDatum(*entity);
	}
	return false;
}

static int
read_waiting(KycvsIndex *index, int32 entity, TimestampTz time, ScanDirection direction, int most, KycvsMessage *found)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	int			n = 0;

	kycvs_bind_int4(&keys, entity);
	kycvs_bind_time(&keys, time);
	kycvs_scan_begin(&scan, index, &keys, direction);
	while (n < most && kycvs_scan_next(&scan, &found[n].row))
		read_message(&found[n++]);
	kycvs_scan_end(&scan);
	return n;
}

int
kycvs_messages_due(int32 entity, TimestampTz now, int most, KycvsMessage *due)
{
	return read_waiting(&message_by_lease, entity, now, ForwardScanDirection, most, due);
}

int
kycvs_messages_newest(int32 entity, int most, KycvsMessage *newest)
{
	return read_waiting(&message_without_lease, entity, DT_NOBEGIN, BackwardScanDirection, most, newest);
}

static void
set_text(KycvsMessage *message, int column, const char *text)
{
	kycvs_row_set(&message->row, column, CStringGetTextDatum(text));
}

static void
set_time(KycvsMessage *message, int column, TimestampTz time)
{
	kycvs_row_set(&message->row, column, TimestampTzGetDatum(time));
}

void
kycvs_message_claim(KycvsMessage *message, int32 route, TimestampTz until)
{
	message->route = route;
	message->attempt++;
	set_time(message, MESSAGE_CLAIMED_UNTIL, until);
	kycvs_row_set(&message->row, MESSAGE_ROUTE, Int32GetDatum(route));
	kycvs_row_set(&message->row, MESSAGE_ATTEMPT, Int32GetDatum(message->attempt));
	kycvs_row_set(&message->row, MESSAGE_IN_HAND, BoolGetDatum(true));
	kycvs_row_save(&message->row);
}

static Datum
make_failed_routes(const KycvsSmsFailed *failed)
{
	Datum		routes[KYCVS_SMS_ROUTES_MAX];
	int			i;

	for (i = 0; i < failed->n; i++)
		routes[i] = Int32GetDatum(failed->routes[i]);
	return PointerGetDatum(construct_array(routes, failed->n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

void
kycvs_message_back(KycvsMessage *message, const char *detail, TimestampTz now)
{
	if (message->route != 0)
		kycvs_sms_note_failed(&message->failed, message->route);
	set_time(message, MESSAGE_CLAIMED_UNTIL, DT_NOBEGIN);
	set_time(message, MESSAGE_DONE_AT, now);
	set_text(message, MESSAGE_DETAIL, detail);
	kycvs_row_set(&message->row, MESSAGE_IN_HAND, BoolGetDatum(false));
	if (message->failed.n > 0)
		kycvs_row_set(&message->row, MESSAGE_FAILED_ROUTES, make_failed_routes(&message->failed));
	kycvs_row_save(&message->row);
}

void
kycvs_message_rest(KycvsMessage *message, TimestampTz until)
{
	set_time(message, MESSAGE_CLAIMED_UNTIL, until);
	kycvs_row_save(&message->row);
}

void
kycvs_message_expire(KycvsMessage *message, TimestampTz now)
{
	set_text(message, MESSAGE_STATE, EXPIRED);
	set_time(message, MESSAGE_DONE_AT, now);
	kycvs_row_set(&message->row, MESSAGE_IN_HAND, BoolGetDatum(false));
	kycvs_row_save(&message->row);
}

void
kycvs_message_finish(KycvsMessage *message, bool sent, const char *detail, TimestampTz now)
{
	set_text(message, MESSAGE_STATE, sent ? SENT : FAILED);
	set_text(message, MESSAGE_DETAIL, detail);
	set_time(message, MESSAGE_DONE_AT, now);
	kycvs_row_set(&message->row, MESSAGE_IN_HAND, BoolGetDatum(false));
	kycvs_row_save(&message->row);
}

void
kycvs_message_receive(KycvsMessage *message, bool delivered, const char *detail, TimestampTz now)
{
	set_text(message, MESSAGE_RECEIPT, delivered ? DELIVERED : UNDELIVERED);
	set_time(message, MESSAGE_RECEIPT_AT, now);
	if (detail[0] != '\0')
		set_text(message, MESSAGE_DETAIL, detail);
	kycvs_row_save(&message->row);
}
