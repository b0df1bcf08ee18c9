/*
 * limits.c
 *	  How often may be sent, how often may be tried.
 *
 * A counter is a row that keeps the times of its latest events, so windows
 * slide exactly and a refusal knows when the next event is allowed.  Only the
 * authority writes it, one request after the other, so no two sessions can
 * pass the same limit.  The entity's budget is counted from the challenges
 * themselves: each counts from its first wrong try until its own success.
 *
 * Waits that come from what other entities did are rounded up to full hours.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "limits.h"
#include "statement.h"
#include "utils/array.h"

#define HOUR	(3600 * USECS_PER_SEC)
#define DAY		(24 * HOUR)

#define PAIR_SENT_HOUR		5
#define PAIR_SENT_DAY		10
#define MOBILE_SENT_DAY		20
#define MOBILE_FAILED_DAY	30
#define STREAK_FREE			5	/* failures in a row before waits begin */
#define STREAK_FIRST_WAIT	30	/* seconds, doubling */
#define STREAK_LAST_WAIT	3600

StaticAssertDecl(MOBILE_SENT_DAY <= KYCVS_SENT_KEPT && MOBILE_FAILED_DAY <= KYCVS_FAILED_KEPT, "limits fit the rows");

static KycvsStatement read_counters = {
	"SELECT key, sent, failed, streak FROM kycvs_data.charge WHERE key IN ($1, $2)"
};
static KycvsStatement write_counters = {
	"INSERT INTO kycvs_data.charge (key, sent, failed, streak) VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)"
	" ON CONFLICT (key) DO UPDATE SET sent = excluded.sent, failed = excluded.failed, streak = excluded.streak"
};
static KycvsStatement read_budget = {
	"SELECT count(*), min(f.failed_at) FROM"
	" (SELECT failed_at FROM kycvs_data.challenge"
	"  WHERE entity = $1 AND failed_at IS NOT NULL AND NOT verified AND failed_at > $2"
	"  ORDER BY failed_at DESC LIMIT $3) AS f"
};

static int
read_times(Datum array, TimestampTz *times, int max)
{
	ArrayType  *values = DatumGetArrayTypeP(array);
	int			n = ArrayGetNItems(ARR_NDIM(values), ARR_DIMS(values));
	int			skip = Max(n - max, 0);

	if (ARR_HASNULL(values) || ARR_ELEMTYPE(values) != TIMESTAMPTZOID)
		elog(ERROR, "a limit counter is damaged");
	memcpy(times, (TimestampTz *) ARR_DATA_PTR(values) + skip, (n - skip) * sizeof(TimestampTz));
	return n - skip;
}

static Datum
make_times(const TimestampTz *times, int n)
{
	Datum		values[Max(KYCVS_SENT_KEPT, KYCVS_FAILED_KEPT)];
	int			i;

	for (i = 0; i < n; i++)
		values[i] = TimestampTzGetDatum(times[i]);
	return PointerGetDatum(construct_array(values, n, TIMESTAMPTZOID, sizeof(TimestampTz),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static void
name_counter(KycvsCounter *counter, const uint8 *index, int32 entity)
{
	KycvsPart	parts[3] = {{"charge", 6}, {index, KYCVS_INDEX_LENGTH}, {&entity, sizeof(entity)}};

	if (!kycvs_mac(KYCVS_SUBKEY_INDEX, parts, lengthof(parts), counter->key))
		elog(ERROR, "could not compute a keyed hash");
}

static void
read_counter(uint64 row, KycvsCounter *counter)
{
	counter->nsent = read_times(kycvs_column_datum(row, 2), counter->sent, KYCVS_SENT_KEPT);
	counter->nfailed = read_times(kycvs_column_datum(row, 3), counter->failed, KYCVS_FAILED_KEPT);
	counter->streak = kycvs_column_int4(row, 4);
}

/* Entities are numbered from 1, so 0 is free for "all of them". */
void
kycvs_limits_read(KycvsLimits *limits, const uint8 index[KYCVS_INDEX_LENGTH], int32 entity)
{
	KycvsArgs	args = {0};
	uint64		found;
	uint64		row;

	memset(limits, 0, sizeof(*limits));
	name_counter(&limits->mobile, index, 0);
	name_counter(&limits->pair, index, entity);
	kycvs_bind_bytes(&args, limits->mobile.key, sizeof(limits->mobile.key));
	kycvs_bind_bytes(&args, limits->pair.key, sizeof(limits->pair.key));
	found = kycvs_run(&read_counters, &args);
	for (row = 0; row < found; row++)
	{
		uint8		key[KYCVS_DIGEST_LENGTH];

		kycvs_column_bytes(row, 1, key, sizeof(key));
		read_counter(row, memcmp(key, limits->mobile.key, sizeof(key)) == 0 ? &limits->mobile : &limits->pair);
	}
}

static void
bind_counter(KycvsArgs *args, const KycvsCounter *counter)
{
	kycvs_bind_bytes(args, counter->key, sizeof(counter->key));
	kycvs_bind_datum(args, TIMESTAMPTZARRAYOID, make_times(counter->sent, counter->nsent));
	kycvs_bind_datum(args, TIMESTAMPTZARRAYOID, make_times(counter->failed, counter->nfailed));
	kycvs_bind_int4(args, counter->streak);
}

void
kycvs_limits_write(const KycvsLimits *limits)
{
	KycvsArgs	args = {0};

	bind_counter(&args, &limits->mobile);
	bind_counter(&args, &limits->pair);
	kycvs_run(&write_counters, &args);
}

static int
seconds_until(TimestampTz then, TimestampTz now)
{
	return then <= now ? 0 : (int) ((then - now + USECS_PER_SEC - 1) / USECS_PER_SEC);
}

/* At most "allowed" events within "window": how long until one more? */
static int
window_wait(const TimestampTz *times, int n, int allowed, int64 window, TimestampTz now)
{
	if (n < allowed)
		return 0;
	return seconds_until(times[n - allowed] + window, now);
}

static int
round_to_hours(int seconds)
{
	return (seconds + 3599) / 3600 * 3600;
}

int
kycvs_limits_send_wait(const KycvsLimits *limits, TimestampTz now)
{
	const KycvsCounter *pair = &limits->pair;
	const KycvsCounter *mobile = &limits->mobile;
	int			hour = window_wait(pair->sent, pair->nsent, PAIR_SENT_HOUR, HOUR, now);
	int			day = window_wait(pair->sent, pair->nsent, PAIR_SENT_DAY, DAY, now);
	int			all = window_wait(mobile->sent, mobile->nsent, MOBILE_SENT_DAY, DAY, now);
	int			failed = window_wait(mobile->failed, mobile->nfailed, MOBILE_FAILED_DAY, DAY, now);

	return Max(Max(hour, day), round_to_hours(Max(all, failed)));
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
	int			all = window_wait(limits->mobile.failed, limits->mobile.nfailed, MOBILE_FAILED_DAY, DAY, now);

	return Max(streak_wait(&limits->pair, now), round_to_hours(all));
}

static void
add_time(TimestampTz *times, int *n, int max, TimestampTz now)
{
	if (*n == max)
	{
		memmove(times, times + 1, (max - 1) * sizeof(TimestampTz));
		*n = max - 1;
	}
	times[(*n)++] = now;
}

void
kycvs_limits_sent(KycvsLimits *limits, TimestampTz now)
{
	add_time(limits->mobile.sent, &limits->mobile.nsent, KYCVS_SENT_KEPT, now);
	add_time(limits->pair.sent, &limits->pair.nsent, PAIR_SENT_DAY, now);
}

void
kycvs_limits_failed(KycvsLimits *limits, TimestampTz now)
{
	add_time(limits->mobile.failed, &limits->mobile.nfailed, KYCVS_FAILED_KEPT, now);
	add_time(limits->pair.failed, &limits->pair.nfailed, 1, now);
	limits->pair.streak++;
}

bool
kycvs_limits_succeeded(KycvsLimits *limits)
{
	bool		had = limits->pair.streak > 0;

	limits->pair.streak = 0;
	return had;
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
