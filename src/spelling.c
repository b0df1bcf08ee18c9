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
 * The blocks of the scripts of India have one layout, that of ISCII, so all are
 * read as Devanagari: a letter moves to the same place in its block, but for
 * the few that have no counterpart there.  One transliterator does for nine
 * scripts, and what it makes of Devanagari has been the same in every ICU; in
 * some others' tables letters are missing (Malayalam's chillus and two-part
 * vowels, Gurmukhi's tippi).
 *
 * ICU is asked once for each letter, and then its answers are put together:
 * that takes a fifth of the time of having it transliterate each word, so that it
 * does not show in the time of an answer in which script a name is registered.
 *
 * Memory: the letters are in a static table, made when it is first needed; the
 * transliterator, 1 MB that ICU allocates with malloc in 10 ms, is closed again.
 * Our text is on the stack.  Nothing here raises.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "spelling.h"

#define WORD_UNITS		64		/* longest word, in UTF-16 code units */
#define LATIN_UNITS		256		/* the same transliterated and decomposed */

#define BLOCK_SIZE		0x80
#define DEVANAGARI		0x0900	/* the first of nine blocks */
#define TAMIL			0x0B80
#define MALAYALAM		0x0D00	/* the last */

#define SA				0x0938
#define SHA				0x0936
#define NUKTA			0x093C

/* Letters that are read as others than those in their place: one or two of Devanagari, or none. */
typedef struct Reading
{
	UChar		letter;
	UChar		as[2];
} Reading;

static const Reading readings[] = {
	{0x0945, {0x0947, 0}},		/* candra e and o, of English words */
	{0x0946, {0x0947, 0}},
	{0x0949, {0x094B, 0}},
	{0x0972, {0x090F, 0}},
	{0x09CE, {0x0924, 0x094D}}, /* Bengali khanda ta */
	{0x09F0, {0x0930, 0}},		/* Assamese ra and wa */
	{0x09F1, {0x0935, 0}},
	{0x0A70, {0x0902, 0}},		/* Gurmukhi tippi and addak */
	{0x0A71, {0, 0}},
	{0x0AC5, {0x0947, 0}},		/* Gujarati candra e and o */
	{0x0AC9, {0x094B, 0}},
	{0x0B71, {0x0935, 0}},		/* Odia wa */
	{0x0B83, {0, 0}},			/* Tamil aytham */
	{0x0CDE, {0x0934, 0}},		/* Kannada llla */
	{0x0D57, {0x094C, 0}},		/* Malayalam au */
	{0x0D7A, {0x0923, 0x094D}}, /* and its chillus */
	{0x0D7B, {0x0928, 0x094D}},
	{0x0D7C, {0x0930, 0x094D}},
	{0x0D7D, {0x0932, 0x094D}},
	{0x0D7E, {0x0933, 0x094D}},
	{0x0D7F, {0x0915, 0x094D}}
};

#define ACUTE			0x0301
#define TILDE			0x0303
#define MACRON			0x0304
#define DOT_ABOVE		0x0307
#define CANDRABINDU		0x0310
#define DOT_BELOW		0x0323
#define RING_BELOW		0x0325
#define MACRON_BELOW	0x0331

/* What is being written, and whether it comes from an Indic script. */
typedef struct Writer
{
	char	   *to;
	int			n;
	bool		indic;
	bool		tamil;
} Writer;

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

/* Of what is Indic, the first code point of the block; 0 for all else and for a mixture. */
static UChar
find_block(const UChar *units, int32_t length)
{
	UChar		block = units[0] & ~(BLOCK_SIZE - 1);
	int32_t		i;

	if (block < DEVANAGARI || block > MALAYALAM)
		return 0;
	for (i = 1; i < length; i++)
	{
		if ((units[i] & ~(BLOCK_SIZE - 1)) != block)
			return 0;
	}
	return block;
}

/* The length, at most twice what it was. */
static int32_t
read_as_devanagari(const UChar *from, int32_t length, UChar *to)
{
	int32_t		n = 0;
	int32_t		i;

	for (i = 0; i < length; i++)
	{
		const Reading *reading = find_reading(from[i]);
		UChar		letter = reading != NULL ? reading->as[0] : DEVANAGARI + from[i] % BLOCK_SIZE;

		if (letter == NUKTA && n > 0 && to[n - 1] == SA)	/* Gurmukhi */
			to[n - 1] = SHA;
		else if (letter != 0)
			to[n++] = letter;
		if (reading != NULL && reading->as[1] != 0)
			to[n++] = reading->as[1];
	}
	return n;
}

static int32_t
decompose(const UChar *from, int32_t length, UChar *to, int32_t capacity)
{
	UErrorCode	status = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&status);

	length = unorm2_normalize(nfd, from, length, to, capacity, &status);
	return U_SUCCESS(status) ? length : -1;
}

/* ---- Devanagari ---- */

#define ANUSVARA		0x0902
#define KA				0x0915
#define VIRAMA			0x094D
#define LETTER_UNITS	8

typedef enum LetterKind
{
	LETTER_OTHER,				/* stands for itself: vowels, marks */
	LETTER_CONSONANT,
	LETTER_SIGN					/* of the vowel that a consonant carries */
} LetterKind;

/* What ICU makes of a letter, decomposed: of a consonant, without its vowel. */
typedef struct Letter
{
	LetterKind	kind;
	int32_t		length;			/* -1: nothing */
	int32_t		dotted_length;	/* the same of a consonant with a nukta */
	int32_t		nasal_length;	/* and of an anusvara before it */
	UChar		latin[LETTER_UNITS];
	UChar		dotted[LETTER_UNITS];
	UChar		nasal[LETTER_UNITS];
} Letter;

static Letter letters_of_devanagari[BLOCK_SIZE];

static LetterKind
find_kind(UChar letter)
{
	if ((letter >= KA && letter <= 0x0939) || (letter >= 0x0958 && letter <= 0x095F) || letter >= 0x0978)
		return LETTER_CONSONANT;
	if (letter == 0x093A || letter == 0x093B || (letter >= 0x093E && letter <= 0x094C) || letter == 0x094E ||
		letter == 0x094F || (letter >= 0x0955 && letter <= 0x0957) || letter == 0x0962 || letter == 0x0963)
		return LETTER_SIGN;
	return LETTER_OTHER;
}

/* The new length or -1. */
static int32_t
ask_icu(UTransliterator *latin, const UChar *units, int32_t length, UChar to[LETTER_UNITS])
{
	UChar		text[4 * LETTER_UNITS];
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		limit = length;

	u_memcpy(text, units, length);
	utrans_transUChars(latin, text, &length, lengthof(text), 0, &limit, &status);
	return U_SUCCESS(status) ? decompose(text, length, to, LETTER_UNITS) : -1;
}

/* A sign is seen on a consonant, and an anusvara before one, whose own letter is then taken off. */
static void
learn_letter(UTransliterator *latin, UChar unit, Letter *letter)
{
	const UChar bare[] = {unit, VIRAMA};
	const UChar dotted[] = {unit, NUKTA, VIRAMA};
	const UChar nasal[] = {ANUSVARA, unit, VIRAMA};
	const UChar carried[] = {KA, unit};

	letter->kind = find_kind(unit);
	letter->dotted_length = letter->nasal_length = -1;
	switch (letter->kind)
	{
		case LETTER_CONSONANT:
			letter->length = ask_icu(latin, bare, lengthof(bare), letter->latin);
			letter->dotted_length = ask_icu(latin, dotted, lengthof(dotted), letter->dotted);
			letter->nasal_length = ask_icu(latin, nasal, lengthof(nasal), letter->nasal) - letter->length;
			break;
		case LETTER_SIGN:
			letter->length = ask_icu(latin, carried, lengthof(carried), letter->latin) - 1;
			if (letter->length > 0)
				u_memmove(letter->latin, letter->latin + 1, letter->length);
			break;
		case LETTER_OTHER:
			letter->length = ask_icu(latin, bare, 1, letter->latin);
			break;
	}
}

static bool
learn_letters(void)
{
	static bool tried = false;
	static bool learned = false;
	UTransliterator *latin;
	UErrorCode	status = U_ZERO_ERROR;
	UChar		id[32];
	int			i;

	if (tried)
		return learned;
	tried = true;
	u_uastrcpy(id, "Devanagari-Latin");
	latin = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
	if (U_FAILURE(status))
		return false;
	for (i = 0; i < BLOCK_SIZE; i++)
		learn_letter(latin, DEVANAGARI + i, &letters_of_devanagari[i]);
	utrans_close(latin);
	learned = true;
	return true;
}

static int32_t
append_letter(UChar *to, int32_t n, const UChar *latin, int32_t length)
{
	if (length <= 0 || n + length >= LATIN_UNITS)
		return n;
	u_memcpy(to + n, latin, length);
	return n + length;
}

/* A consonant that has no sign and no virama carries an a. */
static int32_t
transliterate(const UChar *from, int32_t length, UChar to[LATIN_UNITS])
{
	static const UChar a[] = {'a'};
	int32_t		n = 0;
	int32_t		i = 0;

	if (!learn_letters())
		return -1;
	while (i < length)
	{
		const Letter *letter = &letters_of_devanagari[from[i++] - DEVANAGARI];
		const Letter *next = i < length ? &letters_of_devanagari[from[i] - DEVANAGARI] : letter;
		bool		dotted;

		if (from[i - 1] == ANUSVARA && next->nasal_length > 0)
		{
			n = append_letter(to, n, next->nasal, next->nasal_length);
			continue;
		}
		dotted = i < length && from[i] == NUKTA && letter->dotted_length > 0;

		n = append_letter(to, n, dotted ? letter->dotted : letter->latin, dotted ? letter->dotted_length : letter->length);
		i += dotted;
		if (letter->kind != LETTER_CONSONANT)
			continue;
		if (i < length && from[i] == VIRAMA)
			i++;
		else if (i == length || find_kind(from[i]) != LETTER_SIGN)
			n = append_letter(to, n, a, lengthof(a));
	}
	return n;
}

/* ---- writing ---- */

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
	else if (writer->indic && mark == DOT_BELOW && (letter == 'd' || (letter == 't' && writer->tamil)))
		put(writer, "D");
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
	UChar		devanagari[2 * WORD_UNITS];
	UChar		letters[LATIN_UNITS];
	Writer		writer = {spelling, 0, false, false};
	UErrorCode	status = U_ZERO_ERROR;
	int32_t		n = 0;
	UChar		block;

	spelling[0] = '\0';
	if (length < KYCVS_SPELLING_MAX && copy_plain(word, length, spelling))
		return true;
	u_strFromUTF8(typed, lengthof(typed), &n, word, length, &status);
	if (U_FAILURE(status) || n == 0)
		return false;
	block = find_block(typed, n);
	if (block != 0)
	{
		writer.indic = true;
		writer.tamil = block == TAMIL;
		n = read_as_devanagari(typed, n, devanagari);
		n = transliterate(devanagari, n, letters);
	}
	else
		n = decompose(typed, n, letters, lengthof(letters));
	return n > 0 && write_letters(&writer, letters, n);
}
