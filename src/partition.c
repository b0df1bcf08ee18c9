/*
 * partition.c
 *	  Which partition of a table holds a key.
 *
 * The server's own description of the partitions is asked, so partitions may be
 * split, moved and attached as anywhere, as long as they are ranges of the key.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/partition.h"
#include "catalog/pg_type_d.h"
#include "partition.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/partcache.h"
#include "utils/rel.h"

/* Others could be had, but none is ours. */
static void
check_partitioning(Relation parent, PartitionKey key)
{
	if (key == NULL || key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
		key->partattrs[0] != 1 || key->parttypid[0] != INT8OID)
		elog(ERROR, "table \"%s\" is not partitioned by ranges of its key", RelationGetRelationName(parent));
}

Oid
kycvs_partition_find(Relation parent, int64 key)
{
	PartitionKey by = RelationGetPartitionKey(parent);
	PartitionDesc desc;
	Datum		values[1] = {Int64GetDatum(key)};
	bool		equal;
	int			bound;
	int			partition;

	check_partitioning(parent, by);
	desc = RelationGetPartitionDesc(parent, true);
	if (desc->nparts == 0)
		elog(ERROR, "table \"%s\" has no partitions", RelationGetRelationName(parent));
	bound = partition_range_datum_bsearch(by->partsupfunc, by->partcollation, desc->boundinfo, 1, values, &equal);
	partition = desc->boundinfo->indexes[bound + 1];
	if (partition < 0)
		partition = desc->boundinfo->default_index;
	if (partition < 0 || !desc->is_leaf[partition])
		elog(ERROR, "table \"%s\" has no partition for a key", RelationGetRelationName(parent));
	return desc->oids[partition];
}

Oid
kycvs_partition_index(Relation partition, Oid parent_index)
{
	Oid			index = index_get_partition(partition, parent_index);

	if (!OidIsValid(index))
		elog(ERROR, "partition \"%s\" has not the indexes of its table", RelationGetRelationName(partition));
	return index;
}
