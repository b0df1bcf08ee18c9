/*
 * log.h
 *	  Lines on standard error, for the journal or a file.
 *
 * Nobody passes text, number or secret to these functions.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* What happens again and again is said once in ten seconds. */
typedef struct Seldom
{
	int64_t		last;			/* when it was said; 0: never */
	unsigned	skipped;
} Seldom;

extern void log_error(const char *fmt,...) __attribute__((format(printf, 1, 2)));
extern void log_warning(const char *fmt,...) __attribute__((format(printf, 1, 2)));
extern void log_note(const char *fmt,...) __attribute__((format(printf, 1, 2)));

/* Whether it is to be said now; "skipped" then tells how many times it was not. */
extern bool log_due(Seldom *seldom, unsigned *skipped);

#endif							/* COMMON_LOG_H */
