/*
 * config.c
 *	  What the operator has said: by a file, and on the command line.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config.h"
#include "memory.h"

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

static const char *
set_listen(void *arg, const char *value)
{
	Config	   *config = arg;

	free(config->socket);
	config->socket = NULL;
	if (value[0] != '/')
		return address_parse_loopback(value, &config->address) ? NULL : "a socket's path, or a loopback address with a port, such as 127.0.0.1:8080";
	if (strlen(value) >= sizeof(((struct sockaddr_un *) 0)->sun_path))
		return "a path that is short enough for a socket";
	config->socket = copy_text(value);
	return NULL;
}

static const Setting settings[] = {
	{"listen", SETTING_OWN, .set = set_listen},
	{"metrics", SETTING_LOOPBACK, .at = offsetof(Config, metrics), .example = "127.0.0.1:9187"},
	{"web", SETTING_TEXT, .at = offsetof(Config, web)},
	{"connections", SETTING_NUMBER, .at = offsetof(Config, connections), .usual = 4, .most = 64},
	{"queue", SETTING_NUMBER, .at = offsetof(Config, queue), .usual = 256, .most = 10000},
	{"client-seconds", SETTING_NUMBER, .at = offsetof(Config, client_seconds), .usual = 20, .most = 300},
	{"codes-per-address", SETTING_NUMBER, .at = offsetof(Config, codes_per_address), .usual = 20, .most = 1000000},
	{"wrong-per-address", SETTING_NUMBER, .at = offsetof(Config, wrong_per_address), .usual = 20, .most = 1000000},
	{"codes-per-client", SETTING_NUMBER, .at = offsetof(Config, codes_per_client), .usual = 1000, .most = 1000000},
	{"wrong-per-client", SETTING_NUMBER, .at = offsetof(Config, wrong_per_client), .usual = 100, .most = 1000000},
	{.name = NULL}
};

const char *
config_usage(void)
{
	return usage;
}

bool
config_read(Config *config, int argc, char **argv, Buffer *problem, int *status)
{
	memset(config, 0, sizeof(*config));
	settings_init(settings, config);
	address_parse_loopback("127.0.0.1:8080", &config->address);
	return settings_read(settings, config, argc, argv, problem, status);
}

void
config_free(Config *config)
{
	settings_free_texts(settings, config);
	free(config->socket);
	memset(config, 0, sizeof(*config));
}
