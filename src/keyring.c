/*
 * keyring.c
 *	  Signing keys in OpenSSL: made, kept as PEM, used to sign and to verify.
 *
 * Where the time goes: OpenSSL 3 looks algorithms up by name whenever an
 * operation is initialised, and makes a public key out of its coordinates
 * slowly.  For ES256 both are done once, as "openssl speed" does: a signing key
 * holds a context that is initialised, and so does the verifier of the key that
 * verified last - someone who checks a thousand answers checks them under one
 * key.  Ed25519 hashes inside and costs so much more that it would not matter.
 *
 * Memory: OpenSSL's objects are malloc'd; nothing here raises an error or
 * calls what might while it holds one.  Those that stay are the signing keys,
 * which their owner frees, and the one verifier.  Each exported function
 * leaves OpenSSL's error queue empty: the server's TLS code reads it too.
 *
 * What OpenSSL checks for us: that coordinates are below the prime and on the
 * curve, R and S from 1 to the order less one, S of Ed25519 below the order.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base64url.h"
#include "keyring.h"
#include "secret.h"

#define COORDINATE_LENGTH 32
#define POINT_LENGTH (1 + 2 * COORDINATE_LENGTH)	/* uncompressed */
#define DER_SIGNATURE_MAX 72
#define THUMBPRINT_INPUT_MAX 160

#define P256_GROUP "prime256v1"
#define PKCS8_PEM_NAME "PRIVATE KEY"

struct KycvsSigningKey
{
	KycvsPublicKey public_key;
	EVP_PKEY   *pkey;
	EVP_PKEY_CTX *ecdsa;		/* initialised to sign; ES256 only */
};

typedef struct Verifier
{
	KycvsPublicKey public_key;
	EVP_PKEY   *pkey;
	EVP_PKEY_CTX *ecdsa;		/* initialised to verify; ES256 only */
} Verifier;

static Verifier last_verifier;	/* of no key at first: alg is KYCVS_ALG_NONE */

static bool
settle(bool ok)
{
	ERR_clear_error();
	return ok;
}

KycvsAlg
kycvs_alg_from_name(const char *name)
{
	if (strcmp(name, "ES256") == 0)
		return KYCVS_ES256;
	if (strcmp(name, "EdDSA") == 0 || strcmp(name, "Ed25519") == 0)
		return KYCVS_EDDSA;
	return KYCVS_ALG_NONE;
}

const char *
kycvs_alg_name(KycvsAlg alg)
{
	if (alg == KYCVS_ES256)
		return "ES256";
	return alg == KYCVS_EDDSA ? "EdDSA" : "none";
}

static KycvsAlg
alg_of(EVP_PKEY *pkey)
{
	char		group[32];
	size_t		length;

	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return KYCVS_EDDSA;
	if (EVP_PKEY_is_a(pkey, "EC") &&
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), &length) &&
		strcmp(group, P256_GROUP) == 0)
		return KYCVS_ES256;
	return KYCVS_ALG_NONE;
}

static bool
read_coordinate(EVP_PKEY *pkey, const char *name, uint8 *coordinate)
{
	BIGNUM	   *number = NULL;
	bool		ok = EVP_PKEY_get_bn_param(pkey, name, &number) &&
		BN_bn2binpad(number, coordinate, COORDINATE_LENGTH) == COORDINATE_LENGTH;

	BN_free(number);
	return ok;
}

static bool
read_public(EVP_PKEY *pkey, KycvsPublicKey *public_key)
{
	size_t		length = sizeof(public_key->x);

	memset(public_key, 0, sizeof(*public_key));
	public_key->alg = alg_of(pkey);
	switch (public_key->alg)
	{
		case KYCVS_ES256:
			return read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, public_key->x) &&
				read_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, public_key->y);
		case KYCVS_EDDSA:
			return EVP_PKEY_get_raw_public_key(pkey, public_key->x, &length) == 1 &&
				length == sizeof(public_key->x);
		case KYCVS_ALG_NONE:
			break;
	}
	return false;
}

/* A context that OpenSSL was asked to initialise by "init", or NULL. */
static EVP_PKEY_CTX *
prepare(EVP_PKEY *pkey, int (*init) (EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (ctx != NULL && init(ctx) != 1)
	{
		EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* Takes the key over, also when it fails. */
static KycvsSigningKey *
adopt(EVP_PKEY *pkey)
{
	KycvsSigningKey *key = OPENSSL_zalloc(sizeof(KycvsSigningKey));
	bool		ok;

	if (key == NULL)
	{
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key->pkey = pkey;
	ok = read_public(pkey, &key->public_key);
	if (ok && key->public_key.alg == KYCVS_ES256)
	{
		key->ecdsa = prepare(pkey, EVP_PKEY_sign_init);
		ok = key->ecdsa != NULL;
	}
	if (!ok)
	{
		kycvs_key_free(key);
		return NULL;
	}
	return key;
}

KycvsSigningKey *
kycvs_key_generate(KycvsAlg alg)
{
	EVP_PKEY   *pkey = NULL;
	KycvsSigningKey *key = NULL;

	if (alg == KYCVS_ES256)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", P256_GROUP);
	else if (alg == KYCVS_EDDSA)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (pkey != NULL)
		key = adopt(pkey);
	settle(key != NULL);
	return key;
}

void
kycvs_key_free(KycvsSigningKey *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_CTX_free(key->ecdsa);
	EVP_PKEY_free(key->pkey);
	OPENSSL_free(key);
}

bool
kycvs_key_public(const KycvsSigningKey *key, KycvsPublicKey *public_key)
{
	*public_key = key->public_key;
	return true;
}

/* The body of an unencrypted PKCS #8 file; its memory is wiped when freed. */
static bool
read_pem_body(BIO *bio, unsigned char **body, long *length)
{
	char	   *name = NULL;
	char	   *header = NULL;
	bool		ok = PEM_read_bio_ex(bio, &name, &header, body, length, PEM_FLAG_SECURE) == 1;

	if (ok && (strcmp(name, PKCS8_PEM_NAME) != 0 || header[0] != '\0'))
	{
		OPENSSL_secure_clear_free(*body, *length);
		ok = false;
	}
	OPENSSL_secure_free(name);
	OPENSSL_secure_free(header);
	return ok;
}

static EVP_PKEY *
read_pkcs8(const unsigned char *body, long length)
{
	const unsigned char *end = body + length;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &body, length);
	EVP_PKEY   *pkey = NULL;

	if (info != NULL && body == end)
		pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

/* A file may name a public half that is not the private half's. */
static bool
halves_match(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool		ok = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

KycvsSigningKey *
kycvs_key_from_pem(const char *pem, size_t length)
{
	BIO		   *bio = length <= KYCVS_PEM_MAX ? BIO_new_mem_buf(pem, length) : NULL;
	unsigned char *body;
	long		body_length;
	EVP_PKEY   *pkey = NULL;
	KycvsSigningKey *key = NULL;

	if (bio != NULL && read_pem_body(bio, &body, &body_length))
	{
		pkey = read_pkcs8(body, body_length);
		OPENSSL_secure_clear_free(body, body_length);
	}
	BIO_free(bio);
	if (pkey != NULL && alg_of(pkey) != KYCVS_ALG_NONE && halves_match(pkey))
		key = adopt(pkey);
	else
		EVP_PKEY_free(pkey);
	settle(key != NULL);
	return key;
}

bool
kycvs_key_to_pem(const KycvsSigningKey *key, char *pem, size_t size)
{
	BIO		   *bio = BIO_new(BIO_s_secmem());
	char	   *text;
	long		length;
	bool		ok = bio != NULL &&
		PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;

	if (ok)
	{
		length = BIO_get_mem_data(bio, &text);
		ok = length > 0 && (size_t) length < size;
	}
	if (ok)
	{
		memcpy(pem, text, length);
		pem[length] = '\0';
	}
	BIO_free(bio);
	return settle(ok);
}

static bool
raw_from_der(const uint8 *der, size_t length, uint8 *raw)
{
	ECDSA_SIG  *pair = d2i_ECDSA_SIG(NULL, &der, length);
	bool		ok = pair != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, COORDINATE_LENGTH) == COORDINATE_LENGTH &&
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + COORDINATE_LENGTH, COORDINATE_LENGTH) == COORDINATE_LENGTH;

	ECDSA_SIG_free(pair);
	return ok;
}

/* Returns the length in DER, which fits DER_SIGNATURE_MAX, or 0. */
static size_t
der_from_raw(const uint8 *raw, uint8 *der)
{
	ECDSA_SIG  *pair = ECDSA_SIG_new();
	BIGNUM	   *r = BN_bin2bn(raw, COORDINATE_LENGTH, NULL);
	BIGNUM	   *s = BN_bin2bn(raw + COORDINATE_LENGTH, COORDINATE_LENGTH, NULL);
	int			length = 0;

	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1)
		length = i2d_ECDSA_SIG(pair, &der);
	else
	{
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	return length > 0 ? length : 0;
}

static bool
sign_es256(const KycvsSigningKey *key, const void *message, size_t length, uint8 *signature)
{
	uint8		digest[KYCVS_DIGEST_LENGTH];
	uint8		der[DER_SIGNATURE_MAX];
	size_t		der_length = sizeof(der);

	return kycvs_sha256(message, length, digest) &&
		EVP_PKEY_sign(key->ecdsa, der, &der_length, digest, sizeof(digest)) == 1 &&
		raw_from_der(der, der_length, signature);
}

static bool
sign_eddsa(const KycvsSigningKey *key, const void *message, size_t length, uint8 *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t		signature_length = KYCVS_SIGNATURE_LENGTH;
	bool		ok = ctx != NULL &&
		EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
		EVP_DigestSign(ctx, signature, &signature_length, message, length) == 1 &&
		signature_length == KYCVS_SIGNATURE_LENGTH;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
kycvs_key_sign(const KycvsSigningKey *key, const void *message, size_t length,
			   uint8 signature[KYCVS_SIGNATURE_LENGTH])
{
	if (key->public_key.alg == KYCVS_ES256)
		return settle(sign_es256(key, message, length, signature));
	return settle(sign_eddsa(key, message, length, signature));
}

static EVP_PKEY *
make_p256(const KycvsPublicKey *key)
{
	uint8		point[POINT_LENGTH];
	OSSL_PARAM	params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *) P256_GROUP, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end()
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY   *pkey = NULL;

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, key->x, COORDINATE_LENGTH);
	memcpy(point + 1 + COORDINATE_LENGTH, key->y, COORDINATE_LENGTH);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *
make_public(const KycvsPublicKey *key)
{
	switch (key->alg)
	{
		case KYCVS_ES256:
			return make_p256(key);
		case KYCVS_EDDSA:
			return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key->x, sizeof(key->x));
		case KYCVS_ALG_NONE:
			break;
	}
	return NULL;
}

static bool
same_key(const KycvsPublicKey *a, const KycvsPublicKey *b)
{
	return a->alg == b->alg &&
		memcmp(a->x, b->x, sizeof(a->x)) == 0 &&
		memcmp(a->y, b->y, sizeof(a->y)) == 0;
}

/* The verifier of a key, or NULL when its coordinates are not a point of the curve. */
static const Verifier *
find_verifier(const KycvsPublicKey *key)
{
	Verifier	verifier = {.public_key = *key};

	if (key->alg != KYCVS_ALG_NONE && same_key(key, &last_verifier.public_key))
		return &last_verifier;
	verifier.pkey = make_public(key);
	if (verifier.pkey != NULL && key->alg == KYCVS_ES256)
		verifier.ecdsa = prepare(verifier.pkey, EVP_PKEY_verify_init);
	if (verifier.pkey == NULL || (key->alg == KYCVS_ES256 && verifier.ecdsa == NULL))
	{
		EVP_PKEY_free(verifier.pkey);
		return NULL;
	}
	EVP_PKEY_CTX_free(last_verifier.ecdsa);
	EVP_PKEY_free(last_verifier.pkey);
	last_verifier = verifier;
	return &last_verifier;
}

static bool
verify_es256(const Verifier *verifier, const void *message, size_t length, const uint8 *signature)
{
	uint8		digest[KYCVS_DIGEST_LENGTH];
	uint8		der[DER_SIGNATURE_MAX];
	size_t		der_length = der_from_raw(signature, der);

	return der_length > 0 &&
		kycvs_sha256(message, length, digest) &&
		EVP_PKEY_verify(verifier->ecdsa, der, der_length, digest, sizeof(digest)) == 1;
}

static bool
verify_eddsa(const Verifier *verifier, const void *message, size_t length, const uint8 *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool		ok = ctx != NULL &&
		EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, verifier->pkey, NULL) == 1 &&
		EVP_DigestVerify(ctx, signature, KYCVS_SIGNATURE_LENGTH, message, length) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
kycvs_key_verify(const KycvsPublicKey *key, const void *message, size_t length,
				 const uint8 signature[KYCVS_SIGNATURE_LENGTH])
{
	const Verifier *verifier = find_verifier(key);

	if (verifier == NULL)
		return settle(false);
	if (key->alg == KYCVS_ES256)
		return settle(verify_es256(verifier, message, length, signature));
	return settle(verify_eddsa(verifier, message, length, signature));
}

/*
 * y of the points of edwards25519 whose order is 1, 2, 4 or 8.  Under such a key
 * signatures can be made up for some or all messages (RFC 8032, section 8.4,
 * has the cofactor in mind; nobody's key is one of these).
 */
static const uint8 small_orders[][COORDINATE_LENGTH] = {
	{0},
	{1},
	{
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05
	},
	{
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a
	},
	{
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f
	}
};

/* y is below 2^255 - 19 (RFC 8032, section 5.1.3), and the point's order is not small. */
static bool
is_sound_eddsa(const uint8 x[COORDINATE_LENGTH])
{
	uint8		y[COORDINATE_LENGTH];
	size_t		i;

	memcpy(y, x, sizeof(y));
	y[COORDINATE_LENGTH - 1] &= 0x7f;	/* without the sign of the other coordinate */
	for (i = 0; i < lengthof(small_orders); i++)
		if (memcmp(y, small_orders[i], sizeof(y)) == 0)
			return false;
	for (i = 1; i < COORDINATE_LENGTH - 1 && y[i] == 0xff; i++)
		;
	return i < COORDINATE_LENGTH - 1 || y[COORDINATE_LENGTH - 1] != 0x7f || y[0] < 0xed;
}

bool
kycvs_key_usable(const KycvsPublicKey *key)
{
	return (key->alg != KYCVS_EDDSA || is_sound_eddsa(key->x)) &&
		settle(find_verifier(key) != NULL);
}

/* The canonical form of the JWK's required members (RFC 7638, section 3.2). */
static int
print_required(const KycvsPublicKey *key, char *text, size_t size)
{
	char		x[KYCVS_BASE64URL_LENGTH(COORDINATE_LENGTH)];
	char		y[KYCVS_BASE64URL_LENGTH(COORDINATE_LENGTH)];

	kycvs_base64url_encode(key->x, sizeof(key->x), x);
	kycvs_base64url_encode(key->y, sizeof(key->y), y);
	if (key->alg == KYCVS_ES256)
		return snprintf(text, size, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
						(int) sizeof(x), x, (int) sizeof(y), y);
	return snprintf(text, size, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%.*s\"}",
					(int) sizeof(x), x);
}

bool
kycvs_key_thumbprint(const KycvsPublicKey *key, char kid[KYCVS_KID_LENGTH + 1])
{
	char		text[THUMBPRINT_INPUT_MAX];
	uint8		digest[KYCVS_DIGEST_LENGTH];
	bool		ok = kycvs_sha256(text, print_required(key, text, sizeof(text)), digest);

	memset(kid, 0, KYCVS_KID_LENGTH + 1);
	if (ok)
		kycvs_base64url_encode(digest, sizeof(digest), kid);
	return ok;
}
