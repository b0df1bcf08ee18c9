/*
 * once.h
 *	  Idempotency-Key: which requests have come before.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_ONCE_H
#define GATEWAY_ONCE_H

#include <stdbool.h>

#include "buffer.h"

/* False when the owner of this API key has sent this name with another path or body, in the last ten minutes. */
extern bool once_check(const char *api_key, const char *name, const char *path, const Buffer *body);

#endif							/* GATEWAY_ONCE_H */
