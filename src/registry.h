/*
 * registry.h
 *	  Entities, purposes, persons and doses: the registry's lasting records.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_REGISTRY_H
#define KYCVS_REGISTRY_H

#include "lib/stringinfo.h"
#include "request.h"
#include "rules.h"
#include "utils/timestamp.h"

#define KYCVS_PERSONS_PER_MOBILE	6
#define KYCVS_DOSES_MAX				64

typedef struct KycvsEntity
{
	int32		id;
	char		code[KYCVS_CODE_MAX + 1];
	char		name[KYCVS_TEXT_MAX + 1];
	bool		suspended;
	int32		failures_per_hour;
	char		rules[KYCVS_RULES_CODE_MAX + 1];
} KycvsEntity;

typedef struct KycvsPurpose
{
	int32		id;
	char		code[KYCVS_CODE_MAX + 1];
	int64		validity;		/* microseconds */
	int32		uses;
} KycvsPurpose;

/* A person as stored: nothing readable. */
typedef struct KycvsCandidate
{
	int64		person;
	uint8		name_sealed[KYCVS_SEALED_NAME];
	uint8		reference_sealed[KYCVS_SEALED_REFERENCE];
} KycvsCandidate;

/* A code that names nothing gives false (or 0 for a purpose's id). */
extern int	kycvs_entities_of_role(Oid role, KycvsEntity *entity);
extern bool kycvs_entity_by_api_key(const char *api_key, KycvsEntity *entity);
extern bool kycvs_entity_by_id(int32 id, KycvsEntity *entity);
extern bool kycvs_entity_by_code(const char *code, KycvsEntity *entity);

/* Appends a line "code<tab>what is wrong" for each entity whose role can't act for it. */
extern void kycvs_entity_problems(StringInfo out);

extern bool kycvs_purpose_by_code(const char *code, KycvsPurpose *purpose);
extern bool kycvs_purpose_by_id(int32 id, KycvsPurpose *purpose);
extern bool kycvs_purpose_allowed(int32 entity, const char *code, KycvsPurpose *purpose);
extern bool kycvs_notice(int32 purpose, const char *language, char notice[KYCVS_NOTICE_MAX + 1]);

extern int	kycvs_candidates(const uint8 index[KYCVS_INDEX_LENGTH], KycvsCandidate candidates[KYCVS_PERSONS_PER_MOBILE]);
extern int64 kycvs_person_insert(const uint8 index[KYCVS_INDEX_LENGTH], const uint8 *mobile_sealed,
								 const KycvsCandidate *person, int birth_year, TimestampTz now);
extern bool kycvs_person_exists(int64 person);

/* The number of some person, chosen by "choice"; 0 when there are none. */
extern int64 kycvs_somebody(uint32 choice);

/* The recorded doses of a person, revoked ones too, in the order of their numbers. */
extern int	kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX]);

#endif							/* KYCVS_REGISTRY_H */
