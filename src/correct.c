/*
 * correct.c
 *	  Decides the requests of registrars that put a record right.
 *
 * Each leaves a row that says what was changed and why, beside that of the audit,
 * and ends the consents given before: they were given about a record that was
 * wrong, to somebody who may have been somebody else.
 *
 * A person keeps their number whatever mobile they have.  Whom a mobile answers
 * for is in the record; where the number was made from another mobile, a row
 * leads to it from there.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "correction.h"
#include "dose.h"
#include "message.h"
#include "person.h"
#include "utils/guc.h"

#define NOTICE_SECONDS	86400	/* for which the old number is tried to be told */
#define GRACE_DEFAULT	(30 * 24 * 60 * 60)
#define GRACE_MAX		(366 * 24 * 60 * 60)

static int	mobile_grace = GRACE_DEFAULT;	/* seconds */

void
kycvs_correct_init(void)
{
	DefineCustomIntVariable("kycvs.mobile_grace",
							"For how long a person's former mobile number still answers for them.",
							NULL, &mobile_grace, GRACE_DEFAULT, 0, GRACE_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
}

/* ---- what they have in common ---- */

bool
kycvs_decline_merged(KycvsCall *call, int64 id)
{
	return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
								psprintf("record was merged into that of person " INT64_FORMAT, kycvs_person_now(id)));
}

static bool
check_reason(KycvsCall *call, const char *reason)
{
	call->audit.object = call->request->number;
	return kycvs_text_usable(reason) ||
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reason is empty or has control characters");
}

static bool
find_person(KycvsCall *call, int64 id, KycvsPerson *person)
{
	if (!kycvs_person_find(id, person))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	return person->state != KYCVS_PERSON_MERGED || kycvs_decline_merged(call, id);
}

static void
write_down(KycvsCall *call, const char *kind, int64 person, int64 other_person)
{
	KycvsCorrection correction = {person, kind, other_person, 0, call->request->text};

	kycvs_correction_add(&correction, call->now);
}

/* Whether one more person may answer for this mobile. */
static bool
check_room(KycvsCall *call, const char *e164, const uint8 *index)
{
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	int			n = kycvs_persons_of_mobile(e164, index, call->now, persons);

	explicit_bzero(persons, sizeof(persons));
	return n < kycvs_persons_per_mobile() || kycvs_decline(call, KV_TOO_MANY_PERSONS);
}

/* ---- mobile ---- */

static void
tell_old_number(KycvsCall *call, const char *e164)
{
	uint8		sealed[KYCVS_SEALED_MOBILE];

	kycvs_must(kycvs_seal(KYCVS_SEAL_MOBILE, e164, sealed, sizeof(sealed)), "seal a mobile number");
	kycvs_message_insert_notice(sealed, call->now, call->now + NOTICE_SECONDS * USECS_PER_SEC);
}

static void
move_person(KycvsCall *call, KycvsPerson *person, const char *e164, const uint8 *index)
{
	uint8		old_index[KYCVS_INDEX_LENGTH];

	kycvs_must(kycvs_mobile_index(person->mobile, old_index), "index a mobile number");
	tell_old_number(call, person->mobile);
	kycvs_person_set_mobile_end(person->id, old_index, call->now + mobile_grace * USECS_PER_SEC);
	kycvs_person_set_mobile_end(person->id, index, DT_NOEND);
	strlcpy(person->mobile, e164, sizeof(person->mobile));
	kycvs_person_save(person);
	write_down(call, "mobile", person->id, 0);
}

void
kycvs_decide_change_mobile(KycvsCall *call)
{
	KycvsPerson person;
	char		e164[KYCVS_E164_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];

	if (!check_reason(call, call->request->text) ||
		!kycvs_read_mobile(call, e164, index) ||
		!find_person(call, call->request->number, &person))
		return;
	if (strcmp(person.mobile, e164) == 0)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "this is the person's mobile number already");
	else if (check_room(call, e164, index))
		move_person(call, &person, e164, index);
	explicit_bzero(&person, sizeof(person));
}

/* ---- name ---- */

void
kycvs_decide_correct_name(KycvsCall *call)
{
	KycvsPerson person;
	char		folded[KYCVS_FOLDED_MAX + 1];

	if (!check_reason(call, call->request->text) ||
		!kycvs_read_name(call, folded) ||
		!find_person(call, call->request->number, &person))
		return;
	strlcpy(person.name, call->request->name, sizeof(person.name));
	kycvs_person_save(&person);
	write_down(call, "name", person.id, 0);
	explicit_bzero(&person, sizeof(person));
	explicit_bzero(folded, sizeof(folded));
}

/* ---- merge ---- */

/* Whether one of these doses is that one; of those that were not revoked, or of all. */
static bool
has_dose(const KycvsDose *doses, int n, const KycvsDose *dose, bool revoked_too)
{
	int			i;

	for (i = 0; i < n; i++)
		if ((revoked_too || !doses[i].revoked) &&
			doses[i].product_id == dose->product_id && doses[i].given_on == dose->given_on)
			return true;
	return false;
}

/*
 * Copies the doses that the person has not; how many of them count, or -1 when
 * there would be too many.  A revoked one is copied too, or it would come back
 * when the file that it was in is loaded again.
 */
static int
copy_doses(int64 from, int64 to)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsDose	others[KYCVS_DOSES_MAX];
	int			wanted[KYCVS_DOSES_MAX];
	int			n = kycvs_doses(to, doses);
	int			nothers = kycvs_doses(from, others);
	int			nwanted = 0;
	int			counting = 0;
	int			i;

	for (i = 0; i < nothers; i++)
	{
		if (has_dose(doses, n, &others[i], others[i].revoked))
			continue;
		wanted[nwanted++] = others[i].dose_number;
		counting += !others[i].revoked;
	}
	if (n + nwanted > KYCVS_DOSES_MAX)
		return -1;
	for (i = 0; i < nwanted; i++)
		kycvs_dose_copy(from, wanted[i], to);
	return counting;
}

static void
merge(KycvsCall *call, KycvsPerson *person, KycvsPerson *other)
{
	int			copied = copy_doses(other->id, person->id);

	if (copied < 0)
	{
		kycvs_decline_reason(call, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "person would have too many doses");
		return;
	}
	other->state = KYCVS_PERSON_MERGED;
	kycvs_person_save(other);
	kycvs_person_set_merged(other->id, person->id, call->now);
	write_down(call, "merge", person->id, other->id);
	write_down(call, "merge", other->id, person->id);
	call->reply->number = copied;
}

void
kycvs_decide_merge_persons(KycvsCall *call)
{
	KycvsPerson person;
	KycvsPerson other;

	if (!check_reason(call, call->request->text) ||
		!find_person(call, call->request->number, &person) ||
		!find_person(call, call->request->other, &other))
		return;
	if (person.id == other.id)
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "a record cannot be merged into itself");
	else if (person.state != other.state)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "death is recorded for one of the two");
	else
		merge(call, &person, &other);
	explicit_bzero(&person, sizeof(person));
	explicit_bzero(&other, sizeof(other));
}

/* ---- death ---- */

static void
set_state(KycvsCall *call, KycvsPerson *person, KycvsPersonState state, const char *kind)
{
	person->state = state;
	kycvs_person_save(person);
	write_down(call, kind, person->id, 0);
}

void
kycvs_decide_record_death(KycvsCall *call)
{
	KycvsPerson person;

	if (!check_reason(call, call->request->text) || !find_person(call, call->request->number, &person))
		return;
	if (person.state == KYCVS_PERSON_DECEASED)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "death is recorded already");
	else
		set_state(call, &person, KYCVS_PERSON_DECEASED, "death");
	explicit_bzero(&person, sizeof(person));
}

void
kycvs_decide_revoke_death(KycvsCall *call)
{
	KycvsPerson person;
	uint8		index[KYCVS_INDEX_LENGTH];

	if (!check_reason(call, call->request->text) || !find_person(call, call->request->number, &person))
		return;
	kycvs_must(kycvs_mobile_index(person.mobile, index), "index a mobile number");
	if (person.state != KYCVS_PERSON_DECEASED)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "no death is recorded");
	else if (check_room(call, person.mobile, index))
		set_state(call, &person, KYCVS_PERSON_LIVING, "life");
	explicit_bzero(&person, sizeof(person));
}

/* ---- who was told what ---- */

/* Whoever reads about a person is written down first; the answers are read in the caller's backend. */
void
kycvs_decide_answers_since(KycvsCall *call)
{
	KycvsPersonState state;
	int			birth_year;

	call->audit.object = call->request->number;
	if (!kycvs_person_exists(call->request->number, &state, &birth_year))
		kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
}
