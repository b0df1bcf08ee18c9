/*
 * cowin.c
 *	  The three calls of CoWIN's KYC-VS, for clients that were written for it.
 *
 * Paths, members, hashed OTP, statuses (200, 400, 401) and the form of errors are
 * CoWIN's.  Its token is our signed consent in compact form.  Its call for
 * an OTP told whether there was an account; the registry does not, and neither
 * do we.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowin.h"
#include "memory.h"
#include "reading.h"
#include "registry.h"

#define PREFIX			"/api/v3/vaccination/"
#define WRONG_OTP		"USRAUT0014"
#define USUAL_PURPOSE	""		/* the one that is set for whom the key names */

static const Member generate_members[] = {{"mobile_number", MEMBER_TEXT, true}, {"full_name", MEMBER_TEXT, true}, {"email_id", MEMBER_TEXT, false}};
static const Member confirm_members[] = {{"otp", MEMBER_TEXT, true}, {"txnId", MEMBER_UUID, true}};

typedef void (*Writer) (Buffer *out, const char *document);

typedef struct Asking
{
	Exchange   *exchange;
	Writer		writer;
} Asking;

bool
cowin_is_path(const char *path)
{
	return path != NULL && strncmp(path, PREFIX, strlen(PREFIX)) == 0;
}

/* ---- errors ---- */

static const struct
{
	const char *code;
	int			status;
} statuses[] = {
	{"KV003", 401},
	{"KV004", 401},
	{"KV005", 401},
	{"KV010", 401},
	{"KV011", 401},
	{"KV012", 401},
	{"KV014", 401},
	{"KV020", 401},
	{"KV021", 401},
	{"KV022", 401},
	{"KV023", 401},
	{"KV030", 401}
};

/* What CoWIN would have answered; our own failures stay what they are. */
static int
status_of(const Problem *problem)
{
	for (size_t i = 0; problem->code != NULL && i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (strcmp(statuses[i].code, problem->code) == 0)
			return statuses[i].status;
	return problem->status < 500 ? 400 : problem->status;
}

static bool
is_about_otp(const char *code)
{
	return strcmp(code, "KV010") == 0 || strcmp(code, "KV011") == 0 || strcmp(code, "KV012") == 0 || strcmp(code, "KV014") == 0;
}

void
cowin_write_error(Buffer *out, const Problem *problem)
{
	const char *code = problem->code != NULL ? problem->code : "";

	if (is_about_otp(code))
		buffer_add_text(out, "{\"errorCode\":\"" WRONG_OTP "\",\"error\":\"Invalid OTP\"");
	else
	{
		buffer_add_text(out, "{\"errorCode\":");
		if (*code != '\0')
			problem_quote(out, code);
		else
			buffer_format(out, "\"%d\"", problem->status);
		buffer_add_text(out, ",\"error\":");
		problem_quote(out, problem->detail);
	}
	buffer_add_text(out, "}\n");
}

static void
refuse(Exchange *exchange, const Problem *why)
{
	Problem		problem = *why;

	problem.status = status_of(why);
	problem_reply(exchange, &problem);
}

static void
refuse_words(Exchange *exchange, const char *code, const char *detail)
{
	refuse(exchange, &(Problem) {400, code, detail, -1, -1});
}

/* ---- answers ---- */

static void
write_txn(Buffer *out, const char *document)
{
	Reading    *receipt = reading_open(document);

	buffer_add_text(out, "{\"txnId\":");
	problem_quote(out, receipt != NULL ? reading_text(receipt, "jti") : "");
	buffer_add_text(out, "}\n");
	reading_close(receipt);
}

static void
write_token(Buffer *out, const char *document)
{
	buffer_format(out, "{\"token\":\"%s\"}\n", document);
}

static void
write_status(Buffer *out, const char *document)
{
	Reading    *answer = reading_open(document);

	buffer_format(out, "{\"vaccination_status\":%ld,\"document\":%s}\n", answer != NULL ? reading_number(answer, "status", 0) : 0, document);
	reading_close(answer);
}

static void
on_answer(const Answer *answer, void *arg)
{
	Asking	   *asking = arg;
	Outcome		outcome;
	Buffer		body = {0};

	registry_read(answer, &outcome);
	if (outcome.document != NULL)
	{
		asking->writer(&body, outcome.document);
		exchange_reply(asking->exchange, 200, "application/json", &body);
	}
	else
		refuse(asking->exchange, &outcome.problem);
	registry_release(&outcome);
	buffer_wipe(&body);
	free(asking);
}

static void
ask(Exchange *exchange, const Query *query, const char *const *values, Writer writer)
{
	Asking	   *asking = allocate(sizeof(Asking));

	asking->exchange = exchange;
	asking->writer = writer;
	pool_run(query, values, on_answer, asking);
}

/* ---- the calls ---- */

/* NULL when it has been refused. */
static const char *
api_key(Exchange *exchange)
{
	const char *key = exchange_header(exchange, "x-api-key");

	if (key != NULL && registry_is_api_key(key))
		return key;
	refuse_words(exchange, "KV003", "an API key is wanted: x-api-key");
	return NULL;
}

/* False when it has been refused. */
static bool
read_body(Exchange *exchange, const Member *members, int n, char **values)
{
	const Buffer *body = exchange_body(exchange);
	Buffer		problem = {0};
	bool		good = reading_members(body->data, body->length, members, n, values, &problem) == 0;

	if (!good)
		refuse_words(exchange, NULL, buffer_text(&problem));
	buffer_wipe(&problem);
	return good;
}

static void
wipe_values(char **values, int n)
{
	for (int i = 0; i < n; i++)
		wipe_and_free(values[i], values[i] != NULL ? strlen(values[i]) : 0);
}

void
cowin_generate(Exchange *exchange)
{
	const char *key = api_key(exchange);
	char	   *given[3] = {NULL};

	if (key != NULL && read_body(exchange, generate_members, 3, given))
	{
		const char *values[] = {given[0], given[1], USUAL_PURPOSE, NULL, NULL, NULL, key};

		ask(exchange, &registry_issue, values, write_txn);
	}
	wipe_values(given, 3);
}

void
cowin_confirm(Exchange *exchange)
{
	const char *key = api_key(exchange);
	char	   *given[2] = {NULL};

	if (key != NULL && read_body(exchange, confirm_members, 2, given))
	{
		const char *values[] = {given[1], given[0], key};

		ask(exchange, &registry_verify_compact, values, write_token);
	}
	wipe_values(given, 2);
}

void
cowin_status(Exchange *exchange)
{
	static const char scheme[] = "Bearer ";
	const char *token = exchange_header(exchange, "Authorization");
	const char *key = api_key(exchange);

	if (key == NULL)
		return;
	if (token == NULL || strncasecmp(token, scheme, strlen(scheme)) != 0 || !reading_is_compact(token + strlen(scheme)))
	{
		refuse_words(exchange, "KV020", "a token is wanted: Authorization: Bearer ...");
		return;
	}
	ask(exchange, &registry_status, (const char *[]) {token + strlen(scheme), NULL, key}, write_status);
}
