/*
 * smstext.h
 *	  The rows of messages' texts, and which one a message has.
 *
 * A text is never changed: another version of it is added.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SMSTEXT_H
#define KYCVS_SMSTEXT_H

#include "smswording.h"
#include "utils/timestamp.h"

#define KYCVS_DLT_ID_MAX 30

/* What stands for a purpose in the rows of texts that belong to none. */
#define KYCVS_EVERY_PURPOSE		0	/* of those that have no text of their own */
#define KYCVS_MOBILE_REMOVED	(-1)

typedef struct KycvsSmsText
{
	char		wording[KYCVS_SMS_TEXT_MAX + 1];
	char		template_id[KYCVS_DLT_ID_MAX + 1];	/* under which it is registered; empty: it is not */
	char		entity_id[KYCVS_DLT_ID_MAX + 1];	/* by whom */
} KycvsSmsText;

/*
 * The text of a purpose in a language: its own, else that of every purpose, as
 * an administrator wrote it or else as it is shipped; when there is none in
 * this language, the same in English.
 */
extern void kycvs_sms_text_choose(int32 purpose, const char *language, KycvsSmsText *text);

/* Whether it has one of its own. */
extern bool kycvs_sms_text_exists(int32 purpose, const char *language);

/* Adds a version, unless it is the newest one word for word. */
extern void kycvs_sms_text_add(int32 purpose, const char *language, const KycvsSmsText *text, TimestampTz now);

#endif							/* KYCVS_SMSTEXT_H */
