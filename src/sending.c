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

#include "call.h"
#include "message.h"

#define CHUNK			16
#define CLAIM_SECONDS	60

static void
append_string(StringInfo out, const char *string)
{
	appendBinaryStringInfo(out, string, strlen(string) + 1);
}

/*
 * Names entity, purpose, how many persons and validity, so that a relayed OTP is
 * recognisable; no other six digits in it.
 */
static void
append_body(StringInfo out, const char *otp, const char *entity, const char *purpose, int persons, int seconds)
{
	int			minutes = Max(seconds / 60, 1);
	const char *whose = persons > 1 ? psprintf("the vaccination status of %d persons", persons) : "your vaccination status";

	appendStringInfo(out,
					 "%s is your OTP for %s (%s) to see %s. Valid %d min."
					 " Not asked for? Ignore it; tell it to nobody.",
					 otp, entity, purpose, whose, minutes);
	appendStringInfoChar(out, '\0');
}

/* One message: five strings, each with its NUL. */
static void
append_message(StringInfo out, const KycvsCall *call, const KycvsMessage *message, const KycvsChallenge *challenge)
{
	KycvsEntity entity;
	KycvsPurpose purpose;
	char		mobile[KYCVS_E164_MAX + 1];
	char		otp[KYCVS_OTP_DIGITS + 1];

	kycvs_must(kycvs_entity_by_id(challenge->binding.entity, &entity) &&
			   kycvs_purpose_by_id(challenge->binding.purpose, &purpose), "read who asks and why");
	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, challenge->mobile_sealed, KYCVS_SEALED_MOBILE, mobile, sizeof(mobile)) &&
			   kycvs_otp_derive(&challenge->binding, otp), "derive a message");
	append_string(out, psprintf("%lld", (long long) message->id));
	append_string(out, mobile);
	append_body(out, otp, entity.name, purpose.code, challenge->persons,
				(int) ((message->expires_at - call->now + USECS_PER_SEC - 1) / USECS_PER_SEC));
	append_string(out, challenge->language);
	append_string(out, "");
	explicit_bzero(otp, sizeof(otp));
	explicit_bzero(mobile, sizeof(mobile));
}

/* To a number that somebody had: it names nobody, since it may be somebody else's by now. */
static void
append_notice(StringInfo out, const KycvsMessage *message)
{
	char		mobile[KYCVS_E164_MAX + 1];

	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, message->mobile_sealed, KYCVS_SEALED_MOBILE, mobile, sizeof(mobile)), "derive a message");
	append_string(out, psprintf("%lld", (long long) message->id));
	append_string(out, mobile);
	append_string(out, "This mobile number was taken off a vaccination record, on request."
				  " If nobody of yours asked for it, tell your vaccination centre soon.");
	append_string(out, "en");
	append_string(out, "");
	explicit_bzero(mobile, sizeof(mobile));
}

static bool
is_wanted(const KycvsMessage *message, KycvsChallenge *challenge)
{
	return message->is_notice ||
		(kycvs_challenge_find(&message->challenge, challenge) && !challenge->verified && challenge->ours);
}

/* A message whose OTP can no longer be given is dropped, and not looked at again. */
static bool
claim(const KycvsCall *call, KycvsMessage *message, KycvsChallenge *challenge)
{
	if (message->expires_at > call->now && is_wanted(message, challenge))
	{
		kycvs_message_claim(message, call->now + CLAIM_SECONDS * USECS_PER_SEC);
		return true;
	}
	kycvs_message_expire(message, call->now);
	return false;
}

void
kycvs_decide_next_messages(KycvsCall *call)
{
	KycvsMessage due[CHUNK];
	KycvsChallenge challenge;
	StringInfoData messages;
	int			wanted = (int) Min(call->request->number, CHUNK);
	int			found = kycvs_messages_due(call->now, wanted, due);
	int			alive = 0;
	int			i;

	initStringInfo(&messages);
	for (i = 0; i < found; i++)
	{
		if (!claim(call, &due[i], &challenge))
			continue;
		if (due[i].is_notice)
			append_notice(&messages, &due[i]);
		else
			append_message(&messages, call, &due[i], &challenge);
		alive++;
	}
	kycvs_grant_text(call, messages.data, messages.len);
	explicit_bzero(messages.data, messages.len);
	call->reply->number = alive;
	call->reply->more = found == wanted && alive < call->request->number;
	call->audit.object = alive;
}

void
kycvs_decide_message_done(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsMessage message;

	call->audit.object = request->number;
	if (!kycvs_message_find(request->number, &message))
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "message does not exist");
	else if (!message.waiting)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "message is already done, or has expired");
	else
		kycvs_message_finish(&message, request->flag, request->has_text ? request->text : "", call->now);
}
