/*
 * database.h
 *	  One connection to the registry's database, on which one statement runs at a time.
 *
 * Whoever started it is told whenever the next statement may run.  A connection
 * that is lost is made again after a pause that grows up to five seconds; the
 * statement that ran then ends with DATABASE_LOST.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_DATABASE_H
#define SENDER_DATABASE_H

#include <stdbool.h>

#include "buffer.h"

#define DATABASE_FINE	"00000"
#define DATABASE_LOST	"08006"

typedef struct Statement
{
	const char *name;
	const char *sql;
	int			nparams;
	bool		secret;			/* what it returns is not to stay in memory */
} Statement;

typedef struct DatabaseAnswer DatabaseAnswer;

typedef void (*DatabaseCallback) (const DatabaseAnswer *answer, void *arg);

/* The statements are prepared on each new connection; NULL ends them. */
extern void database_start(const char *conninfo, const Statement *const *statements, void (*ready) (void));
extern void database_end(void);

/* Connects anew, with another connection string, at the next opportunity. */
extern void database_change(const char *conninfo);

extern bool database_is_ready(void);

/* Attempts to connect that have failed in a row, and why the last one did. */
extern int	database_failures(void);
extern const char *database_problem(void);

/* When it is ready only.  The values may go when this returns; the callback comes later, once. */
extern void database_run(const Statement *statement, const char *const *values, DatabaseCallback callback, void *arg);

/* What a callback may ask.  A value is NULL when it is NULL, and goes with the callback. */
extern const char *answer_sqlstate(const DatabaseAnswer *answer);
extern bool answer_is_fine(const DatabaseAnswer *answer);
extern const char *answer_message(const DatabaseAnswer *answer);
extern int	answer_rows(const DatabaseAnswer *answer);
extern const char *answer_value(const DatabaseAnswer *answer, int row, int column);

#endif							/* SENDER_DATABASE_H */
