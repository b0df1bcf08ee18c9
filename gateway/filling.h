/*
 * filling.h
 *	  The page's template, and what it is filled with.
 *
 *	{{name}}				the value, escaped for HTML text and quoted attributes
 *	{{#name}} ... {{/name}}	stays when the value is neither empty nor "0"
 *	{{^name}} ... {{/name}}	stays when it is
 *
 * There is no way to write a value as it is.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_FILLING_H
#define GATEWAY_FILLING_H

#include <stdbool.h>

#include "buffer.h"

/* NULL: there is no such name, which is like empty. */
typedef const char *(*FillingValue) (const char *name, void *arg);

extern void filling_write(Buffer *out, const char *template, FillingValue value, void *arg);

/* Whether every brace and every section is closed. */
extern bool filling_check(const char *template, Buffer *problem);

#endif							/* GATEWAY_FILLING_H */
