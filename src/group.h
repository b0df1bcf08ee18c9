/*
 * group.h
 *	  The persons of a challenge or consent, in the order in which they were named.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_GROUP_H
#define KYCVS_GROUP_H

#include "choice.h"
#include "exchange.h"

/* A person who was named.  A challenge knows the name alone. */
typedef struct KycvsNamed
{
	int			n;				/* from 1 */
	uint8		name_sealed[KYCVS_SEALED_NAME];
	char		name[KYCVS_NAME_MAX + 1];	/* as typed, once it is unsealed */
	KycvsChoice choice;
	uint8		sub[KYCVS_DIGEST_LENGTH];
	int			used;
	KycvsRow	row;			/* from the second on */
} KycvsNamed;

typedef struct KycvsGroup
{
	int			n;
	KycvsNamed	named[KYCVS_GROUP_MAX];
} KycvsGroup;

/* What is no group has one person, and nothing is read or written for it. */
extern void kycvs_group_of_challenge(const KycvsChallenge *challenge, KycvsGroup *group);
extern void kycvs_group_of_consent(const KycvsConsent *consent, KycvsGroup *group);
extern void kycvs_group_insert_challenge(const KycvsChallenge *challenge, const KycvsGroup *group);
extern void kycvs_group_insert_consent(const KycvsConsent *consent, const KycvsGroup *group);

/* The same persons, typed in another way. */
extern void kycvs_group_retype_challenge(KycvsChallenge *challenge, KycvsGroup *group, const KycvsGroup *typed);

/* Whether the record of one of them was put right then or later. */
extern bool kycvs_group_corrected(const KycvsGroup *group, TimestampTz since);

/* One more answer about a person of a consent that was found. */
extern void kycvs_named_used(KycvsConsent *consent, KycvsNamed *named);

/* A new group, of names as typed; false when they cannot be sealed. */
extern bool kycvs_group_seal(KycvsGroup *group, const char names[][KYCVS_NAME_MAX + 1], int n);

/* The names back; false when a seal was altered.  Whoever unseals them wipes them. */
extern bool kycvs_group_unseal(KycvsGroup *group);
extern void kycvs_group_wipe(KycvsGroup *group);

#endif							/* KYCVS_GROUP_H */
