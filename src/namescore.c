/*
 * namescore.c
 *	  How well two names fit each other, and whom of several a name means.
 *
 * Words look for their like in the other name: first those that are surely the
 * same, then a word for two that were written apart, then the less sure ones,
 * last initials for initials and for words.  The score is the likeness of the
 * worst couple, times the share of the weight that has found one.  A chain is
 * as strong as its weakest link: that a surname agrees is no excuse for a given
 * name that does not, for relatives have the same.
 *
 * What finds no partner counts against, and how much depends on what it is.  A
 * word halves the score at least, because Kokila Ramesh Patel is not Ramesh
 * Patel but his wife; so does an initial that conflicts.  A word that millions
 * share counts less, an initial that the other name leaves out hardly.
 *
 * Work is bounded whatever is typed: at most ten words, couples are taken
 * greedily, and words that were written apart are looked for only among six.
 * Two names that are equal need none of it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "namescore.h"
#include "namewords.h"

#define SURE			800		/* likenesses of words, of KYCVS_ALIKE */
#define JOINED			720
#define POSSIBLE		500
#define JOIN_WORDS		6		/* names of more words are not searched for joined ones */
#define ABBREVIATED		850		/* what a word for its initial is worth */
#define LEFT_OUT		6		/* weight of an initial that the other name lacks */
#define PADDING			"ramesh patel"	/* is read and compared where there is no candidate */

static const int weights[] = {
	[WORD_INITIAL] = 30, [WORD_HIS] = 20, [WORD_HERS] = 20, [WORD_COMMON] = 40, [WORD_TELLING] = 100
};

double		kycvs_name_threshold = 0.65;
double		kycvs_name_margin = 0.1;

/* One of the two names, and which of its words have found a partner. */
typedef struct Side
{
	const KycvsWords *name;
	bool		taken[KYCVS_WORDS_MAX];
} Side;

typedef struct Tally
{
	int			paired;			/* weight of what has found its like */
	int			alone;			/* and of what has not */
	int			worst;			/* likeness of the worst couple */
	bool		words;			/* some word other than an initial has */
	bool		telling;		/* and one that tells something */
	bool		crossed;		/* initials of each name stand for words of the other */
} Tally;

/* What a side has left over. */
typedef struct Rest
{
	int			initials;
	int			telling;
	int			common;			/* weight of the words that say little */
	bool		his;
	bool		hers;
} Rest;

typedef int Likenesses[KYCVS_WORDS_MAX][KYCVS_WORDS_MAX];

static bool
same_text(const KycvsWord *x, const KycvsWord *y)
{
	return x->length == y->length && memcmp(x->text, y->text, x->length) == 0;
}

static int
compare_words(const KycvsWord *x, const KycvsWord *y)
{
	if (x->kind == WORD_INITIAL || y->kind == WORD_INITIAL)
		return 0;
	if (x->sounds.n == 0 || y->sounds.n == 0)
		return same_text(x, y) ? KYCVS_ALIKE : 0;
	return kycvs_sounds_alike(&x->sounds, &y->sounds);
}

static void
count_pair(Tally *tally, int weight, int likeness)
{
	tally->paired += weight;
	tally->worst = Min(tally->worst, likeness);
}

static void
count_words(Tally *tally, int weight, int likeness)
{
	count_pair(tally, weight, likeness);
	tally->words = true;
	tally->telling |= weight > (weights[WORD_COMMON] + weights[WORD_TELLING]) / 2;
}

/* The best couple of words that are free, if it is good enough. */
static bool
find_pair(const Side *a, const Side *b, Likenesses likenesses, int floor, int *x, int *y)
{
	int			best = floor - 1;
	int			i;
	int			j;

	*x = *y = 0;
	for (i = 0; i < a->name->n; i++)
		for (j = 0; j < b->name->n; j++)
		{
			if (!a->taken[i] && !b->taken[j] && likenesses[i][j] > best)
			{
				best = likenesses[i][j];
				*x = i;
				*y = j;
			}
		}
	return best >= floor;
}

static void
pair_words(Side *a, Side *b, Likenesses likenesses, int floor, Tally *tally)
{
	int			x;
	int			y;

	while (find_pair(a, b, likenesses, floor, &x, &y))
	{
		int			weight = (weights[a->name->words[x].kind] + weights[b->name->words[y].kind]) / 2;

		a->taken[x] = b->taken[y] = true;
		count_words(tally, weight, likenesses[x][y]);
	}
}

/* How alike a word is to two others written as one. */
static int
compare_joined(const KycvsWord *word, const KycvsWord *first, const KycvsWord *second)
{
	KycvsSounds both;

	if (first->sounds.n == 0 || second->sounds.n == 0 ||
		abs(word->sounds.consonants - first->sounds.consonants - second->sounds.consonants) > 2 ||
		!kycvs_sounds_join(&first->sounds, &second->sounds, &both))
		return 0;
	return kycvs_sounds_alike(&word->sounds, &both);
}

/* The two free words of a side that are most like a word; the likeness, or 0. */
static int
find_joined(const KycvsWord *word, const Side *side, int *first, int *second)
{
	int			best = JOINED - 1;
	int			i;
	int			j;

	for (i = 0; i < side->name->n; i++)
		for (j = 0; j < side->name->n; j++)
		{
			int			likeness;

			if (i == j || side->taken[i] || side->taken[j])
				continue;
			likeness = compare_joined(word, &side->name->words[i], &side->name->words[j]);
			if (likeness > best)
			{
				best = likeness;
				*first = i;
				*second = j;
			}
		}
	return best >= JOINED ? best : 0;
}

static void
pair_joined(Side *one, Side *two, Tally *tally)
{
	int			i;

	for (i = 0; i < one->name->n && two->name->n <= JOIN_WORDS; i++)
	{
		const KycvsWord *word = &one->name->words[i];
		int			first;
		int			second;
		int			likeness;

		if (one->taken[i] || word->kind == WORD_INITIAL || word->sounds.n == 0)
			continue;
		likeness = find_joined(word, two, &first, &second);
		if (likeness == 0)
			continue;
		one->taken[i] = two->taken[first] = two->taken[second] = true;
		count_words(tally, weights[WORD_TELLING], likeness);
	}
}

/* Initials for initials: first those of the same letter, then any that may be. */
static void
pair_initials(Side *a, Side *b, bool same, Tally *tally)
{
	int			i;
	int			j;

	for (i = 0; i < a->name->n; i++)
		for (j = 0; j < b->name->n; j++)
		{
			const KycvsWord *x = &a->name->words[i];
			const KycvsWord *y = &b->name->words[j];

			if (a->taken[i] || b->taken[j] || x->kind != WORD_INITIAL || y->kind != WORD_INITIAL ||
				(same ? x->letter & y->letter : x->letters & y->letters) == 0)
				continue;
			a->taken[i] = b->taken[j] = true;
			count_pair(tally, weights[WORD_INITIAL], KYCVS_ALIKE);
		}
}

/* Which words an initial may stand for, in the order in which they are tried. */
typedef enum Standing
{
	SAME_LETTER,				/* those that begin with it */
	LIKE_LETTER,				/* with one that it may be */
	FILLER						/* and Kumar, Kumari; nobody writes B. for -bhai */
} Standing;

static bool
stands_for(const KycvsWord *initial, const KycvsWord *word, Standing standing)
{
	bool		filler = word->kind == WORD_HIS || word->kind == WORD_HERS;

	if (initial->kind != WORD_INITIAL || word->kind == WORD_INITIAL || filler != (standing == FILLER))
		return false;
	if (standing == FILLER && (word->letter & UINT32_C(1) << ('k' - 'a')) == 0)
		return false;
	return standing == SAME_LETTER ? (initial->letter & word->letter) != 0 : (initial->letters & word->letters) != 0;
}

/* Initials of one side for words of the other; whether there were any. */
static bool
pair_abbreviated(Side *one, Side *two, Standing standing, Tally *tally)
{
	bool		found = false;
	int			i;
	int			j;

	for (i = 0; i < one->name->n; i++)
		for (j = 0; j < two->name->n; j++)
		{
			if (one->taken[i] || two->taken[j] ||
				!stands_for(&one->name->words[i], &two->name->words[j], standing))
				continue;
			one->taken[i] = two->taken[j] = true;
			count_pair(tally, weights[WORD_TELLING], ABBREVIATED);
			found = true;
		}
	return found;
}

/* Initials of each side for words of the other. */
static void
pair_all_abbreviated(Side *a, Side *b, Tally *tally)
{
	bool		of_a = false;
	bool		of_b = false;
	Standing	standing;

	for (standing = SAME_LETTER; standing <= FILLER; standing++)
	{
		of_a |= pair_abbreviated(a, b, standing, tally);
		of_b |= pair_abbreviated(b, a, standing, tally);
	}
	tally->crossed = of_a && of_b;
}

static Rest
find_rest(const Side *side)
{
	Rest		rest = {0, 0, 0, false, false};
	int			i;

	for (i = 0; i < side->name->n; i++)
	{
		KycvsWordKind kind = side->name->words[i].kind;

		if (side->taken[i])
			continue;
		if (kind == WORD_INITIAL)
			rest.initials++;
		else if (kind == WORD_TELLING)
			rest.telling++;
		else
			rest.common += weights[kind];
		rest.his |= kind == WORD_HIS;
		rest.hers |= kind == WORD_HERS;
	}
	return rest;
}

/* Initials that are left over on both sides conflict, and so do an initial and a word. */
static int
count_conflicts(const Rest *a, const Rest *b)
{
	const Rest *fewer = a->initials < b->initials ? a : b;
	bool		with_word = a->initials != b->initials && fewer->telling + fewer->common > 0;

	return fewer->initials + with_word;
}

static int
weigh_initials(const Rest *a, const Rest *b)
{
	return count_conflicts(a, b) * weights[WORD_TELLING] + abs(a->initials - b->initials) * LEFT_OUT;
}

/* However much else agrees, this is somebody else, or may be. */
static bool
contradict(const Rest *a, const Rest *b)
{
	return a->telling > 0 || b->telling > 0 || count_conflicts(a, b) > 0 ||
		(a->his && b->hers) || (a->hers && b->his);
}

/*
 * A common word may be left out of one name when a telling one agrees, and is
 * then worth two fifths of itself.
 */
static int
weigh_common(const Rest *a, const Rest *b, bool telling)
{
	if (a->common > 0 && b->common > 0)
		return Max(a->common, b->common) * (a->telling + b->telling > 0 ? 2 : 3) / 2;
	return (a->common + b->common) * (telling ? 2 : 5) / 5;
}

static bool
only_initials(const KycvsWords *name)
{
	int			i;

	for (i = 0; i < name->n; i++)
	{
		if (name->words[i].kind != WORD_INITIAL)
			return false;
	}
	return true;
}

static void
pair_all(Side *a, Side *b, Tally *tally)
{
	Likenesses	likenesses;
	int			i;
	int			j;

	for (i = 0; i < a->name->n; i++)
		for (j = 0; j < b->name->n; j++)
			likenesses[i][j] = compare_words(&a->name->words[i], &b->name->words[j]);
	pair_words(a, b, likenesses, SURE, tally);
	pair_joined(a, b, tally);
	pair_joined(b, a, tally);
	pair_words(a, b, likenesses, POSSIBLE, tally);
	pair_initials(a, b, true, tally);
	pair_initials(a, b, false, tally);
	pair_all_abbreviated(a, b, tally);
}

static int
score_words(const KycvsWords *x, const KycvsWords *y)
{
	Side		a = {x, {false}};
	Side		b = {y, {false}};
	Tally		tally = {0, 0, KYCVS_ALIKE, false, false, false};
	Rest		rest_a;
	Rest		rest_b;

	pair_all(&a, &b, &tally);
	if (tally.paired == 0 || (!tally.words && !(only_initials(x) && only_initials(y))))
		return 0;
	rest_a = find_rest(&a);
	rest_b = find_rest(&b);
	tally.alone = Max(rest_a.telling, rest_b.telling) * weights[WORD_TELLING] +
		weigh_common(&rest_a, &rest_b, tally.telling) + weigh_initials(&rest_a, &rest_b);
	if (contradict(&rest_a, &rest_b) || (tally.crossed && !tally.telling))
		tally.alone = Max(tally.alone, tally.paired);
	return tally.worst * tally.paired / (tally.paired + tally.alone) * KYCVS_SCORE_MAX / KYCVS_ALIKE;
}

/*
 * Words are taken in the order of the names, and where two couples are equally
 * good the first is: so the names are put in order, for symmetry.
 */
static int
score_names(const char *a, const KycvsWords *x, const char *b, const KycvsWords *y)
{
	return strcmp(a, b) <= 0 ? score_words(x, y) : score_words(y, x);
}

int
kycvs_name_score(const char *a, const char *b)
{
	KycvsWords	x;
	KycvsWords	y;

	if (strcmp(a, b) == 0)
		return a[0] == '\0' ? 0 : KYCVS_SCORE_MAX;
	if (!kycvs_name_words(a, &x) || !kycvs_name_words(b, &y))
		return 0;
	return score_names(a, &x, b, &y);
}

static int
permille(double setting)
{
	return (int) (setting * KYCVS_SCORE_MAX + 0.5);
}

bool
kycvs_name_fits(const char *a, const char *b)
{
	return kycvs_name_score(a, b) >= permille(kycvs_name_threshold);
}

/*
 * Compares without stopping at the first difference: the work depends on
 * neither text.  What follows the NUL of "folded" is masked away, so that only
 * bytes up to it count.
 */
static bool
equals(const char folded[KYCVS_FOLDED_MAX + 1], const char candidate[KYCVS_FOLDED_MAX + 1])
{
	uint32		difference = 0;
	uint32		live = PG_UINT32_MAX;
	int			i;

	for (i = 0; i <= KYCVS_FOLDED_MAX; i++)
	{
		uint32		c = (unsigned char) folded[i];

		difference |= (c ^ (unsigned char) candidate[i]) & live;
		live &= 0U - (uint32) (c != 0);
	}
	return difference == 0;
}

/* The same work for padding, which has the typed name scored against itself, and for a name that can't be read. */
static int
score_candidate(const char *folded, const KycvsWords *words, const char *candidate, const KycvsWords *other)
{
	bool		padding = candidate[0] == '\0';
	int			score;

	if (words->n == 0 || other->n == 0)
		return 0;
	score = score_names(folded, words, padding ? folded : candidate, padding ? words : other);
	return score * !padding;
}

void
kycvs_candidates_read(KycvsCandidates *candidates, int n)
{
	int			i;

	candidates->n = n;
	for (i = 0; i < n; i++)
		if (!kycvs_name_words(candidates->folded[i][0] == '\0' ? PADDING : candidates->folded[i], &candidates->words[i]))
			candidates->words[i].n = 0;
}

/* What the candidates have shown so far. */
typedef struct Choice
{
	int			equals;			/* how many are written as the name was typed */
	int			equal;			/* one of them */
	int			same;			/* how many others sound the same */
	int			best;			/* of the scores */
	int			next;
	int			likely;			/* whose is the best */
} Choice;

static void
note_candidate(Choice *choice, int i, bool is_equal, int score)
{
	choice->equals += is_equal;
	choice->equal += is_equal * (i - choice->equal);
	choice->same += !is_equal && score == KYCVS_SCORE_MAX;
	choice->next = Max(choice->next, Min(choice->best, score));
	if (score > choice->best)
	{
		choice->best = score;
		choice->likely = i;
	}
}

/*
 * One who is written as the name was typed is meant, even if another is
 * similar; but if another has the same name, be it in other letters, nobody can
 * say which of the two.
 */
static int
decide(const Choice *choice, KycvsMatch *match)
{
	*match = KYCVS_MATCH_NONE;
	if (choice->equals == 1 && choice->same == 0)
	{
		*match = KYCVS_MATCH_EXACT;
		return choice->equal;
	}
	if (choice->equals > 0 || choice->likely < 0 ||
		choice->best < permille(kycvs_name_threshold) ||
		choice->best - choice->next < permille(kycvs_name_margin))
		return -1;
	*match = KYCVS_MATCH_VARIANT;
	return choice->likely;
}

int
kycvs_name_choose(const char *folded, const KycvsCandidates *candidates, KycvsMatch *match)
{
	char		wanted[KYCVS_FOLDED_MAX + 1];
	KycvsWords	words;
	Choice		choice = {0, -1, 0, 0, 0, -1};
	int			i;

	memset(wanted, 0, sizeof(wanted));
	*match = KYCVS_MATCH_NONE;
	if (folded[0] == '\0' || strlcpy(wanted, folded, sizeof(wanted)) >= sizeof(wanted))
		return -1;
	if (!kycvs_name_words(wanted, &words))
		words.n = 0;
	for (i = 0; i < candidates->n; i++)
		note_candidate(&choice, i, equals(wanted, candidates->folded[i]),
					   score_candidate(wanted, &words, candidates->folded[i], &candidates->words[i]));
	explicit_bzero(wanted, sizeof(wanted));
	explicit_bzero(&words, sizeof(words));
	return decide(&choice, match);
}
