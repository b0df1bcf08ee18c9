/*
 * sounds.c
 *	  The sounds of a word, however it is spelled, and how alike two words
 *	  sound.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "sounds.h"

typedef struct Letters
{
	const char *spelled;
	int			n;
	uint8		sounds[2];
} Letters;

/* Longer spellings before their beginnings. */
static const Letters table[] = {
	{"tch", 1, {SOUND_C}}, {"tsh", 1, {SOUND_C}}, {"que", 1, {SOUND_K}}, {"dj", 1, {SOUND_J}}, {"ge", 2, {SOUND_GJ, SOUND_E}}, {"gi", 2, {SOUND_GJ, SOUND_I}}, {"gh", 1, {SOUND_G}}, {"sch", 1, {SOUND_SH}}, {"chh", 1, {SOUND_C}},
	{"ksh", 2, {SOUND_K, SOUND_SH}},
	{"aa", 1, {SOUND_AA}}, {"ee", 1, {SOUND_I}}, {"ii", 1, {SOUND_I}}, {"oo", 1, {SOUND_U}}, {"uu", 1, {SOUND_U}},
	{"ou", 1, {SOUND_U}},
	{"kh", 1, {SOUND_K}}, {"gh", 1, {SOUND_G}}, {"ch", 1, {SOUND_C}}, {"jh", 1, {SOUND_J}}, {"th", 1, {SOUND_T}},
	{"dh", 1, {SOUND_D}}, {"ph", 1, {SOUND_F}}, {"bh", 1, {SOUND_B}}, {"sh", 1, {SOUND_SH}}, {"zh", 1, {SOUND_ZH}},
	{"ck", 1, {SOUND_K}}, {"rh", 1, {SOUND_R}}, {"lh", 1, {SOUND_L}}, {"wh", 1, {SOUND_V}},
	{"ce", 2, {SOUND_S, SOUND_E}}, {"ci", 2, {SOUND_S, SOUND_I}}, {"cy", 2, {SOUND_S, SOUND_I}},
	{"A", 1, {SOUND_SCHWA}}, {"K", 1, {SOUND_KG}}, {"R", 1, {SOUND_RD}}, {"G", 1, {SOUND_GJ}}, {"N", 1, {SOUND_NY}},
	{"a", 1, {SOUND_A}}, {"b", 1, {SOUND_B}}, {"c", 1, {SOUND_K}}, {"d", 1, {SOUND_D}}, {"e", 1, {SOUND_E}},
	{"f", 1, {SOUND_F}}, {"g", 1, {SOUND_G}}, {"h", 1, {SOUND_H}}, {"i", 1, {SOUND_I}}, {"j", 1, {SOUND_J}},
	{"k", 1, {SOUND_K}}, {"l", 1, {SOUND_L}}, {"m", 1, {SOUND_M}}, {"n", 1, {SOUND_N}}, {"o", 1, {SOUND_O}},
	{"p", 1, {SOUND_P}}, {"q", 1, {SOUND_K}}, {"r", 1, {SOUND_R}}, {"s", 1, {SOUND_S}}, {"t", 1, {SOUND_T}},
	{"u", 1, {SOUND_U}}, {"v", 1, {SOUND_V}}, {"w", 1, {SOUND_V}}, {"x", 2, {SOUND_K, SOUND_S}},
	{"y", 1, {SOUND_Y}}, {"z", 1, {SOUND_Z}}
};

/* Costs in hundredths of a consonant. */
#define FULL_COST		130

typedef struct Cost
{
	uint8		a;
	uint8		b;
	uint8		cost;
} Cost;

static const Cost likes[] = {
	{SOUND_SCHWA, SOUND_A, 0}, {SOUND_SCHWA, SOUND_AA, 15}, {SOUND_A, SOUND_AA, 0},
	{SOUND_SCHWA, SOUND_O, 12}, {SOUND_A, SOUND_O, 20}, {SOUND_AA, SOUND_O, 25},
	{SOUND_SCHWA, SOUND_E, 20}, {SOUND_A, SOUND_E, 20}, {SOUND_AA, SOUND_E, 35},
	{SOUND_SCHWA, SOUND_U, 25}, {SOUND_A, SOUND_U, 25}, {SOUND_AA, SOUND_U, 40},
	{SOUND_SCHWA, SOUND_I, 30}, {SOUND_A, SOUND_I, 30}, {SOUND_AA, SOUND_I, 45},
	{SOUND_E, SOUND_I, 12}, {SOUND_O, SOUND_U, 12}, {SOUND_I, SOUND_U, 40}, {SOUND_E, SOUND_O, 40},
	{SOUND_I, SOUND_O, 50}, {SOUND_E, SOUND_U, 50},
	{SOUND_I, SOUND_Y, 10}, {SOUND_E, SOUND_Y, 20}, {SOUND_U, SOUND_V, 15}, {SOUND_O, SOUND_V, 20},
	{SOUND_K, SOUND_G, 30}, {SOUND_K, SOUND_H, 90}, {SOUND_KG, SOUND_K, 0}, {SOUND_KG, SOUND_G, 0}, {SOUND_KG, SOUND_H, 20}, {SOUND_KG, SOUND_C, 50}, {SOUND_K, SOUND_C, 50}, {SOUND_G, SOUND_J, 40}, {SOUND_G, SOUND_H, 110},
	{SOUND_GJ, SOUND_G, 0}, {SOUND_GJ, SOUND_J, 10}, {SOUND_GJ, SOUND_K, 30}, {SOUND_GJ, SOUND_KG, 0}, {SOUND_C, SOUND_S, 25}, {SOUND_C, SOUND_SH, 30}, {SOUND_C, SOUND_J, 40},
	{SOUND_J, SOUND_Z, 0}, {SOUND_J, SOUND_S, 50}, {SOUND_Z, SOUND_S, 30}, {SOUND_Z, SOUND_SH, 50}, {SOUND_J, SOUND_Y, 50}, {SOUND_J, SOUND_SH, 60},
	{SOUND_T, SOUND_D, 25}, {SOUND_T, SOUND_S, 70}, {SOUND_RD, SOUND_R, 0}, {SOUND_RD, SOUND_D, 15}, {SOUND_RD, SOUND_T, 40}, {SOUND_D, SOUND_J, 70}, {SOUND_D, SOUND_Z, 60},
	{SOUND_P, SOUND_B, 25}, {SOUND_P, SOUND_F, 10}, {SOUND_F, SOUND_B, 30}, {SOUND_B, SOUND_V, 15}, {SOUND_F, SOUND_V, 50},
	{SOUND_N, SOUND_M, 130}, {SOUND_NY, SOUND_N, 0}, {SOUND_NY, SOUND_Y, 10}, {SOUND_R, SOUND_L, 70}, {SOUND_L, SOUND_ZH, 15}, {SOUND_R, SOUND_ZH, 40}, {SOUND_J, SOUND_ZH, 40},
	{SOUND_Z, SOUND_ZH, 10}, {SOUND_Y, SOUND_ZH, 40}, {SOUND_S, SOUND_SH, 5}, {SOUND_S, SOUND_H, 70}, {SOUND_SH, SOUND_K, 70}
};

static const uint8 weights[SOUND_COUNT] = {
	[SOUND_SCHWA] = 10, [SOUND_A] = 20, [SOUND_AA] = 30, [SOUND_E] = 25, [SOUND_I] = 25, [SOUND_O] = 25, [SOUND_U] = 25,
	[SOUND_K] = 100, [SOUND_G] = 100, [SOUND_KG] = 100, [SOUND_GJ] = 100, [SOUND_NY] = 100, [SOUND_RD] = 100, [SOUND_C] = 100, [SOUND_J] = 100, [SOUND_T] = 100, [SOUND_D] = 100,
	[SOUND_P] = 100, [SOUND_F] = 100, [SOUND_B] = 100, [SOUND_N] = 100, [SOUND_M] = 100, [SOUND_Y] = 50,
	[SOUND_R] = 100, [SOUND_L] = 100, [SOUND_ZH] = 100, [SOUND_V] = 90, [SOUND_S] = 100, [SOUND_SH] = 100, [SOUND_Z] = 100, [SOUND_H] = 35
};

int P_CAP = 999, P_OMIT = 100, P_CI = 130, P_CU = 130, P_FINAL = 130, P_FULL = 130, P_F0 = 130, P_F3 = 100, P_F4 = 80;
static uint8 between[SOUND_COUNT][SOUND_COUNT];
static bool ready = false;

static bool
is_vowel(uint8 sound)
{
	return sound < SOUND_K;
}

static void
prepare(void)
{
	size_t		i;
	int			a,
				b;

	for (a = 0; a < SOUND_COUNT; a++)
		for (b = 0; b < SOUND_COUNT; b++)
			between[a][b] = a == b ? 0 : is_vowel(a) && is_vowel(b) ? 40 :
				is_vowel(a) != is_vowel(b) ? 130 : P_FULL;
	for (i = 0; i < lengthof(likes); i++)
		between[likes[i].a][likes[i].b] = between[likes[i].b][likes[i].a] = likes[i].cost;
	ready = true;
}

static const Letters *
find_letters(const char *spelling)
{
	size_t		i;

	for (i = 0; i < lengthof(table); i++)
	{
		if (strncmp(spelling, table[i].spelled, strlen(table[i].spelled)) == 0)
			return &table[i];
	}
	return NULL;
}

bool
kycvs_sounds_read(const char *spelling, KycvsSounds *sounds)
{
	if (!ready)
		prepare();
	sounds->n = 0;
	sounds->consonants = 0;
	if (*spelling == 'x') { sounds->sounds[sounds->n++] = SOUND_Z; sounds->consonants = 1; spelling++; }
	while (*spelling != '\0')
	{
		const Letters *letters = find_letters(spelling);
		int			k;

		if (letters == NULL)
			return false;
		for (k = 0; k < letters->n; k++)
		{
			uint8		sound = letters->sounds[k];

			/* doubled letters */
			if (sounds->n > 0 && !is_vowel(sound) && between[sounds->sounds[sounds->n - 1]][sound] == 0)
				continue;
			if (sounds->n == KYCVS_SOUNDS_MAX)
				return false;
			sounds->sounds[sounds->n++] = sound;
			sounds->consonants += !is_vowel(sound);
		}
		spelling += strlen(letters->spelled);
	}
	return sounds->n > 0;
}

/* What it costs to leave out the sound at i. */
static int
omit_plain(const KycvsSounds *word, int i)
{
	uint8		sound = word->sounds[i];
	bool		after_vowel = i > 0 && is_vowel(word->sounds[i - 1]);
	bool		before_vowel = i + 1 < word->n && is_vowel(word->sounds[i + 1]);
	bool		final = i + 1 == word->n;

	if (sound == SOUND_SCHWA)
		return final ? 0 : 5;
	if (is_vowel(sound) && final && i > 1 && !after_vowel)
	{
		bool cluster = !is_vowel(word->sounds[i - 2]);
		if (sound == SOUND_A || sound == SOUND_AA)
			return cluster ? 15 : P_FINAL;
		if (sound == SOUND_I || sound == SOUND_U)
			return !cluster ? P_FINAL : sound == SOUND_I ? P_CI : P_CU;
		return sound == SOUND_E ? 25 : 50;
	}
	if (sound == SOUND_A && i > 0 && !final)
		return 15;
	if ((sound == SOUND_N || sound == SOUND_M) && after_vowel && !before_vowel && !final)
		return sound == SOUND_N ? 30 : 40;
	if ((sound == SOUND_G || sound == SOUND_GJ) && i > 0 && word->sounds[i - 1] == SOUND_N)
		return 30;
	if (is_vowel(sound) && after_vowel)
		return weights[sound] / 2;
	return weights[sound] * (weights[sound] >= 90 ? P_OMIT : 100) / 100;
}

static int
factor(const KycvsSounds *word, int i)
{
	int k, c = 0;
	for (k = 0; k < i; k++) c += !is_vowel(word->sounds[k]);
	if (is_vowel(word->sounds[i]) && i == word->n - 1) return 100;
	return c == 0 ? P_F0 : c < 3 ? 100 : c == 3 ? P_F3 : P_F4;
}

static int
omit(const KycvsSounds *word, int i)
{
	return omit_plain(word, i) * factor(word, i) / 100;
}

static int
weigh(const KycvsSounds *word)
{
	int			sum = 0;
	int			i;

	for (i = 0; i < word->n; i++)
		sum += weights[word->sounds[i]] * Min(100, factor(word, i)) / 100;
	return sum;
}

static int
exchange(const KycvsSounds *a, int i, const KycvsSounds *b, int j)
{
	uint8		x = a->sounds[i];
	uint8		y = b->sounds[j];

	/* a nasal before a consonant is written as any */
	if ((x == SOUND_N && y == SOUND_M) || (x == SOUND_M && y == SOUND_N))
	{
		bool		inner = i + 1 < a->n && j + 1 < b->n;

		if (inner && !is_vowel(a->sounds[i + 1]) && !is_vowel(b->sounds[j + 1]))
			return 15;
		if (i + 1 == a->n && j + 1 == b->n) return 40;
	}
	return between[x][y] * Max(factor(a, i), factor(b, j)) / 100;
}

static int
distance(const KycvsSounds *a, const KycvsSounds *b)
{
	int			row[2][KYCVS_SOUNDS_MAX + 1];
	int			i,
				j;

	row[0][0] = 0;
	for (j = 0; j < b->n; j++)
		row[0][j + 1] = row[0][j] + omit(b, j);
	for (i = 0; i < a->n; i++)
	{
		int		   *above = row[i % 2];
		int		   *here = row[(i + 1) % 2];
		int			out = omit(a, i);

		here[0] = above[0] + out;
		for (j = 0; j < b->n; j++)
			here[j + 1] = Min(above[j] + exchange(a, i, b, j), Min(above[j + 1] + out, here[j] + omit(b, j)));
	}
	return row[a->n % 2][b->n];
}

int
kycvs_sounds_alike(const KycvsSounds *a, const KycvsSounds *b)
{
	int			whole;

	if (!ready)
		prepare();
	whole = (weigh(a) + weigh(b)) / 2;
	{int d = distance(a, b); if (d > P_CAP) return 0;
	return Max(0, KYCVS_ALIKE - d * KYCVS_ALIKE / Max(whole, 1));}
}
