/*
 * statement.c
 *	  SQL statements of the authority.
 *
 * Plans are saved for the life of the process; when a table they use is
 * dropped and made again, the server analyses their text anew.  A request that
 * runs no statement does not connect to SPI.  Results live until the request
 * ends, everything else in the memory context of the caller.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "pgstat.h"
#include "statement.h"

static bool connected = false;

static void
connect_spi(void)
{
	MemoryContext context = CurrentMemoryContext;

	if (connected)
		return;
	SPI_connect();
	connected = true;
	MemoryContextSwitchTo(context);
}

/* A failed request is disconnected by its abort. */
void
kycvs_statements_end(bool failed)
{
	if (connected && !failed)
		SPI_finish();
	connected = false;
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

	connect_spi();
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
	kycvs_value_text(kycvs_column_datum(row, column), value, size);
}

void
kycvs_column_bytes(uint64 row, int column, uint8 *data, size_t length)
{
	kycvs_value_bytes(kycvs_column_datum(row, column), data, length);
}
