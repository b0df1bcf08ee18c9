/*
 * turns.c
 *	  Which statement runs next, and when the sender has done.
 *
 * Statements run one at a time.  Routes that are due come first, then results,
 * so that a registry that was away hears them before it gives the same messages
 * to somebody again; then, in turn, receipts and claims.
 *
 * It claims at once while there are messages, and else every 50 ms.  While the
 * sender is busy it waits until a quarter of its places is free, so as not to
 * ask for one message at a time.  After idling it has no connections, and begins
 * with few messages and some more at each claim: gateways may be unable to take
 * a hundred connections at once.  A claim for a route that wants a probe is for
 * one message, every other time.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <sysexits.h>

#include "database.h"
#include "log.h"
#include "loop.h"
#include "message.h"
#include "metrics.h"
#include "receipt.h"
#include "registry.h"
#include "routes.h"
#include "turns.h"

#define CLAIM_MS		50
#define ROUTES_MS		10000
#define NO_ROUTES_MS	1000
#define TROUBLE_MS		500		/* after an error that is not the connection's */
#define STOP_MS			30000	/* the lease */
#define IDLE_MS			10000	/* then connections are gone */
#define MORE_AT_ONCE	8		/* messages than there were before */
#define PATIENCE		5		/* attempts to connect or to claim, with --once */
#define SOONEST_MS		1
#define LATEST_MS		1000

static const Config *config;
static bool *finished;
static int	status = EX_OK;
static LoopEvent *timer = NULL;

static bool stopping = false;
static int	stop_status;
static int64_t stop_until;

static int64_t routes_due = 0;
static int64_t claim_due = 0;
static int64_t report_due = 0;
static int64_t receipt_due = 0;
static int	places = MORE_AT_ONCE;	/* of those configured, in use so far */
static int64_t busy_at = 0;
static bool receipts_turn = false;
static bool probe_turn = false;
static bool claiming = false;	/* a claim runs */
static bool probing;			/* and is for a probe */
static bool said_no_routes = false;
static int	refusals = 0;		/* of claims and routes, in a row */

static void take_turn(void);

/* ---- the end ---- */

static void
finish(int with_status)
{
	status = with_status;
	*finished = true;
}

/* What a claim that runs may bring has to be sent, too. */
static bool
is_idle(void)
{
	return !claiming && messages_in_flight() == 0 && receipts_waiting() == 0;
}

static int
status_of_once(void)
{
	return metrics_get(COUNT_RETRIED) + metrics_get(COUNT_FAILED) + metrics_get(COUNT_DROPPED) > 0 ? EX_TEMPFAIL : EX_OK;
}

static void
begin_stop(int with_status)
{
	stopping = true;
	stop_status = with_status;
	stop_until = loop_now() + STOP_MS;
}

static void
check_stop(int64_t now)
{
	if (!stopping)
		return;
	if (is_idle())
		finish(stop_status);
	else if (now >= stop_until)
	{
		log_warning("ends with %d messages and %d receipts unreported", messages_in_flight(), receipts_waiting());
		finish(EX_TEMPFAIL);
	}
}

/* A registry that is away, or refuses, may do so for ever; what was sent is told if it comes back soon. */
static void
check_once(void)
{
	if (!config->once || stopping || (database_failures() < PATIENCE && refusals < PATIENCE))
		return;
	if (database_failures() > 0)
		log_error("no database: %s", database_problem());
	else
		log_error("the registry refuses");
	begin_stop(EX_UNAVAILABLE);
}

/* ---- claims ---- */

static int
places_now(void)
{
	return places < config->in_flight ? places : config->in_flight;
}

static int
free_places(void)
{
	int			all = places_now();
	int			left = all - messages_in_flight();

	return left >= (all + 3) / 4 ? left : 0;
}

static void
adjust_places(int n, int64_t now)
{
	int			enough = messages_in_flight() + MORE_AT_ONCE;

	if (n > 0)
		busy_at = now;
	if (now - busy_at >= IDLE_MS)
		places = MORE_AT_ONCE;
	else if (places < enough)
		places = enough;
}

static bool
may_claim(int64_t now)
{
	return !stopping && now >= claim_due && free_places() > 0 && routes_any_usable();
}

/* Errors of the registry leave it some time. */
static void
on_claimed(int n)
{
	int64_t		now = loop_now();

	claiming = false;
	refusals = n < 0 ? refusals + 1 : 0;
	if (n == 0 && config->once && !probing && is_idle())
		finish(status_of_once());
	adjust_places(n, now);
	claim_due = n > 0 ? now : now + (n == 0 ? CLAIM_MS : TROUBLE_MS);
	if (messages_missed_route())
		routes_due = now;
}

static void
claim(int64_t now)
{
	probe_turn = !probe_turn;
	probing = probe_turn && routes_want_probe(now);
	claiming = true;
	messages_claim(probing ? 1 : free_places(), probing, on_claimed);
}

/* ---- routes, results and receipts ---- */

static void
say_no_routes(void)
{
	if (!routes_any_usable() && !said_no_routes)
		log_warning("the registry has no route that can be used; nothing is claimed");
	said_no_routes = !routes_any_usable();
	if (said_no_routes && config->once && !stopping)
		begin_stop(EX_CONFIG);
}

static void
on_routes(const Answer *answer, void *arg)
{
	int64_t		now = loop_now();

	(void) arg;
	if (!answer_is_fine(answer))
	{
		log_warning("could not read the routes: %s (%s)", answer_message(answer), answer_sqlstate(answer));
		routes_due = now + TROUBLE_MS;
		refusals++;
		return;
	}
	routes_load(answer, config->secrets, config->receipt_url != NULL);
	say_no_routes();
	routes_due = now + (routes_any_usable() ? ROUTES_MS : NO_ROUTES_MS);
}

static void
on_reported(bool taken)
{
	report_due = taken ? 0 : loop_now() + TROUBLE_MS;
}

static void
on_receipt_reported(bool taken)
{
	receipt_due = taken ? 0 : loop_now() + TROUBLE_MS;
}

/* ---- turns ---- */

static bool
may_report(int64_t now)
{
	return messages_have_results() && now >= report_due;
}

static bool
may_report_receipt(int64_t now)
{
	return receipts_waiting() > 0 && now >= receipt_due && (receipts_turn || !may_claim(now));
}

static void
run_next_statement(int64_t now)
{
	if (now >= routes_due)
		registry_routes(on_routes);
	else if (may_report(now))
		messages_report(on_reported);
	else if (may_report_receipt(now))
	{
		receipts_turn = false;
		receipts_report(on_receipt_reported);
	}
	else if (may_claim(now))
	{
		receipts_turn = true;
		claim(now);
	}
}

static int64_t
sooner(int64_t due, int64_t soonest, int64_t now)
{
	return due > now && due < soonest ? due : soonest;
}

static void
set_timer(int64_t now)
{
	int64_t		next = now + LATEST_MS;

	next = sooner(claim_due, next, now);
	next = sooner(routes_due, next, now);
	next = sooner(report_due, next, now);
	next = sooner(receipt_due, next, now);
	loop_set_timer(timer, next - now > SOONEST_MS ? next - now : SOONEST_MS);
}

static void
take_turn(void)
{
	int64_t		now = loop_now();

	check_once();
	check_stop(now);
	if (*finished)
		return;
	if (database_is_ready())
		run_next_statement(now);
	set_timer(now);
}

static void
on_timer(void *arg)
{
	(void) arg;
	take_turn();
}

void
turns_start(const Config *with_config, bool *when_finished)
{
	config = with_config;
	finished = when_finished;
	timer = loop_timer(on_timer, NULL);
	messages_init(take_turn);
	receipts_init(take_turn);
	messages_set_receipt_url(config->receipt_url);
	database_start(config->common.database, registry_statements, take_turn);
	set_timer(loop_now());
}

void
turns_end(void)
{
	database_end();
	loop_remove(timer);
}

void
turns_reload(const Config *with_config)
{
	config = with_config;
	messages_set_receipt_url(config->receipt_url);
	database_change(config->common.database);
	routes_due = 0;
	take_turn();
}

void
turns_stop(void)
{
	if (stopping)
		return;
	begin_stop(EX_OK);
	take_turn();
}

int
turns_status(void)
{
	return status;
}
