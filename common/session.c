/*
 * session.c
 *	  Queries on a connection to the database, one at a time.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "connection.h"
#include "memory.h"
#include "session.h"

typedef enum State
{
	STATE_AWAY,
	STATE_PREPARING,
	STATE_READY,
	STATE_RUNNING,
	STATE_ANSWERING				/* in the callback */
} State;

struct Session
{
	Connection *connection;
	const Query *const *queries;
	const SessionUser *user;
	void	   *arg;
	State		state;
	int			prepared;		/* queries so far */
	PGresult   *result;			/* the last one that came */
	AnswerCallback callback;
	void	   *callback_arg;
};

static PGresult *
take_result(Session *session)
{
	PGresult   *result = session->result;

	session->result = NULL;
	return result;
}

/* ---- asking ---- */

static void
expect_answer(Session *session, State state, bool written)
{
	session->state = state;
	connection_expect_answer(session->connection, written, session->user->answer_ms);
}

static void
become_ready(Session *session)
{
	session->state = STATE_READY;
	connection_stop_waiting(session->connection);
	session->user->ready(session->arg);
}

static void
prepare_next(Session *session)
{
	const Query *next = session->prepared == 0 ? session->user->own : session->queries[session->prepared - 1];

	if (next != NULL)
	{
		expect_answer(session, STATE_PREPARING, PQsendPrepare(connection_get(session->connection), next->name, next->sql, 0, NULL));
		return;
	}
	connection_is_good();
	become_ready(session);
}

void
session_run(Session *session, const Query *query, const char *const *values, AnswerCallback callback, void *arg)
{
	session->callback = callback;
	session->callback_arg = arg;
	expect_answer(session, STATE_RUNNING,
				  PQsendQueryPrepared(connection_get(session->connection), query->name, query->nvalues, values, NULL, NULL, 0));
}

/* ---- answers as they come in ---- */

/* Queries prepared for what is there no more: a new connection prepares them anew. */
static bool
is_stale(const Answer *answer)
{
	const char *sqlstate = answer_sqlstate(answer);

	return strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0;
}

static void
end_query(Session *session)
{
	Answer		answer = {take_result(session), NULL};
	bool		stale = is_stale(&answer);

	session->state = STATE_ANSWERING;
	session->callback(&answer, session->callback_arg);
	PQclear(answer.result);
	if (stale)
		connection_lose(session->connection, "prepared statements do not fit any more");
	else
		become_ready(session);
}

static void
end_prepare(Session *session)
{
	PGresult   *result = take_result(session);
	bool		good = PQresultStatus(result) == PGRES_COMMAND_OK;
	const char *why = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!good && why != NULL)
		connection_lose(session->connection, why);	/* without the query, which is not the operator's */
	else if (!good)
		connection_fail(session->connection);
	PQclear(result);
	if (!good)
		return;
	session->prepared++;
	prepare_next(session);
}

/* All results of a query are in; each of ours has one. */
static void
end_command(Session *session)
{
	if (session->state == STATE_PREPARING)
		end_prepare(session);
	else if (session->state == STATE_RUNNING)
		end_query(session);
	else
		PQclear(take_result(session));
}

/* ---- what the connection tells ---- */

static void
on_made(void *arg)
{
	Session    *session = arg;

	session->prepared = 0;
	prepare_next(session);
}

/* Such a result comes again whenever it is asked for. */
static bool
is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH;
}

static void
on_input(void *arg)
{
	Session    *session = arg;
	PGconn	   *conn = connection_get(session->connection);
	PGresult   *result = NULL;

	while (!PQisBusy(conn) && (result = PQgetResult(conn)) != NULL)
	{
		PQclear(session->result);
		session->result = result;
		if (is_copy(result))
		{
			connection_lose(session->connection, "an answer to another question");
			return;
		}
	}
	if (PQstatus(conn) == CONNECTION_BAD)
		connection_fail(session->connection);
	else if (!PQisBusy(conn) && session->result != NULL)
		end_command(session);
}

static void
on_lost(void *arg)
{
	Session    *session = arg;
	Answer		none = {NULL, ANSWER_LOST};
	bool		was_running = session->state == STATE_RUNNING;

	session->state = STATE_AWAY;
	PQclear(take_result(session));
	if (was_running)
		session->callback(&none, session->callback_arg);
	session->user->lost(session->arg);
}

/* ---- from outside ---- */

Session *
session_open(const Query *const *queries, const SessionUser *user, void *arg)
{
	static const ConnectionUser told = {on_made, on_input, on_lost};
	Session    *session = allocate(sizeof(Session));

	session->queries = queries;
	session->user = user;
	session->arg = arg;
	session->connection = connection_open(&told, session);
	return session;
}

void
session_close(Session *session)
{
	connection_close(session->connection);
	PQclear(take_result(session));
	free(session);
}

void
session_lose(Session *session, const char *why)
{
	if (connection_get(session->connection) != NULL)
		connection_lose(session->connection, why);
}

bool
session_is_connected(const Session *session)
{
	return session->state >= STATE_READY;
}

bool
session_is_ready(const Session *session)
{
	return session->state == STATE_READY;
}
