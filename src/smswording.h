/*
 * smswording.h
 *	  The texts of messages: what they may be, and how long they get.
 *
 * Operators have each text registered, with variables in it (in India by the
 * rules of TRAI for commercial communications); nothing but these may differ.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSWORDING_H
#define KYCVS_SMSWORDING_H

#include "lib/stringinfo.h"

#define KYCVS_SMS_TEXT_MAX		1000	/* bytes */
#define KYCVS_SMS_VARIABLE_MAX	30	/* characters of a value */
#define KYCVS_SMS_PARTS_MAX		3	/* with names of Latin letters */

/* Bytes of a text that is filled in: with a name in any script it has no more characters than these parts hold septets. */
#define KYCVS_SMS_FILLED_MAX	(KYCVS_SMS_PARTS_MAX * 153 * 4)

typedef enum KycvsSmsKind
{
	KYCVS_SMS_OTP,
	KYCVS_SMS_MOBILE_REMOVED	/* to a number that was taken off a record: it has no slots */
} KycvsSmsKind;

/* What a message with an OTP tells besides its own words; longer names are cut. */
typedef struct KycvsSmsFacts
{
	const char *otp;
	const char *entity;			/* its name */
	const char *purpose;		/* its code */
	int			minutes;
	int			persons;
} KycvsSmsFacts;

/* NULL when a wording can be sent, else what is wrong. */
extern const char *kycvs_sms_trouble(KycvsSmsKind kind, const char *wording);

/* How many parts it takes, for people. */
extern void kycvs_sms_describe(StringInfo out, KycvsSmsKind kind, const char *wording);

/* The text as it is sent. */
extern void kycvs_sms_fill(StringInfo out, const char *wording, const KycvsSmsFacts *facts);

#endif							/* KYCVS_SMSWORDING_H */
