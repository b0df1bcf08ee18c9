/*
 * base64url.c
 *	  Strict base64url, both ways.
 *
 * PostgreSQL's own base64 has the other alphabet, pads, and skips blanks when
 * it decodes.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "base64url.h"

static const char alphabet[] =
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	if (c == '_')
		return 63;
	return -1;
}

void
kycvs_base64url_encode(const void *data, size_t length, char *text)
{
	const uint8 *byte = data;
	uint32		bits = 0;
	int			waiting = 0;

	for (size_t i = 0; i < length; i++)
	{
		bits = (bits << 8 | byte[i]) & 0xffff;
		for (waiting += 8; waiting >= 6; waiting -= 6)
			*text++ = alphabet[bits >> (waiting - 6) & 63];
	}
	if (waiting > 0)
		*text = alphabet[bits << (6 - waiting) & 63];
}

void
kycvs_base64url_append(StringInfo out, const void *data, size_t length)
{
	size_t		written = KYCVS_BASE64URL_LENGTH(length);

	enlargeStringInfo(out, written);
	kycvs_base64url_encode(data, length, out->data + out->len);
	out->len += written;
	out->data[out->len] = '\0';
}

int
kycvs_base64url_decode(const char *text, size_t length, uint8 *data, size_t size)
{
	uint32		bits = 0;
	int			waiting = 0;
	size_t		n = 0;

	for (size_t i = 0; i < length; i++)
	{
		int			value = value_of(text[i]);

		if (value < 0)
			return -1;
		bits = bits << 6 | value;
		waiting += 6;
		if (waiting < 8)
			continue;
		if (n >= size)
			return -1;
		waiting -= 8;
		data[n++] = bits >> waiting;
		bits &= (1 << waiting) - 1;
	}
	if (waiting == 6 || bits != 0)
		return -1;
	return n;
}
