/*
 * assets.h
 *	  The page's files, as they were read at the start or at the last SIGHUP.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_ASSETS_H
#define GATEWAY_ASSETS_H

#include <stdbool.h>

#include "exchange.h"

/* NULL is no directory.  What is wrong changes nothing. */
extern bool assets_read(const char *directory, Buffer *problem);
extern void assets_end(void);

/* NULL: there is no page. */
extern const char *assets_template(void);

/* Of a language; English when it is not there.  Empty when there is no such key. */
extern const char *assets_message(const char *language, const char *key);
extern bool assets_has_language(const char *language);

/* Sends one of the files. */
extern void assets_handle(Exchange *exchange);

#endif							/* GATEWAY_ASSETS_H */
