/*
 * alphabet.c
 *	  The alphabet that a short message needs.
 *
 * GSM 7-bit (3GPP TS 23.038) has 127 characters and ten more behind an escape.
 * Gateways want to be told: 0 for this alphabet, 2 for UCS-2.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stddef.h>
#include <string.h>

#include "alphabet.h"

/* Most of ASCII is in it, at the same places or others, or behind the escape. */
static bool
is_gsm7_ascii(unsigned char c)
{
	return (c >= ' ' && c <= '~' && c != '`') || c == '\n' || c == '\r' || c == '\f';
}

static const char *const others[] = {
	"£", "¥", "è", "é", "ù", "ì", "ò", "Ç", "Ø", "ø", "Å", "å", "Δ", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ",
	"Æ", "æ", "ß", "É", "¤", "¡", "Ä", "Ö", "Ñ", "Ü", "§", "¿", "ä", "ö", "ñ", "ü", "à", "€"
};

/* The length of the character of the alphabet, beyond ASCII, that a text begins with; 0 when it is another. */
static size_t
length_of_other(const char *text)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		size_t		length = strlen(others[i]);

		if (strncmp(text, others[i], length) == 0)
			return length;
	}
	return 0;
}

bool
alphabet_is_gsm7(const char *text)
{
	while (*text != '\0')
	{
		size_t		length = is_gsm7_ascii(*text) ? 1 : length_of_other(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}
