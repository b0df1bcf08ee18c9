/*
 * digest.h
 *	  Digests under a key that only this process knows.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_DIGEST_H
#define GATEWAY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_LENGTH	16

extern bool digest_init(void);

/* Of a text and bytes, apart from each other. */
extern void digest_make(const char *text, const void *data, size_t length, uint8_t digest[DIGEST_LENGTH]);

#endif							/* GATEWAY_DIGEST_H */
