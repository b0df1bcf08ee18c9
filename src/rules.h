/*
 * rules.h
 *	  From doses to 0 (not vaccinated), 1 (partially) or 2 (fully vaccinated).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_RULES_H
#define KYCVS_RULES_H

#include "datatype/timestamp.h"
#include "utils/date.h"

#define KYCVS_RULES_DEFAULT			"in-2021"
#define KYCVS_RULES_CODE_MAX		64	/* of rule sets and of products */
#define KYCVS_RULE_INTERVALS_MAX	256 /* rows of one rule set */

/* One recorded dose, as far as the rules look at it. */
typedef struct KycvsDose
{
	DateADT		given_on;
	int			doses_required; /* of its product */
	bool		revoked;
	int			interval_days;	/* its product's own, 0 when it has none */
	int			dose_number;
	char		product[KYCVS_RULES_CODE_MAX + 1];
	int			product_id;
} KycvsDose;

/* From that day on, doses of this product keep that many days from the dose before. */
typedef struct KycvsRuleInterval
{
	char		product[KYCVS_RULES_CODE_MAX + 1];
	bool		booster;		/* doses after a complete course, else those of the course */
	DateADT		valid_from;
	int			days;
} KycvsRuleInterval;

/* A named rule set. */
typedef struct KycvsRules
{
	char		code[KYCVS_RULES_CODE_MAX + 1];
	bool		enforces_intervals;
	int			days_after;		/* from the dose that completes the course to 2 */
	int			days_at_most;	/* since that dose, unless there is a booster; 0: for ever */
	int			n;
	KycvsRuleInterval interval[KYCVS_RULE_INTERVALS_MAX];
} KycvsRules;

/* What becomes of one dose. */
typedef enum KycvsVerdict
{
	KYCVS_DOSE_COUNTS,
	KYCVS_DOSE_BOOSTS,			/* counts, and the course was complete before */
	KYCVS_DOSE_REVOKED,
	KYCVS_DOSE_LATER,			/* than the day in question */
	KYCVS_DOSE_TOO_EARLY
} KycvsVerdict;

typedef struct KycvsJudgement
{
	KycvsVerdict verdict;
	int			counted;		/* doses that count, up to this one */
	int			required;		/* by the products given up to this one */
	int			days;			/* too early: since the last dose that counts */
	int			days_required;	/* too early: instead of them */
	DateADT		rule_from;		/* too early: the rule's first day, -infinity when it has none */
} KycvsJudgement;

/* The course on the day in question. */
typedef struct KycvsCourse
{
	int			status;
	int			counted;
	int			required;		/* 0 without a dose */
	bool		complete;
	bool		boosted;
	DateADT		completed_on;	/* when complete */
	int			last;			/* which of the doses is the last that counts, when one does */
} KycvsCourse;

/*
 * Judges the doses that are not revoked and were given on or before "as_of" in
 * the order of their days, and of their places on one day.  "judgements", one
 * for each dose, may be NULL.
 */
extern void kycvs_rules_judge(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of,
							  KycvsJudgement *judgements, KycvsCourse *course);

/* The first day on which a dose like "last" would count after it; far away when the calendar ends before. */
extern DateADT kycvs_rules_earliest(const KycvsRules *rules, const KycvsDose *last, bool booster);

extern int	kycvs_rules_status(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of);

/* The first day after "as_of" with another status, by these doses; false when it stays. */
extern bool kycvs_rules_next(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of,
							 DateADT *day, int *status);

#endif							/* KYCVS_RULES_H */
