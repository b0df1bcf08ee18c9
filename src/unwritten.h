/*
 * unwritten.h
 *	  Tries of a challenge that could not be written down, as when the disk is full.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_UNWRITTEN_H
#define KYCVS_UNWRITTEN_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

/* Remembered until the challenge has ended. */
extern void kycvs_unwritten_add(const pg_uuid_t *challenge, TimestampTz until);

/* How many; when there is no room to remember another challenge, more than any challenge has. */
extern int	kycvs_unwritten_tries(const pg_uuid_t *challenge);

#endif							/* KYCVS_UNWRITTEN_H */
