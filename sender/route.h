/*
 * route.h
 *	  A way to a gateway: a row of kycvs.sms_routes, ready for use.
 *
 * A route does not change; when the routes are read again there are new ones.
 * Who is sending by an old one holds it until then.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_ROUTE_H
#define SENDER_ROUTE_H

#include "delivery.h"
#include "registry.h"

#define ROUTE_DETAIL_MAX	64

typedef struct Route Route;

typedef enum Verdict
{
	VERDICT_ACCEPTED,
	VERDICT_FAILED,				/* nothing gets through there now */
	VERDICT_REFUSED				/* the gateway works, and does not want this message */
} Verdict;

/* NULL with the reason in "problem" when it cannot be used.  Without receipts no route may want them. */
extern Route *route_compile(const RouteRow *row, const char *secrets, bool receipts, Buffer *problem);

extern Route *route_hold(Route *route);
extern void route_release(Route *route);

extern int	route_timeout(const Route *route);

/* False when the message has characters that this route cannot carry. */
extern bool route_render(const Route *route, const Claimed *claimed, const char *receipt_url, DeliveryRequest *request);

/* Connects to the gateway, and sends nothing. */
extern void route_probe(const Route *route, DeliveryRequest *request);

/* Says in a few words, without data, why a message was not accepted. */
extern Verdict route_judge(const Route *route, const DeliveryAnswer *answer, char detail[ROUTE_DETAIL_MAX]);

#endif							/* SENDER_ROUTE_H */
