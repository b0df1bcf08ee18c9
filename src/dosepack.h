/*
 * dosepack.h
 *	  The doses of a person as one string of bytes, kept in the person's row.
 *
 * One after the other, in the order in which they were recorded; the first has
 * number 1.  Each is, numbers big-endian:
 *
 *	 2 bytes	product
 *	 2 bytes	day on which it was given, days since 2020-01-01
 *	 2 bytes	day on which it was recorded, likewise
 *	 1 byte		1 when it was revoked, else 0
 *	 1 byte		length of the batch number, in bytes
 *				the batch number
 *
 * The view kycvs_data.dose reads the same.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_DOSEPACK_H
#define KYCVS_DOSEPACK_H

#include "utils/date.h"

#define KYCVS_FIRST_DOSE_DAY	7305	/* 2020-01-01: nothing was given before */
#define KYCVS_LAST_DOSE_DAY		(KYCVS_FIRST_DOSE_DAY + PG_UINT16_MAX)	/* in 2199 */
#define KYCVS_PACKED_DOSE_MAX	(8 + PG_UINT8_MAX)

/* A dose as it is written down. */
typedef struct KycvsDoseRecord
{
	int			product;
	DateADT		given_on;
	DateADT		recorded_on;
	bool		revoked;
	const char *batch;			/* not terminated; empty: unknown */
	size_t		batch_length;
} KycvsDoseRecord;

/* Packs a dose; its length, or 0 when it cannot be packed. */
extern size_t kycvs_dose_pack(const KycvsDoseRecord *dose, uint8 packed[KYCVS_PACKED_DOSE_MAX]);

/* Reads the first dose of these; its length, or 0 when they do not begin with a whole one. */
extern size_t kycvs_dose_unpack(const uint8 *packed, size_t length, KycvsDoseRecord *dose);

extern void kycvs_dose_set_revoked(uint8 *packed);

#endif							/* KYCVS_DOSEPACK_H */
