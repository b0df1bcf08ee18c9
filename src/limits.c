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

#include "limits.h"
#include "statement.h"

#define HOUR	(3600 * USECS_PER_SEC)
#define DAY		(24 * HOUR)

#define SENT		"sent"
#define FAILED		"failed"
#define SUCCEEDED	"succeeded"

#define PAIR_SENT_HOUR		5
#define PAIR_SENT_DAY		10
#define MOBILE_SENT_DAY		20
#define MOBILE_FAILED_DAY	30
#define STREAK_FREE			5	/* failures in a row before waits begin */
#define STREAK_FIRST_WAIT	30	/* seconds, doubling */
#define STREAK_LAST_WAIT	3600

StaticAssertDecl(MOBILE_SENT_DAY <= KYCVS_SENT_KEPT && MOBILE_FAILED_DAY <= KYCVS_FAILED_KEPT, "limits fit the counters");

/* Of one instant, as when the clock stands still, a success comes first: it ends no failure of that instant. */
static KycvsStatement read_events = {
	"SELECT key = $1, event, at FROM kycvs_data.charge WHERE key IN ($1, $2) AND at > $3 ORDER BY at, event DESC"
};
static KycvsStatement add_events = {
	"INSERT INTO kycvs_data.charge (key, at, event) VALUES ($1, $3, $4), ($2, $3, $4)"
};
static KycvsStatement add_event = {
	"INSERT INTO kycvs_data.charge (key, at, event) VALUES ($1, $2, $3)"
};
static KycvsStatement read_budget = {
	"SELECT count(*), min(f.failed_at) FROM"
	" (SELECT failed_at FROM kycvs_data.challenge"
	"  WHERE entity = $1 AND failed_at IS NOT NULL AND NOT verified AND failed_at > $2"
	"  ORDER BY failed_at DESC LIMIT $3) AS f"
};

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
		counter->streak = 0;
}

/* Entities are numbered from 1, so 0 is free for "all of them". */
void
kycvs_limits_read(KycvsLimits *limits, const uint8 index[KYCVS_INDEX_LENGTH], int32 entity, TimestampTz now)
{
	KycvsArgs	args = {0};
	uint64		found;
	uint64		row;

	memset(limits, 0, sizeof(*limits));
	name_counter(&limits->mobile, index, 0);
	name_counter(&limits->pair, index, entity);
	kycvs_bind_bytes(&args, limits->mobile.key, sizeof(limits->mobile.key));
	kycvs_bind_bytes(&args, limits->pair.key, sizeof(limits->pair.key));
	kycvs_bind_time(&args, now - DAY - HOUR);
	found = kycvs_run_uncounted(&read_events, &args);
	for (row = 0; row < found; row++)
	{
		char		event[16];

		kycvs_column_text(row, 2, event, sizeof(event));
		count_event(kycvs_column_bool(row, 1) ? &limits->mobile : &limits->pair, event, kycvs_column_time(row, 3));
	}
}

static void
add_both(const KycvsLimits *limits, const char *event, TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_bytes(&args, limits->mobile.key, sizeof(limits->mobile.key));
	kycvs_bind_bytes(&args, limits->pair.key, sizeof(limits->pair.key));
	kycvs_bind_time(&args, now);
	kycvs_bind_text(&args, event);
	kycvs_run(&add_events, &args);
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
	KycvsArgs	args = {0};

	if (limits->pair.streak == 0)
		return;
	kycvs_bind_bytes(&args, limits->pair.key, sizeof(limits->pair.key));
	kycvs_bind_time(&args, now);
	kycvs_bind_text(&args, SUCCEEDED);
	kycvs_run(&add_event, &args);
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

int
kycvs_limits_send_wait(const KycvsLimits *limits, TimestampTz now)
{
	const KycvsCounter *pair = &limits->pair;
	const KycvsCounter *mobile = &limits->mobile;
	TimestampTz own = Max(next_allowed(pair->sent, pair->nsent, PAIR_SENT_HOUR, HOUR),
						  next_allowed(pair->sent, pair->nsent, PAIR_SENT_DAY, DAY));
	TimestampTz all = Max(next_allowed(mobile->sent, mobile->nsent, MOBILE_SENT_DAY, DAY),
						  next_allowed(mobile->failed, mobile->nfailed, MOBILE_FAILED_DAY, DAY));

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
kycvs_limits_try_wait(const KycvsLimits *limits, TimestampTz now)
{
	const KycvsCounter *mobile = &limits->mobile;
	TimestampTz all = next_allowed(mobile->failed, mobile->nfailed, MOBILE_FAILED_DAY, DAY);

	return Max(streak_wait(&limits->pair, now), seconds_until(full_hour(all), now));
}

int
kycvs_limits_budget_wait(int32 entity, int32 budget, TimestampTz now)
{
	KycvsArgs	args = {0};

	if (budget == 0)
		return 3600;
	kycvs_bind_int4(&args, entity);
	kycvs_bind_time(&args, now - HOUR);
	kycvs_bind_int8(&args, budget);
	kycvs_run(&read_budget, &args);
	if (kycvs_column_int8(0, 1) < budget)
		return 0;
	return Max(seconds_until(kycvs_column_time(0, 2) + HOUR, now), 1);
}

int
kycvs_limits_resend_pause(int resends)
{
	static const int pauses[] = {30, 60, 120};

	return resends < (int) lengthof(pauses) ? pauses[resends] : -1;
}
