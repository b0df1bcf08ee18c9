/*
 * channel.c
 *	  Request and reply slots in shared memory.
 *
 * Every backend owns the slot with its own proc number.  A slot goes
 *
 *		FREE -> READY -> TAKEN -> DONE -> FREE
 *
 * and each step is a compare-and-swap, which is a full memory barrier: what was
 * written before a state is seen by whoever observed that state.  Only the
 * owner makes READY; only the authority makes TAKEN and DONE; only the owner
 * frees a DONE or FAILED slot.  A caller that leaves early (error, cancel, exit)
 * turns READY into FREE: nothing was charged; or TAKEN into ABANDONED: the charge
 * stands, the reply is dropped, the authority frees the slot.  When the
 * authority exits, READY and TAKEN turn to FAILED and ABANDONED to FREE.  The
 * next backend with the same proc number waits until an ABANDONED slot is free,
 * so nobody can read a stranger's reply.
 *
 * No lock is held at any time by a caller.  The lock below protects the few
 * bytes that an authority shows of itself.
 *
 * Slots hold proc numbers, not latch pointers: a latch set for a process that
 * is gone wakes a stranger for nothing, which is harmless.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "common/hashfn.h"
#include "compat.h"
#include "portability/instr_time.h"
#include "slot.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#define CALL_TIMEOUT_MS		5000

static bool leave_at_exit = false;

/* ---- the caller's end ---- */

/* A request of the current user, in memory of its own that kycvs_call wipes. */
KycvsRequest *
kycvs_request_new(KycvsOp op)
{
	KycvsRequest *request = palloc0(sizeof(KycvsRequest));

	request->op = op;
	request->caller.user = GetUserId();
	request->caller.session_user = GetSessionUserId();
	request->caller.outer_user = GetOuterUserId();
	namestrcpy(&request->caller.database, get_database_name(MyDatabaseId));
	return request;
}

static void
wake_authority(int number)
{
	int			proc;

	LWLockAcquire(kycvs_slots->lock, LW_SHARED);
	proc = kycvs_slots->authorities[number].proc;
	LWLockRelease(kycvs_slots->lock);
	kycvs_slot_wake(proc);
}

/*
 * Gives up whatever this backend's slot is doing.  READY must be left before it
 * is wiped: while it is READY the authority may take it at any moment.  The
 * authority is woken for a slot that it has taken, for it may have parked it.
 */
static void
leave_slot(void)
{
	int			slot = KYCVS_MY_PROC_NUMBER;
	int			authority = SLOT_AUTHORITY(kycvs_slot_word(slot));

	if (kycvs_slot_swap(slot, authority, SLOT_READY, SLOT_ABANDONED))
		kycvs_slot_free(slot);
	else if (kycvs_slot_swap(slot, authority, SLOT_TAKEN, SLOT_ABANDONED))
		wake_authority(authority);
	else if (SLOT_STATE(kycvs_slot_word(slot)) != SLOT_ABANDONED)
		kycvs_slot_free(slot);
}

static void
leave_slot_at_exit(int code, Datum arg)
{
	leave_slot();
}

/*
 * Waits until the slot's state is neither "first" nor "second", or the time is
 * over.  Returns the state it left with.
 */
static SlotState
wait_while(int slot, SlotState first, SlotState second, instr_time start)
{
	for (;;)
	{
		SlotState	now = SLOT_STATE(kycvs_slot_word(slot));
		instr_time	elapsed;
		long		left;

		if (now != first && now != second)
		{
			pg_read_barrier();
			return now;
		}
		INSTR_TIME_SET_CURRENT(elapsed);
		INSTR_TIME_SUBTRACT(elapsed, start);
		left = CALL_TIMEOUT_MS - (long) INSTR_TIME_GET_MILLISEC(elapsed);
		if (left <= 0)
			return now;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
publish(int slot, int authority, const KycvsRequest *request)
{
	SlotBody   *body = &kycvs_slot_bodies[slot];

	body->request_size = kycvs_request_size(request);
	memcpy(body->request, request, body->request_size);
	kycvs_slots->heads[slot].who = request->has_api_key ?
		hash_bytes((const unsigned char *) request->api_key, strlen(request->api_key)) : request->caller.user;
	kycvs_slot_set(slot, SLOT_READY, authority);
	wake_authority(authority);
}

/* No answer: was the authority there at all? */
static int
tell_silence(int authority, SlotState state)
{
	KycvsAuthorityInfo info;

	if (state == SLOT_FAILED)
		return KV_NO_AUTHORITY;
	kycvs_channel_info(authority, &info);
	return info.stage == KYCVS_STAGE_SERVING ? KV_NO_ANSWER : KV_NO_AUTHORITY;
}

static void
exchange(int authority, const KycvsRequest *request, KycvsReply *reply)
{
	int			slot = KYCVS_MY_PROC_NUMBER;
	instr_time	start;
	SlotState	state;

	INSTR_TIME_SET_CURRENT(start);
	state = wait_while(slot, SLOT_ABANDONED, SLOT_ABANDONED, start);
	if (state != SLOT_FREE)
	{
		kycvs_refuse(&reply->refusal, KV_NO_ANSWER);
		return;
	}
	publish(slot, authority, request);
	state = wait_while(slot, SLOT_READY, SLOT_TAKEN, start);
	if (state == SLOT_DONE)
		memcpy(reply, kycvs_slot_bodies[slot].reply, kycvs_slot_bodies[slot].reply_size);
	else
		kycvs_refuse(&reply->refusal, tell_silence(authority, state));
}

/* Requests that decide nothing and leave no trace. */
static bool
only_reads(KycvsOp op)
{
	return op == KYCVS_OP_JWKS || op == KYCVS_OP_HEALTH;
}

/* Why nobody can be asked; 0 when somebody can. */
static int
find_obstacle(int authority, KycvsOp op)
{
	if (RecoveryInProgress())
		return KV_ON_STANDBY;
	if (!only_reads(op))
	{
		PreventCommandIfReadOnly("a kycvs request");
		PreventCommandIfParallelMode("a kycvs request");
	}
	if (!only_reads(op) && InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("kycvs cannot be called within a security-restricted operation")));
	if (authority < 0 || !kycvs_slots->authorities[authority].registered)
		return KV_NO_AUTHORITY;
	return 0;
}

/*
 * Asks and waits, at most five seconds.  Every KV refusal comes back in the
 * reply.  The request is wiped and freed, also when the wait ends in an error.
 */
KycvsReply *
kycvs_call_authority(int authority, KycvsRequest *request)
{
	KycvsReply *reply = palloc(sizeof(KycvsReply));
	int			obstacle;

	memset(reply, 0, offsetof(KycvsReply, body) + 1);
	PG_TRY();
	{
		obstacle = find_obstacle(authority, request->op);
		if (obstacle != 0)
			kycvs_refuse(&reply->refusal, obstacle);
		else
		{
			if (!leave_at_exit)
				before_shmem_exit(leave_slot_at_exit, (Datum) 0);
			leave_at_exit = true;
			exchange(authority, request, reply);
		}
	}
	PG_FINALLY();
	{
		if (leave_at_exit)
			leave_slot();
		explicit_bzero(request, kycvs_request_size(request));
		pfree(request);
	}
	PG_END_TRY();
	return reply;
}

KycvsReply *
kycvs_call(KycvsRequest *request)
{
	return kycvs_call_authority(kycvs_channel_find(kycvs_channel_registry()), request);
}

bool
kycvs_channel_info(int number, KycvsAuthorityInfo *info)
{
	Authority  *authority;

	memset(info, 0, sizeof(*info));
	if (kycvs_slots == NULL || number < 0)
		return false;
	authority = &kycvs_slots->authorities[number];
	LWLockAcquire(kycvs_slots->lock, LW_SHARED);
	info->registered = authority->registered;
	info->maintained = authority->maintained;
	info->stage = authority->stage;
	strlcpy(info->trouble, authority->trouble, KYCVS_TROUBLE_MAX);
	LWLockRelease(kycvs_slots->lock);
	info->batches = (int64) pg_atomic_read_u64(&authority->batches);
	info->requests = (int64) pg_atomic_read_u64(&authority->requests);
	return true;
}

uint64
kycvs_channel_key_generation(int authority)
{
	return pg_atomic_read_u64(&kycvs_slots->authorities[authority].key_generation);
}

/* ---- the authority's end ---- */

static void
set_proc(int number, int proc, KycvsStage stage)
{
	LWLockAcquire(kycvs_slots->lock, LW_EXCLUSIVE);
	kycvs_slots->authorities[number].proc = proc;
	kycvs_slots->authorities[number].stage = stage;
	LWLockRelease(kycvs_slots->lock);
}

/*
 * Ends the exchanges that this authority, or an incarnation of it that died,
 * had taken; "waiting": also those that it had not.
 */
static void
fail_slots(int authority, bool waiting)
{
	int			slot;

	for (slot = 0; slot < kycvs_slots->nslots; slot++)
	{
		if ((waiting && kycvs_slot_swap(slot, authority, SLOT_READY, SLOT_FAILED)) ||
			kycvs_slot_swap(slot, authority, SLOT_TAKEN, SLOT_FAILED))
			kycvs_slot_wake(slot);
		else if (kycvs_slot_word(slot) == SLOT_WORD(SLOT_ABANDONED, authority))
		{
			kycvs_slot_free(slot);
			kycvs_slot_wake(slot);
		}
	}
}

static void
detach(int code, Datum arg)
{
	int			authority = DatumGetInt32(arg);
	bool		served = kycvs_slots->authorities[authority].stage == KYCVS_STAGE_SERVING;

	set_proc(authority, -1, KYCVS_STAGE_ABSENT);
	/* one that only waited for its database is back in a second: let callers wait */
	fail_slots(authority, served);
}

void
kycvs_channel_attach(int authority)
{
	before_shmem_exit(detach, Int32GetDatum(authority));
	set_proc(authority, KYCVS_MY_PROC_NUMBER, KYCVS_STAGE_ABSENT);
}

/* Nobody else writes them, so they can be read without the lock here and below. */
void
kycvs_channel_set_stage(int authority, KycvsStage stage)
{
	if (kycvs_slots->authorities[authority].stage != stage)
		set_proc(authority, KYCVS_MY_PROC_NUMBER, stage);
}

/* Marks the connection attempt; returns the mark as the last incarnation left it. */
bool
kycvs_channel_connecting(int authority, bool connecting)
{
	bool		before = kycvs_slots->authorities[authority].connecting;

	kycvs_slots->authorities[authority].connecting = connecting;
	return before;
}

void
kycvs_channel_set_trouble(int authority, const char *trouble)
{
	if (strcmp(kycvs_slots->authorities[authority].trouble, trouble) == 0)
		return;
	LWLockAcquire(kycvs_slots->lock, LW_EXCLUSIVE);
	strlcpy(kycvs_slots->authorities[authority].trouble, trouble, KYCVS_TROUBLE_MAX);
	LWLockRelease(kycvs_slots->lock);
}

void
kycvs_channel_keys_changed(int authority)
{
	pg_atomic_fetch_add_u64(&kycvs_slots->authorities[authority].key_generation, 1);
}

static bool
take_slot(int authority, int slot, KycvsRequest *request)
{
	SlotBody   *body = &kycvs_slot_bodies[slot];

	if (!kycvs_slot_swap(slot, authority, SLOT_READY, SLOT_TAKEN))
		return false;
	memcpy(request, body->request, body->request_size);
	explicit_bzero(body->request, body->request_size);
	return true;
}

/* The slots that wait for this authority, beginning after the one served last. */
static int
list_ready(int authority, int last, int *ready)
{
	int			n = 0;
	int			i;

	for (i = 1; i <= kycvs_slots->nslots; i++)
	{
		int			slot = (last + i) % kycvs_slots->nslots;

		if (kycvs_slot_word(slot) == SLOT_WORD(SLOT_READY, authority))
			ready[n++] = slot;
	}
	return n;
}

static bool
seen(const uint32 *asking, int n, uint32 who)
{
	int			i;

	for (i = 0; i < n; i++)
		if (asking[i] == who)
			return true;
	return false;
}

/*
 * Takes at most KYCVS_BATCH_MAX requests, one of each caller in turn, so that a
 * role with a thousand sessions gets no more of a batch than one with two; of
 * entities that come by API key, each is a caller of its own.
 */
int
kycvs_channel_take(int authority, int slots[KYCVS_BATCH_MAX], KycvsRequest *requests)
{
	static int *ready = NULL;
	static int	last = 0;		/* the slot that was served last */
	int			nready;
	int			taken = 0;
	bool		progress = true;

	if (ready == NULL)
		ready = MemoryContextAlloc(TopMemoryContext, kycvs_slots->nslots * sizeof(int));
	nready = list_ready(authority, last, ready);
	while (progress && taken < KYCVS_BATCH_MAX)
	{
		uint32		asking[KYCVS_BATCH_MAX];
		int			nseen = 0;
		int			i;

		progress = false;
		for (i = 0; i < nready && taken < KYCVS_BATCH_MAX && nseen < KYCVS_BATCH_MAX; i++)
		{
			int			slot = ready[i];

			if (slot < 0 || seen(asking, nseen, kycvs_slots->heads[slot].who))
				continue;
			asking[nseen++] = kycvs_slots->heads[slot].who;
			ready[i] = -1;
			progress = true;
			if (take_slot(authority, slot, &requests[taken]))
				slots[taken++] = slot;
		}
	}
	if (taken > 0)
		last = slots[taken - 1];
	return taken;
}

/* Frees a slot whose caller has left; false when it still waits. */
bool
kycvs_channel_drop_abandoned(int authority, int slot)
{
	if (kycvs_slot_word(slot) != SLOT_WORD(SLOT_ABANDONED, authority))
		return false;
	kycvs_slot_free(slot);
	kycvs_slot_wake(slot);
	return true;
}

void
kycvs_channel_answer(int authority, int slot, const KycvsReply *reply)
{
	SlotBody   *body = &kycvs_slot_bodies[slot];

	body->reply_size = kycvs_reply_size(reply);
	memcpy(body->reply, reply, body->reply_size);
	pg_write_barrier();
	if (!kycvs_slot_swap(slot, authority, SLOT_TAKEN, SLOT_DONE))
		kycvs_slot_free(slot);	/* ABANDONED: its caller is gone */
	kycvs_slot_wake(slot);
}

void
kycvs_channel_count(int authority, int requests)
{
	pg_atomic_fetch_add_u64(&kycvs_slots->authorities[authority].batches, 1);
	pg_atomic_fetch_add_u64(&kycvs_slots->authorities[authority].requests, requests);
}
