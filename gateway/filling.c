/*
 * filling.c
 *	  The page's template, and what it is filled with.
 *
 * A section ends at the next tag that closes its name: none is in another of
 * the same name.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <stdio.h>
#include <string.h>

#include "filling.h"

#define NAME_SIZE	64

typedef struct Tag
{
	char		kind;			/* '#', '^', '/', or 0 for a value */
	char		name[NAME_SIZE];
	const char *after;
} Tag;

typedef struct Filling
{
	Buffer	   *out;
	FillingValue value;
	void	   *arg;
} Filling;

/* False when it is none: not closed, or with a name that is too long. */
static bool
read_tag(const char *braces, const char *end, Tag *tag)
{
	const char *name = braces + 2;
	const char *close = strstr(name, "}}");

	if (close == NULL || close >= end)
		return false;
	tag->kind = *name == '#' || *name == '^' || *name == '/' ? *name++ : '\0';
	if (close == name || close - name >= NAME_SIZE)
		return false;
	memcpy(tag->name, name, close - name);
	tag->name[close - name] = '\0';
	tag->after = close + 2;
	return true;
}

/* Where the tag stands that closes this section; NULL: nowhere. */
static const char *
find_close(const Tag *tag, const char *end)
{
	char		closing[NAME_SIZE + 8];
	const char *close;

	snprintf(closing, sizeof(closing), "{{/%s}}", tag->name);
	close = strstr(tag->after, closing);
	return close != NULL && close < end ? close : NULL;
}

static const char *
value_of(const Filling *filling, const char *name)
{
	const char *value = filling->value(name, filling->arg);

	return value != NULL ? value : "";
}

static bool
is_there(const char *value)
{
	return *value != '\0' && strcmp(value, "0") != 0;
}

static void
escape(Buffer *out, const char *value)
{
	for (; *value != '\0'; value++)
	{
		switch (*value)
		{
			case '&':
				buffer_add_text(out, "&amp;");
				break;
			case '<':
				buffer_add_text(out, "&lt;");
				break;
			case '>':
				buffer_add_text(out, "&gt;");
				break;
			case '"':
				buffer_add_text(out, "&quot;");
				break;
			case '\'':
				buffer_add_text(out, "&#39;");
				break;
			default:
				buffer_add_char(out, *value);
		}
	}
}

static void
fill(const Filling *filling, const char *text, const char *end)
{
	const char *braces;
	Tag			tag;

	while ((braces = strstr(text, "{{")) != NULL && braces < end && read_tag(braces, end, &tag))
	{
		const char *close = tag.kind == '#' || tag.kind == '^' ? find_close(&tag, end) : NULL;
		const char *value = value_of(filling, tag.name);

		buffer_add(filling->out, text, braces - text);
		text = tag.after;
		if (tag.kind == '\0')
			escape(filling->out, value);
		if (close == NULL)
			continue;
		if (is_there(value) == (tag.kind == '#'))
			fill(filling, tag.after, close);
		text = close + strlen("{{/}}") + strlen(tag.name);
	}
	buffer_add(filling->out, text, end - text);
}

void
filling_write(Buffer *out, const char *template, FillingValue value, void *arg)
{
	Filling		filling = {out, value, arg};

	fill(&filling, template, template + strlen(template));
}

static bool
check(const char *text, const char *end, Buffer *problem)
{
	const char *braces;
	Tag			tag;

	while ((braces = strstr(text, "{{")) != NULL && braces < end)
	{
		const char *close;

		if (!read_tag(braces, end, &tag) || tag.kind == '/')
		{
			buffer_format(problem, "a tag is not closed, or closes what is not open: %.20s", braces);
			return false;
		}
		text = tag.after;
		if (tag.kind == '\0')
			continue;
		close = find_close(&tag, end);
		if (close == NULL)
		{
			buffer_format(problem, "section \"%s\" is not closed", tag.name);
			return false;
		}
		if (!check(tag.after, close, problem))
			return false;
		text = close + strlen("{{/}}") + strlen(tag.name);
	}
	return true;
}

bool
filling_check(const char *template, Buffer *problem)
{
	return check(template, template + strlen(template), problem);
}
