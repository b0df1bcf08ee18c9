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

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "channel.h"
#include "commands/dbcommands.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "refusal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define COLUMNS 7				/* of the view; the table has one more, who loaded it */

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

	if (!checked && kycvs_channel_find(get_database_name(MyDatabaseId)) < 0)
		kycvs_raise_code(KV_NO_AUTHORITY);
	checked = true;
}

static void
add_row(Relation table, HeapTuple loaded, TupleDesc loaded_desc)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	NameData	loader;

	if (slot->tts_tupleDescriptor->natts != COLUMNS + 1)
		elog(ERROR, "table \"intake\" has not the columns of this version");
	namestrcpy(&loader, GetUserNameFromId(GetSessionUserId(), false));
	heap_deform_tuple(loaded, loaded_desc, slot->tts_values, slot->tts_isnull);
	slot->tts_values[COLUMNS] = NameGetDatum(&loader);
	slot->tts_isnull[COLUMNS] = false;
	ExecStoreVirtualTuple(slot);
	simple_table_tuple_insert(table, slot);
	ExecDropSingleTupleTableSlot(slot);
}

PG_FUNCTION_INFO_V1(kycvs_load_intake);
Datum
kycvs_load_intake(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	table;

	check_call(fcinfo);
	check_database();
	table = table_open(get_relname_relid("intake", get_namespace_oid("kycvs_data", false)), RowExclusiveLock);
	add_row(table, trigger->tg_trigtuple, RelationGetDescr(trigger->tg_relation));
	table_close(table, NoLock);
	return PointerGetDatum(trigger->tg_trigtuple);
}
