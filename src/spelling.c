/*
 * spelling.c
 *	  Words of the scripts of India spelled in Latin letters.  Uses ICU.
 *
 * ICU transliterates by ISO 15919, one letter for each sound and with as many
 * diacritics as that takes.  Names in Latin letters are written without them,
 * so the result is reduced to what an Indian would have written.  One thing is
 * kept that Latin letters do not show: which a's are written in the Indic
 * script and which are only the vowel that a bare consonant implies.
 *
 * A few letters that ICU leaves alone, or reads in another language's way, are
 * replaced before, so that a name means the same whatever ICU's version.
 *
 * Memory: a transliterator for each script, opened when it is first needed and
 * kept until the process ends; ICU allocates it with malloc, about 1 MB and
 * 10 ms each, and what it needs while it works.  Our text is on the stack.
 * Nothing here raises.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utrans.h>

#include "spelling.h"

#define WORD_UNITS		64		/* longest word, in UTF-16 code units */
#define LATIN_UNITS		256		/* the same transliterated and decomposed */

typedef struct IndicScript
{
	UScriptCode code;
	const char *id;
} IndicScript;

static const IndicScript scripts[] = {
	{USCRIPT_DEVANAGARI, "Devanagari-Latin"},
	{USCRIPT_BENGALI, "Bengali-Latin"},
	{USCRIPT_GURMUKHI, "Gurmukhi-Latin"},
	{USCRIPT_GUJARATI, "Gujarati-Latin"},
	{USCRIPT_ORIYA, "Oriya-Latin"},
	{USCRIPT_TAMIL, "Tamil-Latin"},
	{USCRIPT_TELUGU, "Telugu-Latin"},
	{USCRIPT_KANNADA, "Kannada-Latin"},
	{USCRIPT_MALAYALAM, "Malayalam-Latin"}
};

/* One for each script once it was needed, unless ICU has none. */
static UTransliterator *transliterators[lengthof(scripts)];
static bool unavailable[lengthof(scripts)];

/* What is read instead: at most two letters of the BMP, none to drop it. */
typedef struct Reading
{
	UChar		letter;
	UChar		as[2];
} Reading;

static const Reading readings[] = {
	{0x0945, {0x0947, 0}},	/* Devanagari candra e */
	{0x0946, {0x0947, 0}},
	{0x0949, {0x094B, 0}},	/* candra o */
	{0x0972, {0x090F, 0}},
	{0x09CE, {0x09A4, 0x09CD}}, /* Bengali khanda ta */
	{0x09F0, {0x09B0, 0}},	/* Assamese ra */
	{0x09F1, {0x09AC, 0}},	/* Assamese wa */
	{0x0A70, {0x0A02, 0}},	/* Gurmukhi tippi */
	{0x0A71, {0, 0}},	/* addak */
	{0x0AC5, {0x0AC7, 0}},	/* Gujarati candra e */
	{0x0AC9, {0x0ACB, 0}},
	{0x0B83, {0, 0}},	/* Tamil aytham */
	{0x0D7A, {0x0D23, 0x0D4D}}, /* Malayalam chillus */
	{0x0D7B, {0x0D28, 0x0D4D}},
	{0x0D7C, {0x0D30, 0x0D4D}},
	{0x0D7D, {0x0D32, 0x0D4D}},
	{0x0D7E, {0x0D33, 0x0D4D}},
	{0x0D7F, {0x0D15, 0x0D4D}}
};

#define MACRON			0x0304
#define DOT_ABOVE		0x0307
#define RING_BELOW		0x0325
#define ACUTE			0x0301
#define DOT_BELOW		0x0323
#define MACRON_BELOW	0x0331
#define CANDRABINDU		0x0310
#define TILDE			0x0303

/* What is being written, and whether it comes from an Indic script. */
typedef struct Writer
{
	char	   *to;
	int			n;
	bool		indic;
	bool		tamil;
} Writer;

/* Its place in the table, or -1. */
static int
find_script(UScriptCode code)
{
	size_t		i;

	for (i = 0; i < lengthof(scripts); i++)
	{
		if (scripts[i].code == code)
			return (int) i;
	}
	return -1;
}

static UTransliterator *
find_transliterator(int script)
{
	UChar		id[32];
	UErrorCode	status = U_ZERO_ERROR;

	if (transliterators[script] == NULL && !unavailable[script])
	{
		u_uastrcpy(id, scripts[script].id);
		transliterators[script] = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
		unavailable[script] = transliterators[script] == NULL || U_FAILURE(status);
	}
	return unavailable[script] ? NULL : transliterators[script];
}

/*
 * The script all letters of the word belong to, USCRIPT_INVALID_CODE when there
 * are several.
 */
static UScriptCode
script_of(const UChar *units, int32_t length)
{
	UScriptCode found = USCRIPT_COMMON;
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		at = 0;

	while (at < length)
	{
		UChar32		c;
		UScriptCode script;

		U16_NEXT(units, at, length, c);
		script = uscript_getScript(c, &status);
		if (script == USCRIPT_COMMON || script == USCRIPT_INHERITED)
			continue;
		if (U_FAILURE(status) || (found != USCRIPT_COMMON && found != script))
			return USCRIPT_INVALID_CODE;
		found = script;
	}
	return found;
}

static const Reading *
find_reading(UChar letter)
{
	size_t		i;

	for (i = 0; i < lengthof(readings); i++)
	{
		if (readings[i].letter == letter)
			return &readings[i];
	}
	return NULL;
}

/* At most doubles the length. */
static int32_t
replace_letters(const UChar *from, int32_t length, UChar *to)
{
	int32_t		n = 0;
	int32_t		i;
	int			k;

	for (i = 0; i < length; i++)
	{
		const Reading *reading = find_reading(from[i]);

		if (reading == NULL)
			to[n++] = from[i];
		else
		{
			for (k = 0; k < 2 && reading->as[k] != 0; k++)
				to[n++] = reading->as[k];
		}
	}
	return n;
}

/* In place; the new length or -1. */
static int32_t
transliterate(UScriptCode code, UChar *units, int32_t length, int32_t capacity)
{
	int			script = find_script(code);
	UTransliterator *latin = script < 0 ? NULL : find_transliterator(script);
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		limit = length;

	if (latin == NULL)
		return -1;
	utrans_transUChars(latin, units, &length, capacity, 0, &limit, &status);
	return U_SUCCESS(status) ? length : -1;
}

static int32_t
decompose(const UChar *from, int32_t length, UChar *to, int32_t capacity)
{
	UErrorCode	status = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);

	length = unorm2_normalize(nfd, from, length, to, capacity, &status);
	return U_SUCCESS(status) ? length : -1;
}

static void
put(Writer *writer, const char *letters)
{
	while (*letters != '\0' && writer->n < KYCVS_SPELLING_MAX)
		writer->to[writer->n++] = *letters++;
	writer->to[writer->n] = '\0';
}

static void
put_vowel(Writer *writer, char letter, bool is_long)
{
	char		text[3] = {letter, '\0', '\0'};

	/* Indic e and o have no short counterpart worth telling */
	if (is_long && letter != 'e' && letter != 'o')
		text[1] = letter;
	else if (letter == 'a' && writer->indic)
		text[0] = 'A';
	put(writer, text);
}

static void
put_consonant(Writer *writer, char letter, UChar mark)
{
	char		text[2] = {letter, '\0'};

	if (letter == 's' && (mark == ACUTE || mark == DOT_BELOW))
		put(writer, "sh");
	else if (letter == 'l' && mark == MACRON_BELOW)
		put(writer, "zh");
	else if (letter == 'r' && mark == DOT_BELOW)
		put(writer, "R");
	else if (letter == 'k' && writer->tamil)
		put(writer, "K");
	else if ((letter == 'r' || letter == 'l') && mark == RING_BELOW)
		put(writer, letter == 'r' ? "ri" : "li");
	else if (letter == 'm' && (mark == CANDRABINDU || mark == DOT_ABOVE))
		put(writer, "M");
	else if (letter == 'n' && mark == TILDE && writer->n > 0 && writer->to[writer->n - 1] == 'j')
	{
		writer->to[writer->n - 1] = 'G';
		put(writer, "N");
	}
	else if (letter == 'c' && writer->indic)
		put(writer, "ch");
	else
		put(writer, text);
}

/*
 * From decomposed Latin.  The first mark after a letter tells which letter it
 * is, a macron besides that it is long.  Other marks say nothing.
 */
static bool
write_letters(Writer *writer, const UChar *units, int32_t length)
{
	int32_t		i = 0;

	while (i < length)
	{
		UChar		letter = units[i++];
		UChar		mark = i < length && units[i] >= 0x0300 && units[i] < 0x0370 ? units[i] : 0;
		bool		is_long = false;

		for (; i < length && units[i] >= 0x0300 && units[i] < 0x0370; i++)
			is_long |= units[i] == MACRON;
		if (letter == '\'')
			continue;
		if (letter < 'a' || letter > 'z')
			return false;
		if (strchr("aeiou", letter) != NULL)
			put_vowel(writer, (char) letter, is_long);
		else
			put_consonant(writer, (char) letter, mark);
	}
	return writer->n > 0 && writer->n < KYCVS_SPELLING_MAX;
}

/* Most words are plain Latin and need none of ICU. */
static bool
copy_plain(const char *word, int length, char *spelling)
{
	int			i;

	for (i = 0; i < length; i++)
	{
		if (word[i] < 'a' || word[i] > 'z')
			return false;
		spelling[i] = word[i];
	}
	spelling[length] = '\0';
	return true;
}

bool
kycvs_spell(const char *word, int length, char spelling[KYCVS_SPELLING_MAX + 1])
{
	UChar		typed[WORD_UNITS];
	UChar		latin[LATIN_UNITS];
	UChar		letters[LATIN_UNITS];
	Writer		writer = {spelling, 0, false, false};
	UErrorCode	status = U_ZERO_ERROR;
	UScriptCode code;
	int32_t		n = 0;

	spelling[0] = '\0';
	if (length < KYCVS_SPELLING_MAX && copy_plain(word, length, spelling))
		return true;
	u_strFromUTF8(typed, lengthof(typed), &n, word, length, &status);
	if (U_FAILURE(status) || (code = script_of(typed, n)) == USCRIPT_INVALID_CODE)
		return false;
	n = replace_letters(typed, n, latin);
	if (code != USCRIPT_LATIN)
	{
		writer.indic = true;
		writer.tamil = code == USCRIPT_TAMIL;
		if ((n = transliterate(code, latin, n, lengthof(latin))) < 0)
			return false;
	}
	n = decompose(latin, n, letters, lengthof(letters));
	return n > 0 && write_letters(&writer, letters, n);
}
