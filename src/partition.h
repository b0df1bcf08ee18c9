/*
 * partition.h
 *	  Which partition of a table holds a key.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_PARTITION_H
#define KYCVS_PARTITION_H

#include "utils/relcache.h"

/*
 * The partition that holds this key, of a table that is open and partitioned
 * by ranges of its first column, a bigint.  Raises when there is none.
 */
extern Oid	kycvs_partition_find(Relation parent, int64 key);

/* The part of a partitioned index that belongs to this partition. */
extern Oid	kycvs_partition_index(Relation partition, Oid parent_index);

#endif							/* KYCVS_PARTITION_H */
