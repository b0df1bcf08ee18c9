/*
 * smsjson.c
 *	  The body of a route that sends JSON: whether it is some.
 *
 * A sender escapes what it fills in for a JSON string.  So a placeholder stands
 * within quotes, unless its value is always a number; and what is JSON with one
 * value is JSON with any.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "compat.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "smsjson.h"

static bool
is_number(const char *name, size_t length)
{
	static const char *const numbers[] = {"id", "to_digits", "coding"};
	size_t		i;

	for (i = 0; i < lengthof(numbers); i++)
		if (strlen(numbers[i]) == length && strncmp(numbers[i], name, length) == 0)
			return true;
	return false;
}

static void
fill_in(const char *template, StringInfo out)
{
	const char *c = template;

	while (*c)
	{
		size_t		length = strcspn(c + 1, "}");

		if (*c != '{' || c[1] == '{')
		{
			appendStringInfoChar(out, *c);
			c += *c == '{' || *c == '}' ? 2 : 1;
			continue;
		}
		appendStringInfoChar(out, is_number(c + 1, length) ? '1' : 'x');
		c += length + 2;
	}
}

bool
kycvs_sms_is_json(const char *template)
{
	StringInfoData filled;
	bool		is_json;

	initStringInfo(&filled);
	fill_in(template, &filled);
	is_json = pg_parse_json(KYCVS_JSON_LEXER(filled.data, filled.len), &nullSemAction) == JSON_SUCCESS;
	pfree(filled.data);
	return is_json;
}
