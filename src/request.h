/*
 * request.h
 *	  What a caller asks of the authority, and what it gets back.
 *
 * Both are plain structs in shared memory.  Texts are UTF-8 and end in a NUL;
 * the sizes below are the limits that the README states.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_REQUEST_H
#define KYCVS_REQUEST_H

#include "mobile.h"
#include "name.h"
#include "otp.h"
#include "refusal.h"
#include "smscheck.h"
#include "utils/date.h"

#define KYCVS_CODE_MAX		64		/* codes of entities, purposes, products, keys, languages */
#define KYCVS_TEXT_MAX		128		/* references, batches, names of entities */
#define KYCVS_DETAIL_MAX	200		/* what a sender reports of a message */
#define KYCVS_NOTICE_MAX	4096	/* notices and other long texts */
#define KYCVS_PURPOSES_MAX	16		/* purposes of one entity in one call */
#define KYCVS_GROUP_MAX		6		/* persons that one OTP is asked for */
#define KYCVS_CHANNEL_SIZE	16384	/* bytes of a request, and of a reply */

typedef enum KycvsOp
{
	KYCVS_OP_NONE = 0,
	KYCVS_OP_ISSUE,
	KYCVS_OP_ISSUE_GROUP,
	KYCVS_OP_RESEND,
	KYCVS_OP_VERIFY,
	KYCVS_OP_STATUS,
	KYCVS_OP_STATUS_GROUP,
	KYCVS_OP_JWKS,
	KYCVS_OP_HEALTH,
	KYCVS_OP_CREATE_KEY,
	KYCVS_OP_ACTIVATE_KEY,
	KYCVS_OP_REVOKE_KEY,
	KYCVS_OP_DESTROY_KEY,
	KYCVS_OP_ADD_PURPOSE,
	KYCVS_OP_ADD_NOTICE,
	KYCVS_OP_ADD_USUAL_PURPOSE,
	KYCVS_OP_ADD_SMS_TEXT,
	KYCVS_OP_NOTICE_SHOWN,
	KYCVS_OP_ADD_ENTITY,
	KYCVS_OP_SUSPEND_ENTITY,
	KYCVS_OP_RESUME_ENTITY,
	KYCVS_OP_SET_BUDGET,
	KYCVS_OP_SET_RULES,
	KYCVS_OP_SET_PAGE,
	KYCVS_OP_SET_DEFAULT_PURPOSE,
	KYCVS_OP_ADD_RULES,
	KYCVS_OP_ADD_RULE_INTERVAL,
	KYCVS_OP_CREATE_API_KEY,
	KYCVS_OP_REVOKE_API_KEY,
	KYCVS_OP_REGISTER_PERSON,
	KYCVS_OP_FIND_PERSON,
	KYCVS_OP_RECORD_DOSE,
	KYCVS_OP_REVOKE_DOSE,
	KYCVS_OP_EXPLAIN,
	KYCVS_OP_NEXT_MESSAGES,
	KYCVS_OP_MESSAGE_DONE,
	KYCVS_OP_MESSAGE_RECEIPT,
	KYCVS_OP_ADD_SMS_ROUTE,
	KYCVS_OP_SUSPEND_SMS_ROUTE,
	KYCVS_OP_RESUME_SMS_ROUTE,
	KYCVS_OP_REMOVE_SMS_ROUTE,
	KYCVS_OP_CHANGE_MOBILE,
	KYCVS_OP_CORRECT_NAME,
	KYCVS_OP_MERGE_PERSONS,
	KYCVS_OP_RECORD_DEATH,
	KYCVS_OP_REVOKE_DEATH,
	KYCVS_OP_ANSWERS_SINCE,
	KYCVS_OP_PAUSE_INTAKE,
	KYCVS_OP_RESUME_INTAKE,
	KYCVS_OP_CLEAR_REJECTED,
	KYCVS_OP_INTAKE,			/* the maintenance's: no caller asks for it */
	KYCVS_OPS
} KycvsOp;

/* Who calls, as the caller's backend knows it; resolved by the authority. */
typedef struct KycvsCaller
{
	Oid			user;			/* GetUserId() */
	Oid			session_user;
	Oid			outer_user;
	NameData	database;
} KycvsCaller;

typedef struct KycvsRequest
{
	KycvsOp		op;
	KycvsCaller caller;

	/* An argument that the caller's backend could not even write down. */
	int			bad_argument;	/* its SQLSTATE, or 0 */
	char		bad_reason[KYCVS_REASON_MAX];

	/* The arguments; each function uses some of them. */
	pg_uuid_t	id;				/* txn, or the consent's jti */
	int64		number;			/* person, message, API key, how many */
	int64		other;			/* another person */
	int32		count;			/* uses, failures an hour, birth year, dose number, attempt, how many names of routes */
	int			nnames;			/* of a group */
	int64		microseconds;	/* validity, how long to wait */
	DateADT		date;			/* travel date, as_of, given_on */
	bool		has_date;
	bool		has_text;		/* reference, batch, detail given */
	bool		has_api_key;
	bool		flag;			/* consent, delivered */
	bool		retry;
	Oid			role;
	uint8		digest[KYCVS_DIGEST_LENGTH];	/* SHA-256 of a consent's canonical form */
	char		mobile[KYCVS_MOBILE_MAX + 1];
	char		name[KYCVS_NAME_MAX + 1];
	char		code[KYCVS_CODE_MAX + 1];
	char		language[KYCVS_CODE_MAX + 1];
	char		text[KYCVS_TEXT_MAX + 1];
	char		detail[KYCVS_DETAIL_MAX + 1];
	char		otp[KYCVS_OTP_TYPED_MAX + 1];
	char		api_key[KYCVS_TEXT_MAX + 1];

	/* Long and rare, so they stand last: a request without them is copied only so far. */
	char		names[KYCVS_GROUP_MAX][KYCVS_NAME_MAX + 1];
	char		notice[KYCVS_NOTICE_MAX + 1];
	char		dlt_template[KYCVS_CODE_MAX + 1];
	char		dlt_entity[KYCVS_CODE_MAX + 1];
	char		purposes[KYCVS_PURPOSES_MAX][KYCVS_CODE_MAX + 1];	/* or routes that are down */
	KycvsSmsRoute route;
} KycvsRequest;

#define KYCVS_BODY_MAX (KYCVS_CHANNEL_SIZE - (int) sizeof(KycvsRefusal) - 32)

typedef struct KycvsReply
{
	KycvsRefusal refusal;		/* sqlstate 0: granted */
	int64		number;
	bool		warning;		/* granted, but see the function's notes */
	bool		more;			/* another call continues this result */
	uint32		length;			/* bytes of the body, without its NUL */
	char		body[KYCVS_BODY_MAX];
} KycvsReply;

/* How many of their bytes are used; what follows is zeros, or nobody's. */
static inline size_t
kycvs_request_size(const KycvsRequest *request)
{
	if (request->op == KYCVS_OP_ADD_SMS_ROUTE)
		return sizeof(KycvsRequest);
	if (request->nnames > 0 || request->notice[0] != '\0' || request->purposes[0][0] != '\0' || request->op == KYCVS_OP_ADD_SMS_TEXT)
		return offsetof(KycvsRequest, route);
	return offsetof(KycvsRequest, names);
}

static inline size_t
kycvs_reply_size(const KycvsReply *reply)
{
	return offsetof(KycvsReply, body) + reply->length + 1;
}

StaticAssertDecl(sizeof(KycvsRequest) <= KYCVS_CHANNEL_SIZE, "request fits its slot");
StaticAssertDecl(sizeof(KycvsReply) <= KYCVS_CHANNEL_SIZE, "reply fits its slot");

#endif							/* KYCVS_REQUEST_H */
