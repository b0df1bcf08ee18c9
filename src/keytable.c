/*
 * keytable.c
 *	  Reads kycvs_data.registry and kycvs_data.signing_key without SQL.
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
 * Both hold a handful of rows and are read from end to end.
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

static Datum
get_column(const TableReader *reader, const char *name)
{
	AttrNumber	column = get_attnum(RelationGetRelid(reader->relation), name);
	bool		isnull = true;
	Datum		value = (Datum) 0;

	if (column > 0)
		value = heap_getattr(reader->tuple, column, RelationGetDescr(reader->relation), &isnull);
	if (isnull)
		elog(ERROR, "column \"%s\" of table \"%s\" is missing or null",
			 name, RelationGetRelationName(reader->relation));
	return value;
}

static void
get_coordinate(const TableReader *reader, const char *name, uint8 coordinate[32])
{
	bytea	   *bytes = DatumGetByteaPP(get_column(reader, name));

	if (VARSIZE_ANY_EXHDR(bytes) != 32)
		elog(ERROR, "public key of unexpected length");
	memcpy(coordinate, VARDATA_ANY(bytes), 32);
}

static KycvsKeyState
state_from_name(const char *name)
{
	if (strcmp(name, "pending") == 0)
		return KYCVS_KEY_PENDING;
	if (strcmp(name, "active") == 0)
		return KYCVS_KEY_ACTIVE;
	if (strcmp(name, "retired") == 0)
		return KYCVS_KEY_RETIRED;
	return KYCVS_KEY_REVOKED;	/* also what we don't know: it verifies nothing */
}

static void
read_key(const TableReader *reader, KycvsKnownKey *key)
{
	memset(key, 0, sizeof(*key));
	strlcpy(key->kid, TextDatumGetCString(get_column(reader, "kid")), sizeof(key->kid));
	key->public_key.alg = kycvs_alg_from_name(TextDatumGetCString(get_column(reader, "alg")));
	get_coordinate(reader, "x", key->public_key.x);
	get_coordinate(reader, "y", key->public_key.y);
	key->state = state_from_name(TextDatumGetCString(get_column(reader, "state")));
	key->created_at = DatumGetTimestampTz(get_column(reader, "created_at"));
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

bool
kycvs_keytable_read(KycvsKeyList *list)
{
	TableReader reader;
	int			room = 8;

	list->issuer = read_issuer();
	list->n = 0;
	list->keys = NULL;
	if (list->issuer == NULL || !begin_reading(&reader, "signing_key"))
		return false;
	list->keys = palloc(room * sizeof(KycvsKnownKey));
	while (read_row(&reader))
	{
		if (list->n == room)
		{
			room *= 2;
			list->keys = repalloc(list->keys, room * sizeof(KycvsKnownKey));
		}
		read_key(&reader, &list->keys[list->n++]);
	}
	end_reading(&reader);
	qsort(list->keys, list->n, sizeof(KycvsKnownKey), compare_keys);
	return true;
}
