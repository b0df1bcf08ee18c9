/*
 * value.c
 *	  Values on their way into and out of our tables, with their SQL types.
 *
 * What is bound is copied into the current memory context, that of the request.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "compat.h"
#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "value.h"

void
kycvs_bind_datum(KycvsArgs *args, Oid type, Datum value)
{
	Assert(args->n < KYCVS_ARGS_MAX);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->nulls[args->n] = ' ';
	args->n++;
}

void
kycvs_bind_null(KycvsArgs *args, Oid type)
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
kycvs_bind_int2(KycvsArgs *args, int16 value)
{
	kycvs_bind_datum(args, INT2OID, Int16GetDatum(value));
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
		kycvs_bind_null(args, TEXTOID);
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
		kycvs_bind_null(args, DATEOID);
}

void
kycvs_value_text(Datum value, char *string, size_t size)
{
	if (strlcpy(string, TextDatumGetCString(value), size) >= size)
		elog(ERROR, "a text is longer than its limit");
}

size_t
kycvs_value_some_bytes(Datum value, uint8 *data, size_t size)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	size_t		length = VARSIZE_ANY_EXHDR(bytes);

	if (length > size)
		elog(ERROR, "a bytea is longer than its limit");
	memcpy(data, VARDATA_ANY(bytes), length);
	return length;
}

void
kycvs_value_bytes(Datum value, uint8 *data, size_t length)
{
	if (kycvs_value_some_bytes(value, data, length) != length)
		elog(ERROR, "a bytea has not its length");
}
