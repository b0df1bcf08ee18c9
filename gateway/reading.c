/*
 * reading.c
 *	  JSON, read strictly: what clients send, and what the registry answers.
 *
 * jansson refuses what is not JSON, not UTF-8, nested too deeply or followed by
 * something, a member that is there twice and a NUL in a text.  It is in this
 * file and in docs.c only.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <ctype.h>
#include <string.h>

#include <jansson.h>

#include "memory.h"
#include "reading.h"

#define NAMES_MAX	6
#define DEPTH_MAX	16			/* of signed documents */

bool
reading_is_date(const char *text)
{
	static const char form[] = "0000-00-00";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? !isdigit((unsigned char) text[i]) : text[i] != form[i])
			return false;
	return text[sizeof(form) - 1] == '\0';
}

bool
reading_is_uuid(const char *text)
{
	static const char form[] = "00000000-0000-0000-0000-000000000000";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? !isxdigit((unsigned char) text[i]) : text[i] != form[i])
			return false;
	return text[sizeof(form) - 1] == '\0';
}

/* By its letters: three parts of base64url. */
bool
reading_is_compact(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (int part = 0; part < 3; part++)
	{
		size_t		length = strspn(text, letters);

		if (length == 0 || text[length] != (part < 2 ? '.' : '\0'))
			return false;
		text += length + (part < 2);
	}
	return true;
}

/* ---- members ---- */

/* '{"one","two"}', or NULL. */
static char *
names_value(const json_t *value)
{
	Buffer		out = {0};
	size_t		n = json_is_array(value) ? json_array_size(value) : 0;
	char	   *copy = NULL;
	size_t		i;

	for (i = 0; i < n && n <= NAMES_MAX && json_is_string(json_array_get(value, i)); i++)
	{
		buffer_add_text(&out, i == 0 ? "{\"" : "\",\"");
		for (const char *c = json_string_value(json_array_get(value, i)); *c != '\0'; c++)
		{
			if (*c == '"' || *c == '\\')
				buffer_add_char(&out, '\\');
			buffer_add_char(&out, *c);
		}
	}
	if (i > 0 && i == n)
	{
		buffer_add_text(&out, "\"}");
		copy = copy_text(out.data);
	}
	buffer_wipe(&out);
	return copy;
}

static bool
is_shallow(const json_t *value, int depth)
{
	const char *name;
	json_t	   *member;
	size_t		i;

	if (depth > DEPTH_MAX)
		return false;
	json_object_foreach((json_t *) value, name, member)
		if (!is_shallow(member, depth + 1))
			return false;
	json_array_foreach(value, i, member)
		if (!is_shallow(member, depth + 1))
			return false;
	return true;
}

static char *
document_value(const json_t *value)
{
	if (json_is_string(value))
		return reading_is_compact(json_string_value(value)) ? copy_text(json_string_value(value)) : NULL;
	return json_is_object(value) && is_shallow(value, 1) ? json_dumps(value, JSON_COMPACT) : NULL;
}

static char *
text_value(const json_t *value, bool (*is_right) (const char *text))
{
	const char *text = json_string_value(value);

	return text != NULL && (is_right == NULL || is_right(text)) ? copy_text(text) : NULL;
}

/* NULL when it is of another kind. */
static char *
value_of(const json_t *value, MemberKind kind)
{
	switch (kind)
	{
		case MEMBER_TEXT:
			return text_value(value, NULL);
		case MEMBER_NAMES:
			return names_value(value);
		case MEMBER_DATE:
			return text_value(value, reading_is_date);
		case MEMBER_UUID:
			return text_value(value, reading_is_uuid);
		case MEMBER_BOOLEAN:
			return json_is_boolean(value) ? copy_text(json_is_true(value) ? "true" : "false") : NULL;
		case MEMBER_DOCUMENT:
			return document_value(value);
	}
	return NULL;
}

static const char *
word_for(MemberKind kind)
{
	static const char *const words[] = {
		[MEMBER_TEXT] = "a string",
		[MEMBER_NAMES] = "an array of one to six strings",
		[MEMBER_DATE] = "a date, YYYY-MM-DD",
		[MEMBER_UUID] = "a UUID",
		[MEMBER_BOOLEAN] = "true or false",
		[MEMBER_DOCUMENT] = "a document, as an object or a compact JWT"
	};

	return words[kind];
}

static bool
read_member(const json_t *object, const Member *member, char **value, Buffer *problem)
{
	const json_t *found = json_object_get(object, member->name);

	if (found == NULL || json_is_null(found))
	{
		if (member->required)
			buffer_format(problem, "member \"%s\" is missing", member->name);
		return !member->required;
	}
	*value = value_of(found, member->kind);
	if (*value == NULL)
		buffer_format(problem, "member \"%s\" must be %s", member->name, word_for(member->kind));
	return *value != NULL;
}

/* Its name is not repeated: it may be anything. */
static bool
has_others(json_t *object, const Member *members, int n)
{
	const char *name;
	json_t	   *value;

	json_object_foreach(object, name, value)
	{
		int			i = 0;

		while (i < n && strcmp(members[i].name, name) != 0)
			i++;
		if (i == n)
			return true;
	}
	return false;
}

int
reading_members(const char *text, size_t length, const Member *members, int n, char **values, Buffer *problem)
{
	json_error_t error;
	json_t	   *object = text == NULL ? NULL : json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	int			status = 422;
	bool		good = true;

	if (!json_is_object(object))
	{
		buffer_add_text(problem, "the body is not one JSON object, in UTF-8, with each member once");
		status = 400;
	}
	else if (has_others(object, members, n))
		buffer_add_text(problem, "the body has a member that this call does not know");
	else
	{
		for (int i = 0; i < n && good; i++)
			good = read_member(object, &members[i], &values[i], problem);
		status = good ? 0 : 422;
	}
	json_decref(object);
	return status;
}

/* ---- documents ---- */

Reading *
reading_open(const char *text)
{
	json_t	   *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(object))
		return (Reading *) object;
	json_decref(object);
	return NULL;
}

void
reading_close(Reading *reading)
{
	json_decref((json_t *) reading);
}

const char *
reading_text(const Reading *reading, const char *name)
{
	const char *text = json_string_value(json_object_get((const json_t *) reading, name));

	return text != NULL ? text : "";
}

long
reading_number(const Reading *reading, const char *name, long otherwise)
{
	const json_t *value = json_object_get((const json_t *) reading, name);

	return json_is_integer(value) ? (long) json_integer_value(value) : otherwise;
}

void
reading_each(const Reading *reading, void (*callback) (const char *name, const char *text, void *arg), void *arg)
{
	const char *name;
	json_t	   *value;

	json_object_foreach((json_t *) reading, name, value)
		if (json_is_string(value))
			callback(name, json_string_value(value), arg);
}
