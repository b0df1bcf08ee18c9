/*
 * gsm7.c
 *	  The alphabet of short messages.
 *
 * GSM 7-bit (3GPP TS 23.038) has 127 characters and ten more behind an escape;
 * most of ASCII is in it, at the same places or others.  The sender is made of
 * this file, too, so there is nothing of PostgreSQL in it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stddef.h>
#include <string.h>

#include "gsm7.h"

static const char escaped[] = "^{}\\[~]|\f";

static const char *const beyond_ascii[] = {
	"£", "¥", "è", "é", "ù", "ì", "ò", "Ç", "Ø", "ø", "Å", "å", "Δ", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ",
	"Æ", "æ", "ß", "É", "¤", "¡", "Ä", "Ö", "Ñ", "Ü", "§", "¿", "ä", "ö", "ñ", "ü", "à"
};

static const char euro[] = "€";

static int
septets_of_ascii(char c)
{
	if (c != '\0' && strchr(escaped, c) != NULL)
		return 2;
	return (c >= ' ' && c <= '~' && c != '`') || c == '\n' || c == '\r';
}

int
kycvs_gsm7_septets(const char *utf8, int *bytes)
{
	size_t		i;

	*bytes = 1;
	if ((unsigned char) utf8[0] < 0x80)
		return septets_of_ascii(utf8[0]);
	for (i = 0; i < sizeof(beyond_ascii) / sizeof(beyond_ascii[0]); i++)
	{
		*bytes = (int) strlen(beyond_ascii[i]);
		if (strncmp(utf8, beyond_ascii[i], *bytes) == 0)
			return 1;
	}
	*bytes = (int) strlen(euro);
	return strncmp(utf8, euro, *bytes) == 0 ? 2 : 0;
}
