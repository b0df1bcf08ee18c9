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
#include "channel.h"
#include "commands/dbcommands.h"
#include "compat.h"
#include "port/atomics.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"
#include "utils/wait_event.h"

#define MAX_AUTHORITIES		8
#define CALL_TIMEOUT_MS		5000

enum SlotState
{
	SLOT_FREE = 0,
	SLOT_READY,
	SLOT_TAKEN,
	SLOT_DONE,
	SLOT_FAILED,
	SLOT_ABANDONED
};

/* What is scanned for work; kept apart from the 32 kB it stands for. */
typedef struct SlotHead
{
	pg_atomic_uint32 state;
	int			authority;		/* whom the request is for */
	Oid			role;			/* who asks, for fairness */
} SlotHead;

typedef struct SlotBody
{
	char		request[KYCVS_CHANNEL_SIZE];
	char		reply[KYCVS_CHANNEL_SIZE];
} SlotBody;

typedef struct Authority
{
	bool		registered;
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
	Authority	authorities[MAX_AUTHORITIES];
	SlotHead	heads[FLEXIBLE_ARRAY_MEMBER];
} Channel;

static char *databases_setting = NULL;
static char *registry_setting = NULL;

static char database_names[MAX_AUTHORITIES][NAMEDATALEN];
static int	ndatabases = 0;
static bool registered[MAX_AUTHORITIES];

static Channel *channel = NULL;
static SlotBody *bodies = NULL;
static bool leave_at_exit = false;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/* ---- settings and shared memory ---- */

static int
count_slots(void)
{
	return MaxBackends;
}

static Size
head_size(void)
{
	return add_size(offsetof(Channel, heads), mul_size(count_slots(), sizeof(SlotHead)));
}

static Size
body_size(void)
{
	return mul_size(count_slots(), sizeof(SlotBody));
}

static void
request_shmem(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(add_size(head_size(), body_size()));
	RequestNamedLWLockTranche("kycvs", 1);
}

static void
init_channel(void)
{
	int			i;

	memset(channel, 0, head_size());
	channel->lock = &GetNamedLWLockTranche("kycvs")->lock;
	channel->nslots = count_slots();
	for (i = 0; i < MAX_AUTHORITIES; i++)
	{
		Authority  *authority = &channel->authorities[i];

		authority->registered = registered[i];
		authority->proc = -1;
		pg_atomic_init_u64(&authority->key_generation, 1);
		pg_atomic_init_u64(&authority->batches, 0);
		pg_atomic_init_u64(&authority->requests, 0);
	}
	for (i = 0; i < channel->nslots; i++)
		pg_atomic_init_u32(&channel->heads[i].state, SLOT_FREE);
}

static void
start_shmem(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	channel = ShmemInitStruct("kycvs channel", head_size(), &found);
	bodies = ShmemInitStruct("kycvs slots", body_size(), &found);
	if (!found)
		init_channel();
	LWLockRelease(AddinShmemInitLock);
}

static void
read_databases(void)
{
	char	   *list = pstrdup(databases_setting);
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(list, ',', &names) || list_length(names) > MAX_AUTHORITIES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for parameter \"%s\": \"%s\"", "kycvs.databases", databases_setting),
				 errhint("Name at most %d databases, separated by commas.", MAX_AUTHORITIES)));
	foreach(cell, names)
		strlcpy(database_names[ndatabases++], lfirst(cell), NAMEDATALEN);
	list_free(names);
	pfree(list);
}

void
kycvs_channel_init(void)
{
	DefineCustomStringVariable("kycvs.registry",
							   "Database whose authority answers the calls of this session.",
							   "Empty means the session's own database.",
							   &registry_setting, "", PGC_USERSET, 0, NULL, NULL, NULL);
	if (!process_shared_preload_libraries_in_progress)
		return;
	DefineCustomStringVariable("kycvs.databases",
							   "Databases that are registries; each gets an authority.",
							   NULL, &databases_setting, "", PGC_POSTMASTER,
							   GUC_LIST_INPUT, NULL, NULL, NULL);
	read_databases();
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shmem;
}

bool
kycvs_channel_loaded(void)
{
	return channel != NULL;
}

int
kycvs_channel_databases(void)
{
	return ndatabases;
}

const char *
kycvs_channel_database(int authority)
{
	return database_names[authority];
}

void
kycvs_channel_set_registered(int authority)
{
	registered[authority] = true;
}

/* ---- the caller's end ---- */

const char *
kycvs_channel_registry(void)
{
	if (registry_setting != NULL && registry_setting[0] != '\0')
		return registry_setting;
	return get_database_name(MyDatabaseId);
}

int
kycvs_channel_find(void)
{
	const char *registry = kycvs_channel_registry();
	int			i;

	if (channel == NULL || registry == NULL)
		return -1;
	for (i = 0; i < ndatabases; i++)
		if (strcmp(database_names[i], registry) == 0)
			return i;
	return -1;
}

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

static bool
swap_state(SlotHead *head, uint32 from, uint32 to)
{
	return pg_atomic_compare_exchange_u32(&head->state, &from, to);
}

static void
free_own_slot(int slot)
{
	explicit_bzero(&bodies[slot], sizeof(SlotBody));
	pg_write_barrier();
	pg_atomic_write_u32(&channel->heads[slot].state, SLOT_FREE);
}

/*
 * Gives up whatever this backend's slot is doing.  READY must be left before it
 * is wiped: while it is READY the authority may take it at any moment.
 */
static void
leave_slot(void)
{
	int			slot = KYCVS_MY_PROC_NUMBER;
	SlotHead   *head = &channel->heads[slot];

	if (swap_state(head, SLOT_READY, SLOT_FREE) || !swap_state(head, SLOT_TAKEN, SLOT_ABANDONED))
	{
		uint32		state = pg_atomic_read_u32(&head->state);

		if (state != SLOT_ABANDONED)
			free_own_slot(slot);
	}
}

static void
leave_slot_at_exit(int code, Datum arg)
{
	leave_slot();
}

static void
wake(int proc)
{
	if (proc >= 0)
		SetLatch(&ProcGlobal->allProcs[proc].procLatch);
}

static void
wake_authority(int number)
{
	int			proc;

	LWLockAcquire(channel->lock, LW_SHARED);
	proc = channel->authorities[number].proc;
	LWLockRelease(channel->lock);
	wake(proc);
}

/*
 * Waits until the slot's state is not "state" any more, or the time is over.
 * Returns the state it left with.
 */
static uint32
wait_while(SlotHead *head, uint32 first, uint32 second, instr_time start)
{
	for (;;)
	{
		uint32		now = pg_atomic_read_u32(&head->state);
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
	SlotHead   *head = &channel->heads[slot];

	memcpy(bodies[slot].request, request, sizeof(KycvsRequest));
	head->authority = authority;
	head->role = request->caller.user;
	pg_write_barrier();
	pg_atomic_write_u32(&head->state, SLOT_READY);
	wake_authority(authority);
}

/* No answer: was the authority there at all? */
static int
tell_silence(int authority, uint32 state)
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
	SlotHead   *head = &channel->heads[slot];
	instr_time	start;
	uint32		state;

	INSTR_TIME_SET_CURRENT(start);
	state = wait_while(head, SLOT_ABANDONED, SLOT_ABANDONED, start);
	if (state != SLOT_FREE)
	{
		kycvs_refuse(&reply->refusal, KV_NO_ANSWER);
		return;
	}
	publish(slot, authority, request);
	state = wait_while(head, SLOT_READY, SLOT_TAKEN, start);
	if (state == SLOT_DONE)
		memcpy(reply, bodies[slot].reply, sizeof(KycvsReply));
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
	if (authority < 0 || !channel->authorities[authority].registered)
		return KV_NO_AUTHORITY;
	return 0;
}

/*
 * Asks and waits, at most five seconds.  Every KV refusal comes back in the
 * reply.  The request is wiped and freed, also when the wait ends in an error.
 */
KycvsReply *
kycvs_call(KycvsRequest *request)
{
	KycvsReply *reply = palloc0(sizeof(KycvsReply));
	int			authority = kycvs_channel_find();
	int			obstacle;

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
		explicit_bzero(request, sizeof(KycvsRequest));
		pfree(request);
	}
	PG_END_TRY();
	return reply;
}

bool
kycvs_channel_info(int number, KycvsAuthorityInfo *info)
{
	Authority  *authority;

	memset(info, 0, sizeof(*info));
	if (channel == NULL || number < 0)
		return false;
	authority = &channel->authorities[number];
	LWLockAcquire(channel->lock, LW_SHARED);
	info->registered = authority->registered;
	info->stage = authority->stage;
	strlcpy(info->trouble, authority->trouble, KYCVS_TROUBLE_MAX);
	LWLockRelease(channel->lock);
	info->batches = (int64) pg_atomic_read_u64(&authority->batches);
	info->requests = (int64) pg_atomic_read_u64(&authority->requests);
	return true;
}

uint64
kycvs_channel_key_generation(int authority)
{
	return pg_atomic_read_u64(&channel->authorities[authority].key_generation);
}

/* ---- the authority's end ---- */

static void
set_proc(int number, int proc, KycvsStage stage)
{
	LWLockAcquire(channel->lock, LW_EXCLUSIVE);
	channel->authorities[number].proc = proc;
	channel->authorities[number].stage = stage;
	LWLockRelease(channel->lock);
}

/*
 * Ends the exchanges that this authority, or an incarnation of it that died,
 * had taken; "waiting": also those that it had not.
 */
static void
fail_slots(int authority, bool waiting)
{
	int			slot;

	for (slot = 0; slot < channel->nslots; slot++)
	{
		SlotHead   *head = &channel->heads[slot];

		if (head->authority != authority)
			continue;
		if ((waiting && swap_state(head, SLOT_READY, SLOT_FAILED)) || swap_state(head, SLOT_TAKEN, SLOT_FAILED))
			wake(slot);
		else if (pg_atomic_read_u32(&head->state) == SLOT_ABANDONED)
		{
			free_own_slot(slot);
			wake(slot);
		}
	}
}

static void
detach(int code, Datum arg)
{
	int			authority = DatumGetInt32(arg);
	bool		served = channel->authorities[authority].stage == KYCVS_STAGE_SERVING;

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
	if (channel->authorities[authority].stage != stage)
		set_proc(authority, KYCVS_MY_PROC_NUMBER, stage);
}

/* Marks the connection attempt; returns the mark as the last incarnation left it. */
bool
kycvs_channel_connecting(int authority, bool connecting)
{
	bool		before = channel->authorities[authority].connecting;

	channel->authorities[authority].connecting = connecting;
	return before;
}

void
kycvs_channel_set_trouble(int authority, const char *trouble)
{
	if (strcmp(channel->authorities[authority].trouble, trouble) == 0)
		return;
	LWLockAcquire(channel->lock, LW_EXCLUSIVE);
	strlcpy(channel->authorities[authority].trouble, trouble, KYCVS_TROUBLE_MAX);
	LWLockRelease(channel->lock);
}

void
kycvs_channel_keys_changed(int authority)
{
	pg_atomic_fetch_add_u64(&channel->authorities[authority].key_generation, 1);
}

static bool
take_slot(int slot, KycvsRequest *request)
{
	if (!swap_state(&channel->heads[slot], SLOT_READY, SLOT_TAKEN))
		return false;
	memcpy(request, bodies[slot].request, sizeof(KycvsRequest));
	explicit_bzero(bodies[slot].request, sizeof(KycvsRequest));
	return true;
}

/* The slots that wait for this authority, beginning after the one served last. */
static int
list_ready(int authority, int *ready)
{
	static int	last = 0;
	int			n = 0;
	int			i;

	for (i = 1; i <= channel->nslots; i++)
	{
		int			slot = (last + i) % channel->nslots;

		if (pg_atomic_read_u32(&channel->heads[slot].state) != SLOT_READY)
			continue;
		pg_read_barrier();
		if (channel->heads[slot].authority == authority)
			ready[n++] = slot;
	}
	if (n > 0)
		last = ready[0];
	return n;
}

static bool
seen_role(const Oid *roles, int n, Oid role)
{
	int			i;

	for (i = 0; i < n; i++)
		if (roles[i] == role)
			return true;
	return false;
}

/*
 * Takes at most KYCVS_BATCH_MAX requests, one of each role in turn, so that a
 * role with a thousand sessions gets no more of a batch than one with two.
 */
int
kycvs_channel_take(int authority, int slots[KYCVS_BATCH_MAX], KycvsRequest *requests)
{
	static int *ready = NULL;
	int			nready;
	int			taken = 0;
	bool		progress = true;

	if (ready == NULL)
		ready = MemoryContextAlloc(TopMemoryContext, channel->nslots * sizeof(int));
	nready = list_ready(authority, ready);
	while (progress && taken < KYCVS_BATCH_MAX)
	{
		Oid			roles[KYCVS_BATCH_MAX];
		int			nroles = 0;
		int			i;

		progress = false;
		for (i = 0; i < nready && taken < KYCVS_BATCH_MAX && nroles < KYCVS_BATCH_MAX; i++)
		{
			int			slot = ready[i];

			if (slot < 0 || seen_role(roles, nroles, channel->heads[slot].role))
				continue;
			roles[nroles++] = channel->heads[slot].role;
			ready[i] = -1;
			progress = true;
			if (take_slot(slot, &requests[taken]))
				slots[taken++] = slot;
		}
	}
	return taken;
}

void
kycvs_channel_answer(int authority, int slot, const KycvsReply *reply)
{
	SlotHead   *head = &channel->heads[slot];

	memcpy(bodies[slot].reply, reply, offsetof(KycvsReply, body) + reply->length + 1);
	pg_write_barrier();
	if (!swap_state(head, SLOT_TAKEN, SLOT_DONE))
		free_own_slot(slot);	/* ABANDONED: its caller is gone */
	wake(slot);
}

void
kycvs_channel_count(int authority, int requests)
{
	pg_atomic_fetch_add_u64(&channel->authorities[authority].batches, 1);
	pg_atomic_fetch_add_u64(&channel->authorities[authority].requests, requests);
}
