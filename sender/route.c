/*
 * route.c
 *	  A way to a gateway: a row of kycvs.sms_routes, ready for use.
 *
 * Status and pattern decide, on what has come of the answer: an answer that is
 * cut short after a good status means that the gateway has the message, and to
 * send it again would show it twice.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alphabet.h"
#include "memory.h"
#include "route.h"
#include "secretfile.h"
#include "template.h"

#define ID_MAX			24
#define PATTERN_MAX		256		/* the registry's, too */

struct Route
{
	int			references;
	bool		post;
	Template   *url;
	Template   *body;			/* NULL: none */
	Template   *headers[DELIVERY_HEADERS_MAX];
	int			nheaders;
	int			success_status;
	bool		has_pattern;
	regex_t		pattern;
	char	   *username;
	Buffer		secret;
	int			timeout_ms;
	bool		allow_private;
};

/* ---- compiling ---- */

static bool
fail(Buffer *problem, const char *where)
{
	Buffer		why = *problem;

	memset(problem, 0, sizeof(*problem));
	buffer_format(problem, "%s: %s", where, buffer_text(&why));
	buffer_wipe(&why);
	return false;
}

static bool
reject(Buffer *problem, const char *why)
{
	buffer_add_text(problem, why);
	return false;
}

static bool
has_control_characters(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

/* Where a message goes is the route's to say, not the message's. */
static bool
check_url(const char *url, Buffer *problem)
{
	const char *host = strstr(url, "://");
	size_t		length;

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return reject(problem, "is neither http:// nor https://");
	if (has_control_characters(url))
		return reject(problem, "holds a blank or a control character");
	host += strlen("://");
	length = strcspn(host, "/?#");
	if (length == 0)
		return reject(problem, "has no host");
	if (memchr(host, '{', length) != NULL || memchr(host, '@', length) != NULL)
		return reject(problem, "has a placeholder or a user before its path");
	return true;
}

static bool
compile_url(Route *route, const RouteRow *row, Buffer *problem)
{
	if (!check_url(row->url, problem) ||
		(route->url = template_compile(row->url, PLACE_URL, problem)) == NULL)
		return fail(problem, "url");
	return true;
}

static bool
compile_body(Route *route, const RouteRow *row, Buffer *problem)
{
	if (row->body == NULL || !row->post)
		return true;
	route->body = template_compile(row->body, row->json ? PLACE_JSON : PLACE_FORM, problem);
	return route->body != NULL || fail(problem, "body");
}

static bool
check_header(const char *header, Buffer *problem)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t		length = strspn(header, token);

	if (length == 0 || header[length] != ':')
		return reject(problem, "is not of the form \"Name: value\"");
	for (; *header != '\0'; header++)
		if ((unsigned char) *header < ' ' || *header == 0x7f)
			return reject(problem, "holds a control character");
	return true;
}

static bool
add_header(Route *route, const char *header, Buffer *problem)
{
	Template   *template = NULL;

	if (route->nheaders + 1 >= DELIVERY_HEADERS_MAX)
		return reject(problem, "there are too many headers");
	if (!check_header(header, problem) || (template = template_compile(header, PLACE_HEADER, problem)) == NULL)
		return fail(problem, "header");
	route->headers[route->nheaders++] = template;
	return true;
}

static bool
compile_headers(Route *route, const RouteRow *row, Buffer *problem)
{
	char	   *lines = copy_text(row->headers);
	char	   *rest = lines;
	char	   *line;
	bool		has_type = false;
	bool		good = true;

	while (good && (line = strsep(&rest, "\n")) != NULL)
	{
		has_type |= strncasecmp(line, "Content-Type:", 13) == 0;
		if (*line != '\0')
			good = add_header(route, line, problem);
	}
	free(lines);
	if (good && route->body != NULL && row->json && !has_type)
		good = add_header(route, "Content-Type: application/json", problem);
	return good;
}

/* Looking for one may take for ever. */
static bool
refers_back(const char *pattern)
{
	for (const char *c = pattern; *c != '\0'; c++)
	{
		if (*c != '\\')
			continue;
		c++;
		if (*c >= '1' && *c <= '9')
			return true;
		if (*c == '\0')
			break;
	}
	return false;
}

static bool
check_pattern(const char *pattern, Buffer *problem)
{
	if (strlen(pattern) > PATTERN_MAX)
		return reject(problem, "is too long");
	return !refers_back(pattern) || reject(problem, "has a back-reference");
}

static bool
compile_pattern(Route *route, const RouteRow *row, Buffer *problem)
{
	char		why[128];
	int			error;

	if (row->success_pattern == NULL)
		return true;
	if (!check_pattern(row->success_pattern, problem))
		return fail(problem, "success_pattern");
	error = regcomp(&route->pattern, row->success_pattern, REG_EXTENDED | REG_NOSUB);
	if (error == 0)
		return route->has_pattern = true;
	regerror(error, &route->pattern, why, sizeof(why));
	reject(problem, why);
	return fail(problem, "success_pattern");
}

static bool
uses(const Route *route, TemplateField field)
{
	bool		used = template_uses(route->url, field) || (route->body != NULL && template_uses(route->body, field));

	for (int i = 0; i < route->nheaders; i++)
		used |= template_uses(route->headers[i], field);
	return used;
}

static bool
read_secret(Route *route, const RouteRow *row, const char *secrets, Buffer *problem)
{
	if (row->username != NULL)
		route->username = copy_text(row->username);
	if (row->secret_file == NULL)
	{
		if (row->username != NULL || uses(route, FIELD_SECRET))
			return reject(problem, "a secret is used and no secret_file named");
		return true;
	}
	if (secrets == NULL)
		return reject(problem, "a secret_file is named and no directory of secrets is configured");
	if (strncmp(row->secret_file, SECRETFILE_RECEIPT_KEY, strlen(SECRETFILE_RECEIPT_KEY)) == 0)
		return reject(problem, "the secret_file named is the sender's own");
	return secretfile_read(secrets, row->secret_file, &route->secret, problem);
}

static bool
compile(Route *route, const RouteRow *row, const char *secrets, bool receipts, Buffer *problem)
{
	route->references = 1;
	route->post = row->post;
	route->success_status = row->success_status;
	route->timeout_ms = row->timeout_ms;
	route->allow_private = row->allow_private;
	if (!compile_url(route, row, problem) || !compile_body(route, row, problem) ||
		!compile_headers(route, row, problem) || !compile_pattern(route, row, problem) ||
		!read_secret(route, row, secrets, problem))
		return false;
	if (row->timeout_ms < 1)
		return reject(problem, "timeout_ms is not positive");
	if (!receipts && uses(route, FIELD_RECEIPT_URL))
		return reject(problem, "{receipt_url} is used and no receipts are configured");
	return true;
}

Route *
route_compile(const RouteRow *row, const char *secrets, bool receipts, Buffer *problem)
{
	Route	   *route = allocate(sizeof(Route));

	if (compile(route, row, secrets, receipts, problem))
		return route;
	route_release(route);
	return NULL;
}

Route *
route_hold(Route *route)
{
	route->references++;
	return route;
}

void
route_release(Route *route)
{
	if (route == NULL || --route->references > 0)
		return;
	template_free(route->url);
	template_free(route->body);
	for (int i = 0; i < route->nheaders; i++)
		template_free(route->headers[i]);
	if (route->has_pattern)
		regfree(&route->pattern);
	free(route->username);
	buffer_wipe(&route->secret);
	free(route);
}

int
route_timeout(const Route *route)
{
	return route->timeout_ms;
}

/* ---- sending ---- */

static void
begin_request(const Route *route, DeliveryRequest *request)
{
	memset(request, 0, sizeof(*request));
	request->post = route->post;
	request->timeout_ms = route->timeout_ms;
	request->allow_private = route->allow_private;
}

static bool
render(const Route *route, const char *const values[FIELDS], DeliveryRequest *request)
{
	if (!template_render(route->url, values, &request->url) ||
		(route->body != NULL && !template_render(route->body, values, &request->body)))
		return false;
	for (int i = 0; i < route->nheaders; i++)
		if (!template_render(route->headers[i], values, &request->headers[request->nheaders++]))
			return false;
	return true;
}

bool
route_render(const Route *route, const Claimed *claimed, const char *receipt_url, DeliveryRequest *request)
{
	char		id[ID_MAX];
	const char *values[FIELDS] = {
		[FIELD_TO] = claimed->mobile,
		[FIELD_TO_DIGITS] = claimed->mobile + (*claimed->mobile == '+'),
		[FIELD_TEXT] = claimed->body,
		[FIELD_TEMPLATE_ID] = claimed->template_id,
		[FIELD_ENTITY_ID] = claimed->entity_id,
		[FIELD_ID] = id,
		[FIELD_CODING] = alphabet_is_gsm7(claimed->body) ? "0" : "2",
		[FIELD_SECRET] = buffer_text(&route->secret),
		[FIELD_RECEIPT_URL] = receipt_url
	};

	snprintf(id, sizeof(id), "%" PRId64, claimed->id);
	begin_request(route, request);
	request->username = route->username;
	request->password = buffer_text(&route->secret);
	if (render(route, values, request))
		return true;
	delivery_wipe(request);
	return false;
}

void
route_probe(const Route *route, DeliveryRequest *request)
{
	const char *values[FIELDS];

	for (int field = 0; field < FIELDS; field++)
		values[field] = "0";
	begin_request(route, request);
	request->connect_only = true;
	template_render(route->url, values, &request->url);
}

/* ---- judging ---- */

static bool
is_right_status(const Route *route, int status)
{
	return route->success_status != 0 ? status == route->success_status : status >= 200 && status <= 299;
}

static bool
is_right_body(const Route *route, const DeliveryAnswer *answer)
{
	regmatch_t	all = {0, (regoff_t) answer->length};

	return !route->has_pattern || regexec(&route->pattern, answer->body, 1, &all, REG_STARTEND) == 0;
}

Verdict
route_judge(const Route *route, const DeliveryAnswer *answer, char detail[ROUTE_DETAIL_MAX])
{
	if (answer->status < 200)
		snprintf(detail, ROUTE_DETAIL_MAX, "%s", answer->problem != NULL ? answer->problem : "no answer");
	else if (!is_right_status(route, answer->status))
		snprintf(detail, ROUTE_DETAIL_MAX, "HTTP %d", answer->status);
	else if (!is_right_body(route, answer))
		snprintf(detail, ROUTE_DETAIL_MAX, "%s", answer->problem != NULL ? answer->problem : "answer not as expected");
	else
	{
		detail[0] = '\0';
		return VERDICT_ACCEPTED;
	}
	return answer->status == 400 || answer->status == 422 ? VERDICT_REFUSED : VERDICT_FAILED;
}
