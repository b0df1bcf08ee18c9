/*
 * correction.h
 *	  The rows of corrections, and of what they leave behind: other mobiles of
 *	  persons, records that were merged.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_CORRECTION_H
#define KYCVS_CORRECTION_H

#include "utils/timestamp.h"

typedef struct KycvsCorrection
{
	int64		person;
	const char *kind;			/* mobile, name, dose, merge, death or life */
	int64		other_person;	/* of a merge, else 0 */
	int			dose_number;	/* of a dose that was revoked, else 0 */
	const char *reason;
} KycvsCorrection;

extern void kycvs_correction_add(const KycvsCorrection *correction, TimestampTz now);

/* Whether the record of a person was put right then or later: what they consented to before has ended. */
extern bool kycvs_corrected_since(int64 person, TimestampTz since);

#endif							/* KYCVS_CORRECTION_H */
