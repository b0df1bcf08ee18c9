/*
 * loop.h
 *	  Waits for sockets, timers and signals, and calls whoever asked for them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_READ	1
#define LOOP_WRITE	2

struct event_base;

typedef struct LoopEvent LoopEvent;
typedef void (*LoopCallback) (void *arg);
typedef void (*LoopSocketCallback) (int fd, int what, void *arg);

extern bool loop_init(void);
extern void loop_end(void);

/* Returns when "until" is true, which a callback has to set. */
extern void loop_run(const bool *until);

/* Milliseconds of a clock that nobody sets; never 0. */
extern int64_t loop_now(void);

/* Calls until it is removed. */
extern LoopEvent *loop_watch(int fd, int what, LoopSocketCallback callback, void *arg);
extern LoopEvent *loop_signal(int number, LoopCallback callback, void *arg);

/* Calls once, each time it is set. */
extern LoopEvent *loop_timer(LoopCallback callback, void *arg);
extern void loop_set_timer(LoopEvent *timer, int64_t milliseconds);
extern void loop_stop_timer(LoopEvent *timer);

/* NULL is nothing to remove. */
extern void loop_remove(LoopEvent *event);

/* For the HTTP server of the same library. */
extern struct event_base *loop_base(void);

#endif							/* COMMON_LOOP_H */
