/*
 * gateway.c
 *	  Clients of kycvs-gateway: how many answers a second, how late, beside others that do nothing or little.
 *
 *	gateway PORT CLIENTS SECONDS IDLE SLOW < REQUEST
 *
 * Each of CLIENTS sends the request, waits for the answer, and sends it again, on
 * a connection that it keeps.  IDLE more connect and say nothing; SLOW send a byte
 * of the request every 100 ms.  Whoever of these is hung up on connects anew.
 * Prints answers, those that were not 200, answers a second, the median and the 99th
 * percentile in milliseconds, and how many were hung up on.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX		16384
#define REQUEST_MAX		16384
#define TIMES_MAX		4000000
#define SLOW_MS			100
#define EVENTS			256

typedef enum Kind
{
	KIND_QUICK,
	KIND_IDLE,
	KIND_SLOW
} Kind;

typedef struct Client
{
	Kind		kind;
	int			fd;
	size_t		sent;			/* of the request, by a slow one */
	size_t		got;
	double		since;
	char		answer[ANSWER_MAX + 1];
} Client;

static char request[REQUEST_MAX];
static size_t request_length;
static int	port;
static int	epoll_fd;
static float *times;
static size_t answers = 0;
static size_t bad = 0;
static size_t hung_up = 0;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
send_request(Client *client)
{
	client->got = 0;
	client->since = now();
	if (write(client->fd, request, request_length) != (ssize_t) request_length)
		fail("write");
}

static void
connect_client(Client *client)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_port = htons(port),.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN,.data.ptr = client};
	int			on = 1;

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *) &address, sizeof(address)) != 0)
		fail("connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	client->sent = client->got = 0;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0)
		fail("epoll_ctl");
	if (client->kind == KIND_QUICK)
		send_request(client);
}

/* Whether the whole answer is there. */
static bool
is_whole(Client *client)
{
	const char *length;
	const char *body;

	client->answer[client->got] = '\0';
	body = strstr(client->answer, "\r\n\r\n");
	length = strstr(client->answer, "Content-Length: ");
	return body != NULL && length != NULL && client->got >= (size_t) (body + 4 - client->answer) + strtoul(length + 16, NULL, 10);
}

static void
take_answer(Client *client)
{
	if (!is_whole(client))
		return;
	if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0)
		bad++;
	if (answers < TIMES_MAX)
		times[answers] = (float) (now() - client->since);
	answers++;
	send_request(client);
}

static void
read_client(Client *client)
{
	ssize_t		n = read(client->fd, client->answer + client->got, ANSWER_MAX - client->got);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
	{
		hung_up++;
		close(client->fd);
		connect_client(client);
		return;
	}
	if (client->kind != KIND_QUICK)
		return;
	client->got += n;
	take_answer(client);
}

static void
trickle(Client *clients, int n)
{
	for (int i = 0; i < n; i++)
		if (clients[i].kind == KIND_SLOW && clients[i].sent < request_length)
			if (write(clients[i].fd, request + clients[i].sent++, 1) < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
				fail("write");
}

static int
compare(const void *a, const void *b)
{
	float		one = *(const float *) a;
	float		other = *(const float *) b;

	return (one > other) - (one < other);
}

static void
run(Client *clients, int n, int seconds)
{
	struct epoll_event events[EVENTS];
	double		end = now() + seconds;
	double		next = now();

	while (now() < end)
	{
		int			ready = epoll_wait(epoll_fd, events, EVENTS, SLOW_MS / 2);

		for (int i = 0; i < ready; i++)
			read_client(events[i].data.ptr);
		if (now() >= next)
		{
			trickle(clients, n);
			next += SLOW_MS / 1000.0;
		}
	}
}

static void
raise_limit_of_files(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
	int			numbers[5];
	int			n;
	Client	   *clients;

	for (int i = 0; i < 5 && i + 1 < argc; i++)
		numbers[i] = atoi(argv[i + 1]);
	if (argc != 6 || (request_length = fread(request, 1, REQUEST_MAX, stdin)) == 0)
		return 2;
	port = numbers[0];
	n = numbers[1] + numbers[3] + numbers[4];
	raise_limit_of_files();
	signal(SIGPIPE, SIG_IGN);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	times = calloc(TIMES_MAX, sizeof(float));
	clients = calloc(n, sizeof(Client));
	for (int i = 0; i < n; i++)
	{
		clients[i].kind = i < numbers[3] ? KIND_IDLE : i < numbers[3] + numbers[4] ? KIND_SLOW : KIND_QUICK;
		connect_client(&clients[i]);
	}
	run(clients, n, numbers[2]);
	qsort(times, answers < TIMES_MAX ? answers : TIMES_MAX, sizeof(float), compare);
	printf("%zu %zu %.0f %.2f %.2f %zu\n", answers, bad, (double) answers / numbers[2],
		   answers > 0 ? times[answers / 2] * 1000 : 0, answers > 0 ? times[answers * 99 / 100] * 1000 : 0, hung_up);
	return 0;
}
