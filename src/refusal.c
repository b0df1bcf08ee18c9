/*
 * refusal.c
 *	  The refusals of kycvs: one SQLSTATE each, with its message and hint.
 *
 * Messages name no person, number, code or document.  Statement and context
 * are kept out of the server log, since both may hold the caller's arguments.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "member.h"
#include "refusal.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

typedef struct RefusalText
{
	int			sqlstate;
	const char *message;
	const char *hint;
} RefusalText;

static const RefusalText texts[] = {
	{KV_MOBILE_INVALID, "mobile number is not valid",
	"Give ten digits beginning with 6 to 9, or an international number of a country listed in kycvs.countries."},
	{KV_NAME_INVALID, "name is not valid",
	"Give the person's name in letters of any script, without digits, at most 256 bytes; of a group, each name once."},
	{KV_NOT_AN_ENTITY, "caller is not an entity",
	"Call as the role of one entity (SET ROLE); superusers are members of none."},
	{KV_ENTITY_SUSPENDED, "entity is suspended",
	"An administrator of the registry can resume it."},
	{KV_PURPOSE_NOT_ALLOWED, "purpose is not allowed for this entity",
	"Ask the registry's administrator for the purposes of this entity."},
	{KV_CONSENT_REQUIRED, "consent is required",
	"Show the notice to the person, and pass consent => true when they agree."},
	{KV_TOO_MANY_REQUESTS, "too many requests",
	"Wait as long as the detail says, then ask again."},
	{KV_DATE_NOT_ALLOWED, "date is not allowed",
	"A travel date is today or at most 366 days ahead; as_of is today or the consent's travel date."},
	{KV_NO_NOTICE, "purpose has no notice in this language",
	"Use 'en', or ask the registry's administrator to add the notice."},
	{KV_OTP_WRONG, "OTP is wrong",
	"Ask the person to read the code again."},
	{KV_OTP_EXPIRED, "OTP has expired",
	"Ask for a new one with kycvs_issue_otp."},
	{KV_NO_TRIES_LEFT, "no tries are left",
	"Ask for a new OTP with kycvs_issue_otp."},
	{KV_CHALLENGE_UNKNOWN, "challenge is unknown",
	"Pass the \"jti\" of a receipt that this entity got from kycvs_issue_otp."},
	{KV_OTP_USED, "OTP was already used",
	"Ask for a new one with kycvs_issue_otp."},
	{KV_CONSENT_INVALID, "consent is not valid",
	"Pass the document that kycvs_verify_otp returned to this entity, unaltered."},
	{KV_CONSENT_EXPIRED, "consent has expired",
	"Ask the person again: kycvs_issue_otp, then kycvs_verify_otp."},
	{KV_CONSENT_WITHDRAWN, "consent was withdrawn, or ended by a correction",
	"Ask the person again: kycvs_issue_otp, then kycvs_verify_otp."},
	{KV_CONSENT_USED_UP, "consent is used up",
	"Ask the person again: kycvs_issue_otp, then kycvs_verify_otp."},
	{KV_CONSENT_OF_GROUP, "consent is for a group",
	"Ask with kycvs_status_group, which returns an answer for each person."},
	{KV_DOCUMENT_MALFORMED, "document is malformed",
	"Pass a whole document as kycvs returned it, with its member \"jws\"."},
	{KV_SIGNATURE_WRONG, "signature is wrong",
	"The document was altered, or is not from the issuer that it names."},
	{KV_KEY_UNKNOWN, "signing key is unknown or revoked",
	"The key must be one of the registry that this database asks (kycvs.registry), or of an issuer that kycvs.trust_issuer was told of, written exactly as in \"iss\"; a revoked one verifies no more."},
	{KV_DOCUMENT_EXPIRED, "document has expired",
	"Ask for a new one, or pass \"at\" to check an old document as of its own time; one from the future tells of a wrong clock."},
	{KV_DOCUMENT_DIFFERS, "document is for another audience, reference, name or type",
	"Compare what was asked for with the document's claims; a name must be written as kycvs_issue_otp got it."},
	{KV_KEY_UNUSABLE, "key or key directory is unusable",
	"The registry's administrator finds the reason with kycvs.health()."},
	{KV_TOO_MANY_PERSONS, "too many persons on one mobile number",
	"No more than kycvs.persons_per_mobile, at most six, can share a mobile number, or be named in one call."},
	{KV_RECORD_UNKNOWN, "product, person or dose is unknown",
	"Products are listed in kycvs.products, persons found with kycvs.find_person, doses numbered in kycvs.explain."},
	{KV_DOSE_NOT_ALLOWED, "dose is in the future or recorded twice",
	"Check the date; a dose recorded by mistake is taken back with kycvs.revoke_dose."},
	{KV_NO_AUTHORITY, "authority is not running",
	"The registry's administrator finds the reason with kycvs.health(); it needs shared_preload_libraries = 'kycvs' and the registry in kycvs.databases."},
	{KV_ON_STANDBY, "not possible on a standby",
	"Connect to the primary server."},
	{KV_NO_ANSWER, "authority did not answer in time",
	"Try again; nothing was disclosed, but a try may have been charged."},
};

static const RefusalText *
find_text(int sqlstate)
{
	int			i;

	for (i = 0; i < lengthof(texts); i++)
		if (texts[i].sqlstate == sqlstate)
			return &texts[i];
	return NULL;
}

void
kycvs_refuse(KycvsRefusal *refusal, int sqlstate)
{
	refusal->sqlstate = sqlstate;
	refusal->retry_after = -1;
	refusal->tries_left = -1;
	refusal->reason[0] = '\0';
}

void
kycvs_refuse_reason(KycvsRefusal *refusal, int sqlstate, const char *fmt,...)
{
	va_list		args;

	kycvs_refuse(refusal, sqlstate);
	va_start(args, fmt);
	vsnprintf(refusal->reason, sizeof(refusal->reason), fmt, args);
	va_end(args);
}

/* A wrong OTP that was the last try has the advice of "no tries are left". */
static const char *
find_hint(const KycvsRefusal *refusal)
{
	bool		last = refusal->sqlstate == KV_OTP_WRONG && refusal->tries_left == 0;
	const RefusalText *text = find_text(last ? KV_NO_TRIES_LEFT : refusal->sqlstate);

	return text != NULL ? text->hint : NULL;
}

const char *
kycvs_refusal_message(const KycvsRefusal *refusal)
{
	const RefusalText *text = find_text(refusal->sqlstate);

	if (refusal->reason[0] != '\0')
		return refusal->reason;
	return text != NULL ? text->message : "request was refused";
}

/* Seconds to wait or tries left, as a sentence. */
static int
add_detail(const KycvsRefusal *refusal)
{
	if (refusal->retry_after >= 0)
		return errdetail("Try again in %d seconds.", refusal->retry_after);
	if (refusal->tries_left >= 0)
		return errdetail_plural("%d try is left.", "%d tries are left.",
								refusal->tries_left, refusal->tries_left);
	return 0;
}

void
kycvs_raise(const KycvsRefusal *refusal)
{
	const char *hint = find_hint(refusal);

	ereport(ERROR,
			(errcode(refusal->sqlstate),
			 errmsg("%s", kycvs_refusal_message(refusal)),
			 add_detail(refusal),
			 hint != NULL ? errhint("%s", hint) : 0,
			 errhidestmt(true),
			 errhidecontext(true)));
}

void
kycvs_raise_code(int sqlstate)
{
	KycvsRefusal refusal;

	kycvs_refuse(&refusal, sqlstate);
	kycvs_raise(&refusal);
}

void
kycvs_raise_reason(int sqlstate, const char *reason)
{
	KycvsRefusal refusal;

	kycvs_refuse_reason(&refusal, sqlstate, "%s", reason);
	kycvs_raise(&refusal);
}

/* The refusal as the kycvs.try_* functions return it. */
Jsonb *
kycvs_refusal_json(const KycvsRefusal *refusal)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	kycvs_push_text(&state, "error", unpack_sql_state(refusal->sqlstate));
	kycvs_push_text(&state, "message", kycvs_refusal_message(refusal));
	if (refusal->retry_after >= 0)
		kycvs_push_number(&state, "retry_after", refusal->retry_after);
	if (refusal->tries_left >= 0)
		kycvs_push_number(&state, "tries_left", refusal->tries_left);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}
