/*
 * template.c
 *	  URLs, headers and bodies with places for what differs from message to message.
 *
 * A template is compiled once into parts, each some literal text and the field
 * that follows it.  In a URL and a form everything is percent-encoded but what
 * RFC 3986 calls unreserved: a blank is %20, which both understand.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "template.h"

#define NO_FIELD	(-1)

typedef struct Part
{
	Buffer		literal;
	int			field;			/* or NO_FIELD */
} Part;

struct Template
{
	TemplatePlace place;
	int			n;
	Part	   *parts;
};

static const char *const field_names[FIELDS] = {
	[FIELD_TO] = "to",
	[FIELD_TO_DIGITS] = "to_digits",
	[FIELD_TEXT] = "text",
	[FIELD_TEMPLATE_ID] = "template_id",
	[FIELD_ENTITY_ID] = "entity_id",
	[FIELD_ID] = "id",
	[FIELD_CODING] = "coding",
	[FIELD_SECRET] = "secret",
	[FIELD_RECEIPT_URL] = "receipt_url"
};

/* ---- compiling ---- */

static int
find_field(const char *name, size_t length)
{
	for (int field = 0; field < FIELDS; field++)
		if (strlen(field_names[field]) == length && memcmp(field_names[field], name, length) == 0)
			return field;
	return NO_FIELD;
}

/* At an opening brace; returns what comes after the closing one, or NULL. */
static const char *
compile_field(const char *at, Part *part, Buffer *problem)
{
	size_t		length = strcspn(at + 1, "{}");

	if (at[1 + length] != '}')
	{
		buffer_format(problem, "a brace is opened and not closed; a literal one is written {{");
		return NULL;
	}
	part->field = find_field(at + 1, length);
	if (part->field == NO_FIELD)
	{
		buffer_format(problem, "unknown placeholder {%.*s}", (int) length, at + 1);
		return NULL;
	}
	return at + length + 2;
}

/* Literal text until the next field or the end; returns what comes after both, or NULL. */
static const char *
compile_part(const char *at, Part *part, Buffer *problem)
{
	part->field = NO_FIELD;
	while (*at != '\0')
	{
		bool		doubled = at[0] == at[1];

		if (*at == '{' && !doubled)
			return compile_field(at, part, problem);
		if (*at == '}' && !doubled)
		{
			buffer_format(problem, "a brace is closed and was not opened; a literal one is written }}");
			return NULL;
		}
		buffer_add_char(&part->literal, *at);
		at += *at == '{' || *at == '}' ? 2 : 1;
	}
	return at;
}

static Part *
add_part(Template *template)
{
	Part	   *parts = allocate((template->n + 1) * sizeof(Part));

	if (template->n > 0)
		memcpy(parts, template->parts, template->n * sizeof(Part));
	free(template->parts);
	template->parts = parts;
	return &parts[template->n++];
}

Template *
template_compile(const char *text, TemplatePlace place, Buffer *problem)
{
	Template   *template = allocate(sizeof(Template));

	template->place = place;
	while (text != NULL && *text != '\0')
		text = compile_part(text, add_part(template), problem);
	if (text != NULL)
		return template;
	template_free(template);
	return NULL;
}

void
template_free(Template *template)
{
	if (template == NULL)
		return;
	for (int i = 0; i < template->n; i++)
		buffer_wipe(&template->parts[i].literal);
	free(template->parts);
	free(template);
}

bool
template_uses(const Template *template, TemplateField field)
{
	for (int i = 0; i < template->n; i++)
		if (template->parts[i].field == (int) field)
			return true;
	return false;
}

/* ---- rendering ---- */

static bool
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

static void
add_hex(Buffer *out, const char *before, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	buffer_add_text(out, before);
	buffer_add_char(out, digits[c >> 4]);
	buffer_add_char(out, digits[c & 15]);
}

static void
add_percent_encoded(Buffer *out, const char *value)
{
	for (; *value != '\0'; value++)
	{
		if (is_unreserved(*value))
			buffer_add_char(out, *value);
		else
			add_hex(out, "%", *value);
	}
}

static void
add_json_escaped(Buffer *out, const char *value)
{
	for (; *value != '\0'; value++)
	{
		if (*value == '"' || *value == '\\')
			buffer_add_char(out, '\\');
		if ((unsigned char) *value < ' ' || *value == 0x7f)
			add_hex(out, "\\u00", *value);
		else
			buffer_add_char(out, *value);
	}
}

static bool
add_header_value(Buffer *out, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == 0x7f)
			return false;
	buffer_add_text(out, value);
	return true;
}

static bool
add_value(Buffer *out, TemplatePlace place, const char *value)
{
	switch (place)
	{
		case PLACE_URL:
		case PLACE_FORM:
			add_percent_encoded(out, value);
			return true;
		case PLACE_JSON:
			add_json_escaped(out, value);
			return true;
		case PLACE_HEADER:
			return add_header_value(out, value);
	}
	return false;
}

bool
template_render(const Template *template, const char *const values[FIELDS], Buffer *out)
{
	for (int i = 0; i < template->n; i++)
	{
		const Part *part = &template->parts[i];

		buffer_add(out, part->literal.data, part->literal.length);
		if (part->field != NO_FIELD && !add_value(out, template->place, values[part->field]))
			return false;
	}
	return true;
}
