/*
 * authority.c
 *	  The worker that decides: takes waiting requests, decides them in one
 *	  transaction, commits, and only then answers.
 *
 * Every request runs in a subtransaction of its own.  A request that is refused
 * is a reply like any other.  An unexpected error aborts its subtransaction
 * alone; what the request costs is then charged in another one, since nobody
 * can say how far it had come.  An error outside of them, at commit for
 * instance, ends the process: its callers are told that the authority is not
 * running, and the postmaster starts it again after a second.
 *
 * Memory that is touched by this code:
 *	 TopMemoryContext			requests and replies of a batch, saved plans
 *	 TopTransactionContext		error data of a request that failed
 *	 request_context			everything that a decision allocates
 *	 SPI procedure context		results of its statements, see statement.c
 *	 malloc (OpenSSL, ICU)		keys and normalisers, see secret.c, keyring.c, name.c
 *	 static						vault.c: issuer, directory, key names
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "access/xact.h"
#include "authority.h"
#include "call.h"
#include "channel.h"
#include "clock.h"
#include "exchange.h"
#include "kept.h"
#include "parking.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "route.h"
#include "session.h"
#include "statement.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "tally.h"
#include "unwritten.h"
#include "utils/wait_event.h"
#include "vault.h"
#include "worker.h"

#define BATCH_ROOM (KYCVS_BATCH_MAX + KYCVS_PARKED_MAX)

/* Of the request that is being decided; emptied after each. */
static MemoryContext request_context = NULL;

/* ---- one request ---- */

/* A gateway's own page acts by the code of the entity; no API key begins like that. */
static bool
find_by_key(KycvsCall *call, const char *api_key)
{
	static const char page[] = "page:";

	call->by_page = strncmp(api_key, page, strlen(page)) == 0;
	if (call->by_page)
		return kycvs_entity_by_page(api_key + strlen(page), &call->entity);
	return kycvs_entity_by_api_key(api_key, &call->entity);
}

static bool
find_entity(KycvsCall *call)
{
	const KycvsRequest *request = call->request;

	if (request->has_api_key)
		return is_member_of_role_nosuper(request->caller.user, get_role_oid("kycvs_gateway", false)) &&
			find_by_key(call, request->api_key);
	return kycvs_entities_of_role(request->caller.user, &call->entity) == 1;
}

static bool
check_caller(KycvsCall *call, const KycvsRoute *route)
{
	if (route->group == NULL && !route->by_entity)
		return true;
	if (!route->by_entity)
	{
		if (has_privs_of_role(call->request->caller.user, get_role_oid(route->group, false)))
			return true;
		kycvs_refuse_reason(&call->reply->refusal, ERRCODE_INSUFFICIENT_PRIVILEGE, "caller is not a member of %s", route->group);
		return false;
	}
	if (!find_entity(call))
		return kycvs_decline(call, KV_NOT_AN_ENTITY);
	call->audit.entity = call->entity.id;
	return !call->entity.suspended || kycvs_decline(call, KV_ENTITY_SUSPENDED);
}

static bool
check_keys(KycvsCall *call, const KycvsRoute *route)
{
	if (route->needs == KYCVS_NEEDS_NOTHING ||
		(route->needs == KYCVS_NEEDS_SECRETS && kycvs_vault_open_secrets()) ||
		(route->needs == KYCVS_NEEDS_SIGNING && kycvs_vault_open_signing()))
		return true;
	return kycvs_decline(call, KV_KEY_UNUSABLE);
}

static bool
check_arguments(KycvsCall *call)
{
	if (call->request->bad_argument == 0)
		return true;
	kycvs_refuse_reason(&call->reply->refusal, call->request->bad_argument, "%s", call->request->bad_reason);
	return false;
}

/* Public keys are for everybody, and a sender that finds nothing to send comes ten times a second. */
static bool
leaves_trace(const KycvsCall *call)
{
	if (call->request->op == KYCVS_OP_NEXT_MESSAGES)
		return call->reply->number > 0 || call->reply->refusal.sqlstate != 0;
	return call->request->op != KYCVS_OP_JWKS;
}

/* What only the authority can see, a line each: a name, a tab, what is wrong. */
static void
look_around(KycvsCall *call)
{
	StringInfoData problems;

	initStringInfo(&problems);
	if (kycvs_vault_open_signing() && kycvs_vault_issuer_differs())
		appendStringInfo(&problems, "issuer\tkycvs.issuer is not this registry's \"%s\", which its first key fixed\n", kycvs_vault_issuer());
	if (kycvs_vault_key_too_old(call->now) > 0)
		appendStringInfo(&problems, "signing key\tsigns since %d days, longer than kycvs.key_max_age: kycvs.create_key() makes another,"
						 " kycvs.activate_key(kid) takes it once verifiers have read the key set\n", kycvs_vault_key_too_old(call->now));
	if (kycvs_clock_behind() > 0)
		appendStringInfo(&problems, "clock\t%d s behind the newest audit row: time stands still until it has caught up; correct the server's clock\n",
						 kycvs_clock_behind());
	kycvs_entity_problems(&problems);
	kycvs_grant_text(call, problems.data, Min(problems.len, KYCVS_BODY_MAX - 1));
}

/* Decides and writes it down; health only looks around. */
static void
decide(KycvsCall *call)
{
	const KycvsRoute *route = &kycvs_routes[call->request->op];

	if (call->request->op == KYCVS_OP_HEALTH)
	{
		look_around(call);
		return;
	}
	if (check_caller(call, route) && check_keys(call, route) && check_arguments(call))
		route->decide(call);
	if (leaves_trace(call))
		kycvs_audit_append(&call->audit, call->request, call->reply->refusal.sqlstate, call->now);
}

/*
 * What a request whose decision failed has cost all the same: the try, the
 * counters of mobile and entity, the audit row.  Each is written for itself, for
 * the others may be what failed.
 */
static bool
was_verification(const KycvsCall *call)
{
	return call->request->op == KYCVS_OP_VERIFY && call->entity.id != 0;
}

static void
charge_again(KycvsCall *call)
{
	if (was_verification(call))
		kycvs_charge_verify(call);
}

static void
count_again(KycvsCall *call)
{
	if (was_verification(call) && kycvs_vault_open_secrets())
		kycvs_count_verify(call);
}

static void
audit_again(KycvsCall *call)
{
	kycvs_audit_append(&call->audit, call->request, call->reply->refusal.sqlstate, call->now);
}

/* An unexpected error: to the log, without statement and context; to the caller, its code alone. */
static void
report_error(KycvsCall *call, ErrorData *error)
{
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("kycvs request failed: %s", error->message),
			 errhidestmt(true), errhidecontext(true)));
	memset(call->reply, 0, offsetof(KycvsReply, body) + 1);
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(KV_KEY_UNUSABLE))
		kycvs_refuse(&call->reply->refusal, error->sqlerrcode);
	else
		kycvs_refuse_reason(&call->reply->refusal, error->sqlerrcode, "request failed in the authority");
	FreeErrorData(error);
}

/* Runs "step" in a subtransaction; false when it failed, and is undone. */
static bool
run_alone(void (*step) (KycvsCall *call), KycvsCall *call)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(request_context);
	PG_TRY();
	{
		kycvs_kept_begin();
		PushActiveSnapshot(GetTransactionSnapshot());
		step(call);
		kycvs_statements_end(false);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		kycvs_statements_end(true);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	MemoryContextReset(request_context);
	CurrentResourceOwner = owner;
	if (error == NULL)
		return true;
	kycvs_vault_close();
	report_error(call, error);
	return false;
}

static void
serve_request(const KycvsRequest *request, KycvsReply *reply)
{
	KycvsCall	call;
	bool		decided;

	memset(&call, 0, sizeof(call));
	memset(reply, 0, offsetof(KycvsReply, body) + 1);
	call.request = request;
	call.reply = reply;
	call.now = kycvs_clock_now();
	kycvs_audit_init(&call.audit);
	decided = run_alone(decide, &call);
	kycvs_tally_end(!decided);
	if (decided || request->op == KYCVS_OP_JWKS || request->op == KYCVS_OP_HEALTH)
		return;
	kycvs_audit_init(&call.audit);
	call.audit.entity = call.entity.id;
	if (!run_alone(charge_again, &call))
		kycvs_unwritten_add(&request->id, call.now + KYCVS_CHALLENGE_SECONDS * USECS_PER_SEC);
	(void) run_alone(count_again, &call);
	(void) run_alone(audit_again, &call);
}

/* ---- one batch ---- */

static bool
changes_keys(KycvsOp op)
{
	return op == KYCVS_OP_CREATE_KEY || op == KYCVS_OP_ACTIVATE_KEY || op == KYCVS_OP_REVOKE_KEY || op == KYCVS_OP_DESTROY_KEY;
}

static void
write_tally(KycvsCall *call)
{
	kycvs_tally_write(call->now);
}

/* What the batch has counted of messages.  It is no reason to refuse anybody when that cannot be written yet. */
static void
count_messages(KycvsReply *scratch)
{
	KycvsCall	call;

	if (!kycvs_tally_waits())
		return;
	memset(&call, 0, sizeof(call));
	call.reply = scratch;
	call.now = kycvs_clock_now();
	(void) run_alone(write_tally, &call);
}

/* Refuses a request that nobody looked at. */
static void
refuse(KycvsReply *reply, int sqlstate, const char *reason)
{
	memset(reply, 0, offsetof(KycvsReply, body) + 1);
	kycvs_refuse_reason(&reply->refusal, sqlstate, "%s", reason);
}

/* False, and nothing is decided, when the extension is no more the one that was entered. */
static bool
serve_batch(int authority, int n, const int *slots, KycvsRequest *requests, KycvsReply *replies)
{
	bool		keys_changed = false;
	bool		locked = false;
	int			answered = 0;
	int			i;

	kycvs_worker_begin();
	if (!kycvs_session_unchanged())
	{
		kycvs_worker_commit();
		return false;
	}
	kycvs_worker_assert_owner();
	for (i = 0; i < n; i++)
	{
		if (locked)
			refuse(&replies[i], KV_NO_ANSWER, "");
		else
			serve_request(&requests[i], &replies[i]);
		/* somebody locks a table of ours: the others are told at once, and nothing of theirs is decided */
		locked |= replies[i].refusal.sqlstate == ERRCODE_LOCK_NOT_AVAILABLE;
		keys_changed |= changes_keys(requests[i].op);
	}
	count_messages(&replies[n]);
	kycvs_worker_commit();
	if (keys_changed)
		kycvs_channel_keys_changed(authority);
	/* told to die while the commit waited for a standby: it may not be everywhere, so nobody is answered */
	CHECK_FOR_INTERRUPTS();
	kycvs_channel_set_trouble(authority, kycvs_vault_trouble());
	for (i = 0; i < n; i++)
	{
		if (kycvs_park(slots[i], &requests[i], &replies[i]))
			continue;
		kycvs_channel_answer(authority, slots[i], &replies[i]);
		answered++;
	}
	kycvs_channel_count(authority, answered);
	return true;
}

static void
refuse_batch(int authority, int n, const int *slots, KycvsReply *replies)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		refuse(&replies[i], KV_NO_AUTHORITY, "the registry's database has no extension kycvs, or is not UTF8");
		kycvs_channel_answer(authority, slots[i], &replies[i]);
	}
}

/* Requests hold OTPs, and so do replies to a sender. */
static void
wipe_batch(int n, KycvsRequest *requests, KycvsReply *replies)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		explicit_bzero(&requests[i], kycvs_request_size(&requests[i]));
		explicit_bzero(replies[i].body, replies[i].length);
	}
}

/* ---- the worker ---- */

static void
learn_newest_audit(void)
{
	kycvs_worker_begin();
	kycvs_clock_not_before(kycvs_audit_newest());
	kycvs_statements_end(false);
	kycvs_worker_commit();
}

/* True when there is an extension to serve. */
static bool
enter(int authority)
{
	bool		changed;
	bool		there = kycvs_session_enter(&changed);

	if (changed)
	{
		kycvs_vault_close();
		if (there)
			learn_newest_audit();
		kycvs_channel_keys_changed(authority);
	}
	kycvs_channel_set_stage(authority, there ? KYCVS_STAGE_SERVING : KYCVS_STAGE_NO_EXTENSION);
	return there;
}

static bool
makes_messages(int n, const KycvsRequest *requests)
{
	int			i;

	for (i = 0; i < n; i++)
		if (requests[i].op == KYCVS_OP_ISSUE || requests[i].op == KYCVS_OP_ISSUE_GROUP || requests[i].op == KYCVS_OP_RESEND || requests[i].retry)
			return true;
	return false;
}

/* The requests that wait, and after them those that are parked, when there may be something for them. */
static int
take_batch(int authority, int *slots, KycvsRequest *requests)
{
	int			n = kycvs_channel_take(authority, slots, requests);

	if (makes_messages(n, requests) || kycvs_parked_timeout(authority) == 0)
		n += kycvs_parked_recall(authority, slots + n, requests + n);
	return n;
}

static void
wait_for_work(int authority, bool serving)
{
	long		timeout = pgstat_report_stat(false);
	long		parked = kycvs_parked_timeout(authority);
	int			events;

	if (parked >= 0 && (timeout <= 0 || parked < timeout))
		timeout = Max(parked, 1);

	pgstat_report_activity(STATE_IDLE, serving ? "waiting for requests" : "waiting for CREATE EXTENSION kycvs");
	events = WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout > 0 ? WL_TIMEOUT : 0),
					   timeout, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	/* what is left to report is reported now, for nothing may come that would do it later */
	if (events & WL_TIMEOUT)
		pgstat_report_stat(true);
}

static void
serve(int authority)
{
	KycvsRequest *requests = MemoryContextAllocZero(TopMemoryContext, BATCH_ROOM * sizeof(KycvsRequest));
	KycvsReply *replies = MemoryContextAlloc(TopMemoryContext, (BATCH_ROOM + 1) * sizeof(KycvsReply));
	int			slots[BATCH_ROOM];
	bool		serving;

	request_context = AllocSetContextCreate(TopMemoryContext, "kycvs request", ALLOCSET_DEFAULT_SIZES);
	serving = enter(authority);
	for (;;)
	{
		int			n;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
			kycvs_worker_reload();
		n = take_batch(authority, slots, requests);
		if (n == 0)
		{
			wait_for_work(authority, serving);
			continue;
		}
		pgstat_report_activity(STATE_RUNNING, "deciding requests");
		while (!serving || !serve_batch(authority, n, slots, requests, replies))
		{
			serving = enter(authority);
			if (serving)
				continue;
			refuse_batch(authority, n, slots, replies);
			break;
		}
		wipe_batch(n, requests, replies);
		pgstat_report_stat(false);
	}
}

void
kycvs_authority_main(Datum arg)
{
	int			authority = DatumGetInt32(arg);

	kycvs_worker_start();
	kycvs_channel_attach(authority);
	kycvs_session_connect(authority);
	serve(authority);
}

void
kycvs_authority_register(void)
{
	int			i;

	if (IsBinaryUpgrade)
		return;
	for (i = 0; i < kycvs_channel_databases(); i++)
		if (kycvs_worker_register("kycvs authority", "kycvs_authority_main", i))
			kycvs_channel_set_registered(i);
}
