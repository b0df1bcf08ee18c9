/*
 * limits.h
 *	  How often may be sent, how often may be tried: counters that outlive
 *	  every challenge.
 *
 * All waits are whole seconds, 0 meaning that the next one is allowed now.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_LIMITS_H
#define KYCVS_LIMITS_H

#include "secret.h"
#include "utils/timestamp.h"

#define KYCVS_SENT_KEPT			20
#define KYCVS_FAILED_KEPT		30

typedef struct KycvsCounter
{
	uint8		key[KYCVS_DIGEST_LENGTH];
	int			nsent;
	TimestampTz sent[KYCVS_SENT_KEPT];	/* oldest first */
	int			nfailed;
	TimestampTz failed[KYCVS_FAILED_KEPT];
	int			streak;			/* failures in a row */
} KycvsCounter;

/* The counters that one mobile and one entity meet. */
typedef struct KycvsLimits
{
	KycvsCounter mobile;		/* all entities together */
	KycvsCounter pair;			/* this entity alone */
} KycvsLimits;

extern void kycvs_limits_read(KycvsLimits *limits, const uint8 index[KYCVS_INDEX_LENGTH], int32 entity, TimestampTz now);

/* Of the page of an entity less is allowed: strangers there leave some to its own calls. */
extern int	kycvs_limits_send_wait(const KycvsLimits *limits, bool by_page, TimestampTz now);
extern int	kycvs_limits_try_wait(const KycvsLimits *limits, bool by_page, TimestampTz now);
extern void kycvs_limits_sent(const KycvsLimits *limits, TimestampTz now);
extern void kycvs_limits_failed(const KycvsLimits *limits, TimestampTz now);
extern void kycvs_limits_succeeded(const KycvsLimits *limits, TimestampTz now);

/* The entity's budget of failed challenges an hour, half of it for its page. */
extern int	kycvs_limits_budget_wait(int32 entity, int32 budget, bool by_page, TimestampTz now);

/* Seconds until a challenge may be sent again; -1: never again. */
extern int	kycvs_limits_resend_pause(int resends);

#endif							/* KYCVS_LIMITS_H */
