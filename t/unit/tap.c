/*
 * tap.c
 *	  The little of the Test Anything Protocol that the unit tests need.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "tap.h"

#define HEX_MAX 2048

static int	tests = 0;
static int	failures = 0;

static bool report(bool passed, const char *fmt, va_list args) pg_attribute_printf(2, 0);

static bool
report(bool passed, const char *fmt, va_list args)
{
	tests++;
	failures += !passed;
	printf("%sok %d - ", passed ? "" : "not ", tests);
	vprintf(fmt, args);
	printf("\n");
	return passed;
}

bool
tap_ok(bool passed, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	report(passed, fmt, args);
	va_end(args);
	return passed;
}

bool
tap_number(int64 got, int64 expected, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	if (!report(got == expected, fmt, args))
		printf("# got %lld, expected %lld\n", (long long) got, (long long) expected);
	va_end(args);
	return got == expected;
}

bool
tap_text(const char *got, const char *expected, const char *fmt,...)
{
	bool		equal = strcmp(got, expected) == 0;
	va_list		args;

	va_start(args, fmt);
	if (!report(equal, fmt, args))
		printf("# got \"%s\", expected \"%s\"\n", got, expected);
	va_end(args);
	return equal;
}

bool
tap_bytes(const void *got, size_t length, const char *hex, const char *fmt,...)
{
	char		text[HEX_MAX + 1] = "";
	bool		equal;
	size_t		i;
	va_list		args;

	for (i = 0; i < length && 2 * i < HEX_MAX; i++)
		snprintf(text + 2 * i, 3, "%02x", ((const unsigned char *) got)[i]);
	equal = strcmp(text, hex) == 0;

	va_start(args, fmt);
	if (!report(equal, fmt, args))
		printf("# got %s, expected %s\n", text, hex);
	va_end(args);
	return equal;
}

int
tap_finish(void)
{
	printf("1..%d\n", tests);
	return failures == 0 ? 0 : 1;
}
