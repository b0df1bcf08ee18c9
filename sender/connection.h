/*
 * connection.h
 *	  How the connection to the database is made, watched and lost.
 *
 * Beneath database.c, which runs statements on it and is told by callbacks, all
 * from the loop.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_CONNECTION_H
#define SENDER_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

struct pg_conn;

typedef struct ConnectionUser
{
	void		(*made) (void);
	void		(*input) (void);	/* has been taken in by libpq */
	void		(*lost) (void);
} ConnectionUser;

extern void connection_start(const char *conninfo, const ConnectionUser *user);
extern void connection_end(void);
extern void connection_change(const char *conninfo);

/* NULL while there is none. */
extern struct pg_conn *connection_get(void);

/* Sends what was written, and waits for the answer; when nothing could be written it is lost soon. */
extern void connection_expect_answer(bool written);

/* The answer is there. */
extern void connection_stop_waiting(void);

/* Everything is fine: the next pause will be the shortest again. */
extern void connection_is_good(void);

/* It is of no use any more, for this reason, or for libpq's. */
extern void connection_lose(const char *why);
extern void connection_fail(void);

extern int	connection_failures(void);
extern const char *connection_problem(void);

#endif							/* SENDER_CONNECTION_H */
