/*
 * call.h
 *	  One request while it is being decided.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_CALL_H
#define KYCVS_CALL_H

#include "audit.h"
#include "lib/stringinfo.h"
#include "registry.h"

typedef struct KycvsCall
{
	const KycvsRequest *request;
	KycvsReply *reply;
	TimestampTz now;			/* one time for the whole decision */
	KycvsEntity entity;			/* who asks, in the calls of entities */
	bool		by_page;		/* by its page, which is open to strangers */
	KycvsAudit	audit;
} KycvsCall;

/* Each says no, and returns false so that a step can end with it. */
extern bool kycvs_decline(KycvsCall *call, int sqlstate);
extern bool kycvs_decline_wait(KycvsCall *call, int sqlstate, int seconds);
extern bool kycvs_decline_tries(KycvsCall *call, int sqlstate, int tries_left);
extern bool kycvs_decline_reason(KycvsCall *call, int sqlstate, const char *reason);

/* A record that is another one's now takes nothing more in; says whose. */
extern bool kycvs_decline_merged(KycvsCall *call, int64 id);

/* The result, when it is a text or a document. */
extern void kycvs_grant_text(KycvsCall *call, const char *result, size_t length);

/* A call that must not fail for any reason of the caller's: raises when it did. */
extern void kycvs_must(bool succeeded, const char *what);

/* Arguments that several calls read: a mobile and its index, a name and its folded form. */
extern bool kycvs_read_mobile(KycvsCall *call, char e164[KYCVS_E164_MAX + 1], uint8 index[KYCVS_INDEX_LENGTH]);
extern bool kycvs_read_name(KycvsCall *call, char folded[KYCVS_FOLDED_MAX + 1]);

/* The same of a text that is no argument. */
extern bool kycvs_accept_mobile(const char *typed, char e164[KYCVS_E164_MAX + 1], uint8 index[KYCVS_INDEX_LENGTH]);

/* Text without control characters and not empty: fit for a signed document. */
extern bool kycvs_text_usable(const char *string);

/* Codes go into signed documents and messages: 1 to 64 of a-z, 0-9, '-', '_', '.', no long run of digits. */
extern bool kycvs_check_code(KycvsCall *call, const char *code);

/* Reads the entity that an administrator named. */
extern bool kycvs_named_entity(KycvsCall *call, KycvsEntity *entity);

/* Text that stands in an OTP message must not look as if it held an OTP itself. */
extern bool kycvs_digits_usable(const char *string);

extern void kycvs_call_init(void);
extern void kycvs_correct_init(void);
extern void kycvs_sending_init(void);

/* The decisions: floor 5. */
extern void kycvs_decide_issue(KycvsCall *call);
extern void kycvs_decide_resend(KycvsCall *call);
extern void kycvs_decide_verify(KycvsCall *call);
extern void kycvs_charge_verify(KycvsCall *call);
extern void kycvs_count_verify(KycvsCall *call);
extern void kycvs_decide_status(KycvsCall *call);
extern void kycvs_decide_create_key(KycvsCall *call);
extern void kycvs_decide_activate_key(KycvsCall *call);
extern void kycvs_decide_revoke_key(KycvsCall *call);
extern void kycvs_decide_destroy_key(KycvsCall *call);
extern void kycvs_decide_add_purpose(KycvsCall *call);
extern void kycvs_decide_add_notice(KycvsCall *call);
extern void kycvs_decide_add_usual_purpose(KycvsCall *call);
extern void kycvs_decide_add_sms_text(KycvsCall *call);
extern void kycvs_decide_notice_shown(KycvsCall *call);
extern void kycvs_decide_add_entity(KycvsCall *call);
extern void kycvs_decide_suspend_entity(KycvsCall *call);
extern void kycvs_decide_resume_entity(KycvsCall *call);
extern void kycvs_decide_set_budget(KycvsCall *call);
extern void kycvs_decide_set_rules(KycvsCall *call);
extern void kycvs_decide_set_page(KycvsCall *call);
extern void kycvs_decide_set_default_purpose(KycvsCall *call);
extern void kycvs_decide_add_rules(KycvsCall *call);
extern void kycvs_decide_add_rule_interval(KycvsCall *call);
extern void kycvs_decide_create_api_key(KycvsCall *call);
extern void kycvs_decide_revoke_api_key(KycvsCall *call);
extern void kycvs_decide_register_person(KycvsCall *call);
extern void kycvs_decide_find_person(KycvsCall *call);
extern void kycvs_decide_record_dose(KycvsCall *call);
extern void kycvs_decide_revoke_dose(KycvsCall *call);
extern void kycvs_decide_change_mobile(KycvsCall *call);
extern void kycvs_decide_correct_name(KycvsCall *call);
extern void kycvs_decide_merge_persons(KycvsCall *call);
extern void kycvs_decide_record_death(KycvsCall *call);
extern void kycvs_decide_revoke_death(KycvsCall *call);
extern void kycvs_decide_answers_since(KycvsCall *call);
extern void kycvs_decide_pause_intake(KycvsCall *call);
extern void kycvs_decide_resume_intake(KycvsCall *call);
extern void kycvs_decide_clear_rejected(KycvsCall *call);
extern void kycvs_decide_explain(KycvsCall *call);
extern void kycvs_decide_next_messages(KycvsCall *call);
extern void kycvs_decide_message_done(KycvsCall *call);
extern void kycvs_decide_message_receipt(KycvsCall *call);
extern void kycvs_decide_add_sms_route(KycvsCall *call);
extern void kycvs_decide_suspend_sms_route(KycvsCall *call);
extern void kycvs_decide_resume_sms_route(KycvsCall *call);
extern void kycvs_decide_remove_sms_route(KycvsCall *call);
extern void kycvs_decide_jwks(KycvsCall *call);

#endif							/* KYCVS_CALL_H */
