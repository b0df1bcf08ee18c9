/*
 * settings.h
 *	  Settings of a program: by a file, and on the command line.
 *
 * Each setting has one name in both, and the command line wins.  A password in
 * the connection string is refused on the command line, which every user of the
 * machine can read, and in a file that others can read.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* What every program has: the first member of its configuration. */
typedef struct CommonSettings
{
	char	   *file;			/* NULL: none */
	char	   *database;		/* a connection string */
	bool		check;
	bool		help;
	bool		version;
} CommonSettings;

typedef enum SettingKind
{
	SETTING_TEXT,				/* char * */
	SETTING_NUMBER,				/* int, from 1 */
	SETTING_LOOPBACK,			/* Address */
	SETTING_OWN,				/* what "set" makes of it */
	SETTING_DATABASE,
	/* on the command line only */
	OPTION_TEXT,
	OPTION_FLAG					/* bool */
} SettingKind;

typedef struct Setting
{
	const char *name;			/* NULL ends a table */
	SettingKind kind;
	size_t		at;				/* offset in the configuration */
	int			usual;			/* a number, unless something is said */
	int			most;
	const char *example;		/* of an address */
	const char *(*set) (void *config, const char *value);	/* NULL, or what it must be */
} Setting;

/* In a configuration of zeros: numbers as usual, no texts, and an empty connection string. */
extern void settings_init(const Setting *table, void *config);

/* False with the reason in "problem"; "status" then is an exit status. */
extern bool settings_read(const Setting *table, void *config, int argc, char **argv, Buffer *problem, int *status);

/* Those that SETTING_OWN has made are left. */
extern void settings_free_texts(const Setting *table, void *config);

/* For "set": a copy in the place of what was there. */
extern void settings_replace(char **text, const char *value);

#endif							/* COMMON_SETTINGS_H */
