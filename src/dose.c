/*
 * dose.c
 *	  The rows of doses and of products.
 *
 * A row of a dose has eight columns, no more, so that its nulls cost nothing.
 * Reads are not counted in the statistics: who has doses is nobody's business.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "dose.h"
#include "person.h"
#include "utils/builtins.h"

enum
{
	DOSE_PERSON = 1,
	DOSE_NUMBER,
	DOSE_PRODUCT,
	DOSE_GIVEN_ON,
	DOSE_RECORDED_ON,
	DOSE_BATCH,
	DOSE_REVOKED_AT,
	DOSE_REVOKE_REASON
};
static const char *const dose_columns[] = {
	NULL, "person", "dose_number", "product", "given_on", "recorded_on", "batch", "revoked_at", "revoke_reason"
};
static KycvsTable doses_table = KYCVS_PARTITIONED_TABLE("dose", dose_columns);
static KycvsIndex doses_of_person = {&doses_table, "dose_pkey", 1, BTEqualStrategyNumber, true};
static KycvsIndex dose_by_number = {&doses_table, "dose_pkey", 2, BTEqualStrategyNumber, true};

enum
{
	PRODUCT_ID = 1,
	PRODUCT_CODE,
	PRODUCT_NAME,
	PRODUCT_DOSES_REQUIRED,
	PRODUCT_MINIMUM_INTERVAL_DAYS
};
static const char *const product_columns[] = {
	NULL, "id", "code", "name", "doses_required", "minimum_interval_days", "form", "eu_code", "icd11", "cvx", "shipped"
};
static KycvsTable products = KYCVS_TABLE("product", product_columns);
static KycvsIndex product_by_id = {&products, "product_pkey", 1, BTEqualStrategyNumber, true};
static KycvsIndex product_by_code = {&products, "product_code_key", 1, BTEqualStrategyNumber};

/* ---- products ---- */

static void
read_product(const KycvsRow *row, KycvsProduct *product)
{
	product->id = kycvs_row_int2(row, PRODUCT_ID);
	product->doses_required = kycvs_row_int2(row, PRODUCT_DOSES_REQUIRED);
	product->minimum_interval = kycvs_row_null(row, PRODUCT_MINIMUM_INTERVAL_DAYS) ? 0 :
		kycvs_row_int2(row, PRODUCT_MINIMUM_INTERVAL_DAYS);
}

bool
kycvs_product_by_code(const char *code, KycvsProduct *product)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_text(&keys, code);
	if (!kycvs_row_find(&product_by_code, &keys, &row))
		return false;
	read_product(&row, product);
	return true;
}

static void
find_product_of(KycvsDose *dose)
{
	KycvsProduct product;
	KycvsArgs	keys = {0};
	KycvsRow	row;

	kycvs_bind_int2(&keys, dose->product_id);
	if (!kycvs_row_find(&product_by_id, &keys, &row))
		elog(ERROR, "a dose's product is missing");
	read_product(&row, &product);
	dose->doses_required = product.doses_required;
	dose->interval_days = product.minimum_interval;
	kycvs_row_text(&row, PRODUCT_CODE, dose->product, sizeof(dose->product));
}

/* Most courses are of one product. */
static void
copy_product(KycvsDose *dose, const KycvsDose *other)
{
	dose->doses_required = other->doses_required;
	dose->interval_days = other->interval_days;
	memcpy(dose->product, other->product, sizeof(dose->product));
}

/* ---- doses ---- */

static void
read_dose(const KycvsRow *row, KycvsDose *dose)
{
	dose->dose_number = kycvs_row_int2(row, DOSE_NUMBER);
	dose->product_id = kycvs_row_int2(row, DOSE_PRODUCT);
	dose->given_on = kycvs_row_date(row, DOSE_GIVEN_ON);
	dose->revoked = !kycvs_row_null(row, DOSE_REVOKED_AT);
}

int
kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX])
{
	KycvsArgs	keys = {0};
	KycvsScan	scan;
	KycvsRow	row;
	int			n = 0;
	int			i;

	kycvs_bind_int8(&keys, person);
	kycvs_scan_begin(&scan, &doses_of_person, &keys, ForwardScanDirection);
	while (n < KYCVS_DOSES_MAX && kycvs_scan_next(&scan, &row))
		read_dose(&row, &doses[n++]);
	kycvs_scan_end(&scan);
	for (i = 0; i < n; i++)
	{
		if (i > 0 && doses[i].product_id == doses[i - 1].product_id)
			copy_product(&doses[i], &doses[i - 1]);
		else
			find_product_of(&doses[i]);
	}
	return n;
}

void
kycvs_dose_add(const KycvsDoseRow *dose)
{
	KycvsArgs	columns = {0};

	kycvs_bind_int8(&columns, dose->person);
	kycvs_bind_int2(&columns, dose->number);
	kycvs_bind_int2(&columns, dose->product);
	kycvs_bind_date(&columns, dose->given_on, true);
	kycvs_bind_date(&columns, dose->recorded_on, true);
	kycvs_bind_text(&columns, dose->batch);
	kycvs_bind_null(&columns, TIMESTAMPTZOID);	/* revoked_at */
	kycvs_bind_null(&columns, TEXTOID); /* revoke_reason */
	kycvs_row_add(&doses_table, &columns);
}

static bool
find_dose(int64 person, int number, KycvsRow *row)
{
	KycvsArgs	keys = {0};

	kycvs_bind_int8(&keys, person);
	kycvs_bind_int2(&keys, number);
	return person >= 0 && person < KYCVS_PERSON_NUMBERS && number > 0 && number <= PG_INT16_MAX &&
		kycvs_row_find(&dose_by_number, &keys, row);
}

void
kycvs_dose_copy(int64 from, int number, int64 to, int to_number)
{
	char		batch[KYCVS_TEXT_MAX + 1];
	KycvsDoseRow dose = {to, to_number};
	KycvsRow	row;

	if (!find_dose(from, number, &row))
		elog(ERROR, "a dose is missing");
	kycvs_row_text(&row, DOSE_BATCH, batch, sizeof(batch));
	dose.product = kycvs_row_int2(&row, DOSE_PRODUCT);
	dose.given_on = kycvs_row_date(&row, DOSE_GIVEN_ON);
	dose.recorded_on = kycvs_row_date(&row, DOSE_RECORDED_ON);
	dose.batch = batch;
	kycvs_dose_add(&dose);
}

bool
kycvs_dose_revoke(int64 person, int number, const char *reason, TimestampTz now, bool *already)
{
	KycvsRow	row;

	if (!find_dose(person, number, &row))
		return false;
	*already = !kycvs_row_null(&row, DOSE_REVOKED_AT);
	if (*already)
		return true;
	kycvs_row_set(&row, DOSE_REVOKED_AT, TimestampTzGetDatum(now));
	kycvs_row_set(&row, DOSE_REVOKE_REASON, CStringGetTextDatum(reason));
	kycvs_row_save(&row);
	return true;
}
