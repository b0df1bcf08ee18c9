/*
 * test_mobile.c
 *	  The forms in which people type a mobile number.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "mobile.h"
#include "refusal.h"
#include "tap.h"

typedef struct MobileCase
{
	const char *typed;
	const char *e164;			/* "": refused */
	const char *countries;
} MobileCase;

#define RAMESH "+919825012345"

static const MobileCase cases[] = {
	{"9825012345", RAMESH, NULL},
	{"9825012345", RAMESH, ""},
	{"09825012345", RAMESH, NULL},
	{"919825012345", RAMESH, NULL},
	{"+919825012345", RAMESH, NULL},
	{"00919825012345", RAMESH, NULL},
	{"+91 98250 12345", RAMESH, NULL},
	{"+91-98250-12345", RAMESH, NULL},
	{"(+91) 98250.12345", RAMESH, NULL},
	{"0091 (98250) 12345", RAMESH, NULL},
	{" 98250 12345 ", RAMESH, NULL},
	{"0 98250 12345", RAMESH, NULL},
	{"6000000000", "+916000000000", NULL},
	{"9198250123", "+919198250123", NULL},	/* ten digits that begin like the country's code */
	{"919198250123", "+919198250123", NULL},
	{"5825012345", "", NULL},
	{"0825012345", "", NULL},
	{"982501234", "", NULL},
	{"98250123456", "", NULL},
	{"+9825012345", "", NULL},
	{"+91982501234", "", NULL},
	{"+9198250123456", "", NULL},
	{"+915825012345", "", NULL},
	{"0919825012345", "", NULL},
	{"+9109825012345", "", NULL},
	{"++919825012345", "", NULL},
	{"91+9825012345", "", NULL},
	{"+009198250 12345", "", NULL},
	{"000919825012345", "", NULL},
	{"", "", NULL},
	{"+", "", NULL},
	{"00", "", NULL},
	{"0", "", NULL},
	{" ", "", NULL},
	{"98250x12345", "", NULL},
	{"98250\t12345", "", NULL},
	{"9825012345\n", "", NULL},
	{"98250/12345", "", NULL},
	{"९८२५०१२३४५", "", NULL},	/* other scripts are the caller's to turn into ASCII */
	{"\xff\xfe", "", NULL},
	{"98250                                                      12345", RAMESH, NULL},	/* 64 bytes */
	{"98250                                                       12345", "", NULL},	/* 65 bytes */
	{"+971501234567", "", NULL},
	{"+971501234567", "", "44,1"},
	{"+971501234567", "+971501234567", "971"},
	{"00971 50 123 4567", "+971501234567", "1,971"},
	{"00971 50 123 4567", "+971501234567", "1, 44 , 971"},
	{"971501234567", "", "971"},	/* without plus sign or 00 it is an Indian number or none */
	{"+12025550123", "+12025550123", "1,44"},
	{"+44 7700 900123", "+447700900123", "1,44"},
	{"+1202555", "", "1"},		/* 7 digits */
	{"+12025550", "+12025550", "1"},	/* 8 */
	{"+123456789012345", "+123456789012345", "1"},	/* 15 */
	{"+1234567890123456", "", "1"}, /* 16 */
	{"+915825012345", "", "9"},	/* no list makes India's numbers looser */
	{"+91982501234567", "", "91"},
	{"+971501234567", "", "x,971"},
};

static void
test_forms(void)
{
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		char		e164[KYCVS_E164_MAX + 1];
		int			code = kycvs_mobile_parse(cases[i].typed, cases[i].countries, e164);
		bool		accepted = cases[i].e164[0] != '\0';

		tap_text(e164, cases[i].e164, "mobile: form %d", (int) i);
		tap_number(code, accepted ? 0 : KV_MOBILE_INVALID, "mobile: code for form %d", (int) i);
	}
}

static void
test_mask(void)
{
	char		masked[11];

	kycvs_mobile_mask("+919825012345", masked);
	tap_text(masked, "XXXXXX2345", "mobile: masked");
	kycvs_mobile_mask("+12025550", masked);
	tap_text(masked, "XXXXXX5550", "mobile: the shortest number masked");
	kycvs_mobile_mask("", masked);
	tap_text(masked, "XXXXXXXXXX", "mobile: nothing masked");
}

static void
test_countries(void)
{
	static const char *const good[] = {"", " ", "1", "971", "1,44,971", " 1 , 44 ", "91"};
	static const char *const bad[] = {",", "1,", ",1", "1,,44", "0", "044", "9711", "+1", "a", "1 44", "1;44", "1, "};
	size_t		i;

	tap_ok(kycvs_countries_valid(NULL), "mobile: no list of countries is valid");
	for (i = 0; i < lengthof(good); i++)
		tap_ok(kycvs_countries_valid(good[i]), "mobile: countries \"%s\" are valid", good[i]);
	for (i = 0; i < lengthof(bad); i++)
		tap_ok(!kycvs_countries_valid(bad[i]), "mobile: countries \"%s\" are refused", bad[i]);
}

void
test_mobile(void)
{
	test_forms();
	test_mask();
	test_countries();
}
