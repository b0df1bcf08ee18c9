/*
 * clock.c
 *	  The authority's clock and calendar.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/guc.h"

static char *timezone_setting = NULL;
static TimestampTz newest = 0;

static bool
check_timezone(char **value, void **extra, GucSource source)
{
	pg_tz	   *zone = pg_tzset(*value);

	return zone != NULL && pg_tz_acceptable(zone);
}

void
kycvs_clock_init(void)
{
	DefineCustomStringVariable("kycvs.timezone",
							   "Time zone in which doses are given, people travel and answers end.",
							   NULL, &timezone_setting, "Asia/Kolkata", PGC_SIGHUP, 0,
							   check_timezone, NULL, NULL);
}

void
kycvs_clock_not_before(TimestampTz time)
{
	newest = Max(newest, time);
}

TimestampTz
kycvs_clock_now(void)
{
	kycvs_clock_not_before(GetCurrentTimestamp());
	return newest;
}

int
kycvs_clock_behind(void)
{
	TimestampTz real = GetCurrentTimestamp();

	return real >= newest ? 0 : (int) Min((newest - real + USECS_PER_SEC - 1) / USECS_PER_SEC, PG_INT32_MAX);
}

DateADT
kycvs_clock_day(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			tz;

	if (timestamp2tm(time, &tz, &tm, &fsec, NULL, pg_tzset(timezone_setting)) != 0)
		elog(ERROR, "timestamp out of range");
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

TimestampTz
kycvs_clock_day_end(DateADT day)
{
	struct pg_tm tm = {0};
	TimestampTz result;
	int			tz;

	j2date(day + 1 + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	tz = DetermineTimeZoneOffset(&tm, pg_tzset(timezone_setting));
	if (tm2timestamp(&tm, 0, &tz, &result) != 0)
		elog(ERROR, "timestamp out of range");
	return result;
}

int
kycvs_clock_year(DateADT day)
{
	int			year,
				month,
				dom;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &dom);
	return year;
}

char *
kycvs_clock_day_text(DateADT day)
{
	int			year,
				month,
				dom;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &dom);
	return psprintf("%04d-%02d-%02d", year, month, dom);
}

int64
kycvs_clock_epoch(TimestampTz time)
{
	return (int64) timestamptz_to_time_t(time);
}
