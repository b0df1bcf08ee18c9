/*
 * intakerow.h
 *	  One row of kycvs.intake: read, checked, rejected.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_INTAKEROW_H
#define KYCVS_INTAKEROW_H

#include "mobile.h"
#include "secret.h"
#include "utils/date.h"
#include "utils/timestamp.h"

/* Texts are as loaded, empty where nothing was given, and may be of any length until they are checked. */
typedef struct KycvsIntakeRow
{
	char	   *reference;
	char	   *mobile;
	char	   *name;
	char	   *year;
	char	   *code;
	char	   *day;
	char	   *batch;
	char	   *loaded_by;
	const char *reason;			/* why it can't be taken in, or NULL */

	/* What was read from them. */
	char		e164[KYCVS_E164_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];
	int			birth_year;
	bool		has_dose;
	int			product;
	DateADT		given_on;
} KycvsIntakeRow;

/* Row "row" of the statement that was run last. */
extern void kycvs_intake_read(KycvsIntakeRow *row, uint64 number);

/* Fills in what is read from the texts, or the reason why that can't be. */
extern void kycvs_intake_check(KycvsIntakeRow *rows, int n, TimestampTz now);

/* By mobile, and then by reference and day. */
extern void kycvs_intake_sort(KycvsIntakeRow *rows, int n);

/* Writes down which rows have a reason, and which. */
extern void kycvs_intake_reject(const KycvsIntakeRow *rows, int n, TimestampTz now);

#endif							/* KYCVS_INTAKEROW_H */
