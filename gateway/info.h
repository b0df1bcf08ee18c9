/*
 * info.h
 *	  What anybody may know: whether the registry answers, and its public keys.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_INFO_H
#define GATEWAY_INFO_H

#include "exchange.h"

extern void info_health(Exchange *exchange);
extern void info_keys(Exchange *exchange);
extern void info_end(void);

#endif							/* GATEWAY_INFO_H */
