/*
 * usual.c
 *	  The texts that are shipped: of usual purposes, and of every purpose.
 *
 * They are files that a lawyer can read, in texts/; the build makes C of them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "usual.h"

typedef struct EveryPurpose
{
	const char *language;
	const char *sms;
	const char *mobile_removed;
} EveryPurpose;

#include "usual.inc"

StaticAssertDecl(lengthof(every_purpose) == KYCVS_USUAL_LANGUAGES, "the texts of every purpose are in all languages");

const KycvsUsualPurpose *
kycvs_usual_purpose(int i)
{
	return i < (int) lengthof(purposes) ? &purposes[i] : NULL;
}

const KycvsUsualPurpose *
kycvs_usual_find(const char *code)
{
	size_t		i;

	for (i = 0; i < lengthof(purposes); i++)
		if (strcmp(purposes[i].code, code) == 0)
			return &purposes[i];
	return NULL;
}

static const EveryPurpose *
find_every(const char *language)
{
	size_t		i;

	for (i = 0; i < lengthof(every_purpose); i++)
		if (strcmp(every_purpose[i].language, language) == 0)
			return &every_purpose[i];
	return &every_purpose[0];
}

const char *
kycvs_usual_sms(const char *language)
{
	return find_every(language)->sms;
}

const char *
kycvs_usual_mobile_removed(const char *language)
{
	return find_every(language)->mobile_removed;
}

const char *
kycvs_usual_language(int i)
{
	return i < (int) lengthof(every_purpose) ? every_purpose[i].language : NULL;
}
