/*
 * purposes.c
 *	  Decides the requests of administrators about purposes, notices and texts.
 *
 * Notices and texts are never changed, only followed by newer versions: what an
 * old consent was given to can be shown word for word.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "exchange.h"
#include "notice.h"
#include "smstext.h"
#include "statement.h"
#include "usual.h"

#define VALIDITY_MAX	(366 * USECS_PER_DAY)
#define USES_MAX		1000

static KycvsStatement insert_purpose = {
	"INSERT INTO kycvs_data.purpose (code, validity, uses, created_at)"
	" VALUES ($1, $2 * interval '1 microsecond', $3, $4) ON CONFLICT (code) DO NOTHING RETURNING id"
};

static bool
decline_argument(KycvsCall *call, const char *reason)
{
	return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, reason);
}

static bool
check_language(KycvsCall *call)
{
	const char *language = call->request->language;

	return (language[0] != '\0' && language[0] != '-' &&
			strspn(language, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(language)) ||
		decline_argument(call, "language must be a lower-case BCP 47 tag, like 'hi'");
}

static bool
find_purpose(KycvsCall *call, KycvsPurpose *purpose)
{
	return kycvs_purpose_by_code(call->request->code, purpose) ||
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "purpose does not exist");
}

/* ---- purposes ---- */

static bool
check_purpose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;

	if (request->microseconds < USECS_PER_MINUTE || request->microseconds > VALIDITY_MAX)
		return decline_argument(call, "validity must be between 1 minute and 366 days");
	if (request->count < 1 || request->count > USES_MAX)
		return decline_argument(call, "uses must be between 1 and 1000");
	return true;
}

static bool
save_purpose(KycvsCall *call, const char *code, int64 validity, int uses, int32 *id)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, code);
	kycvs_bind_int8(&args, validity);
	kycvs_bind_int4(&args, uses);
	kycvs_bind_time(&args, call->now);
	if (kycvs_run(&insert_purpose, &args) == 0)
		return kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "purpose already exists");
	*id = kycvs_column_int4(0, 1);
	return true;
}

static bool
check_notice(KycvsCall *call)
{
	const char *notice = call->request->notice;
	const char *trouble;

	if (!kycvs_text_usable(notice))
		return decline_argument(call, "notice is empty or has control characters");
	trouble = kycvs_notice_trouble(notice);
	return trouble == NULL || decline_argument(call, psprintf("notice cannot be shown: %s", trouble));
}

void
kycvs_decide_add_purpose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	int32		purpose;

	if (kycvs_check_code(call, request->code) && check_notice(call) && check_purpose(call) &&
		save_purpose(call, request->code, request->microseconds, request->count, &purpose))
		kycvs_notice_add(purpose, "en", request->notice, call->now);
}

void
kycvs_decide_add_notice(KycvsCall *call)
{
	KycvsPurpose purpose;

	if (find_purpose(call, &purpose) && check_language(call) && check_notice(call))
		kycvs_notice_add(purpose.id, call->request->language, call->request->notice, call->now);
}

/* ---- texts of messages ---- */

static bool
check_dlt_id(KycvsCall *call, const char *what, const char *id)
{
	return (strlen(id) <= KYCVS_DLT_ID_MAX &&
			strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(id)) ||
		decline_argument(call, psprintf("%s must be at most %d letters, digits, dashes and underscores", what, KYCVS_DLT_ID_MAX));
}

static bool
check_text(KycvsCall *call, KycvsSmsKind kind, const char *wording)
{
	const char *trouble = kycvs_sms_trouble(kind, wording);

	return trouble == NULL || decline_argument(call, psprintf("text cannot be sent: %s", trouble));
}

/* What stands in the column "purpose" of the texts that are meant. */
static bool
find_owner(KycvsCall *call, KycvsSmsKind *kind, int32 *owner)
{
	const KycvsRequest *request = call->request;
	KycvsPurpose purpose = {KYCVS_EVERY_PURPOSE};

	*owner = KYCVS_MOBILE_REMOVED;
	*kind = strcmp(request->text, "mobile-removed") == 0 ? KYCVS_SMS_MOBILE_REMOVED : KYCVS_SMS_OTP;
	if (*kind == KYCVS_SMS_OTP && strcmp(request->text, "otp") != 0)
		return decline_argument(call, "kind must be otp or mobile-removed");
	if (*kind == KYCVS_SMS_MOBILE_REMOVED && request->code[0] != '\0')
		return decline_argument(call, "a text of kind mobile-removed belongs to no purpose: it must be null");
	if (request->code[0] != '\0' && !find_purpose(call, &purpose))
		return false;
	if (*kind == KYCVS_SMS_OTP)
		*owner = purpose.id;
	return true;
}

/* A text that is sent for every purpose is not to become one's own by being given ids. */
static bool
check_own_text(KycvsCall *call, int32 owner)
{
	const KycvsRequest *request = call->request;

	return request->notice[0] != '\0' || owner <= 0 || kycvs_sms_text_exists(owner, request->language) ||
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT,
							 "purpose has no text of its own in this language: give one, or purpose => null for that of every purpose");
}

/* Without a text the request speaks of the one that is sent now: it has been registered, say. */
static void
read_text(const KycvsRequest *request, int32 owner, KycvsSmsText *text)
{
	kycvs_sms_text_choose(owner, request->language, text);
	if (request->notice[0] != '\0')
		strlcpy(text->wording, request->notice, sizeof(text->wording));
	strlcpy(text->template_id, request->dlt_template, sizeof(text->template_id));
	strlcpy(text->entity_id, request->dlt_entity, sizeof(text->entity_id));
}

void
kycvs_decide_add_sms_text(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	StringInfoData length;
	KycvsSmsKind kind;
	KycvsSmsText text;
	int32		owner;

	if (!find_owner(call, &kind, &owner) || !check_language(call) ||
		!check_dlt_id(call, "template_id", request->dlt_template) ||
		!check_dlt_id(call, "entity_id", request->dlt_entity) ||
		(request->notice[0] != '\0' && !check_text(call, kind, request->notice)) ||
		!check_own_text(call, owner))
		return;
	read_text(request, owner, &text);
	kycvs_sms_text_add(owner, request->language, &text, call->now);
	initStringInfo(&length);
	kycvs_sms_describe(&length, kind, text.wording);
	kycvs_grant_text(call, length.data, length.len);
}

/* ---- purposes as they are shipped ---- */

/* The shipped text has {host} at most once. */
static void
put_host(const char *shipped, const char *host, KycvsSmsText *text)
{
	const char *place = strstr(shipped, "{host}");

	memset(text, 0, sizeof(*text));
	if (place == NULL)
		strlcpy(text->wording, shipped, sizeof(text->wording));
	else
		snprintf(text->wording, sizeof(text->wording), "%.*s%s%s", (int) (place - shipped), shipped, host, place + strlen("{host}"));
}

static bool
check_host(KycvsCall *call)
{
	const char *host = call->request->text;

	return (strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(host) && host[0] != '-' && host[0] != '.') ||
		decline_argument(call, "host must be a bare name in lower case, like 'book.example'");
}

/* All of them, before anything is written. */
static bool
read_usual_texts(KycvsCall *call, const KycvsUsualPurpose *usual, KycvsSmsText texts[KYCVS_USUAL_LANGUAGES])
{
	bool		has_host = call->request->has_text;
	int			i;

	if (has_host && !check_host(call))
		return false;
	for (i = 0; i < KYCVS_USUAL_LANGUAGES; i++)
	{
		put_host(has_host ? usual->texts[i].sms_with_host : usual->texts[i].sms, call->request->text, &texts[i]);
		if (has_host && !check_text(call, KYCVS_SMS_OTP, texts[i].wording))
			return false;
	}
	return true;
}

static void
add_usual_texts(KycvsCall *call, int32 purpose, const KycvsUsualPurpose *usual, const KycvsSmsText texts[KYCVS_USUAL_LANGUAGES])
{
	StringInfoData lengths;
	int			i;

	initStringInfo(&lengths);
	for (i = 0; i < KYCVS_USUAL_LANGUAGES; i++)
	{
		const char *language = usual->texts[i].language;

		kycvs_notice_add(purpose, language, usual->texts[i].notice, call->now);
		kycvs_sms_text_add(purpose, language, &texts[i], call->now);
		appendStringInfo(&lengths, "%s%s: ", i > 0 ? "; " : "", language);
		kycvs_sms_describe(&lengths, KYCVS_SMS_OTP, texts[i].wording);
	}
	kycvs_grant_text(call, lengths.data, lengths.len);
}

void
kycvs_decide_add_usual_purpose(KycvsCall *call)
{
	const KycvsUsualPurpose *usual = kycvs_usual_find(call->request->code);
	KycvsSmsText texts[KYCVS_USUAL_LANGUAGES];
	int32		purpose;

	if (usual == NULL)
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "no purpose of this code is shipped, see kycvs.usual_purposes");
	else if (read_usual_texts(call, usual, texts) &&
			 save_purpose(call, usual->code, usual->validity, usual->uses, &purpose))
		add_usual_texts(call, purpose, usual, texts);
}

/* ---- what was shown ---- */

typedef struct Shown
{
	int32		notice;
	int32		entity;
	int32		purpose;
	bool		has_travel_date;
	DateADT		travel_date;
	const uint8 *digest;
} Shown;

static char *
fill_shown(const Shown *shown)
{
	KycvsEntity entity;
	KycvsPurpose purpose;
	KycvsNotice notice;
	uint8		digest[KYCVS_DIGEST_LENGTH];
	char	   *text;

	kycvs_must(kycvs_entity_by_id(shown->entity, &entity) &&
			   kycvs_purpose_by_id(shown->purpose, &purpose) &&
			   kycvs_notice_by_id(shown->notice, &notice), "read the notice that was shown");
	text = kycvs_notice_fill(&notice, &(KycvsNoticeFacts) {entity.name, purpose.uses, shown->has_travel_date, shown->travel_date});
	kycvs_must(kycvs_sha256(text, strlen(text), digest) &&
			   kycvs_equal(digest, shown->digest, KYCVS_DIGEST_LENGTH), "find the notice as it was shown");
	return text;
}

void
kycvs_decide_notice_shown(KycvsCall *call)
{
	KycvsChallenge challenge;
	KycvsConsent consent;
	Shown		shown;
	char	   *text;

	if (kycvs_consent_find(&call->request->id, &consent))
		shown = (Shown) {consent.notice, consent.entity, consent.purpose, consent.has_travel_date, consent.travel_date, consent.notice_sha256};
	else if (kycvs_challenge_find(&call->request->id, &challenge))
		shown = (Shown) {challenge.notice, challenge.binding.entity, challenge.binding.purpose,
		challenge.has_travel_date, challenge.travel_date, challenge.notice_sha256};
	else
	{
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "there is no consent and no receipt of this jti");
		return;
	}
	text = fill_shown(&shown);
	kycvs_grant_text(call, text, strlen(text));
}
