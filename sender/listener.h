/*
 * listener.h
 *	  A small HTTP server on loopback: receipts of gateways, metrics for Prometheus.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_LISTENER_H
#define SENDER_LISTENER_H

#include <stdbool.h>

#include "address.h"
#include "buffer.h"

/* Listens where these say, and nowhere else any more; or, with "problem", where it did.  They may be the same. */
extern bool listener_set(const Address *receipts, const Address *metrics, Buffer *problem);

extern void listener_end(void);

#endif							/* SENDER_LISTENER_H */
