/*
 * dose.h
 *	  The rows of doses and of products.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_DOSE_H
#define KYCVS_DOSE_H

#include "request.h"
#include "rules.h"
#include "table.h"

#define KYCVS_DOSES_MAX		64	/* of a person */
#define KYCVS_FIRST_DOSE_DAY	7305	/* 2020-01-01: nothing was given before */

typedef struct KycvsProduct
{
	int			id;
	int			doses_required;
	int			minimum_interval;	/* days; 0: unknown */
} KycvsProduct;

/* A dose as it is written down. */
typedef struct KycvsDoseRow
{
	int64		person;
	int			number;			/* counts the person's doses, from 1 */
	int			product;
	DateADT		given_on;
	DateADT		recorded_on;
	const char *batch;			/* empty: unknown */
} KycvsDoseRow;

extern bool kycvs_product_by_code(const char *code, KycvsProduct *product);

/* The recorded doses of a person, revoked ones too, in the order of their numbers. */
extern int	kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX]);

extern void kycvs_dose_add(const KycvsDoseRow *dose);

/* Writes a person's dose down as another's too, with whatever is known of it. */
extern void kycvs_dose_copy(int64 from, int number, int64 to, int to_number);

/* False: there is no such dose.  *already: it had been revoked before, and nothing was done. */
extern bool kycvs_dose_revoke(int64 person, int number, const char *reason, TimestampTz now, bool *already);

#endif							/* KYCVS_DOSE_H */
