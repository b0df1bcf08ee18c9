/*
 * server.c
 *	  Listens, takes requests in, and hands each to whoever answers its path.
 *
 * libevent's HTTP server ends a connection on which nothing has come for a
 * while, but not one on which a byte comes now and then.  So each connection
 * remembers when the request that it is reading began, and is shut when the next
 * byte comes too late.  The times stand in a table by descriptor, since libevent
 * does not tell when a connection has ended.
 *
 * A request whose end could be understood in two ways - by us and by a proxy -
 * is refused, and its connection closed.
 *
 * libevent is in this file and in loop.c only.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "exchange.h"
#include "loop.h"
#include "memory.h"
#include "metrics.h"
#include "problem.h"
#include "server.h"

#define BODY_MAX		16384
#define HEADERS_MAX		16384
#define BACKLOG			511
#define DESCRIPTORS		16384
#define LINGER_MS		100		/* for the last replies to leave */
#define PAUSE_MS		100		/* when the system has no descriptors left */
#define ADDRESS_SIZE	INET6_ADDRSTRLEN
#define RESTART			"where it listens changes with a restart only"

typedef struct Listener
{
	struct evhttp *http;		/* NULL: none */
	struct evconnlistener *accepting;
	LoopEvent  *pause;
	char	   *socket;			/* its path, or NULL: "address" */
	Address		address;
	bool		everything;
	bool		metrics;
} Listener;

struct Exchange
{
	struct evhttp_request *http;
	const Path *path;
	Buffer		body;
	char		address[ADDRESS_SIZE];
	int64_t		since;
	bool		has_cache_control;
};

static Listener listeners[2];
static int64_t request_began[DESCRIPTORS];
static int	client_ms;
static int	in_flight = 0;
static bool stopping = false;
static void (*tell_stopped) (void);
static LoopEvent *linger = NULL;

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
	if (connection != NULL)
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

/* ---- what a handler may ask ---- */

const char *
exchange_path(const Exchange *exchange)
{
	return evhttp_uri_get_path(evhttp_request_get_evhttp_uri(exchange->http));
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

static bool
is_head(struct evhttp_request *http)
{
	return evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
}

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
	tell_stopped();
}

static void
stop_when_empty(void)
{
	if (!stopping || in_flight > 0)
		return;
	if (linger == NULL)
		linger = loop_timer(end_linger, NULL);
	loop_set_timer(linger, LINGER_MS);
}

void
exchange_reply(Exchange *exchange, int status, const char *type, const Buffer *text)
{
	struct evbuffer *body = evbuffer_new();

	/* what a HEAD gets has a length and no body, which libevent would send */
	if (text != NULL && is_head(exchange->http))
		exchange_add_number(exchange, "Content-Length", text->length);
	else if (text != NULL)
		evbuffer_add(body, text->data, text->length);
	if (type != NULL)
		exchange_add_header(exchange, "Content-Type", type);
	exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
	if (!exchange->has_cache_control)
		exchange_add_header(exchange, "Cache-Control", "no-store");
	if (stopping)
		exchange_close(exchange);
	metrics_replied(exchange->path != NULL ? exchange->path->path : NULL, status, loop_now() - exchange->since);
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

/* Whether there is one way to say where it ends.  libevent takes the body of a HEAD for the next request. */
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

/* The network of 64 bits is what one subscriber has; one that stands for an IPv4 address is that. */
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

/* The last line of this name, or NULL: a proxy may write its own behind those of the client. */
static const char *
find_last(struct evhttp_request *http, const char *name)
{
	struct evkeyval *header;
	const char *last = NULL;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(http), next)
		if (strcasecmp(header->key, name) == 0)
			last = header->value;
	return last;
}

/* Only a proxy on our socket is believed, and of what it says the last, which is its own. */
static void
find_address(Exchange *exchange, const Listener *listener)
{
	const char *forwarded = listener->socket != NULL ? find_last(exchange->http, "X-Forwarded-For") : NULL;
	char	   *peer = NULL;
	const char *text;
	uint16_t	port;
	uint8_t		bytes[16];

	if (listener->socket == NULL)
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

static const Path *
find_path(const Listener *listener, const char *path)
{
	for (const Path *found = paths; found->path != NULL; found++)
		if (strcmp(found->path, path) == 0 && (found->metrics ? listener->metrics : listener->everything))
			return found;
	return NULL;
}

static void
dispatch(Exchange *exchange, const Listener *listener)
{
	enum evhttp_cmd_type command = evhttp_request_get_command(exchange->http);
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(exchange->http);

	if (uri == NULL || evhttp_uri_get_path(uri) == NULL || !has_one_end(exchange->http))
	{
		exchange_close(exchange);
		problem_send(exchange, 400, "the request is malformed");
		return;
	}
	exchange->path = find_path(listener, evhttp_uri_get_path(uri));
	if (exchange->path == NULL)
		problem_send(exchange, 404, "there is nothing at this path");
	else if ((command == EVHTTP_REQ_POST && exchange->path->post) ||
			 ((command == EVHTTP_REQ_GET || command == EVHTTP_REQ_HEAD) && exchange->path->get))
		exchange->path->handler(exchange);
	else
	{
		exchange_add_header(exchange, "Allow", exchange->path->get ? exchange->path->post ? "GET, HEAD, POST" : "GET, HEAD" : "POST");
		problem_send(exchange, 405, "this method is not for this path");
	}
}

static void
take_request(struct evhttp_request *http, void *arg)
{
	const Listener *listener = arg;
	Exchange   *exchange = allocate(sizeof(Exchange));

	end_request(http);
	in_flight++;
	exchange->http = http;
	exchange->since = loop_now();
	snprintf(exchange->address, sizeof(exchange->address), "unknown");
	find_address(exchange, listener);
	read_body(exchange);
	dispatch(exchange, listener);
}

/* ---- listening ---- */

static void
close_listener(Listener *listener)
{
	if (listener->http != NULL)
		evhttp_free(listener->http);
	if (listener->socket != NULL && listener->http != NULL)
		unlink(listener->socket);
	loop_remove(listener->pause);
	free(listener->socket);
	memset(listener, 0, sizeof(*listener));
}

static void
go_on_accepting(void *arg)
{
	const Listener *listener = arg;

	if (!stopping)
		evconnlistener_enable(listener->accepting);
}

/* No descriptors: without a pause the loop would do nothing else. */
static void
on_accept_error(struct evconnlistener *accepting, void *arg)
{
	const Listener *listener = arg;

	evconnlistener_disable(accepting);
	loop_set_timer(listener->pause, PAUSE_MS);
}

/* One that somebody listens on is left alone. */
static bool
remove_old_socket(const struct sockaddr_un *address)
{
	struct stat st;
	int			fd;
	bool		alive;

	if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return true;			/* bind says what is wrong */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	alive = fd >= 0 && connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0;
	if (fd >= 0)
		close(fd);
	return !alive && unlink(address->sun_path) == 0;
}

static struct evconnlistener *
listen_on(const struct sockaddr *address, int length)
{
	unsigned	flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;

	if (address->sa_family != AF_UNIX)
		flags |= LEV_OPT_REUSEABLE | LEV_OPT_REUSEABLE_PORT;
	return evconnlistener_new_bind(loop_base(), NULL, NULL, flags, BACKLOG, address, length);
}

/* A proxy in the socket's group may connect. */
static struct evconnlistener *
listen_on_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct evconnlistener *listener = NULL;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	errno = EADDRINUSE;
	if (remove_old_socket(&address))
		listener = listen_on((const struct sockaddr *) &address, sizeof(address));
	if (listener != NULL)
		(void) chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
	return listener;
}

static struct evconnlistener *
listen_on_address(const Address *where)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_port = htons(where->port)};
	struct sockaddr_in6 address6 = {.sin6_family = AF_INET6,.sin6_port = htons(where->port)};

	if (inet_pton(AF_INET, where->host, &address.sin_addr) == 1)
		return listen_on((const struct sockaddr *) &address, sizeof(address));
	inet_pton(AF_INET6, where->host, &address6.sin6_addr);
	return listen_on((const struct sockaddr *) &address6, sizeof(address6));
}

static bool
is_same(const Address *one, const Address *other)
{
	return one->port == other->port && strcmp(one->host, other->host) == 0;
}

static bool
is_open(const Listener *listener, const char *path, const Address *address)
{
	if (listener->http == NULL)
		return false;
	if (listener->socket != NULL || path != NULL)
		return listener->socket != NULL && path != NULL && strcmp(listener->socket, path) == 0;
	return is_same(&listener->address, address);
}

static bool
open_listener(Listener *listener, const char *path, const Address *address, Buffer *problem)
{
	struct evconnlistener *accepting;

	if (is_open(listener, path, address))
		return true;
	if (listener->http != NULL)
	{
		buffer_add_text(problem, RESTART);
		return false;
	}
	accepting = path != NULL ? listen_on_socket(path) : listen_on_address(address);
	if (accepting == NULL)
	{
		if (path != NULL)
			buffer_format(problem, "could not listen on \"%s\": %s", path, strerror(errno));
		else
			buffer_format(problem, "could not listen on %s port %d: %s", address->host, address->port, strerror(errno));
		return false;
	}
	listener->socket = path != NULL ? copy_text(path) : NULL;
	listener->address = *address;
	listener->accepting = accepting;
	listener->pause = loop_timer(go_on_accepting, listener);
	listener->http = evhttp_new(loop_base());
	evhttp_set_max_body_size(listener->http, BODY_MAX);
	evhttp_set_max_headers_size(listener->http, HEADERS_MAX);
	evhttp_set_allowed_methods(listener->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_default_content_type(listener->http, NULL);
	evhttp_set_bevcb(listener->http, make_connection, NULL);
	evhttp_set_gencb(listener->http, take_request, listener);
	evhttp_bind_listener(listener->http, accepting);
	evconnlistener_set_error_cb(accepting, on_accept_error);
	return true;
}

bool
server_set(const Config *config, Buffer *problem)
{
	static const Address nowhere;
	bool		apart = config->metrics.port != 0 && (config->socket != NULL || !is_same(&config->metrics, &config->address));

	if (!apart && listeners[1].http != NULL)
	{
		buffer_add_text(problem, RESTART);
		return false;
	}
	if (!open_listener(&listeners[0], config->socket, config->socket != NULL ? &nowhere : &config->address, problem) ||
		(apart && !open_listener(&listeners[1], NULL, &config->metrics, problem)))
		return false;
	client_ms = config->client_seconds * 1000;
	for (int i = 0; i < 2; i++)
		if (listeners[i].http != NULL)
			evhttp_set_timeout(listeners[i].http, config->client_seconds);
	listeners[0].everything = true;
	listeners[0].metrics = !apart && config->socket == NULL;
	listeners[1].metrics = true;
	return true;
}

void
server_stop(void (*stopped) (void))
{
	stopping = true;
	tell_stopped = stopped;
	for (int i = 0; i < 2; i++)
		if (listeners[i].http != NULL)
			evconnlistener_disable(listeners[i].accepting);
	stop_when_empty();
}

void
server_end(void)
{
	close_listener(&listeners[0]);
	close_listener(&listeners[1]);
	loop_remove(linger);
	linger = NULL;
}

int
server_in_flight(void)
{
	return in_flight;
}
