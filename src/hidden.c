/*
 * hidden.c
 *	  SQL functions whose arguments stay out of the server log.
 *
 * Whatever fails within a function of ours is logged without statement and
 * context, since both may hold its arguments: numbers, names, OTPs.  The error
 * itself is marked, so that it stays so when a procedure catches it and raises
 * it again.
 *
 * A row that COPY cannot read fails before anything of ours runs, and its
 * context shows the row.  Whoever loads sees it; the log does not.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "hidden.h"
#include "utils/elog.h"

#define LOADED	"COPY intake,"	/* the view kycvs.intake; another table of this name loses nothing but a line of log */

static emit_log_hook_type next_log_hook = NULL;

static void
hide_loaded_row(ErrorData *error)
{
	if (error->context != NULL && strstr(error->context, LOADED) != NULL)
		error->hide_ctx = true;
	if (next_log_hook != NULL)
		next_log_hook(error);
}

void
kycvs_hidden_init(void)
{
	next_log_hook = emit_log_hook;
	emit_log_hook = hide_loaded_row;
}

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
