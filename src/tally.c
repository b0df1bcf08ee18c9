/*
 * tally.c
 *	  What became of messages, counted by route.
 *
 * A row for each route would be written again for each message.  So what the
 * requests of a batch count is gathered here, and written once, in the batch's
 * transaction: it survives a crash as the messages do.  What a request has
 * counted that fails is taken back.
 *
 * How long messages took is kept as histograms, a row for each minute of the
 * last hour, so that reading it costs the same however many there were.  The
 * steps grow with the time, eight to each doubling: what is read is at most an
 * eighth too high.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "smsroute.h"
#include "statement.h"
#include "table.h"
#include "tally.h"
#include "utils/array.h"

#define STEPS			160		/* up to an hour */
#define STEP_BITS		3
#define MINUTES			60
#define GATHERED_MAX	1024

enum
{
	COUNT_ROUTE = 1,
	COUNT_MINUTE,
	COUNT_FIRST,				/* KycvsTallied in their order */
	COUNT_LAST = COUNT_FIRST + KYCVS_TALLIES - 1
};
static const char *const count_columns[] = {
	NULL, "route", "minute", "claimed", "sent", "failed", "expired", "retried", "delivered", "undelivered"
};
static KycvsTable counts = KYCVS_TABLE("sms_count", count_columns);
static KycvsIndex count_by_route = {&counts, "sms_count_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex all_counts = {&counts, "sms_count_pkey", 1, BTGreaterEqualStrategyNumber};

enum
{
	DELAY_ROUTE = 1,
	DELAY_SLOT,
	DELAY_MINUTE,
	DELAY_STEPS
};
static const char *const delay_columns[] = {
	[DELAY_ROUTE] = "route",
	[DELAY_SLOT] = "slot",
	[DELAY_MINUTE] = "minute",
	[DELAY_STEPS] = "steps"
};
static KycvsTable delays = KYCVS_TABLE("sms_delay", delay_columns);
static KycvsIndex delay_by_slot = {&delays, "sms_delay_pkey", 2, BTEqualStrategyNumber};

static KycvsStatement fold_counts = {
	"WITH gone AS (DELETE FROM kycvs_data.sms_count WHERE route = $1 RETURNING *)"
	" INSERT INTO kycvs_data.sms_count AS c SELECT 0, minute, claimed, sent, failed, expired, retried, delivered, undelivered FROM gone"
	" ON CONFLICT (route) DO UPDATE SET minute = greatest(c.minute, excluded.minute),"
	" claimed = CASE WHEN c.minute < excluded.minute THEN 0 ELSE c.claimed END + CASE WHEN c.minute > excluded.minute THEN 0 ELSE excluded.claimed END,"
	" sent = c.sent + excluded.sent, failed = c.failed + excluded.failed, expired = c.expired + excluded.expired, retried = c.retried + excluded.retried,"
	" delivered = c.delivered + excluded.delivered, undelivered = c.undelivered + excluded.undelivered"
};
static KycvsStatement forget_delays = {
	"DELETE FROM kycvs_data.sms_delay WHERE route = $1"
};

/* What was counted and is not written yet; of the request in hand, what stands from "kept" on. */
typedef struct Gathered
{
	int32		route;
	int16		what;
	int16		step;			/* of the histogram; -1: of none */
	int			n;
} Gathered;

static Gathered gathered[GATHERED_MAX];
static int	ngathered = 0;
static int	kept = 0;

/* ---- gathering ---- */

/* When there is no room, messages of an unusual kind go uncounted: for one batch, or while the rows cannot be written. */
static void
gather(int *n, int first, int32 route, int what, int step, int count)
{
	int			i;

	for (i = first; i < *n; i++)
		if (gathered[i].route == route && gathered[i].what == what && gathered[i].step == step)
		{
			gathered[i].n += count;
			return;
		}
	if (*n < GATHERED_MAX)
		gathered[(*n)++] = (Gathered) {route, what, step, count};
}

/* The step that a time falls into: up to 8 ms one each, then eight to each doubling. */
static int
find_step(int64 microseconds)
{
	int64		ms = Max(microseconds, 0) / 1000;
	int			doublings = 0;

	while (ms >> doublings >= 2 << STEP_BITS)
		doublings++;
	return Min((doublings << STEP_BITS) + (int) (ms >> doublings), STEPS - 1);
}

void
kycvs_tally_add(KycvsTallied what, int32 route)
{
	gather(&ngathered, kept, route, what, -1, 1);
}

void
kycvs_tally_sent(int32 route, int64 microseconds)
{
	gather(&ngathered, kept, route, KYCVS_TALLY_SENT, find_step(microseconds), 1);
}

void
kycvs_tally_end(bool failed)
{
	int			last = ngathered;
	int			i;

	ngathered = kept;
	for (i = kept; i < last && !failed; i++)
		gather(&kept, 0, gathered[i].route, gathered[i].what, gathered[i].step, gathered[i].n);
	ngathered = kept;
}

bool
kycvs_tally_waits(void)
{
	return kept > 0;
}

/* ---- what was claimed in this minute ---- */

static TimestampTz
minute_of(TimestampTz time)
{
	return time - time % USECS_PER_MINUTE;
}

static void
add_claimed(KycvsClaimed *claimed, int32 route, int n)
{
	int			i;

	claimed->all += n;
	for (i = 0; i < claimed->n; i++)
		if (claimed->routes[i] == route)
			break;
	if (i == KYCVS_SMS_ROUTES_MAX || route == 0)
		return;
	if (i == claimed->n)
	{
		claimed->routes[claimed->n] = route;
		claimed->counts[claimed->n++] = 0;
	}
	claimed->counts[i] += n;
}

void
kycvs_tally_read_claimed(KycvsClaimed *claimed, TimestampTz now)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	int			i;

	claimed->all = claimed->n = 0;
	kycvs_bind_int4(&keys, 0);
	kycvs_scan_begin(&scan, &all_counts, &keys, ForwardScanDirection);
	while (kycvs_scan_next(&scan, &row))
		if (kycvs_row_time(&row, COUNT_MINUTE) == minute_of(now))
			add_claimed(claimed, kycvs_row_int4(&row, COUNT_ROUTE), (int) kycvs_row_int8(&row, COUNT_FIRST + KYCVS_TALLY_CLAIMED));
	kycvs_scan_end(&scan);
	for (i = 0; i < ngathered; i++)
		if (gathered[i].what == KYCVS_TALLY_CLAIMED)
			add_claimed(claimed, gathered[i].route, gathered[i].n);
}

int
kycvs_tally_claimed_by(const KycvsClaimed *claimed, int32 route)
{
	int			i;

	for (i = 0; i < claimed->n; i++)
		if (claimed->routes[i] == route)
			return claimed->counts[i];
	return 0;
}

/* ---- writing ---- */

/* Of one route: how many of each, and of those that were sent how many took how long. */
typedef struct Sum
{
	int64		n[KYCVS_TALLIES];
	int32		steps[STEPS];
	bool		timed;
} Sum;

static void
add_up(Sum *sum, const Gathered *one)
{
	sum->n[one->what] += one->n;
	if (one->step >= 0)
	{
		sum->steps[one->step] += one->n;
		sum->timed = true;
	}
}

static void
add_counts(int32 route, const Sum *sum, TimestampTz now)
{
	KycvsArgs	columns = {0};
	int			i;

	kycvs_bind_int4(&columns, route);
	kycvs_bind_time(&columns, minute_of(now));
	for (i = 0; i < KYCVS_TALLIES; i++)
		kycvs_bind_int8(&columns, sum->n[i]);
	kycvs_row_add(&counts, &columns);
}

static void
write_counts(int32 route, const Sum *sum, TimestampTz now)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;
	int			i;

	kycvs_bind_int4(&keys, route);
	if (!kycvs_row_find(&count_by_route, &keys, &row))
	{
		add_counts(route, sum, now);
		return;
	}
	if (kycvs_row_time(&row, COUNT_MINUTE) != minute_of(now))
		kycvs_row_set(&row, COUNT_FIRST + KYCVS_TALLY_CLAIMED, Int64GetDatum(0));
	kycvs_row_set(&row, COUNT_MINUTE, TimestampTzGetDatum(minute_of(now)));
	for (i = 0; i < KYCVS_TALLIES; i++)
		kycvs_row_set(&row, COUNT_FIRST + i, Int64GetDatum(kycvs_row_int8(&row, COUNT_FIRST + i) + sum->n[i]));
	kycvs_row_save(&row);
}

/* Adds what the row has, when it is of this minute and not of the hour before. */
static Datum
make_steps(const Sum *sum, const KycvsRow *row)
{
	Datum		steps[STEPS];
	ArrayType  *before = row != NULL ? DatumGetArrayTypePCopy(kycvs_row_datum(row, DELAY_STEPS)) : NULL;
	int			i;

	if (before != NULL && (ARR_NDIM(before) != 1 || ARR_DIMS(before)[0] != STEPS || ARR_HASNULL(before) || ARR_ELEMTYPE(before) != INT4OID))
		elog(ERROR, "a histogram has not its length");
	for (i = 0; i < STEPS; i++)
		steps[i] = Int32GetDatum(sum->steps[i] + (before != NULL ? ((int32 *) ARR_DATA_PTR(before))[i] : 0));
	return PointerGetDatum(construct_array(steps, STEPS, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

static void
write_delays(int32 route, const Sum *sum, TimestampTz now)
{
	TimestampTz minute = minute_of(now);
	int16		slot = (int16) (minute / USECS_PER_MINUTE % MINUTES);
	KycvsArgs	columns = {0};
	KycvsRow	row;

	kycvs_bind_int4(&columns, route);
	kycvs_bind_int2(&columns, slot);
	if (kycvs_row_find(&delay_by_slot, &columns, &row))
	{
		bool		same = kycvs_row_time(&row, DELAY_MINUTE) == minute;

		kycvs_row_set(&row, DELAY_STEPS, make_steps(sum, same ? &row : NULL));
		kycvs_row_set(&row, DELAY_MINUTE, TimestampTzGetDatum(minute));
		kycvs_row_save(&row);
		return;
	}
	kycvs_bind_time(&columns, minute);
	kycvs_bind_datum(&columns, INT4ARRAYOID, make_steps(sum, NULL));
	kycvs_row_add(&delays, &columns);
}

/* All that was gathered for the first route that is not written yet. */
static void
write_route(int32 route, TimestampTz now, bool *written)
{
	Sum			sum = {0};
	int32		counted_as = route == 0 || kycvs_sms_route_exists(route) ? route : 0;
	int			i;

	for (i = 0; i < kept; i++)
		if (gathered[i].route == route)
		{
			add_up(&sum, &gathered[i]);
			written[i] = true;
		}
	write_counts(counted_as, &sum, now);
	if (sum.timed)
		write_delays(counted_as, &sum, now);
}

/* When it fails, all stays gathered for the next batch; for what was written is undone then. */
void
kycvs_tally_write(TimestampTz now)
{
	bool		written[GATHERED_MAX] = {false};
	int			i;

	for (i = 0; i < kept; i++)
		if (!written[i])
			write_route(gathered[i].route, now, written);
	ngathered = kept = 0;
}

void
kycvs_tally_fold(int32 route)
{
	KycvsArgs	args = {0};

	kycvs_bind_int4(&args, route);
	kycvs_run(&fold_counts, &args);
	kycvs_run(&forget_delays, &args);
}
