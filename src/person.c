/*
 * person.c
 *	  The rows of persons.
 *
 * What is known of a person - mobile, name, reference - is one sealed text, bound
 * to the person's number, so that a row cannot be passed off as another's.  It is
 * padded to a multiple of 64 bytes: its length shows whether a name is long or
 * very long, not more.
 *
 * The index of a mobile is cut to 49 bits; in a nation, two numbers share them a
 * thousand times.  So a mobile is believed only when it is unsealed.
 *
 * Whatever finds persons is not counted in the statistics: how much was found is
 * nobody's business.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "person.h"
#include "port/pg_bswap.h"
#include "utils/guc.h"

#define KEY_BITS		49		/* of an index, in a person's number */
#define ORDINAL_BITS	4
#define NUMBERS			KYCVS_PERSON_NUMBERS
#define PARTITIONS_MOST 64		/* empty ones that are passed by in search of somebody */
#define PADDING			64
#define TEXT_MAX		(KYCVS_E164_MAX + KYCVS_NAME_MAX + KYCVS_TEXT_MAX + 2)	/* with two tabs */
#define LENGTH_BYTES	2
#define SEALED_LENGTH(length) (KYCVS_SEAL_OVERHEAD + TYPEALIGN(PADDING, (length) + LENGTH_BYTES))

StaticAssertDecl(NUMBERS == INT64CONST(1) << (KEY_BITS + ORDINAL_BITS), "numbers of persons");
StaticAssertDecl(KYCVS_SLOT_MAX < 1 << ORDINAL_BITS, "persons of a mobile");
StaticAssertDecl(SEALED_LENGTH(TEXT_MAX) <= KYCVS_SEALED_MAX, "a person can be sealed");

enum
{
	PERSON_ID = 1,
	PERSON_BIRTH_YEAR,
	PERSON_STATE,
	PERSON_SEALED,
	PERSON_DOSES
};
static const char *const person_columns[] = {NULL, "id", "birth_year", "state", "sealed", "doses"};
static KycvsTable persons_table = KYCVS_PARTITIONED_TABLE("person", person_columns);
static KycvsIndex person_by_id = {&persons_table, "person_pkey", 1, BTEqualStrategyNumber, true};
static KycvsIndex persons_from_id = {&persons_table, "person_pkey", 1, BTGreaterEqualStrategyNumber, true};
static KycvsIndex persons_until_id = {&persons_table, "person_pkey", 1, BTLessStrategyNumber, true};

/* Other mobiles of persons: those they changed to, and for a while those they had. */
enum
{
	OTHER_SLOT = 1,
	OTHER_MOBILE_INDEX,
	OTHER_PERSON,
	OTHER_UNTIL
};
static const char *const other_columns[] = {NULL, "slot", "mobile_index", "person", "until"};
static KycvsTable other_mobiles = KYCVS_TABLE("person_mobile", other_columns);
static KycvsIndex other_by_slot = {&other_mobiles, "person_mobile_pkey", 1, BTEqualStrategyNumber, true};

/* Which record a merged one has become part of. */
enum
{
	MERGE_PERSON = 1,
	MERGE_INTO_PERSON
};
static const char *const merge_columns[] = {NULL, "person", "into_person", "merged_at"};
static KycvsTable merges = KYCVS_TABLE("person_merge", merge_columns);
static KycvsIndex merge_by_person = {&merges, "person_merge_pkey", 1, BTEqualStrategyNumber, true};

static int	persons_per_mobile = KYCVS_PERSONS_MAX;

void
kycvs_person_init(void)
{
	DefineCustomIntVariable("kycvs.persons_per_mobile",
							"Persons who may be registered with one mobile number.",
							NULL, &persons_per_mobile, KYCVS_PERSONS_MAX, 1, KYCVS_PERSONS_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
}

int
kycvs_persons_per_mobile(void)
{
	return persons_per_mobile;
}

/* ---- numbers ---- */

/* The number before the first of this mobile's persons; no person has it, so that none has 0. */
static int64
find_slot(const uint8 index[KYCVS_INDEX_LENGTH])
{
	uint64		bits;

	memcpy(&bits, index + 1, sizeof(bits));
	return (int64) (pg_ntoh64(bits) >> (64 - KEY_BITS) << ORDINAL_BITS);
}

/* ---- seals ---- */

static void
name_context(int64 id, char *context, size_t size)
{
	snprintf(context, size, "person " INT64_FORMAT, id);
}

/* None of the three has a tab: callers have refused control characters. */
static size_t
seal_person(const KycvsPerson *person, uint8 sealed[KYCVS_SEALED_MAX])
{
	char		text[TEXT_MAX + 1];
	char		context[32];
	int			length = snprintf(text, sizeof(text), "%s\t%s\t%s", person->mobile, person->name, person->reference);
	size_t		sealed_length = SEALED_LENGTH(length);
	bool		ok;

	name_context(person->id, context, sizeof(context));
	ok = length <= TEXT_MAX && kycvs_seal(context, text, sealed, sealed_length);
	explicit_bzero(text, sizeof(text));
	if (!ok)
		elog(ERROR, "could not seal a person");
	return sealed_length;
}

static bool
take_part(char **text, char *part, size_t size)
{
	char	   *found = strsep(text, "\t");

	return found != NULL && strlcpy(part, found, size) < size;
}

static void
unseal_person(KycvsPerson *person)
{
	uint8		sealed[KYCVS_SEALED_MAX];
	char		text[TEXT_MAX + 1];
	char		context[32];
	char	   *rest = text;
	size_t		length = kycvs_row_some_bytes(&person->row, PERSON_SEALED, sealed, sizeof(sealed));
	bool		ok;

	name_context(person->id, context, sizeof(context));
	ok = kycvs_unseal(context, sealed, length, text, sizeof(text)) &&
		take_part(&rest, person->mobile, sizeof(person->mobile)) &&
		take_part(&rest, person->name, sizeof(person->name)) &&
		take_part(&rest, person->reference, sizeof(person->reference));
	explicit_bzero(text, sizeof(text));
	if (!ok)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("could not read the record of person " INT64_FORMAT, person->id)));
}

static void
read_person(KycvsPerson *person)
{
	person->id = kycvs_row_int8(&person->row, PERSON_ID);
	person->birth_year = kycvs_row_int2(&person->row, PERSON_BIRTH_YEAR);
	person->state = (KycvsPersonState) kycvs_row_int2(&person->row, PERSON_STATE);
	person->doses = kycvs_person_doses(&person->row);
	unseal_person(person);
}

/* ---- finding ---- */

/* The person before this number, in its partition. */
static bool
find_before(int64 id, KycvsRow *row)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	bool		found;

	kycvs_bind_int8(&keys, id);
	kycvs_scan_begin(&scan, &persons_until_id, &keys, BackwardScanDirection);
	found = kycvs_scan_next(&scan, row);
	kycvs_scan_end(&scan);
	return found;
}

/* Reads on to the first row that is of another mobile: its neighbour. */
static int
scan_slot(int64 slot, KycvsPerson persons[KYCVS_SLOT_MAX])
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	bool		beyond = false;
	int			n = 0;

	/* the neighbour after them, or else the one before, for the work of it */
	kycvs_bind_int8(&keys, slot);
	kycvs_scan_begin(&scan, &persons_from_id, &keys, ForwardScanDirection);
	while (!beyond && kycvs_scan_next(&scan, &row))
	{
		beyond = kycvs_row_int8(&row, PERSON_ID) > slot + KYCVS_SLOT_MAX;
		if (!beyond)
			persons[n++].row = row;
	}
	kycvs_scan_end(&scan);
	if (!beyond && n == 0)
		(void) find_before(slot, &row);
	return n;
}

int
kycvs_persons_registered(const uint8 index[KYCVS_INDEX_LENGTH], KycvsPerson persons[KYCVS_SLOT_MAX])
{
	int			n = scan_slot(find_slot(index), persons);
	int			i;

	for (i = 0; i < n; i++)
		read_person(&persons[i]);
	return n;
}

/* Whether another mobile of a person is this one, and still is the person's. */
static bool
is_theirs(const KycvsRow *row, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now)
{
	uint8		found[KYCVS_INDEX_LENGTH];

	kycvs_row_bytes(row, OTHER_MOBILE_INDEX, found, sizeof(found));
	return memcmp(found, index, sizeof(found)) == 0 && kycvs_row_time(row, OTHER_UNTIL) > now;
}

/* The row of a person's other mobile. */
static bool
find_other(int64 id, const uint8 index[KYCVS_INDEX_LENGTH], KycvsRow *row)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	bool		found = false;

	kycvs_bind_int8(&keys, find_slot(index));
	kycvs_scan_begin(&scan, &other_by_slot, &keys, ForwardScanDirection);
	while (!found && kycvs_scan_next(&scan, row))
		found = kycvs_row_int8(row, OTHER_PERSON) == id && is_theirs(row, index, DT_NOBEGIN);
	kycvs_scan_end(&scan);
	return found;
}

/* The persons who have this mobile now, or had it until a while ago, by its rows: dead ones too. */
static int
find_others(const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now, int64 **others)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	int			room = KYCVS_PERSONS_MAX;
	int			n = 0;

	*others = palloc(room * sizeof(int64));
	kycvs_bind_int8(&keys, find_slot(index));
	kycvs_scan_begin(&scan, &other_by_slot, &keys, ForwardScanDirection);
	while (kycvs_scan_next(&scan, &row))
	{
		if (!is_theirs(&row, index, now))
			continue;
		if (n == room)
			*others = repalloc(*others, (room *= 2) * sizeof(int64));
		(*others)[n++] = kycvs_row_int8(&row, OTHER_PERSON);
	}
	kycvs_scan_end(&scan);
	return n;
}

static bool
is_among(int64 id, const KycvsPerson *persons, int n)
{
	int			i;

	for (i = 0; i < n && persons[i].id != id; i++)
		;
	return i < n;
}

static int
add_others(const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now, KycvsPerson persons[KYCVS_PERSONS_MAX], int n)
{
	int64	   *others;
	int			nothers = find_others(index, now, &others);
	int			i;

	for (i = 0; i < nothers && n < KYCVS_PERSONS_MAX; i++)
		if (!is_among(others[i], persons, n) && kycvs_person_find(others[i], &persons[n]) &&
			persons[n].state == KYCVS_PERSON_LIVING)
			n++;
	pfree(others);
	return n;
}

int
kycvs_persons_answering(const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
						const KycvsPerson *registered, int nregistered, KycvsPerson persons[KYCVS_PERSONS_MAX])
{
	int			n = 0;
	int			i;

	for (i = 0; i < nregistered && n < KYCVS_PERSONS_MAX; i++)
		if (registered[i].state == KYCVS_PERSON_LIVING && strcmp(registered[i].mobile, e164) == 0)
			persons[n++] = registered[i];
	return add_others(index, now, persons, n);
}

int
kycvs_persons_of_mobile(const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
						KycvsPerson persons[KYCVS_PERSONS_MAX])
{
	KycvsPerson registered[KYCVS_SLOT_MAX];
	int			nregistered = kycvs_persons_registered(index, registered);
	int			n = kycvs_persons_answering(e164, index, now, registered, nregistered, persons);

	explicit_bzero(registered, sizeof(registered));
	return n;
}

bool
kycvs_person_row(int64 id, KycvsRow *row)
{
	KycvsArgs	keys = {0};

	if (id < 0 || id >= NUMBERS)
		return false;
	kycvs_bind_int8(&keys, id);
	return kycvs_row_find(&person_by_id, &keys, row);
}

void
kycvs_person_must_row(int64 id, KycvsRow *row)
{
	if (!kycvs_person_row(id, row))
		elog(ERROR, "a person is missing");
}

bytea *
kycvs_person_doses(const KycvsRow *row)
{
	return DatumGetByteaPP(kycvs_row_datum(row, PERSON_DOSES));
}

bool
kycvs_person_find(int64 id, KycvsPerson *person)
{
	if (!kycvs_person_row(id, &person->row))
		return false;
	read_person(person);
	return true;
}

bool
kycvs_person_exists(int64 id, KycvsPersonState *state, int *birth_year)
{
	KycvsRow	row;

	if (!kycvs_person_row(id, &row))
		return false;
	*state = (KycvsPersonState) kycvs_row_int2(&row, PERSON_STATE);
	*birth_year = kycvs_row_int2(&row, PERSON_BIRTH_YEAR);
	return true;
}

/* Merges may follow each other; none leads back, for a merged record takes nothing in. */
int64
kycvs_person_now(int64 id)
{
	KycvsRow	row;
	bool		merged = true;

	while (merged)
	{
		KycvsArgs	keys = {0};

		kycvs_bind_int8(&keys, id);
		merged = kycvs_row_find(&merge_by_person, &keys, &row);
		if (merged)
			id = kycvs_row_int8(&row, MERGE_INTO_PERSON);
	}
	return id;
}

/* The first person from a number on, or else the last before it, in its partition. */
static int64
find_near(int64 id)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int8(&keys, id);
	if (kycvs_row_find(&persons_from_id, &keys, &row) || find_before(id, &row))
		return kycvs_row_int8(&row, PERSON_ID);
	return 0;
}

/* A young registry has empty partitions. */
int64
kycvs_somebody(uint32 choice)
{
	uint64		start = (uint64) choice * (NUMBERS >> 32);
	int64		found = 0;
	int			i;

	for (i = 0; i < PARTITIONS_MOST && found == 0; i++)
		found = find_near((int64) ((start + i * (NUMBERS / PARTITIONS_MOST)) % NUMBERS));
	return found;
}

/* ---- writing ---- */

/* The last number given out to persons of this mobile, or 0. */
static int64
last_number(const uint8 index[KYCVS_INDEX_LENGTH])
{
	KycvsPerson persons[KYCVS_SLOT_MAX];
	int			n = scan_slot(find_slot(index), persons);

	return n == 0 ? 0 : kycvs_row_int8(&persons[n - 1].row, PERSON_ID);
}

bool
kycvs_person_set_number(KycvsPerson *person, const uint8 index[KYCVS_INDEX_LENGTH], int64 last)
{
	int64		slot = find_slot(index);

	person->id = last == 0 ? slot + 1 : last + 1;
	return person->id <= slot + KYCVS_SLOT_MAX;
}

void
kycvs_person_insert(const KycvsPerson *person)
{
	KycvsArgs	columns = {0};
	uint8		sealed[KYCVS_SEALED_MAX];

	kycvs_bind_int8(&columns, person->id);
	kycvs_bind_int2(&columns, person->birth_year);
	kycvs_bind_int2(&columns, person->state);
	kycvs_bind_bytes(&columns, sealed, seal_person(person, sealed));
	kycvs_bind_datum(&columns, BYTEAOID, PointerGetDatum(person->doses));
	kycvs_row_add(&persons_table, &columns);
}

bool
kycvs_person_add(KycvsPerson *person, const uint8 index[KYCVS_INDEX_LENGTH])
{
	if (!kycvs_person_set_number(person, index, last_number(index)))
		return false;
	kycvs_person_insert(person);
	return true;
}

void
kycvs_person_save(KycvsPerson *person)
{
	KycvsArgs	sealed_arg = {0};
	uint8		sealed[KYCVS_SEALED_MAX];

	kycvs_bind_bytes(&sealed_arg, sealed, seal_person(person, sealed));
	kycvs_row_set(&person->row, PERSON_STATE, Int16GetDatum(person->state));
	kycvs_row_set(&person->row, PERSON_SEALED, sealed_arg.values[0]);
	kycvs_row_lock(&person->row);
	kycvs_row_save(&person->row);
}

void
kycvs_person_save_doses(KycvsRow *row, bytea *doses)
{
	kycvs_row_set(row, PERSON_DOSES, PointerGetDatum(doses));
	kycvs_row_lock(row);
	kycvs_row_save(row);
}

void
kycvs_person_set_mobile_end(int64 id, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz until)
{
	KycvsArgs	columns = {0};
	KycvsRow	row;

	if (find_other(id, index, &row))
	{
		kycvs_row_set(&row, OTHER_UNTIL, TimestampTzGetDatum(until));
		kycvs_row_save(&row);
		return;
	}
	kycvs_bind_int8(&columns, find_slot(index));
	kycvs_bind_bytes(&columns, index, KYCVS_INDEX_LENGTH);
	kycvs_bind_int8(&columns, id);
	kycvs_bind_time(&columns, until);
	kycvs_row_add(&other_mobiles, &columns);
}

void
kycvs_person_set_merged(int64 id, int64 into, TimestampTz now)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, id);
	kycvs_bind_int8(&columns, into);
	kycvs_bind_time(&columns, now);
	kycvs_row_add(&merges, &columns);
}
