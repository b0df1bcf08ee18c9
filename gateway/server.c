/*
 * server.c
 *	  Takes requests in, and hands each to whoever answers its path.
 *
 * libevent's HTTP server ends a connection on which nothing has come for a
 * while, but not one on which a byte comes now and then.  So each connection
 * remembers when the request that it is reading began, and is shut when the next
 * byte comes too late.  The times stand in a table by descriptor, since libevent
 * does not tell when a connection has ended.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "listener.h"
#include "loop.h"
#include "memory.h"
#include "problem.h"
#include "server.h"

#define BODY_MAX		16384
#define HEADERS_MAX		8192
#define INPUT_MAX		65536	/* read ahead of what is being answered */
#define METHODS			(EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH)
#define DESCRIPTORS		16384
#define PAUSE_MS		100		/* when the system has no descriptors left */
#define RESTART			"where it listens changes with a restart only"

/* One listens for everything, perhaps another for metrics. */
typedef struct Entrance
{
	struct evhttp *http;		/* NULL: none */
	struct evconnlistener *listener;
	char	   *socket;			/* its path, or NULL: "address" */
	Address		address;
	bool		everything;
	bool		metrics;
} Entrance;

static Entrance entrances[2];
static LoopEvent *pause_timer = NULL;
static int64_t request_began[DESCRIPTORS];
static int	client_ms;
static bool stopping = false;

/* ---- clients that take their time ---- */

static void
on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	int			fd = bufferevent_getfd(arg);

	(void) buffer;
	if (info->n_added == 0 || fd < 0 || fd >= DESCRIPTORS)
		return;
	if (request_began[fd] == 0)
		request_began[fd] = loop_now();
	else if (loop_now() - request_began[fd] > client_ms)
		shutdown(fd, SHUT_RDWR);
}

/* The descriptor may have had another connection before. */
static void
on_first_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	int			fd = bufferevent_getfd(arg);

	if (info->n_added == 0)
		return;
	if (fd >= 0 && fd < DESCRIPTORS)
		request_began[fd] = 0;
	evbuffer_remove_cb(buffer, on_first_input, arg);
	evbuffer_add_cb(buffer, on_input, arg);
	on_input(buffer, info, arg);
}

static struct bufferevent *
make_connection(struct event_base *base, void *arg)
{
	struct bufferevent *connection = bufferevent_socket_new(base, -1, 0);

	(void) arg;
	if (connection == NULL)
		return NULL;
	bufferevent_setwatermark(connection, EV_READ, 0, INPUT_MAX);
	evbuffer_add_cb(bufferevent_get_input(connection), on_first_input, connection);
	return connection;
}

static void
end_request(struct evhttp_request *http)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(http);
	int			fd = connection != NULL ? bufferevent_getfd(evhttp_connection_get_bufferevent(connection)) : -1;

	if (fd >= 0 && fd < DESCRIPTORS)
		request_began[fd] = 0;
}

/* ---- who answers ---- */

static const Path *
find_path(const Entrance *entrance, const char *path)
{
	for (const Path *found = paths; found->path != NULL; found++)
		if (strcmp(found->path, path) == 0 && (found->metrics ? entrance->metrics : entrance->everything))
			return found;
	return NULL;
}

static void
dispatch(Exchange *exchange, const Entrance *entrance)
{
	const Path *path;

	if (!exchange_is_sound(exchange))
	{
		exchange_close(exchange);
		problem_send(exchange, 400, "the request is malformed");
		return;
	}
	path = find_path(entrance, exchange_path(exchange));
	if (path == NULL)
	{
		problem_send(exchange, 404, "there is nothing at this path");
		return;
	}
	exchange_count_as(exchange, path->path);
	if ((path->get && exchange_is_get(exchange)) || (path->post && exchange_is_post(exchange)))
		path->handler(exchange);
	else
	{
		exchange_add_header(exchange, "Allow", path->get ? path->post ? "GET, HEAD, POST" : "GET, HEAD" : "POST");
		problem_send(exchange, 405, "this method is not for this path");
	}
}

/* Only a proxy on our socket is believed. */
static void
take_request(struct evhttp_request *http, void *arg)
{
	const Entrance *entrance = arg;

	end_request(http);
	dispatch(exchange_begin(http, entrance->socket != NULL), entrance);
}

/* ---- entrances ---- */

static void
let_in(bool anybody)
{
	for (int i = 0; i < 2; i++)
	{
		if (entrances[i].http != NULL && anybody)
			evconnlistener_enable(entrances[i].listener);
		else if (entrances[i].http != NULL)
			evconnlistener_disable(entrances[i].listener);
	}
}

static void
end_pause(void *arg)
{
	(void) arg;
	if (!stopping)
		let_in(true);
}

/* No descriptors: without a pause the loop would do nothing else.  The argument is libevent's own. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void) listener;
	(void) arg;
	let_in(false);
	loop_set_timer(pause_timer, PAUSE_MS);
}

static void
close_entrance(Entrance *entrance)
{
	if (entrance->http != NULL)
		evhttp_free(entrance->http);
	if (entrance->socket != NULL && entrance->http != NULL)
		unlink(entrance->socket);
	free(entrance->socket);
	memset(entrance, 0, sizeof(*entrance));
}

static bool
is_open(const Entrance *entrance, const char *path, const Address *address)
{
	if (entrance->http == NULL)
		return false;
	if (entrance->socket != NULL || path != NULL)
		return entrance->socket != NULL && path != NULL && strcmp(entrance->socket, path) == 0;
	return address_is_same(&entrance->address, address);
}

static struct evhttp *
make_http(Entrance *entrance)
{
	struct evhttp *http = evhttp_new(loop_base());

	evhttp_set_max_body_size(http, BODY_MAX);
	evhttp_set_max_headers_size(http, HEADERS_MAX);
	evhttp_set_allowed_methods(http, METHODS);
	evhttp_set_default_content_type(http, NULL);
	evhttp_set_bevcb(http, make_connection, NULL);
	evhttp_set_gencb(http, take_request, entrance);
	return http;
}

static bool
open_entrance(Entrance *entrance, const char *path, const Address *address, Buffer *problem)
{
	struct evconnlistener *listener;

	if (is_open(entrance, path, address))
		return true;
	if (entrance->http != NULL)
	{
		buffer_add_text(problem, RESTART);
		return false;
	}
	listener = listener_open(path, address, problem);
	if (listener == NULL)
		return false;
	entrance->socket = path != NULL ? copy_text(path) : NULL;
	entrance->address = *address;
	entrance->listener = listener;
	entrance->http = make_http(entrance);
	evhttp_bind_listener(entrance->http, listener);
	evconnlistener_set_error_cb(listener, on_accept_error);
	return true;
}

/* ---- from outside ---- */

static bool
has_metrics_apart(const Config *config)
{
	return config->metrics.port != 0 && (config->socket != NULL || !address_is_same(&config->metrics, &config->address));
}

bool
server_listen(const Config *config, Buffer *problem)
{
	static const Address nowhere;
	bool		apart = has_metrics_apart(config);

	if (entrances[0].http != NULL && apart != (entrances[1].http != NULL))
	{
		buffer_add_text(problem, RESTART);
		return false;
	}
	if (pause_timer == NULL)
		pause_timer = loop_timer(end_pause, NULL);
	return open_entrance(&entrances[0], config->socket, config->socket != NULL ? &nowhere : &config->address, problem) &&
		(!apart || open_entrance(&entrances[1], NULL, &config->metrics, problem));
}

void
server_set(const Config *config)
{
	client_ms = config->client_seconds * 1000;
	for (int i = 0; i < 2; i++)
		if (entrances[i].http != NULL)
			evhttp_set_timeout(entrances[i].http, config->client_seconds);
	entrances[0].everything = true;
	entrances[0].metrics = !has_metrics_apart(config) && config->socket == NULL;
	entrances[1].metrics = true;
}

void
server_stop(void (*stopped) (void))
{
	stopping = true;
	let_in(false);
	exchange_stop(stopped);
}

void
server_end(void)
{
	close_entrance(&entrances[0]);
	close_entrance(&entrances[1]);
	loop_remove(pause_timer);
	pause_timer = NULL;
	exchange_end();
}
