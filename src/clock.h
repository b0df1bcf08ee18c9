/*
 * clock.h
 *	  The authority's clock and calendar.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_CLOCK_H
#define KYCVS_CLOCK_H

#include "utils/date.h"
#include "utils/timestamp.h"

extern void kycvs_clock_init(void);

/*
 * The real time, never the transaction's.  When the system's clock steps back,
 * it stands still until the clock has caught up, so that nothing that expired
 * lives again; kycvs_clock_behind tells by how many seconds it is ahead.
 */
extern TimestampTz kycvs_clock_now(void);
extern void kycvs_clock_not_before(TimestampTz time);
extern int	kycvs_clock_behind(void);

/* Days are days in kycvs.timezone. */
extern DateADT kycvs_clock_day(TimestampTz time);
extern TimestampTz kycvs_clock_day_end(DateADT day);
extern int	kycvs_clock_year(DateADT day);

/* YYYY-MM-DD */
extern char *kycvs_clock_day_text(DateADT day);

/* Seconds since 1970-01-01 UTC, as JWT has them (RFC 7519, section 2). */
extern int64 kycvs_clock_epoch(TimestampTz time);

#endif							/* KYCVS_CLOCK_H */
