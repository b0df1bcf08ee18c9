/*
 * once.c
 *	  Idempotency-Key: which requests have come before.
 *
 * No reply is kept.  The registry answers a request that is repeated as it has
 * answered the first: the same person, purpose and reference have the same
 * challenge, the same right OTP gives the same consent, the same consent the same
 * answer.  What is left to do here is to notice a key that is used for something
 * else.  Requests are remembered by digests under a key of this process, in
 * a table that does not grow: where it is full, the oldest is forgotten.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdint.h>
#include <string.h>

#include "digest.h"
#include "loop.h"
#include "once.h"

#define SETS		2048
#define WAYS		8
#define REMEMBER_MS	600000

typedef struct Seen
{
	uint8_t		who[DIGEST_LENGTH];
	uint8_t		what[DIGEST_LENGTH];
	int64_t		since;			/* 0: free */
} Seen;

static Seen seen[SETS][WAYS];

/* The place of this one, or else the oldest. */
static Seen *
find_place(const uint8_t *who)
{
	Seen	   *set = seen[(who[0] | who[1] << 8) % SETS];
	Seen	   *oldest = set;

	for (int i = 0; i < WAYS; i++)
	{
		if (set[i].since != 0 && memcmp(set[i].who, who, DIGEST_LENGTH) == 0)
			return &set[i];
		if (set[i].since < oldest->since)
			oldest = &set[i];
	}
	return oldest;
}

bool
once_check(const char *api_key, const char *name, const char *path, const Buffer *body)
{
	uint8_t		who[DIGEST_LENGTH];
	uint8_t		what[DIGEST_LENGTH];
	Seen	   *place;

	digest_make(api_key, name, strlen(name), who);
	digest_make(path, body->data, body->length, what);
	place = find_place(who);
	if (place->since != 0 && memcmp(place->who, who, DIGEST_LENGTH) == 0 && loop_now() - place->since < REMEMBER_MS)
		return memcmp(place->what, what, DIGEST_LENGTH) == 0;
	memcpy(place->who, who, DIGEST_LENGTH);
	memcpy(place->what, what, DIGEST_LENGTH);
	place->since = loop_now();
	return true;
}
