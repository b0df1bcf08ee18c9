/*
 * parking.h
 *	  Requests of senders that wait for messages, in the authority.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_PARKING_H
#define KYCVS_PARKING_H

#include "channel.h"

#define KYCVS_PARKED_MAX		8
#define KYCVS_WAIT_MAX_MS		4000	/* a call waits five seconds */

/* True when the request goes on waiting: nothing was found, and its time is not over. */
extern bool kycvs_park(int slot, const KycvsRequest *request, const KycvsReply *reply);

/* Milliseconds until somebody who waits has to be looked after; -1: nobody waits. */
extern long kycvs_parked_timeout(int authority);

/* Takes all who still wait into a batch, which has room for them. */
extern int	kycvs_parked_recall(int authority, int *slots, KycvsRequest *requests);

#endif							/* KYCVS_PARKING_H */
