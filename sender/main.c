/*
 * main.c
 *	  kycvs-sender: takes messages from the registry to gateways.
 *
 * One thread; everything that waits, waits in the loop.  Which module calls
 * which:
 *
 *	turns		says which statement runs next
 *	message		claims, attempts, reports	(registry, routes, delivery)
 *	receipt		delivery receipts			(registry, from listener)
 *	registry	statements					(database: session)
 *	routes		what is in the view			(route: template, secretfile)
 *
 * What is shared with kycvs-gateway is in common/, libpq there only.  libcurl is
 * in delivery.c, libevent in listener.c and common/loop.c, OpenSSL in tag.c.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <sysexits.h>

#include "check.h"
#include "config.h"
#include "delivery.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "message.h"
#include "metrics.h"
#include "program.h"
#include "routes.h"
#include "tag.h"
#include "turns.h"

#define MINUTE_MS		60000
#define FILES_WANTED	4096	/* a connection for each message on its way */

static Config config;
static int	argument_count;
static char **arguments;
static bool finished = false;

static LoopEvent *minute;

/* ---- configuration ---- */

/* The secret that is not a route's, and where to listen; nothing changes when one of them fails.  A port that somebody else has may be free again soon. */
static bool
apply(const Config *to_apply, Buffer *problem, int *status)
{
	Buffer		key = {0};

	*status = EX_CONFIG;
	if (to_apply->receipt_url != NULL && !tag_read_key(to_apply->secrets, &key, problem))
		return false;
	*status = EX_OSERR;
	if (!listener_set(&to_apply->receipts, &to_apply->metrics, problem))
	{
		buffer_wipe(&key);
		return false;
	}
	tag_use_key(&key);
	delivery_set_ca_file(to_apply->ca_file);
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
		turns_reload(&config);
		log_note("configuration read again");
	}
	else
	{
		config_free(&fresh);
		log_error("configuration not changed: %s", buffer_text(&problem));
	}
	buffer_wipe(&problem);
}

/* ---- signals and time ---- */

static void
stop(void *arg)
{
	(void) arg;
	log_note("ends: claims no more, %d messages in flight", messages_in_flight());
	turns_stop();
}

static void
pass_minute(void *arg)
{
	(void) arg;
	metrics_log_minute(messages_in_flight());
	loop_set_timer(minute, MINUTE_MS);
}

/* ---- what it was started for ---- */

static int
check(void)
{
	delivery_set_ca_file(config.ca_file);
	return check_all(&config) ? EX_OK : 1;
}

static int
send_messages(void)
{
	Buffer		problem = {0};
	int			status;

	if (!apply(&config, &problem, &status))
	{
		program_complain(buffer_text(&problem), status);
		buffer_wipe(&problem);
		return status;
	}
	program_raise_limit_of_files(FILES_WANTED);
	program_watch_signals(stop, reload);
	minute = loop_timer(pass_minute, NULL);
	loop_set_timer(minute, MINUTE_MS);
	log_note(PROGRAM " " KYCVS_VERSION " begins");
	turns_start(&config, &finished);
	loop_run(&finished);
	metrics_log_minute(messages_in_flight());
	turns_end();
	listener_end();
	routes_end();
	program_unwatch_signals();
	loop_remove(minute);
	return turns_status();
}

static int
run(void)
{
	int			status;

	if (!loop_init() || !delivery_init())
		return program_complain("libevent or libcurl does not start", EX_OSERR);
	status = config.common.check ? check() : send_messages();
	delivery_end();
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
