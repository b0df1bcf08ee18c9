/*
 * smscheck.h
 *	  A route of messages as an administrator describes it: whether it can be
 *	  used at all.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSCHECK_H
#define KYCVS_SMSCHECK_H

#define KYCVS_SMS_NAME_MAX		64		/* of a route, and of a file with a secret */
#define KYCVS_SMS_URL_MAX		1024
#define KYCVS_SMS_HEADERS_MAX	8
#define KYCVS_SMS_HEADER_MAX	256
#define KYCVS_SMS_BODY_MAX		2048
#define KYCVS_SMS_PATTERN_MAX	256
#define KYCVS_SMS_USERNAME_MAX	128
#define KYCVS_SMS_WORD_MAX		15		/* method, format */
#define KYCVS_SMS_REASON_MAX	200

/* Texts that are not given are empty, numbers that are not given 0. */
typedef struct KycvsSmsRoute
{
	char		name[KYCVS_SMS_NAME_MAX + 1];
	char		method[KYCVS_SMS_WORD_MAX + 1];
	char		body_format[KYCVS_SMS_WORD_MAX + 1];
	char		username[KYCVS_SMS_USERNAME_MAX + 1];
	char		secret_file[KYCVS_SMS_NAME_MAX + 1];
	char		success_pattern[KYCVS_SMS_PATTERN_MAX + 1];
	int			priority;
	int			success_status;
	int			per_minute;
	int			timeout_ms;		/* of one attempt */
	bool		allow_private;
	int			nheaders;
	char		url[KYCVS_SMS_URL_MAX + 1];
	char		headers[KYCVS_SMS_HEADERS_MAX][KYCVS_SMS_HEADER_MAX + 1];
	char		body[KYCVS_SMS_BODY_MAX + 1];
} KycvsSmsRoute;

/* False with the reason when it cannot be used; the pattern is pattern.h's to look at. */
extern bool kycvs_sms_check(const KycvsSmsRoute *route, char reason[KYCVS_SMS_REASON_MAX]);

/* Of one that can: its messages go readable over a network that is not one's own. */
extern bool kycvs_sms_is_open(const KycvsSmsRoute *route);

#endif							/* KYCVS_SMSCHECK_H */
