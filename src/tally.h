/*
 * tally.h
 *	  What became of messages, counted by route.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_TALLY_H
#define KYCVS_TALLY_H

#include "smschoice.h"
#include "utils/timestamp.h"

typedef enum KycvsTallied
{
	KYCVS_TALLY_CLAIMED,		/* in this minute */
	KYCVS_TALLY_SENT,
	KYCVS_TALLY_FAILED,
	KYCVS_TALLY_EXPIRED,
	KYCVS_TALLY_RETRIED,
	KYCVS_TALLY_DELIVERED,
	KYCVS_TALLY_UNDELIVERED,
	KYCVS_TALLIES
} KycvsTallied;

/* How many messages were claimed in this minute: by each route, and in all. */
typedef struct KycvsClaimed
{
	int			all;
	int			n;
	int32		routes[KYCVS_SMS_ROUTES_MAX];
	int			counts[KYCVS_SMS_ROUTES_MAX];
} KycvsClaimed;

/* Counts one; route 0 stands for none.  Written with the batch, when the request that counts has succeeded. */
extern void kycvs_tally_add(KycvsTallied what, int32 route);
extern void kycvs_tally_sent(int32 route, int64 microseconds);

extern void kycvs_tally_read_claimed(KycvsClaimed *claimed, TimestampTz now);
extern int	kycvs_tally_claimed_by(const KycvsClaimed *claimed, int32 route);

/* The authority's: after each request, and before a batch commits. */
extern void kycvs_tally_end(bool failed);
extern bool kycvs_tally_waits(void);
extern void kycvs_tally_write(TimestampTz now);

/* What a route has counted that is no more goes on as counted without one. */
extern void kycvs_tally_fold(int32 route);

#endif							/* KYCVS_TALLY_H */
