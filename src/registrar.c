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
#include "person.h"
#include "statement.h"
#include "utils/datetime.h"

#define FIRST_BIRTH_YEAR 1900

static KycvsStatement pause_intake = {
	"INSERT INTO kycvs_data.intake_pause VALUES (true) ON CONFLICT DO NOTHING"
};
static KycvsStatement resume_intake = {
	"DELETE FROM kycvs_data.intake_pause"
};
static KycvsStatement clear_rejected = {
	"DELETE FROM kycvs_data.intake_rejected"
};

/* ---- persons ---- */

static bool
check_person(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	int			year,
				month,
				day;

	j2date(kycvs_clock_day(call->now) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (request->count != 0 && (request->count < FIRST_BIRTH_YEAR || request->count > year))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "birth year is not between 1900 and this year");
	if (request->has_text && !kycvs_text_usable(request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reference is empty or has control characters");
	return true;
}

/* The same folded name, and no reference that says it is someone else. */
static bool
same_person(const KycvsRequest *request, const char *folded, const KycvsPerson *person)
{
	char		other[KYCVS_FOLDED_MAX + 1];
	bool		same;

	kycvs_must(kycvs_name_fold(person->name, other) == 0, "fold a registered name");
	same = strcmp(folded, other) == 0 &&
		(!request->has_text || person->reference[0] == '\0' || strcmp(request->text, person->reference) == 0);
	explicit_bzero(other, sizeof(other));
	return same;
}

static bool
add_person(KycvsCall *call, const char *e164, const uint8 *index, KycvsPerson *person)
{
	const KycvsRequest *request = call->request;
	bool		added;

	memset(person, 0, sizeof(*person));
	person->birth_year = request->count;
	person->doses = kycvs_doses_none();
	strlcpy(person->mobile, e164, sizeof(person->mobile));
	strlcpy(person->name, request->name, sizeof(person->name));
	if (request->has_text)
		strlcpy(person->reference, request->text, sizeof(person->reference));
	added = kycvs_person_add(person, index);
	return added || kycvs_decline(call, KV_TOO_MANY_PERSONS);
}

/* The number of the person who is registered already, or 0. */
static int64
find_registered(const KycvsRequest *request, const char *folded, const KycvsPerson *persons, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		if (same_person(request, folded, &persons[i]))
			return persons[i].id;
	return 0;
}

void
kycvs_decide_register_person(KycvsCall *call)
{
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	char		e164[KYCVS_E164_MAX + 1];
	char		folded[KYCVS_FOLDED_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];
	int64		found;
	int			n;

	if (!kycvs_read_mobile(call, e164, index) || !kycvs_read_name(call, folded) || !check_person(call))
		return;
	n = kycvs_persons_of_mobile(e164, index, call->now, persons);
	found = find_registered(call->request, folded, persons, n);
	if (found == 0 && n >= kycvs_persons_per_mobile())
		kycvs_decline(call, KV_TOO_MANY_PERSONS);
	else if (found == 0 && add_person(call, e164, index, &persons[0]))
		found = persons[0].id;
	call->reply->number = call->audit.object = found;
	explicit_bzero(folded, sizeof(folded));
	explicit_bzero(persons, sizeof(persons));
}

/* ---- doses ---- */

static bool
check_dose(KycvsCall *call, KycvsProduct *product)
{
	const KycvsRequest *request = call->request;
	KycvsPersonState state;

	if (!kycvs_product_by_code(request->code, product))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "product is unknown");
	if (!kycvs_person_exists(request->number, &state))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	if (state == KYCVS_PERSON_MERGED)
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "record was merged into another one");
	if (!DATE_NOT_FINITE(request->date) && request->date < KYCVS_FIRST_DOSE_DAY)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "dose is before 2020, when there was no product to give");
	if (DATE_NOT_FINITE(request->date) || request->date > kycvs_clock_day(call->now))
		return kycvs_decline_reason(call, KV_DOSE_NOT_ALLOWED, "dose is in the future");
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

void
kycvs_decide_revoke_dose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	bool		already = false;

	call->audit.object = request->number;
	if (!kycvs_text_usable(request->text))
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reason is empty or has control characters");
	else if (!kycvs_dose_revoke(request->number, request->count, &already))
		kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "dose is unknown");
	else if (already)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "dose is already revoked");
	else
	{
		KycvsCorrection correction = {request->number, "dose", 0, request->count, request->text};

		kycvs_correction_add(&correction, call->now);
	}
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
	KycvsArgs	none = {0};

	call->reply->number = kycvs_run(&clear_rejected, &none);
}
