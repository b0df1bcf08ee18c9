/*
 * guard.c
 *	  A trigger that lets no row have an answer that is not good for it.
 *
 * For the tables of whoever relies on answers.  Its arguments are name=value:
 *
 *		audience	the entity's own code; must be given
 *		issuer		whose answers will do; without it, those of any issuer that this database verifies
 *		answer		the column of the answer, jsonb ("answer" unless told otherwise)
 *		reference	the column that the answer's reference must equal; without it, the answer must have none
 *		name		the column of the name, as kycvs_issue_otp got it; without it, any
 *		day			the column, date, of the day that the answer must speak of; without it, any
 *		status		the least status that will do (2 unless told otherwise)
 *
 * A change that touches none of these columns is none of its business: the
 * answer was good when it was given.  So is a restore, which makes triggers
 * after the rows; a CHECK constraint would be asked for each of them, when the
 * answers have long expired.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "hidden.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "verifier.h"

/* A column that was named, or 0. */
typedef struct Wanted
{
	const char *audience;
	const char *issuer;
	int			answer;
	int			reference;
	int			name;
	int			day;
	int			status;
} Wanted;

/* The row, new and (in an update) old. */
typedef struct Row
{
	TupleDesc	desc;
	HeapTuple	now;
	HeapTuple	before;			/* NULL: inserted */
	bool		complete;		/* generated columns have been computed */
} Row;

static void
refuse_use(int sqlstate, const char *reason)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("kycvs.require_answer: %s", reason)));
}

/* Whose text no setting of the session changes. */
static bool
is_plain(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == INT2OID || type == INT4OID || type == INT8OID || type == UUIDOID;
}

/* A column of this type, or of a plain one; domains count as what they are of. */
static int
find_column(const Row *row, const char *name, Oid wanted)
{
	int			column = SPI_fnumber(row->desc, name);
	Oid			type;
	char		generated;

	if (column <= 0)
		refuse_use(ERRCODE_UNDEFINED_COLUMN, psprintf("column \"%s\" does not exist", name));
	type = getBaseType(SPI_gettypeid(row->desc, column));
	generated = TupleDescAttr(row->desc, column - 1)->attgenerated;
	if (generated != '\0' && (generated != ATTRIBUTE_GENERATED_STORED || !row->complete))
		refuse_use(ERRCODE_INVALID_OBJECT_DEFINITION, psprintf("column \"%s\" is generated: it must be stored, and the trigger be an AFTER trigger", name));
	if (OidIsValid(wanted) && type != wanted)
		refuse_use(ERRCODE_DATATYPE_MISMATCH, psprintf("column \"%s\" is not of type %s", name, format_type_be(wanted)));
	if (!OidIsValid(wanted) && !is_plain(type))
		refuse_use(ERRCODE_DATATYPE_MISMATCH, psprintf("column \"%s\" is not text, varchar, an integer or uuid", name));
	return column;
}

/* The value of an argument that has this name, or NULL. */
static const char *
match(const char *argument, const char *name)
{
	size_t		length = strlen(name);

	return strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

static int
read_status(const char *value)
{
	if (strlen(value) != 1 || value[0] < '0' || value[0] > '2')
		refuse_use(ERRCODE_INVALID_PARAMETER_VALUE, "status must be 0, 1 or 2");
	return value[0] - '0';
}

static void
read_argument(Wanted *wanted, const Row *row, const char *argument)
{
	const char *value;

	if ((value = match(argument, "audience")) != NULL)
		wanted->audience = value;
	else if ((value = match(argument, "issuer")) != NULL)
		wanted->issuer = value;
	else if ((value = match(argument, "answer")) != NULL)
		wanted->answer = find_column(row, value, JSONBOID);
	else if ((value = match(argument, "reference")) != NULL)
		wanted->reference = find_column(row, value, InvalidOid);
	else if ((value = match(argument, "name")) != NULL)
		wanted->name = find_column(row, value, InvalidOid);
	else if ((value = match(argument, "day")) != NULL)
		wanted->day = find_column(row, value, DATEOID);
	else if ((value = match(argument, "status")) != NULL)
		wanted->status = read_status(value);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kycvs.require_answer: argument \"%s\" is not known", argument),
				 errhint("Arguments are audience=, issuer=, answer=, reference=, name=, day= and status=, without blanks.")));
}

static void
read_arguments(Wanted *wanted, const Row *row, const Trigger *trigger)
{
	int			i;

	memset(wanted, 0, sizeof(*wanted));
	wanted->status = 2;
	for (i = 0; i < trigger->tgnargs; i++)
		read_argument(wanted, row, trigger->tgargs[i]);
	if (wanted->audience == NULL)
		refuse_use(ERRCODE_INVALID_PARAMETER_VALUE, "argument \"audience\" must be given");
	if (wanted->answer == 0)
		wanted->answer = find_column(row, "answer", JSONBOID);
}

/* The same bytes; what differs only in its form counts as changed. */
static bool
unchanged(const Row *row, int column)
{
	Form_pg_attribute attribute;
	bool		isnull[2];
	Datum		value[2];

	if (column == 0)
		return true;
	attribute = TupleDescAttr(row->desc, column - 1);
	value[0] = heap_getattr(row->before, column, row->desc, &isnull[0]);
	value[1] = heap_getattr(row->now, column, row->desc, &isnull[1]);
	if (isnull[0] || isnull[1])
		return isnull[0] && isnull[1];
	return datum_image_eq(value[0], value[1], attribute->attbyval, attribute->attlen);
}

static bool
concerns_us(const Wanted *wanted, const Row *row)
{
	return row->before == NULL ||
		!unchanged(row, wanted->answer) || !unchanged(row, wanted->reference) ||
		!unchanged(row, wanted->name) || !unchanged(row, wanted->day);
}

/* A column as text, NULL when there is none or it is null. */
static const text *
get_text(const Row *row, int column)
{
	char	   *value = column == 0 ? NULL : SPI_getvalue(row->now, row->desc, column);

	return value == NULL ? NULL : cstring_to_text(value);
}

static void
fail(int sqlstate, const char *reason)
{
	KycvsRefusal refusal;

	kycvs_refuse_reason(&refusal, sqlstate, "%s", reason);
	kycvs_raise(&refusal);
}

static void
check_issuer(const Wanted *wanted, const KycvsSigned *answer)
{
	JsonbValue	issuer;

	if (wanted->issuer != NULL &&
		(!kycvs_signed_text(answer, "iss", &issuer) || issuer.val.string.len != (int) strlen(wanted->issuer) ||
		 memcmp(issuer.val.string.val, wanted->issuer, issuer.val.string.len) != 0))
		fail(KV_DOCUMENT_DIFFERS, "document is of another issuer");
}

static void
check_day(const Wanted *wanted, const Row *row, const KycvsSigned *answer)
{
	bool		isnull;
	Datum		day;
	JsonbValue	as_of;
	char		expected[MAXDATELEN + 1];
	int			year,
				month,
				mday;

	if (wanted->day == 0)
		return;
	day = heap_getattr(row->now, wanted->day, row->desc, &isnull);
	if (isnull || DATE_NOT_FINITE(DatumGetDateADT(day)))
		fail(KV_DOCUMENT_DIFFERS, "document is for another day");
	j2date(DatumGetDateADT(day) + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	snprintf(expected, sizeof(expected), "%04d-%02d-%02d", year, month, mday);
	if (!kycvs_signed_text(answer, "as_of", &as_of) || as_of.val.string.len != (int) strlen(expected) ||
		memcmp(as_of.val.string.val, expected, as_of.val.string.len) != 0)
		fail(KV_DOCUMENT_DIFFERS, "document is for another day");
}

static void
check_status(const Wanted *wanted, const KycvsSigned *answer)
{
	int64		status;

	if (!kycvs_signed_number(answer, "status", &status) || status < wanted->status)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("answer says less than is needed"),
				 errhint("Status 0 is not vaccinated or not found, 1 partially, 2 fully vaccinated.")));
}

static void
check_answer(const Wanted *wanted, const Row *row)
{
	KycvsExpected expected = {
		.audience = cstring_to_text(wanted->audience),
		.reference = get_text(row, wanted->reference),
		.name = get_text(row, wanted->name),
		.type = KYCVS_TYPE_STATUS,
		.at = GetCurrentTimestamp()
	};
	KycvsKeyBook book = {0};
	KycvsSigned answer;
	KycvsRefusal refusal;
	bool		isnull;
	Datum		document = heap_getattr(row->now, wanted->answer, row->desc, &isnull);

	if (isnull)
		fail(KV_DOCUMENT_MALFORMED, "document is null");
	if (wanted->name != 0 && expected.name == NULL)
		fail(KV_DOCUMENT_DIFFERS, "document is for another name");
	if (!kycvs_document_check(document, &expected, &book, &answer, &refusal))
		kycvs_raise(&refusal);
	check_issuer(wanted, &answer);
	check_day(wanted, row, &answer);
	check_status(wanted, &answer);
}

/* require_answer(): for each row that is inserted or updated, before or after */
KYCVS_FUNCTION(kycvs_require_answer)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	Row			row = {0};
	Wanted		wanted;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!(TRIGGER_FIRED_BY_INSERT(data->tg_event) || TRIGGER_FIRED_BY_UPDATE(data->tg_event)))
		refuse_use(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "must be called by a trigger for each row that is inserted or updated");
	row.desc = RelationGetDescr(data->tg_relation);
	row.now = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple;
	row.before = TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_trigtuple : NULL;
	row.complete = TRIGGER_FIRED_AFTER(data->tg_event);
	read_arguments(&wanted, &row, data->tg_trigger);
	if (concerns_us(&wanted, &row))
		check_answer(&wanted, &row);
	return PointerGetDatum(row.now);
}
