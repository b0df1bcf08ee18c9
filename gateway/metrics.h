/*
 * metrics.h
 *	  What the gateway has done, in numbers.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stdint.h>

#include "exchange.h"

/* "path" is one of those that are answered; NULL: another. */
extern void metrics_replied(const char *path, int status, int64_t milliseconds);

/* A refusal of the gateway's own limits. */
extern void metrics_limited(void);

extern void metrics_handle(Exchange *exchange);

#endif							/* GATEWAY_METRICS_H */
