/*
 * config.c
 *	  What the operator has said: by a file, and on the command line.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "memory.h"

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

/* What is added to it begins with a number. */
static const char *
set_receipt_url(void *config, const char *value)
{
	size_t		length = strlen(value);

	settings_replace(&((Config *) config)->receipt_url, value);
	if ((strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0) && value[length - 1] == '/')
		return NULL;
	return "a URL that ends with a slash, such as https://sms.example/receipt/";
}

static const Setting settings[] = {
	{"secrets", SETTING_TEXT, .at = offsetof(Config, secrets)},
	{"ca-file", SETTING_TEXT, .at = offsetof(Config, ca_file)},
	{"in-flight", SETTING_NUMBER, .at = offsetof(Config, in_flight), .usual = 64, .most = 1000},
	{"receipts", SETTING_LOOPBACK, .at = offsetof(Config, receipts), .example = "127.0.0.1:8090"},
	{"receipt-url", SETTING_OWN, .set = set_receipt_url},
	{"metrics", SETTING_LOOPBACK, .at = offsetof(Config, metrics), .example = "127.0.0.1:9187"},
	{"once", OPTION_FLAG, .at = offsetof(Config, once)},
	{.name = NULL}
};

const char *
config_usage(void)
{
	return usage;
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

bool
config_read(Config *config, int argc, char **argv, Buffer *problem, int *status)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");

	memset(config, 0, sizeof(*config));
	settings_init(settings, config);
	if (credentials != NULL)
		config->secrets = copy_text(credentials);
	if (!settings_read(settings, config, argc, argv, problem, status))
		return false;
	complete(config);
	return true;
}

void
config_free(Config *config)
{
	settings_free_texts(settings, config);
	free(config->receipt_url);
	memset(config, 0, sizeof(*config));
}
