/*
 * parking.c
 *	  Requests of senders that wait for messages, in the authority.
 *
 * A sender that asks and finds nothing may wait in its call, so that it has a
 * message in the very transaction that makes it, and need not ask ten times a
 * second.  Its slot stays TAKEN and its request is kept here; when requests
 * come that may have made messages it is decided again after them, in the
 * same batch.  It is looked at once a second besides, for the lease of a
 * message may have ended, and at the end of its time, when it is answered that
 * there is nothing.  A caller that leaves turns its slot to ABANDONED and wakes
 * the authority, which frees it here.
 *
 * Times are those of the system's monotonic clock.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "parking.h"
#include "portability/instr_time.h"

#define LOOK_EVERY_MS 1000

typedef struct Parked
{
	int			slot;
	double		until;			/* milliseconds */
	KycvsRequest request;
} Parked;

static Parked parked[KYCVS_PARKED_MAX];
static int	nparked = 0;
static double looked_at = 0;

static double
milliseconds_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * What is left of a wait stands in the request, so that it can be parked again.
 * Whoever finds nothing but expired messages, and may find more, asks again at once.
 */
bool
kycvs_park(int slot, const KycvsRequest *request, const KycvsReply *reply)
{
	Parked	   *place;

	if (request->op != KYCVS_OP_NEXT_MESSAGES || request->microseconds <= 0 ||
		reply->refusal.sqlstate != 0 || reply->number > 0 || reply->more || nparked == KYCVS_PARKED_MAX)
		return false;
	place = &parked[nparked++];
	place->slot = slot;
	place->request = *request;
	looked_at = milliseconds_now();
	place->until = looked_at + Min(request->microseconds / 1000.0, KYCVS_WAIT_MAX_MS);
	return true;
}

static void
drop_abandoned(int authority)
{
	int			kept = 0;
	int			i;

	for (i = 0; i < nparked; i++)
	{
		if (kycvs_channel_drop_abandoned(authority, parked[i].slot))
			continue;
		if (kept < i)
			parked[kept] = parked[i];
		kept++;
	}
	nparked = kept;
}

long
kycvs_parked_timeout(int authority)
{
	double		next;
	int			i;

	drop_abandoned(authority);
	if (nparked == 0)
		return -1;
	next = looked_at + LOOK_EVERY_MS;
	for (i = 0; i < nparked; i++)
		next = Min(next, parked[i].until);
	return (long) Max(next - milliseconds_now() + 1, 0);
}

int
kycvs_parked_recall(int authority, int *slots, KycvsRequest *requests)
{
	double		now = milliseconds_now();
	int			n;
	int			i;

	drop_abandoned(authority);
	n = nparked;
	for (i = 0; i < n; i++)
	{
		slots[i] = parked[i].slot;
		requests[i] = parked[i].request;
		requests[i].microseconds = (int64) ((parked[i].until - now) * 1000);
	}
	nparked = 0;
	return n;
}
