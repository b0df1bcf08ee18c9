/*
 * issue.c
 *	  Decides whether an OTP is sent, and sends it again.
 *
 * Nothing here looks at persons: what happens, what is written and what is
 * answered is the same for a number that the registry knows and one that it
 * does not.
 *
 * Asking again in the same words within the life of a challenge is the same
 * challenge: the code is sent again when its pause is over and the limits allow
 * it, else the receipt alone is returned, so that a booking that lost it can go on.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "call.h"
#include "clock.h"
#include "document.h"
#include "exchange.h"
#include "group.h"
#include "limits.h"
#include "message.h"
#include "notice.h"

#define TRAVEL_DAYS_MAX 366

/* What was asked, as far as it has been read. */
typedef struct Question
{
	char		e164[KYCVS_E164_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];	/* of persons with this mobile; only ids are made of it */
	KycvsPurpose purpose;
	char	   *notice;			/* the text that is shown */
	KycvsChallenge challenge;
	KycvsLimits limits;
} Question;

/* A gateway whose client names none leaves it empty. */
static bool
find_purpose(KycvsCall *call, KycvsPurpose *purpose)
{
	if (call->request->has_api_key && call->request->code[0] == '\0')
		return kycvs_purpose_usual(call->entity.id, purpose);
	return kycvs_purpose_allowed(call->entity.id, call->request->code, purpose);
}

static bool
read_purpose(KycvsCall *call, Question *question)
{
	if (!find_purpose(call, &question->purpose))
		return kycvs_decline(call, KV_PURPOSE_NOT_ALLOWED);
	question->challenge.binding.purpose = question->purpose.id;
	return true;
}

static bool
read_reference(KycvsCall *call, Question *question)
{
	question->challenge.has_reference = call->request->has_text;
	strlcpy(question->challenge.reference, call->request->text, sizeof(question->challenge.reference));
	if (call->request->has_text && !kycvs_text_usable(call->request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
									"reference is empty or has control characters");
	return true;
}

static bool
read_travel_date(KycvsCall *call, Question *question)
{
	DateADT		today = kycvs_clock_day(call->now);
	DateADT		date = call->request->date;

	question->challenge.has_travel_date = call->request->has_date;
	question->challenge.travel_date = date;
	if (call->request->has_date && (date < today || date > today + TRAVEL_DAYS_MAX))
		return kycvs_decline(call, KV_DATE_NOT_ALLOWED);
	return true;
}

/* With what it tells of this question. */
static void
fill_notice(const KycvsCall *call, Question *question, const KycvsNotice *notice)
{
	KycvsNoticeFacts facts = {
		call->entity.name, question->purpose.uses, question->challenge.has_travel_date, question->challenge.travel_date
	};

	question->notice = kycvs_notice_fill(notice, &facts);
}

static bool
read_notice(KycvsCall *call, Question *question)
{
	KycvsChallenge *challenge = &question->challenge;
	KycvsNotice notice;

	strlcpy(challenge->language, call->request->language, sizeof(challenge->language));
	if (!kycvs_notice_current(question->purpose.id, challenge->language, &notice))
		return kycvs_decline(call, KV_NO_NOTICE);
	challenge->notice = notice.id;
	fill_notice(call, question, &notice);
	kycvs_must(kycvs_sha256(question->notice, strlen(question->notice), challenge->notice_sha256), "hash a notice");
	return true;
}

static void
digest_name(const char *folded, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	KycvsPart	parts[2] = {{"name", 4}, {folded, strlen(folded)}};

	kycvs_must(kycvs_mac(KYCVS_SUBKEY_INDEX, parts, lengthof(parts), digest), "digest a name");
}

/* One person, asked about alone. */
static bool
read_name(KycvsCall *call, Question *question)
{
	char		folded[KYCVS_FOLDED_MAX + 1];

	if (!kycvs_read_name(call, folded))
		return false;
	digest_name(folded, question->challenge.binding.name_digest);
	explicit_bzero(folded, sizeof(folded));
	return true;
}

typedef char FoldedName[KYCVS_FOLDED_MAX + 1];

/* Folds the names of a group, whom a refusal names by their numbers. */
static bool
fold_names(KycvsCall *call, FoldedName folded[KYCVS_GROUP_MAX])
{
	const KycvsRequest *request = call->request;
	int			i;
	int			j;

	for (i = 0; i < request->nnames; i++)
	{
		if (kycvs_name_fold(request->names[i], folded[i]) != 0)
			return kycvs_decline_reason(call, KV_NAME_INVALID, psprintf("name %d is not valid", i + 1));
		for (j = 0; j < i; j++)
			if (strcmp(folded[i], folded[j]) == 0)
				return kycvs_decline_reason(call, KV_NAME_INVALID, psprintf("name %d is the same as name %d", i + 1, j + 1));
	}
	return true;
}

/* Of all folded names, each with its length, in their order; no single name has such a digest. */
static void
digest_names(FoldedName folded[KYCVS_GROUP_MAX], int n, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	KycvsPart	parts[KYCVS_GROUP_MAX + 1] = {{"group", 5}};
	int			i;

	for (i = 0; i < n; i++)
		parts[i + 1] = (KycvsPart) {folded[i], strlen(folded[i])};
	kycvs_must(kycvs_mac(KYCVS_SUBKEY_INDEX, parts, n + 1, digest), "digest the names of a group");
}

static bool
read_names(KycvsCall *call, Question *question)
{
	FoldedName	folded[KYCVS_GROUP_MAX];
	int			n = call->request->nnames;
	bool		usable = fold_names(call, folded);

	if (usable)
		digest_names(folded, n, question->challenge.binding.name_digest);
	explicit_bzero(folded, sizeof(folded));
	question->challenge.persons = n;
	return usable;
}

static bool
read_question(KycvsCall *call, Question *question)
{
	KycvsOtpBinding *binding = &question->challenge.binding;
	bool		(*read_who) (KycvsCall *, Question *) = call->request->op == KYCVS_OP_ISSUE_GROUP ? read_names : read_name;

	memset(question, 0, sizeof(*question));
	binding->entity = call->entity.id;
	if (!kycvs_read_mobile(call, question->e164, question->index) ||
		!read_who(call, question))
		return false;
	kycvs_must(kycvs_exchange_index(question->e164, binding->index), "index a mobile number");
	return read_purpose(call, question) &&
		read_reference(call, question) &&
		read_travel_date(call, question) &&
		read_notice(call, question);
}

static int
send_wait(KycvsCall *call, Question *question)
{
	KycvsOtpBinding *binding = &question->challenge.binding;

	kycvs_limits_read(&question->limits, binding->index, binding->entity, call->now);
	return kycvs_limits_send_wait(&question->limits, call->by_page, call->now);
}

static bool
may_send(KycvsCall *call, Question *question)
{
	int			wait = send_wait(call, question);

	return wait == 0 || kycvs_decline_wait(call, KV_TOO_MANY_REQUESTS, wait);
}

static bool
within_budget(KycvsCall *call)
{
	int			wait = kycvs_limits_budget_wait(call->entity.id, call->entity.failures_per_hour, call->by_page, call->now);

	return wait == 0 || kycvs_decline_wait(call, KV_TOO_MANY_REQUESTS, wait);
}

static bool
seal_names(const KycvsRequest *request, KycvsGroup *group)
{
	if (request->op == KYCVS_OP_ISSUE_GROUP)
		return kycvs_group_seal(group, request->names, request->nnames);
	return kycvs_group_seal(group, &request->name, 1);
}

static void
write_challenge(KycvsCall *call, Question *question)
{
	KycvsChallenge *challenge = &question->challenge;
	KycvsGroup	group;

	kycvs_must(kycvs_new_id(question->index, &challenge->binding.challenge) &&
			   kycvs_random(challenge->binding.nonce, KYCVS_NONCE_LENGTH) &&
			   kycvs_seal(KYCVS_SEAL_MOBILE, question->e164, challenge->mobile_sealed, KYCVS_SEALED_MOBILE) &&
			   seal_names(call->request, &group),
			   "make a challenge");
	memcpy(challenge->name_sealed, group.named[0].name_sealed, KYCVS_SEALED_NAME);
	challenge->issued_at = challenge->sent_at = call->now;
	challenge->expires_at = call->now + KYCVS_OTP_SECONDS * USECS_PER_SEC;
	kycvs_challenge_insert(challenge);
	kycvs_group_insert_challenge(challenge, &group);
	kycvs_message_insert(challenge);
}

static void
grant_receipt(KycvsCall *call, const Question *question)
{
	StringInfoData receipt;

	initStringInfo(&receipt);
	kycvs_must(kycvs_document_receipt(&receipt, &call->entity, &question->purpose, &question->challenge,
									  question->e164, question->notice), "sign a receipt");
	call->audit.subject = question->challenge.binding.challenge;
	call->audit.document = question->challenge.binding.challenge;
	call->audit.object = question->challenge.persons;
	kycvs_grant_text(call, receipt.data, receipt.len);
}

/* The same code once more; it never lives beyond 600 s from the issue. */
static void
write_resend(KycvsCall *call, KycvsChallenge *challenge)
{
	TimestampTz end = challenge->issued_at + KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC;

	challenge->sent_at = call->now;
	challenge->expires_at = Min(call->now + KYCVS_OTP_SECONDS * USECS_PER_SEC, end);
	challenge->resends++;
	kycvs_challenge_resent(challenge);
	kycvs_message_insert(challenge);
}

/* Seconds until the challenge may be sent again, or until it has ended when it may not. */
static int
resend_wait(const KycvsChallenge *challenge, TimestampTz now)
{
	int			pause = kycvs_limits_resend_pause(challenge->resends);
	TimestampTz then = pause >= 0 ? challenge->sent_at + pause * USECS_PER_SEC :
		challenge->issued_at + KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC;

	return then <= now ? 0 : (int) ((then - now + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

static bool
same_notice(const KycvsChallenge *one, const KycvsChallenge *other)
{
	return memcmp(one->notice_sha256, other->notice_sha256, KYCVS_DIGEST_LENGTH) == 0;
}

/* The name of one person, or one of a group's, as it was typed now. */
static const char *
typed_name(const KycvsRequest *request, int i)
{
	return request->op == KYCVS_OP_ISSUE_GROUP ? request->names[i] : request->name;
}

/* Documents speak of the names as they were typed last, in other letters maybe: whoever asks has those. */
static void
note_typing(KycvsCall *call, KycvsChallenge *challenge)
{
	KycvsGroup	group;
	KycvsGroup	typed;
	bool		same = true;
	int			i;

	kycvs_group_of_challenge(challenge, &group);
	kycvs_must(kycvs_group_unseal(&group), "read a typed name");
	for (i = 0; i < group.n; i++)
		same &= strcmp(group.named[i].name, typed_name(call->request, i)) == 0;
	kycvs_group_wipe(&group);
	if (same)
		return;
	kycvs_must(seal_names(call->request, &typed), "seal a typed name");
	kycvs_group_retype_challenge(challenge, &group, &typed);
}

/* Asked again: true when there was a live challenge, and it has been answered for. */
static bool
ask_again(KycvsCall *call, Question *question)
{
	KycvsChallenge same;

	if (!kycvs_challenge_find_same(&question->challenge, call->now, &same) ||
		!same_notice(&same, &question->challenge))
		return false;
	note_typing(call, &same);
	question->challenge = same;
	call->audit.subject = same.binding.challenge;
	if (resend_wait(&same, call->now) == 0 && send_wait(call, question) == 0)
	{
		kycvs_limits_sent(&question->limits, call->now);
		write_resend(call, &question->challenge);
	}
	grant_receipt(call, question);
	return true;
}

void
kycvs_decide_issue(KycvsCall *call)
{
	Question	question;

	if (!read_question(call, &question) ||
		ask_again(call, &question) ||
		!may_send(call, &question) ||
		!within_budget(call))
		return;
	kycvs_limits_sent(&question.limits, call->now);
	write_challenge(call, &question);
	grant_receipt(call, &question);
}

/* ---- resend ---- */

static bool
find_challenge(KycvsCall *call, Question *question)
{
	KycvsChallenge *challenge = &question->challenge;

	call->audit.subject = call->request->id;
	if (!kycvs_challenge_find(&call->request->id, challenge) || challenge->binding.entity != call->entity.id)
		return kycvs_decline(call, KV_CHALLENGE_UNKNOWN);
	if (challenge->verified)
		return kycvs_decline(call, KV_OTP_USED);
	if (!challenge->ours || call->now >= challenge->issued_at + KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC)
		return kycvs_decline(call, KV_OTP_EXPIRED);
	if (challenge->tries >= KYCVS_TRIES)
		return kycvs_decline_tries(call, KV_NO_TRIES_LEFT, 0);
	return true;
}

/* The one that this challenge began with, though there be a newer one. */
static void
find_notice(KycvsCall *call, Question *question)
{
	KycvsNotice notice;

	kycvs_must(kycvs_purpose_by_id(question->challenge.binding.purpose, &question->purpose) &&
			   kycvs_notice_by_id(question->challenge.notice, &notice), "read the notice that was shown");
	fill_notice(call, question, &notice);
}

static bool
pause_over(KycvsCall *call, Question *question)
{
	int			wait = resend_wait(&question->challenge, call->now);

	return wait == 0 || kycvs_decline_wait(call, KV_TOO_MANY_REQUESTS, wait);
}

void
kycvs_decide_resend(KycvsCall *call)
{
	Question	question;

	memset(&question, 0, sizeof(question));
	if (!find_challenge(call, &question) ||
		!pause_over(call, &question) ||
		!may_send(call, &question))
		return;
	find_notice(call, &question);
	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, question.challenge.mobile_sealed, KYCVS_SEALED_MOBILE,
							question.e164, sizeof(question.e164)), "unseal a mobile number");
	kycvs_limits_sent(&question.limits, call->now);
	write_resend(call, &question.challenge);
	grant_receipt(call, &question);
}
