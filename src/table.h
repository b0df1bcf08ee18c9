/*
 * table.h
 *	  Rows of our tables: found by an index, added and changed without SQL.
 *
 * For the handful of rows that every exchange of an OTP reads and writes.
 * Everything else is a statement (statement.h).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_TABLE_H
#define KYCVS_TABLE_H

#include "access/htup.h"
#include "access/sdir.h"
#include "access/stratnum.h"
#include "nodes/execnodes.h"
#include "utils/relcache.h"
#include "value.h"

#define KYCVS_COLUMNS_MAX	KYCVS_ARGS_MAX
#define KYCVS_KEYS_MAX		2

/* A table of schema kycvs_data: static in its module, with the names of all its columns, by number. */
typedef struct KycvsTable
{
	const char *name;
	const char *const *columns;
	int			ncolumns;
	bool		partitioned;	/* by ranges of column 1, a bigint: the first key of its searches */
	bool		kept;			/* small and seldom changed: what was found in it is remembered (kept.h) */
	Oid			relid;			/* of a partition; the others are found by name */
	Oid			known;			/* the relation whose columns were compared with these */
	uint64		known_at;		/* as long as no relation has changed since, it is still that */
	Oid			sequence;		/* of its column 1, once it was asked for */
	Relation	relation;		/* while it is open */
	ResultRelInfo *target;		/* while it is open for writing */
} KycvsTable;

#define KYCVS_TABLE(name, columns) {(name), (columns), lengthof(columns) - 1}
#define KYCVS_PARTITIONED_TABLE(name, columns) {(name), (columns), lengthof(columns) - 1, .partitioned = true}
#define KYCVS_KEPT_TABLE(name, columns) {(name), (columns), lengthof(columns) - 1, .kept = true}

/* One of its btree indexes.  Keys but for the last must be equal; how the last compares is the index's to say. */
typedef struct KycvsIndex
{
	KycvsTable *table;
	const char *name;
	int			nkeys;			/* of its columns, the first ones */
	StrategyNumber last;		/* BTEqualStrategyNumber, BTGreaterStrategyNumber ... */
	bool		uncounted;		/* its use must not show in the statistics, which every role can read */
	Oid			relid;			/* of a partition's index; the others are found by name */
	Oid			known;			/* the index that the procedures belong to */
	uint64		known_at;
	RegProcedure procedures[KYCVS_KEYS_MAX];
	Relation	relation;		/* while it is open */
} KycvsIndex;

/* A row, copied: it stays what it was, whatever becomes of the table. */
typedef struct KycvsRow
{
	KycvsTable *table;
	HeapTuple	tuple;
	Datum		values[KYCVS_COLUMNS_MAX];
	bool		nulls[KYCVS_COLUMNS_MAX];
} KycvsRow;

typedef struct KycvsScan
{
	KycvsIndex *index;
	ScanDirection direction;
	struct IndexScanDescData *desc;
	TupleTableSlot *slot;
	const struct KycvsKept *kept;	/* what was found before; then there is nothing else */
	int			next;			/* of it */
} KycvsScan;

/* The first row with these keys; false when there is none. */
extern bool kycvs_row_find(KycvsIndex *index, const KycvsArgs *keys, KycvsRow *row);

/*
 * All of them, in the index's order or against it; of a partitioned table, those
 * in the partition of the first key.  Nothing may be written meanwhile, nor, when
 * the table is a kept one, looked for in another of those.
 */
extern void kycvs_scan_begin(KycvsScan *scan, KycvsIndex *index, const KycvsArgs *keys, ScanDirection direction);
extern bool kycvs_scan_next(KycvsScan *scan, KycvsRow *row);
extern void kycvs_scan_end(KycvsScan *scan);

/* Columns of a row.  A null where none is expected raises. */
extern bool kycvs_row_null(const KycvsRow *row, int column);
extern Datum kycvs_row_datum(const KycvsRow *row, int column);
extern bool kycvs_row_bool(const KycvsRow *row, int column);
extern int16 kycvs_row_int2(const KycvsRow *row, int column);
extern int32 kycvs_row_int4(const KycvsRow *row, int column);
extern int64 kycvs_row_int8(const KycvsRow *row, int column);
extern TimestampTz kycvs_row_time(const KycvsRow *row, int column);
extern DateADT kycvs_row_date(const KycvsRow *row, int column);
extern void kycvs_row_uuid(const KycvsRow *row, int column, pg_uuid_t *value);
extern void kycvs_row_text(const KycvsRow *row, int column, char *value, size_t size);
extern size_t kycvs_row_some_bytes(const KycvsRow *row, int column, uint8 *data, size_t size);	/* at most so many */
extern void kycvs_row_bytes(const KycvsRow *row, int column, uint8 *data, size_t length);

/*
 * For a row that another process may write too: raises when it has been changed
 * or removed since it was found, or is just being written.  A process that may
 * wait for the other says so once, when it starts.
 */
extern void kycvs_row_lock(const KycvsRow *row);
extern void kycvs_rows_wait(void);

/* Adds a row, all its columns given in order; changes columns of one that was found. */
extern void kycvs_row_add(KycvsTable *table, const KycvsArgs *columns);
extern void kycvs_row_set(KycvsRow *row, int column, Datum value);
extern void kycvs_row_save(KycvsRow *row);

/* The next number of the table's column 1, an identity. */
extern int64 kycvs_table_next_id(KycvsTable *table);

/* For scan.c: the index, or its part for the partition that holds this key, opened; how one of its keys compares. */
extern KycvsIndex *kycvs_index_open(KycvsIndex *index, Datum key);
extern StrategyNumber kycvs_index_strategy(const KycvsIndex *index, int key);

/* Before the transaction commits: closes what was opened in it. */
extern void kycvs_tables_close(void);

#endif							/* KYCVS_TABLE_H */
