/*
 * allowance.c
 *	  How often strangers may use the page.
 *
 * A bucket for each, which loses what is in it evenly within an hour.  The table
 * does not grow: where it is full, the emptiest bucket is given away.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdint.h>
#include <string.h>

#include "digest.h"
#include "allowance.h"
#include "loop.h"

#define SETS	4096
#define WAYS	8
#define HOUR_MS	3600000.0

typedef struct Bucket
{
	uint8_t		who[DIGEST_LENGTH];
	double		level;
	int			hourly;			/* that it loses */
	int64_t		since;
} Bucket;

static Bucket buckets[SETS][WAYS];

static void
leak(Bucket *bucket)
{
	int64_t		now = loop_now();

	bucket->level -= (now - bucket->since) / HOUR_MS * bucket->hourly;
	if (bucket->level < 0)
		bucket->level = 0;
	bucket->since = now;
}

static Bucket *
find_bucket(const char *what, const char *who, int hourly)
{
	uint8_t		digest[DIGEST_LENGTH];
	Bucket	   *set;
	Bucket	   *emptiest;

	digest_make(what, who, strlen(who), digest);
	set = emptiest = buckets[(digest[0] | digest[1] << 8) % SETS];
	for (int i = 0; i < WAYS; i++)
	{
		leak(&set[i]);			/* all of them: what was full long ago is empty now */
		if (memcmp(set[i].who, digest, DIGEST_LENGTH) == 0)
		{
			set[i].hourly = hourly;
			return &set[i];
		}
		if (set[i].level < emptiest->level)
			emptiest = &set[i];
	}
	memcpy(emptiest->who, digest, DIGEST_LENGTH);
	emptiest->level = 0;
	emptiest->hourly = hourly;
	emptiest->since = loop_now();
	return emptiest;
}

int
allowance_wait(const char *what, const char *who, int hourly)
{
	double		over = find_bucket(what, who, hourly)->level + 1 - hourly;

	return over <= 0 ? 0 : (int) (over / hourly * HOUR_MS / 1000) + 1;
}

void
allowance_take(const char *what, const char *who, int hourly)
{
	find_bucket(what, who, hourly)->level += 1;
}

void
allowance_give_back(const char *what, const char *who, int hourly)
{
	Bucket	   *bucket = find_bucket(what, who, hourly);

	bucket->level = bucket->level > 1 ? bucket->level - 1 : 0;
}
