/*
 * trim.c
 *	  Blanks around a text.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "trim.h"

static const char *const blanks[] = {
	" ", "\t", "\r", "\n",
	"\xC2\xA0",					/* no-break space */
	"\xE2\x80\x8B",				/* zero width space */
	"\xEF\xBB\xBF"				/* byte order mark */
};

/* Bytes of the blank that the text begins with, or ends with; 0: none. */
static size_t
blank_at(const char *text, size_t length, bool at_end)
{
	int			i;

	for (i = 0; i < (int) lengthof(blanks); i++)
	{
		size_t		size = strlen(blanks[i]);

		if (size <= length && memcmp(at_end ? text + length - size : text, blanks[i], size) == 0)
			return size;
	}
	return 0;
}

void
kycvs_trim(char *text)
{
	size_t		length = strlen(text);
	size_t		start = 0;
	size_t		size;

	while ((size = blank_at(text, length, true)) > 0)
		length -= size;
	while ((size = blank_at(text + start, length - start, false)) > 0)
		start += size;
	memmove(text, text + start, length - start);
	text[length - start] = '\0';
}
