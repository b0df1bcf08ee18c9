/*
 * test_rules.c
 *	  Rule sets over tables of courses, each case with its reason.
 *
 * The sets are written out here as the extension ships them; sql/rules.sql
 * compares those with what is in the tables.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "rules.h"
#include "tap.h"

#define DOSES_MAX 5
#define FAR_DAY 7000			/* any day; dates of the first table are relative to it */

/* A dose: day, doses required and interval of its product, the product. */
#define SHIELD(day)		{(day), 2, false, 28, 0, "COVISHIELD"}
#define COVAXIN(day)	{(day), 2, false, 28, 0, "COVAXIN"}
#define COVOVAX(day)	{(day), 2, false, 21, 0, "COVOVAX"}
#define LIGHT(day)		{(day), 1, false, 0, 0, "SPUTNIK-LIGHT"}
#define ZYCOV(day)		{(day), 3, false, 28, 0, "ZYCOV-D"}
#define ZYCOV3MG(day)	{(day), 2, false, 28, 0, "ZYCOV-D-3MG"}
#define PFIZER(day)		{(day), 2, false, 21, 0, "COMIRNATY"}
#define REVOKED(day, required, product) {(day), (required), true, 28, 0, product}

static const KycvsRules in_2021 = {.code = "in-2021"};
static KycvsRules in_2021_intervals = {.code = "in-2021-intervals", .enforces_intervals = true, .n = 8};
static const KycvsRules waits_only = {.code = "waits-only", .days_after = 14};
static KycvsRules eu_2022 = {.code = "eu-2022", .enforces_intervals = true, .days_after = 14, .days_at_most = 270, .n = 1};

static DateADT
day(int year, int month, int mday)
{
	/* days since 2000-01-01 of the Gregorian calendar: no server, so no date2j */
	int			y = month <= 2 ? year - 1 : year;
	int			m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + mday - 1 - 730425;
}

static void
add_interval(KycvsRuleInterval *rule, const char *product, bool booster, DateADT valid_from, int days)
{
	strlcpy(rule->product, product, sizeof(rule->product));
	rule->booster = booster;
	rule->valid_from = valid_from;
	rule->days = days;
}

/* In no order of dates: it must not matter. */
static void
make_sets(void)
{
	KycvsRuleInterval *rule = in_2021_intervals.interval;

	add_interval(rule++, "COVISHIELD", false, day(2021, 5, 13), 84);
	add_interval(rule++, "COVISHIELD", false, day(2021, 1, 16), 28);
	add_interval(rule++, "COVISHIELD", false, day(2021, 3, 22), 42);
	add_interval(rule++, "COVOVAX", false, DATEVAL_NOBEGIN, 0);
	add_interval(rule++, "COVISHIELD", true, DATEVAL_NOBEGIN, 273);
	add_interval(rule++, "COVISHIELD", true, day(2022, 7, 6), 182);
	add_interval(rule++, "ZYCOV-D", true, DATEVAL_NOBEGIN, 273);
	add_interval(rule++, "ZYCOV-D", true, day(2022, 7, 6), 182);
	add_interval(eu_2022.interval, "COVOVAX", false, DATEVAL_NOBEGIN, 0);
}

/* ---- the default ---- */

typedef struct DefaultCase
{
	const char *what;
	int			status;
	int			n;
	KycvsDose	doses[DOSES_MAX];
} DefaultCase;

static const DefaultCase default_cases[] = {
	{"no dose", 0, 0, {{0}}},
	{"COVISHIELD, one of two", 1, 1, {SHIELD(FAR_DAY - 10)}},
	{"COVISHIELD, both", 2, 2, {SHIELD(FAR_DAY - 90), SHIELD(FAR_DAY - 1)}},
	{"a dose on the day itself counts", 2, 2, {SHIELD(FAR_DAY - 90), SHIELD(FAR_DAY)}},
	{"a dose on the day after doesn't", 1, 2, {SHIELD(FAR_DAY - 90), SHIELD(FAR_DAY + 1)}},
	{"only doses in the future", 0, 2, {SHIELD(FAR_DAY + 1), SHIELD(FAR_DAY + 90)}},
	{"one dose revoked", 1, 2, {REVOKED(FAR_DAY - 90, 2, "COVISHIELD"), SHIELD(FAR_DAY - 1)}},
	{"all doses revoked", 0, 2, {REVOKED(FAR_DAY - 90, 2, "COVISHIELD"), REVOKED(FAR_DAY - 1, 2, "COVISHIELD")}},
	{"two doses on two days in a row: no interval is asked for", 2, 2, {SHIELD(FAR_DAY - 2), SHIELD(FAR_DAY - 1)}},
	{"SPUTNIK-LIGHT, its only dose", 2, 1, {LIGHT(FAR_DAY - 1)}},
	{"ZYCOV-D, one of three", 1, 1, {ZYCOV(FAR_DAY - 60)}},
	{"ZYCOV-D, two of three", 1, 2, {ZYCOV(FAR_DAY - 60), ZYCOV(FAR_DAY - 30)}},
	{"ZYCOV-D, three", 2, 3, {ZYCOV(FAR_DAY - 60), ZYCOV(FAR_DAY - 30), ZYCOV(FAR_DAY - 1)}},
	{"ZYCOV-D in its 3 mg form, two", 2, 2, {ZYCOV3MG(FAR_DAY - 60), ZYCOV3MG(FAR_DAY - 30)}},
	{"mixed, SPUTNIK-LIGHT and COVISHIELD", 2, 2, {LIGHT(FAR_DAY - 60), SHIELD(FAR_DAY - 30)}},
	{"mixed, COVISHIELD twice and ZYCOV-D once", 2, 3, {SHIELD(FAR_DAY - 60), SHIELD(FAR_DAY - 30), ZYCOV(FAR_DAY - 1)}},
	{"mixed, COVISHIELD and ZYCOV-D: three are required", 1, 2, {SHIELD(FAR_DAY - 60), ZYCOV(FAR_DAY - 30)}},
	{"mixed, the order is of no matter", 1, 2, {ZYCOV(FAR_DAY - 30), SHIELD(FAR_DAY - 60)}},
	{"mixed, a revoked ZYCOV-D requires nothing", 2, 2, {LIGHT(FAR_DAY - 60), REVOKED(FAR_DAY - 30, 3, "ZYCOV-D")}},
	{"mixed, a future ZYCOV-D requires nothing", 2, 2, {LIGHT(FAR_DAY - 60), ZYCOV(FAR_DAY + 30)}},
	{"a booster on top", 2, 3, {SHIELD(FAR_DAY - 300), SHIELD(FAR_DAY - 200), SHIELD(FAR_DAY - 1)}},
	{"dates at the ends of the calendar", 1, 2, {SHIELD(DATEVAL_NOBEGIN), SHIELD(DATEVAL_NOEND)}},
};

/* ---- sets that enforce ---- */

typedef struct When
{
	int			year;
	int			month;
	int			mday;
} When;

typedef struct EnforcedCase
{
	const KycvsRules *rules;
	const char *what;			/* and why */
	int			status;
	When		as_of;
	int			n;
	struct
	{
		When		given;
		KycvsDose	dose;
	}			doses[DOSES_MAX];
} EnforcedCase;

static const EnforcedCase enforced_cases[] = {
	/* The programme's interval at the second dose, whatever it was at the first: the dose is judged by the rule of its own date. */
	{&in_2021_intervals, "28 days under the rule of 28: counts", 2, {2021, 4, 1}, 2,
	{{{2021, 2, 1}, SHIELD(0)}, {{2021, 3, 1}, SHIELD(0)}}},
	{&in_2021_intervals, "27 days under the rule of 28: one too few", 1, {2021, 4, 1}, 2,
	{{{2021, 2, 1}, SHIELD(0)}, {{2021, 2, 28}, SHIELD(0)}}},
	{&in_2021_intervals, "the last day of the rule of 28", 2, {2021, 4, 1}, 2,
	{{{2021, 2, 21}, SHIELD(0)}, {{2021, 3, 21}, SHIELD(0)}}},
	{&in_2021_intervals, "the first day of the rule of 42: 29 days are too few", 1, {2021, 4, 1}, 2,
	{{{2021, 2, 21}, SHIELD(0)}, {{2021, 3, 22}, SHIELD(0)}}},
	{&in_2021_intervals, "42 days under the rule of 42, on its last day", 2, {2021, 6, 1}, 2,
	{{{2021, 3, 31}, SHIELD(0)}, {{2021, 5, 12}, SHIELD(0)}}},
	{&in_2021_intervals, "the first day of the rule of 84: 43 days are too few, though the first dose was given under 42", 1, {2021, 6, 1}, 2,
	{{{2021, 3, 31}, SHIELD(0)}, {{2021, 5, 13}, SHIELD(0)}}},
	{&in_2021_intervals, "84 days under the rule of 84", 2, {2021, 8, 1}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 6, 25}, SHIELD(0)}}},
	{&in_2021_intervals, "83 days under the rule of 84", 1, {2021, 8, 1}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 6, 24}, SHIELD(0)}}},
	/* Before the set's first row the product's own interval: what its maker asks for did not begin with the programme. */
	{&in_2021_intervals, "before the product's first rule, by the product's own 28 days", 2, {2021, 1, 31}, 2,
	{{{2020, 12, 10}, SHIELD(0)}, {{2021, 1, 10}, SHIELD(0)}}},
	{&in_2021_intervals, "before the product's first rule, less than the product's own", 1, {2021, 1, 31}, 2,
	{{{2020, 12, 20}, SHIELD(0)}, {{2021, 1, 10}, SHIELD(0)}}},
	{&in_2021_intervals, "a product without a row: its own interval", 1, {2021, 12, 1}, 2,
	{{{2021, 4, 1}, COVAXIN(0)}, {{2021, 4, 28}, COVAXIN(0)}}},
	{&in_2021_intervals, "a foreign product: its own interval", 2, {2021, 12, 1}, 2,
	{{{2021, 4, 1}, PFIZER(0)}, {{2021, 4, 22}, PFIZER(0)}}},
	{&in_2021_intervals, "COVOVAX: its interval is not confirmed, so nobody is refused for it", 2, {2021, 12, 1}, 2,
	{{{2021, 4, 1}, COVOVAX(0)}, {{2021, 4, 2}, COVOVAX(0)}}},

	/* A dose that came too early is none; the next one is measured from the last that counts. */
	{&in_2021_intervals, "too early, then late enough since the first: completes", 2, {2021, 12, 1}, 3,
	{{{2021, 5, 20}, SHIELD(0)}, {{2021, 6, 20}, SHIELD(0)}, {{2021, 8, 12}, SHIELD(0)}}},
	{&in_2021_intervals, "too early, then too early again", 1, {2021, 12, 1}, 3,
	{{{2021, 5, 20}, SHIELD(0)}, {{2021, 6, 20}, SHIELD(0)}, {{2021, 8, 11}, SHIELD(0)}}},
	{&in_2021_intervals, "two 'first doses' on two days: one of them", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, SHIELD(0)}, {{2021, 6, 2}, SHIELD(0)}}},
	{&in_2021_intervals, "two 'first doses' of two products on one day: one of them", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, SHIELD(0)}, {{2021, 6, 1}, COVAXIN(0)}}},
	{&in_2021_intervals, "two 'first doses' of two products, and the second of one of them", 2, {2021, 12, 1}, 3,
	{{{2021, 6, 1}, SHIELD(0)}, {{2021, 6, 2}, COVAXIN(0)}, {{2021, 6, 30}, COVAXIN(0)}}},
	{&in_2021_intervals, "a revoked dose is none: the next is the first", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, REVOKED(0, 2, "COVISHIELD")}, {{2021, 9, 1}, SHIELD(0)}}},
	{&in_2021_intervals, "the interval is measured past a revoked dose", 2, {2021, 12, 1}, 3,
	{{{2021, 5, 20}, SHIELD(0)}, {{2021, 8, 1}, REVOKED(0, 2, "COVISHIELD")}, {{2021, 8, 12}, SHIELD(0)}}},
	{&in_2021_intervals, "recorded in the other order", 2, {2021, 12, 1}, 2,
	{{{2021, 8, 12}, SHIELD(0)}, {{2021, 5, 20}, SHIELD(0)}}},
	{&in_2021_intervals, "a dose after the day is not looked at", 1, {2021, 8, 11}, 2,
	{{{2021, 5, 20}, SHIELD(0)}, {{2021, 8, 12}, SHIELD(0)}}},

	/* Mixed: the later dose's own product says how long it waits; the most demanding product says how many there must be. */
	{&in_2021_intervals, "COVISHIELD, then COVAXIN after COVAXIN's 28 days", 2, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, SHIELD(0)}, {{2021, 6, 29}, COVAXIN(0)}}},
	{&in_2021_intervals, "COVAXIN, then COVISHIELD before COVISHIELD's 84 days", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, COVAXIN(0)}, {{2021, 6, 29}, SHIELD(0)}}},
	{&in_2021_intervals, "COVISHIELD, then SPUTNIK-LIGHT, which has no interval", 2, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, SHIELD(0)}, {{2021, 6, 2}, LIGHT(0)}}},
	{&in_2021_intervals, "SPUTNIK-LIGHT, then ZYCOV-D: the course is one of three now", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 7, 1}, ZYCOV(0)}}},
	{&in_2021_intervals, "and a ZYCOV-D that came too early requires three all the same", 1, {2021, 12, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 2}, ZYCOV(0)}}},
	{&in_2021_intervals, "a single dose completes at once", 2, {2021, 6, 1}, 1, {{{2021, 6, 1}, LIGHT(0)}}},
	{&in_2021_intervals, "ZYCOV-D: three, 28 days apart", 2, {2022, 1, 1}, 3,
	{{{2021, 10, 1}, ZYCOV(0)}, {{2021, 10, 29}, ZYCOV(0)}, {{2021, 11, 26}, ZYCOV(0)}}},
	{&in_2021_intervals, "ZYCOV-D: the third a day early", 1, {2022, 1, 1}, 3,
	{{{2021, 10, 1}, ZYCOV(0)}, {{2021, 10, 29}, ZYCOV(0)}, {{2021, 11, 25}, ZYCOV(0)}}},
	{&in_2021_intervals, "ZYCOV-D in its 3 mg form: two", 2, {2022, 7, 1}, 2,
	{{{2022, 5, 1}, ZYCOV3MG(0)}, {{2022, 5, 29}, ZYCOV3MG(0)}}},
	{&in_2021_intervals, "ZYCOV-D begun with 2 mg, ended with 3 mg: three are required", 1, {2022, 7, 1}, 2,
	{{{2022, 4, 1}, ZYCOV(0)}, {{2022, 4, 29}, ZYCOV3MG(0)}}},
	{&in_2021_intervals, "a precaution dose too early takes nothing away", 2, {2022, 7, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2021, 12, 1}, SHIELD(0)}}},

	/* eu-2022: 14 days after the dose that completes the course, to 270 days after it; both days included. */
	{&eu_2022, "13 days after the last dose", 1, {2021, 7, 14}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}}},
	{&eu_2022, "14 days after the last dose", 2, {2021, 7, 15}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}}},
	{&eu_2022, "270 days after the last dose", 2, {2022, 3, 28}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}}},
	{&eu_2022, "271 days after the last dose: still vaccinated once, so 1", 1, {2022, 3, 29}, 2,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}}},
	{&eu_2022, "one dose of two waits for nothing", 1, {2021, 5, 2}, 1, {{{2021, 4, 2}, SHIELD(0)}}},
	{&eu_2022, "a single-dose product waits, too", 1, {2021, 6, 14}, 1, {{{2021, 6, 1}, LIGHT(0)}}},
	{&eu_2022, "and is good from then on", 2, {2021, 6, 15}, 1, {{{2021, 6, 1}, LIGHT(0)}}},
	{&eu_2022, "and ends", 1, {2022, 2, 27}, 1, {{{2021, 6, 1}, LIGHT(0)}}},
	{&eu_2022, "a booster has no end", 2, {2025, 1, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2022, 2, 1}, SHIELD(0)}}},
	{&eu_2022, "a booster after the end is good on its own day: it does not wait", 2, {2022, 6, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2022, 6, 1}, SHIELD(0)}}},
	{&eu_2022, "and not on the day before", 1, {2022, 5, 31}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2022, 6, 1}, SHIELD(0)}}},
	{&eu_2022, "a second dose after a single-dose course is a booster (2/1)", 2, {2025, 1, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 12, 1}, LIGHT(0)}}},
	{&eu_2022, "the only dose of a course, recorded twice, is no booster: it waits", 1, {2021, 6, 10}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 2}, LIGHT(0)}}},
	{&eu_2022, "and ends", 1, {2022, 3, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 2}, LIGHT(0)}}},
	{&eu_2022, "13 days after the course: no booster", 1, {2022, 6, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 14}, LIGHT(0)}}},
	{&eu_2022, "14 days after the course: a booster", 2, {2022, 6, 1}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 15}, LIGHT(0)}}},
	{&waits_only, "a set without intervals keeps the wait all the same", 1, {2021, 6, 10}, 2,
	{{{2021, 6, 1}, LIGHT(0)}, {{2021, 6, 2}, LIGHT(0)}}},
	{&eu_2022, "a booster of another product (COVAXIN)", 2, {2025, 1, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2022, 2, 1}, COVAXIN(0)}}},
	{&eu_2022, "a booster too early is none: the course ends", 1, {2025, 1, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2021, 7, 20}, SHIELD(0)}}},
	{&eu_2022, "a traveller's COVISHIELD after 28 days: the programme's 84 are not Europe's", 2, {2021, 8, 1}, 2,
	{{{2021, 6, 10}, SHIELD(0)}, {{2021, 7, 8}, SHIELD(0)}}},
	{&in_2021_intervals, "the same traveller by the programme's rule: the exception is not recorded with a dose", 1, {2021, 9, 1}, 2,
	{{{2021, 6, 10}, SHIELD(0)}, {{2021, 7, 8}, SHIELD(0)}}},
	{&eu_2022, "a completing dose revoked: the booster completes, waits and ends", 1, {2022, 2, 14}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, REVOKED(0, 2, "COVISHIELD")}, {{2022, 2, 1}, SHIELD(0)}}},
	{&eu_2022, "ZYCOV-D as a booster on COVISHIELD: three of three, complete before", 2, {2025, 1, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2022, 2, 1}, ZYCOV(0)}}},
	{&eu_2022, "a ZYCOV-D too early as a booster requires nothing", 2, {2022, 1, 1}, 3,
	{{{2021, 4, 2}, SHIELD(0)}, {{2021, 7, 1}, SHIELD(0)}, {{2021, 7, 20}, ZYCOV(0)}}},
	{&eu_2022, "no dose", 0, {2022, 1, 1}, 0, {{{0}, {0}}}},
};

static void
read_doses(const EnforcedCase *one, KycvsDose *doses)
{
	int			i;

	for (i = 0; i < one->n; i++)
	{
		const When *given = &one->doses[i].given;

		doses[i] = one->doses[i].dose;
		doses[i].given_on = day(given->year, given->month, given->mday);
	}
}

static void
check_sets(void)
{
	KycvsDose	doses[DOSES_MAX];
	size_t		i;

	for (i = 0; i < lengthof(enforced_cases); i++)
	{
		const EnforcedCase *one = &enforced_cases[i];

		read_doses(one, doses);
		tap_number(kycvs_rules_status(one->rules, doses, one->n, day(one->as_of.year, one->as_of.month, one->as_of.mday)),
				   one->status, "rules: %s: %s", one->rules->code, one->what);
	}
}

/* ---- why, and what is to come ---- */

static void
check_reasons(void)
{
	const KycvsDose doses[] = {
		SHIELD(day(2021, 4, 2)), SHIELD(day(2021, 6, 1)), SHIELD(day(2021, 7, 1)), REVOKED(day(2021, 8, 1), 2, "COVISHIELD"),
		SHIELD(day(2021, 9, 1)), SHIELD(day(2022, 8, 1)), SHIELD(day(2023, 1, 1))
	};
	KycvsJudgement judged[lengthof(doses)];
	KycvsCourse course;

	kycvs_rules_judge(&in_2021_intervals, doses, lengthof(doses), day(2022, 12, 31), judged, &course);
	tap_ok(judged[0].verdict == KYCVS_DOSE_COUNTS && judged[0].counted == 1 && judged[0].required == 2, "rules: the first of two");
	tap_ok(judged[1].verdict == KYCVS_DOSE_TOO_EARLY && judged[1].days == 60 && judged[1].days_required == 84 &&
		   judged[1].rule_from == day(2021, 5, 13), "rules: too early, and by which rule");
	tap_ok(judged[2].verdict == KYCVS_DOSE_COUNTS && judged[2].counted == 2, "rules: the second of two");
	tap_ok(judged[3].verdict == KYCVS_DOSE_REVOKED, "rules: a revoked one");
	tap_ok(judged[4].verdict == KYCVS_DOSE_TOO_EARLY && judged[4].days_required == 273 &&
		   judged[4].rule_from == DATEVAL_NOBEGIN, "rules: a booster too early, by the booster's rule");
	tap_ok(judged[5].verdict == KYCVS_DOSE_BOOSTS, "rules: a booster, by the rule of its own date");
	tap_ok(judged[6].verdict == KYCVS_DOSE_LATER, "rules: a dose after the day");
	tap_ok(course.complete && course.boosted && course.completed_on == day(2021, 7, 1), "rules: complete since the dose that completed it");
}

static void
check_next(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of, DateADT expected, int expected_status, const char *what)
{
	DateADT		next;
	int			status = -1;
	bool		changes = kycvs_rules_next(rules, doses, n, as_of, &next, &status);

	tap_ok(changes == (expected_status >= 0) && (!changes || (next == expected && status == expected_status)),
		   "rules: %s: next, %s", rules->code, what);
}

static void
check_earliest(void)
{
	KycvsRules	eased = in_2021_intervals;
	KycvsDose	last = SHIELD(day(2021, 3, 1));

	tap_number(kycvs_rules_earliest(&in_2021, &last, false), last.given_on, "rules: without intervals, at once");
	tap_number(kycvs_rules_earliest(&in_2021_intervals, &last, false), day(2021, 4, 12), "rules: by the rule that holds then: 42 days");
	last.given_on = day(2021, 4, 2);
	tap_number(kycvs_rules_earliest(&in_2021_intervals, &last, false), day(2021, 6, 25), "rules: by the rule that holds then: 84 days");
	tap_number(kycvs_rules_earliest(&in_2021_intervals, &last, true), day(2021, 12, 31), "rules: a booster after 39 weeks");
	add_interval(&eased.interval[eased.n++], "COVISHIELD", false, day(2021, 6, 7), 28);
	tap_number(kycvs_rules_earliest(&eased, &last, false), day(2021, 6, 7), "rules: a later rule that asks for less");
	last.given_on = day(2021, 12, 1);
	tap_number(kycvs_rules_earliest(&in_2021_intervals, &last, true), day(2022, 7, 6), "rules: a booster when its interval was shortened");
	last.given_on = DATEVAL_NOEND - 10;
	tap_number(kycvs_rules_earliest(&in_2021_intervals, &last, false), DATEVAL_NOEND, "rules: not before the end of the calendar");
}

static void
check_changes(void)
{
	const KycvsDose both[] = {SHIELD(day(2021, 4, 2)), SHIELD(day(2021, 7, 1)), SHIELD(day(2022, 6, 1))};
	const KycvsDose ends[] = {SHIELD(DATEVAL_NOBEGIN), SHIELD(DATEVAL_NOEND)};

	check_next(&eu_2022, both, 2, day(2021, 1, 1), day(2021, 4, 2), 1, "becomes 1 with the first dose");
	check_next(&eu_2022, both, 2, day(2021, 4, 2), day(2021, 7, 15), 2, "becomes 2 when the wait is over");
	check_next(&eu_2022, both, 2, day(2021, 7, 15), day(2022, 3, 29), 1, "ceases to be 2 on the 271st day");
	check_next(&eu_2022, both, 2, day(2022, 3, 29), 0, -1, "nothing more");
	check_next(&eu_2022, both, 3, day(2022, 3, 29), day(2022, 6, 1), 2, "becomes 2 again with a booster");
	check_next(&eu_2022, both, 3, day(2022, 6, 1), 0, -1, "which stays");
	check_next(&in_2021, both, 2, day(2021, 7, 1), 0, -1, "2 for ever");
	check_next(&in_2021, both, 2, day(2021, 6, 30), day(2021, 7, 1), 2, "the day of the second dose");
	check_next(&eu_2022, ends, 2, FAR_DAY, 0, -1, "the ends of the calendar");
}

/* ---- every course of a small world ---- */

#define WORLD_DOSES 4

/* The digits of "number" choose product and gap of each dose. */
static void
make_course(int number, KycvsDose *doses)
{
	static const KycvsDose products[] = {SHIELD(0), COVAXIN(0), LIGHT(0), ZYCOV(0)};
	static const int gaps[] = {0, 27, 28, 84, 300};
	DateADT		given_on = day(2021, 3, 1);
	int			i;

	for (i = 0; i < WORLD_DOSES; i++)
	{
		doses[i] = products[number % lengthof(products)];
		number /= lengthof(products);
		given_on += gaps[number % lengthof(gaps)];
		number /= lengthof(gaps);
		doses[i].given_on = given_on;
	}
}

/* What a set enforces can only take away from the default; and the next change is where the days say it is. */
static void
check_world(void)
{
	static const KycvsRules *const sets[] = {&in_2021_intervals, &eu_2022};
	KycvsDose	doses[WORLD_DOSES];
	int			more = 0;
	int			elsewhere = 0;
	int			number;

	for (number = 0; number < 20 * 20 * 20 * 20; number += 7)
	{
		const KycvsRules *rules = sets[number % 2];
		DateADT		as_of = day(2021, 3, 1) + number % 1000;
		DateADT		next;
		DateADT		d;
		int			status;
		int			now;

		make_course(number, doses);
		now = kycvs_rules_status(rules, doses, WORLD_DOSES, as_of);
		more += now > kycvs_rules_status(&in_2021, doses, WORLD_DOSES, as_of);
		if (!kycvs_rules_next(rules, doses, WORLD_DOSES, as_of, &next, &status))
			next = as_of + 400;
		for (d = as_of; d < next; d += 3)
			elsewhere += kycvs_rules_status(rules, doses, WORLD_DOSES, d) != now;
		elsewhere += kycvs_rules_status(rules, doses, WORLD_DOSES, next - 1) != now;
	}
	tap_number(more, 0, "rules: no set says more than the default, over %d courses", 20 * 20 * 20 * 20 / 7 + 1);
	tap_number(elsewhere, 0, "rules: the next change is the next");
}

void
test_rules(void)
{
	size_t		i;

	make_sets();
	for (i = 0; i < lengthof(default_cases); i++)
		tap_number(kycvs_rules_status(&in_2021, default_cases[i].doses, default_cases[i].n, FAR_DAY), default_cases[i].status,
				   "rules: %s", default_cases[i].what);
	tap_number(kycvs_rules_status(&in_2021, NULL, 0, FAR_DAY), 0, "rules: no array of doses");
	tap_number(day(2021, 7, 1), 7852, "rules: the test's calendar");
	check_sets();
	check_reasons();
	check_earliest();
	check_changes();
	check_world();
}
