/*
 * hidden.h
 *	  SQL functions whose arguments stay out of the server log.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_HIDDEN_H
#define KYCVS_HIDDEN_H

#include "fmgr.h"

extern void kycvs_hidden_init(void);
extern Datum kycvs_run_hidden(FunctionCallInfo fcinfo, PGFunction body);

/* Defines an SQL function in C; what stands behind it is its body. */
#define KYCVS_FUNCTION(name) \
PG_FUNCTION_INFO_V1(name); \
static Datum name##_body(FunctionCallInfo fcinfo); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	return kycvs_run_hidden(fcinfo, name##_body); \
} \
static Datum \
name##_body(FunctionCallInfo fcinfo)

#endif							/* KYCVS_HIDDEN_H */
