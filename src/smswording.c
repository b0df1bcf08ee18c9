/*
 * smswording.c
 *	  The texts of messages: what they may be, and how long they get.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "name.h"
#include "otp.h"
#include "smslength.h"
#include "smswording.h"
#include "wording.h"

#define SOME_OTP		"000000"

enum
{
	SLOT_OTP,
	SLOT_ENTITY,
	SLOT_PURPOSE,
	SLOT_MINUTES,
	SLOT_PERSONS,
	SLOTS
};

void
kycvs_sms_fill(StringInfo out, const char *wording, const KycvsSmsFacts *facts)
{
	KycvsSlot	slots[SLOTS] = {
		[SLOT_OTP] = {"otp", facts->otp},
		[SLOT_ENTITY] = {"entity", kycvs_cut_words(facts->entity, KYCVS_SMS_VARIABLE_MAX)},
		[SLOT_PURPOSE] = {"purpose", kycvs_cut_words(facts->purpose, KYCVS_SMS_VARIABLE_MAX)},
		[SLOT_MINUTES] = {"minutes", psprintf("%d", facts->minutes)},
		[SLOT_PERSONS] = {"persons", psprintf("%d", facts->persons)}
	};

	kycvs_wording_fill(out, wording, slots, SLOTS);
}

/* ---- how long it gets ---- */

static void
measure(KycvsSmsKind kind, const char *wording, int name_length, KycvsSmsLength *length)
{
	char		name[KYCVS_SMS_VARIABLE_MAX + 1];
	char		code[KYCVS_SMS_VARIABLE_MAX + 1];
	StringInfoData out;

	memset(code, 'c', KYCVS_SMS_VARIABLE_MAX);
	code[KYCVS_SMS_VARIABLE_MAX] = '\0';
	memset(name, 'n', name_length);
	name[name_length] = '\0';
	initStringInfo(&out);
	if (kind == KYCVS_SMS_OTP)
		kycvs_sms_fill(&out, wording, &(KycvsSmsFacts) {SOME_OTP, name, code, 3, 1});
	else
		appendStringInfoString(&out, wording);
	kycvs_sms_length(out.data, length);
	pfree(out.data);
}

/* The longest name with which it is one part; -1: with none. */
static int
longest_name(KycvsSmsKind kind, const char *wording)
{
	KycvsSmsLength length;
	int			name;

	for (name = KYCVS_SMS_VARIABLE_MAX; name >= 0; name--)
	{
		measure(kind, wording, name, &length);
		if (length.parts == 1)
			break;
	}
	return name;
}

void
kycvs_sms_describe(StringInfo out, KycvsSmsKind kind, const char *wording)
{
	KycvsSmsLength length;
	int			name = longest_name(kind, wording);
	const char *alphabet;

	measure(kind, wording, KYCVS_SMS_VARIABLE_MAX, &length);
	alphabet = length.gsm7 ? "GSM-7" : "UCS-2";
	if (length.parts == 1)
		appendStringInfo(out, "1 part: at most %d of %d characters of %s", length.characters, length.part_size, alphabet);
	else if (name > 0)
		appendStringInfo(out, "1 part with an entity's name of at most %d characters, else %d parts: at most %d characters of %s",
						 name, length.parts, length.characters, alphabet);
	else
		appendStringInfo(out, "%d parts: at most %d characters of %s", length.parts, length.characters, alphabet);
}

/* ---- what it may be ---- */

/* The form of an origin-bound one-time code: the last line is @host #code, and nothing else. */
static const char *
last_line_trouble(const char *line)
{
	const char *host = line + 1;
	size_t		length = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	if (line[0] != '@' || length == 0 || host[0] == '.' || host[0] == '-' || strcmp(host + length, " #{otp}") != 0)
		return "it may have two lines only when the last is of the form '@host #{otp}'";
	return NULL;
}

static const char *
lines_trouble(KycvsSmsKind kind, const char *wording)
{
	const char *line = strchr(wording, '\n');
	const unsigned char *c;

	if (wording[0] == '\0' || strlen(wording) > KYCVS_SMS_TEXT_MAX)
		return psprintf("it must be 1 to %d bytes long", KYCVS_SMS_TEXT_MAX);
	for (c = (const unsigned char *) wording; *c; c++)
		if ((*c < ' ' && *c != '\n') || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
			return "it has control characters";
	if (line == NULL)
		return NULL;
	return kind == KYCVS_SMS_OTP ? last_line_trouble(line + 1) : "it must be one line";
}

/* How many runs there are of as many digits as an OTP has, and more. */
static void
count_runs(const char *text, int *runs, int *longer)
{
	char		digits[KYCVS_SMS_TEXT_MAX * 2];
	size_t		run;
	const char *c;

	*runs = 0;
	*longer = !kycvs_ascii_digits(text, digits, sizeof(digits));
	for (c = digits; *longer == 0 && *c; c += Max(run, 1))
	{
		run = strspn(c, "0123456789");
		*runs += run == KYCVS_OTP_DIGITS;
		*longer += run > KYCVS_OTP_DIGITS;
	}
}

/* With names that end and begin with as many digits as names may: so nothing can be taken for the OTP, or hide it. */
static const char *
digits_trouble(KycvsSmsKind kind, const char *wording)
{
	StringInfoData out;
	int			runs;
	int			longer;

	initStringInfo(&out);
	if (kind == KYCVS_SMS_OTP)
		kycvs_sms_fill(&out, wording, &(KycvsSmsFacts) {SOME_OTP, "99999", "99999", 3, 1});
	else
		appendStringInfoString(&out, wording);
	count_runs(out.data, &runs, &longer);
	if (longer > 0 || runs != (kind == KYCVS_SMS_OTP ? 1 : 0))
		return "it has, or may have when it is filled in, six digits in a row that are not the OTP";
	return NULL;
}

static const char *
slots_trouble(KycvsSmsKind kind, const char *wording)
{
	static const KycvsSlot slots[SLOTS] = {{.name = "otp"}, {.name = "entity"}, {.name = "purpose"}, {.name = "minutes"}, {.name = "persons"}};
	int			counts[KYCVS_SLOTS_MAX];
	const char *trouble = kycvs_wording_trouble(wording, slots, kind == KYCVS_SMS_OTP ? SLOTS : 0, counts);

	if (trouble != NULL || kind != KYCVS_SMS_OTP)
		return trouble;
	if (counts[SLOT_OTP] != 1)
		return "it must have {otp} once";
	if (counts[SLOT_ENTITY] == 0 || counts[SLOT_MINUTES] == 0)
		return "it must have {entity} and {minutes}, so that a person sees who asks, and how long the OTP is good for";
	return NULL;
}

static const char *
length_trouble(KycvsSmsKind kind, const char *wording)
{
	KycvsSmsLength length;

	measure(kind, wording, KYCVS_SMS_VARIABLE_MAX, &length);
	if (length.parts > KYCVS_SMS_PARTS_MAX)
		return psprintf("it may take %d parts, at most %d are sent", length.parts, KYCVS_SMS_PARTS_MAX);
	return NULL;
}

const char *
kycvs_sms_trouble(KycvsSmsKind kind, const char *wording)
{
	const char *(*const checks[]) (KycvsSmsKind, const char *) = {lines_trouble, slots_trouble, digits_trouble, length_trouble};
	const char *trouble = NULL;
	size_t		i;

	for (i = 0; i < lengthof(checks) && trouble == NULL; i++)
		trouble = checks[i] (kind, wording);
	return trouble;
}
