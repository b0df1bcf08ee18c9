/*
 * senders.c
 *	  SQL functions of senders, who hand messages over to people.
 *
 * Many messages come in chunks that fit a reply, each claimed by a request of
 * its own; what was claimed is returned, whatever becomes of the next chunk.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "channel.h"
#include "fmgr.h"
#include "funcapi.h"
#include "hidden.h"
#include "mb/pg_wchar.h"
#include "parking.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define MESSAGES_MAX		1000
#define MESSAGE_COLUMNS		9

/* A column from the string that it comes as; the name of no route is empty. */
static Datum
read_column(int column, const char *string, bool *isnull)
{
	Interval   *interval;

	*isnull = column == 6 && string[0] == '\0';
	switch (column)
	{
		case 0:
			return Int64GetDatum(strtoll(string, NULL, 10));
		case 7:
			return Int32GetDatum((int32) strtol(string, NULL, 10));
		case 8:
			interval = palloc0(sizeof(Interval));
			interval->time = strtoll(string, NULL, 10);
			return IntervalPGetDatum(interval);
		default:
			return CStringGetTextDatum(pg_any_to_server(string, strlen(string), PG_UTF8));
	}
}

/* A chunk of messages: nine strings each. */
static void
store_messages(ReturnSetInfo *result, const KycvsReply *reply)
{
	const char *body = reply->body;
	int			i;

	for (i = 0; i < reply->number; i++)
	{
		Datum		values[MESSAGE_COLUMNS];
		bool		nulls[MESSAGE_COLUMNS];
		int			column;

		for (column = 0; column < MESSAGE_COLUMNS; column++)
		{
			values[column] = read_column(column, body, &nulls[column]);
			body += strlen(body) + 1;
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* The next chunk; once some messages are claimed they are returned, whatever becomes of this one. */
static KycvsReply *
claim_chunk(FunctionCallInfo fcinfo, int down, int wanted, bool first, int64 wait)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_NEXT_MESSAGES);

	request->count = kycvs_take_list(request, fcinfo, down, "down", request->purposes[0], sizeof(request->purposes[0]), KYCVS_PURPOSES_MAX);
	request->number = wanted;
	request->microseconds = wait;
	return first ? kycvs_ask(request) : kycvs_call(request);
}

/* "down" is the argument that names the routes which the sender does without. */
static void
claim_messages(FunctionCallInfo fcinfo, int down, int wanted, int64 wait)
{
	bool		first = true;
	bool		more = true;

	InitMaterializedSRF(fcinfo, 0);
	while (more)
	{
		KycvsReply *reply = claim_chunk(fcinfo, down, wanted, first, first ? wait : 0);

		store_messages((ReturnSetInfo *) fcinfo->resultinfo, reply);
		wanted -= reply->number;
		more = reply->more;
		/* a chunk of nothing but expired ones: the next may wait */
		first &= reply->number == 0;
		explicit_bzero(reply, kycvs_reply_size(reply));
		pfree(reply);
	}
}

static int
get_wanted(FunctionCallInfo fcinfo, int arg)
{
	int			wanted = PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT32(arg);

	if (wanted < 1 || wanted > MESSAGES_MAX)
		ereport(ERROR,
				(errcode(PG_ARGISNULL(arg) ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be between 1 and %d", MESSAGES_MAX)));
	return wanted;
}

KYCVS_FUNCTION(kycvs_next_messages)
{
	claim_messages(fcinfo, 1, get_wanted(fcinfo, 0), 0);
	return (Datum) 0;
}

KYCVS_FUNCTION(kycvs_await_messages)
{
	int64		wait = 0;

	if (PG_ARGISNULL(1) || !kycvs_microseconds(PG_GETARG_INTERVAL_P(1), &wait) ||
		wait < 0 || wait > KYCVS_WAIT_MAX_MS * INT64CONST(1000))
		ereport(ERROR,
				(errcode(PG_ARGISNULL(1) ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout must be between 0 and %d seconds", KYCVS_WAIT_MAX_MS / 1000)));
	claim_messages(fcinfo, 2, get_wanted(fcinfo, 0), wait);
	return (Datum) 0;
}

static KycvsRequest *
report_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_number(request, fcinfo, 0, "id");
	if (kycvs_take_given(request, fcinfo, 1, "delivered"))
		request->flag = PG_GETARG_BOOL(1);
	kycvs_take_optional_text(request, fcinfo, 2, "detail", request->detail, sizeof(request->detail), ERRCODE_INVALID_PARAMETER_VALUE);
	return request;
}

/* Attempts are counted from 1; 0 stands for NULL, and a number that none can have for any other. */
KYCVS_FUNCTION(kycvs_message_done)
{
	KycvsRequest *request = report_request(KYCVS_OP_MESSAGE_DONE, fcinfo);

	if (!PG_ARGISNULL(3))
		request->count = PG_GETARG_INT32(3) > 0 ? PG_GETARG_INT32(3) : -1;
	if (kycvs_take_given(request, fcinfo, 4, "retry"))
		request->retry = PG_GETARG_BOOL(4);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_message_receipt)
{
	kycvs_ask(report_request(KYCVS_OP_MESSAGE_RECEIPT, fcinfo));
	PG_RETURN_VOID();
}
