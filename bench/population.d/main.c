/*
 * main.c
 *	  Prints invented persons with their doses, or what they would type to ask.
 *
 * Person k is made from the seed and k alone.  So any part of a population can
 * be printed, in constant memory, and is the same whatever the rest is.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "population.h"

#define PERSON_MAX		UINT64_C(8000000000)	/* beyond, mobiles would run out */
#define REFERENCE_FIRST	UINT64_C(10000000000000)	/* the first of 14 digits */
#define REFERENCE_HALF	23		/* 2^46 of them */
#define MOBILE_FIRST	UINT64_C(6000000000)
#define MOBILES			UINT64_C(4000000000)
#define MOBILE_HALF		16		/* 2^32 is at least MOBILES */
#define PROGRESS_STEP	262144

static const char usage[] =
"usage: bench/population [--persons N] [--first N] [--seed N] [--format copy|csv]\n"
"       bench/population --requests N [--persons N] [--first N] [--seed N]\n"
"\n"
"Prints invented persons of India with their doses, one row a dose, for\n"
"\n"
"  COPY kycvs.intake (reference, mobile, name, birth_year, product, given_on, batch) FROM STDIN\n"
"\n"
"A person without doses has one row, in which the last three are NULL. No person is\n"
"real; names and numbers meet by chance.\n"
"\n"
"  --persons N     how many (default 1000)\n"
"  --first N       from which (default 1): --first 501 --persons 500 prints the second\n"
"                  half of what --persons 1000 prints\n"
"  --seed N        another seed, other persons (default 1)\n"
"  --format FORM   copy (default), or csv without a header, NULL being empty\n"
"  --requests N    print, instead, N requests of these persons, each of them equally\n"
"                  likely: mobile, name as the person would type it and reference,\n"
"                  separated by tabs\n"
"\n"
"Families of one to six, two on average, share a mobile. They are spread over blocks of\n"
"10,250 persons, so one that a part begins or ends in may have members in the next. The same\n"
"arguments print the same bytes on every machine.\n";

typedef struct Options
{
	uint64_t	persons;
	uint64_t	first;
	uint64_t	requests;		/* 0: persons are printed */
	bool		csv;
} Options;

typedef struct Person
{
	uint64_t	reference;
	uint64_t	mobile;
	int			born;
	FullName	name;
	int			ndoses;
	Dose		doses[DOSES_MAX];
} Person;

uint64_t	seed = 1;

static void
make_person(uint64_t number, Person *person)
{
	Random		random = start(PURPOSE_PERSON, number);
	Family		family;
	const Member *member;

	member = &family.members[find_family(number, &family)];
	make_family(&family);
	person->reference = REFERENCE_FIRST +
		scatter(key_of(PURPOSE_REFERENCE, 0), number, REFERENCE_HALF, UINT64_C(1) << (2 * REFERENCE_HALF));
	person->mobile = MOBILE_FIRST + scatter(key_of(PURPOSE_MOBILE, 0), family.number, MOBILE_HALF, MOBILES);
	person->born = member->born;
	make_name(&random, &person->name, &family, member);
	person->ndoses = make_doses(&random, person->born, person->doses);
}

/* ---- output ---- */

static void
check_output(bool good)
{
	if (good)
		return;
	fprintf(stderr, "population: could not write: %s\n", strerror(errno));
	exit(1);
}

static void
print_person(const Options *options, const Person *person)
{
	const char *null = options->csv ? "" : "\\N";
	char		tab = options->csv ? ',' : '\t';
	char		name[TEXT_MAX];
	char		columns[TEXT_MAX + 64];
	int			length;
	int			i;

	write_name(&person->name, name);
	length = snprintf(columns, sizeof(columns), "%" PRIu64 "%c%" PRIu64 "%c%s%c%d%c",
					  person->reference, tab, person->mobile, tab, name, tab, person->born, tab);
	if (person->ndoses == 0)
		check_output(printf("%s%s%c%s%c%s\n", columns, null, tab, null, tab, null) > 0);
	for (i = 0; i < person->ndoses; i++)
	{
		const Dose *dose = &person->doses[i];

		check_output(fwrite(columns, length, 1, stdout) == 1 &&
					 printf("%s%c%s%c%s\n", dose->product, tab, dose->given_on, tab, dose->batch) > 0);
	}
}

static void
print_request(const Options *options, uint64_t request)
{
	Random		random = start(PURPOSE_REQUEST, request);
	uint64_t	high = (uint64_t) below(&random, 1 << 30);
	uint64_t	chosen = (high << 30 | (uint64_t) below(&random, 1 << 30)) % options->persons;
	Person		person;
	char		typed[TEXT_MAX];

	make_person(options->first - 1 + chosen, &person);
	type_name(&random, &person.name, typed);
	check_output(printf("%" PRIu64 "\t%s\t%" PRIu64 "\n", person.mobile, typed, person.reference) > 0);
}

static void
show_progress(uint64_t done, uint64_t all, const char *what)
{
	if (done % PROGRESS_STEP == 0 || done == all)
		fprintf(stderr, "\rpopulation: %" PRIu64 " of %" PRIu64 " %s%s", done, all, what, done == all ? "\n" : "");
}

static void
print_all(const Options *options)
{
	bool		showing = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	uint64_t	all = options->requests > 0 ? options->requests : options->persons;
	Person		person;
	uint64_t	i;

	for (i = 0; i < all; i++)
	{
		if (options->requests > 0)
			print_request(options, i);
		else
		{
			make_person(options->first - 1 + i, &person);
			print_person(options, &person);
		}
		if (showing)
			show_progress(i + 1, all, options->requests > 0 ? "requests" : "persons");
	}
	check_output(fclose(stdout) == 0);
}

/* ---- arguments ---- */

static void
refuse(const char *argument, const char *why)
{
	fprintf(stderr, "population: %s: %s\nTry bench/population --help.\n", argument, why);
	exit(2);
}

static uint64_t
read_number(const char *option, const char *value, uint64_t least, uint64_t most)
{
	uint64_t	number;
	char		why[80];

	errno = 0;
	number = strtoull(value, NULL, 10);
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0' || errno != 0 || number < least || number > most)
	{
		snprintf(why, sizeof(why), "must be a number from %" PRIu64 " to %" PRIu64, least, most);
		refuse(option, why);
	}
	return number;
}

static bool
read_format(const char *value)
{
	if (strcmp(value, "copy") != 0 && strcmp(value, "csv") != 0)
		refuse("--format", "must be copy or csv");
	return strcmp(value, "csv") == 0;
}

static void
read_option(Options *options, const char *option, const char *value)
{
	if (strcmp(option, "--persons") == 0)
		options->persons = read_number(option, value, 1, PERSON_MAX);
	else if (strcmp(option, "--first") == 0)
		options->first = read_number(option, value, 1, PERSON_MAX);
	else if (strcmp(option, "--requests") == 0)
		options->requests = read_number(option, value, 1, PERSON_MAX);
	else if (strcmp(option, "--seed") == 0)
		seed = read_number(option, value, 0, UINT64_MAX);
	else
		options->csv = read_format(value);
}

static Options
read_arguments(int argc, char **argv)
{
	static const char *const known[] = {"--persons", "--first", "--requests", "--seed", "--format"};
	Options		options = {1000, 1, 0, false};
	int			i;
	int			k;

	for (i = 1; i < argc; i += 2)
	{
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
		{
			check_output(fputs(usage, stdout) >= 0 && fclose(stdout) == 0);
			exit(0);
		}
		for (k = 0; k < lengthof(known) && strcmp(argv[i], known[k]) != 0; k++)
			;
		if (k == lengthof(known))
			refuse(argv[i], "no such option");
		if (i + 1 == argc)
			refuse(argv[i], "needs a value");
		read_option(&options, argv[i], argv[i + 1]);
	}
	if (options.first - 1 + options.persons > PERSON_MAX)
		refuse("--first", "the last person would be beyond 8000000000");
	if (options.requests > 0 && options.csv)
		refuse("--format", "requests are not printed as csv");
	return options;
}

int
main(int argc, char **argv)
{
	Options		options = read_arguments(argc, argv);

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	fill_wheels();
	fill_calendar();
	print_all(&options);
	return 0;
}
