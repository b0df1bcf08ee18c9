/*
 * loop.c
 *	  Waits for sockets, timers and signals, and calls whoever asked for them.
 *
 * A thin cover over libevent, whose names are else in what speaks HTTP only.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "loop.h"
#include "memory.h"

struct LoopEvent
{
	struct event *event;
	LoopCallback callback;		/* of a timer or signal */
	LoopSocketCallback socket_callback;
	void	   *arg;
};

static struct event_base *base = NULL;

bool
loop_init(void)
{
	base = event_base_new();
	return base != NULL;
}

void
loop_end(void)
{
	event_base_free(base);
	base = NULL;
}

struct event_base *
loop_base(void)
{
	return base;
}

void
loop_run(const bool *until)
{
	while (!*until)
		if (event_base_loop(base, EVLOOP_ONCE) != 0)
			break;
}

/* The registry's leases go on while a machine sleeps, and so does this clock. */
int64_t
loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

static void
call(evutil_socket_t fd, short what, void *arg)
{
	LoopEvent  *event = arg;

	if (event->socket_callback != NULL)
		event->socket_callback(fd, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0), event->arg);
	else
		event->callback(event->arg);
}

static LoopEvent *
make_event(int fd, short what, LoopCallback callback, LoopSocketCallback socket_callback, void *arg)
{
	LoopEvent  *event = allocate(sizeof(LoopEvent));

	event->callback = callback;
	event->socket_callback = socket_callback;
	event->arg = arg;
	event->event = event_new(base, fd, what, call, event);
	if (event->event == NULL)
		abort();
	return event;
}

LoopEvent *
loop_watch(int fd, int what, LoopSocketCallback callback, void *arg)
{
	short		flags = EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0);
	LoopEvent  *event = make_event(fd, flags, NULL, callback, arg);

	event_add(event->event, NULL);
	return event;
}

LoopEvent *
loop_signal(int number, LoopCallback callback, void *arg)
{
	LoopEvent  *event = make_event(number, EV_SIGNAL | EV_PERSIST, callback, NULL, arg);

	event_add(event->event, NULL);
	return event;
}

LoopEvent *
loop_timer(LoopCallback callback, void *arg)
{
	return make_event(-1, 0, callback, NULL, arg);
}

void
loop_set_timer(LoopEvent *timer, int64_t milliseconds)
{
	struct timeval wait = {milliseconds / 1000, milliseconds % 1000 * 1000};

	event_add(timer->event, &wait);
}

void
loop_stop_timer(LoopEvent *timer)
{
	event_del(timer->event);
}

void
loop_remove(LoopEvent *event)
{
	if (event == NULL)
		return;
	event_free(event->event);
	free(event);
}
