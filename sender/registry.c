/*
 * registry.c
 *	  The registry's SQL interface for senders.
 *
 * All statements are constant; values are bound.  What differs by the settings
 * of a session, such as an interval, is made a number by the statement.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"

#define NUMBER_MAX	24

static const Query claim = {
	"claim",
	"SELECT id, mobile, body, template_id, entity_id, route, attempt,"
	" floor(extract(epoch FROM expires_in) * 1000)::bigint"
	" FROM kycvs.next_messages($1::integer, $2::text[])",
	2
};

static const Query done = {
	"done",
	"SELECT kycvs.message_done($1::bigint, $2::boolean, $3::text, $4::integer, $5::boolean)",
	5
};

static const Query receipt = {
	"receipt",
	"SELECT kycvs.message_receipt($1::bigint, $2::boolean, $3::text)",
	3
};

static const Query routes = {
	"routes",
	"SELECT name, enabled, method = 'POST', url, coalesce(array_to_string(headers, E'\\n'), ''), body, body_format = 'json',"
	" coalesce(success_status, 0), success_pattern, username, secret_file, timeout_ms, allow_private"
	" FROM kycvs.sms_routes ORDER BY priority, name",
	0
};

static const Query rights = {
	"rights",
	"SELECT signature, CASE WHEN to_regprocedure(signature) IS NULL THEN 'does not exist'"
	" WHEN NOT has_function_privilege(to_regprocedure(signature), 'EXECUTE') THEN 'may not be executed by ' || quote_ident(current_user) END"
	" FROM (VALUES ('kycvs.next_messages(integer, text[])'),"
	" ('kycvs.message_done(bigint, boolean, text, integer, boolean)'),"
	" ('kycvs.message_receipt(bigint, boolean, text)')) AS needed (signature)"
	" UNION ALL"
	" SELECT 'kycvs.sms_routes', CASE WHEN to_regclass('kycvs.sms_routes') IS NULL THEN 'does not exist'"
	" WHEN NOT has_table_privilege(to_regclass('kycvs.sms_routes'), 'SELECT') THEN 'may not be read by ' || quote_ident(current_user) END",
	0
};

const Query *const registry_statements[] = {&claim, &done, &receipt, &routes, NULL};
const Query *const registry_check_statements[] = {&rights, NULL};

static const char *
format_number(char text[NUMBER_MAX], int64_t number)
{
	snprintf(text, NUMBER_MAX, "%" PRId64, number);
	return text;
}

static const char *
format_truth(bool truth)
{
	return truth ? "true" : "false";
}

static bool
is_true(const char *value)
{
	return value != NULL && *value == 't';
}

static int64_t
number_of(const char *value)
{
	return value != NULL ? strtoll(value, NULL, 10) : 0;
}

static const char *
text_of(const char *value)
{
	return value != NULL ? value : "";
}

void
registry_claim(int n, const char *down, AnswerCallback callback)
{
	char		number[NUMBER_MAX];
	const char *values[] = {format_number(number, n), down};

	database_run_secret(&claim, values, callback, NULL);
}

void
registry_read_claimed(const Answer *answer, int row, Claimed *claimed)
{
	claimed->id = number_of(answer_value(answer, row, 0));
	claimed->mobile = text_of(answer_value(answer, row, 1));
	claimed->body = text_of(answer_value(answer, row, 2));
	claimed->template_id = text_of(answer_value(answer, row, 3));
	claimed->entity_id = text_of(answer_value(answer, row, 4));
	claimed->route = answer_value(answer, row, 5);
	claimed->attempt = (int) number_of(answer_value(answer, row, 6));
	claimed->expires_in = number_of(answer_value(answer, row, 7));
}

void
registry_report(int64_t id, bool delivered, const char *detail, int attempt, bool retry,
				AnswerCallback callback, void *arg)
{
	char		id_text[NUMBER_MAX];
	char		attempt_text[NUMBER_MAX];
	const char *values[] = {
		format_number(id_text, id), format_truth(delivered), detail,
		format_number(attempt_text, attempt), format_truth(retry)
	};

	database_run(&done, values, callback, arg);
}

void
registry_receipt(int64_t id, bool delivered, const char *detail, AnswerCallback callback)
{
	char		id_text[NUMBER_MAX];
	const char *values[] = {format_number(id_text, id), format_truth(delivered), detail};

	database_run(&receipt, values, callback, NULL);
}

bool
registry_did_not_want(const Answer *answer)
{
	const char *sqlstate = answer_sqlstate(answer);

	return strcmp(sqlstate, "55000") == 0 || strcmp(sqlstate, "42704") == 0;
}

bool
registry_was_away(const Answer *answer)
{
	static const char *const classes[] = {"08", "25006", "40", "53", "55P03", "57", "KV05", "XX"};
	const char *sqlstate = answer_sqlstate(answer);

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(sqlstate, classes[i], strlen(classes[i])) == 0)
			return true;
	return false;
}

void
registry_routes(AnswerCallback callback)
{
	database_run(&routes, NULL, callback, NULL);
}

void
registry_read_route(const Answer *answer, int row, RouteRow *route)
{
	route->name = text_of(answer_value(answer, row, 0));
	route->enabled = is_true(answer_value(answer, row, 1));
	route->post = is_true(answer_value(answer, row, 2));
	route->url = text_of(answer_value(answer, row, 3));
	route->headers = text_of(answer_value(answer, row, 4));
	route->body = answer_value(answer, row, 5);
	route->json = is_true(answer_value(answer, row, 6));
	route->success_status = (int) number_of(answer_value(answer, row, 7));
	route->success_pattern = answer_value(answer, row, 8);
	route->username = answer_value(answer, row, 9);
	route->secret_file = answer_value(answer, row, 10);
	route->timeout_ms = (int) number_of(answer_value(answer, row, 11));
	route->allow_private = is_true(answer_value(answer, row, 12));
}

void
registry_rights(AnswerCallback callback, void *arg)
{
	database_run(&rights, NULL, callback, arg);
}

void
registry_add_to_array(Buffer *array, const char *name)
{
	buffer_add_text(array, array->length == 0 ? "{\"" : ",\"");
	for (; *name != '\0'; name++)
	{
		if (*name == '"' || *name == '\\')
			buffer_add_char(array, '\\');
		buffer_add_char(array, *name);
	}
	buffer_add_char(array, '"');
}
