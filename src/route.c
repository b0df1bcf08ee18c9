/*
 * route.c
 *	  How each request is decided.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "route.h"

static const char admin[] = "kycvs_admin";
static const char registrar[] = "kycvs_registrar";
static const char sender[] = "kycvs_sender";
static const char auditor[] = "kycvs_auditor";

const KycvsRoute kycvs_routes[KYCVS_OPS] = {
	[KYCVS_OP_ISSUE] = {kycvs_decide_issue, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_ISSUE_GROUP] = {kycvs_decide_issue, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_RESEND] = {kycvs_decide_resend, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_VERIFY] = {kycvs_decide_verify, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_STATUS] = {kycvs_decide_status, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_STATUS_GROUP] = {kycvs_decide_status, NULL, true, KYCVS_NEEDS_SIGNING},
	[KYCVS_OP_JWKS] = {kycvs_decide_jwks, NULL, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_HEALTH] = {NULL, NULL, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_CREATE_KEY] = {kycvs_decide_create_key, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ACTIVATE_KEY] = {kycvs_decide_activate_key, admin, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_REVOKE_KEY] = {kycvs_decide_revoke_key, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_DESTROY_KEY] = {kycvs_decide_destroy_key, admin, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_ADD_PURPOSE] = {kycvs_decide_add_purpose, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_NOTICE] = {kycvs_decide_add_notice, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_USUAL_PURPOSE] = {kycvs_decide_add_usual_purpose, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_SMS_TEXT] = {kycvs_decide_add_sms_text, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_NOTICE_SHOWN] = {kycvs_decide_notice_shown, auditor, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_ENTITY] = {kycvs_decide_add_entity, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SUSPEND_ENTITY] = {kycvs_decide_suspend_entity, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_RESUME_ENTITY] = {kycvs_decide_resume_entity, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SET_BUDGET] = {kycvs_decide_set_budget, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SET_RULES] = {kycvs_decide_set_rules, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SET_PAGE] = {kycvs_decide_set_page, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SET_DEFAULT_PURPOSE] = {kycvs_decide_set_default_purpose, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_RULES] = {kycvs_decide_add_rules, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_RULE_INTERVAL] = {kycvs_decide_add_rule_interval, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_CREATE_API_KEY] = {kycvs_decide_create_api_key, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_REVOKE_API_KEY] = {kycvs_decide_revoke_api_key, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_REGISTER_PERSON] = {kycvs_decide_register_person, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_FIND_PERSON] = {kycvs_decide_find_person, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_RECORD_DOSE] = {kycvs_decide_record_dose, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_REVOKE_DOSE] = {kycvs_decide_revoke_dose, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_CHANGE_MOBILE] = {kycvs_decide_change_mobile, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_CORRECT_NAME] = {kycvs_decide_correct_name, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_MERGE_PERSONS] = {kycvs_decide_merge_persons, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_RECORD_DEATH] = {kycvs_decide_record_death, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_REVOKE_DEATH] = {kycvs_decide_revoke_death, registrar, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_ANSWERS_SINCE] = {kycvs_decide_answers_since, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_PAUSE_INTAKE] = {kycvs_decide_pause_intake, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_RESUME_INTAKE] = {kycvs_decide_resume_intake, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_CLEAR_REJECTED] = {kycvs_decide_clear_rejected, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_EXPLAIN] = {kycvs_decide_explain, registrar, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_NEXT_MESSAGES] = {kycvs_decide_next_messages, sender, false, KYCVS_NEEDS_SECRETS},
	[KYCVS_OP_MESSAGE_DONE] = {kycvs_decide_message_done, sender, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_MESSAGE_RECEIPT] = {kycvs_decide_message_receipt, sender, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_ADD_SMS_ROUTE] = {kycvs_decide_add_sms_route, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_SUSPEND_SMS_ROUTE] = {kycvs_decide_suspend_sms_route, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_RESUME_SMS_ROUTE] = {kycvs_decide_resume_sms_route, admin, false, KYCVS_NEEDS_NOTHING},
	[KYCVS_OP_REMOVE_SMS_ROUTE] = {kycvs_decide_remove_sms_route, admin, false, KYCVS_NEEDS_NOTHING},
};
