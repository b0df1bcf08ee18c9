/*
 * session.c
 *	  The session of a worker: its database, its settings, its role.
 *
 * A worker can connect only once in its life.  It tries its database at once;
 * when that fails it dies of it and is started again after a second, and then
 * waits attached to no database until there is one to connect to.  That is the
 * authority; the other worker connects when the authority has.
 *
 * The role is changed outside any transaction: inside one, an abort would give
 * the superuser back that the worker connected as.  The server wants security
 * restrictions to begin inside, so those are set anew in each transaction; an
 * abort ends them, and leaves the role.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_namespace.h"
#include "channel.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "session.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/wait_event.h"

#define DATABASE_POLL_MS 500

static Oid	owner = InvalidOid;
static Oid	entered = InvalidOid;	/* the schema; the same as long as it is the same installation */
static const char *lock_timeout = "1s";

static const char *const pinned[][2] = {
	{"search_path", "pg_catalog"},
	{"exit_on_error", "off"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"statement_timeout", "0"},
	{"idle_in_transaction_session_timeout", "0"},
	{"transaction_timeout", "0"},
	{"standard_conforming_strings", "on"},
	{"max_parallel_workers_per_gather", "0"},
	{"TimeZone", "UTC"},
	{"DateStyle", "ISO, YMD"},
	{"IntervalStyle", "postgres"},
	{"bytea_output", "hex"},
	{"xmloption", "content"},
	{"row_security", "off"},
	{"session_replication_role", "origin"},
	{"default_table_access_method", "heap"},
	{"enable_seqscan", "off"},
	{"enable_indexscan", "on"},
	{"enable_indexonlyscan", "on"},
	{"enable_bitmapscan", "on"},
	{"enable_nestloop", "on"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"enable_sort", "on"},
	{"plan_cache_mode", "force_generic_plan"},
	{"jit", "off"},
	{"commit_delay", "0"},
	{"debug_print_parse", "off"},
	{"debug_print_rewritten", "off"},
	{"debug_print_plan", "off"},
	{"log_parser_stats", "off"},
	{"log_planner_stats", "off"},
	{"log_executor_stats", "off"},
	{"log_statement_stats", "off"},
	{"auto_explain.log_min_duration", "-1"},
};

/* Some settings exist in newer servers only, or where a module is loaded. */
static void
pin(const char *name, const char *value)
{
	if (GetConfigOption(name, true, false) != NULL)
		SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

/* A few settings have no built-in value that could be set; what can't be restored is said in the log. */
static void
restore(const char *name, const char *value)
{
	if (value != NULL)
		(void) set_config_option(name, value, PGC_SUSET, PGC_S_OVERRIDE, GUC_ACTION_SET, true, LOG, false);
}

/*
 * Everything that ALTER DATABASE ... SET or ALTER ROLE ... SET has changed goes
 * back to what the configuration files say, or to the built-in value.
 */
static void
restore_settings(void)
{
	uint64		row;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute("SELECT s.name, coalesce(f.setting, s.boot_val)"
					" FROM pg_catalog.pg_settings s LEFT JOIN pg_catalog.pg_file_settings f ON f.name = s.name AND f.applied"
					" WHERE s.source IN ('database', 'user', 'database user', 'global') AND s.context IN ('user', 'superuser')",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the settings");
	for (row = 0; row < SPI_processed; row++)
		restore(SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1),
				SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 2));
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/*
 * Done as the superuser, for one of those settings is "role".  What fails here
 * is logged, and the authority goes on with what is pinned: nobody's setting
 * may keep it from starting.
 */
static void
drop_foreign_settings(void)
{
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, 0);
	PG_TRY();
	{
		restore_settings();
	}
	PG_CATCH();
	{
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
}

void
kycvs_session_pin(void)
{
	int			i;

	for (i = 0; i < lengthof(pinned); i++)
		pin(pinned[i][0], pinned[i][1]);
	pin("lock_timeout", lock_timeout);
	if (synchronous_commit < SYNCHRONOUS_COMMIT_ON)
		pin("synchronous_commit", "on");
}

static bool
database_exists(const char *name)
{
	bool		exists;

	StartTransactionCommand();
	exists = OidIsValid(get_database_oid(name, true));
	CommitTransactionCommand();
	return exists;
}

/* Never returns: a worker that is attached to no database must die to be attached to one. */
static void
wait_for_database(int authority, const char *name)
{
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	kycvs_channel_set_stage(authority, KYCVS_STAGE_NO_DATABASE);
	pgstat_report_activity(STATE_IDLE, "waiting for CREATE DATABASE");
	while (!database_exists(name))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, DATABASE_POLL_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	proc_exit(1);
}

/* Its settings are pinned before, so that the look itself is safe, and after, since it undoes some of it. */
static void
settle(void)
{
	kycvs_session_pin();
	drop_foreign_settings();
	kycvs_session_pin();
}

void
kycvs_session_connect_beside(int authority)
{
	/* less than deadlock_timeout: who waits for us, as DROP EXTENSION does, is not the one to fail */
	lock_timeout = "500ms";
	BackgroundWorkerInitializeConnection(kycvs_channel_database(authority), NULL, BGWORKER_BYPASS_ALLOWCONN);
	settle();
}

void
kycvs_session_connect(int authority)
{
	const char *name = kycvs_channel_database(authority);

	if (kycvs_channel_connecting(authority, true))
	{
		kycvs_channel_connecting(authority, false);
		wait_for_database(authority, name);
	}
	BackgroundWorkerInitializeConnection(name, NULL, BGWORKER_BYPASS_ALLOWCONN);
	kycvs_channel_connecting(authority, false);
	settle();
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(WARNING,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("database \"%s\" cannot be a kycvs registry: its encoding is not UTF8", name)));
}

/* The schema of the installed extension, owned by kycvs_owner; else invalid. */
static Oid
find_schema(void)
{
	Oid			schema = get_namespace_oid("kycvs_data", true);
	Oid			extension = get_extension_oid("kycvs", true);
	HeapTuple	tuple;
	Oid			schema_owner;

	owner = get_role_oid("kycvs_owner", true);
	if (!OidIsValid(schema) || !OidIsValid(extension) || !OidIsValid(owner) || GetDatabaseEncoding() != PG_UTF8)
		return InvalidOid;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	schema_owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	if (schema_owner != owner || getExtensionOfObject(NamespaceRelationId, schema) != extension)
		return InvalidOid;
	return schema;
}

Oid
kycvs_session_owner(void)
{
	return owner;
}

bool
kycvs_session_unchanged(void)
{
	return OidIsValid(entered) && get_namespace_oid("kycvs_data", true) == entered;
}

bool
kycvs_session_enter(bool *changed)
{
	Oid			schema;

	*changed = false;
	StartTransactionCommand();
	if (kycvs_session_unchanged())
	{
		CommitTransactionCommand();
		return true;
	}
	schema = find_schema();
	CommitTransactionCommand();
	if (OidIsValid(schema))
		SetUserIdAndSecContext(owner, 0);
	else
		SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, 0);
	*changed = schema != entered;
	entered = schema;
	return OidIsValid(schema);
}
