/*
 * cowin.h
 *	  The three calls of CoWIN's KYC-VS, for clients that were written for it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_COWIN_H
#define GATEWAY_COWIN_H

#include <stdbool.h>

#include "exchange.h"
#include "problem.h"

#define COWIN_GENERATE	"/api/v3/vaccination/generateOTP"
#define COWIN_CONFIRM	"/api/v3/vaccination/confirmOTP"
#define COWIN_STATUS	"/api/v3/vaccination/status"

extern bool cowin_is_path(const char *path);

/* {"errorCode", "error"} */
extern void cowin_write_error(Buffer *out, const Problem *problem);

extern void cowin_generate(Exchange *exchange);
extern void cowin_confirm(Exchange *exchange);
extern void cowin_status(Exchange *exchange);

#endif							/* GATEWAY_COWIN_H */
