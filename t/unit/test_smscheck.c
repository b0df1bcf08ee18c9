/*
 * test_smscheck.c
 *	  Routes of messages that can be used, and those that cannot.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "pattern.h"
#include "smscheck.h"
#include "tap.h"

#define QUERY "?to={to}&text={text}"
#define KEPT 1
#define OPEN 2					/* and not encrypted */

/* A route is made of these; what it says otherwise is that of a plain one. */
typedef struct UrlCase
{
	const char *url;
	bool		allow_private;
	int			verdict;
} UrlCase;

static const UrlCase urls[] = {
	{"https://sms.example/send" QUERY, false, KEPT},
	{"https://sms.example:8443" QUERY, false, KEPT},
	{"https://sms.example/send" QUERY, true, KEPT},
	{"http://sms.example/send" QUERY, false, OPEN},
	{"http://sms.example/send" QUERY, true, OPEN},
	{"http://192.0.2.1/" QUERY, false, OPEN},
	{"http://[2001:db8::1]:80/" QUERY, false, OPEN},
	{"http://127.0.0.1:13013/cgi-bin/sendsms" QUERY, true, KEPT},
	{"http://127.0.0.1:13013/cgi-bin/sendsms" QUERY, false, 0},
	{"http://localhost/" QUERY, false, 0},
	{"http://kannel.localhost/" QUERY, false, 0},
	{"http://localhost/" QUERY, true, KEPT},
	{"https://10.1.2.3/" QUERY, false, 0},
	{"https://172.16.0.1/" QUERY, false, 0},
	{"https://172.31.255.255/" QUERY, false, 0},
	{"https://172.32.0.1/" QUERY, false, KEPT},
	{"https://192.168.1.1/" QUERY, false, 0},
	{"https://169.254.169.254/" QUERY, false, 0},
	{"https://100.64.0.1/" QUERY, false, 0},
	{"https://100.128.0.1/" QUERY, false, KEPT},
	{"https://0.0.0.0/" QUERY, false, 0},
	{"https://[::1]/" QUERY, false, 0},
	{"https://[::]/" QUERY, false, 0},
	{"https://[::1]/" QUERY, true, KEPT},
	{"https://[fe80::1]/" QUERY, false, 0},
	{"https://[fd00::1]/" QUERY, false, 0},
	{"https://[::ffff:127.0.0.1]/" QUERY, false, 0},
	{"https://[::ffff:192.0.2.1]/" QUERY, false, KEPT},
	{"ftp://sms.example/" QUERY, false, 0},
	{"HTTPS://sms.example/" QUERY, false, 0},
	{"file:///etc/passwd" QUERY, false, 0},
	{"sms.example/" QUERY, false, 0},
	{"https://" QUERY, false, 0},
	{"https:///path" QUERY, false, 0},
	{"https://:80/" QUERY, false, 0},
	{"https://sms.example:0/" QUERY, false, 0},
	{"https://sms.example:65536/" QUERY, false, 0},
	{"https://sms.example:/" QUERY, false, 0},
	{"https://sms.example:80x/" QUERY, false, 0},
	{"https://user:password@sms.example/" QUERY, false, 0},
	{"https://sms.example@192.0.2.1/" QUERY, false, 0},
	{"https://{text}.example/" QUERY, false, 0},
	{"https://[192.0.2.1]/" QUERY, false, 0},
	{"https://[::1/" QUERY, false, 0},
	{"https://[::1]x/" QUERY, false, 0},
	{"https://[2001:db8::zz]/" QUERY, false, 0},
	{"https://sms.example/a b" QUERY, false, 0},
	{"https://sms.example/\n" QUERY, false, 0},
	{"https://sms.example/\xc3\xa9" QUERY, false, 0},
	{"https://sms.example/" QUERY "#x", false, 0},
	{"https://sms.example/?to={to_digits}&text={text}&coding={coding}&dlr={receipt_url}&id={id}&e={entity_id}&t={template_id}", false, KEPT},
	{"https://sms.example/" QUERY "&x={{{id}}}", false, KEPT},
	{"https://sms.example/" QUERY "&x={otp}", false, 0},
	{"https://sms.example/" QUERY "&x={TO}", false, 0},
	{"https://sms.example/" QUERY "&x={to", false, 0},
	{"https://sms.example/" QUERY "&x={", false, 0},
	{"https://sms.example/" QUERY "&x=}", false, 0},
	{"https://sms.example/" QUERY "&x={}", false, 0},
	{"https://sms.example/" QUERY "&x={{to}", false, 0},
	{"https://sms.example/?text={text}", false, 0},
	{"https://sms.example/?to={to}", false, 0},
	{"https://sms.example/?to={{to}}&text={text}", false, 0},
};

static KycvsSmsRoute
plain_route(void)
{
	return (KycvsSmsRoute)
	{
		.name = "main", .method = "GET", .body_format = "form", .priority = 100, .timeout_ms = 5000,
		.url = "https://sms.example/" QUERY
	};
}

static void
test_url(const UrlCase *one)
{
	KycvsSmsRoute route = plain_route();
	char		reason[KYCVS_SMS_REASON_MAX] = "";
	int			verdict = 0;

	strlcpy(route.url, one->url, sizeof(route.url));
	route.allow_private = one->allow_private;
	if (kycvs_sms_check(&route, reason))
		verdict = kycvs_sms_is_open(&route) ? OPEN : KEPT;
	tap_ok(verdict == one->verdict && (verdict != 0) == (reason[0] == '\0'), "route: %d %.*s", (int) (one - urls),
		   (int) strcspn(one->url, "\n"), one->url);
}

/* Whether a route is kept of which one thing is changed. */
typedef struct FieldCase
{
	const char *what;
	void		(*change) (KycvsSmsRoute *route);
	bool		kept;
} FieldCase;

#define CHANGE(name, statements) static void name(KycvsSmsRoute *route) { statements; }
#define SET(field, value) strlcpy(route->field, (value), sizeof(route->field))

CHANGE(no_name, SET(name, ""))
CHANGE(hidden_name, SET(name, ".main"))
CHANGE(long_word, SET(name, "main route"))
CHANGE(put, SET(method, "PUT"))
CHANGE(get_lower, SET(method, "get"))
CHANGE(post, SET(method, "POST"))
CHANGE(xml, SET(body_format, "xml"))
CHANGE(get_body, SET(body, "x"))
CHANGE(json, SET(method, "POST"); SET(body_format, "json"); SET(url, "https://sms.example/"); SET(body, "{{\"to\":\"{to}\",\"text\":\"{text}\"}}"))
#define JSON(template) SET(method, "POST"); SET(body_format, "json"); SET(url, "https://sms.example/"); SET(body, template)
CHANGE(json_numbers, JSON("{{\"to\":{to_digits},\"text\":\"{text}\",\"id\":{id},\"coding\": {coding},\"e\":{{}}}}"))
CHANGE(json_list, JSON("[\"{to}\",\"{text}}}{{\",[],-1.5e3,true,null,\"\\\"\\u0041\"]"))
CHANGE(json_cut, JSON("{{\"to\":\"{to}\",\"text\":\"{text}\""))
CHANGE(json_comma, JSON("{{\"to\":\"{to}\",\"text\":\"{text}\",}}"))
CHANGE(json_bare, JSON("{{\"to\":\"{to}\",\"text\":{text}}}"))
CHANGE(json_form, JSON("to={to}&text={text}"))
CHANGE(form_cut, JSON("{{\"to\":\"{to}\",\"text\":\"{text}\""); SET(body_format, "form"))
CHANGE(json_brace, SET(method, "POST"); SET(body_format, "json"); SET(body, "{\"to\":\"{to}\",\"text\":\"{text}\"}"))
CHANGE(body_lines, SET(method, "POST"); SET(body, "a\nb"))
CHANGE(body_c1, SET(method, "POST"); SET(body, "a\xc2\x85" "b"))
CHANGE(body_gujarati, SET(method, "POST"); SET(body, "\xe0\xaa\x85"))
CHANGE(header, route->nheaders = 1; SET(headers[0], "X-Entity: {entity_id}"))
CHANGE(header_bare, route->nheaders = 1; SET(headers[0], "X-Entity"))
CHANGE(header_empty, route->nheaders = 1; SET(headers[0], ": x"))
CHANGE(header_blank, route->nheaders = 1; SET(headers[0], "X Entity: x"))
CHANGE(header_lines, route->nheaders = 1; SET(headers[0], "X-Entity: x\r\nX-Other: y"))
CHANGE(header_ours, route->nheaders = 2; SET(headers[0], "X-Entity: x"); SET(headers[1], "content-LENGTH: 0"))
CHANGE(header_host, route->nheaders = 1; SET(headers[0], "Host: other.example"))
CHANGE(header_unknown, route->nheaders = 1; SET(headers[0], "X-Entity: {otp}"))
CHANGE(header_text, SET(url, "https://sms.example/?to={to}"); route->nheaders = 1; SET(headers[0], "X-Text: {text}"))
CHANGE(header_secret, route->nheaders = 1; SET(headers[0], "X-Key: {secret}"); SET(secret_file, "main.key"))
CHANGE(secret_missing, route->nheaders = 1; SET(headers[0], "X-Key: {secret}"))
CHANGE(secret_unused, SET(secret_file, "main.key"))
CHANGE(basic, SET(username, "kycvs"); SET(secret_file, "main.key"))
CHANGE(basic_open, SET(username, "kycvs"))
CHANGE(basic_colon, SET(username, "ky:cvs"); SET(secret_file, "main.key"))
CHANGE(secret_path, SET(username, "kycvs"); SET(secret_file, "../main.key"))
CHANGE(secret_absolute, SET(username, "kycvs"); SET(secret_file, "/etc/shadow"))
CHANGE(secret_dots, SET(username, "kycvs"); SET(secret_file, ".."))
CHANGE(secret_receipts, SET(username, "kycvs"); SET(secret_file, "receipt.key"))
CHANGE(priority_low, route->priority = -1)
CHANGE(priority_zero, route->priority = 0)
CHANGE(priority_high, route->priority = 1001)
CHANGE(status, route->success_status = 202)
CHANGE(status_low, route->success_status = 99)
CHANGE(status_negative, route->success_status = -1)
CHANGE(status_high, route->success_status = 600)
CHANGE(cap, route->per_minute = 1)
CHANGE(cap_negative, route->per_minute = -1)
CHANGE(cap_high, route->per_minute = 1000001)
CHANGE(timeout_low, route->timeout_ms = 999)
CHANGE(timeout_least, route->timeout_ms = 1000)
CHANGE(timeout_most, route->timeout_ms = 15000)
CHANGE(timeout_high, route->timeout_ms = 15001)

static const FieldCase fields[] = {
	{"no name", no_name, false}, {"a name that is hidden", hidden_name, false}, {"a name with a blank", long_word, false},
	{"PUT", put, false}, {"get in small letters", get_lower, false}, {"POST without a body", post, true}, {"XML", xml, false}, {"a body of GET", get_body, false},
	{"a JSON body", json, true}, {"a JSON body with braces of its own", json_brace, false},
	{"a JSON body with numbers", json_numbers, true}, {"a JSON body that is a list", json_list, true}, {"a JSON body without an end", json_cut, false}, {"a JSON body with a comma too many", json_comma, false},
	{"a JSON body with a text that has no quotes", json_bare, false}, {"a form that calls itself JSON", json_form, false}, {"a form that looks like JSON without an end", form_cut, true}, {"a body of two lines", body_lines, false},
	{"a body with a control character of two bytes", body_c1, false}, {"a body in Gujarati", body_gujarati, true},
	{"a header", header, true}, {"a header without a colon", header_bare, false}, {"a header without a name", header_empty, false}, {"a header with a blank in its name", header_blank, false},
	{"two headers in one", header_lines, false}, {"a length of one's own", header_ours, false}, {"a host of one's own", header_host, false}, {"an unknown placeholder in a header", header_unknown, false},
	{"the text in a header alone", header_text, false}, {"a secret in a header", header_secret, true}, {"a secret without a file", secret_missing, false}, {"a file without a use", secret_unused, false},
	{"basic authentication", basic, true}, {"basic authentication without a password", basic_open, false}, {"a user name with a colon", basic_colon, false},
	{"a secret from above", secret_path, false}, {"a secret from anywhere", secret_absolute, false}, {"a secret that is a folder", secret_dots, false}, {"the sender's own key", secret_receipts, false},
	{"priority -1", priority_low, false}, {"priority 0", priority_zero, true}, {"priority 1001", priority_high, false},
	{"status 202", status, true}, {"status 99", status_low, false}, {"status 0", status_negative, false}, {"status 600", status_high, false},
	{"a cap of one", cap, true}, {"a cap of none", cap_negative, false}, {"a cap too high", cap_high, false},
	{"999 ms", timeout_low, false}, {"1 s", timeout_least, true}, {"15 s", timeout_most, true}, {"15,001 ms", timeout_high, false},
};

static const struct
{
	const char *pattern;
	bool		kept;
} patterns[] = {
	{"^0: Accepted", true}, {"\"status\" *: *\"(ok|queued)\"", true}, {"[[:alpha:]]{1,255}", true}, {"(a{10}){100}", true},
	{"(", false}, {"[a", false}, {"a{2,1}", false}, {"(((a{255}){255}){255}){255}", false}, {"(a{100}){11}", false}, {"a{1001}", false},
};

void
test_smscheck(void)
{
	size_t		i;

	for (i = 0; i < lengthof(urls); i++)
		test_url(&urls[i]);
	for (i = 0; i < lengthof(fields); i++)
	{
		KycvsSmsRoute route = plain_route();
		char		reason[KYCVS_SMS_REASON_MAX];

		fields[i].change(&route);
		tap_ok(kycvs_sms_check(&route, reason) == fields[i].kept, "route: %s", fields[i].what);
	}
	for (i = 0; i < lengthof(patterns); i++)
		tap_ok((kycvs_pattern_trouble(patterns[i].pattern) == NULL) == patterns[i].kept, "route: pattern %s", patterns[i].pattern);
}
