/*
 * worker.c
 *	  What the two workers of a registry have in common.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xact.h"
#include "channel.h"
#include "compat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "session.h"
#include "table.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "vault.h"
#include "worker.h"

/* Registering returns nothing, and only logs when there is no slot for a worker: so the list is asked. */
static bool
is_registered(const char *function, int authority)
{
	KycvsWorkerIter iter;

	KYCVS_FOREACH_WORKER(iter)
	{
		BackgroundWorker *worker = &KYCVS_WORKER(iter)->rw_worker;

		if (strcmp(worker->bgw_function_name, function) == 0 && DatumGetInt32(worker->bgw_main_arg) == authority)
			return true;
	}
	return false;
}

bool
kycvs_worker_register(const char *type, const char *function, int authority)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_library_name, "kycvs", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for %s", type, kycvs_channel_database(authority));
	strlcpy(worker.bgw_type, type, sizeof(worker.bgw_type));
	worker.bgw_main_arg = Int32GetDatum(authority);
	RegisterBackgroundWorker(&worker);
	return is_registered(function, authority);
}

/*
 * The server sends itself this signal when a lock is waited for too long, which
 * must end the wait; when somebody else does (pg_cancel_backend), it is ignored.
 */
static void
handle_interrupt(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (get_timeout_indicator(LOCK_TIMEOUT, false))
		StatementCancelHandler(postgres_signal_arg);
	errno = save_errno;
}

void
kycvs_worker_start(void)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, handle_interrupt);
	BackgroundWorkerUnblockSignals();
}

/* SPI wants a snapshot outside of it; every request takes a newer one of its own. */
void
kycvs_worker_begin(void)
{
	StartTransactionCommand();
	SetUserIdAndSecContext(GetUserId(), SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
kycvs_worker_commit(void)
{
	kycvs_tables_close();
	PopActiveSnapshot();
	CommitTransactionCommand();
	SetUserIdAndSecContext(GetUserId(), 0);
}

/* Nothing is decided as anybody but kycvs_owner. */
void
kycvs_worker_assert_owner(void)
{
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	if (user != kycvs_session_owner() || superuser_arg(user) || (context & SECURITY_RESTRICTED_OPERATION) == 0)
		elog(FATAL, "kycvs worker has lost its role");
}

void
kycvs_worker_reload(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	kycvs_session_pin();
	kycvs_vault_close();
}
