/*
 * jws.h
 *	  JSON Web Signatures (RFC 7515) in the one form that kycvs uses: a
 *	  protected header of exactly alg, kid and typ, and a detached payload
 *	  (appendix F) that is the canonical form of the document.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_JWS_H
#define KYCVS_JWS_H

#include "base64url.h"
#include "keyring.h"
#include "lib/stringinfo.h"

#define KYCVS_DETACHED_MAX 256	/* no detached JWS of ours is longer */

typedef enum KycvsType
{
	KYCVS_TYPE_NONE = 0,
	KYCVS_TYPE_OTP,				/* kycvs-otp+jwt, the receipt */
	KYCVS_TYPE_CONSENT,			/* kycvs-consent+jwt */
	KYCVS_TYPE_STATUS			/* kycvs-status+jwt, the answer */
} KycvsType;

extern KycvsType kycvs_type_from_name(const char *name);	/* "otp", "consent", "status" */
extern const char *kycvs_type_name(KycvsType type);

/* What a protected header says, after it was found to be exactly the header we would write. */
typedef struct KycvsJwsHeader
{
	KycvsAlg	alg;
	KycvsType	type;
	char		kid[KYCVS_KID_LENGTH + 1];
} KycvsJwsHeader;

/* A detached JWS, taken apart. */
typedef struct KycvsJws
{
	KycvsJwsHeader header;
	uint8		signature[KYCVS_SIGNATURE_LENGTH];
} KycvsJws;

/* Appends b64url(header) "." b64url(payload): what is signed. */
extern void kycvs_jws_signing_input(StringInfo out, const KycvsJwsHeader *header, const char *payload, size_t length);

/* "header..signature" from and to its parts; parsing is NULL when well formed, else a constant sentence. */
extern void kycvs_jws_append_detached(StringInfo out, const KycvsJws *jws);
extern const char *kycvs_jws_parse_detached(const char *text, size_t length, KycvsJws *jws);

#endif							/* KYCVS_JWS_H */
