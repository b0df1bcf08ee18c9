/*
 * alphabet.c
 *	  The alphabet that a short message needs.
 *
 * Gateways want to be told: 0 for GSM 7-bit, 2 for UCS-2.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "../src/gsm7.h"
#include "alphabet.h"

bool
alphabet_is_gsm7(const char *text)
{
	int			bytes;

	for (; *text != '\0'; text += bytes)
		if (kycvs_gsm7_septets(text, &bytes) == 0)
			return false;
	return true;
}
