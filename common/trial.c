/*
 * trial.c
 *	  What --check says, and waits for.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdarg.h>
#include <stdio.h>

#include "loop.h"
#include "trial.h"

#define PATIENCE_MS	20000
#define TICK_MS		50

typedef struct Step
{
	LoopEvent  *timer;
	int64_t		deadline;
	bool		(*is_over) (void);
} Step;

static bool all_well = true;
static bool ended = false;		/* the step */

void
trial_say(bool well, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fputs(well ? "ok    " : "FAIL  ", stdout);
	vprintf(fmt, args);
	putchar('\n');
	va_end(args);
	all_well &= well;
}

bool
trial_is_well(void)
{
	return all_well;
}

static void
watch_step(void *arg)
{
	const Step *step = arg;

	if (step->is_over() || loop_now() >= step->deadline)
		ended = true;
	else
		loop_set_timer(step->timer, TICK_MS);
}

void
trial_wait(bool (*is_over) (void))
{
	Step		step = {.deadline = loop_now() + PATIENCE_MS,.is_over = is_over};

	step.timer = loop_timer(watch_step, &step);
	loop_set_timer(step.timer, TICK_MS);
	loop_run(&ended);
	loop_remove(step.timer);
	ended = false;
}

void
trial_end_step(void)
{
	ended = true;
}
