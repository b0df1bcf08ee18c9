/*
 * pageview.h
 *	  One request for the page: what it says, and how it is shown.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef GATEWAY_PAGEVIEW_H
#define GATEWAY_PAGEVIEW_H

#include <stdbool.h>

#include "exchange.h"
#include "reading.h"

#define PAGE_VALUES_MAX		64
#define PAGE_NUMBERS_MAX	4
#define PAGE_NUMBER_SIZE	24

typedef enum Field
{
	FIELD_CLIENT,
	FIELD_PURPOSE,
	FIELD_REFERENCE,
	FIELD_LANG,
	FIELD_TRAVEL_DATE,
	FIELD_RETURN,
	FIELD_EMBED,
	FIELD_STEP,
	FIELD_TXN,
	FIELD_MOBILE,
	FIELD_NAME,
	FIELD_OTP,
	FIELD_CONSENT,
	FIELD_RECEIPT,
	FIELDS
} Field;

extern const char *const pageview_fields[FIELDS];

typedef enum Step
{
	STEP_ERROR,
	STEP_ASK,
	STEP_CODE,
	STEP_DONE
} Step;

typedef struct Page
{
	Exchange   *exchange;
	char	   *fields[FIELDS];
	char	   *client_name;	/* NULL: no client whose page is open */
	char	   *origins;		/* JSON */
	char	   *ancestors;		/* the same, with blanks between */
	char	   *return_origin;
	Reading    *receipt;		/* or NULL */
	Reading    *answer;			/* or NULL */
	char	   *answer_text;
	char	   *answer_jwt;
	bool		in_english;		/* the notice, since there is none in the language */

	Step		step;
	int			status;
	const char *error;			/* key of its message, or NULL */
	char		code[8];
	long		retry_after;
	long		tries_left;

	struct
	{
		const char *name;
		const char *value;
	}			values[PAGE_VALUES_MAX];
	int			nvalues;
	char		numbers[PAGE_NUMBERS_MAX][PAGE_NUMBER_SIZE];
	int			nnumbers;
} Page;

/* Whether the registry has refused with this code. */
extern bool pageview_has_code(const Page *page, const char *code);

/* Replies, and frees it. */
extern void pageview_show(Page *page, Step step);

#endif							/* GATEWAY_PAGEVIEW_H */
