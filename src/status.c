/*
 * status.c
 *	  Decides what a consent is answered: 0, 1 or 2 for each person, signed.
 *
 * The consent is recognised by its id and the digest of its canonical form; its
 * signature need not be checked again, since the row says what was signed.  The
 * person was found when the OTP was verified; for nobody the doses of somebody
 * else are read and forgotten, so that it takes the same time.
 *
 * What is no group is a group of one.  A group is answered as a whole or not at
 * all: nothing is counted before it is known that everybody can be answered.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "document.h"
#include "dose.h"
#include "exchange.h"
#include "group.h"
#include "person.h"
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

/* kycvs_status has one answer to give. */
static bool
check_single(KycvsCall *call, const KycvsConsent *consent)
{
	return call->request->op == KYCVS_OP_STATUS_GROUP || consent->persons == 0 ||
		kycvs_decline(call, KV_CONSENT_OF_GROUP);
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
choose_decoy(const KycvsConsent *consent, int n)
{
	uint32		choice;

	memcpy(&choice, consent->jti.data + UUID_LEN - sizeof(choice), sizeof(choice));
	return kycvs_somebody(choice + n);
}

/* A record that was put right since has ended the consent, for the whole group. */
static bool
check_uncorrected(KycvsCall *call, const KycvsConsent *consent, const KycvsGroup *group)
{
	return !kycvs_group_corrected(group, consent->issued_at) || kycvs_decline(call, KV_CONSENT_WITHDRAWN);
}

static int
count_status(const KycvsConsent *consent, const KycvsNamed *named, const KycvsRules *rules, DateADT as_of)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	bool		known = named->choice.person != 0;
	int64		decoy = choose_decoy(consent, named->n);
	int			n = kycvs_doses(known ? named->choice.person : decoy, doses);
	int			status = kycvs_rules_status(rules, doses, n, as_of);

	return known ? status : 0;
}

/* What is said about one person. */
typedef struct Saying
{
	KycvsAnswer answer;
	int			status;
	bool		given_before;
} Saying;

/* The same question with the same result by the same rules gets the same document, and costs no use. */
static bool
find_given(KycvsCall *call, const KycvsConsent *consent, int n, DateADT as_of, int status, KycvsAnswer *answer)
{
	return kycvs_answer_newest(&consent->jti, n, as_of, answer) && answer->status == status &&
		strcmp(answer->rules, call->entity.rules) == 0 && answer->expires_at > call->now;
}

/* False when somebody's uses are spent. */
static bool
find_out(KycvsCall *call, const KycvsConsent *consent, const KycvsGroup *group, const KycvsRules *rules, DateADT as_of,
		 Saying *sayings)
{
	bool		spent = false;
	int			i;

	for (i = 0; i < group->n; i++)
	{
		const KycvsNamed *named = &group->named[i];
		Saying	   *saying = &sayings[i];

		saying->status = count_status(consent, named, rules, as_of);
		saying->given_before = find_given(call, consent, named->n, as_of, saying->status, &saying->answer);
		spent |= !saying->given_before && named->used >= consent->uses;
	}
	return !spent || kycvs_decline(call, KV_CONSENT_USED_UP);
}

static void
make_answer(KycvsCall *call, const KycvsConsent *consent, int n, DateADT as_of, int status, KycvsAnswer *answer)
{
	kycvs_must(kycvs_new_id(consent->index, &answer->jti), "make an id");
	answer->consent = consent->jti;
	answer->n = n;
	answer->as_of = as_of;
	answer->status = status;
	strlcpy(answer->rules, call->entity.rules, sizeof(answer->rules));
	answer->issued_at = call->now;
	answer->expires_at = kycvs_clock_day_end(as_of);
	kycvs_answer_insert(answer);
}

static void
count_and_keep(KycvsCall *call, KycvsConsent *consent, KycvsGroup *group, DateADT as_of, Saying *sayings)
{
	int			i;

	for (i = 0; i < group->n; i++)
	{
		if (sayings[i].given_before)
			continue;
		kycvs_named_used(consent, &group->named[i]);
		make_answer(call, consent, group->named[i].n, as_of, sayings[i].status, &sayings[i].answer);
	}
}

/* Each answer has a row of the audit; the last one's is written with the call's end. */
static void
note_answer(KycvsCall *call, const KycvsAnswer *answer, bool last)
{
	call->audit.document = answer->jti;
	call->audit.as_of = answer->as_of;
	call->audit.status = answer->status;
	if (call->request->op == KYCVS_OP_STATUS_GROUP)
		call->audit.object = answer->n;
	if (!last)
		kycvs_audit_append(&call->audit, call->request, 0, call->now);
}

/* The documents in the order of the persons, a NUL between them. */
static void
grant_answers(KycvsCall *call, const KycvsConsent *consent, KycvsGroup *group, const Saying *sayings)
{
	StringInfoData documents;
	KycvsPurpose purpose;
	int			i;

	initStringInfo(&documents);
	kycvs_must(kycvs_purpose_by_id(consent->purpose, &purpose), "read a purpose");
	kycvs_must(kycvs_group_unseal(group), "read a typed name");
	for (i = 0; i < group->n; i++)
	{
		if (i > 0)
			appendStringInfoChar(&documents, '\0');
		kycvs_must(kycvs_document_answer(&documents, &call->entity, &purpose, consent, &group->named[i], &sayings[i].answer),
				   "sign an answer");
		note_answer(call, &sayings[i].answer, i == group->n - 1);
	}
	kycvs_group_wipe(group);
	kycvs_grant_text(call, documents.data, documents.len);
	call->reply->number = group->n;
}

/* kycvs_status and kycvs_status_group */
void
kycvs_decide_status(KycvsCall *call)
{
	KycvsConsent consent;
	KycvsGroup	group;
	Saying		sayings[KYCVS_GROUP_MAX];
	KycvsRules	rules;
	DateADT		as_of;

	if (!find_consent(call, &consent) ||
		!check_single(call, &consent) ||
		!read_day(call, &consent, &as_of))
		return;
	kycvs_group_of_consent(&consent, &group);
	kycvs_must(kycvs_ruleset_load(call->entity.rules, &rules, NULL), "read an entity's rules");
	if (!check_uncorrected(call, &consent, &group) ||
		!find_out(call, &consent, &group, &rules, as_of, sayings))
		return;
	count_and_keep(call, &consent, &group, as_of, sayings);
	grant_answers(call, &consent, &group, sayings);
}
