/*
 * namescore.h
 *	  How well two names fit each other, and whom of several a name means.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAMESCORE_H
#define KYCVS_NAMESCORE_H

#include "name.h"

#define KYCVS_SCORE_MAX		1000	/* of equal names */

/* Settings, 0 to 1: what the best must reach, and lead the next by. */
extern double kycvs_name_threshold;
extern double kycvs_name_margin;

/*
 * How well two folded names fit each other, 0 to KYCVS_SCORE_MAX; symmetric.
 * An empty name fits none.
 */
extern int	kycvs_name_score(const char *a, const char *b);

/*
 * Chooses among candidates (folded names) the one that a folded name means.
 * Returns its index or -1: none fits, or more than one fits about as well.
 * Every candidate is looked at, whatever the others were; an empty one is
 * padding and fits nothing.
 */
extern int	kycvs_name_choose(const char *folded, char candidates[][KYCVS_FOLDED_MAX + 1], int n, KycvsMatch *match);

#endif							/* KYCVS_NAMESCORE_H */
