/*
 * delivery.h
 *	  HTTP requests to gateways, many at a time.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_DELIVERY_H
#define SENDER_DELIVERY_H

#include <stdbool.h>

#include "buffer.h"

#define DELIVERY_HEADERS_MAX	32

typedef struct DeliveryRequest
{
	bool		post;
	Buffer		url;
	Buffer		body;
	Buffer		headers[DELIVERY_HEADERS_MAX];
	int			nheaders;
	const char *username;		/* NULL: no basic authentication */
	const char *password;
	long		timeout_ms;
	bool		allow_private;
	bool		connect_only;	/* nothing is sent */
} DeliveryRequest;

typedef struct DeliveryAnswer
{
	int			status;			/* HTTP's; 0: there was none */
	const char *body;			/* as far as it came */
	size_t		length;
	const char *problem;		/* words without data, or NULL when the answer is complete */
	const char *address;		/* of the gateway, as far as known */
} DeliveryAnswer;

typedef void (*DeliveryCallback) (const DeliveryAnswer *answer, void *arg);

extern bool delivery_init(void);
extern void delivery_end(void);

/* For what is started from now on. */
extern void delivery_set_ca_file(const char *ca_file);

/*
 * Starts the request, and calls back later.  Buffers are taken over and wiped
 * when it has ended; username and password may go at once.
 */
extern void delivery_start(DeliveryRequest *request, DeliveryCallback callback, void *arg);

extern void delivery_wipe(DeliveryRequest *request);

#endif							/* SENDER_DELIVERY_H */
