/*
 * metrics.c
 *	  What the gateway has done, in numbers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>

#include "metrics.h"
#include "pool.h"
#include "server.h"

#define PATHS_MAX	32
#define CLASSES		6			/* of statuses: hundreds */

/* Upper ends of Prometheus' classes, in milliseconds. */
static const int64_t bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

#define BOUNDS	((int) (sizeof(bounds) / sizeof(bounds[0])))

static uint64_t replies[PATHS_MAX][CLASSES];	/* the last row: other paths */
static uint64_t within[BOUNDS];
static uint64_t all;
static int64_t sum;
static uint64_t limited;

static int
row_of(const char *path)
{
	for (int i = 0; path != NULL && paths[i].path != NULL && i < PATHS_MAX - 1; i++)
		if (paths[i].path == path)
			return i;
	return PATHS_MAX - 1;
}

void
metrics_replied(const char *path, int status, int64_t milliseconds)
{
	replies[row_of(path)][status / 100 % CLASSES]++;
	for (int i = 0; i < BOUNDS; i++)
		within[i] += milliseconds <= bounds[i];
	all++;
	sum += milliseconds;
}

void
metrics_limited(void)
{
	limited++;
}

static void
write_row(Buffer *out, const char *path, const uint64_t *row)
{
	for (int class = 0; class < CLASSES; class++)
		if (row[class] > 0)
			buffer_format(out, "kycvs_gateway_replies_total{path=\"%s\",status=\"%dxx\"} %" PRIu64 "\n", path, class, row[class]);
}

static void
write_replies(Buffer *out)
{
	buffer_add_text(out, "# HELP kycvs_gateway_replies_total Requests that were answered.\n# TYPE kycvs_gateway_replies_total counter\n");
	for (int i = 0; paths[i].path != NULL && i < PATHS_MAX - 1; i++)
		write_row(out, paths[i].path, replies[i]);
	write_row(out, "other", replies[PATHS_MAX - 1]);
}

static void
write_times(Buffer *out)
{
	buffer_add_text(out, "# HELP kycvs_gateway_seconds From the request to the reply.\n# TYPE kycvs_gateway_seconds histogram\n");
	for (int i = 0; i < BOUNDS; i++)
		buffer_format(out, "kycvs_gateway_seconds_bucket{le=\"%g\"} %" PRIu64 "\n", bounds[i] / 1000.0, within[i]);
	buffer_format(out, "kycvs_gateway_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", all);
	buffer_format(out, "kycvs_gateway_seconds_sum %.3f\nkycvs_gateway_seconds_count %" PRIu64 "\n", sum / 1000.0, all);
}

static void
write_one(Buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
	buffer_format(out, "# HELP kycvs_gateway_%s %s\n# TYPE kycvs_gateway_%s %s\nkycvs_gateway_%s %" PRIu64 "\n", name, help, name, type, name, value);
}

void
metrics_handle(Exchange *exchange)
{
	Buffer		out = {0};

	write_replies(&out);
	write_times(&out);
	write_one(&out, "limited_total", "counter", "Requests refused by the page's own limits.", limited);
	write_one(&out, "in_flight", "gauge", "Requests that are being answered.", exchange_in_flight());
	write_one(&out, "waiting", "gauge", "Requests that wait for a connection to the database.", pool_waiting());
	write_one(&out, "connections", "gauge", "Connections to the database.", pool_connected());
	exchange_reply(exchange, 200, "text/plain; version=0.0.4", &out);
	buffer_wipe(&out);
}
