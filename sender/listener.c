/*
 * listener.c
 *	  A small HTTP server on loopback: receipts of gateways, metrics for Prometheus.
 *
 * A receipt is answered as soon as it is in the queue; what it says is of use,
 * not of weight.  The statuses are Kannel's, and so is 200: after any other answer
 * but 202 Kannel sends the receipt again.
 *
 * Anybody on the machine can connect, and each connection takes a descriptor,
 * of which gateways and the database need some.  So nobody is let in while half
 * of them are in use.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/queue.h>
#include <sys/resource.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "listener.h"
#include "loop.h"
#include "message.h"
#include "metrics.h"
#include "receipt.h"
#include "tag.h"

#define RECEIPT_PATH	"/receipt/"
#define BODY_MAX		4096
#define HEADERS_MAX		8192
#define SECONDS			10
#define REST_MS			1000	/* for which nobody is let in */

/* Which paths a server answers; none when it has just been opened. */
typedef struct Listener
{
	struct evhttp *http;		/* NULL: free */
	struct evconnlistener *door;	/* of "http" */
	LoopEvent  *rested;
	Address		address;
	bool		receipts;
	bool		metrics;
} Listener;

/* Two, and two more while others take their place. */
static Listener listeners[4];

#define LISTENERS	((int) (sizeof(listeners) / sizeof(listeners[0])))

static const struct
{
	const char *status;
	bool		delivered;
	const char *detail;
} statuses[] = {
	{"1", true, "delivered"},
	{"2", false, "undelivered"},
	{"16", false, "refused by the centre"}
};

static void
answer(struct evhttp_request *request, int status)
{
	evhttp_send_reply(request, status, NULL, NULL);
}

/* ---- receipts ---- */

/* "status" of the query string; receipts of other statuses are of no interest. */
static void
take_status(struct evhttp_request *request, int64_t id, const char *status)
{
	for (size_t i = 0; status != NULL && i < sizeof(statuses) / sizeof(statuses[0]); i++)
	{
		if (strcmp(status, statuses[i].status) == 0)
		{
			answer(request, receipts_add(id, statuses[i].delivered, statuses[i].detail) ? HTTP_OK : HTTP_SERVUNAVAIL);
			return;
		}
	}
	answer(request, HTTP_OK);
}

static void
take_receipt(struct evhttp_request *request, const char *path, const char *query)
{
	struct evkeyvalq parameters;
	int64_t		id;

	if (!tag_check(path + strlen(RECEIPT_PATH), &id))
	{
		metrics_count(COUNT_RECEIPTS_FORGED);
		answer(request, HTTP_NOTFOUND);
		return;
	}
	if (evhttp_parse_query_str(query != NULL ? query : "", &parameters) != 0)
	{
		answer(request, HTTP_BADREQUEST);
		return;
	}
	take_status(request, id, evhttp_find_header(&parameters, "status"));
	evhttp_clear_headers(&parameters);
}

/* ---- metrics ---- */

static void
show_metrics(struct evhttp_request *request)
{
	struct evbuffer *body = evbuffer_new();
	Buffer		text = {0};

	metrics_write(&text, messages_in_flight());
	evbuffer_add(body, text.data, text.length);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain; version=0.0.4");
	evhttp_send_reply(request, HTTP_OK, NULL, body);
	evbuffer_free(body);
	buffer_wipe(&text);
}

/* ---- who is let in ---- */

/* The kernel gives the lowest descriptor that is free. */
static bool
half_are_in_use(void)
{
	struct rlimit limit;
	int			lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (lowest < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return true;
	close(lowest);
	return (rlim_t) lowest >= limit.rlim_cur / 2;
}

static void
open_door(void *arg)
{
	Listener   *listener = arg;

	if (half_are_in_use())
		loop_set_timer(listener->rested, REST_MS);
	else
		evconnlistener_enable(listener->door);
}

static void
close_door(Listener *listener)
{
	evconnlistener_disable(listener->door);
	loop_set_timer(listener->rested, REST_MS);
}

static struct bufferevent *
let_in(struct event_base *base, void *arg)
{
	if (half_are_in_use())
		close_door(arg);
	return bufferevent_socket_new(base, -1, 0);
}

/* The listener's own argument is the HTTP server's. */
static void
on_door_trouble(struct evconnlistener *door, void *arg)
{
	(void) arg;
	for (int i = 0; i < LISTENERS; i++)
		if (listeners[i].door == door)
			close_door(&listeners[i]);
}

static void
watch_door(Listener *listener, struct evconnlistener *door)
{
	listener->door = door;
	listener->rested = loop_timer(open_door, listener);
	evconnlistener_set_error_cb(door, on_door_trouble);
}

/* ---- the servers ---- */

static void
take_request(struct evhttp_request *request, void *arg)
{
	const Listener *listener = arg;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	if (path == NULL)
		answer(request, HTTP_BADREQUEST);
	else if (listener->receipts && strncmp(path, RECEIPT_PATH, strlen(RECEIPT_PATH)) == 0)
		take_receipt(request, path, evhttp_uri_get_query(uri));
	else if (listener->metrics && strcmp(path, "/metrics") == 0)
		show_metrics(request);
	else
		answer(request, HTTP_NOTFOUND);
}

static bool
listens_on(const Listener *listener, const Address *address)
{
	return listener->http != NULL && address_is_same(&listener->address, address);
}

static void
close_listener(Listener *listener)
{
	if (listener->http != NULL)
		evhttp_free(listener->http);
	loop_remove(listener->rested);
	memset(listener, 0, sizeof(*listener));
}

static void
close_unused(void)
{
	for (int i = 0; i < LISTENERS; i++)
		if (!listeners[i].receipts && !listeners[i].metrics)
			close_listener(&listeners[i]);
}

static Listener *
find_free(void)
{
	Listener   *listener = listeners;

	while (listener->http != NULL)
		listener++;
	return listener;
}

static bool
open_listener(const Address *address, Buffer *problem)
{
	Listener   *listener = find_free();
	struct evhttp_bound_socket *bound;

	listener->address = *address;
	listener->http = evhttp_new(loop_base());
	evhttp_set_timeout(listener->http, SECONDS);
	evhttp_set_max_body_size(listener->http, BODY_MAX);
	evhttp_set_max_headers_size(listener->http, HEADERS_MAX);
	evhttp_set_allowed_methods(listener->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_gencb(listener->http, take_request, listener);
	evhttp_set_bevcb(listener->http, let_in, listener);
	bound = evhttp_bind_socket_with_handle(listener->http, address->host, (uint16_t) address->port);
	if (bound != NULL)
	{
		watch_door(listener, evhttp_bound_socket_get_listener(bound));
		return true;
	}
	buffer_format(problem, "could not listen on %s port %d: %s", address->host, address->port,
				  evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	return false;
}

static bool
is_open(const Address *address)
{
	for (int i = 0; i < LISTENERS; i++)
		if (listens_on(&listeners[i], address))
			return true;
	return false;
}

static bool
listen_on(const Address *address, Buffer *problem)
{
	return address->port == 0 || is_open(address) || open_listener(address, problem);
}

/* What is new is opened first, so that nothing has changed when that fails. */
bool
listener_set(const Address *receipts, const Address *metrics, Buffer *problem)
{
	bool		good = listen_on(receipts, problem) && listen_on(metrics, problem);

	for (int i = 0; good && i < LISTENERS; i++)
	{
		listeners[i].receipts = listens_on(&listeners[i], receipts);
		listeners[i].metrics = listens_on(&listeners[i], metrics);
	}
	close_unused();
	return good;
}

void
listener_end(void)
{
	for (int i = 0; i < LISTENERS; i++)
		close_listener(&listeners[i]);
}
