/*
 * slot.h
 *	  The shared memory behind the channel.  For slot.c and channel.c alone.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SLOT_H
#define KYCVS_SLOT_H

#include "channel.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#define KYCVS_AUTHORITIES_MAX 8

typedef enum SlotState
{
	SLOT_FREE = 0,
	SLOT_READY,
	SLOT_TAKEN,
	SLOT_DONE,
	SLOT_FAILED,
	SLOT_ABANDONED
} SlotState;

/*
 * What is scanned for work; kept apart from the 32 kB it stands for.  The state
 * is swapped together with whom the request is for, so that no authority can
 * take a request that its caller has meanwhile turned to another one.
 */
typedef struct SlotHead
{
	pg_atomic_uint32 word;		/* SlotState, and the authority above it */
	uint32		who;			/* who asks, for fairness */
} SlotHead;

#define SLOT_WORD(state, authority)	((uint32) (state) | (uint32) (authority) << 8)
#define SLOT_STATE(word)			((SlotState) ((word) & 0xff))
#define SLOT_AUTHORITY(word)		((int) ((word) >> 8))

/* Only as much is copied, and wiped, as is used. */
typedef struct SlotBody
{
	size_t		request_size;
	size_t		reply_size;
	char		request[KYCVS_CHANNEL_SIZE];
	char		reply[KYCVS_CHANNEL_SIZE];
} SlotBody;

typedef struct Authority
{
	bool		registered;
	bool		maintained;
	bool		connecting;		/* set while it connects, so that a failure is remembered */
	int			proc;			/* proc number while it runs, else -1 */
	KycvsStage	stage;
	char		trouble[KYCVS_TROUBLE_MAX];
	pg_atomic_uint64 key_generation;
	pg_atomic_uint64 batches;
	pg_atomic_uint64 requests;
} Authority;

typedef struct Channel
{
	LWLock	   *lock;			/* protects proc, stage and trouble */
	int			nslots;
	Authority	authorities[KYCVS_AUTHORITIES_MAX];
	SlotHead	heads[FLEXIBLE_ARRAY_MEMBER];
} Channel;

/* NULL in a server that did not preload kycvs. */
extern Channel *kycvs_slots;
extern SlotBody *kycvs_slot_bodies;

extern uint32 kycvs_slot_word(int slot);
extern void kycvs_slot_set(int slot, SlotState state, int authority);
extern bool kycvs_slot_swap(int slot, int authority, SlotState from, SlotState to);

/* Wipes and frees a slot that nobody else acts on. */
extern void kycvs_slot_free(int slot);
extern void kycvs_slot_wake(int proc);

#endif							/* KYCVS_SLOT_H */
