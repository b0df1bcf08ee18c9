/*
 * name.c
 *	  Names and Unicode text.  Uses ICU.
 *
 * A name is written by hand twice, by a clerk and by a passenger, so it is
 * folded before it is compared: compatibility forms and case (NFKC_Casefold,
 * which also drops zero-width joiners and other invisible characters), titles
 * and punctuation dropped, words sorted.  Sorting makes the order of the words
 * meaningless; titles are therefore dropped wherever they stand.
 *
 * An apostrophe joins ("O'Neil" is one word), all other punctuation separates
 * ("R.Patel" is two).  Nothing but letters and their marks is a name: digits,
 * symbols, control and bidirectional formatting characters are refused rather
 * than dropped, because whoever types them errs or wants two texts to look
 * alike.  So are unassigned code points; normalization of assigned ones never
 * changes, hence a folded name means the same under every later ICU.
 *
 * Memory: ICU's normalizers are its own singletons and never freed; all
 * text lives in arrays on the stack, sized by the limits in name.h.  One
 * character can become eighteen under NFKC; what outgrows an array is refused.
 * Nothing here allocates or raises.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "name.h"
#include "refusal.h"

#define NFC_UNITS		4096	/* longest text for kycvs_name_nfc, in UTF-16 code units */
#define WORDS_MAX		((KYCVS_FOLDED_MAX + 1) / 2)

/* What a character of a normalized name is to the folding. */
typedef enum CharacterUse
{
	USE_REFUSE,
	USE_LETTER,
	USE_MARK,					/* belongs to the letter before it */
	USE_JOINER,					/* dropped */
	USE_SEPARATOR				/* ends a word */
} CharacterUse;

/* Titles in their folded form.  "Md" and "Kumari" are parts of names. */
static const char *const honorifics[] = {
	"shri", "shree", "sri", "smt", "shrimati", "shreemati", "srimati",
	"dr", "prof", "mr", "mrs", "ms", "miss",
	/* Devanagari, with the misspellings one meets */
	"श्रीमती", "श्रीमति", "डॉ", "डाॅ", "श्री", "सुश्री", "मिस", "प्रो",
	/* Gujarati */
	"શ્રીમતી", "શ્રીમતિ", "ડૉ", "ડાૅ", "ડો", "શ્રી", "સુશ્રી", "મિસ", "પ્રો"
};

/* UTF-8 to UTF-16; the length, or -1 when it is not UTF-8 or too long. */
static int32_t
read_utf8(const char *text, UChar *units, int32_t capacity)
{
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		length = 0;

	u_strFromUTF8(units, capacity, &length, text, -1, &status);
	return U_SUCCESS(status) ? length : -1;
}

/* UTF-16 to UTF-8; false when it does not fit with its NUL. */
static bool
write_utf8(const UChar *units, int32_t length, char *text, size_t size)
{
	UErrorCode	status = U_ZERO_ERROR;

	u_strToUTF8(text, (int32_t) Min(size, PG_INT32_MAX), NULL, units, length, &status);
	return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING;
}

static int32_t
normalize(const UNormalizer2 *form, const UChar *from, int32_t length, UChar *to, int32_t capacity,
		  UErrorCode *status)
{
	length = unorm2_normalize(form, from, length, to, capacity, status);
	return U_SUCCESS(*status) ? length : -1;
}

static int32_t
fold_case(const UChar *from, int32_t length, UChar *to, int32_t capacity)
{
	UErrorCode	status = U_ZERO_ERROR;

	return normalize(unorm2_getNFKCCasefoldInstance(&status), from, length, to, capacity, &status);
}

static int32_t
compose(const UChar *from, int32_t length, UChar *to, int32_t capacity)
{
	UErrorCode	status = U_ZERO_ERROR;

	return normalize(unorm2_getNFCInstance(&status), from, length, to, capacity, &status);
}

/* Apostrophes, and what is typed or transliterated in their place. */
static bool
is_apostrophe(UChar32 c)
{
	switch (c)
	{
		case 0x0027:			/* ' */
		case 0x0060:			/* grave accent */
		case 0x00B4:			/* acute accent */
		case 0x2032:			/* prime */
		case 0x2035:			/* reversed prime */
		case 0x055A:			/* Armenian apostrophe */
		case 0xFF07:			/* fullwidth apostrophe */
		case 0xFF40:			/* fullwidth grave accent */
			return true;
		default:
			return (c >= 0x2018 && c <= 0x201B) ||	/* single quotation marks */
				(c >= 0x02B9 && c <= 0x02BF);	/* modifier letters: prime to half rings */
	}
}

/*
 * Refused before normalization, which would drop or replace many of these:
 * controls, line and paragraph separators, bidirectional formatting, code
 * points without a meaning.
 */
static bool
is_treacherous(UChar32 c)
{
	switch (u_charType(c))
	{
		case U_CONTROL_CHAR:
		case U_LINE_SEPARATOR:
		case U_PARAGRAPH_SEPARATOR:
		case U_PRIVATE_USE_CHAR:
		case U_UNASSIGNED:
		case U_SURROGATE:
			return true;
		default:
			return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
	}
}

/*
 * First pass, over what was typed and in place: drops apostrophes, because the
 * accents among them would normalize to a space and a mark.  The new length,
 * or -1 to refuse.
 */
static int32_t
drop_apostrophes(UChar *units, int32_t length)
{
	int32_t		from = 0;
	int32_t		to = 0;

	while (from < length)
	{
		UChar32		c;

		U16_NEXT(units, from, length, c);
		if (is_treacherous(c))
			return -1;
		if (!is_apostrophe(c))
			U16_APPEND_UNSAFE(units, to, c);
	}
	return to;
}

static CharacterUse
use_of(UChar32 c)
{
	if (is_apostrophe(c))
		return USE_JOINER;
	switch (u_charType(c))
	{
		case U_UPPERCASE_LETTER:
		case U_LOWERCASE_LETTER:
		case U_TITLECASE_LETTER:
		case U_MODIFIER_LETTER:
		case U_OTHER_LETTER:
			return USE_LETTER;
		case U_NON_SPACING_MARK:
		case U_COMBINING_SPACING_MARK:
			return USE_MARK;
		case U_SPACE_SEPARATOR:
		case U_DASH_PUNCTUATION:
		case U_START_PUNCTUATION:
		case U_END_PUNCTUATION:
		case U_CONNECTOR_PUNCTUATION:
		case U_OTHER_PUNCTUATION:
		case U_INITIAL_PUNCTUATION:
		case U_FINAL_PUNCTUATION:
			return USE_SEPARATOR;
		default:
			return USE_REFUSE;
	}
}

/*
 * Second pass, over the normalized name and in place: leaves words of letters
 * and marks with one space between them.  A word begins with a letter.  The
 * new length, or -1 to refuse.
 */
static int32_t
keep_words(UChar *units, int32_t length)
{
	int32_t		from = 0;
	int32_t		to = 0;
	bool		in_word = false;

	while (from < length)
	{
		UChar32		c;
		CharacterUse use;

		U16_NEXT(units, from, length, c);
		use = use_of(c);
		if (use == USE_REFUSE || (use == USE_MARK && !in_word))
			return -1;
		if (use == USE_SEPARATOR)
			in_word = false;
		if (use != USE_LETTER && use != USE_MARK)
			continue;
		if (!in_word && to > 0)
			units[to++] = ' ';
		in_word = true;
		U16_APPEND_UNSAFE(units, to, c);
	}
	return to;
}

static bool
is_honorific(const char *word)
{
	size_t		i;

	for (i = 0; i < lengthof(honorifics); i++)
	{
		if (strcmp(word, honorifics[i]) == 0)
			return true;
	}
	return false;
}

/* Cuts the text into its words, in place; returns how many. */
static int
split_words(char *text, char *words[WORDS_MAX])
{
	char	   *rest = NULL;
	char	   *word;
	int			n = 0;

	for (word = strtok_r(text, " ", &rest); word != NULL && n < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	return n;
}

/* Returns how many words stay: all of them when there are only titles. */
static int
drop_honorifics(char *words[WORDS_MAX], int n)
{
	int			kept = 0;
	int			i;

	for (i = 0; i < n && is_honorific(words[i]); i++)
		;
	if (i == n)
		return n;
	for (i = 0; i < n; i++)
	{
		if (!is_honorific(words[i]))
			words[kept++] = words[i];
	}
	return kept;
}

/* Bytes of UTF-8 sort like the code points they encode. */
static int
compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
join_words(char *words[WORDS_MAX], int n, char folded[KYCVS_FOLDED_MAX + 1])
{
	size_t		at = 0;
	int			i;

	for (i = 0; i < n; i++)
		at += snprintf(folded + at, KYCVS_FOLDED_MAX + 1 - at, "%s%s", i > 0 ? " " : "", words[i]);
}

int
kycvs_name_fold(const char *name, char folded[KYCVS_FOLDED_MAX + 1])
{
	UChar		typed[KYCVS_NAME_MAX];
	UChar		units[KYCVS_FOLDED_MAX];
	char		text[KYCVS_FOLDED_MAX + 1];
	char	   *words[WORDS_MAX];
	int32_t		length;
	int			n;

	folded[0] = '\0';
	if (strnlen(name, KYCVS_NAME_MAX + 1) > KYCVS_NAME_MAX)
		return KV_NAME_INVALID;
	if ((length = read_utf8(name, typed, lengthof(typed))) < 0 ||
		(length = drop_apostrophes(typed, length)) < 0 ||
		(length = fold_case(typed, length, units, lengthof(units))) < 0 ||
		(length = keep_words(units, length)) <= 0 ||
		!write_utf8(units, length, text, sizeof(text)))
		return KV_NAME_INVALID;

	n = split_words(text, words);
	n = drop_honorifics(words, n);
	qsort(words, n, sizeof(char *), compare_words);
	join_words(words, n, folded);
	return 0;
}

bool
kycvs_name_nfc(const char *text, char *nfc, size_t size)
{
	UChar		typed[NFC_UNITS];
	UChar		units[NFC_UNITS];
	int32_t		length;

	if (size == 0)
		return false;
	if ((length = read_utf8(text, typed, lengthof(typed))) < 0 ||
		(length = compose(typed, length, units, lengthof(units))) < 0 ||
		!write_utf8(units, length, nfc, size))
	{
		nfc[0] = '\0';
		return false;
	}
	return true;
}

/*
 * The ASCII character that stands for a digit, blank, dash or plus sign of any
 * script; any other character is returned as it is.
 */
static UChar32
to_ascii(UChar32 c)
{
	if (u_charType(c) == U_DECIMAL_DIGIT_NUMBER)
		return '0' + u_charDigitValue(c);
	if (u_charType(c) == U_SPACE_SEPARATOR)
		return ' ';
	if (u_charType(c) == U_DASH_PUNCTUATION || c == 0x2212)
		return '-';
	return c == 0xFF0B ? '+' : c;
}

bool
kycvs_ascii_digits(const char *text, char *ascii, size_t size)
{
	int32_t		at = 0;
	size_t		used = 0;

	while (text[at] != '\0')
	{
		UChar32		c;
		size_t		length;

		U8_NEXT(text, at, -1, c);
		if (c < 0)
			return false;
		c = to_ascii(c);
		length = U8_LENGTH(c);
		if (used + length >= size)
			return false;
		U8_APPEND_UNSAFE(ascii, used, c);
	}
	if (used >= size)
		return false;
	ascii[used] = '\0';
	return true;
}
