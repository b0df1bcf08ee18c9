/*
 * namewords.h
 *	  A folded name as words: how each sounds, and how much it says about who
 *	  is meant.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_NAMEWORDS_H
#define KYCVS_NAMEWORDS_H

#include "name.h"
#include "sounds.h"

#define KYCVS_WORDS_MAX		10		/* of a name that is compared by its sounds */

typedef enum KycvsWordKind
{
	WORD_INITIAL,				/* R., or read out: ar */
	WORD_HIS,					/* Kumar, -bhai: fillers that say only of which sex */
	WORD_HERS,					/* Kumari, -ben */
	WORD_COMMON,				/* a word that millions share: Patel, Singh, Devi */
	WORD_TELLING
} KycvsWordKind;

typedef struct KycvsWord
{
	KycvsWordKind kind;
	const char *text;			/* in the folded name */
	int			length;
	KycvsSounds sounds;			/* none when the word can't be spelled */
	uint32		letter;			/* the Latin letter it begins with, 1 << 0 for a */
	uint32		letters;		/* other Latin letters that may stand for it, too */
} KycvsWord;

typedef struct KycvsWords
{
	int			n;
	KycvsWord	words[KYCVS_WORDS_MAX];
} KycvsWords;

/*
 * Reads the words of a folded name: titles are dropped, suffixes taken off,
 * abbreviations written out.  False when there are too many, or none.
 */
extern bool kycvs_name_words(const char *folded, KycvsWords *words);

#endif							/* KYCVS_NAMEWORDS_H */
