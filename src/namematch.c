/*
 * namematch.c
 *	  How well two names fit each other, as an SQL function; and the settings
 *	  of administrators.
 *
 * The score depends on the two names alone and is no secret: whoever wonders
 * why an answer says "none" can look.  What is decided by it is in
 * namescore.c.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "fmgr.h"
#include "jcs.h"
#include "namematch.h"
#include "namescore.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(kycvs_name_match);

void
kycvs_namematch_init(void)
{
	DefineCustomRealVariable("kycvs.name_threshold",
							 "How well the name that was typed must fit a person's.",
							 "0 to 1, as kycvs.name_match says; at 1 only names that sound the same do.",
							 &kycvs_name_threshold, kycvs_name_threshold, 0.0, 1.0, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomRealVariable("kycvs.name_margin",
							 "By how much it must fit better than it fits any other person of the same mobile.",
							 NULL,
							 &kycvs_name_margin, kycvs_name_margin, 0.0, 1.0, PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* False for what is no name: in a table of a million rows there are some, and none of them fits anybody. */
static bool
take_name(text *argument, char folded[KYCVS_FOLDED_MAX + 1])
{
	char	   *name = text_to_cstring(argument);
	int			length = strlen(name);

	return kycvs_to_utf8(&name, &length) == NULL && kycvs_name_fold(name, folded) == 0;
}

/* name_match(a, b) */
Datum
kycvs_name_match(PG_FUNCTION_ARGS)
{
	char		a[KYCVS_FOLDED_MAX + 1];
	char		b[KYCVS_FOLDED_MAX + 1];

	if (!take_name(PG_GETARG_TEXT_PP(0), a) || !take_name(PG_GETARG_TEXT_PP(1), b))
		PG_RETURN_FLOAT4(0);
	PG_RETURN_FLOAT4(kycvs_name_score(a, b) / (float4) KYCVS_SCORE_MAX);
}
