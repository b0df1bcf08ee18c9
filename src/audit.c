/*
 * audit.c
 *	  The append-only record of every request that was decided.
 *
 * Rows of one event have the same columns filled whatever was found, so that
 * their size tells nothing.  Roles and the database are kept by name: an OID
 * means nothing after a restore.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "audit.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "statement.h"
#include "table.h"

static const char *const events[KYCVS_OPS] = {
	[KYCVS_OP_ISSUE] = "issue",
	[KYCVS_OP_ISSUE_GROUP] = "issue_group",
	[KYCVS_OP_RESEND] = "resend",
	[KYCVS_OP_VERIFY] = "verify",
	[KYCVS_OP_STATUS] = "status",
	[KYCVS_OP_STATUS_GROUP] = "status_group",
	[KYCVS_OP_CREATE_KEY] = "create_key",
	[KYCVS_OP_ACTIVATE_KEY] = "activate_key",
	[KYCVS_OP_REVOKE_KEY] = "revoke_key",
	[KYCVS_OP_DESTROY_KEY] = "destroy_key",
	[KYCVS_OP_ADD_PURPOSE] = "add_purpose",
	[KYCVS_OP_ADD_NOTICE] = "add_notice",
	[KYCVS_OP_ADD_USUAL_PURPOSE] = "add_usual_purpose",
	[KYCVS_OP_ADD_SMS_TEXT] = "add_sms_text",
	[KYCVS_OP_NOTICE_SHOWN] = "notice_shown",
	[KYCVS_OP_ADD_ENTITY] = "add_entity",
	[KYCVS_OP_SUSPEND_ENTITY] = "suspend_entity",
	[KYCVS_OP_RESUME_ENTITY] = "resume_entity",
	[KYCVS_OP_SET_BUDGET] = "set_budget",
	[KYCVS_OP_SET_RULES] = "set_rules",
	[KYCVS_OP_SET_PAGE] = "set_page",
	[KYCVS_OP_SET_DEFAULT_PURPOSE] = "set_default_purpose",
	[KYCVS_OP_ADD_RULES] = "add_rules",
	[KYCVS_OP_ADD_RULE_INTERVAL] = "add_rule_interval",
	[KYCVS_OP_CREATE_API_KEY] = "create_api_key",
	[KYCVS_OP_REVOKE_API_KEY] = "revoke_api_key",
	[KYCVS_OP_REGISTER_PERSON] = "register_person",
	[KYCVS_OP_FIND_PERSON] = "find_person",
	[KYCVS_OP_RECORD_DOSE] = "record_dose",
	[KYCVS_OP_REVOKE_DOSE] = "revoke_dose",
	[KYCVS_OP_EXPLAIN] = "explain",
	[KYCVS_OP_NEXT_MESSAGES] = "next_messages",
	[KYCVS_OP_MESSAGE_DONE] = "message_done",
	[KYCVS_OP_MESSAGE_RECEIPT] = "message_receipt",
	[KYCVS_OP_ADD_SMS_ROUTE] = "add_sms_route",
	[KYCVS_OP_SUSPEND_SMS_ROUTE] = "suspend_sms_route",
	[KYCVS_OP_RESUME_SMS_ROUTE] = "resume_sms_route",
	[KYCVS_OP_REMOVE_SMS_ROUTE] = "remove_sms_route",
	[KYCVS_OP_CHANGE_MOBILE] = "change_mobile",
	[KYCVS_OP_CORRECT_NAME] = "correct_name",
	[KYCVS_OP_MERGE_PERSONS] = "merge_persons",
	[KYCVS_OP_RECORD_DEATH] = "record_death",
	[KYCVS_OP_REVOKE_DEATH] = "revoke_death",
	[KYCVS_OP_ANSWERS_SINCE] = "answers_since",
	[KYCVS_OP_PAUSE_INTAKE] = "pause_intake",
	[KYCVS_OP_RESUME_INTAKE] = "resume_intake",
	[KYCVS_OP_CLEAR_REJECTED] = "clear_rejected",
	[KYCVS_OP_INTAKE] = "intake",
};

static const char *const audit_columns[] = {
	NULL, "id", "at", "event", "outcome", "entity", "subject", "document", "object", "as_of", "status",
	"session_role", "outer_role", "calling_role", "database"
};
static KycvsTable audits = KYCVS_TABLE("audit", audit_columns);

static KycvsStatement read_newest = {
	"SELECT at FROM kycvs_data.audit ORDER BY id DESC LIMIT 1"
};

void
kycvs_audit_init(KycvsAudit *audit)
{
	memset(audit, 0, sizeof(*audit));
	DATE_NOBEGIN(audit->as_of);
	audit->status = -1;
}

/* Names of roles and databases have no encoding of their own; what is not UTF-8 could not be restored from a dump. */
static const char *
kept_name(const char *name)
{
	return pg_verifymbstr(name, strlen(name), true) ? name : "(not UTF-8)";
}

static const char *
name_role(Oid role)
{
	const char *name = GetUserNameFromId(role, true);

	return name != NULL ? kept_name(name) : "(dropped)";
}

void
kycvs_audit_append(const KycvsAudit *audit, const KycvsRequest *request, int outcome, TimestampTz now)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, kycvs_table_next_id(&audits));
	kycvs_bind_time(&columns, now);
	kycvs_bind_text(&columns, events[request->op]);
	kycvs_bind_text(&columns, unpack_sql_state(outcome));
	kycvs_bind_int4(&columns, audit->entity);
	kycvs_bind_uuid(&columns, &audit->subject);
	kycvs_bind_uuid(&columns, &audit->document);
	kycvs_bind_int8(&columns, audit->object);
	kycvs_bind_date(&columns, audit->as_of, true);
	kycvs_bind_int2(&columns, audit->status);
	kycvs_bind_text(&columns, name_role(request->caller.session_user));
	kycvs_bind_text(&columns, name_role(request->caller.outer_user));
	kycvs_bind_text(&columns, name_role(request->caller.user));
	kycvs_bind_text(&columns, kept_name(NameStr(request->caller.database)));
	kycvs_row_add(&audits, &columns);
}

TimestampTz
kycvs_audit_newest(void)
{
	KycvsArgs	none = {0};

	return kycvs_run(&read_newest, &none) == 0 ? 0 : kycvs_column_time(0, 1);
}
