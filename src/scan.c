/*
 * scan.c
 *	  Rows of our tables, found by an index.
 *
 * What was found in a table that is kept (kept.h) is found there again, without
 * opening or locking it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "compat.h"
#include "executor/tuptable.h"
#include "kept.h"
#include "pgstat.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Whether use of the relation goes into the statistics, until it is said again or the relation is opened anew. */
static void
count_use(Relation relation, bool counted)
{
	bool		counting = pgstat_track_counts;

	pgstat_track_counts = counting && counted;
	pgstat_init_relation(relation);
	pgstat_track_counts = counting;
}

static void
make_keys(const KycvsIndex *index, const KycvsArgs *args, ScanKeyData *keys)
{
	Relation	relation = index->relation;
	int			i;

	if (args->n != index->nkeys)
		elog(ERROR, "index \"%s\" has another number of keys", index->name);
	for (i = 0; i < args->n; i++)
	{
		if (args->types[i] != relation->rd_opcintype[i] || args->nulls[i] != ' ')
			elog(ERROR, "key %d of index \"%s\" is of another type", i + 1, index->name);
		ScanKeyEntryInitialize(&keys[i], 0, i + 1, kycvs_index_strategy(index, i), InvalidOid,
							   relation->rd_indcollation[i], index->procedures[i], args->values[i]);
	}
}

static void
begin_reading(KycvsScan *scan, KycvsIndex *index, const KycvsArgs *args, ScanDirection direction)
{
	ScanKeyData keys[KYCVS_KEYS_MAX];

	index = kycvs_index_open(index, args->values[0]);
	make_keys(index, args, keys);
	if (index->uncounted)
	{
		count_use(index->table->relation, false);
		count_use(index->relation, false);
	}
	scan->index = index;
	scan->direction = direction;
	scan->kept = NULL;
	scan->slot = table_slot_create(index->table->relation, NULL);
	scan->desc = KYCVS_INDEX_BEGINSCAN(index->table->relation, index->relation, GetActiveSnapshot(), args->n);
	index_rescan(scan->desc, keys, args->n, NULL, 0);
}

/* Reads all that is there with these keys, to keep it. */
static const KycvsKept *
keep(KycvsIndex *index, const KycvsArgs *args, ScanDirection direction)
{
	HeapTuple	tuples[KYCVS_KEPT_ROWS];
	KycvsScan	scan;
	KycvsRow	row;
	int			n = 0;
	bool		more = true;

	if (!kycvs_kept_watched(kycvs_index_open(index, args->values[0])->table->relation))
		return NULL;
	begin_reading(&scan, index, args, direction);
	while ((more = kycvs_scan_next(&scan, &row)) && n < KYCVS_KEPT_ROWS)
		tuples[n++] = row.tuple;
	kycvs_scan_end(&scan);
	return kycvs_keep(index, args, direction, RelationGetDescr(index->table->relation), tuples, more ? -1 : n);
}

void
kycvs_scan_begin(KycvsScan *scan, KycvsIndex *index, const KycvsArgs *args, ScanDirection direction)
{
	const KycvsKept *kept = NULL;

	if (index->table->kept && kycvs_kept_usable(args))
	{
		kept = kycvs_kept_find(index, args, direction);
		if (kept == NULL)
			kept = keep(index, args, direction);
	}
	if (kept == NULL || kept->n < 0)
	{
		begin_reading(scan, index, args, direction);
		return;
	}
	scan->index = index;
	scan->kept = kept;
	scan->next = 0;
}

static void
take_row(KycvsScan *scan, HeapTuple tuple, TupleDesc desc, KycvsRow *row)
{
	row->table = scan->index->table;
	row->tuple = tuple;
	heap_deform_tuple(row->tuple, desc, row->values, row->nulls);
}

bool
kycvs_scan_next(KycvsScan *scan, KycvsRow *row)
{
	if (scan->kept != NULL)
	{
		if (scan->next == scan->kept->n)
			return false;
		take_row(scan, heap_copytuple(scan->kept->tuples[scan->next++]), scan->kept->desc, row);
		return true;
	}
	if (!index_getnext_slot(scan->desc, scan->direction, scan->slot))
		return false;
	take_row(scan, ExecCopySlotHeapTuple(scan->slot), RelationGetDescr(scan->index->table->relation), row);
	return true;
}

void
kycvs_scan_end(KycvsScan *scan)
{
	if (scan->kept != NULL)
		return;
	index_endscan(scan->desc);
	ExecDropSingleTupleTableSlot(scan->slot);
	if (!scan->index->uncounted)
		return;
	count_use(scan->index->table->relation, true);
	count_use(scan->index->relation, true);
}

bool
kycvs_row_find(KycvsIndex *index, const KycvsArgs *keys, KycvsRow *row)
{
	KycvsScan	scan;
	bool		found;

	kycvs_scan_begin(&scan, index, keys, ForwardScanDirection);
	found = kycvs_scan_next(&scan, row);
	kycvs_scan_end(&scan);
	return found;
}
