/*
 * turns.h
 *	  Which statement runs next, and when the sender has done.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_TURNS_H
#define SENDER_TURNS_H

#include <stdbool.h>

#include "config.h"

/* Begins to claim, as soon as there are routes. */
extern void turns_start(const Config *config, bool *finished);
extern void turns_end(void);

/* The configuration has changed: routes and their secrets are read again. */
extern void turns_reload(const Config *config);

/* Claims no more; finishes when what is in flight is reported. */
extern void turns_stop(void);

/* The exit status, when it has finished. */
extern int	turns_status(void);

#endif							/* SENDER_TURNS_H */
