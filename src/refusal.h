/*
 * refusal.h
 *	  The refusals of kycvs: one SQLSTATE each, with its message and hint.
 *
 * A decision that says no returns a refusal; only the edge of the extension
 * turns it into an error.  Modules below the edge return its SQLSTATE as an
 * int, 0 meaning that all is well.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_REFUSAL_H
#define KYCVS_REFUSAL_H

#include "utils/jsonb.h"

#define KYCVS_SQLSTATE(a, b) MAKE_SQLSTATE('K', 'V', '0', a, b)

#define KV_MOBILE_INVALID		KYCVS_SQLSTATE('0', '1')
#define KV_NAME_INVALID			KYCVS_SQLSTATE('0', '2')
#define KV_NOT_AN_ENTITY		KYCVS_SQLSTATE('0', '3')
#define KV_ENTITY_SUSPENDED		KYCVS_SQLSTATE('0', '4')
#define KV_PURPOSE_NOT_ALLOWED	KYCVS_SQLSTATE('0', '5')
#define KV_CONSENT_REQUIRED		KYCVS_SQLSTATE('0', '6')
#define KV_TOO_MANY_REQUESTS	KYCVS_SQLSTATE('0', '7')
#define KV_DATE_NOT_ALLOWED		KYCVS_SQLSTATE('0', '8')
#define KV_NO_NOTICE			KYCVS_SQLSTATE('0', '9')
#define KV_OTP_WRONG			KYCVS_SQLSTATE('1', '0')
#define KV_OTP_EXPIRED			KYCVS_SQLSTATE('1', '1')
#define KV_NO_TRIES_LEFT		KYCVS_SQLSTATE('1', '2')
#define KV_CHALLENGE_UNKNOWN	KYCVS_SQLSTATE('1', '3')
#define KV_OTP_USED				KYCVS_SQLSTATE('1', '4')
#define KV_CONSENT_INVALID		KYCVS_SQLSTATE('2', '0')
#define KV_CONSENT_EXPIRED		KYCVS_SQLSTATE('2', '1')
#define KV_CONSENT_WITHDRAWN	KYCVS_SQLSTATE('2', '2')
#define KV_CONSENT_USED_UP		KYCVS_SQLSTATE('2', '3')
#define KV_CONSENT_OF_GROUP		KYCVS_SQLSTATE('2', '4')
#define KV_DOCUMENT_MALFORMED	KYCVS_SQLSTATE('3', '0')
#define KV_SIGNATURE_WRONG		KYCVS_SQLSTATE('3', '1')
#define KV_KEY_UNKNOWN			KYCVS_SQLSTATE('3', '2')
#define KV_DOCUMENT_EXPIRED		KYCVS_SQLSTATE('3', '3')
#define KV_DOCUMENT_DIFFERS		KYCVS_SQLSTATE('3', '4')
#define KV_KEY_UNUSABLE			KYCVS_SQLSTATE('4', '0')
#define KV_TOO_MANY_PERSONS		KYCVS_SQLSTATE('4', '1')
#define KV_RECORD_UNKNOWN		KYCVS_SQLSTATE('4', '2')
#define KV_DOSE_NOT_ALLOWED		KYCVS_SQLSTATE('4', '3')
#define KV_NO_AUTHORITY			KYCVS_SQLSTATE('5', '0')
#define KV_ON_STANDBY			KYCVS_SQLSTATE('5', '1')
#define KV_NO_ANSWER			KYCVS_SQLSTATE('5', '2')

#define KYCVS_REASON_MAX 200

/* What a refusal carries besides its SQLSTATE; -1 where it has no number. */
typedef struct KycvsRefusal
{
	int			sqlstate;
	int			retry_after;	/* seconds to wait */
	int			tries_left;		/* tries this challenge still has */
	char		reason[KYCVS_REASON_MAX];	/* replaces the table's message when set;
											 * never personal data */
} KycvsRefusal;

extern void kycvs_refuse(KycvsRefusal *refusal, int sqlstate);
extern void kycvs_refuse_reason(KycvsRefusal *refusal, int sqlstate, const char *fmt,...) pg_attribute_printf(3, 4);
_Noreturn extern void kycvs_raise(const KycvsRefusal *refusal);
_Noreturn extern void kycvs_raise_code(int sqlstate);
_Noreturn extern void kycvs_raise_reason(int sqlstate, const char *reason);
extern const char *kycvs_refusal_message(const KycvsRefusal *refusal);
extern Jsonb *kycvs_refusal_json(const KycvsRefusal *refusal);

#endif							/* KYCVS_REFUSAL_H */
