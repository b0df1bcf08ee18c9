/*
 * secret.c
 *	  What is derived from the registry's master secret: indexes, seals,
 *	  pseudonyms and ids.
 *
 * The master secret itself is not kept.  Loading derives one subkey per use
 * (HKDF-SHA-256, salted with the registry's id, so that two registries never
 * share a key even if someone copies a key file) into a page of its own, which
 * is kept out of core files and of swap where the system allows it.  That page
 * is the only place in this process where keys rest: OpenSSL's contexts of a
 * cipher are made for one operation and freed after it, which wipes them; the one
 * context that hashes is set back to its beginning.
 *
 * Memory: OpenSSL allocates with malloc.  Nothing here raises an error or
 * allocates with palloc, so no longjmp can pass while a context is held.  The
 * algorithms are fetched once and kept for the life of the process; fetching
 * them by name at each call costs more than the hashing does.  So would
 * OpenSSL's own HMAC, which makes ten objects for each of the thirty that a
 * flow takes; here it is made of its two hashes (RFC 2104).
 *
 * A seal's key is made for it alone, from a random salt of 128 bits, and seals
 * one text; so its nonce may be the same for all (NIST SP 800-38D wants the
 * pair of key and nonce never to repeat) and need not be stored.
 *
 * What fails, fails: no weaker algorithm or random generator steps in.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <sys/mman.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "port/pg_bswap.h"
#include "secret.h"

#define SALT_LENGTH		16
#define NONCE_LENGTH	12
#define TAG_LENGTH		16
#define PUBLIC_POOL		512		/* random bytes */
#define HASH_BLOCK_LENGTH 64	/* of SHA-256 */
#define INNER_PADDING	0x36	/* RFC 2104 */
#define OUTER_PADDING	0x5c
#define LENGTH_LENGTH	2		/* of a sealed text's length */
#define PADDED_MAX		(KYCVS_SEALED_MAX - KYCVS_SEAL_OVERHEAD)
#define BLIND_OFFSET	2		/* the bytes of an id from here on blind those before */

StaticAssertDecl(1 + SALT_LENGTH + TAG_LENGTH == KYCVS_SEAL_OVERHEAD,
				 "overhead of a seal");

typedef uint8 Subkey[KYCVS_DIGEST_LENGTH];

/* Where the parts of a seal are: version, salt, ciphertext, tag. */
typedef struct SealParts
{
	uint8	   *version;
	uint8	   *salt;
	uint8	   *ciphertext;
	uint8	   *tag;
	int			padded;			/* length of the ciphertext */
} SealParts;

static const char *const subkey_labels[KYCVS_SUBKEYS] = {
	[KYCVS_SUBKEY_INDEX] = "kycvs 1 index",
	[KYCVS_SUBKEY_SEAL] = "kycvs 1 seal",
	[KYCVS_SUBKEY_OTP] = "kycvs 1 otp",
	[KYCVS_SUBKEY_PSEUDONYM] = "kycvs 1 pseudonym",
	[KYCVS_SUBKEY_ROUTE] = "kycvs 1 route",
	[KYCVS_SUBKEY_CHECK] = "kycvs 1 check"
};

static const uint8 nonce[NONCE_LENGTH] = {0};

static Subkey *subkeys = NULL;	/* a page of its own; NULL when not loaded */

static EVP_MD *sha256 = NULL;
static EVP_CIPHER *aes_256_gcm = NULL;
static EVP_MD_CTX *hashing = NULL;	/* of the hash in hand */

static bool
fetch_algorithms(void)
{
	if (sha256 == NULL)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (aes_256_gcm == NULL)
		aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (hashing == NULL)
		hashing = EVP_MD_CTX_new();
	return sha256 != NULL && aes_256_gcm != NULL && hashing != NULL;
}

/* Memory for the subkeys.  That it is locked and not dumped is best effort; a limit may forbid the first. */
static Subkey *
make_page(void)
{
	size_t		size = KYCVS_SUBKEYS * sizeof(Subkey);
	void	   *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	(void) mlock(page, size);
#ifdef MADV_DONTDUMP
	(void) madvise(page, size, MADV_DONTDUMP);
#endif
	return (Subkey *) page;
}

static bool
derive_subkey(EVP_KDF *hkdf, const uint8 *master, const pg_uuid_t *registry, const char *label, Subkey subkey)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(hkdf);
	OSSL_PARAM	params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) master, KYCVS_MASTER_LENGTH),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *) registry->data, UUID_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) label, strlen(label)),
		OSSL_PARAM_construct_end()
	};
	bool		ok = ctx != NULL && EVP_KDF_derive(ctx, subkey, sizeof(Subkey), params) > 0;

	EVP_KDF_CTX_free(ctx);
	return ok;
}

bool
kycvs_secret_load(const uint8 master[KYCVS_MASTER_LENGTH], const pg_uuid_t *registry)
{
	EVP_KDF    *hkdf;
	bool		ok;
	int			i;

	kycvs_secret_forget();
	if (!fetch_algorithms())
		return false;
	subkeys = make_page();
	hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);

	ok = subkeys != NULL && hkdf != NULL;
	for (i = 0; ok && i < KYCVS_SUBKEYS; i++)
		ok = derive_subkey(hkdf, master, registry, subkey_labels[i], subkeys[i]);

	EVP_KDF_free(hkdf);
	if (!ok)
		kycvs_secret_forget();
	return ok;
}

bool
kycvs_secret_loaded(void)
{
	return subkeys != NULL;
}

void
kycvs_secret_forget(void)
{
	size_t		size = KYCVS_SUBKEYS * sizeof(Subkey);

	if (subkeys == NULL)
		return;
	explicit_bzero(subkeys, size);
	(void) munmap(subkeys, size);
	subkeys = NULL;
}

bool
kycvs_secret_check_value(uint8 check[KYCVS_DIGEST_LENGTH])
{
	static const char text[] = "check value";
	KycvsPart	part = {text, sizeof(text) - 1};

	return kycvs_mac(KYCVS_SUBKEY_CHECK, &part, 1, check);
}

/* For what stays secret; see make_public for what is shown. */
bool
kycvs_random(void *data, size_t length)
{
	return length <= PG_INT32_MAX && RAND_priv_bytes(data, (int) length) == 1;
}

/*
 * Random bytes that leave the process come from another generator than keys do.
 * Asking it costs more than the bytes do, so it is asked for many at a time; what
 * was handed out is wiped here.
 */
static bool
make_public(void *data, size_t length)
{
	static uint8 pool[PUBLIC_POOL];
	static size_t left = 0;
	static pid_t owner = 0;	/* a process that was forked has not these */

	Assert(length <= sizeof(pool));
	if (left < length || owner != getpid())
	{
		left = 0;
		if (RAND_bytes(pool, sizeof(pool)) != 1)
			return false;
		left = sizeof(pool);
		owner = getpid();
	}
	left -= length;
	memcpy(data, pool + left, length);
	explicit_bzero(pool + left, length);
	return true;
}

bool
kycvs_equal(const void *one, const void *other, size_t length)
{
	return CRYPTO_memcmp(one, other, length) == 0;
}

/* Sets it back to its beginning, where it holds nothing of what it hashed. */
static bool
begin_hash(void)
{
	return hashing != NULL && EVP_DigestInit_ex2(hashing, sha256, NULL) == 1;
}

static bool
end_hash(bool ok, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	ok = ok && EVP_DigestFinal_ex(hashing, digest, NULL) == 1;
	return begin_hash() && ok;
}

bool
kycvs_sha256(const void *data, size_t length, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	return fetch_algorithms() && begin_hash() &&
		end_hash(EVP_DigestUpdate(hashing, data, length) == 1, digest);
}

/* The first block of either hash of an HMAC. */
static bool
add_key(KycvsSubkey subkey, uint8 padding)
{
	uint8		block[HASH_BLOCK_LENGTH];
	bool		ok;
	size_t		i;

	memset(block, padding, sizeof(block));
	for (i = 0; i < sizeof(Subkey); i++)
		block[i] ^= subkeys[subkey][i];
	ok = EVP_DigestUpdate(hashing, block, sizeof(block)) == 1;
	explicit_bzero(block, sizeof(block));
	return ok;
}

/* One HMAC at a time: the next begins when this one has ended. */
static bool
begin_hmac(KycvsSubkey subkey)
{
	return subkeys != NULL && begin_hash() && add_key(subkey, INNER_PADDING);
}

/* The value is written when all went well until here. */
static bool
end_hmac(KycvsSubkey subkey, bool ok, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	ok = end_hash(ok, digest) &&
		add_key(subkey, OUTER_PADDING) &&
		end_hash(EVP_DigestUpdate(hashing, digest, KYCVS_DIGEST_LENGTH) == 1, digest);
	if (!ok)
		explicit_bzero(digest, KYCVS_DIGEST_LENGTH);
	return ok;
}

static bool
add_part(const KycvsPart *part)
{
	uint32		length = pg_hton32((uint32) part->length);

	return part->length <= PG_INT32_MAX &&
		EVP_DigestUpdate(hashing, &length, sizeof(length)) == 1 &&
		(part->length == 0 || EVP_DigestUpdate(hashing, part->data, part->length) == 1);
}

bool
kycvs_mac(KycvsSubkey subkey, const KycvsPart *parts, int n, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	bool		ok = begin_hmac(subkey);
	int			i;

	for (i = 0; ok && i < n; i++)
		ok = add_part(&parts[i]);
	return end_hmac(subkey, ok, digest);
}

static bool
index_parts(const KycvsPart *parts, int n, uint8 index[KYCVS_INDEX_LENGTH])
{
	uint8		digest[KYCVS_DIGEST_LENGTH];

	if (!kycvs_mac(KYCVS_SUBKEY_INDEX, parts, n, digest))
		return false;
	index[0] = KYCVS_KEY_VERSION;
	memcpy(index + 1, digest, KYCVS_INDEX_LENGTH - 1);
	return true;
}

bool
kycvs_mobile_index(const char *e164, uint8 index[KYCVS_INDEX_LENGTH])
{
	KycvsPart	part = {e164, strlen(e164)};

	return index_parts(&part, 1, index);
}

bool
kycvs_exchange_index(const char *e164, uint8 index[KYCVS_INDEX_LENGTH])
{
	KycvsPart	parts[2] = {{"exchange", 8}, {e164, strlen(e164)}};

	return index_parts(parts, 2, index);
}

/* False when a seal can't have this length.  Unsealing only reads through the parts. */
static bool
part_seal(const uint8 *sealed, size_t length, SealParts *parts)
{
	if (length < KYCVS_SEAL_OVERHEAD + LENGTH_LENGTH || length > KYCVS_SEALED_MAX)
		return false;
	parts->version = (uint8 *) sealed;
	parts->salt = parts->version + 1;
	parts->ciphertext = parts->salt + SALT_LENGTH;
	parts->tag = parts->version + length - TAG_LENGTH;
	parts->padded = (int) (length - KYCVS_SEAL_OVERHEAD);
	return true;
}

static bool
derive_seal_key(const SealParts *parts, Subkey key)
{
	bool		ok = begin_hmac(KYCVS_SUBKEY_SEAL) &&
		EVP_DigestUpdate(hashing, parts->salt, SALT_LENGTH) == 1;

	return end_hmac(KYCVS_SUBKEY_SEAL, ok, key);
}

static bool
encrypt(const SealParts *parts, const Subkey key, const char *context, const uint8 *padded)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int			length;
	bool		ok;

	ok = ctx != NULL &&
		EVP_EncryptInit_ex2(ctx, aes_256_gcm, key, nonce, NULL) &&
		EVP_EncryptUpdate(ctx, NULL, &length, (const uint8 *) context, (int) strlen(context)) &&
		EVP_EncryptUpdate(ctx, parts->ciphertext, &length, padded, parts->padded) &&
		length == parts->padded &&
		EVP_EncryptFinal_ex(ctx, parts->ciphertext + length, &length) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LENGTH, parts->tag);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool
decrypt(const SealParts *parts, const Subkey key, const char *context, uint8 *padded)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int			length;
	bool		ok;

	ok = ctx != NULL &&
		EVP_DecryptInit_ex2(ctx, aes_256_gcm, key, nonce, NULL) &&
		EVP_DecryptUpdate(ctx, NULL, &length, (const uint8 *) context, (int) strlen(context)) &&
		EVP_DecryptUpdate(ctx, padded, &length, parts->ciphertext, parts->padded) &&
		length == parts->padded &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LENGTH, parts->tag) &&
		EVP_DecryptFinal_ex(ctx, padded + length, &length) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* The text behind its length, zeros up to "size". */
static bool
pad(const char *text, uint8 *padded, size_t size)
{
	size_t		length = strlen(text);

	if (length > size - LENGTH_LENGTH)
		return false;
	memset(padded, 0, size);
	padded[0] = (uint8) (length >> 8);
	padded[1] = (uint8) length;
	memcpy(padded + LENGTH_LENGTH, text, length);
	return true;
}

static bool
unpad(const uint8 *padded, size_t padded_size, char *text, size_t size)
{
	size_t		length = (size_t) padded[0] << 8 | padded[1];

	if (length > padded_size - LENGTH_LENGTH || length >= size)
		return false;
	memcpy(text, padded + LENGTH_LENGTH, length);
	text[length] = '\0';
	return true;
}

bool
kycvs_seal(const char *context, const char *text, uint8 *sealed, size_t sealed_length)
{
	SealParts	parts;
	Subkey		key;
	uint8		padded[PADDED_MAX];
	bool		ok;

	if (!part_seal(sealed, sealed_length, &parts))
		return false;
	ok = pad(text, padded, parts.padded) &&
		make_public(parts.salt, SALT_LENGTH) &&
		derive_seal_key(&parts, key) &&
		encrypt(&parts, key, context, padded);
	parts.version[0] = KYCVS_KEY_VERSION;

	explicit_bzero(key, sizeof(key));
	explicit_bzero(padded, sizeof(padded));
	if (!ok)
		explicit_bzero(sealed, sealed_length);
	return ok;
}

bool
kycvs_unseal(const char *context, const uint8 *sealed, size_t sealed_length, char *text, size_t size)
{
	SealParts	parts;
	Subkey		key;
	uint8		padded[PADDED_MAX];
	bool		ok;

	if (size > 0)
		text[0] = '\0';
	if (!part_seal(sealed, sealed_length, &parts) || parts.version[0] != KYCVS_KEY_VERSION)
		return false;
	ok = derive_seal_key(&parts, key) &&
		decrypt(&parts, key, context, padded) &&
		unpad(padded, parts.padded, text, size);

	explicit_bzero(key, sizeof(key));
	explicit_bzero(padded, sizeof(padded));
	return ok;
}

/* The 16 bits that hide an id's bucket: a keyed hash of the rest of the id. */
static bool
blind(const pg_uuid_t *id, uint16 *mask)
{
	uint8		digest[KYCVS_DIGEST_LENGTH];
	KycvsPart	part = {id->data + BLIND_OFFSET, UUID_LEN - BLIND_OFFSET};

	if (!kycvs_mac(KYCVS_SUBKEY_ROUTE, &part, 1, digest))
		return false;
	*mask = (uint16) (digest[0] << 8 | digest[1]);
	return true;
}

bool
kycvs_new_id(const uint8 index[KYCVS_INDEX_LENGTH], pg_uuid_t *id)
{
	uint16		bucket = (uint16) (index[1] << 8 | index[2]);
	uint16		mask;

	if (!make_public(id->data, UUID_LEN))
		return false;
	id->data[6] = (id->data[6] & 0x0F) | 0x80;
	id->data[8] = (id->data[8] & 0x3F) | 0x80;
	if (!blind(id, &mask))
		return false;
	id->data[0] = (uint8) ((bucket ^ mask) >> 8);
	id->data[1] = (uint8) (bucket ^ mask);
	return true;
}

bool
kycvs_id_bucket(const pg_uuid_t *id, uint16 *bucket)
{
	uint16		mask;

	if ((id->data[6] & 0xF0) != 0x80 || (id->data[8] & 0xC0) != 0x80 || !blind(id, &mask))
		return false;
	*bucket = (uint16) ((id->data[0] << 8 | id->data[1]) ^ mask);
	return true;
}
