/*
 * session.h
 *	  Queries on a connection to the database, one at a time.
 *
 * Whoever opened it is told whenever the next query may run.  A connection that
 * is lost is made again after a pause that grows up to five seconds; the query
 * that ran then ends with ANSWER_LOST.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_SESSION_H
#define COMMON_SESSION_H

#include <stdbool.h>

#include "answer.h"

typedef struct Query
{
	const char *name;
	const char *sql;
	int			nvalues;
} Query;

typedef struct Session Session;

typedef struct SessionUser
{
	const Query *own;			/* prepared before the others */
	int			answer_ms;		/* after which a connection is given up */
	void		(*ready) (void *arg);
	void		(*lost) (void *arg);	/* after the callback of the query that ran */
} SessionUser;

/* The queries are prepared on each new connection; NULL ends them.  Closing tells nobody. */
extern Session *session_open(const Query *const *queries, const SessionUser *user, void *arg);
extern void session_close(Session *session);

/* For this reason, when there is a connection. */
extern void session_lose(Session *session, const char *why);

extern bool session_is_connected(const Session *session);
extern bool session_is_ready(const Session *session);

/* When it is ready only.  The values may go when this returns; the callback comes later, once. */
extern void session_run(Session *session, const Query *query, const char *const *values, AnswerCallback callback, void *arg);

#endif							/* COMMON_SESSION_H */
