/*
 * test_family.c
 *	  Whom of the persons that share a mobile a name means.  The worst error is
 *	  a relative's answer.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "namescore.h"
#include "tap.h"

#define PERSONS			6

typedef struct FamilyCase
{
	const char *persons[PERSONS];
	const char *typed;
	int			chosen;			/* -1: none */
	KycvsMatch	match;
} FamilyCase;

#define NONE			-1, KYCVS_MATCH_NONE
#define EXACT(i)		i, KYCVS_MATCH_EXACT
#define VARIANT(i)		i, KYCVS_MATCH_VARIANT

static const FamilyCase cases[] = {
	/* brothers */
	{{"Ramesh Patel", "Rakesh Patel", "Rajesh Patel", "Ramnesh Patel"}, "Ramesh Patel", EXACT(0)},
	{{"Ramesh Patel", "Rakesh Patel", "Rajesh Patel", "Ramnesh Patel"}, "રાકેશ પટેલ", VARIANT(1)},
	{{"Ramesh Patel", "Rakesh Patel", "Rajesh Patel", "Ramnesh Patel"}, "Patel Rajeshbhai", VARIANT(2)},
	{{"Ramesh Patel", "Rakesh Patel", "Rajesh Patel", "Ramnesh Patel"}, "रामनेश पटेल", VARIANT(3)},
	{{"Ramesh Patel", "Rajesh Patel"}, "Rakesh Patel", NONE},
	{{"Ramesh Patel", "Rajesh Patel"}, "રાકેશ પટેલ", NONE},
	{{"Ramesh Patel", "Rajesh Patel", "Rakesh Patel"}, "Ramnesh Patel", NONE},
	{{"Ramesh Patel", "Rajesh Patel", "Rakesh Patel"}, "रामनेश पटेल", NONE},
	{{"Rajesh Patel", "Rakesh Patel", "Ramnesh Patel"}, "રમેશ પટેલ", NONE},
	{{"RAMESHBHAI PATEL", "RAKESHBHAI PATEL"}, "રમેશ પટેલ", VARIANT(0)},
	{{"RAMESHBHAI PATEL", "RAKESHBHAI PATEL"}, "Rakesh", VARIANT(1)},
	{{"सुरेश यादव", "नरेश यादव"}, "Naresh Yadav", VARIANT(1)},
	{{"सुरेश यादव", "नरेश यादव"}, "Mahesh Yadav", NONE},
	{{"Mohammad Asif", "Mohammad Arif"}, "मो. आरिफ", VARIANT(1)},
	{{"Mohammad Asif", "Mohammad Arif"}, "Mohd", NONE},
	{{"Md. Asif"}, "Mohammad Arif", NONE},
	{{"Gurpreet Singh", "Harpreet Singh"}, "ਹਰਪ੍ਰੀਤ ਸਿੰਘ", VARIANT(1)},
	{{"K. Murugan", "M. Murugan"}, "எம். முருகன்", VARIANT(1)},
	{{"K. Murugan", "M. Murugan"}, "முருகன்", NONE},
	{{"K. Murugan", "M. Murugan"}, "S. Murugan", NONE},
	{{"Surendra Rao", "Narendra Rao", "Mahendra Rao"}, "నరేంద్ర రావు", VARIANT(1)},
	{{"Subhash Ghosh", "Prakash Ghosh"}, "সুভাষ ঘোষ", VARIANT(0)},
	{{"Anil Sahu", "Sunil Sahu"}, "ସୁନିଲ ସାହୁ", VARIANT(1)},
	{{"Ravi Gowda", "Raju Gowda"}, "ರವಿ ಗೌಡ", VARIANT(0)},
	{{"Rajan Nair", "Ramesan Nair"}, "രാജൻ നായർ", VARIANT(0)},
	/* one letter apart */
	{{"Amit Shah"}, "Ajit Shah", NONE},
	{{"Anil Shah"}, "Sunil Shah", NONE},
	{{"Ramesh Shah"}, "Rajesh Shah", NONE},
	{{"Rita Shah"}, "Gita Shah", NONE},
	{{"Rita Shah", "Gita Shah", "Mita Shah"}, "ગીતા શાહ", VARIANT(1)},
	/* husbands, wives and children */
	{{"Ramesh Patel", "Kokila Ramesh Patel"}, "Kokilaben Rameshbhai Patel", VARIANT(1)},
	{{"Ramesh Patel"}, "Kokila Ramesh Patel", NONE},
	{{"Kokila Ramesh Patel"}, "Ramesh Patel", NONE},
	{{"Ramesh Kantilal Patel", "Kantilal Patel"}, "કાંતિલાલ પટેલ", VARIANT(1)},
	{{"Kantilal Patel"}, "Ramesh Kantilal Patel", NONE},
	{{"Kantilal Zaveri"}, "Ramesh Kantilal Zaveri", NONE},
	{{"Ramesh Kantilal Patel"}, "Suresh Kantilal Patel", NONE},
	{{"Arun Kumar", "Aruna Kumari"}, "अरुणा कुमारी", VARIANT(1)},
	{{"Arun Kumar"}, "Aruna Kumari", NONE},
	{{"Sunil Verma"}, "Sunita Verma", NONE},
	{{"Sunil Verma"}, "Sunila Verma", NONE},
	{{"Kiran Patel", "Kiranben Patel"}, "Kiranben Patel", EXACT(1)},
	{{"Kiran Patel", "Kiranben Patel"}, "કિરણબેન પટેલ", NONE},
	{{"Kiranbhai Patel", "Kiranben Patel"}, "કિરણબેન પટેલ", VARIANT(1)},
	{{"Kiranbhai Patel"}, "Kiranben Patel", NONE},
	{{"Anil Kumar"}, "Anil Kumari", NONE},
	/* namesakes */
	{{"Ramesh Patel", "Patel Ramesh"}, "Ramesh Patel", NONE},
	{{"Ramesh Patel", "रमेश पटेल"}, "Ramesh Patel", NONE},
	{{"Ramesh Patel", "रमेश पटेल"}, "રમેશ પટેલ", NONE},
	{{"K. A. Raman", "A. K. Raman"}, "K. A. Raman", NONE},
	/* initials */
	{{"Ramesh Patel", "Rakesh Patel"}, "R. Patel", NONE},
	{{"Ramesh Patel", "Sunita Patel"}, "R. Patel", VARIANT(0)},
	{{"Ramesh Patel", "R. Patel"}, "R. Patel", EXACT(1)},
	{{"A. K. Raman", "B. K. Raman"}, "बी.के. रमन", VARIANT(1)},
	{{"A. K. Raman"}, "B. K. Raman", NONE},
	/* not enough said */
	{{"Ramesh Patel"}, "Patel", NONE},
	{{"Ramesh Patel", "Sunita Patel"}, "પટેલ", NONE},
	{{"Ramesh Patel"}, "R.", NONE},
	/* the whole mobile, of six */
	{{"Anil Shah", "Sunil Shah", "Meena Shah", "Baby Shah", "Anita Anil Shah", "Dada Shah"}, "અનિલ શાહ", VARIANT(0)},
	{{"Anil Shah", "Sunil Shah", "Meena Shah", "Baby Shah", "Anita Anil Shah", "Dada Shah"}, "Anita A. Shah", VARIANT(4)},
	{{"Anil Shah", "Sunil Shah", "Meena Shah", "Baby Shah", "Anita Anil Shah", "Dada Shah"}, "मीना शाह", VARIANT(2)},
	{{"Anil Shah", "Sunil Shah", "Meena Shah", "Baby Shah", "Anita Anil Shah", "Dada Shah"}, "Shah", NONE},
	{{NULL}, "Ramesh Patel", NONE},
};

static void
test_families(void)
{
	KycvsCandidates names;
	char		folded[KYCVS_FOLDED_MAX + 1];
	size_t		i;
	int			k;

	for (i = 0; i < lengthof(cases); i++)
	{
		const FamilyCase *family = &cases[i];
		KycvsMatch	match;

		memset(&names, 0, sizeof(names));
		for (k = 0; k < PERSONS && family->persons[k] != NULL; k++)
			tap_number(kycvs_name_fold(family->persons[k], names.folded[k]), 0, "family: \"%s\" is a name", family->persons[k]);
		tap_number(kycvs_name_fold(family->typed, folded), 0, "family: \"%s\" is a name", family->typed);
		kycvs_candidates_read(&names, PERSONS);
		tap_number(kycvs_name_choose(folded, &names, &match), family->chosen,
				   "family: \"%s\" among \"%s\" and %d more", family->typed, k > 0 ? family->persons[0] : "", Max(k - 1, 0));
		tap_number(match, family->match, "family: and how it matches");
	}
}

/* Settings are read at each decision; the best must lead by the margin. */
static void
test_settings(void)
{
	KycvsCandidates both = {.folded = {"patel ramesh", "patel rameshkumar"}};
	KycvsCandidates one = {.folded = {"patel ramesh"}};
	double		threshold = kycvs_name_threshold;
	double		margin = kycvs_name_margin;
	KycvsMatch	match;

	kycvs_candidates_read(&both, 2);
	kycvs_candidates_read(&one, 1);
	kycvs_name_margin = 0;
	tap_number(kycvs_name_choose("રમેશ પટેલ", &both, &match), 0, "family: without a margin the better is chosen");
	kycvs_name_margin = 0.1;
	tap_number(kycvs_name_choose("રમેશ પટેલ", &both, &match), -1, "family: with one neither is");
	tap_number(kycvs_name_choose("r પટેલ", &one, &match), 0, "family: words of two scripts are compared each");
	kycvs_name_threshold = 0.99;
	tap_number(kycvs_name_choose("patel r", &one, &match), -1, "family: a threshold may ask for more");
	kycvs_name_threshold = threshold;
	kycvs_name_margin = margin;
	tap_number(kycvs_name_choose("patel r", &one, &match), 0, "family: or for less");
}

static int
choose(const char *wanted, const char *a, const char *b, const char *c, KycvsMatch *match)
{
	KycvsCandidates candidates;

	memset(&candidates, 'x', sizeof(candidates));
	strlcpy(candidates.folded[0], a, sizeof(candidates.folded[0]));
	strlcpy(candidates.folded[1], b, sizeof(candidates.folded[1]));
	strlcpy(candidates.folded[2], c, sizeof(candidates.folded[2]));
	kycvs_candidates_read(&candidates, 3);
	return kycvs_name_choose(wanted, &candidates, match);
}

static void
test_choose(void)
{
	char		longest[KYCVS_FOLDED_MAX + 1];
	KycvsCandidates nobody = {0};
	KycvsMatch	match;

	tap_number(choose("patel ramesh", "patel rita", "patel ramesh", "", &match), 1, "family: one candidate is equal");
	tap_number(match, KYCVS_MATCH_EXACT, "family: and matches exactly");
	tap_number(choose("a", "a", "b", "c", &match), 0, "family: the first candidate");
	tap_number(choose("c", "a", "b", "c", &match), 2, "family: the last candidate");
	tap_number(choose("d", "a", "b", "c", &match), -1, "family: no candidate is equal");
	tap_number(match, KYCVS_MATCH_NONE, "family: and none matches");
	tap_number(choose("a", "a", "b", "a", &match), -1, "family: two candidates are equal");
	tap_number(match, KYCVS_MATCH_NONE, "family: and none of them matches");
	tap_number(choose("patel", "patel ramesh", "pat", "", &match), -1, "family: a beginning is not equal");
	tap_number(choose("", "", "", "", &match), -1, "family: padding is no candidate");
	tap_number(kycvs_name_choose("a", &nobody, &match), -1, "family: no candidates at all");
	tap_number(match, KYCVS_MATCH_NONE, "family: and no match");

	memset(longest, 'z', KYCVS_FOLDED_MAX);
	longest[KYCVS_FOLDED_MAX] = '\0';
	tap_number(choose(longest, "a", longest, "z", &match), 1, "family: the longest name");
}

void
test_family(void)
{
	test_families();
	test_settings();
	test_choose();
}
