/*
 * pageview.c
 *	  One request for the page: what it says, and how it is shown.
 *
 * Whatever a stranger has typed is a value of the template, which escapes it.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assets.h"
#include "filling.h"
#include "memory.h"
#include "pageview.h"
#include "problem.h"

#define TYPE		"text/html; charset=utf-8"
#define ROUND_BYTES	4096

const char *const pageview_fields[FIELDS] = {
	"client", "purpose", "reference", "lang", "travel_date", "return", "embed", "step", "txn", "mobile", "name", "otp", "consent", "receipt"
};

static void
end_page(Page *page)
{
	for (int i = 0; i < FIELDS; i++)
		wipe_and_free(page->fields[i], page->fields[i] != NULL ? strlen(page->fields[i]) : 0);
	free(page->client_name);
	free(page->origins);
	free(page->ancestors);
	free(page->return_origin);
	free(page->answer_text);
	free(page->answer_jwt);
	reading_close(page->receipt);
	reading_close(page->answer);
	free(page);
}

/* ---- values of the template ---- */

static void
add(Page *page, const char *name, const char *value)
{
	if (page->nvalues == PAGE_VALUES_MAX)
		abort();
	page->values[page->nvalues].name = name;
	page->values[page->nvalues++].value = value != NULL ? value : "";
}

static void
add_flag(Page *page, const char *name, bool set)
{
	add(page, name, set ? "1" : "");
}

/* Nothing unless it is more than 0. */
static void
add_number(Page *page, const char *name, long number)
{
	char	   *text = page->numbers[page->nnumbers++];

	snprintf(text, PAGE_NUMBER_SIZE, "%ld", number);
	add(page, name, number > 0 ? text : "");
}

static const char *
value_of(const char *name, void *arg)
{
	const Page *page = arg;

	if (strncmp(name, "t.", 2) == 0)
		return assets_message(page->fields[FIELD_LANG], name + 2);
	for (int i = 0; i < page->nvalues; i++)
		if (strcmp(page->values[i].name, name) == 0)
			return page->values[i].value;
	return NULL;
}

static const char *
error_text(const Page *page)
{
	const char *text = page->error != NULL ? assets_message(page->fields[FIELD_LANG], page->error) : "";

	return page->error == NULL || *text != '\0' ? text : assets_message(page->fields[FIELD_LANG], "other");
}

bool
pageview_has_code(const Page *page, const char *code)
{
	return strcmp(page->code, code) == 0;
}

/* Only a client that is known has a way to begin again. */
static void
add_fields(Page *page)
{
	for (int i = 0; i < FIELDS; i++)
		if (i != FIELD_STEP && i != FIELD_OTP && i != FIELD_CONSENT)
			add(page, pageview_fields[i], i == FIELD_RETURN && page->return_origin == NULL ? "" : page->fields[i]);
	add(page, "client_name", page->client_name);
	add(page, "origins", page->origins);
	add_flag(page, "lang_en", strcmp(page->fields[FIELD_LANG], "en") == 0);
	add_flag(page, "lang_hi", strcmp(page->fields[FIELD_LANG], "hi") == 0);
	add_flag(page, "lang_gu", strcmp(page->fields[FIELD_LANG], "gu") == 0);
}

/* The receipt has come with the form, so it may say anything. */
static long
seconds_until(long then)
{
	long		now = (long) time(NULL);

	return then > now ? then - now : 0;
}

static void
add_receipt(Page *page)
{
	if (page->receipt == NULL)
		return;
	add(page, "mobile_masked", reading_text(page->receipt, "mobile"));
	add(page, "notice", reading_text(page->receipt, "notice"));
	add(page, "notice_lang", page->in_english ? "en" : "");
	add_number(page, "seconds_left", seconds_until(reading_number(page->receipt, "exp", 0)));
	add_number(page, "resend_in", seconds_until(reading_number(page->receipt, "resend_after", 0)));
}

/* Status 0 without a match is not the same to the reader. */
static void
add_answer(Page *page)
{
	long		status = page->answer != NULL ? reading_number(page->answer, "status", -1) : -1;
	bool		none = status == 0 && strcmp(reading_text(page->answer, "match"), "none") == 0;

	add_flag(page, "status_0", status == 0 && !none);
	add_flag(page, "status_1", status == 1);
	add_flag(page, "status_2", status == 2);
	add_flag(page, "status_none", none);
	add(page, "as_of", reading_text(page->answer, "as_of"));
	add(page, "answer", page->answer_text);
	add(page, "answer_jwt", page->answer_jwt);
}

static void
add_values(Page *page)
{
	add_fields(page);
	add_flag(page, "step_ask", page->step == STEP_ASK);
	add_flag(page, "step_code", page->step == STEP_CODE);
	add_flag(page, "step_done", page->step == STEP_DONE);
	add_flag(page, "step_error", page->step == STEP_ERROR);
	add(page, "error", error_text(page));
	add_flag(page, "error_mobile", pageview_has_code(page, "KV001"));
	add_flag(page, "error_name", pageview_has_code(page, "KV002"));
	add_flag(page, "error_code", pageview_has_code(page, "KV010"));
	add_number(page, "retry_after", page->retry_after);
	add_number(page, "tries_left", page->tries_left);
	add_receipt(page);
	add_answer(page);
}

/* ---- the reply ---- */

static void
add_headers(Page *page)
{
	bool		framed = *page->fields[FIELD_EMBED] != '\0' && page->ancestors != NULL;
	Buffer		policy = {0};

	buffer_add_text(&policy, "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'");
	if (page->return_origin != NULL)
		buffer_format(&policy, " %s", page->return_origin);
	buffer_format(&policy, "; frame-ancestors %s", framed ? page->ancestors : "'none'");
	exchange_add_header(page->exchange, "Content-Security-Policy", policy.data);
	exchange_add_header(page->exchange, "Referrer-Policy", "same-origin");
	exchange_add_header(page->exchange, "Cross-Origin-Resource-Policy", framed ? "cross-origin" : "same-origin");
	exchange_add_header(page->exchange, "Permissions-Policy", "camera=(), microphone=(), geolocation=()");
	if (page->retry_after > 0)
		exchange_add_number(page->exchange, "Retry-After", page->retry_after);
	buffer_wipe(&policy);
}

/* Who sees only how much is sent would else know the answer. */
static void
pad(Buffer *body)
{
	while (body->length % ROUND_BYTES != 0)
		buffer_add_char(body, '\n');
}

static void
reply(Page *page)
{
	Buffer		body = {0};

	add_values(page);
	filling_write(&body, assets_template(), value_of, page);
	pad(&body);
	add_headers(page);
	exchange_reply(page->exchange, page->status, TYPE, &body);
	buffer_wipe(&body);
}

/* A reload may have taken the page away while the registry thought. */
void
pageview_show(Page *page, Step step)
{
	page->step = step;
	if (assets_template() != NULL)
		reply(page);
	else
		problem_send(page->exchange, 404, "there is no page here");
	end_page(page);
}
