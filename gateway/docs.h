/*
 * docs.h
 *	  The description of the API: as OpenAPI, and as a page made from that.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_DOCS_H
#define GATEWAY_DOCS_H

#include "exchange.h"

extern void docs_openapi(Exchange *exchange);
extern void docs_page(Exchange *exchange);
extern void docs_end(void);

#endif							/* GATEWAY_DOCS_H */
