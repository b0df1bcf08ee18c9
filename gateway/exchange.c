/*
 * exchange.c
 *	  One HTTP request, and the reply to it.
 *
 * A request whose end could be understood in two ways - by us and by a proxy -
 * is not sound.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "exchange.h"
#include "loop.h"
#include "memory.h"
#include "metrics.h"
#include "problem.h"

#define LINGER_MS		100		/* for the last replies to leave */
#define ADDRESS_SIZE	INET6_ADDRSTRLEN

struct Exchange
{
	struct evhttp_request *http;
	const char *counted_as;
	Buffer		body;
	char		address[ADDRESS_SIZE];
	int64_t		since;
	bool		has_cache_control;
};

static int	in_flight = 0;
static void (*tell_stopped) (void) = NULL;	/* set: it is about to stop */
static LoopEvent *linger = NULL;

static bool
is_head(struct evhttp_request *http)
{
	return evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
}

/* ---- what a handler may ask ---- */

const char *
exchange_path(const Exchange *exchange)
{
	return evhttp_uri_get_path(evhttp_request_get_evhttp_uri(exchange->http));
}

bool
exchange_is_get(const Exchange *exchange)
{
	enum evhttp_cmd_type command = evhttp_request_get_command(exchange->http);

	return command == EVHTTP_REQ_GET || command == EVHTTP_REQ_HEAD;
}

bool
exchange_is_post(const Exchange *exchange)
{
	return evhttp_request_get_command(exchange->http) == EVHTTP_REQ_POST;
}

const char *
exchange_query(const Exchange *exchange)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(exchange->http));

	return query != NULL ? query : "";
}

const char *
exchange_header(const Exchange *exchange, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(exchange->http), name);
}

const Buffer *
exchange_body(const Exchange *exchange)
{
	return &exchange->body;
}

const char *
exchange_address(const Exchange *exchange)
{
	return exchange->address;
}

/* ---- replies ---- */

void
exchange_add_header(Exchange *exchange, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(exchange->http), name, value);
	exchange->has_cache_control |= strcmp(name, "Cache-Control") == 0;
}

void
exchange_add_number(Exchange *exchange, const char *name, long value)
{
	char		text[32];

	snprintf(text, sizeof(text), "%ld", value);
	exchange_add_header(exchange, name, text);
}

void
exchange_close(Exchange *exchange)
{
	exchange_add_header(exchange, "Connection", "close");
}

static void
end_linger(void *arg)
{
	(void) arg;
	if (in_flight == 0)			/* else one has come meanwhile, on a connection that was kept */
		tell_stopped();
}

static void
stop_when_empty(void)
{
	if (tell_stopped == NULL || in_flight > 0)
		return;
	if (linger == NULL)
		linger = loop_timer(end_linger, NULL);
	loop_set_timer(linger, LINGER_MS);
}

void
exchange_reply(Exchange *exchange, int status, const char *type, const Buffer *text)
{
	struct evbuffer *body = evbuffer_new();

	if (text != NULL && is_head(exchange->http))
		exchange_add_number(exchange, "Content-Length", (long) text->length);
	else if (text != NULL)
		evbuffer_add(body, text->data, text->length);
	if (type != NULL)
		exchange_add_header(exchange, "Content-Type", type);
	exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
	if (!exchange->has_cache_control)
		exchange_add_header(exchange, "Cache-Control", "no-store");
	if (tell_stopped != NULL)
		exchange_close(exchange);
	metrics_replied(exchange->counted_as, status, loop_now() - exchange->since);
	evhttp_send_reply(exchange->http, status, problem_title(status), body);
	evbuffer_free(body);
	buffer_wipe(&exchange->body);
	free(exchange);
	in_flight--;
	stop_when_empty();
}

/* ---- what is taken in ---- */

static bool
is_token(const char *name)
{
	return *name != '\0' && name[strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static bool
is_number(const char *value)
{
	return *value != '\0' && value[strspn(value, "0123456789")] == '\0';
}

/* Whether there is one way to say where it ends.  libevent reads no body of a HEAD: what was one would be the next request. */
static bool
has_one_end(struct evhttp_request *http)
{
	struct evkeyval *header;
	int			lengths = 0;
	int			codings = 0;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(http), next)
	{
		if (!is_token(header->key))
			return false;
		if (strcasecmp(header->key, "Content-Length") == 0 && (++lengths > 1 || !is_number(header->value)))
			return false;
		if (strcasecmp(header->key, "Transfer-Encoding") == 0 && (++codings > 1 || strcasecmp(header->value, "chunked") != 0))
			return false;
	}
	return lengths + codings <= (is_head(http) ? 0 : 1);
}

/* Nobody knows which line is the proxy's when there are two: some add theirs behind, and a trailer comes last. */
static const char *
only_header(const Exchange *exchange, const char *name)
{
	struct evkeyval *header;
	const char *value = NULL;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(exchange->http), next)
	{
		if (strcasecmp(header->key, name) != 0)
			continue;
		if (value != NULL)
			return NULL;
		value = header->value;
	}
	return value;
}

/* RFC 9112, 3.2: with two, or none, a proxy could mean another. */
static bool
has_one_host(const Exchange *exchange)
{
	return only_header(exchange, "Host") != NULL ||
		(exchange->http->minor == 0 && exchange_header(exchange, "Host") == NULL);
}

bool
exchange_is_sound(const Exchange *exchange)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(exchange->http);

	return uri != NULL && evhttp_uri_get_path(uri) != NULL && has_one_end(exchange->http) && has_one_host(exchange);
}

/* The network of 64 bits is what one subscriber has; an IPv4 address that is written as IPv6 is one. */
static void
write_address(char *to, int family, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff,[11] = 0xff};
	uint8_t		network[16] = {0};

	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0)
	{
		family = AF_INET;
		bytes += sizeof(mapped);
	}
	if (family == AF_INET6)
		memcpy(network, bytes, 8);
	inet_ntop(family, family == AF_INET6 ? network : bytes, to, ADDRESS_SIZE);
}

/* Only a proxy on our socket is believed, and of what it says the last, which is its own. */
static void
find_address(Exchange *exchange, bool behind_proxy)
{
	const char *forwarded = behind_proxy ? only_header(exchange, "X-Forwarded-For") : NULL;
	char	   *peer = NULL;
	const char *text;
	uint16_t	port;
	uint8_t		bytes[16];

	if (!behind_proxy)
		evhttp_connection_get_peer(evhttp_request_get_connection(exchange->http), &peer, &port);
	text = forwarded != NULL && strrchr(forwarded, ',') != NULL ? strrchr(forwarded, ',') + 1 : forwarded != NULL ? forwarded : peer;
	while (text != NULL && *text == ' ')
		text++;
	if (text != NULL && inet_pton(AF_INET, text, bytes) == 1)
		write_address(exchange->address, AF_INET, bytes);
	else if (text != NULL && inet_pton(AF_INET6, text, bytes) == 1)
		write_address(exchange->address, AF_INET6, bytes);
}

static void
read_body(Exchange *exchange)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(exchange->http);
	size_t		length = evbuffer_get_length(input);

	if (length > 0)
		buffer_add(&exchange->body, evbuffer_pullup(input, -1), length);
}

Exchange *
exchange_begin(struct evhttp_request *http, bool behind_proxy)
{
	Exchange   *exchange = allocate(sizeof(Exchange));

	in_flight++;
	exchange->http = http;
	exchange->since = loop_now();
	snprintf(exchange->address, sizeof(exchange->address), "unknown");
	find_address(exchange, behind_proxy);
	read_body(exchange);
	return exchange;
}

void
exchange_count_as(Exchange *exchange, const char *path)
{
	exchange->counted_as = path;
}

/* ---- all of them ---- */

int
exchange_in_flight(void)
{
	return in_flight;
}

void
exchange_stop(void (*stopped) (void))
{
	tell_stopped = stopped;
	stop_when_empty();
}

void
exchange_end(void)
{
	loop_remove(linger);
	linger = NULL;
}
