/*
 * test_smslength.c
 *	  How long texts are as short messages.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "smslength.h"
#include "tap.h"

/* A text repeated, with another before and after it. */
typedef struct LengthCase
{
	const char *what;
	const char *before;
	const char *text;
	int			times;
	const char *after;
	KycvsSmsLength expected;
} LengthCase;

static const LengthCase cases[] = {
	{"an empty text", "", "", 0, "", {true, 0, 1, 160}},
	{"160 letters", "", "a", 160, "", {true, 160, 1, 160}},
	{"161 letters", "", "a", 161, "", {true, 161, 2, 153}},
	{"306 letters", "", "a", 306, "", {true, 306, 2, 153}},
	{"307 letters", "", "a", 307, "", {true, 307, 3, 153}},
	{"a line break and an at sign", "\n@", "a", 158, "", {true, 160, 1, 160}},
	{"Greek and accents that the alphabet has", "", "Δé", 80, "", {true, 160, 1, 160}},
	{"brackets, which take two", "", "[", 80, "", {true, 160, 1, 160}},
	{"a bracket that is one too many", "a", "[", 80, "", {true, 161, 2, 153}},
	{"each that takes two", "", "^{}\\[~]|\f€", 8, "", {true, 160, 1, 160}},
	{"an escape that a part would cut", "", "a", 152, "[aaaaaaaaaa", {true, 164, 2, 153}},
	{"two parts that would be full but for an escape", "", "a", 152, "["
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", {true, 306, 3, 153}},
	{"70 letters of Hindi", "", "क", 70, "", {false, 70, 1, 70}},
	{"71 letters of Hindi", "", "क", 71, "", {false, 71, 2, 67}},
	{"134 letters of Gujarati", "", "ક", 134, "", {false, 134, 2, 67}},
	{"135 letters of Gujarati", "", "ક", 135, "", {false, 135, 3, 67}},
	{"one letter of Gujarati among English", "", "a", 69, "ક", {false, 70, 1, 70}},
	{"signs on a letter, each counted", "", "कि", 35, "", {false, 70, 1, 70}},
	{"brackets, which take one there", "ક", "[", 69, "", {false, 70, 1, 70}},
	{"a grave accent", "", "`", 70, "", {false, 70, 1, 70}},
	{"pairs of UTF-16", "", "𑄌", 35, "", {false, 70, 1, 70}},
	{"two parts that would be full but for a pair", "a", "𑄌", 66, "a", {false, 134, 2, 67}},
	{"three where the pair is cut", "", "𑄌", 67, "", {false, 134, 3, 67}},
	{"half a character", "", "\xe0\xa4", 1, "", {false, 1, 1, 70}},
};

static void
build(char *text, size_t size, const LengthCase *test)
{
	int			i;

	strlcpy(text, test->before, size);
	for (i = 0; i < test->times; i++)
		strlcat(text, test->text, size);
	strlcat(text, test->after, size);
}

void
test_smslength(void)
{
	char		text[1024];
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		const KycvsSmsLength *expected = &cases[i].expected;
		KycvsSmsLength got;

		build(text, sizeof(text), &cases[i]);
		kycvs_sms_length(text, &got);
		tap_ok(got.gsm7 == expected->gsm7 && got.characters == expected->characters &&
			   got.parts == expected->parts && got.part_size == expected->part_size,
			   "sms length: %s: %d of %s in %d of %d", cases[i].what, got.characters,
			   got.gsm7 ? "GSM 7-bit" : "UCS-2", got.parts, got.part_size);
	}
}
