/*
 * breaker.h
 *	  The circuit breaker of a route: no more is sent where nothing gets through.
 *
 * Closed, everything passes.  Five failures in a row, or more than half of the
 * last twenty attempts, open it.  After a pause of 1, 2, 4 ... 60 seconds one
 * attempt may probe; it closes the breaker or opens it again for longer.
 *
 * It is told the time in milliseconds, so that it can be tested.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_BREAKER_H
#define SENDER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum BreakerState
{
	BREAKER_CLOSED,
	BREAKER_OPEN,
	BREAKER_PROBING				/* the probe is on its way */
} BreakerState;

typedef struct Breaker
{
	BreakerState state;
	int			in_a_row;
	uint32_t	failures;		/* of the last attempts, a bit each, the newest lowest */
	int			pauses;			/* since it was last closed */
	int64_t		open_until;
} Breaker;

/* Whether it is open, and its pause is over: the next attempt would be the probe. */
extern bool breaker_wants_probe(const Breaker *breaker, int64_t now);

/* An attempt begins; what comes back says whether it is the probe. */
extern bool breaker_begin(Breaker *breaker, int64_t now);

/*
 * An attempt has ended.  Those that were on their way when the breaker opened
 * tell nothing new.  True when the breaker has opened or closed by it.
 */
extern bool breaker_end(Breaker *breaker, bool probe, bool good, int64_t now);

/* The probe has ended without saying anything about the route. */
extern void breaker_forget(Breaker *breaker, bool probe);

#endif							/* SENDER_BREAKER_H */
