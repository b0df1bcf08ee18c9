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

/* What is dead is marked as expired on the way, so that it is looked at once. */
static KycvsStatement claim = {
	"WITH picked AS ("
	"  SELECT m.id AS message, c.id, c.entity, c.purpose, c.mobile_index, c.name_digest, c.nonce, c.mobile_sealed, c.language,"
	"         c.id IS NOT NULL AND m.expires_at > $1 AND NOT c.verified AND c.system_identifier = $4 AND c.timeline = $5 AS alive"
	"    FROM kycvs_data.message m LEFT JOIN kycvs_data.challenge c ON c.id = m.challenge"
	"   WHERE m.state = 'waiting' AND m.claimed_until <= $1 ORDER BY m.claimed_until, m.id LIMIT $3),"
	" changed AS ("
	"  UPDATE kycvs_data.message m SET claimed_until = $1 + $2 * interval '1 second',"
	"         state = CASE WHEN p.alive THEN 'waiting' ELSE 'expired' END, done_at = CASE WHEN NOT p.alive THEN $1 END"
	"    FROM picked p WHERE m.id = p.message RETURNING m.id, m.expires_at)"
	" SELECT p.message, p.id, p.entity, p.purpose, p.mobile_index, p.name_digest, p.nonce, p.mobile_sealed, p.language,"
	"        e.name, u.code, extract(epoch FROM c.expires_at - $1)::int4, p.alive"
	"   FROM picked p JOIN changed c ON c.id = p.message"
	"   LEFT JOIN kycvs_data.entity e ON e.id = p.entity LEFT JOIN kycvs_data.purpose u ON u.id = p.purpose"
	"  ORDER BY p.message"
};
static KycvsStatement finish = {
	"UPDATE kycvs_data.message SET state = CASE WHEN $2 THEN 'sent' ELSE 'failed' END, detail = $3, done_at = $4"
	" WHERE id = $1 AND state = 'waiting'"
};
static KycvsStatement find_message = {
	"SELECT 1 FROM kycvs_data.message WHERE id = $1"
};

static int
pick_messages(const KycvsCall *call, int wanted)
{
	KycvsArgs	args = {0};

	kycvs_bind_time(&args, call->now);
	kycvs_bind_int4(&args, CLAIM_SECONDS);
	kycvs_bind_int8(&args, wanted);
	kycvs_bind_int8(&args, (int64) GetSystemIdentifier());
	kycvs_bind_int4(&args, (int32) GetWALInsertionTimeLine());
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
	int			picked = pick_messages(call, wanted);
	int			alive = 0;
	int			i;

	initStringInfo(&messages);
	for (i = 0; i < picked; i++)
	{
		if (!kycvs_column_bool(i, 13))
			continue;
		append_message(&messages, i);
		alive++;
	}
	kycvs_grant_text(call, messages.data, messages.len);
	explicit_bzero(messages.data, messages.len);
	call->reply->number = alive;
	call->reply->more = picked == wanted && alive < call->request->number;
	call->audit.object = alive;
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
