/*
 * registry.h
 *	  Entities and purposes: the registry's lasting records.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_REGISTRY_H
#define KYCVS_REGISTRY_H

#include "lib/stringinfo.h"
#include "request.h"
#include "rules.h"
#include "utils/timestamp.h"

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

/* A code that names nothing gives false (or 0 for a purpose's id). */
extern int	kycvs_entities_of_role(Oid role, KycvsEntity *entity);
extern bool kycvs_entity_by_api_key(const char *api_key, KycvsEntity *entity);
extern bool kycvs_entity_by_page(const char *code, KycvsEntity *entity);
extern bool kycvs_entity_by_id(int32 id, KycvsEntity *entity);
extern bool kycvs_entity_by_code(const char *code, KycvsEntity *entity);

/* Appends a line "code<tab>what is wrong" for each entity whose role can't act for it. */
extern void kycvs_entity_problems(StringInfo out);

extern bool kycvs_purpose_by_code(const char *code, KycvsPurpose *purpose);
extern bool kycvs_purpose_by_id(int32 id, KycvsPurpose *purpose);
extern bool kycvs_purpose_allowed(int32 entity, const char *code, KycvsPurpose *purpose);
extern bool kycvs_purpose_usual(int32 entity, KycvsPurpose *purpose);

#endif							/* KYCVS_REGISTRY_H */
