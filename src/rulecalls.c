/*
 * rulecalls.c
 *	  SQL functions about rule sets.
 *
 * Like those of kycvs.c they decide nothing: each takes its arguments into a
 * request, and asks the authority.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "channel.h"
#include "funcapi.h"
#include "hidden.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

static void
take_code(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	kycvs_take_text(request, fcinfo, arg, what, request->code, sizeof(request->code), ERRCODE_INVALID_PARAMETER_VALUE);
}

/* ---- administrators ---- */

KYCVS_FUNCTION(kycvs_set_rules)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_SET_RULES);

	take_code(request, fcinfo, 0, "code");
	kycvs_take_text(request, fcinfo, 1, "rules", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_rules)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_RULES);

	take_code(request, fcinfo, 0, "code");
	kycvs_take_text(request, fcinfo, 1, "description", request->notice, sizeof(request->notice), ERRCODE_INVALID_PARAMETER_VALUE);
	if (kycvs_take_given(request, fcinfo, 2, "enforces_intervals"))
		request->flag = PG_GETARG_BOOL(2);
	if (kycvs_take_given(request, fcinfo, 3, "days_after"))
		request->count = PG_GETARG_INT32(3);
	if (!PG_ARGISNULL(4))
	{
		request->number = PG_GETARG_INT32(4);
		if (request->number == 0)
			request->number = -1;	/* 0 stands for NULL */
	}
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_rule_interval)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_RULE_INTERVAL);

	take_code(request, fcinfo, 0, "rules");
	kycvs_take_text(request, fcinfo, 1, "product", request->text, sizeof(request->text), KV_RECORD_UNKNOWN);
	if (kycvs_take_given(request, fcinfo, 2, "valid_from"))
		request->date = PG_GETARG_DATEADT(2);
	if (kycvs_take_given(request, fcinfo, 3, "minimum_interval_days"))
		request->count = PG_GETARG_INT32(3);
	if (kycvs_take_given(request, fcinfo, 4, "booster"))
		request->flag = PG_GETARG_BOOL(4);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

/* ---- registrars ---- */

#define EXPLAIN_COLUMNS 5

/* One string of a row; an empty one is a null. */
static Datum
read_column(int column, const char *string)
{
	switch (column)
	{
		case 0:
			return Int32GetDatum((int32) strtol(string, NULL, 10));
		case 2:
			return DateADTGetDatum((DateADT) strtol(string, NULL, 10));
		case 3:
			return BoolGetDatum(string[0] == 't');
		default:
			return CStringGetTextDatum(pg_any_to_server(string, strlen(string), PG_UTF8));
	}
}

KYCVS_FUNCTION(kycvs_explain)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_EXPLAIN);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	KycvsReply *reply;
	const char *body;
	int			i;

	if (kycvs_take_given(request, fcinfo, 0, "person_id"))
		request->number = PG_GETARG_INT64(0);
	request->has_date = !PG_ARGISNULL(1);
	if (request->has_date)
		request->date = PG_GETARG_DATEADT(1);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 2, "rules", request->code, sizeof(request->code),
												 ERRCODE_INVALID_PARAMETER_VALUE);
	InitMaterializedSRF(fcinfo, 0);
	reply = kycvs_ask(request);
	body = reply->body;
	for (i = 0; i < reply->number; i++)
	{
		Datum		values[EXPLAIN_COLUMNS];
		bool		nulls[EXPLAIN_COLUMNS];
		int			column;

		for (column = 0; column < EXPLAIN_COLUMNS; column++)
		{
			nulls[column] = body[0] == '\0';
			values[column] = read_column(column, body);
			body += strlen(body) + 1;
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
