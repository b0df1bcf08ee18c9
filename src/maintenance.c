/*
 * maintenance.c
 *	  The worker that does what can wait: bulk intake.
 *
 * A process of its own, so that the authority never waits for it.  It waits,
 * attached to no database, until the authority has found its own, and then looks once a
 * second whether there is something to do; while there is, it does a piece in
 * each transaction.  A piece that fails is undone, logged, and tried again, more
 * carefully, after a pause; at once when it met somebody else's call.
 *
 * It knows how to seal a person while it does so, and no signing key ever.
 *
 * Memory: a piece allocates in the context of its transaction.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xact.h"
#include "audit.h"
#include "channel.h"
#include "clock.h"
#include "intake.h"
#include "maintenance.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "session.h"
#include "statement.h"
#include "storage/latch.h"
#include "table.h"
#include "takein.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"
#include "vault.h"
#include "worker.h"

#define LOOK_MS		1000		/* between looks when there is nothing to do */
#define SORRY_MS	5000		/* after a failure */

/* Sleeps, or is woken by a signal. */
static void
pause_for(long milliseconds, const char *activity)
{
	pgstat_report_activity(STATE_IDLE, activity);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
		kycvs_worker_reload();
}

/* It finds the database; the extension is looked for here too, for nobody may call the authority. */
static void
wait_for_database(int authority)
{
	KycvsAuthorityInfo info;

	while (kycvs_channel_info(authority, &info) && info.stage < KYCVS_STAGE_NO_EXTENSION)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, LOOK_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
learn_newest_audit(void)
{
	kycvs_worker_begin();
	kycvs_clock_not_before(kycvs_audit_newest());
	kycvs_statements_end(false);
	kycvs_worker_commit();
}

/* True when there is an extension to work for. */
static bool
enter(void)
{
	bool		changed;
	bool		there = kycvs_session_enter(&changed);

	if (changed)
	{
		kycvs_vault_close();
		kycvs_intake_restart();
		if (there)
			learn_newest_audit();
	}
	return there;
}

static KycvsIntakeState
do_piece(bool careful)
{
	KycvsIntakeState state = KYCVS_INTAKE_EMPTY;
	TimestampTz now = kycvs_clock_now();

	PushActiveSnapshot(GetTransactionSnapshot());
	if (kycvs_intake_waiting(now) && kycvs_vault_open_secrets())
		state = kycvs_intake_step(now, careful);
	kycvs_statements_end(false);
	PopActiveSnapshot();
	return state;
}

/* To the log, without statement and context: those could show what was taken in. */
static void
report_failure(ErrorData *error)
{
	if (kycvs_take_in_conflict(error->sqlerrcode))
		return;
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("kycvs maintenance failed, and tries again: %s", error->message),
			 errhidestmt(true), errhidecontext(true)));
}

/* The SQLSTATE of its failure, when it is undone, or 0. */
static int
try_piece(bool careful, KycvsIntakeState *state)
{
	MemoryContext context;
	ResourceOwner owner;
	volatile int failure = 0;

	kycvs_worker_begin();
	kycvs_worker_assert_owner();
	context = CurrentMemoryContext;
	owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	PG_TRY();
	{
		*state = do_piece(careful);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		kycvs_statements_end(true);
		kycvs_vault_close();
		if (!kycvs_take_in_conflict(error->sqlerrcode))
			kycvs_intake_restart();
		report_failure(error);
		failure = error->sqlerrcode;
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	kycvs_worker_commit();
	return failure;
}

static void
work(void)
{
	bool		careful = false;

	for (;;)
	{
		KycvsIntakeState state = KYCVS_INTAKE_EMPTY;
		int			failure;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
			kycvs_worker_reload();
		if (!enter())
		{
			pause_for(LOOK_MS, "waiting for CREATE EXTENSION kycvs");
			continue;
		}
		pgstat_report_activity(STATE_RUNNING, "taking in persons and doses");
		failure = try_piece(careful, &state);
		if (failure != 0)
		{
			/* who met a clerk's call goes on at once */
			if (careful || !kycvs_take_in_conflict(failure))
				pause_for(SORRY_MS, "waiting after a failure");
			careful = true;
			continue;
		}
		pgstat_report_stat(false);
		careful = careful && state == KYCVS_INTAKE_WORKED;
		if (state == KYCVS_INTAKE_WORKED)
			continue;
		kycvs_vault_close();
		pause_for(LOOK_MS, state == KYCVS_INTAKE_PAUSED ? "intake is paused" : "waiting for work");
	}
}

void
kycvs_maintenance_main(Datum arg)
{
	int			authority = DatumGetInt32(arg);

	kycvs_worker_start();
	kycvs_rows_wait();
	wait_for_database(authority);
	kycvs_session_connect_beside(authority);
	work();
}

void
kycvs_maintenance_register(void)
{
	int			i;

	if (IsBinaryUpgrade)
		return;
	for (i = 0; i < kycvs_channel_databases(); i++)
		if (kycvs_worker_register("kycvs maintenance", "kycvs_maintenance_main", i))
			kycvs_channel_set_maintained(i);
}
