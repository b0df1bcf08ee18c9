/*
 * test_keyring.c
 *	  Signing keys: made, kept as PEM, read back; what is not such a file is
 *	  refused, without asking anyone for a password.
 *
 * The example keys are those of RFC 8037 A.1 and RFC 7515 A.3; the others were
 * made with "openssl genpkey" for this file.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <openssl/err.h>

#include "keyring.h"
#include "tap.h"

#define BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define END "-----END PRIVATE KEY-----\n"

static const char rfc8037_pem[] = BEGIN
"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" END;

static const char rfc7515_pem[] = BEGIN
"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
"H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
"7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n" END;

/* RFC 7515's private half with the generator of the curve as its public one. */
static const char mismatched_pem[] = BEGIN
"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
"H1136cspYG6+0iY7X1fCE9+E9LKhRANCAARrF9Hy4SxCR/i85uVjpEDydwN9gS3r\n"
"M6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1\n" END;

typedef struct BadFile
{
	const char *what;
	const char *pem;
} BadFile;

static const BadFile bad_files[] = {
	{"empty", ""},
	{"not PEM", "master key"},
	{"no body", BEGIN END},
	{"body that is not DER", BEGIN "AAAA\n" END},
	{"bytes after the key", BEGIN "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9gAAAA\n" END},
	{"halves that do not match", mismatched_pem},
	{"P-384",
	"-----BEGIN PRIVATE KEY-----\n"
	"MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAvhxc0UvcPDcRkXOsr\n"
	"LNzXbi9lV1X3ee39s33UpgBEoMo2g+gWS2xu8BtNwdC1TvShZANiAAQ6bXhkBMSP\n"
	"ea5lyM62muvbwFiZ/a+wmsTwc1VbCFXGvHOJV5Grq50CFE83KYaR0Cl64nZoC/1T\n"
	"ko/Pkfq3eCMsV+mAc5qa1/Osrmdu2CLV1y8T3yT9Mx/efd7zqTwsR6w=\n"
	"-----END PRIVATE KEY-----\n"},
	{"secp256k1",
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgsDZfxMbXcuTZe6oa6aIb\n"
	"sBvJ+uUZDqkG0mHjbch+uuehRANCAAT4gO3BHhUPGn4JmRNOM7FUW9z4ZokFsMcd\n"
	"XhvpyF7Axh2seC4YUn2cSQKNjVZVOjM74XtgU8SzakHGUefiQGP/\n"
	"-----END PRIVATE KEY-----\n"},
	{"X25519",
	"-----BEGIN PRIVATE KEY-----\n"
	"MC4CAQAwBQYDK2VuBCIEIEA4/B9gPpVyhl8IoNSLqG/5niJU0BDN2HhVAkBr80FX\n"
	"-----END PRIVATE KEY-----\n"},
	{"RSA",
	"-----BEGIN PRIVATE KEY-----\n"
	"MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEAo4Le+nOVGT0prxhv\n"
	"GOTQttFDZxB/u873aJNqvRryl/8qXNUXZcEvvsnkceB8CnVJ7cGh4OsC7T8unJqH\n"
	"oEldHwIDAQABAkBOfvdYuMAtO6WVP1+mTcK84T1AbzVDDhrMA2lMm3E28i3LSQt4\n"
	"DLKhi7bdbhbc+FwrjAb0GEk3ocAS6cZroxDxAiEA11zWyKRD5dKD/maMXvzpH4nG\n"
	"mje2ACwu1fzuP6JhO2MCIQDCXVT5haZoF5tZErFXscEkpY/EPQrqoylP8cpxDg3q\n"
	"FQIhAKSl3a9XpnE2GKOOUxLr2G68LpIItaQ8IzKGRL9xrVRxAiBV7ESgekDyS11V\n"
	"pznW9rHXrYk8y2+EAtVEjjNcf0YPcQIgCi2Rq2ujv3uMklZwqz1iEhzaAans5ltE\n"
	"vsIeeg8w3fE=\n"
	"-----END PRIVATE KEY-----\n"},
	{"SEC 1 form",
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIFsQFCTvsvlP9d4+YLYBLRhsVYRIUlpTTSFMPh1wQfF9oAoGCCqGSM49\n"
	"AwEHoUQDQgAE9uDzU6tDbOrT0951UK6nokFm3o0WSnnAsxaiT5c/3Nm+t1AezH4y\n"
	"SGVcc46wfc6dFmHHWsws+VC/Nj6ncTwJvw==\n"
	"-----END EC PRIVATE KEY-----\n"},
	{"public key",
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9uDzU6tDbOrT0951UK6nokFm3o0W\n"
	"SnnAsxaiT5c/3Nm+t1AezH4ySGVcc46wfc6dFmHHWsws+VC/Nj6ncTwJvw==\n"
	"-----END PUBLIC KEY-----\n"},
	{"encrypted (PKCS #8)",
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgFLqTkpEuHqAIBATAM\n"
	"BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQ08mWNYJyE65u7vVi1wDHpASBkEOa\n"
	"g4XkXscIcmmhpXlQ/DxNONPcq7327bBoI1H83ZvsXj6HgAjC6Vk+99oxETnyTM8f\n"
	"BxyDGsxkqUPfYXGwWMSuGM9VlXVCGQbiHk6pdnlhe+wf2PTwKNHHvSc9cGXns0Fc\n"
	"kyahJgSo3RaPO4cU229/xJ2kPUk1xgbEPgZluFf0vNolVZfVM6Ia0iy9lEvoqg==\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n"},
	{"encrypted (PEM header)",
	"-----BEGIN EC PRIVATE KEY-----\n"
	"Proc-Type: 4,ENCRYPTED\n"
	"DEK-Info: AES-128-CBC,93AD983C95E15DC102A16438CB69FFD1\n"
	"\n"
	"FtaewIROJJaxiUYySS74yWbFDi+g/9wn5PTyeJiMHpnAxIbBCx4Fknzz2BoCNs6n\n"
	"d4Lfw3kJjCYR9SSl7885crPiCyO8Y1LsnqhB+3eG3WhJ0A/o4PZr2R5Sd8kElxtg\n"
	"vAQXxuvyGZfqR+d/CrACxwnEzx1nZtme/3VvgosWLFI=\n"
	"-----END EC PRIVATE KEY-----\n"}
};

static void
test_round_trip(KycvsAlg alg)
{
	KycvsSigningKey *made = kycvs_key_generate(alg);
	KycvsSigningKey *read = NULL;
	KycvsPublicKey public_key;
	KycvsPublicKey public_read;
	char		pem[KYCVS_PEM_MAX];
	uint8		signature[KYCVS_SIGNATURE_LENGTH] = {0};
	const char *name = kycvs_alg_name(alg);

	if (!tap_ok(made != NULL && kycvs_key_to_pem(made, pem, sizeof(pem)), "%s: key made and written", name))
		return;
	read = kycvs_key_from_pem(pem, strlen(pem));
	tap_ok(read != NULL && kycvs_key_public(made, &public_key) && kycvs_key_public(read, &public_read) &&
		   memcmp(&public_key, &public_read, sizeof(public_key)) == 0, "%s: the same key read", name);
	tap_ok(read != NULL && kycvs_key_sign(read, "message", 7, signature) &&
		   kycvs_key_verify(&public_key, "message", 7, signature), "%s: signature verified", name);
	tap_ok(!kycvs_key_verify(&public_key, "massage", 7, signature), "%s: another message refused", name);
	signature[KYCVS_SIGNATURE_LENGTH - 1] ^= 1;
	tap_ok(!kycvs_key_verify(&public_key, "message", 7, signature), "%s: another signature refused", name);
	tap_ok(!kycvs_key_to_pem(made, pem, 20), "%s: PEM that does not fit refused", name);
	tap_ok(ERR_peek_error() == 0, "%s: error queue empty", name);
	kycvs_key_free(made);
	kycvs_key_free(read);
}

static void
test_example(const char *name, const char *pem, KycvsAlg alg, const char *thumbprint)
{
	KycvsSigningKey *key = kycvs_key_from_pem(pem, strlen(pem));
	KycvsPublicKey public_key;
	char		kid[KYCVS_KID_LENGTH + 1];

	if (!tap_ok(key != NULL && kycvs_key_public(key, &public_key), "%s: read", name))
		return;
	tap_number(public_key.alg, alg, "%s: algorithm", name);
	tap_ok(kycvs_key_thumbprint(&public_key, kid), "%s: named", name);
	tap_text(kid, thumbprint, "%s: thumbprint", name);
	kycvs_key_free(key);
}

/* Ed25519 is deterministic: RFC 8037 A.4 */
static void
test_eddsa_exact(void)
{
	static const char message[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	KycvsSigningKey *key = kycvs_key_from_pem(rfc8037_pem, strlen(rfc8037_pem));
	uint8		signature[KYCVS_SIGNATURE_LENGTH] = {0};

	tap_ok(key != NULL && kycvs_key_sign(key, message, strlen(message), signature), "RFC 8037 A.4: signed");
	tap_bytes(signature, sizeof(signature),
			  "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e"
			  "9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb15be902bfccb8cd0a02",
			  "RFC 8037 A.4: signature");
	kycvs_key_free(key);
}

/* The verifier of the last key is kept; another key gets its own. */
static void
test_two_keys(void)
{
	KycvsSigningKey *keys[2] = {kycvs_key_generate(KYCVS_ES256), kycvs_key_generate(KYCVS_ES256)};
	KycvsPublicKey public_keys[2];
	uint8		signatures[2][KYCVS_SIGNATURE_LENGTH];
	bool		ok = keys[0] != NULL && keys[1] != NULL;

	for (int i = 0; i < 2 && ok; i++)
		ok = kycvs_key_public(keys[i], &public_keys[i]) && kycvs_key_sign(keys[i], "m", 1, signatures[i]);
	for (int i = 0; i < 8 && ok; i++)
		ok = kycvs_key_verify(&public_keys[i & 1], "m", 1, signatures[i >> 1 & 1]) == ((i & 1) == (i >> 1 & 1));
	tap_ok(ok, "each key verifies its own signatures");
	kycvs_key_free(keys[0]);
	kycvs_key_free(keys[1]);
}

static void
test_bad_points(void)
{
	KycvsPublicKey key = {.alg = KYCVS_ES256};
	uint8		signature[KYCVS_SIGNATURE_LENGTH] = {1};

	tap_ok(!kycvs_key_usable(&key), "zero is no point");
	memset(key.x, 0xff, sizeof(key.x));
	memset(key.y, 0xff, sizeof(key.y));
	tap_ok(!kycvs_key_usable(&key), "coordinates beyond the prime refused");
	tap_ok(!kycvs_key_verify(&key, "m", 1, signature), "they verify nothing");
	key.alg = KYCVS_ALG_NONE;
	tap_ok(!kycvs_key_verify(&key, "m", 1, signature), "no algorithm verifies nothing");
	tap_ok(kycvs_key_generate(KYCVS_ALG_NONE) == NULL, "no algorithm makes no key");
	tap_ok(ERR_peek_error() == 0, "error queue empty");
}

static void
test_bad_files(void)
{
	char		longer[KYCVS_PEM_MAX + 2];

	for (size_t i = 0; i < lengthof(bad_files); i++)
		tap_ok(kycvs_key_from_pem(bad_files[i].pem, strlen(bad_files[i].pem)) == NULL,
			   "key file refused: %s", bad_files[i].what);
	memset(longer, '\n', sizeof(longer));
	memcpy(longer, rfc8037_pem, strlen(rfc8037_pem));
	tap_ok(kycvs_key_from_pem(longer, sizeof(longer)) == NULL, "key file refused: too long");
	tap_ok(ERR_peek_error() == 0, "error queue empty");
}

void
test_keyring(void)
{
	test_round_trip(KYCVS_ES256);
	test_round_trip(KYCVS_EDDSA);
	test_example("RFC 8037 A.1", rfc8037_pem, KYCVS_EDDSA, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	test_example("RFC 7515 A.3", rfc7515_pem, KYCVS_ES256, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	test_eddsa_exact();
	test_two_keys();
	test_bad_points();
	test_bad_files();
}
