/*
 * random.h
 *	  Random decisions that are the same on every machine.
 *
 * A purpose and a number start a stream; whoever draws from it gets the same
 * whatever was made before.  What must not repeat - mobiles, references, the
 * order of persons - is a permutation of consecutive numbers (scatter), so that
 * nothing has to be remembered.  No floating point.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef POPULATION_RANDOM_H
#define POPULATION_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Random
{
	uint64_t	state;
} Random;

typedef enum Purpose
{
	PURPOSE_FAMILY = 1,
	PURPOSE_PERSON,
	PURPOSE_MOBILE,
	PURPOSE_REFERENCE,
	PURPOSE_ORDER,
	PURPOSE_REQUEST
} Purpose;

extern uint64_t seed;

/* The finalizer of SplitMix64: a permutation of 64 bits. */
static inline uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static inline uint64_t
key_of(Purpose purpose, uint64_t number)
{
	return mix(mix(mix(seed) + purpose) + number);
}

static inline Random
start(Purpose purpose, uint64_t number)
{
	return (Random) {key_of(purpose, number)};
}

/* 0 to n - 1 */
static inline int
below(Random *random, int n)
{
	random->state += UINT64_C(0x9E3779B97F4A7C15);
	return (int) (((mix(random->state) >> 32) * (uint64_t) n) >> 32);
}

static inline bool
chance(Random *random, int permille)
{
	return below(random, 1000) < permille;
}

/* 0 to n - 1, the small ones likelier */
static inline int
soon(Random *random, int n)
{
	int			a = below(random, n);
	int			b = below(random, n);

	return a < b ? a : b;
}

/*
 * A permutation of 0 to size - 1, where size is at most 2^(2 * half): four
 * rounds of Feistel's network, gone through again while the result is too large.
 */
static inline uint64_t
scatter(uint64_t key, uint64_t number, int half, uint64_t size)
{
	uint64_t	mask = (UINT64_C(1) << half) - 1;

	do
	{
		uint64_t	left = number >> half;
		uint64_t	right = number & mask;
		int			round;

		for (round = 0; round < 4; round++)
		{
			uint64_t	next = left ^ (mix(key + right * 4 + round) & mask);

			left = right;
			right = next;
		}
		number = left << half | right;
	} while (number >= size);
	return number;
}

#endif
