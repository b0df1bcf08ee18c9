/*
 * doses.c
 *	  Doses as they were given in India from January 2021 to March 2023.
 *
 * A birth year tells when somebody's turn came; most came soon.  The product
 * tells the interval, which for Covishield depended on the day of the first
 * dose.  The third is a precaution dose, 39 and later 26 weeks after the second.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <string.h>

#include "population.h"

/* Days are counted from 2021-01-16. */
#define DAY_2021_03_01	44
#define DAY_2021_03_22	65
#define DAY_2021_04_01	75
#define DAY_2021_05_01	105
#define DAY_2021_05_13	117
#define DAY_2021_05_14	118
#define DAY_2022_01_03	352
#define DAY_2022_01_10	359
#define DAY_2022_02_04	384
#define DAY_2022_03_16	424
#define DAY_2022_04_26	465
#define DAY_2022_05_03	472
#define DAY_2022_07_06	536
#define DAY_2022_08_12	573
#define DAY_2023_01_26	740
#define DAYS			805		/* to 2023-03-31 */

typedef struct Day
{
	char		date[40];
	int			year;
	int			month;			/* 0 to 11 */
	int			months;			/* since January 2021 */
} Day;

static Day	calendar[DAYS];

typedef enum ProductNumber
{
	COVISHIELD,
	COVAXIN,
	CORBEVAX,
	SPUTNIK_V,
	SPUTNIK_LIGHT,
	COVOVAX,
	ZYCOV_D,
	ZYCOV_D_3MG,
	INCOVACC,
	COMIRNATY,
	MODERNA,
	VAXZEVRIA,
	JANSSEN
} ProductNumber;

/*
 * In a batch number "y" is the year, "d" its last digit, "m" a letter for the
 * month, "#" a digit.  The first pattern is twice as common as the second.
 */
typedef struct Product
{
	const char *code;
	int			doses;			/* before a precaution dose */
	int			interval;		/* days */
	int			since;
	const char *batches[2];
} Product;

static const Product products[] = {
	[COVISHIELD] = {"COVISHIELD", 2, 84, 0, {"412dZ###", "412dMC###"}},
	[COVAXIN] = {"COVAXIN", 2, 28, 0, {"37my###A", "37my###A"}},
	[CORBEVAX] = {"CORBEVAX", 2, 28, DAY_2022_03_16, {"E01my###", "E01my###"}},
	[SPUTNIK_V] = {"SPUTNIK-V", 2, 21, DAY_2021_05_14, {"SPV-y-###", "SPV-y-###"}},
	[SPUTNIK_LIGHT] = {"SPUTNIK-LIGHT", 1, 0, DAY_2022_02_04, {"SPL-y-###", "SPL-y-###"}},
	[COVOVAX] = {"COVOVAX", 2, 21, DAY_2022_05_03, {"612dNV###", "612dNV###"}},
	[ZYCOV_D] = {"ZYCOV-D", 3, 28, DAY_2022_02_04, {"ZDNAy###", "ZDNAy###"}},
	[ZYCOV_D_3MG] = {"ZYCOV-D-3MG", 2, 28, DAY_2022_04_26, {"ZDNTy###", "ZDNTy###"}},
	[INCOVACC] = {"INCOVACC", 2, 28, DAY_2023_01_26, {"58my###A", "58my###A"}},
	[COMIRNATY] = {"COMIRNATY", 2, 21, DAY_2021_03_01, {"FAy###dE", "EWy###d1"}},
	[MODERNA] = {"MODERNA", 2, 28, DAY_2021_03_01, {"0y#d##1A", "30#d##yA"}},
	[VAXZEVRIA] = {"VAXZEVRIA", 2, 84, DAY_2021_03_01, {"ABWy###d", "ABXy###d"}},
	[JANSSEN] = {"JANSSEN", 1, 0, DAY_2021_05_01, {"XDy###d2", "XEy###d2"}}
};

/* By birth year: when their turn came, in how many days, and in percent who took 0 to 3 doses. */
typedef struct AgeGroup
{
	int			born_until;
	int			since;
	int			spread;
	int			percent[DOSES_MAX + 1];
} AgeGroup;

static const AgeGroup age_groups[] = {
	{1961, DAY_2021_03_01, 220, {7, 11, 61, 21}},
	{1976, DAY_2021_04_01, 250, {8, 12, 66, 14}},
	{2003, DAY_2021_05_01, 320, {9, 14, 67, 10}},
	{2007, DAY_2022_01_03, 150, {13, 22, 65, 0}},
	{2010, DAY_2022_03_16, 180, {14, 24, 62, 0}}
};

/* Of 1000 persons who were adult, who had which product first. */
typedef struct Share
{
	ProductNumber product;
	int			permille;
} Share;

static const Share shares[] = {
	{COVISHIELD, 846}, {COVAXIN, 132}, {SPUTNIK_V, 6}, {COVOVAX, 3}, {ZYCOV_D, 2}, {ZYCOV_D_3MG, 1},
	{SPUTNIK_LIGHT, 3}, {COMIRNATY, 2}, {VAXZEVRIA, 2}, {MODERNA, 2}, {JANSSEN, 1}
};

void
fill_calendar(void)
{
	static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			year = 2021;
	int			month = 0;
	int			day = 16;
	int			i;

	for (i = 0; i < DAYS; i++)
	{
		calendar[i] = (Day) {"", year, month, (year - 2021) * 12 + month};
		snprintf(calendar[i].date, sizeof(calendar[i].date), "%04d-%02d-%02d", year, month + 1, day);
		if (++day <= lengths[month])
			continue;
		day = 1;
		month = (month + 1) % 12;
		year += month == 0;
	}
}

/* A few thousand batches in all: some thirty are in use at a time. */
static void
write_batch(Random *random, const Product *product, int day, char *batch)
{
	const Day  *today = &calendar[day];
	const char *pattern = product->batches[below(random, 3) == 2];
	int			serial = today->months * 12 + below(random, 30) + 1;

	for (; *pattern; pattern++)
	{
		if (*pattern == '#')
		{
			*batch++ = (char) ('0' + serial / 100 % 10);
			serial *= 10;
		}
		else if (*pattern == 'y')
		{
			*batch++ = '2';
			*batch++ = (char) ('0' + today->year % 10);
		}
		else if (*pattern == 'd')
			*batch++ = (char) ('0' + today->year % 10);
		else
			*batch++ = *pattern == 'm' ? (char) ('A' + today->month) : *pattern;
	}
	*batch = '\0';
}

static void
give_dose(Random *random, Dose *dose, ProductNumber number, int day)
{
	dose->product = products[number].code;
	dose->given_on = calendar[day].date;
	write_batch(random, &products[number], day, dose->batch);
}

static ProductNumber
pick_product(Random *random, int born)
{
	int			share = below(random, 1000);
	const Share *choice = shares;

	if (born > 2007)
		return CORBEVAX;
	if (born > 2003)
		return share < 975 ? COVAXIN : COVOVAX;
	while (share >= choice->permille)
		share -= (choice++)->permille;
	return choice->product;
}

/* Covishield's changed twice; it was the rule of the first dose's day that was kept. */
static int
find_interval(ProductNumber number, int first_day)
{
	if (number == COVISHIELD && first_day < DAY_2021_03_22)
		return 28;
	if (number == COVISHIELD && first_day < DAY_2021_05_13)
		return 42;
	return products[number].interval;
}

static int
find_precaution_day(int last_day)
{
	int			day = last_day + 39 * 7;

	if (day > DAY_2022_07_06)
		day = last_day + 26 * 7 > DAY_2022_07_06 ? last_day + 26 * 7 : DAY_2022_07_06;
	return day > DAY_2022_01_10 ? day : DAY_2022_01_10;
}

/* Mostly the same product as before. */
static ProductNumber
pick_precaution(Random *random, ProductNumber before, int day)
{
	if (day >= DAY_2023_01_26 && chance(random, 100))
		return INCOVACC;
	if (day >= DAY_2022_08_12 && chance(random, 120))
		return CORBEVAX;
	return before;
}

static int
choose_first_day(Random *random, const AgeGroup *group, const Product *product, int born)
{
	int			day = group->since;

	if (born > 1961 && born <= 2000 && chance(random, 20))
		return product->since + soon(random, 45);	/* health workers came first */
	if (day < product->since)
		day = product->since;
	return day + soon(random, group->spread);
}

/* Returns how many. */
int
make_doses(Random *random, int born, Dose doses[DOSES_MAX])
{
	const AgeGroup *group = age_groups;
	ProductNumber number = pick_product(random, born);
	const Product *product = &products[number];
	int			share = below(random, 100);
	int			wanted = 0;
	int			interval;
	int			day;
	int			n = 0;

	while (born > group->born_until)
		group++;
	while (share >= group->percent[wanted])
		share -= group->percent[wanted++];
	day = choose_first_day(random, group, product, born);
	interval = find_interval(number, day);
	for (n = 0; n < wanted && n < product->doses && day < DAYS; n++)
	{
		give_dose(random, &doses[n], number, day);
		day += interval + soon(random, 45);
	}
	if (wanted < DOSES_MAX || n < product->doses || n == DOSES_MAX)
		return n;
	day = find_precaution_day(day - interval) + soon(random, 150);
	if (day < DAYS)
		give_dose(random, &doses[n++], pick_precaution(random, number, day), day);
	return n;
}
