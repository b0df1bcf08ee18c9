/*
 * purposecalls.c
 *	  SQL functions of administrators about purposes, notices and texts.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "channel.h"
#include "fmgr.h"
#include "hidden.h"
#include "mb/pg_wchar.h"
#include "smswording.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

static void
take_validity(KycvsRequest *request, FunctionCallInfo fcinfo, int arg)
{
	if (kycvs_take_given(request, fcinfo, arg, "validity") &&
		!kycvs_microseconds(PG_GETARG_INTERVAL_P(arg), &request->microseconds))
		kycvs_note_bad(request, ERRCODE_INVALID_PARAMETER_VALUE, "validity must be days and less, at most 366 days");
}

KYCVS_FUNCTION(kycvs_add_purpose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_PURPOSE);

	kycvs_take_word(request, fcinfo, 0, "code", request->code, sizeof(request->code));
	kycvs_take_word(request, fcinfo, 1, "notice", request->notice, sizeof(request->notice));
	take_validity(request, fcinfo, 2);
	kycvs_take_count(request, fcinfo, 3, "uses");
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_notice)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_NOTICE);

	kycvs_take_word(request, fcinfo, 0, "code", request->code, sizeof(request->code));
	kycvs_take_word(request, fcinfo, 1, "language", request->language, sizeof(request->language));
	kycvs_take_word(request, fcinfo, 2, "notice", request->notice, sizeof(request->notice));
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_add_usual_purpose)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_USUAL_PURPOSE);

	kycvs_take_word(request, fcinfo, 0, "code", request->code, sizeof(request->code));
	request->has_text = kycvs_take_optional_word(request, fcinfo, 1, "host", request->text, sizeof(request->text));
	return kycvs_reply_text(kycvs_ask(request));
}

KYCVS_FUNCTION(kycvs_add_sms_text)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_ADD_SMS_TEXT);

	kycvs_take_optional_word(request, fcinfo, 0, "purpose", request->code, sizeof(request->code));
	kycvs_take_word(request, fcinfo, 1, "language", request->language, sizeof(request->language));
	kycvs_take_optional_word(request, fcinfo, 2, "text", request->notice, KYCVS_SMS_TEXT_MAX + 1);
	kycvs_take_optional_word(request, fcinfo, 3, "template_id", request->dlt_template, sizeof(request->dlt_template));
	kycvs_take_optional_word(request, fcinfo, 4, "entity_id", request->dlt_entity, sizeof(request->dlt_entity));
	kycvs_take_word(request, fcinfo, 5, "kind", request->text, sizeof(request->text));
	return kycvs_reply_text(kycvs_ask(request));
}

KYCVS_FUNCTION(kycvs_notice_shown)
{
	KycvsRequest *request = kycvs_request_new(KYCVS_OP_NOTICE_SHOWN);

	if (kycvs_take_given(request, fcinfo, 0, "jti"))
		request->id = *PG_GETARG_UUID_P(0);
	return kycvs_reply_text(kycvs_ask(request));
}

/* Of a text that was added: it can be sent. */
KYCVS_FUNCTION(kycvs_describe_sms_text)
{
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *wording = pg_server_to_any(string, strlen(string), PG_UTF8);
	KycvsSmsKind kind = PG_GETARG_BOOL(1) ? KYCVS_SMS_OTP : KYCVS_SMS_MOBILE_REMOVED;
	const char *trouble = kycvs_sms_trouble(kind, wording);
	StringInfoData length;

	if (trouble != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("text cannot be sent: %s", trouble)));
	initStringInfo(&length);
	kycvs_sms_describe(&length, kind, wording);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(length.data, length.len));
}
