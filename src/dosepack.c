/*
 * dosepack.c
 *	  The doses of a person as one string of bytes, kept in the person's row.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "dosepack.h"

#define REVOKED			6
#define BATCH_LENGTH	7
#define HEAD_LENGTH		8

static bool
is_packable_day(DateADT day)
{
	return day >= KYCVS_FIRST_DOSE_DAY && day <= KYCVS_LAST_DOSE_DAY;
}

static void
put_number(uint8 *packed, int number)
{
	packed[0] = (uint8) (number >> 8);
	packed[1] = (uint8) number;
}

static int
get_number(const uint8 *packed)
{
	return packed[0] << 8 | packed[1];
}

size_t
kycvs_dose_pack(const KycvsDoseRecord *dose, uint8 packed[KYCVS_PACKED_DOSE_MAX])
{
	if (dose->product < 0 || dose->product > PG_INT16_MAX || dose->batch_length > PG_UINT8_MAX ||
		!is_packable_day(dose->given_on) || !is_packable_day(dose->recorded_on))
		return 0;
	put_number(packed, dose->product);
	put_number(packed + 2, dose->given_on - KYCVS_FIRST_DOSE_DAY);
	put_number(packed + 4, dose->recorded_on - KYCVS_FIRST_DOSE_DAY);
	packed[REVOKED] = dose->revoked;
	packed[BATCH_LENGTH] = (uint8) dose->batch_length;
	memcpy(packed + HEAD_LENGTH, dose->batch, dose->batch_length);
	return HEAD_LENGTH + dose->batch_length;
}

size_t
kycvs_dose_unpack(const uint8 *packed, size_t length, KycvsDoseRecord *dose)
{
	if (length < HEAD_LENGTH || length < HEAD_LENGTH + (size_t) packed[BATCH_LENGTH] || packed[REVOKED] > 1)
		return 0;
	dose->product = get_number(packed);
	dose->given_on = KYCVS_FIRST_DOSE_DAY + get_number(packed + 2);
	dose->recorded_on = KYCVS_FIRST_DOSE_DAY + get_number(packed + 4);
	dose->revoked = packed[REVOKED] == 1;
	dose->batch = (const char *) packed + HEAD_LENGTH;
	dose->batch_length = packed[BATCH_LENGTH];
	return HEAD_LENGTH + dose->batch_length;
}

void
kycvs_dose_set_revoked(uint8 *packed)
{
	packed[REVOKED] = 1;
}
