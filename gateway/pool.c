/*
 * pool.c
 *	  A few connections to the registry's database, and those who wait for one.
 *
 * libpq's asynchronous functions, driven by the loop: nothing here waits, but
 * for the resolver when the connection string names a host.  Each connection
 * runs one query at a time and has one timer, for all there is to wait for: the
 * next attempt to connect, its end, an answer.  Waiting queries stand in a
 * queue; all may wait as long, so that the first is the first to be too late.
 *
 * Values are wiped as soon as they are sent.  libpq keeps what it sends in a
 * buffer, so a connection that has nothing to do for a second sends as many
 * dots as that holds.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "log.h"
#include "loop.h"
#include "memory.h"
#include "pool.h"

#define CONNECTIONS_MAX	64
#define CONNECT_MS		10000
#define ANSWER_MS		10000	/* the registry's functions give up after five seconds themselves */
#define QUEUE_MS		5000
#define IDLE_MS			1000
#define PAUSE_FIRST		100
#define PAUSE_LONGEST	5000
#define OVERWRITE_BYTES	(20 * 1024)	/* the longest request, and some more */

typedef struct Waiting
{
	const Query *query;			/* NULL: the connection's own */
	char	   *values[QUERY_VALUES_MAX];
	PoolCallback callback;
	void	   *arg;
	int64_t		since;
	struct Waiting *next;
} Waiting;

typedef enum State
{
	STATE_AWAY,
	STATE_CONNECTING,
	STATE_PREPARING,
	STATE_FREE,
	STATE_RUNNING,
	STATE_OVERWRITING
} State;

typedef struct Connection
{
	PGconn	   *conn;
	State		state;
	LoopEvent  *watch;
	LoopEvent  *timer;
	int			prepared;
	bool		used;			/* since it was overwritten */
	PGresult   *result;
	Waiting    *running;
} Connection;

struct PoolAnswer
{
	const PGresult *result;		/* NULL: there is none */
	const char *why;			/* then this SQLSTATE */
};

static const Query overwrite = {"overwrite", "SELECT length($1::text)", 1};

static char *conninfo = NULL;
static const Query *const *queries;
static Connection connections[CONNECTIONS_MAX];
static int	nconnections = 0;

static Waiting *first = NULL;
static Waiting **last = &first;
static int	waiting = 0;
static int	waiting_max;
static LoopEvent *queue_timer;

static int	failures = 0;		/* in a row, of all connections */
static Buffer problem;
static Seldom seldom;

static void on_socket(int fd, int what, void *arg);
static void serve_queue(void);

/* ---- answers ---- */

const char *
pool_sqlstate(const PoolAnswer *answer)
{
	const char *sqlstate;

	if (answer->result == NULL)
		return answer->why;
	if (pool_is_fine(answer))
		return POOL_FINE;
	sqlstate = PQresultErrorField(answer->result, PG_DIAG_SQLSTATE);
	return sqlstate != NULL ? sqlstate : POOL_LOST;
}

bool
pool_is_fine(const PoolAnswer *answer)
{
	return answer->result != NULL && PQresultStatus(answer->result) == PGRES_TUPLES_OK;
}

int
pool_rows(const PoolAnswer *answer)
{
	return pool_is_fine(answer) ? PQntuples(answer->result) : 0;
}

const char *
pool_value(const PoolAnswer *answer, int row, int column)
{
	return PQgetisnull(answer->result, row, column) ? NULL : PQgetvalue(answer->result, row, column);
}

/* ---- who waits ---- */

static Waiting *
make_waiting(const Query *query, const char *const *values, PoolCallback callback, void *arg)
{
	Waiting    *item = allocate(sizeof(Waiting));

	item->query = query;
	for (int i = 0; i < query->nvalues; i++)
		if (values[i] != NULL)
			item->values[i] = copy_text(values[i]);
	item->callback = callback;
	item->arg = arg;
	item->since = loop_now();
	return item;
}

static void
wipe_values(Waiting *item)
{
	for (int i = 0; i < QUERY_VALUES_MAX; i++)
	{
		wipe_and_free(item->values[i], item->values[i] != NULL ? strlen(item->values[i]) : 0);
		item->values[i] = NULL;
	}
}

/* Tells, and forgets; the result is NULL when there is none. */
static void
finish(Waiting *item, const PGresult *result, const char *why)
{
	PoolAnswer	answer = {result, why};

	wipe_values(item);
	item->callback(&answer, item->arg);
	free(item);
}

static Waiting *
take_first(void)
{
	Waiting    *item = first;

	first = item->next;
	if (first == NULL)
		last = &first;
	waiting--;
	return item;
}

static void
set_queue_timer(void)
{
	int64_t		left = first != NULL ? first->since + QUEUE_MS - loop_now() : 0;

	if (first == NULL)
		loop_stop_timer(queue_timer);
	else
		loop_set_timer(queue_timer, left > 0 ? left : 0);
}

static void
drop_late(void *arg)
{
	int64_t		now = loop_now();

	(void) arg;
	while (first != NULL && now - first->since >= QUEUE_MS)
		finish(take_first(), NULL, POOL_TOO_LATE);
	set_queue_timer();
}

/* ---- losing a connection ---- */

static void
watch_for(Connection *c, int what)
{
	loop_remove(c->watch);
	c->watch = what == 0 ? NULL : loop_watch(PQsocket(c->conn), what, on_socket, c);
}

static int64_t
next_pause(void)
{
	int64_t		pause = PAUSE_FIRST;

	for (int i = nconnections; i < failures && pause < PAUSE_LONGEST; i += nconnections)
		pause *= 2;
	return pause < PAUSE_LONGEST ? pause : PAUSE_LONGEST;
}

/* libpq ends what it says with a line feed. */
static void
note_problem(const char *why)
{
	unsigned	skipped;

	buffer_wipe(&problem);
	buffer_add_text(&problem, why);
	while (problem.length > 0 && problem.data[problem.length - 1] == '\n')
		problem.data[--problem.length] = '\0';
	if (log_due(&seldom, &skipped))
		log_warning("database: %s", buffer_text(&problem));
}

static void
forget(Connection *c)
{
	watch_for(c, 0);
	PQclear(c->result);
	c->result = NULL;
	PQfinish(c->conn);
	c->conn = NULL;
	c->state = STATE_AWAY;
}

/* Nobody waits for what cannot come. */
static void
lose(Connection *c, const char *why)
{
	Waiting    *item = c->running;

	note_problem(why);
	failures++;
	c->running = NULL;
	forget(c);
	loop_set_timer(c->timer, next_pause());
	if (item != NULL)
		finish(item, NULL, POOL_LOST);
	while (first != NULL && pool_connected() == 0)
		finish(take_first(), NULL, POOL_LOST);
}

static void
fail(Connection *c)
{
	lose(c, PQerrorMessage(c->conn));
}

/* ---- running ---- */

static void
flush(Connection *c)
{
	int			left = PQflush(c->conn);

	if (left < 0)
		loop_set_timer(c->timer, 0);
	else
		watch_for(c, left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

/* What could not be sent is lost by the timer, so that nobody is told before this has returned. */
static void
expect_answer(Connection *c, State state, bool sent)
{
	c->state = state;
	loop_set_timer(c->timer, sent ? ANSWER_MS : 0);
	if (sent)
		flush(c);
}

static bool
send_query(Connection *c, const Query *query, char *const *values)
{
	return PQsendQueryPrepared(c->conn, query->name, query->nvalues, (const char *const *) values, NULL, NULL, 0);
}

static void
run(Connection *c, Waiting *item)
{
	c->running = item;
	c->used = true;
	expect_answer(c, STATE_RUNNING, send_query(c, item->query, item->values));
	wipe_values(item);
}

static void
run_overwrite(Connection *c)
{
	char	   *dots = allocate(OVERWRITE_BYTES + 1);

	memset(dots, '.', OVERWRITE_BYTES);
	c->used = false;
	expect_answer(c, STATE_OVERWRITING, send_query(c, &overwrite, &dots));
	free(dots);
}

static void
become_free(Connection *c)
{
	c->state = STATE_FREE;
	if (c->used)
		loop_set_timer(c->timer, IDLE_MS);
	else
		loop_stop_timer(c->timer);
	serve_queue();
}

static Connection *
find_free(void)
{
	for (int i = 0; i < nconnections; i++)
		if (connections[i].state == STATE_FREE)
			return &connections[i];
	return NULL;
}

static void
serve_queue(void)
{
	Connection *c;

	while (first != NULL && (c = find_free()) != NULL)
		run(c, take_first());
	set_queue_timer();
}

void
pool_run(const Query *query, const char *const *values, PoolCallback callback, void *arg)
{
	PoolAnswer	none = {NULL, failures > 0 && pool_connected() == 0 ? POOL_LOST : POOL_FULL};
	Waiting    *item;

	if (waiting >= waiting_max || strcmp(none.why, POOL_LOST) == 0)
	{
		callback(&none, arg);
		return;
	}
	item = make_waiting(query, values, callback, arg);
	*last = item;
	last = &item->next;
	waiting++;
	serve_queue();
}

/* ---- making a connection ---- */

static void
prepare_next(Connection *c)
{
	const Query *next = c->prepared == 0 ? &overwrite : queries[c->prepared - 1];

	if (next != NULL)
	{
		expect_answer(c, STATE_PREPARING, PQsendPrepare(c->conn, next->name, next->sql, 0, NULL));
		return;
	}
	if (failures > 0)
		log_note("database: connected again");
	failures = 0;
	seldom.last = 0;
	c->used = false;
	become_free(c);
}

static void
make(Connection *c)
{
	PQsetnonblocking(c->conn, 1);
	c->prepared = 0;
	prepare_next(c);
}

/* The socket may be another one after each step. */
static void
take_step(Connection *c)
{
	switch (PQconnectPoll(c->conn))
	{
		case PGRES_POLLING_READING:
			watch_for(c, LOOP_READ);
			break;
		case PGRES_POLLING_WRITING:
			watch_for(c, LOOP_WRITE);
			break;
		case PGRES_POLLING_OK:
			make(c);
			break;
		default:
			fail(c);
	}
}

static void
ignore_notice(void *arg, const PGresult *notice)
{
	(void) arg;
	(void) notice;
}

static void
begin(Connection *c)
{
	const char *const keywords[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"kycvs-gateway", conninfo, "UTF8", NULL};

	c->conn = PQconnectStartParams(keywords, values, 1);
	c->state = STATE_CONNECTING;
	if (PQstatus(c->conn) == CONNECTION_BAD)
	{
		fail(c);
		return;
	}
	PQsetNoticeReceiver(c->conn, ignore_notice, NULL);
	loop_set_timer(c->timer, CONNECT_MS);
	watch_for(c, LOOP_WRITE);
}

/* ---- what comes in ---- */

/* Queries prepared for what is there no more: a new connection prepares them anew. */
static bool
is_stale(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return sqlstate != NULL && (strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0);
}

static void
end_query(Connection *c)
{
	Waiting    *item = c->running;
	PGresult   *result = c->result;
	bool		stale = is_stale(result);

	c->running = NULL;
	c->result = NULL;
	finish(item, result, NULL);
	PQclear(result);
	if (stale)
		lose(c, "prepared statements do not fit any more");
	else
		become_free(c);
}

/* All results of a query are in; each of ours has one. */
static void
end_command(Connection *c)
{
	if (c->state == STATE_RUNNING)
		end_query(c);
	else if (c->state == STATE_PREPARING && PQresultStatus(c->result) != PGRES_COMMAND_OK)
		fail(c);
	else if (c->state == STATE_PREPARING || c->state == STATE_OVERWRITING)
	{
		PQclear(c->result);
		c->result = NULL;
		c->prepared += c->state == STATE_PREPARING;
		if (c->state == STATE_PREPARING)
			prepare_next(c);
		else
			become_free(c);
	}
}

static void
take_input(Connection *c)
{
	PGresult   *result = NULL;

	while (!PQisBusy(c->conn) && (result = PQgetResult(c->conn)) != NULL)
	{
		PQclear(c->result);
		c->result = result;
	}
	if (PQstatus(c->conn) == CONNECTION_BAD)
		fail(c);
	else if (!PQisBusy(c->conn) && c->result != NULL)
		end_command(c);
}

static void
on_socket(int fd, int what, void *arg)
{
	Connection *c = arg;

	(void) fd;
	if (c->state == STATE_CONNECTING)
	{
		take_step(c);
		return;
	}
	if (what & LOOP_WRITE)
		flush(c);
	if ((what & LOOP_READ) == 0)
		return;
	if (PQconsumeInput(c->conn))
		take_input(c);
	else
		fail(c);
}

static void
on_timer(void *arg)
{
	Connection *c = arg;

	if (c->state == STATE_AWAY)
		begin(c);
	else if (PQstatus(c->conn) == CONNECTION_BAD)
		fail(c);
	else if (c->state == STATE_FREE)
		run_overwrite(c);
	else
		lose(c, c->state == STATE_CONNECTING ? "connecting takes too long" : "no answer");
}

/* ---- from outside ---- */

static void
open_connections(int n)
{
	for (; nconnections < n; nconnections++)
	{
		connections[nconnections].timer = loop_timer(on_timer, &connections[nconnections]);
		loop_set_timer(connections[nconnections].timer, 0);
	}
}

/* Whoever waits for an answer of one of these is told that there is none. */
static void
close_connections(int left)
{
	while (nconnections > left)
	{
		Connection *c = &connections[--nconnections];
		Waiting    *item = c->running;

		c->running = NULL;
		forget(c);
		loop_remove(c->timer);
		c->timer = NULL;
		if (item != NULL)
			finish(item, NULL, POOL_LOST);
	}
}

void
pool_start(const char *connection_string, int n, int queue, const Query *const *all)
{
	conninfo = copy_text(connection_string);
	queries = all;
	waiting_max = queue;
	queue_timer = loop_timer(drop_late, NULL);
	open_connections(n);
}

void
pool_change(const char *connection_string, int n, int queue)
{
	waiting_max = queue;
	if (strcmp(conninfo, connection_string) != 0)
	{
		close_connections(0);
		wipe_and_free(conninfo, strlen(conninfo));
		conninfo = copy_text(connection_string);
	}
	close_connections(n);
	open_connections(n);
}

void
pool_end(void)
{
	while (first != NULL)
		finish(take_first(), NULL, POOL_LOST);
	close_connections(0);
	loop_remove(queue_timer);
	wipe_and_free(conninfo, strlen(conninfo));
	buffer_wipe(&problem);
}

int
pool_connected(void)
{
	int			n = 0;

	for (int i = 0; i < nconnections; i++)
		n += connections[i].state >= STATE_FREE;
	return n;
}

int
pool_waiting(void)
{
	return waiting;
}

int
pool_failures(void)
{
	return failures;
}

const char *
pool_problem(void)
{
	return buffer_text(&problem);
}
