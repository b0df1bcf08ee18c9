/*
 * gsm7.h
 *	  The alphabet of short messages.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_GSM7_H
#define KYCVS_GSM7_H

/*
 * How many septets the character takes that this UTF-8 begins with: 1, or 2
 * behind an escape; and its bytes.  0 for what the alphabet does not have.
 */
extern int	kycvs_gsm7_septets(const char *utf8, int *bytes);

#endif							/* KYCVS_GSM7_H */
