/*
 * test_usual.c
 *	  The notices and messages that are shipped: that each says what it must
 *	  and is as long as its file promises.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "smslength.h"
#include "tap.h"
#include "usual.h"

#define NOTICE_MAX		3500
#define NAME_MAX		30
#define HOST			"seva.rail.example.in"

enum Slot
{
	ENTITY, TRAVEL_DATE, USES, OTP, MINUTES, PERSONS, PURPOSE, HOST_NAME, SLOTS
};

static const char *const slots[SLOTS] = {
	"entity", "travel_date", "uses", "otp", "minutes", "persons", "purpose", "host"
};

static const char *const languages[KYCVS_USUAL_LANGUAGES] = {"en", "hi", "gu"};

/* ---- what stands in a text ---- */

typedef struct Found
{
	int			n[SLOTS];
	int			brackets;
	int			lines;
	bool		bad;			/* a brace or bracket where none may be, an unknown slot, a control character */
} Found;

static size_t
read_slot(const char *text, Found *found)
{
	size_t		length = strcspn(text, "}");
	int			i;

	for (i = 0; i < SLOTS; i++)
		if (strlen(slots[i]) == length && strncmp(text, slots[i], length) == 0 && text[length] == '}')
		{
			found->n[i]++;
			return length + 1;
		}
	found->bad = true;
	return 0;
}

/* A travel date stands in brackets, and nothing is in brackets without one. */
static void
read_bracket(const char *c, Found *found)
{
	const char *end = strchr(c, ']');
	const char *slot = strstr(c, "{travel_date}");

	found->brackets++;
	found->bad |= end == NULL || slot == NULL || slot > end || memchr(c + 1, '[', end - c - 1) != NULL;
}

static Found
look_at(const char *text)
{
	Found		found = {.lines = 1};
	const char *c;

	for (c = text; *c; c++)
	{
		if (*c == '{')
			c += read_slot(c + 1, &found);
		else if (*c == '[')
			read_bracket(c, &found);
		else if (*c == '\n')
			found.lines++;
		else
			found.bad |= *c == '}' || (unsigned char) *c < ' ' || *c == 0x7f;
	}
	return found;
}

static bool
has_none_of(const Found *found, const enum Slot *which, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		if (found->n[which[i]] > 0)
			return false;
	return !found->bad;
}

static bool
is_notice(const char *text)
{
	static const enum Slot others[] = {OTP, MINUTES, PERSONS, PURPOSE, HOST_NAME};
	Found		found = look_at(text);

	return has_none_of(&found, others, lengthof(others)) && found.lines == 1 &&
		found.n[ENTITY] > 0 && found.n[USES] == 1 && found.n[TRAVEL_DATE] == found.brackets && strlen(text) <= NOTICE_MAX;
}

static bool
is_sms(const Found *found)
{
	static const enum Slot others[] = {TRAVEL_DATE, USES};

	return has_none_of(found, others, lengthof(others)) && found->brackets == 0 &&
		found->n[OTP] == 1 && found->n[ENTITY] == 1 && found->n[MINUTES] == 1 && found->n[PERSONS] <= 1;
}

static bool
is_sms_without_host(const char *text, int purposes)
{
	Found		found = look_at(text);

	return is_sms(&found) && found.lines == 1 && found.n[HOST_NAME] == 0 && found.n[PURPOSE] == purposes;
}

static bool
is_sms_with_host(const char *text)
{
	Found		found = look_at(text);
	const char *last = strchr(text, '\n');

	return is_sms(&found) && found.lines == 2 && found.n[HOST_NAME] == 1 && found.n[PURPOSE] == 0 &&
		strcmp(last, "\n@{host} #{otp}") == 0;
}

/* ---- how long it is ---- */

static void
append(char *out, size_t size, const char *text, size_t length)
{
	size_t		used = strlen(out);

	Assert(used + length < size);
	memcpy(out + used, text, length);
	out[used + length] = '\0';
}

/* With the longest values but for the name; what takes a character each in either alphabet. */
static void
fill(const char *text, int name, int code, char *out, size_t size)
{
	char		name_text[NAME_MAX * 2 + 1] = "";
	char		code_text[NAME_MAX * 2 + 1] = "";
	const char *values[SLOTS] = {name_text, "2026-12-01", "3", "123456", "10", "6", code_text, HOST};

	memset(name_text, 'N', name);
	memset(code_text, 'c', code);
	out[0] = '\0';
	while (*text)
	{
		size_t		length = strcspn(text, "{");
		Found		found = {.lines = 1};
		int			i;

		append(out, size, text, length);
		text += length;
		if (*text == '\0')
			break;
		text += read_slot(text + 1, &found) + 1;
		for (i = 0; i < SLOTS; i++)
			if (found.n[i] > 0)
				append(out, size, values[i], strlen(values[i]));
	}
}

static KycvsSmsLength
measure(const char *text, int name, int code)
{
	char		filled[2048];
	KycvsSmsLength length;

	fill(text, name, code, filled, sizeof(filled));
	kycvs_sms_length(filled, &length);
	return length;
}

/* So long and no longer: the file tells the truth. */
static bool
is_one_part_up_to(const char *text, int name, int code)
{
	return measure(text, name, code).parts == 1 && (name == NAME_MAX || measure(text, name + 1, code).parts == 2);
}

/* ---- what a notice says ---- */

typedef struct Unit
{
	int64		length;
	const char *words[KYCVS_USUAL_LANGUAGES];
} Unit;

static const Unit units[] = {
	{USECS_PER_MINUTE, {"minutes", "मिनट", "મિનિટ"}},
	{USECS_PER_HOUR, {"hours", "घंटे", "કલાક"}},
	{USECS_PER_DAY, {"days", "दिन", "દિવસ"}},
};

/* "15 minutes", in some unit. */
static bool
tells_validity(const KycvsUsualPurpose *purpose, int language)
{
	char		words[64];
	size_t		i;

	for (i = 0; i < lengthof(units); i++)
	{
		snprintf(words, sizeof(words), " %lld %s", (long long) (purpose->validity / units[i].length), units[i].words[language]);
		if (purpose->validity % units[i].length == 0 && strstr(purpose->texts[language].notice, words) != NULL)
			return true;
	}
	return false;
}

static bool
tells_answers(const char *notice)
{
	return strstr(notice, " 0 (") != NULL && strstr(notice, " 1 (") != NULL && strstr(notice, " 2 (") != NULL &&
		strstr(notice, "(OTP)") != NULL;
}

/* ---- the tests ---- */

static void
test_text(const KycvsUsualPurpose *purpose, int i)
{
	const KycvsUsualText *text = &purpose->texts[i];
	const char *code = purpose->code;
	const char *language = languages[i];
	KycvsSmsLength with_host = measure(text->sms_with_host, i == 0 ? 30 : 20, 0);

	tap_text(text->language, language, "usual: %s: language %d", code, i + 1);
	tap_ok(is_notice(text->notice), "usual: %s, %s: the notice is well formed", code, language);
	tap_ok(tells_validity(purpose, i), "usual: %s, %s: it tells how long the consent lasts", code, language);
	tap_ok(tells_answers(text->notice), "usual: %s, %s: and which answers there are", code, language);
	tap_ok(is_sms_without_host(text->sms, 0), "usual: %s, %s: the message is well formed", code, language);
	tap_ok(is_sms_with_host(text->sms_with_host), "usual: %s, %s: so is that with a host", code, language);
	tap_ok(is_one_part_up_to(text->sms, text->name_length, 0),
		   "usual: %s, %s: one part with a name of %d characters, no more", code, language, text->name_length);
	tap_ok(measure(text->sms, 0, 0).gsm7 == (i == 0), "usual: %s, %s: in the alphabet that is expected", code, language);
	tap_number(with_host.parts, i == 0 ? 1 : 2, "usual: %s, %s: parts with a host", code, language);
}

static void
test_every(int i)
{
	const char *sms = kycvs_usual_sms(languages[i]);
	KycvsSmsLength removed;

	tap_text(kycvs_usual_language(i), languages[i], "usual: every purpose: language %d", i + 1);
	tap_ok(is_sms_without_host(sms, 1), "usual: every purpose, %s: the message is well formed", languages[i]);
	if (i == 0)
		tap_ok(is_one_part_up_to(sms, 30, 30), "usual: every purpose, en: one part with a name and a code of 30");
	else
		tap_ok(is_one_part_up_to(sms, 20, 14), "usual: every purpose, %s: one part with a name of 20 and a code of 14", languages[i]);
	kycvs_sms_length(kycvs_usual_mobile_removed(languages[i]), &removed);
	tap_number(removed.parts, i == 0 ? 1 : 2, "usual: a number taken off, %s: parts", languages[i]);
	tap_ok(strpbrk(kycvs_usual_mobile_removed(languages[i]), "{}[]\n") == NULL, "usual: a number taken off, %s: no slots", languages[i]);
}

static void
test_finding(void)
{
	const KycvsUsualPurpose *purpose;
	int			n = 0;

	while ((purpose = kycvs_usual_purpose(n)) != NULL)
	{
		tap_ok(kycvs_usual_find(purpose->code) == purpose, "usual: %s is found", purpose->code);
		n++;
	}
	tap_number(n, 5, "usual: purposes");
	tap_ok(kycvs_usual_find("") == NULL && kycvs_usual_find("ticket") == NULL, "usual: others are not");
	tap_ok(kycvs_usual_language(KYCVS_USUAL_LANGUAGES) == NULL, "usual: languages end");
	tap_text(kycvs_usual_sms("ta"), kycvs_usual_sms("en"), "usual: a language without texts is told in English");
	tap_text(kycvs_usual_mobile_removed(""), kycvs_usual_mobile_removed("en"), "usual: also of a number taken off");
	tap_number(kycvs_usual_find("ticket-booking")->validity, 15 * USECS_PER_MINUTE, "usual: ticket-booking lasts 15 minutes");
}

void
test_usual(void)
{
	const KycvsUsualPurpose *purpose;
	int			i;
	int			j;

	test_finding();
	for (i = 0; (purpose = kycvs_usual_purpose(i)) != NULL; i++)
		for (j = 0; j < KYCVS_USUAL_LANGUAGES; j++)
			test_text(purpose, j);
	for (j = 0; j < KYCVS_USUAL_LANGUAGES; j++)
		test_every(j);
}
