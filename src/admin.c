/*
 * admin.c
 *	  Decides the requests of administrators: keys, entities, API keys.
 *
 * They are requests to the authority like all others, so that they survive the
 * caller's ROLLBACK and see roles that are committed only.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "commands/user.h"
#include "compat.h"
#include "keytable.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "ruleset.h"
#include "statement.h"
#include "utils/acl.h"
#include "utils/syscache.h"
#include "vault.h"

static KycvsStatement activate_key[] = {
	{"UPDATE kycvs_data.signing_key SET state = 'retired', retired_at = $2"
		" WHERE state = 'active' AND EXISTS (SELECT FROM kycvs_data.signing_key WHERE kid = $1 AND state = 'pending')"},
	{"UPDATE kycvs_data.signing_key SET state = 'active', activated_at = $2 WHERE kid = $1 AND state = 'pending'"}
};
static KycvsStatement revoke_key = {
	"UPDATE kycvs_data.signing_key SET state = 'revoked', revoked_at = $2 WHERE kid = $1 AND state <> 'revoked'"
};
static KycvsStatement find_key = {
	"SELECT state IN ('retired', 'revoked'), destroyed_at IS NOT NULL, xmin::text::bigint FROM kycvs_data.signing_key WHERE kid = $1"
};
static KycvsStatement destroy_key = {
	"UPDATE kycvs_data.signing_key SET destroyed_at = $2 WHERE kid = $1"
};
static KycvsStatement insert_entity = {
	"INSERT INTO kycvs_data.entity (code, name, role, created_at) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT DO NOTHING RETURNING id"
};
static KycvsStatement allow_purpose = {
	"INSERT INTO kycvs_data.entity_purpose (entity, purpose) VALUES ($1, $2) ON CONFLICT DO NOTHING"
};
static KycvsStatement suspend_entity = {
	"UPDATE kycvs_data.entity SET suspended = $2 WHERE id = $1"
};
static KycvsStatement write_budget = {
	"UPDATE kycvs_data.entity SET failures_per_hour = $2 WHERE id = $1"
};
static KycvsStatement write_rules = {
	"UPDATE kycvs_data.entity SET rules = $2 WHERE id = $1"
};
static KycvsStatement insert_api_key = {
	"WITH made AS MATERIALIZED (SELECT kycvs_data.new_api_key() AS api_key),"
	" kept AS (INSERT INTO kycvs_data.api_key (entity, digest, created_at)"
	"          SELECT $1, kycvs_data.api_key_digest(api_key), $2 FROM made RETURNING id)"
	" SELECT made.api_key, kept.id FROM made, kept"
};
static KycvsStatement revoke_api_key = {
	"UPDATE kycvs_data.api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL"
};

/* ---- keys ---- */

void
kycvs_decide_create_key(KycvsCall *call)
{
	KycvsAlg	alg = kycvs_alg_from_name(call->request->code);
	char		kid[KYCVS_KID_LENGTH + 1];

	if (alg == KYCVS_ALG_NONE)
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "alg must be ES256 or Ed25519");
	else if (kycvs_vault_create_key(alg, call->now, kid, &call->reply->refusal))
		kycvs_grant_text(call, kid, strlen(kid));
}

static uint64
change_key(KycvsStatement *statement, const KycvsCall *call)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, call->request->code);
	kycvs_bind_time(&args, call->now);
	return kycvs_run(statement, &args);
}

void
kycvs_decide_activate_key(KycvsCall *call)
{
	change_key(&activate_key[0], call);
	if (change_key(&activate_key[1], call) == 0)
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "there is no pending key of this name");
	kycvs_vault_close();
	/* rolled back, so that the key that signs goes on */
	if (call->reply->refusal.sqlstate == 0 && !kycvs_vault_open_signing())
		ereport(ERROR, (errcode(KV_KEY_UNUSABLE), errmsg("key to activate cannot sign")));
}

void
kycvs_decide_revoke_key(KycvsCall *call)
{
	if (change_key(&revoke_key, call) == 0)
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "there is no key of this name that is not revoked");
	kycvs_vault_close();
}

/* "again": it is written down as destroyed already. */
static bool
may_destroy(KycvsCall *call, bool *again)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, call->request->code);
	if (kycvs_run(&find_key, &args) == 0)
		return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "there is no key of this name");
	if (!kycvs_column_bool(0, 1))
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "only a retired or revoked key can be destroyed");
	/* by a request of this batch: were its commit to fail, the key would sign again */
	if (TransactionIdIsCurrentTransactionId((TransactionId) kycvs_column_int8(0, 3)))
		return kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "key was changed a moment ago: try again");
	*again = kycvs_column_bool(0, 2);
	return true;
}

/*
 * The file goes before the commit: should that fail, a second call finds it
 * gone, and writes down that it is.  A file that came back is destroyed again.
 */
void
kycvs_decide_destroy_key(KycvsCall *call)
{
	bool		again;
	bool		found;

	if (!may_destroy(call, &again) || !kycvs_vault_destroy_key(call->request->code, &found, &call->reply->refusal))
		return;
	if (again && !found)
	{
		kycvs_decline_reason(call, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "key is already destroyed");
		return;
	}
	call->reply->warning = !found;
	change_key(&destroy_key, call);
}

/* A chunk of public keys for a session in another database: the issuer, then the keys as they lie in memory. */
void
kycvs_decide_jwks(KycvsCall *call)
{
	KycvsKeyList list;
	int			first = (int) call->request->number;
	int			n;
	StringInfoData body;

	if (!kycvs_keytable_read(&list))
	{
		kycvs_decline_reason(call, KV_KEY_UNUSABLE, "registry has no key yet");
		return;
	}
	initStringInfo(&body);
	appendBinaryStringInfo(&body, list.issuer, strlen(list.issuer) + 1);
	n = Min(Max(list.n - first, 0), (KYCVS_BODY_MAX - body.len - 1) / (int) sizeof(KycvsKnownKey));
	appendBinaryStringInfo(&body, (char *) (list.keys + first), n * sizeof(KycvsKnownKey));
	kycvs_grant_text(call, body.data, body.len);
	call->reply->number = n;
	call->reply->more = first + n < list.n;
}

/* ---- entities ---- */

/* A login role, or a group of logins; never one that is more than an entity. */
static bool
check_role(KycvsCall *call, char **rolename)
{
	*rolename = GetUserNameFromId(call->request->role, true);
	if (*rolename == NULL)
		return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "role does not exist, or is not committed yet");
	if (!pg_verifymbstr(*rolename, strlen(*rolename), true))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "role name is not UTF-8");
	if (superuser_arg(call->request->role))
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "an entity's role must not be a superuser");
	if (strncmp(*rolename, "kycvs_", 6) == 0 || strncmp(*rolename, "pg_", 3) == 0)
		return kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "an entity's role must be its own, not a group role");
	return true;
}

static bool
check_purposes(KycvsCall *call, KycvsPurpose *purposes)
{
	int			i;

	for (i = 0; i < call->request->count; i++)
		if (!kycvs_purpose_by_code(call->request->purposes[i], &purposes[i]))
			return kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "purpose does not exist");
	return true;
}

static void
grant_group(const char *rolename)
{
	GrantRoleStmt *grant = makeNode(GrantRoleStmt);
	AccessPriv *group = makeNode(AccessPriv);
	RoleSpec   *grantee = makeNode(RoleSpec);

	group->priv_name = pstrdup("kycvs_entity");
	grantee->roletype = ROLESPEC_CSTRING;
	grantee->rolename = pstrdup(rolename);
	grantee->location = -1;
	grant->granted_roles = list_make1(group);
	grant->grantee_roles = list_make1(grantee);
	grant->is_grant = true;
	KYCVS_GRANT_ROLE(grant);
}

static int32
save_entity(const KycvsCall *call, const char *rolename)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, call->request->code);
	kycvs_bind_text(&args, call->request->text);
	kycvs_bind_text(&args, rolename);
	kycvs_bind_time(&args, call->now);
	return kycvs_run(&insert_entity, &args) == 0 ? 0 : kycvs_column_int4(0, 1);
}

void
kycvs_decide_add_entity(KycvsCall *call)
{
	KycvsPurpose purposes[KYCVS_PURPOSES_MAX];
	char	   *rolename;
	int32		entity;
	int			i;

	if (!kycvs_check_code(call, call->request->code) || !check_role(call, &rolename) || !check_purposes(call, purposes))
		return;
	if (!kycvs_text_usable(call->request->text) || !kycvs_digits_usable(call->request->text))
	{
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE,
							 "name is empty, or has control characters or six digits in a row");
		return;
	}
	entity = save_entity(call, rolename);
	if (entity == 0)
	{
		kycvs_decline_reason(call, ERRCODE_DUPLICATE_OBJECT, "an entity of this code or with this role already exists");
		return;
	}
	for (i = 0; i < call->request->count; i++)
	{
		KycvsArgs	args = {0};

		kycvs_bind_int4(&args, entity);
		kycvs_bind_int4(&args, purposes[i].id);
		kycvs_run(&allow_purpose, &args);
	}
	grant_group(rolename);
	call->audit.entity = entity;
}

static void
set_suspended(KycvsCall *call, bool suspended)
{
	KycvsEntity entity;
	KycvsArgs	args = {0};

	if (!kycvs_named_entity(call, &entity))
		return;
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_bool(&args, suspended);
	kycvs_run(&suspend_entity, &args);
}

void
kycvs_decide_suspend_entity(KycvsCall *call)
{
	set_suspended(call, true);
}

void
kycvs_decide_resume_entity(KycvsCall *call)
{
	set_suspended(call, false);
}

void
kycvs_decide_set_budget(KycvsCall *call)
{
	KycvsEntity entity;
	KycvsArgs	args = {0};

	if (!kycvs_named_entity(call, &entity))
		return;
	if (call->request->count < 0 || call->request->count > 1000000)
	{
		kycvs_decline_reason(call, ERRCODE_INVALID_PARAMETER_VALUE, "failures_per_hour must be between 0 and 1000000");
		return;
	}
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_int4(&args, call->request->count);
	kycvs_run(&write_budget, &args);
}

void
kycvs_decide_set_rules(KycvsCall *call)
{
	KycvsEntity entity;
	KycvsRules	rules;
	KycvsArgs	args = {0};

	if (!kycvs_named_entity(call, &entity))
		return;
	if (!kycvs_ruleset_load(call->request->text, &rules, NULL))
	{
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "rules do not exist, see kycvs.rule_sets");
		return;
	}
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_text(&args, rules.code);
	kycvs_run(&write_rules, &args);
}

/* ---- API keys ---- */

void
kycvs_decide_create_api_key(KycvsCall *call)
{
	KycvsEntity entity;
	KycvsArgs	args = {0};
	char		api_key[KYCVS_TEXT_MAX + 1];

	if (!kycvs_named_entity(call, &entity))
		return;
	kycvs_bind_int4(&args, entity.id);
	kycvs_bind_time(&args, call->now);
	kycvs_run(&insert_api_key, &args);
	kycvs_column_text(0, 1, api_key, sizeof(api_key));
	call->audit.object = kycvs_column_int8(0, 2);
	kycvs_grant_text(call, api_key, strlen(api_key));
	explicit_bzero(api_key, sizeof(api_key));
}

void
kycvs_decide_revoke_api_key(KycvsCall *call)
{
	KycvsArgs	args = {0};

	call->audit.object = call->request->number;
	kycvs_bind_int8(&args, call->request->number);
	kycvs_bind_time(&args, call->now);
	if (kycvs_run(&revoke_api_key, &args) == 0)
		kycvs_decline_reason(call, ERRCODE_UNDEFINED_OBJECT, "there is no API key of this number that is not revoked");
}
