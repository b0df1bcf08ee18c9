/*
 * connection.c
 *	  How the connection to the database is made, watched and lost.
 *
 * libpq's asynchronous functions, driven by the loop: nothing here waits, but
 * for the resolver when the connection string names a host.  One timer serves
 * for all there is to wait for: the next attempt to connect, its end, an answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "buffer.h"
#include "connection.h"
#include "database.h"
#include "log.h"
#include "loop.h"
#include "memory.h"

#define CONNECT_MS		10000
#define ANSWER_MS		15000	/* the registry's functions give up after five seconds themselves */
#define PAUSE_FIRST		100
#define PAUSE_LONGEST	5000

static char *conninfo = NULL;
static const ConnectionUser *user;

static PGconn *conn = NULL;
static bool connecting = false;
static LoopEvent *watch = NULL;
static LoopEvent *timer = NULL;
static int	failures = 0;
static Buffer problem;
static Seldom seldom;

static void on_socket(int fd, int what, void *arg);

static void
watch_for(int what)
{
	loop_remove(watch);
	watch = what == 0 ? NULL : loop_watch(PQsocket(conn), what, on_socket, NULL);
}

/* ---- losing ---- */

static int64_t
next_pause(void)
{
	int64_t		pause = PAUSE_FIRST;

	for (int i = 1; i < failures && pause < PAUSE_LONGEST; i++)
		pause *= 2;
	return pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST;
}

/* libpq ends what it says with a line feed. */
static void
note_problem(const char *why)
{
	unsigned	skipped;

	buffer_wipe(&problem);
	buffer_add_text(&problem, why);
	while (problem.length > 0 && problem.data[problem.length - 1] == '\n')
		problem.data[--problem.length] = '\0';
	if (log_due(&seldom, &skipped))
		log_warning("database: %s", buffer_text(&problem));
}

void
connection_lose(const char *why)
{
	note_problem(why);
	watch_for(0);
	PQfinish(conn);
	conn = NULL;
	connecting = false;
	failures++;
	loop_set_timer(timer, next_pause());
	user->lost();
}

void
connection_fail(void)
{
	connection_lose(PQerrorMessage(conn));
}

/* ---- making ---- */

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void) arg;
	(void) notice;
}

static void
make(void)
{
	connecting = false;
	PQsetnonblocking(conn, 1);
	user->made();
}

/* The socket may be another one after each step. */
static void
take_step(void)
{
	switch (PQconnectPoll(conn))
	{
		case PGRES_POLLING_READING:
			watch_for(LOOP_READ);
			break;
		case PGRES_POLLING_WRITING:
			watch_for(LOOP_WRITE);
			break;
		case PGRES_POLLING_OK:
			make();
			break;
		default:
			connection_fail();
	}
}

static void
begin(void)
{
	const char *const keywords[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"kycvs-sender", conninfo, "UTF8", NULL};

	conn = PQconnectStartParams(keywords, values, 1);
	if (PQstatus(conn) == CONNECTION_BAD)
	{
		connection_fail();
		return;
	}
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	connecting = true;
	loop_set_timer(timer, CONNECT_MS);
	watch_for(LOOP_WRITE);
}

/* ---- watching ---- */

static void
flush(void)
{
	int			left = PQflush(conn);

	if (left < 0)
		loop_set_timer(timer, 0);
	else
		watch_for(left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void
on_socket(int fd, int what, void *arg)
{
	(void) fd;
	(void) arg;
	if (connecting)
	{
		take_step();
		return;
	}
	if (what & LOOP_WRITE)
		flush();
	if ((what & LOOP_READ) == 0)
		return;
	if (PQconsumeInput(conn))
		user->input();
	else
		connection_fail();
}

static void
on_timer(void *arg)
{
	(void) arg;
	if (conn == NULL)
		begin();
	else if (PQstatus(conn) == CONNECTION_BAD)
		connection_fail();
	else
		connection_lose(connecting ? "connecting takes too long" : "no answer");
}

/* By the timer, so that whoever asks is not told before this has returned. */
void
connection_expect_answer(bool written)
{
	loop_set_timer(timer, written ? ANSWER_MS : 0);
	if (written)
		flush();
}

void
connection_stop_waiting(void)
{
	loop_stop_timer(timer);
}

void
connection_is_good(void)
{
	if (failures > 0)
		log_note("database: connected again");
	failures = 0;
	seldom.last = 0;
}

/* ---- from outside ---- */

void
connection_start(const char *connection_string, const ConnectionUser *with_user)
{
	conninfo = copy_text(connection_string);
	user = with_user;
	timer = loop_timer(on_timer, NULL);
	loop_set_timer(timer, 0);
}

void
connection_change(const char *connection_string)
{
	if (strcmp(conninfo, connection_string) == 0)
		return;
	wipe_and_free(conninfo, strlen(conninfo));
	conninfo = copy_text(connection_string);
	if (conn != NULL)
		connection_lose("another connection is configured");
}

void
connection_end(void)
{
	watch_for(0);
	loop_remove(timer);
	PQfinish(conn);
	conn = NULL;
	wipe_and_free(conninfo, strlen(conninfo));
	buffer_wipe(&problem);
}

struct pg_conn *
connection_get(void)
{
	return conn;
}

int
connection_failures(void)
{
	return failures;
}

const char *
connection_problem(void)
{
	return buffer_text(&problem);
}
