/*
 * conninfo.c
 *	  Connection strings, before they are used.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include <libpq-fe.h>

#include "conninfo.h"

/* A word alone is a database's name. */
static bool
is_plain_name(const char *text)
{
	return strchr(text, '=') == NULL && strstr(text, "://") == NULL;
}

static bool
is_password(const PQconninfoOption *option)
{
	return strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0;
}

bool
conninfo_has_password(const char *text)
{
	PQconninfoOption *options = is_plain_name(text) ? NULL : PQconninfoParse(text, NULL);
	bool		found = false;

	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
		if (is_password(option) && option->val != NULL && *option->val != '\0')
			found = true;
	PQconninfoFree(options);
	return found;
}

/* What is wrong with a string libpq says with parts of it. */
static bool
may_have_password(const char *text)
{
	return strstr(text, "password") != NULL || strstr(text, "://") != NULL;
}

bool
conninfo_check(const char *text, Buffer *why)
{
	PQconninfoOption *options;
	char	   *error = NULL;

	if (is_plain_name(text))
		return true;
	options = PQconninfoParse(text, &error);
	if (options == NULL && may_have_password(text))
		buffer_format(why, "database: not a connection string");
	else if (options == NULL)
		buffer_format(why, "database: %s", error != NULL ? error : "out of memory");
	PQfreemem(error);
	PQconninfoFree(options);
	return buffer_text(why)[0] == '\0';
}
