/*
 * keyring.h
 *	  Signing keys: ES256 (RFC 7518, section 3.4) and Ed25519 (RFC 8037).
 *
 * Private keys live in the authority's process alone, inside OpenSSL's
 * objects; public keys are plain data.  Functions return false on failure and
 * never raise, so that nothing of OpenSSL's is leaked by a longjmp.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_KEYRING_H
#define KYCVS_KEYRING_H

#include "utils/jsonb.h"

#define KYCVS_KID_LENGTH	43		/* base64url of SHA-256 */
#define KYCVS_SIGNATURE_LENGTH 64	/* of both algorithms: R || S */
#define KYCVS_PEM_MAX		1024

typedef enum KycvsAlg
{
	KYCVS_ALG_NONE = 0,
	KYCVS_ES256 = 1,
	KYCVS_EDDSA = 2
} KycvsAlg;

typedef struct KycvsPublicKey
{
	KycvsAlg	alg;
	uint8		x[32];
	uint8		y[32];			/* ES256 only, zero for EdDSA */
} KycvsPublicKey;

typedef struct KycvsSigningKey KycvsSigningKey; /* OpenSSL's, freed by kycvs_key_free */

extern KycvsAlg kycvs_alg_from_name(const char *name);	/* "ES256", "EdDSA" (JOSE) or "Ed25519" (what people say) */
extern const char *kycvs_alg_name(KycvsAlg alg);	/* the JOSE name: "ES256", "EdDSA" */

extern KycvsSigningKey *kycvs_key_generate(KycvsAlg alg);
extern KycvsSigningKey *kycvs_key_from_pem(const char *pem, size_t length);	/* PKCS #8; unencrypted */
extern bool kycvs_key_to_pem(const KycvsSigningKey *key, char *pem, size_t size);
extern bool kycvs_key_public(const KycvsSigningKey *key, KycvsPublicKey *public_key);
extern void kycvs_key_free(KycvsSigningKey *key);

extern bool kycvs_key_sign(const KycvsSigningKey *key, const void *message, size_t length,
						   uint8 signature[KYCVS_SIGNATURE_LENGTH]);
extern bool kycvs_key_verify(const KycvsPublicKey *key, const void *message, size_t length,
							 const uint8 signature[KYCVS_SIGNATURE_LENGTH]);

/* False for coordinates that are not a point of P-256; every Ed25519 text is taken, a bad one verifies nothing. */
extern bool kycvs_key_usable(const KycvsPublicKey *key);

/* The key's name: its RFC 7638 thumbprint (SHA-256, base64url); empty when OpenSSL fails. */
extern bool kycvs_key_thumbprint(const KycvsPublicKey *key, char kid[KYCVS_KID_LENGTH + 1]);

#endif							/* KYCVS_KEYRING_H */
