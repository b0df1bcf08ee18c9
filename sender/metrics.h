/*
 * metrics.h
 *	  What the sender has done, in numbers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_METRICS_H
#define SENDER_METRICS_H

#include <stdint.h>

#include "buffer.h"

typedef enum Count
{
	COUNT_CLAIMED,
	COUNT_SENT,					/* accepted by a gateway */
	COUNT_RETRIED,				/* given back after an attempt that failed */
	COUNT_FAILED,				/* given up */
	COUNT_DROPPED,				/* not begun, since it could not have ended in time */
	COUNT_TOO_LATE,				/* the result was not wanted any more */
	COUNT_UNREPORTED,			/* nobody took the result */
	COUNT_RECEIPTS,
	COUNT_RECEIPTS_REFUSED,		/* by the registry: unknown, or there already */
	COUNT_RECEIPTS_FORGED,		/* with a wrong tag */
	COUNTS
} Count;

extern void metrics_count(Count count);
extern uint64_t metrics_get(Count count);

/* From the claim to the acceptance. */
extern void metrics_accepted_after(int64_t milliseconds);

/* The text that Prometheus reads. */
extern void metrics_write(Buffer *out, int in_flight);

/* The line of a minute, about what was since the last one. */
extern void metrics_log_minute(int in_flight);

#endif							/* SENDER_METRICS_H */
