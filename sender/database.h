/*
 * database.h
 *	  One connection to the registry's database, on which one query runs at a time.
 *
 * Whoever started it is told whenever the next query may run.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_DATABASE_H
#define SENDER_DATABASE_H

#include "session.h"

/* The queries are prepared on each new connection; NULL ends them. */
extern void database_start(const char *conninfo, const Query *const *queries, void (*ready) (void));
extern void database_end(void);

/* Connects anew, with another connection string, at the next opportunity. */
extern void database_change(const char *conninfo);

extern bool database_is_ready(void);

/* Attempts to connect that have failed in a row, and why the last one did. */
extern int	database_failures(void);
extern const char *database_problem(void);

/* When it is ready only.  The values may go when this returns; the callback comes later, once. */
extern void database_run(const Query *query, const char *const *values, AnswerCallback callback, void *arg);

/* What it returns is not to stay in memory. */
extern void database_run_secret(const Query *query, const char *const *values, AnswerCallback callback, void *arg);

#endif							/* SENDER_DATABASE_H */
