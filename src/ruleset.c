/*
 * ruleset.c
 *	  The rows of rule sets: what is general of a set, and its dated intervals.
 *
 * A set is read whole for each answer, whatever doses there are: what is read
 * depends on the entity that asks, not on the person.  One that enforces no
 * intervals, like the default, is a single row.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "ruleset.h"
#include "statement.h"
#include "table.h"

enum
{
	RULES_CODE = 1,
	RULES_DESCRIPTION,
	RULES_ENFORCES_INTERVALS,
	RULES_DAYS_AFTER,
	RULES_DAYS_AT_MOST,
	RULES_SHIPPED
};
static const char *const rules_columns[] = {
	NULL, "code", "description", "enforces_intervals", "days_after", "days_at_most", "shipped"
};
static KycvsTable rule_sets = KYCVS_KEPT_TABLE("rules", rules_columns);
static KycvsIndex rules_by_code = {&rule_sets, "rules_pkey", 1, BTEqualStrategyNumber};

enum
{
	INTERVAL_RULES = 1,
	INTERVAL_PRODUCT,
	INTERVAL_BOOSTER,
	INTERVAL_VALID_FROM,
	INTERVAL_DAYS
};
static const char *const interval_columns[] = {
	NULL, "rules", "product", "booster", "valid_from", "minimum_interval_days", "shipped"
};
static KycvsTable intervals = KYCVS_KEPT_TABLE("rule_interval", interval_columns);
static KycvsIndex intervals_of_rules = {&intervals, "rule_interval_pkey", 1, BTEqualStrategyNumber};

static KycvsStatement insert_rules = {
	"INSERT INTO kycvs_data.rules (code, description, enforces_intervals, days_after, days_at_most)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1"
};
static KycvsStatement insert_interval = {
	"INSERT INTO kycvs_data.rule_interval (rules, product, booster, valid_from, minimum_interval_days)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1"
};

static void
load_intervals(KycvsRules *rules)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;

	kycvs_bind_text(&keys, rules->code);
	kycvs_scan_begin(&scan, &intervals_of_rules, &keys, ForwardScanDirection);
	while (kycvs_scan_next(&scan, &row))
	{
		KycvsRuleInterval *interval = &rules->interval[rules->n];

		if (rules->n++ == KYCVS_RULE_INTERVALS_MAX)
			elog(ERROR, "rules have more intervals than can be applied");
		kycvs_row_text(&row, INTERVAL_PRODUCT, interval->product, sizeof(interval->product));
		interval->booster = kycvs_row_bool(&row, INTERVAL_BOOSTER);
		interval->valid_from = kycvs_row_date(&row, INTERVAL_VALID_FROM);
		interval->days = kycvs_row_int4(&row, INTERVAL_DAYS);
	}
	kycvs_scan_end(&scan);
}

bool
kycvs_ruleset_load(const char *code, KycvsRules *rules, bool *shipped)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_text(&keys, code);
	if (!kycvs_row_find(&rules_by_code, &keys, &row))
		return false;
	kycvs_row_text(&row, RULES_CODE, rules->code, sizeof(rules->code));
	rules->enforces_intervals = kycvs_row_bool(&row, RULES_ENFORCES_INTERVALS);
	rules->days_after = kycvs_row_int4(&row, RULES_DAYS_AFTER);
	rules->days_at_most = kycvs_row_int4(&row, RULES_DAYS_AT_MOST);
	rules->n = 0;
	if (shipped != NULL)
		*shipped = kycvs_row_bool(&row, RULES_SHIPPED);
	if (rules->enforces_intervals)
		load_intervals(rules);
	return true;
}

bool
kycvs_ruleset_insert(const KycvsRules *rules, const char *description)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, rules->code);
	kycvs_bind_text(&args, description);
	kycvs_bind_bool(&args, rules->enforces_intervals);
	kycvs_bind_int4(&args, rules->days_after);
	kycvs_bind_int4(&args, rules->days_at_most);
	return kycvs_run(&insert_rules, &args) > 0;
}

bool
kycvs_ruleset_insert_interval(const char *code, const KycvsRuleInterval *interval)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, code);
	kycvs_bind_text(&args, interval->product);
	kycvs_bind_bool(&args, interval->booster);
	kycvs_bind_date(&args, interval->valid_from, true);
	kycvs_bind_int4(&args, interval->days);
	return kycvs_run(&insert_interval, &args) > 0;
}
