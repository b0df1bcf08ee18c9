/*
 * spelling.h
 *	  Words of the scripts of India spelled in Latin letters.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SPELLING_H
#define KYCVS_SPELLING_H

#define KYCVS_SPELLING_MAX	96		/* letters of a word so spelled */

/*
 * Spells a word of a folded name (UTF-8, "length" bytes) in the letters a to
 * z.  A word of an Indic script is transliterated: its long vowels are doubled,
 * and "ch" and "sh" stand for what they stand for in English.  Capitals are
 * what Latin letters have no sign for (sounds.h): A the vowel that a consonant
 * carries unwritten, D a retroflex d, R the flap, M a nasal vowel's nasal, G
 * and N what is written j and palatal n, K Tamil's k.  Latin words lose their
 * accents.
 *
 * False when the word has letters of other scripts or of two, is too long, or
 * ICU has failed: it can then only be compared as it is.
 */
extern bool kycvs_spell(const char *word, int length, char spelling[KYCVS_SPELLING_MAX + 1]);

#endif							/* KYCVS_SPELLING_H */
