/*
 * pattern.c
 *	  POSIX extended regular expressions, as the sender's C library reads them.
 *
 * The server has regular expressions of another kind, whose header hides the
 * C library's: none of its headers that lead there is included here.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <regex.h>

#include "pattern.h"

/* A repetition of a repetition is written out while it is compiled: (a{255}){255} is 65,025 of them. */
#define COPIES_MAX 1000

/* The largest number in a repetition that begins after a brace; 1 when there is none. */
static long
largest_bound(const char *c)
{
	long		largest = 1;

	while ((*c >= '0' && *c <= '9') || *c == ',')
	{
		char	   *end;

		if (*c == ',')
			c++;
		else
		{
			largest = Max(largest, Min(strtol(c, &end, 10), COPIES_MAX + 1));
			c = end;
		}
	}
	return largest;
}

/* As if all repetitions stood within one another. */
static bool
is_small(const char *pattern)
{
	long		copies = 1;
	const char *c;

	for (c = pattern; *c && copies <= COPIES_MAX; c++)
		if (*c == '{')
			copies *= largest_bound(c + 1);
	return copies <= COPIES_MAX;
}

/* Where one is looked for takes a time that has no bound, and a gateway chooses what it is looked for in. */
static bool
refers_back(const char *pattern)
{
	const char *c;

	for (c = pattern; *c; c++)
	{
		if (*c != '\\')
			continue;
		c++;
		if (*c >= '1' && *c <= '9')
			return true;
		if (*c == '\0')
			break;
	}
	return false;
}

const char *
kycvs_pattern_trouble(const char *pattern)
{
	regex_t		compiled;

	if (!is_small(pattern))
		return "success_pattern repeats too much";
	if (refers_back(pattern))
		return "success_pattern has a back-reference";
	if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return "success_pattern is not a POSIX extended regular expression";
	regfree(&compiled);
	return NULL;
}
