/*
 * database.c
 *	  One connection to the registry's database, on which one statement runs at a time.
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
#include <string.h>

#include <libpq-fe.h>

#include "connection.h"
#include "database.h"

#define OVERWRITE_LEAST	16384	/* libpq's first buffer, and a record of TLS */

typedef enum State
{
	STATE_AWAY,
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

static const Statement *const *statements;
static void (*tell_ready) (void);

static State state = STATE_AWAY;
static int	prepared;			/* statements so far */
static const Statement *running;
static DatabaseCallback callback;
static void *callback_arg;
static PGresult *last_result = NULL;

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

/* ---- statements ---- */

static void
expect_answer(State expecting, bool written)
{
	state = expecting;
	connection_expect_answer(written);
}

static void
become_ready(void)
{
	state = STATE_READY;
	connection_stop_waiting();
	tell_ready();
}

static void
prepare_next(void)
{
	const Statement *next = prepared == 0 ? &overwrite : statements[prepared - 1];

	if (next != NULL)
	{
		expect_answer(STATE_PREPARING, PQsendPrepare(connection_get(), next->name, next->sql, 0, NULL));
		return;
	}
	connection_is_good();
	become_ready();
}

static bool
send_statement(const Statement *statement, const char *const *values)
{
	return PQsendQueryPrepared(connection_get(), statement->name, statement->nparams, values, NULL, NULL, 0);
}

void
database_run(const Statement *statement, const char *const *values, DatabaseCallback when_done, void *arg)
{
	running = statement;
	callback = when_done;
	callback_arg = arg;
	expect_answer(STATE_RUNNING, send_statement(statement, values));
}

static void
run_overwrite(size_t length)
{
	char		number[32];
	const char *values[1] = {number};

	snprintf(number, sizeof(number), "%zu", length);
	expect_answer(STATE_OVERWRITING, send_statement(&overwrite, values));
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
	size_t		to_overwrite = 0;

	state = STATE_ANSWERING;
	callback(&answer, callback_arg);
	if (running->secret && PQntuples(result) > 0)
		to_overwrite = wipe_rows(result);
	PQclear(result);
	if (stale)
		connection_lose("prepared statements do not fit any more");
	else if (to_overwrite > 0)
		run_overwrite(to_overwrite);
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
		connection_fail();
		return;
	}
	prepared++;
	prepare_next();
}

static PGresult *
take_last_result(void)
{
	PGresult   *result = last_result;

	last_result = NULL;
	return result;
}

/* All results of a statement are in; each of ours has one. */
static void
end_command(void)
{
	switch (state)
	{
		case STATE_PREPARING:
			end_prepare(take_last_result());
			break;
		case STATE_RUNNING:
			end_statement(take_last_result());
			break;
		case STATE_OVERWRITING:
			PQclear(take_last_result());
			become_ready();
			break;
		default:
			PQclear(take_last_result());
	}
}

/* ---- what the connection tells ---- */

static void
on_made(void)
{
	prepared = 0;
	prepare_next();
}

/* Such a result comes again whenever it is asked for. */
static bool
is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH;
}

static void
on_input(void)
{
	PGconn	   *conn = connection_get();
	PGresult   *result = NULL;

	while (!PQisBusy(conn) && (result = PQgetResult(conn)) != NULL)
	{
		PQclear(last_result);
		last_result = result;
		if (is_copy(result))
		{
			connection_lose("an answer to another question");
			return;
		}
	}
	if (PQstatus(conn) == CONNECTION_BAD)
		connection_fail();
	else if (!PQisBusy(conn))
		end_command();
}

static void
on_lost(void)
{
	DatabaseAnswer none = {NULL};
	bool		was_running = state == STATE_RUNNING;

	state = STATE_AWAY;
	PQclear(take_last_result());
	if (was_running)
		callback(&none, callback_arg);
}

static const ConnectionUser user = {on_made, on_input, on_lost};

/* ---- from outside ---- */

void
database_start(const char *conninfo, const Statement *const *all, void (*ready) (void))
{
	statements = all;
	tell_ready = ready;
	connection_start(conninfo, &user);
}

void
database_change(const char *conninfo)
{
	connection_change(conninfo);
}

void
database_end(void)
{
	connection_end();
	PQclear(take_last_result());
	state = STATE_AWAY;
}

bool
database_is_ready(void)
{
	return state == STATE_READY;
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
