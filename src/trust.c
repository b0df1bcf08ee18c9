/*
 * trust.c
 *	  Reads the key set of another issuer, for kycvs.trust_issuer.
 *
 * What is written down is decided here: a key set that holds a private or
 * symmetric key, a key under another name than its thumbprint or one that is
 * no point of its curve is refused as a whole, since whoever published it errs.
 * Keys of kinds that we do not verify are skipped, as RFC 7517 (section 5) wants.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "hidden.h"
#include "jwk.h"
#include "keytable.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define KEYS_MAX		256
#define ISSUER_MAX		256
#define COLUMNS			5

static void
refuse(const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s", reason)));
}

/* As kycvs.issuer is: printable ASCII without blanks. */
static void
check_issuer(const char *issuer)
{
	KycvsKeyList own;
	const char *c;

	for (c = issuer; *c > ' ' && *c <= '~'; c++)
		;
	if (*c != '\0' || c == issuer || c - issuer > ISSUER_MAX)
		refuse("issuer must be printable ASCII without blanks, at most 256 bytes");
	if (kycvs_keytable_read(&own) && strcmp(own.issuer, issuer) == 0)
		refuse("issuer is this registry itself");
}

/* The elements of the key set. */
static JsonbContainer *
find_keys(Jsonb *jwks)
{
	JsonbValue	keys;

	if (!JB_ROOT_IS_OBJECT(jwks) ||
		getKeyJsonValueFromContainer(&jwks->root, "keys", 4, &keys) == NULL ||
		keys.type != jbvBinary || !JsonContainerIsArray(keys.val.binary.data))
		refuse("jwks must be an object with an array \"keys\"");
	if (JsonContainerSize(keys.val.binary.data) > KEYS_MAX)
		refuse("jwks holds more than 256 keys");
	return keys.val.binary.data;
}

static void
check_kid(Jsonb *jwk, const char *thumbprint)
{
	JsonbValue	kid;

	if (getKeyJsonValueFromContainer(&jwk->root, "kid", 3, &kid) == NULL)
		return;
	if (kid.type != jbvString || kid.val.string.len != KYCVS_KID_LENGTH ||
		memcmp(kid.val.string.val, thumbprint, KYCVS_KID_LENGTH) != 0)
		refuse("\"kid\" is not the key's thumbprint (RFC 7638)");
}

static bytea *
make_bytes(const uint8 bytes[32])
{
	bytea	   *value = palloc(VARHDRSZ + 32);

	SET_VARSIZE(value, VARHDRSZ + 32);
	memcpy(VARDATA(value), bytes, 32);
	return value;
}

static void
store_skipped(ReturnSetInfo *result)
{
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {true, true, true, true, false};

	values[4] = CStringGetTextDatum("neither P-256 nor Ed25519 for signatures");
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
store_key(ReturnSetInfo *result, const KycvsPublicKey *key, const char *kid)
{
	Datum		values[COLUMNS] = {
		CStringGetTextDatum(kid),
		CStringGetTextDatum(kycvs_alg_name(key->alg)),
		PointerGetDatum(make_bytes(key->x)),
		PointerGetDatum(make_bytes(key->y)),
		(Datum) 0
	};
	bool		nulls[COLUMNS] = {false, false, false, false, true};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
read_key(ReturnSetInfo *result, const JsonbValue *element)
{
	Jsonb	   *jwk = JsonbValueToJsonb(unconstify(JsonbValue *, element));
	KycvsPublicKey key;
	char		kid[KYCVS_KID_LENGTH + 1];
	const char *reason = kycvs_key_from_jwk(jwk, &key);

	if (reason != NULL && (kycvs_jwk_is_for_us(jwk) || kycvs_jwk_is_private(jwk) || !JB_ROOT_IS_OBJECT(jwk)))
		refuse(reason);
	if (reason != NULL)
	{
		store_skipped(result);
		return;
	}
	if (!kycvs_key_thumbprint(&key, kid))
		elog(ERROR, "could not compute a key's thumbprint");
	check_kid(jwk, kid);
	store_key(result, &key, kid);
}

/* read_jwks(issuer, jwks): kid, alg, x, y; or why a key is skipped */
KYCVS_FUNCTION(kycvs_read_jwks)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	JsonbContainer *keys;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", PG_ARGISNULL(0) ? "issuer" : "jwks")));
	check_issuer(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	keys = find_keys(PG_GETARG_JSONB_P(1));
	for (uint32 i = 0; i < JsonContainerSize(keys); i++)
		read_key(result, getIthJsonbValueFromContainer(keys, i));
	return (Datum) 0;
}
