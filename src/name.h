/*
 * name.h
 *	  Names and Unicode text.
 *
 * All text is UTF-8 whatever the database's encoding; callers convert.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAME_H
#define KYCVS_NAME_H

#define KYCVS_NAME_MAX		256		/* bytes of a name as typed */
#define KYCVS_FOLDED_MAX	768		/* bytes of a folded name */

/* How well a typed name fits a recorded one. */
typedef enum KycvsMatch
{
	KYCVS_MATCH_NONE = 0,
	KYCVS_MATCH_VARIANT = 1,
	KYCVS_MATCH_EXACT = 2
} KycvsMatch;

/*
 * Folds a name: NFKC, case folding, honorifics and punctuation dropped, words
 * sorted and joined by one space.  Returns 0 or KV_NAME_INVALID (not UTF-8,
 * no letter, digits, symbols, control or bidirectional formatting characters
 * in it, too long).  A folded name is never empty, and folds to itself.
 */
extern int	kycvs_name_fold(const char *name, char folded[KYCVS_FOLDED_MAX + 1]);

/*
 * The NFC form of text, no longer than "size" - 1 bytes; false when it does
 * not fit, is not UTF-8 or has more than 4,096 UTF-16 code units.
 */
extern bool kycvs_name_nfc(const char *text, char *nfc, size_t size);

/*
 * Replaces the decimal digits, blanks, dashes and the plus sign of every script
 * by the ASCII ones; the rest stays.  False when it is not UTF-8 or doesn't fit.
 */
extern bool kycvs_ascii_digits(const char *text, char *ascii, size_t size);

#endif							/* KYCVS_NAME_H */
