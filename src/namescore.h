/*
 * namescore.h
 *	  How well two names fit each other, and whom of several a name means.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAMESCORE_H
#define KYCVS_NAMESCORE_H

#include "namewords.h"

#define KYCVS_SCORE_MAX		1000	/* of equal names */

/* Settings, 0 to 1: what the best must reach, and lead the next by. */
extern double kycvs_name_threshold;
extern double kycvs_name_margin;

/*
 * How well two folded names fit each other, 0 to KYCVS_SCORE_MAX; symmetric.
 * An empty name fits none.
 */
extern int	kycvs_name_score(const char *a, const char *b);

/* Whether that reaches the threshold. */
extern bool kycvs_name_fits(const char *a, const char *b);

#define KYCVS_CANDIDATES_MAX	24	/* whom a mobile may mean */

/* Names that others are compared with: folded, empty for padding, and read once. */
typedef struct KycvsCandidates
{
	int			n;
	char		folded[KYCVS_CANDIDATES_MAX][KYCVS_FOLDED_MAX + 1];
	KycvsWords	words[KYCVS_CANDIDATES_MAX];
} KycvsCandidates;

/* Reads what has been written into "folded", once for all that will be chosen among them. */
extern void kycvs_candidates_read(KycvsCandidates *candidates, int n);

/*
 * Chooses among candidates the one that a folded name means.  Returns its index
 * or -1: none fits, or more than one fits about as well.  Every candidate is
 * looked at, whatever the others were; padding fits nothing.
 */
extern int	kycvs_name_choose(const char *folded, const KycvsCandidates *candidates, KycvsMatch *match);

#endif							/* KYCVS_NAMESCORE_H */
