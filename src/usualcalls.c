/*
 * usualcalls.c
 *	  Shows the texts that are shipped, in any database, without an authority.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "usual.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define COLUMNS		8

PG_FUNCTION_INFO_V1(kycvs_read_usual_purposes);

static Datum
text_datum(const char *utf8)
{
	return CStringGetTextDatum(pg_any_to_server(utf8, strlen(utf8), PG_UTF8));
}

/* Days and the rest of them, as somebody would write it. */
static Datum
interval_datum(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (microseconds / USECS_PER_DAY);
	interval->time = microseconds % USECS_PER_DAY;
	return IntervalPGetDatum(interval);
}

static void
show_purpose(ReturnSetInfo *result, const KycvsUsualPurpose *purpose)
{
	int			i;

	for (i = 0; i < KYCVS_USUAL_LANGUAGES; i++)
	{
		const KycvsUsualText *text = &purpose->texts[i];
		Datum		values[COLUMNS] = {0};
		bool		nulls[COLUMNS] = {false};

		values[0] = text_datum(purpose->code);
		values[1] = text_datum(text->language);
		values[2] = interval_datum(purpose->validity);
		values[3] = Int32GetDatum(purpose->uses);
		values[4] = text_datum(text->notice);
		values[5] = text_datum(text->sms);
		values[6] = text_datum(text->sms_with_host);
		nulls[7] = true;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static void
show_every(ReturnSetInfo *result, const char *language)
{
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {true, false, true, true, true, false, true, false};

	values[1] = text_datum(language);
	values[5] = text_datum(kycvs_usual_sms(language));
	values[7] = text_datum(kycvs_usual_mobile_removed(language));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
kycvs_read_usual_purposes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const KycvsUsualPurpose *purpose;
	const char *language;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; (purpose = kycvs_usual_purpose(i)) != NULL; i++)
		show_purpose(result, purpose);
	for (i = 0; (language = kycvs_usual_language(i)) != NULL; i++)
		show_every(result, language);
	return (Datum) 0;
}
