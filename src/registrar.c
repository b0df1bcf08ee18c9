/*
 * registrar.c
 *	  Decides the requests of registrars: persons and doses.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "exchange.h"
#include "statement.h"
#include "utils/datetime.h"

#define FIRST_BIRTH_YEAR 1900
#define FIRST_DOSE_YEAR	2020

static KycvsStatement find_product = {
	"SELECT coalesce(minimum_interval_days, 0)::int4 FROM kycvs_data.product WHERE code = $1"
};
static KycvsStatement find_same_dose = {
	"SELECT 1 FROM kycvs_data.dose WHERE person = $1 AND product = $2 AND given_on = $3 AND revoked_at IS NULL"
};
static KycvsStatement find_near_dose = {
	"SELECT 1 FROM kycvs_data.dose WHERE person = $1 AND revoked_at IS NULL AND abs(given_on - $2) < $3 LIMIT 1"
};
static KycvsStatement insert_dose = {
	"INSERT INTO kycvs_data.dose (person, dose_number, product, given_on, batch, recorded_at)"
	" SELECT $1, coalesce(max(dose_number), 0) + 1, $2, $3, $4, $5 FROM kycvs_data.dose WHERE person = $1"
	" RETURNING dose_number"
};
static KycvsStatement revoke_dose = {
	"UPDATE kycvs_data.dose SET revoked_at = $3, revoke_reason = $4"
	" WHERE person = $1 AND dose_number = $2 AND revoked_at IS NULL"
};
static KycvsStatement find_dose = {
	"SELECT 1 FROM kycvs_data.dose WHERE person = $1 AND dose_number = $2"
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
same_person(const KycvsRequest *request, const char *folded, const KycvsCandidate *candidate)
{
	char		name[KYCVS_NAME_MAX + 1];
	char		reference[KYCVS_TEXT_MAX + 1];
	char		other[KYCVS_FOLDED_MAX + 1];
	bool		same;

	kycvs_must(kycvs_unseal(KYCVS_SEAL_NAME, candidate->name_sealed, KYCVS_SEALED_NAME, name, sizeof(name)) &&
			   kycvs_unseal(KYCVS_SEAL_REFERENCE, candidate->reference_sealed, KYCVS_SEALED_REFERENCE,
							reference, sizeof(reference)) &&
			   kycvs_name_fold(name, other) == 0, "read a registered person");
	same = strcmp(folded, other) == 0 &&
		(!request->has_text || reference[0] == '\0' || strcmp(request->text, reference) == 0);
	explicit_bzero(name, sizeof(name));
	explicit_bzero(other, sizeof(other));
	return same;
}

static int64
insert_person(KycvsCall *call, const char *e164, const uint8 *index)
{
	const KycvsRequest *request = call->request;
	KycvsCandidate person;
	uint8		mobile_sealed[KYCVS_SEALED_MOBILE];

	kycvs_must(kycvs_seal(KYCVS_SEAL_MOBILE, e164, mobile_sealed, sizeof(mobile_sealed)) &&
			   kycvs_seal(KYCVS_SEAL_NAME, request->name, person.name_sealed, KYCVS_SEALED_NAME) &&
			   kycvs_seal(KYCVS_SEAL_REFERENCE, request->has_text ? request->text : "",
						  person.reference_sealed, KYCVS_SEALED_REFERENCE), "seal a person");
	return kycvs_person_insert(index, mobile_sealed, &person, request->count, call->now);
}

void
kycvs_decide_register_person(KycvsCall *call)
{
	KycvsCandidate candidates[KYCVS_PERSONS_PER_MOBILE];
	char		e164[KYCVS_E164_MAX + 1];
	char		folded[KYCVS_FOLDED_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];
	int64		person = 0;
	int			n;
	int			i;

	if (!kycvs_read_mobile(call, e164, index) || !kycvs_read_name(call, folded) || !check_person(call))
		return;
	n = kycvs_candidates(index, candidates);
	for (i = 0; i < n && person == 0; i++)
		if (same_person(call->request, folded, &candidates[i]))
			person = candidates[i].person;
	explicit_bzero(folded, sizeof(folded));
	if (person == 0 && n == KYCVS_PERSONS_PER_MOBILE)
	{
		kycvs_decline(call, KV_TOO_MANY_PERSONS);
		return;
	}
	if (person == 0)
		person = insert_person(call, e164, index);
	call->reply->number = call->audit.object = person;
}

/* ---- doses ---- */

static bool
check_dose(KycvsCall *call, int *interval)
{
	const KycvsRequest *request = call->request;
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, request->code);
	if (kycvs_run(&find_product, &args) == 0)
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "product is unknown");
	*interval = kycvs_column_int4(0, 1);
	if (!kycvs_person_exists(request->number))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	if (kycvs_doses(request->number, doses) == KYCVS_DOSES_MAX)
		return kycvs_decline_reason(call, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "person has too many doses");
	if (!DATE_NOT_FINITE(request->date) && request->date < date2j(FIRST_DOSE_YEAR, 1, 1) - POSTGRES_EPOCH_JDATE)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "dose is before 2020, when there was no product to give");
	if (DATE_NOT_FINITE(request->date) || request->date > kycvs_clock_day(call->now))
		return kycvs_decline_reason(call, KV_DOSE_NOT_ALLOWED, "dose is in the future");
	if (request->has_text && request->text[0] != '\0' && !kycvs_text_usable(request->text))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "batch has control characters");
	return true;
}

static bool
recorded_before(const KycvsRequest *request)
{
	KycvsArgs	args = {0};

	kycvs_bind_int8(&args, request->number);
	kycvs_bind_text(&args, request->code);
	kycvs_bind_date(&args, request->date, true);
	return kycvs_run(&find_same_dose, &args) > 0;
}

static bool
too_soon(const KycvsRequest *request, int interval)
{
	KycvsArgs	args = {0};

	kycvs_bind_int8(&args, request->number);
	kycvs_bind_date(&args, request->date, true);
	kycvs_bind_int4(&args, interval);
	return kycvs_run(&find_near_dose, &args) > 0;
}

static int
save_dose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsArgs	args = {0};

	kycvs_bind_int8(&args, request->number);
	kycvs_bind_text(&args, request->code);
	kycvs_bind_date(&args, request->date, true);
	kycvs_bind_text(&args, request->has_text ? request->text : "");
	kycvs_bind_time(&args, call->now);
	kycvs_run(&insert_dose, &args);
	return kycvs_column_int4(0, 1);
}

void
kycvs_decide_record_dose(KycvsCall *call)
{
	int			interval;

	call->audit.object = call->request->number;
	if (!check_dose(call, &interval))
		return;
	if (recorded_before(call->request))
	{
		kycvs_decline_reason(call, KV_DOSE_NOT_ALLOWED, "dose of this product on this day is already recorded");
		return;
	}
	call->reply->warning = too_soon(call->request, interval);
	call->reply->number = save_dose(call);
}

void
kycvs_decide_revoke_dose(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsArgs	args = {0};

	call->audit.object = request->number;
	if (!kycvs_text_usable(request->text))
	{
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "reason is empty or has control characters");
		return;
	}
	kycvs_bind_int8(&args, request->number);
	kycvs_bind_int4(&args, request->count);
	if (kycvs_run(&find_dose, &args) == 0)
	{
		kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "dose is unknown");
		return;
	}
	kycvs_bind_time(&args, call->now);
	kycvs_bind_text(&args, request->text);
	if (kycvs_run(&revoke_dose, &args) == 0)
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "dose is already revoked");
}
