/*
 * secret.h
 *	  What is derived from the registry's master secret: indexes, seals,
 *	  pseudonyms and ids.  Only the authority loads it.
 *
 * Functions return false on failure (OpenSSL, random generator, a seal that
 * was altered) and never raise.  Nothing falls back to something weaker.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SECRET_H
#define KYCVS_SECRET_H

#include "utils/uuid.h"

#define KYCVS_MASTER_LENGTH		32
#define KYCVS_KEY_VERSION		1
#define KYCVS_INDEX_LENGTH		17	/* key version, 16 bytes of HMAC-SHA-256 */
#define KYCVS_DIGEST_LENGTH		32
#define KYCVS_SEAL_OVERHEAD		33	/* version, 16 salt, 16 tag */
#define KYCVS_SEALED_MOBILE		(KYCVS_SEAL_OVERHEAD + 32)
#define KYCVS_SEALED_NAME		(KYCVS_SEAL_OVERHEAD + 258)
#define KYCVS_SEALED_MAX		(KYCVS_SEAL_OVERHEAD + 1024)

/* The uses of the master secret, a subkey each (HKDF-SHA-256, RFC 5869). */
typedef enum KycvsSubkey
{
	KYCVS_SUBKEY_INDEX = 0,
	KYCVS_SUBKEY_SEAL,
	KYCVS_SUBKEY_OTP,
	KYCVS_SUBKEY_PSEUDONYM,
	KYCVS_SUBKEY_ROUTE,
	KYCVS_SUBKEY_CHECK,
	KYCVS_SUBKEYS
} KycvsSubkey;

/* Derives all subkeys into this process; "registry" salts them.  Forgetting wipes them. */
extern bool kycvs_secret_load(const uint8 master[KYCVS_MASTER_LENGTH], const pg_uuid_t *registry);
extern bool kycvs_secret_loaded(void);
extern void kycvs_secret_forget(void);

/* A value that is stored in the registry and recognises the right master secret. */
extern bool kycvs_secret_check_value(uint8 check[KYCVS_DIGEST_LENGTH]);

extern bool kycvs_random(void *data, size_t length);
extern bool kycvs_equal(const void *one, const void *other, size_t length);	/* in constant time */
extern bool kycvs_sha256(const void *data, size_t length, uint8 digest[KYCVS_DIGEST_LENGTH]);

/* HMAC-SHA-256 under a subkey over "n" parts, each preceded by its length (4 bytes, big-endian), so that parts can't be shifted. */
typedef struct KycvsPart
{
	const void *data;
	size_t		length;
} KycvsPart;

extern bool kycvs_mac(KycvsSubkey subkey, const KycvsPart *parts, int n, uint8 digest[KYCVS_DIGEST_LENGTH]);

/*
 * The keyed index of a mobile number in E.164 form: one for persons, another
 * for exchanges, so that who steals the tables cannot join a challenge that he
 * knows to the person it was about.
 */
extern bool kycvs_mobile_index(const char *e164, uint8 index[KYCVS_INDEX_LENGTH]);
extern bool kycvs_exchange_index(const char *e164, uint8 index[KYCVS_INDEX_LENGTH]);

/*
 * Seals text into exactly "sealed_length" bytes: AES-256-GCM under a key of its
 * own (HMAC of a random salt), the text with its length (2 bytes, big-endian)
 * padded with zeros, "context" authenticated.  What does not fit fails.
 * Unsealing writes a NUL-terminated text into "size" bytes.
 */
extern bool kycvs_seal(const char *context, const char *text, uint8 *sealed, size_t sealed_length);
extern bool kycvs_unseal(const char *context, const uint8 *sealed, size_t sealed_length, char *text, size_t size);

/*
 * A new UUIDv8 (RFC 9562, section 5.8): 106 random bits, and the 16-bit bucket
 * of a mobile's index (its first two bytes after the key version) blinded by a
 * keyed hash of them.  kycvs_id_bucket reads the bucket back; false for what is
 * no UUIDv8.  Any other UUIDv8 gives some bucket.
 */
extern bool kycvs_new_id(const uint8 index[KYCVS_INDEX_LENGTH], pg_uuid_t *id);
extern bool kycvs_id_bucket(const pg_uuid_t *id, uint16 *bucket);

#endif							/* KYCVS_SECRET_H */
