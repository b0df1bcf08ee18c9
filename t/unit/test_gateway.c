/*
 * test_gateway.c
 *	  What the gateway remembers: how often strangers came, and what it has
 *	  answered before.  The clock is the test's.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "../../gateway/allowance.h"
#include "../../gateway/digest.h"
#include "../../gateway/once.h"
#include "../../common/loop.h"
#include "tap.h"

#define HOUR	(3600 * 1000)
#define MANY	4000

static int64_t now = 1;

int64_t
loop_now(void)
{
	return now;
}

/* ---- how often ---- */

static bool
may(const char *who, int hourly)
{
	if (allowance_wait("test", who, hourly) > 0)
		return false;
	allowance_take("test", who, hourly);
	return true;
}

/* How often this many addresses may, each asking so often. */
static int
count_allowed(const char *kind, int addresses, int times, int hourly)
{
	char		who[32];
	int			allowed = 0;

	for (int time = 0; time < times; time++)
		for (int i = 0; i < addresses; i++)
		{
			snprintf(who, sizeof(who), "%s %d", kind, i);
			allowed += may(who, hourly);
		}
	return allowed;
}

static void
test_allowance(void)
{
	tap_number(count_allowed("one", 1, 10, 3), 3, "allowance: three of ten");
	tap_number(allowance_wait("test", "one 0", 3), 1201, "allowance: the next in twenty minutes");
	now += HOUR / 3;
	tap_number(count_allowed("one", 1, 10, 3), 1, "allowance: then one more");
	count_allowed("crowd", 50 * MANY, 3, 1000);
	now += 48 * HOUR;
	allowance_take("test", "guess", 1);
	allowance_give_back("test", "guess", 1);
	tap_number(allowance_wait("test", "guess", 1), 0, "allowance: what is given back may be taken");
	allowance_give_back("test", "guess", 1);
	allowance_take("test", "guess", 1);
	tap_ok(allowance_wait("test", "guess", 1) > 0, "allowance: what is given back twice is not taken twice");
	tap_ok(count_allowed("late", MANY, 10, 3) <= 3 * MANY + MANY / 100, "allowance: a crowd of two days ago takes nobody's place");
}

/* ---- what was answered ---- */

static OnceState
begin(const char *key, const char *text, const char *body, OnceName *name)
{
	Buffer		buffer = {unconstify(char *, body), strlen(body), 0};

	return once_begin(key, text, "/path", &buffer, name);
}

static void
end_with(const OnceName *name, int status, const char *code)
{
	once_end(name, NULL, &(Problem) {status, code, "a detail", -1, 2});
}

static void
test_answers(void)
{
	OnceName	name;
	Problem		problem;

	tap_number(begin("key", "one", "body", &name), ONCE_TO_ASK, "once: the first is asked");
	tap_number(begin("key", "one", "body", &name), ONCE_RUNNING, "once: and is running");
	tap_number(begin("key", "one", "other", &name), ONCE_OTHER, "once: another body is another");
	tap_number(begin("another", "one", "other", &name), ONCE_TO_ASK, "once: and another's is not it");
	begin("key", "one", "body", &name);
	once_end(&name, "{}", NULL);
	tap_number(begin("key", "one", "body", &name), ONCE_ANSWERED, "once: it is answered");
	tap_text(once_answer(&name, &problem), "{}", "once: with its document");

	begin("key", "two", "body", &name);
	end_with(&name, 422, "KV010");
	tap_number(begin("key", "two", "body", &name), ONCE_ANSWERED, "once: a wrong OTP is an answer");
	tap_ok(once_answer(&name, &problem) == NULL, "once: without a document");
	tap_text(problem.code, "KV010", "once: with its code");
	tap_number(problem.tries_left, 2, "once: and its tries");
	begin("key", "three", "body", &name);
	end_with(&name, 503, NULL);
	tap_number(begin("key", "three", "body", &name), ONCE_TO_ASK, "once: what may be otherwise later is asked again");
	tap_number(begin("key", "three", "body", &name), ONCE_RUNNING, "once: and is running then");
	now += HOUR;
	tap_number(begin("key", "one", "other", &name), ONCE_TO_ASK, "once: all is forgotten in time");
}

/* A few thousand answers of 10 kB are more than there is room for. */
static void
test_room(void)
{
	static char large[10 * 1024];
	char		text[32];
	OnceName	name;
	int			kept = 0;

	memset(large, 'x', sizeof(large) - 1);
	now += HOUR;
	for (int i = 0; i < MANY; i++)
	{
		snprintf(text, sizeof(text), "%d", i);
		begin("key", text, "body", &name);
		once_end(&name, large, NULL);
	}
	for (int i = 0; i < MANY; i++)
	{
		snprintf(text, sizeof(text), "%d", i);
		kept += begin("key", text, "body", &name) == ONCE_ANSWERED;
	}
	tap_ok(kept > 100 && kept < 1000, "once: %d of %d large answers are kept", kept, MANY);
	now += HOUR;
	begin("key", "last", "body", &name);
	once_end(&name, large, NULL);
	tap_number(begin("key", "last", "body", &name), ONCE_ANSWERED, "once: when they are old there is room again");
}

void
test_gateway(void)
{
	digest_init();
	test_allowance();
	test_answers();
	test_room();
}
