/*
 * mobile.c
 *	  Mobile numbers in E.164 form (ITU-T E.164).
 *
 * People type a number in many ways; one person's number must always become
 * the same text, because the registry finds it by a keyed hash.  So whatever is
 * not understood for certain is refused rather than guessed at:
 *
 *	+91 98250 12345, 0091..., 91...		the country's code, ten digits
 *	098250 12345						the trunk prefix, ten digits
 *	98250 12345							ten digits
 *
 * Spaces, dashes, dots and parentheses may stand anywhere.  Numbers of other
 * countries need their code behind a plus sign or 00, and the code must be
 * listed; of them only the length is known, 8 to 15 digits in all.
 *
 * Everything is ASCII and compared byte for byte; no locale takes part.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "mobile.h"
#include "refusal.h"

#define INDIA			"91"
#define INDIA_DIGITS	10
#define E164_MIN_DIGITS 8
#define E164_MAX_DIGITS 15
#define CODE_MAX_DIGITS 3

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ornament(char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')';
}

/*
 * Copies the digits of "typed", and a plus sign that precedes them all.  False
 * when there is anything else, or too much.
 */
static bool
compact(const char *typed, char number[KYCVS_MOBILE_MAX + 1])
{
	int			length = 0;
	int			i;

	for (i = 0; typed[i] != '\0'; i++)
	{
		if (i == KYCVS_MOBILE_MAX)
			return false;
		if (is_digit(typed[i]) || (typed[i] == '+' && length == 0))
			number[length++] = typed[i];
		else if (!is_ornament(typed[i]))
			return false;
	}
	number[length] = '\0';
	return true;
}

static bool
is_indian(const char *national)
{
	return strlen(national) == INDIA_DIGITS && national[0] >= '6';
}

/*
 * Takes the next code off a list.  1: there was one; 0: the list is at its end;
 * -1: it is not a list of country codes.
 */
static int
next_code(const char **list, char code[CODE_MAX_DIGITS + 1])
{
	const char *at = *list + strspn(*list, " ");
	int			length = 0;

	if (*at == '\0')
		return 0;
	while (is_digit(at[length]) && length < CODE_MAX_DIGITS)
	{
		code[length] = at[length];
		length++;
	}
	code[length] = '\0';
	if (length == 0 || code[0] == '0')
		return -1;

	at += length;
	at += strspn(at, " ");
	if (*at == ',')
	{
		at++;
		at += strspn(at, " ");
		if (*at == '\0')
			return -1;
	}
	else if (*at != '\0')
		return -1;
	*list = at;
	return 1;
}

static bool
is_listed(const char *digits, const char *countries)
{
	char		code[CODE_MAX_DIGITS + 1];

	while (countries != NULL && next_code(&countries, code) == 1)
	{
		if (strncmp(digits, code, strlen(code)) == 0)
			return true;
	}
	return false;
}

/* "digits" begin with a country's code. */
static bool
is_international(const char *digits, const char *countries)
{
	size_t		length = strlen(digits);

	if (strncmp(digits, INDIA, strlen(INDIA)) == 0)
		return is_indian(digits + strlen(INDIA));
	return length >= E164_MIN_DIGITS && length <= E164_MAX_DIGITS &&
		is_listed(digits, countries);
}

/* A number without a plus sign or 00 in front is an Indian one: returns its ten digits, or NULL. */
static const char *
find_national(const char *digits)
{
	if (is_indian(digits))
		return digits;
	if (digits[0] == '0' && is_indian(digits + 1))
		return digits + 1;
	if (strncmp(digits, INDIA, strlen(INDIA)) == 0 && is_indian(digits + strlen(INDIA)))
		return digits + strlen(INDIA);
	return NULL;
}

int
kycvs_mobile_parse(const char *typed, const char *countries, char e164[KYCVS_E164_MAX + 1])
{
	char		number[KYCVS_MOBILE_MAX + 1];
	const char *international = NULL;
	const char *national;

	e164[0] = '\0';
	if (!compact(typed, number))
		return KV_MOBILE_INVALID;

	if (number[0] == '+')
		international = number + 1;
	else if (strncmp(number, "00", 2) == 0)
		international = number + 2;

	if (international != NULL)
	{
		if (!is_international(international, countries))
			return KV_MOBILE_INVALID;
		snprintf(e164, KYCVS_E164_MAX + 1, "+%s", international);
		return 0;
	}

	national = find_national(number);
	if (national == NULL)
		return KV_MOBILE_INVALID;
	snprintf(e164, KYCVS_E164_MAX + 1, "+" INDIA "%s", national);
	return 0;
}

void
kycvs_mobile_mask(const char *e164, char masked[11])
{
	size_t		length = strlen(e164);

	snprintf(masked, 11, "XXXXXX%s", length < 4 ? "XXXX" : e164 + length - 4);
}

bool
kycvs_countries_valid(const char *countries)
{
	char		code[CODE_MAX_DIGITS + 1];
	int			found = 1;

	while (countries != NULL && found == 1)
		found = next_code(&countries, code);
	return found >= 0;
}
