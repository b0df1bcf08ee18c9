/*
 * loading.c
 *	  The trigger behind the view kycvs.intake: puts a row into kycvs_data.intake.
 *
 * Runs in the registrar's backend.  Who may insert into the view may load; on the
 * table itself nobody has a privilege, and none is asked for here.  There is
 * nothing to check yet, and nothing is looked up: rows that are wrong are rejected
 * one by one when they are taken in (intake.c).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "channel.h"
#include "commands/dbcommands.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "refusal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#define COLUMNS		7			/* of the view; the table has one more, who loaded it */
#define VALUE_MAX	512			/* bytes of one that are kept: no column may have as many */

static void
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_INSTEAD(trigger->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		RelationGetDescr(trigger->tg_relation)->natts != COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("kycvs.load_intake() is the trigger of the view kycvs.intake alone")));
}

/* Where no maintenance works, rows would lie readable for ever. */
static void
check_database(void)
{
	static bool checked = false;
	int			authority;
	KycvsAuthorityInfo info;
	KycvsRefusal refusal;

	if (checked)
		return;
	authority = kycvs_channel_find(get_database_name(MyDatabaseId));
	if (authority < 0)
		kycvs_raise_code(KV_NO_AUTHORITY);
	if (!kycvs_channel_info(authority, &info) || !info.maintained)
	{
		kycvs_refuse_reason(&refusal, KV_NO_AUTHORITY, "maintenance is not running, which would take the rows in");
		kycvs_raise(&refusal);
	}
	checked = true;
}

static Relation
open_table(const char *name)
{
	return table_open(get_relname_relid(name, get_namespace_oid("kycvs_data", false)), RowExclusiveLock);
}

static void
add_row(Relation table, const Datum *values, const bool *nulls, int n)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);

	if (slot->tts_tupleDescriptor->natts != n)
		elog(ERROR, "table \"%s\" has not the columns of this version", RelationGetRelationName(table));
	memcpy(slot->tts_values, values, n * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, n * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	simple_table_tuple_insert(table, slot);
	ExecDropSingleTupleTableSlot(slot);
}

static void
add_row_to(const char *name, const Datum *values, int n)
{
	bool		nulls[COLUMNS] = {false};
	Relation	table = open_table(name);

	add_row(table, values, nulls, n);
	table_close(table, NoLock);
}

/*
 * Once in each transaction and subtransaction that loads, for a crash empties
 * unlogged tables: whose load stands in the logged one alone has lost its rows.
 */
static void
note_load(const NameData *loader)
{
	static TransactionId noted = InvalidTransactionId;
	TransactionId current = GetCurrentTransactionId();
	uint64		load;
	Datum		values[3];

	if (current == noted)
		return;
	if (!pg_strong_random(&load, sizeof(load)))
		elog(ERROR, "could not make a random number");
	values[0] = Int64GetDatum((int64) (load >> 1));
	values[1] = NameGetDatum(loader);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	add_row_to("intake_load", values, 3);
	add_row_to("intake_mark", values, 1);
	noted = current;
}

/* What is longer than any column may be is as wrong when it is cut, and takes no memory when it is read. */
static Datum
cut(Datum value)
{
	text	   *start;

	if (toast_raw_datum_size(value) <= VARHDRSZ + VALUE_MAX)
		return value;
	start = DatumGetTextPSlice(value, 0, VALUE_MAX);
	return PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(start), pg_mbcliplen(VARDATA_ANY(start), VARSIZE_ANY_EXHDR(start), VALUE_MAX)));
}

static void
load_row(HeapTuple loaded, TupleDesc desc)
{
	Datum		values[COLUMNS + 1];
	bool		nulls[COLUMNS + 1];
	NameData	loader;
	Relation	table;
	int			i;

	namestrcpy(&loader, GetUserNameFromId(GetSessionUserId(), false));
	heap_deform_tuple(loaded, desc, values, nulls);
	for (i = 0; i < COLUMNS; i++)
		if (!nulls[i])
			values[i] = cut(values[i]);
	values[COLUMNS] = NameGetDatum(&loader);
	nulls[COLUMNS] = false;
	table = open_table("intake");
	add_row(table, values, nulls, COLUMNS + 1);
	table_close(table, NoLock);
	note_load(&loader);
}

PG_FUNCTION_INFO_V1(kycvs_load_intake);
Datum
kycvs_load_intake(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_call(fcinfo);
	check_database();
	load_row(trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation));
	return PointerGetDatum(trigger->tg_trigtuple);
}
