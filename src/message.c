/*
 * message.c
 *	  The rows of messages that wait to be sent.
 *
 * A message holds no text: it names the challenge from which the text is
 * derived.  Senders find the waiting ones by an index in the order of their
 * leases, so those that are held are not looked at again and again.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "message.h"
#include "utils/builtins.h"

#define WAITING		"waiting"
#define SENT		"sent"
#define FAILED		"failed"
#define EXPIRED		"expired"

enum
{
	MESSAGE_ID = 1,
	MESSAGE_CHALLENGE,
	MESSAGE_CREATED_AT,
	MESSAGE_EXPIRES_AT,
	MESSAGE_MOBILE_SEALED,
	MESSAGE_CLAIMED_UNTIL,
	MESSAGE_STATE,
	MESSAGE_DETAIL,
	MESSAGE_DONE_AT
};
static const char *const message_columns[] = {
	[MESSAGE_ID] = "id",
	[MESSAGE_CHALLENGE] = "challenge",
	[MESSAGE_CREATED_AT] = "created_at",
	[MESSAGE_EXPIRES_AT] = "expires_at",
	[MESSAGE_MOBILE_SEALED] = "mobile_sealed",
	[MESSAGE_CLAIMED_UNTIL] = "claimed_until",
	[MESSAGE_STATE] = "state",
	[MESSAGE_DETAIL] = "detail",
	[MESSAGE_DONE_AT] = "done_at"
};
static KycvsTable messages = KYCVS_TABLE("message", message_columns);
static KycvsIndex message_by_id = {&messages, "message_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex message_by_lease = {&messages, "message_waiting", 1, BTLessEqualStrategyNumber};

/* An OTP's message has no sealed number: the challenge has. */
static void
insert_message(const pg_uuid_t *challenge, const uint8 *mobile_sealed, TimestampTz now, TimestampTz expires_at)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, kycvs_table_next_id(&messages));
	kycvs_bind_uuid(&columns, challenge);
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
	kycvs_row_add(&messages, &columns);
}

void
kycvs_message_insert(const KycvsChallenge *challenge)
{
	insert_message(&challenge->binding.challenge, NULL, challenge->sent_at, challenge->expires_at);
}

void
kycvs_message_insert_notice(const uint8 mobile_sealed[KYCVS_SEALED_MOBILE], TimestampTz now, TimestampTz expires_at)
{
	static const pg_uuid_t none;

	insert_message(&none, mobile_sealed, now, expires_at);
}

static void
read_message(KycvsMessage *message)
{
	char		state[16];

	message->id = kycvs_row_int8(&message->row, MESSAGE_ID);
	kycvs_row_uuid(&message->row, MESSAGE_CHALLENGE, &message->challenge);
	message->expires_at = kycvs_row_time(&message->row, MESSAGE_EXPIRES_AT);
	message->is_notice = !kycvs_row_null(&message->row, MESSAGE_MOBILE_SEALED);
	if (message->is_notice)
		kycvs_row_bytes(&message->row, MESSAGE_MOBILE_SEALED, message->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_row_text(&message->row, MESSAGE_STATE, state, sizeof(state));
	message->waiting = strcmp(state, WAITING) == 0;
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

int
kycvs_messages_due(TimestampTz now, int most, KycvsMessage *due)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	int			n = 0;

	kycvs_bind_time(&keys, now);
	kycvs_scan_begin(&scan, &message_by_lease, &keys, ForwardScanDirection);
	while (n < most && kycvs_scan_next(&scan, &due[n].row))
		read_message(&due[n++]);
	kycvs_scan_end(&scan);
	return n;
}

static void
set_text(KycvsMessage *message, int column, const char *text)
{
	kycvs_row_set(&message->row, column, CStringGetTextDatum(text));
}

void
kycvs_message_claim(KycvsMessage *message, TimestampTz until)
{
	kycvs_row_set(&message->row, MESSAGE_CLAIMED_UNTIL, TimestampTzGetDatum(until));
	kycvs_row_save(&message->row);
}

void
kycvs_message_expire(KycvsMessage *message, TimestampTz now)
{
	set_text(message, MESSAGE_STATE, EXPIRED);
	kycvs_row_set(&message->row, MESSAGE_DONE_AT, TimestampTzGetDatum(now));
	kycvs_row_save(&message->row);
}

void
kycvs_message_finish(KycvsMessage *message, bool sent, const char *detail, TimestampTz now)
{
	set_text(message, MESSAGE_STATE, sent ? SENT : FAILED);
	set_text(message, MESSAGE_DETAIL, detail);
	kycvs_row_set(&message->row, MESSAGE_DONE_AT, TimestampTzGetDatum(now));
	kycvs_row_save(&message->row);
}
