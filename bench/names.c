/*
 * names.c
 *	  How many names the matcher accepts that are the same, and that are not.
 *
 *		names SET FILE [SET FILE]...
 *
 * A file has a line of titles and then a name a line, in Latin letters and in
 * Devanagari, with a tab between.  What is accepted is a score of at least
 * kycvs.name_threshold.  Prints tables in Markdown.  Random choices come from
 * a generator with a fixed seed, so that a run can be repeated.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <ctype.h>
#include <time.h>

#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "namescore.h"

#define NAMES_MAX		20000
#define TEXT_MAX		1024	/* of a name, also when it is converted */
#define RANDOM_PAIRS	200000
#define SAME_LAST_MAX	60		/* pairs that a name takes part in as the first */
#define CURVE_LOW		500
#define CURVE_STEP		10
#define PERSONS			6		/* of one mobile */
#define SPEED_PAIRS		1000

typedef char Folded[KYCVS_FOLDED_MAX + 1];

/* One person's name, written twice.  Empty where the matcher says it is no name. */
typedef struct Row
{
	char		latin[TEXT_MAX];
	char		other[TEXT_MAX];
	Folded		latin_folded;
	Folded		other_folded;
	char		first[TEXT_MAX];	/* of the words in Latin letters */
	char		last[TEXT_MAX];
	bool		half;			/* which half of the set */
} Row;

/* How often a score was reached. */
typedef struct Counts
{
	long		of[KYCVS_SCORE_MAX + 1];
	long		all;
} Counts;

typedef struct Result
{
	Counts		same;
	Counts		halves[2];
	Counts		random;
	Counts		same_last;
} Result;

typedef enum Form
{
	LATIN_OTHER,
	OTHER_LATIN,
	LATIN_LATIN,
	OTHER_OTHER
} Form;

static Row *rows;
static int	n_rows;
static uint64 state;

static uint32
random_below(uint32 limit)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32) ((state * UINT64CONST(2685821657736338717)) >> 32) % limit;
}

static void
fail(const char *what)
{
	fprintf(stderr, "names: %s\n", what);
	exit(2);
}

static uint32
hash(const char *text)
{
	uint32		h = 2166136261u;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char) *text) * 16777619u;
	return h >> 7;
}

/* First and last word in lower case; blanks, full stops and commas separate. */
static void
find_words(Row *row)
{
	char		text[TEXT_MAX];
	char	   *rest = NULL;
	char	   *word;
	char	   *c;

	strlcpy(text, row->latin, sizeof(text));
	for (c = text; *c != '\0'; c++)
		*c = tolower((unsigned char) *c);
	row->first[0] = row->last[0] = '\0';
	for (word = strtok_r(text, " .,", &rest); word != NULL; word = strtok_r(NULL, " .,", &rest))
	{
		if (row->first[0] == '\0')
			strlcpy(row->first, word, sizeof(row->first));
		strlcpy(row->last, word, sizeof(row->last));
	}
}

static void
fold(const char *name, Folded folded)
{
	if (kycvs_name_fold(name, folded) != 0)
		folded[0] = '\0';
}

/* By their last words; those with the same in no order. */
static int
compare_rows(const void *a, const void *b)
{
	const Row  *x = a;
	const Row  *y = b;
	int			last = strcmp(x->last, y->last);

	return last != 0 ? last : (hash(x->latin) > hash(y->latin)) - (hash(x->latin) < hash(y->latin));
}

static void
read_rows(const char *path)
{
	FILE	   *file = fopen(path, "r");
	char		line[2 * TEXT_MAX];

	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		fail(path);
	for (n_rows = 0; n_rows < NAMES_MAX && fgets(line, sizeof(line), file) != NULL;)
	{
		Row		   *row = &rows[n_rows];
		char	   *tab = strchr(line, '\t');

		line[strcspn(line, "\r\n")] = '\0';
		if (tab == NULL)
			continue;
		*tab = '\0';
		strlcpy(row->latin, line, sizeof(row->latin));
		strlcpy(row->other, tab + 1, sizeof(row->other));
		row->half = hash(row->latin) & 1;
		find_words(row);
		fold(row->latin, row->latin_folded);
		n_rows++;
	}
	fclose(file);
	qsort(rows, n_rows, sizeof(Row), compare_rows);
}

/* From Devanagari to another script; NULL leaves it. */
static void
convert(const char *script)
{
	UErrorCode	status = U_ZERO_ERROR;
	UTransliterator *to = NULL;
	UChar		units[TEXT_MAX];
	char		id[64];
	char		text[TEXT_MAX];
	int			i;

	if (script != NULL)
	{
		snprintf(id, sizeof(id), "Devanagari-%s", script);
		u_uastrcpy(units, id);
		to = utrans_openU(units, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
	}
	for (i = 0; i < n_rows && U_SUCCESS(status); i++)
	{
		int32_t		length = 0;
		int32_t		limit;

		strlcpy(text, rows[i].other, sizeof(text));
		if (to != NULL)
		{
			u_strFromUTF8(units, lengthof(units), &length, rows[i].other, -1, &status);
			limit = length;
			utrans_transUChars(to, units, &length, lengthof(units), 0, &limit, &status);
			u_strToUTF8(text, sizeof(text), NULL, units, length, &status);
		}
		fold(text, rows[i].other_folded);
	}
	if (U_FAILURE(status))
		fail(u_errorName(status));
	if (to != NULL)
		utrans_close(to);
}

/* ---- counting ---- */

static void
count(Counts *counts, int score)
{
	counts->of[score]++;
	counts->all++;
}

/* Percent of at least so much. */
static double
percent(const Counts *counts, int threshold)
{
	long		sum = 0;
	int			i;

	for (i = threshold; i <= KYCVS_SCORE_MAX; i++)
		sum += counts->of[i];
	return counts->all == 0 ? 0 : 100.0 * sum / counts->all;
}

/* What is no name fits nothing. */
static int
score_rows(Form form, const Row *a, const Row *b)
{
	const char *x = form == LATIN_OTHER || form == LATIN_LATIN ? a->latin_folded : a->other_folded;
	const char *y = form == OTHER_LATIN || form == LATIN_LATIN ? b->latin_folded : b->other_folded;

	return kycvs_name_score(x, y);
}

static void
count_same(Form form, Result *result)
{
	int			i;

	for (i = 0; i < n_rows; i++)
	{
		int			score = score_rows(form, &rows[i], &rows[i]);

		count(&result->same, score);
		count(&result->halves[rows[i].half], score);
	}
}

static void
count_random(Form form, Counts *counts)
{
	state = UINT64CONST(88172645463325252);
	while (counts->all < RANDOM_PAIRS)
	{
		const Row  *a = &rows[random_below(n_rows)];
		const Row  *b = &rows[random_below(n_rows)];

		if (strcmp(a->latin_folded, b->latin_folded) != 0)
			count(counts, score_rows(form, a, b));
	}
}

static void
count_same_last(Form form, Counts *counts)
{
	int			i;
	int			j;

	for (i = 0; i < n_rows; i++)
	{
		int			found = 0;

		for (j = i + 1; j < n_rows && strcmp(rows[i].last, rows[j].last) == 0 && found < SAME_LAST_MAX; j++)
		{
			if (strcmp(rows[i].first, rows[j].first) == 0)
				continue;
			count(counts, score_rows(form, &rows[i], &rows[j]));
			found++;
		}
	}
}

static Result *
measure(Form form)
{
	static Result result;

	memset(&result, 0, sizeof(result));
	if (form == LATIN_OTHER || form == OTHER_LATIN)
		count_same(form, &result);
	count_random(form, &result.random);
	count_same_last(form, &result.same_last);
	return &result;
}

/* ---- tables ---- */

static void
print_line(const char *set, const char *what, const Result *result)
{
	int			threshold = (int) (kycvs_name_threshold * KYCVS_SCORE_MAX + 0.5);

	printf("| %s | %s | ", set, what);
	if (result->same.all > 0)
		printf("%.2f | %.2f | %.2f | ", percent(&result->same, threshold), percent(&result->halves[0], threshold),
			   percent(&result->halves[1], threshold));
	else
		printf("| | | ");
	printf("%.3f | ", percent(&result->random, threshold));
	if (result->same_last.all >= 1000)
		printf("%.2f |\n", percent(&result->same_last, threshold));
	else
		printf("|\n");
}

static void
print_forms(const char *set)
{
	static const char *const forms[] = {
		[LATIN_OTHER] = "Latin, Devanagari", [OTHER_LATIN] = "Devanagari, Latin",
		[LATIN_LATIN] = "Latin, Latin", [OTHER_OTHER] = "Devanagari, Devanagari"
	};
	static const char *const scripts[] = {
		"Gujarati", "Bengali", "Gurmukhi", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam"
	};
	size_t		i;

	convert(NULL);
	for (i = 0; i < lengthof(forms); i++)
		print_line(set, forms[i], measure(i));
	for (i = 0; i < lengthof(scripts); i++)
	{
		char		what[64];

		snprintf(what, sizeof(what), "Latin, %s (converted)", scripts[i]);
		convert(scripts[i]);
		print_line(set, what, measure(LATIN_OTHER));
	}
}

static void
print_curve(const char *set)
{
	const Result *result;
	int			threshold;

	convert(NULL);
	result = measure(LATIN_OTHER);
	for (threshold = CURVE_LOW; threshold <= KYCVS_SCORE_MAX; threshold += threshold < 700 ? CURVE_STEP : 5 * CURVE_STEP)
		printf("| %s | %.2f | %.2f | %.3f | %.2f |\n", set, threshold / (double) KYCVS_SCORE_MAX,
			   percent(&result->same, threshold), percent(&result->random, threshold),
			   percent(&result->same_last, threshold));
}

/* ---- families ---- */

typedef struct Outcomes
{
	int			asked;
	int			right;
	int			none;
	int			another;
	int			stranger;		/* another, when who is asked for is not among them */
} Outcomes;

/* Whether a row is of nobody who is in the family already, and its last word no initial. */
static bool
is_relative(const Row *row, const Row *const family[], int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(family[i]->first, row->first) == 0)
			return false;
	}
	return strlen(row->last) > 2 && strcmp(row->first, row->last) != 0 && row->latin_folded[0] != '\0';
}

/* Each is named in Latin letters; the registry has them in Devanagari. */
static void
ask_family(const Row *const family[], int n, Outcomes *outcomes)
{
	KycvsCandidates names;
	KycvsMatch	match;
	int			i;
	int			k;

	for (i = 0; i < n && n > 1; i++)
	{
		int			chosen;

		memset(&names, 0, sizeof(names));
		for (k = 0; k < n; k++)
			strlcpy(names.folded[k], family[k]->other_folded, sizeof(names.folded[k]));
		kycvs_candidates_read(&names, PERSONS);
		chosen = kycvs_name_choose(family[i]->latin_folded, &names, &match);
		outcomes->asked++;
		outcomes->right += chosen == i;
		outcomes->none += chosen < 0;
		outcomes->another += chosen >= 0 && chosen != i;
		names.folded[i][0] = '\0';
		kycvs_candidates_read(&names, PERSONS);
		outcomes->stranger += kycvs_name_choose(family[i]->latin_folded, &names, &match) >= 0;
	}
}

/* Up to six persons with the same last word and different first words share a mobile. */
static void
ask_families(Outcomes *outcomes)
{
	const Row  *family[PERSONS];
	int			n = 0;
	int			i;

	for (i = 0; i < n_rows; i++)
	{
		if (n > 0 && (n == PERSONS || strcmp(family[0]->last, rows[i].last) != 0))
		{
			ask_family(family, n, outcomes);
			n = 0;
		}
		if (is_relative(&rows[i], family, n))
			family[n++] = &rows[i];
	}
	ask_family(family, n, outcomes);
}

static double
share(int part, const Outcomes *outcomes)
{
	return 100.0 * part / outcomes->asked;
}

static void
print_families(const char *set)
{
	static const double margins[] = {0, 0.05, 0.1, 0.15, 0.2, 0.3};
	double		shipped = kycvs_name_margin;
	size_t		i;

	convert(NULL);
	for (i = 0; i < lengthof(margins); i++)
	{
		Outcomes	outcomes = {0, 0, 0, 0, 0};

		kycvs_name_margin = margins[i];
		ask_families(&outcomes);
		if (outcomes.asked >= 1000)
			printf("| %s | %.2f | %d | %.2f | %.2f | %.2f | %.2f |\n", set, margins[i], outcomes.asked,
				   share(outcomes.right, &outcomes), share(outcomes.none, &outcomes),
				   share(outcomes.another, &outcomes), share(outcomes.stranger, &outcomes));
	}
	kycvs_name_margin = shipped;
}

/* ---- speed ---- */

static double
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Both names folded and compared, as kycvs.name_match does; the best of five. */
static double
time_pairs(void)
{
	double		best = 1e9;
	int			round;
	int			i;

	for (round = 0; round < 5; round++)
	{
		double		start = milliseconds();

		for (i = 0; i < SPEED_PAIRS; i++)
		{
			const Row  *row = &rows[i * 37 % n_rows];
			Folded		a;
			Folded		b;

			fold(row->latin, a);
			fold(row->other, b);
			kycvs_name_score(a, b);
		}
		best = Min(best, milliseconds() - start);
	}
	return best;
}

static void
for_each_set(int argc, char **argv, void (*print) (const char *set))
{
	int			i;

	for (i = 1; i + 1 < argc; i += 2)
	{
		read_rows(argv[i + 1]);
		if (n_rows == 0)
			fail("no names");
		print(argv[i]);
	}
}

static void
print_speed(const char *set)
{
	printf("%s: %d matches of Latin and Devanagari, warm: %.1f ms\n", set, SPEED_PAIRS, time_pairs());
}

int
main(int argc, char **argv)
{
	rows = calloc(NAMES_MAX, sizeof(Row));
	if (rows == NULL || argc < 3)
		fail("usage: names SET FILE [SET FILE]...");
	printf("threshold %.2f, margin %.2f\n\n", kycvs_name_threshold, kycvs_name_margin);
	puts("| set | compared | same, % | one half | other half | random, % | same last word, % |\n|---|---|---|---|---|---|---|");
	for_each_set(argc, argv, print_forms);
	puts("\n| set | threshold | same, % | random, % | same last word, % |\n|---|---|---|---|---|");
	for_each_set(argc, argv, print_curve);
	puts("\n| set | margin | asked | right, % | none, % | another, % | another when absent, % |\n|---|---|---|---|---|---|---|");
	for_each_set(argc, argv, print_families);
	puts("");
	for_each_set(argc, argv, print_speed);
	return 0;
}
