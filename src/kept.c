/*
 * kept.c
 *	  What was found in small tables, kept until one of them changes.
 *
 * Entities, purposes, notices, texts, routes and rules are read by every exchange
 * and changed once a month.  The authority keeps what its searches have found in
 * them, by index and keys, also that there was nothing.  None of those keys may
 * depend on a person: that a row is not kept yet can be seen by its table's lock,
 * which every role can read.  So products are not among them.
 *
 * What is kept is forgotten as the server's own caches are, by invalidation
 * messages.  A trigger of each of these tables sends one for whatever is written
 * to it, by whomever; whoever changes its definition sends one anyway.  A
 * transaction's messages go out when it has committed and before its client is
 * told; this process takes them in at the latest when its next transaction
 * begins.  So whoever knows that a change is committed, and asks then, is
 * answered by the new state.
 *
 * Two things could bring an old state back, and must not.  A search made with an
 * older snapshot than the last message is not kept: so no message may have been
 * taken in since the request's snapshot was taken.  What a request has written
 * itself, and seen, may be undone; but writing sends a message to oneself, and
 * undoing it another.
 *
 * Nothing is kept of a table whose trigger is not there, or does not fire for
 * everybody: it may have been disabled, or enabled again as an ordinary one, as
 * pg_restore --disable-triggers does.  That sends a message itself.
 *
 * Messages about other relations make the authority forget as well: that is rare,
 * and simple.
 *
 * Memory is a context of its own, which is emptied to forget.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/heaptoast.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "compat.h"
#include "fmgr.h"
#include "kept.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#define KEYS_LENGTH		96
#define SEARCHES_MAX	1024	/* then all is forgotten, for some keys are the callers' */

typedef struct KeptKey
{
	const KycvsIndex *index;
	int32		direction;
	char		keys[KEYS_LENGTH];
} KeptKey;

typedef struct KeptEntry
{
	KeptKey		key;
	KycvsKept	kept;
} KeptEntry;

static uint64 changes = 0;
static uint64 seen = 0;			/* when the request began */
static uint64 kept_since = 0;	/* what is kept holds as long as this is "changes" */
static MemoryContext context = NULL;
static HTAB *searches = NULL;

static void
note_change(Datum arg, Oid relation)
{
	changes++;
}

uint64
kycvs_relations_changed(void)
{
	if (changes == 0)
	{
		changes = 1;
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	}
	return changes;
}

void
kycvs_kept_begin(void)
{
	seen = kycvs_relations_changed();
}

static void
forget(void)
{
	HASHCTL		form = {.keysize = sizeof(KeptKey), .entrysize = sizeof(KeptEntry)};

	/* until there is a new table, nothing is kept */
	searches = NULL;
	kept_since = 0;
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "kycvs kept rows", ALLOCSET_DEFAULT_SIZES);
	else
		MemoryContextReset(context);
	form.hcxt = context;
	searches = hash_create("kycvs kept searches", 64, &form, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	kept_since = changes;
}

/* ---- keys ---- */

/* Texts as their bytes, anything else as it is passed; no two lists of keys of one index look the same. */
static bool
write_key(const KycvsArgs *args, int i, char *keys, size_t *at)
{
	Datum		value = args->values[i];
	const void *data = &value;
	uint16		length = sizeof(value);

	if (args->nulls[i] != ' ' || (args->types[i] != TEXTOID && args->types[i] != INT4OID && args->types[i] != INT2OID))
		return false;
	if (args->types[i] == TEXTOID)
	{
		if (VARATT_IS_EXTENDED(DatumGetPointer(value)) || VARSIZE_ANY_EXHDR(DatumGetPointer(value)) > KEYS_LENGTH)
			return false;
		data = VARDATA_ANY(DatumGetPointer(value));
		length = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	}
	if (*at + sizeof(length) + length > KEYS_LENGTH)
		return false;
	memcpy(keys + *at, &length, sizeof(length));
	memcpy(keys + *at + sizeof(length), data, length);
	*at += sizeof(length) + length;
	return true;
}

static bool
make_key(const KycvsIndex *index, const KycvsArgs *args, ScanDirection direction, KeptKey *key)
{
	size_t		at = 0;
	int			i;

	memset(key, 0, sizeof(*key));
	key->index = index;
	key->direction = direction;
	for (i = 0; i < args->n; i++)
		if (!write_key(args, i, key->keys, &at))
			return false;
	return true;
}

/* ---- searches ---- */

bool
kycvs_kept_usable(const KycvsArgs *keys)
{
	KeptKey		key;

	return seen == changes && seen != 0 && make_key(NULL, keys, ForwardScanDirection, &key);
}

bool
kycvs_kept_watched(Relation relation)
{
	const TriggerDesc *all = relation->trigdesc;
	int			i;

	for (i = 0; all != NULL && i < all->numtriggers; i++)
	{
		const Trigger *trigger = &all->triggers[i];

		if (strcmp(trigger->tgname, "kept_changed") == 0)
			return trigger->tgenabled == TRIGGER_FIRES_ALWAYS &&
				trigger->tgtype == (TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE) &&
				trigger->tgnattr == 0 && trigger->tgqual == NULL;
	}
	return false;
}

const KycvsKept *
kycvs_kept_find(const KycvsIndex *index, const KycvsArgs *keys, ScanDirection direction)
{
	KeptKey		key;
	KeptEntry  *entry;

	if (kept_since != changes || !make_key(index, keys, direction, &key))
		return NULL;
	entry = hash_search(searches, &key, HASH_FIND, NULL);
	return entry != NULL ? &entry->kept : NULL;
}

/* A column that is stored apart is brought in: what it points to may be gone later. */
static HeapTuple
copy_tuple(HeapTuple tuple, TupleDesc desc)
{
	return HeapTupleHasExternal(tuple) ? toast_flatten_tuple(tuple, desc) : heap_copytuple(tuple);
}

static void
copy_rows(KycvsKept *kept, TupleDesc desc, const HeapTuple *tuples, int n)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	int			i;

	kept->n = 0;
	kept->desc = CreateTupleDescCopyConstr(desc);
	kept->tuples = palloc(Max(n, 1) * sizeof(HeapTuple));
	for (i = 0; i < n; i++)
		kept->tuples[i] = copy_tuple(tuples[i], desc);
	kept->n = n;
	MemoryContextSwitchTo(before);
}

/* NULL when it may not be kept: it has been read, and must be read again. */
const KycvsKept *
kycvs_keep(const KycvsIndex *index, const KycvsArgs *keys, ScanDirection direction,
		   TupleDesc desc, const HeapTuple *tuples, int n)
{
	KycvsKept	kept = {0};
	KeptKey		key;
	KeptEntry  *entry;

	if (seen != changes || !make_key(index, keys, direction, &key))
		return NULL;
	if (kept_since != changes || hash_get_num_entries(searches) >= SEARCHES_MAX)
		forget();
	copy_rows(&kept, desc, tuples, n);
	/* a message may have come meanwhile, when a column was brought in */
	if (seen != changes)
		return NULL;
	entry = hash_search(searches, &key, HASH_ENTER, NULL);
	entry->kept = kept;
	return &entry->kept;
}

/* ---- the trigger ---- */

PG_FUNCTION_INFO_V1(kycvs_kept_changed);
Datum
kycvs_kept_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("kycvs_data.kept_changed() is a trigger after a row was written")));
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
