/*
 * wording.c
 *	  Texts with slots, as administrators write them.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "wording.h"

/* The slot whose name stands after an opening brace; -1 when there is none of this name.  Its length, without braces. */
static int
find_slot(const char *name, const KycvsSlot *slots, int n, size_t *length)
{
	int			i;

	*length = strcspn(name, "{}[]");
	if (name[*length] != '}')
		return -1;
	for (i = 0; i < n; i++)
		if (strlen(slots[i].name) == *length && strncmp(slots[i].name, name, *length) == 0)
			return i;
	return -1;
}

static const char *
list_slots(const KycvsSlot *slots, int n)
{
	StringInfoData list;
	int			i;

	if (n == 0)
		return "this text can have none";
	initStringInfo(&list);
	for (i = 0; i < n; i++)
		appendStringInfo(&list, "%s{%s}", i == 0 ? "known are " : i < n - 1 ? ", " : " and ", slots[i].name);
	return list.data;
}

const char *
kycvs_wording_trouble(const char *wording, const KycvsSlot *slots, int n, int counts[KYCVS_SLOTS_MAX])
{
	const char *c;
	int			inside = -1;	/* brackets: how many optional slots so far; -1 outside */
	size_t		length;
	int			i;

	memset(counts, 0, KYCVS_SLOTS_MAX * sizeof(int));
	for (c = wording; *c; c++)
	{
		if (*c == '}')
			return "it has a closing brace without an opening one";
		if ((*c == '[' && inside >= 0) || (*c == ']' && inside != 1))
			return "a part in brackets must hold one slot that may be without a value, and no brackets";
		if (*c == '[' || *c == ']')
			inside = *c == '[' ? 0 : -1;
		if (*c != '{')
			continue;
		i = find_slot(c + 1, slots, n, &length);
		if (i < 0)
			return psprintf("it has an unknown slot: %s", list_slots(slots, n));
		if (slots[i].optional && inside++ != 0)
			return psprintf("{%s} may be without a value: it must stand in brackets, once", slots[i].name);
		counts[i]++;
		c += length + 1;
	}
	return inside >= 0 ? "it has an opening bracket without a closing one" : NULL;
}

/* Whether the part that begins after a bracket is to be left out. */
static bool
lacks_value(const char *part, const KycvsSlot *slots, int n)
{
	size_t		length;
	int			i;

	for (; *part != ']'; part++)
	{
		if (*part != '{')
			continue;
		i = find_slot(part + 1, slots, n, &length);
		if (slots[i].value == NULL)
			return true;
	}
	return false;
}

void
kycvs_wording_fill(StringInfo out, const char *wording, const KycvsSlot *slots, int n)
{
	const char *c;
	size_t		length;

	for (c = wording; *c; c++)
	{
		if (*c == '[' && lacks_value(c + 1, slots, n))
			c = strchr(c, ']');
		else if (*c == '{')
		{
			appendStringInfoString(out, slots[find_slot(c + 1, slots, n, &length)].value);
			c += length + 1;
		}
		else if (*c != '[' && *c != ']')
			appendStringInfoChar(out, *c);
	}
}

char *
kycvs_cut_words(const char *text, int characters)
{
	const char *end = text;
	const char *word = NULL;	/* the blank before the last word that does not fit */

	while (*end && characters-- > 0)
	{
		if (*end == ' ')
			word = end;
		end += pg_utf_mblen((const unsigned char *) end);
	}
	if (*end && *end != ' ' && word != NULL)
		end = word;
	while (*end && end > text && end[-1] == ' ')
		end--;
	return pnstrdup(text, end - text);
}
