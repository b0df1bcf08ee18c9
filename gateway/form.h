/*
 * form.h
 *	  What a form or a query string says.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_FORM_H
#define GATEWAY_FORM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reads fields of these names into a value each, which the caller frees: empty
 * when it is not there.  Others are passed over.  False when one is there
 * twice, is not UTF-8, or holds a control character.
 */
extern bool form_read(const char *text, size_t length, const char *const *names, int n, char **values);

/* The origin of an absolute URL of http or https, which the caller frees; NULL when it is none that can stand in a page. */
extern char *form_origin(const char *url);

#endif							/* GATEWAY_FORM_H */
