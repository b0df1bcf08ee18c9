/*
 * rules.c
 *	  From doses to 0 (not vaccinated), 1 (partially) or 2 (fully vaccinated).
 *
 * What counts is how many doses there are by the day in question, and how many
 * the products given by then require.  In a mixed course the most demanding
 * product decides, so that a single dose of a one-dose product doesn't complete
 * a course that began with another.
 *
 * The default rules, "in-2021", do no more: a dose that was given too early is
 * the business of the clerk who records it, not a reason to call a person
 * partially vaccinated.  A set that enforces intervals doesn't count a dose
 * that came too soon after the last one that counts, by the rule for its own
 * product on its own day; unless the course was complete, its product is
 * required all the same, for it was given.  So whatever a set enforces, it
 * never says more than the default does.  A set may also wait for some days after the dose that completes the
 * course, and end some days after it unless a booster was given.
 *
 * Nothing here depends on the order in which doses were recorded (but for two
 * on one day), on the clock or on settings: the same doses, rules and day give
 * the same status for ever.  docs/rules.md gives reasons for each case.
 *
 * Days may be the ends of the calendar, so they are added up as int64.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "rules.h"

#define NOT_VACCINATED	0
#define PARTIALLY		1
#define FULLY			2

/* ---- intervals ---- */

/* The newest row for such a dose on that day; NULL when none was in force. */
static const KycvsRuleInterval *
find_rule(const KycvsRules *rules, const char *product, bool booster, DateADT day)
{
	const KycvsRuleInterval *found = NULL;
	int			i;

	for (i = 0; i < rules->n; i++)
	{
		const KycvsRuleInterval *rule = &rules->interval[i];

		if (rule->booster == booster && rule->valid_from <= day && strcmp(rule->product, product) == 0 &&
			(found == NULL || rule->valid_from > found->valid_from))
			found = rule;
	}
	return found;
}

/*
 * Where the set has no row, the interval is the product's own.  A dose within
 * the days that must pass after a complete course is no booster of it, or the
 * only dose of a product, recorded twice, would end the wait.
 */
static int
days_needed(const KycvsRules *rules, const KycvsDose *dose, bool booster, DateADT day, DateADT *rule_from)
{
	const KycvsRuleInterval *rule = rules->enforces_intervals ? find_rule(rules, dose->product, booster, day) : NULL;
	int			days = rule != NULL ? rule->days : rules->enforces_intervals ? dose->interval_days : 0;
	int			wait = booster ? rules->days_after : 0;

	*rule_from = rule != NULL && days >= wait ? rule->valid_from : DATEVAL_NOBEGIN;
	return Max(days, wait);
}

static bool
too_early(const KycvsRules *rules, const KycvsDose *dose, const KycvsDose *last, bool booster, KycvsJudgement *judgement)
{
	int64		days = (int64) dose->given_on - last->given_on;

	judgement->days_required = days_needed(rules, dose, booster, dose->given_on, &judgement->rule_from);
	if (days >= judgement->days_required)
		return false;
	judgement->days = (int) days;
	return true;
}

/* The first day after "day" from which another rule may hold. */
static int64
next_rule(const KycvsRules *rules, int64 day)
{
	int64		next = DATEVAL_NOEND;
	int			i;

	for (i = 0; i < rules->n; i++)
		if (rules->interval[i].valid_from > day)
			next = Min(next, rules->interval[i].valid_from);
	return next;
}

/* From rule to rule: a later one may ask for less, as well as for more. */
DateADT
kycvs_rules_earliest(const KycvsRules *rules, const KycvsDose *last, bool booster)
{
	int64		day = last->given_on;

	while (day < DATEVAL_NOEND)
	{
		DateADT		rule_from;
		int64		enough = (int64) last->given_on + days_needed(rules, last, booster, (DateADT) day, &rule_from);

		if (day >= enough)
			return (DateADT) day;
		day = Min(enough, next_rule(rules, day));
	}
	return DATEVAL_NOEND;
}

/* ---- one dose after the other ---- */

/* A dose after a complete course, which it doesn't turn into a mixed one that wants more. */
static bool
is_booster(const KycvsCourse *course, const KycvsDose *dose)
{
	return course->complete && course->counted + 1 >= dose->doses_required;
}

/* A booster that came too early is as if it had not been given; another dose is at least required. */
static void
take_dose(KycvsCourse *course, const KycvsDose *doses, int i, bool booster, bool early)
{
	if (booster && early)
		return;
	course->required = Max(course->required, doses[i].doses_required);
	if (!early)
	{
		course->counted++;
		course->last = i;
	}
	course->boosted = booster;
	if (booster)
		return;
	course->complete = course->counted >= course->required;
	course->completed_on = doses[i].given_on;
}

static void
judge_dose(const KycvsRules *rules, const KycvsDose *doses, int i, KycvsCourse *course, KycvsJudgement *judgement)
{
	bool		booster = is_booster(course, &doses[i]);
	bool		early = course->counted > 0 && too_early(rules, &doses[i], &doses[course->last], booster, judgement);

	take_dose(course, doses, i, booster, early);
	judgement->verdict = early ? KYCVS_DOSE_TOO_EARLY : booster ? KYCVS_DOSE_BOOSTS : KYCVS_DOSE_COUNTS;
	judgement->counted = course->counted;
	judgement->required = course->required;
}

static bool
given(const KycvsDose *dose, DateADT as_of)
{
	return !dose->revoked && dose->given_on <= as_of;
}

/* The dose that was given after "before" (-1: the first one), or n. */
static int
next_given(const KycvsDose *doses, int n, DateADT as_of, int before)
{
	int			next = n;
	int			i;

	for (i = 0; i < n; i++)
	{
		bool		after = before < 0 || doses[i].given_on > doses[before].given_on ||
			(doses[i].given_on == doses[before].given_on && i > before);

		if (given(&doses[i], as_of) && after && (next == n || doses[i].given_on < doses[next].given_on))
			next = i;
	}
	return next;
}

static int
decide(const KycvsRules *rules, const KycvsCourse *course, DateADT as_of)
{
	int64		days;

	if (course->counted == 0)
		return NOT_VACCINATED;
	if (!course->complete)
		return PARTIALLY;
	days = (int64) as_of - course->completed_on;
	if (course->boosted ||
		(days >= rules->days_after && (rules->days_at_most == 0 || days <= rules->days_at_most)))
		return FULLY;
	return PARTIALLY;
}

void
kycvs_rules_judge(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of,
				  KycvsJudgement *judgements, KycvsCourse *course)
{
	KycvsJudgement unwanted;
	int			i;

	memset(course, 0, sizeof(*course));
	for (i = next_given(doses, n, as_of, -1); i < n; i = next_given(doses, n, as_of, i))
		judge_dose(rules, doses, i, course, judgements != NULL ? &judgements[i] : &unwanted);
	for (i = 0; judgements != NULL && i < n; i++)
		if (!given(&doses[i], as_of))
			judgements[i].verdict = doses[i].revoked ? KYCVS_DOSE_REVOKED : KYCVS_DOSE_LATER;
	course->status = decide(rules, course, as_of);
}

int
kycvs_rules_status(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of)
{
	KycvsCourse course;

	kycvs_rules_judge(rules, doses, n, as_of, NULL, &course);
	return course.status;
}

/* ---- what is to come ---- */

/* Takes "candidate" when it is an earlier day than the best so far, and the status is another one then. */
static void
consider(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of, int now, int64 candidate,
		 DateADT *day, int *status)
{
	int			then;

	if (candidate <= as_of || candidate >= *day || !IS_VALID_DATE(candidate))
		return;
	then = kycvs_rules_status(rules, doses, n, (DateADT) candidate);
	if (then == now)
		return;
	*day = (DateADT) candidate;
	*status = then;
}

/* A status changes on the day of a dose, or so many days after it as the set says. */
bool
kycvs_rules_next(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of, DateADT *day, int *status)
{
	int			now = kycvs_rules_status(rules, doses, n, as_of);
	int			i;

	*day = DATEVAL_NOEND;
	for (i = 0; i < n; i++)
	{
		int64		given_on = doses[i].given_on;

		consider(rules, doses, n, as_of, now, given_on, day, status);
		consider(rules, doses, n, as_of, now, given_on + rules->days_after, day, status);
		if (rules->days_at_most > 0)
			consider(rules, doses, n, as_of, now, given_on + rules->days_at_most + 1, day, status);
	}
	return *day != DATEVAL_NOEND;
}
