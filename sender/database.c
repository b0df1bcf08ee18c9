/*
 * database.c
 *	  One connection to the registry's database, on which one query runs at a time.
 *
 * libpq reads into a buffer that it keeps, so the rows of a secret query would
 * stay there until others happen to overwrite them.  Therefore it is followed by
 * a query that returns one value as long as all of its rows together: libpq needs
 * that in one piece, from the buffer's beginning, and so has to put it over them.
 * OpenSSL's buffer, where there is one, is overwritten in the same way.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>

#include "connection.h"
#include "database.h"

#define ANSWER_MS		15000	/* the registry's functions give up after five seconds themselves */
#define OVERWRITE_LEAST	16384	/* libpq's first buffer, and a record of TLS */

static const Query overwrite = {"overwrite", "SELECT repeat('.'::text, $1::integer)", 1};

static Session *session = NULL;
static void (*tell_ready) (void);

static bool is_secret;			/* the query that runs */
static AnswerCallback callback;
static void *callback_arg;
static size_t to_overwrite = 0;

/* ---- queries ---- */

static void
on_answer(const Answer *answer, void *arg)
{
	(void) arg;
	callback(answer, callback_arg);
	if (!is_secret || answer_rows(answer) == 0)
		return;
	to_overwrite = answer_wipe(answer);
	if (to_overwrite < OVERWRITE_LEAST)
		to_overwrite = OVERWRITE_LEAST;
}

static void
run(bool secret, const Query *query, const char *const *values, AnswerCallback when_done, void *arg)
{
	is_secret = secret;
	callback = when_done;
	callback_arg = arg;
	session_run(session, query, values, on_answer, NULL);
}

void
database_run(const Query *query, const char *const *values, AnswerCallback when_done, void *arg)
{
	run(false, query, values, when_done, arg);
}

void
database_run_secret(const Query *query, const char *const *values, AnswerCallback when_done, void *arg)
{
	run(true, query, values, when_done, arg);
}

static void
on_overwritten(const Answer *answer, void *arg)
{
	(void) answer;
	(void) arg;
}

static void
run_overwrite(void)
{
	char		number[32];
	const char *values[1] = {number};

	snprintf(number, sizeof(number), "%zu", to_overwrite);
	to_overwrite = 0;
	session_run(session, &overwrite, values, on_overwritten, NULL);
}

/* ---- what the session tells ---- */

static void
on_ready(void *arg)
{
	(void) arg;
	if (to_overwrite > 0)
		run_overwrite();
	else
		tell_ready();
}

static void
on_lost(void *arg)
{
	(void) arg;
	to_overwrite = 0;
}

/* ---- from outside ---- */

void
database_start(const char *conninfo, const Query *const *queries, void (*ready) (void))
{
	static const SessionUser user = {&overwrite, ANSWER_MS, on_ready, on_lost};

	tell_ready = ready;
	connection_set_database(conninfo);
	session = session_open(queries, &user, NULL);
}

void
database_change(const char *conninfo)
{
	if (connection_set_database(conninfo))
		session_lose(session, "another connection is configured");
}

void
database_end(void)
{
	session_close(session);
	connection_forget_database();
	session = NULL;
}

bool
database_is_ready(void)
{
	return session_is_ready(session);
}

int
database_failures(void)
{
	return connection_failures();
}

const char *
database_problem(void)
{
	return connection_problem();
}
