/*
 * kycvs.c
 *	  Know Your Customer's Vaccination Status: SQL functions and start-up.
 *
 * A function here takes its arguments into a request, asks the authority (see
 * src/channel.h) and turns the reply into a result or an error.  It decides
 * nothing, reads no table and holds no secret, for it runs in the backend of
 * whoever calls; what it is told, it is told after the commit that records it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "authority.h"
#include "call.h"
#include "channel.h"
#include "clock.h"
#include "fmgr.h"
#include "funcapi.h"
#include "hidden.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "namematch.h"
#include "parking.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/uuid.h"
#include "vault.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	kycvs_channel_init();
	if (!process_shared_preload_libraries_in_progress)
		return;
	kycvs_vault_init();
	kycvs_clock_init();
	kycvs_call_init();
	kycvs_namematch_init();
	MarkGUCPrefixReserved("kycvs");
	kycvs_authority_register();
}

/* ---- asking ---- */

static KycvsReply *
ask(KycvsRequest *request)
{
	KycvsReply *reply = kycvs_call(request);

	if (reply->refusal.sqlstate != 0)
		kycvs_raise(&reply->refusal);
	return reply;
}

/* For the kycvs.try_* functions: a refusal of ours is a result. */
static Datum
try_ask(KycvsRequest *request)
{
	KycvsReply *reply = kycvs_call(request);
	int			sqlstate = reply->refusal.sqlstate;

	if (sqlstate == 0)
		return kycvs_reply_jsonb(reply);
	if (ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_TO_CATEGORY(KV_MOBILE_INVALID))
		kycvs_raise(&reply->refusal);
	return JsonbPGetDatum(kycvs_refusal_json(&reply->refusal));
}

static void
take_date(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	request->has_date = !PG_ARGISNULL(arg);
	if (request->has_date)
		request->date = PG_GETARG_DATEADT(arg);
}

static void
take_txn(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	if (kycvs_take_given(request, fcinfo, arg, "txn"))
		request->id = *PG_GETARG_UUID_P(arg);
}

static void
take_number(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (kycvs_take_given(request, fcinfo, arg, what))
		request->number = PG_GETARG_INT64(arg);
}

static void
take_count(KycvsRequest *request, FunctionCallInfo fcinfo, int arg, const char *what)
{
	if (kycvs_take_given(request, fcinfo, arg, what))
		request->count = PG_GETARG_INT32(arg);
}

static void
take_api_key(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	request->has_api_key = kycvs_take_optional_text(request, fcinfo, arg, "API key", request->api_key,
													sizeof(request->api_key), KV_NOT_AN_ENTITY);
}

/* ---- entities ---- */

static KycvsRequest *
issue_request(FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ISSUE);

	kycvs_take_text(request, fcinfo, 0, "mobile", request->mobile, sizeof(request->mobile), KV_MOBILE_INVALID);
	kycvs_take_text(request, fcinfo, 1, "name", request->name, sizeof(request->name), KV_NAME_INVALID);
	kycvs_take_text(request, fcinfo, 2, "purpose", request->code, sizeof(request->code), KV_PURPOSE_NOT_ALLOWED);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 3, "reference", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	take_date(request, fcinfo, 4);
	kycvs_take_text(request, fcinfo, 5, "language", request->language, sizeof(request->language), KV_NO_NOTICE);
	return request;
}

static KycvsRequest *
resend_request(FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_RESEND);

	take_txn(request, fcinfo, 0);
	return request;
}

/* An OTP that is too long is a wrong one, and charged like one. */
static void
take_otp(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	int			before = request->bad_argument;

	kycvs_take_text(request, fcinfo, arg, "otp", request->otp, sizeof(request->otp), KV_OTP_WRONG);
	if (before == 0 && request->bad_argument == KV_OTP_WRONG)
		request->bad_argument = 0;
}

static KycvsRequest *
verify_request(FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_VERIFY);

	take_txn(request, fcinfo, 0);
	take_otp(request, fcinfo, 1);
	if (kycvs_take_given(request, fcinfo, 2, "consent"))
		request->flag = PG_GETARG_BOOL(2);
	return request;
}

static KycvsRequest *
status_request(FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_STATUS);

	kycvs_take_consent(request, fcinfo, 0);
	take_date(request, fcinfo, 1);
	return request;
}

/* The last argument of a kycvs.try_* function is the API key. */
static KycvsRequest *
with_api_key(KycvsRequest *request, FunctionCallInfo fcinfo)
{
	take_api_key(request, fcinfo, PG_NARGS() - 1);
	return request;
}

KYCVS_FUNCTION(kycvs_issue_otp)
{
	return kycvs_reply_jsonb(ask(issue_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_issue_otp)
{
	return try_ask(with_api_key(issue_request(fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_resend_otp)
{
	return kycvs_reply_jsonb(ask(resend_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_resend_otp)
{
	return try_ask(with_api_key(resend_request(fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_verify_otp)
{
	return kycvs_reply_jsonb(ask(verify_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_verify_otp)
{
	return try_ask(with_api_key(verify_request(fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_status)
{
	return kycvs_reply_jsonb(ask(status_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_status)
{
	return try_ask(with_api_key(status_request(fcinfo), fcinfo));
}

/* ---- administrators ---- */

static KycvsRequest *
code_request(KycvsOp op, FunctionCallInfo fcinfo, const char *what)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_text(request, fcinfo, 0, what, request->code, sizeof(request->code), ERRCODE_INVALID_PARAMETER_VALUE);
	return request;
}

KYCVS_FUNCTION(kycvs_create_key)
{
	return kycvs_reply_text(ask(code_request(KYCVS_OP_CREATE_KEY, fcinfo, "alg")));
}

KYCVS_FUNCTION(kycvs_activate_key)
{
	ask(code_request(KYCVS_OP_ACTIVATE_KEY, fcinfo, "kid"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_revoke_key)
{
	ask(code_request(KYCVS_OP_REVOKE_KEY, fcinfo, "kid"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_destroy_key)
{
	if (ask(code_request(KYCVS_OP_DESTROY_KEY, fcinfo, "kid"))->warning)
		ereport(WARNING,
				(errmsg("private file of the key was not there"),
				 errhint("Look for copies of it; call this again when one has come back.")));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_suspend_entity)
{
	ask(code_request(KYCVS_OP_SUSPEND_ENTITY, fcinfo, "code"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_resume_entity)
{
	ask(code_request(KYCVS_OP_RESUME_ENTITY, fcinfo, "code"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_create_api_key)
{
	return kycvs_reply_text(ask(code_request(KYCVS_OP_CREATE_API_KEY, fcinfo, "code")));
}

/* Days of 24 hours; months have no length.  False when it is far from what anybody could mean. */
static bool
get_microseconds(const Interval *interval, int64 *microseconds)
{
	if (interval->month != 0 || interval->day < -1000 || interval->day > 1000 ||
		interval->time < -1000 * USECS_PER_DAY || interval->time > 1000 * USECS_PER_DAY)
		return false;
	*microseconds = interval->time + interval->day * USECS_PER_DAY;
	return true;
}

static void
take_validity(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	if (kycvs_take_given(request, fcinfo, arg, "validity") &&
		!get_microseconds(PG_GETARG_INTERVAL_P(arg), &request->microseconds))
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, "validity must be days and less, at most 366 days");
}

static void
take_notice(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	kycvs_take_text(request, fcinfo, arg, "notice", request->notice, sizeof(request->notice), ERRCODE_INVALID_PARAMETER_VALUE);
}

KYCVS_FUNCTION(kycvs_add_purpose)
{
	KycvsRequest *request = code_request(KYCVS_OP_ADD_PURPOSE, fcinfo, "code");

	take_notice(request, fcinfo, 1);
	take_validity(request, fcinfo, 2);
	take_count(request, fcinfo, 3, "uses");
	ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_notice)
{
	KycvsRequest *request = code_request(KYCVS_OP_ADD_NOTICE, fcinfo, "code");

	kycvs_take_text(request, fcinfo, 1, "language", request->language, sizeof(request->language), ERRCODE_INVALID_PARAMETER_VALUE);
	take_notice(request, fcinfo, 2);
	ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_entity)
{
	KycvsRequest *request = code_request(KYCVS_OP_ADD_ENTITY, fcinfo, "code");

	kycvs_take_text(request, fcinfo, 1, "name", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	if (kycvs_take_given(request, fcinfo, 2, "role"))
		request->role = PG_GETARG_OID(2);
	kycvs_take_purposes(request, fcinfo, 3);
	ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_set_budget)
{
	KycvsRequest *request = code_request(KYCVS_OP_SET_BUDGET, fcinfo, "code");

	take_count(request, fcinfo, 1, "failures_per_hour");
	ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_revoke_api_key)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_REVOKE_API_KEY);

	take_number(request, fcinfo, 0, "id");
	ask(request);
	PG_RETURN_VOID();
}

/* ---- registrars ---- */

KYCVS_FUNCTION(kycvs_register_person)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_REGISTER_PERSON);

	kycvs_take_text(request, fcinfo, 0, "mobile", request->mobile, sizeof(request->mobile), KV_MOBILE_INVALID);
	kycvs_take_text(request, fcinfo, 1, "name", request->name, sizeof(request->name), KV_NAME_INVALID);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 2, "reference", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	if (!PG_ARGISNULL(3))
	{
		request->count = PG_GETARG_INT32(3);
		if (request->count == 0)
			request->count = -1;	/* 0 stands for NULL */
	}
	PG_RETURN_INT64(ask(request)->number);
}

KYCVS_FUNCTION(kycvs_record_dose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_RECORD_DOSE);
	KycvsReply *reply;

	take_number(request, fcinfo, 0, "person_id");
	kycvs_take_text(request, fcinfo, 1, "product", request->code, sizeof(request->code), KV_RECORD_UNKNOWN);
	if (kycvs_take_given(request, fcinfo, 2, "given_on"))
		take_date(request, fcinfo, 2);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 3, "batch", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	reply = ask(request);
	if (reply->warning)
		ereport(WARNING,
				(errmsg("dose is closer to another one than the product's interval"),
				 errhint("It is recorded and counts; check the date, and revoke it with kycvs.revoke_dose if it is wrong.")));
	PG_RETURN_INT32((int32) reply->number);
}

KYCVS_FUNCTION(kycvs_revoke_dose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_REVOKE_DOSE);

	take_number(request, fcinfo, 0, "person_id");
	take_count(request, fcinfo, 1, "dose_number");
	kycvs_take_text(request, fcinfo, 2, "reason", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	ask(request);
	PG_RETURN_VOID();
}

/* ---- senders ---- */

#define MESSAGES_MAX		1000
#define MESSAGE_COLUMNS		5

/* A chunk of messages: five strings each. */
static void
store_messages(ReturnSetInfo *result, const KycvsReply *reply)
{
	const char *body = reply->body;
	int			i;

	for (i = 0; i < reply->number; i++)
	{
		Datum		values[MESSAGE_COLUMNS];
		bool		nulls[MESSAGE_COLUMNS] = {false};
		int			column;

		for (column = 0; column < MESSAGE_COLUMNS; column++)
		{
			values[column] = column == 0 ? Int64GetDatum(strtoll(body, NULL, 10)) :
				CStringGetTextDatum(pg_any_to_server(body, strlen(body), PG_UTF8));
			body += strlen(body) + 1;
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* The next chunk; once some messages are claimed they are returned, whatever becomes of this one. */
static KycvsReply *
claim_chunk(int wanted, bool first, int64 wait)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_NEXT_MESSAGES);

	request->number = wanted;
	request->microseconds = wait;
	return first ? ask(request) : kycvs_call(request);
}

static void
claim_messages(FunctionCallInfo fcinfo, int wanted, int64 wait)
{
	bool		first = true;
	bool		more = true;

	InitMaterializedSRF(fcinfo, 0);
	while (more)
	{
		KycvsReply *reply = claim_chunk(wanted, first, first ? wait : 0);

		store_messages((ReturnSetInfo *) fcinfo->resultinfo, reply);
		wanted -= reply->number;
		more = reply->more;
		first = false;
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
	claim_messages(fcinfo, get_wanted(fcinfo, 0), 0);
	return (Datum) 0;
}

KYCVS_FUNCTION(kycvs_await_messages)
{
	int64		wait = 0;

	if (PG_ARGISNULL(1) || !get_microseconds(PG_GETARG_INTERVAL_P(1), &wait) ||
		wait < 0 || wait > KYCVS_WAIT_MAX_MS * INT64CONST(1000))
		ereport(ERROR,
				(errcode(PG_ARGISNULL(1) ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout must be between 0 and %d seconds", KYCVS_WAIT_MAX_MS / 1000)));
	claim_messages(fcinfo, get_wanted(fcinfo, 0), wait);
	return (Datum) 0;
}

KYCVS_FUNCTION(kycvs_message_done)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_MESSAGE_DONE);

	take_number(request, fcinfo, 0, "id");
	if (kycvs_take_given(request, fcinfo, 1, "delivered"))
		request->flag = PG_GETARG_BOOL(1);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 2, "detail", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	ask(request);
	PG_RETURN_VOID();
}
