/*
 * registrars.c
 *	  SQL functions of registrars, who keep the records of persons and doses.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "catalog/pg_type_d.h"
#include "channel.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "hidden.h"
#include "miscadmin.h"
#include "trim.h"
#include "utils/acl.h"

/* ---- persons and doses ---- */

static KycvsRequest *
person_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_text(request, fcinfo, 0, "mobile", request->mobile, sizeof(request->mobile), KV_MOBILE_INVALID);
	kycvs_take_text(request, fcinfo, 1, "name", request->name, sizeof(request->name), KV_NAME_INVALID);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 2, "reference", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_trim(request->text);
	return request;
}

KYCVS_FUNCTION(kycvs_register_person)
{
	KycvsRequest *request = person_request(KYCVS_OP_REGISTER_PERSON, fcinfo);

	if (!PG_ARGISNULL(3))
	{
		request->count = PG_GETARG_INT32(3);
		if (request->count == 0)
			request->count = -1;	/* 0 stands for NULL */
	}
	PG_RETURN_INT64(kycvs_ask(request)->number);
}

KYCVS_FUNCTION(kycvs_find_person)
{
	int64		number = kycvs_ask(person_request(KYCVS_OP_FIND_PERSON, fcinfo))->number;

	if (number == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(number);
}

KYCVS_FUNCTION(kycvs_record_dose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_RECORD_DOSE);
	KycvsReply *reply;

	kycvs_take_number(request, fcinfo, 0, "person_id");
	kycvs_take_text(request, fcinfo, 1, "product", request->code, sizeof(request->code), KV_RECORD_UNKNOWN);
	if (kycvs_take_given(request, fcinfo, 2, "given_on"))
		kycvs_take_date(request, fcinfo, 2);
	request->has_text = kycvs_take_optional_text(request, fcinfo, 3, "batch", request->text,
												 sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	reply = kycvs_ask(request);
	if (reply->warning)
		ereport(WARNING,
				(errmsg("dose is closer to another one than the product's interval"),
				 errhint("It is recorded, and counts unless rules enforce intervals; check the date, and revoke it with kycvs.revoke_dose if it is wrong.")));
	PG_RETURN_INT32((int32) reply->number);
}

KYCVS_FUNCTION(kycvs_revoke_dose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_REVOKE_DOSE);

	kycvs_take_number(request, fcinfo, 0, "person_id");
	kycvs_take_count(request, fcinfo, 1, "dose_number");
	kycvs_take_text(request, fcinfo, 2, "reason", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

/* ---- corrections ---- */

/* Every correction names a person and says why. */
static KycvsRequest *
correction_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_number(request, fcinfo, 0, "person_id");
	kycvs_take_text(request, fcinfo, PG_NARGS() - 1, "reason", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	return request;
}

KYCVS_FUNCTION(kycvs_change_mobile)
{
	KycvsRequest *request = correction_request(KYCVS_OP_CHANGE_MOBILE, fcinfo);

	kycvs_take_text(request, fcinfo, 1, "mobile", request->mobile, sizeof(request->mobile), KV_MOBILE_INVALID);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_correct_name)
{
	KycvsRequest *request = correction_request(KYCVS_OP_CORRECT_NAME, fcinfo);

	kycvs_take_text(request, fcinfo, 1, "name", request->name, sizeof(request->name), KV_NAME_INVALID);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_merge_persons)
{
	KycvsRequest *request = correction_request(KYCVS_OP_MERGE_PERSONS, fcinfo);

	if (kycvs_take_given(request, fcinfo, 1, "other_id"))
		request->other = PG_GETARG_INT64(1);
	PG_RETURN_INT32((int32) kycvs_ask(request)->number);
}

KYCVS_FUNCTION(kycvs_record_death)
{
	kycvs_ask(correction_request(KYCVS_OP_RECORD_DEATH, fcinfo));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_revoke_death)
{
	kycvs_ask(correction_request(KYCVS_OP_REVOKE_DEATH, fcinfo));
	PG_RETURN_VOID();
}

/*
 * Runs as the owner of the tables what nobody else may.  The statement names
 * everything in full, so the caller's search_path finds nothing of theirs in it.
 */
static void
read_answers(ReturnSetInfo *result, Datum person, Datum since)
{
	Oid			types[2] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[2] = {person, since};
	Oid			user;
	int			context;
	uint64		row;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(get_role_oid("kycvs_owner", false),
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	if (SPI_execute_with_args("SELECT * FROM kycvs.read_answers($1, $2)", lengthof(types), types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read answers");
	for (row = 0; row < SPI_processed; row++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[row]);
	SPI_finish();
	SetUserIdAndSecContext(user, context);
}

KYCVS_FUNCTION(kycvs_answers_since)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ANSWERS_SINCE);

	kycvs_take_number(request, fcinfo, 0, "person_id");
	(void) kycvs_take_given(request, fcinfo, 1, "since");
	kycvs_ask(request);
	InitMaterializedSRF(fcinfo, 0);
	read_answers((ReturnSetInfo *) fcinfo->resultinfo, PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	return (Datum) 0;
}

/* ---- intake ---- */

KYCVS_FUNCTION(kycvs_pause_intake)
{
	kycvs_ask(kycvs_request_new(KYCVS_OP_PAUSE_INTAKE));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_resume_intake)
{
	kycvs_ask(kycvs_request_new(KYCVS_OP_RESUME_INTAKE));
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_clear_intake_rejected)
{
	int64		cleared = 0;
	bool		more = true;

	while (more)
	{
		KycvsReply *reply = kycvs_ask(kycvs_request_new(KYCVS_OP_CLEAR_REJECTED));

		cleared += reply->number;
		more = reply->more;
		pfree(reply);
	}
	PG_RETURN_INT64(cleared);
}
