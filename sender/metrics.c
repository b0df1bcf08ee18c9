/*
 * metrics.c
 *	  What the sender has done, in numbers.
 *
 * Times are counted in classes a tenth apart, which is how exact the
 * percentiles are.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "metrics.h"
#include "routes.h"

#define CLASSES		130			/* from 1 ms to 200 s */

static const struct
{
	const char *name;
	const char *help;
} names[COUNTS] = {
	[COUNT_CLAIMED] = {"claimed", "Messages claimed from the registry."},
	[COUNT_SENT] = {"sent", "Messages accepted by a gateway."},
	[COUNT_RETRIED] = {"retried", "Attempts that failed, after which the message was given back."},
	[COUNT_FAILED] = {"failed", "Messages given up."},
	[COUNT_DROPPED] = {"dropped", "Messages claimed too late to be sent in time."},
	[COUNT_TOO_LATE] = {"too_late", "Results that the registry did not want any more."},
	[COUNT_UNREPORTED] = {"unreported", "Results that nobody took."},
	[COUNT_RECEIPTS] = {"receipts", "Delivery receipts reported to the registry."},
	[COUNT_RECEIPTS_REFUSED] = {"receipts_refused", "Delivery receipts that the registry did not want."},
	[COUNT_RECEIPTS_FORGED] = {"receipts_forged", "Delivery receipts with a wrong tag."}
};

/* Upper ends of Prometheus' classes, in milliseconds. */
static const int64_t bounds[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000};

#define BOUNDS	((int) (sizeof(bounds) / sizeof(bounds[0])))

static uint64_t counts[COUNTS];
static uint64_t counts_before[COUNTS];	/* at the last line */

static uint64_t minute[CLASSES];
static uint64_t within[BOUNDS];
static uint64_t accepted;
static int64_t sum;

void
metrics_count(Count count)
{
	counts[count]++;
}

uint64_t
metrics_get(Count count)
{
	return counts[count];
}

static int
class_of(int64_t milliseconds)
{
	double		end = 1;
	int			class = 0;

	while (class < CLASSES - 1 && milliseconds > end)
	{
		end *= 1.1;
		class++;
	}
	return class;
}

static int64_t
end_of(int class)
{
	double		end = 1;

	while (class-- > 0)
		end *= 1.1;
	return (int64_t) end;
}

void
metrics_accepted_after(int64_t milliseconds)
{
	minute[class_of(milliseconds)]++;
	for (int i = 0; i < BOUNDS; i++)
		within[i] += milliseconds <= bounds[i];
	accepted++;
	sum += milliseconds;
}

/* Of the minute; 0 when nothing was accepted in it. */
static int64_t
percentile(int percent)
{
	uint64_t	total = 0;
	uint64_t	so_far = 0;
	int			class = 0;

	for (int i = 0; i < CLASSES; i++)
		total += minute[i];
	while (class < CLASSES && (so_far += minute[class]) * 100 < total * percent)
		class++;
	return total > 0 ? end_of(class) : 0;
}

/* ---- Prometheus ---- */

static void
write_counts(Buffer *out)
{
	for (int i = 0; i < COUNTS; i++)
		buffer_format(out, "# HELP kycvs_sender_%s_total %s\n# TYPE kycvs_sender_%s_total counter\nkycvs_sender_%s_total %" PRIu64 "\n",
					  names[i].name, names[i].help, names[i].name, names[i].name, counts[i]);
}

static void
write_times(Buffer *out)
{
	buffer_add_text(out, "# HELP kycvs_sender_acceptance_seconds From the claim to the acceptance by a gateway.\n"
					"# TYPE kycvs_sender_acceptance_seconds histogram\n");
	for (int i = 0; i < BOUNDS; i++)
		buffer_format(out, "kycvs_sender_acceptance_seconds_bucket{le=\"%g\"} %" PRIu64 "\n", bounds[i] / 1000.0, within[i]);
	buffer_format(out, "kycvs_sender_acceptance_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", accepted);
	buffer_format(out, "kycvs_sender_acceptance_seconds_sum %.3f\nkycvs_sender_acceptance_seconds_count %" PRIu64 "\n", sum / 1000.0, accepted);
}

static void
write_label(Buffer *out, const char *metric, const char *name)
{
	buffer_format(out, "kycvs_sender_route_%s{route=\"", metric);
	for (; *name != '\0'; name++)
	{
		if (*name == '"' || *name == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, *name == '\n' ? ' ' : *name);
	}
	buffer_add_text(out, "\"} ");
}

static int
usability_of(const RouteState *state)
{
	return state->route != NULL && state->breaker.state == BREAKER_CLOSED;
}

static void
write_routes(Buffer *out)
{
	static const char *const metrics[] = {"sent_total", "failed_total", "up"};
	static const char *const types[] = {"counter", "counter", "gauge"};

	for (int i = 0; i < 3; i++)
	{
		buffer_format(out, "# TYPE kycvs_sender_route_%s %s\n", metrics[i], types[i]);
		for (const RouteState *state = routes_first(); state != NULL; state = state->next)
		{
			write_label(out, metrics[i], state->name);
			buffer_format(out, "%" PRIu64 "\n", i == 0 ? state->sent : i == 1 ? state->failed : (uint64_t) usability_of(state));
		}
	}
}

void
metrics_write(Buffer *out, int in_flight)
{
	write_counts(out);
	buffer_format(out, "# HELP kycvs_sender_in_flight Messages claimed and not reported yet.\n"
				  "# TYPE kycvs_sender_in_flight gauge\nkycvs_sender_in_flight %d\n", in_flight);
	write_times(out);
	write_routes(out);
}

/* ---- the line of a minute ---- */

static const char *
word_for(const RouteState *state)
{
	if (!state->present)
		return "not there";
	if (state->route == NULL)
		return "not usable";
	return state->breaker.state == BREAKER_CLOSED ? "up" : "down";
}

void
metrics_log_minute(int in_flight)
{
	Buffer		line = {0};

	buffer_add_text(&line, "in the last minute");
	for (int i = 0; i < COUNTS; i++)
		buffer_format(&line, "%s %s %" PRIu64, i == 0 ? ":" : ",", names[i].name, counts[i] - counts_before[i]);
	buffer_format(&line, "; in flight %d; p50 %" PRId64 " ms, p99 %" PRId64 " ms", in_flight, percentile(50), percentile(99));
	for (const RouteState *state = routes_first(); state != NULL; state = state->next)
		buffer_format(&line, "; route %s %s, sent %" PRIu64 ", failed %" PRIu64 " since start", state->name, word_for(state), state->sent, state->failed);
	log_note("%s", buffer_text(&line));
	buffer_wipe(&line);
	memcpy(counts_before, counts, sizeof(counts));
	memset(minute, 0, sizeof(minute));
}
