/*
 * registrar.c
 *	  Decides the requests of registrars: persons and doses.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "correction.h"
#include "dose.h"
#include "namescore.h"
#include "person.h"
#include "statement.h"

#define FIRST_BIRTH_YEAR 1900
#define CLEARED_AT_ONCE	5000	/* rejected rows, so that nobody waits for a million */

static KycvsStatement pause_intake = {
	"INSERT INTO kycvs_data.intake_pause VALUES (true) ON CONFLICT DO NOTHING"
};
static KycvsStatement resume_intake = {
	"DELETE FROM kycvs_data.intake_pause"
};
static KycvsStatement clear_rejected = {
	"DELETE FROM kycvs_data.intake_rejected"
	" WHERE ctid = ANY (ARRAY(SELECT r.ctid FROM kycvs_data.intake_rejected AS r LIMIT $1))"
};

/* ---- persons ---- */

static bool
check_person(KycvsCall *call)
{
	const KycvsRequest *request = call->request;

	if (request->count != 0 &&
		(request->count < FIRST_BIRTH_YEAR || request->count > kycvs_clock_year(kycvs_clock_day(call->now))))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "birth year is not between 1900 and this year");
	if (request->has_text && !kycvs_text_usable(request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reference is empty or has control characters");
	return true;
}

/* Their name folded, to be wiped. */
static void
fold_name(const KycvsPerson *person, char folded[KYCVS_FOLDED_MAX + 1])
{
	kycvs_must(kycvs_name_fold(person->name, folded) == 0, "fold a registered name");
}

/* The one whose reference this is. */
static KycvsPerson *
find_by_reference(const KycvsRequest *request, KycvsPerson *persons, int n)
{
	int			i;

	for (i = 0; i < n && request->has_text; i++)
		if (strcmp(request->text, persons[i].reference) == 0)
			return &persons[i];
	return NULL;
}

static bool
is_among(int64 number, const int64 *numbers, int n)
{
	int			i;

	for (i = 0; i < n && numbers[i] != number; i++)
		;
	return i < n;
}

/* The one who has the same folded name, and no reference that says it is someone else. */
static KycvsPerson *
find_by_name(const KycvsRequest *request, const char *folded, KycvsPerson *persons, int n)
{
	char		other[KYCVS_FOLDED_MAX + 1];
	KycvsPerson *found = NULL;
	int			i;

	for (i = 0; i < n && found == NULL; i++)
	{
		fold_name(&persons[i], other);
		if (strcmp(folded, other) == 0 && (!request->has_text || persons[i].reference[0] == '\0'))
			found = &persons[i];
	}
	explicit_bzero(other, sizeof(other));
	return found;
}

/* Whoever has the reference already is this person, if the name fits; their number, or 0 when it does not. */
static int64
accept_referenced(KycvsCall *call, const char *folded, const KycvsPerson *person)
{
	char		other[KYCVS_FOLDED_MAX + 1];
	bool		fits;

	fold_name(person, other);
	fits = kycvs_name_fits(folded, other);
	explicit_bzero(other, sizeof(other));
	if (!fits)
		kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "another person on this mobile number has this reference");
	else if (person->state == KYCVS_PERSON_DECEASED)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "death is recorded for this person");
	else
		return kycvs_person_now(person->id);
	return 0;
}

/* Who was registered without a reference has this one from now on: the next namesake is somebody else. */
static int64
accept_named(KycvsCall *call, KycvsPerson *person)
{
	if (call->request->has_text)
	{
		strlcpy(person->reference, call->request->text, sizeof(person->reference));
		kycvs_person_save(person);
	}
	return person->id;
}

static int64
add_person(KycvsCall *call, const char *e164, const uint8 *index)
{
	const KycvsRequest *request = call->request;
	KycvsPerson person = {.birth_year = request->count, .doses = kycvs_doses_none()};
	bool		added;

	strlcpy(person.mobile, e164, sizeof(person.mobile));
	strlcpy(person.name, request->name, sizeof(person.name));
	if (request->has_text)
		strlcpy(person.reference, request->text, sizeof(person.reference));
	added = kycvs_person_add(&person, index);
	if (!added)
		kycvs_decline(call, KV_TOO_MANY_PERSONS);
	explicit_bzero(person.mobile, sizeof(person.mobile));
	explicit_bzero(person.name, sizeof(person.name));
	explicit_bzero(person.reference, sizeof(person.reference));
	return added ? person.id : 0;
}

static int64
find_or_add_person(KycvsCall *call, const char *folded, const char *e164, const uint8 *index)
{
	KycvsPerson registered[KYCVS_SLOT_MAX];
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	int			nregistered = kycvs_persons_registered(index, registered);
	int			n = kycvs_persons_answering(e164, index, call->now, registered, nregistered, persons);
	KycvsPerson *found;
	int64		number = 0;

	if ((found = find_by_reference(call->request, persons, n)) != NULL ||
		(found = find_by_reference(call->request, registered, nregistered)) != NULL)
		number = accept_referenced(call, folded, found);
	else if ((found = find_by_name(call->request, folded, persons, n)) != NULL)
		number = accept_named(call, found);
	else if (n >= kycvs_persons_per_mobile())
		kycvs_decline(call, KV_TOO_MANY_PERSONS);
	else
		number = add_person(call, e164, index);
	explicit_bzero(registered, sizeof(registered));
	explicit_bzero(persons, sizeof(persons));
	return number;
}

void
kycvs_decide_register_person(KycvsCall *call)
{
	char		e164[KYCVS_E164_MAX + 1];
	char		folded[KYCVS_FOLDED_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];

	if (!kycvs_read_mobile(call, e164, index) || !kycvs_read_name(call, folded) || !check_person(call))
		return;
	call->reply->number = call->audit.object = find_or_add_person(call, folded, e164, index);
	explicit_bzero(folded, sizeof(folded));
}

/*
 * The one whom a name means among those who answer for the mobile and those who
 * died or have left it.  Who was merged is not among them: whom they were merged
 * with is.
 */
static int64
find_meant(const char *folded, const KycvsPerson *persons, int n, const KycvsPerson *registered, int nregistered)
{
	KycvsCandidates *candidates = palloc0(sizeof(KycvsCandidates));
	int64		numbers[KYCVS_CANDIDATES_MAX];
	KycvsMatch	match;
	int64		found = 0;
	int			count = 0;
	int			chosen;
	int			i;

	for (i = 0; i < n; i++)
	{
		fold_name(&persons[i], candidates->folded[count]);
		numbers[count++] = persons[i].id;
	}
	for (i = 0; i < nregistered; i++)
	{
		if (registered[i].state == KYCVS_PERSON_MERGED || is_among(registered[i].id, numbers, count))
			continue;
		fold_name(&registered[i], candidates->folded[count]);
		numbers[count++] = registered[i].id;
	}
	kycvs_candidates_read(candidates, count);
	chosen = kycvs_name_choose(folded, candidates, &match);
	if (chosen >= 0)
		found = numbers[chosen];
	explicit_bzero(candidates, sizeof(*candidates));
	return found;
}

/* By reference, whatever they are called and have become; or else by name. */
void
kycvs_decide_find_person(KycvsCall *call)
{
	KycvsPerson registered[KYCVS_SLOT_MAX];
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	char		e164[KYCVS_E164_MAX + 1];
	char		folded[KYCVS_FOLDED_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];
	KycvsPerson *found;
	int			nregistered;
	int			n;

	if (!kycvs_read_mobile(call, e164, index) || !kycvs_read_name(call, folded) || !check_person(call))
		return;
	nregistered = kycvs_persons_registered(index, registered);
	n = kycvs_persons_answering(e164, index, call->now, registered, nregistered, persons);
	if ((found = find_by_reference(call->request, persons, n)) != NULL ||
		(found = find_by_reference(call->request, registered, nregistered)) != NULL)
		call->reply->number = kycvs_person_now(found->id);
	else if (!call->request->has_text)
		call->reply->number = find_meant(folded, persons, n, registered, nregistered);
	call->audit.object = call->reply->number;
	explicit_bzero(folded, sizeof(folded));
	explicit_bzero(registered, sizeof(registered));
	explicit_bzero(persons, sizeof(persons));
}

/* ---- doses ---- */

static bool
check_dose(KycvsCall *call, KycvsProduct *product)
{
	const KycvsRequest *request = call->request;
	KycvsPersonState state;
	int			birth_year;

	if (!kycvs_product_by_code(request->code, product))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "product is unknown");
	if (!kycvs_person_exists(request->number, &state, &birth_year))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	if (state == KYCVS_PERSON_MERGED)
		return kycvs_decline_merged(call, request->number);
	if (!DATE_NOT_FINITE(request->date) && request->date < KYCVS_FIRST_DOSE_DAY)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "dose is before 2020, when there was no product to give");
	if (DATE_NOT_FINITE(request->date) || request->date > kycvs_clock_day(call->now))
		return kycvs_decline_reason(call, KV_DOSE_NOT_ALLOWED, "dose is in the future");
	if (kycvs_clock_year(request->date) < birth_year)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "dose is before the year of birth");
	if (request->has_text && request->text[0] != '\0' && !kycvs_text_usable(request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "batch has control characters");
	return true;
}

static bool
recorded_before(const KycvsRequest *request, const KycvsProduct *product, const KycvsDose *doses, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		if (!doses[i].revoked && doses[i].product_id == product->id && doses[i].given_on == request->date)
			return true;
	return false;
}

static bool
too_soon(const KycvsRequest *request, const KycvsProduct *product, const KycvsDose *doses, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		if (!doses[i].revoked && abs(doses[i].given_on - request->date) < product->minimum_interval)
			return true;
	return false;
}

static void
save_dose(KycvsCall *call, const KycvsProduct *product)
{
	const KycvsRequest *request = call->request;
	KycvsDoseRecord dose = {
		.product = product->id,
		.given_on = request->date,
		.recorded_on = kycvs_clock_day(call->now),
		.batch = request->text,
		.batch_length = request->has_text ? strlen(request->text) : 0
	};

	kycvs_dose_add(request->number, &dose);
}

void
kycvs_decide_record_dose(KycvsCall *call)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsProduct product;
	int			n;

	call->audit.object = call->request->number;
	if (!check_dose(call, &product))
		return;
	n = kycvs_doses(call->request->number, doses);
	if (n == KYCVS_DOSES_MAX)
		kycvs_decline_reason(call, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "person has too many doses");
	else if (recorded_before(call->request, &product, doses, n))
		kycvs_decline_reason(call, KV_DOSE_NOT_ALLOWED, "dose of this product on this day is already recorded");
	else
	{
		call->reply->warning = too_soon(call->request, &product, doses, n);
		save_dose(call, &product);
		call->reply->number = n + 1;
	}
}

/* Of a merged record, the dose that counts is the other record's. */
static bool
check_revocation(KycvsCall *call)
{
	KycvsPersonState state;
	int			birth_year;

	if (!kycvs_text_usable(call->request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reason is empty or has control characters");
	if (!kycvs_person_exists(call->request->number, &state, &birth_year))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	return state != KYCVS_PERSON_MERGED || kycvs_decline_merged(call, call->request->number);
}

void
kycvs_decide_revoke_dose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsCorrection correction = {request->number, "dose", 0, request->count, request->text};
	bool		already = false;

	call->audit.object = request->number;
	if (!check_revocation(call))
		return;
	if (!kycvs_dose_revoke(request->number, request->count, &already))
		kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "dose is unknown");
	else if (already)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "dose is already revoked");
	else
		kycvs_correction_add(&correction, call->now);
}

/* ---- intake ---- */

void
kycvs_decide_pause_intake(KycvsCall *call)
{
	KycvsArgs	none = {0};

	kycvs_run(&pause_intake, &none);
}

void
kycvs_decide_resume_intake(KycvsCall *call)
{
	KycvsArgs	none = {0};

	kycvs_run(&resume_intake, &none);
}

void
kycvs_decide_clear_rejected(KycvsCall *call)
{
	KycvsArgs	args = {0};

	kycvs_bind_int8(&args, CLEARED_AT_ONCE);
	call->reply->number = kycvs_run(&clear_rejected, &args);
	call->reply->more = call->reply->number == CLEARED_AT_ONCE;
}
