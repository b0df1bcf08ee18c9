/*
 * settings.c
 *	  Settings of a program: by a file, and on the command line.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "address.h"
#include "conninfo.h"
#include "memory.h"
#include "settings.h"

#define SETTINGS_MAX	31		/* getopt_long's numbers for them are no letters */

static const Setting common[] = {
	{"config", OPTION_TEXT, .at = offsetof(CommonSettings, file)},
	{"database", SETTING_DATABASE, .at = offsetof(CommonSettings, database)},
	{"check", OPTION_FLAG, .at = offsetof(CommonSettings, check)},
	{"help", OPTION_FLAG, .at = offsetof(CommonSettings, help)},
	{"version", OPTION_FLAG, .at = offsetof(CommonSettings, version)}
};

#define COMMON	((int) (sizeof(common) / sizeof(common[0])))

typedef struct Reading
{
	const Setting *table;
	CommonSettings *config;		/* and what is behind it */
	Buffer	   *problem;
} Reading;

/* The common ones come first; NULL is behind the last. */
static const Setting *
get_setting(const Setting *table, int i)
{
	const Setting *setting = i < COMMON ? &common[i] : &table[i - COMMON];

	return setting->name != NULL ? setting : NULL;
}

static void *
place_of(const Setting *setting, void *config)
{
	return (char *) config + setting->at;
}

/* ---- values ---- */

void
settings_replace(char **text, const char *value)
{
	free(*text);
	*text = copy_text(value);
}

static bool
read_number(const char *value, int most, int *number)
{
	char	   *end;
	long		n = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || n < 1 || n > most)
		return false;
	*number = (int) n;
	return true;
}

/* "expected" stays empty, or says what the value must be. */
static void
set_value(const Setting *setting, void *config, const char *value, Buffer *expected)
{
	void	   *place = place_of(setting, config);
	const char *own;

	switch (setting->kind)
	{
		case SETTING_NUMBER:
			if (!read_number(value, setting->most, place))
				buffer_format(expected, "a number from 1 to %d", setting->most);
			break;
		case SETTING_LOOPBACK:
			if (!address_parse_loopback(value, place))
				buffer_format(expected, "a loopback address with a port, such as %s", setting->example);
			break;
		case SETTING_OWN:
			if ((own = setting->set(config, value)) != NULL)
				buffer_add_text(expected, own);
			break;
		case OPTION_FLAG:
			*(bool *) place = true;
			break;
		default:
			settings_replace(place, value);
	}
}

static bool
set(const Reading *reading, const Setting *setting, const char *value, const char *where)
{
	Buffer		expected = {0};

	set_value(setting, reading->config, value, &expected);
	if (expected.length > 0)
		buffer_format(reading->problem, "%s%s must be %s", where, setting->name, expected.data);
	buffer_wipe(&expected);
	return reading->problem->length == 0;
}

/* ---- the file ---- */

static const Setting *
find_setting(const Setting *table, const char *name)
{
	const Setting *setting;

	for (int i = 0; (setting = get_setting(table, i)) != NULL; i++)
		if (setting->kind < OPTION_TEXT && strcmp(setting->name, name) == 0)
			break;
	return setting;
}

/* Cuts blanks off both ends, in place. */
static char *
trim(char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t		length;

	text += strspn(text, blanks);
	length = strlen(text);
	while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
		text[--length] = '\0';
	return text;
}

static bool
read_line(const Reading *reading, char *line, const char *where)
{
	char	   *equals = strchr(line, '=');
	char	   *name = trim(line);
	const Setting *setting;

	if (*name == '\0' || *name == '#')
		return true;
	if (equals == NULL)
	{
		buffer_format(reading->problem, "%snot of the form \"name = value\"", where);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	setting = find_setting(reading->table, name);
	if (setting != NULL)
		return set(reading, setting, trim(equals + 1), where);
	buffer_format(reading->problem, "%sthere is no setting \"%s\"", where, name);
	return false;
}

static bool
read_lines(const Reading *reading, FILE *file)
{
	char	   *line = NULL;
	size_t		size = 0;
	int			number = 0;
	bool		good = true;

	while (good && getline(&line, &size, file) >= 0)
	{
		Buffer		where = {0};

		buffer_format(&where, "%s:%d: ", reading->config->file, ++number);
		good = read_line(reading, line, where.data);
		buffer_wipe(&where);
	}
	free(line);
	if (!good || !ferror(file))
		return good;
	buffer_format(reading->problem, "%s: %s", reading->config->file, strerror(errno));
	return false;
}

/* Its owner's alone, or root's and perhaps shown to a group. */
static bool
is_private(FILE *file)
{
	struct stat st;

	if (fstat(fileno(file), &st) != 0)
		return false;
	return (st.st_mode & ((st.st_uid == 0 ? S_IWGRP : S_IRWXG) | S_IRWXO)) == 0;
}

static bool
check_password(const Reading *reading, FILE *file)
{
	if (!conninfo_has_password(reading->config->database) || is_private(file))
		return true;
	buffer_format(reading->problem, "%s: holds a password and can be read by others; its permissions must be u=rw (0600)", reading->config->file);
	return false;
}

static bool
read_file(const Reading *reading)
{
	FILE	   *file = fopen(reading->config->file, "re");
	bool		good;

	if (file == NULL)
	{
		buffer_format(reading->problem, "%s: %s", reading->config->file, strerror(errno));
		return false;
	}
	good = read_lines(reading, file) && check_password(reading, file);
	fclose(file);
	return good;
}

/* ---- the command line ---- */

static void
list_options(const Setting *table, struct option *options)
{
	const Setting *setting;

	for (int i = 0; i < SETTINGS_MAX && (setting = get_setting(table, i)) != NULL; i++)
	{
		options[i].name = setting->name;
		options[i].has_arg = setting->kind == OPTION_FLAG ? no_argument : required_argument;
		options[i].val = i;
	}
}

static bool
read_option(const Reading *reading, const Setting *setting)
{
	if (setting->kind != SETTING_DATABASE || !conninfo_has_password(optarg))
		return set(reading, setting, optarg, "--");
	buffer_format(reading->problem, "--%s holds a password, which everybody on this machine could read; put it into a configuration or password file", setting->name);
	return false;
}

/* Of an option of one letter, of which there are none, the argument may not be used up. */
static void
describe_wrong(int option, const char *argument, Buffer *problem)
{
	if (option == ':')
		buffer_format(problem, "%s needs a value", argument);
	else if (optopt > ' ')
		buffer_format(problem, "wrong option -%c", optopt);
	else
		buffer_format(problem, "wrong option %s", argument);
}

static bool
read_arguments(const Reading *reading, int argc, char **argv)
{
	struct option options[SETTINGS_MAX + 1] = {0};
	int			option;

	list_options(reading->table, options);
	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
	{
		if (option == ':' || option == '?')
			describe_wrong(option, argv[optind - 1], reading->problem);
		if (option == ':' || option == '?' || !read_option(reading, get_setting(reading->table, option)))
			return false;
	}
	if (optind < argc)
		buffer_format(reading->problem, "what is \"%s\"?", argv[optind]);
	return optind == argc;
}

/* ---- all of it ---- */

void
settings_init(const Setting *table, void *config)
{
	settings_replace(&((CommonSettings *) config)->database, "");
	for (; table->name != NULL; table++)
		if (table->kind == SETTING_NUMBER)
			*(int *) place_of(table, config) = table->usual;
}

/* The arguments are read twice: for the file's name, and to overrule what it says. */
bool
settings_read(const Setting *table, void *config, int argc, char **argv, Buffer *problem, int *status)
{
	CommonSettings *common_settings = config;
	Reading		reading = {table, config, problem};

	*status = EX_USAGE;
	if (!read_arguments(&reading, argc, argv))
		return false;
	*status = EX_CONFIG;
	if (common_settings->help || common_settings->version)
		return true;
	if (common_settings->file != NULL && !read_file(&reading))
		return false;
	read_arguments(&reading, argc, argv);
	return conninfo_check(common_settings->database, problem);
}

static void
free_text(char **text)
{
	wipe_and_free(*text, *text != NULL ? strlen(*text) : 0);
	*text = NULL;
}

void
settings_free_texts(const Setting *table, void *config)
{
	const Setting *setting;

	for (int i = 0; (setting = get_setting(table, i)) != NULL; i++)
		if (setting->kind == SETTING_TEXT || setting->kind == SETTING_DATABASE || setting->kind == OPTION_TEXT)
			free_text(place_of(setting, config));
}
