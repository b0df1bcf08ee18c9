/*
 * pool.c
 *	  A few connections to the registry's database, and those who wait for one.
 *
 * Waiting queries stand in a queue; all may wait as long, so that the first is
 * the first to be too late.
 *
 * Values are wiped as soon as they are sent.  libpq keeps what it sends in a
 * buffer, so a connection that has nothing to do for a second sends as many
 * dots as that holds.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "loop.h"
#include "memory.h"
#include "pool.h"

#define CONNECTIONS_MAX	64
#define ANSWER_MS		10000	/* the registry's functions give up after five seconds themselves */
#define QUEUE_MS		5000
#define IDLE_MS			1000
#define OVERWRITE_BYTES	(20 * 1024)	/* the longest request, and some more */

typedef struct Waiting
{
	const Query *query;
	char	   *values[QUERY_VALUES_MAX];
	AnswerCallback callback;
	void	   *arg;
	int64_t		since;
	struct Waiting *next;
} Waiting;

typedef struct Member
{
	Session    *session;
	LoopEvent  *idle;
	bool		used;			/* since it was overwritten */
	Waiting    *running;
} Member;

static const Query overwrite = {"overwrite", "SELECT length($1::text)", 1};

static const Query *const *queries;
static Member members[CONNECTIONS_MAX];
static int	nmembers = 0;

static Waiting *first = NULL;
static Waiting **last = &first;
static int	waiting = 0;
static int	waiting_max;
static LoopEvent *queue_timer;

static void serve_queue(void);

/* ---- who waits ---- */

static Waiting *
make_waiting(const Query *query, const char *const *values, AnswerCallback callback, void *arg)
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

/* Tells, and forgets. */
static void
finish(Waiting *item, const Answer *answer)
{
	wipe_values(item);
	item->callback(answer, item->arg);
	free(item);
}

static void
finish_without(Waiting *item, const char *why)
{
	Answer		none = {NULL, why};

	finish(item, &none);
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
		finish_without(take_first(), POOL_TOO_LATE);
	set_queue_timer();
}

/* ---- running ---- */

static void
on_answer(const Answer *answer, void *arg)
{
	Member	   *member = arg;
	Waiting    *item = member->running;

	member->running = NULL;
	finish(item, answer);
}

static void
run(Member *member, Waiting *item)
{
	loop_stop_timer(member->idle);
	member->running = item;
	member->used = true;
	session_run(member->session, item->query, (const char *const *) item->values, on_answer, member);
	wipe_values(item);
}

static Member *
find_ready(void)
{
	for (int i = 0; i < nmembers; i++)
		if (session_is_ready(members[i].session))
			return &members[i];
	return NULL;
}

static void
serve_queue(void)
{
	Member	   *member;

	while (first != NULL && (member = find_ready()) != NULL)
		run(member, take_first());
	set_queue_timer();
}

void
pool_run(const Query *query, const char *const *values, AnswerCallback callback, void *arg)
{
	Answer		none = {NULL, pool_failures() > 0 && pool_connected() == 0 ? ANSWER_LOST : POOL_FULL};
	Waiting    *item;

	if (waiting >= waiting_max || strcmp(none.why, ANSWER_LOST) == 0)
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

/* ---- idling ---- */

static void
on_overwritten(const Answer *answer, void *arg)
{
	(void) answer;
	(void) arg;
}

static void
on_idle(void *arg)
{
	Member	   *member = arg;
	char	   *dots = allocate(OVERWRITE_BYTES + 1);
	const char *values[1] = {dots};

	memset(dots, '.', OVERWRITE_BYTES);
	member->used = false;
	session_run(member->session, &overwrite, values, on_overwritten, NULL);
	free(dots);
}

/* ---- what a session tells ---- */

static void
on_ready(void *arg)
{
	Member	   *member = arg;

	if (member->used)
		loop_set_timer(member->idle, IDLE_MS);
	serve_queue();
}

/* Nobody waits for what cannot come. */
static void
on_lost(void *arg)
{
	Member	   *member = arg;

	loop_stop_timer(member->idle);
	member->used = false;
	while (first != NULL && pool_connected() == 0)
		finish_without(take_first(), ANSWER_LOST);
}

/* ---- from outside ---- */

static void
open_sessions(int n)
{
	static const SessionUser user = {&overwrite, ANSWER_MS, on_ready, on_lost};

	for (; nmembers < n; nmembers++)
	{
		Member	   *member = &members[nmembers];

		member->idle = loop_timer(on_idle, member);
		member->session = session_open(queries, &user, member);
	}
}

/* Whoever waits for an answer of one of these is told that there is none. */
static void
close_sessions(int left)
{
	while (nmembers > left)
	{
		Member	   *member = &members[--nmembers];
		Waiting    *item = member->running;

		session_close(member->session);
		loop_remove(member->idle);
		memset(member, 0, sizeof(*member));
		if (item != NULL)
			finish_without(item, ANSWER_LOST);
	}
}

void
pool_start(const char *conninfo, int n, int queue, const Query *const *all)
{
	connection_set_database(conninfo);
	queries = all;
	waiting_max = queue;
	queue_timer = loop_timer(drop_late, NULL);
	open_sessions(n);
}

void
pool_change(const char *conninfo, int n, int queue)
{
	waiting_max = queue;
	if (connection_set_database(conninfo))
		close_sessions(0);
	close_sessions(n);
	open_sessions(n);
}

void
pool_end(void)
{
	while (first != NULL)
		finish_without(take_first(), ANSWER_LOST);
	close_sessions(0);
	loop_remove(queue_timer);
	connection_forget_database();
}

int
pool_connected(void)
{
	int			n = 0;

	for (int i = 0; i < nmembers; i++)
		n += session_is_connected(members[i].session);
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
	return connection_failures();
}

const char *
pool_problem(void)
{
	return connection_problem();
}
