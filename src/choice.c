/*
 * choice.c
 *	  Whom the names of a group mean, when they have chosen apart.
 *
 * Each name of a group chooses for itself, as if it were asked about alone.  Two
 * may then mean the same person: "R. Patel" beside "Ramesh Patel", of whom one
 * is in the registry.  Neither relative may be given the other's answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "choice.h"

/* Whether another name means the same person at least as well. */
static bool
has_rival(const KycvsChoice *choices, int n, int which)
{
	bool		found = false;
	int			i;

	for (i = 0; i < n; i++)
		found |= i != which &&
			choices[i].person == choices[which].person &&
			choices[i].match >= choices[which].match;
	return found;
}

/* All are judged before any is taken away, or the last of two equals would keep the person. */
void
kycvs_choices_part(KycvsChoice *choices, int n)
{
	uint32		lost = 0;
	int			i;

	Assert(n <= 32);
	for (i = 0; i < n; i++)
		if (has_rival(choices, n, i))
			lost |= UINT32_C(1) << i;
	for (i = 0; i < n; i++)
	{
		if ((lost & (UINT32_C(1) << i)) == 0)
			continue;
		choices[i].person = 0;
		choices[i].match = KYCVS_MATCH_NONE;
	}
}
