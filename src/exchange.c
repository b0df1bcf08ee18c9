/*
 * exchange.c
 *	  The rows of an OTP exchange: challenge, consent, answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type_d.h"
#include "exchange.h"
#include "table.h"
#include "unwritten.h"

/* ---- tables ---- */

enum
{
	CHALLENGE_ID = 1,
	CHALLENGE_ENTITY,
	CHALLENGE_PURPOSE,
	CHALLENGE_MOBILE_INDEX,
	CHALLENGE_MOBILE_SEALED,
	CHALLENGE_NAME_SEALED,
	CHALLENGE_NAME_DIGEST,
	CHALLENGE_NONCE,
	CHALLENGE_REFERENCE,
	CHALLENGE_TRAVEL_DATE,
	CHALLENGE_LANGUAGE,
	CHALLENGE_NOTICE,
	CHALLENGE_NOTICE_SHA256,
	CHALLENGE_ISSUED_AT,
	CHALLENGE_SENT_AT,
	CHALLENGE_EXPIRES_AT,
	CHALLENGE_RESENDS,
	CHALLENGE_TRIES,
	CHALLENGE_FAILED_AT,
	CHALLENGE_VERIFIED,
	CHALLENGE_SYSTEM_IDENTIFIER,
	CHALLENGE_TIMELINE,
	CHALLENGE_PERSONS
};
static const char *const challenge_columns[] = {
	[CHALLENGE_ID] = "id",
	[CHALLENGE_ENTITY] = "entity",
	[CHALLENGE_PURPOSE] = "purpose",
	[CHALLENGE_MOBILE_INDEX] = "mobile_index",
	[CHALLENGE_MOBILE_SEALED] = "mobile_sealed",
	[CHALLENGE_NAME_SEALED] = "name_sealed",
	[CHALLENGE_NAME_DIGEST] = "name_digest",
	[CHALLENGE_NONCE] = "nonce",
	[CHALLENGE_REFERENCE] = "reference",
	[CHALLENGE_TRAVEL_DATE] = "travel_date",
	[CHALLENGE_LANGUAGE] = "language",
	[CHALLENGE_NOTICE] = "notice",
	[CHALLENGE_NOTICE_SHA256] = "notice_sha256",
	[CHALLENGE_ISSUED_AT] = "issued_at",
	[CHALLENGE_SENT_AT] = "sent_at",
	[CHALLENGE_EXPIRES_AT] = "expires_at",
	[CHALLENGE_RESENDS] = "resends",
	[CHALLENGE_TRIES] = "tries",
	[CHALLENGE_FAILED_AT] = "failed_at",
	[CHALLENGE_VERIFIED] = "verified",
	[CHALLENGE_SYSTEM_IDENTIFIER] = "system_identifier",
	[CHALLENGE_TIMELINE] = "timeline",
	[CHALLENGE_PERSONS] = "persons"
};
static KycvsTable challenges = KYCVS_TABLE("challenge", challenge_columns);
static KycvsIndex challenge_by_id = {&challenges, "challenge_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex challenge_by_mobile = {&challenges, "challenge_mobile_index", 2, BTGreaterStrategyNumber, true};
static KycvsIndex challenge_by_failure = {&challenges, "challenge_failed", 2, BTGreaterStrategyNumber, true};

enum
{
	CONSENT_JTI = 1,
	CONSENT_CHALLENGE,
	CONSENT_ENTITY,
	CONSENT_PURPOSE,
	CONSENT_MOBILE_INDEX,
	CONSENT_NAME_SEALED,
	CONSENT_PERSON,
	CONSENT_MATCH,
	CONSENT_SUB,
	CONSENT_REFERENCE,
	CONSENT_TRAVEL_DATE,
	CONSENT_NOTICE,
	CONSENT_NOTICE_SHA256,
	CONSENT_CANONICAL_SHA256,
	CONSENT_USES,
	CONSENT_USED,
	CONSENT_REPEATS,
	CONSENT_ISSUED_AT,
	CONSENT_EXPIRES_AT,
	CONSENT_WITHDRAWN_AT,
	CONSENT_PERSONS
};
static const char *const consent_columns[] = {
	[CONSENT_JTI] = "jti",
	[CONSENT_CHALLENGE] = "challenge",
	[CONSENT_ENTITY] = "entity",
	[CONSENT_PURPOSE] = "purpose",
	[CONSENT_MOBILE_INDEX] = "mobile_index",
	[CONSENT_NAME_SEALED] = "name_sealed",
	[CONSENT_PERSON] = "person",
	[CONSENT_MATCH] = "match",
	[CONSENT_SUB] = "sub",
	[CONSENT_REFERENCE] = "reference",
	[CONSENT_TRAVEL_DATE] = "travel_date",
	[CONSENT_NOTICE] = "notice",
	[CONSENT_NOTICE_SHA256] = "notice_sha256",
	[CONSENT_CANONICAL_SHA256] = "canonical_sha256",
	[CONSENT_USES] = "uses",
	[CONSENT_USED] = "used",
	[CONSENT_REPEATS] = "repeats",
	[CONSENT_ISSUED_AT] = "issued_at",
	[CONSENT_EXPIRES_AT] = "expires_at",
	[CONSENT_WITHDRAWN_AT] = "withdrawn_at",
	[CONSENT_PERSONS] = "persons"
};
static KycvsTable consents = KYCVS_TABLE("consent", consent_columns);
static KycvsIndex consent_by_jti = {&consents, "consent_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex consent_by_challenge = {&consents, "consent_challenge_key", 1, BTEqualStrategyNumber};

enum
{
	ANSWER_JTI = 1,
	ANSWER_CONSENT,
	ANSWER_AS_OF,
	ANSWER_STATUS,
	ANSWER_N,
	ANSWER_RULES,
	ANSWER_ISSUED_AT,
	ANSWER_EXPIRES_AT
};
static const char *const answer_columns[] = {
	[ANSWER_JTI] = "jti",
	[ANSWER_CONSENT] = "consent",
	[ANSWER_AS_OF] = "as_of",
	[ANSWER_STATUS] = "status",
	[ANSWER_N] = "n",
	[ANSWER_RULES] = "rules",
	[ANSWER_ISSUED_AT] = "issued_at",
	[ANSWER_EXPIRES_AT] = "expires_at"
};
static KycvsTable answers = KYCVS_TABLE("answer", answer_columns);
static KycvsIndex answer_by_consent = {&answers, "answer_consent", 2, BTEqualStrategyNumber};

static int64
this_system(void)
{
	return (int64) GetSystemIdentifier();
}

static int32
this_timeline(void)
{
	return (int32) GetWALInsertionTimeLine();
}

static bool
read_optional_text(const KycvsRow *row, int column, char *text, size_t size)
{
	text[0] = '\0';
	if (kycvs_row_null(row, column))
		return false;
	kycvs_row_text(row, column, text, size);
	return true;
}

static bool
read_optional_date(const KycvsRow *row, int column, DateADT *date)
{
	if (kycvs_row_null(row, column))
		return false;
	*date = kycvs_row_date(row, column);
	return true;
}

static bool
find_by_id(KycvsIndex *index, const pg_uuid_t *id, KycvsRow *row)
{
	KycvsArgs	keys = {0};

	kycvs_bind_uuid(&keys, id);
	return kycvs_row_find(index, &keys, row);
}

/* ---- challenges ---- */

static void
read_challenge(const KycvsRow *row, KycvsChallenge *challenge)
{
	memset(challenge, 0, sizeof(*challenge));
	challenge->row = *row;
	kycvs_row_uuid(row, CHALLENGE_ID, &challenge->binding.challenge);
	challenge->binding.entity = kycvs_row_int4(row, CHALLENGE_ENTITY);
	challenge->binding.purpose = kycvs_row_int4(row, CHALLENGE_PURPOSE);
	kycvs_row_bytes(row, CHALLENGE_MOBILE_INDEX, challenge->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_row_bytes(row, CHALLENGE_MOBILE_SEALED, challenge->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_row_bytes(row, CHALLENGE_NAME_SEALED, challenge->name_sealed, KYCVS_SEALED_NAME);
	kycvs_row_bytes(row, CHALLENGE_NAME_DIGEST, challenge->binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_row_bytes(row, CHALLENGE_NONCE, challenge->binding.nonce, KYCVS_NONCE_LENGTH);
	challenge->has_reference = read_optional_text(row, CHALLENGE_REFERENCE, challenge->reference, sizeof(challenge->reference));
	challenge->has_travel_date = read_optional_date(row, CHALLENGE_TRAVEL_DATE, &challenge->travel_date);
	kycvs_row_text(row, CHALLENGE_LANGUAGE, challenge->language, sizeof(challenge->language));
	challenge->notice = kycvs_row_int4(row, CHALLENGE_NOTICE);
	kycvs_row_bytes(row, CHALLENGE_NOTICE_SHA256, challenge->notice_sha256, KYCVS_DIGEST_LENGTH);
	challenge->issued_at = kycvs_row_time(row, CHALLENGE_ISSUED_AT);
	challenge->sent_at = kycvs_row_time(row, CHALLENGE_SENT_AT);
	challenge->expires_at = kycvs_row_time(row, CHALLENGE_EXPIRES_AT);
	challenge->resends = kycvs_row_int4(row, CHALLENGE_RESENDS);
	challenge->tries_written = kycvs_row_int4(row, CHALLENGE_TRIES);
	challenge->tries = challenge->tries_written + kycvs_unwritten_tries(&challenge->binding.challenge);
	challenge->failed = !kycvs_row_null(row, CHALLENGE_FAILED_AT);
	challenge->verified = kycvs_row_bool(row, CHALLENGE_VERIFIED);
	challenge->ours = kycvs_row_int8(row, CHALLENGE_SYSTEM_IDENTIFIER) == this_system() &&
		kycvs_row_int4(row, CHALLENGE_TIMELINE) == this_timeline();
	challenge->persons = kycvs_row_int2(row, CHALLENGE_PERSONS);
}

bool
kycvs_challenge_find(const pg_uuid_t *id, KycvsChallenge *challenge)
{
	KycvsRow	row;

	if (!find_by_id(&challenge_by_id, id, &row))
		return false;
	read_challenge(&row, challenge);
	return true;
}

static bool
same_text(bool has_one, const char *one, bool has_other, const char *other)
{
	return has_one == has_other && (!has_one || strcmp(one, other) == 0);
}

/* Asks for the same in the same words, and its OTP can still be given. */
static bool
same_question(const KycvsChallenge *like, const KycvsChallenge *challenge)
{
	return challenge->binding.entity == like->binding.entity &&
		challenge->binding.purpose == like->binding.purpose &&
		memcmp(challenge->binding.name_digest, like->binding.name_digest, KYCVS_DIGEST_LENGTH) == 0 &&
		same_text(challenge->has_reference, challenge->reference, like->has_reference, like->reference) &&
		challenge->has_travel_date == like->has_travel_date &&
		(!like->has_travel_date || challenge->travel_date == like->travel_date) &&
		strcmp(challenge->language, like->language) == 0 &&
		!challenge->verified && challenge->tries < KYCVS_TRIES && challenge->ours;
}

/* The newest live challenge that asks for the same in the same words. */
bool
kycvs_challenge_find_same(const KycvsChallenge *like, TimestampTz now, KycvsChallenge *challenge)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	bool		found = false;

	kycvs_bind_bytes(&keys, like->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_bind_time(&keys, now - KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC);
	kycvs_scan_begin(&scan, &challenge_by_mobile, &keys, BackwardScanDirection);
	while (!found && kycvs_scan_next(&scan, &row))
	{
		read_challenge(&row, challenge);
		found = same_question(like, challenge);
	}
	kycvs_scan_end(&scan);
	return found && challenge->expires_at > now;
}

int
kycvs_challenges_failed(int32 entity, TimestampTz since, int most, TimestampTz *oldest)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	int			n = 0;

	kycvs_bind_int4(&keys, entity);
	kycvs_bind_time(&keys, since);
	kycvs_scan_begin(&scan, &challenge_by_failure, &keys, BackwardScanDirection);
	while (n < most && kycvs_scan_next(&scan, &row))
	{
		if (kycvs_row_bool(&row, CHALLENGE_VERIFIED))
			continue;
		*oldest = kycvs_row_time(&row, CHALLENGE_FAILED_AT);
		n++;
	}
	kycvs_scan_end(&scan);
	return n;
}

void
kycvs_challenge_insert(const KycvsChallenge *challenge)
{
	KycvsArgs	columns = {0};

	kycvs_bind_uuid(&columns, &challenge->binding.challenge);
	kycvs_bind_int4(&columns, challenge->binding.entity);
	kycvs_bind_int4(&columns, challenge->binding.purpose);
	kycvs_bind_bytes(&columns, challenge->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_bind_bytes(&columns, challenge->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_bind_bytes(&columns, challenge->name_sealed, KYCVS_SEALED_NAME);
	kycvs_bind_bytes(&columns, challenge->binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_bind_bytes(&columns, challenge->binding.nonce, KYCVS_NONCE_LENGTH);
	kycvs_bind_text(&columns, challenge->has_reference ? challenge->reference : NULL);
	kycvs_bind_date(&columns, challenge->travel_date, challenge->has_travel_date);
	kycvs_bind_text(&columns, challenge->language);
	kycvs_bind_int4(&columns, challenge->notice);
	kycvs_bind_bytes(&columns, challenge->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_time(&columns, challenge->issued_at);
	kycvs_bind_time(&columns, challenge->sent_at);
	kycvs_bind_time(&columns, challenge->expires_at);
	kycvs_bind_int4(&columns, 0);	/* resends */
	kycvs_bind_int4(&columns, 0);	/* tries */
	kycvs_bind_null(&columns, TIMESTAMPTZOID);	/* failed_at */
	kycvs_bind_bool(&columns, false);	/* verified */
	kycvs_bind_int8(&columns, this_system());
	kycvs_bind_int4(&columns, this_timeline());
	kycvs_bind_int2(&columns, challenge->persons);
	kycvs_row_add(&challenges, &columns);
}

void
kycvs_challenge_resent(KycvsChallenge *challenge)
{
	kycvs_row_set(&challenge->row, CHALLENGE_SENT_AT, TimestampTzGetDatum(challenge->sent_at));
	kycvs_row_set(&challenge->row, CHALLENGE_EXPIRES_AT, TimestampTzGetDatum(challenge->expires_at));
	kycvs_row_set(&challenge->row, CHALLENGE_RESENDS, Int32GetDatum(challenge->resends));
	kycvs_row_save(&challenge->row);
}

void
kycvs_challenge_retyped(KycvsChallenge *challenge)
{
	KycvsArgs	sealed = {0};

	kycvs_bind_bytes(&sealed, challenge->name_sealed, KYCVS_SEALED_NAME);
	kycvs_row_set(&challenge->row, CHALLENGE_NAME_SEALED, sealed.values[0]);
	kycvs_row_save(&challenge->row);
}

void
kycvs_challenge_charge(KycvsChallenge *challenge)
{
	kycvs_row_set(&challenge->row, CHALLENGE_TRIES, Int32GetDatum(challenge->tries_written + 1));
	kycvs_row_save(&challenge->row);
}

/* The first wrong try counts; the others leave a row of the same size. */
void
kycvs_challenge_failed(KycvsChallenge *challenge, TimestampTz now)
{
	if (!challenge->failed)
		kycvs_row_set(&challenge->row, CHALLENGE_FAILED_AT, TimestampTzGetDatum(now));
	kycvs_row_save(&challenge->row);
}

void
kycvs_challenge_verified(KycvsChallenge *challenge)
{
	kycvs_row_set(&challenge->row, CHALLENGE_VERIFIED, BoolGetDatum(true));
	kycvs_row_save(&challenge->row);
}

/* ---- consents ---- */

static void
read_consent(const KycvsRow *row, KycvsConsent *consent)
{
	memset(consent, 0, sizeof(*consent));
	consent->row = *row;
	kycvs_row_uuid(row, CONSENT_JTI, &consent->jti);
	kycvs_row_uuid(row, CONSENT_CHALLENGE, &consent->challenge);
	consent->entity = kycvs_row_int4(row, CONSENT_ENTITY);
	consent->purpose = kycvs_row_int4(row, CONSENT_PURPOSE);
	kycvs_row_bytes(row, CONSENT_MOBILE_INDEX, consent->index, KYCVS_INDEX_LENGTH);
	kycvs_row_bytes(row, CONSENT_NAME_SEALED, consent->name_sealed, KYCVS_SEALED_NAME);
	consent->person = kycvs_row_int8(row, CONSENT_PERSON);
	consent->match = (KycvsMatch) kycvs_row_int2(row, CONSENT_MATCH);
	kycvs_row_bytes(row, CONSENT_SUB, consent->sub, KYCVS_DIGEST_LENGTH);
	consent->has_reference = read_optional_text(row, CONSENT_REFERENCE, consent->reference, sizeof(consent->reference));
	consent->has_travel_date = read_optional_date(row, CONSENT_TRAVEL_DATE, &consent->travel_date);
	consent->notice = kycvs_row_int4(row, CONSENT_NOTICE);
	kycvs_row_bytes(row, CONSENT_NOTICE_SHA256, consent->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_row_bytes(row, CONSENT_CANONICAL_SHA256, consent->canonical_sha256, KYCVS_DIGEST_LENGTH);
	consent->uses = kycvs_row_int4(row, CONSENT_USES);
	consent->used = kycvs_row_int4(row, CONSENT_USED);
	consent->repeats = kycvs_row_int4(row, CONSENT_REPEATS);
	consent->issued_at = kycvs_row_time(row, CONSENT_ISSUED_AT);
	consent->expires_at = kycvs_row_time(row, CONSENT_EXPIRES_AT);
	consent->withdrawn = !kycvs_row_null(row, CONSENT_WITHDRAWN_AT);
	consent->persons = kycvs_row_int2(row, CONSENT_PERSONS);
}

static bool
find_consent(KycvsIndex *index, const pg_uuid_t *id, KycvsConsent *consent)
{
	KycvsRow	row;

	if (!find_by_id(index, id, &row))
		return false;
	read_consent(&row, consent);
	return true;
}

bool
kycvs_consent_by_challenge(const pg_uuid_t *challenge, KycvsConsent *consent)
{
	return find_consent(&consent_by_challenge, challenge, consent);
}

bool
kycvs_consent_find(const pg_uuid_t *jti, KycvsConsent *consent)
{
	return find_consent(&consent_by_jti, jti, consent);
}

void
kycvs_consent_insert(const KycvsConsent *consent)
{
	KycvsArgs	columns = {0};

	kycvs_bind_uuid(&columns, &consent->jti);
	kycvs_bind_uuid(&columns, &consent->challenge);
	kycvs_bind_int4(&columns, consent->entity);
	kycvs_bind_int4(&columns, consent->purpose);
	kycvs_bind_bytes(&columns, consent->index, KYCVS_INDEX_LENGTH);
	kycvs_bind_bytes(&columns, consent->name_sealed, KYCVS_SEALED_NAME);
	kycvs_bind_int8(&columns, consent->person);
	kycvs_bind_int2(&columns, consent->match);
	kycvs_bind_bytes(&columns, consent->sub, KYCVS_DIGEST_LENGTH);
	kycvs_bind_text(&columns, consent->has_reference ? consent->reference : NULL);
	kycvs_bind_date(&columns, consent->travel_date, consent->has_travel_date);
	kycvs_bind_int4(&columns, consent->notice);
	kycvs_bind_bytes(&columns, consent->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_bytes(&columns, consent->canonical_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_int4(&columns, consent->uses);
	kycvs_bind_int4(&columns, 0);	/* used */
	kycvs_bind_int4(&columns, 0);	/* repeats */
	kycvs_bind_time(&columns, consent->issued_at);
	kycvs_bind_time(&columns, consent->expires_at);
	kycvs_bind_null(&columns, TIMESTAMPTZOID);	/* withdrawn_at */
	kycvs_bind_int2(&columns, consent->persons);
	kycvs_row_add(&consents, &columns);
}

void
kycvs_consent_repeated(KycvsConsent *consent)
{
	kycvs_row_set(&consent->row, CONSENT_REPEATS, Int32GetDatum(consent->repeats + 1));
	kycvs_row_save(&consent->row);
}

void
kycvs_consent_used(KycvsConsent *consent)
{
	kycvs_row_set(&consent->row, CONSENT_USED, Int32GetDatum(consent->used + 1));
	kycvs_row_save(&consent->row);
}

/* ---- answers ---- */

static void
read_answer(const KycvsRow *row, KycvsAnswer *answer)
{
	kycvs_row_uuid(row, ANSWER_JTI, &answer->jti);
	kycvs_row_uuid(row, ANSWER_CONSENT, &answer->consent);
	answer->as_of = kycvs_row_date(row, ANSWER_AS_OF);
	answer->status = kycvs_row_int2(row, ANSWER_STATUS);
	answer->n = kycvs_row_int2(row, ANSWER_N);
	kycvs_row_text(row, ANSWER_RULES, answer->rules, sizeof(answer->rules));
	answer->issued_at = kycvs_row_time(row, ANSWER_ISSUED_AT);
	answer->expires_at = kycvs_row_time(row, ANSWER_EXPIRES_AT);
}

/* A consent has few answers, one for each person and change of the result. */
bool
kycvs_answer_newest(const pg_uuid_t *consent, int n, DateADT as_of, KycvsAnswer *answer)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	bool		found = false;

	kycvs_bind_uuid(&keys, consent);
	kycvs_bind_date(&keys, as_of, true);
	kycvs_scan_begin(&scan, &answer_by_consent, &keys, ForwardScanDirection);
	while (kycvs_scan_next(&scan, &row))
	{
		if (kycvs_row_int2(&row, ANSWER_N) != n)
			continue;
		if (!found || kycvs_row_time(&row, ANSWER_ISSUED_AT) > answer->issued_at)
			read_answer(&row, answer);
		found = true;
	}
	kycvs_scan_end(&scan);
	return found;
}

void
kycvs_answer_insert(const KycvsAnswer *answer)
{
	KycvsArgs	columns = {0};

	kycvs_bind_uuid(&columns, &answer->jti);
	kycvs_bind_uuid(&columns, &answer->consent);
	kycvs_bind_date(&columns, answer->as_of, true);
	kycvs_bind_int2(&columns, answer->status);
	kycvs_bind_int2(&columns, answer->n);
	kycvs_bind_text(&columns, answer->rules);
	kycvs_bind_time(&columns, answer->issued_at);
	kycvs_bind_time(&columns, answer->expires_at);
	kycvs_row_add(&answers, &columns);
}
