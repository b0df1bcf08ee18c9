/*
 * buffer.c
 *	  Bytes that grow, and leave nothing behind.
 *
 * Growing copies by hand: realloc could leave the old bytes where they were.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "memory.h"

#define FIRST_SIZE	256

static void
make_room(Buffer *buffer, size_t more)
{
	size_t		size = buffer->size > 0 ? buffer->size : FIRST_SIZE;
	char	   *data;

	if (buffer->length + more < buffer->size)
		return;
	while (buffer->length + more >= size)
		size *= 2;
	data = allocate(size);
	if (buffer->length > 0)
		memcpy(data, buffer->data, buffer->length);
	wipe_and_free(buffer->data, buffer->size);
	buffer->data = data;
	buffer->size = size;
}

void
buffer_add(Buffer *buffer, const void *data, size_t length)
{
	make_room(buffer, length);
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
buffer_add_text(Buffer *buffer, const char *text)
{
	buffer_add(buffer, text, strlen(text));
}

void
buffer_add_char(Buffer *buffer, char c)
{
	buffer_add(buffer, &c, 1);
}

void
buffer_format(Buffer *buffer, const char *fmt,...)
{
	va_list		args;
	int			length;

	va_start(args, fmt);
	length = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (length < 0)
		return;
	make_room(buffer, length);
	va_start(args, fmt);
	vsnprintf(buffer->data + buffer->length, length + 1, fmt, args);
	va_end(args);
	buffer->length += length;
}

const char *
buffer_text(const Buffer *buffer)
{
	return buffer->data != NULL ? buffer->data : "";
}

void
buffer_wipe(Buffer *buffer)
{
	wipe_and_free(buffer->data, buffer->size);
	memset(buffer, 0, sizeof(*buffer));
}
