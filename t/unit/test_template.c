/*
 * test_template.c
 *	  Templates of the sender: what compiles, and how values are escaped.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "../../sender/template.h"
#include "tap.h"

static const char *const values[FIELDS] = {
	[FIELD_TO] = "+919825012345",
	[FIELD_TO_DIGITS] = "919825012345",
	[FIELD_TEXT] = "1&2=3% \"q\" \\ \n\x01\x7f/?#+~ કે",
	[FIELD_TEMPLATE_ID] = "1107",
	[FIELD_ENTITY_ID] = "",
	[FIELD_ID] = "42",
	[FIELD_CODING] = "2",
	[FIELD_SECRET] = "p w",
	[FIELD_RECEIPT_URL] = "http://[::1]:8090/receipt/42/ab?status=%d"
};

#define TEXT_PERCENT "1%262%3D3%25%20%22q%22%20%5C%20%0A%01%7F%2F%3F%23%2B~%20%E0%AA%95%E0%AB%87"
#define TEXT_JSON "1&2=3% \\\"q\\\" \\\\ \\u000A\\u0001\\u007F/?#+~ કે"

typedef struct RenderCase
{
	TemplatePlace place;
	const char *text;
	const char *expected;		/* NULL: a value cannot stand there */
} RenderCase;

static const RenderCase rendered[] = {
	{PLACE_URL, "http://h/?to={to}&text={text}", "http://h/?to=%2B919825012345&text=" TEXT_PERCENT},
	{PLACE_FORM, "text={text}&to={to_digits}", "text=" TEXT_PERCENT "&to=919825012345"},
	{PLACE_JSON, "{{\"to\": \"{to}\", \"text\": \"{text}\"}}", "{\"to\": \"+919825012345\", \"text\": \"" TEXT_JSON "\"}"},
	{PLACE_JSON, "{{\"a\": {{\"id\": {id}, \"coding\": {coding}}}}}", "{\"a\": {\"id\": 42, \"coding\": 2}}"},
	{PLACE_HEADER, "X-Key: {secret}{entity_id}", "X-Key: p w"},
	{PLACE_HEADER, "X-Text: {text}", NULL},
	{PLACE_URL, "http://h/?u={receipt_url}", "http://h/?u=http%3A%2F%2F%5B%3A%3A1%5D%3A8090%2Freceipt%2F42%2Fab%3Fstatus%3D%25d"},
	{PLACE_URL, "{template_id}{template_id}", "11071107"},
	{PLACE_URL, "", ""},
	{PLACE_URL, "no places", "no places"},
	{PLACE_FORM, "{{}}{{{id}}}", "{}{42}"}
};

typedef struct WrongCase
{
	const char *text;
	const char *problem;
} WrongCase;

static const WrongCase wrong[] = {
	{"{text", "a brace is opened and not closed; a literal one is written {{"},
	{"{", "a brace is opened and not closed; a literal one is written {{"},
	{"{to{text}", "a brace is opened and not closed; a literal one is written {{"},
	{"text}", "a brace is closed and was not opened; a literal one is written }}"},
	{"{{{text}}", "a brace is closed and was not opened; a literal one is written }}"},
	{"{otp}", "unknown placeholder {otp}"},
	{"{ text}", "unknown placeholder { text}"},
	{"{TEXT}", "unknown placeholder {TEXT}"},
	{"{}", "unknown placeholder {}"}
};

static void
test_rendered(const RenderCase *test)
{
	Buffer		problem = {0};
	Buffer		out = {0};
	Template   *template = template_compile(test->text, test->place, &problem);
	bool		good = template != NULL && template_render(template, values, &out);

	if (test->expected == NULL)
		tap_ok(template != NULL && !good, "template %s: a value that cannot stand there", test->text);
	else
		tap_text(good ? buffer_text(&out) : "(failed)", test->expected, "template %s", test->text);
	template_free(template);
	buffer_wipe(&problem);
	buffer_wipe(&out);
}

static void
test_wrong(const WrongCase *test)
{
	Buffer		problem = {0};
	Template   *template = template_compile(test->text, PLACE_JSON, &problem);

	tap_ok(template == NULL, "template %s is none", test->text);
	tap_text(buffer_text(&problem), test->problem, "template %s: why", test->text);
	template_free(template);
	buffer_wipe(&problem);
}

void
test_template(void)
{
	Buffer		problem = {0};
	Template   *template = template_compile("{to}{text}", PLACE_URL, &problem);

	for (size_t i = 0; i < lengthof(rendered); i++)
		test_rendered(&rendered[i]);
	for (size_t i = 0; i < lengthof(wrong); i++)
		test_wrong(&wrong[i]);
	tap_ok(template_uses(template, FIELD_TEXT) && !template_uses(template, FIELD_SECRET), "a template knows its fields");
	template_free(template);
}
