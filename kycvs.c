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
#include "maintenance.h"
#include "miscadmin.h"
#include "namematch.h"
#include "person.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/uuid.h"
#include "vault.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	kycvs_hidden_init();
	kycvs_channel_init();
	if (!process_shared_preload_libraries_in_progress)
		return;
	kycvs_vault_init();
	kycvs_clock_init();
	kycvs_call_init();
	kycvs_person_init();
	kycvs_correct_init();
	kycvs_sending_init();
	kycvs_namematch_init();
	MarkGUCPrefixReserved("kycvs");
	kycvs_authority_register();
	kycvs_maintenance_register();
}

/* ---- asking ---- */

/* For the kycvs.try_* functions: a refusal of ours is a result, others are raised. */
static KycvsReply *
ask_quietly(KycvsRequest *request)
{
	KycvsReply *reply = kycvs_call(request);
	int			sqlstate = reply->refusal.sqlstate;

	if (sqlstate != 0 && ERRCODE_TO_CATEGORY(sqlstate) != ERRCODE_TO_CATEGORY(KV_MOBILE_INVALID))
		kycvs_raise(&reply->refusal);
	return reply;
}

static Datum
try_ask(KycvsRequest *request)
{
	KycvsReply *reply = ask_quietly(request);

	if (reply->refusal.sqlstate == 0)
		return kycvs_reply_jsonb(reply);
	return JsonbPGetDatum(kycvs_refusal_json(&reply->refusal));
}

static void
take_txn(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	if (kycvs_take_given(request, fcinfo, arg, "txn"))
		request->id = *PG_GETARG_UUID_P(arg);
}

static void
take_api_key(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	request->has_api_key = kycvs_take_optional_text(request, fcinfo, arg, "API key", request->api_key,
													sizeof(request->api_key), KV_NOT_AN_ENTITY);
}

/* ---- entities ---- */

static KycvsRequest *
issue_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_text(request, fcinfo, 0, "mobile", request->mobile, sizeof(request->mobile), KV_MOBILE_INVALID);
	if (op == KYCVS_OP_ISSUE_GROUP)
		kycvs_take_names(request, fcinfo, 1);
	else
		kycvs_take_text(request, fcinfo, 1, "name", request->name, sizeof(request->name), KV_NAME_INVALID);
	kycvs_take_text(request, fcinfo, 2, "purpose", request->code, sizeof(request->code), KV_PURPOSE_NOT_ALLOWED);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 3, "reference", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_take_date(request, fcinfo, 4);
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
status_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_consent(request, fcinfo, 0);
	kycvs_take_date(request, fcinfo, 1);
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
	return kycvs_reply_jsonb(kycvs_ask(issue_request(KYCVS_OP_ISSUE, fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_issue_otp)
{
	return try_ask(with_api_key(issue_request(KYCVS_OP_ISSUE, fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_resend_otp)
{
	return kycvs_reply_jsonb(kycvs_ask(resend_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_resend_otp)
{
	return try_ask(with_api_key(resend_request(fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_verify_otp)
{
	return kycvs_reply_jsonb(kycvs_ask(verify_request(fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_verify_otp)
{
	return try_ask(with_api_key(verify_request(fcinfo), fcinfo));
}

KYCVS_FUNCTION(kycvs_status)
{
	return kycvs_reply_jsonb(kycvs_ask(status_request(KYCVS_OP_STATUS, fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_status)
{
	return try_ask(with_api_key(status_request(KYCVS_OP_STATUS, fcinfo), fcinfo));
}

/* ---- entities: several persons on one mobile ---- */

KYCVS_FUNCTION(kycvs_issue_group_otp)
{
	return kycvs_reply_jsonb(kycvs_ask(issue_request(KYCVS_OP_ISSUE_GROUP, fcinfo)));
}

KYCVS_FUNCTION(kycvs_try_issue_group_otp)
{
	return try_ask(with_api_key(issue_request(KYCVS_OP_ISSUE_GROUP, fcinfo), fcinfo));
}

/* A row; one that is about nobody has no number. */
static void
store_answer(FunctionCallInfo fcinfo, int n, Datum answer)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[2] = {Int32GetDatum(n), answer};
	bool		nulls[2] = {n == 0, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The answers follow one another, each with its NUL. */
static void
store_answers(FunctionCallInfo fcinfo, const KycvsReply *reply)
{
	const char *answer = reply->body;
	int			n;

	for (n = 1; n <= reply->number; n++)
	{
		store_answer(fcinfo, n, kycvs_document_jsonb(answer));
		answer += strlen(answer) + 1;
	}
}

KYCVS_FUNCTION(kycvs_status_group)
{
	InitMaterializedSRF(fcinfo, 0);
	store_answers(fcinfo, kycvs_ask(status_request(KYCVS_OP_STATUS_GROUP, fcinfo)));
	return (Datum) 0;
}

KYCVS_FUNCTION(kycvs_try_status_group)
{
	KycvsReply *reply;

	InitMaterializedSRF(fcinfo, 0);
	reply = ask_quietly(with_api_key(status_request(KYCVS_OP_STATUS_GROUP, fcinfo), fcinfo));
	if (reply->refusal.sqlstate == 0)
		store_answers(fcinfo, reply);
	else
		store_answer(fcinfo, 0, JsonbPGetDatum(kycvs_refusal_json(&reply->refusal)));
	return (Datum) 0;
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
	return kycvs_reply_text(kycvs_ask(code_request(KYCVS_OP_CREATE_KEY, fcinfo, "alg")));
}

KYCVS_FUNCTION(kycvs_activate_key)
{
	kycvs_ask(code_request(KYCVS_OP_ACTIVATE_KEY, fcinfo, "kid"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_revoke_key)
{
	kycvs_ask(code_request(KYCVS_OP_REVOKE_KEY, fcinfo, "kid"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_destroy_key)
{
	if (kycvs_ask(code_request(KYCVS_OP_DESTROY_KEY, fcinfo, "kid"))->warning)
		ereport(WARNING,
				(errmsg("private file of the key was not there"),
				 errhint("Look for copies of it; call this again when one has come back.")));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_suspend_entity)
{
	kycvs_ask(code_request(KYCVS_OP_SUSPEND_ENTITY, fcinfo, "code"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_resume_entity)
{
	kycvs_ask(code_request(KYCVS_OP_RESUME_ENTITY, fcinfo, "code"));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_create_api_key)
{
	return kycvs_reply_text(kycvs_ask(code_request(KYCVS_OP_CREATE_API_KEY, fcinfo, "code")));
}

KYCVS_FUNCTION(kycvs_add_entity)
{
	KycvsRequest *request = code_request(KYCVS_OP_ADD_ENTITY, fcinfo, "code");

	kycvs_take_text(request, fcinfo, 1, "name", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	if (kycvs_take_given(request, fcinfo, 2, "role"))
		request->role = PG_GETARG_OID(2);
	kycvs_take_purposes(request, fcinfo, 3);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_set_budget)
{
	KycvsRequest *request = code_request(KYCVS_OP_SET_BUDGET, fcinfo, "code");

	kycvs_take_count(request, fcinfo, 1, "failures_per_hour");
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_revoke_api_key)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_REVOKE_API_KEY);

	kycvs_take_number(request, fcinfo, 0, "id");
	kycvs_ask(request);
	PG_RETURN_VOID();
}
