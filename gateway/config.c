/*
 * config.c
 *	  What the operator has said: by a file, and on the command line.
 *
 * Each setting has one name in both, and the command line wins.  A password in
 * the connection string is refused on the command line, which every user of the
 * machine can read, and in a file that others can read.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>

#include "config.h"
#include "conninfo.h"
#include "memory.h"
#include "pool.h"

static const char usage[] =
"usage: kycvs-gateway [--config FILE] [OPTION]...\n"
"\n"
"Answers HTTP requests for a kycvs registry: its API, CoWIN's three calls, and the page\n"
"that web sites embed.\n"
"\n"
"  --config FILE           settings, a \"name = value\" each line: the names below without --\n"
"  --database CONNINFO     the registry's database (default: libpq's, from the environment)\n"
"  --listen WHERE          a socket's path, or a loopback address with a port\n"
"                          (default 127.0.0.1:8080)\n"
"  --metrics ADDR:PORT     where /metrics is answered (default: where everything is, unless\n"
"                          that is a socket)\n"
"  --web DIR               files of the page (default: no page)\n"
"  --connections N         to the database, 1 to 64 (default 4)\n"
"  --queue N               requests that may wait for one, 1 to 10000 (default 256)\n"
"  --client-seconds N      within which a client must have sent a request, 1 to 300 (default 20)\n"
"\n"
"Of the page, in an hour:\n"
"  --codes-per-address N   codes sent (default 20)\n"
"  --wrong-per-address N   wrong codes (default 20)\n"
"  --codes-per-client N    codes sent for one client (default 1000)\n"
"  --wrong-per-client N    wrong codes for one client (default 100)\n"
"\n"
"  --check                 try configuration, database and files; listen nowhere\n"
"  --help, --version\n"
"\n"
"SIGTERM: takes no more, answers what it has, ends. SIGHUP: reads configuration and files\n"
"again.\n"
"\n"
"Exit status: 0 all well; 1 --check has found a problem; 64 wrong usage; 71 the system\n"
"failed; 78 wrong configuration.\n";

enum
{
	SETTING_DATABASE = 1,
	SETTING_LISTEN,
	SETTING_METRICS,
	SETTING_WEB,
	SETTING_NUMBER,				/* this and more: one of "numbers" */
	/* on the command line only */
	OPTION_CONFIG = 100,
	OPTION_CHECK,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
	{"database", required_argument, NULL, SETTING_DATABASE},
	{"listen", required_argument, NULL, SETTING_LISTEN},
	{"metrics", required_argument, NULL, SETTING_METRICS},
	{"web", required_argument, NULL, SETTING_WEB},
	{"connections", required_argument, NULL, SETTING_NUMBER},
	{"queue", required_argument, NULL, SETTING_NUMBER + 1},
	{"client-seconds", required_argument, NULL, SETTING_NUMBER + 2},
	{"codes-per-address", required_argument, NULL, SETTING_NUMBER + 3},
	{"wrong-per-address", required_argument, NULL, SETTING_NUMBER + 4},
	{"codes-per-client", required_argument, NULL, SETTING_NUMBER + 5},
	{"wrong-per-client", required_argument, NULL, SETTING_NUMBER + 6},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0}
};

/* In the order of their options. */
static const struct
{
	size_t		offset;
	int			first;
	int			most;
	const char *range;
} numbers[] = {
	{offsetof(Config, connections), 4, 64, "a number from 1 to 64"},
	{offsetof(Config, queue), 256, 10000, "a number from 1 to 10000"},
	{offsetof(Config, client_seconds), 20, 300, "a number from 1 to 300"},
	{offsetof(Config, codes_per_address), 20, 1000000, "a number from 1 to 1000000"},
	{offsetof(Config, wrong_per_address), 20, 1000000, "a number from 1 to 1000000"},
	{offsetof(Config, codes_per_client), 1000, 1000000, "a number from 1 to 1000000"},
	{offsetof(Config, wrong_per_client), 100, 1000000, "a number from 1 to 1000000"}
};

#define NUMBERS	((int) (sizeof(numbers) / sizeof(numbers[0])))

const char *
config_usage(void)
{
	return usage;
}

static void
replace_text(char **text, const char *value)
{
	free(*text);
	*text = copy_text(value);
}

static const char *
set_number(Config *config, int i, const char *value)
{
	char	   *end;
	long		n = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || n < 1 || n > numbers[i].most)
		return numbers[i].range;
	*(int *) ((char *) config + numbers[i].offset) = (int) n;
	return NULL;
}

static const char *
set_listen(Config *config, const char *value)
{
	free(config->socket);
	config->socket = NULL;
	if (value[0] != '/')
		return address_parse_loopback(value, &config->address) ? NULL : "a socket's path, or a loopback address with a port, such as 127.0.0.1:8080";
	if (strlen(value) >= sizeof(((struct sockaddr_un *) 0)->sun_path))
		return "a path that is short enough for a socket";
	config->socket = copy_text(value);
	return NULL;
}

/* NULL, or what a value should have been. */
static const char *
set(Config *config, int setting, const char *value)
{
	switch (setting)
	{
		case SETTING_DATABASE:
			replace_text(&config->database, value);
			return NULL;
		case SETTING_LISTEN:
			return set_listen(config, value);
		case SETTING_METRICS:
			return address_parse_loopback(value, &config->metrics) ? NULL : "a loopback address with a port, such as 127.0.0.1:9187";
		case SETTING_WEB:
			replace_text(&config->web, value);
			return NULL;
		default:
			return set_number(config, setting - SETTING_NUMBER, value);
	}
}

/* ---- the file ---- */

/* 0 when there is none of this name. */
static int
find_setting(const char *name)
{
	for (int i = 0; options[i].name != NULL && options[i].val < OPTION_CONFIG; i++)
		if (strcmp(options[i].name, name) == 0)
			return options[i].val;
	return 0;
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
read_line(Config *config, char *line, int number, Buffer *problem)
{
	char	   *equals = strchr(line, '=');
	const char *expected;
	char	   *name = trim(line);
	int			setting;

	if (*name == '\0' || *name == '#')
		return true;
	if (equals == NULL)
	{
		buffer_format(problem, "%s:%d: not of the form \"name = value\"", config->file, number);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	setting = find_setting(name);
	if (setting == 0)
		buffer_format(problem, "%s:%d: there is no setting \"%s\"", config->file, number, name);
	else if ((expected = set(config, setting, trim(equals + 1))) != NULL)
		buffer_format(problem, "%s:%d: %s must be %s", config->file, number, name, expected);
	return buffer_text(problem)[0] == '\0';
}

static bool
read_lines(Config *config, FILE *file, Buffer *problem)
{
	char	   *line = NULL;
	size_t		size = 0;
	int			number = 0;
	bool		good = true;

	while (good && getline(&line, &size, file) >= 0)
		good = read_line(config, line, ++number, problem);
	free(line);
	if (!good || !ferror(file))
		return good;
	buffer_format(problem, "%s: %s", config->file, strerror(errno));
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
check_password(const Config *config, FILE *file, Buffer *problem)
{
	if (!conninfo_has_password(config->database) || is_private(file))
		return true;
	buffer_format(problem, "%s: holds a password and can be read by others; its permissions must be u=rw (0600)", config->file);
	return false;
}

static bool
read_file(Config *config, Buffer *problem)
{
	FILE	   *file = fopen(config->file, "re");
	bool		good;

	if (file == NULL)
	{
		buffer_format(problem, "%s: %s", config->file, strerror(errno));
		return false;
	}
	good = read_lines(config, file, problem) && check_password(config, file, problem);
	fclose(file);
	return good;
}

/* ---- the command line ---- */

static bool
read_option(Config *config, const char *name, int option, Buffer *problem)
{
	const char *expected;

	switch (option)
	{
		case OPTION_CONFIG:
			replace_text(&config->file, optarg);
			return true;
		case OPTION_CHECK:
			return config->check = true;
		case OPTION_HELP:
			return config->help = true;
		case OPTION_VERSION:
			return config->version = true;
		case SETTING_DATABASE:
			if (!conninfo_has_password(optarg))
				break;
			buffer_format(problem, "--database holds a password, which everybody on this machine could read; put it into a configuration or password file");
			return false;
	}
	if ((expected = set(config, option, optarg)) != NULL)
		buffer_format(problem, "--%s must be %s", name, expected);
	return expected == NULL;
}

static bool
read_arguments(Config *config, int argc, char **argv, Buffer *problem)
{
	int			option;
	int			which = 0;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, &which)) != -1)
	{
		if (option == '?' || !read_option(config, options[which].name, option, problem))
		{
			if (buffer_text(problem)[0] == '\0')
				buffer_format(problem, "wrong option %s", argv[optind - 1]);
			return false;
		}
	}
	if (optind < argc)
		buffer_format(problem, "what is \"%s\"?", argv[optind]);
	return optind == argc;
}

static void
set_defaults(Config *config)
{
	memset(config, 0, sizeof(*config));
	config->database = copy_text("");
	address_parse_loopback("127.0.0.1:8080", &config->address);
	for (int i = 0; i < NUMBERS; i++)
		*(int *) ((char *) config + numbers[i].offset) = numbers[i].first;
}

/* The arguments are read twice: for the file's name, and to overrule what it says. */
bool
config_read(Config *config, int argc, char **argv, Buffer *problem, int *status)
{
	set_defaults(config);
	*status = EX_USAGE;
	if (!read_arguments(config, argc, argv, problem))
		return false;
	*status = EX_CONFIG;
	if (config->file != NULL && !read_file(config, problem))
		return false;
	read_arguments(config, argc, argv, problem);
	return conninfo_check(config->database, problem);
}

void
config_free(Config *config)
{
	wipe_and_free(config->database, config->database != NULL ? strlen(config->database) : 0);
	free(config->file);
	free(config->socket);
	free(config->web);
	memset(config, 0, sizeof(*config));
}
