/*
 * conninfo.h
 *	  Connection strings, before they are used.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_CONNINFO_H
#define COMMON_CONNINFO_H

#include <stdbool.h>

#include "buffer.h"

extern bool conninfo_has_password(const char *conninfo);

/* False with the reason in "problem", in which no part of a password stands. */
extern bool conninfo_check(const char *conninfo, Buffer *problem);

#endif							/* COMMON_CONNINFO_H */
