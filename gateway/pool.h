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

#include <stdbool.h>

#include "buffer.h"

#define QUERY_VALUES_MAX	8

typedef struct Query
{
	const char *name;
	const char *sql;
	int			nvalues;
} Query;

/* SQLSTATEs of our own, for what the database did not say. */
#define POOL_FINE		"00000"
#define POOL_LOST		"08006"	/* no connection, or lost it while it ran */
#define POOL_FULL		"53300"	/* too many wait */
#define POOL_TOO_LATE	"57014"	/* has waited too long */

typedef struct PoolAnswer PoolAnswer;
typedef void (*PoolCallback) (const PoolAnswer *answer, void *arg);

/* The queries are prepared on each new connection; NULL ends them. */
extern void pool_start(const char *conninfo, int connections, int queue, const Query *const *queries);
extern void pool_change(const char *conninfo, int connections, int queue);
extern void pool_end(void);

/* The values are copied. */
extern void pool_run(const Query *query, const char *const *values, PoolCallback callback, void *arg);

extern int	pool_connected(void);
extern int	pool_waiting(void);
extern int	pool_failures(void);
extern const char *pool_problem(void);

/* What a callback may ask.  A value is NULL when it is NULL, and goes with the callback. */
extern const char *pool_sqlstate(const PoolAnswer *answer);
extern bool pool_is_fine(const PoolAnswer *answer);
extern int	pool_rows(const PoolAnswer *answer);
extern const char *pool_value(const PoolAnswer *answer, int row, int column);

#endif							/* GATEWAY_POOL_H */
