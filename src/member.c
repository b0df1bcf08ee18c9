/*
 * member.c
 *	  Members of a jsonb object that is being built.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "member.h"
#include "utils/numeric.h"

static void
push_string(JsonbParseState **state, JsonbIteratorToken token, const char *string)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, string);
	value.val.string.len = strlen(string);
	(void) pushJsonbValue(state, token, &value);
}

void
kycvs_push_key(JsonbParseState **state, const char *name)
{
	push_string(state, WJB_KEY, name);
}

void
kycvs_push_text(JsonbParseState **state, const char *name, const char *string)
{
	push_string(state, WJB_KEY, name);
	push_string(state, WJB_VALUE, string);
}

void
kycvs_push_number(JsonbParseState **state, const char *name, int64 number)
{
	JsonbValue	value;

	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(number);
	kycvs_push_key(state, name);
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}
