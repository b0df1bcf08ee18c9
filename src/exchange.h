/*
 * exchange.h
 *	  The rows of an OTP exchange: challenge, consent, answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_EXCHANGE_H
#define KYCVS_EXCHANGE_H

#include "request.h"
#include "table.h"
#include "utils/timestamp.h"

#define KYCVS_OTP_SECONDS			180 /* an OTP lives */
#define KYCVS_CHALLENGE_SECONDS		600 /* a challenge, with all its resends */
#define KYCVS_TRIES					3	/* of a challenge */
#define KYCVS_REPEATS				20	/* of a right OTP */

typedef struct KycvsChallenge
{
	KycvsOtpBinding binding;	/* id, entity, purpose, mobile, name, nonce */
	uint8		mobile_sealed[KYCVS_SEALED_MOBILE];
	uint8		name_sealed[KYCVS_SEALED_NAME];	/* of a group: the first one's */
	bool		has_reference;
	char		reference[KYCVS_TEXT_MAX + 1];
	bool		has_travel_date;
	DateADT		travel_date;
	char		language[KYCVS_CODE_MAX + 1];
	int32		notice;			/* the version that was shown */
	uint8		notice_sha256[KYCVS_DIGEST_LENGTH];
	TimestampTz issued_at;
	TimestampTz sent_at;
	TimestampTz expires_at;
	int			resends;
	int			tries;			/* written down or not */
	int			tries_written;
	bool		failed;
	bool		verified;
	bool		ours;			/* issued by this server on this timeline */
	int			persons;		/* of a group; 0: it is none */
	KycvsRow	row;			/* when it was found */
} KycvsChallenge;

typedef struct KycvsConsent
{
	pg_uuid_t	jti;
	pg_uuid_t	challenge;
	int32		entity;
	int32		purpose;
	uint8		index[KYCVS_INDEX_LENGTH];
	uint8		name_sealed[KYCVS_SEALED_NAME];	/* of a group: this and the next three, and "used", are the first one's */
	int64		person;			/* 0: none was found */
	KycvsMatch	match;
	uint8		sub[KYCVS_DIGEST_LENGTH];
	bool		has_reference;
	char		reference[KYCVS_TEXT_MAX + 1];
	bool		has_travel_date;
	DateADT		travel_date;
	int32		notice;			/* the version that was shown */
	uint8		notice_sha256[KYCVS_DIGEST_LENGTH];
	uint8		canonical_sha256[KYCVS_DIGEST_LENGTH];
	int			uses;
	int			used;
	int			repeats;
	TimestampTz issued_at;
	TimestampTz expires_at;
	bool		withdrawn;
	int			persons;		/* of a group; 0: it is none */
	KycvsRow	row;			/* when it was found */
} KycvsConsent;

typedef struct KycvsAnswer
{
	pg_uuid_t	jti;
	pg_uuid_t	consent;
	DateADT		as_of;
	int			status;
	int			n;				/* whose, of a group; else 1 */
	char		rules[KYCVS_CODE_MAX + 1];
	TimestampTz issued_at;
	TimestampTz expires_at;
} KycvsAnswer;

/* Text that is sealed is bound to its place. */
#define KYCVS_SEAL_MOBILE		"mobile"
#define KYCVS_SEAL_NAME			"name"

extern bool kycvs_challenge_find(const pg_uuid_t *id, KycvsChallenge *challenge);
extern bool kycvs_challenge_find_same(const KycvsChallenge *like, TimestampTz now, KycvsChallenge *challenge);
extern void kycvs_challenge_insert(const KycvsChallenge *challenge);

/* These change the row of one that was found. */
extern void kycvs_challenge_resent(KycvsChallenge *challenge);
extern void kycvs_challenge_retyped(KycvsChallenge *challenge);
extern void kycvs_challenge_charge(KycvsChallenge *challenge);
extern void kycvs_challenge_failed(KycvsChallenge *challenge, TimestampTz now);
extern void kycvs_challenge_verified(KycvsChallenge *challenge);

/* The newest "most" challenges of an entity that have failed since then, and not succeeded: how many, and the oldest. */
extern int	kycvs_challenges_failed(int32 entity, TimestampTz since, int most, TimestampTz *oldest);

extern bool kycvs_consent_by_challenge(const pg_uuid_t *challenge, KycvsConsent *consent);
extern bool kycvs_consent_find(const pg_uuid_t *jti, KycvsConsent *consent);
extern void kycvs_consent_insert(const KycvsConsent *consent);
extern void kycvs_consent_repeated(KycvsConsent *consent);
extern void kycvs_consent_used(KycvsConsent *consent);

extern bool kycvs_answer_newest(const pg_uuid_t *consent, int n, DateADT as_of, KycvsAnswer *answer);
extern void kycvs_answer_insert(const KycvsAnswer *answer);

#endif							/* KYCVS_EXCHANGE_H */
