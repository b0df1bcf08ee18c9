/*
 * mobile.h
 *	  Mobile numbers in E.164 form (ITU-T E.164).
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_MOBILE_H
#define KYCVS_MOBILE_H

#define KYCVS_MOBILE_MAX	64		/* bytes as typed */
#define KYCVS_E164_MAX		16		/* '+' and 15 digits */

/*
 * Reads a number whose digits are already ASCII ("name.h" turns digits of any
 * script into those).  "countries" is the value of kycvs.countries: country
 * calling codes besides 91, separated by commas; NULL or empty: India alone.
 * Returns 0 and the form "+919825012345", or KV_MOBILE_INVALID.
 */
extern int	kycvs_mobile_parse(const char *typed, const char *countries, char e164[KYCVS_E164_MAX + 1]);

/* "+919825012345" -> "XXXXXX2345": ten characters, the last four digits shown. */
extern void kycvs_mobile_mask(const char *e164, char masked[11]);

/* True when the text is a list of country calling codes (1-3 digits each, no leading zero). */
extern bool kycvs_countries_valid(const char *countries);

#endif							/* KYCVS_MOBILE_H */
