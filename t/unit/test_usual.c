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
#include "smswording.h"
#include "tap.h"
#include "usual.h"
#include "wording.h"

#define NAME_MAX		30
#define HOST			"seva.rail.example.in"

static const char *const languages[KYCVS_USUAL_LANGUAGES] = {"en", "hi", "gu"};

/* ---- what stands in a text ---- */

/* The module that shows notices has tables behind it; these are its slots. */
static bool
is_notice(const char *text)
{
	static const KycvsSlot slots[] = {{"entity"}, {"travel_date", NULL, true}, {"uses"}};
	int			counts[KYCVS_SLOTS_MAX];

	return kycvs_wording_trouble(text, slots, lengthof(slots), counts) == NULL &&
		counts[0] > 0 && counts[1] > 0 && counts[2] == 1 && strchr(text, '\n') == NULL && strlen(text) <= 3500;
}

static bool
is_sms(const char *text)
{
	return kycvs_sms_trouble(KYCVS_SMS_OTP, text) == NULL && strchr(text, '\n') == NULL;
}

/* The text with a host in its place. */
static const char *
put_host(const char *text)
{
	static char out[1024];
	const char *place = strstr(text, "{host}");

	snprintf(out, sizeof(out), "%.*s%s%s", (int) (place - text), text, HOST, place + strlen("{host}"));
	return out;
}

static bool
is_sms_with_host(const char *text)
{
	return kycvs_sms_trouble(KYCVS_SMS_OTP, put_host(text)) == NULL && strcmp(strchr(text, '\n'), "\n@{host} #{otp}") == 0;
}

/* ---- how long it is ---- */

static KycvsSmsLength
measure(const char *text, int name, int code)
{
	char		name_text[NAME_MAX * 2 + 1] = "";
	char		code_text[NAME_MAX * 2 + 1] = "";
	StringInfoData filled;
	KycvsSmsLength length;

	memset(name_text, 'N', name);
	memset(code_text, 'c', code);
	initStringInfo(&filled);
	kycvs_sms_fill(&filled, text, &(KycvsSmsFacts) {"123456", name_text, code_text, 3, 6});
	kycvs_sms_length(filled.data, &length);
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
	KycvsSmsLength with_host = measure(put_host(text->sms_with_host), i == 0 ? 30 : 20, 0);

	tap_text(text->language, language, "usual: %s: language %d", code, i + 1);
	tap_ok(is_notice(text->notice), "usual: %s, %s: the notice is well formed", code, language);
	tap_ok(tells_validity(purpose, i), "usual: %s, %s: it tells how long the consent lasts", code, language);
	tap_ok(tells_answers(text->notice), "usual: %s, %s: and which answers there are", code, language);
	tap_ok(is_sms(text->sms), "usual: %s, %s: the message is well formed", code, language);
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
	tap_ok(is_sms(sms), "usual: every purpose, %s: the message is well formed", languages[i]);
	if (i == 0)
		tap_ok(is_one_part_up_to(sms, 30, 30), "usual: every purpose, en: one part with a name and a code of 30");
	else
		tap_ok(is_one_part_up_to(sms, 21, 14), "usual: every purpose, %s: one part with a name of 21 and a code of 14", languages[i]);
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
