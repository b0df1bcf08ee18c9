/*
 * test_dosepack.c
 *	  Doses packed and read again, at the edges, and bytes that are none.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "dosepack.h"
#include "tap.h"

#define A_DAY	7850			/* 2021-06-29 */

typedef struct PackCase
{
	KycvsDoseRecord dose;
	size_t		length;			/* 0: cannot be packed */
	const char *what;
} PackCase;

static const PackCase cases[] = {
	{{1, A_DAY, A_DAY + 1, false, "37G21001A", 9}, 17, "a dose"},
	{{1, A_DAY, A_DAY + 1, true, "37G21001A", 9}, 17, "a revoked dose"},
	{{1, A_DAY, A_DAY, false, "", 0}, 8, "without a batch"},
	{{0, KYCVS_FIRST_DOSE_DAY, KYCVS_FIRST_DOSE_DAY, false, "", 0}, 8, "the least of everything"},
	{{PG_INT16_MAX, KYCVS_LAST_DOSE_DAY, KYCVS_LAST_DOSE_DAY, true, "x", 1}, 9, "the most of everything"},
	{{-1, A_DAY, A_DAY, false, "", 0}, 0, "a negative product"},
	{{PG_INT16_MAX + 1, A_DAY, A_DAY, false, "", 0}, 0, "a product too high"},
	{{1, KYCVS_FIRST_DOSE_DAY - 1, A_DAY, false, "", 0}, 0, "given before 2020"},
	{{1, KYCVS_LAST_DOSE_DAY + 1, A_DAY, false, "", 0}, 0, "given too late"},
	{{1, A_DAY, KYCVS_FIRST_DOSE_DAY - 1, false, "", 0}, 0, "recorded before 2020"},
	{{1, DATEVAL_NOEND, A_DAY, false, "", 0}, 0, "given never"},
	{{1, DATEVAL_NOBEGIN, A_DAY, false, "", 0}, 0, "given before all time"},
};

static bool
same_dose(const KycvsDoseRecord *one, const KycvsDoseRecord *other)
{
	return one->product == other->product && one->given_on == other->given_on &&
		one->recorded_on == other->recorded_on && one->revoked == other->revoked &&
		one->batch_length == other->batch_length && memcmp(one->batch, other->batch, one->batch_length) == 0;
}

static void
test_cases(void)
{
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		uint8		packed[KYCVS_PACKED_DOSE_MAX];
		KycvsDoseRecord dose;
		size_t		length = kycvs_dose_pack(&cases[i].dose, packed);

		tap_ok(length == cases[i].length, "%s takes %zu bytes", cases[i].what, cases[i].length);
		if (length > 0)
			tap_ok(kycvs_dose_unpack(packed, length, &dose) == length && same_dose(&dose, &cases[i].dose),
			   "%s is read as it was written", cases[i].what);
	}
}

/* A batch of every length; every beginning of a dose; the bytes that follow it. */
static void
test_lengths(void)
{
	char		batch[PG_UINT8_MAX + 1];
	int			wrong = 0;
	size_t		length;
	size_t		cut;

	memset(batch, 'B', sizeof(batch));
	for (length = 0; length <= PG_UINT8_MAX; length++)
	{
		KycvsDoseRecord dose = {7, A_DAY, A_DAY, false, batch, length};
		KycvsDoseRecord read;
		uint8		packed[2 * KYCVS_PACKED_DOSE_MAX];
		size_t		n = kycvs_dose_pack(&dose, packed);

		wrong += n != 8 + length || kycvs_dose_unpack(packed, sizeof(packed), &read) != n || !same_dose(&dose, &read);
		for (cut = 0; cut < n; cut++)
			wrong += kycvs_dose_unpack(packed, cut, &read) != 0;
	}
	tap_ok(wrong == 0, "batches of every length, and none that is cut short");
	tap_ok(kycvs_dose_pack(&(KycvsDoseRecord) {7, A_DAY, A_DAY, false, batch, sizeof(batch)}, (uint8[KYCVS_PACKED_DOSE_MAX]) {0}) == 0,
	   "a batch too long");
	tap_ok(kycvs_dose_unpack((const uint8 *) "\0\1\0\1\0\1\2\0", 8, &(KycvsDoseRecord) {0}) == 0, "neither revoked nor not");
}

void
test_dosepack(void)
{
	test_cases();
	test_lengths();
}
