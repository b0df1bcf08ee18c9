/*
 * namescore.h
 *	  How well two folded names fit each other, and which of several a name
 *	  means.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAMESCORE_H
#define KYCVS_NAMESCORE_H

#include "name.h"

#define KYCVS_SCORE_MAX		1000	/* of equal names */

/* Settings, from 0 to 1. */
extern double kycvs_name_threshold;
extern double kycvs_name_margin;

/* How well two folded names fit each other, 0 to KYCVS_SCORE_MAX; symmetric. */
extern int	kycvs_name_score(const char *a, const char *b);

#endif							/* KYCVS_NAMESCORE_H */
