/*
 * otp.h
 *	  One-time passwords: derived, compared, never stored.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_OTP_H
#define KYCVS_OTP_H

#include "secret.h"

#define KYCVS_OTP_DIGITS	6
#define KYCVS_OTP_TYPED_MAX	64		/* six digits or the hex of their SHA-256 */
#define KYCVS_NONCE_LENGTH	16

/* What an OTP is bound to. */
typedef struct KycvsOtpBinding
{
	pg_uuid_t	challenge;
	int32		entity;
	int32		purpose;
	uint8		index[KYCVS_INDEX_LENGTH];
	uint8		name_digest[KYCVS_DIGEST_LENGTH];
	uint8		nonce[KYCVS_NONCE_LENGTH];
} KycvsOtpBinding;

/* Six decimal digits without bias from HMAC-SHA-256 over the binding (rejection sampling, further blocks by a counter). */
extern bool kycvs_otp_derive(const KycvsOtpBinding *binding, char otp[KYCVS_OTP_DIGITS + 1]);

/*
 * Compares what was typed in constant time.  "typed" is ASCII: six digits with
 * blanks around them, or 64 hex digits of the SHA-256 of the six digits.
 * False also when it is neither; *failed tells that OpenSSL failed instead.
 */
extern bool kycvs_otp_matches(const KycvsOtpBinding *binding, const char *typed, bool *failed);

#endif							/* KYCVS_OTP_H */
