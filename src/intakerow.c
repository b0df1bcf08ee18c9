/*
 * intakerow.c
 *	  One row of kycvs.intake: read, checked, rejected.
 *
 * All its columns are texts, so that a value that is wrong costs one row and not
 * the whole COPY.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "call.h"
#include "clock.h"
#include "dose.h"
#include "intakerow.h"
#include "statement.h"
#include "trim.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#define FIRST_BIRTH_YEAR 1900
#define PRODUCTS_KNOWN	64

static KycvsStatement add_rejected = {
	"INSERT INTO kycvs_data.intake_rejected (reference, reason, rejected_at) VALUES ($1, $2, $3)"
	" ON CONFLICT (reference, reason) DO UPDATE SET rejected_at = excluded.rejected_at"
};

/* Products that were looked up in one step. */
typedef struct Catalogue
{
	int			n;
	struct
	{
		char		code[KYCVS_CODE_MAX + 1];
		int			id;			/* 0: unknown */
	}			known[PRODUCTS_KNOWN];
} Catalogue;

/* ---- reading ---- */

static char *
read_text(uint64 row, int column)
{
	return kycvs_column_null(row, column) ? pstrdup("") : TextDatumGetCString(kycvs_column_datum(row, column));
}

static char *
read_trimmed(uint64 row, int column)
{
	char	   *text = read_text(row, column);

	kycvs_trim(text);
	return text;
}

void
kycvs_intake_read(KycvsIntakeRow *row, uint64 number)
{
	row->reference = read_trimmed(number, 1);
	row->mobile = read_trimmed(number, 2);
	row->name = read_trimmed(number, 3);
	row->year = read_trimmed(number, 4);
	row->code = read_trimmed(number, 5);
	row->day = read_trimmed(number, 6);
	row->batch = read_trimmed(number, 7);
	row->loaded_by = read_text(number, 8);
}

/* ---- checking ---- */

static bool
fits(const char *text, size_t most)
{
	return strnlen(text, most + 1) <= most && (text[0] == '\0' || kycvs_text_usable(text));
}

/* Exactly so many digits, as a number; or -1. */
static int
read_digits(const char *text, int digits)
{
	int			number = 0;
	int			i;

	for (i = 0; i < digits; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + text[i] - '0';
	}
	return number;
}

/* YYYY-MM-DD, a day of the calendar. */
static bool
read_day(const char *text, DateADT *day)
{
	int			year;
	int			month;
	int			dom;
	int			julian;
	int			y,
				m,
				d;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
		(year = read_digits(text, 4)) < 1 || (month = read_digits(text + 5, 2)) < 1 || month > MONTHS_PER_YEAR ||
		(dom = read_digits(text + 8, 2)) < 1)
		return false;
	julian = date2j(year, month, dom);
	j2date(julian, &y, &m, &d);
	*day = julian - POSTGRES_EPOCH_JDATE;
	return y == year && m == month && d == dom;
}

static bool
read_year(const char *text, TimestampTz now, int *year)
{
	*year = 0;
	if (text[0] == '\0')
		return true;
	*year = strlen(text) == 4 ? read_digits(text, 4) : -1;
	return *year >= FIRST_BIRTH_YEAR && *year <= kycvs_clock_year(kycvs_clock_day(now));
}

static int
find_product(Catalogue *catalogue, const char *code)
{
	KycvsProduct product;
	int			i;

	for (i = 0; i < catalogue->n; i++)
		if (strcmp(catalogue->known[i].code, code) == 0)
			return catalogue->known[i].id;
	if (strlen(code) > KYCVS_CODE_MAX || !kycvs_product_by_code(code, &product))
		return 0;
	if (catalogue->n < PRODUCTS_KNOWN)
	{
		strlcpy(catalogue->known[catalogue->n].code, code, sizeof(catalogue->known[0].code));
		catalogue->known[catalogue->n++].id = product.id;
	}
	return product.id;
}

static const char *
check_person(KycvsIntakeRow *row, TimestampTz now)
{
	char		folded[KYCVS_FOLDED_MAX + 1];
	bool		named = kycvs_name_fold(row->name, folded) == 0;

	explicit_bzero(folded, sizeof(folded));
	if (row->reference[0] == '\0')
		return "reference is missing";
	if (!fits(row->reference, KYCVS_TEXT_MAX))
		return "reference is not valid";
	if (!kycvs_accept_mobile(row->mobile, row->e164, row->index))
		return "mobile number is not valid";
	if (!named)
		return "name is not valid";
	if (!read_year(row->year, now, &row->birth_year))
		return "birth year is not between 1900 and this year";
	return NULL;
}

static const char *
check_dose(KycvsIntakeRow *row, DateADT today, Catalogue *catalogue)
{
	row->has_dose = row->code[0] != '\0' || row->day[0] != '\0';
	if (!row->has_dose)
		return row->batch[0] == '\0' ? NULL : "batch without product and day";
	if ((row->product = find_product(catalogue, row->code)) == 0)
		return "product is unknown";
	if (!read_day(row->day, &row->given_on))
		return "day is not a date of the form YYYY-MM-DD";
	if (row->given_on > today)
		return "dose is in the future";
	if (row->given_on < KYCVS_FIRST_DOSE_DAY)
		return "dose is before 2020, when there was no product to give";
	if (kycvs_clock_year(row->given_on) < row->birth_year)
		return "dose is before the year of birth";
	return fits(row->batch, KYCVS_TEXT_MAX) ? NULL : "batch is not valid";
}

void
kycvs_intake_check(KycvsIntakeRow *rows, int n, TimestampTz now)
{
	Catalogue  *catalogue = palloc0(sizeof(Catalogue));
	DateADT		today = kycvs_clock_day(now);
	int			i;

	for (i = 0; i < n; i++)
	{
		rows[i].reason = check_person(&rows[i], now);
		if (rows[i].reason == NULL)
			rows[i].reason = check_dose(&rows[i], today, catalogue);
	}
}

/* ---- sorting ---- */

static int
compare_rows(const void *a, const void *b)
{
	const KycvsIntakeRow *one = a;
	const KycvsIntakeRow *other = b;
	int			order = memcmp(one->index, other->index, KYCVS_INDEX_LENGTH);

	if (order == 0)
		order = strcmp(one->reference, other->reference);
	if (order == 0)
		order = (one->given_on > other->given_on) - (one->given_on < other->given_on);
	return order;
}

void
kycvs_intake_sort(KycvsIntakeRow *rows, int n)
{
	qsort(rows, n, sizeof(KycvsIntakeRow), compare_rows);
}

/* ---- rejecting ---- */

/*
 * A reference is all that is kept of a rejected row, so what is none is replaced:
 * where a file has its columns in another order, it is a number or a name.
 */
static const char *
show_reference(const KycvsIntakeRow *row)
{
	char		e164[KYCVS_E164_MAX + 1];
	uint8		index[KYCVS_INDEX_LENGTH];
	bool		is_mobile;

	if (row->reference[0] == '\0' || !fits(row->reference, KYCVS_TEXT_MAX))
		return "(none)";
	is_mobile = kycvs_accept_mobile(row->reference, e164, index);
	explicit_bzero(e164, sizeof(e164));
	if (is_mobile)
		return "(a mobile number)";
	return strpbrk(row->reference, "0123456789") == NULL ? "(no digit)" : row->reference;
}

void
kycvs_intake_reject(const KycvsIntakeRow *rows, int n, TimestampTz now)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		KycvsArgs	args = {0};

		if (rows[i].reason == NULL)
			continue;
		kycvs_bind_text(&args, show_reference(&rows[i]));
		kycvs_bind_text(&args, rows[i].reason);
		kycvs_bind_time(&args, now);
		kycvs_run(&add_rejected, &args);
	}
}
