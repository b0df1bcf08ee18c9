/*
 * verification.c
 *	  SQL functions that verify signed documents, and show the keys they verify with.
 *
 * kycvs_verify is for whoever relies on a document, kycvs_claims for whoever
 * only wants to know that it is signed.  What fails raises; there is no result
 * that a caller could forget to look at.  kycvs_verify_each is for thousands at
 * once: what fails has no claims.
 *
 * The clock is the real one, not that of the transaction: now() of a booking
 * that began before the document ended is no reason to accept it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "channel.h"
#include "fmgr.h"
#include "funcapi.h"
#include "hidden.h"
#include "jwk.h"
#include "member.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "verifier.h"

static void
require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name)));
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

/* kycvs_verify(document, audience, reference, name, type, at) */
KYCVS_FUNCTION(kycvs_verify)
{
	KycvsExpected expected = {0};
	KycvsSigned signed_document;
	KycvsRefusal refusal;
	KycvsKeyBook book = {0};

	require_argument(fcinfo, 0, "document");
	require_argument(fcinfo, 1, "audience");
	expected.audience = PG_GETARG_TEXT_PP(1);
	expected.reference = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	expected.name = PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3);
	expected.type = get_type(fcinfo, 4);
	expected.at = get_time(fcinfo, 5);
	if (!kycvs_document_check(PG_GETARG_DATUM(0), &expected, &book, &signed_document, &refusal))
		kycvs_raise(&refusal);
	return kycvs_signed_claims(&signed_document);
}

/* Texts of an array, NULL where it has a null; all of them NULL when there is no array. */
static const text **
get_texts(FunctionCallInfo fcinfo, int arg, const char *name, int wanted)
{
	const text **texts = palloc0((wanted + 1) * sizeof(text *));
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (PG_ARGISNULL(arg))
		return texts;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	if (n != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be as many as documents", name)));
	for (i = 0; i < n; i++)
		texts[i] = nulls[i] ? NULL : DatumGetTextPP(values[i]);
	return texts;
}

static void
store_verdict(ReturnSetInfo *result, int n, const KycvsSigned *signed_document, const KycvsRefusal *refusal)
{
	Datum		values[4] = {Int32GetDatum(n)};
	bool		nulls[4] = {false, true, true, true};

	if (refusal == NULL)
		values[1] = kycvs_signed_claims(signed_document);
	else
	{
		values[2] = CStringGetTextDatum(unpack_sql_state(refusal->sqlstate));
		values[3] = CStringGetTextDatum(kycvs_refusal_message(refusal));
	}
	nulls[1] = refusal != NULL;
	nulls[2] = nulls[3] = refusal == NULL;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* kycvs_verify_each(documents, audience, reference_list, name_list, type, at): a row for each */
KYCVS_FUNCTION(kycvs_verify_each)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "kycvs document", ALLOCSET_DEFAULT_SIZES);
	KycvsExpected expected = {0};
	KycvsKeyBook book = {0};
	const text **references;
	const text **names;
	bool		named = !PG_ARGISNULL(3);
	Datum	   *documents;
	bool	   *nulls;
	int			n;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	require_argument(fcinfo, 0, "documents");
	require_argument(fcinfo, 1, "audience");
	expected.audience = PG_GETARG_TEXT_PP(1);
	expected.type = get_type(fcinfo, 4);
	expected.at = get_time(fcinfo, 5);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), JSONBOID, -1, false, TYPALIGN_INT, &documents, &nulls, &n);
	references = get_texts(fcinfo, 2, "reference_list", n);
	names = get_texts(fcinfo, 3, "name_list", n);
	/* now, for the keys must outlive the memory of a document */
	kycvs_keybook_open(&book);
	kycvs_keybook_read_trusted(&book);
	for (i = 0; i < n; i++)
	{
		MemoryContext outside = MemoryContextSwitchTo(context);
		KycvsSigned signed_document;
		KycvsRefusal refusal;
		bool		right;

		CHECK_FOR_INTERRUPTS();
		expected.reference = references[i];
		expected.name = names[i];
		right = !nulls[i] && kycvs_document_check(documents[i], &expected, &book, &signed_document, &refusal);
		if (nulls[i])
			kycvs_refuse_reason(&refusal, KV_DOCUMENT_MALFORMED, "%s", "document is null");
		else if (right && named && names[i] == NULL)
		{
			/* an array of names wants each checked: none is not any */
			kycvs_refuse_reason(&refusal, KV_DOCUMENT_DIFFERS, "%s", "document is for another name");
			right = false;
		}
		store_verdict(result, i + 1, &signed_document, right ? NULL : &refusal);
		MemoryContextSwitchTo(outside);
		MemoryContextReset(context);
	}
	return (Datum) 0;
}

/* kycvs_claims(document) */
KYCVS_FUNCTION(kycvs_claims)
{
	KycvsSigned signed_document;
	KycvsRefusal refusal;
	KycvsKeyBook book = {0};

	require_argument(fcinfo, 0, "document");
	if (!kycvs_document_check_seal(PG_GETARG_DATUM(0), &book, &signed_document, &refusal))
		kycvs_raise(&refusal);
	return kycvs_signed_claims(&signed_document);
}

/* kycvs_jwks(): the keys that may sign, or have signed, what is to be accepted */
KYCVS_FUNCTION(kycvs_jwks)
{
	JsonbParseState *state = NULL;
	KycvsKeyBook book = {0};

	kycvs_keybook_open(&book);
	if (!book.has_registry && book.nobody == 0 && !kycvs_channel_loaded())
		book.nobody = KV_NO_AUTHORITY;
	if (book.nobody != 0)
		kycvs_raise_code(book.nobody);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	kycvs_push_key(&state, "keys");
	(void) pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < book.registry.n; i++)
	{
		if (book.registry.keys[i].state != KYCVS_KEY_REVOKED)
			(void) kycvs_key_push_jwk(&state, &book.registry.keys[i].public_key);
	}
	(void) pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* ---- keys, for people ---- */

#define KEY_COLUMNS 9

static void
store_key(ReturnSetInfo *result, const char *issuer, const KycvsKnownKey *key)
{
	const TimestampTz times[] = {key->created_at, key->activated_at, key->retired_at, key->revoked_at, key->destroyed_at};
	Datum		values[KEY_COLUMNS];
	bool		nulls[KEY_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(issuer);
	values[1] = CStringGetTextDatum(key->kid);
	values[2] = CStringGetTextDatum(kycvs_alg_name(key->public_key.alg));
	values[3] = CStringGetTextDatum(kycvs_key_state_name(key->state));
	for (int i = 0; i < (int) lengthof(times); i++)
	{
		values[4 + i] = TimestampTzGetDatum(times[i]);
		nulls[4 + i] = TIMESTAMP_NOT_FINITE(times[i]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
store_keys(ReturnSetInfo *result, const KycvsKeyList *list)
{
	for (int i = 0; i < list->n; i++)
		store_key(result, list->issuer, &list->keys[i]);
}

/* list_keys(): those of the registry, and of the issuers that this database trusts */
KYCVS_FUNCTION(kycvs_list_keys)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KycvsKeyBook book = {0};

	InitMaterializedSRF(fcinfo, 0);
	kycvs_keybook_open(&book);
	kycvs_keybook_read_trusted(&book);
	store_keys(result, &book.registry);
	for (int i = 0; i < book.ntrusted; i++)
		store_keys(result, &book.trusted[i]);
	return (Datum) 0;
}
