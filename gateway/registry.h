/*
 * registry.h
 *	  Every statement that the gateway runs, and what the registry says to it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_REGISTRY_H
#define GATEWAY_REGISTRY_H

#include "pool.h"
#include "problem.h"
#include "reading.h"

#define API_KEY_MAX		128
#define PAGE_KEY		"page:"	/* and the code of a client whose page is open */

extern const Query registry_issue;
extern const Query registry_issue_group;
extern const Query registry_resend;
extern const Query registry_verify;
extern const Query registry_verify_compact;
extern const Query registry_status;
extern const Query registry_status_group;
/* consent and answer in one; the second column is the compact form */
extern const Query registry_answer;

/* name, origins as JSON and with blanks between, of a client whose page is open */
extern const Query registry_page;

extern const Query registry_alive;
extern const Query registry_keys;

/* All of them, ended by NULL. */
extern const Query *const registry_queries[];

/* A document, or why there is none. */
typedef struct Outcome
{
	const char *document;		/* NULL: refused */
	Problem		problem;
	Reading    *refusal;		/* to which "problem" points */
} Outcome;

extern void registry_read(const Answer *answer, Outcome *outcome);
extern void registry_release(Outcome *outcome);

/* Whether a client may call itself by this: printable, and not one of our own. */
extern bool registry_is_api_key(const char *text);

#endif							/* GATEWAY_REGISTRY_H */
