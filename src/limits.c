/*
 * limits.c
 *	  How often may be sent, how often may be tried.
 *
 * Every event is a row of its own, so windows slide exactly and a refusal knows
 * when the next event is allowed.  Only the authority writes them, one request
 * after the other, so no two sessions can pass the same limit.  Rows are only
 * ever added, and all of one size: an update, or a counter that grows, would
 * show in WAL and statistics, which every role can read, whether other entities
 * had asked about the same mobile.
 *
 * The entity's budget is counted from the challenges themselves: each counts
 * from its first wrong try until its own success.
 *
 * Limits that other entities' events take part in end on full hours of the
 * clock, so that they do not tell when those events were.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "exchange.h"
#include "limits.h"
#include "table.h"

#define HOUR	(3600 * USECS_PER_SEC)
#define DAY		(24 * HOUR)

#define SENT		"sent"
#define FAILED		"failed"
#define SUCCEEDED	"succeeded"

#define MOBILE_SENT_DAY		20
#define MOBILE_FAILED_DAY	30
#define STREAK_FREE			5	/* failures in a row before waits begin */
#define STREAK_FIRST_WAIT	30	/* seconds, doubling */
#define STREAK_LAST_WAIT	3600

typedef struct Allowed
{
	int			pair_sent_hour;
	int			pair_sent_day;
	int			mobile_sent_day;
	int			mobile_failed_day;
} Allowed;

static const Allowed allowed_entity = {5, 10, MOBILE_SENT_DAY, MOBILE_FAILED_DAY};
static const Allowed allowed_page = {4, 8, 15, 20};

StaticAssertDecl(MOBILE_SENT_DAY <= KYCVS_SENT_KEPT && MOBILE_FAILED_DAY <= KYCVS_FAILED_KEPT, "limits fit the counters");

enum
{
	CHARGE_KEY = 1,
	CHARGE_AT,
	CHARGE_EVENT
};
static const char *const charge_columns[] = {
	[CHARGE_KEY] = "key",
	[CHARGE_AT] = "at",
	[CHARGE_EVENT] = "event"
};
static KycvsTable charges = KYCVS_TABLE("charge", charge_columns);
static KycvsIndex charge_by_key = {&charges, "charge_key", 2, BTGreaterStrategyNumber, true};

static void
name_counter(KycvsCounter *counter, const uint8 *index, int32 entity)
{
	KycvsPart	parts[3] = {{"charge", 6}, {index, KYCVS_INDEX_LENGTH}, {&entity, sizeof(entity)}};

	if (!kycvs_mac(KYCVS_SUBKEY_INDEX, parts, lengthof(parts), counter->key))
		elog(ERROR, "could not compute a keyed hash");
}

static void
add_time(TimestampTz *times, int *n, int max, TimestampTz time)
{
	if (*n == max)
	{
		memmove(times, times + 1, (max - 1) * sizeof(TimestampTz));
		*n = max - 1;
	}
	times[(*n)++] = time;
}

/* A success ends the failures before it, not those of the same instant, of which nobody knows which came first. */
static int
count_since(const KycvsCounter *counter, TimestampTz time)
{
	int			n = 0;

	while (n < counter->nfailed && counter->failed[counter->nfailed - 1 - n] >= time)
		n++;
	return n;
}

static void
count_event(KycvsCounter *counter, const char *event, TimestampTz time)
{
	if (strcmp(event, SENT) == 0)
		add_time(counter->sent, &counter->nsent, KYCVS_SENT_KEPT, time);
	else if (strcmp(event, FAILED) == 0)
	{
		add_time(counter->failed, &counter->nfailed, KYCVS_FAILED_KEPT, time);
		counter->streak++;
	}
	else
		counter->streak = count_since(counter, time);
}

static void
read_counter(KycvsCounter *counter, TimestampTz since)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;

	kycvs_bind_bytes(&keys, counter->key, sizeof(counter->key));
	kycvs_bind_time(&keys, since);
	kycvs_scan_begin(&scan, &charge_by_key, &keys, ForwardScanDirection);
	while (kycvs_scan_next(&scan, &row))
	{
		char		event[16];

		kycvs_row_text(&row, CHARGE_EVENT, event, sizeof(event));
		count_event(counter, event, kycvs_row_time(&row, CHARGE_AT));
	}
	kycvs_scan_end(&scan);
}

/* Entities are numbered from 1, so 0 is free for "all of them". */
void
kycvs_limits_read(KycvsLimits *limits, const uint8 index[KYCVS_INDEX_LENGTH], int32 entity, TimestampTz now)
{
	memset(limits, 0, sizeof(*limits));
	name_counter(&limits->mobile, index, 0);
	name_counter(&limits->pair, index, entity);
	read_counter(&limits->mobile, now - DAY - HOUR);
	read_counter(&limits->pair, now - DAY - HOUR);
}

static void
add_event(const KycvsCounter *counter, const char *event, TimestampTz now)
{
	KycvsArgs	columns = {0};

	kycvs_bind_bytes(&columns, counter->key, sizeof(counter->key));
	kycvs_bind_time(&columns, now);
	kycvs_bind_text(&columns, event);
	kycvs_row_add(&charges, &columns);
}

static void
add_both(const KycvsLimits *limits, const char *event, TimestampTz now)
{
	add_event(&limits->mobile, event, now);
	add_event(&limits->pair, event, now);
}

void
kycvs_limits_sent(const KycvsLimits *limits, TimestampTz now)
{
	add_both(limits, SENT, now);
}

void
kycvs_limits_failed(const KycvsLimits *limits, TimestampTz now)
{
	add_both(limits, FAILED, now);
}

/* Ends a row of failures of this entity; those of the mobile go on counting. */
void
kycvs_limits_succeeded(const KycvsLimits *limits, TimestampTz now)
{
	if (limits->pair.streak > 0)
		add_event(&limits->pair, SUCCEEDED, now);
}

static int
seconds_until(TimestampTz then, TimestampTz now)
{
	return then <= now ? 0 : (int) ((then - now + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

/* At most "allowed" events within "window": when is one more allowed? */
static TimestampTz
next_allowed(const TimestampTz *times, int n, int allowed, int64 window)
{
	return n < allowed ? PG_INT64_MIN : times[n - allowed] + window;
}

static TimestampTz
full_hour(TimestampTz time)
{
	return time == PG_INT64_MIN ? time : (time + HOUR - 1) / HOUR * HOUR;
}

static const Allowed *
allowed_to(bool by_page)
{
	return by_page ? &allowed_page : &allowed_entity;
}

int
kycvs_limits_send_wait(const KycvsLimits *limits, bool by_page, TimestampTz now)
{
	const Allowed *allowed = allowed_to(by_page);
	const KycvsCounter *pair = &limits->pair;
	const KycvsCounter *mobile = &limits->mobile;
	TimestampTz own = Max(next_allowed(pair->sent, pair->nsent, allowed->pair_sent_hour, HOUR),
						  next_allowed(pair->sent, pair->nsent, allowed->pair_sent_day, DAY));
	TimestampTz all = Max(next_allowed(mobile->sent, mobile->nsent, allowed->mobile_sent_day, DAY),
						  next_allowed(mobile->failed, mobile->nfailed, allowed->mobile_failed_day, DAY));

	return seconds_until(Max(own, full_hour(all)), now);
}

static int
streak_wait(const KycvsCounter *pair, TimestampTz now)
{
	int			doublings = pair->streak - STREAK_FREE;
	int			wait;

	if (doublings < 0 || pair->nfailed == 0)
		return 0;
	wait = doublings > 7 ? STREAK_LAST_WAIT : Min(STREAK_FIRST_WAIT << doublings, STREAK_LAST_WAIT);
	return seconds_until(pair->failed[pair->nfailed - 1] + wait * USECS_PER_SEC, now);
}

int
kycvs_limits_try_wait(const KycvsLimits *limits, bool by_page, TimestampTz now)
{
	const KycvsCounter *mobile = &limits->mobile;
	TimestampTz all = next_allowed(mobile->failed, mobile->nfailed, allowed_to(by_page)->mobile_failed_day, DAY);

	return Max(streak_wait(&limits->pair, now), seconds_until(full_hour(all), now));
}

int
kycvs_limits_budget_wait(int32 entity, int32 budget, bool by_page, TimestampTz now)
{
	TimestampTz oldest;

	if (by_page)
		budget = budget / 2 + budget % 2;
	if (budget == 0)
		return 3600;
	if (kycvs_challenges_failed(entity, now - HOUR, budget, &oldest) < budget)
		return 0;
	return Max(seconds_until(oldest + HOUR, now), 1);
}

int
kycvs_limits_resend_pause(int resends)
{
	static const int pauses[] = {30, 60, 120};

	return resends < (int) lengthof(pauses) ? pauses[resends] : -1;
}
