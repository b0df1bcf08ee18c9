/*
 * wording.h
 *	  Texts with slots, as administrators write them.
 *
 * {slot} stands for a value.  A part in brackets, [...], is left out when the
 * value of the slot in it is missing.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_WORDING_H
#define KYCVS_WORDING_H

#include "lib/stringinfo.h"

typedef struct KycvsSlot
{
	const char *name;
	const char *value;
	bool		optional;		/* its value may be missing (NULL): it stands in brackets, one in each pair */
} KycvsSlot;

#define KYCVS_SLOTS_MAX 8

/* NULL when the wording can be filled in, else what is wrong; how often each slot occurs. */
extern const char *kycvs_wording_trouble(const char *wording, const KycvsSlot *slots, int n, int counts[KYCVS_SLOTS_MAX]);

/* Of a wording that is in order. */
extern void kycvs_wording_fill(StringInfo out, const char *wording, const KycvsSlot *slots, int n);

/* The first so many characters at most, cut before a word where there is one. */
extern char *kycvs_cut_words(const char *text, int characters);

#endif							/* KYCVS_WORDING_H */
