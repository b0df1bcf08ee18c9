/*
 * info.c
 *	  What anybody may know: whether the registry answers, and its public keys.
 *
 * Whoever asks often costs the registry little: what was found is told again, to
 * everybody who asks within a short time.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "info.h"
#include "loop.h"
#include "pool.h"
#include "registry.h"

#define HEALTH_MS		500
#define KEYS_MS			10000
#define KEYS_CACHING	"public, max-age=300"
#define TAG_SIZE		20

static int64_t health_since = 0;
static bool healthy;

static int64_t keys_since = 0;
static Buffer keys;
static char keys_tag[TAG_SIZE];

/* ---- health ---- */

static void
reply_health(Exchange *exchange)
{
	Buffer		body = {0};

	buffer_add_text(&body, healthy ? "{\"status\":\"ok\"}\n" : "{\"status\":\"the registry does not answer\"}\n");
	exchange_reply(exchange, healthy ? 200 : 503, "application/json", &body);
	buffer_wipe(&body);
}

static void
on_health(const Answer *answer, void *arg)
{
	const char *alive = answer_rows(answer) > 0 ? answer_value(answer, 0, 0) : NULL;

	if (strcmp(answer_sqlstate(answer), POOL_FULL) != 0)	/* who was too busy to ask knows nothing new */
	{
		healthy = alive != NULL && strcmp(alive, "true") == 0;
		health_since = loop_now();
	}
	reply_health(arg);
}

void
info_health(Exchange *exchange)
{
	if (health_since != 0 && loop_now() - health_since < HEALTH_MS)
		reply_health(exchange);
	else
		pool_run(&registry_alive, NULL, on_health, exchange);
}

/* ---- keys ---- */

/* FNV-1a: the same of all processes for the same keys. */
static void
make_tag(void)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < keys.length; i++)
		hash = (hash ^ (uint8_t) keys.data[i]) * UINT64_C(1099511628211);
	snprintf(keys_tag, sizeof(keys_tag), "\"%016" PRIx64 "\"", hash);
}

static bool
has_it(const Exchange *exchange)
{
	const char *known = exchange_header(exchange, "If-None-Match");

	return known != NULL && (strcmp(known, "*") == 0 || strstr(known, keys_tag) != NULL);
}

static void
reply_keys(Exchange *exchange)
{
	bool		same = has_it(exchange);

	exchange_add_header(exchange, "ETag", keys_tag);
	exchange_add_header(exchange, "Cache-Control", KEYS_CACHING);
	exchange_add_header(exchange, "Access-Control-Allow-Origin", "*");
	exchange_reply(exchange, same ? 304 : 200, same ? NULL : "application/jwk-set+json", same ? NULL : &keys);
}

static void
on_keys(const Answer *answer, void *arg)
{
	Exchange   *exchange = arg;
	Outcome		outcome;

	registry_read(answer, &outcome);
	if (outcome.document != NULL)
	{
		buffer_wipe(&keys);
		buffer_add_text(&keys, outcome.document);
		make_tag();
		keys_since = loop_now();
		reply_keys(exchange);
	}
	else
		problem_reply(exchange, &outcome.problem);
	registry_release(&outcome);
}

void
info_keys(Exchange *exchange)
{
	if (keys_since != 0 && loop_now() - keys_since < KEYS_MS)
		reply_keys(exchange);
	else
		pool_run(&registry_keys, NULL, on_keys, exchange);
}

void
info_end(void)
{
	buffer_wipe(&keys);
}
