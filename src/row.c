/*
 * row.c
 *	  Columns of a row that was read from one of our tables.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "table.h"

bool
kycvs_row_null(const KycvsRow *row, int column)
{
	return row->nulls[column - 1];
}

Datum
kycvs_row_datum(const KycvsRow *row, int column)
{
	if (kycvs_row_null(row, column))
		elog(ERROR, "column \"%s\" of table \"%s\" is null", row->table->columns[column], row->table->name);
	return row->values[column - 1];
}

bool
kycvs_row_bool(const KycvsRow *row, int column)
{
	return DatumGetBool(kycvs_row_datum(row, column));
}

int16
kycvs_row_int2(const KycvsRow *row, int column)
{
	return DatumGetInt16(kycvs_row_datum(row, column));
}

int32
kycvs_row_int4(const KycvsRow *row, int column)
{
	return DatumGetInt32(kycvs_row_datum(row, column));
}

int64
kycvs_row_int8(const KycvsRow *row, int column)
{
	return DatumGetInt64(kycvs_row_datum(row, column));
}

TimestampTz
kycvs_row_time(const KycvsRow *row, int column)
{
	return DatumGetTimestampTz(kycvs_row_datum(row, column));
}

DateADT
kycvs_row_date(const KycvsRow *row, int column)
{
	return DatumGetDateADT(kycvs_row_datum(row, column));
}

void
kycvs_row_uuid(const KycvsRow *row, int column, pg_uuid_t *value)
{
	*value = *DatumGetUUIDP(kycvs_row_datum(row, column));
}

void
kycvs_row_text(const KycvsRow *row, int column, char *value, size_t size)
{
	kycvs_value_text(kycvs_row_datum(row, column), value, size);
}

size_t
kycvs_row_some_bytes(const KycvsRow *row, int column, uint8 *data, size_t size)
{
	return kycvs_value_some_bytes(kycvs_row_datum(row, column), data, size);
}

void
kycvs_row_bytes(const KycvsRow *row, int column, uint8 *data, size_t length)
{
	kycvs_value_bytes(kycvs_row_datum(row, column), data, length);
}

void
kycvs_row_set(KycvsRow *row, int column, Datum value)
{
	row->values[column - 1] = value;
	row->nulls[column - 1] = false;
}
