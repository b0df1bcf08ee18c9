/*
 * api.h
 *	  The API: four calls, in JSON.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_API_H
#define GATEWAY_API_H

#include "exchange.h"

extern void api_otp(Exchange *exchange);
extern void api_resend(Exchange *exchange);
extern void api_consent(Exchange *exchange);
extern void api_status(Exchange *exchange);

#endif							/* GATEWAY_API_H */
