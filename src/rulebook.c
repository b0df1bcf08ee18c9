/*
 * rulebook.c
 *	  Decides the requests of administrators about rule sets.
 *
 * The claim "rules" of an answer names a set, and whoever reads it takes the
 * name for what it means: so a set that ships with the extension stays what it
 * is, and nothing of any set is changed or taken back.  A set of one's own may
 * get further dated rows, for what the authorities of a country decide later.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "dose.h"
#include "ruleset.h"

#define DAYS_AFTER_MAX		366
#define DAYS_AT_MOST_MAX	36600
#define INTERVAL_DAYS_MAX	3660

static bool
check_days(KycvsCall *call)
{
	const KycvsRequest *request = call->request;

	if (!kycvs_text_usable(request->notice))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "description is empty or has control characters");
	if (request->count < 0 || request->count > DAYS_AFTER_MAX)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "days_after must be between 0 and 366");
	if (request->number != 0 && (request->number < request->count || request->number > DAYS_AT_MOST_MAX))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
									"days_at_most must be null for no end, or between days_after and 36600");
	return true;
}

void
kycvs_decide_add_rules(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsRules	rules;

	if (!kycvs_check_code(call, request->code) || !check_days(call))
		return;
	strlcpy(rules.code, request->code, sizeof(rules.code));
	rules.enforces_intervals = request->flag;
	rules.days_after = request->count;
	rules.days_at_most = (int) request->number;
	if (!kycvs_ruleset_insert(&rules, request->notice))
		kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "rules already exist");
}

static bool
check_rules(KycvsCall *call, KycvsRules *rules)
{
	bool		shipped;

	if (!kycvs_ruleset_load(call->request->code, rules, &shipped))
		return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "rules do not exist, see kycvs.rule_sets");
	if (shipped)
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
									"rules that ship with the extension stay what they are: add rules of your own");
	if (!rules->enforces_intervals)
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "rules do not enforce intervals");
	if (rules->n == KYCVS_RULE_INTERVALS_MAX)
		return kycvs_decline_reason(call, ERRCODE_PROGRAM_LIMIT_EXCEEDED, "rules have too many intervals");
	return true;
}

static bool
check_interval(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsProduct product;

	if (!kycvs_product_by_code(request->text, &product))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "product is unknown");
	if (DATE_IS_NOEND(request->date))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "valid_from must be a day, or -infinity");
	if (request->count < 0 || request->count > INTERVAL_DAYS_MAX)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "minimum_interval_days must be between 0 and 3660");
	return true;
}

void
kycvs_decide_add_rule_interval(KycvsCall *call)
{
	const KycvsRequest *request = call->request;
	KycvsRules	rules;
	KycvsRuleInterval interval;

	if (!check_rules(call, &rules) || !check_interval(call))
		return;
	strlcpy(interval.product, request->text, sizeof(interval.product));
	interval.booster = request->flag;
	interval.valid_from = request->date;
	interval.days = request->count;
	if (!kycvs_ruleset_insert_interval(request->code, &interval))
		kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "rules already have an interval of this product from this day on");
}
