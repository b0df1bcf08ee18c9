/*
 * conninfo.c
 *	  What a connection string holds.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "database.h"

/* A word alone is a database's name. */
static bool
is_plain_name(const char *conninfo)
{
	return strchr(conninfo, '=') == NULL && strstr(conninfo, "://") == NULL;
}

static bool
is_password(const PQconninfoOption *option)
{
	return strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0;
}

bool
database_has_password(const char *conninfo)
{
	PQconninfoOption *options = is_plain_name(conninfo) ? NULL : PQconninfoParse(conninfo, NULL);
	bool		found = false;

	for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
		if (is_password(option) && option->val != NULL && *option->val != '\0')
			found = true;
	PQconninfoFree(options);
	return found;
}

bool
database_check_conninfo(const char *conninfo, Buffer *problem)
{
	PQconninfoOption *options;
	char	   *error = NULL;

	if (is_plain_name(conninfo))
		return true;
	options = PQconninfoParse(conninfo, &error);
	if (options == NULL)
		buffer_format(problem, "database: %s", error != NULL ? error : "out of memory");
	PQfreemem(error);
	PQconninfoFree(options);
	return buffer_text(problem)[0] == '\0';
}
