/*
 * dose.c
 *	  The doses of persons, and the rows of products.
 *
 * Doses are kept in the person's row, packed (dosepack.h): a row and an index
 * entry for each would take three times the space.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "dose.h"
#include "person.h"

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
/* Not a kept table: whether a product had to be read again would show, by its lock, what somebody was given. */
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
raise_unreadable(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("could not read a person's doses")));
}

/* Where a person's dose of that number lies among the packed ones, with its length; NULL: there is none. */
static uint8 *
find_dose(bytea *packed, int number, size_t *dose_length)
{
	uint8	   *start = (uint8 *) VARDATA_ANY(packed);
	size_t		length = VARSIZE_ANY_EXHDR(packed);
	size_t		at = 0;
	int			i;

	for (i = 1; at < length; i++)
	{
		KycvsDoseRecord record;

		*dose_length = kycvs_dose_unpack(start + at, length - at, &record);
		if (*dose_length == 0)
			raise_unreadable();
		if (i == number)
			return start + at;
		at += *dose_length;
	}
	return NULL;
}

static bytea *
append_packed(const bytea *packed, const uint8 *dose, size_t dose_length)
{
	size_t		length = VARSIZE_ANY_EXHDR(packed);
	bytea	   *longer = palloc(VARHDRSZ + length + dose_length);

	SET_VARSIZE(longer, VARHDRSZ + length + dose_length);
	memcpy(VARDATA(longer), VARDATA_ANY(packed), length);
	memcpy(VARDATA(longer) + length, dose, dose_length);
	return longer;
}

bytea *
kycvs_doses_none(void)
{
	bytea	   *none = palloc(VARHDRSZ);

	SET_VARSIZE(none, VARHDRSZ);
	return none;
}

bytea *
kycvs_doses_append(const bytea *packed, const KycvsDoseRecord *dose)
{
	uint8		data[KYCVS_PACKED_DOSE_MAX];
	size_t		length = kycvs_dose_pack(dose, data);

	if (length == 0)
		elog(ERROR, "could not pack a dose");
	return append_packed(packed, data, length);
}

int
kycvs_doses_read(const bytea *packed, KycvsDose doses[KYCVS_DOSES_MAX])
{
	const uint8 *next = (const uint8 *) VARDATA_ANY(packed);
	size_t		left = VARSIZE_ANY_EXHDR(packed);
	int			n = 0;

	while (left > 0)
	{
		KycvsDoseRecord record;
		size_t		length = kycvs_dose_unpack(next, left, &record);

		if (length == 0 || n == KYCVS_DOSES_MAX)
			raise_unreadable();
		memset(&doses[n], 0, sizeof(doses[n]));
		doses[n].product_id = record.product;
		doses[n].given_on = record.given_on;
		doses[n].revoked = record.revoked;
		doses[n].dose_number = n + 1;
		n++;
		next += length;
		left -= length;
	}
	return n;
}

int
kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX])
{
	KycvsRow	row;
	int			n = 0;
	int			i;

	if (kycvs_person_row(person, &row))
		n = kycvs_doses_read(kycvs_person_doses(&row), doses);
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
kycvs_dose_add(int64 person, const KycvsDoseRecord *dose)
{
	KycvsRow	row;

	kycvs_person_must_row(person, &row);
	kycvs_person_save_doses(&row, kycvs_doses_append(kycvs_person_doses(&row), dose));
}

void
kycvs_dose_copy(int64 from, int number, int64 to)
{
	KycvsRow	from_row;
	KycvsRow	to_row;
	size_t		length;
	uint8	   *dose;

	kycvs_person_must_row(from, &from_row);
	kycvs_person_must_row(to, &to_row);
	dose = find_dose(kycvs_person_doses(&from_row), number, &length);
	if (dose == NULL)
		elog(ERROR, "a dose is missing");
	kycvs_person_save_doses(&to_row, append_packed(kycvs_person_doses(&to_row), dose, length));
}

bool
kycvs_dose_revoke(int64 person, int number, bool *already)
{
	KycvsRow	row;
	KycvsDoseRecord record;
	bytea	   *packed;
	uint8	   *dose;
	size_t		length;

	if (!kycvs_person_row(person, &row))
		return false;
	packed = DatumGetByteaPCopy(PointerGetDatum(kycvs_person_doses(&row)));
	dose = find_dose(packed, number, &length);
	if (dose == NULL)
		return false;
	kycvs_dose_unpack(dose, length, &record);
	*already = record.revoked;
	if (*already)
		return true;
	kycvs_dose_set_revoked(dose);
	kycvs_person_save_doses(&row, packed);
	return true;
}
