/*
 * slot.c
 *	  The shared memory behind the channel: its settings, its making, the steps
 *	  of a slot.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "compat.h"
#include "slot.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/varlena.h"

static char *databases_setting = NULL;
static char *registry_setting = NULL;

static char database_names[KYCVS_AUTHORITIES_MAX][NAMEDATALEN];
static int	ndatabases = 0;
static bool registered[KYCVS_AUTHORITIES_MAX];
static bool maintained[KYCVS_AUTHORITIES_MAX];

Channel    *kycvs_slots = NULL;
SlotBody   *kycvs_slot_bodies = NULL;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

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

	memset(kycvs_slots, 0, head_size());
	kycvs_slots->lock = &GetNamedLWLockTranche("kycvs")->lock;
	kycvs_slots->nslots = count_slots();
	for (i = 0; i < KYCVS_AUTHORITIES_MAX; i++)
	{
		Authority  *authority = &kycvs_slots->authorities[i];

		authority->registered = registered[i];
		authority->maintained = maintained[i];
		authority->proc = -1;
		pg_atomic_init_u64(&authority->key_generation, 1);
		pg_atomic_init_u64(&authority->batches, 0);
		pg_atomic_init_u64(&authority->requests, 0);
	}
	for (i = 0; i < kycvs_slots->nslots; i++)
	{
		pg_atomic_init_u32(&kycvs_slots->heads[i].word, SLOT_WORD(SLOT_FREE, 0));
		kycvs_slot_bodies[i].request_size = kycvs_slot_bodies[i].reply_size = 0;
	}
}

static void
start_shmem(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	kycvs_slots = ShmemInitStruct("kycvs channel", head_size(), &found);
	kycvs_slot_bodies = ShmemInitStruct("kycvs slots", body_size(), &found);
	if (!found)
		init_channel();
	LWLockRelease(AddinShmemInitLock);
}

static void
add_database(const char *name)
{
	int			i;

	for (i = 0; i < ndatabases; i++)
		if (strcmp(database_names[i], name) == 0)
			return;
	strlcpy(database_names[ndatabases++], name, NAMEDATALEN);
}

static void
read_databases(void)
{
	char	   *list = pstrdup(databases_setting);
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(list, ',', &names) || list_length(names) > KYCVS_AUTHORITIES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for parameter \"%s\": \"%s\"", "kycvs.databases", databases_setting),
				 errhint("Name at most %d databases, separated by commas; a name with blanks or capitals in double quotes.", KYCVS_AUTHORITIES_MAX)));
	foreach(cell, names)
		add_database(lfirst(cell));
	list_free(names);
	pfree(list);
}

/*
 * Anybody may choose whom to ask, but whose keys are believed in this database
 * is for the database and the superuser to say: by ALTER DATABASE, by the
 * configuration, or by a superuser's SET.  Else it is the database itself.
 *
 * What a role sets for itself, with ALTER ROLE or in a connection's options,
 * must not count; nor may it hide what the database says, and the server
 * forgets a value that another has replaced.  So each is kept here as it
 * passes by: sources are ranked, and those up to the database's can be believed.
 */
static struct
{
	bool		given;
	char		value[NAMEDATALEN];
}			believed[PGC_S_DATABASE + 1];

static bool
note_registry(char **value, void **extra, GucSource source)
{
	if (source > PGC_S_DATABASE)
		return true;
	/* taken out of the configuration again */
	if (source == PGC_S_DEFAULT || source == PGC_S_DYNAMIC_DEFAULT)
		believed[PGC_S_FILE].given = false;
	believed[source].given = true;
	strlcpy(believed[source].value, *value, NAMEDATALEN);
	return true;
}

static const char *
find_believed(void)
{
	int			source = PGC_S_DATABASE;

	while (source > PGC_S_DEFAULT && !believed[source].given)
		source--;
	return believed[source].value;
}

void
kycvs_channel_init(void)
{
	DefineCustomStringVariable("kycvs.registry",
							   "Database whose authority answers the calls of this session.",
							   "Empty means the session's own database.",
							   &registry_setting, "", PGC_USERSET, 0, note_registry, NULL, NULL);
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
	return kycvs_slots != NULL;
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

void
kycvs_channel_set_maintained(int authority)
{
	maintained[authority] = true;
}

const char *
kycvs_channel_registry(void)
{
	if (registry_setting != NULL && registry_setting[0] != '\0')
		return registry_setting;
	return get_database_name(MyDatabaseId);
}

const char *
kycvs_channel_trusted(void)
{
	static struct config_string *setting = NULL;
	const char *value;

	if (setting == NULL)
		setting = (struct config_string *) kycvs_find_setting("kycvs.registry");
	if (setting != NULL && setting->gen.source == PGC_S_SESSION && setting->gen.scontext == PGC_SUSET)
		value = registry_setting;
	else
		value = find_believed();
	if (value[0] != '\0')
		return value;
	return get_database_name(MyDatabaseId);
}

int
kycvs_channel_find(const char *registry)
{
	int			i;

	if (kycvs_slots == NULL || registry == NULL)
		return -1;
	for (i = 0; i < ndatabases; i++)
		if (strcmp(database_names[i], registry) == 0)
			return i;
	return -1;
}

/* ---- the steps of a slot ---- */

uint32
kycvs_slot_word(int slot)
{
	return pg_atomic_read_u32(&kycvs_slots->heads[slot].word);
}

/* What was written before is seen by whoever sees the state. */
void
kycvs_slot_set(int slot, SlotState state, int authority)
{
	pg_write_barrier();
	pg_atomic_write_u32(&kycvs_slots->heads[slot].word, SLOT_WORD(state, authority));
}

bool
kycvs_slot_swap(int slot, int authority, SlotState from, SlotState to)
{
	uint32		expected = SLOT_WORD(from, authority);

	return pg_atomic_compare_exchange_u32(&kycvs_slots->heads[slot].word, &expected, SLOT_WORD(to, authority));
}

void
kycvs_slot_free(int slot)
{
	SlotBody   *body = &kycvs_slot_bodies[slot];

	explicit_bzero(body->request, body->request_size);
	explicit_bzero(body->reply, body->reply_size);
	body->request_size = body->reply_size = 0;
	kycvs_slot_set(slot, SLOT_FREE, 0);
}

void
kycvs_slot_wake(int proc)
{
	if (proc >= 0)
		SetLatch(&ProcGlobal->allProcs[proc].procLatch);
}
