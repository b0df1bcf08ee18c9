/*
 * takein.c
 *	  Rows of bulk intake made into persons and doses.
 *
 * A person is recognised by the reference among those registered with the mobile
 * or who have moved to it, a dose by product and day, a revoked one too: nothing
 * doubles, and nothing that was taken back comes back.
 *
 * The persons of a mobile are read once, for all rows of theirs, and what they
 * have become is written when the rows of the next mobile begin.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xact.h"
#include "call.h"
#include "clock.h"
#include "dose.h"
#include "namescore.h"
#include "person.h"
#include "takein.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#define TRIES_OF_A_ROW	20		/* that somebody else writes at the same time */

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
	KycvsTally *tally;
	Family		family;
} Step;

bool
kycvs_take_in_conflict(int sqlstate)
{
	return sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE || sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlstate == ERRCODE_LOCK_NOT_AVAILABLE || sqlstate == ERRCODE_UNIQUE_VIOLATION;
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
	step->tally->doses++;
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
	step->tally->persons++;
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
	KycvsTally	before = *step->tally;

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
		*step->tally = before;
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

	while (error != NULL && kycvs_take_in_conflict(error->sqlerrcode) && tries++ < TRIES_OF_A_ROW)
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

void
kycvs_take_in(KycvsIntakeRow *rows, int n, TimestampTz now, bool careful, KycvsTally *tally)
{
	Step	   *step = palloc0(sizeof(Step));
	int			i;

	step->now = now;
	step->today = kycvs_clock_day(now);
	step->tally = tally;
	for (i = 0; i < n; i++)
	{
		KycvsIntakeRow *row = &rows[i];

		if (row->reason == NULL && careful)
			take_in_carefully(step, row);
		else if (row->reason == NULL)
			row->reason = take_in(step, row);
		if (row->reason != NULL)
			tally->rejected++;
	}
	close_family(&step->family);
	pfree(step);
}
