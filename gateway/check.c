/*
 * check.c
 *	  --check: tries everything that the gateway needs.
 *
 * Connecting prepares every statement, so a connection that is made shows that
 * they can be parsed; that they may be run is asked of the catalog.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "assets.h"
#include "check.h"
#include "loop.h"
#include "pool.h"
#include "registry.h"

#define PATIENCE_MS	20000
#define TICK_MS		50

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

static bool all_well = true;
static bool ended = false;
static int64_t deadline;

static void say(bool well, const char *fmt,...) __attribute__((format(printf, 2, 3)));

static void
say(bool well, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fputs(well ? "ok    " : "FAIL  ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	all_well &= well;
}

static void
on_rights(const PoolAnswer *answer, void *arg)
{
	(void) arg;
	if (!pool_is_fine(answer))
		say(false, "rights: SQLSTATE %s", pool_sqlstate(answer));
	for (int row = 0; row < pool_rows(answer); row++)
	{
		bool		has = strcmp(pool_value(answer, row, 1), "true") == 0;

		say(has, "%s: %s", pool_value(answer, row, 0), has ? "yes" : "no");
	}
	ended = true;
}

static void
on_alive(const PoolAnswer *answer, void *arg)
{
	bool		alive = pool_rows(answer) > 0 && pool_value(answer, 0, 0) != NULL && strcmp(pool_value(answer, 0, 0), "true") == 0;

	(void) arg;
	say(alive, "authority: %s", alive ? "answers" : "does not answer; an administrator asks kycvs.health()");
	ended = true;
}

/* A database that cannot be reached is asked once. */
static void
watch_pool(void *arg)
{
	LoopEvent **timer = arg;

	if (pool_connected() > 0 || pool_failures() > 0 || loop_now() > deadline)
		ended = true;
	else
		loop_set_timer(*timer, TICK_MS);
}

static void
connect(void)
{
	LoopEvent  *timer = loop_timer(watch_pool, &timer);

	deadline = loop_now() + PATIENCE_MS;
	loop_set_timer(timer, TICK_MS);
	loop_run(&ended);
	loop_remove(timer);
	ended = false;
}

static void
ask(const Query *query, PoolCallback callback)
{
	pool_run(query, NULL, callback, NULL);
	loop_run(&ended);
	ended = false;
}

static void
check_web(const Config *config)
{
	Buffer		problem = {0};

	if (!assets_read(config->web, &problem))
		say(false, "%s", buffer_text(&problem));
	else
		say(true, "web: %s", config->web != NULL ? config->web : "no page");
	assets_end();
	buffer_wipe(&problem);
}

bool
check_all(const Config *config)
{
	check_web(config);
	say(true, "configuration: %s", config->file != NULL ? config->file : "no file");
	pool_start(config->database, 1, 1, queries);
	connect();
	if (pool_connected() > 0)
	{
		say(true, "database: connected, and every statement can be run");
		ask(&rights, on_rights);
		ask(&registry_alive, on_alive);
	}
	else
		say(false, "database: %s", pool_problem());
	pool_end();
	return all_well;
}
