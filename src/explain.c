/*
 * explain.c
 *	  Decides what a registrar is told of a person's doses: which count and
 *	  why, what they make together, and when that changes.
 *
 * It says what a status is made of, so it is for registrars alone; like an
 * answer it is written down before it is told.  A row is five strings, each
 * with its NUL: dose number, product, day (days since 2000), 't' or 'f', and
 * the reason.  The last row speaks of the whole; an empty string is a null.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "dose.h"
#include "miscadmin.h"
#include "person.h"
#include "ruleset.h"
#include "utils/datetime.h"

#define FULLY		2
#define REASON_MAX	120			/* of a dose; the last row's is at most twice as long */

StaticAssertDecl(KYCVS_DOSES_MAX * (KYCVS_CODE_MAX + REASON_MAX + 32) + 512 < KYCVS_BODY_MAX,
				 "explanation fits a reply");

static const char *
write_day(DateADT date)
{
	struct pg_tm tm = {0};
	char	   *text = palloc(MAXDATELEN + 1);

	j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, text);
	return text;
}

static void
append_string(StringInfo out, const char *string)
{
	appendBinaryStringInfo(out, string, strlen(string) + 1);
}

static const char *
write_too_early(const KycvsJudgement *judgement)
{
	return psprintf("%d %s after the last dose that counts; %d are needed%s%s", judgement->days,
					judgement->days == 1 ? "day" : "days", judgement->days_required,
					DATE_IS_NOBEGIN(judgement->rule_from) ? "" : " since ",
					DATE_IS_NOBEGIN(judgement->rule_from) ? "" : write_day(judgement->rule_from));
}

static const char *
write_reason(const KycvsJudgement *judgement, DateADT as_of)
{
	switch (judgement->verdict)
	{
		case KYCVS_DOSE_COUNTS:
			return psprintf("dose %d of %d", judgement->counted, judgement->required);
		case KYCVS_DOSE_BOOSTS:
			return "booster after a complete course";
		case KYCVS_DOSE_REVOKED:
			return "revoked";
		case KYCVS_DOSE_LATER:
			return psprintf("given after %s", write_day(as_of));
		case KYCVS_DOSE_TOO_EARLY:
			return write_too_early(judgement);
	}
	elog(ERROR, "a dose was not judged");
}

static void
append_dose(StringInfo out, const KycvsDose *dose, const KycvsJudgement *judgement, DateADT as_of)
{
	bool		counts = judgement->verdict == KYCVS_DOSE_COUNTS || judgement->verdict == KYCVS_DOSE_BOOSTS;
	const char *reason = write_reason(judgement, as_of);

	Assert(strlen(reason) <= REASON_MAX);
	append_string(out, psprintf("%d", dose->dose_number));
	append_string(out, dose->product);
	append_string(out, psprintf("%d", dose->given_on));
	append_string(out, counts ? "t" : "f");
	append_string(out, reason);
}

/* Complete, but the days after it are not over. */
static bool
waits(const KycvsRules *rules, const KycvsCourse *course, DateADT as_of)
{
	return course->complete && !course->boosted && (int64) as_of - course->completed_on < rules->days_after;
}

/* What the status rests on. */
static const char *
write_course(const KycvsRules *rules, const KycvsCourse *course, DateADT as_of)
{
	if (course->counted == 0)
		return "no dose counts";
	if (!course->complete)
		return psprintf("%d of %d doses, %d missing", course->counted, course->required, course->required - course->counted);
	if (course->boosted)
		return psprintf("complete on %s, with a booster", write_day(course->completed_on));
	if (course->status == FULLY)
		return psprintf("complete on %s", write_day(course->completed_on));
	if (waits(rules, course, as_of))
		return psprintf("complete on %s, %d days must pass", write_day(course->completed_on), rules->days_after);
	return psprintf("complete on %s, more than %d days ago; a booster is missing", write_day(course->completed_on), rules->days_at_most);
}

/* Nothing, or from when on another dose would help that is missing, of the product that was given last. */
static const char *
write_missing(const KycvsRules *rules, const KycvsDose *doses, DateADT as_of, const KycvsCourse *course)
{
	DateADT		day;

	if (course->status == FULLY || course->counted == 0 || waits(rules, course, as_of))
		return "";
	day = kycvs_rules_earliest(rules, &doses[course->last], course->complete);
	if (day <= as_of || !IS_VALID_DATE(day))
		return "";
	return psprintf("; the next %s counts from %s on", doses[course->last].product, write_day(day));
}

/* Nothing, or when the status becomes another one by the doses that are recorded. */
static const char *
write_change(const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of, int status)
{
	DateADT		day;
	int			then;

	if (!kycvs_rules_next(rules, doses, n, as_of, &day, &then))
		return "";
	return status == FULLY ? psprintf("; ceases to be 2 on %s", write_day(day)) : psprintf("; becomes %d on %s", then, write_day(day));
}

static void
append_course(StringInfo out, const KycvsRules *rules, const KycvsDose *doses, int n, DateADT as_of, const KycvsCourse *course,
			  bool deceased)
{
	append_string(out, "");
	append_string(out, "");
	append_string(out, psprintf("%d", as_of));
	append_string(out, "");
	append_string(out, psprintf("status %d by %s: %s%s%s%s", course->status, rules->code, write_course(rules, course, as_of),
								write_missing(rules, doses, as_of, course),
								write_change(rules, doses, n, as_of, course->status),
								deceased ? "; but a death is recorded, so nobody is answered" : ""));
}

static bool
read_question(KycvsCall *call, KycvsRules *rules, DateADT *as_of, KycvsPersonState *state)
{
	const KycvsRequest *request = call->request;
	int			birth_year;

	*as_of = request->has_date ? request->date : kycvs_clock_day(call->now);
	if (DATE_NOT_FINITE(*as_of))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "as_of must be a day");
	if (!kycvs_ruleset_load(request->has_text ? request->code : KYCVS_RULES_DEFAULT, rules, NULL))
		return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "rules do not exist, see kycvs.rule_sets");
	if (!kycvs_person_exists(request->number, state, &birth_year))
		return kycvs_decline_reason(call, KV_RECORD_UNKNOWN, "person is unknown");
	return *state != KYCVS_PERSON_MERGED || kycvs_decline_merged(call, request->number);
}

void
kycvs_decide_explain(KycvsCall *call)
{
	KycvsDose	doses[KYCVS_DOSES_MAX];
	KycvsJudgement judgements[KYCVS_DOSES_MAX];
	KycvsRules	rules;
	KycvsCourse course;
	KycvsPersonState state;
	StringInfoData rows;
	DateADT		as_of;
	int			n;
	int			i;

	call->audit.object = call->request->number;
	if (!read_question(call, &rules, &as_of, &state))
		return;
	n = kycvs_doses(call->request->number, doses);
	kycvs_rules_judge(&rules, doses, n, as_of, judgements, &course);
	initStringInfo(&rows);
	for (i = 0; i < n; i++)
		append_dose(&rows, &doses[i], &judgements[i], as_of);
	append_course(&rows, &rules, doses, n, as_of, &course, state == KYCVS_PERSON_DECEASED);
	kycvs_grant_text(call, rows.data, rows.len);
	call->reply->number = n + 1;
	call->audit.as_of = as_of;
	call->audit.status = course.status;
}
