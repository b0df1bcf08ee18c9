/*
 * name.c
 *	  Names as a clerk writes them, and as the person types them later.
 *
 * A name is a list of words until it is written, so that the person can leave
 * one out, turn them around, or write them in the other script.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <ctype.h>
#include <string.h>

#include "population.h"

/* ---- as a clerk chooses it ---- */

static const char *const mens_titles[] = {"Shri", "Mr", "Mr.", "Shri", "Dr", "Sri"};
static const char *const womens_titles[] = {"Smt", "Smt.", "Mrs", "Ms", "Smt", "Dr"};

/* Girls don't get the first word of women. */
static const Name *
pick_word(Random *random, const Family *family, const Member *member)
{
	const NameList *list = &communities[family->community].lists[member->female ? NAME_WOMANS_WORD : NAME_MANS_WORD];
	const Name *name = pick_name(random, family->community, member->female ? NAME_WOMANS_WORD : NAME_MANS_WORD);

	if (member->female && member->role == 'C' && name == list->names && list->n > 1)
		name++;
	return name;
}

/* A name that is there already isn't said twice: no Singh Singh. */
static void
add_word(Random *random, FullName *full, const Name *name, const Name *suffix, bool given, bool initial)
{
	int			i;

	for (i = 0; i < full->n; i++)
		if (strcmp(full->words[i].name->latin, name->latin) == 0)
			return;
	full->words[full->n++] = (Word) {name, suffix, given, initial, name->other != NULL && chance(random, 150)};
}

static void
add_letter(Random *random, FullName *full, const Family *family, const Member *member, char letter)
{
	const Name *suffixes = communities[family->community].suffixes;
	bool		young = member->born > 1995 && chance(random, 800);

	switch (letter)
	{
		case 'G':
			add_word(random, full, member->given, NULL, true, false);
			break;
		case 'B':
			add_word(random, full, member->given, young ? NULL : &suffixes[member->female], true, false);
			break;
		case 'F':
		case 'f':
			add_word(random, full, member->father, NULL, false, letter == 'f');
			break;
		case 'P':
			add_word(random, full, member->father, &suffixes[0], false, false);
			break;
		case 'S':
		case 's':
			add_word(random, full, family->surname, NULL, false, letter == 's');
			break;
		case 'M':
			add_word(random, full, pick_word(random, family, member), NULL, false, false);
			break;
	}
}

static void
choose_style(Random *random, FullName *full, const Family *family, const Member *member)
{
	int			share = below(random, 100);
	int			dots = below(random, 10);
	bool		titled = member->role != 'C' && chance(random, 45);
	const char *const *titles = member->female ? womens_titles : mens_titles;

	full->script = chance(random, 120);
	full->letter_case = share < 58 ? CASE_UPPER : share < 95 ? CASE_TITLE : CASE_LOWER;
	full->dots = dots < 6 ? DOTS_NONE : dots < 8 ? DOTS_SPACED : DOTS_CLOSE;
	full->title = titles[below(random, lengthof(mens_titles))];
	if (full->script)
		full->title = communities[family->community].titles[member->female];
	if (!titled)
		full->title = NULL;
}

void
make_name(Random *random, FullName *full, const Family *family, const Member *member)
{
	const char *form = pick_form(random, communities[family->community].forms[member->female]);

	full->n = 0;
	for (; *form; form++)
		add_letter(random, full, family, member, *form);
	choose_style(random, full, family, member);
}

/* ---- as text ---- */

static char *
append(char *at, const char *text)
{
	size_t		length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

static char *
append_latin(char *at, const char *text, LetterCase letter_case, bool word_begins)
{
	for (; *text; text++)
	{
		if (letter_case == CASE_UPPER || (word_begins && letter_case == CASE_TITLE))
			*at++ = (char) toupper((unsigned char) *text);
		else
			*at++ = (char) (letter_case == CASE_LOWER ? tolower((unsigned char) *text) : *text);
		word_begins = false;
	}
	return at;
}

/* U+0900 to U+0DFF are three bytes each, and the scripts there have the same plan. */
static int
code_in_block(const char *text)
{
	return (text[1] & 1) << 6 | (text[2] & 0x3F);
}

/* A syllable: a letter, what is joined to it by a virama, and its signs. */
static char *
append_syllable(char *at, const char *text)
{
	bool		joined = true;

	for (; strlen(text) >= 3; text += 3)
	{
		int			code = code_in_block(text);
		bool		mark = code <= 0x03 || code == 0x3C || (code >= 0x3E && code <= 0x4D);

		if (!mark && !joined)
			break;
		memcpy(at, text, 3);
		at += 3;
		joined = code == 0x4D;
	}
	return at;
}

static char *
append_initial(char *at, const FullName *full, const Name *name)
{
	if (full->script)
		return append_syllable(at, name->script);
	*at++ = (char) (full->letter_case == CASE_LOWER ? tolower((unsigned char) name->latin[0]) : name->latin[0]);
	return at;
}

static char *
append_word(char *at, const FullName *full, const Word *word)
{
	if (word->initial)
		return append_initial(at, full, word->name);
	if (full->script)
	{
		at = append(at, word->name->script);
		return append(at, word->suffix == NULL ? "" : word->suffix->script);
	}
	at = append_latin(at, word->other ? word->name->other : word->name->latin, full->letter_case, true);
	return append_latin(at, word->suffix == NULL ? "" : word->suffix->latin, full->letter_case, false);
}

void
write_name(const FullName *full, char text[TEXT_MAX])
{
	char	   *at = text;
	int			i;

	if (full->title != NULL)
	{
		at = full->script ? append(at, full->title) : append_latin(at, full->title, full->letter_case, true);
		*at++ = ' ';
	}
	for (i = 0; i < full->n; i++)
	{
		bool		initial = full->words[i].initial;
		bool		last = i == full->n - 1;
		bool		next_initial = !last && full->words[i + 1].initial;

		at = append_word(at, full, &full->words[i]);
		if ((initial && full->dots != DOTS_NONE && (full->dots == DOTS_SPACED || !last)) ||
			(next_initial && full->dots == DOTS_CLOSE))
			*at++ = '.';
		if (!last && (full->dots != DOTS_CLOSE || (!initial && !next_initial)))
			*at++ = ' ';
	}
	*at = '\0';
}

/* ---- as the person types it ---- */

typedef enum Typing
{
	TYPING_SAME,
	TYPING_ORDER,				/* words turned around */
	TYPING_INITIAL,				/* a word as an initial, or an initial in full */
	TYPING_SHORT,				/* without a suffix or a word */
	TYPING_SCRIPT,				/* in the region's own script */
	TYPING_OTHER,				/* another Latin spelling that is common */
	TYPING_VOWEL,				/* a doubled vowel single, or the other way round */
	TYPING_ERROR
} Typing;

/* Percents, in the order above. */
static const int typings[] = {40, 14, 11, 10, 6, 8, 6, 5};

static Typing
pick_typing(Random *random)
{
	int			share = below(random, 100);
	int			typing = 0;

	while (share >= typings[typing])
		share -= typings[typing++];
	return (Typing) typing;
}

static void
turn_words(FullName *full, int by)
{
	Word		turned[WORDS_MAX];
	int			i;

	for (i = 0; i < full->n; i++)
		turned[i] = full->words[(i + by) % full->n];
	memcpy(full->words, turned, full->n * sizeof(Word));
}

/* Another word than the given name, or NULL. */
static Word *
pick_other_word(Random *random, FullName *full)
{
	int			at = full->n > 1 ? below(random, full->n - 1) : 0;

	if (full->words[at].given)
		at++;
	return at < full->n ? &full->words[at] : NULL;
}

static void
shorten(Random *random, FullName *full)
{
	Word	   *word = pick_other_word(random, full);
	int			i;
	bool		suffixed = false;

	for (i = 0; i < full->n; i++)
	{
		suffixed |= full->words[i].suffix != NULL;
		full->words[i].suffix = NULL;
	}
	if (suffixed || word == NULL)
		return;
	memmove(word, word + 1, (full->words + full->n - word - 1) * sizeof(Word));
	full->n--;
}

static void
change_words(Random *random, FullName *full, Typing typing)
{
	Word	   *word;
	int			i;

	switch (typing)
	{
		case TYPING_ORDER:
			if (full->n > 1)
				turn_words(full, 1 + below(random, full->n - 1));
			break;
		case TYPING_INITIAL:
			word = pick_other_word(random, full);
			if (word != NULL)
				word->initial = !word->initial;
			break;
		case TYPING_SHORT:
			shorten(random, full);
			break;
		case TYPING_OTHER:
			for (i = 0; i < full->n; i++)
				full->words[i].other = full->words[i].name->other != NULL && !full->words[i].other;
			break;
		default:
			break;
	}
}

/* Puts "with" where "length" characters stand. */
static void
replace(char *at, size_t length, const char *with)
{
	memmove(at + strlen(with), at + length, strlen(at + length) + 1);
	memcpy(at, with, strlen(with));
}

/* The first such vowel from somewhere on, if there is one. */
static void
change_vowel(Random *random, char *text)
{
	static const char *const vowels[][2] = {{"ee", "i"}, {"oo", "u"}, {"aa", "a"}, {"i", "ee"}, {"u", "oo"}, {"a", "aa"}};
	char	   *at = text + below(random, (int) strlen(text));
	int			i;

	for (; *at; at++)
	{
		for (i = 0; i < lengthof(vowels); i++)
		{
			size_t		length = strlen(vowels[i][0]);

			if (strncmp(at, vowels[i][0], length) == 0)
			{
				replace(at, length, vowels[i][1]);
				return;
			}
		}
	}
}

/* A letter left out, doubled, swapped with the next or taken from the key beside it. */
static void
mistype(Random *random, char *text)
{
	static const char keys[] = "qwertyuiopasdfghjklzxcvbnm";
	char	   *at = text + below(random, (int) strlen(text) - 1);
	char	   *key;
	char		letter = at[0];

	if (!isalpha((unsigned char) at[0]) || !isalpha((unsigned char) at[1]))
		return;
	switch (below(random, 4))
	{
		case 0:
			replace(at, 1, "");
			break;
		case 1:
			replace(at, 1, (char[]) {letter, letter, '\0'});
			break;
		case 2:
			at[0] = at[1];
			at[1] = letter;
			break;
		default:
			key = strchr(keys, tolower((unsigned char) letter));
			at[0] = key[1] != '\0' ? key[1] : key[-1];
			break;
	}
}

/* "full" as the clerk had it; changed. */
void
type_name(Random *random, FullName *full, char text[TEXT_MAX])
{
	Typing		typing = pick_typing(random);
	int			share = below(random, 100);

	full->title = NULL;
	full->dots = DOTS_NONE;
	full->script = typing == TYPING_SCRIPT;
	full->letter_case = share < 65 ? CASE_TITLE : share < 85 ? CASE_LOWER : CASE_UPPER;
	if (typing == TYPING_VOWEL || typing == TYPING_ERROR)
		full->letter_case = CASE_LOWER;
	change_words(random, full, typing);
	write_name(full, text);
	if (typing == TYPING_VOWEL)
		change_vowel(random, text);
	else if (typing == TYPING_ERROR)
		mistype(random, text);
}
