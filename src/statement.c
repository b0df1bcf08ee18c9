/*
 * statement.c
 *	  SQL statements of the authority.
 *
 * Plans are saved for the life of the process; when a table they use is
 * dropped and made again, the server analyses their text anew.  Parameters and
 * results live in the SPI context of the request.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "pgstat.h"
#include "statement.h"
#include "utils/builtins.h"

void
kycvs_bind_datum(KycvsArgs *args, Oid type, Datum value)
{
	Assert(args->n < KYCVS_ARGS_MAX);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->nulls[args->n] = ' ';
	args->n++;
}

static void
bind_null(KycvsArgs *args, Oid type)
{
	kycvs_bind_datum(args, type, (Datum) 0);
	args->nulls[args->n - 1] = 'n';
}

void
kycvs_bind_bool(KycvsArgs *args, bool value)
{
	kycvs_bind_datum(args, BOOLOID, BoolGetDatum(value));
}

void
kycvs_bind_int4(KycvsArgs *args, int32 value)
{
	kycvs_bind_datum(args, INT4OID, Int32GetDatum(value));
}

void
kycvs_bind_int8(KycvsArgs *args, int64 value)
{
	kycvs_bind_datum(args, INT8OID, Int64GetDatum(value));
}

void
kycvs_bind_text(KycvsArgs *args, const char *value)
{
	if (value == NULL)
		bind_null(args, TEXTOID);
	else
		kycvs_bind_datum(args, TEXTOID, CStringGetTextDatum(value));
}

void
kycvs_bind_bytes(KycvsArgs *args, const void *data, size_t length)
{
	bytea	   *value = palloc(VARHDRSZ + length);

	SET_VARSIZE(value, VARHDRSZ + length);
	memcpy(VARDATA(value), data, length);
	kycvs_bind_datum(args, BYTEAOID, PointerGetDatum(value));
}

void
kycvs_bind_uuid(KycvsArgs *args, const pg_uuid_t *value)
{
	pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));

	*copy = *value;
	kycvs_bind_datum(args, UUIDOID, UUIDPGetDatum(copy));
}

void
kycvs_bind_time(KycvsArgs *args, TimestampTz value)
{
	kycvs_bind_datum(args, TIMESTAMPTZOID, TimestampTzGetDatum(value));
}

void
kycvs_bind_date(KycvsArgs *args, DateADT value, bool given)
{
	if (given)
		kycvs_bind_datum(args, DATEOID, DateADTGetDatum(value));
	else
		bind_null(args, DATEOID);
}

static void
prepare(KycvsStatement *statement, KycvsArgs *args)
{
	SPIPlanPtr	plan = SPI_prepare(statement->sql, args->n, args->types);

	if (plan == NULL)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a statement");
	statement->plan = plan;
}

uint64
kycvs_run(KycvsStatement *statement, KycvsArgs *args)
{
	int			result;

	if (statement->plan == NULL)
		prepare(statement, args);
	result = SPI_execute_plan(statement->plan, args->values, args->nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* A relation that is opened while counting is off is not counted until it is opened again. */
uint64
kycvs_run_uncounted(KycvsStatement *statement, KycvsArgs *args)
{
	bool		counting = pgstat_track_counts;
	uint64		found;

	PG_TRY();
	{
		pgstat_track_counts = false;
		found = kycvs_run(statement, args);
	}
	PG_FINALLY();
	{
		pgstat_track_counts = counting;
	}
	PG_END_TRY();
	return found;
}

static Datum
fetch(uint64 row, int column, bool *isnull)
{
	if (row >= SPI_processed)
		elog(ERROR, "row %llu was not returned", (unsigned long long) row);
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

bool
kycvs_column_null(uint64 row, int column)
{
	bool		isnull;

	(void) fetch(row, column, &isnull);
	return isnull;
}

Datum
kycvs_column_datum(uint64 row, int column)
{
	bool		isnull;
	Datum		value = fetch(row, column, &isnull);

	if (isnull)
		elog(ERROR, "column %d is null", column);
	return value;
}

bool
kycvs_column_bool(uint64 row, int column)
{
	return DatumGetBool(kycvs_column_datum(row, column));
}

int32
kycvs_column_int4(uint64 row, int column)
{
	return DatumGetInt32(kycvs_column_datum(row, column));
}

int64
kycvs_column_int8(uint64 row, int column)
{
	return DatumGetInt64(kycvs_column_datum(row, column));
}

TimestampTz
kycvs_column_time(uint64 row, int column)
{
	return DatumGetTimestampTz(kycvs_column_datum(row, column));
}

DateADT
kycvs_column_date(uint64 row, int column)
{
	return DatumGetDateADT(kycvs_column_datum(row, column));
}

void
kycvs_column_uuid(uint64 row, int column, pg_uuid_t *value)
{
	*value = *DatumGetUUIDP(kycvs_column_datum(row, column));
}

void
kycvs_column_text(uint64 row, int column, char *value, size_t size)
{
	char	   *string = TextDatumGetCString(kycvs_column_datum(row, column));

	if (strlcpy(value, string, size) >= size)
		elog(ERROR, "column %d is longer than its limit", column);
}

void
kycvs_column_bytes(uint64 row, int column, uint8 *data, size_t length)
{
	bytea	   *value = DatumGetByteaPP(kycvs_column_datum(row, column));

	if (VARSIZE_ANY_EXHDR(value) != length)
		elog(ERROR, "column %d has not its length", column);
	memcpy(data, VARDATA_ANY(value), length);
}
