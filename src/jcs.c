/*
 * jcs.c
 *	  The JSON Canonicalization Scheme (RFC 8785) over jsonb.
 *
 * jsonb has done part of the work: no blanks, no member twice, no escapes,
 * text that is valid in the database's encoding.  What is left is the order of
 * members (by UTF-16 code units; jsonb sorts by length and byte), the form of
 * numbers (jsonb keeps a numeric, RFC 8785 a double) and the quoting of
 * strings.  The output is UTF-8 whatever the encoding of the database.
 *
 * A signed document is held to a profile besides.  Its purpose is that two
 * documents that differ for any reader never share a canonical form: 2, 2.0 and
 * 2.00000000000000000001 are the same double.  So the integer path never goes
 * through one, and everything that the profile refuses is refused before work
 * is done for it: numbers by a comparison of numerics (1e131071 is a few bytes
 * in jsonb), objects by their count, strings by their length.
 *
 * Nothing here is kept; memory is that of the caller's context.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <math.h>

#include "es6number.h"
#include "catalog/namespace.h"
#include "jcs.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define INTEGER_MAX ((INT64CONST(1) << 53) - 1)

typedef struct Writer
{
	StringInfo	out;
	int			start;			/* where in "out" the document begins */
	int			depth;			/* objects and arrays that are open */
	bool		profile;		/* of a signed document */
} Writer;

typedef struct Member
{
	char	   *name;			/* UTF-8, without a NUL */
	int			length;
	JsonbValue	value;
} Member;

static const char *write_container(Writer *writer, JsonbContainer *container);

static bool
too_long(const Writer *writer, int more)
{
	return writer->profile &&
		writer->out->len - writer->start + more > KYCVS_DOCUMENT_MAX;
}

/* Of encodings that have bytes without a meaning: some conversions raise, which this one never does. */
static char *
convert(const char *text, int length, int *converted)
{
	Oid			proc = FindDefaultConversionProc(GetDatabaseEncoding(), PG_UTF8);
	size_t		size = (size_t) length * MAX_CONVERSION_GROWTH + 1;
	char	   *utf8 = palloc(size);

	if (!OidIsValid(proc) || size > INT_MAX ||
		pg_do_encoding_conversion_buf(proc, GetDatabaseEncoding(), PG_UTF8, (unsigned char *) text, length,
									  (unsigned char *) utf8, size, true) != length)
		return NULL;
	*converted = strlen(utf8);
	return utf8;
}

/* SQL_ASCII promises nothing, so its text is checked. */
const char *
kycvs_to_utf8(char **text, int *length)
{
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return pg_verify_mbstr(PG_UTF8, *text, *length, true) ? NULL : "text is not UTF-8";
	if (GetDatabaseEncoding() != PG_UTF8)
		*text = convert(*text, *length, length);
	return *text != NULL ? NULL : "text cannot be UTF-8";
}

/* Control characters are U+0000 to U+001F and U+007F to U+009F. */
static bool
has_control(const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		unsigned char c = text[i];

		if (c < 0x20 || c == 0x7f)
			return true;
		if (c == 0xc2 && i + 1 < length && (unsigned char) text[i + 1] < 0xa0)
			return true;
	}
	return false;
}

static bool
is_printable_ascii(const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

static void
write_escape(StringInfo out, char c)
{
	static const char plain[] = "\b\t\n\f\r\"\\";
	static const char letter[] = "btnfr\"\\";
	const char *found = strchr(plain, c);

	if (found != NULL)
	{
		appendStringInfoCharMacro(out, '\\');
		appendStringInfoCharMacro(out, letter[found - plain]);
	}
	else
		appendStringInfo(out, "\\u%04x", c);
}

/* Quotes UTF-8 text, in runs of what stands for itself. */
static void
write_quoted(StringInfo out, const char *text, int length)
{
	int			run = 0;

	appendStringInfoCharMacro(out, '"');
	for (int i = 0; i < length; i++)
	{
		if ((unsigned char) text[i] >= 0x20 && text[i] != '"' && text[i] != '\\')
			continue;
		appendBinaryStringInfo(out, text + run, i - run);
		write_escape(out, text[i]);
		run = i + 1;
	}
	appendBinaryStringInfo(out, text + run, length - run);
	appendStringInfoCharMacro(out, '"');
}

static const char *
write_string(Writer *writer, char *text, int length)
{
	const char *reason;

	if (too_long(writer, length))
		return "document is too long";
	reason = kycvs_to_utf8(&text, &length);
	if (reason != NULL)
		return reason;
	if (writer->profile && has_control(text, length))
		return "string with a control character";
	write_quoted(writer->out, text, length);
	return NULL;
}

static bool
exceeds(Numeric number, int64 limit, int sign)
{
	Datum		order = DirectFunctionCall2(numeric_cmp, NumericGetDatum(number),
											NumericGetDatum(int64_to_numeric(limit)));

	return DatumGetInt32(order) * sign > 0;
}

/* True for an integer, written as one, that a double holds exactly. */
static bool
is_plain_integer(Numeric number)
{
	return !numeric_is_nan(number) &&
		!exceeds(number, INTEGER_MAX, 1) &&
		!exceeds(number, -INTEGER_MAX, -1) &&
		DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(number))) == 0;
}

static void
write_integer(StringInfo out, Numeric number)
{
	char		text[MAXINT8LEN + 1];
	int64		value = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(number)));

	appendBinaryStringInfo(out, text, pg_lltoa(value, text));
}

static const char *
write_double(StringInfo out, Numeric number)
{
	char		text[KYCVS_ES6_NUMBER_MAX];
	double		value = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
														   NumericGetDatum(number)));

	if (isnan(value) || isinf(value))
		return "number out of range";
	appendBinaryStringInfo(out, text, kycvs_es6_number(value, text));
	return NULL;
}

static const char *
write_number(Writer *writer, Numeric number)
{
	if (is_plain_integer(number))
	{
		write_integer(writer->out, number);
		return NULL;
	}
	if (writer->profile)
		return "number that is not an integer within +-(2^53-1)";
	return write_double(writer->out, number);
}

static const char *
write_value(Writer *writer, JsonbValue *value)
{
	const char *reason = NULL;

	switch (value->type)
	{
		case jbvNull:
			appendStringInfoString(writer->out, "null");
			break;
		case jbvBool:
			appendStringInfoString(writer->out, value->val.boolean ? "true" : "false");
			break;
		case jbvNumeric:
			reason = write_number(writer, value->val.numeric);
			break;
		case jbvString:
			reason = write_string(writer, value->val.string.val, value->val.string.len);
			break;
		case jbvBinary:
			reason = write_container(writer, value->val.binary.data);
			break;
		default:
			elog(ERROR, "unexpected jsonb value type: %d", (int) value->type);
	}
	if (reason == NULL && too_long(writer, 0))
		reason = "document is too long";
	return reason;
}

/*
 * Orders UTF-8 text by UTF-16 code units.  Bytes give the order of code
 * points; it differs only in that surrogates (what is above U+FFFF, lead bytes
 * from 0xF0) come before U+E000 to U+FFFF (lead bytes 0xEE and 0xEF).
 */
static int
compare_members(const void *a, const void *b)
{
	const Member *left = a;
	const Member *right = b;
	int			common = Min(left->length, right->length);

	for (int i = 0; i < common; i++)
	{
		unsigned char l = left->name[i];
		unsigned char r = right->name[i];

		if (l == r)
			continue;
		if (l >= 0xee && r >= 0xee && (l >= 0xf0) != (r >= 0xf0))
			return l >= 0xf0 ? -1 : 1;
		return l < r ? -1 : 1;
	}
	return left->length - right->length;
}

static const char *
check_name(const Writer *writer, const Member *member)
{
	if (writer->profile && !is_printable_ascii(member->name, member->length))
		return "member name that is not printable ASCII";
	return NULL;
}

/* Reads the members of an object in jsonb's order; "jws" is left out of a signed document. */
static const char *
read_members(Writer *writer, JsonbContainer *object, Member *members, int *n)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	value;
	JsonbIteratorToken token;
	const char *reason = NULL;

	*n = 0;
	while (reason == NULL &&
		   (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		Member	   *member = &members[*n];

		if (token == WJB_KEY)
		{
			member->name = value.val.string.val;
			member->length = value.val.string.len;
			reason = kycvs_to_utf8(&member->name, &member->length);
			if (reason == NULL)
				reason = check_name(writer, member);
		}
		else if (token == WJB_VALUE)
		{
			member->value = value;
			if (!writer->profile || writer->depth > 1 ||
				member->length != 3 || memcmp(member->name, "jws", 3) != 0)
				(*n)++;
		}
	}
	return reason;
}

static const char *
write_members(Writer *writer, Member *members, int n)
{
	const char *reason = NULL;

	qsort(members, n, sizeof(Member), compare_members);
	for (int i = 0; i < n && reason == NULL; i++)
	{
		/* two spellings in the database's encoding, one in Unicode */
		if (i > 0 && compare_members(&members[i - 1], &members[i]) == 0)
			return "member name given twice";
		if (i > 0)
			appendStringInfoCharMacro(writer->out, ',');
		if (too_long(writer, members[i].length))
			return "document is too long";
		write_quoted(writer->out, members[i].name, members[i].length);
		appendStringInfoCharMacro(writer->out, ':');
		reason = write_value(writer, &members[i].value);
	}
	return reason;
}

static const char *
write_object(Writer *writer, JsonbContainer *object)
{
	int			n = JsonContainerSize(object);
	Member	   *members;
	const char *reason;

	/* a member takes at least five bytes, its comma included */
	if (too_long(writer, n))
		return "document is too long";
	members = palloc_extended(n * sizeof(Member), MCXT_ALLOC_HUGE);
	appendStringInfoCharMacro(writer->out, '{');
	reason = read_members(writer, object, members, &n);
	if (reason == NULL)
		reason = write_members(writer, members, n);
	appendStringInfoCharMacro(writer->out, '}');
	pfree(members);
	return reason;
}

static const char *
write_array(Writer *writer, JsonbContainer *array)
{
	JsonbIterator *iterator = JsonbIteratorInit(array);
	JsonbValue	value;
	JsonbIteratorToken token;
	const char *reason = NULL;
	bool		first = true;

	appendStringInfoCharMacro(writer->out, '[');
	while (reason == NULL &&
		   (token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (!first)
			appendStringInfoCharMacro(writer->out, ',');
		first = false;
		reason = write_value(writer, &value);
	}
	appendStringInfoCharMacro(writer->out, ']');
	return reason;
}

static const char *
write_container(Writer *writer, JsonbContainer *container)
{
	const char *reason;

	check_stack_depth();
	if (!writer->profile)
		CHECK_FOR_INTERRUPTS();
	if (writer->profile && writer->depth >= KYCVS_DOCUMENT_DEPTH)
		return "document is too deep";
	writer->depth++;
	if (JsonContainerIsObject(container))
		reason = write_object(writer, container);
	else
		reason = write_array(writer, container);
	writer->depth--;
	return reason;
}

const char *
kycvs_jcs(JsonbContainer *root, StringInfo out)
{
	Writer		writer = {out, out->len, 0, false};

	/* jsonb keeps a lone scalar in an array of its own */
	if (JsonContainerIsScalar(root))
		return write_value(&writer, getIthJsonbValueFromContainer(root, 0));
	return write_container(&writer, root);
}

const char *
kycvs_jcs_document(JsonbContainer *root, StringInfo out)
{
	Writer		writer = {out, out->len, 0, true};
	const char *reason;

	if (!JsonContainerIsObject(root))
		return "document is not an object";
	reason = write_container(&writer, root);
	if (reason == NULL && too_long(&writer, 0))
		reason = "document is too long";
	return reason;
}

/* ---- claims of a document that is being made ---- */

static void
add_claim(KycvsClaims *claims, KycvsClaim claim)
{
	if (claims->n == KYCVS_CLAIMS_MAX)
		elog(ERROR, "too many claims");
	claims->claims[claims->n++] = claim;
}

void
kycvs_claim_text(KycvsClaims *claims, const char *name, const char *text)
{
	add_claim(claims, (KycvsClaim) {name, text, 0, false});
}

void
kycvs_claim_number(KycvsClaims *claims, const char *name, int64 number)
{
	add_claim(claims, (KycvsClaim) {name, NULL, number, false});
}

void
kycvs_claim_canonical(KycvsClaims *claims, const char *name, const char *json)
{
	add_claim(claims, (KycvsClaim) {name, json, 0, true});
}

/* Names are ASCII, whose bytes are its UTF-16 code units. */
static int
compare_claims(const void *a, const void *b)
{
	return strcmp(((const KycvsClaim *) a)->name, ((const KycvsClaim *) b)->name);
}

static bool
fits_profile(const KycvsClaim *claim)
{
	if (claim->text != NULL)
		return !has_control(claim->text, strlen(claim->text));
	return claim->number >= -INTEGER_MAX && claim->number <= INTEGER_MAX;
}

bool
kycvs_jcs_claims(KycvsClaims *claims, StringInfo out)
{
	int			start = out->len;
	int			i;

	qsort(claims->claims, claims->n, sizeof(KycvsClaim), compare_claims);
	for (i = 0; i < claims->n; i++)
	{
		const KycvsClaim *claim = &claims->claims[i];

		if (!fits_profile(claim))
			return false;
		appendStringInfoCharMacro(out, i == 0 ? '{' : ',');
		write_quoted(out, claim->name, strlen(claim->name));
		appendStringInfoCharMacro(out, ':');
		if (claim->canonical)
			appendStringInfoString(out, claim->text);
		else if (claim->text != NULL)
			write_quoted(out, claim->text, strlen(claim->text));
		else
			appendStringInfo(out, INT64_FORMAT, claim->number);
	}
	appendStringInfoCharMacro(out, '}');
	return out->len - start <= KYCVS_DOCUMENT_MAX;
}
