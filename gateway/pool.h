/*
 * pool.h
 *	  A few connections to the registry's database, and those who wait for one.
 *
 * A query runs on the first connection that is free.  Whoever asked is told once,
 * perhaps before pool_run has returned: by what the database has answered, or by
 * why there is no answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include "session.h"

#define QUERY_VALUES_MAX	8

/* SQLSTATEs for what the database did not say; ANSWER_LOST is another. */
#define POOL_FULL		"53300"	/* too many wait */
#define POOL_TOO_LATE	"57014"	/* has waited too long */

/* The queries are prepared on each new connection; NULL ends them. */
extern void pool_start(const char *conninfo, int connections, int queue, const Query *const *queries);
extern void pool_change(const char *conninfo, int connections, int queue);
extern void pool_end(void);

/* The values are copied. */
extern void pool_run(const Query *query, const char *const *values, AnswerCallback callback, void *arg);

extern int	pool_connected(void);
extern int	pool_waiting(void);
extern int	pool_failures(void);
extern const char *pool_problem(void);

#endif							/* GATEWAY_POOL_H */
