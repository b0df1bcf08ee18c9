/*
 * listener.c
 *	  Where clients come in: a socket in a folder, or a port of loopback.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/listener.h>

#include "listener.h"
#include "loop.h"

#define BACKLOG	511

/* One that somebody listens on is left alone, and one of which that is not known. */
static bool
remove_old_socket(const struct sockaddr_un *address)
{
	struct stat st;
	int			fd;
	bool		dead;

	if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return true;			/* bind says what is wrong */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	dead = fd >= 0 && connect(fd, (const struct sockaddr *) address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	errno = EADDRINUSE;
	return dead && unlink(address->sun_path) == 0;
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

struct evconnlistener *
listener_open(const char *path, const Address *address, Buffer *problem)
{
	struct evconnlistener *listener = path != NULL ? listen_on_socket(path) : listen_on_address(address);

	if (listener == NULL && path != NULL)
		buffer_format(problem, "could not listen on \"%s\": %s", path, strerror(errno));
	else if (listener == NULL)
		buffer_format(problem, "could not listen on %s port %d: %s", address->host, address->port, strerror(errno));
	return listener;
}
