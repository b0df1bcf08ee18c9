/*
 * answer.h
 *	  What a query has brought.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_ANSWER_H
#define COMMON_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_FINE	"00000"
#define ANSWER_LOST	"08006"	/* no connection, or lost it while the query ran */

typedef struct Answer
{
	struct pg_result *result;	/* NULL: there is none */
	const char *why;			/* then this SQLSTATE */
} Answer;

/* It is lent, and its texts go with it. */
typedef void (*AnswerCallback) (const Answer *answer, void *arg);

extern const char *answer_sqlstate(const Answer *answer);
extern bool answer_is_fine(const Answer *answer);
extern const char *answer_message(const Answer *answer);

/* None, unless it is fine. */
extern int	answer_rows(const Answer *answer);

/* A value is NULL when it is NULL. */
extern const char *answer_value(const Answer *answer, int row, int column);

/* Overwrites all values; returns how many bytes the rows were on their way, and some more. */
extern size_t answer_wipe(const Answer *answer);

#endif							/* COMMON_ANSWER_H */
