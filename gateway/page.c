/*
 * page.c
 *	  The page that web sites embed: asks for mobile and name, then for the OTP,
 *	  and shows the answer.
 *
 * Each request says everything: there is no session and no cookie, and what is
 * shown again has come with the form.  Which sites may embed the page is asked of
 * the registry each time, so a site that is taken off is off at once.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "allowance.h"
#include "assets.h"
#include "form.h"
#include "memory.h"
#include "metrics.h"
#include "page.h"
#include "pageview.h"
#include "registry.h"

#define OPEN_KEY_SIZE	128

static int	codes_per_address;
static int	wrong_per_address;
static int	codes_per_client;
static int	wrong_per_client;

void
page_set(const Config *config)
{
	codes_per_address = config->codes_per_address;
	wrong_per_address = config->wrong_per_address;
	codes_per_client = config->codes_per_client;
	wrong_per_client = config->wrong_per_client;
}

/* ---- what is shown ---- */

static void
show_error(Page *page, int status, const char *error)
{
	page->status = status;
	page->error = error;
	pageview_show(page, STEP_ERROR);
}

/* A refusal of the registry, or that there was none to be had. */
static void
note_problem(Page *page, const Problem *problem)
{
	const char *code = problem->code != NULL && *problem->code != '\0' ? problem->code :
		problem->status == 504 ? "KV052" : problem->status == 503 ? "KV050" : "";

	snprintf(page->code, sizeof(page->code), "%s", code);
	page->error = *page->code != '\0' ? page->code : problem->status == 422 ? "request" : "other";
	if (strcmp(page->code, "KV010") == 0 && problem->tries_left == 0)
		page->error = "KV012";	/* the wrong code that was the last */
	page->status = problem->status == 401 ? 403 : problem->status;
	page->retry_after = problem->retry_after;
	page->tries_left = problem->tries_left;
}

static bool
is_one_of(const char *code, const char *codes)
{
	return *code != '\0' && strstr(codes, code) != NULL;
}

/* Where the person can go on.  A date is not theirs to change here. */
static Step
step_after(const Page *page)
{
	if (strcmp(page->fields[FIELD_STEP], "otp") == 0)
		return is_one_of(page->code, "KV001 KV002 KV007 KV009 KV050 KV052") ? STEP_ASK : STEP_ERROR;
	if (pageview_has_code(page, "KV010") && page->tries_left > 0)
		return STEP_CODE;
	return is_one_of(page->code, "KV006 KV007 KV011 KV050 KV052") ? STEP_CODE : STEP_ERROR;
}

static void
show_problem(Page *page, const Problem *problem)
{
	note_problem(page, problem);
	pageview_show(page, step_after(page));
}

/* ---- limits ---- */

/* True when it has been refused. */
static bool
is_limited(Page *page, const char *address_limit, int per_address, const char *client_limit, int per_client)
{
	int			wait = allowance_wait(address_limit, exchange_address(page->exchange), per_address);
	int			client_wait = allowance_wait(client_limit, page->fields[FIELD_CLIENT], per_client);

	if (wait == 0 && client_wait == 0)
		return false;
	metrics_limited();
	page->status = 429;
	page->error = "limit";
	page->retry_after = wait > client_wait ? wait : client_wait;
	pageview_show(page, strcmp(page->fields[FIELD_STEP], "otp") == 0 ? STEP_ASK : STEP_CODE);
	return true;
}

/* True when it has been refused. */
static bool
take_code(Page *page)
{
	if (is_limited(page, "codes of address", codes_per_address, "codes of client", codes_per_client))
		return true;
	allowance_take("codes of address", exchange_address(page->exchange), codes_per_address);
	allowance_take("codes of client", page->fields[FIELD_CLIENT], codes_per_client);
	return false;
}

/* True when it has been refused.  Counts as wrong until it is known to be none: else all that come at once would pass. */
static bool
take_guess(Page *page)
{
	if (is_limited(page, "wrong of address", wrong_per_address, "wrong of client", wrong_per_client))
		return true;
	allowance_take("wrong of address", exchange_address(page->exchange), wrong_per_address);
	allowance_take("wrong of client", page->fields[FIELD_CLIENT], wrong_per_client);
	return false;
}

static void
give_back_guess(const Page *page)
{
	allowance_give_back("wrong of address", exchange_address(page->exchange), wrong_per_address);
	allowance_give_back("wrong of client", page->fields[FIELD_CLIENT], wrong_per_client);
}

/* ---- steps ---- */

static const char *
or_null(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static void
make_key(const Page *page, char key[OPEN_KEY_SIZE])
{
	snprintf(key, OPEN_KEY_SIZE, PAGE_KEY "%s", page->fields[FIELD_CLIENT]);
}

static void on_receipt(const Answer *answer, void *arg);

static void
ask_otp(Page *page)
{
	char		key[OPEN_KEY_SIZE];
	const char *values[] = {page->fields[FIELD_MOBILE], page->fields[FIELD_NAME], page->fields[FIELD_PURPOSE],
		or_null(page->fields[FIELD_REFERENCE]), or_null(page->fields[FIELD_TRAVEL_DATE]),
	page->in_english ? "en" : page->fields[FIELD_LANG], key};

	make_key(page, key);
	pool_run(&registry_issue, values, on_receipt, page);
}

static void
show_receipt(Page *page, const char *document)
{
	reading_close(page->receipt);
	page->receipt = reading_open(document);
	free(page->fields[FIELD_RECEIPT]);
	page->fields[FIELD_RECEIPT] = copy_text(document);
	free(page->fields[FIELD_TXN]);
	page->fields[FIELD_TXN] = copy_text(page->receipt != NULL ? reading_text(page->receipt, "jti") : "");
	page->status = 200;
	pageview_show(page, STEP_CODE);
}

/* A purpose without a notice in this language has one in English. */
static void
on_receipt(const Answer *answer, void *arg)
{
	Page	   *page = arg;
	Outcome		outcome;
	bool		again;

	registry_read(answer, &outcome);
	again = outcome.document == NULL && outcome.problem.code != NULL && strcmp(outcome.problem.code, "KV009") == 0 &&
		!page->in_english && strcmp(page->fields[FIELD_LANG], "en") != 0;
	if (again)
		page->in_english = true;
	else if (outcome.document != NULL)
		show_receipt(page, outcome.document);
	else
		show_problem(page, &outcome.problem);
	registry_release(&outcome);
	if (again)
		ask_otp(page);
}

static void
resend(Page *page)
{
	char		key[OPEN_KEY_SIZE];
	const char *values[] = {page->fields[FIELD_TXN], key};

	make_key(page, key);
	pool_run(&registry_resend, values, on_receipt, page);
}

static void
show_answer(Page *page, const Answer *answer, const char *document)
{
	const char *jwt = answer_value(answer, 0, 1);

	page->answer = reading_open(document);
	page->answer_text = copy_text(document);
	page->answer_jwt = copy_text(jwt != NULL ? jwt : "");
	page->status = 200;
	pageview_show(page, STEP_DONE);
}

static void
on_answer(const Answer *answer, void *arg)
{
	Page	   *page = arg;
	Outcome		outcome;

	registry_read(answer, &outcome);
	if (outcome.problem.code == NULL || strcmp(outcome.problem.code, "KV010") != 0)
		give_back_guess(page);
	if (outcome.document != NULL)
		show_answer(page, answer, outcome.document);
	else
		show_problem(page, &outcome.problem);
	registry_release(&outcome);
}

static void
verify(Page *page)
{
	char		key[OPEN_KEY_SIZE];
	const char *values[] = {page->fields[FIELD_TXN], page->fields[FIELD_OTP],
	strcmp(page->fields[FIELD_CONSENT], "yes") == 0 ? "true" : "false", key};

	make_key(page, key);
	pool_run(&registry_answer, values, on_answer, page);
}

static void
take_step(Page *page)
{
	const char *step = page->fields[FIELD_STEP];

	if (strcmp(step, "otp") == 0)
	{
		if (!take_code(page))
			ask_otp(page);
	}
	else if (!reading_is_uuid(page->fields[FIELD_TXN]))
		show_error(page, 400, "request");
	else if (strcmp(step, "resend") == 0)
	{
		if (!take_code(page))
			resend(page);
	}
	else if (strcmp(step, "answer") != 0)
		show_error(page, 400, "request");
	else if (!take_guess(page))
		verify(page);
}

/* ---- who asks ---- */

/* One of the registered, or none is wanted. */
static bool
may_return(Page *page)
{
	char	   *origin = form_origin(page->fields[FIELD_RETURN]);
	size_t		length = origin != NULL ? strlen(origin) : 0;

	for (const char *found = origin != NULL ? page->ancestors : NULL; found != NULL && (found = strstr(found, origin)) != NULL; found += length)
	{
		if ((found == page->ancestors || found[-1] == ' ') && (found[length] == ' ' || found[length] == '\0'))
		{
			page->return_origin = origin;
			return true;
		}
	}
	free(origin);
	return *page->fields[FIELD_RETURN] == '\0';
}

static void
take_client(Page *page, const Answer *answer)
{
	page->client_name = copy_text(answer_value(answer, 0, 0));
	page->origins = copy_text(answer_value(answer, 0, 1));
	page->ancestors = copy_text(answer_value(answer, 0, 2));
}

static void
on_client(const Answer *answer, void *arg)
{
	Page	   *page = arg;
	Outcome		outcome;

	if (answer_rows(answer) > 0)
		take_client(page, answer);
	else if (!answer_is_fine(answer))
	{
		registry_read(answer, &outcome);
		note_problem(page, &outcome.problem);
		registry_release(&outcome);
		pageview_show(page, STEP_ERROR);
		return;
	}
	if (page->client_name == NULL)
		show_error(page, 403, "origin");
	else if (!may_return(page))
	{
		free(page->client_name);
		page->client_name = NULL;
		show_error(page, 400, "origin");
	}
	else if (exchange_is_post(page->exchange))
		take_step(page);
	else
		pageview_show(page, STEP_ASK);
}

/* ---- what comes in ---- */

/* An address says who asks and why; what a person types comes with a form only, and so is in no history or log. */
static bool
read_query(Page *page)
{
	const char *query = exchange_query(page->exchange);

	for (int i = FIELD_STEP; i < FIELDS; i++)
		page->fields[i] = copy_text("");
	return form_read(query, strlen(query), pageview_fields, FIELD_STEP, page->fields);
}

static bool
read_fields(Page *page)
{
	static const char type[] = "application/x-www-form-urlencoded";
	const char *given = exchange_header(page->exchange, "Content-Type");
	const Buffer *body = exchange_body(page->exchange);

	if (!exchange_is_post(page->exchange))
		return read_query(page);
	return form_read(body->data, body->length, pageview_fields, FIELDS, page->fields) &&
		given != NULL && strncasecmp(given, type, strlen(type)) == 0;
}

/* A form of another site is not ours. */
static bool
is_our_own(const Page *page)
{
	const char *origin = exchange_header(page->exchange, "Origin");
	const char *host = exchange_header(page->exchange, "Host");
	const char *authority = origin != NULL ? strstr(origin, "://") : NULL;

	if (!exchange_is_post(page->exchange) || origin == NULL)
		return true;
	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

/* Codes that could not be one are not asked about. */
static bool
is_complete(const Page *page)
{
	const char *date = page->fields[FIELD_TRAVEL_DATE];

	return *page->fields[FIELD_CLIENT] != '\0' && strlen(page->fields[FIELD_CLIENT]) + sizeof(PAGE_KEY) < OPEN_KEY_SIZE &&
		(*date == '\0' || reading_is_date(date));
}

static void
set_language(Page *page)
{
	if (assets_has_language(page->fields[FIELD_LANG]))
		return;
	free(page->fields[FIELD_LANG]);
	page->fields[FIELD_LANG] = copy_text("en");
}

void
page_handle(Exchange *exchange)
{
	Page	   *page;
	bool		good;

	if (assets_template() == NULL)
	{
		problem_send(exchange, 404, "there is no page here");
		return;
	}
	page = allocate(sizeof(Page));
	page->exchange = exchange;
	page->status = 200;
	good = read_fields(page);
	set_language(page);
	page->receipt = *page->fields[FIELD_RECEIPT] != '\0' ? reading_open(page->fields[FIELD_RECEIPT]) : NULL;
	if (!good || !is_complete(page))
		show_error(page, 400, "request");
	else if (!is_our_own(page))
		show_error(page, 403, "origin");
	else
		pool_run(&registry_page, (const char *[]) {page->fields[FIELD_CLIENT]}, on_client, page);
}
