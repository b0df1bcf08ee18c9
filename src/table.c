/*
 * table.c
 *	  Rows of our tables: found by an index, added and changed without SQL.
 *
 * An exchange reads and writes some thirty rows, each by a key that is known.
 * As SQL, each would start an executor for one row, which costs several times
 * what the row does; so they are read by index scans and written as the
 * server's own apply worker of logical replication writes them
 * (executor/execReplication.c): constraints are checked, indexes maintained,
 * triggers fired.  Nor is there a plan that could depend on statistics, on
 * settings or on what the tables held when it was made.
 *
 * There is no check of privileges: only the authority calls, and its tables
 * are its own.
 *
 * Visibility: a request sees what was committed when it began (its active
 * snapshot) and all that it wrote itself; after each write the snapshot is
 * moved on to the next command.
 *
 * Tables are opened when a transaction first needs them, by its own resource
 * owner and memory, not by those of the request's subtransaction: so they stay
 * open for the requests that follow, also when this one fails.  Locks are kept
 * to the end of the transaction.  Everything else - scans, slots, rows - belongs
 * to the request.
 *
 * A row of a partitioned table is looked for, and added, in the partition that
 * its first column names.  What is known of partitions is kept by their OID.
 *
 * Rows are found in scan.c.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "compat.h"
#include "executor/executor.h"
#include "kept.h"
#include "partition.h"
#include "storage/lmgr.h"
#include "table.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#define SCHEMA			"kycvs_data"
#define OPEN_MAX		512		/* tables in one transaction, partitions each for itself */

typedef struct PartitionEntry
{
	Oid			relid;			/* key */
	KycvsTable	table;
} PartitionEntry;

typedef struct PartitionIndexKey
{
	KycvsIndex *parent;
	KycvsTable *partition;
} PartitionIndexKey;

typedef struct PartitionIndexEntry
{
	PartitionIndexKey key;
	KycvsIndex	index;
	uint64		found_at;		/* as long as no relation has changed since, it is the right one */
} PartitionIndexEntry;

static KycvsTable *open_tables[OPEN_MAX];
static int	nopen_tables = 0;
static KycvsIndex *open_indexes[OPEN_MAX];
static int	nopen_indexes = 0;
static EState *estate = NULL;	/* of the transaction's writes */
static HTAB *partitions = NULL;
static HTAB *partition_indexes = NULL;
static bool patient = false;	/* rows that another process holds are waited for */

/* ---- opening ---- */

/* What is opened between these two lives as long as the transaction.  An error in between is set right by the abort. */
static ResourceOwner
enter_transaction(MemoryContext *context)
{
	ResourceOwner owner = CurrentResourceOwner;

	*context = MemoryContextSwitchTo(TopTransactionContext);
	CurrentResourceOwner = TopTransactionResourceOwner;
	return owner;
}

static void
leave_transaction(ResourceOwner owner, MemoryContext context)
{
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(context);
}

static Oid
find_relation(const char *name)
{
	Oid			relation = get_relname_relid(name, get_namespace_oid(SCHEMA, false));

	if (!OidIsValid(relation))
		elog(ERROR, "relation \"%s\" does not exist", name);
	return relation;
}

/* Columns are addressed by number, so their names are looked at once. */
static void
check_columns(KycvsTable *table)
{
	TupleDesc	desc = RelationGetDescr(table->relation);
	int			i;

	if (desc->natts != table->ncolumns)
		elog(ERROR, "table \"%s\" has not the columns of this version", table->name);
	for (i = 0; i < desc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), table->columns[i + 1]) != 0)
			elog(ERROR, "table \"%s\" has not the columns of this version", table->name);
	table->known = RelationGetRelid(table->relation);
	table->sequence = InvalidOid;
}

/*
 * Names are looked up anew when any relation has changed since this one was
 * opened: while it is open, REINDEX CONCURRENTLY may give its name to another.
 */
static Oid
name_relation(const char *name, Oid relid, Oid known, uint64 known_at)
{
	if (OidIsValid(relid))
		return relid;
	return known_at == kycvs_relations_changed() ? known : find_relation(name);
}

static void
open_table(KycvsTable *table)
{
	uint64		now = kycvs_relations_changed();
	bool		opened = table->relation == NULL;
	MemoryContext context;
	ResourceOwner owner;

	if (opened)
	{
		if (nopen_tables == OPEN_MAX)
			elog(ERROR, "too many tables");
		owner = enter_transaction(&context);
		table->relation = table_open(name_relation(table->name, table->relid, table->known, table->known_at), AccessShareLock);
		open_tables[nopen_tables++] = table;
		leave_transaction(owner, context);
	}
	if (RelationGetRelid(table->relation) != table->known)
		check_columns(table);
	if (opened)
		table->known_at = now;
}

/* Locks a table for writing, and its indexes: what may fail comes before anything is opened. */
static void
lock_target(Relation relation)
{
	List	   *indexes;
	ListCell   *cell;

	LockRelationOid(RelationGetRelid(relation), RowExclusiveLock);
	indexes = RelationGetIndexList(relation);
	foreach(cell, indexes)
		LockRelationOid(lfirst_oid(cell), RowExclusiveLock);
	list_free(indexes);
}

/* A target that is not whole must not be found later: rows would be written past its indexes. */
static void
open_target(KycvsTable *table)
{
	MemoryContext context;
	ResourceOwner owner;
	ResultRelInfo *target;

	open_table(table);
	if (table->target != NULL)
		return;
	owner = enter_transaction(&context);
	lock_target(table->relation);
	if (estate == NULL)
		estate = CreateExecutorState();
	target = makeNode(ResultRelInfo);
	InitResultRelInfo(target, table->relation, 0, NULL, 0);
	ExecOpenIndices(target, false);
	table->target = target;
	leave_transaction(owner, context);
}

StrategyNumber
kycvs_index_strategy(const KycvsIndex *index, int key)
{
	return key == index->nkeys - 1 ? index->last : BTEqualStrategyNumber;
}

/* The procedures that compare its keys. */
static void
find_procedures(KycvsIndex *index)
{
	Relation	relation = index->relation;
	int			i;

	Assert(index->nkeys <= KYCVS_KEYS_MAX);
	if (index->nkeys > IndexRelationGetNumberOfKeyAttributes(relation))
		elog(ERROR, "index \"%s\" has not the columns of this version", index->name);
	for (i = 0; i < index->nkeys; i++)
	{
		Oid			type = relation->rd_opcintype[i];

		index->procedures[i] = get_opcode(get_opfamily_member(relation->rd_opfamily[i], type, type,
															  kycvs_index_strategy(index, i)));
		if (!RegProcedureIsValid(index->procedures[i]))
			elog(ERROR, "index \"%s\" is not a btree", index->name);
	}
	index->known = RelationGetRelid(relation);
}

static void
open_index(KycvsIndex *index)
{
	uint64		now = kycvs_relations_changed();
	bool		opened = index->relation == NULL;
	MemoryContext context;
	ResourceOwner owner;

	open_table(index->table);
	if (opened)
	{
		if (nopen_indexes == OPEN_MAX)
			elog(ERROR, "too many indexes");
		owner = enter_transaction(&context);
		index->relation = index_open(name_relation(index->name, index->relid, index->known, index->known_at), AccessShareLock);
		open_indexes[nopen_indexes++] = index;
		leave_transaction(owner, context);
	}
	if (RelationGetRelid(index->relation) != index->known)
		find_procedures(index);
	if (opened)
		index->known_at = now;
}

/* ---- partitions ---- */

static HTAB *
make_cache(const char *name, size_t key_size, size_t entry_size)
{
	HASHCTL		info = {0};

	info.keysize = key_size;
	info.entrysize = entry_size;
	info.hcxt = TopMemoryContext;
	return hash_create(name, 64, &info, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* The table itself, or the partition of it that holds this key. */
static KycvsTable *
find_part(KycvsTable *table, Datum key)
{
	PartitionEntry *entry;
	Oid			relid;
	bool		found;

	if (!table->partitioned)
		return table;
	open_table(table);
	relid = kycvs_partition_find(table->relation, DatumGetInt64(key));
	if (partitions == NULL)
		partitions = make_cache("kycvs partitions", sizeof(Oid), sizeof(PartitionEntry));
	entry = hash_search(partitions, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->table = (KycvsTable) {table->name, table->columns, table->ncolumns};
		entry->table.relid = relid;
	}
	return &entry->table;
}

static void
find_index_of_partition(PartitionIndexEntry *entry, KycvsIndex *parent)
{
	KycvsTable *partition = entry->key.partition;
	uint64		now = kycvs_relations_changed();

	open_index(parent);
	open_table(partition);
	entry->index.relid = kycvs_partition_index(partition->relation, RelationGetRelid(parent->relation));
	entry->found_at = now;
}

/* The index itself, or the part of it for the partition that holds this key. */
static KycvsIndex *
find_part_of_index(KycvsIndex *index, Datum key)
{
	PartitionIndexKey wanted = {index, find_part(index->table, key)};
	PartitionIndexEntry *entry;
	bool		found;

	if (wanted.partition == index->table)
		return index;
	if (partition_indexes == NULL)
		partition_indexes = make_cache("kycvs indexes of partitions", sizeof(PartitionIndexKey), sizeof(PartitionIndexEntry));
	entry = hash_search(partition_indexes, &wanted, HASH_ENTER, &found);
	if (!found)
	{
		entry->index = (KycvsIndex) {wanted.partition, index->name, index->nkeys, index->last, index->uncounted};
		entry->found_at = 0;
	}
	if (entry->index.relation == NULL && entry->found_at != kycvs_relations_changed())
		find_index_of_partition(entry, index);
	return &entry->index;
}

KycvsIndex *
kycvs_index_open(KycvsIndex *index, Datum key)
{
	index = find_part_of_index(index, key);
	open_index(index);
	return index;
}

void
kycvs_tables_close(void)
{
	while (nopen_indexes > 0)
	{
		KycvsIndex *index = open_indexes[--nopen_indexes];

		index_close(index->relation, NoLock);
		index->relation = NULL;
	}
	while (nopen_tables > 0)
	{
		KycvsTable *table = open_tables[--nopen_tables];

		if (table->target != NULL)
			ExecCloseIndices(table->target);
		table->target = NULL;
		table_close(table->relation, NoLock);
		table->relation = NULL;
	}
	if (estate != NULL)
		FreeExecutorState(estate);
	estate = NULL;
}

/* ---- writing ---- */

/* Makes what was written visible to what follows. */
static void
step_on(void)
{
	ResetPerTupleExprContext(estate);
	CommandCounterIncrement();
	UpdateActiveSnapshotCommandId();
}

void
kycvs_row_add(KycvsTable *table, const KycvsArgs *columns)
{
	TupleTableSlot *slot;
	TupleDesc	desc;
	int			i;

	table = find_part(table, columns->values[0]);
	open_target(table);
	desc = RelationGetDescr(table->relation);
	if (columns->n != desc->natts)
		elog(ERROR, "table \"%s\" has another number of columns", table->name);
	slot = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	for (i = 0; i < columns->n; i++)
	{
		if (columns->types[i] != TupleDescAttr(desc, i)->atttypid)
			elog(ERROR, "column \"%s\" of table \"%s\" is of another type", table->columns[i + 1], table->name);
		slot->tts_values[i] = columns->values[i];
		slot->tts_isnull[i] = columns->nulls[i] != ' ';
	}
	ExecStoreVirtualTuple(slot);
	AfterTriggerBeginQuery();
	ExecSimpleRelationInsert(table->target, estate, slot);
	AfterTriggerEndQuery(estate);
	ExecDropSingleTupleTableSlot(slot);
	step_on();
}

void
kycvs_rows_wait(void)
{
	patient = true;
}

void
kycvs_row_lock(const KycvsRow *row)
{
	ItemPointerData tid = row->tuple->t_self;
	TupleTableSlot *slot;
	TM_FailureData failure;
	TM_Result	result;

	open_target(row->table);
	slot = table_slot_create(row->table->relation, NULL);
	result = table_tuple_lock(row->table->relation, &tid, GetActiveSnapshot(), slot, GetCurrentCommandId(false),
							  LockTupleNoKeyExclusive, patient ? LockWaitBlock : LockWaitSkip, 0, &failure);
	ExecDropSingleTupleTableSlot(slot);
	if (result != TM_Ok)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("a row of table \"%s\" was changed by another process meanwhile", row->table->name)));
}

/* The row may be set and saved again. */
void
kycvs_row_save(KycvsRow *row)
{
	EPQState	epqstate;
	TupleTableSlot *old;
	TupleTableSlot *new;
	TupleDesc	desc;

	open_target(row->table);
	desc = RelationGetDescr(row->table->relation);
	old = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(row->tuple, old, false);
	new = MakeSingleTupleTableSlot(desc, &TTSOpsVirtual);
	memcpy(new->tts_values, row->values, desc->natts * sizeof(Datum));
	memcpy(new->tts_isnull, row->nulls, desc->natts * sizeof(bool));
	ExecStoreVirtualTuple(new);
	KYCVS_EPQ_INIT(&epqstate, estate);
	AfterTriggerBeginQuery();
	ExecSimpleRelationUpdate(row->table->target, estate, &epqstate, old, new);
	AfterTriggerEndQuery(estate);
	row->tuple->t_self = new->tts_tid;
	ExecDropSingleTupleTableSlot(new);
	ExecDropSingleTupleTableSlot(old);
	step_on();
}

int64
kycvs_table_next_id(KycvsTable *table)
{
	open_table(table);
	if (!OidIsValid(table->sequence))
		table->sequence = KYCVS_IDENTITY_SEQUENCE(table->relation, 1);
	return nextval_internal(table->sequence, false);
}
