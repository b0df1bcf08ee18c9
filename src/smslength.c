/*
 * smslength.c
 *	  How long a text is as a short message.
 *
 * A message holds 140 bytes.  A longer text is sent in parts, each of which
 * begins with six bytes that say where it belongs.  No part ends within a
 * character, so a text may need more of them than its length tells.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "gsm7.h"
#include "smslength.h"

#define GSM7_ALONE		160
#define GSM7_PART		153
#define UCS2_ALONE		70
#define UCS2_PART		67

static bool
is_gsm7(const char *text)
{
	int			bytes;

	for (; *text; text += bytes)
		if (kycvs_gsm7_septets(text, &bytes) == 0)
			return false;
	return true;
}

/* What the first character of a text takes, and what follows it.  UTF-8 of four bytes is a pair in UTF-16. */
static int
take_character(const char **text, bool gsm7)
{
	int			bytes = 1;
	int			units;

	if (gsm7)
		units = kycvs_gsm7_septets(*text, &bytes);
	else
	{
		units = (unsigned char) (*text)[0] >= 0xf0 ? 2 : 1;
		while (((*text)[bytes] & 0xc0) == 0x80)
			bytes++;
	}
	*text += bytes;
	return units;
}

static int
count_characters(const char *text, bool gsm7)
{
	int			n = 0;

	while (*text)
		n += take_character(&text, gsm7);
	return n;
}

static int
count_parts(const char *text, bool gsm7, int part_size)
{
	int			parts = 1;
	int			left = part_size;

	while (*text)
	{
		int			units = take_character(&text, gsm7);

		if (units > left)
		{
			parts++;
			left = part_size;
		}
		left -= units;
	}
	return parts;
}

void
kycvs_sms_length(const char *utf8, KycvsSmsLength *length)
{
	length->gsm7 = is_gsm7(utf8);
	length->characters = count_characters(utf8, length->gsm7);
	length->part_size = length->gsm7 ? GSM7_ALONE : UCS2_ALONE;
	if (length->characters > length->part_size)
		length->part_size = length->gsm7 ? GSM7_PART : UCS2_PART;
	length->parts = count_parts(utf8, length->gsm7, length->part_size);
}
