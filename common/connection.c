/*
 * connection.c
 *	  How connections to the database are made, watched and lost.
 *
 * libpq's asynchronous functions, driven by the loop: nothing here waits, but
 * for the resolver when the connection string names a host.  Each connection has
 * one timer for all there is to wait for: the next attempt to connect, its end,
 * an answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "buffer.h"
#include "connection.h"
#include "log.h"
#include "loop.h"
#include "memory.h"

#define CONNECT_MS		10000
#define PAUSE_FIRST		100
#define PAUSE_LONGEST	5000

struct Connection
{
	const ConnectionUser *user;
	void	   *arg;
	PGconn	   *conn;			/* NULL: there is none */
	bool		connecting;
	LoopEvent  *watch;
	LoopEvent  *timer;
};

static char *conninfo = NULL;
static int	nopen = 0;
static int	failures = 0;		/* in a row, of all connections */
static Buffer problem;
static Seldom seldom;

static void on_socket(int fd, int what, void *arg);

static void
watch_for(Connection *connection, int what)
{
	loop_remove(connection->watch);
	connection->watch = what == 0 ? NULL : loop_watch(PQsocket(connection->conn), what, on_socket, connection);
}

/* ---- losing ---- */

/* Longer each time that all have failed. */
static int64_t
next_pause(void)
{
	int64_t		pause = PAUSE_FIRST;

	for (int i = nopen; i < failures && pause < PAUSE_LONGEST; i += nopen)
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

static void
forget(Connection *connection)
{
	watch_for(connection, 0);
	PQfinish(connection->conn);
	connection->conn = NULL;
	connection->connecting = false;
}

void
connection_lose(Connection *connection, const char *why)
{
	note_problem(why);
	failures++;
	forget(connection);
	loop_set_timer(connection->timer, next_pause());
	connection->user->lost(connection->arg);
}

void
connection_fail(Connection *connection)
{
	connection_lose(connection, PQerrorMessage(connection->conn));
}

/* ---- making ---- */

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void) arg;
	(void) notice;
}

static void
make(Connection *connection)
{
	connection->connecting = false;
	PQsetnonblocking(connection->conn, 1);
	connection->user->made(connection->arg);
}

/* The socket may be another one after each step. */
static void
take_step(Connection *connection)
{
	switch (PQconnectPoll(connection->conn))
	{
		case PGRES_POLLING_READING:
			watch_for(connection, LOOP_READ);
			break;
		case PGRES_POLLING_WRITING:
			watch_for(connection, LOOP_WRITE);
			break;
		case PGRES_POLLING_OK:
			make(connection);
			break;
		default:
			connection_fail(connection);
	}
}

static void
begin(Connection *connection)
{
	const char *const keywords[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {PROGRAM, conninfo, "UTF8", NULL};

	connection->conn = PQconnectStartParams(keywords, values, 1);
	if (PQstatus(connection->conn) == CONNECTION_BAD)
	{
		connection_fail(connection);
		return;
	}
	PQsetNoticeReceiver(connection->conn, ignore_notice, NULL);
	connection->connecting = true;
	loop_set_timer(connection->timer, CONNECT_MS);
	watch_for(connection, LOOP_WRITE);
}

/* ---- watching ---- */

static void
flush(Connection *connection)
{
	int			left = PQflush(connection->conn);

	if (left < 0)
		loop_set_timer(connection->timer, 0);
	else
		watch_for(connection, left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void
on_socket(int fd, int what, void *arg)
{
	Connection *connection = arg;

	(void) fd;
	if (connection->connecting)
	{
		take_step(connection);
		return;
	}
	if (what & LOOP_WRITE)
		flush(connection);
	if ((what & LOOP_READ) == 0)
		return;
	if (PQconsumeInput(connection->conn))
		connection->user->input(connection->arg);
	else
		connection_fail(connection);
}

static void
on_timer(void *arg)
{
	Connection *connection = arg;

	if (connection->conn == NULL)
		begin(connection);
	else if (PQstatus(connection->conn) == CONNECTION_BAD)
		connection_fail(connection);
	else
		connection_lose(connection, connection->connecting ? "connecting takes too long" : "no answer");
}

/* By the timer, so that whoever asks is not told before this has returned. */
void
connection_expect_answer(Connection *connection, bool written, int milliseconds)
{
	loop_set_timer(connection->timer, written ? milliseconds : 0);
	if (written)
		flush(connection);
}

void
connection_stop_waiting(Connection *connection)
{
	loop_stop_timer(connection->timer);
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

bool
connection_set_database(const char *connection_string)
{
	if (conninfo != NULL && strcmp(conninfo, connection_string) == 0)
		return false;
	connection_forget_database();
	conninfo = copy_text(connection_string);
	return true;
}

void
connection_forget_database(void)
{
	wipe_and_free(conninfo, conninfo != NULL ? strlen(conninfo) : 0);
	conninfo = NULL;
	buffer_wipe(&problem);
}

Connection *
connection_open(const ConnectionUser *user, void *arg)
{
	Connection *connection = allocate(sizeof(Connection));

	connection->user = user;
	connection->arg = arg;
	connection->timer = loop_timer(on_timer, connection);
	loop_set_timer(connection->timer, 0);
	nopen++;
	return connection;
}

void
connection_close(Connection *connection)
{
	forget(connection);
	loop_remove(connection->timer);
	free(connection);
	nopen--;
}

struct pg_conn *
connection_get(const Connection *connection)
{
	return connection->conn;
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
