/*
 * health.c
 *	  What is well and what is wrong with the service, and how to mend it.
 *
 * Read from shared memory, so that it answers when the authority does not; an
 * authority that does is asked to look at its keys first.  Runs in the
 * caller's backend.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "channel.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

static void
report(ReturnSetInfo *result, const char *name, bool ok, const char *detail)
{
	Datum		values[3] = {CStringGetTextDatum(name), BoolGetDatum(ok), CStringGetTextDatum(detail)};
	bool		nulls[3] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static bool
report_registry(ReturnSetInfo *result, int authority)
{
	bool		preloaded = kycvs_channel_loaded();

	report(result, "preload", preloaded,
		   preloaded ? "the server has loaded kycvs" :
		   "set shared_preload_libraries = 'kycvs' and restart the server");
	if (!preloaded)
		return false;
	report(result, "registry", authority >= 0,
		   authority >= 0 ? psprintf("registry database is \"%s\"", kycvs_channel_registry()) :
		   psprintf("add \"%s\" to kycvs.databases and restart the server, or set kycvs.registry to a database that is in it",
					kycvs_channel_registry()));
	return authority >= 0;
}

static bool
report_worker(ReturnSetInfo *result, const KycvsAuthorityInfo *info)
{
	report(result, "worker slot", info->registered && info->maintained,
		   !info->registered ? "raise max_worker_processes and restart the server" :
		   !info->maintained ? "the authority is registered, but not the maintenance, without which there is no intake:"
		   " raise max_worker_processes and restart the server" :
		   "the authority and the maintenance are registered");
	return info->registered;
}

static bool
report_stage(ReturnSetInfo *result, const KycvsAuthorityInfo *info)
{
	const char *detail = "";

	switch (info->stage)
	{
		case KYCVS_STAGE_ABSENT:
			detail = RecoveryInProgress() ? "not on a standby: it starts with the promotion" :
				"not running; the postmaster starts it again every second, see the server log";
			break;
		case KYCVS_STAGE_NO_DATABASE:
			detail = psprintf("waits for CREATE DATABASE %s", quote_identifier(kycvs_channel_registry()));
			break;
		case KYCVS_STAGE_NO_EXTENSION:
			detail = "waits for CREATE EXTENSION kycvs in the registry database, whose encoding must be UTF8";
			break;
		case KYCVS_STAGE_SERVING:
			detail = psprintf("decided %lld requests in %lld transactions",
							  (long long) info->requests, (long long) info->batches);
			break;
	}
	report(result, "authority", info->stage == KYCVS_STAGE_SERVING, detail);
	return info->stage == KYCVS_STAGE_SERVING;
}

/* What the authority found: a name, a tab, what is wrong, a line each. */
static void
report_problems(ReturnSetInfo *result, char *problems)
{
	char	   *line;
	char	   *rest = problems;

	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
	{
		char	   *detail = line;
		char	   *name = strsep(&detail, "\t");

		report(result, name, false, detail != NULL ? detail : "");
	}
}

/* The authority looks around; what it found of its keys stands in shared memory, the rest in its reply. */
static void
report_answer(ReturnSetInfo *result, int authority, KycvsAuthorityInfo *info)
{
	KycvsReply *reply = kycvs_call(kycvs_request_new(KYCVS_OP_HEALTH));
	bool		answered = reply->refusal.sqlstate == 0;

	kycvs_channel_info(authority, info);
	report(result, "answer", answered, answered ? "the authority answers" : "the authority does not answer; see the server log");
	if (!answered)
		return;
	report(result, "keys", info->trouble[0] == '\0',
		   info->trouble[0] == '\0' ? "master key and active signing key are loaded" : info->trouble);
	if (strncmp(reply->body, "clock\t", 6) != 0 && strstr(reply->body, "\nclock\t") == NULL)
		report(result, "clock", true, "not behind the newest audit row");
	report_problems(result, pg_any_to_server(reply->body, reply->length, PG_UTF8));
}

PG_FUNCTION_INFO_V1(kycvs_service_health);
Datum
kycvs_service_health(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			authority = kycvs_channel_find(kycvs_channel_registry());
	KycvsAuthorityInfo info;

	InitMaterializedSRF(fcinfo, 0);
	kycvs_channel_info(authority, &info);
	if (authority >= 0 && info.stage == KYCVS_STAGE_NO_EXTENSION)
	{
		/* it looks for the extension when it is asked something */
		pfree(kycvs_call(kycvs_request_new(KYCVS_OP_HEALTH)));
		kycvs_channel_info(authority, &info);
	}
	if (report_registry(result, authority) &&
		report_worker(result, &info) &&
		report_stage(result, &info))
		report_answer(result, authority, &info);
	return (Datum) 0;
}
