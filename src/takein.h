/*
 * takein.h
 *	  Rows of bulk intake made into persons and doses.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_TAKEIN_H
#define KYCVS_TAKEIN_H

#include "intakerow.h"

/* What was done. */
typedef struct KycvsTally
{
	int64		rows;
	int64		persons;
	int64		doses;
	int64		rejected;
} KycvsTally;

/*
 * Makes records of rows that were checked and sorted, in the transaction that is
 * open; gives those that cannot be taken in a reason.  "careful": a row that
 * fails for what it holds gets a reason too, where else all fail with it, and
 * one that another process is writing at the same time is tried again.
 */
extern void kycvs_take_in(KycvsIntakeRow *rows, int n, TimestampTz now, bool careful, KycvsTally *tally);

/* Whether it failed for what somebody else wrote at the same time. */
extern bool kycvs_take_in_conflict(int sqlstate);

#endif							/* KYCVS_TAKEIN_H */
