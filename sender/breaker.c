/*
 * breaker.c
 *	  The circuit breaker of a route: no more is sent where nothing gets through.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "breaker.h"

#define IN_A_ROW		5
#define LAST_MASK		0xfffffu	/* twenty attempts */
#define HALF_OF_LAST	10
#define PAUSE_FIRST		1000
#define PAUSE_LONGEST	60000

static int64_t
pause_of(int pauses)
{
	int64_t		pause = PAUSE_FIRST;

	while (pauses-- > 0 && pause < PAUSE_LONGEST)
		pause *= 2;
	return pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST;
}

static void
open_breaker(Breaker *breaker, int64_t now)
{
	breaker->state = BREAKER_OPEN;
	breaker->open_until = now + pause_of(breaker->pauses++);
}

static void
close_breaker(Breaker *breaker)
{
	*breaker = (Breaker) {BREAKER_CLOSED, 0, 0, 0, 0};
}

static bool
has_failed_too_often(const Breaker *breaker)
{
	return breaker->in_a_row >= IN_A_ROW || __builtin_popcount(breaker->failures) > HALF_OF_LAST;
}

bool
breaker_wants_probe(const Breaker *breaker, int64_t now)
{
	return breaker->state == BREAKER_OPEN && now >= breaker->open_until;
}

bool
breaker_begin(Breaker *breaker, int64_t now)
{
	if (!breaker_wants_probe(breaker, now))
		return false;
	breaker->state = BREAKER_PROBING;
	return true;
}

bool
breaker_end(Breaker *breaker, bool probe, bool good, int64_t now)
{
	if (probe)
	{
		if (good)
			close_breaker(breaker);
		else
			open_breaker(breaker, now);
		return good;
	}
	if (breaker->state != BREAKER_CLOSED)
		return false;
	breaker->in_a_row = good ? 0 : breaker->in_a_row + 1;
	breaker->failures = (breaker->failures << 1 | !good) & LAST_MASK;
	if (good || !has_failed_too_often(breaker))
		return false;
	open_breaker(breaker, now);
	return true;
}

void
breaker_forget(Breaker *breaker, bool probe)
{
	if (probe)
		breaker->state = BREAKER_OPEN;
}
