/*
 * arguments.c
 *	  From SQL arguments to a request, and from a reply to SQL results.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "catalog/pg_type_d.h"
#include "channel.h"
#include "jcs.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

void
kycvs_note_bad(KycvsRequest *request, int sqlstate, const char *reason)
{
	if (request->bad_argument != 0)
		return;
	request->bad_argument = sqlstate;
	strlcpy(request->bad_reason, reason, sizeof(request->bad_reason));
}

void
kycvs_take_word(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what, char *value, size_t size)
{
	kycvs_take_text(request, fcinfo, arg, what, value, size, ERRCODE_INVALID_PARAMETER_VALUE);
}

/* An empty text stands for NULL in a request, so it is not taken for one. */
bool
kycvs_take_optional_word(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what, char *value, size_t size)
{
	bool		given = kycvs_take_optional_text(request, fcinfo, arg, what, value, size, ERRCODE_INVALID_PARAMETER_VALUE);

	if (given && value[0] == '\0')
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%s must be null or not empty", what));
	return given;
}

bool
kycvs_take_given(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (!PG_ARGISNULL(arg))
		return true;
	kycvs_note_bad(request, ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("%s must not be null", what));
	return false;
}

static void
note_too_long(KycvsRequest *request, const char *what, size_t size, int sqlstate)
{
	bool		own = sqlstate != ERRCODE_INVALID_PARAMETER_VALUE;

	kycvs_note_bad(request, sqlstate,
				   own ? "" : psprintf("%s is longer than %zu bytes", what, size - 1));
}

static bool
copy_text(Datum datum, char *value, size_t size)
{
	char	   *string = TextDatumGetCString(datum);
	int			length = strlen(string);
	char	   *utf8 = pg_server_to_any(string, length, PG_UTF8);
	bool		fits = strlcpy(value, utf8, size) < size;

	if (!fits)
		explicit_bzero(value, size);
	if (utf8 != string)
		explicit_bzero(utf8, strlen(utf8));
	explicit_bzero(string, length);
	return fits;
}

bool
kycvs_take_optional_text(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
						 char *value, size_t size, int too_long)
{
	if (PG_ARGISNULL(arg))
		return false;
	if (!copy_text(PG_GETARG_DATUM(arg), value, size))
		note_too_long(request, what, size, too_long);
	return true;
}

void
kycvs_take_text(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
				char *value, size_t size, int too_long)
{
	if (kycvs_take_given(request, fcinfo, arg, what))
		(void) kycvs_take_optional_text(request, fcinfo, arg, what, value, size, too_long);
}

void
kycvs_take_number(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (kycvs_take_given(request, fcinfo, arg, what))
		request->number = PG_GETARG_INT64(arg);
}

void
kycvs_take_date(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	request->has_date = !PG_ARGISNULL(arg);
	if (request->has_date)
		request->date = PG_GETARG_DATEADT(arg);
}

void
kycvs_take_count(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (kycvs_take_given(request, fcinfo, arg, what))
		request->count = PG_GETARG_INT32(arg);
}

/* Strictly the 36 characters that uuid_out writes. */
static bool
parse_uuid(const char *text, int length, pg_uuid_t *id)
{
	int			n = 0;
	int			i;

	if (length != 36)
		return false;
	for (i = 0; i < length; i++)
	{
		const char *digits = "0123456789abcdef";
		const char *digit = strchr(digits, text[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (text[i] != '-')
				return false;
			continue;
		}
		if (digit == NULL || text[i] == '\0')
			return false;
		id->data[n / 2] = (n % 2 == 0 ? 0 : id->data[n / 2]) | (uint8) ((digit - digits) << (n % 2 == 0 ? 4 : 0));
		n++;
	}
	return true;
}

static bool
read_jti(Jsonb *consent, pg_uuid_t *jti)
{
	JsonbValue	found;

	return getKeyJsonValueFromContainer(&consent->root, "jti", 3, &found) != NULL &&
		found.type == jbvString && parse_uuid(found.val.string.val, found.val.string.len, jti);
}

void
kycvs_take_consent(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	StringInfoData canonical;
	Jsonb	   *consent;

	if (!kycvs_take_given(request, fcinfo, arg, "consent"))
		return;
	consent = PG_GETARG_JSONB_P(arg);
	initStringInfo(&canonical);
	if (!JB_ROOT_IS_OBJECT(consent) ||
		!read_jti(consent, &request->id) ||
		kycvs_jcs_document(&consent->root, &canonical) != NULL ||
		!kycvs_sha256(canonical.data, canonical.len, request->digest))
		kycvs_note_bad(request, KV_CONSENT_INVALID, "");
}

static void
take_name(KycvsRequest *request, Datum name, bool isnull, int n)
{
	if (isnull)
		kycvs_note_bad(request, ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("name %d must not be null", n));
	else if (!copy_text(name, request->names[n - 1], sizeof(request->names[n - 1])))
		kycvs_note_bad(request, KV_NAME_INVALID, psprintf("name %d is not valid", n));
}

void
kycvs_take_names(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	ArrayType  *array;
	Datum	   *names;
	bool	   *nulls;
	int			n;
	int			i;

	if (!kycvs_take_given(request, fcinfo, arg, "names"))
		return;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	if (ARR_NDIM(array) > 1 || (ARR_NDIM(array) == 1 && ARR_LBOUND(array)[0] != 1))
	{
		/* answers are numbered as names[n] */
		kycvs_note_bad(request, ERRCODE_ARRAY_SUBSCRIPT_ERROR, "names must be an array of one dimension that begins at 1");
		return;
	}
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &n);
	if (n == 0)
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, "names must hold 1 to 6 names");
	else if (n > KYCVS_GROUP_MAX)
		kycvs_note_bad(request, KV_TOO_MANY_PERSONS, "");
	else
		request->nnames = n;
	for (i = 0; i < request->nnames; i++)
		take_name(request, names[i], nulls[i], i + 1);
}

void
kycvs_take_purposes(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (!kycvs_take_given(request, fcinfo, arg, "purposes"))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	if (n == 0 || n > KYCVS_PURPOSES_MAX)
	{
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, "purposes must name 1 to 16 purposes");
		return;
	}
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			kycvs_note_bad(request, ERRCODE_NULL_VALUE_NOT_ALLOWED, "purposes must not hold a null");
		else if (!copy_text(values[i], request->purposes[i], sizeof(request->purposes[i])))
			kycvs_note_bad(request, ERRCODE_UNDEFINED_OBJECT, "purpose does not exist");
	}
	request->count = n;
}

int
kycvs_take_list(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what,
				char *values, size_t size, int most)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	if (!kycvs_take_given(request, fcinfo, arg, what))
		return 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	if (n > most)
	{
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%s are more than %d", what, most));
		return 0;
	}
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			kycvs_note_bad(request, ERRCODE_NULL_VALUE_NOT_ALLOWED, psprintf("%s must not hold a null", what));
		else if (!copy_text(elements[i], values + i * size, size))
			kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%s: one is longer than %zu bytes", what, size - 1));
	}
	return n;
}

bool
kycvs_microseconds(const Interval *interval, int64 *microseconds)
{
	if (interval->month != 0 || interval->day < -1000 || interval->day > 1000 ||
		interval->time < -1000 * USECS_PER_DAY || interval->time > 1000 * USECS_PER_DAY)
		return false;
	*microseconds = interval->time + interval->day * USECS_PER_DAY;
	return true;
}

KycvsReply *
kycvs_ask(KycvsRequest *request)
{
	KycvsReply *reply = kycvs_call(request);

	if (reply->refusal.sqlstate != 0)
		kycvs_raise(&reply->refusal);
	return reply;
}

Datum
kycvs_reply_text(const KycvsReply *reply)
{
	return CStringGetTextDatum(pg_any_to_server(reply->body, reply->length, PG_UTF8));
}

Datum
kycvs_reply_jsonb(const KycvsReply *reply)
{
	return kycvs_document_jsonb(reply->body);
}

Datum
kycvs_document_jsonb(const char *document)
{
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(pg_any_to_server(document, strlen(document), PG_UTF8)));
}
