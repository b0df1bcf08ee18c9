/*
 * api.c
 *	  The API: four calls, in JSON.
 *
 * Each takes the members of its body and the API key, in the order of its
 * query's values, and passes on what the registry answers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "memory.h"
#include "once.h"
#include "registry.h"

#define MEMBERS_MAX		7
#define CONSENT_OF_GROUP	"KV024"

typedef struct Call
{
	const Query *query;
	const Query *group_query;	/* NULL: the same for groups */
	int			nmembers;
	Member		members[MEMBERS_MAX];
} Call;

/* "names" takes the place of "name". */
static const Call otp = {&registry_issue, &registry_issue_group, 7,
	{{"mobile", MEMBER_TEXT, true}, {"name", MEMBER_TEXT, false}, {"purpose", MEMBER_TEXT, true}, {"reference", MEMBER_TEXT, false},
	{"travel_date", MEMBER_DATE, false}, {"language", MEMBER_TEXT, false}, {"names", MEMBER_NAMES, false}}};
static const Call resend = {&registry_resend, NULL, 1, {{"txn", MEMBER_UUID, true}}};
static const Call consent = {&registry_verify, NULL, 3, {{"txn", MEMBER_UUID, true}, {"otp", MEMBER_TEXT, true}, {"consent", MEMBER_BOOLEAN, true}}};
static const Call status = {&registry_status, &registry_status_group, 2, {{"consent", MEMBER_DOCUMENT, true}, {"as_of", MEMBER_DATE, false}}};

#define OTP_NAME	1
#define OTP_NAMES	6

/* What is asked, while the registry thinks about it. */
typedef struct Asking
{
	Exchange   *exchange;
	const Call *call;
	char	   *values[QUERY_VALUES_MAX];
	bool		for_group;
	bool		named;			/* by an Idempotency-Key */
	OnceName	name;
} Asking;

static void
end_asking(Asking *asking)
{
	for (int i = 0; i < QUERY_VALUES_MAX; i++)
		wipe_and_free(asking->values[i], asking->values[i] != NULL ? strlen(asking->values[i]) : 0);
	free(asking);
}

/* ---- what comes back ---- */

static void on_answer(const Answer *answer, void *arg);

static void
ask(Asking *asking)
{
	pool_run(asking->for_group ? asking->call->group_query : asking->call->query, (const char *const *) asking->values, on_answer, asking);
}

static bool
is_of_group(const Asking *asking, const Outcome *outcome)
{
	return asking->call == &status && !asking->for_group && outcome->document == NULL &&
		outcome->problem.code != NULL && strcmp(outcome->problem.code, CONSENT_OF_GROUP) == 0;
}

static void
reply_document(Exchange *exchange, const char *document)
{
	Buffer		body = {0};

	buffer_add_text(&body, document);
	buffer_add_char(&body, '\n');
	exchange_reply(exchange, 200, "application/json", &body);
	buffer_wipe(&body);
}

static void
reply(Exchange *exchange, const char *document, const Problem *problem)
{
	if (document != NULL)
		reply_document(exchange, document);
	else
		problem_reply(exchange, problem);
}

/* Consents and answers are kept nowhere: the registry says them again, if it still may, and audits that. */
static void
remember(const Asking *asking, const Outcome *outcome)
{
	if (outcome->document != NULL && (asking->call == &consent || asking->call == &status))
		once_ask_again(&asking->name);
	else
		once_end(&asking->name, outcome->document, &outcome->problem);
}

static void
on_answer(const Answer *answer, void *arg)
{
	Asking	   *asking = arg;
	Outcome		outcome;
	bool		again;

	registry_read(answer, &outcome);
	again = is_of_group(asking, &outcome);
	if (again)
		asking->for_group = true;
	else
	{
		if (asking->named)
			remember(asking, &outcome);
		reply(asking->exchange, outcome.document, &outcome.problem);
	}
	registry_release(&outcome);
	if (again)
		ask(asking);
	else
		end_asking(asking);
}

/* ---- what comes in ---- */

static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t		length = strlen(json);

	return type != NULL && strncasecmp(type, json, length) == 0 && strchr("; \t", type[length]) != NULL;
}

/* NULL unless there is one that could be right. */
static const char *
api_key(const Exchange *exchange)
{
	static const char scheme[] = "Bearer ";
	const char *header = exchange_header(exchange, "Authorization");

	if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
		return NULL;
	header += strlen(scheme);
	header += strspn(header, " ");
	return registry_is_api_key(header) ? header : NULL;
}

static void
repeat(Asking *asking)
{
	Problem		problem;
	const char *document = once_answer(&asking->name, &problem);

	reply(asking->exchange, document, &problem);
}

/* False when it has been answered: it has come before, or something else by its Idempotency-Key. */
static bool
is_to_be_asked(Asking *asking, const char *key)
{
	Exchange   *exchange = asking->exchange;
	const char *text = exchange_header(exchange, "Idempotency-Key");

	if (text == NULL)
		return true;
	switch (once_begin(key, text, exchange_path(exchange), exchange_body(exchange), &asking->name))
	{
		case ONCE_OTHER:
			problem_send(exchange, 422, "this Idempotency-Key came with another request before");
			return false;
		case ONCE_RUNNING:
			problem_reply(exchange, &(Problem) {409, NULL, "the first request with this Idempotency-Key is still being answered", 1, -1});
			return false;
		case ONCE_ANSWERED:
			repeat(asking);
			return false;
		case ONCE_TO_ASK:
			break;
	}
	return asking->named = true;
}

/* Exactly one of "name" and "names"; the latter makes it a group. */
static bool
choose_name(Asking *asking, Buffer *problem)
{
	char	  **name = &asking->values[OTP_NAME];
	char	  **names = &asking->values[OTP_NAMES];

	if ((*name != NULL) == (*names != NULL))
	{
		buffer_add_text(problem, "one of the members \"name\" and \"names\" must be there");
		return false;
	}
	if (*names != NULL)
	{
		*name = *names;
		*names = NULL;
		asking->for_group = true;
	}
	return true;
}

static int
read_body(Asking *asking, Buffer *problem)
{
	const Buffer *body = exchange_body(asking->exchange);
	const Call *call = asking->call;
	int			wrong = reading_members(body->data, body->length, call->members, call->nmembers, asking->values, problem);

	return wrong == 0 && call == &otp && !choose_name(asking, problem) ? 422 : wrong;
}

static void
take(Exchange *exchange, const Call *call)
{
	Asking	   *asking = allocate(sizeof(Asking));
	const char *key = api_key(exchange);
	Buffer		problem = {0};
	int			wrong = 0;

	asking->exchange = exchange;
	asking->call = call;
	if (key == NULL)
		problem_reply(exchange, &(Problem) {401, "KV003", "an API key is wanted: Authorization: Bearer ...", -1, -1});
	else if (!is_json(exchange_header(exchange, "Content-Type")))
		problem_send(exchange, 415, "the body must be application/json");
	else if ((wrong = read_body(asking, &problem)) != 0)
		problem_send(exchange, wrong, buffer_text(&problem));
	else if (is_to_be_asked(asking, key))
	{
		asking->values[call->query->nvalues - 1] = copy_text(key);
		ask(asking);
		asking = NULL;
	}
	if (asking != NULL)
		end_asking(asking);
	buffer_wipe(&problem);
}

void
api_otp(Exchange *exchange)
{
	take(exchange, &otp);
}

void
api_resend(Exchange *exchange)
{
	take(exchange, &resend);
}

void
api_consent(Exchange *exchange)
{
	take(exchange, &consent);
}

void
api_status(Exchange *exchange)
{
	take(exchange, &status);
}
