/*
 * check.h
 *	  --check: tries everything that the gateway needs.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

#include <stdbool.h>

#include "config.h"

/* A line each on standard output; false when something is wrong. */
extern bool check_all(const Config *config);

#endif							/* GATEWAY_CHECK_H */
