/*
 * verify.c
 *	  Decides whether an OTP is right, and makes the consent.
 *
 * The try is charged before the OTP is compared (I1): the row that counts it is
 * written in the transaction whose commit precedes the answer, and should
 * anything fail between, the authority charges it again by itself.
 *
 * A right OTP always unseals and folds six names, however many persons share
 * the mobile, and writes the same rows whether or not one of them fits (I8).
 * For a group that is done once, and each name typed is compared with all six.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "document.h"
#include "exchange.h"
#include "group.h"
#include "limits.h"
#include "namescore.h"
#include "person.h"
#include "unwritten.h"

static bool
check_consent(KycvsCall *call)
{
	return call->request->flag || kycvs_decline(call, KV_CONSENT_REQUIRED);
}

static bool
find_challenge(KycvsCall *call, KycvsChallenge *challenge)
{
	call->audit.subject = call->request->id;
	if (!kycvs_challenge_find(&call->request->id, challenge) || challenge->binding.entity != call->entity.id)
		return kycvs_decline(call, KV_CHALLENGE_UNKNOWN);
	if (!challenge->ours)
		return kycvs_decline(call, KV_OTP_EXPIRED);
	return true;
}

static bool
check_open(KycvsCall *call, const KycvsChallenge *challenge)
{
	if (challenge->tries >= KYCVS_TRIES)
		return kycvs_decline_tries(call, KV_NO_TRIES_LEFT, 0);
	if (challenge->expires_at <= call->now)
		return kycvs_decline(call, KV_OTP_EXPIRED);
	return true;
}

/* A challenge that has failed already is in the entity's budget; another would be added by a wrong try. */
static bool
check_limits(KycvsCall *call, const KycvsChallenge *challenge, KycvsLimits *limits)
{
	int			wait;

	kycvs_limits_read(limits, challenge->binding.index, call->entity.id, call->now);
	wait = kycvs_limits_try_wait(limits, call->by_page, call->now);
	if (wait == 0 && !challenge->failed)
		wait = kycvs_limits_budget_wait(call->entity.id, call->entity.failures_per_hour, call->by_page, call->now);
	return wait == 0 || kycvs_decline_wait(call, KV_TOO_MANY_REQUESTS, wait);
}

static bool
compare(KycvsCall *call, const KycvsChallenge *challenge)
{
	char		typed[KYCVS_OTP_TYPED_MAX + 1];
	bool		failed = false;
	bool		right = kycvs_ascii_digits(call->request->otp, typed, sizeof(typed)) &&
		kycvs_otp_matches(&challenge->binding, typed, &failed);

	explicit_bzero(typed, sizeof(typed));
	kycvs_must(!failed, "compare an OTP");
	return right;
}

static void
record_failure(KycvsCall *call, KycvsChallenge *challenge, const KycvsLimits *limits)
{
	kycvs_challenge_failed(challenge, call->now);
	kycvs_limits_failed(limits, call->now);
	kycvs_decline_tries(call, KV_OTP_WRONG, KYCVS_TRIES - challenge->tries - 1);
}

static void
record_success(KycvsCall *call, KycvsChallenge *challenge, const KycvsLimits *limits)
{
	kycvs_challenge_verified(challenge);
	kycvs_limits_succeeded(limits, call->now);
}

/* The persons who share the mobile, and their names. */
typedef struct Family
{
	KycvsPerson persons[KYCVS_PERSONS_MAX];
	KycvsCandidates names;
} Family;

/* A name that fits nobody, at the price of one that might. */
static void
fold_in_vain(const KycvsChallenge *challenge, char folded[KYCVS_FOLDED_MAX + 1])
{
	char		name[KYCVS_NAME_MAX + 1];

	kycvs_must(kycvs_unseal(KYCVS_SEAL_NAME, challenge->name_sealed, KYCVS_SEALED_NAME, name, sizeof(name)) &&
			   kycvs_name_fold(name, folded) == 0, "read a typed name");
	explicit_bzero(name, sizeof(name));
	folded[0] = '\0';
}

/* The persons of the mobile, and as many of nobody's names as make it six. */
static void
read_family(const KycvsChallenge *challenge, const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
			Family *family)
{
	int			found = kycvs_persons_of_mobile(e164, index, now, family->persons);
	int			i;

	for (i = 0; i < KYCVS_PERSONS_MAX; i++)
	{
		if (i >= found)
			fold_in_vain(challenge, family->names.folded[i]);
		else
			kycvs_must(kycvs_name_fold(family->persons[i].name, family->names.folded[i]) == 0, "fold a registered name");
	}
	kycvs_candidates_read(&family->names, KYCVS_PERSONS_MAX);
}

/* Finds the person whom one name means. */
static void
match_person(const Family *family, const char *folded, KycvsChoice *choice)
{
	int			chosen = kycvs_name_choose(folded, &family->names, &choice->match);

	choice->person = chosen >= 0 ? family->persons[chosen].id : 0;
	if (chosen < 0)
		choice->match = KYCVS_MATCH_NONE;
}

/* The pairwise pseudonym: of the entity, the mobile and the name that was typed. */
static void
make_pseudonym(const KycvsChallenge *challenge, const char *folded, uint8 sub[KYCVS_DIGEST_LENGTH])
{
	KycvsPart	parts[3] = {
		{&challenge->binding.entity, sizeof(challenge->binding.entity)},
		{challenge->binding.index, KYCVS_INDEX_LENGTH},
		{folded, strlen(folded)}
	};

	kycvs_must(kycvs_mac(KYCVS_SUBKEY_PSEUDONYM, parts, lengthof(parts), sub), "make a pseudonym");
}

static TimestampTz
end_consent(const KycvsChallenge *challenge, const KycvsPurpose *purpose, TimestampTz now)
{
	TimestampTz end = now + purpose->validity;

	if (challenge->has_travel_date)
		end = Max(end, kycvs_clock_day_end(challenge->travel_date));
	return end;
}

/* Persons are indexed apart from exchanges, so the number itself is needed. */
static void
read_mobile(const KycvsChallenge *challenge, char e164[KYCVS_E164_MAX + 1], uint8 index[KYCVS_INDEX_LENGTH])
{
	kycvs_must(kycvs_unseal(KYCVS_SEAL_MOBILE, challenge->mobile_sealed, KYCVS_SEALED_MOBILE, e164, KYCVS_E164_MAX + 1) &&
			   kycvs_mobile_index(e164, index), "index a mobile number");
}

static void
fill_consent(KycvsConsent *consent, const KycvsChallenge *challenge, const KycvsPurpose *purpose, TimestampTz now)
{
	consent->challenge = challenge->binding.challenge;
	consent->persons = challenge->persons;
	consent->entity = challenge->binding.entity;
	consent->purpose = challenge->binding.purpose;
	memcpy(consent->name_sealed, challenge->name_sealed, KYCVS_SEALED_NAME);
	consent->has_reference = challenge->has_reference;
	strlcpy(consent->reference, challenge->reference, sizeof(consent->reference));
	consent->has_travel_date = challenge->has_travel_date;
	consent->travel_date = challenge->travel_date;
	consent->notice = challenge->notice;
	memcpy(consent->notice_sha256, challenge->notice_sha256, KYCVS_DIGEST_LENGTH);
	consent->uses = purpose->uses;
	consent->issued_at = now;
	consent->expires_at = end_consent(challenge, purpose, now);
	kycvs_must(kycvs_new_id(consent->index, &consent->jti), "make an id");
}

/* Whom each name means, and its pseudonym. */
static void
match_group(const KycvsChallenge *challenge, const char *e164, const uint8 index[KYCVS_INDEX_LENGTH], TimestampTz now,
			KycvsGroup *group)
{
	KycvsChoice choices[KYCVS_GROUP_MAX];
	Family	   *family = palloc0(sizeof(Family));
	char		folded[KYCVS_FOLDED_MAX + 1];
	int			i;

	read_family(challenge, e164, index, now, family);
	for (i = 0; i < group->n; i++)
	{
		kycvs_must(kycvs_name_fold(group->named[i].name, folded) == 0, "read a typed name");
		match_person(family, folded, &choices[i]);
		make_pseudonym(challenge, folded, group->named[i].sub);
	}
	kycvs_choices_part(choices, group->n);
	for (i = 0; i < group->n; i++)
		group->named[i].choice = choices[i];
	explicit_bzero(family, sizeof(Family));
	explicit_bzero(folded, sizeof(folded));
}

static void
grant_consent(KycvsCall *call, KycvsConsent *consent, const KycvsPurpose *purpose, const KycvsGroup *group, bool repeated)
{
	StringInfoData document;
	uint8		digest[KYCVS_DIGEST_LENGTH];

	initStringInfo(&document);
	kycvs_must(kycvs_document_consent(&document, &call->entity, purpose, consent, group, digest), "sign a consent");
	if (repeated && !kycvs_equal(digest, consent->canonical_sha256, sizeof(digest)))
		elog(ERROR, "a consent could not be repeated word for word");
	memcpy(consent->canonical_sha256, digest, sizeof(digest));
	call->audit.document = consent->jti;
	call->audit.object = consent->persons;
	kycvs_grant_text(call, document.data, document.len);
}

/* The first person is in the consent's own row. */
static void
fill_first(KycvsConsent *consent, const KycvsNamed *first)
{
	consent->person = first->choice.person;
	consent->match = first->choice.match;
	memcpy(consent->sub, first->sub, KYCVS_DIGEST_LENGTH);
}

static void
make_consent(KycvsCall *call, const KycvsChallenge *challenge)
{
	KycvsConsent consent;
	KycvsPurpose purpose;
	KycvsGroup	group;
	char		e164[KYCVS_E164_MAX + 1];

	memset(&consent, 0, sizeof(consent));
	kycvs_must(kycvs_purpose_by_id(challenge->binding.purpose, &purpose), "read a purpose");
	kycvs_group_of_challenge(challenge, &group);
	kycvs_must(kycvs_group_unseal(&group), "read a typed name");
	read_mobile(challenge, e164, consent.index);
	fill_consent(&consent, challenge, &purpose, call->now);
	match_group(challenge, e164, consent.index, call->now, &group);
	fill_first(&consent, &group.named[0]);
	grant_consent(call, &consent, &purpose, &group, false);
	kycvs_consent_insert(&consent);
	kycvs_group_insert_consent(&consent, &group);
	kycvs_group_wipe(&group);
	explicit_bzero(e164, sizeof(e164));
}

static bool
may_repeat(KycvsCall *call, const KycvsConsent *consent, KycvsGroup *group)
{
	kycvs_group_of_consent(consent, group);
	return !consent->withdrawn && consent->expires_at > call->now &&
		!kycvs_group_corrected(group, consent->issued_at) &&
		consent->repeats + kycvs_unwritten_tries(&call->request->id) < KYCVS_REPEATS;
}

/*
 * The OTP was used.  While its consent lives, the right OTP shows the same
 * consent again, twenty times; everything else is KV014, and costs one of the
 * twenty when it was compared.
 */
static void
repeat_consent(KycvsCall *call, const KycvsChallenge *challenge)
{
	KycvsConsent consent;
	KycvsPurpose purpose;
	KycvsGroup	group;

	if (!kycvs_consent_by_challenge(&challenge->binding.challenge, &consent) ||
		!may_repeat(call, &consent, &group))
	{
		kycvs_decline(call, KV_OTP_USED);
		return;
	}
	kycvs_consent_repeated(&consent);
	if (!compare(call, challenge))
	{
		kycvs_decline(call, KV_OTP_USED);
		return;
	}
	kycvs_must(kycvs_purpose_by_id(consent.purpose, &purpose), "read a purpose");
	kycvs_must(kycvs_group_unseal(&group), "read a typed name");
	grant_consent(call, &consent, &purpose, &group, true);
	kycvs_group_wipe(&group);
}

void
kycvs_decide_verify(KycvsCall *call)
{
	KycvsChallenge challenge;
	KycvsLimits limits;

	if (!check_consent(call) ||
		!find_challenge(call, &challenge))
		return;
	if (challenge.verified)
	{
		repeat_consent(call, &challenge);
		return;
	}
	if (!check_open(call, &challenge) ||
		!check_limits(call, &challenge, &limits))
		return;
	kycvs_challenge_charge(&challenge);
	if (!compare(call, &challenge))
	{
		record_failure(call, &challenge, &limits);
		return;
	}
	make_consent(call, &challenge);
	record_success(call, &challenge, &limits);
}

/*
 * What a verification costs when deciding it failed unexpectedly: the try, and
 * a failure, since nobody can say whether the OTP had been compared.
 */
void
kycvs_charge_verify(KycvsCall *call)
{
	KycvsChallenge challenge;
	KycvsConsent consent;

	call->audit.subject = call->request->id;
	if (!kycvs_challenge_find(&call->request->id, &challenge) || challenge.binding.entity != call->entity.id)
		return;
	if (!challenge.verified)
	{
		kycvs_challenge_charge(&challenge);
		kycvs_challenge_failed(&challenge, call->now);
	}
	else if (kycvs_consent_by_challenge(&challenge.binding.challenge, &consent))
		kycvs_consent_repeated(&consent);
}

/* The same in the counters of mobile and entity. */
void
kycvs_count_verify(KycvsCall *call)
{
	KycvsChallenge challenge;
	KycvsLimits limits;

	if (!kycvs_challenge_find(&call->request->id, &challenge) ||
		challenge.binding.entity != call->entity.id || challenge.verified)
		return;
	kycvs_limits_read(&limits, challenge.binding.index, call->entity.id, call->now);
	kycvs_limits_failed(&limits, call->now);
}
