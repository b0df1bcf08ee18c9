/*
 * pagecalls.c
 *	  SQL functions about the pages of entities.
 *
 * Like those of kycvs.c they decide nothing: each takes its arguments into a
 * request, and asks the authority.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "arguments.h"
#include "channel.h"
#include "fmgr.h"
#include "hidden.h"
#include "pages.h"

StaticAssertDecl(KYCVS_ORIGINS_MAX * KYCVS_ORIGIN_SIZE <= sizeof(((KycvsRequest *) 0)->notice), "origins fit");

static KycvsRequest *
new_request(KycvsOp op, FunctionCallInfo fcinfo)
{
	KycvsRequest *request = kycvs_request_new(op);

	kycvs_take_text(request, fcinfo, 0, "code", request->code, sizeof(request->code), ERRCODE_INVALID_PARAMETER_VALUE);
	return request;
}

KYCVS_FUNCTION(kycvs_set_page)
{
	KycvsRequest *request = new_request(KYCVS_OP_SET_PAGE, fcinfo);

	request->count = kycvs_take_list(request, fcinfo, 1, "origins", request->notice, KYCVS_ORIGIN_SIZE, KYCVS_ORIGINS_MAX);
	kycvs_ask(request);
	PG_RETURN_VOID();
}

KYCVS_FUNCTION(kycvs_set_default_purpose)
{
	KycvsRequest *request = new_request(KYCVS_OP_SET_DEFAULT_PURPOSE, fcinfo);

	kycvs_take_text(request, fcinfo, 1, "purpose", request->text, sizeof(request->text), ERRCODE_INVALID_PARAMETER_VALUE);
	kycvs_ask(request);
	PG_RETURN_VOID();
}
