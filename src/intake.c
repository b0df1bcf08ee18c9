/*
 * intake.c
 *	  Persons and doses by the million: rows of kycvs.intake become records.
 *
 * Registrars COPY rows into a view, one a dose, whose trigger (loading.c) puts them
 * into an unlogged table.  Each step here takes the rows of some blocks out of it
 * and makes records of them (takein.c), in one transaction: so a row is either
 * still there or taken in, and after a crash, which empties unlogged tables, the
 * same file is loaded again.
 *
 * Rows of a step are sorted by mobile, so that each family is read once, and the
 * tables and indexes are gone through in their order.
 *
 * The authority may write at the same time.  Both number the persons of a mobile
 * by what they see, and where they choose the same number the later one fails on
 * the primary key; both add doses to the row they see, and the later one fails
 * when it is no more what it was.  Here the step is then repeated.
 *
 * What cannot be taken in leaves its reference and a reason, nothing else.  When
 * all is taken in, the table is truncated: only then are the rows gone from disk.
 *
 * Memory: everything belongs to the step, in the context of its transaction.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/table.h"
#include "audit.h"
#include "call.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "commands/dbcommands.h"
#include "intake.h"
#include "intakerow.h"
#include "miscadmin.h"
#include "statement.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "storage/lmgr.h"
#include "takein.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#define BLOCKS_PER_STEP	64

static KycvsStatement take_rows = {
	"DELETE FROM kycvs_data.intake WHERE ctid >= $1 AND ctid < $2"
	" RETURNING reference, mobile, name, birth_year, product, given_on, batch, loaded_by::text"
};
static KycvsStatement find_pause = {
	"SELECT 1 FROM kycvs_data.intake_pause"
};
static KycvsStatement find_rest = {
	"SELECT 1 FROM kycvs_data.intake LIMIT 1"
};
static KycvsStatement empty_table = {
	"TRUNCATE kycvs_data.intake"
};
static KycvsStatement find_load = {
	"SELECT 1 FROM kycvs_data.intake_load LIMIT 1"
};
/* all loads, or those that have lost their rows */
static KycvsStatement forget_loads = {
	"DELETE FROM kycvs_data.intake_load AS l"
	" WHERE $1 OR NOT EXISTS (SELECT FROM kycvs_data.intake_mark AS m WHERE m.load = l.load)"
};
static KycvsStatement forget_marks = {
	"DELETE FROM kycvs_data.intake_mark AS m"
	" WHERE NOT EXISTS (SELECT FROM kycvs_data.intake_load AS l WHERE l.load = m.load)"
};
static KycvsStatement begin_run = {
	"INSERT INTO kycvs_data.intake_run (started_at, updated_at)"
	" SELECT $1, $1 WHERE NOT EXISTS (SELECT FROM kycvs_data.intake_run WHERE finished_at IS NULL)"
};
static KycvsStatement find_run = {
	"SELECT 1 FROM kycvs_data.intake_run WHERE finished_at IS NULL"
};
static KycvsStatement advance_run = {
	"UPDATE kycvs_data.intake_run SET rows_done = rows_done + $2, persons = persons + $3, doses = doses + $4,"
	" rejected = rejected + $5, rows_left = $6, busy = busy + $7, updated_at = $1 WHERE finished_at IS NULL"
};
static KycvsStatement end_run = {
	"UPDATE kycvs_data.intake_run SET finished_at = $1, rows_left = 0 WHERE finished_at IS NULL"
};
/* over, or to be marked as such at its end */
static KycvsStatement interrupt_run = {
	"UPDATE kycvs_data.intake_run SET interrupted = true, finished_at = CASE WHEN $2 THEN $1 END WHERE finished_at IS NULL"
};

/* How far this pass over the table has come. */
static BlockNumber next_block = 0;

/* Whether what a crash has emptied was looked for. */
static bool settled = false;

void
kycvs_intake_restart(void)
{
	next_block = 0;
	settled = false;
}

/* ---- one step ---- */

/* A row of the audit for each registrar whose rows these were, with how many. */
static void
audit_rows(const KycvsIntakeRow *rows, int n, TimestampTz now)
{
	KycvsRequest *request = palloc0(sizeof(KycvsRequest));
	KycvsAudit	audit;
	int			i = 0;

	request->op = KYCVS_OP_INTAKE;
	strlcpy(NameStr(request->caller.database), get_database_name(MyDatabaseId), NAMEDATALEN);
	while (i < n)
	{
		const char *loader = rows[i].loaded_by;
		Oid			role = get_role_oid(loader, true);
		int			count = 0;

		for (; i < n && strcmp(rows[i].loaded_by, loader) == 0; i++)
			count++;
		kycvs_audit_init(&audit);
		audit.object = count;
		request->caller.user = request->caller.session_user = request->caller.outer_user = role;
		kycvs_audit_append(&audit, request, 0, now);
	}
}

static void
bind_block(KycvsArgs *args, BlockNumber block)
{
	ItemPointer tid = palloc(sizeof(ItemPointerData));

	ItemPointerSet(tid, block, 0);
	kycvs_bind_datum(args, TIDOID, PointerGetDatum(tid));
}

static KycvsIntakeRow *
fetch_rows(BlockNumber from, BlockNumber to, int *n)
{
	KycvsArgs	args = {0};
	KycvsIntakeRow *rows;
	int			i;

	bind_block(&args, from);
	bind_block(&args, to);
	*n = (int) kycvs_run(&take_rows, &args);
	rows = palloc0((*n + 1) * sizeof(KycvsIntakeRow));
	for (i = 0; i < *n; i++)
		kycvs_intake_read(&rows[i], i);
	return rows;
}

static int64
busy_since(TimestampTz started)
{
	return GetCurrentTimestamp() - started;
}

static void
open_run(TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_time(&args, now);
	kycvs_run(&begin_run, &args);
}

static void
write_progress(const KycvsTally *tally, int64 rows_left, TimestampTz now, TimestampTz started)
{
	KycvsArgs	args = {0};
	Interval   *busy = palloc0(sizeof(Interval));

	open_run(now);
	busy->time = busy_since(started);
	kycvs_bind_time(&args, now);
	kycvs_bind_int8(&args, tally->rows);
	kycvs_bind_int8(&args, tally->persons);
	kycvs_bind_int8(&args, tally->doses);
	kycvs_bind_int8(&args, tally->rejected);
	kycvs_bind_int8(&args, rows_left);
	kycvs_bind_datum(&args, INTERVALOID, IntervalPGetDatum(busy));
	kycvs_run(&advance_run, &args);
}

/* Blocks of the table, by its own account. */
static BlockNumber
count_blocks(void)
{
	Oid			relid = get_relname_relid("intake", get_namespace_oid("kycvs_data", false));
	Relation	relation = table_open(relid, AccessShareLock);
	BlockNumber blocks = RelationGetNumberOfBlocks(relation);

	table_close(relation, NoLock);
	return blocks;
}

/* How many loads were forgotten. */
static uint64
forget(bool all)
{
	KycvsArgs	args = {0};
	KycvsArgs	none = {0};
	uint64		forgotten;

	kycvs_bind_bool(&args, all);
	forgotten = kycvs_run(&forget_loads, &args);
	kycvs_run(&forget_marks, &none);
	return forgotten;
}

/*
 * A pass is over.  Rows that were being loaded when it passed them wait for the
 * next one; when there is none left, the table is truncated - unless somebody
 * is loading just now, for nobody waits for anybody here.
 */
static KycvsIntakeState
end_pass(TimestampTz now)
{
	KycvsArgs	none = {0};
	KycvsArgs	args = {0};

	next_block = 0;
	if (kycvs_run(&find_rest, &none) > 0)
		return KYCVS_INTAKE_WORKED;
	if (!ConditionalLockRelationOid(get_relname_relid("intake", get_namespace_oid("kycvs_data", false)), AccessExclusiveLock))
		return KYCVS_INTAKE_EMPTY;
	if (kycvs_run(&find_rest, &none) > 0)
		return KYCVS_INTAKE_WORKED;
	kycvs_run(&empty_table, &none);
	(void) forget(true);
	kycvs_bind_time(&args, now);
	kycvs_run(&end_run, &args);
	return KYCVS_INTAKE_WORKED;
}

static void
take_blocks(BlockNumber blocks, TimestampTz now, bool careful)
{
	BlockNumber end = Min(next_block + BLOCKS_PER_STEP, blocks);
	TimestampTz started = GetCurrentTimestamp();
	KycvsTally	tally = {0};
	KycvsIntakeRow *rows;
	int			n;

	rows = fetch_rows(next_block, end, &n);
	if (n > 0)
	{
		int64		per_block = (n + end - next_block - 1) / (end - next_block);

		tally.rows = n;
		audit_rows(rows, n, now);
		kycvs_intake_check(rows, n, now);
		kycvs_intake_sort(rows, n);
		kycvs_take_in(rows, n, now, careful, &tally);
		kycvs_intake_reject(rows, n, now);
		write_progress(&tally, (int64) (blocks - end) * per_block, now, started);
		explicit_bzero(rows, n * sizeof(KycvsIntakeRow));
	}
	next_block = end;
}

/*
 * A crash has emptied the table, or a standby was promoted, which never had
 * anything in it: the run that was under way is over, and what was loaded before
 * its first step had none yet.  What was loaded since goes on under the run that
 * says so.
 */
static void
settle(bool loaded, bool empty, TimestampTz now)
{
	KycvsArgs	none = {0};
	KycvsArgs	args = {0};
	bool		lost = loaded && forget(empty) > 0;

	if (lost)
		open_run(now);
	else if (!empty || kycvs_run(&find_run, &none) == 0)
		return;
	kycvs_bind_time(&args, now);
	kycvs_bind_bool(&args, empty);
	kycvs_run(&interrupt_run, &args);
}

/* Rows that can be seen to be loaded are in the table, unless something has emptied it. */
bool
kycvs_intake_waiting(TimestampTz now)
{
	KycvsArgs	none = {0};
	bool		loaded = kycvs_run(&find_load, &none) > 0;
	bool		empty = count_blocks() == 0;

	if (!settled || (loaded && empty))
		settle(loaded, empty, now);
	settled = true;
	return !empty;
}

KycvsIntakeState
kycvs_intake_step(TimestampTz now, bool careful)
{
	KycvsArgs	none = {0};
	BlockNumber blocks = count_blocks();

	if (kycvs_run(&find_pause, &none) > 0)
		return KYCVS_INTAKE_PAUSED;
	if (next_block >= blocks)
		return end_pass(now);
	take_blocks(blocks, now, careful);
	return KYCVS_INTAKE_WORKED;
}
