/*
 * main.c
 *	  kycvs-gateway: answers HTTP requests for a registry.
 *
 * One thread; everything that waits, waits in the loop.  Which module calls
 * which:
 *
 *	server		takes requests, and finds who answers	(paths)
 *	api, cowin, info, page	answer				(reading, registry, problem)
 *	registry	statements, and what comes back		(pool, status)
 *
 * libpq is in pool.c and conninfo.c (shared) only, libevent in server.c and loop.c, jansson in reading.c and
 * docs.c,
 * OpenSSL in digest.c.  What is freed is overwritten (wipingfree.c).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "assets.h"
#include "check.h"
#include "config.h"
#include "digest.h"
#include "docs.h"
#include "info.h"
#include "log.h"
#include "loop.h"
#include "memory.h"
#include "once.h"
#include "page.h"
#include "pool.h"
#include "registry.h"
#include "server.h"

#define FILES_WANTED	8192
#define LAST_REPLY_MS	15000	/* longer than any of them takes */

static Config config;
static int	argument_count;
static char **arguments;
static bool finished = false;

static LoopEvent *on_term;
static LoopEvent *on_int;
static LoopEvent *on_hangup;
static LoopEvent *last_moment;

/* ---- signals ---- */

static bool
apply(const Config *to_apply, Buffer *problem)
{
	if (!server_listen(to_apply, problem) || !assets_read(to_apply->web, problem))
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
	if (config_read(&fresh, argument_count, arguments, &problem, &status) && apply(&fresh, &problem))
	{
		config_free(&config);
		config = fresh;
		pool_change(config.database, config.connections, config.queue);
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
	log_note("ends: takes no more, %d requests in flight", server_in_flight());
	loop_set_timer(last_moment, LAST_REPLY_MS);
	server_stop(finish);
}

static void
watch_signals(void)
{
	on_term = loop_signal(SIGTERM, stop, NULL);
	on_int = loop_signal(SIGINT, stop, NULL);
	on_hangup = loop_signal(SIGHUP, reload, NULL);
	last_moment = loop_timer(give_up, NULL);
}

static void
unwatch_signals(void)
{
	loop_remove(on_term);
	loop_remove(on_int);
	loop_remove(on_hangup);
	loop_remove(last_moment);
}

/* ---- what it was started for ---- */

/* Each client has a connection. */
static void
raise_limit_of_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

static int
complain(const char *what, int status)
{
	fprintf(stderr, "kycvs-gateway: %s\n", what);
	if (status == EX_USAGE)
		fputs("Try \"kycvs-gateway --help\".\n", stderr);
	return status;
}

static int
serve(void)
{
	Buffer		problem = {0};

	raise_limit_of_files();
	if (!apply(&config, &problem))
	{
		complain(buffer_text(&problem), EX_CONFIG);
		buffer_wipe(&problem);
		return EX_CONFIG;
	}
	pool_start(config.database, config.connections, config.queue, registry_queries);
	watch_signals();
	log_note("kycvs-gateway " KYCVS_VERSION " begins");
	loop_run(&finished);
	pool_end();
	server_end();
	info_end();
	once_forget();
	assets_end();
	docs_end();
	unwatch_signals();
	return EX_OK;
}

static int
run(void)
{
	int			status;

	if (!loop_init() || !digest_init())
		return complain("libevent or OpenSSL does not start", EX_OSERR);
	status = config.check ? check_all(&config) ? EX_OK : 1 : serve();
	loop_end();
	return status;
}

static int
run_as_told(void)
{
	if (config.help)
		fputs(config_usage(), stdout);
	else if (config.version)
		puts("kycvs-gateway " KYCVS_VERSION);
	else
		return run();
	return EX_OK;
}

int
main(int argc, char **argv)
{
	Buffer		problem = {0};
	int			status;

	memory_protect();
	signal(SIGPIPE, SIG_IGN);
	umask(S_IRWXG | S_IRWXO);
	argument_count = argc;
	arguments = argv;
	if (!config_read(&config, argc, argv, &problem, &status))
		complain(buffer_text(&problem), status);
	else
		status = run_as_told();
	buffer_wipe(&problem);
	config_free(&config);
	return status;
}
