/*
 * statement.h
 *	  SQL statements of the authority: constant text, bound parameters,
 *	  prepared once and kept.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_STATEMENT_H
#define KYCVS_STATEMENT_H

#include "executor/spi.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define KYCVS_ARGS_MAX 24

/* A module's statement: static, its text constant. */
typedef struct KycvsStatement
{
	const char *sql;
	SPIPlanPtr	plan;
} KycvsStatement;

/* The parameters of one run, in order. */
typedef struct KycvsArgs
{
	int			n;
	Oid			types[KYCVS_ARGS_MAX];
	Datum		values[KYCVS_ARGS_MAX];
	char		nulls[KYCVS_ARGS_MAX];
} KycvsArgs;

extern void kycvs_bind_bool(KycvsArgs *args, bool value);
extern void kycvs_bind_int4(KycvsArgs *args, int32 value);
extern void kycvs_bind_int8(KycvsArgs *args, int64 value);
extern void kycvs_bind_text(KycvsArgs *args, const char *value);	/* NULL binds a null */
extern void kycvs_bind_bytes(KycvsArgs *args, const void *data, size_t length);
extern void kycvs_bind_uuid(KycvsArgs *args, const pg_uuid_t *value);
extern void kycvs_bind_time(KycvsArgs *args, TimestampTz value);
extern void kycvs_bind_date(KycvsArgs *args, DateADT value, bool given);
extern void kycvs_bind_datum(KycvsArgs *args, Oid type, Datum value);

/* Runs it; returns the number of rows, which SPI_tuptable holds.  Raises what the server raises. */
extern uint64 kycvs_run(KycvsStatement *statement, KycvsArgs *args);

/*
 * The same for a read that must not show in the server's table statistics, which
 * every role can look at: how many rows it found is nobody's business.
 * (pg_stat_statements counts it all the same, for those who may read that.)
 */
extern uint64 kycvs_run_uncounted(KycvsStatement *statement, KycvsArgs *args);

/* Columns of row "row", counted from 1.  A null where none is expected raises. */
extern bool kycvs_column_null(uint64 row, int column);
extern bool kycvs_column_bool(uint64 row, int column);
extern int32 kycvs_column_int4(uint64 row, int column);
extern int64 kycvs_column_int8(uint64 row, int column);
extern TimestampTz kycvs_column_time(uint64 row, int column);
extern DateADT kycvs_column_date(uint64 row, int column);
extern Datum kycvs_column_datum(uint64 row, int column);
extern void kycvs_column_uuid(uint64 row, int column, pg_uuid_t *value);
extern void kycvs_column_text(uint64 row, int column, char *value, size_t size);
extern void kycvs_column_bytes(uint64 row, int column, uint8 *data, size_t length);

#endif							/* KYCVS_STATEMENT_H */
