/*
 * verifier.c
 *	  Checks of signed documents that need no authority.
 *
 * The order of the checks is part of the contract: form, header, type, key,
 * profile, signature, and only then what the document says - nothing of an
 * unsigned document is acted on, but for the issuer and key id that lead to the
 * key.
 *
 * Text is compared in the database's encoding, in which documents and
 * arguments arrive; only what is hashed or signed is UTF-8.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/detoast.h"
#include "jcs.h"
#include "name.h"
#include "secret.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "verifier.h"

#define ISSUED_LEEWAY 60		/* seconds by which clocks of servers may differ */
#define NFC_MAX (3 * KYCVS_NAME_MAX + 1)	/* the NFC form of UTF-8 is at most thrice as long */

/* jsonb needs up to eight times the bytes of the canonical form; beyond that there is no use in unpacking it. */
#define JSONB_MAX (16 * KYCVS_DOCUMENT_MAX)

static bool
fail(KycvsRefusal *refusal, int sqlstate, const char *reason)
{
	kycvs_refuse_reason(refusal, sqlstate, "%s", reason);
	return false;
}

static bool
find_claim(const KycvsSigned *signed_document, const char *name, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(&signed_document->document->root, name, strlen(name), value) != NULL;
}

bool
kycvs_signed_text(const KycvsSigned *signed_document, const char *name, JsonbValue *value)
{
	return find_claim(signed_document, name, value) && value->type == jbvString;
}

/* The profile has seen that numbers are integers that fit. */
bool
kycvs_signed_number(const KycvsSigned *signed_document, const char *name, int64 *number)
{
	JsonbValue	value;

	if (!find_claim(signed_document, name, &value) || value.type != jbvNumeric)
		return false;
	*number = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value.val.numeric)));
	return true;
}

/* ---- form, header, profile ---- */

static bool
open_document(Datum document, KycvsSigned *signed_document, KycvsRefusal *refusal)
{
	const char *reason;
	JsonbValue	jws;

	if (toast_raw_datum_size(document) > JSONB_MAX)
		return fail(refusal, KV_DOCUMENT_MALFORMED, "document is too long");
	signed_document->document = DatumGetJsonbP(document);
	if (!JB_ROOT_IS_OBJECT(signed_document->document))
		return fail(refusal, KV_DOCUMENT_MALFORMED, "document is not an object");
	if (!kycvs_signed_text(signed_document, "jws", &jws))
		return fail(refusal, KV_DOCUMENT_MALFORMED, "document is not signed");
	reason = kycvs_jws_parse_detached(jws.val.string.val, jws.val.string.len, &signed_document->jws);
	return reason == NULL || fail(refusal, KV_DOCUMENT_MALFORMED, reason);
}

static bool
canonicalise(KycvsSigned *signed_document, KycvsRefusal *refusal)
{
	const char *reason;

	initStringInfo(&signed_document->payload);
	reason = kycvs_jcs_document(&signed_document->document->root, &signed_document->payload);
	return reason == NULL || fail(refusal, KV_DOCUMENT_MALFORMED, reason);
}

void
kycvs_signed_open(Datum document, KycvsSigned *signed_document)
{
	KycvsRefusal refusal;

	if (!open_document(document, signed_document, &refusal))
		kycvs_raise(&refusal);
}

void
kycvs_signed_canonicalise(KycvsSigned *signed_document)
{
	KycvsRefusal refusal;

	if (!canonicalise(signed_document, &refusal))
		kycvs_raise(&refusal);
}

/* ---- key and signature ---- */

static bool
find_key(const KycvsSigned *signed_document, KycvsKeyBook *book, KycvsPublicKey *public_key, KycvsRefusal *refusal)
{
	JsonbValue	issuer;
	int			unknown;

	if (!kycvs_signed_text(signed_document, "iss", &issuer))
		return fail(refusal, KV_DOCUMENT_MALFORMED, "document has no issuer");
	unknown = kycvs_keybook_find(book, issuer.val.string.val, issuer.val.string.len,
								 signed_document->jws.header.kid, public_key);
	return unknown == 0 || fail(refusal, unknown, "");
}

/* A key signs by its own algorithm, whatever the header says. */
static bool
signature_right(const KycvsSigned *signed_document, const KycvsPublicKey *public_key, KycvsRefusal *refusal)
{
	const KycvsJws *jws = &signed_document->jws;
	StringInfoData input;
	bool		right;

	initStringInfo(&input);
	kycvs_jws_signing_input(&input, &jws->header,
							signed_document->payload.data, signed_document->payload.len);
	right = jws->header.alg == public_key->alg &&
		kycvs_key_verify(public_key, input.data, input.len, jws->signature);
	pfree(input.data);
	return right || fail(refusal, KV_SIGNATURE_WRONG, "");
}

/* What follows the type: key, profile, signature. */
static bool
check_seal(KycvsSigned *signed_document, KycvsKeyBook *book, KycvsRefusal *refusal)
{
	KycvsPublicKey public_key;

	return find_key(signed_document, book, &public_key, refusal) &&
		canonicalise(signed_document, refusal) &&
		signature_right(signed_document, &public_key, refusal);
}

/* ---- what it says ---- */

/* Seconds of the Unix epoch, rounded down. */
static int64
epoch_seconds(TimestampTz at)
{
	int64		seconds = at / USECS_PER_SEC;

	if (at % USECS_PER_SEC < 0)
		seconds--;
	return seconds + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

static bool
check_time(const KycvsSigned *signed_document, TimestampTz at, KycvsRefusal *refusal)
{
	int64		now = epoch_seconds(at);
	int64		expires;
	int64		issued;

	if (!kycvs_signed_number(signed_document, "exp", &expires) ||
		!kycvs_signed_number(signed_document, "iat", &issued))
		return fail(refusal, KV_DOCUMENT_MALFORMED, "document without the times of its validity");
	if (expires <= now)
		return fail(refusal, KV_DOCUMENT_EXPIRED, "");
	return issued <= now + ISSUED_LEEWAY || fail(refusal, KV_DOCUMENT_EXPIRED, "document is not valid yet");
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
	int			length = strlen(typed);

	if (!kycvs_signed_text(signed_document, "jti", &jti) || kycvs_to_utf8(&typed, &length) != NULL)
		return false;
	if (length > KYCVS_NAME_MAX || !kycvs_name_nfc(typed, nfc, sizeof(nfc)))
		return false;
	appendBinaryStringInfo(out, jti.val.string.val, jti.val.string.len);
	appendStringInfoChar(out, '\n');
	appendStringInfoString(out, nfc);
	return true;
}

/* Whether a group's consent lists a person with this hash. */
static bool
lists_name(const KycvsSigned *signed_document, const char *hex, int length)
{
	JsonbContainer *persons;
	JsonbValue	value;
	bool		found = false;
	uint32		i;

	if (!find_claim(signed_document, "persons", &value) ||
		value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
		return false;
	persons = value.val.binary.data;
	for (i = 0; i < JsonContainerSize(persons); i++)
	{
		JsonbValue *person = getIthJsonbValueFromContainer(persons, i);
		JsonbValue	hash;

		found |= person->type == jbvBinary && JsonContainerIsObject(person->val.binary.data) &&
			getKeyJsonValueFromContainer(person->val.binary.data, "name_sha256", strlen("name_sha256"), &hash) != NULL &&
			hash.type == jbvString && hash.val.string.len == length && memcmp(hash.val.string.val, hex, length) == 0;
	}
	return found;
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
	return claim_equals(signed_document, "name_sha256", cstring_to_text(hex)) ||
		lists_name(signed_document, hex, strlen(hex));
}

static bool
check_claims(const KycvsSigned *signed_document, const KycvsExpected *expected, KycvsRefusal *refusal)
{
	if (!check_time(signed_document, expected->at, refusal))
		return false;
	if (!claim_equals(signed_document, "aud", expected->audience))
		return fail(refusal, KV_DOCUMENT_DIFFERS, "document is for another audience");
	if (!claim_equals(signed_document, "reference", expected->reference))
		return fail(refusal, KV_DOCUMENT_DIFFERS,
					expected->reference == NULL ? "document has a reference, and none was expected" : "document has another reference");
	return expected->name == NULL || name_matches(signed_document, expected->name) ||
		fail(refusal, KV_DOCUMENT_DIFFERS, "document is for another name");
}

bool
kycvs_document_check_seal(Datum document, KycvsKeyBook *book, KycvsSigned *signed_document, KycvsRefusal *refusal)
{
	return open_document(document, signed_document, refusal) &&
		check_seal(signed_document, book, refusal);
}

bool
kycvs_document_check(Datum document, const KycvsExpected *expected, KycvsKeyBook *book,
					 KycvsSigned *signed_document, KycvsRefusal *refusal)
{
	if (!open_document(document, signed_document, refusal))
		return false;
	if (signed_document->jws.header.type != expected->type)
		return fail(refusal, KV_DOCUMENT_DIFFERS, "document is of another type");
	return check_seal(signed_document, book, refusal) &&
		check_claims(signed_document, expected, refusal);
}

Datum
kycvs_signed_claims(const KycvsSigned *signed_document)
{
	return DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(signed_document->document),
							   CStringGetTextDatum("jws"));
}
