/*
 * receipt.c
 *	  Delivery receipts that wait to be reported.
 *
 * In a ring, since there are no more than it holds: a gateway whose receipt does
 * not fit is told to come again.  The registry takes one receipt of a message and
 * writes down each that it is asked to take, so it is not asked again about those
 * of late, however often a gateway repeats itself.  One that the registry does not want, because
 * there is one already or no such message, is counted and forgotten; so is one
 * that it cannot take for another reason than being away.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "log.h"
#include "metrics.h"
#include "receipt.h"
#include "registry.h"

#define RECEIPTS_MAX	10000
#define TOLD_MAX		10000

typedef struct Receipt
{
	int64_t		id;
	bool		delivered;
	const char *detail;			/* a constant */
} Receipt;

static Receipt waiting[RECEIPTS_MAX];
static int	first = 0;
static int	n = 0;
static int64_t told[TOLD_MAX];	/* messages whose receipt the registry knows; the oldest is forgotten */
static int	next_told = 0;
static Seldom problem;

static void (*tell_changed) (void);
static void (*tell_reported) (bool taken);

void
receipts_init(void (*changed) (void))
{
	tell_changed = changed;
}

static bool
is_known(int64_t id)
{
	for (int i = 0; i < n; i++)
		if (waiting[(first + i) % RECEIPTS_MAX].id == id)
			return true;
	for (int i = 0; i < TOLD_MAX; i++)
		if (told[i] == id)
			return true;
	return false;
}

bool
receipts_add(int64_t id, bool delivered, const char *detail)
{
	Receipt    *receipt = &waiting[(first + n) % RECEIPTS_MAX];

	if (is_known(id))
	{
		metrics_count(COUNT_RECEIPTS_REFUSED);
		return true;
	}
	if (n == RECEIPTS_MAX)
		return false;
	*receipt = (Receipt) {id, delivered, detail};
	n++;
	tell_changed();
	return true;
}

int
receipts_waiting(void)
{
	return n;
}

static void
log_problem(const Answer *answer)
{
	unsigned	skipped;

	if (log_due(&problem, &skipped))
		log_warning("could not report a receipt: %s (%s)", answer_message(answer), answer_sqlstate(answer));
}

static void
on_reported(const Answer *answer, void *arg)
{
	bool		away = registry_was_away(answer);

	(void) arg;
	if (!answer_is_fine(answer) && !registry_did_not_want(answer))
		log_problem(answer);
	if (!away)
	{
		metrics_count(answer_is_fine(answer) ? COUNT_RECEIPTS : COUNT_RECEIPTS_REFUSED);
		told[next_told] = waiting[first].id;
		next_told = (next_told + 1) % TOLD_MAX;
		first = (first + 1) % RECEIPTS_MAX;
		n--;
	}
	tell_reported(!away);
}

void
receipts_report(void (*reported) (bool taken))
{
	const Receipt *receipt = &waiting[first];

	tell_reported = reported;
	registry_receipt(receipt->id, receipt->delivered, receipt->detail, on_reported);
}
