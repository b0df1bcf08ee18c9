/*
 * trial.h
 *	  What --check says, and waits for.
 *
 * The same modules as in earnest, but one step after the other: each begins
 * something, and runs the loop until it has ended.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_TRIAL_H
#define COMMON_TRIAL_H

#include <stdbool.h>

/* A line on standard output. */
extern void trial_say(bool well, const char *fmt,...) __attribute__((format(printf, 2, 3)));

/* Whether nothing was said that is not well. */
extern bool trial_is_well(void);

/* Returns when the step has ended, is over by what "is_over" says, or takes too long. */
extern void trial_wait(bool (*is_over) (void));
extern void trial_end_step(void);

#endif							/* COMMON_TRIAL_H */
