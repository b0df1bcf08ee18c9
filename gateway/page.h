/*
 * page.h
 *	  The page that web sites embed: asks for mobile and name, then for the OTP,
 *	  and shows the answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_PAGE_H
#define GATEWAY_PAGE_H

#include "config.h"
#include "exchange.h"

/* Its limits. */
extern void page_set(const Config *config);

extern void page_handle(Exchange *exchange);

#endif							/* GATEWAY_PAGE_H */
