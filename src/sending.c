/*
 * sending.c
 *	  Hands messages to senders, and records what became of them.
 *
 * The text of a message is derived when it is claimed, and lives in no table.
 * A message is dropped when its OTP has expired or was used, or when it was
 * issued before a failover.  Results come in chunks that fit a reply; each is
 * claimed for a minute, so a sender that dies holds nothing up for long.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "call.h"
#include "exchange.h"
#include "statement.h"

#define CHUNK			16
#define CLAIM_SECONDS	60

static KycvsStatement drop_expired = {
	"UPDATE kycvs_data.message m SET state = 'expired', done_at = $1 FROM kycvs_data.challenge c"
	" WHERE m.state = 'waiting' AND c.id = m.challenge"
	" AND (m.expires_at <= $1 OR c.verified OR c.system_identifier <> $2 OR c.timeline <> $3)"
};
static KycvsStatement claim = {
	"WITH claimed AS ("
	"  UPDATE kycvs_data.message SET claimed_until = $1 + $2 * interval '1 second'"
	"   WHERE id IN (SELECT id FROM kycvs_data.message WHERE state = 'waiting' AND claimed_until <= $1 ORDER BY id LIMIT $3)"
	"  RETURNING id, challenge, expires_at)"
	" SELECT m.id, c.id, c.entity, c.purpose, c.mobile_index, c.name_digest, c.nonce, c.mobile_sealed, c.language,"
	"        e.name, p.code, extract(epoch FROM m.expires_at - $1)::int4"
	"   FROM claimed m JOIN kycvs_data.challenge c ON c.id = m.challenge"
	"   JOIN kycvs_data.entity e ON e.id = c.entity JOIN kycvs_data.purpose p ON p.id = c.purpose"
	"  ORDER BY m.id"
};
static KycvsStatement finish = {
	"UPDATE kycvs_data.message SET state = CASE WHEN $2 THEN 'sent' ELSE 'failed' END, detail = $3, done_at = $4"
	" WHERE id = $1 AND state = 'waiting'"
};
static KycvsStatement find_message = {
	"SELECT 1 FROM kycvs_data.message WHERE id = $1"
};

static void
drop_dead_messages(const KycvsCall *call)
{
	KycvsArgs	args = {0};

	kycvs_bind_time(&args, call->now);
	kycvs_bind_int8(&args, (int64) GetSystemIdentifier());
	kycvs_bind_int4(&args, (int32) GetWALInsertionTimeLine());
	kycvs_run(&drop_expired, &args);
}

static int
claim_messages(const KycvsCall *call, int wanted)
{
	KycvsArgs	args = {0};

	kycvs_bind_time(&args, call->now);
	kycvs_bind_int4(&args, CLAIM_SECONDS);
	kycvs_bind_int8(&args, wanted);
	return (int) kycvs_run(&claim, &args);
}

static void
append_string(StringInfo out, const char *string)
{
	appendBinaryStringInfo(out, string, strlen(string) + 1);
}

/* Names entity, purpose and validity, so that a relayed OTP is recognisable; no other six digits in it. */
static void
append_body(StringInfo out, const char *otp, const char *entity, const char *purpose, int seconds)
{
	int			minutes = Max(seconds / 60, 1);

	appendStringInfo(out,
					 "%s is your OTP for %s (%s) to see your vaccination status. Valid %d min."
					 " Not asked for? Ignore it; tell it to nobody.",
					 otp, entity, purpose, minutes);
	appendStringInfoChar(out, '\0');
}

/* One message: five strings, each with its NUL. */
static void
append_message(StringInfo out, uint64 row)
{
	KycvsOtpBinding binding;
	uint8		mobile_sealed[KYCVS_SEALED_MOBILE];
	char		mobile[KYCVS_E164_MAX + 1];
	char		otp[KYCVS_OTP_DIGITS + 1];
	char		language[KYCVS_CODE_MAX + 1];
	char		entity[KYCVS_TEXT_MAX + 1];
	char		purpose[KYCVS_CODE_MAX + 1];

	memset(&binding, 0, sizeof(binding));
	kycvs_column_uuid(row, 2, &binding.challenge);
	binding.entity = kycvs_column_int4(row, 3);
	binding.purpose = kycvs_column_int4(row, 4);
	kycvs_column_bytes(row, 5, binding.index, KYCVS_INDEX_LENGTH);
	kycvs_column_bytes(row, 6, binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_column_bytes(row, 7, binding.nonce, KYCVS_NONCE_LENGTH);
	kycvs_column_bytes(row, 8, mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_column_text(row, 9, language, sizeof(language));
	kycvs_column_text(row, 10, entity, sizeof(entity));
	kycvs_column_text(row, 11, purpose, sizeof(purpose));
	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, mobile_sealed, sizeof(mobile_sealed), mobile, sizeof(mobile)) &&
			   kycvs_otp_derive(&binding, otp), "derive a message");
	append_string(out, psprintf("%lld", (long long) kycvs_column_int8(row, 1)));
	append_string(out, mobile);
	append_body(out, otp, entity, purpose, kycvs_column_int4(row, 12));
	append_string(out, language);
	append_string(out, "");
	explicit_bzero(otp, sizeof(otp));
	explicit_bzero(mobile, sizeof(mobile));
}

void
kycvs_decide_next_messages(KycvsCall *call)
{
	StringInfoData messages;
	int			wanted = (int) Min(call->request->number, CHUNK);
	int			claimed;
	int			i;

	initStringInfo(&messages);
	drop_dead_messages(call);
	claimed = claim_messages(call, wanted);
	for (i = 0; i < claimed; i++)
		append_message(&messages, i);
	kycvs_grant_text(call, messages.data, messages.len);
	explicit_bzero(messages.data, messages.len);
	call->reply->number = claimed;
	call->reply->more = claimed == wanted && claimed < call->request->number;
	call->audit.object = claimed;
}

void
kycvs_decide_message_done(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsArgs	args = {0};

	call->audit.object = request->number;
	kycvs_bind_int8(&args, request->number);
	if (kycvs_run(&find_message, &args) == 0)
	{
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "message does not exist");
		return;
	}
	kycvs_bind_bool(&args, request->flag);
	kycvs_bind_text(&args, request->has_text ? request->text : "");
	kycvs_bind_time(&args, call->now);
	if (kycvs_run(&finish, &args) == 0)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message is already done, or has expired");
}
