/*
 * pattern.h
 *	  POSIX extended regular expressions, as the sender's C library reads them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_PATTERN_H
#define KYCVS_PATTERN_H

/* Whether it compiles, and neither takes much memory for that; NULL, or why not. */
extern const char *kycvs_pattern_trouble(const char *pattern);

#endif							/* KYCVS_PATTERN_H */
