/*
 * test_name.c
 *	  Folding and normalizing of names in the scripts of India.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "name.h"
#include "tap.h"

typedef struct NameCase
{
	const char *typed;
	const char *folded;
} NameCase;

static const NameCase cases[] = {
	{"Ramesh Patel", "patel ramesh"},
	{"PATEL RAMESH", "patel ramesh"},
	{"  Ramesh \u00A0 Patel ", "patel ramesh"},
	{"ramesh", "ramesh"},
	{"Shri Ramesh Patel", "patel ramesh"},
	{"SMT. Ramilaben Patel", "patel ramilaben"},
	{"Patel, Dr. Ramesh", "patel ramesh"},
	{"Dr.Ramesh", "ramesh"},
	{"Mr Ms Mrs Miss Sri Shrimati Ramesh", "ramesh"},
	{"Shri", "shri"},
	{"Dr. Shri", "dr shri"},
	{"Md. Rafiq", "md rafiq"},
	{"Meena Kumari", "kumari meena"},
	{"Drashti Shah", "drashti shah"},
	{"R.Patel", "patel r"},
	{"R. K. Patel", "k patel r"},
	{"A.P.J. Abdul Kalam", "a abdul j kalam p"},
	{"Abdul-Rahman", "abdul rahman"},
	{"Abdul\u2010Rahman (Khan)", "abdul khan rahman"},
	{"O'Neil", "oneil"},
	{"O\u2019Neil", "oneil"},
	{"O\u00B4Neil", "oneil"},
	{"O`Neil", "oneil"},
	{"O\u02BCNeil", "oneil"},
	{"O\uFF07Neil", "oneil"},
	{"\uFF32\uFF41\uFF4D\uFF45\uFF53\uFF48", "ramesh"},
	{"Jose\u0301", "jos\u00E9"},
	{"Jos\u00E9", "jos\u00E9"},
	{"Stra\u00DFe", "strasse"},
	{"III", "iii"},
	{"\u2162", "iii"},
	{"रमेश पटेल", "पटेल रमेश"},
	{"श्री रमेश पटेल", "पटेल रमेश"},
	{"श्रीमती रमिलाबेन पटेल", "पटेल रमिलाबेन"},
	{"डॉ. रमेश पटेल", "पटेल रमेश"},
	{"डॉ॰ रमेश पटेल", "पटेल रमेश"},
	{"सुश्री राधा", "राधा"},
	{"श्री", "श्री"},
	{"श्रीदेवी", "श्रीदेवी"},
	{"आर.पटेल", "आर पटेल"},
	{"शर्\u200Dमा", "शर्मा"},	/* zero width joiner and non-joiner */
	{"शर्\u200Cमा", "शर्मा"},
	{"\u095Bफर", "\u091C\u093Cफर"},	/* nukta, composed and not */
	{"\u091C\u093Cफर", "\u091C\u093Cफर"},
	{"રમેશ પટેલ", "પટેલ રમેશ"},
	{"શ્રી રમેશ પટેલ", "પટેલ રમેશ"},
	{"શ્રીમતી રમીલાબેન પટેલ", "પટેલ રમીલાબેન"},
	{"ડૉ. રમેશ પટેલ", "પટેલ રમેશ"},
	{"ડો. રમેશ", "રમેશ"},
	{"ડૉ.", "ડૉ"},
	{"Ramesh રમેશ रमेश", "ramesh रमेश રમેશ"},	/* sorted by code point */
	{"ramesh \U00011103", "ramesh \U00011103"}, /* a letter beyond the BMP */
	{"\uFF32 \U00011103", "r \U00011103"},
	{"\uFEFFRamesh\u00AD", "ramesh"},
};

static void
test_fold(void)
{
	char		folded[KYCVS_FOLDED_MAX + 1];
	char		again[KYCVS_FOLDED_MAX + 1];
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		tap_number(kycvs_name_fold(cases[i].typed, folded), 0, "name: \"%s\" is a name", cases[i].typed);
		tap_text(folded, cases[i].folded, "name: \"%s\" folded", cases[i].typed);
		tap_ok(kycvs_name_fold(folded, again) == 0 && strcmp(folded, again) == 0,
			   "name: \"%s\" folded twice", cases[i].typed);
	}
}

static void
test_nfc(void)
{
	char		nfc[16];
	char		page[4200];

	tap_ok(kycvs_name_nfc("Jose\u0301 D'Souza", nfc, sizeof(nfc)), "nfc: composes");
	tap_text(nfc, "Jos\u00E9 D'Souza", "nfc: changes nothing else");
	tap_ok(kycvs_name_nfc("", nfc, sizeof(nfc)) && nfc[0] == '\0', "nfc: nothing stays nothing");
	tap_ok(kycvs_name_nfc("123456789012345", nfc, sizeof(nfc)), "nfc: 15 bytes fit into 16");
	tap_ok(!kycvs_name_nfc("1234567890123456", nfc, sizeof(nfc)), "nfc: 16 bytes don't");
	tap_text(nfc, "", "nfc: what does not fit leaves nothing");
	tap_ok(!kycvs_name_nfc("a\xff", nfc, sizeof(nfc)), "nfc: not UTF-8");
	tap_ok(!kycvs_name_nfc("a", nfc, 0), "nfc: no room at all");

	memset(page, 'a', sizeof(page));
	page[4096] = '\0';
	tap_ok(kycvs_name_nfc(page, page, sizeof(page)), "nfc: 4096 units");
	memset(page, 'a', sizeof(page));
	page[4097] = '\0';
	tap_ok(!kycvs_name_nfc(page, page, sizeof(page)), "nfc: 4097 units");
}

static void
test_digits(void)
{
	static const NameCase digits[] = {
		{"98250 12345", "98250 12345"},
		{"९८२५०१२३४५", "9825012345"},
		{"૯૮૨૫૦૧૨૩૪૫", "9825012345"},
		{"\uFF0B\uFF19\uFF11\u300098250\u00A012345", "+91 98250 12345"},
		{"98250\u201112345", "98250-12345"},
		{"98250\u221212345", "98250-12345"},
		{"\U0001D7D7", "9"},
		{"\u00B2\u2460", "\u00B2\u2460"},	/* superscripts and circles are no digits */
		{"", ""},
	};
	char		ascii[64];
	size_t		i;

	for (i = 0; i < lengthof(digits); i++)
	{
		tap_ok(kycvs_ascii_digits(digits[i].typed, ascii, sizeof(ascii)), "digits: \"%s\"", digits[i].typed);
		tap_text(ascii, digits[i].folded, "digits: \"%s\" in ASCII", digits[i].typed);
	}
	tap_ok(kycvs_ascii_digits("९८२", ascii, 4), "digits: just fit");
	tap_ok(!kycvs_ascii_digits("९८२", ascii, 3), "digits: don't fit");
	tap_ok(!kycvs_ascii_digits("", ascii, 0), "digits: no room at all");
	tap_ok(!kycvs_ascii_digits("12\xe0\xa5", ascii, sizeof(ascii)), "digits: cut off in a character");
	tap_ok(!kycvs_ascii_digits("12\xc0\xb1", ascii, sizeof(ascii)), "digits: overlong form");
}

void
test_name(void)
{
	test_fold();
	test_nfc();
	test_digits();
}
