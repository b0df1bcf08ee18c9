/*
 * main.c
 *	  kycvs-gateway: answers HTTP requests for a registry.
 *
 * One thread; everything that waits, waits in the loop.  Which module calls
 * which:
 *
 *	server		takes requests, and finds who answers	(listener, paths)
 *	api, cowin, info, page	answer				(exchange, reading, registry, problem)
 *	registry	queries, and what comes back		(pool, status)
 *	pool		connections, and who waits for one	(session)
 *
 * What is shared with kycvs-sender is in common/, libpq there only.  libevent is
 * in server.c, exchange.c, listener.c and common/loop.c, jansson in reading.c and
 * docs.c, OpenSSL in digest.c.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <sysexits.h>

#include "assets.h"
#include "check.h"
#include "config.h"
#include "digest.h"
#include "docs.h"
#include "info.h"
#include "log.h"
#include "loop.h"
#include "once.h"
#include "page.h"
#include "pool.h"
#include "program.h"
#include "registry.h"
#include "server.h"

#define FILES_WANTED	8192	/* each client has a connection */
#define LAST_REPLY_MS	15000	/* longer than any of them takes */

static Config config;
static int	argument_count;
static char **arguments;
static bool finished = false;

static LoopEvent *last_moment;

/* ---- signals ---- */

static bool
apply(const Config *to_apply, Buffer *problem, int *status)
{
	*status = EX_OSERR;			/* a port that somebody else has may be free again soon */
	if (!server_listen(to_apply, problem))
		return false;
	*status = EX_CONFIG;
	if (!assets_read(to_apply->web, problem))
		return false;
	server_set(to_apply);
	page_set(to_apply);
	return true;
}

/* What is wrong changes nothing; what is right takes its place as a whole. */
static void
reload(void *arg)
{
	Config		fresh;
	Buffer		problem = {0};
	int			status;

	(void) arg;
	if (config_read(&fresh, argument_count, arguments, &problem, &status) && apply(&fresh, &problem, &status))
	{
		config_free(&config);
		config = fresh;
		pool_change(config.common.database, config.connections, config.queue);
		log_note("configuration read again");
	}
	else
	{
		config_free(&fresh);
		log_error("configuration not changed: %s", buffer_text(&problem));
	}
	buffer_wipe(&problem);
}

static void
finish(void)
{
	finished = true;
}

static void
give_up(void *arg)
{
	(void) arg;
	finish();
}

static void
stop(void *arg)
{
	(void) arg;
	log_note("ends: takes no more, %d requests in flight", exchange_in_flight());
	loop_set_timer(last_moment, LAST_REPLY_MS);
	server_stop(finish);
}

/* ---- what it was started for ---- */

static int
serve(void)
{
	Buffer		problem = {0};
	int			status;

	program_raise_limit_of_files(FILES_WANTED);
	if (!apply(&config, &problem, &status))
	{
		program_complain(buffer_text(&problem), status);
		buffer_wipe(&problem);
		return status;
	}
	pool_start(config.common.database, config.connections, config.queue, registry_queries);
	program_watch_signals(stop, reload);
	last_moment = loop_timer(give_up, NULL);
	log_note(PROGRAM " " KYCVS_VERSION " begins");
	loop_run(&finished);
	pool_end();
	server_end();
	info_end();
	once_forget();
	assets_end();
	docs_end();
	program_unwatch_signals();
	loop_remove(last_moment);
	return EX_OK;
}

static int
run(void)
{
	int			status;

	if (!loop_init() || !digest_init())
		return program_complain("libevent or OpenSSL does not start", EX_OSERR);
	status = config.common.check ? check_all(&config) ? EX_OK : 1 : serve();
	loop_end();
	return status;
}

int
main(int argc, char **argv)
{
	Buffer		problem = {0};
	int			status;

	program_begin();
	argument_count = argc;
	arguments = argv;
	if (!config_read(&config, argc, argv, &problem, &status))
		program_complain(buffer_text(&problem), status);
	else
		status = program_tell(&config.common, config_usage()) ? EX_OK : run();
	buffer_wipe(&problem);
	config_free(&config);
	return status;
}
