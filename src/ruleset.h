/*
 * ruleset.h
 *	  The rows of rule sets.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_RULESET_H
#define KYCVS_RULESET_H

#include "rules.h"

/* A whole set; false when there is none of this name.  "shipped" may be NULL. */
extern bool kycvs_ruleset_load(const char *code, KycvsRules *rules, bool *shipped);

/* Each returns false when it exists already. */
extern bool kycvs_ruleset_insert(const KycvsRules *rules, const char *description);
extern bool kycvs_ruleset_insert_interval(const char *code, const KycvsRuleInterval *interval);

#endif							/* KYCVS_RULESET_H */
