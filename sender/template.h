/*
 * template.h
 *	  URLs, headers and bodies with places for what differs from message to message.
 *
 * "{to}" stands for a value, "{{" and "}}" for braces.  A value is escaped for
 * the place where it goes, so no value can end the parameter, string or header
 * that it stands in.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef SENDER_TEMPLATE_H
#define SENDER_TEMPLATE_H

#include <stdbool.h>

#include "buffer.h"

typedef enum TemplatePlace
{
	PLACE_URL,
	PLACE_FORM,
	PLACE_JSON,
	PLACE_HEADER
} TemplatePlace;

typedef enum TemplateField
{
	FIELD_TO,
	FIELD_TO_DIGITS,
	FIELD_TEXT,
	FIELD_TEMPLATE_ID,
	FIELD_ENTITY_ID,
	FIELD_ID,
	FIELD_CODING,
	FIELD_SECRET,
	FIELD_RECEIPT_URL,
	FIELDS
} TemplateField;

typedef struct Template Template;

/* NULL when the text is no template; then "problem" says why. */
extern Template *template_compile(const char *text, TemplatePlace place, Buffer *problem);
extern void template_free(Template *template);

extern bool template_uses(const Template *template, TemplateField field);

/* Appends to "out"; false when a value cannot stand in its place. */
extern bool template_render(const Template *template, const char *const values[FIELDS], Buffer *out);

#endif							/* SENDER_TEMPLATE_H */
