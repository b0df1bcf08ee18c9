/*
 * tag.h
 *	  The URLs to which gateways send delivery receipts, and nobody else can.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_TAG_H
#define SENDER_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

/* Reads the key from the directory of secrets, or makes one there. */
extern bool tag_read_key(const char *secrets, Buffer *key, Buffer *problem);

/* Takes the key over: from now on it is the one. */
extern void tag_use_key(Buffer *key);

/* Whether it could be read or made; makes nothing. */
extern bool tag_check_key(const char *secrets, Buffer *problem);

/* Adds "<base><id>/<tag>?status=%d". */
extern void tag_add_url(Buffer *out, const char *base, int64_t id);

/* Whether "<id>/<tag>" is a path that tag_add_url made. */
extern bool tag_check(const char *path, int64_t *id);

#endif							/* SENDER_TAG_H */
