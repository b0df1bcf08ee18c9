/*
 * population.h
 *	  What the parts of bench/population know of each other.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef POPULATION_H
#define POPULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define lengthof(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define FAMILY_MAX		6
#define WORDS_MAX		6
#define DOSES_MAX		3
#define TEXT_MAX		512

/* ---- names.c ---- */

typedef enum Era
{
	ANY,
	OLD,						/* given to nobody born later than 1988 */
	NEW							/* given to nobody born earlier than 1976 */
} Era;

typedef struct Name
{
	const char *latin;
	const char *script;
	const char *other;			/* another Latin spelling, or NULL */
	Era			era;
} Name;

typedef struct NameList
{
	const Name *names;
	int			n;
} NameList;

typedef struct Form
{
	const char *words;
	int			percent;
} Form;

typedef enum NameKind
{
	NAME_MAN,
	NAME_WOMAN,
	NAME_SURNAME,
	NAME_MANS_WORD,
	NAME_WOMANS_WORD,
	NAME_KINDS
} NameKind;

typedef struct Community
{
	int			permille;		/* of the families */
	NameList	lists[NAME_KINDS];
	const Name	suffixes[2];	/* of men and women, without a blank before it */
	const char *titles[2];		/* in the script */
	const Form *forms[2];		/* of men and women; percents add up to 100 */
} Community;

#define COMMUNITIES 12

extern const Community communities[COMMUNITIES];

/* ---- family.c ---- */

typedef struct Member
{
	char		role;
	bool		female;
	int			born;
	const Name *given;
	const Name *father;			/* a wife's husband */
} Member;

typedef struct Family
{
	uint64_t	number;
	int			community;
	int			size;
	const Name *surname;
	const Name *elders[3];		/* the head's father and his father, and a husband who isn't there */
	Member		members[FAMILY_MAX];
} Family;

extern void fill_wheels(void);
extern const Name *pick_name(Random *random, int community, NameKind kind);
extern const char *pick_form(Random *random, const Form *forms);
extern int	find_family(uint64_t number, Family *family);
extern void make_family(Family *family);

/* ---- name.c ---- */

typedef struct Word
{
	const Name *name;
	const Name *suffix;			/* or NULL */
	bool		given;
	bool		initial;
	bool		other;			/* the other Latin spelling */
} Word;

typedef enum LetterCase
{
	CASE_UPPER,
	CASE_TITLE,
	CASE_LOWER
} LetterCase;

typedef enum Dots
{
	DOTS_NONE,					/* K R Murugan */
	DOTS_SPACED,				/* K. R. Murugan */
	DOTS_CLOSE					/* K.R.Murugan */
} Dots;

typedef struct FullName
{
	Word		words[WORDS_MAX];
	int			n;
	const char *title;			/* or NULL */
	bool		script;			/* of the region, not Latin */
	LetterCase	letter_case;
	Dots		dots;
} FullName;

extern void make_name(Random *random, FullName *full, const Family *family, const Member *member);
extern void write_name(const FullName *full, char text[TEXT_MAX]);
extern void type_name(Random *random, FullName *full, char text[TEXT_MAX]);

/* ---- doses.c ---- */

typedef struct Dose
{
	const char *product;
	const char *given_on;		/* 2021-01-16 */
	char		batch[16];
} Dose;

extern void fill_calendar(void);
extern int	make_doses(Random *random, int born, Dose doses[DOSES_MAX]);

#endif
