/*
 * base64url.h
 *	  base64url (RFC 4648, section 5), the strict kind of RFC 7515: no padding,
 *	  no blanks, and the bits that are left over are zero - one text for one
 *	  value, so that two spellings never share a signature.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_BASE64URL_H
#define KYCVS_BASE64URL_H

#include "lib/stringinfo.h"

/* The length of "n" bytes in base64url. */
#define KYCVS_BASE64URL_LENGTH(n) (((n) * 4 + 2) / 3)

extern void kycvs_base64url_append(StringInfo out, const void *data, size_t length);

/* Writes KYCVS_BASE64URL_LENGTH(length) characters, no NUL. */
extern void kycvs_base64url_encode(const void *data, size_t length, char *text);

/* Returns the number of bytes, or -1 when the text is not strict base64url or does not fit. */
extern int	kycvs_base64url_decode(const char *text, size_t length, uint8 *data, size_t size);

#endif							/* KYCVS_BASE64URL_H */
