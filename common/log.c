/*
 * log.c
 *	  Lines on standard error, for the journal or a file.
 *
 * systemd is told the severity by a number in front and knows the time itself;
 * who else reads gets both in words.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

#include "log.h"
#include "loop.h"

#define LINE_MAX_BYTES	4096	/* the line of a minute names each route */
#define SELDOM_MS		10000

static const char *const words[] = {
	[LOG_ERR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "note"
};

static bool
has_journal(void)
{
	return getenv("JOURNAL_STREAM") != NULL;
}

static void
write_line(int severity, const char *fmt, va_list args)
{
	char		line[LINE_MAX_BYTES];
	char		when[32];
	time_t		now = time(NULL);
	struct tm	parts;

	vsnprintf(line, sizeof(line), fmt, args);
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char) *c < ' ')
			*c = ' ';
	if (has_journal())
	{
		fprintf(stderr, "<%d>%s\n", severity, line);
		return;
	}
	gmtime_r(&now, &parts);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts);
	fprintf(stderr, "%s " PROGRAM ": %s: %s\n", when, words[severity], line);
}

void
log_error(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	write_line(LOG_ERR, fmt, args);
	va_end(args);
}

void
log_warning(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	write_line(LOG_WARNING, fmt, args);
	va_end(args);
}

void
log_note(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	write_line(LOG_INFO, fmt, args);
	va_end(args);
}

bool
log_due(Seldom *seldom, unsigned *skipped)
{
	int64_t		now = loop_now();

	if (seldom->last != 0 && now - seldom->last < SELDOM_MS)
	{
		seldom->skipped++;
		return false;
	}
	*skipped = seldom->skipped;
	seldom->skipped = 0;
	seldom->last = now;
	return true;
}
