/*
 * docs.c
 *	  The description of the API: as OpenAPI, and as a page made from that.
 *
 * openapi.json is a part of the program, so that it fits it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "docs.h"

#define CACHING	"public, max-age=300"
#define POLICY	"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

__asm__(".section .rodata\n"
		".global openapi_begin, openapi_end\n"
		"openapi_begin: .incbin \"" OPENAPI_FILE "\"\n"
		"openapi_end: .byte 0\n"
		".previous\n");
extern const char openapi_begin[];
extern const char openapi_end[];

static Buffer page;

/* ---- pieces ---- */

static void
add_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
	{
		if (*text == '<')
			buffer_add_text(&page, "&lt;");
		else if (*text == '&')
			buffer_add_text(&page, "&amp;");
		else
			buffer_add_char(&page, *text);
	}
}

static void
add_element(const char *element, const char *text)
{
	if (text == NULL)
		return;
	buffer_format(&page, "<%s>", element);
	add_text(text);
	buffer_format(&page, "</%s>\n", element);
}

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* What a reference leads to; itself when it is none. */
static const json_t *
resolve(const json_t *root, const json_t *object)
{
	const char *reference = text_of(object, "$ref");
	char	   *path = reference != NULL ? strdup(reference) : NULL;
	char	   *rest = NULL;

	if (path == NULL)
		return object;
	object = root;
	for (const char *step = strtok_r(path + 2, "/", &rest); step != NULL; step = strtok_r(NULL, "/", &rest))
		object = json_object_get(object, step);
	free(path);
	return object;
}

/* ---- a call ---- */

static bool
is_required(const json_t *schema, const char *name)
{
	const json_t *required = json_object_get(schema, "required");
	json_t	   *one;
	size_t		i;

	json_array_foreach(required, i, one)
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static const json_t *
schema_of(const json_t *root, const json_t *body)
{
	const json_t *json = json_object_get(json_object_get(body, "content"), "application/json");

	return resolve(root, json_object_get(json, "schema"));
}

static void
add_members(const json_t *schema)
{
	const char *name;
	json_t	   *member;

	buffer_add_text(&page, "<table><tr><th>Member</th><th></th></tr>\n");
	json_object_foreach(json_object_get(schema, "properties"), name, member)
	{
		buffer_format(&page, "<tr><td><code>%s</code>%s</td><td>", name, is_required(schema, name) ? "" : " (optional)");
		add_text(text_of(member, "description"));
		buffer_add_text(&page, "</td></tr>\n");
	}
	buffer_add_text(&page, "</table>\n");
}

static void
add_replies(const json_t *root, const json_t *replies)
{
	const char *status;
	json_t	   *reply;

	buffer_add_text(&page, "<table><tr><th>Status</th><th></th></tr>\n");
	json_object_foreach((json_t *) replies, status, reply)
	{
		buffer_format(&page, "<tr><td>%s</td><td>", status);
		add_text(text_of(resolve(root, reply), "description"));
		buffer_add_text(&page, "</td></tr>\n");
	}
	buffer_add_text(&page, "</table>\n");
}

static void
add_call(const json_t *root, const char *path, const char *method, const json_t *call)
{
	const json_t *body = json_object_get(call, "requestBody");

	buffer_add_text(&page, "<h2><code>");
	for (; *method != '\0'; method++)
		buffer_add_char(&page, (char) toupper((unsigned char) *method));
	buffer_format(&page, " %s</code></h2>\n", path);
	add_element("p", text_of(call, "summary"));
	add_element("p", text_of(call, "description"));
	if (body != NULL)
		add_members(schema_of(root, body));
	add_replies(root, json_object_get(call, "responses"));
}

/* ---- the page ---- */

static void
add_calls(const json_t *root)
{
	const char *path;
	const char *method;
	json_t	   *methods;
	json_t	   *call;

	json_object_foreach(json_object_get(root, "paths"), path, methods)
		json_object_foreach(methods, method, call)
		add_call(root, path, method, call);
}

/* Problem details point here. */
static void
add_codes(const json_t *root)
{
	const char *code;
	json_t	   *words;

	buffer_add_text(&page, "<h2>Codes</h2>\n<table>\n");
	json_object_foreach(json_object_get(root, "x-codes"), code, words)
	{
		buffer_format(&page, "<tr id=\"%s\"><td><code>%s</code></td><td>", code, code);
		add_text(json_string_value(words));
		buffer_add_text(&page, "</td></tr>\n");
	}
	buffer_add_text(&page, "</table>\n");
}

static void
make_page(void)
{
	json_t	   *root = json_loadb(openapi_begin, openapi_end - openapi_begin, 0, NULL);
	const json_t *info = json_object_get(root, "info");

	buffer_add_text(&page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
					"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
	add_element("title", text_of(info, "title"));
	buffer_add_text(&page, "<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:auto;padding:1rem}"
					"table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border-bottom:1px solid #8888;padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}"
					"h2{margin-top:3rem;overflow-wrap:anywhere}:target{background:#fd08}</style>\n</head>\n<body>\n<main>\n");
	add_element("h1", text_of(info, "title"));
	add_element("p", text_of(info, "description"));
	buffer_add_text(&page, "<p>The same for programs: <a href=\"openapi.json\">openapi.json</a>, OpenAPI 3.1.</p>\n");
	add_calls(root);
	add_codes(root);
	buffer_add_text(&page, "</main>\n</body>\n</html>\n");
	json_decref(root);
}

void
docs_page(Exchange *exchange)
{
	if (page.length == 0)
		make_page();
	exchange_add_header(exchange, "Content-Security-Policy", POLICY);
	exchange_add_header(exchange, "Cache-Control", CACHING);
	exchange_reply(exchange, 200, "text/html; charset=utf-8", &page);
}

void
docs_openapi(Exchange *exchange)
{
	Buffer		text = {0};

	buffer_add(&text, openapi_begin, openapi_end - openapi_begin);
	exchange_add_header(exchange, "Cache-Control", CACHING);
	exchange_add_header(exchange, "Access-Control-Allow-Origin", "*");
	exchange_reply(exchange, 200, "application/json", &text);
	buffer_wipe(&text);
}

void
docs_end(void)
{
	buffer_wipe(&page);
}
