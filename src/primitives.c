/*
 * primitives.c
 *	  The standards that signed documents rest on, as SQL functions: canonical
 *	  JSON (RFC 8785), key thumbprints (RFC 7638) and signatures (RFC 7518,
 *	  RFC 8037).
 *
 * They depend on their arguments alone and know no secret, so that anyone can
 * check by hand, step by step, what kycvs_verify checks in one.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "base64url.h"
#include "fmgr.h"
#include "jcs.h"
#include "jwk.h"
#include "mb/pg_wchar.h"
#include "refusal.h"
#include "secret.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(kycvs_canonical);
PG_FUNCTION_INFO_V1(kycvs_thumbprint);
PG_FUNCTION_INFO_V1(kycvs_signature_valid);

static void
require_key(const char *reason)
{
	if (reason != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s", reason)));
}

/* canonical(document) */
Datum
kycvs_canonical(PG_FUNCTION_ARGS)
{
	StringInfoData canonical;
	const char *reason;

	initStringInfo(&canonical);
	reason = kycvs_jcs(&PG_GETARG_JSONB_P(0)->root, &canonical);
	if (reason != NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, reason);
	PG_RETURN_TEXT_P(cstring_to_text(pg_any_to_server(canonical.data, canonical.len, PG_UTF8)));
}

/* thumbprint(jwk) */
Datum
kycvs_thumbprint(PG_FUNCTION_ARGS)
{
	StringInfoData required;
	StringInfoData thumbprint;
	uint8		digest[KYCVS_DIGEST_LENGTH];

	initStringInfo(&required);
	require_key(kycvs_jwk_required(PG_GETARG_JSONB_P(0), &required));
	if (!kycvs_sha256(required.data, required.len, digest))
		elog(ERROR, "could not compute a hash");
	initStringInfo(&thumbprint);
	kycvs_base64url_append(&thumbprint, digest, sizeof(digest));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(thumbprint.data, thumbprint.len));
}

/* signature_valid(jwk, message, signature) */
Datum
kycvs_signature_valid(PG_FUNCTION_ARGS)
{
	bytea	   *message = PG_GETARG_BYTEA_PP(1);
	bytea	   *signature = PG_GETARG_BYTEA_PP(2);
	KycvsPublicKey key;

	require_key(kycvs_key_from_jwk(PG_GETARG_JSONB_P(0), &key));
	PG_RETURN_BOOL(VARSIZE_ANY_EXHDR(signature) == KYCVS_SIGNATURE_LENGTH &&
				   kycvs_key_verify(&key, VARDATA_ANY(message), VARSIZE_ANY_EXHDR(message),
									(const uint8 *) VARDATA_ANY(signature)));
}
