/*
 * jwk.h
 *	  Public keys as JSON Web Keys (RFC 7517).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_JWK_H
#define KYCVS_JWK_H

#include "keyring.h"
#include "utils/jsonb.h"

/* Pushes an object of the members kty, crv, x, y, kid, use and alg. */
extern JsonbValue *kycvs_key_push_jwk(JsonbParseState **state, const KycvsPublicKey *key);

/*
 * Reads a public P-256 or Ed25519 key; private keys, other curves, wrong
 * lengths and coordinates off the curve are refused.  Returns NULL when all is
 * well, else a constant sentence.  A "kid" is not looked at: a key's name is
 * what kycvs_key_thumbprint says.
 */
extern const char *kycvs_key_from_jwk(Jsonb *jwk, KycvsPublicKey *key);

/* False for a key of another kind, use or algorithm, which is no business of ours. */
extern bool kycvs_jwk_is_for_us(Jsonb *jwk);

/* True when it has a member that only private and symmetric keys have (RFC 7518, section 6). */
extern bool kycvs_jwk_is_private(Jsonb *jwk);

/*
 * Appends the canonical form of the required members of a public key of kty
 * EC, OKP or RSA, which is what RFC 7638 hashes.  Returns NULL or a sentence.
 */
extern const char *kycvs_jwk_required(Jsonb *jwk, StringInfo out);

#endif							/* KYCVS_JWK_H */
