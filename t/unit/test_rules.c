/*
 * test_rules.c
 *	  The default rules over a table of courses.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "rules.h"
#include "tap.h"

#define DOSES_MAX 5
#define DAY 7000				/* any day; dates below are relative to it */

typedef struct RulesCase
{
	const char *what;
	int			status;
	int			n;
	KycvsDose	doses[DOSES_MAX];
} RulesCase;

/* Dose: day, doses required by its product, revoked. */
static const RulesCase cases[] = {
	{"no dose", 0, 0, {{0}}},
	{"COVISHIELD, one of two", 1, 1, {{DAY - 10, 2, false}}},
	{"COVISHIELD, both", 2, 2, {{DAY - 90, 2, false}, {DAY - 1, 2, false}}},
	{"a dose on the day itself counts", 2, 2, {{DAY - 90, 2, false}, {DAY, 2, false}}},
	{"a dose on the day after doesn't", 1, 2, {{DAY - 90, 2, false}, {DAY + 1, 2, false}}},
	{"only doses in the future", 0, 2, {{DAY + 1, 2, false}, {DAY + 90, 2, false}}},
	{"one dose revoked", 1, 2, {{DAY - 90, 2, true}, {DAY - 1, 2, false}}},
	{"all doses revoked", 0, 2, {{DAY - 90, 2, true}, {DAY - 1, 2, true}}},
	{"two doses on two days in a row: no interval is asked for", 2, 2,
	{{DAY - 2, 2, false}, {DAY - 1, 2, false}}},
	{"SPUTNIK-LIGHT, its only dose", 2, 1, {{DAY - 1, 1, false}}},
	{"ZYCOV-D, one of three", 1, 1, {{DAY - 60, 3, false}}},
	{"ZYCOV-D, two of three", 1, 2, {{DAY - 60, 3, false}, {DAY - 30, 3, false}}},
	{"ZYCOV-D, three", 2, 3, {{DAY - 60, 3, false}, {DAY - 30, 3, false}, {DAY - 1, 3, false}}},
	{"ZYCOV-D in its 3 mg form, two", 2, 2, {{DAY - 60, 2, false}, {DAY - 30, 2, false}}},
	{"mixed, SPUTNIK-LIGHT and COVISHIELD", 2, 2, {{DAY - 60, 1, false}, {DAY - 30, 2, false}}},
	{"mixed, COVISHIELD twice and ZYCOV-D once", 2, 3,
	{{DAY - 60, 2, false}, {DAY - 30, 2, false}, {DAY - 1, 3, false}}},
	{"mixed, COVISHIELD and ZYCOV-D: three are required", 1, 2,
	{{DAY - 60, 2, false}, {DAY - 30, 3, false}}},
	{"mixed, the order is of no matter", 1, 2, {{DAY - 30, 3, false}, {DAY - 60, 2, false}}},
	{"mixed, a revoked ZYCOV-D requires nothing", 2, 2, {{DAY - 60, 1, false}, {DAY - 30, 3, true}}},
	{"mixed, a future ZYCOV-D requires nothing", 2, 2, {{DAY - 60, 1, false}, {DAY + 30, 3, false}}},
	{"a booster on top", 2, 3, {{DAY - 300, 2, false}, {DAY - 200, 2, false}, {DAY - 1, 2, false}}},
	{"dates at the ends of the calendar", 1, 2, {{DATEVAL_NOBEGIN, 2, false}, {DATEVAL_NOEND, 2, false}}},
};

void
test_rules(void)
{
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
		tap_number(kycvs_rules_status(cases[i].doses, cases[i].n, DAY), cases[i].status,
				   "rules: %s", cases[i].what);
	tap_number(kycvs_rules_status(NULL, 0, DAY), 0, "rules: no array of doses");
}
