/*
 * rules.c
 *	  From doses to 0 (not vaccinated), 1 (partially) or 2 (fully vaccinated).
 *
 * The default rules know no intervals: a dose that was given too early is the
 * business of the clerk who records it, not a reason to call a person
 * partially vaccinated.  What counts is how many doses there are by the day in
 * question, and how many the products given by then require.  In a mixed
 * course the most demanding product decides, so that a single dose of a
 * one-dose product doesn't complete a course that began with another.
 *
 * Nothing here depends on the order of the doses, on the clock or on settings:
 * the same doses and day give the same status for ever.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "rules.h"

#define NOT_VACCINATED	0
#define PARTIALLY		1
#define FULLY			2

static bool
counts(const KycvsDose *dose, DateADT as_of)
{
	return !dose->revoked && dose->given_on <= as_of;
}

int
kycvs_rules_status(const KycvsDose *doses, int n, DateADT as_of)
{
	int			given = 0;
	int			required = 1;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (!counts(&doses[i], as_of))
			continue;
		given++;
		required = Max(required, doses[i].doses_required);
	}

	if (given == 0)
		return NOT_VACCINATED;
	return given >= required ? FULLY : PARTIALLY;
}
