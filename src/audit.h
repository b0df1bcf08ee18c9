/*
 * audit.h
 *	  The append-only record of every request that was decided.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_AUDIT_H
#define KYCVS_AUDIT_H

#include "request.h"
#include "utils/timestamp.h"

/* What a decision adds to its audit row; zeros where it has nothing to say. */
typedef struct KycvsAudit
{
	int32		entity;
	pg_uuid_t	subject;		/* challenge or consent */
	pg_uuid_t	document;		/* jti that is given out */
	int64		object;			/* person, API key, message; how many persons a group has, or which one was answered for */
	DateADT		as_of;
	int			status;
} KycvsAudit;

extern void kycvs_audit_init(KycvsAudit *audit);
extern void kycvs_audit_append(const KycvsAudit *audit, const KycvsRequest *request, int outcome, TimestampTz now);

/* The time of the newest row, 0 when there is none. */
extern TimestampTz kycvs_audit_newest(void);

#endif							/* KYCVS_AUDIT_H */
