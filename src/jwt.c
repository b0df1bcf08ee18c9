/*
 * jwt.c
 *	  Signed documents as compact JSON Web Tokens (RFC 7519), and back.
 *
 * The signature is over the same bytes in both forms, so that neither way
 * needs a key, and neither says anything about the signature.  Both are strict:
 * a token is taken only if its payload is the canonical form of what it says.
 * So kycvs_to_jwt(kycvs_from_jwt(token)) is the token, byte for byte, and
 * there is never a token that becomes a document with another meaning.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/detoast.h"
#include "fmgr.h"
#include "hidden.h"
#include "jcs.h"
#include "mb/pg_wchar.h"
#include "member.h"
#include "refusal.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "verifier.h"

#define TOKEN_MAX (KYCVS_DETACHED_MAX + KYCVS_BASE64URL_LENGTH(KYCVS_DOCUMENT_MAX))

/* A compact token, split at its dots: pieces of the token's text. */
typedef struct Token
{
	const char *header;
	const char *payload;
	const char *signature;
	int			header_length;
	int			payload_length;
	int			signature_length;
} Token;

/* kycvs_to_jwt(document) */
KYCVS_FUNCTION(kycvs_to_jwt)
{
	KycvsSigned signed_document;
	StringInfoData token;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("document must not be null")));
	kycvs_signed_open(PG_GETARG_DATUM(0), &signed_document);
	kycvs_signed_canonicalise(&signed_document);
	initStringInfo(&token);
	kycvs_jws_signing_input(&token, &signed_document.jws.header,
							signed_document.payload.data, signed_document.payload.len);
	appendStringInfoChar(&token, '.');
	kycvs_base64url_append(&token, signed_document.jws.signature,
						   sizeof(signed_document.jws.signature));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(token.data, token.len));
}

static void
split_token(const char *text, int length, Token *token)
{
	const char *end = text + length;
	const char *first = memchr(text, '.', length);
	const char *second = first != NULL ? memchr(first + 1, '.', end - first - 1) : NULL;

	if (second == NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "token does not have three parts");
	token->header = text;
	token->header_length = first - text;
	token->payload = first + 1;
	token->payload_length = second - token->payload;
	token->signature = second + 1;
	token->signature_length = end - token->signature;
}

/* The value of member "jws", checked. */
static void
append_jws(StringInfo out, const Token *token)
{
	KycvsJws	jws;
	const char *reason;

	appendBinaryStringInfo(out, token->header, token->header_length);
	appendStringInfoString(out, "..");
	appendBinaryStringInfo(out, token->signature, token->signature_length);
	reason = kycvs_jws_parse_detached(out->data, out->len, &jws);
	if (reason != NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, reason);
}

/* The payload's bytes, which are UTF-8 without a NUL. */
static void
decode_payload(const Token *token, StringInfo payload)
{
	int			length;

	enlargeStringInfo(payload, token->payload_length);
	length = kycvs_base64url_decode(token->payload, token->payload_length,
									(uint8 *) payload->data, KYCVS_DOCUMENT_MAX);
	if (length < 0)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "payload is not base64url or is too long");
	payload->data[length] = '\0';
	payload->len = length;
	if (!pg_verify_mbstr(PG_UTF8, payload->data, length, true))
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "payload is not UTF-8");
}

/*
 * Reads JSON.  PostgreSQL's message about what is wrong with it would quote
 * it, and what it quotes is about a person; so its errors about data are
 * replaced.  Nothing that is called here holds more than memory.
 */
static Jsonb *
parse_payload(char *json)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		parsed = (Datum) 0;

	PG_TRY();
	{
		parsed = DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
	}
	PG_CATCH();
	{
		int			category = ERRCODE_TO_CATEGORY(geterrcode());

		if (category != ERRCODE_DATA_EXCEPTION && category != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "payload is not JSON");
	}
	PG_END_TRY();
	return DatumGetJsonbP(parsed);
}

/* The payload and its signature as one document. */
static Jsonb *
join(Jsonb *payload, const StringInfoData *jws)
{
	JsonbParseState *state = NULL;
	Jsonb	   *member;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	kycvs_push_text(&state, "jws", jws->data);
	member = JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(payload), JsonbPGetDatum(member)));
}

/* Refuses a payload that says the same in other bytes, or holds a member "jws" of its own. */
static void
require_canonical(Jsonb *document, const StringInfoData *payload)
{
	StringInfoData canonical;
	const char *reason;

	initStringInfo(&canonical);
	reason = kycvs_jcs_document(&document->root, &canonical);
	if (reason == NULL &&
		(canonical.len != payload->len || memcmp(canonical.data, payload->data, payload->len) != 0))
		reason = "payload is not in canonical form";
	if (reason != NULL)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, reason);
}

/* kycvs_from_jwt(token) */
KYCVS_FUNCTION(kycvs_from_jwt)
{
	text	   *given;
	Token		token;
	StringInfoData jws;
	StringInfoData payload;
	Jsonb	   *parsed;
	Jsonb	   *document;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("token must not be null")));
	if (toast_raw_datum_size(PG_GETARG_DATUM(0)) > TOKEN_MAX)
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "document is too long");
	given = PG_GETARG_TEXT_PP(0);
	split_token(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), &token);
	initStringInfo(&jws);
	append_jws(&jws, &token);
	initStringInfo(&payload);
	decode_payload(&token, &payload);
	parsed = parse_payload(pg_any_to_server(payload.data, payload.len, PG_UTF8));
	if (!JB_ROOT_IS_OBJECT(parsed))
		kycvs_raise_reason(KV_DOCUMENT_MALFORMED, "payload is not an object");
	document = join(parsed, &jws);
	require_canonical(document, &payload);
	PG_RETURN_JSONB_P(document);
}
