/*
 * dose.h
 *	  The doses of persons, and the rows of products.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_DOSE_H
#define KYCVS_DOSE_H

#include "dosepack.h"
#include "rules.h"

#define KYCVS_DOSES_MAX		64	/* of a person */

typedef struct KycvsProduct
{
	int			id;
	int			doses_required;
	int			minimum_interval;	/* days; 0: unknown */
} KycvsProduct;

extern bool kycvs_product_by_code(const char *code, KycvsProduct *product);

/* The recorded doses of a person, revoked ones too, in the order of their numbers. */
extern int	kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX]);

/* Packed doses: none; one more, whatever else was there; those of a row, without what their products say. */
extern bytea *kycvs_doses_none(void);
extern bytea *kycvs_doses_append(const bytea *packed, const KycvsDoseRecord *dose);
extern int	kycvs_doses_read(const bytea *packed, KycvsDose doses[KYCVS_DOSES_MAX]);

extern void kycvs_dose_add(int64 person, const KycvsDoseRecord *dose);

/* Writes a person's dose down as another's too, with whatever is known of it. */
extern void kycvs_dose_copy(int64 from, int number, int64 to);

/* False: there is no such dose.  *already: it had been revoked before, and nothing was done. */
extern bool kycvs_dose_revoke(int64 person, int number, bool *already);

#endif							/* KYCVS_DOSE_H */
