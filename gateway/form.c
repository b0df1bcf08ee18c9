/*
 * form.c
 *	  What a form or a query string says.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdint.h>
#include <string.h>

#include "buffer.h"
#include "form.h"
#include "memory.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void
decode(Buffer *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
	{
		int			high = text[i] == '%' && i + 2 < length ? hex(text[i + 1]) : -1;
		int			low = high >= 0 ? hex(text[i + 2]) : -1;

		if (low >= 0)
		{
			buffer_add_char(out, (char) (high << 4 | low));
			i += 2;
		}
		else
			buffer_add_char(out, text[i] == '+' ? ' ' : text[i]);
	}
}

/* How many bytes the character at this place has; 0 when it is no UTF-8, or a control character. */
static int
character(const uint8_t *c, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	int			n = c[0] < 0x80 ? 1 : (c[0] & 0xe0) == 0xc0 ? 2 : (c[0] & 0xf0) == 0xe0 ? 3 : (c[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t	code = n == 1 ? c[0] : c[0] & (0x7f >> n);

	if (n == 0 || (size_t) n > left)
		return 0;
	for (int i = 1; i < n; i++)
	{
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c[i] & 0x3f);
	}
	if (code < ' ' || (code >= 0x7f && code < 0xa0) || code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

static bool
is_text(const Buffer *value)
{
	const uint8_t *c = (const uint8_t *) value->data;
	size_t		left = value->length;

	while (left > 0)
	{
		int			n = character(c, left);

		if (n == 0)
			return false;
		c += n;
		left -= n;
	}
	return true;
}

/* Its place among the names; -1: nowhere. */
static int
find_name(const char *text, size_t length, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
			return i;
	return -1;
}

static bool
read_field(const char *text, size_t length, const char *const *names, int n, char **values)
{
	const char *equals = memchr(text, '=', length);
	int			i = equals != NULL ? find_name(text, equals - text, names, n) : -1;
	Buffer		value = {0};
	bool		good;

	if (i < 0)
		return true;
	decode(&value, equals + 1, length - (equals + 1 - text));
	good = values[i] == NULL && is_text(&value);
	if (good)
		values[i] = copy_text(buffer_text(&value));
	buffer_wipe(&value);
	return good;
}

bool
form_read(const char *text, size_t length, const char *const *names, int n, char **values)
{
	bool		good = true;

	while (good && length > 0)
	{
		const char *end = memchr(text, '&', length);
		size_t		field = end != NULL ? (size_t) (end - text) : length;

		good = read_field(text, field, names, n, values);
		text += field + (end != NULL);
		length -= field + (end != NULL);
	}
	for (int i = 0; i < n; i++)
		if (values[i] == NULL)
			values[i] = copy_text("");
	return good;
}

char *
form_origin(const char *url)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%";
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
	char	   *origin;
	size_t		length;

	if (host == NULL || url[strspn(url, letters)] != '\0')
		return NULL;
	length = strcspn(host, "/?#");
	if (length == 0 || memchr(host, '@', length) != NULL)
		return NULL;
	origin = copy_text(url);
	origin[host - url + length] = '\0';
	return origin;
}
