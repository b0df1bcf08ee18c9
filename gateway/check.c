/*
 * check.c
 *	  --check: tries everything that the gateway needs.
 *
 * Connecting prepares every statement, so a connection that is made shows that
 * they can be parsed; that they may be run is asked of the catalog.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include "assets.h"
#include "check.h"
#include "pool.h"
#include "registry.h"
#include "trial.h"

static const Query rights = {"rights",
	"SELECT f::text, has_function_privilege(f, 'EXECUTE')::text FROM unnest(ARRAY["
	"'kycvs.try_issue_otp(text,text,text,text,date,text,text)', 'kycvs.try_issue_group_otp(text,text[],text,text,date,text,text)',"
	"'kycvs.try_resend_otp(uuid,text)', 'kycvs.try_verify_otp(uuid,text,boolean,text)', 'kycvs.try_status(jsonb,date,text)',"
	"'kycvs.try_status_group(jsonb,date,text)', 'kycvs.read_page(text)', 'kycvs.service_health()']::regprocedure[]) AS f"
	" UNION ALL SELECT 'member of kycvs_gateway', (pg_has_role('kycvs_gateway', 'MEMBER') AND NOT rolsuper)::text FROM pg_roles WHERE rolname = current_user", 0};
static const Query *const queries[] = {
	&rights, &registry_issue, &registry_issue_group, &registry_resend, &registry_verify, &registry_verify_compact,
	&registry_status, &registry_status_group, &registry_answer, &registry_page, &registry_alive, &registry_keys, NULL
};

static void
on_rights(const Answer *answer, void *arg)
{
	(void) arg;
	if (!answer_is_fine(answer))
		trial_say(false, "rights: SQLSTATE %s", answer_sqlstate(answer));
	for (int row = 0; row < answer_rows(answer); row++)
	{
		bool		has = strcmp(answer_value(answer, row, 1), "true") == 0;

		trial_say(has, "%s: %s", answer_value(answer, row, 0), has ? "yes" : "no");
	}
	trial_end_step();
}

static void
on_alive(const Answer *answer, void *arg)
{
	bool		asked = answer_is_fine(answer);
	bool		alive = answer_rows(answer) > 0 && answer_value(answer, 0, 0) != NULL && strcmp(answer_value(answer, 0, 0), "true") == 0;

	(void) arg;
	if (asked)
		trial_say(alive, "authority: %s", alive ? "answers" : "does not answer; an administrator asks kycvs.health()");
	else
		trial_say(false, "authority: could not be asked: SQLSTATE %s", answer_sqlstate(answer));
	trial_end_step();
}

/* A database that cannot be reached is asked once. */
static bool
has_failed(void)
{
	return pool_failures() > 0;
}

static bool
is_decided(void)
{
	return pool_connected() > 0 || has_failed();
}

static void
ask(const Query *query, AnswerCallback callback)
{
	pool_run(query, NULL, callback, NULL);
	trial_wait(has_failed);
}

static void
check_web(const Config *config)
{
	Buffer		problem = {0};

	if (!assets_read(config->web, &problem))
		trial_say(false, "%s", buffer_text(&problem));
	else
		trial_say(true, "web: %s", config->web != NULL ? config->web : "no page");
	assets_end();
	buffer_wipe(&problem);
}

bool
check_all(const Config *config)
{
	trial_say(true, "configuration: %s", config->common.file != NULL ? config->common.file : "no file");
	check_web(config);
	pool_start(config->common.database, 1, 1, queries);
	trial_wait(is_decided);
	if (pool_connected() > 0)
	{
		trial_say(true, "database: connected, and it understands every statement");
		ask(&rights, on_rights);
		ask(&registry_alive, on_alive);
	}
	else
		trial_say(false, "database: %s", pool_problem());
	pool_end();
	return trial_is_well();
}
