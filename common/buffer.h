/*
 * buffer.h
 *	  Bytes that grow, and leave nothing behind.
 *
 * The bytes are always followed by a NUL that is not counted, so a buffer of
 * text is a string.  A buffer of zeros is empty; "data" is NULL until the first
 * byte is added.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>

typedef struct Buffer
{
	char	   *data;
	size_t		length;
	size_t		size;
} Buffer;

extern void buffer_add(Buffer *buffer, const void *data, size_t length);
extern void buffer_add_text(Buffer *buffer, const char *text);
extern void buffer_add_char(Buffer *buffer, char c);
extern void buffer_format(Buffer *buffer, const char *fmt,...) __attribute__((format(printf, 2, 3)));

/* The text, also of a buffer to which nothing was added. */
extern const char *buffer_text(const Buffer *buffer);

/* Overwrites the bytes, frees them, and leaves an empty buffer. */
extern void buffer_wipe(Buffer *buffer);

#endif							/* COMMON_BUFFER_H */
