/*
 * kept.h
 *	  What was found in small tables, kept until one of them changes.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEPT_H
#define KYCVS_KEPT_H

#include "access/tupdesc.h"
#include "table.h"

#define KYCVS_KEPT_ROWS		64	/* of one search; a longer one is made anew each time */

/* What one search has found, in its order. */
typedef struct KycvsKept
{
	int			n;				/* -1: too much to keep */
	HeapTuple  *tuples;
	TupleDesc	desc;
} KycvsKept;

/* Another number whenever the definition of a relation, or a row of a kept table, has changed; never 0. */
extern uint64 kycvs_relations_changed(void);

/* Before the snapshot of a request is taken.  A process that never calls this keeps nothing. */
extern void kycvs_kept_begin(void);

/* Whether a search with these keys may be kept now. */
extern bool kycvs_kept_usable(const KycvsArgs *keys);

/* Whether we are told of all that is written to a table that is open; nothing may be kept of others. */
extern bool kycvs_kept_watched(Relation relation);

/* What is kept of this search, NULL when nothing is; and keeps it, -1 when there is too much. */
extern const KycvsKept *kycvs_kept_find(const KycvsIndex *index, const KycvsArgs *keys, ScanDirection direction);
extern const KycvsKept *kycvs_keep(const KycvsIndex *index, const KycvsArgs *keys, ScanDirection direction,
								   TupleDesc desc, const HeapTuple *tuples, int n);

#endif							/* KYCVS_KEPT_H */
