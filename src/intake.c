/*
 * intake.c
 *	  Persons and doses by the million: rows of kycvs.intake become records.
 *
 * Registrars COPY rows into a view, one a dose, whose trigger (loading.c) puts them
 * into an unlogged table.  Each step here takes
 * the rows of some blocks out of it and makes records of them, in one transaction:
 * so a row is either still there or taken in, and after a crash, which empties
 * unlogged tables, the same file is loaded again.  A person is recognised by the
 * reference among those registered with the mobile, a dose by product and day, a
 * revoked one too: nothing doubles, and nothing that was taken back comes back.
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
#include "access/xact.h"
#include "audit.h"
#include "call.h"
#include "catalog/namespace.h"
#include "catalog/pg_type_d.h"
#include "commands/dbcommands.h"
#include "clock.h"
#include "dose.h"
#include "intake.h"
#include "intakerow.h"
#include "miscadmin.h"
#include "namescore.h"
#include "person.h"
#include "statement.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#define BLOCKS_PER_STEP	64
#define TRIES_OF_A_ROW	20		/* that somebody else writes at the same time */

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

/* What a step has done. */
typedef struct Tally
{
	int64		rows;
	int64		persons;
	int64		doses;
	int64		rejected;
} Tally;

/* What has become of a person who has a row. */
typedef struct Change
{
	bool		dosed;
	bool		referenced;		/* they had no reference, and have one now */
} Change;

/* The persons registered with one mobile. */
typedef struct Family
{
	const uint8 *index;			/* NULL: none is open */
	int			n;
	int			nwritten;		/* those before have a row, those from there on are new */
	KycvsPerson persons[KYCVS_SLOT_MAX];
	Change		changes[KYCVS_SLOT_MAX];
} Family;

typedef struct Step
{
	TimestampTz now;
	DateADT		today;
	Tally		tally;
	Family		family;
} Step;

bool
kycvs_intake_conflict(int sqlstate)
{
	return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlstate == ERRCODE_UNIQUE_VIOLATION;
}

void
kycvs_intake_restart(void)
{
	next_block = 0;
	settled = false;
}

/* ---- persons ---- */

static void
fold(const char *name, char folded[KYCVS_FOLDED_MAX + 1])
{
	kycvs_must(kycvs_name_fold(name, folded) == 0, "fold a name");
}

/* Whether they are the same but for case, order and punctuation, or fit at all. */
static bool
compare_names(const KycvsIntakeRow *row, const KycvsPerson *person, bool must_be_equal)
{
	char		one[KYCVS_FOLDED_MAX + 1];
	char		other[KYCVS_FOLDED_MAX + 1];
	bool		same;

	if (strcmp(row->name, person->name) == 0)
		return true;
	fold(row->name, one);
	fold(person->name, other);
	same = must_be_equal ? strcmp(one, other) == 0 : kycvs_name_fits(one, other);
	explicit_bzero(one, sizeof(one));
	explicit_bzero(other, sizeof(other));
	return same;
}

/* By reference, whatever else was changed since; or else by name, one who was registered without a reference. */
static KycvsPerson *
find_person(KycvsPerson *persons, int n, const KycvsIntakeRow *row)
{
	int			i;

	for (i = 0; i < n; i++)
		if (strcmp(persons[i].reference, row->reference) == 0)
			return &persons[i];
	for (i = 0; i < n; i++)
		if (persons[i].reference[0] == '\0' && compare_names(row, &persons[i], true))
			return &persons[i];
	return NULL;
}

/* Who was registered without a reference has this one from now on: the next namesake is somebody else. */
static void
give_reference(Family *family, int i, const KycvsIntakeRow *row)
{
	KycvsPerson *person = &family->persons[i];

	if (person->reference[0] != '\0')
		return;
	strlcpy(person->reference, row->reference, sizeof(person->reference));
	family->changes[i].referenced = true;
}

/* A person gets the number after the family's last; false when there is none left. */
static bool
add_person(Family *family, const KycvsIntakeRow *row)
{
	KycvsPerson *person = &family->persons[family->n];
	int64		last = family->n == 0 ? 0 : family->persons[family->n - 1].id;

	memset(person, 0, sizeof(*person));
	person->birth_year = row->birth_year;
	strlcpy(person->mobile, row->e164, sizeof(person->mobile));
	strlcpy(person->name, row->name, sizeof(person->name));
	strlcpy(person->reference, row->reference, sizeof(person->reference));
	person->doses = kycvs_doses_none();
	if (!kycvs_person_set_number(person, row->index, last))
		return false;
	family->n++;
	return true;
}

/* ---- doses ---- */

static bool
is_recorded(const KycvsDose *doses, int n, const KycvsIntakeRow *row)
{
	int			i;

	for (i = 0; i < n; i++)
		if (doses[i].product_id == row->product && doses[i].given_on == row->given_on)
			return true;
	return false;
}

/*
 * Adds the row's dose to the packed ones of a person who has it not yet; why not,
 * or NULL.  What is loaded again is not held against a name that was corrected
 * since; what is new is, or a reference with a slip in it would give the dose to
 * somebody else.
 */
static const char *
add_dose(Step *step, KycvsPerson *person, const KycvsIntakeRow *row)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsDoseRecord record = {row->product, row->given_on, step->today, false, row->batch, strlen(row->batch)};
	int			n = kycvs_doses_read(person->doses, doses);

	if (row->has_dose && is_recorded(doses, n, row))
		return NULL;
	if (!compare_names(row, person, false))
		return "name is not that of the person with this reference";
	if (!row->has_dose)
		return NULL;
	if (n == KYCVS_DOSES_MAX)
		return "person has too many doses";
	person->doses = kycvs_doses_append(person->doses, &record);
	step->tally.doses++;
	return NULL;
}

/* ---- rows ---- */

/* Writes what the family has become, and closes it. */
static void
close_family(Family *family)
{
	int			i;

	for (i = 0; i < family->nwritten; i++)
	{
		KycvsPerson *person = &family->persons[i];

		if (family->changes[i].referenced)
			kycvs_person_save(person);
		else if (family->changes[i].dosed)
			kycvs_person_save_doses(&person->row, person->doses);
	}
	for (i = family->nwritten; i < family->n; i++)
		kycvs_person_insert(&family->persons[i]);
	explicit_bzero(family, sizeof(Family));
}

static void
open_family(Family *family, const KycvsIntakeRow *row)
{
	if (family->index != NULL && memcmp(family->index, row->index, KYCVS_INDEX_LENGTH) == 0)
		return;
	close_family(family);
	family->index = row->index;
	family->n = family->nwritten = kycvs_persons_registered(row->index, family->persons);
}

/* A dose of somebody who is not of this family: who has moved to its mobile, or whose record took in one of its. */
static const char *
take_in_elsewhere(Step *step, int64 id, const KycvsIntakeRow *row)
{
	KycvsPerson person;
	bytea	   *before;
	const char *reason;

	close_family(&step->family);
	kycvs_must(kycvs_person_find(id, &person), "find a person");
	before = person.doses;
	reason = add_dose(step, &person, row);
	if (person.doses != before)
		kycvs_person_save_doses(&person.row, person.doses);
	explicit_bzero(&person, sizeof(person));
	return reason;
}

/* A dose of one of the family. */
static const char *
take_in_here(Step *step, int i, const KycvsIntakeRow *row)
{
	Family	   *family = &step->family;
	bytea	   *before = family->persons[i].doses;
	const char *reason = add_dose(step, &family->persons[i], row);

	if (reason == NULL)
		give_reference(family, i, row);
	family->changes[i].dosed |= family->persons[i].doses != before;
	return reason;
}

/* A row of somebody who was not registered with this mobile. */
static const char *
take_in_stranger(Step *step, const KycvsIntakeRow *row)
{
	Family	   *family = &step->family;
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	int			n = kycvs_persons_answering(row->e164, row->index, step->now, family->persons, family->n, persons);
	KycvsPerson *moved = find_person(persons, n, row);
	int64		id = moved == NULL ? 0 : moved->id;

	explicit_bzero(persons, sizeof(persons));
	if (id != 0)
		return take_in_elsewhere(step, id, row);
	if (family->n == KYCVS_SLOT_MAX || n >= kycvs_persons_per_mobile() || !add_person(family, row))
		return "too many persons on one mobile";
	step->tally.persons++;
	return take_in_here(step, family->n - 1, row);
}

/* Takes a row in; why not, or NULL. */
static const char *
take_in(Step *step, const KycvsIntakeRow *row)
{
	Family	   *family = &step->family;
	KycvsPerson *person;

	open_family(family, row);
	person = find_person(family->persons, family->n, row);
	if (person == NULL)
		return take_in_stranger(step, row);
	if (person->state == KYCVS_PERSON_MERGED)
		return take_in_elsewhere(step, kycvs_person_now(person->id), row);
	return take_in_here(step, (int) (person - family->persons), row);
}

/* What the row holds, or the record that it belongs to: any other would do. */
static bool
is_of_the_row(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_PROGRAM_LIMIT_EXCEEDED || sqlstate == ERRCODE_DATA_CORRUPTED;
}

/* Takes a row in, in a subtransaction that sees what others have written by now; its failure, or NULL. */
static ErrorData *
try_row(Step *step, KycvsIntakeRow *row)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;
	Tally		before = step->tally;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PushActiveSnapshot(GetTransactionSnapshot());
	PG_TRY();
	{
		row->reason = take_in(step, row);
		close_family(&step->family);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		explicit_bzero(&step->family, sizeof(Family));
		step->tally = before;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* The same, where a row that fails for what it holds is rejected like another, and one that met a clerk's call is tried again. */
static void
take_in_carefully(Step *step, KycvsIntakeRow *row)
{
	ErrorData  *error = try_row(step, row);
	int			tries = 1;

	while (error != NULL && kycvs_intake_conflict(error->sqlerrcode) && tries++ < TRIES_OF_A_ROW)
	{
		FreeErrorData(error);
		error = try_row(step, row);
	}
	if (error == NULL)
		return;
	if (!is_of_the_row(error->sqlerrcode))
		ReThrowError(error);
	row->reason = psprintf("cannot be recorded (%s)", unpack_sql_state(error->sqlerrcode));
	FreeErrorData(error);
}

static void
take_in_all(Step *step, KycvsIntakeRow *rows, int n, bool careful)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		KycvsIntakeRow *row = &rows[i];

		if (row->reason == NULL && careful)
			take_in_carefully(step, row);
		else if (row->reason == NULL)
			row->reason = take_in(step, row);
		if (row->reason != NULL)
			step->tally.rejected++;
	}
	close_family(&step->family);
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
write_progress(const Tally *tally, int64 rows_left, TimestampTz now, TimestampTz started)
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
	Step	   *step = palloc0(sizeof(Step));
	KycvsIntakeRow *rows;
	int			n;

	step->now = now;
	step->today = kycvs_clock_day(now);
	rows = fetch_rows(next_block, end, &n);
	if (n > 0)
	{
		int64		per_block = (n + end - next_block - 1) / (end - next_block);

		step->tally.rows = n;
		audit_rows(rows, n, now);
		kycvs_intake_check(rows, n, now);
		kycvs_intake_sort(rows, n);
		take_in_all(step, rows, n, careful);
		kycvs_intake_reject(rows, n, now);
		write_progress(&step->tally, (int64) (blocks - end) * per_block, now, started);
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
settle(bool empty, TimestampTz now)
{
	KycvsArgs	args = {0};
	bool		lost = forget(empty) > 0;

	if (lost)
		open_run(now);
	kycvs_bind_time(&args, now);
	kycvs_bind_bool(&args, empty);
	if (lost || empty)
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
		settle(empty, now);
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
