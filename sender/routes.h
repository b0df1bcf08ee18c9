/*
 * routes.h
 *	  All routes: what was last read of them, and what is known of each by its name.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_ROUTES_H
#define SENDER_ROUTES_H

#include "breaker.h"
#include "log.h"
#include "route.h"

/* Lives as long as the program, whatever becomes of the route. */
typedef struct RouteState
{
	struct RouteState *next;
	char	   *name;
	Route	   *route;			/* NULL: gone, disabled or not usable */
	bool		present;		/* in the view, and enabled */
	Buffer		problem;		/* why it is not usable */
	Breaker		breaker;
	Seldom		failure;		/* said in the log */
	uint64_t	sent;
	uint64_t	failed;
} RouteState;

/* Reads the rows again; what has become unusable, or usable, is said in the log. */
extern void routes_load(const Answer *answer, const char *secrets, bool receipts);
extern void routes_end(void);

/* NULL: there is no such route, or it is not usable. */
extern RouteState *routes_find(const char *name);

/* The first of all there ever were. */
extern const RouteState *routes_first(void);

extern bool routes_any_usable(void);
extern bool routes_want_probe(int64_t now);

/* An array of those that no message should take now; with "probe" those that want one are not in it. */
extern void routes_list_down(Buffer *array, bool probe, int64_t now);

#endif							/* SENDER_ROUTES_H */
