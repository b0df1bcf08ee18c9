/*
 * call.c
 *	  What the decisions have in common.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "utils/guc.h"

static char *countries_setting = NULL;

static bool
check_countries(char **value, void **extra, GucSource source)
{
	return kycvs_countries_valid(*value);
}

void
kycvs_call_init(void)
{
	DefineCustomStringVariable("kycvs.countries",
							   "Country calling codes besides India's whose mobile numbers are accepted.",
							   "Digits, separated by commas: \"977,880\".",
							   &countries_setting, "", PGC_SIGHUP, 0, check_countries, NULL, NULL);
}

bool
kycvs_decline(KycvsCall *call, int sqlstate)
{
	kycvs_refuse(&call->reply->refusal, sqlstate);
	return false;
}

bool
kycvs_decline_wait(KycvsCall *call, int sqlstate, int seconds)
{
	kycvs_refuse(&call->reply->refusal, sqlstate);
	call->reply->refusal.retry_after = seconds;
	return false;
}

bool
kycvs_decline_tries(KycvsCall *call, int sqlstate, int tries_left)
{
	kycvs_refuse(&call->reply->refusal, sqlstate);
	call->reply->refusal.tries_left = tries_left;
	return false;
}

bool
kycvs_decline_reason(KycvsCall *call, int sqlstate, const char *reason)
{
	kycvs_refuse_reason(&call->reply->refusal, sqlstate, "%s", reason);
	return false;
}

void
kycvs_grant_text(KycvsCall *call, const char *result, size_t length)
{
	if (length >= KYCVS_BODY_MAX)
		elog(ERROR, "a result is longer than a reply");
	memcpy(call->reply->body, result, length);
	call->reply->body[length] = '\0';
	call->reply->length = length;
}

void
kycvs_must(bool succeeded, const char *what)
{
	if (!succeeded)
		elog(ERROR, "could not %s", what);
}

bool
kycvs_accept_mobile(const char *typed, char e164[KYCVS_E164_MAX + 1], uint8 index[KYCVS_INDEX_LENGTH])
{
	char		digits[KYCVS_MOBILE_MAX + 1];

	if (!kycvs_ascii_digits(typed, digits, sizeof(digits)) ||
		kycvs_mobile_parse(digits, countries_setting, e164) != 0)
		return false;
	kycvs_must(kycvs_mobile_index(e164, index), "index a mobile number");
	return true;
}

bool
kycvs_read_mobile(KycvsCall *call, char e164[KYCVS_E164_MAX + 1], uint8 index[KYCVS_INDEX_LENGTH])
{
	return kycvs_accept_mobile(call->request->mobile, e164, index) || kycvs_decline(call, KV_MOBILE_INVALID);
}

bool
kycvs_read_name(KycvsCall *call, char folded[KYCVS_FOLDED_MAX + 1])
{
	int			refused = kycvs_name_fold(call->request->name, folded);

	return refused == 0 || kycvs_decline(call, refused);
}

/* The two-byte forms of U+0080 to U+009F begin with C2. */
bool
kycvs_text_usable(const char *string)
{
	const unsigned char *c;

	for (c = (const unsigned char *) string; *c; c++)
		if (*c < ' ' || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			return false;
	return string[0] != '\0';
}

static bool
code_usable(const char *code)
{
	return code[0] != '\0' && strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == strlen(code);
}

bool
kycvs_digits_usable(const char *string)
{
	char		digits[KYCVS_TEXT_MAX + 1];
	const char *c;
	int			run = 0;

	if (!kycvs_ascii_digits(string, digits, sizeof(digits)))
		return false;
	for (c = digits; *c; c++)
	{
		run = *c >= '0' && *c <= '9' ? run + 1 : 0;
		if (run >= KYCVS_OTP_DIGITS)
			return false;
	}
	return true;
}

bool
kycvs_check_code(KycvsCall *call, const char *code)
{
	if (!code_usable(code))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
									"code must be 1 to 64 of a-z, 0-9, dash, underscore and dot");
	if (!kycvs_digits_usable(code))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
									"code must not have six digits in a row, which would look like an OTP");
	return true;
}

bool
kycvs_named_entity(KycvsCall *call, KycvsEntity *entity)
{
	if (!kycvs_entity_by_code(call->request->code, entity))
		return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "entity does not exist");
	call->audit.entity = entity->id;
	return true;
}
