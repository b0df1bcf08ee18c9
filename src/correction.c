/*
 * correction.c
 *	  The rows of corrections.
 *
 * They are only ever added.  A consent is held against them when it is used: so
 * a correction need not know which consents there are.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "correction.h"
#include "table.h"

static const char *const correction_columns[] = {NULL, "person", "at", "kind", "other_person", "dose_number", "reason"};
static KycvsTable corrections = KYCVS_TABLE("correction", correction_columns);
static KycvsIndex corrections_since = {&corrections, "correction_person", 2, BTGreaterEqualStrategyNumber, true};

void
kycvs_correction_add(const KycvsCorrection *correction, TimestampTz now)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, correction->person);
	kycvs_bind_time(&columns, now);
	kycvs_bind_text(&columns, correction->kind);
	kycvs_bind_int8(&columns, correction->other_person);
	kycvs_bind_int2(&columns, correction->dose_number);
	kycvs_bind_text(&columns, correction->reason);
	kycvs_row_add(&corrections, &columns);
}

bool
kycvs_corrected_since(int64 person, TimestampTz since)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int8(&keys, person);
	kycvs_bind_time(&keys, since);
	return kycvs_row_find(&corrections_since, &keys, &row);
}
