/*
 * smstext.c
 *	  The rows of messages' texts, and which one a message has.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "smstext.h"
#include "statement.h"
#include "table.h"
#include "usual.h"

enum
{
	TEXT_TEXT = 5,
	TEXT_TEMPLATE_ID,
	TEXT_ENTITY_ID
};
static const char *const text_columns[] = {NULL, "id", "purpose", "language", "version", "text", "template_id", "entity_id", "added_at"};
static KycvsTable texts = KYCVS_KEPT_TABLE("sms_text", text_columns);
static KycvsIndex text_by_language = {&texts, "sms_text_versions", 2, BTEqualStrategyNumber};

static KycvsStatement insert_text = {
	"INSERT INTO kycvs_data.sms_text (purpose, language, version, text, template_id, entity_id, added_at)"
	" SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6 FROM kycvs_data.sms_text WHERE purpose = $1 AND language = $2"
};

/* The index ends with the version, so the last row is the newest. */
static bool
find_current(int32 purpose, const char *language, KycvsSmsText *text)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	bool		found;

	kycvs_bind_int4(&keys, purpose);
	kycvs_bind_text(&keys, language);
	kycvs_scan_begin(&scan, &text_by_language, &keys, BackwardScanDirection);
	found = kycvs_scan_next(&scan, &row);
	kycvs_scan_end(&scan);
	if (found)
	{
		kycvs_row_text(&row, TEXT_TEXT, text->wording, sizeof(text->wording));
		kycvs_row_text(&row, TEXT_TEMPLATE_ID, text->template_id, sizeof(text->template_id));
		kycvs_row_text(&row, TEXT_ENTITY_ID, text->entity_id, sizeof(text->entity_id));
	}
	return found;
}

bool
kycvs_sms_text_exists(int32 purpose, const char *language)
{
	KycvsSmsText text;

	return find_current(purpose, language, &text);
}

/* As it is shipped; false when it is not in this language. */
static bool
take_shipped(int32 purpose, const char *language, KycvsSmsText *text)
{
	const char *(*shipped) (const char *) = purpose == KYCVS_MOBILE_REMOVED ? kycvs_usual_mobile_removed : kycvs_usual_sms;

	memset(text, 0, sizeof(*text));
	strlcpy(text->wording, shipped(language), sizeof(text->wording));
	return strcmp(language, "en") == 0 || shipped(language) != shipped("en");
}

static bool
find_in(const char *language, int32 purpose, KycvsSmsText *text)
{
	return find_current(purpose, language, text) ||
		(purpose > 0 && find_current(KYCVS_EVERY_PURPOSE, language, text)) ||
		take_shipped(purpose, language, text);
}

void
kycvs_sms_text_choose(int32 purpose, const char *language, KycvsSmsText *text)
{
	if (!find_in(language, purpose, text))
		find_in("en", purpose, text);
}

void
kycvs_sms_text_add(int32 purpose, const char *language, const KycvsSmsText *text, TimestampTz now)
{
	KycvsSmsText current;
	KycvsArgs	args = {0};

	if (find_current(purpose, language, &current) &&
		strcmp(current.wording, text->wording) == 0 &&
		strcmp(current.template_id, text->template_id) == 0 &&
		strcmp(current.entity_id, text->entity_id) == 0)
		return;
	kycvs_bind_int4(&args, purpose);
	kycvs_bind_text(&args, language);
	kycvs_bind_text(&args, text->wording);
	kycvs_bind_text(&args, text->template_id);
	kycvs_bind_text(&args, text->entity_id);
	kycvs_bind_time(&args, now);
	kycvs_run(&insert_text, &args);
}
