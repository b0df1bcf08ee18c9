/*
 * registry.c
 *	  Every statement that the gateway runs, and what the registry says to it.
 *
 * A refusal is returned as {"error": ...}, a document never has such a member;
 * jsonb puts it first.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include "log.h"
#include "registry.h"
#include "status.h"

#define REFUSAL_BEGINS	"{\"error\": "

/* "d": the document in $1, which may be compact */
#define DOCUMENT "(SELECT CASE WHEN left($1, 1) = '{' THEN $1::jsonb ELSE kycvs_from_jwt($1) END AS d OFFSET 0) AS given"

const Query registry_issue = {"issue", "SELECT kycvs.try_issue_otp($1, $2, $3, $4, $5::date, coalesce($6, 'en'), $7)", 7};
const Query registry_issue_group = {"issue_group", "SELECT kycvs.try_issue_group_otp($1, $2::text[], $3, $4, $5::date, coalesce($6, 'en'), $7)", 7};
const Query registry_resend = {"resend", "SELECT kycvs.try_resend_otp($1::uuid, $2)", 2};
const Query registry_verify = {"verify", "SELECT kycvs.try_verify_otp($1::uuid, $2, $3::boolean, $4)", 4};
const Query registry_verify_compact = {"verify_compact",
	"SELECT CASE WHEN c ? 'error' THEN c::text ELSE kycvs_to_jwt(c) END"
"  FROM (SELECT kycvs.try_verify_otp($1::uuid, $2, true, $3) AS c OFFSET 0) AS made", 3};
const Query registry_status = {"status", "SELECT kycvs.try_status(d, $2::date, $3) FROM " DOCUMENT, 3};
const Query registry_status_group = {"status_group",
	"SELECT CASE WHEN bool_or(n IS NULL) THEN (array_agg(answer))[1] ELSE jsonb_build_object('answers', jsonb_agg(answer ORDER BY n)) END"
"  FROM " DOCUMENT ", kycvs.try_status_group(d, $2::date, $3)", 3};
/* On the day that the consent names, or today. */
const Query registry_answer = {"answer",
	"SELECT d::text, CASE WHEN d ? 'error' THEN NULL ELSE kycvs_to_jwt(d) END"
"  FROM (SELECT CASE WHEN c ? 'error' THEN c ELSE kycvs.try_status(c, (c ->> 'travel_date')::date, $4) END AS d"
"          FROM (SELECT kycvs.try_verify_otp($1::uuid, $2, $3::boolean, $4) AS c OFFSET 0) AS consented OFFSET 0) AS answered", 4};
const Query registry_page = {"page", "SELECT name, array_to_json(origins)::text, array_to_string(origins, ' ') FROM kycvs.read_page($1)", 1};
const Query registry_alive = {"alive", "SELECT bool_and(ok)::text FROM kycvs.service_health() WHERE check_name IN ('authority', 'answer', 'registry', 'preload')", 0};
const Query registry_keys = {"keys", "SELECT kycvs_jwks()::text", 0};

const Query *const registry_queries[] = {
	&registry_issue, &registry_issue_group, &registry_resend, &registry_verify, &registry_verify_compact,
	&registry_status, &registry_status_group, &registry_answer, &registry_page, &registry_alive, &registry_keys, NULL
};

/* The registry's own words name nothing that was sent, and go to the client. */
static void
read_refusal(const char *text, Outcome *outcome)
{
	Problem    *problem = &outcome->problem;
	const Status *status;

	outcome->refusal = reading_open(text);
	status = status_find(reading_text(outcome->refusal, "error"));
	problem->status = status->http;
	problem->code = reading_text(outcome->refusal, "error");
	problem->detail = status->detail != NULL ? status->detail : reading_text(outcome->refusal, "message");
	problem->retry_after = reading_number(outcome->refusal, "retry_after", status->retry_after);
	problem->tries_left = reading_number(outcome->refusal, "tries_left", -1);
}

/* A KV code that was raised, such as by kycvs_from_jwt, has lost its words with the others. */
static void
read_error(const char *sqlstate, Outcome *outcome)
{
	static Seldom seldom;
	const Status *status = status_find(sqlstate);
	unsigned	skipped;

	outcome->problem.status = status->http;
	outcome->problem.code = strcmp(sqlstate, "KV030") == 0 ? "KV030" : NULL;
	outcome->problem.detail = status->detail != NULL ? status->detail : "the registry has refused it";
	outcome->problem.retry_after = status->retry_after;
	outcome->problem.tries_left = -1;
	if (status->http >= 500 && log_due(&seldom, &skipped))
		log_error("a request was answered %d: SQLSTATE %s (and %u others)", status->http, sqlstate, skipped);
}

void
registry_read(const Answer *answer, Outcome *outcome)
{
	const char *text = answer_rows(answer) > 0 ? answer_value(answer, 0, 0) : NULL;

	memset(outcome, 0, sizeof(*outcome));
	if (text == NULL)
		read_error(answer_sqlstate(answer), outcome);
	else if (strncmp(text, REFUSAL_BEGINS, strlen(REFUSAL_BEGINS)) == 0)
		read_refusal(text, outcome);
	else
		outcome->document = text;
}

void
registry_release(Outcome *outcome)
{
	if (outcome->refusal != NULL)
		reading_close(outcome->refusal);
	memset(outcome, 0, sizeof(*outcome));
}

bool
registry_is_api_key(const char *text)
{
	size_t		length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length > 0 && length <= API_KEY_MAX && strncmp(text, PAGE_KEY, strlen(PAGE_KEY)) != 0;
}
