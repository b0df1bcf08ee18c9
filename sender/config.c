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
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "config.h"
#include "conninfo.h"
#include "database.h"
#include "memory.h"

#define IN_FLIGHT_DEFAULT	64
#define IN_FLIGHT_MAX		1000

static const char usage[] =
"usage: kycvs-sender [--config FILE] [OPTION]...\n"
"\n"
"Sends the messages of a kycvs registry to the gateways that its view kycvs.sms_routes\n"
"names, and reports what became of them.\n"
"\n"
"  --config FILE           settings, a \"name = value\" each line: the names below without --\n"
"  --database CONNINFO     the registry's database (default: libpq's, from the environment)\n"
"  --secrets DIR           directory of the secrets that routes name\n"
"                          (default: $CREDENTIALS_DIRECTORY, if systemd has set it)\n"
"  --ca-file FILE          certificates to check gateways with (default: the system's)\n"
"  --in-flight N           at most so many messages at a time, 1 to 1000 (default 64)\n"
"  --receipts ADDR:PORT    take delivery receipts on this loopback address\n"
"  --receipt-url URL       how gateways reach it (default: http://ADDR:PORT/receipt/)\n"
"  --metrics ADDR:PORT     answer /metrics for Prometheus on this loopback address\n"
"\n"
"  --check                 try configuration, secrets, database and routes; send nothing\n"
"  --once                  send what is waiting, then end\n"
"  --help, --version\n"
"\n"
"SIGTERM: claims no more, finishes what is on its way, ends. SIGHUP: reads configuration,\n"
"secrets and routes again.\n"
"\n"
"Exit status: 0 all well; 1 --check has found a problem; 64 wrong usage; 69 no database,\n"
"or it refuses (--once); 71 the system failed; 75 not everything could be sent (--once) or\n"
"reported (SIGTERM); 78 wrong configuration.\n";

typedef enum Setting
{
	SETTING_DATABASE,
	SETTING_SECRETS,
	SETTING_CA_FILE,
	SETTING_IN_FLIGHT,
	SETTING_RECEIPTS,
	SETTING_RECEIPT_URL,
	SETTING_METRICS,
	SETTINGS,
	/* on the command line only */
	OPTION_CONFIG,
	OPTION_CHECK,
	OPTION_ONCE,
	OPTION_HELP,
	OPTION_VERSION
} Setting;

static const struct option options[] = {
	{"database", required_argument, NULL, SETTING_DATABASE},
	{"secrets", required_argument, NULL, SETTING_SECRETS},
	{"ca-file", required_argument, NULL, SETTING_CA_FILE},
	{"in-flight", required_argument, NULL, SETTING_IN_FLIGHT},
	{"receipts", required_argument, NULL, SETTING_RECEIPTS},
	{"receipt-url", required_argument, NULL, SETTING_RECEIPT_URL},
	{"metrics", required_argument, NULL, SETTING_METRICS},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"once", no_argument, NULL, OPTION_ONCE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0}
};

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

/* What is added to it begins with a number. */
static bool
set_receipt_url(Config *config, const char *value)
{
	size_t		length = strlen(value);

	replace_text(&config->receipt_url, value);
	return (strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0) && value[length - 1] == '/';
}

static bool
set_in_flight(Config *config, const char *value)
{
	char	   *end;
	long		n = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || n < 1 || n > IN_FLIGHT_MAX)
		return false;
	config->in_flight = (int) n;
	return true;
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
		case SETTING_SECRETS:
			replace_text(&config->secrets, value);
			return NULL;
		case SETTING_CA_FILE:
			replace_text(&config->ca_file, value);
			return NULL;
		case SETTING_RECEIPT_URL:
			return set_receipt_url(config, value) ? NULL : "a URL that ends with a slash, such as https://sms.example/receipt/";
		case SETTING_IN_FLIGHT:
			return set_in_flight(config, value) ? NULL : "a number from 1 to 1000";
		case SETTING_RECEIPTS:
			return address_parse_loopback(value, &config->receipts) ? NULL : "a loopback address with a port, such as 127.0.0.1:8090";
		case SETTING_METRICS:
			return address_parse_loopback(value, &config->metrics) ? NULL : "a loopback address with a port, such as 127.0.0.1:9187";
		default:
			return NULL;
	}
}

/* ---- the file ---- */

static int
find_setting(const char *name)
{
	for (int i = 0; i < SETTINGS; i++)
		if (strcmp(options[i].name, name) == 0)
			return options[i].val;
	return SETTINGS;
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
	if (setting == SETTINGS)
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
read_option(Config *config, int option, Buffer *problem)
{
	const char *expected;

	switch (option)
	{
		case OPTION_CONFIG:
			replace_text(&config->file, optarg);
			return true;
		case OPTION_CHECK:
			return config->check = true;
		case OPTION_ONCE:
			return config->once = true;
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
	if (option >= SETTINGS)
		return false;
	if ((expected = set(config, option, optarg)) != NULL)
		buffer_format(problem, "--%s must be %s", options[option].name, expected);
	return expected == NULL;
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
read_arguments(Config *config, int argc, char **argv, Buffer *problem)
{
	int			option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
	{
		if (option == ':' || option == '?')
			describe_wrong(option, argv[optind - 1], problem);
		if (option == ':' || option == '?' || !read_option(config, option, problem))
			return false;
	}
	if (optind < argc)
		buffer_format(problem, "what is \"%s\"?", argv[optind]);
	return optind == argc;
}

static void
set_defaults(Config *config)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	memset(config, 0, sizeof(*config));
	config->database = copy_text("");
	config->in_flight = IN_FLIGHT_DEFAULT;
	if (credentials != NULL)
		config->secrets = copy_text(credentials);
}

static void
complete(Config *config)
{
	const Address *receipts = &config->receipts;
	Buffer		url = {0};

	if (config->receipt_url != NULL || receipts->port == 0)
		return;
	buffer_format(&url, strchr(receipts->host, ':') != NULL ? "http://[%s]:%d/receipt/" : "http://%s:%d/receipt/", receipts->host, receipts->port);
	config->receipt_url = copy_text(url.data);
	buffer_wipe(&url);
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
	if (config->help || config->version)
		return true;
	if (config->file != NULL && !read_file(config, problem))
		return false;
	read_arguments(config, argc, argv, problem);
	complete(config);
	return conninfo_check(config->database, problem);
}

void
config_free(Config *config)
{
	wipe_and_free(config->database, config->database != NULL ? strlen(config->database) : 0);
	free(config->file);
	free(config->secrets);
	free(config->ca_file);
	free(config->receipt_url);
	memset(config, 0, sizeof(*config));
}
