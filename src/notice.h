/*
 * notice.h
 *	  The notices that persons are shown before they consent.
 *
 * A notice is never changed: another version of it is added, and a challenge
 * goes on with the one that it began with.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NOTICE_H
#define KYCVS_NOTICE_H

#include "lib/stringinfo.h"
#include "registry.h"

typedef struct KycvsNotice
{
	int32		id;				/* of this version */
	char		wording[KYCVS_NOTICE_MAX + 1];
} KycvsNotice;

/* What a notice tells besides its own words. */
typedef struct KycvsNoticeFacts
{
	const char *entity;			/* its name */
	int			uses;
	bool		has_travel_date;
	DateADT		travel_date;
} KycvsNoticeFacts;

/* NULL when a wording can be shown, else what is wrong. */
extern const char *kycvs_notice_trouble(const char *wording);

/* The newest version; false when the purpose has no notice in this language. */
extern bool kycvs_notice_current(int32 purpose, const char *language, KycvsNotice *notice);
extern bool kycvs_notice_by_id(int32 id, KycvsNotice *notice);

/* Adds a version, unless it is the newest one word for word. */
extern void kycvs_notice_add(int32 purpose, const char *language, const char *wording, TimestampTz now);

/* The text as it is shown. */
extern char *kycvs_notice_fill(const KycvsNotice *notice, const KycvsNoticeFacts *facts);

#endif							/* KYCVS_NOTICE_H */
