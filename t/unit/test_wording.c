/*
 * test_wording.c
 *	  Texts with slots: what is wrong with one, how it is filled in, how long
 *	  names are cut.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "smswording.h"
#include "tap.h"
#include "wording.h"

typedef struct FillCase
{
	const char *wording;
	const char *with;			/* a day */
	const char *without;
} FillCase;

/* {who} has a value, {day} may have none */
static const FillCase fills[] = {
	{"", "", ""},
	{"no slot", "no slot", "no slot"},
	{"{who}", "Asha", "Asha"},
	{"{who}{who}: {who}", "AshaAsha: Asha", "AshaAsha: Asha"},
	{"a[ on {day}].", "a on today.", "a."},
	{"[{day}]", "today", ""},
	{"[{day} for {who}] and [by {who} on {day}]", "today for Asha and by Asha on today", " and "},
	{"ગુજરાતી {who}ને[ {day}]", "ગુજરાતી Ashaને today", "ગુજરાતી Ashaને"},
};

static const char *const troubles[] = {
	"{", "}", "{who", "who}", "{}", "{ who}", "{who }", "{Who}", "{whose}", "{wh", "{{who}}", "{who}}",
	"[", "]", "[]", "[who]", "[{who}]", "{day}", "[{day}", "{day}]", "[[{day}]]", "[{day}{day}]", "[{day}]]", "[{day}][", "{who[{day}]}"
};

typedef struct CutCase
{
	const char *text;
	int			characters;
	const char *cut;
} CutCase;

static const CutCase cuts[] = {
	{"", 30, ""}, {"Indian Railways", 30, "Indian Railways"}, {"Indian Railways", 15, "Indian Railways"},
	{"Indian Railways", 14, "Indian"}, {"Indian Railways", 7, "Indian"}, {"Indian Railways", 6, "Indian"}, {"Indian Railways", 5, "India"},
	{"a  b", 3, "a"}, {"ગુજરાત મેટ્રો", 9, "ગુજરાત"}, {"ગુજરાત", 2, "ગુ"}, {"x", 0, ""}, {" x", 1, ""},
};

static void
test_fills(void)
{
	KycvsSlot	slots[] = {{"who", "Asha", false}, {"day", "today", true}};
	int			counts[KYCVS_SLOTS_MAX];
	size_t		i;

	for (i = 0; i < lengthof(fills); i++)
	{
		StringInfoData with;
		StringInfoData without;

		tap_ok(kycvs_wording_trouble(fills[i].wording, slots, lengthof(slots), counts) == NULL, "wording: nothing is wrong with \"%s\"", fills[i].wording);
		initStringInfo(&with);
		slots[1].value = "today";
		kycvs_wording_fill(&with, fills[i].wording, slots, lengthof(slots));
		tap_text(with.data, fills[i].with, "wording: \"%s\" filled in", fills[i].wording);
		initStringInfo(&without);
		slots[1].value = NULL;
		kycvs_wording_fill(&without, fills[i].wording, slots, lengthof(slots));
		tap_text(without.data, fills[i].without, "wording: \"%s\" without a day", fills[i].wording);
	}
	kycvs_wording_trouble("{who}{who}[{day}]", slots, lengthof(slots), counts);
	tap_ok(counts[0] == 2 && counts[1] == 1, "wording: slots are counted");
}

/* Whatever the values are, an OTP message that can be added has one run of six digits, and is not longer than it was said to be. */
static void
test_values(void)
{
	static const char *const wordings[] = {"{otp} {entity} {minutes}", "{entity}: {otp}, {minutes}{persons}", "{purpose}{entity}\n@a.example #{otp}", "{entity} {minutes}\n@a-1.example #{otp}"};
	static const char *const names[] = {"1 2 3", "99999", "Hotel 12345", "12345 Hotel of a very long name 12345", "{otp}", "[x]", "ગુજરાત મેટ્રો"};
	size_t		i;
	size_t		j;

	for (i = 0; i < lengthof(wordings); i++)
		for (j = 0; j < lengthof(names) && kycvs_sms_trouble(KYCVS_SMS_OTP, wordings[i]) == NULL; j++)
		{
			StringInfoData out;
			const char *c;
			int			runs = 0;

			initStringInfo(&out);
			kycvs_sms_fill(&out, wordings[i], &(KycvsSmsFacts) {"012345", names[j], "p-12345", 3, 6});
			for (c = out.data; *c; c += Max(strspn(c, "0123456789"), 1))
				runs += strspn(c, "0123456789") >= 6;
			tap_ok(runs == 1 && strstr(out.data, "012345") != NULL, "wording: one run of six digits in \"%s\"", out.data);
		}
}

void
test_wording(void)
{
	const KycvsSlot slots[] = {{"who", NULL, false}, {"day", NULL, true}};
	int			counts[KYCVS_SLOTS_MAX];
	size_t		i;

	test_fills();
	for (i = 0; i < lengthof(troubles); i++)
		tap_ok(kycvs_wording_trouble(troubles[i], slots, lengthof(slots), counts) != NULL, "wording: something is wrong with \"%s\"", troubles[i]);
	for (i = 0; i < lengthof(cuts); i++)
		tap_text(kycvs_cut_words(cuts[i].text, cuts[i].characters), cuts[i].cut, "wording: \"%s\" cut to %d characters", cuts[i].text, cuts[i].characters);
	test_values();
}
