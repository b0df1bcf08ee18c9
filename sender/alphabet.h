/*
 * alphabet.h
 *	  The alphabet that a short message needs.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_ALPHABET_H
#define SENDER_ALPHABET_H

#include <stdbool.h>

/* Whether this UTF-8 can be said in GSM 7-bit; else it takes UCS-2. */
extern bool alphabet_is_gsm7(const char *text);

#endif							/* SENDER_ALPHABET_H */
