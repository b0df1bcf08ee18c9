/*
 * hidden.c
 *	  SQL functions whose arguments stay out of the server log.
 *
 * Whatever fails within a function of ours is logged without statement and
 * context, since both may hold its arguments: numbers, names, OTPs.  The error
 * itself is marked, so that it stays so when a procedure catches it and raises
 * it again.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "hidden.h"
#include "utils/elog.h"

static void
hide_arguments(void *arg)
{
	errhidestmt(true);
	errhidecontext(true);
}

Datum
kycvs_run_hidden(FunctionCallInfo fcinfo, PGFunction body)
{
	ErrorContextCallback callback = {error_context_stack, hide_arguments, NULL};
	Datum		result;

	error_context_stack = &callback;
	result = body(fcinfo);
	error_context_stack = callback.previous;
	return result;
}
