/*
 * registry.h
 *	  The registry's SQL interface for senders.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_REGISTRY_H
#define SENDER_REGISTRY_H

#include <stdint.h>

#include "buffer.h"
#include "database.h"

/* A message claimed; its texts live as long as the answer that they are in. */
typedef struct Claimed
{
	int64_t		id;
	const char *mobile;
	const char *body;
	const char *template_id;
	const char *entity_id;
	const char *route;			/* NULL: there is none */
	int			attempt;
	int64_t		expires_in;		/* milliseconds */
} Claimed;

/* A row of kycvs.sms_routes, the same. */
typedef struct RouteRow
{
	const char *name;
	bool		enabled;
	bool		post;
	const char *url;
	const char *headers;		/* a line each */
	const char *body;			/* NULL: none */
	bool		json;			/* else a form */
	int			success_status; /* 0: any of 200 to 299 */
	const char *success_pattern;	/* NULL: none */
	const char *username;		/* NULL: no basic authentication */
	const char *secret_file;	/* NULL: none */
	int			timeout_ms;
	bool		allow_private;
} RouteRow;

/* What database_start prepares. */
extern const Query *const registry_statements[];

extern void registry_claim(int n, const char *down, AnswerCallback callback);
extern void registry_read_claimed(const Answer *answer, int row, Claimed *claimed);

extern void registry_report(int64_t id, bool delivered, const char *detail, int attempt, bool retry,
							AnswerCallback callback, void *arg);
extern void registry_receipt(int64_t id, bool delivered, const char *detail, AnswerCallback callback);

/* Whether a report came too late: done already, expired, claimed by another since, or no such message. */
extern bool registry_did_not_want(const Answer *answer);

/* Whether another time the answer may be another one: no connection, no authority, a standby, a server in trouble. */
extern bool registry_was_away(const Answer *answer);

extern void registry_routes(AnswerCallback callback);
extern void registry_read_route(const Answer *answer, int row, RouteRow *route);

/* For --check: rows of what is needed, and NULL or what is wrong with it. */
extern const Query *const registry_check_statements[];
extern void registry_rights(AnswerCallback callback, void *arg);

/* Adds a name to an array in SQL's text form; begins with "{" and has to be ended with "}". */
extern void registry_add_to_array(Buffer *array, const char *name);

#endif							/* SENDER_REGISTRY_H */
