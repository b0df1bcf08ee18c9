/*
 * registry.c
 *	  Entities, purposes, persons and doses: the registry's lasting records.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include "postgres.h"

#include "miscadmin.h"
#include "registry.h"
#include "statement.h"

#define ENTITY_COLUMNS "e.id, e.code, e.name, e.suspended, e.failures_per_hour"

static KycvsStatement find_own_entity = {
	"SELECT " ENTITY_COLUMNS " FROM kycvs_data.entity e WHERE e.role = $1"
};
static KycvsStatement find_member_entities = {
	"WITH RECURSIVE granted (role) AS ("
	"  SELECT m.roleid FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
	"   WHERE m.member = $1 AND NOT r.rolsuper"
	"  UNION SELECT m.roleid FROM pg_auth_members m JOIN granted ON m.member = granted.role)"
	" SELECT " ENTITY_COLUMNS " FROM granted JOIN pg_roles r ON r.oid = granted.role"
	"   JOIN kycvs_data.entity e ON e.role = r.rolname::text LIMIT 2"
};
static KycvsStatement find_entity_by_api_key = {
	"SELECT " ENTITY_COLUMNS " FROM kycvs_data.entity e JOIN kycvs_data.api_key k ON k.entity = e.id"
	" WHERE k.digest = kycvs_data.api_key_digest($1) AND k.revoked_at IS NULL"
};
static KycvsStatement find_entity_by_code = {
	"SELECT " ENTITY_COLUMNS " FROM kycvs_data.entity e WHERE e.code = $1"
};
static KycvsStatement find_problems = {
	"SELECT e.code, e.role, r.oid IS NULL, coalesce(r.rolsuper, false)"
	"  FROM kycvs_data.entity e LEFT JOIN pg_roles r ON r.rolname::text = e.role"
	" WHERE r.oid IS NULL OR r.rolsuper OR NOT pg_has_role(r.oid, 'kycvs_entity', 'MEMBER')"
	" ORDER BY e.code LIMIT 50"
};

#define PURPOSE_COLUMNS "id, code, (extract(epoch FROM validity) * 1000000)::int8, uses"

static KycvsStatement find_purpose_by_code = {
	"SELECT " PURPOSE_COLUMNS " FROM kycvs_data.purpose WHERE code = $1"
};
static KycvsStatement find_purpose_by_id = {
	"SELECT " PURPOSE_COLUMNS " FROM kycvs_data.purpose WHERE id = $1"
};
static KycvsStatement find_allowed_purpose = {
	"SELECT p.id, p.code, (extract(epoch FROM p.validity) * 1000000)::int8, p.uses, n.notice"
	" FROM kycvs_data.purpose p JOIN kycvs_data.entity_purpose a ON a.purpose = p.id AND a.entity = $1"
	" LEFT JOIN kycvs_data.notice n ON n.purpose = p.id AND n.language = $3"
	" WHERE p.code = $2"
};
static KycvsStatement find_notice = {
	"SELECT notice FROM kycvs_data.notice WHERE purpose = $1 AND language = $2"
};
static KycvsStatement find_candidates = {
	/* OFFSET 0 keeps the planner from walking all persons in the order of their ids, which it does without statistics */
	"SELECT * FROM (SELECT id, name_sealed, reference_sealed FROM kycvs_data.person WHERE mobile_index = $1 OFFSET 0) AS p"
	" ORDER BY id LIMIT 6"
};
static KycvsStatement insert_person = {
	"INSERT INTO kycvs_data.person (mobile_index, mobile_sealed, name_sealed, reference_sealed, birth_year, created_at)"
	" VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"
};
static KycvsStatement find_person = {
	"SELECT 1 FROM kycvs_data.person WHERE id = $1"
};
static KycvsStatement find_doses = {
	"SELECT d.given_on, p.doses_required::int4, d.revoked_at IS NOT NULL"
	" FROM kycvs_data.dose d JOIN kycvs_data.product p ON p.code = d.product"
	" WHERE d.person = $1 ORDER BY d.given_on, d.dose_number LIMIT 64"
};

StaticAssertDecl(KYCVS_PERSONS_PER_MOBILE == 6 && KYCVS_DOSES_MAX == 64, "the statements above say so");

static bool
read_entity(uint64 found, KycvsEntity *entity)
{
	if (found == 0)
		return false;
	entity->id = kycvs_column_int4(0, 1);
	kycvs_column_text(0, 2, entity->code, sizeof(entity->code));
	kycvs_column_text(0, 3, entity->name, sizeof(entity->name));
	entity->suspended = kycvs_column_bool(0, 4);
	entity->failures_per_hour = kycvs_column_int4(0, 5);
	return true;
}

/*
 * How many entities (0, 1, 2 = several) a role can act for; the first is read.
 * A role that is an entity's own acts for that one, whatever it is a member of;
 * superusers are members of none.
 */
int
kycvs_entities_of_role(Oid role, KycvsEntity *entity)
{
	KycvsArgs	by_name = {0};
	KycvsArgs	by_role = {0};
	uint64		found;

	kycvs_bind_text(&by_name, GetUserNameFromId(role, true));
	kycvs_bind_datum(&by_role, OIDOID, ObjectIdGetDatum(role));
	found = kycvs_run(&find_own_entity, &by_name);
	if (found == 0)
		found = kycvs_run(&find_member_entities, &by_role);
	read_entity(found, entity);
	return (int) found;
}

bool
kycvs_entity_by_api_key(const char *api_key, KycvsEntity *entity)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, api_key);
	return read_entity(kycvs_run(&find_entity_by_api_key, &args), entity);
}

bool
kycvs_entity_by_code(const char *code, KycvsEntity *entity)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, code);
	return read_entity(kycvs_run(&find_entity_by_code, &args), entity);
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

static bool
read_purpose(uint64 found, KycvsPurpose *purpose)
{
	if (found == 0)
		return false;
	purpose->id = kycvs_column_int4(0, 1);
	kycvs_column_text(0, 2, purpose->code, sizeof(purpose->code));
	purpose->validity = kycvs_column_int8(0, 3);
	purpose->uses = kycvs_column_int4(0, 4);
	return true;
}

bool
kycvs_purpose_by_code(const char *code, KycvsPurpose *purpose)
{
	KycvsArgs	args = {0};

	kycvs_bind_text(&args, code);
	return read_purpose(kycvs_run(&find_purpose_by_code, &args), purpose);
}

bool
kycvs_purpose_by_id(int32 id, KycvsPurpose *purpose)
{
	KycvsArgs	args = {0};

	kycvs_bind_int4(&args, id);
	return read_purpose(kycvs_run(&find_purpose_by_id, &args), purpose);
}

/* The notice is empty when there is none in this language. */
bool
kycvs_purpose_allowed(int32 entity, const char *code, const char *language,
					  KycvsPurpose *purpose, char notice[KYCVS_NOTICE_MAX + 1])
{
	KycvsArgs	args = {0};

	kycvs_bind_int4(&args, entity);
	kycvs_bind_text(&args, code);
	kycvs_bind_text(&args, language);
	if (!read_purpose(kycvs_run(&find_allowed_purpose, &args), purpose))
		return false;
	notice[0] = '\0';
	if (!kycvs_column_null(0, 5))
		kycvs_column_text(0, 5, notice, KYCVS_NOTICE_MAX + 1);
	return true;
}

bool
kycvs_notice(int32 purpose, const char *language, char notice[KYCVS_NOTICE_MAX + 1])
{
	KycvsArgs	args = {0};

	kycvs_bind_int4(&args, purpose);
	kycvs_bind_text(&args, language);
	if (kycvs_run(&find_notice, &args) == 0)
		return false;
	kycvs_column_text(0, 1, notice, KYCVS_NOTICE_MAX + 1);
	return true;
}

int
kycvs_candidates(const uint8 index[KYCVS_INDEX_LENGTH], KycvsCandidate candidates[KYCVS_PERSONS_PER_MOBILE])
{
	KycvsArgs	args = {0};
	int			found;
	int			i;

	kycvs_bind_bytes(&args, index, KYCVS_INDEX_LENGTH);
	found = (int) kycvs_run_uncounted(&find_candidates, &args);
	for (i = 0; i < found; i++)
	{
		candidates[i].person = kycvs_column_int8(i, 1);
		kycvs_column_bytes(i, 2, candidates[i].name_sealed, KYCVS_SEALED_NAME);
		kycvs_column_bytes(i, 3, candidates[i].reference_sealed, KYCVS_SEALED_REFERENCE);
	}
	return found;
}

int64
kycvs_person_insert(const uint8 index[KYCVS_INDEX_LENGTH], const uint8 *mobile_sealed,
					const KycvsCandidate *person, int birth_year, TimestampTz now)
{
	KycvsArgs	args = {0};

	kycvs_bind_bytes(&args, index, KYCVS_INDEX_LENGTH);
	kycvs_bind_bytes(&args, mobile_sealed, KYCVS_SEALED_MOBILE);
	kycvs_bind_bytes(&args, person->name_sealed, KYCVS_SEALED_NAME);
	kycvs_bind_bytes(&args, person->reference_sealed, KYCVS_SEALED_REFERENCE);
	kycvs_bind_int4(&args, birth_year);
	kycvs_bind_time(&args, now);
	kycvs_run(&insert_person, &args);
	return kycvs_column_int8(0, 1);
}

bool
kycvs_person_exists(int64 person)
{
	KycvsArgs	args = {0};

	kycvs_bind_int8(&args, person);
	return kycvs_run(&find_person, &args) > 0;
}

int
kycvs_doses(int64 person, KycvsDose doses[KYCVS_DOSES_MAX])
{
	KycvsArgs	args = {0};
	int			found;
	int			i;

	kycvs_bind_int8(&args, person);
	found = (int) kycvs_run_uncounted(&find_doses, &args);
	for (i = 0; i < found; i++)
	{
		doses[i].given_on = kycvs_column_date(i, 1);
		doses[i].doses_required = kycvs_column_int4(i, 2);
		doses[i].revoked = kycvs_column_bool(i, 3);
	}
	return found;
}
