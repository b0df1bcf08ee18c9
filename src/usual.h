/*
 * usual.h
 *	  The texts that are shipped: of usual purposes, and of every purpose.
 *
 * All are UTF-8; docs/texts.md says what may stand in their braces.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_USUAL_H
#define KYCVS_USUAL_H

#define KYCVS_USUAL_LANGUAGES	3

typedef struct KycvsUsualText
{
	const char *language;
	const char *notice;
	const char *sms;
	const char *sms_with_host;
	int			name_length;	/* "sms" is one message with a name of so many characters */
} KycvsUsualText;

typedef struct KycvsUsualPurpose
{
	const char *code;
	int64		validity;		/* in microseconds */
	int			uses;
	KycvsUsualText texts[KYCVS_USUAL_LANGUAGES];
} KycvsUsualPurpose;

/* NULL when there is none. */
extern const KycvsUsualPurpose *kycvs_usual_find(const char *code);

/* One after the other, in the order of their codes; NULL at the end. */
extern const KycvsUsualPurpose *kycvs_usual_purpose(int i);

/* For purposes without a text of their own, and to a number that was taken off a record; in English for a language that has none. */
extern const char *kycvs_usual_sms(const char *language);
extern const char *kycvs_usual_mobile_removed(const char *language);

/* The languages that there are, English first; NULL at the end. */
extern const char *kycvs_usual_language(int i);

#endif							/* KYCVS_USUAL_H */
