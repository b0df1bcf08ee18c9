/*
 * keytable.c
 *	  Reads kycvs_data.registry, signing_key and trusted_key without SQL.
 *
 * Anyone may verify a document, and nobody but the owner may read our tables.
 * So they are read here with the table access methods, which ask for no
 * privilege and, unlike a query run as the owner, open no way to anything else:
 * what leaves is public by nature.
 *
 * The snapshot is the newest, not the caller's: a key revoked a moment ago
 * verifies nothing, also in a transaction that began yesterday.  The locks are
 * given back at once, so that no caller can keep one on our tables; there is
 * nothing they would have to protect until the transaction ends.
 *
 * The tables are found by name.  The schema belongs to the extension: where it
 * exists, it is the one that CREATE EXTENSION made, whatever search_path says.
 * They hold a handful of rows and are read from end to end.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "keytable.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#define KEYTABLE_SCHEMA "kycvs_data"

/* A scan of one of our tables and what it needs. */
typedef struct TableReader
{
	Relation	relation;
	Snapshot	snapshot;
	SysScanDesc scan;
	HeapTuple	tuple;			/* the current row */
} TableReader;

static bool
begin_reading(TableReader *reader, const char *name)
{
	Oid			schema = get_namespace_oid(KEYTABLE_SCHEMA, true);
	Oid			table = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(table))
		return false;
	reader->relation = table_open(table, AccessShareLock);
	reader->snapshot = RegisterSnapshot(GetLatestSnapshot());
	reader->scan = systable_beginscan(reader->relation, InvalidOid, false, reader->snapshot, 0, NULL);
	return true;
}

static bool
read_row(TableReader *reader)
{
	reader->tuple = systable_getnext(reader->scan);
	return HeapTupleIsValid(reader->tuple);
}

static void
end_reading(TableReader *reader)
{
	systable_endscan(reader->scan);
	UnregisterSnapshot(reader->snapshot);
	table_close(reader->relation, AccessShareLock);
}

static bool
find_column(const TableReader *reader, const char *name, Datum *value)
{
	AttrNumber	column = get_attnum(RelationGetRelid(reader->relation), name);
	bool		isnull = true;

	if (column > 0)
		*value = heap_getattr(reader->tuple, column, RelationGetDescr(reader->relation), &isnull);
	return !isnull;
}

static Datum
get_column(const TableReader *reader, const char *name)
{
	Datum		value = (Datum) 0;

	if (!find_column(reader, name, &value))
		elog(ERROR, "column \"%s\" of table \"%s\" is missing or null",
			 name, RelationGetRelationName(reader->relation));
	return value;
}

static TimestampTz
get_time(const TableReader *reader, const char *name)
{
	Datum		value;

	return find_column(reader, name, &value) ? DatumGetTimestampTz(value) : DT_NOEND;
}

static void
get_coordinate(const TableReader *reader, const char *name, uint8 coordinate[32])
{
	bytea	   *bytes = DatumGetByteaPP(get_column(reader, name));

	if (VARSIZE_ANY_EXHDR(bytes) != 32)
		elog(ERROR, "public key of unexpected length");
	memcpy(coordinate, VARDATA_ANY(bytes), 32);
}

static const char *const state_names[] = {
	[KYCVS_KEY_PENDING] = "pending",
	[KYCVS_KEY_ACTIVE] = "active",
	[KYCVS_KEY_RETIRED] = "retired",
	[KYCVS_KEY_REVOKED] = "revoked",
	[KYCVS_KEY_TRUSTED] = "trusted"
};

const char *
kycvs_key_state_name(KycvsKeyState state)
{
	return state_names[state];
}

/* What we don't know verifies nothing. */
static KycvsKeyState
state_from_name(const char *name)
{
	int			state;

	for (state = KYCVS_KEY_PENDING; state <= KYCVS_KEY_RETIRED; state++)
		if (strcmp(name, state_names[state]) == 0)
			return state;
	return KYCVS_KEY_REVOKED;
}

/* What both tables of keys have. */
static void
read_public(const TableReader *reader, KycvsKnownKey *key)
{
	memset(key, 0, sizeof(*key));
	strlcpy(key->kid, TextDatumGetCString(get_column(reader, "kid")), sizeof(key->kid));
	key->public_key.alg = kycvs_alg_from_name(TextDatumGetCString(get_column(reader, "alg")));
	get_coordinate(reader, "x", key->public_key.x);
	get_coordinate(reader, "y", key->public_key.y);
	key->created_at = DatumGetTimestampTz(get_column(reader, "created_at"));
	key->activated_at = key->retired_at = key->revoked_at = key->destroyed_at = DT_NOEND;
}

static void
read_own(const TableReader *reader, KycvsKnownKey *key)
{
	read_public(reader, key);
	key->state = state_from_name(TextDatumGetCString(get_column(reader, "state")));
	key->activated_at = get_time(reader, "activated_at");
	key->retired_at = get_time(reader, "retired_at");
	key->revoked_at = get_time(reader, "revoked_at");
	key->destroyed_at = get_time(reader, "destroyed_at");
}

static KycvsKnownKey *
add_key(KycvsKeyList *list)
{
	if (list->n == 0)
		list->keys = palloc(sizeof(KycvsKnownKey));
	else
		list->keys = repalloc(list->keys, (list->n + 1) * sizeof(KycvsKnownKey));
	return &list->keys[list->n++];
}

static char *
read_issuer(void)
{
	TableReader reader;
	char	   *issuer = NULL;

	if (!begin_reading(&reader, "registry"))
		return NULL;
	if (read_row(&reader))
		issuer = TextDatumGetCString(get_column(&reader, "issuer"));
	end_reading(&reader);
	return issuer;
}

static int
compare_keys(const void *a, const void *b)
{
	const KycvsKnownKey *left = a;
	const KycvsKnownKey *right = b;

	if (left->created_at != right->created_at)
		return left->created_at < right->created_at ? -1 : 1;
	return strcmp(left->kid, right->kid);
}

static void
sort_keys(KycvsKeyList *list)
{
	if (list->n > 1)
		qsort(list->keys, list->n, sizeof(KycvsKnownKey), compare_keys);
}

bool
kycvs_keytable_read(KycvsKeyList *list)
{
	TableReader reader;

	memset(list, 0, sizeof(*list));
	list->issuer = read_issuer();
	if (list->issuer == NULL || !begin_reading(&reader, "signing_key"))
		return false;
	while (read_row(&reader))
		read_own(&reader, add_key(list));
	end_reading(&reader);
	sort_keys(list);
	return true;
}

/* The list of an issuer among those read so far, or a new one. */
static KycvsKeyList *
find_list(KycvsKeyList **lists, int *n, char *issuer)
{
	int			i;

	for (i = 0; i < *n; i++)
		if (strcmp((*lists)[i].issuer, issuer) == 0)
			return &(*lists)[i];
	*lists = *n == 0 ? palloc(sizeof(KycvsKeyList)) : repalloc(*lists, (*n + 1) * sizeof(KycvsKeyList));
	memset(&(*lists)[*n], 0, sizeof(KycvsKeyList));
	(*lists)[*n].issuer = issuer;
	return &(*lists)[(*n)++];
}

int
kycvs_keytable_read_trusted(KycvsKeyList **lists)
{
	TableReader reader;
	int			n = 0;
	int			i;

	*lists = NULL;
	if (!begin_reading(&reader, "trusted_key"))
		return 0;
	while (read_row(&reader))
	{
		char	   *issuer = TextDatumGetCString(get_column(&reader, "issuer"));
		KycvsKnownKey *key = add_key(find_list(lists, &n, issuer));

		read_public(&reader, key);
		key->state = KYCVS_KEY_TRUSTED;
	}
	end_reading(&reader);
	for (i = 0; i < n; i++)
		sort_keys(&(*lists)[i]);
	return n;
}
