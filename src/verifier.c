/*
 * verifier.c
 *	  Checks of signed documents that need no authority.
 *
 * kycvs_verify is for whoever relies on a document, kycvs_claims for whoever
 * only wants to know that it is ours.  The order of the checks is part of the
 * contract: form, header, type, key, profile, signature, and only then what
 * the document says - nothing of an unsigned document is acted on, but for the
 * issuer and key id that lead to the key.  What fails raises; there is no
 * result that a caller could forget to look at.
 *
 * The clock is the real one, not that of the transaction: now() of a booking
 * that began before the document ended is no reason to accept it.
 *
 * Text is compared in the database's encoding, in which documents and
 * arguments arrive; only what is hashed or signed is UTF-8.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "hidden.h"
#include "jcs.h"
#include "jwk.h"
#include "keysource.h"
#include "mb/pg_wchar.h"
#include "member.h"
#include "name.h"
#include "refusal.h"
#include "secret.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "verifier.h"

#define ISSUED_LEEWAY 60		/* seconds by which clocks of servers may differ */
#define NFC_MAX (3 * KYCVS_NAME_MAX + 1)	/* the NFC form of UTF-8 is at most thrice as long */

/* jsonb needs up to eight times the bytes of the canonical form; beyond that there is no use in unpacking it. */
#define JSONB_MAX (16 * KYCVS_DOCUMENT_MAX)

static void
require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
}

static bool
find_claim(const KycvsSigned *signed_document, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(&signed_document->document->root, name, strlen(name), value) != NULL;
}

static bool
find_text_claim(const KycvsSigned *signed_document, const char *name, JsonbValue *value)
{
	return find_claim(signed_document, name, value) && value->type == jbvString;
}

void
kycvs_signed_open(Datum document, KycvsSigned *signed_document)
{
	const char *reason;
	JsonbValue	jws;

	if (toast_raw_datum_size(document) > JSONB_MAX)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document is too long");
	signed_document->document = DatumGetJsonbP(document);
	if (!JB_ROOT_IS_OBJECT(signed_document->document))
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document is not an object");
	if (!find_text_claim(signed_document, "jws", &jws))
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document is not signed");
	reason = kycvs_jws_parse_detached(jws.val.string.val, jws.val.string.len, &signed_document->jws);
	if (reason != NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, reason);
}

void
kycvs_signed_canonicalise(KycvsSigned *signed_document)
{
	const char *reason;

	initStringInfo(&signed_document->payload);
	reason = kycvs_jcs_document(&signed_document->document->root, &signed_document->payload);
	if (reason != NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, reason);
}

/* The key of an issuer, by its id; false when there is none or it verifies nothing. */
static bool
find_key(const JsonbValue *issuer, const char *kid, KycvsPublicKey *public_key)
{
	KycvsKeyList list;

	if (!kycvs_keysource_read(&list) ||
		issuer->val.string.len != (int) strlen(list.issuer) ||
		memcmp(issuer->val.string.val, list.issuer, issuer->val.string.len) != 0)
		return false;
	for (int i = 0; i < list.n; i++)
	{
		if (strcmp(list.keys[i].kid, kid) != 0)
			continue;
		*public_key = list.keys[i].public_key;
		return list.keys[i].state != KYCVS_KEY_REVOKED;
	}
	return false;
}

static void
require_key(const KycvsSigned *signed_document, KycvsPublicKey *public_key)
{
	JsonbValue	issuer;

	if (!find_text_claim(signed_document, "iss", &issuer))
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document has no issuer");
	if (!find_key(&issuer, signed_document->jws.header.kid, public_key))
		kycvs_raise_code(KV_KEY_UNKNOWN);
}

/* A key signs by its own algorithm, whatever the header says. */
static void
require_signature(const KycvsSigned *signed_document, const KycvsPublicKey *public_key)
{
	const KycvsJws *jws = &signed_document->jws;
	StringInfoData input;

	initStringInfo(&input);
	kycvs_jws_signing_input(&input, &jws->header,
							signed_document->payload.data, signed_document->payload.len);
	if (jws->header.alg != public_key->alg ||
		!kycvs_key_verify(public_key, input.data, input.len, jws->signature))
		kycvs_raise_code(KV_SIGNATURE_WRONG);
	pfree(input.data);
}

/* What follows the type: key, profile, signature. */
static void
check_seal(KycvsSigned *signed_document)
{
	KycvsPublicKey public_key;

	require_key(signed_document, &public_key);
	kycvs_signed_canonicalise(signed_document);
	require_signature(signed_document, &public_key);
}

static int64
get_time_claim(const KycvsSigned *signed_document, const char *name)
{
	JsonbValue	value;

	/* the profile has seen that numbers are integers that fit */
	if (!find_claim(signed_document, name, &value) || value.type != jbvNumeric)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document without the times of its validity");
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
}

/* Seconds of the Unix epoch, rounded down. */
static int64
epoch_seconds(TimestampTz at)
{
	int64		seconds = at / USECS_PER_SEC;

	if (at % USECS_PER_SEC < 0)
		seconds--;
	return seconds + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

static void
require_time(const KycvsSigned *signed_document, TimestampTz at)
{
	int64		now = epoch_seconds(at);

	if (get_time_claim(signed_document, "exp") <= now)
		kycvs_raise_code(KV_DOCUMENT_EXPIRED);
	if (get_time_claim(signed_document, "iat") > now + ISSUED_LEEWAY)
		kycvs_raise_reason(KV_DOCUMENT_EXPIRED, "document is not valid yet");
}

/* A claim equals the text given; both may be missing. */
static bool
claim_equals(const KycvsSigned *signed_document, const char *name, const text *given)
{
	JsonbValue	claim;

	if (!find_claim(signed_document, name, &claim) || claim.type == jbvNull)
		return given == NULL;
	return given != NULL && claim.type == jbvString &&
		claim.val.string.len == (int) VARSIZE_ANY_EXHDR(given) &&
		memcmp(claim.val.string.val, VARDATA_ANY(given), claim.val.string.len) == 0;
}

/* The text of a hash: jti, a line feed, the NFC form of the name.  False when the name can't be one. */
static bool
append_named(StringInfo out, const KycvsSigned *signed_document, const text *name)
{
	JsonbValue	jti;
	char		nfc[NFC_MAX];
	char	   *typed = text_to_cstring(name);

	if (!find_text_claim(signed_document, "jti", &jti))
		return false;
	typed = pg_server_to_any(typed, strlen(typed), PG_UTF8);
	if (strlen(typed) > KYCVS_NAME_MAX || !kycvs_name_nfc(typed, nfc, sizeof(nfc)))
		return false;
	appendBinaryStringInfo(out, jti.val.string.val, jti.val.string.len);
	appendStringInfoChar(out, '\n');
	appendStringInfoString(out, nfc);
	return true;
}

static bool
name_matches(const KycvsSigned *signed_document, const text *name)
{
	StringInfoData input;
	uint8		digest[KYCVS_DIGEST_LENGTH];
	char		hex[2 * KYCVS_DIGEST_LENGTH + 1];

	initStringInfo(&input);
	if (!append_named(&input, signed_document, name))
		return false;
	if (!kycvs_sha256(input.data, input.len, digest))
		elog(ERROR, "could not compute a hash");
	hex[hex_encode((char *) digest, sizeof(digest), hex)] = '\0';
	return claim_equals(signed_document, "name_sha256", cstring_to_text(hex));
}

static KycvsType
get_type(FunctionCallInfo fcinfo, int n)
{
	KycvsType	type = KYCVS_TYPE_NONE;

	if (!PG_ARGISNULL(n))
		type = kycvs_type_from_name(text_to_cstring(PG_GETARG_TEXT_PP(n)));
	if (type == KYCVS_TYPE_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("type must be otp, consent or status")));
	return type;
}

static TimestampTz
get_time(FunctionCallInfo fcinfo, int n)
{
	TimestampTz at = PG_ARGISNULL(n) ? GetCurrentTimestamp() : PG_GETARG_TIMESTAMPTZ(n);

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("at must be a finite time")));
	return at;
}

static Datum
get_claims(const KycvsSigned *signed_document)
{
	return DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(signed_document->document),
							   CStringGetTextDatum("jws"));
}

/* kycvs_verify(document, audience, reference, name, type, at) */
KYCVS_FUNCTION(kycvs_verify)
{
	const text *reference = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	const text *name = PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3);
	KycvsType	type;
	TimestampTz at;
	KycvsSigned signed_document;

	require_argument(fcinfo, 0, "document");
	require_argument(fcinfo, 1, "audience");
	type = get_type(fcinfo, 4);
	at = get_time(fcinfo, 5);

	kycvs_signed_open(PG_GETARG_DATUM(0), &signed_document);
	if (signed_document.jws.header.type != type)
		kycvs_raise_reason(KV_DOCUMENT_DIFFERS, "document is of another type");
	check_seal(&signed_document);
	require_time(&signed_document, at);
	if (!claim_equals(&signed_document, "aud", PG_GETARG_TEXT_PP(1)))
		kycvs_raise_reason(KV_DOCUMENT_DIFFERS, "document is for another audience");
	if (!claim_equals(&signed_document, "reference", reference))
		kycvs_raise_reason(KV_DOCUMENT_DIFFERS, "document has another reference");
	if (name != NULL && !name_matches(&signed_document, name))
		kycvs_raise_reason(KV_DOCUMENT_DIFFERS, "document is for another name");
	return get_claims(&signed_document);
}

/* kycvs_claims(document) */
KYCVS_FUNCTION(kycvs_claims)
{
	KycvsSigned signed_document;

	require_argument(fcinfo, 0, "document");
	kycvs_signed_open(PG_GETARG_DATUM(0), &signed_document);
	check_seal(&signed_document);
	return get_claims(&signed_document);
}

/* kycvs_jwks(): the keys that may sign, or have signed, what is to be accepted */
KYCVS_FUNCTION(kycvs_jwks)
{
	JsonbParseState *state = NULL;
	KycvsKeyList list;

	(void) kycvs_keysource_read(&list);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	kycvs_push_key(&state, "keys");
	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < list.n; i++)
	{
		if (list.keys[i].state != KYCVS_KEY_REVOKED)
			(void) kycvs_key_push_jwk(&state, &list.keys[i].public_key);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
