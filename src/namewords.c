/*
 * namewords.c
 *	  A folded name as words: how each sounds, and how much it says about who
 *	  is meant.
 *
 * What is known here about Indian names is in tables: titles, abbreviations,
 * suffixes, words that millions share, letters as they are read out.  Entries
 * are keys: spellings without doubled letters, with v for w, i for ee and u for
 * oo, and without the final vowel that a script implies.
 *
 * Titles come from clerks in every spelling, so their keys also have one
 * letter for k and g, t and d, p, b and v: "svargiya" is "sparkiy".
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "namewords.h"
#include "spelling.h"

typedef char Key[KYCVS_SPELLING_MAX + 1];

/* Besides those that folding drops. */
static const char *const titles[] = {
	"late", "let", "lete", "laet", "marhum", "marahum", "sparkiy", "sparkiya", "sparki", "sparkiyah", "sarkiy",
	"smarkiy", "sp", "spah", "prayat", "mrit", "mritak", "mritah", "mrito", "tipankat",
	"atp", "atap", "atpa", "atapa", "etp", "etap", "atpo", "etpo", "etapo", "atpoket", "atpokat", "atpocate",
	"aphiphashak", "apipashak", "er", "capt", "col", "to", "toh", "ta", "tah", "tan", "toktar", "taktar", "tau", "toctor", "tokter",
	"proph", "prof", "shri", "sri", "shrimati", "thiru", "tiru", "janap", "haji", "hazi"
};

typedef struct Reading
{
	const char *key;
	const char *as;
} Reading;

static const Reading abbreviations[] = {
	{"md", "mohammad"}, {"mhd", "mohammad"}, {"mohd", "mohammad"}, {"mohmd", "mohammad"}, {"muhd", "mohammad"},
	{"mo", "mohammad"}, {"moh", "mohammad"}, {"mohah", "mohammad"}, {"moha", "mohammad"}, {"maho", "mohammad"},
	{"mah", "mohammad"}, {"maha", "mohammad"}, {"mahah", "mohammad"}, {"mu", "mohammad"}, {"muh", "mohammad"},
	{"muhamad", "mohammad"},
	{"lt", "late"}, {"sk", "sheikh"}, {"shk", "sheikh"}, {"kr", "kumar"}, {"kha", "khan"},
	{"mia", "miya"}, {"miah", "miya"}, {"mian", "miya"}, {"miyan", "miya"},
	/* the same surnames in Bengali and in English */
	{"uranv", "oraon"}, {"basu", "bose"}, {"chatopadhyay", "chatterjee"}, {"chatopadhyaya", "chatterjee"},
	{"mukhopadhyay", "mukherjee"}, {"mukhopadhyaya", "mukherjee"},
	{"bandyopadhyay", "banerjee"}, {"bandopadhyay", "banerjee"}, {"bandyopadhyaya", "banerjee"},
	{"gangopadhyay", "ganguly"}, {"gangopadhyaya", "ganguly"}
};

static const char *const his[] = {"kumar", "bhai"};
static const char *const hers[] = {"kumari", "ben", "bahen"};

/* Written with the name or apart from it; spelled as spelling.h does. */
static const char *const suffixes[] = {
	"bhai", "bhaaii", "bhAii", "ben", "benA", "bahen", "bAhenA",
	"kumar", "kumaar", "kumaarA", "kumarA", "kumari", "kumaari", "kumaarii"
};

static const char *const commons[] = {
	"devi", "begum", "begam", "bibi", "khatun", "bai", "lal", "chandra", "chandr", "chand", "nath", "prasad", "babu",
	"singh", "sinh", "singha", "das", "roy", "ray", "ali", "khan", "patel", "shah", "sharma", "yadav", "gupta", "verma",
	"varma", "sarkar", "ghosh", "bisvas", "mondal", "mandal", "saha", "banerji", "chaterji", "mukherji", "bose", "duta",
	"islam", "ahmed", "udin", "sheikh", "mohamad", "redi", "rav", "rao", "nayar", "nair", "menon", "joshi", "patil", "vakil", "mishra", "chaudhuri", "bhatacharya"
};

#define ANY_LETTER "abcdefghijklmnopqrstuvwxyz"

/*
 * Letters of the Latin alphabet as they are read out in an Indic script; the
 * likeliest comes first.  An aspirate stands for none of them: it numbers
 * (a list's second item is "kha", not B).  The last three are what machines
 * make of I and S.
 */
static const Reading letter_names[] = {
	{"e", "ae"}, {"ai", "ai"}, {"a", "a"}, {"bi", "b"}, {"si", "cs"}, {"di", "d"}, {"i", "eiy"},
	{"ef", "f"}, {"eph", "f"}, {"aif", "f"}, {"aiph", "f"}, {"ji", "gj"}, {"ech", "h"}, {"eich", "h"}, {"aich", "h"},
	{"je", "jgz"}, {"k", "kcq"}, {"ke", "k"}, {"el", "l"}, {"ail", "l"}, {"yal", "l"}, {"em", "m"}, {"aim", "m"},
	{"yam", "m"}, {"en", "n"}, {"ain", "n"}, {"yan", "n"}, {"o", "o"}, {"pi", "pb"}, {"kyu", "q"}, {"ar", "r"},
	{"es", "s"}, {"ais", "s"}, {"yas", "s"}, {"esh", "s"}, {"ti", "td"}, {"yu", "u"}, {"vi", "vw"}, {"ve", "vw"},
	{"dablyu", "w"}, {"eks", "x"}, {"vai", "y"}, {"jed", "z"}, {"zed", "z"},
	{"kh", ANY_LETTER}, {"gh", ANY_LETTER}, {"chh", ANY_LETTER},
	{"main", ANY_LETTER}, {"men", ANY_LETTER}, {"ron", ANY_LETTER}
};

/* The Latin letters by which a name that begins with a sound is abbreviated. */
static const char *const initials[SOUND_COUNT] = {
	[SOUND_SCHWA] = "aeou", [SOUND_A] = "aeu", [SOUND_AA] = "a", [SOUND_E] = "eaiy", [SOUND_I] = "iey",
	[SOUND_O] = "o", [SOUND_U] = "uo",
	[SOUND_K] = "kqxg", [SOUND_KG] = "kghq", [SOUND_G] = "gjk", [SOUND_GJ] = "gj", [SOUND_CH] = "cs",
	[SOUND_J] = "jgzx", [SOUND_T] = "td", [SOUND_D] = "dt", [SOUND_DD] = "dt", [SOUND_RD] = "rd", [SOUND_P] = "pbf", [SOUND_F] = "fp",
	[SOUND_B] = "bpvw", [SOUND_N] = "ng", [SOUND_NASAL] = "nm", [SOUND_NY] = "n", [SOUND_M] = "m", [SOUND_Y] = "yie", [SOUND_R] = "r",
	[SOUND_L] = "l", [SOUND_ZH] = "z", [SOUND_V] = "vwbu", [SOUND_S] = "scxz", [SOUND_SH] = "sc", [SOUND_Z] = "zjx",
	[SOUND_H] = "h"
};

/* Most differ in the first letter, and that is cheaper to see. */
static bool
is_same(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

static bool
is_listed(const char *key, const char *const *list, size_t n)
{
	size_t		i;

	for (i = 0; i < n; i++)
	{
		if (is_same(key, list[i]))
			return true;
	}
	return false;
}

static const char *
find_reading(const char *key, const Reading *list, size_t n)
{
	size_t		i;

	for (i = 0; i < n; i++)
	{
		if (is_same(key, list[i].key))
			return list[i].as;
	}
	return NULL;
}

static char
key_letter(char c)
{
	switch (c)
	{
		case 'A':
			return 'a';
		case 'D':
			return 'd';
		case 'G':
			return 'j';
		case 'K':
			return 'k';
		case 'M':
		case 'N':
			return 'n';
		case 'R':
			return 'd';
		case 'w':
			return 'v';
		default:
			return c;
	}
}

static void
make_key(const char *spelling, Key key)
{
	int			n = 0;
	int			i;

	for (i = 0; spelling[i] != '\0'; i++)
	{
		char		c = key_letter(spelling[i]);

		if ((c == 'e' || c == 'o') && spelling[i + 1] == c)
		{
			c = c == 'e' ? 'i' : 'u';
			i++;
		}
		if (n == 0 || key[n - 1] != c)
			key[n++] = c;
	}
	if (n > 1 && spelling[i - 1] == 'A')
		n--;
	key[n] = '\0';
}

/* So coarse a comparison may drop a word that is none, but then from both names. */
static bool
is_title(const char *key)
{
	static const char from[] = "bvgd";
	static const char to[] = "ppkt";
	Key			coarse;
	int			i;

	strlcpy(coarse, key, sizeof(coarse));
	for (i = 0; coarse[i] != '\0'; i++)
	{
		const char *at = strchr(from, coarse[i]);

		if (at != NULL)
			coarse[i] = to[at - from];
	}
	return is_listed(coarse, titles, lengthof(titles));
}

static uint32
letter_bit(char letter)
{
	return UINT32_C(1) << (letter - 'a');
}

static void
set_letters(KycvsWord *word, const char *letters)
{
	int			i;

	word->letter = letter_bit(letters[0]);
	for (i = 0; letters[i] != '\0'; i++)
		word->letters |= letter_bit(letters[i]);
}

static bool
is_latin(const KycvsWord *word)
{
	return (word->text[0] & 0x80) == 0;
}

/* One letter of Latin; in Indic scripts a letter's name, or one letter and its vowel. */
static bool
is_initial(const KycvsWord *word, const char *key, const char *letter_name)
{
	if (is_latin(word))
		return key[1] == '\0';
	return letter_name != NULL || (word->sounds.n <= 2 && word->sounds.consonants <= 1);
}

static KycvsWordKind
find_kind(const KycvsWord *word, const char *key, const char *letter_name)
{
	if (is_initial(word, key, letter_name))
		return WORD_INITIAL;
	if (is_listed(key, his, lengthof(his)))
		return WORD_HIS;
	if (is_listed(key, hers, lengthof(hers)))
		return WORD_HERS;
	return is_listed(key, commons, lengthof(commons)) ? WORD_COMMON : WORD_TELLING;
}

/* The next free word, or NULL when there are too many. */
static KycvsWord *
new_word(KycvsWords *words, const char *text, int length)
{
	KycvsWord  *word;

	if (words->n == KYCVS_WORDS_MAX)
		return NULL;
	word = &words->words[words->n++];
	memset(word, 0, sizeof(*word));
	word->kind = WORD_TELLING;
	word->text = text;
	word->length = length;
	return word;
}

static bool
add_word(KycvsWords *words, const char *text, int length, const char *spelling)
{
	KycvsWord  *word = new_word(words, text, length);
	const char *letter_name = NULL;
	Key			key;

	if (word == NULL || !kycvs_sounds_read(spelling, &word->sounds))
		return false;
	make_key(spelling, key);
	if (!is_latin(word))
		letter_name = find_reading(key, letter_names, lengthof(letter_names));
	word->kind = find_kind(word, key, letter_name);
	if (word->kind == WORD_INITIAL && is_latin(word))
		set_letters(word, spelling);
	else
	{
		set_letters(word, initials[word->sounds.sounds[0]]);
		if (letter_name != NULL)
			set_letters(word, letter_name);
	}
	return true;
}

/* "RK Patel": two or three consonants are as many initials. */
static bool
are_initials(const char *spelling)
{
	size_t		length = strlen(spelling);

	return (length == 2 || length == 3) && strcspn(spelling, "aeiouy") == length;
}

static bool
add_initials(KycvsWords *words, const char *text, int length, const char *spelling)
{
	char		letter[2] = {'\0', '\0'};

	for (; *spelling != '\0'; spelling++)
	{
		letter[0] = *spelling;
		if (!add_word(words, text, length, letter))
			return false;
	}
	return true;
}

/* Where the suffix of a word begins, or NULL. */
static const char *
find_suffix(const char *spelling)
{
	size_t		length = strlen(spelling);
	size_t		i;

	for (i = 0; i < lengthof(suffixes); i++)
	{
		size_t		n = strlen(suffixes[i]);

		if (length >= n + 3 && strcmp(spelling + length - n, suffixes[i]) == 0)
			return spelling + length - n;
	}
	return NULL;
}

static bool
add_spelled(KycvsWords *words, const char *text, int length, const char *spelling)
{
	const char *suffix;
	const char *full;
	Key			stem;

	make_key(spelling, stem);
	full = find_reading(stem, abbreviations, lengthof(abbreviations));
	if (full != NULL)
	{
		spelling = full;
		make_key(spelling, stem);
	}
	else if ((text[0] & 0x80) == 0 && are_initials(spelling))
		return add_initials(words, text, length, spelling);
	if (is_title(stem))
		return true;
	suffix = find_suffix(spelling);
	if (suffix == NULL)
		return add_word(words, text, length, spelling);
	strlcpy(stem, spelling, suffix - spelling + 1);
	return add_word(words, text, length, stem) && add_word(words, text, length, suffix);
}

bool
kycvs_name_words(const char *folded, KycvsWords *words)
{
	char		spelling[KYCVS_SPELLING_MAX + 1];

	words->n = 0;
	while (*folded != '\0')
	{
		int			length = strcspn(folded, " ");

		if (kycvs_spell(folded, length, spelling))
		{
			if (!add_spelled(words, folded, length, spelling))
				return false;
		}
		else if (new_word(words, folded, length) == NULL)
			return false;
		folded += length;
		folded += strspn(folded, " ");
	}
	return words->n > 0;
}
