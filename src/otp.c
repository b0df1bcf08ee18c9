/*
 * otp.c
 *	  One-time passwords: derived, compared, never stored.
 *
 * A code is a keyed hash of everything it is good for: the challenge, the
 * entity, the purpose, the mobile's index and the digest of the name, with a
 * random nonce of the challenge.  Whoever reads every table still faces a
 * million equally likely codes, and a code made for one thing is wrong for
 * every other.
 *
 * Six digits without bias: the hash is read as 32-bit numbers, the first that
 * lies below the largest multiple of a million is reduced.  A number is passed
 * over once in 4,440 times; a counter supplies further blocks should all eight
 * of a block be.
 *
 * The code and what leads to it are wiped from the stack before returning.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "otp.h"
#include "port/pg_bswap.h"

#define OTP_RANGE		1000000
#define OTP_LIMIT		(PG_UINT32_MAX / OTP_RANGE * OTP_RANGE)
#define OTP_BLOCKS		16		/* all of them fail once in 2^1550 times */
#define BLANKS			" \t\r\n"

/* One block of the hash over a binding. */
static bool
hash_binding(const KycvsOtpBinding *binding, uint32 counter, uint8 block[KYCVS_DIGEST_LENGTH])
{
	uint32		entity = pg_hton32((uint32) binding->entity);
	uint32		purpose = pg_hton32((uint32) binding->purpose);
	uint32		number = pg_hton32(counter);
	KycvsPart	parts[] = {
		{binding->nonce, KYCVS_NONCE_LENGTH},
		{&binding->challenge, UUID_LEN},
		{&entity, sizeof(entity)},
		{&purpose, sizeof(purpose)},
		{binding->index, KYCVS_INDEX_LENGTH},
		{binding->name_digest, KYCVS_DIGEST_LENGTH},
		{&number, sizeof(number)}
	};

	return kycvs_mac(KYCVS_SUBKEY_OTP, parts, lengthof(parts), block);
}

/* The first usable number of a block, reduced; -1 when it has none. */
static int
reduce(const uint8 block[KYCVS_DIGEST_LENGTH])
{
	int			i;

	for (i = 0; i < KYCVS_DIGEST_LENGTH; i += sizeof(uint32))
	{
		uint32		number;

		memcpy(&number, block + i, sizeof(number));
		number = pg_ntoh32(number);
		if (number < OTP_LIMIT)
			return (int) (number % OTP_RANGE);
	}
	return -1;
}

bool
kycvs_otp_derive(const KycvsOtpBinding *binding, char otp[KYCVS_OTP_DIGITS + 1])
{
	uint8		block[KYCVS_DIGEST_LENGTH];
	int			code = -1;
	uint32		counter;

	otp[0] = '\0';
	for (counter = 0; code < 0 && counter < OTP_BLOCKS; counter++)
	{
		if (!hash_binding(binding, counter, block))
			break;
		code = reduce(block);
	}
	explicit_bzero(block, sizeof(block));

	if (code < 0)
		return false;
	snprintf(otp, KYCVS_OTP_DIGITS + 1, "%06d", code);
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
read_hex(const char *text, uint8 digest[KYCVS_DIGEST_LENGTH])
{
	int			i;

	for (i = 0; i < KYCVS_DIGEST_LENGTH; i++)
	{
		int			high = hex_value(text[2 * i]);
		int			low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest[i] = (uint8) (high << 4 | low);
	}
	return true;
}

static bool
digest_matches(const char *otp, const char *typed, bool *failed)
{
	uint8		expected[KYCVS_DIGEST_LENGTH];
	uint8		given[KYCVS_DIGEST_LENGTH];
	bool		equal = false;

	if (!kycvs_sha256(otp, KYCVS_OTP_DIGITS, expected))
		*failed = true;
	else if (read_hex(typed, given))
		equal = CRYPTO_memcmp(expected, given, sizeof(given)) == 0;

	explicit_bzero(expected, sizeof(expected));
	explicit_bzero(given, sizeof(given));
	return equal;
}

/* The length of what was typed decides how it is compared; it is no secret. */
static bool
compare(const char *otp, const char *typed, size_t length, bool *failed)
{
	if (length == KYCVS_OTP_DIGITS)
		return CRYPTO_memcmp(otp, typed, KYCVS_OTP_DIGITS) == 0;
	if (length == 2 * KYCVS_DIGEST_LENGTH)
		return digest_matches(otp, typed, failed);
	return false;
}

bool
kycvs_otp_matches(const KycvsOtpBinding *binding, const char *typed, bool *failed)
{
	char		otp[KYCVS_OTP_DIGITS + 1];
	const char *rest;
	size_t		length;
	bool		equal;

	typed += strspn(typed, BLANKS);
	length = strcspn(typed, BLANKS);
	rest = typed + length;
	rest += strspn(rest, BLANKS);

	*failed = !kycvs_otp_derive(binding, otp);
	equal = !*failed && *rest == '\0' && compare(otp, typed, length, failed);

	explicit_bzero(otp, sizeof(otp));
	return equal;
}
