/*
 * connection.h
 *	  How connections to the database are made, watched and lost.
 *
 * All of a program lead to the same database, so they share its connection
 * string, and what has failed is counted over all of them.  Beneath session.c,
 * which runs queries on them and is told by callbacks, all from the loop.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_CONNECTION_H
#define COMMON_CONNECTION_H

#include <stdbool.h>

typedef struct Connection Connection;

typedef struct ConnectionUser
{
	void		(*made) (void *arg);
	void		(*input) (void *arg);	/* has been taken in by libpq */
	void		(*lost) (void *arg);
} ConnectionUser;

/* For connections that begin from now on; false when it is what it was. */
extern bool connection_set_database(const char *conninfo);
extern void connection_forget_database(void);

/* Begins, and begins again after a pause when it was lost, until it is closed; its user is not told of that. */
extern Connection *connection_open(const ConnectionUser *user, void *arg);
extern void connection_close(Connection *connection);

/* NULL while there is none. */
extern struct pg_conn *connection_get(const Connection *connection);

/* Sends what was written, and waits for the answer; when nothing could be written it is lost soon. */
extern void connection_expect_answer(Connection *connection, bool written, int milliseconds);

/* The answer is there. */
extern void connection_stop_waiting(Connection *connection);

/* Everything is fine: the next pause will be the shortest again. */
extern void connection_is_good(void);

/* It is of no use any more, for this reason, or for libpq's. */
extern void connection_lose(Connection *connection, const char *why);
extern void connection_fail(Connection *connection);

/* Attempts that have failed in a row, and why the last one did. */
extern int	connection_failures(void);
extern const char *connection_problem(void);

#endif							/* COMMON_CONNECTION_H */
