/*
 * problem.h
 *	  Errors, as a client is told of them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include "exchange.h"

typedef struct Problem
{
	int			status;			/* HTTP's */
	const char *code;			/* KV010; empty or NULL: none */
	const char *detail;
	long		retry_after;	/* seconds; negative: none */
	long		tries_left;		/* negative: none */
} Problem;

/* By path: CoWIN's form for its calls, else problem details (RFC 9457). */
extern void problem_reply(Exchange *exchange, const Problem *problem);
extern void problem_send(Exchange *exchange, int status, const char *detail);

/* What HTTP calls this status. */
extern const char *problem_title(int status);

/* A text between double quotes, as JSON has it; it must be UTF-8. */
extern void problem_quote(Buffer *out, const char *text);

#endif							/* GATEWAY_PROBLEM_H */
