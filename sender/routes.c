/*
 * routes.c
 *	  All routes: what was last read of them, and what is known of each by its name.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "routes.h"

static RouteState *first = NULL;

static RouteState *
find_state(const char *name)
{
	RouteState *state = first;

	while (state != NULL && strcmp(state->name, name) != 0)
		state = state->next;
	return state;
}

static RouteState *
get_state(const char *name)
{
	RouteState *state = find_state(name);
	RouteState **end = &first;

	if (state != NULL)
		return state;
	while (*end != NULL)
		end = &(*end)->next;
	*end = allocate(sizeof(RouteState));
	(*end)->name = copy_text(name);
	return *end;
}

static void
forget_all(void)
{
	for (RouteState *state = first; state != NULL; state = state->next)
	{
		route_release(state->route);
		state->route = NULL;
		state->present = false;
	}
}

static void
load_route(const RouteRow *row, const char *secrets, bool receipts)
{
	RouteState *state = get_state(row->name);
	Buffer		problem = {0};

	if (!row->enabled)
		return;
	state->present = true;
	state->route = route_compile(row, secrets, receipts, &problem);
	if (strcmp(buffer_text(&problem), buffer_text(&state->problem)) != 0)
	{
		if (state->route == NULL)
			log_error("route %s is not usable: %s", row->name, buffer_text(&problem));
		else
			log_note("route %s is usable now", row->name);
	}
	buffer_wipe(&state->problem);
	state->problem = problem;
}

void
routes_load(const Answer *answer, const char *secrets, bool receipts)
{
	RouteRow	row;

	forget_all();
	for (int i = 0; i < answer_rows(answer); i++)
	{
		registry_read_route(answer, i, &row);
		load_route(&row, secrets, receipts);
	}
}

void
routes_end(void)
{
	RouteState *state;

	forget_all();
	while ((state = first) != NULL)
	{
		first = state->next;
		free(state->name);
		buffer_wipe(&state->problem);
		free(state);
	}
}

RouteState *
routes_find(const char *name)
{
	RouteState *state = find_state(name);

	return state != NULL && state->route != NULL ? state : NULL;
}

const RouteState *
routes_first(void)
{
	return first;
}

bool
routes_any_usable(void)
{
	for (const RouteState *state = first; state != NULL; state = state->next)
		if (state->route != NULL)
			return true;
	return false;
}

bool
routes_want_probe(int64_t now)
{
	for (const RouteState *state = first; state != NULL; state = state->next)
		if (state->route != NULL && breaker_wants_probe(&state->breaker, now))
			return true;
	return false;
}

static bool
is_down(const RouteState *state, bool probe, int64_t now)
{
	if (!state->present || state->breaker.state == BREAKER_CLOSED)
		return state->present && state->route == NULL;
	return !(probe && state->route != NULL && breaker_wants_probe(&state->breaker, now));
}

void
routes_list_down(Buffer *array, bool probe, int64_t now)
{
	for (const RouteState *state = first; state != NULL; state = state->next)
		if (is_down(state, probe, now))
			registry_add_to_array(array, state->name);
	buffer_add_text(array, array->length == 0 ? "{}" : "}");
}
