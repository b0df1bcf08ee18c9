/*
 * message.c
 *	  The life of a message in the sender: claimed, attempted once, reported.
 *
 * Number and text live in the answer to the claim, which is wiped when all of
 * its messages have been looked at, and in the request made from them, which is
 * wiped when the attempt ends.  What is kept until the result is reported has
 * neither.
 *
 * An attempt ends before the lease does, and before the message expires: its
 * time is cut down to that.  When too little is left it is not begun, and the
 * message left to whoever claims it next, or to expire.
 *
 * Results that the registry cannot take now are kept, and reported before
 * anything else is claimed.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "metrics.h"
#include "routes.h"
#include "tag.h"

#define LEASE_MS		30000
#define LEASE_MARGIN	5000
#define SHORTEST_MS		500		/* an attempt with less is not worth while */
#define RESULT_MS		300000	/* nobody waits for a result for longer */

typedef struct Message
{
	struct Message *next;		/* among the results */
	int64_t		id;
	int			attempt;
	int64_t		claimed_at;
	RouteState *state;			/* NULL: there was no route */
	Route	   *route;			/* held while the request is on its way */
	bool		probe;
	bool		delivered;
	bool		retry;
	char		detail[ROUTE_DETAIL_MAX];
} Message;

static void (*tell_changed) (void);
static void (*tell_claimed) (int n);
static void (*tell_reported) (bool taken);

static int	in_flight = 0;
static int64_t claim_sent_at;
static bool missed_route = false;
static Message *first_result = NULL;
static Message **end_of_results = &first_result;
static char *receipt_url = NULL;
static Seldom claim_problem;
static Seldom report_problem;

/* ---- results ---- */

static void
free_message(Message *message)
{
	route_release(message->route);
	free(message);
	in_flight--;
}

static void
add_result(Message *message)
{
	message->next = NULL;
	*end_of_results = message;
	end_of_results = &message->next;
}

static Message *
take_result(void)
{
	Message    *message = first_result;

	first_result = message->next;
	if (first_result == NULL)
		end_of_results = &first_result;
	return message;
}

static void
finish(Message *message, bool delivered, bool retry, const char *detail)
{
	message->delivered = delivered;
	message->retry = retry;
	snprintf(message->detail, sizeof(message->detail), "%s", detail);
	route_release(message->route);
	message->route = NULL;
	metrics_count(delivered ? COUNT_SENT : retry ? COUNT_RETRIED : COUNT_FAILED);
	add_result(message);
}

/* ---- attempts ---- */

static void
log_failure(RouteState *state, const char *detail)
{
	unsigned	skipped;

	state->failed++;
	if (!log_due(&state->failure, &skipped))
		return;
	if (skipped > 0)
		log_warning("route %s: %s, and %u failures before that", state->name, detail, skipped);
	else
		log_warning("route %s: %s", state->name, detail);
}

static void
log_breaker(const RouteState *state)
{
	if (state->breaker.state == BREAKER_CLOSED)
		log_note("route %s: gets through again", state->name);
	else
		log_warning("route %s: left out for a while, too many attempts have failed", state->name);
}

static void
on_answer(const DeliveryAnswer *answer, void *arg)
{
	Message    *message = arg;
	RouteState *state = message->state;
	char		detail[ROUTE_DETAIL_MAX];
	Verdict		verdict = route_judge(message->route, answer, detail);
	int64_t		now = loop_now();

	if (verdict == VERDICT_ACCEPTED)
	{
		state->sent++;
		metrics_accepted_after(now - message->claimed_at);
	}
	else
		log_failure(state, detail);
	if (breaker_end(&state->breaker, message->probe, verdict != VERDICT_FAILED, now))
		log_breaker(state);
	finish(message, verdict == VERDICT_ACCEPTED, verdict != VERDICT_ACCEPTED, detail);
	tell_changed();
}

static void
start_attempt(Message *message, const Claimed *claimed, int64_t left)
{
	DeliveryRequest request;
	Buffer		url = {0};

	if (receipt_url != NULL)
		tag_add_url(&url, receipt_url, message->id);
	if (route_render(message->route, claimed, buffer_text(&url), &request))
	{
		if (request.timeout_ms > left)
			request.timeout_ms = (long) left;
		delivery_start(&request, on_answer, message);
	}
	else
	{
		breaker_forget(&message->state->breaker, message->probe);
		finish(message, false, false, "not possible by this route");
	}
	buffer_wipe(&url);
}

static int64_t
time_left(const Claimed *claimed)
{
	int64_t		lease = LEASE_MS - LEASE_MARGIN;

	return claim_sent_at + (claimed->expires_in < lease ? claimed->expires_in : lease) - loop_now();
}

/* A breaker that has opened since the claim sends the message on to other routes. */
static void
attempt(Message *message, const Claimed *claimed)
{
	RouteState *state = claimed->route != NULL ? routes_find(claimed->route) : NULL;
	int64_t		left = time_left(claimed);

	if (left < SHORTEST_MS)
	{
		metrics_count(COUNT_DROPPED);
		free_message(message);
		return;
	}
	if (state == NULL)
	{
		missed_route = true;
		finish(message, false, true, "route not known to the sender");
		return;
	}
	message->probe = breaker_begin(&state->breaker, loop_now());
	if (!message->probe && state->breaker.state != BREAKER_CLOSED)
	{
		finish(message, false, true, "route left out for a while");
		return;
	}
	message->state = state;
	message->route = route_hold(state->route);
	start_attempt(message, claimed, left);
}

/* ---- claims ---- */

static void
take_claimed(const Answer *answer, int row)
{
	Message    *message = allocate(sizeof(Message));
	Claimed		claimed;

	registry_read_claimed(answer, row, &claimed);
	message->id = claimed.id;
	message->attempt = claimed.attempt;
	message->claimed_at = claim_sent_at;
	in_flight++;
	metrics_count(COUNT_CLAIMED);
	attempt(message, &claimed);
}

static void
log_problem(Seldom *seldom, const char *what, const Answer *answer)
{
	unsigned	skipped;

	if (log_due(seldom, &skipped))
		log_warning("%s: %s (%s)", what, answer_message(answer), answer_sqlstate(answer));
}

static void
on_claimed(const Answer *answer, void *arg)
{
	(void) arg;
	if (!answer_is_fine(answer))
		log_problem(&claim_problem, "could not claim messages", answer);
	for (int row = 0; row < answer_rows(answer); row++)
		take_claimed(answer, row);
	tell_claimed(answer_is_fine(answer) ? answer_rows(answer) : -1);
}

void
messages_claim(int n, bool probe, void (*claimed) (int n))
{
	Buffer		down = {0};

	tell_claimed = claimed;
	claim_sent_at = loop_now();
	routes_list_down(&down, probe, claim_sent_at);
	registry_claim(n, buffer_text(&down), on_claimed);
	buffer_wipe(&down);
}

bool
messages_missed_route(void)
{
	bool		missed = missed_route;

	missed_route = false;
	return missed;
}

/* ---- reports ---- */

static void
keep_result(Message *message, const Answer *answer)
{
	log_problem(&report_problem, "could not report a result, and keep it", answer);
	if (loop_now() - message->claimed_at < RESULT_MS)
	{
		add_result(message);
		return;
	}
	metrics_count(COUNT_UNREPORTED);
	free_message(message);
}

static void
on_reported(const Answer *answer, void *arg)
{
	Message    *message = arg;
	bool		unwanted = registry_did_not_want(answer);
	bool		taken = answer_is_fine(answer) || unwanted;

	if (unwanted)
		metrics_count(COUNT_TOO_LATE);
	if (taken)
		free_message(message);
	else
		keep_result(message, answer);
	tell_reported(taken);
}

void
messages_report(void (*reported) (bool taken))
{
	Message    *message = take_result();

	tell_reported = reported;
	registry_report(message->id, message->delivered, message->detail, message->attempt, message->retry,
					on_reported, message);
}

/* ---- all of them ---- */

void
messages_init(void (*changed) (void))
{
	tell_changed = changed;
}

int
messages_in_flight(void)
{
	return in_flight;
}

bool
messages_have_results(void)
{
	return first_result != NULL;
}

void
messages_set_receipt_url(const char *url)
{
	free(receipt_url);
	receipt_url = url != NULL ? copy_text(url) : NULL;
}
