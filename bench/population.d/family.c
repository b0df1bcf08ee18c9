/*
 * family.c
 *	  Families: who shares a mobile, born when and called what.
 *
 * Persons come in blocks of 10,250 that hold 5,000 whole families.  Within a
 * block their order is scattered: a person's rows follow each other, the rows
 * of a family don't, as in a nation's exports by time and centre.
 *
 * To make a person, the whole family is made: a name may hold the father's, a
 * birth year follows the parents', and no two have the same given name.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include "population.h"

#define WHEEL			2048	/* positions of a wheel, on which names have their shares */

/* ---- wheels: who is how common ---- */

static unsigned char community_wheel[1000];
static unsigned char name_wheels[COMMUNITIES][NAME_KINDS][WHEEL];

/* Position i of the wheel belongs to the first name whose cumulated weight is beyond its share. */
static void
fill_name_wheel(unsigned char *wheel, int n)
{
	uint64_t	total = 0;
	uint64_t	sum = 0;
	int			at = 0;
	int			i;

	for (i = 0; i < n; i++)
		total += 1000000 / (i + 3);
	for (i = 0; i < n; i++)
	{
		sum += 1000000 / (i + 3);
		while (at < WHEEL && at * total < sum * WHEEL)
			wheel[at++] = (unsigned char) i;
	}
}

void
fill_wheels(void)
{
	int			at = 0;
	int			c;
	int			kind;

	for (c = 0; c < COMMUNITIES; c++)
	{
		memset(community_wheel + at, c, communities[c].permille);
		at += communities[c].permille;
		for (kind = 0; kind < NAME_KINDS; kind++)
			fill_name_wheel(name_wheels[c][kind], communities[c].lists[kind].n);
	}
}

const Name *
pick_name(Random *random, int community, NameKind kind)
{
	return &communities[community].lists[kind].names[name_wheels[community][kind][below(random, WHEEL)]];
}

const char *
pick_form(Random *random, const Form *forms)
{
	int			share = below(random, 100);

	while (share >= forms->percent)
		share -= (forms++)->percent;
	return forms->words;
}

/* ---- families ---- */

/*
 * Who lives in a family of so many: H and W are a man and a woman who head it,
 * S is H's wife, C a child, F and M are the head's father and mother.
 */
static const Form plans[FAMILY_MAX][5] = {
	{{"H", 56}, {"W", 44}},
	{{"HS", 56}, {"WC", 18}, {"HC", 10}, {"HM", 10}, {"WM", 6}},
	{{"HSC", 78}, {"WCC", 12}, {"HSM", 10}},
	{{"HSCC", 76}, {"HSCM", 14}, {"WCCC", 6}, {"HSFM", 4}},
	{{"HSCCC", 52}, {"HSCCM", 28}, {"HSCFM", 20}},
	{{"HSCCCC", 35}, {"HSCCCM", 35}, {"HSCCFM", 30}}
};

/* Of 100 families, how many have 1 to 6 members. */
static const int sizes[FAMILY_MAX] = {44, 28, 14, 9, 3, 2};

#define GROUP_FAMILIES	100
#define GROUP_PERSONS	205
#define BLOCK_GROUPS	50
#define BLOCK_PERSONS	(BLOCK_GROUPS * GROUP_PERSONS)
#define BLOCK_HALF		7		/* 2^14 is at least BLOCK_PERSONS */

/* Where person "number" (from 0) lives: the family's number and size, and the place in it. */
int
find_family(uint64_t number, Family *family)
{
	uint64_t	block = number / BLOCK_PERSONS;
	int			at = (int) scatter(key_of(PURPOSE_ORDER, block), number % BLOCK_PERSONS, BLOCK_HALF, BLOCK_PERSONS);
	int			rest = at % GROUP_PERSONS;
	int			before = 0;
	int			size = 1;

	while (rest >= sizes[size - 1] * size)
	{
		rest -= sizes[size - 1] * size;
		before += sizes[size - 1];
		size++;
	}
	family->size = size;
	family->number = (block * BLOCK_GROUPS + at / GROUP_PERSONS) * GROUP_FAMILIES + before + rest / size;
	return rest % size;
}

/* A head without children at home. */
static int
choose_head_year(Random *random, const char *plan)
{
	if (strpbrk(plan, "FM") != NULL)
		return 1999 - soon(random, 40);
	return (strchr(plan, 'S') != NULL ? 1998 : 2003) - soon(random, 66);
}

/*
 * From the youngest back to the head.  Nobody was born after 2010: children
 * that young were not vaccinated.
 */
static int
set_children(Random *random, Family *family, const char *plan)
{
	int			year = 2010 - soon(random, strpbrk(plan, "FM") != NULL ? 26 : 42);
	int			i;

	for (i = (int) (strrchr(plan, 'C') - plan); plan[i] == 'C'; i--)
	{
		family->members[i].born = year;
		if (plan[i - 1] == 'C')
			year -= chance(random, 20) ? 0 : 1 + soon(random, 3);	/* seldom twins */
	}
	return year - 23 - below(random, 9);
}

static void
set_births(Random *random, Family *family, const char *plan)
{
	int			head_year = strchr(plan, 'C') != NULL ? set_children(random, family, plan) : choose_head_year(random, plan);
	int			i;

	for (i = 0; i < family->size; i++)
	{
		Member	   *member = &family->members[i];

		if (member->role == 'S')
			member->born = head_year - 1 + below(random, 6);
		else if (strchr("FM", member->role) != NULL)
			member->born = head_year - 21 - below(random, 10);
		else if (member->role != 'C')
			member->born = head_year;
	}
}

static bool
is_taken(const Family *family, const Name *name, int members, int elders)
{
	int			i;

	for (i = 0; i < members; i++)
		if (family->members[i].given == name)
			return true;
	for (i = 0; i < elders; i++)
		if (family->elders[i] == name)
			return true;
	return false;
}

static bool
is_of_time(const Name *name, int born)
{
	return name->era == ANY || (name->era == OLD ? born <= 1988 : born >= 1976);
}

/* No two of a family have the same given name. */
static const Name *
pick_given(Random *random, const Family *family, bool female, int born, int members, int elders)
{
	const Name *name;

	do
		name = pick_name(random, family->community, female ? NAME_WOMAN : NAME_MAN);
	while (!is_of_time(name, born) || is_taken(family, name, members, elders));
	return name;
}

static const Name *
find_father(const Family *family, const Member *member)
{
	bool		man_heads = family->members[0].role == 'H';

	switch (member->role)
	{
		case 'S':
			return family->members[0].given;
		case 'C':
			return man_heads ? family->members[0].given : family->elders[2];
		case 'W':
			return family->elders[2];
		case 'F':
			return family->elders[1];
		default:
			return family->elders[0];
	}
}

static void
give_names(Random *random, Family *family)
{
	int			head_year = family->members[0].born;
	int			i;

	family->surname = pick_name(random, family->community, NAME_SURNAME);
	family->elders[0] = pick_given(random, family, false, head_year - 25, 0, 0);
	family->elders[1] = pick_given(random, family, false, head_year - 50, 0, 1);
	family->elders[2] = pick_given(random, family, false, head_year, 0, 2);
	for (i = 0; i < family->size; i++)
	{
		Member	   *member = &family->members[i];

		member->given = member->role == 'F' ? family->elders[0] :
			pick_given(random, family, member->female, member->born, i, lengthof(family->elders));
		member->father = find_father(family, member);
	}
}

/* Number and size are known. */
void
make_family(Family *family)
{
	Random		random = start(PURPOSE_FAMILY, family->number);
	const char *plan;
	int			i;

	family->community = community_wheel[below(&random, lengthof(community_wheel))];
	plan = pick_form(&random, plans[family->size - 1]);
	for (i = 0; i < family->size; i++)
	{
		family->members[i].role = plan[i];
		family->members[i].female = strchr("SWM", plan[i]) != NULL || (plan[i] == 'C' && chance(&random, 470));
	}
	set_births(&random, family, plan);
	give_names(&random, family);
}
