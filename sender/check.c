/*
 * check.c
 *	  --check: tries everything that the sender needs, and sends nothing.
 *
 * The same modules as in earnest, but one step after the other: each begins
 * something, and runs the loop until it has ended.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "delivery.h"
#include "loop.h"
#include "registry.h"
#include "route.h"
#include "secretfile.h"
#include "tag.h"

#define PATIENCE_MS	20000
#define TICK_MS		50
#define ROUTES_MAX	100
#define NAME_SIZE	64

typedef struct CheckedRoute
{
	char		name[NAME_SIZE];
	Route	   *route;
} CheckedRoute;

static const Config *config;
static bool all_well = true;
static bool has_rights = false;
static bool ended = false;		/* the step */
static int64_t deadline;

static CheckedRoute checked[ROUTES_MAX];
static int	nchecked = 0;

static void say(bool well, const char *fmt,...) __attribute__((format(printf, 2, 3)));

static void
say(bool well, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fputs(well ? "ok    " : "FAIL  ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	all_well &= well;
}

static void
end_step(void)
{
	ended = true;
}

/* A database that cannot be reached is asked once. */
static void
watch_step(void *arg)
{
	LoopEvent **timer = arg;

	if (loop_now() >= deadline || database_failures() > 0)
		ended = true;
	else
		loop_set_timer(*timer, TICK_MS);
}

static void
run_step(void)
{
	LoopEvent  *timer = loop_timer(watch_step, &timer);

	deadline = loop_now() + PATIENCE_MS;
	loop_set_timer(timer, TICK_MS);
	loop_run(&ended);
	loop_remove(timer);
	ended = false;
}

/* ---- files ---- */

static void
check_secrets(void)
{
	Buffer		problem = {0};

	if (config->secrets == NULL)
		say(true, "secrets: no directory is configured");
	else if (secretfile_check_directory(config->secrets, &problem))
		say(true, "secrets: directory \"%s\"", config->secrets);
	else
		say(false, "secrets: %s", buffer_text(&problem));
	buffer_wipe(&problem);
}

static void
check_receipts(void)
{
	Buffer		problem = {0};

	if (config->receipt_url == NULL)
		say(true, "receipts: none are taken");
	else if (tag_check_key(config->secrets, &problem))
		say(true, "receipts: at %s", config->receipt_url);
	else
		say(false, "receipts: %s", buffer_text(&problem));
	buffer_wipe(&problem);
}

/* ---- the database ---- */

static void
on_rights(const DatabaseAnswer *answer, void *arg)
{
	(void) arg;
	has_rights = answer_is_fine(answer);
	if (!has_rights)
		say(false, "rights: %s (%s)", answer_message(answer), answer_sqlstate(answer));
	for (int row = 0; row < answer_rows(answer); row++)
	{
		const char *problem = answer_value(answer, row, 1);

		has_rights &= problem == NULL;
		say(problem == NULL, "%s %s", answer_value(answer, row, 0), problem != NULL ? problem : "may be used");
	}
	end_step();
}

static bool
is_connected(void)
{
	if (database_is_ready())
		return true;
	say(false, "database: %s", database_problem());
	return false;
}

static void
connect_for(const Statement *const *statements)
{
	database_start(config->common.database, statements, end_step);
	run_step();
}

/* Whether there is a registry whose routes can be read. */
static bool
check_rights(void)
{
	connect_for(registry_check_statements);
	if (is_connected())
	{
		say(true, "database: connected");
		registry_rights(on_rights, NULL);
		run_step();
	}
	database_end();
	return has_rights;
}

/* ---- routes ---- */

static void
check_route(const RouteRow *row)
{
	Buffer		problem = {0};
	Route	   *route;

	if (!row->enabled)
	{
		say(true, "route %s: not enabled", row->name);
		return;
	}
	route = route_compile(row, config->secrets, config->receipt_url != NULL, &problem);
	if (route == NULL)
		say(false, "route %s: %s", row->name, buffer_text(&problem));
	else
		say(true, "route %s: usable%s", row->name,
			strncasecmp(row->url, "http:", 5) == 0 ? ", in clear: whoever is on the way can read it" : "");
	buffer_wipe(&problem);
	if (route == NULL || nchecked == ROUTES_MAX)
		return;
	snprintf(checked[nchecked].name, NAME_SIZE, "%s", row->name);
	checked[nchecked++].route = route;
}

static void
on_routes(const DatabaseAnswer *answer, void *arg)
{
	RouteRow	row;

	(void) arg;
	if (!answer_is_fine(answer))
		say(false, "routes: %s (%s)", answer_message(answer), answer_sqlstate(answer));
	else if (answer_rows(answer) == 0)
		say(false, "routes: the registry has none");
	for (int i = 0; i < answer_rows(answer); i++)
	{
		registry_read_route(answer, i, &row);
		check_route(&row);
	}
	end_step();
}

static void
on_connected(const DeliveryAnswer *answer, void *arg)
{
	const CheckedRoute *route = arg;

	if (answer->problem != NULL)
		say(false, "route %s: %s", route->name, answer->problem);
	else
		say(true, "route %s: connected to %s", route->name, answer->address);
	end_step();
}

static void
check_gateways(void)
{
	DeliveryRequest request;

	for (int i = 0; i < nchecked; i++)
	{
		route_probe(checked[i].route, &request);
		delivery_start(&request, on_connected, &checked[i]);
		run_step();
		route_release(checked[i].route);
	}
}

static void
check_routes(void)
{
	connect_for(registry_statements);
	if (is_connected())
	{
		registry_routes(on_routes);
		run_step();
		check_gateways();
	}
	database_end();
}

bool
check_all(const Config *with_config)
{
	config = with_config;
	say(true, "configuration: %s", config->common.file != NULL ? config->common.file : "no file");
	check_secrets();
	check_receipts();
	if (check_rights())
		check_routes();
	return all_well;
}
