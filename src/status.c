/*
 * status.c
 *	  Decides what a consent is answered: 0, 1 or 2, signed.
 *
 * The consent is recognised by its id and the digest of its canonical form; its
 * signature need not be checked again, since the row says what was signed.  The
 * person was found when the OTP was verified; for nobody the doses of somebody
 * else are read and forgotten, so that it takes the same time.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "document.h"
#include "exchange.h"
#include "ruleset.h"

static bool
find_consent(KycvsCall *call, KycvsConsent *consent)
{
	const KycvsRequest *request = call->request;

	call->audit.subject = request->id;
	if (!kycvs_consent_find(&request->id, consent) || consent->entity != call->entity.id ||
		!kycvs_equal(request->digest, consent->canonical_sha256, KYCVS_DIGEST_LENGTH))
		return kycvs_decline(call, KV_CONSENT_INVALID);
	if (consent->withdrawn)
		return kycvs_decline(call, KV_CONSENT_WITHDRAWN);
	if (consent->expires_at <= call->now)
		return kycvs_decline(call, KV_CONSENT_EXPIRED);
	return true;
}

/* Today, or the travel date while it has not passed: any other day could search dose dates out. */
static bool
read_day(KycvsCall *call, const KycvsConsent *consent, DateADT *as_of)
{
	DateADT		today = kycvs_clock_day(call->now);

	*as_of = call->request->has_date ? call->request->date : today;
	if (*as_of == today || (consent->has_travel_date && *as_of == consent->travel_date && *as_of > today))
		return true;
	return kycvs_decline(call, KV_DATE_NOT_ALLOWED);
}

/* Somebody else than the person; the choice is the consent's, so it is the same whenever it is asked. */
static int64
choose_decoy(const KycvsConsent *consent)
{
	uint32		choice;

	memcpy(&choice, consent->jti.data + UUID_LEN - sizeof(choice), sizeof(choice));
	return kycvs_somebody(choice);
}

static int
count_status(const KycvsConsent *consent, const KycvsRules *rules, DateADT as_of)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	bool		known = consent->person != 0;
	int64		decoy = choose_decoy(consent);
	int			n = kycvs_doses(known ? consent->person : decoy, doses);
	int			status = kycvs_rules_status(rules, doses, n, as_of);

	return known ? status : 0;
}

/* The same question with the same result by the same rules gets the same document, and costs no use. */
static bool
given_before(KycvsCall *call, const KycvsConsent *consent, DateADT as_of, int status, KycvsAnswer *answer)
{
	return kycvs_answer_newest(&consent->jti, as_of, answer) && answer->status == status &&
		strcmp(answer->rules, call->entity.rules) == 0 && answer->expires_at > call->now;
}

static bool
use_consent(KycvsCall *call, KycvsConsent *consent)
{
	if (consent->used >= consent->uses)
		return kycvs_decline(call, KV_CONSENT_USED_UP);
	kycvs_consent_used(consent);
	return true;
}

static void
make_answer(KycvsCall *call, const KycvsConsent *consent, DateADT as_of, int status, KycvsAnswer *answer)
{
	kycvs_must(kycvs_new_id(consent->index, &answer->jti), "make an id");
	answer->consent = consent->jti;
	answer->as_of = as_of;
	answer->status = status;
	strlcpy(answer->rules, call->entity.rules, sizeof(answer->rules));
	answer->issued_at = call->now;
	answer->expires_at = kycvs_clock_day_end(as_of);
	kycvs_answer_insert(answer);
}

static void
grant_answer(KycvsCall *call, const KycvsConsent *consent, const KycvsAnswer *answer)
{
	StringInfoData document;
	KycvsPurpose purpose;
	char		name[KYCVS_NAME_MAX + 1];

	initStringInfo(&document);
	kycvs_must(kycvs_purpose_by_id(consent->purpose, &purpose), "read a purpose");
	kycvs_must(kycvs_unseal(KYCVS_SEAL_NAME, consent->name_sealed, KYCVS_SEALED_NAME, name, sizeof(name)), "read a typed name");
	kycvs_must(kycvs_document_answer(&document, &call->entity, &purpose, consent, answer, name), "sign an answer");
	explicit_bzero(name, sizeof(name));
	call->audit.document = answer->jti;
	call->audit.as_of = answer->as_of;
	call->audit.status = answer->status;
	kycvs_grant_text(call, document.data, document.len);
}

void
kycvs_decide_status(KycvsCall *call)
{
	KycvsConsent consent;
	KycvsAnswer answer;
	KycvsRules	rules;
	DateADT		as_of;
	int			status;

	if (!find_consent(call, &consent) ||
		!read_day(call, &consent, &as_of))
		return;
	kycvs_must(kycvs_ruleset_load(call->entity.rules, &rules, NULL), "read an entity's rules");
	status = count_status(&consent, &rules, as_of);
	if (!given_before(call, &consent, as_of, status, &answer))
	{
		if (!use_consent(call, &consent))
			return;
		make_answer(call, &consent, as_of, status, &answer);
	}
	grant_answer(call, &consent, &answer);
}
