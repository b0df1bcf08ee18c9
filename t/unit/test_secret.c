/*
 * test_secret.c
 *	  What is derived from the master secret.
 *
 * The expected values were computed with the command line tools of OpenSSL
 * ("openssl kdf ... HKDF", "openssl mac ... HMAC") and, for the seal, an
 * independent AES-GCM.  The master secret is 00 01 .. 1f.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "secret.h"
#include "tap.h"

#define CONTEXT "person.mobile"
#define RAMESH "+919825012345"
#define IDS 20000

static const pg_uuid_t registry = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};

static const char sealed_hex[] =
"01404142434445464748494a4b4c4d4e4fc57e17fc79ff2df18abd83f3d87d120e55af9a98"
"eb9654f1e628a60b4a526148cbff01fdafb2f9ccb84bb0d41cab1b5f";

static bool
load(uint8 first)
{
	uint8		master[KYCVS_MASTER_LENGTH];
	int			i;

	for (i = 0; i < KYCVS_MASTER_LENGTH; i++)
		master[i] = (uint8) (first + i);
	return kycvs_secret_load(master, &registry);
}

static void
test_without(void)
{
	uint8		digest[KYCVS_DIGEST_LENGTH];
	uint8		index[KYCVS_INDEX_LENGTH] = {0};
	uint8		sealed[KYCVS_SEALED_MOBILE];
	char		text[64];
	pg_uuid_t	id;
	uint16		bucket;

	kycvs_secret_forget();
	tap_ok(!kycvs_secret_loaded(), "secret: not loaded");
	tap_ok(!kycvs_secret_check_value(digest), "secret: no check value without it");
	tap_ok(!kycvs_mac(KYCVS_SUBKEY_OTP, NULL, 0, digest), "secret: no hash without it");
	tap_ok(!kycvs_mobile_index(RAMESH, index), "secret: no index without it");
	tap_ok(!kycvs_seal(CONTEXT, RAMESH, sealed, sizeof(sealed)), "secret: no seal without it");
	tap_ok(!kycvs_unseal(CONTEXT, sealed, sizeof(sealed), text, sizeof(text)), "secret: no unsealing without it");
	tap_ok(!kycvs_new_id(index, &id), "secret: no id without it");
	memset(&id, 0x88, sizeof(id));
	tap_ok(!kycvs_id_bucket(&id, &bucket), "secret: no bucket without it");
	tap_ok(kycvs_random(digest, sizeof(digest)), "secret: random bytes need none");
}

static void
test_vectors(void)
{
	uint8		digest[KYCVS_DIGEST_LENGTH];
	uint8		index[KYCVS_INDEX_LENGTH];
	KycvsPart	parts[] = {{"a", 1}, {"bc", 2}};
	KycvsPart	shifted[] = {{"ab", 2}, {"c", 1}};

	tap_ok(load(0) && kycvs_secret_loaded(), "secret: loaded");
	tap_ok(kycvs_secret_check_value(digest), "secret: check value");
	tap_bytes(digest, sizeof(digest), "1b57b8ea8336d9f2ad499224b38bba4565c51aa5f1c22d9a22ab456e45cc3e69",
			  "secret: check value as OpenSSL's tools compute it");
	tap_ok(kycvs_mobile_index(RAMESH, index), "secret: index");
	tap_bytes(index, sizeof(index), "01e6948f9c1877bd70d3da4386ebb54872", "secret: index, likewise");
	tap_ok(kycvs_mac(KYCVS_SUBKEY_PSEUDONYM, parts, 2, digest), "secret: hash over parts");
	tap_bytes(digest, sizeof(digest), "763a1d60e2e2810e6962f1b9601ab651e5a6416b751ac871dd8774b55532bba1",
			  "secret: hash over parts, likewise");
	tap_ok(kycvs_mac(KYCVS_SUBKEY_PSEUDONYM, shifted, 2, digest) && digest[0] != 0x76,
		   "secret: shifted parts have another hash");
	tap_ok(kycvs_sha256("abc", 3, digest), "sha256");
	tap_bytes(digest, sizeof(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
			  "sha256: the vector of FIPS 180-4");
}

static void
test_keys_differ(void)
{
	uint8		digests[KYCVS_SUBKEYS][KYCVS_DIGEST_LENGTH];
	uint8		digest[KYCVS_DIGEST_LENGTH];
	uint8		master[KYCVS_MASTER_LENGTH] = {0};
	pg_uuid_t	other = registry;
	int			equal = 0;
	int			i;
	int			j;

	for (i = 0; i < KYCVS_SUBKEYS; i++)
		tap_ok(kycvs_mac((KycvsSubkey) i, NULL, 0, digests[i]), "secret: subkey %d", i);
	for (i = 0; i < KYCVS_SUBKEYS; i++)
		for (j = 0; j < i; j++)
			equal += memcmp(digests[i], digests[j], KYCVS_DIGEST_LENGTH) == 0;
	tap_number(equal, 0, "secret: every use has its own subkey");

	tap_ok(kycvs_secret_load(master, &registry) && kycvs_secret_check_value(digest) &&
		   memcmp(digest, digests[KYCVS_SUBKEY_CHECK], sizeof(digest)) != 0, "secret: another master secret");
	load(0);
	other.data[15] ^= 1;
	for (i = 0; i < KYCVS_MASTER_LENGTH; i++)
		master[i] = (uint8) i;
	tap_ok(kycvs_secret_load(master, &other) && kycvs_mac(KYCVS_SUBKEY_CHECK, NULL, 0, digest) &&
		   memcmp(digest, digests[KYCVS_SUBKEY_CHECK], sizeof(digest)) != 0,
		   "secret: the same master secret in another registry");
	tap_ok(load(0) && kycvs_mac(KYCVS_SUBKEY_CHECK, NULL, 0, digest) &&
		   memcmp(digest, digests[KYCVS_SUBKEY_CHECK], sizeof(digest)) == 0, "secret: loaded again, the same keys");
}

static void
read_hex(const char *hex, uint8 *data, size_t size)
{
	size_t		i;

	for (i = 0; i < size; i++)
	{
		unsigned int byte = 0;

		sscanf(hex + 2 * i, "%2x", &byte);
		data[i] = (uint8) byte;
	}
}

static void
test_unseal_vector(void)
{
	uint8		sealed[KYCVS_SEALED_MOBILE];
	char		text[64];

	tap_number(sizeof(sealed_hex) - 1, 2 * KYCVS_SEALED_MOBILE, "seal: length of a sealed mobile number");
	read_hex(sealed_hex, sealed, sizeof(sealed));
	tap_ok(kycvs_unseal(CONTEXT, sealed, sizeof(sealed), text, sizeof(text)), "seal: one made elsewhere opens");
	tap_text(text, RAMESH, "seal: and holds what was put in");
}

static void
test_roundtrip(void)
{
	uint8		sealed[KYCVS_SEALED_NAME];
	uint8		again[KYCVS_SEALED_NAME];
	char		text[257];
	char		longest[258];

	tap_ok(kycvs_seal("person.name", "Ramesh Patel", sealed, sizeof(sealed)), "seal: a name");
	tap_number(sealed[0], KYCVS_KEY_VERSION, "seal: begins with the key version");
	tap_ok(kycvs_unseal("person.name", sealed, sizeof(sealed), text, sizeof(text)), "seal: opens");
	tap_text(text, "Ramesh Patel", "seal: the name comes back");
	tap_ok(kycvs_seal("person.name", "Ramesh Patel", again, sizeof(again)) &&
		   memcmp(sealed + 1, again + 1, 16) != 0 && memcmp(sealed + 17, again + 17, sizeof(sealed) - 17) != 0,
		   "seal: twice the same text, two different seals");
	tap_ok(kycvs_seal("person.name", "", sealed, sizeof(sealed)) &&
		   kycvs_unseal("person.name", sealed, sizeof(sealed), text, sizeof(text)) && text[0] == '\0',
		   "seal: an empty text");

	memset(longest, 'n', sizeof(longest));
	longest[256] = '\0';
	tap_ok(kycvs_seal("person.name", longest, sealed, sizeof(sealed)) &&
		   kycvs_unseal("person.name", sealed, sizeof(sealed), text, sizeof(text)) && strcmp(text, longest) == 0,
		   "seal: the longest name");
	tap_ok(!kycvs_unseal("person.name", sealed, sizeof(sealed), text, 256), "seal: no room for its NUL");
	tap_text(text, "", "seal: nothing is left then");
	longest[256] = 'n';
	longest[257] = '\0';
	tap_ok(!kycvs_seal("person.name", longest, sealed, sizeof(sealed)), "seal: one byte too long");
}

static void
test_seal_refusals(void)
{
	uint8		sealed[KYCVS_SEALED_MOBILE + 1];
	uint8		large[2048];
	char		text[64];
	int			accepted = 0;
	int			i;

	tap_ok(kycvs_seal(CONTEXT, RAMESH, sealed, KYCVS_SEALED_MOBILE), "seal: to be altered");
	for (i = 0; i < KYCVS_SEALED_MOBILE * 8; i++)
	{
		sealed[i / 8] ^= (uint8) (1 << i % 8);
		accepted += kycvs_unseal(CONTEXT, sealed, KYCVS_SEALED_MOBILE, text, sizeof(text)) || text[0] != '\0';
		sealed[i / 8] ^= (uint8) (1 << i % 8);
	}
	tap_number(accepted, 0, "seal: every one of %d altered bits is noticed", i);

	sealed[KYCVS_SEALED_MOBILE] = 0;
	for (i = 0; i <= KYCVS_SEALED_MOBILE + 1; i++)
		accepted += kycvs_unseal(CONTEXT, sealed, i, text, sizeof(text));
	tap_number(accepted, 1, "seal: opens in its own length alone");

	tap_ok(!kycvs_unseal("person.name", sealed, KYCVS_SEALED_MOBILE, text, sizeof(text)), "seal: another context");
	tap_ok(!kycvs_unseal("", sealed, KYCVS_SEALED_MOBILE, text, sizeof(text)), "seal: no context");
	tap_ok(!kycvs_unseal(CONTEXT, sealed, KYCVS_SEALED_MOBILE, text, 0), "seal: no room at all");
	tap_ok(!kycvs_seal(CONTEXT, "", sealed, KYCVS_SEAL_OVERHEAD + 1), "seal: too short to hold a length");
	tap_ok(!kycvs_seal(CONTEXT, "", large, sizeof(large)), "seal: longer than any of ours");

	kycvs_seal(CONTEXT, RAMESH, sealed, KYCVS_SEALED_MOBILE);
	load(1);
	tap_ok(!kycvs_unseal(CONTEXT, sealed, KYCVS_SEALED_MOBILE, text, sizeof(text)), "seal: another master secret");
	load(0);
	tap_ok(kycvs_unseal(CONTEXT, sealed, KYCVS_SEALED_MOBILE, text, sizeof(text)), "seal: the right one again");
}

static void
test_id_vector(void)
{
	pg_uuid_t	id = {{0x8e, 0xf5, 0xc0, 0xc1, 0xc2, 0xc3, 0x84, 0xc5,
			0x86, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd}};
	uint16		bucket = 0;

	tap_ok(kycvs_id_bucket(&id, &bucket), "id: one made elsewhere");
	tap_number(bucket, 0xe694, "id: its bucket is that of the mobile's index");
	id.data[6] = 0x44;
	tap_ok(!kycvs_id_bucket(&id, &bucket), "id: a UUIDv4 has none");
	id.data[6] = 0x84;
	id.data[8] = 0xC6;
	tap_ok(!kycvs_id_bucket(&id, &bucket), "id: another variant has none");
}

/* Every bit of an id that isn't version or variant is as often set as not, although the bucket is always the same. */
static void
test_ids(void)
{
	uint8		index[KYCVS_INDEX_LENGTH];
	int			set[UUID_LEN * 8] = {0};
	int			wrong_form = 0;
	int			wrong_bucket = 0;
	int			biased = 0;
	int			i;
	int			bit;

	kycvs_mobile_index(RAMESH, index);
	for (i = 0; i < IDS; i++)
	{
		pg_uuid_t	id;
		uint16		bucket = 0;

		wrong_form += !kycvs_new_id(index, &id) || id.data[6] >> 4 != 8 || id.data[8] >> 6 != 2;
		wrong_bucket += !kycvs_id_bucket(&id, &bucket) || bucket != 0xe694;
		for (bit = 0; bit < UUID_LEN * 8; bit++)
			set[bit] += id.data[bit / 8] >> (7 - bit % 8) & 1;
	}
	for (bit = 0; bit < UUID_LEN * 8; bit++)
	{
		bool		fixed = (bit >= 48 && bit < 52) || bit == 64 || bit == 65;

		/* seven standard deviations: once in 10^9 runs */
		if (!fixed && abs(set[bit] - IDS / 2) > 495)
			biased++;
	}
	tap_number(wrong_form, 0, "id: version 8 and variant of %d ids", IDS);
	tap_number(wrong_bucket, 0, "id: bucket of all of them");
	tap_number(biased, 0, "id: 122 unbiased bits");
}

void
test_secret(void)
{
	test_without();
	test_vectors();
	test_keys_differ();
	test_unseal_vector();
	test_roundtrip();
	test_seal_refusals();
	test_id_vector();
	test_ids();
	kycvs_secret_forget();
	tap_ok(!kycvs_secret_loaded(), "secret: forgotten");
}
