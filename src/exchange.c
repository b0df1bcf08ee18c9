/*
 * exchange.c
 *	  The rows of an OTP exchange: challenge, message, consent, answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "exchange.h"
#include "statement.h"

#define CHALLENGE_COLUMNS \
	"id, entity, purpose, mobile_index, mobile_sealed, name_sealed, name_digest, nonce, reference, travel_date," \
	" language, notice_sha256, issued_at, sent_at, expires_at, resends, tries, failed_at IS NOT NULL, verified," \
	" system_identifier, timeline"

static KycvsStatement find_challenge = {
	"SELECT " CHALLENGE_COLUMNS " FROM kycvs_data.challenge WHERE id = $1"
};
static KycvsStatement find_same = {
	"SELECT " CHALLENGE_COLUMNS " FROM kycvs_data.challenge"
	" WHERE mobile_index = $1 AND issued_at > $2 AND entity = $3 AND purpose = $4 AND name_digest = $5"
	" AND reference IS NOT DISTINCT FROM $6 AND travel_date IS NOT DISTINCT FROM $7 AND language = $8"
	" AND NOT verified AND tries < 3 AND system_identifier = $9 AND timeline = $10"
	" ORDER BY issued_at DESC LIMIT 1"
};
static KycvsStatement insert_challenge = {
	"INSERT INTO kycvs_data.challenge (id, entity, purpose, mobile_index, mobile_sealed, name_sealed, name_digest, nonce,"
	" reference, travel_date, language, notice_sha256, issued_at, sent_at, expires_at, system_identifier, timeline)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
};
static KycvsStatement resend_challenge = {
	"UPDATE kycvs_data.challenge SET sent_at = $2, expires_at = $3, resends = $4 WHERE id = $1"
};
static KycvsStatement charge_challenge = {
	"UPDATE kycvs_data.challenge SET tries = tries + 1 WHERE id = $1"
};
static KycvsStatement fail_challenge = {
	"UPDATE kycvs_data.challenge SET failed_at = coalesce(failed_at, $2) WHERE id = $1"
};
static KycvsStatement verify_challenge = {
	"UPDATE kycvs_data.challenge SET verified = true WHERE id = $1"
};
static KycvsStatement insert_message = {
	"INSERT INTO kycvs_data.message (challenge, created_at, expires_at) VALUES ($1, $2, $3)"
};

#define CONSENT_COLUMNS \
	"jti, challenge, entity, purpose, mobile_index, name_sealed, person, match::int4, sub, reference, travel_date," \
	" notice_sha256, canonical_sha256, uses, used, repeats, issued_at, expires_at, withdrawn_at IS NOT NULL"

static KycvsStatement find_consent = {
	"SELECT " CONSENT_COLUMNS " FROM kycvs_data.consent WHERE jti = $1"
};
static KycvsStatement find_consent_by_challenge = {
	"SELECT " CONSENT_COLUMNS " FROM kycvs_data.consent WHERE challenge = $1"
};
static KycvsStatement insert_consent = {
	"INSERT INTO kycvs_data.consent (jti, challenge, entity, purpose, mobile_index, name_sealed, person, match, sub,"
	" reference, travel_date, notice_sha256, canonical_sha256, uses, issued_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
};
static KycvsStatement repeat_consent = {
	"UPDATE kycvs_data.consent SET repeats = repeats + 1 WHERE jti = $1"
};
static KycvsStatement use_consent = {
	"UPDATE kycvs_data.consent SET used = used + 1 WHERE jti = $1"
};
static KycvsStatement find_answer = {
	"SELECT jti, consent, as_of, status::int4, rules, issued_at, expires_at FROM kycvs_data.answer"
	" WHERE consent = $1 AND as_of = $2 ORDER BY issued_at DESC LIMIT 1"
};
static KycvsStatement insert_answer = {
	"INSERT INTO kycvs_data.answer (jti, consent, as_of, status, rules, issued_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)"
};

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
read_optional_text(int column, char *text, size_t size)
{
	text[0] = '\0';
	if (kycvs_column_null(0, column))
		return false;
	kycvs_column_text(0, column, text, size);
	return true;
}

static bool
read_optional_date(int column, DateADT *date)
{
	if (kycvs_column_null(0, column))
		return false;
	*date = kycvs_column_date(0, column);
	return true;
}

static bool
read_challenge(uint64 found, KycvsChallenge *challenge)
{
	if (found == 0)
		return false;
	memset(challenge, 0, sizeof(*challenge));
	kycvs_column_uuid(0, 1, &challenge->binding.challenge);
	challenge->binding.entity = kycvs_column_int4(0, 2);
	challenge->binding.purpose = kycvs_column_int4(0, 3);
	kycvs_column_bytes(0, 4, challenge->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_column_bytes(0, 5, challenge->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_column_bytes(0, 6, challenge->name_sealed, KYCVS_SEALED_NAME);
	kycvs_column_bytes(0, 7, challenge->binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_column_bytes(0, 8, challenge->binding.nonce, KYCVS_NONCE_LENGTH);
	challenge->has_reference = read_optional_text(9, challenge->reference, sizeof(challenge->reference));
	challenge->has_travel_date = read_optional_date(10, &challenge->travel_date);
	kycvs_column_text(0, 11, challenge->language, sizeof(challenge->language));
	kycvs_column_bytes(0, 12, challenge->notice_sha256, KYCVS_DIGEST_LENGTH);
	challenge->issued_at = kycvs_column_time(0, 13);
	challenge->sent_at = kycvs_column_time(0, 14);
	challenge->expires_at = kycvs_column_time(0, 15);
	challenge->resends = kycvs_column_int4(0, 16);
	challenge->tries = kycvs_column_int4(0, 17);
	challenge->failed = kycvs_column_bool(0, 18);
	challenge->verified = kycvs_column_bool(0, 19);
	challenge->ours = kycvs_column_int8(0, 20) == this_system() && kycvs_column_int4(0, 21) == this_timeline();
	return true;
}

bool
kycvs_challenge_find(const pg_uuid_t *id, KycvsChallenge *challenge)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, id);
	return read_challenge(kycvs_run(&find_challenge, &args), challenge);
}

/* The newest live challenge that asks for the same in the same words. */
bool
kycvs_challenge_find_same(const KycvsChallenge *like, TimestampTz now, KycvsChallenge *challenge)
{
	KycvsArgs	args = {0};

	kycvs_bind_bytes(&args, like->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_bind_time(&args, now - KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC);
	kycvs_bind_int4(&args, like->binding.entity);
	kycvs_bind_int4(&args, like->binding.purpose);
	kycvs_bind_bytes(&args, like->binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_bind_text(&args, like->has_reference ? like->reference : NULL);
	kycvs_bind_date(&args, like->travel_date, like->has_travel_date);
	kycvs_bind_text(&args, like->language);
	kycvs_bind_int8(&args, this_system());
	kycvs_bind_int4(&args, this_timeline());
	return read_challenge(kycvs_run_uncounted(&find_same, &args), challenge) && challenge->expires_at > now;
}

void
kycvs_challenge_insert(const KycvsChallenge *challenge)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, &challenge->binding.challenge);
	kycvs_bind_int4(&args, challenge->binding.entity);
	kycvs_bind_int4(&args, challenge->binding.purpose);
	kycvs_bind_bytes(&args, challenge->binding.index, KYCVS_INDEX_LENGTH);
	kycvs_bind_bytes(&args, challenge->mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_bind_bytes(&args, challenge->name_sealed, KYCVS_SEALED_NAME);
	kycvs_bind_bytes(&args, challenge->binding.name_digest, KYCVS_DIGEST_LENGTH);
	kycvs_bind_bytes(&args, challenge->binding.nonce, KYCVS_NONCE_LENGTH);
	kycvs_bind_text(&args, challenge->has_reference ? challenge->reference : NULL);
	kycvs_bind_date(&args, challenge->travel_date, challenge->has_travel_date);
	kycvs_bind_text(&args, challenge->language);
	kycvs_bind_bytes(&args, challenge->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_time(&args, challenge->issued_at);
	kycvs_bind_time(&args, challenge->sent_at);
	kycvs_bind_time(&args, challenge->expires_at);
	kycvs_bind_int8(&args, this_system());
	kycvs_bind_int4(&args, this_timeline());
	kycvs_run(&insert_challenge, &args);
}

void
kycvs_challenge_resent(const KycvsChallenge *challenge)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, &challenge->binding.challenge);
	kycvs_bind_time(&args, challenge->sent_at);
	kycvs_bind_time(&args, challenge->expires_at);
	kycvs_bind_int4(&args, challenge->resends);
	kycvs_run(&resend_challenge, &args);
}

static void
change(KycvsStatement *statement, const pg_uuid_t *id)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, id);
	if (kycvs_run(statement, &args) != 1)
		elog(ERROR, "a row that was there is gone");
}

void
kycvs_challenge_charge(const pg_uuid_t *id)
{
	change(&charge_challenge, id);
}

void
kycvs_challenge_failed(const pg_uuid_t *id, TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, id);
	kycvs_bind_time(&args, now);
	kycvs_run(&fail_challenge, &args);
}

void
kycvs_challenge_verified(const pg_uuid_t *id)
{
	change(&verify_challenge, id);
}

void
kycvs_message_insert(const KycvsChallenge *challenge)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, &challenge->binding.challenge);
	kycvs_bind_time(&args, challenge->sent_at);
	kycvs_bind_time(&args, challenge->expires_at);
	kycvs_run(&insert_message, &args);
}

static bool
read_consent(uint64 found, KycvsConsent *consent)
{
	if (found == 0)
		return false;
	memset(consent, 0, sizeof(*consent));
	kycvs_column_uuid(0, 1, &consent->jti);
	kycvs_column_uuid(0, 2, &consent->challenge);
	consent->entity = kycvs_column_int4(0, 3);
	consent->purpose = kycvs_column_int4(0, 4);
	kycvs_column_bytes(0, 5, consent->index, KYCVS_INDEX_LENGTH);
	kycvs_column_bytes(0, 6, consent->name_sealed, KYCVS_SEALED_NAME);
	consent->person = kycvs_column_int8(0, 7);
	consent->match = (KycvsMatch) kycvs_column_int4(0, 8);
	kycvs_column_bytes(0, 9, consent->sub, KYCVS_DIGEST_LENGTH);
	consent->has_reference = read_optional_text(10, consent->reference, sizeof(consent->reference));
	consent->has_travel_date = read_optional_date(11, &consent->travel_date);
	kycvs_column_bytes(0, 12, consent->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_column_bytes(0, 13, consent->canonical_sha256, KYCVS_DIGEST_LENGTH);
	consent->uses = kycvs_column_int4(0, 14);
	consent->used = kycvs_column_int4(0, 15);
	consent->repeats = kycvs_column_int4(0, 16);
	consent->issued_at = kycvs_column_time(0, 17);
	consent->expires_at = kycvs_column_time(0, 18);
	consent->withdrawn = kycvs_column_bool(0, 19);
	return true;
}

bool
kycvs_consent_by_challenge(const pg_uuid_t *challenge, KycvsConsent *consent)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, challenge);
	return read_consent(kycvs_run(&find_consent_by_challenge, &args), consent);
}

bool
kycvs_consent_find(const pg_uuid_t *jti, KycvsConsent *consent)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, jti);
	return read_consent(kycvs_run(&find_consent, &args), consent);
}

void
kycvs_consent_insert(const KycvsConsent *consent)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, &consent->jti);
	kycvs_bind_uuid(&args, &consent->challenge);
	kycvs_bind_int4(&args, consent->entity);
	kycvs_bind_int4(&args, consent->purpose);
	kycvs_bind_bytes(&args, consent->index, KYCVS_INDEX_LENGTH);
	kycvs_bind_bytes(&args, consent->name_sealed, KYCVS_SEALED_NAME);
	kycvs_bind_int8(&args, consent->person);
	kycvs_bind_int4(&args, consent->match);
	kycvs_bind_bytes(&args, consent->sub, KYCVS_DIGEST_LENGTH);
	kycvs_bind_text(&args, consent->has_reference ? consent->reference : NULL);
	kycvs_bind_date(&args, consent->travel_date, consent->has_travel_date);
	kycvs_bind_bytes(&args, consent->notice_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_bytes(&args, consent->canonical_sha256, KYCVS_DIGEST_LENGTH);
	kycvs_bind_int4(&args, consent->uses);
	kycvs_bind_time(&args, consent->issued_at);
	kycvs_bind_time(&args, consent->expires_at);
	kycvs_run(&insert_consent, &args);
}

void
kycvs_consent_repeated(const pg_uuid_t *jti)
{
	change(&repeat_consent, jti);
}

void
kycvs_consent_used(const pg_uuid_t *jti)
{
	change(&use_consent, jti);
}

bool
kycvs_answer_newest(const pg_uuid_t *consent, DateADT as_of, KycvsAnswer *answer)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, consent);
	kycvs_bind_date(&args, as_of, true);
	if (kycvs_run(&find_answer, &args) == 0)
		return false;
	kycvs_column_uuid(0, 1, &answer->jti);
	kycvs_column_uuid(0, 2, &answer->consent);
	answer->as_of = kycvs_column_date(0, 3);
	answer->status = kycvs_column_int4(0, 4);
	kycvs_column_text(0, 5, answer->rules, sizeof(answer->rules));
	answer->issued_at = kycvs_column_time(0, 6);
	answer->expires_at = kycvs_column_time(0, 7);
	return true;
}

void
kycvs_answer_insert(const KycvsAnswer *answer)
{
	KycvsArgs	args = {0};

	kycvs_bind_uuid(&args, &answer->jti);
	kycvs_bind_uuid(&args, &answer->consent);
	kycvs_bind_date(&args, answer->as_of, true);
	kycvs_bind_int4(&args, answer->status);
	kycvs_bind_text(&args, answer->rules);
	kycvs_bind_time(&args, answer->issued_at);
	kycvs_bind_time(&args, answer->expires_at);
	kycvs_run(&insert_answer, &args);
}
