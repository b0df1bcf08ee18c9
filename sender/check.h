/*
 * check.h
 *	  --check: tries everything that the sender needs, and sends nothing.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_CHECK_H
#define SENDER_CHECK_H

#include <stdbool.h>

#include "config.h"

/* Prints a line for each thing tried; whether all is well. */
extern bool check_all(const Config *config);

#endif							/* SENDER_CHECK_H */
