/*
 * intake.h
 *	  Persons and doses by the million: rows of kycvs.intake become records.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_INTAKE_H
#define KYCVS_INTAKE_H

#include "utils/timestamp.h"

typedef enum KycvsIntakeState
{
	KYCVS_INTAKE_EMPTY,			/* nothing to do */
	KYCVS_INTAKE_PAUSED,
	KYCVS_INTAKE_WORKED			/* there may be more */
} KycvsIntakeState;

/* Whether rows wait, or the table they waited in is to be emptied. */
extern bool kycvs_intake_waiting(TimestampTz now);

/*
 * Takes in the next rows, in the transaction that is open, and writes down how
 * far it has come.  "careful": rows that fail for what they hold are rejected
 * one by one, where else all fail with the first, and those that another process
 * is writing at the same time are tried again.  Raises what the server raises.
 */
extern KycvsIntakeState kycvs_intake_step(TimestampTz now, bool careful);

/* Another pass begins at the first row: after an error, or in another installation. */
extern void kycvs_intake_restart(void);

#endif							/* KYCVS_INTAKE_H */
