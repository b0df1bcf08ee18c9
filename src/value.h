/*
 * value.h
 *	  Values on their way into and out of our tables, with their SQL types.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_VALUE_H
#define KYCVS_VALUE_H

#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define KYCVS_ARGS_MAX 24

/* The parameters of a statement, the keys of a search or the columns of a row, in order. */
typedef struct KycvsArgs
{
	int			n;
	Oid			types[KYCVS_ARGS_MAX];
	Datum		values[KYCVS_ARGS_MAX];
	char		nulls[KYCVS_ARGS_MAX];	/* 'n' or ' ', as SPI wants it */
} KycvsArgs;

extern void kycvs_bind_bool(KycvsArgs *args, bool value);
extern void kycvs_bind_int2(KycvsArgs *args, int16 value);
extern void kycvs_bind_int4(KycvsArgs *args, int32 value);
extern void kycvs_bind_int8(KycvsArgs *args, int64 value);
extern void kycvs_bind_text(KycvsArgs *args, const char *value);	/* NULL binds a null */
extern void kycvs_bind_bytes(KycvsArgs *args, const void *data, size_t length);
extern void kycvs_bind_uuid(KycvsArgs *args, const pg_uuid_t *value);
extern void kycvs_bind_time(KycvsArgs *args, TimestampTz value);
extern void kycvs_bind_date(KycvsArgs *args, DateADT value, bool given);
extern void kycvs_bind_datum(KycvsArgs *args, Oid type, Datum value);
extern void kycvs_bind_null(KycvsArgs *args, Oid type);

/* A text that fits, a bytea that fits or is as long as expected; anything else raises. */
extern void kycvs_value_text(Datum value, char *string, size_t size);
extern size_t kycvs_value_some_bytes(Datum value, uint8 *data, size_t size);
extern void kycvs_value_bytes(Datum value, uint8 *data, size_t length);

#endif							/* KYCVS_VALUE_H */
