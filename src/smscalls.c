/*
 * smscalls.c
 *	  SQL functions of administrators about routes of messages.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "channel.h"
#include "fmgr.h"
#include "hidden.h"
#include "pattern.h"
#include "utils/timestamp.h"

/* 0 stands for NULL. */
static int
optional_number(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		return 0;
	return PG_GETARG_INT32(arg) == 0 ? -1 : PG_GETARG_INT32(arg);
}

/* What is far from any timeout that is allowed is out of its range, too. */
static void
take_timeout(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	int64		microseconds = 0;

	if (kycvs_take_given(request, fcinfo, arg, "attempt_timeout") &&
		kycvs_microseconds(PG_GETARG_INTERVAL_P(arg), &microseconds))
		request->route.timeout_ms = (int) Max(Min(microseconds / 1000, PG_INT32_MAX), 0);
}

/* Here, and not in the authority: compiling takes time and memory. */
static void
take_pattern(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	char	   *pattern = request->route.success_pattern;
	const char *trouble;

	kycvs_take_optional_word(request, fcinfo, arg, "success_pattern", pattern, sizeof(request->route.success_pattern));
	trouble = request->bad_argument == 0 && pattern[0] != '\0' ? kycvs_pattern_trouble(pattern) : NULL;
	if (trouble != NULL)
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, trouble);
}

/* Arguments in the order of the function: what is sent, what it is answered by, with which secret, within which limits. */
static void
take_message(KycvsRequest *request, FunctionCallInfo fcinfo)
{
	KycvsSmsRoute *route = &request->route;

	kycvs_take_word(request, fcinfo, 0, "name", route->name, sizeof(route->name));
	kycvs_take_word(request, fcinfo, 1, "url", route->url, sizeof(route->url));
	kycvs_take_word(request, fcinfo, 2, "method", route->method, sizeof(route->method));
	route->nheaders = kycvs_take_list(request, fcinfo, 3, "headers", route->headers[0], sizeof(route->headers[0]), KYCVS_SMS_HEADERS_MAX);
	kycvs_take_optional_word(request, fcinfo, 4, "body", route->body, sizeof(route->body));
	kycvs_take_word(request, fcinfo, 5, "body_format", route->body_format, sizeof(route->body_format));
}

static void
take_conditions(KycvsRequest *request, FunctionCallInfo fcinfo)
{
	KycvsSmsRoute *route = &request->route;

	if (kycvs_take_given(request, fcinfo, 6, "priority"))
		route->priority = PG_GETARG_INT32(6);
	route->success_status = optional_number(fcinfo, 7);
	take_pattern(request, fcinfo, 8);
	kycvs_take_optional_word(request, fcinfo, 9, "username", route->username, sizeof(route->username));
	kycvs_take_optional_word(request, fcinfo, 10, "secret_file", route->secret_file, sizeof(route->secret_file));
	route->per_minute = optional_number(fcinfo, 11);
	take_timeout(request, fcinfo, 12);
	if (kycvs_take_given(request, fcinfo, 13, "allow_private"))
		route->allow_private = PG_GETARG_BOOL(13);
}

KYCVS_FUNCTION(kycvs_add_sms_route)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_SMS_ROUTE);

	take_message(request, fcinfo);
	take_conditions(request, fcinfo);
	if (kycvs_ask(request)->warning)
		ereport(WARNING,
				(errmsg("messages of this route, with their OTPs, are sent unencrypted over a network"),
				 errhint("Use a URL that begins with https://.")));
	PG_RETURN_VOID();
}

static Datum
ask_about_route(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_text(request, fcinfo, 0, "name", request->code, sizeof(request->code), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_suspend_sms_route)
{
	return ask_about_route(KYCVS_OP_SUSPEND_SMS_ROUTE, fcinfo);
}

KYCVS_FUNCTION(kycvs_resume_sms_route)
{
	return ask_about_route(KYCVS_OP_RESUME_SMS_ROUTE, fcinfo);
}

KYCVS_FUNCTION(kycvs_remove_sms_route)
{
	return ask_about_route(KYCVS_OP_REMOVE_SMS_ROUTE, fcinfo);
}
