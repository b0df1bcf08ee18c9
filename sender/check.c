/*
 * check.c
 *	  --check: tries everything that the sender needs, and sends nothing.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "delivery.h"
#include "registry.h"
#include "route.h"
#include "secretfile.h"
#include "tag.h"
#include "trial.h"

#define ROUTES_MAX	100
#define NAME_SIZE	64

typedef struct CheckedRoute
{
	char		name[NAME_SIZE];
	Route	   *route;
} CheckedRoute;

static const Config *config;
static bool has_rights = false;

static CheckedRoute checked[ROUTES_MAX];
static int	nchecked = 0;

/* A database that cannot be reached is asked once. */
static bool
is_over(void)
{
	return database_failures() > 0;
}

/* ---- files ---- */

static void
check_secrets(void)
{
	Buffer		problem = {0};

	if (config->secrets == NULL)
		trial_say(true, "secrets: no directory is configured");
	else if (secretfile_check_directory(config->secrets, &problem))
		trial_say(true, "secrets: directory \"%s\"", config->secrets);
	else
		trial_say(false, "secrets: %s", buffer_text(&problem));
	buffer_wipe(&problem);
}

static void
check_receipts(void)
{
	Buffer		problem = {0};

	if (config->receipt_url == NULL)
		trial_say(true, "receipts: none are taken");
	else if (tag_check_key(config->secrets, &problem))
		trial_say(true, "receipts: at %s", config->receipt_url);
	else
		trial_say(false, "receipts: %s", buffer_text(&problem));
	buffer_wipe(&problem);
}

/* ---- the database ---- */

static void
on_rights(const Answer *answer, void *arg)
{
	(void) arg;
	has_rights = answer_is_fine(answer);
	if (!has_rights)
		trial_say(false, "rights: %s (%s)", answer_message(answer), answer_sqlstate(answer));
	for (int row = 0; row < answer_rows(answer); row++)
	{
		const char *problem = answer_value(answer, row, 1);

		has_rights &= problem == NULL;
		trial_say(problem == NULL, "%s %s", answer_value(answer, row, 0), problem != NULL ? problem : "may be used");
	}
	trial_end_step();
}

static bool
is_connected(void)
{
	if (database_is_ready())
		return true;
	trial_say(false, "database: %s", database_problem());
	return false;
}

static void
connect_for(const Query *const *statements)
{
	database_start(config->common.database, statements, trial_end_step);
	trial_wait(is_over);
}

/* Whether there is a registry whose routes can be read. */
static bool
check_rights(void)
{
	connect_for(registry_check_statements);
	if (is_connected())
	{
		trial_say(true, "database: connected");
		registry_rights(on_rights, NULL);
		trial_wait(is_over);
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
		trial_say(true, "route %s: not enabled", row->name);
		return;
	}
	route = route_compile(row, config->secrets, config->receipt_url != NULL, &problem);
	if (route == NULL)
		trial_say(false, "route %s: %s", row->name, buffer_text(&problem));
	else
		trial_say(true, "route %s: usable%s", row->name,
			strncasecmp(row->url, "http:", 5) == 0 ? ", in clear: whoever is on the way can read it" : "");
	buffer_wipe(&problem);
	if (route == NULL || nchecked == ROUTES_MAX)
		return;
	snprintf(checked[nchecked].name, NAME_SIZE, "%s", row->name);
	checked[nchecked++].route = route;
}

static void
on_routes(const Answer *answer, void *arg)
{
	RouteRow	row;

	(void) arg;
	if (!answer_is_fine(answer))
		trial_say(false, "routes: %s (%s)", answer_message(answer), answer_sqlstate(answer));
	else if (answer_rows(answer) == 0)
		trial_say(false, "routes: the registry has none");
	for (int i = 0; i < answer_rows(answer); i++)
	{
		registry_read_route(answer, i, &row);
		check_route(&row);
	}
	trial_end_step();
}

static void
on_connected(const DeliveryAnswer *answer, void *arg)
{
	const CheckedRoute *route = arg;

	if (answer->problem != NULL)
		trial_say(false, "route %s: %s", route->name, answer->problem);
	else
		trial_say(true, "route %s: connected to %s", route->name, answer->address);
	trial_end_step();
}

static void
check_gateways(void)
{
	DeliveryRequest request;

	for (int i = 0; i < nchecked; i++)
	{
		route_probe(checked[i].route, &request);
		delivery_start(&request, on_connected, &checked[i]);
		trial_wait(is_over);
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
		trial_wait(is_over);
		check_gateways();
	}
	database_end();
}

bool
check_all(const Config *with_config)
{
	config = with_config;
	trial_say(true, "configuration: %s", config->common.file != NULL ? config->common.file : "no file");
	check_secrets();
	check_receipts();
	if (check_rights())
		check_routes();
	return trial_is_well();
}
