/*
 * notice.c
 *	  The notices that persons are shown before they consent.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "clock.h"
#include "notice.h"
#include "statement.h"
#include "table.h"
#include "wording.h"

enum
{
	NOTICE_ID = 1,
	NOTICE_PURPOSE,
	NOTICE_LANGUAGE,
	NOTICE_VERSION,
	NOTICE_NOTICE
};
static const char *const notice_columns[] = {NULL, "id", "purpose", "language", "version", "notice", "added_at"};
static KycvsTable notices = KYCVS_KEPT_TABLE("notice", notice_columns);
static KycvsIndex notice_by_id = {&notices, "notice_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex notice_by_language = {&notices, "notice_versions", 2, BTEqualStrategyNumber};

static KycvsStatement insert_notice = {
	"INSERT INTO kycvs_data.notice (purpose, language, version, notice, added_at)"
	" SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4 FROM kycvs_data.notice WHERE purpose = $1 AND language = $2"
};

/* ---- wording ---- */

enum
{
	SLOT_ENTITY,
	SLOT_TRAVEL_DATE,
	SLOT_USES,
	SLOTS
};

static void
append_filled(StringInfo out, const char *wording, const char *entity, const char *travel_date, const char *uses)
{
	KycvsSlot	slots[SLOTS] = {
		[SLOT_ENTITY] = {"entity", entity, false},
		[SLOT_TRAVEL_DATE] = {"travel_date", travel_date, true},
		[SLOT_USES] = {"uses", uses, false}
	};

	kycvs_wording_fill(out, wording, slots, SLOTS);
}

/* With the longest values, so that no notice turns out too long when somebody asks. */
static bool
fits(const char *wording)
{
	char		name[KYCVS_TEXT_MAX + 1];
	StringInfoData out;

	memset(name, 'n', KYCVS_TEXT_MAX);
	name[KYCVS_TEXT_MAX] = '\0';
	initStringInfo(&out);
	append_filled(&out, wording, name, "2026-11-30", "1000");
	return out.len <= KYCVS_NOTICE_MAX;
}

const char *
kycvs_notice_trouble(const char *wording)
{
	static const KycvsSlot slots[SLOTS] = {{"entity"}, {"travel_date", NULL, true}, {"uses"}};
	int			counts[KYCVS_SLOTS_MAX];
	const char *trouble = kycvs_wording_trouble(wording, slots, SLOTS, counts);

	if (trouble == NULL && !fits(wording))
		trouble = psprintf("it may be longer than %d bytes when it is filled in", KYCVS_NOTICE_MAX);
	return trouble;
}

char *
kycvs_notice_fill(const KycvsNotice *notice, const KycvsNoticeFacts *facts)
{
	StringInfoData out;

	initStringInfo(&out);
	append_filled(&out, notice->wording, facts->entity,
				  facts->has_travel_date ? kycvs_clock_day_text(facts->travel_date) : NULL, psprintf("%d", facts->uses));
	return out.data;
}

/* ---- versions ---- */

static void
read_notice(const KycvsRow *row, KycvsNotice *notice)
{
	notice->id = kycvs_row_int4(row, NOTICE_ID);
	kycvs_row_text(row, NOTICE_NOTICE, notice->wording, sizeof(notice->wording));
}

/* The index ends with the version, so the last row is the newest. */
bool
kycvs_notice_current(int32 purpose, const char *language, KycvsNotice *notice)
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	bool		found;

	kycvs_bind_int4(&keys, purpose);
	kycvs_bind_text(&keys, language);
	kycvs_scan_begin(&scan, &notice_by_language, &keys, BackwardScanDirection);
	found = kycvs_scan_next(&scan, &row);
	kycvs_scan_end(&scan);
	if (found)
		read_notice(&row, notice);
	return found;
}

bool
kycvs_notice_by_id(int32 id, KycvsNotice *notice)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int4(&keys, id);
	if (!kycvs_row_find(&notice_by_id, &keys, &row))
		return false;
	read_notice(&row, notice);
	return true;
}

void
kycvs_notice_add(int32 purpose, const char *language, const char *wording, TimestampTz now)
{
	KycvsNotice current;
	KycvsArgs	args = {0};

	if (kycvs_notice_current(purpose, language, &current) && strcmp(current.wording, wording) == 0)
		return;
	kycvs_bind_int4(&args, purpose);
	kycvs_bind_text(&args, language);
	kycvs_bind_text(&args, wording);
	kycvs_bind_time(&args, now);
	kycvs_run(&insert_notice, &args);
}
