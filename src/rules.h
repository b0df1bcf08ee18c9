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

/* One recorded dose, as far as the rules look at it. */
typedef struct KycvsDose
{
	DateADT		given_on;
	int			doses_required; /* of its product */
	bool		revoked;
	int			number;			/* counts the person's doses in the order they were recorded */
	int			product;		/* its number */
} KycvsDose;

/*
 * The default rules, "in-2021": counts the doses that are not revoked and were
 * given on or before "as_of".  0 = none; 2 = the largest requirement among the
 * products given is reached; else 1.
 */
extern int	kycvs_rules_status(const KycvsDose *doses, int n, DateADT as_of);

#endif							/* KYCVS_RULES_H */
