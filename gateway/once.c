/*
 * once.c
 *	  Idempotency-Key: which requests have come before, and what they were answered.
 *
 * The registry answers most requests that are repeated as it has answered the
 * first, but a wrong OTP that is sent again costs another try, and a message that
 * is asked for again too soon is refused.  So an answer that would be the same
 * later is kept; after one that would not (wait, no registry, no such API key)
 * the registry is asked again.
 *
 * Requests are remembered by digests under a key of this process, in a table that
 * does not grow: where it is full, the oldest is forgotten.  Answers are kept as
 * long as there is room for them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "loop.h"
#include "once.h"

#define SETS		2048
#define WAYS		8
#define REMEMBER_MS	600000
#define SWEEP_MS	10000
#define ROOM		(8 * 1024 * 1024)	/* of answers, in bytes */

typedef struct Seen
{
	uint8_t		who[DIGEST_LENGTH];
	uint8_t		what[DIGEST_LENGTH];
	int64_t		since;			/* 0: free */
	OnceState	state;
	Buffer		text;			/* the document, or the problem's detail */
	Problem		problem;		/* status 0: there is a document */
	char		code[8];
} Seen;

static Seen seen[SETS][WAYS];
static size_t kept = 0;
static int64_t swept = 0;

static void
forget(Seen *place)
{
	kept -= place->text.size;
	buffer_wipe(&place->text);
	memset(place, 0, sizeof(*place));
}

static void
forget_older(int64_t than)
{
	for (int set = 0; set < SETS; set++)
		for (int way = 0; way < WAYS; way++)
			if (seen[set][way].since != 0 && seen[set][way].since <= than)
				forget(&seen[set][way]);
}

/* What is older than we remember holds room until then. */
static void
sweep(void)
{
	if (loop_now() - swept < SWEEP_MS)
		return;
	swept = loop_now();
	forget_older(swept - REMEMBER_MS);
}

void
once_forget(void)
{
	forget_older(loop_now());
}

/* The place of this one, or else NULL and the oldest. */
static Seen *
find_place(const uint8_t *who, Seen **oldest)
{
	Seen	   *set = seen[(who[0] | who[1] << 8) % SETS];

	*oldest = set;
	for (int i = 0; i < WAYS; i++)
	{
		if (set[i].since != 0 && memcmp(set[i].who, who, DIGEST_LENGTH) == 0)
			return &set[i];
		if (set[i].since < (*oldest)->since)
			*oldest = &set[i];
	}
	return NULL;
}

static void
remember(Seen *place, const uint8_t *who, const uint8_t *what)
{
	forget(place);
	memcpy(place->who, who, DIGEST_LENGTH);
	memcpy(place->what, what, DIGEST_LENGTH);
	place->since = loop_now();
	place->state = ONCE_RUNNING;
}

OnceState
once_begin(const char *api_key, const char *text, const char *path, const Buffer *body, OnceName *name)
{
	uint8_t		what[DIGEST_LENGTH];
	Seen	   *place;
	Seen	   *oldest;
	OnceState	state;

	digest_make(api_key, text, strlen(text), name->digest);
	digest_make(path, body->data, body->length, what);
	sweep();
	place = find_place(name->digest, &oldest);
	if (place == NULL || loop_now() - place->since >= REMEMBER_MS)
	{
		remember(place != NULL ? place : oldest, name->digest, what);
		return ONCE_TO_ASK;
	}
	if (memcmp(place->what, what, DIGEST_LENGTH) != 0)
		return ONCE_OTHER;
	state = place->state;
	if (state == ONCE_TO_ASK)
		place->state = ONCE_RUNNING;
	return state;
}

static bool
is_final(int status)
{
	return status == 404 || status == 409 || status == 410 || status == 422;
}

/* The one that is being answered, or NULL when it has been forgotten; from now on it may be asked again. */
static Seen *
end_running(const OnceName *name)
{
	Seen	   *oldest;
	Seen	   *place = find_place(name->digest, &oldest);

	if (place == NULL || place->state != ONCE_RUNNING)
		return NULL;
	place->state = ONCE_TO_ASK;
	return place;
}

void
once_ask_again(const OnceName *name)
{
	(void) end_running(name);
}

void
once_end(const OnceName *name, const char *document, const Problem *problem)
{
	const char *text = document != NULL ? document : problem->detail;
	Seen	   *place = end_running(name);

	if (place == NULL)
		return;
	if (kept + strlen(text) > ROOM || (document == NULL && !is_final(problem->status)))
		return;
	place->state = ONCE_ANSWERED;
	buffer_add_text(&place->text, text);
	kept += place->text.size;
	if (document != NULL)
		return;
	snprintf(place->code, sizeof(place->code), "%s", problem->code != NULL ? problem->code : "");
	place->problem = *problem;
}

const char *
once_answer(const OnceName *name, Problem *problem)
{
	Seen	   *oldest;
	const Seen *place = find_place(name->digest, &oldest);

	if (place->problem.status == 0)
		return buffer_text(&place->text);
	*problem = place->problem;
	problem->code = place->code;
	problem->detail = buffer_text(&place->text);
	return NULL;
}
