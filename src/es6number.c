/*
 * es6number.c
 *	  Number::toString of ECMAScript, for finite IEEE 754 doubles.
 *
 * The text has the fewest digits that read back as the same double and, among
 * those, is the closest to it.  PostgreSQL's own shortest output can't be used:
 * it takes the interval of decimals that read back as the double to be open,
 * while a reader that rounds ties to even accepts the ends of the interval of
 * an even mantissa (1e23 is such an end).
 *
 * With k digits at most two decimals are worth a try, the two that enclose the
 * double.  The C library prints the nearer one, correctly rounded and ties to
 * even; if it does not read back, the other one is farther away and does not
 * either - but for a power of two, whose neighbour above is twice as far as the
 * one below: there the nearer decimal may lie below, out of reach, and the one
 * above still within it.
 *
 * Signed documents hold integers only, so that nothing here is in a hurry.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include <math.h>

#include "es6number.h"

#define DIGITS_MAX 17			/* enough for every double */

/* digits[0] . digits[1] digits[2] ... * 10^exponent */
typedef struct Decimal
{
	char		digits[DIGITS_MAX + 2];
	int			count;
	int			exponent;
} Decimal;

/* The nearest decimal of "count" digits. */
static void
round_to(double value, int count, Decimal *decimal)
{
	char		text[KYCVS_ES6_NUMBER_MAX];
	const char *fraction = text + (count > 1 ? 2 : 1);

	snprintf(text, sizeof(text), "%.*e", count - 1, value);
	decimal->digits[0] = text[0];
	memcpy(decimal->digits + 1, fraction, count - 1);
	decimal->digits[count] = '\0';
	decimal->count = count;
	decimal->exponent = atoi(fraction + count);
}

/* The next decimal of as many digits. */
static void
step_up(Decimal *decimal)
{
	int			i = decimal->count - 1;

	while (i >= 0 && decimal->digits[i] == '9')
		decimal->digits[i--] = '0';
	if (i >= 0)
		decimal->digits[i]++;
	else
	{
		decimal->digits[0] = '1';
		decimal->exponent++;
	}
}

static bool
reads_back(const Decimal *decimal, double value)
{
	char		text[KYCVS_ES6_NUMBER_MAX];

	snprintf(text, sizeof(text), "%c.%se%d",
			 decimal->digits[0], decimal->digits + 1, decimal->exponent);
	return strtod(text, NULL) == value;
}

static bool
is_power_of_two(double value)
{
	int			exponent;

	return frexp(value, &exponent) == 0.5;
}

static void
shorten(double value, Decimal *decimal)
{
	for (int count = 1; count <= DIGITS_MAX; count++)
	{
		round_to(value, count, decimal);
		if (reads_back(decimal, value))
			return;
		if (!is_power_of_two(value))
			continue;
		step_up(decimal);
		if (reads_back(decimal, value))
			return;
	}
}

/* 1.5e+300, 1e-7 */
static int
print_exponential(const Decimal *decimal, char *text, size_t size)
{
	return snprintf(text, size, "%c%s%se%+d", decimal->digits[0],
					decimal->count > 1 ? "." : "", decimal->digits + 1,
					decimal->exponent);
}

/* 1500, 15.25, 0.0015; the exponent is from -6 to 20 */
static int
print_plain(const Decimal *decimal, char *text, size_t size)
{
	int			whole = decimal->exponent + 1;	/* digits before the point */

	if (whole <= 0)
		return snprintf(text, size, "0.%.*s%s", -whole, "000000", decimal->digits);
	if (whole >= decimal->count)
		return snprintf(text, size, "%s%.*s", decimal->digits,
						whole - decimal->count, "00000000000000000000");
	return snprintf(text, size, "%.*s.%s", whole, decimal->digits,
					decimal->digits + whole);
}

int
kycvs_es6_number(double value, char text[KYCVS_ES6_NUMBER_MAX])
{
	Decimal		decimal;
	int			sign = 0;

	if (value == 0)				/* minus zero too */
		return snprintf(text, KYCVS_ES6_NUMBER_MAX, "0");
	if (value < 0)
		text[sign++] = '-';
	shorten(fabs(value), &decimal);
	if (decimal.exponent < -6 || decimal.exponent >= 21)
		return sign + print_exponential(&decimal, text + sign, KYCVS_ES6_NUMBER_MAX - sign);
	return sign + print_plain(&decimal, text + sign, KYCVS_ES6_NUMBER_MAX - sign);
}
