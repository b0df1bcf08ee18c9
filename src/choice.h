/*
 * choice.h
 *	  Whom the names of a group mean, when they have chosen apart.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_CHOICE_H
#define KYCVS_CHOICE_H

#include "name.h"

/* The person that a typed name means; 0: nobody. */
typedef struct KycvsChoice
{
	int64		person;
	KycvsMatch	match;
} KycvsChoice;

/*
 * No two names mean the same person: the better match keeps the person, the
 * others mean nobody; when none is better than all others, none keeps it.
 */
extern void kycvs_choices_part(KycvsChoice *choices, int n);

#endif							/* KYCVS_CHOICE_H */
