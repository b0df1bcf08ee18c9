/*
 * test_choice.c
 *	  Names of a group that mean the same person.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "choice.h"
#include "tap.h"

#define GROUP_MAX 6
#define NONE	KYCVS_MATCH_NONE
#define VARIANT	KYCVS_MATCH_VARIANT
#define EXACT	KYCVS_MATCH_EXACT

/* What was chosen, and the persons that are left. */
typedef struct ChoiceCase
{
	const char *what;
	int			n;
	KycvsChoice choices[GROUP_MAX];
	int64		left[GROUP_MAX];
} ChoiceCase;

static const ChoiceCase cases[] = {
	{"one name", 1, {{7, EXACT}}, {7}},
	{"a name that means nobody", 1, {{0, NONE}}, {0}},
	{"several that mean nobody", 3, {{0, NONE}, {0, NONE}, {0, NONE}}, {0, 0, 0}},
	{"each its own person", 3, {{7, EXACT}, {8, VARIANT}, {9, EXACT}}, {7, 8, 9}},
	{"an exact match wins over a variant", 2, {{7, EXACT}, {7, VARIANT}}, {7, 0}},
	{"also when it comes later", 2, {{7, VARIANT}, {7, EXACT}}, {0, 7}},
	{"two variants: neither", 2, {{7, VARIANT}, {7, VARIANT}}, {0, 0}},
	{"two exact matches: neither", 2, {{7, EXACT}, {7, EXACT}}, {0, 0}},
	{"an exact match over two variants", 3, {{7, VARIANT}, {7, EXACT}, {7, VARIANT}}, {0, 7, 0}},
	{"two exact matches and a variant: none of them", 3, {{7, EXACT}, {7, VARIANT}, {7, EXACT}}, {0, 0, 0}},
	{"three variants: none of them", 3, {{7, VARIANT}, {7, VARIANT}, {7, VARIANT}}, {0, 0, 0}},
	{"others are not touched", 4, {{7, VARIANT}, {8, EXACT}, {7, VARIANT}, {0, NONE}}, {0, 8, 0, 0}},
	{"two rivalries", 6, {{7, EXACT}, {8, VARIANT}, {7, VARIANT}, {8, VARIANT}, {9, VARIANT}, {0, NONE}}, {7, 0, 0, 0, 9, 0}},
};

static bool
as_expected(const KycvsChoice *choices, const ChoiceCase *expected)
{
	int			i;

	for (i = 0; i < expected->n; i++)
		if (choices[i].person != expected->left[i] ||
			choices[i].match != (expected->left[i] == 0 ? NONE : expected->choices[i].match))
			return false;
	return true;
}

void
test_choice(void)
{
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		KycvsChoice choices[GROUP_MAX];

		memcpy(choices, cases[i].choices, sizeof(choices));
		kycvs_choices_part(choices, cases[i].n);
		tap_ok(as_expected(choices, &cases[i]), "choice: %s", cases[i].what);
	}
}
