/*
 * group.c
 *	  The persons of a challenge or consent, in the order in which they were named.
 *
 * The first person is in the row of the challenge or consent itself, the others
 * have a row each.  So who asks about one person reads and writes no row more
 * than if there were no groups, and how many rows there are depends on the names
 * that were typed, never on who was found.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "correction.h"
#include "group.h"

enum
{
	CHALLENGE_PERSON_CHALLENGE = 1,
	CHALLENGE_PERSON_N,
	CHALLENGE_PERSON_NAME_SEALED
};
static const char *const challenge_person_columns[] = {
	[CHALLENGE_PERSON_CHALLENGE] = "challenge",
	[CHALLENGE_PERSON_N] = "n",
	[CHALLENGE_PERSON_NAME_SEALED] = "name_sealed"
};
static KycvsTable challenge_persons = KYCVS_TABLE("challenge_person", challenge_person_columns);
static KycvsIndex persons_of_challenge = {&challenge_persons, "challenge_person_pkey", 1, BTEqualStrategyNumber};

enum
{
	CONSENT_PERSON_CONSENT = 1,
	CONSENT_PERSON_N,
	CONSENT_PERSON_NAME_SEALED,
	CONSENT_PERSON_PERSON,
	CONSENT_PERSON_MATCH,
	CONSENT_PERSON_SUB,
	CONSENT_PERSON_USED
};
static const char *const consent_person_columns[] = {
	[CONSENT_PERSON_CONSENT] = "consent",
	[CONSENT_PERSON_N] = "n",
	[CONSENT_PERSON_NAME_SEALED] = "name_sealed",
	[CONSENT_PERSON_PERSON] = "person",
	[CONSENT_PERSON_MATCH] = "match",
	[CONSENT_PERSON_SUB] = "sub",
	[CONSENT_PERSON_USED] = "used"
};
static KycvsTable consent_persons = KYCVS_TABLE("consent_person", consent_person_columns);
static KycvsIndex persons_of_consent = {&consent_persons, "consent_person_pkey", 1, BTEqualStrategyNumber};

/* ---- reading ---- */

/* The rows of the second and later persons; a group that is not whole is no group. */
static void
read_others(KycvsIndex *index, const pg_uuid_t *id, KycvsGroup *group,
			void (*read) (const KycvsRow *row, KycvsNamed *named))
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	int			n = 1;

	if (group->n <= 1)
		return;
	kycvs_bind_uuid(&keys, id);
	kycvs_scan_begin(&scan, index, &keys, ForwardScanDirection);
	while (n < group->n && kycvs_scan_next(&scan, &row))
	{
		read(&row, &group->named[n]);
		if (group->named[n].n != n + 1)
			break;
		n++;
	}
	kycvs_scan_end(&scan);
	if (n != group->n)
		elog(ERROR, "a person of a group is missing");
}

static void
begin_group(KycvsGroup *group, int persons, const uint8 *name_sealed)
{
	memset(group, 0, sizeof(*group));
	group->n = Max(persons, 1);
	if (group->n > KYCVS_GROUP_MAX)
		elog(ERROR, "a group has too many persons");
	group->named[0].n = 1;
	memcpy(group->named[0].name_sealed, name_sealed, KYCVS_SEALED_NAME);
}

static void
read_challenge_person(const KycvsRow *row, KycvsNamed *named)
{
	named->row = *row;
	named->n = kycvs_row_int2(row, CHALLENGE_PERSON_N);
	kycvs_row_bytes(row, CHALLENGE_PERSON_NAME_SEALED, named->name_sealed, KYCVS_SEALED_NAME);
}

void
kycvs_group_of_challenge(const KycvsChallenge *challenge, KycvsGroup *group)
{
	begin_group(group, challenge->persons, challenge->name_sealed);
	read_others(&persons_of_challenge, &challenge->binding.challenge, group, read_challenge_person);
}

static void
read_consent_person(const KycvsRow *row, KycvsNamed *named)
{
	named->row = *row;
	named->n = kycvs_row_int2(row, CONSENT_PERSON_N);
	kycvs_row_bytes(row, CONSENT_PERSON_NAME_SEALED, named->name_sealed, KYCVS_SEALED_NAME);
	named->choice.person = kycvs_row_int8(row, CONSENT_PERSON_PERSON);
	named->choice.match = (KycvsMatch) kycvs_row_int2(row, CONSENT_PERSON_MATCH);
	kycvs_row_bytes(row, CONSENT_PERSON_SUB, named->sub, KYCVS_DIGEST_LENGTH);
	named->used = kycvs_row_int4(row, CONSENT_PERSON_USED);
}

void
kycvs_group_of_consent(const KycvsConsent *consent, KycvsGroup *group)
{
	KycvsNamed *first = &group->named[0];

	begin_group(group, consent->persons, consent->name_sealed);
	first->choice.person = consent->person;
	first->choice.match = consent->match;
	memcpy(first->sub, consent->sub, KYCVS_DIGEST_LENGTH);
	first->used = consent->used;
	read_others(&persons_of_consent, &consent->jti, group, read_consent_person);
}

/* As much is looked for where nobody was found as where somebody was. */
bool
kycvs_group_corrected(const KycvsGroup *group, TimestampTz since)
{
	bool		corrected = false;
	int			i;

	for (i = 0; i < group->n; i++)
		corrected |= kycvs_corrected_since(group->named[i].choice.person, since);
	return corrected;
}

bool
kycvs_group_seal(KycvsGroup *group, const char names[][KYCVS_NAME_MAX + 1], int n)
{
	int			i;

	memset(group, 0, sizeof(*group));
	group->n = n;
	for (i = 0; i < n; i++)
	{
		group->named[i].n = i + 1;
		if (!kycvs_seal(KYCVS_SEAL_NAME, names[i], group->named[i].name_sealed, KYCVS_SEALED_NAME))
			return false;
	}
	return true;
}

bool
kycvs_group_unseal(KycvsGroup *group)
{
	int			i;

	for (i = 0; i < group->n; i++)
	{
		KycvsNamed *named = &group->named[i];

		if (!kycvs_unseal(KYCVS_SEAL_NAME, named->name_sealed, KYCVS_SEALED_NAME, named->name, sizeof(named->name)))
			return false;
	}
	return true;
}

void
kycvs_group_wipe(KycvsGroup *group)
{
	int			i;

	for (i = 0; i < group->n; i++)
		explicit_bzero(group->named[i].name, sizeof(group->named[i].name));
}

/* ---- writing ---- */

void
kycvs_group_insert_challenge(const KycvsChallenge *challenge, const KycvsGroup *group)
{
	int			i;

	for (i = 1; i < group->n; i++)
	{
		KycvsArgs	columns = {0};

		kycvs_bind_uuid(&columns, &challenge->binding.challenge);
		kycvs_bind_int2(&columns, i + 1);
		kycvs_bind_bytes(&columns, group->named[i].name_sealed, KYCVS_SEALED_NAME);
		kycvs_row_add(&challenge_persons, &columns);
	}
}

void
kycvs_group_retype_challenge(KycvsChallenge *challenge, KycvsGroup *group, const KycvsGroup *typed)
{
	int			i;

	memcpy(challenge->name_sealed, typed->named[0].name_sealed, KYCVS_SEALED_NAME);
	kycvs_challenge_retyped(challenge);
	for (i = 1; i < group->n; i++)
	{
		KycvsArgs	sealed = {0};

		kycvs_bind_bytes(&sealed, typed->named[i].name_sealed, KYCVS_SEALED_NAME);
		kycvs_row_set(&group->named[i].row, CHALLENGE_PERSON_NAME_SEALED, sealed.values[0]);
		kycvs_row_save(&group->named[i].row);
	}
}

void
kycvs_group_insert_consent(const KycvsConsent *consent, const KycvsGroup *group)
{
	int			i;

	for (i = 1; i < group->n; i++)
	{
		const KycvsNamed *named = &group->named[i];
		KycvsArgs	columns = {0};

		kycvs_bind_uuid(&columns, &consent->jti);
		kycvs_bind_int2(&columns, i + 1);
		kycvs_bind_bytes(&columns, named->name_sealed, KYCVS_SEALED_NAME);
		kycvs_bind_int8(&columns, named->choice.person);
		kycvs_bind_int2(&columns, named->choice.match);
		kycvs_bind_bytes(&columns, named->sub, KYCVS_DIGEST_LENGTH);
		kycvs_bind_int4(&columns, 0);	/* used */
		kycvs_row_add(&consent_persons, &columns);
	}
}

void
kycvs_named_used(KycvsConsent *consent, KycvsNamed *named)
{
	if (named->n == 1)
	{
		kycvs_consent_used(consent);
		return;
	}
	kycvs_row_set(&named->row, CONSENT_PERSON_USED, Int32GetDatum(named->used + 1));
	kycvs_row_save(&named->row);
}
