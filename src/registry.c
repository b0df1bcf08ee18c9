/*
 * registry.c
 *	  Entities and purposes: the registry's lasting records.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "miscadmin.h"
#include "registry.h"
#include "statement.h"
#include "table.h"

/* ---- tables ---- */

enum
{
	ENTITY_ID = 1,
	ENTITY_CODE,
	ENTITY_NAME,
	ENTITY_ROLE,
	ENTITY_SUSPENDED,
	ENTITY_FAILURES_PER_HOUR,
	ENTITY_RULES
};
static const char *const entity_columns[] = {
	NULL, "id", "code", "name", "role", "suspended", "failures_per_hour", "rules", "created_at"
};
static KycvsTable entities = KYCVS_KEPT_TABLE("entity", entity_columns);
static KycvsIndex entity_by_id = {&entities, "entity_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex entity_by_code = {&entities, "entity_code_key", 1, BTEqualStrategyNumber};
static KycvsIndex entity_by_role = {&entities, "entity_role_key", 1, BTEqualStrategyNumber};

enum
{
	PURPOSE_ID = 1,
	PURPOSE_CODE,
	PURPOSE_VALIDITY,
	PURPOSE_USES
};
static const char *const purpose_columns[] = {NULL, "id", "code", "validity", "uses", "created_at"};
static KycvsTable purposes = KYCVS_KEPT_TABLE("purpose", purpose_columns);
static KycvsIndex purpose_by_id = {&purposes, "purpose_pkey", 1, BTEqualStrategyNumber};
static KycvsIndex purpose_by_code = {&purposes, "purpose_code_key", 1, BTEqualStrategyNumber};

static const char *const entity_purpose_columns[] = {NULL, "entity", "purpose"};
static KycvsTable entity_purposes = KYCVS_KEPT_TABLE("entity_purpose", entity_purpose_columns);
static KycvsIndex entity_purpose_by_both = {&entity_purposes, "entity_purpose_pkey", 2, BTEqualStrategyNumber};

/* ---- statements ---- */

static KycvsStatement find_member_entities = {
	"WITH RECURSIVE granted (role) AS ("
	"  SELECT m.roleid FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
	"   WHERE m.member = $1 AND NOT r.rolsuper"
	"  UNION SELECT m.roleid FROM pg_auth_members m JOIN granted ON m.member = granted.role)"
	" SELECT e.id FROM granted JOIN pg_roles r ON r.oid = granted.role"
	"   JOIN kycvs_data.entity e ON e.role = r.rolname::text LIMIT 2"
};
static KycvsStatement find_entity_by_api_key = {
	"SELECT k.entity FROM kycvs_data.api_key k WHERE k.digest = kycvs_data.api_key_digest($1) AND k.revoked_at IS NULL"
};
static KycvsStatement find_entity_by_page = {
	"SELECT e.id FROM kycvs_data.page p JOIN kycvs_data.entity e ON e.id = p.entity WHERE e.code = $1 AND p.origins <> '{}'"
};
static KycvsStatement find_usual_purpose = {
	"SELECT coalesce(p.default_purpose, o.purpose) FROM (SELECT min(purpose) AS purpose FROM kycvs_data.entity_purpose"
	"   WHERE entity = $1 HAVING count(*) = 1) AS o FULL JOIN (SELECT default_purpose FROM kycvs_data.page WHERE entity = $1 AND default_purpose IS NOT NULL) AS p ON true"
};
static KycvsStatement find_problems = {
	"SELECT e.code, e.role, r.oid IS NULL, coalesce(r.rolsuper, false)"
	"  FROM kycvs_data.entity e LEFT JOIN pg_roles r ON r.rolname::text = e.role"
	" WHERE r.oid IS NULL OR r.rolsuper OR NOT pg_has_role(r.oid, 'kycvs_entity', 'MEMBER')"
	" ORDER BY e.code LIMIT 50"
};

/* ---- entities ---- */

static bool
find_entity(KycvsIndex *index, const KycvsArgs *keys, KycvsEntity *entity)
{
	KycvsRow	row;

	if (!kycvs_row_find(index, keys, &row))
		return false;
	entity->id = kycvs_row_int4(&row, ENTITY_ID);
	kycvs_row_text(&row, ENTITY_CODE, entity->code, sizeof(entity->code));
	kycvs_row_text(&row, ENTITY_NAME, entity->name, sizeof(entity->name));
	entity->suspended = kycvs_row_bool(&row, ENTITY_SUSPENDED);
	entity->failures_per_hour = kycvs_row_int4(&row, ENTITY_FAILURES_PER_HOUR);
	kycvs_row_text(&row, ENTITY_RULES, entity->rules, sizeof(entity->rules));
	return true;
}

bool
kycvs_entity_by_id(int32 id, KycvsEntity *entity)
{
	KycvsArgs	keys = {0};

	kycvs_bind_int4(&keys, id);
	return find_entity(&entity_by_id, &keys, entity);
}

bool
kycvs_entity_by_code(const char *code, KycvsEntity *entity)
{
	KycvsArgs	keys = {0};

	kycvs_bind_text(&keys, code);
	return find_entity(&entity_by_code, &keys, entity);
}

static bool
find_entity_of_role(Oid role, KycvsEntity *entity)
{
	KycvsArgs	keys = {0};
	const char *name = GetUserNameFromId(role, true);

	if (name == NULL)
		return false;
	kycvs_bind_text(&keys, name);
	return find_entity(&entity_by_role, &keys, entity);
}

/*
 * How many entities (0, 1, 2 = several) a role can act for; the first is read.
 * A role that is an entity's own acts for that one, whatever it is a member of;
 * superusers are members of none.
 */
int
kycvs_entities_of_role(Oid role, KycvsEntity *entity)
{
	KycvsArgs	args = {0};
	uint64		found;

	if (find_entity_of_role(role, entity))
		return 1;
	kycvs_bind_datum(&args, OIDOID, ObjectIdGetDatum(role));
	found = kycvs_run(&find_member_entities, &args);
	if (found > 0 && !kycvs_entity_by_id(kycvs_column_int4(0, 1), entity))
		return 0;
	return (int) found;
}

bool
kycvs_entity_by_api_key(const char *api_key, KycvsEntity *entity)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, api_key);
	return kycvs_run(&find_entity_by_api_key, &args) > 0 &&
		kycvs_entity_by_id(kycvs_column_int4(0, 1), entity);
}

/* Whose page is open. */
bool
kycvs_entity_by_page(const char *code, KycvsEntity *entity)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, code);
	return kycvs_run(&find_entity_by_page, &args) > 0 &&
		kycvs_entity_by_id(kycvs_column_int4(0, 1), entity);
}

void
kycvs_entity_problems(StringInfo out)
{
	KycvsArgs	none = {0};
	uint64		found = kycvs_run(&find_problems, &none);
	uint64		row;

	for (row = 0; row < found; row++)
	{
		char		code[KYCVS_CODE_MAX + 1];
		char		role[NAMEDATALEN];

		kycvs_column_text(row, 1, code, sizeof(code));
		kycvs_column_text(row, 2, role, sizeof(role));
		appendStringInfo(out, "entity %s\tits role \"%s\" %s\n", code, role,
						 kycvs_column_bool(row, 3) ? "does not exist: CREATE ROLE, and GRANT kycvs_entity to it" :
						 kycvs_column_bool(row, 4) ? "is a superuser: ALTER ROLE ... NOSUPERUSER" :
						 "is not a member of kycvs_entity: GRANT it");
	}
}

/* ---- purposes ---- */

static bool
find_purpose(KycvsIndex *index, const KycvsArgs *keys, KycvsPurpose *purpose)
{
	KycvsRow	row;
	Interval   *validity;

	if (!kycvs_row_find(index, keys, &row))
		return false;
	validity = DatumGetIntervalP(kycvs_row_datum(&row, PURPOSE_VALIDITY));
	purpose->id = kycvs_row_int4(&row, PURPOSE_ID);
	kycvs_row_text(&row, PURPOSE_CODE, purpose->code, sizeof(purpose->code));
	purpose->validity = validity->time + (validity->day + (int64) validity->month * DAYS_PER_MONTH) * USECS_PER_DAY;
	purpose->uses = kycvs_row_int4(&row, PURPOSE_USES);
	return true;
}

bool
kycvs_purpose_by_code(const char *code, KycvsPurpose *purpose)
{
	KycvsArgs	keys = {0};

	kycvs_bind_text(&keys, code);
	return find_purpose(&purpose_by_code, &keys, purpose);
}

bool
kycvs_purpose_by_id(int32 id, KycvsPurpose *purpose)
{
	KycvsArgs	keys = {0};

	kycvs_bind_int4(&keys, id);
	return find_purpose(&purpose_by_id, &keys, purpose);
}

bool
kycvs_purpose_allowed(int32 entity, const char *code, KycvsPurpose *purpose)
{
	KycvsArgs	keys = {0};
	KycvsRow	row;

	if (!kycvs_purpose_by_code(code, purpose))
		return false;
	kycvs_bind_int4(&keys, entity);
	kycvs_bind_int4(&keys, purpose->id);
	return kycvs_row_find(&entity_purpose_by_both, &keys, &row);
}

/* The one that is set, or else the only one that it has. */
bool
kycvs_purpose_usual(int32 entity, KycvsPurpose *purpose)
{
	KycvsArgs	args = {0};

	kycvs_bind_int4(&args, entity);
	return kycvs_run(&find_usual_purpose, &args) > 0 &&
		kycvs_purpose_by_id(kycvs_column_int4(0, 1), purpose);
}
