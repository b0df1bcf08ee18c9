/*
 * problem.c
 *	  Errors, as a client is told of them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include "cowin.h"
#include "problem.h"

static const struct
{
	int			status;
	const char *title;
} titles[] = {
	{200, "OK"},
	{303, "See Other"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{409, "Conflict"},
	{410, "Gone"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"}
};

const char *
problem_title(int status)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

void
problem_quote(Buffer *out, const char *text)
{
	buffer_add_char(out, '"');
	for (; *text != '\0'; text++)
	{
		if ((unsigned char) *text < ' ')
			buffer_format(out, "\\u%04x", *text);
		else
		{
			if (*text == '"' || *text == '\\')
				buffer_add_char(out, '\\');
			buffer_add_char(out, *text);
		}
	}
	buffer_add_char(out, '"');
}

/* The documentation tells more of each code. */
static void
write_details(Buffer *out, const Problem *problem)
{
	const char *code = problem->code != NULL ? problem->code : "";

	buffer_add_text(out, "{\"type\":");
	if (*code != '\0')
		buffer_format(out, "\"/docs#%s\"", code);
	else
		buffer_add_text(out, "\"about:blank\"");
	buffer_format(out, ",\"title\":\"%s\",\"status\":%d,\"detail\":", problem_title(problem->status), problem->status);
	problem_quote(out, problem->detail);
	if (*code != '\0')
		buffer_format(out, ",\"code\":\"%s\"", code);
	if (problem->retry_after >= 0)
		buffer_format(out, ",\"retry_after\":%ld", problem->retry_after);
	if (problem->tries_left >= 0)
		buffer_format(out, ",\"tries_left\":%ld", problem->tries_left);
	buffer_add_text(out, "}\n");
}

void
problem_reply(Exchange *exchange, const Problem *problem)
{
	Buffer		body = {0};
	bool		cowin = cowin_is_path(exchange_path(exchange));

	if (cowin)
		cowin_write_error(&body, problem);
	else
		write_details(&body, problem);
	if (problem->status == 401)
		exchange_add_header(exchange, "WWW-Authenticate", "Bearer");
	if (problem->retry_after >= 0)
		exchange_add_number(exchange, "Retry-After", problem->retry_after);
	exchange_reply(exchange, problem->status, cowin ? "application/json" : "application/problem+json", &body);
	buffer_wipe(&body);
}

void
problem_send(Exchange *exchange, int status, const char *detail)
{
	Problem		problem = {status, NULL, detail, -1, -1};

	problem_reply(exchange, &problem);
}
