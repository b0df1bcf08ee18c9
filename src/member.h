/*
 * member.h
 *	  Members of a jsonb object that is being built.
 *
 * The values are not copied: they must live until the object is made.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_MEMBER_H
#define KYCVS_MEMBER_H

#include "utils/jsonb.h"

extern void kycvs_push_key(JsonbParseState **state, const char *name);
extern void kycvs_push_text(JsonbParseState **state, const char *name, const char *string);
extern void kycvs_push_number(JsonbParseState **state, const char *name, int64 number);

#endif							/* KYCVS_MEMBER_H */
