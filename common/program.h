/*
 * program.h
 *	  How a program begins, hears signals, and says that it cannot.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "loop.h"
#include "settings.h"

/* Before anything else. */
extern void program_begin(void);

/* On standard error; returns the status. */
extern int	program_complain(const char *what, int status);

/* Prints help or version; false when neither is wanted. */
extern bool program_tell(const CommonSettings *settings, const char *usage);

/* More descriptors than the usual limit allows, if the system lets it. */
extern void program_raise_limit_of_files(int wanted);

/* SIGTERM and SIGINT; SIGHUP. */
extern void program_watch_signals(LoopCallback stop, LoopCallback reload);
extern void program_unwatch_signals(void);

#endif							/* COMMON_PROGRAM_H */
