/*
 * test_allowance.c
 *	  How often strangers may use the page, over hours.
 *
 * Time is what this file says: the gateway's module asks loop_now, which is
 * here.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "../../gateway/allowance.h"
#include "../../gateway/digest.h"
#include "../../sender/loop.h"
#include "tap.h"

#define MINUTE	INT64_C(60000)
#define HOUR	(60 * MINUTE)
#define CROWD	200000			/* many more than there are buckets */

static int64_t now = 1;

int64_t
loop_now(void)
{
	return now;
}

static void
take(const char *who, int n, int hourly)
{
	while (n-- > 0)
		allowance_take("codes", who, hourly);
}

/* Each takes one. */
static void
take_by_crowd(int first)
{
	char		who[32];
	int			i;

	for (i = first; i < first + CROWD; i++)
	{
		snprintf(who, sizeof(who), "stranger %d", i);
		take(who, 1, 20);
	}
}

static void
test_hour(void)
{
	take("one", 19, 20);
	tap_number(allowance_wait("codes", "one", 20), 0, "allowance: the twentieth of an hour");
	take("one", 1, 20);
	tap_ok(allowance_wait("codes", "one", 20) > 0, "allowance: not the twenty-first");
	tap_number(allowance_wait("codes", "other", 20), 0, "allowance: somebody else's first");
	tap_number(allowance_wait("wrong", "one", 20), 0, "allowance: or of something else");
	now += 3 * MINUTE;
	tap_number(allowance_wait("codes", "one", 20), 0, "allowance: one more after three minutes");
	take("one", 1, 20);
	tap_ok(allowance_wait("codes", "one", 20) > 0, "allowance: and no other");
	allowance_give_back("codes", "one", 20);
	tap_number(allowance_wait("codes", "one", 20), 0, "allowance: what is given back may be taken");
	allowance_give_back("codes", "third", 20);
	take("third", 20, 20);
	tap_ok(allowance_wait("codes", "third", 20) > 0, "allowance: giving back what was not taken adds nothing");
}

/* Who has taken much is remembered while many come who take little. */
static void
test_crowd(void)
{
	take("glutton", 20, 20);
	take_by_crowd(0);
	tap_ok(allowance_wait("codes", "glutton", 20) > 0, "allowance: a crowd does not make it forget");
}

/* What was taken long ago is nothing now, and keeps nobody from being remembered. */
static void
test_old(void)
{
	char		who[32];
	int			forgotten = 0;
	int			i;

	for (i = 0; i < CROWD; i++)
	{
		snprintf(who, sizeof(who), "old %d", i);
		take(who, 15, 20);
	}
	now += 2 * HOUR;
	take("new", 14, 20);
	for (i = 0; i < CROWD / 4; i++)
	{
		snprintf(who, sizeof(who), "later %d", i);
		take(who, 1, 20);
	}
	take("new", 6, 20);
	forgotten = allowance_wait("codes", "new", 20) == 0;
	tap_number(forgotten, 0, "allowance: who is new is remembered beside those of hours ago");
}

void
test_allowance(void)
{
	tap_ok(digest_init(), "allowance: random bytes for the key");
	test_hour();
	test_crowd();
	test_old();
}
