/*
 * test_smschoice.c
 *	  By which route a message goes, and how long it rests.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "smschoice.h"
#include "tap.h"

#define OPEN true
#define SHUT false

typedef struct ChoiceCase
{
	const char *what;
	int			n;
	KycvsSmsOption options[4];
	KycvsSmsFailed failed;
	int			chosen;
} ChoiceCase;

static const ChoiceCase cases[] = {
	{"no route", 0, {{0}}, {0}, -1},
	{"one route", 1, {{1, 100, OPEN, -1}}, {0}, 0},
	{"one that is shut", 1, {{1, 100, SHUT, -1}}, {0}, -1},
	{"one whose cap is reached", 1, {{1, 100, OPEN, 0}}, {0}, -1},
	{"one whose cap is nearly reached", 1, {{1, 100, OPEN, 1}}, {0}, 0},
	{"one that failed last, for there is no other", 1, {{1, 100, OPEN, -1}}, {1, {1}}, 0},
	{"the lowest priority", 3, {{1, 100, OPEN, -1}, {2, 5, OPEN, -1}, {3, 50, OPEN, -1}}, {0}, 1},
	{"of equals the first", 2, {{1, 7, OPEN, -1}, {2, 7, OPEN, -1}}, {0}, 0},
	{"the next when the first is shut", 2, {{1, 5, SHUT, -1}, {2, 100, OPEN, -1}}, {0}, 1},
	{"the next when the first has reached its cap", 2, {{1, 5, OPEN, 0}, {2, 100, OPEN, -1}}, {0}, 1},
	{"none when all are shut or have reached their caps", 2, {{1, 5, OPEN, 0}, {2, 100, SHUT, -1}}, {0}, -1},
	{"not the one that failed last", 2, {{1, 5, OPEN, -1}, {2, 100, OPEN, -1}}, {1, {1}}, 1},
	{"the one that failed last when the other is shut", 2, {{1, 5, OPEN, -1}, {2, 100, SHUT, -1}}, {1, {1}}, 0},
	{"the one that failed first when both have", 2, {{1, 5, OPEN, -1}, {2, 100, OPEN, -1}}, {2, {1, 2}}, 0},
	{"and the other then", 2, {{1, 5, OPEN, -1}, {2, 100, OPEN, -1}}, {2, {2, 1}}, 1},
	{"one that has not failed before one that has", 3, {{1, 5, OPEN, -1}, {2, 6, OPEN, -1}, {3, 100, OPEN, -1}}, {2, {1, 2}}, 2},
	{"of those that failed before the lowest priority", 3, {{1, 9, OPEN, -1}, {2, 6, OPEN, -1}, {3, 100, OPEN, -1}}, {3, {1, 2, 3}}, 1},
	{"a failure of a route that is gone is none", 1, {{1, 100, OPEN, -1}}, {1, {9}}, 0},
};

typedef struct PauseCase
{
	int			attempts;
	int			failed;
	int			seconds;
} PauseCase;

static const PauseCase pauses[] = {
	/* one route, or none that has a name */
	{1, 0, 1}, {1, 1, 1}, {2, 1, 2}, {3, 1, 4}, {4, 1, 8}, {7, 1, 64}, {8, 1, 64}, {1000, 1, 64},
	/* the second route was tried at once */
	{2, 2, 1}, {3, 2, 2}, {4, 2, 4},
	/* claimed by senders that did not live to report */
	{0, 0, 1}, {1, 3, 1},
};

static void
test_noting(void)
{
	KycvsSmsFailed failed = {0};
	int32		i;

	tap_ok(!kycvs_sms_has_failed(&failed, 1), "sms: nothing has failed at first");
	kycvs_sms_note_failed(&failed, 1);
	kycvs_sms_note_failed(&failed, 2);
	kycvs_sms_note_failed(&failed, 1);
	tap_ok(failed.n == 2 && failed.routes[0] == 2 && failed.routes[1] == 1, "sms: a route stands once, the latest last");
	for (i = 1; i <= 3 * KYCVS_SMS_ROUTES_MAX; i++)
		kycvs_sms_note_failed(&failed, i);
	tap_ok(failed.n == KYCVS_SMS_ROUTES_MAX && failed.routes[failed.n - 1] == i - 1, "sms: the oldest failures are forgotten");
	tap_ok(kycvs_sms_has_failed(&failed, i - 1) && !kycvs_sms_has_failed(&failed, 1), "sms: the newest are not");
}

void
test_smschoice(void)
{
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
		tap_number(kycvs_sms_choose(cases[i].options, cases[i].n, &cases[i].failed), cases[i].chosen, "sms: %s", cases[i].what);
	for (i = 0; i < lengthof(pauses); i++)
	{
		KycvsSmsFailed failed = {.n = pauses[i].failed};

		tap_number(kycvs_sms_pause(pauses[i].attempts, &failed), pauses[i].seconds,
				   "sms: the pause after %d attempts by %d routes", pauses[i].attempts, pauses[i].failed);
	}
	test_noting();
}
