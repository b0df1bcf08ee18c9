/*
 * exchange.h
 *	  One HTTP request, and the reply to it.
 *
 * What is asked for stays until the reply, which ends the exchange; it comes once.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include <stdbool.h>

#include "buffer.h"

typedef struct Exchange Exchange;

extern const char *exchange_path(const Exchange *exchange);
/* GET or HEAD */
extern bool exchange_is_get(const Exchange *exchange);
extern bool exchange_is_post(const Exchange *exchange);

/* What follows the question mark; empty when nothing does. */
extern const char *exchange_query(const Exchange *exchange);

/* NULL when there is none. */
extern const char *exchange_header(const Exchange *exchange, const char *name);

extern const Buffer *exchange_body(const Exchange *exchange);

/* Of the client, as the proxy says it; an IPv6 address is cut to its network. */
extern const char *exchange_address(const Exchange *exchange);

extern void exchange_add_header(Exchange *exchange, const char *name, const char *value);
extern void exchange_add_number(Exchange *exchange, const char *name, long value);

/* Unless it has a Cache-Control, nobody is to keep the reply. */
extern void exchange_reply(Exchange *exchange, int status, const char *type, const Buffer *body);

/* The connection ends with the reply. */
extern void exchange_close(Exchange *exchange);

/* ---- for the server ---- */

struct evhttp_request;

/* A proxy is believed when it says who asks. */
extern Exchange *exchange_begin(struct evhttp_request *http, bool behind_proxy);

/* Whether it can be understood, and in one way only. */
extern bool exchange_is_sound(const Exchange *exchange);

/* In metrics; one of "paths". */
extern void exchange_count_as(Exchange *exchange, const char *path);

extern int	exchange_in_flight(void);

/* Each reply ends its connection; calls when there is none to come any more. */
extern void exchange_stop(void (*stopped) (void));
extern void exchange_end(void);

#endif							/* GATEWAY_EXCHANGE_H */
