/*
 * test_otp.c
 *	  One-time passwords: derived as an independent program derives them, bound
 *	  to each part, without bias, compared in all accepted forms.
 *
 * Nonces are fixed, so the statistics give the same figures in every run.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "otp.h"
#include "port/pg_bswap.h"
#include "tap.h"

#define DERIVATIONS 200000

/* One in a thousand fair generators exceeds these. */
#define CHI_SQUARE_9 27.88
#define CHI_SQUARE_999 1143.92

static KycvsOtpBinding
make_binding(void)
{
	static const pg_uuid_t registry = {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
			0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
	KycvsOtpBinding binding;
	uint8		master[KYCVS_MASTER_LENGTH];
	int			i;

	for (i = 0; i < KYCVS_MASTER_LENGTH; i++)
		master[i] = (uint8) i;
	memset(&binding, 0, sizeof(binding));
	for (i = 0; i < UUID_LEN; i++)
		binding.challenge.data[i] = (uint8) (0xa0 + i);
	for (i = 0; i < KYCVS_NONCE_LENGTH; i++)
		binding.nonce[i] = (uint8) (0x10 + i);
	binding.entity = 7;
	binding.purpose = 3;
	tap_ok(kycvs_secret_load(master, &registry) &&
		   kycvs_mobile_index("+919825012345", binding.index) &&
		   kycvs_sha256("patel ramesh", 12, binding.name_digest), "otp: a binding");
	return binding;
}

/* The nonce of the statistics: a number and zeros. */
static void
number_nonce(KycvsOtpBinding *binding, uint32 number)
{
	number = pg_hton32(number);
	memset(binding->nonce, 0, sizeof(binding->nonce));
	memcpy(binding->nonce, &number, sizeof(number));
}

static void
test_vector(const KycvsOtpBinding *binding)
{
	KycvsOtpBinding numbered = *binding;
	char		otp[KYCVS_OTP_DIGITS + 1];

	tap_ok(kycvs_otp_derive(binding, otp), "otp: derived");
	tap_text(otp, "475151", "otp: as an independent program derives it");
	number_nonce(&numbered, 75);
	tap_ok(kycvs_otp_derive(&numbered, otp), "otp: whose first number is too large");
	tap_text(otp, "633366", "otp: comes from the second");
	number_nonce(&numbered, 21060);
	tap_ok(kycvs_otp_derive(&numbered, otp), "otp: a small one");
	tap_text(otp, "000006", "otp: keeps its zeros");
}

/* Changes one byte of the binding at a time; an equal code is a coincidence of one in a million. */
static void
test_binding(const KycvsOtpBinding *binding)
{
	KycvsOtpBinding changed = *binding;
	uint8	   *fields[] = {changed.challenge.data, (uint8 *) &changed.entity, (uint8 *) &changed.purpose,
	changed.index, changed.name_digest, changed.nonce};
	size_t		lengths[] = {UUID_LEN, sizeof(int32), sizeof(int32), KYCVS_INDEX_LENGTH, KYCVS_DIGEST_LENGTH,
	KYCVS_NONCE_LENGTH};
	size_t		field;

	for (field = 0; field < lengthof(fields); field++)
	{
		int			same = 0;
		size_t		i;

		for (i = 0; i < lengths[field]; i++)
		{
			bool		failed;

			fields[field][i] ^= 0x40;
			same += kycvs_otp_matches(&changed, "475151", &failed);
			fields[field][i] ^= 0x40;
		}
		tap_number(same, 0, "otp: bound to every byte of part %d", (int) field);
	}
}

static double
chi_square(const int *counts, int n)
{
	double		expected = (double) DERIVATIONS / n;
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += (counts[i] - expected) * (counts[i] - expected) / expected;
	return sum;
}

static void
test_uniform(const KycvsOtpBinding *binding)
{
	static int	thousands[1000];
	static int	digits[KYCVS_OTP_DIGITS][10];
	KycvsOtpBinding numbered = *binding;
	char		otp[KYCVS_OTP_DIGITS + 1];
	int			malformed = 0;
	uint32		i;
	int			at;

	for (i = 0; i < DERIVATIONS; i++)
	{
		number_nonce(&numbered, i);
		if (!kycvs_otp_derive(&numbered, otp) || strspn(otp, "0123456789") != KYCVS_OTP_DIGITS)
		{
			malformed++;
			continue;
		}
		thousands[atoi(otp) / 1000]++;
		for (at = 0; at < KYCVS_OTP_DIGITS; at++)
			digits[at][otp[at] - '0']++;
	}
	tap_number(malformed, 0, "otp: %d of six digits each", DERIVATIONS);
	tap_ok(chi_square(thousands, 1000) < CHI_SQUARE_999, "otp: no bias among thousands, chi square %.1f",
		   chi_square(thousands, 1000));
	for (at = 0; at < KYCVS_OTP_DIGITS; at++)
		tap_ok(chi_square(digits[at], 10) < CHI_SQUARE_9, "otp: no bias in digit %d, chi square %.1f",
			   at, chi_square(digits[at], 10));
}

static void
test_matches(const KycvsOtpBinding *binding)
{
	/* the long ones: openssl dgst -sha256 over the six digits */
	static const char *const right[] = {
		"475151", " 475151", "475151 ", "\t475151\r\n",
		"1c0dda7616c3d5b2756d5739aeb8fc07f7c52bac5f3c72a536329ecf40c236f0",
		" 1c0dda7616c3d5b2756d5739aeb8fc07f7c52bac5f3c72a536329ecf40c236f0 ",
		"1C0DDA7616C3D5B2756D5739AEB8FC07F7C52BAC5F3C72A536329ECF40C236F0"
	};
	static const char *const wrong[] = {
		"", " ", "47515", "4751511", "475152", "075151", "47 5151", "475151 475151", "475151x", "x475151",
		"-75151", "000000",
		"1c0dda7616c3d5b2756d5739aeb8fc07f7c52bac5f3c72a536329ecf40c236f",
		"1c0dda7616c3d5b2756d5739aeb8fc07f7c52bac5f3c72a536329ecf40c236f1",
		"1c0dda7616c3d5b2756d5739aeb8fc07f7c52bac5f3c72a536329ecf40c236fg"
	};
	bool		failed;
	size_t		i;

	for (i = 0; i < lengthof(right); i++)
		tap_ok(kycvs_otp_matches(binding, right[i], &failed) && !failed, "otp: accepted, form %d", (int) i);
	for (i = 0; i < lengthof(wrong); i++)
		tap_ok(!kycvs_otp_matches(binding, wrong[i], &failed) && !failed, "otp: refused, form %d", (int) i);

	kycvs_secret_forget();
	tap_ok(!kycvs_otp_matches(binding, "475151", &failed) && failed, "otp: fails without the secret");
}

void
test_otp(void)
{
	KycvsOtpBinding binding = make_binding();

	test_vector(&binding);
	test_binding(&binding);
	test_uniform(&binding);
	test_matches(&binding);
}
