/*
 * database.c
 *	  One connection to the registry's database, on which one statement runs at a time.
 *
 * libpq's asynchronous functions, driven by the loop: nothing here waits, but
 * for the resolver when the connection string names a host.
 *
 * libpq reads into a buffer that it keeps, so the rows of a secret statement
 * would stay there until others happen to overwrite them.  Therefore it is
 * followed by a statement that returns one value as long as all of its rows
 * together: libpq needs that in one piece, from the buffer's beginning, and so
 * has to put it over them.  OpenSSL's buffer, where there is one, is overwritten
 * in the same way.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "database.h"
#include "log.h"
#include "loop.h"
#include "memory.h"

#define CONNECT_MS		10000
#define ANSWER_MS		15000	/* the registry's functions give up after five seconds themselves */
#define PAUSE_FIRST		100
#define PAUSE_LONGEST	5000
#define OVERWRITE_LEAST	16384	/* libpq's first buffer, and a record of TLS */

typedef enum State
{
	STATE_CLOSED,
	STATE_CONNECTING,
	STATE_PREPARING,
	STATE_READY,
	STATE_RUNNING,
	STATE_ANSWERING,			/* in the callback */
	STATE_OVERWRITING
} State;

struct DatabaseAnswer
{
	const PGresult *result;		/* NULL when the connection was lost */
};

static const Statement overwrite = {"overwrite", "SELECT repeat('.'::text, $1::integer)", 1, false};

static char *conninfo = NULL;
static const Statement *const *statements;
static void (*tell_ready) (void);

static PGconn *conn = NULL;
static State state = STATE_CLOSED;
static LoopEvent *watch = NULL;
static LoopEvent *timer = NULL; /* to connect, or to give up waiting */
static int	prepared;			/* statements so far */
static int	failures = 0;
static Buffer problem;
static Seldom seldom;

static const Statement *running;
static DatabaseCallback callback;
static void *callback_arg;
static PGresult *last_result = NULL;

static void on_socket(int fd, int what, void *arg);

/* ---- answers ---- */

const char *
answer_sqlstate(const DatabaseAnswer *answer)
{
	const char *sqlstate;

	if (answer_is_fine(answer))
		return DATABASE_FINE;
	sqlstate = answer->result != NULL ? PQresultErrorField(answer->result, PG_DIAG_SQLSTATE) : NULL;
	return sqlstate != NULL ? sqlstate : DATABASE_LOST;
}

bool
answer_is_fine(const DatabaseAnswer *answer)
{
	ExecStatusType status = answer->result != NULL ? PQresultStatus(answer->result) : PGRES_FATAL_ERROR;

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

const char *
answer_message(const DatabaseAnswer *answer)
{
	const char *message = answer->result != NULL ? PQresultErrorField(answer->result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	return message != NULL ? message : "connection lost";
}

int
answer_rows(const DatabaseAnswer *answer)
{
	return answer->result != NULL ? PQntuples(answer->result) : 0;
}

const char *
answer_value(const DatabaseAnswer *answer, int row, int column)
{
	return PQgetisnull(answer->result, row, column) ? NULL : PQgetvalue(answer->result, row, column);
}

/* ---- connections that end ---- */

static void
watch_for(int what)
{
	loop_remove(watch);
	watch = what == 0 ? NULL : loop_watch(PQsocket(conn), what, on_socket, NULL);
}

static int64_t
next_pause(void)
{
	int64_t		pause = PAUSE_FIRST;

	for (int i = 1; i < failures && pause < PAUSE_LONGEST; i++)
		pause *= 2;
	return pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST;
}

static void
note_problem(const char *why)
{
	unsigned	skipped;

	buffer_wipe(&problem);
	buffer_add_text(&problem, why);
	if (log_due(&seldom, &skipped))
		log_warning("database: %s", why);
}

static void
answer_lost(void)
{
	DatabaseAnswer none = {NULL};

	if (state == STATE_RUNNING)
	{
		state = STATE_CLOSED;
		callback(&none, callback_arg);
	}
}

/* The memory of libpq goes back to where it is wiped. */
static void
lose(const char *why)
{
	note_problem(why);
	watch_for(0);
	PQclear(last_result);
	last_result = NULL;
	PQfinish(conn);
	conn = NULL;
	failures++;
	answer_lost();
	state = STATE_CLOSED;
	loop_set_timer(timer, next_pause());
}

static void
lose_with_message(void)
{
	Buffer		message = {0};

	buffer_add_text(&message, PQerrorMessage(conn));
	while (message.length > 0 && message.data[message.length - 1] == '\n')
		message.data[--message.length] = '\0';
	lose(buffer_text(&message));
	buffer_wipe(&message);
}

/* ---- statements ---- */

static void
flush(void)
{
	int			left = PQflush(conn);

	if (left < 0)
		loop_set_timer(timer, 0);
	else
		watch_for(left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* Whatever could not be sent is found out by the timer, so that no callback runs before this has returned. */
static void
expect_answer(State expecting, bool sent)
{
	state = expecting;
	loop_set_timer(timer, sent ? ANSWER_MS : 0);
	if (sent)
		flush();
}

static const Statement *
statement_to_prepare(void)
{
	return prepared == 0 ? &overwrite : statements[prepared - 1];
}

static void
become_ready(void)
{
	state = STATE_READY;
	loop_stop_timer(timer);
	tell_ready();
}

static void
prepare_next(void)
{
	const Statement *next = statement_to_prepare();

	if (next != NULL)
	{
		expect_answer(STATE_PREPARING, PQsendPrepare(conn, next->name, next->sql, 0, NULL));
		return;
	}
	if (failures > 0)
		log_note("database: connected again");
	failures = 0;
	seldom.last = 0;
	become_ready();
}

void
database_run(const Statement *statement, const char *const *values, DatabaseCallback when_done, void *arg)
{
	running = statement;
	callback = when_done;
	callback_arg = arg;
	expect_answer(STATE_RUNNING, PQsendQueryPrepared(conn, statement->name, statement->nparams, values, NULL, NULL, 0));
}

static void
run_overwrite(size_t length)
{
	char		number[32];
	const char *values[1] = {number};

	snprintf(number, sizeof(number), "%zu", length);
	expect_answer(STATE_OVERWRITING, PQsendQueryPrepared(conn, overwrite.name, 1, values, NULL, NULL, 0));
}

/* ---- answers as they come in ---- */

/* Wipes the rows; returns how many bytes they were on their way, and some more. */
static size_t
wipe_rows(PGresult *result)
{
	size_t		length = 1024;

	for (int row = 0; row < PQntuples(result); row++)
	{
		length += 16;
		for (int column = 0; column < PQnfields(result); column++)
		{
			int			bytes = PQgetlength(result, row, column);

			explicit_bzero(PQgetvalue(result, row, column), bytes);
			length += 4 + bytes;
		}
	}
	return length > OVERWRITE_LEAST ? length : OVERWRITE_LEAST;
}

/* Statements prepared for what is there no more: a new connection prepares them anew. */
static bool
is_stale(const char *sqlstate)
{
	return strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0;
}

static void
end_statement(PGresult *result)
{
	DatabaseAnswer answer = {result};
	bool		stale = is_stale(answer_sqlstate(&answer));
	size_t		overwritten = 0;

	state = STATE_ANSWERING;
	callback(&answer, callback_arg);
	if (running->secret && PQntuples(result) > 0)
		overwritten = wipe_rows(result);
	PQclear(result);
	if (stale)
		lose("prepared statements do not fit any more");
	else if (overwritten > 0)
		run_overwrite(overwritten);
	else
		become_ready();
}

static void
end_prepare(PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	if (status != PGRES_COMMAND_OK)
	{
		lose_with_message();
		return;
	}
	prepared++;
	prepare_next();
}

/* All results of a statement are in; each of ours has one. */
static void
end_command(void)
{
	PGresult   *result = last_result;

	last_result = NULL;
	switch (state)
	{
		case STATE_PREPARING:
			end_prepare(result);
			break;
		case STATE_RUNNING:
			end_statement(result);
			break;
		case STATE_OVERWRITING:
			PQclear(result);
			become_ready();
			break;
		default:
			PQclear(result);
	}
}

static bool
is_waiting(void)
{
	return state == STATE_PREPARING || state == STATE_RUNNING || state == STATE_OVERWRITING;
}

static void
take_input(void)
{
	PGresult   *result;

	if (!PQconsumeInput(conn))
	{
		lose_with_message();
		return;
	}
	while (!PQisBusy(conn))
	{
		result = PQgetResult(conn);
		if (result == NULL)
			break;
		PQclear(last_result);
		last_result = result;
	}
	if (PQstatus(conn) == CONNECTION_BAD)
		lose_with_message();
	else if (is_waiting() && !PQisBusy(conn))
		end_command();
}

/* ---- connecting ---- */

static void
begin_session(void)
{
	PQsetnonblocking(conn, 1);
	prepared = 0;
	prepare_next();
}

/* The socket may be another one after each step. */
static void
take_connecting_step(void)
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
			begin_session();
			break;
		default:
			lose_with_message();
	}
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void) arg;
	(void) notice;
}

static void
connect_to_database(void)
{
	const char *const keywords[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"kycvs-sender", conninfo, "UTF8", NULL};

	conn = PQconnectStartParams(keywords, values, 1);
	if (PQstatus(conn) == CONNECTION_BAD)
	{
		lose_with_message();
		return;
	}
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	state = STATE_CONNECTING;
	loop_set_timer(timer, CONNECT_MS);
	watch_for(LOOP_WRITE);
}

static void
on_socket(int fd, int what, void *arg)
{
	(void) fd;
	(void) arg;
	if (state == STATE_CONNECTING)
	{
		take_connecting_step();
		return;
	}
	if (what & LOOP_WRITE)
		flush();
	if (what & LOOP_READ)
		take_input();
}

static void
on_timer(void *arg)
{
	(void) arg;
	if (state == STATE_CLOSED)
		connect_to_database();
	else if (PQstatus(conn) == CONNECTION_BAD)
		lose_with_message();
	else
		lose(state == STATE_CONNECTING ? "connecting takes too long" : "no answer");
}

void
database_start(const char *connection_string, const Statement *const *all, void (*ready) (void))
{
	conninfo = copy_text(connection_string);
	statements = all;
	tell_ready = ready;
	timer = loop_timer(on_timer, NULL);
	loop_set_timer(timer, 0);
}

void
database_change(const char *connection_string)
{
	if (strcmp(conninfo, connection_string) == 0)
		return;
	wipe_and_free(conninfo, strlen(conninfo));
	conninfo = copy_text(connection_string);
	if (conn != NULL)
		lose("another connection is configured");
}

void
database_end(void)
{
	watch_for(0);
	loop_remove(timer);
	PQclear(last_result);
	PQfinish(conn);
	conn = NULL;
	state = STATE_CLOSED;
	wipe_and_free(conninfo, strlen(conninfo));
	buffer_wipe(&problem);
}

bool
database_is_ready(void)
{
	return state == STATE_READY;
}

int
database_failures(void)
{
	return failures;
}

const char *
database_problem(void)
{
	return buffer_text(&problem);
}
