/*
 * test_name_hostile.c
 *	  Names that are none: each gets the code for it, none does harm.
 *
 * Besides a table there are random texts, from a generator of our own with a
 * fixed seed, so that a failure can be repeated.  What they show is meant for
 * the sanitizers too: make SANITIZE=1 check.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "name.h"
#include "refusal.h"
#include "tap.h"

#define RANDOM_TEXTS 100000

typedef struct HostileCase
{
	const char *what;
	const char *typed;
} HostileCase;

static const HostileCase cases[] = {
	{"empty", ""},
	{"only blanks", " \u00A0\u3000"},
	{"only punctuation", ".-'()"},
	{"only an apostrophe", "'"},
	{"only a zero width joiner", "\u200D"},
	{"only marks", "\u0301\u093E"},
	{"a word that begins with a mark", "रम \u093Eश"},
	{"ASCII digits", "Ramesh 2"},
	{"Devanagari digits", "रमेश २"},
	{"a superscript digit", "Ramesh\u00B2"},
	{"a fraction", "Ramesh \u00BD"},
	{"a tab", "Ramesh\tPatel"},
	{"a line feed", "Ramesh\nPatel"},
	{"an escape", "Ramesh\x1b[31m"},
	{"DEL", "Ramesh\x7f"},
	{"a C1 control", "Ramesh\xc2\x85"},
	{"a line separator", "Ramesh\u2028Patel"},
	{"right-to-left override", "Ramesh\u202EletaP"},
	{"left-to-right embedding", "\u202ARamesh\u202C"},
	{"right-to-left isolate", "\u2067Ramesh\u2069"},
	{"an emoji", "Ramesh \U0001F600"},
	{"a mathematical sign", "Ramesh = Patel"},
	{"a currency sign", "Rame$h"},
	{"private use", "Ramesh\uE000"},
	{"private use beyond the BMP", "Ramesh\U00100000"},
	{"a noncharacter", "Ramesh\xef\xbf\xbf"},
	{"an unassigned code point", "Ramesh\u0378"},
	{"a language tag", "Ramesh\U000E0FFF"},
	{"the replacement character", "Ramesh\uFFFD"},
	{"interlinear annotation", "Ramesh\uFFF9"},
	{"an enclosing mark", "R\u20DDamesh"},
	{"a lone continuation byte", "Ramesh\x80"},
	{"a lead byte at the end", "Ramesh\xe0\xa4"},
	{"an overlong NUL", "Ramesh\xc0\x80"},
	{"an overlong slash", "Ramesh\xc0\xaf"},
	{"a surrogate in UTF-8", "Ramesh\xed\xa0\x80"},
	{"a surrogate pair in UTF-8", "\xed\xa0\xbd\xed\xb8\x80"},
	{"beyond Unicode", "Ramesh\xf4\x90\x80\x80"},
	{"five bytes", "\xf8\x88\x80\x80\x80"},
	{"0xff", "\xff"},
};

static uint64 state;

/* xorshift64*, good enough to wander through the code space */
static uint32
random_below(uint32 limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32) ((state * UINT64CONST(2685821657736338717)) >> 32) % limit;
}

static void
test_table(void)
{
	char		folded[KYCVS_FOLDED_MAX + 1];
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		tap_number(kycvs_name_fold(cases[i].typed, folded), KV_NAME_INVALID, "name refused: %s", cases[i].what);
		tap_text(folded, "", "name refused, nothing left: %s", cases[i].what);
	}
}

static void
repeat(const char *unit, size_t bytes, char *text, size_t size)
{
	size_t		at = 0;

	Assert(bytes < size);
	text[0] = '\0';
	while (at + strlen(unit) <= bytes)
		at += strlcpy(text + at, unit, size - at);
}

static int
fold_repeated(const char *unit, size_t bytes, char folded[KYCVS_FOLDED_MAX + 1])
{
	char		text[4096];

	repeat(unit, bytes, text, sizeof(text));
	return kycvs_name_fold(text, folded);
}

static void
test_lengths(void)
{
	char		folded[KYCVS_FOLDED_MAX + 1];

	tap_number(fold_repeated("a", KYCVS_NAME_MAX, folded), 0, "name: 256 bytes");
	tap_number(strlen(folded), KYCVS_NAME_MAX, "name: all of them kept");
	tap_number(fold_repeated("a", KYCVS_NAME_MAX + 1, folded), KV_NAME_INVALID, "name refused: 257 bytes");
	tap_number(fold_repeated("a", 4000, folded), KV_NAME_INVALID, "name refused: 4000 bytes");
	tap_number(fold_repeated("क ", KYCVS_NAME_MAX, folded), 0, "name: 64 words in Devanagari");
	tap_number(fold_repeated("\u095B", KYCVS_NAME_MAX, folded), 0, "name: letters that decompose");
	tap_number(strlen(folded), 85 * 6, "name: and take twice the room");
	tap_number(fold_repeated("a ", KYCVS_NAME_MAX, folded), 0, "name: 128 words");
	tap_number(fold_repeated("\uFDFA", 3, folded), 0, "name: one letter that becomes eighteen");
	tap_number(fold_repeated("\uFDFA", 66, folded), 0, "name: 22 of them fit");
	tap_number(fold_repeated("\uFDFA", KYCVS_NAME_MAX, folded), KV_NAME_INVALID, "name refused: 85 of them");
	tap_number(fold_repeated("a\u0301\u0302\u0323", KYCVS_NAME_MAX, folded), 0, "name: piles of marks");
}

/* Writes one code point, also those that UTF-8 forbids. */
static int
put(uint32 c, char *text)
{
	if (c < 0x80)
	{
		text[0] = (char) Max(c, 1);
		return 1;
	}
	if (c < 0x800)
	{
		text[0] = (char) (0xC0 | c >> 6);
		text[1] = (char) (0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000)
	{
		text[0] = (char) (0xE0 | c >> 12);
		text[1] = (char) (0x80 | (c >> 6 & 0x3F));
		text[2] = (char) (0x80 | (c & 0x3F));
		return 3;
	}
	text[0] = (char) (0xF0 | c >> 18);
	text[1] = (char) (0x80 | (c >> 12 & 0x3F));
	text[2] = (char) (0x80 | (c >> 6 & 0x3F));
	text[3] = (char) (0x80 | (c & 0x3F));
	return 4;
}

/* Mostly letters of a few scripts and presentation forms, so that many texts are names. */
static uint32
random_code_point(void)
{
	static const uint32 ranges[][2] = {
		{0x20, 0x7F}, {0x41, 0x5B}, {0xC0, 0x250}, {0x300, 0x370}, {0x370, 0x590}, {0x600, 0x700},
		{0x900, 0x980}, {0xA80, 0xB00}, {0x1E00, 0x2070}, {0xAC00, 0xD7A4}, {0xFB00, 0xFFFF},
		{0x1D400, 0x1D800}, {1, 0x110000}
	};
	uint32		range = random_below(lengthof(ranges));

	return ranges[range][0] + random_below(ranges[range][1] - ranges[range][0]);
}

static void
random_text(char *text)
{
	int			n = (int) random_below(1 + random_below(12));
	int			at = 0;
	int			i;

	for (i = 0; i <= n; i++)
		at += put(random_code_point(), text + at);
	if (random_below(20) == 0)
		text[random_below(at)] = (char) (1 + random_below(255));
	text[at] = '\0';
}

/* What every folded name is: not empty, words in order with single spaces between, and its own folded form. */
static bool
is_well_folded(const char *folded)
{
	char		again[KYCVS_FOLDED_MAX + 1];
	size_t		length = strlen(folded);

	return length > 0 && folded[0] != ' ' && folded[length - 1] != ' ' &&
		strstr(folded, "  ") == NULL &&
		(length > KYCVS_NAME_MAX || (kycvs_name_fold(folded, again) == 0 && strcmp(folded, again) == 0));
}

static void
test_random(void)
{
	char		text[64];
	char		folded[KYCVS_FOLDED_MAX + 1];
	char		ascii[64];
	char		nfc[256];
	int			names = 0;
	int			wrong = 0;
	int			i;

	state = 20210402;
	for (i = 0; i < RANDOM_TEXTS; i++)
	{
		random_text(text);
		if (kycvs_name_fold(text, folded) == 0)
		{
			names++;
			if (!is_well_folded(folded) && wrong++ < 5)
				tap_ok(false, "name: random text \"%s\" gives \"%s\"", text, folded);
		}
		(void) kycvs_ascii_digits(text, ascii, sizeof(ascii));
		(void) kycvs_name_nfc(text, nfc, sizeof(nfc));
	}
	tap_number(wrong, 0, "name: what random texts fold to");
	tap_ok(names > RANDOM_TEXTS / 20, "name: %d of %d random texts are names", names, RANDOM_TEXTS);
}

void
test_name_hostile(void)
{
	test_table();
	test_lengths();
	test_random();
}
