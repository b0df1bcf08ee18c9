/*
 * sign.c
 *	  How many signatures a second src/keyring.c makes and verifies, on one core.
 *
 *		sign ES256|Ed25519 SECONDS
 *
 * It is the code that the authority signs with, over 700 bytes, as much as a
 * signed document has.  Prints signatures and verifications a second.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <time.h>

#include "keyring.h"

static double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	KycvsAlg	alg = argc == 3 ? kycvs_alg_from_name(argv[1]) : KYCVS_ALG_NONE;
	KycvsSigningKey *key = kycvs_key_generate(alg);
	KycvsPublicKey public_key;
	uint8		message[700];
	uint8		signature[KYCVS_SIGNATURE_LENGTH];
	double		duration = argc == 3 ? atof(argv[2]) : 0;
	double		start;
	double		rates[2];
	long		n;

	if (key == NULL || duration <= 0)
	{
		fprintf(stderr, "usage: sign ES256|Ed25519 SECONDS\n");
		return 2;
	}
	memset(message, 'x', sizeof(message));
	if (!kycvs_key_public(key, &public_key))
		return 1;
	for (n = 0, start = seconds_now(); seconds_now() - start < duration; n++)
		if (!kycvs_key_sign(key, message, sizeof(message), signature))
			return 1;
	rates[0] = n / (seconds_now() - start);
	for (n = 0, start = seconds_now(); seconds_now() - start < duration; n++)
		if (!kycvs_key_verify(&public_key, message, sizeof(message), signature))
			return 1;
	rates[1] = n / (seconds_now() - start);
	printf("%.0f %.0f\n", rates[0], rates[1]);
	return 0;
}
