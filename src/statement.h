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
#include "value.h"

/* A module's statement: static, its text constant. */
typedef struct KycvsStatement
{
	const char *sql;
	SPIPlanPtr	plan;
} KycvsStatement;

/* Runs it; returns the number of rows, which SPI_tuptable holds.  Raises what the server raises. */
extern uint64 kycvs_run(KycvsStatement *statement, KycvsArgs *args);

/*
 * The same for a read that must not show in the server's table statistics, which
 * every role can look at: how many rows it found is nobody's business.
 * (pg_stat_statements counts it all the same, for those who may read that.)
 */
extern uint64 kycvs_run_uncounted(KycvsStatement *statement, KycvsArgs *args);

/* At the end of a request: what its statements have returned is gone. */
extern void kycvs_statements_end(bool failed);

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
