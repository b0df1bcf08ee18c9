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
#include "person.h"
#include "statement.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#define BLOCKS_PER_STEP 64

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

static KycvsStatement interrupt_run = {
	"UPDATE kycvs_data.intake_run SET finished_at = $1 WHERE finished_at IS NULL"
};

/* How far this pass over the table has come. */
static BlockNumber next_block = 0;

/* Whether a run that a crash has ended was looked for. */
static bool settled = false;

/* What a step has done. */
typedef struct Tally
{
	int64		rows;
	int64		persons;
	int64		doses;
	int64		rejected;
} Tally;

/* The persons registered with one mobile. */
typedef struct Family
{
	const uint8 *index;			/* NULL: none is open */
	int			n;
	int			nwritten;		/* those before have a row, those from there on are new */
	KycvsPerson persons[KYCVS_SLOT_MAX];
	bool		dosed[KYCVS_SLOT_MAX];	/* of those who have a row: they got doses */
} Family;

void
kycvs_intake_restart(void)
{
	next_block = 0;
	settled = false;
}

/* ---- persons ---- */

static bool
same_name(const KycvsIntakeRow *row, const KycvsPerson *person)
{
	char		one[KYCVS_FOLDED_MAX + 1];
	char		other[KYCVS_FOLDED_MAX + 1];
	bool		same = kycvs_name_fold(row->name, one) == 0 && kycvs_name_fold(person->name, other) == 0 &&
		strcmp(one, other) == 0;

	explicit_bzero(one, sizeof(one));
	explicit_bzero(other, sizeof(other));
	return same;
}

/* By reference, whatever else was changed since; or else by name, one who was registered without a reference. */
static KycvsPerson *
find_person(Family *family, const KycvsIntakeRow *row)
{
	int			i;

	for (i = 0; i < family->n; i++)
		if (strcmp(family->persons[i].reference, row->reference) == 0)
			return &family->persons[i];
	for (i = 0; i < family->n; i++)
		if (family->persons[i].reference[0] == '\0' && same_name(row, &family->persons[i]))
			return &family->persons[i];
	return NULL;
}

static bool
has_room(const Family *family, const KycvsIntakeRow *row)
{
	int			living = 0;
	int			i;

	for (i = 0; i < family->n; i++)
		living += family->persons[i].state == KYCVS_PERSON_LIVING && strcmp(family->persons[i].mobile, row->e164) == 0;
	return family->n < KYCVS_SLOT_MAX && living < kycvs_persons_per_mobile();
}

static KycvsPerson *
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
		return NULL;
	family->n++;
	return person;
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

/* Adds the row's dose to packed ones that have it not yet; why not, or NULL. */
static const char *
add_dose(bytea **packed, const KycvsIntakeRow *row, DateADT today, Tally *tally)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsDoseRecord record = {row->product, row->given_on, today, false, row->batch, strlen(row->batch)};
	int			n = kycvs_doses_read(*packed, doses);

	if (is_recorded(doses, n, row))
		return NULL;
	if (n == KYCVS_DOSES_MAX)
		return "person has too many doses";
	*packed = kycvs_doses_append(*packed, &record);
	tally->doses++;
	return NULL;
}

/* The same for a record that need not be of this family: the one that another was merged into. */
static const char *
add_dose_to_row(int64 person, const KycvsIntakeRow *row, DateADT today, Tally *tally)
{
	KycvsRow	person_row;
	bytea	   *packed;
	const char *reason;
	int64		before = tally->doses;

	kycvs_person_must_row(person, &person_row);
	packed = kycvs_person_doses(&person_row);
	reason = add_dose(&packed, row, today, tally);
	if (tally->doses > before)
		kycvs_person_save_doses(&person_row, packed);
	return reason;
}

/* ---- rows ---- */

/* Writes what the family has become, and closes it. */
static void
close_family(Family *family)
{
	int			i;

	for (i = 0; i < family->nwritten; i++)
		if (family->dosed[i])
			kycvs_person_save_doses(&family->persons[i].row, family->persons[i].doses);
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

/* Its place in the family, -1 when there is no room for one more. */
static int
find_or_add_person(Family *family, const KycvsIntakeRow *row, Tally *tally)
{
	KycvsPerson *person = find_person(family, row);

	if (person == NULL && has_room(family, row))
	{
		person = add_person(family, row);
		tally->persons += person != NULL;
	}
	return person == NULL ? -1 : (int) (person - family->persons);
}

/* Takes a row in; why not, or NULL. */
static const char *
take_in(Family *family, const KycvsIntakeRow *row, DateADT today, Tally *tally)
{
	int			i;
	int64		before = tally->doses;
	const char *reason;

	open_family(family, row);
	i = find_or_add_person(family, row, tally);
	if (i < 0)
		return "too many persons on one mobile";
	if (!row->has_dose)
		return NULL;
	if (family->persons[i].state == KYCVS_PERSON_MERGED)
	{
		int64		person = kycvs_person_now(&family->persons[i]);

		close_family(family);
		return add_dose_to_row(person, row, today, tally);
	}
	reason = add_dose(&family->persons[i].doses, row, today, tally);
	family->dosed[i] |= tally->doses > before;
	return reason;
}

static bool
is_of_the_data(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION || category == ERRCODE_PROGRAM_LIMIT_EXCEEDED;
}

/* The same, where a row that fails for what it holds is rejected like another. */
static const char *
take_in_carefully(Family *family, const KycvsIntakeRow *row, DateADT today, Tally *tally)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	const char *volatile reason = NULL;
	Tally		before = *tally;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		reason = take_in(family, row, today, tally);
		close_family(family);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (!is_of_the_data(error->sqlerrcode))
			ReThrowError(error);
		reason = psprintf("cannot be recorded (%s)", unpack_sql_state(error->sqlerrcode));
		explicit_bzero(family, sizeof(Family));
		*tally = before;
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return reason;
}

static void
take_in_all(KycvsIntakeRow *rows, int n, DateADT today, bool careful, Tally *tally)
{
	Family	   *family = palloc0(sizeof(Family));
	int			i;

	for (i = 0; i < n; i++)
	{
		KycvsIntakeRow *row = &rows[i];

		if (row->reason == NULL && careful)
			row->reason = take_in_carefully(family, row, today, tally);
		else if (row->reason == NULL)
			row->reason = take_in(family, row, today, tally);
		if (row->reason != NULL)
			tally->rejected++;
	}
	close_family(family);
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
write_progress(const Tally *tally, int64 rows_left, TimestampTz now, TimestampTz started)
{
	KycvsArgs	begin = {0};
	KycvsArgs	args = {0};
	Interval   *busy = palloc0(sizeof(Interval));

	kycvs_bind_time(&begin, now);
	kycvs_run(&begin_run, &begin);
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
	kycvs_bind_time(&args, now);
	kycvs_run(&end_run, &args);
	return KYCVS_INTAKE_WORKED;
}

static void
take_blocks(BlockNumber blocks, TimestampTz now, bool careful)
{
	BlockNumber end = Min(next_block + BLOCKS_PER_STEP, blocks);
	TimestampTz started = GetCurrentTimestamp();
	Tally		tally = {0};
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
		take_in_all(rows, n, kycvs_clock_day(now), careful, &tally);
		kycvs_intake_reject(rows, n, now);
		write_progress(&tally, (int64) (blocks - end) * per_block, now, started);
		explicit_bzero(rows, n * sizeof(KycvsIntakeRow));
	}
	next_block = end;
}

/* A crash has emptied the table, and the run that was under way is over. */
static void
settle(TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_time(&args, now);
	kycvs_run(&interrupt_run, &args);
	settled = true;
}

bool
kycvs_intake_waiting(TimestampTz now)
{
	bool		waiting = count_blocks() > 0;

	if (!waiting && !settled)
		settle(now);
	return waiting;
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
