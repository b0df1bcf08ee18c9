/*
 * sounds.c
 *	  The sounds of a word, however it is spelled, and how alike two words
 *	  sound.
 *
 * Names of India have no spelling of their own in Latin letters, nor many of
 * them in a neighbour's script: Laxmi is Lakshmi, Vikas is Bikash, Zeenat is
 * Jinnat.  So a spelling is read into sounds, in which such variants are equal,
 * and what remains is measured by the cheapest way to turn one word into the
 * other: a vowel for a vowel is cheap, t for d costs something, r for m is
 * another name.
 *
 * The costs are facts of the languages, as far as one can put them into
 * numbers, not fitted weights: a dozen of round figures.  Three rules were
 * made for the sake of families.  What names begin with tells relatives apart
 * more than what they end with (Surendra, Narendra), so it costs more.  A final
 * vowel after a single consonant is the difference between him and her (Sunil,
 * Sunila), so it weighs as much as a consonant.  And costs are relative to
 * the length of the words, so that a letter more or less is forgiven only in
 * long ones: see docs/names.md.
 *
 * Integers only: the result is the same on every machine.  Bounded work: a
 * table of at most 48 by 48 steps.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "sounds.h"

#define NO_SOUND		SOUND_COUNT

/* Costs; what a consonant weighs is 100. */
#define CONSONANT		100
#define OTHER_CONSONANT 130		/* one for another, unless listed below */
#define VOWEL_CONSONANT 130		/* a vowel for a consonant */
#define OTHER_VOWEL		40
#define FINAL_VOWEL		130		/* left out after a single consonant */
#define FINAL_NASAL		40		/* Subramaniam, Subramanian */
#define INNER_NASAL		15		/* Ambika, Anbika */
#define ONSET			140		/* a consonant more before a vowel, in a short word: Ramesh, Ramnesh */
#define SHORT			3		/* consonants */

typedef struct Letters
{
	const char *spelled;
	uint8		first;
	uint8		second;
} Letters;

/* In the order of their first letters, longer spellings before their beginnings. */
static const Letters spellings[] = {
	{"A", SOUND_SCHWA, NO_SOUND},
	{"D", SOUND_DD, NO_SOUND},
	{"G", SOUND_GJ, NO_SOUND},
	{"K", SOUND_KG, NO_SOUND},
	{"M", SOUND_NASAL, NO_SOUND},
	{"N", SOUND_NY, NO_SOUND},
	{"R", SOUND_RD, NO_SOUND},
	{"aa", SOUND_AA, NO_SOUND}, {"a", SOUND_A, NO_SOUND},
	{"bh", SOUND_B, NO_SOUND}, {"b", SOUND_B, NO_SOUND},
	{"chh", SOUND_CH, NO_SOUND}, {"ch", SOUND_CH, NO_SOUND}, {"ck", SOUND_K, NO_SOUND},
	{"ce", SOUND_S, SOUND_E}, {"ci", SOUND_S, SOUND_I}, {"cy", SOUND_S, SOUND_I}, {"c", SOUND_K, NO_SOUND},
	{"dj", SOUND_J, NO_SOUND}, {"dh", SOUND_D, NO_SOUND}, {"d", SOUND_D, NO_SOUND},
	{"ee", SOUND_I, NO_SOUND}, {"e", SOUND_E, NO_SOUND},
	{"f", SOUND_F, NO_SOUND},
	{"gh", SOUND_G, NO_SOUND}, {"ge", SOUND_GJ, SOUND_E}, {"gi", SOUND_GJ, SOUND_I}, {"g", SOUND_G, NO_SOUND},
	{"h", SOUND_H, NO_SOUND},
	{"ii", SOUND_I, NO_SOUND}, {"i", SOUND_I, NO_SOUND},
	{"jh", SOUND_J, NO_SOUND}, {"j", SOUND_J, NO_SOUND},
	{"kh", SOUND_K, NO_SOUND}, {"k", SOUND_K, NO_SOUND},
	{"lh", SOUND_L, NO_SOUND}, {"l", SOUND_L, NO_SOUND},
	{"m", SOUND_M, NO_SOUND},
	{"n", SOUND_N, NO_SOUND},
	{"oo", SOUND_U, NO_SOUND}, {"ou", SOUND_U, NO_SOUND}, {"o", SOUND_O, NO_SOUND},
	{"ph", SOUND_F, NO_SOUND}, {"p", SOUND_P, NO_SOUND},
	{"que", SOUND_K, NO_SOUND}, {"q", SOUND_K, NO_SOUND},
	{"rh", SOUND_R, NO_SOUND}, {"r", SOUND_R, NO_SOUND},
	{"sch", SOUND_SH, NO_SOUND}, {"sh", SOUND_SH, NO_SOUND}, {"s", SOUND_S, NO_SOUND},
	{"tch", SOUND_CH, NO_SOUND}, {"tsh", SOUND_CH, NO_SOUND}, {"th", SOUND_T, NO_SOUND}, {"t", SOUND_T, NO_SOUND},
	{"uu", SOUND_U, NO_SOUND}, {"u", SOUND_U, NO_SOUND},
	{"v", SOUND_V, NO_SOUND},
	{"wh", SOUND_V, NO_SOUND}, {"w", SOUND_V, NO_SOUND},
	{"x", SOUND_K, SOUND_S},
	{"y", SOUND_Y, NO_SOUND},
	{"zh", SOUND_ZH, NO_SOUND}, {"z", SOUND_Z, NO_SOUND}
};

typedef struct Likeness
{
	uint8		a;
	uint8		b;
	uint8		cost;
} Likeness;

static const Likeness likenesses[] = {
	/* a's, and the vowels that unstressed ones are written as */
	{SOUND_SCHWA, SOUND_A, 0}, {SOUND_SCHWA, SOUND_AA, 15}, {SOUND_A, SOUND_AA, 0},
	{SOUND_SCHWA, SOUND_O, 12}, {SOUND_A, SOUND_O, 20}, {SOUND_AA, SOUND_O, 25},
	{SOUND_SCHWA, SOUND_E, 20}, {SOUND_A, SOUND_E, 20}, {SOUND_AA, SOUND_E, 35},
	{SOUND_SCHWA, SOUND_U, 25}, {SOUND_A, SOUND_U, 25},
	{SOUND_SCHWA, SOUND_I, 30}, {SOUND_A, SOUND_I, 30}, {SOUND_AA, SOUND_I, 45},
	{SOUND_E, SOUND_I, 12}, {SOUND_O, SOUND_U, 12}, {SOUND_I, SOUND_O, 50}, {SOUND_E, SOUND_U, 50},
	/* half vowels */
	{SOUND_I, SOUND_Y, 10}, {SOUND_E, SOUND_Y, 20}, {SOUND_U, SOUND_V, 15}, {SOUND_O, SOUND_V, 20},
	/* in the throat */
	{SOUND_K, SOUND_G, 30}, {SOUND_K, SOUND_GJ, 30}, {SOUND_G, SOUND_GJ, 0},
	{SOUND_KG, SOUND_K, 0}, {SOUND_KG, SOUND_G, 0}, {SOUND_KG, SOUND_GJ, 0}, {SOUND_KG, SOUND_H, 20},
	{SOUND_K, SOUND_H, 90}, {SOUND_K, SOUND_CH, 50}, {SOUND_KG, SOUND_CH, 50},
	/* at the palate */
	{SOUND_GJ, SOUND_J, 10}, {SOUND_G, SOUND_J, 40}, {SOUND_CH, SOUND_J, 40},
	{SOUND_CH, SOUND_S, 25}, {SOUND_CH, SOUND_SH, 30}, {SOUND_J, SOUND_Z, 0}, {SOUND_J, SOUND_Y, 50},
	{SOUND_J, SOUND_S, 50}, {SOUND_J, SOUND_SH, 60}, {SOUND_Z, SOUND_S, 30}, {SOUND_Z, SOUND_SH, 50},
	{SOUND_S, SOUND_SH, 5}, {SOUND_SH, SOUND_K, 70}, {SOUND_S, SOUND_H, 70},
	/* at the teeth */
	{SOUND_N, SOUND_M, 140},
	{SOUND_T, SOUND_D, 25}, {SOUND_DD, SOUND_D, 0}, {SOUND_DD, SOUND_T, 20}, {SOUND_DD, SOUND_RD, 0}, {SOUND_DD, SOUND_R, 50},
	{SOUND_DD, SOUND_J, 70}, {SOUND_DD, SOUND_Z, 60}, {SOUND_RD, SOUND_R, 0}, {SOUND_RD, SOUND_D, 15}, {SOUND_RD, SOUND_T, 40},
	{SOUND_T, SOUND_S, 70}, {SOUND_D, SOUND_J, 70}, {SOUND_D, SOUND_Z, 60},
	{SOUND_NASAL, SOUND_N, 0}, {SOUND_NASAL, SOUND_M, 0}, {SOUND_NY, SOUND_N, 0}, {SOUND_NY, SOUND_Y, 10},
	{SOUND_R, SOUND_L, 70}, {SOUND_L, SOUND_ZH, 15}, {SOUND_R, SOUND_ZH, 40}, {SOUND_J, SOUND_ZH, 40},
	{SOUND_Z, SOUND_ZH, 10}, {SOUND_Y, SOUND_ZH, 40},
	/* at the lips */
	{SOUND_P, SOUND_B, 25}, {SOUND_P, SOUND_F, 10}, {SOUND_P, SOUND_V, 60}, {SOUND_F, SOUND_B, 30}, {SOUND_B, SOUND_V, 15},
	{SOUND_F, SOUND_V, 50}
};

/* What the sounds weigh that are no full consonants. */
static const uint8 light[SOUND_COUNT] = {
	[SOUND_SCHWA] = 10, [SOUND_A] = 20, [SOUND_AA] = 30, [SOUND_E] = 25, [SOUND_I] = 25, [SOUND_O] = 25,
	[SOUND_U] = 25, [SOUND_NASAL] = 30, [SOUND_Y] = 50, [SOUND_V] = 90, [SOUND_H] = 35
};

/* From likenesses, both ways; made when first needed. */
static uint8 costs[SOUND_COUNT][SOUND_COUNT];
static bool costs_made = false;

static bool
is_vowel(uint8 sound)
{
	return sound < SOUND_K;
}

static int
weight(uint8 sound)
{
	return light[sound] != 0 ? light[sound] : CONSONANT;
}

static void
make_costs(void)
{
	size_t		i;
	int			a;
	int			b;

	if (costs_made)
		return;
	for (a = 0; a < SOUND_COUNT; a++)
		for (b = 0; b < SOUND_COUNT; b++)
		{
			if (is_vowel(a) != is_vowel(b))
				costs[a][b] = VOWEL_CONSONANT;
			else if (a != b)
				costs[a][b] = is_vowel(a) ? OTHER_VOWEL : OTHER_CONSONANT;
		}
	for (i = 0; i < lengthof(likenesses); i++)
	{
		const Likeness *like = &likenesses[i];

		costs[like->a][like->b] = like->cost;
		costs[like->b][like->a] = like->cost;
	}
	costs_made = true;
}

/* Doubled consonants are one; false when there is no more room. */
static bool
add_sound(KycvsSounds *sounds, uint8 sound)
{
	if (sound == NO_SOUND)
		return true;
	if (sounds->n > 0 && !is_vowel(sound) && costs[sounds->sounds[sounds->n - 1]][sound] == 0)
		return true;
	if (sounds->n == KYCVS_SOUNDS_MAX)
		return false;
	sounds->sounds[sounds->n++] = sound;
	sounds->consonants += !is_vowel(sound);
	return true;
}

static const Letters *
find_letters(const char *spelling)
{
	size_t		i;

	for (i = 0; i < lengthof(spellings); i++)
	{
		const char *spelled = spellings[i].spelled;

		if (spelled[0] == spelling[0] && strncmp(spelling, spelled, strlen(spelled)) == 0)
			return &spellings[i];
	}
	return NULL;
}

bool
kycvs_sounds_read(const char *spelling, KycvsSounds *sounds)
{
	make_costs();
	sounds->n = 0;
	sounds->consonants = 0;
	if (*spelling == 'x')		/* Xavier */
	{
		add_sound(sounds, SOUND_Z);
		spelling++;
	}
	while (*spelling != '\0')
	{
		const Letters *letters = find_letters(spelling);

		if (letters == NULL || !add_sound(sounds, letters->first) || !add_sound(sounds, letters->second))
			return false;
		spelling += strlen(letters->spelled);
	}
	return sounds->n > 0;
}

bool
kycvs_sounds_join(const KycvsSounds *first, const KycvsSounds *second, KycvsSounds *both)
{
	int			i;

	*both = *first;
	for (i = 0; i < second->n; i++)
	{
		if (!add_sound(both, second->sounds[i]))
			return false;
	}
	return true;
}

/* What it costs to leave out the last of three or more sounds, a vowel after a consonant. */
static int
omit_final_vowel(const KycvsSounds *word)
{
	uint8		sound = word->sounds[word->n - 1];
	bool		cluster = !is_vowel(word->sounds[word->n - 3]);

	switch (sound)
	{
		case SOUND_SCHWA:
			return 0;
		case SOUND_A:
		case SOUND_AA:
			return cluster ? 15 : FINAL_VOWEL;	/* Chandra, Chandr */
		case SOUND_I:
		case SOUND_U:
			return FINAL_VOWEL;
		case SOUND_E:
			return weight(sound);	/* often silent in Latin */
		default:
			return 2 * weight(sound);
	}
}

/* Whether the sound at i is a full consonant that follows another, a silent vowel aside, and begins a syllable. */
static bool
is_onset(const KycvsSounds *word, int i)
{
	return i > 0 && i + 1 < word->n && weight(word->sounds[i]) >= light[SOUND_V] && is_vowel(word->sounds[i + 1]) &&
		(!is_vowel(word->sounds[i - 1]) || word->sounds[i - 1] == SOUND_SCHWA);
}

/* What it costs to leave out the sound at i. */
static int
omit(const KycvsSounds *word, int i, bool is_short)
{
	uint8		sound = word->sounds[i];
	bool		final = i + 1 == word->n;
	bool		after_vowel = i > 0 && is_vowel(word->sounds[i - 1]);
	bool		before_consonant = !final && !is_vowel(word->sounds[i + 1]);

	if ((sound == SOUND_U || sound == SOUND_O) && i > 0 && word->sounds[i - 1] == SOUND_V)
		return 10;				/* Ravu, Rao */
	if (is_vowel(sound) && final && i > 1 && !after_vowel)
		return omit_final_vowel(word);
	if (sound == SOUND_SCHWA)
		return final ? 0 : 5;
	if (sound == SOUND_A && i > 0 && !final)
		return 15;
	if ((sound == SOUND_N || sound == SOUND_M) && after_vowel && before_consonant)
		return sound == SOUND_N ? 30 : 40;
	if ((sound == SOUND_G || sound == SOUND_GJ) && i > 0 && word->sounds[i - 1] == SOUND_N)
		return 30;				/* Singh, Sinh */
	if (is_short && is_onset(word, i))
		return ONSET;
	return is_vowel(sound) && after_vowel ? weight(sound) / 2 : weight(sound);
}

/* What it costs to say one sound for another. */
static int
exchange(const KycvsSounds *a, int i, const KycvsSounds *b, int j)
{
	uint8		x = a->sounds[i];
	uint8		y = b->sounds[j];

	if ((x == SOUND_N && y == SOUND_M) || (x == SOUND_M && y == SOUND_N))
	{
		bool		last_a = i + 1 == a->n;
		bool		last_b = j + 1 == b->n;

		if (last_a && last_b)
			return FINAL_NASAL;
		if (!last_a && !last_b && !is_vowel(a->sounds[i + 1]) && !is_vowel(b->sounds[j + 1]))
			return INNER_NASAL;
	}
	return costs[x][y];
}

/* Percent: how much the place in the word adds to a cost or takes off it. */
static void
find_stress(const KycvsSounds *word, uint8 stress[KYCVS_SOUNDS_MAX])
{
	int			consonants = 0;
	int			i;

	for (i = 0; i < word->n; i++)
	{
		stress[i] = consonants == 0 ? 130 : consonants < 4 ? 100 : 80;
		consonants += !is_vowel(word->sounds[i]);
	}
	if (is_vowel(word->sounds[word->n - 1]))
		stress[word->n - 1] = 100;
}

static int
weigh(const KycvsSounds *word, const uint8 *stress)
{
	int			sum = 0;
	int			i;

	for (i = 0; i < word->n; i++)
		sum += weight(word->sounds[i]) * Min(stress[i], 100) / 100;
	return sum;
}

/* The cheapest way from one word to the other, by dynamic programming. */
static int
distance(const KycvsSounds *a, const uint8 *stress_a, const KycvsSounds *b, const uint8 *stress_b)
{
	bool		is_short = Min(a->consonants, b->consonants) <= SHORT;
	int			rows[2][KYCVS_SOUNDS_MAX + 1];
	int			out_b[KYCVS_SOUNDS_MAX];
	int			i;
	int			j;

	rows[0][0] = 0;
	for (j = 0; j < b->n; j++)
	{
		out_b[j] = omit(b, j, is_short) * stress_b[j] / 100;
		rows[0][j + 1] = rows[0][j] + out_b[j];
	}
	for (i = 0; i < a->n; i++)
	{
		const int  *above = rows[i % 2];
		int		   *here = rows[(i + 1) % 2];
		int			out_a = omit(a, i, is_short) * stress_a[i] / 100;

		here[0] = above[0] + out_a;
		for (j = 0; j < b->n; j++)
		{
			int			changed = above[j] + exchange(a, i, b, j) * Max(stress_a[i], stress_b[j]) / 100;

			here[j + 1] = Min(changed, Min(above[j + 1] + out_a, here[j] + out_b[j]));
		}
	}
	return rows[a->n % 2][b->n];
}

int
kycvs_sounds_alike(const KycvsSounds *a, const KycvsSounds *b)
{
	uint8		stress_a[KYCVS_SOUNDS_MAX];
	uint8		stress_b[KYCVS_SOUNDS_MAX];
	int			whole;

	find_stress(a, stress_a);
	find_stress(b, stress_b);
	whole = (weigh(a, stress_a) + weigh(b, stress_b)) / 2;
	return Max(0, KYCVS_ALIKE - distance(a, stress_a, b, stress_b) * KYCVS_ALIKE / Max(whole, 1));
}
