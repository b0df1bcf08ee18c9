/*
 * kycvs--1.0.sql
 *
 * Sections: roles, schemas, tables, privileges of tables, dump, shipped data,
 * functions over pgcrypto, public functions, functions of administration.
 * Every function is revoked from PUBLIC before it is granted to anybody.
 */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION kycvs" to load this file. \quit

-- nothing that was planted in another schema is found by the statements below
SET LOCAL search_path = pg_catalog, pg_temp;

/* ---- roles: group roles without login, shared by all databases of the server ---- */

DO $$
DECLARE
  wanted text;
  role pg_authid;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['kycvs_owner', 'kycvs_admin', 'kycvs_registrar', 'kycvs_entity',
                                'kycvs_sender', 'kycvs_gateway', 'kycvs_auditor'] LOOP
    SELECT * INTO role FROM pg_authid WHERE rolname = wanted::name;
    IF NOT FOUND THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', wanted);
    ELSIF role.rolcanlogin OR role.rolsuper OR role.rolcreaterole OR role.rolcreatedb
       OR role.rolreplication OR role.rolbypassrls THEN
      RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = format('role "%s" exists with attributes that it must not have', wanted),
        HINT = 'Rename that role, or take its LOGIN and other attributes away, before CREATE EXTENSION kycvs.';
    END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_auth_members m
             WHERE m.roleid = 'kycvs_owner'::regrole::oid) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'role "kycvs_owner" exists and has members',
      HINT = 'Nobody may be a member of kycvs_owner: revoke it before CREATE EXTENSION kycvs.';
  END IF;
  IF EXISTS (SELECT FROM pg_auth_members m
             WHERE m.member = 'kycvs_owner'::regrole::oid
               AND m.roleid <> 'kycvs_entity'::regrole::oid) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'role "kycvs_owner" exists and is a member of other roles',
      HINT = 'Revoke those memberships before CREATE EXTENSION kycvs.';
  END IF;
END $$;

-- the authority, which acts as kycvs_owner, makes entities' roles members of kycvs_entity
GRANT kycvs_entity TO kycvs_owner WITH ADMIN OPTION;

COMMENT ON ROLE kycvs_owner IS 'kycvs: owns the registry''s tables; the authority acts as it; nobody is a member';
COMMENT ON ROLE kycvs_admin IS 'kycvs: keys, purposes, entities, API keys';
COMMENT ON ROLE kycvs_registrar IS 'kycvs: persons and doses';
COMMENT ON ROLE kycvs_entity IS 'kycvs: roles of entities; may ask for OTPs and answers';
COMMENT ON ROLE kycvs_sender IS 'kycvs: claims messages and reports their delivery';
COMMENT ON ROLE kycvs_gateway IS 'kycvs: may act for an entity by its API key, or by its page';
COMMENT ON ROLE kycvs_auditor IS 'kycvs: may ask for the state of the service';

/* ---- schemas ---- */

CREATE SCHEMA kycvs;
CREATE SCHEMA kycvs_data AUTHORIZATION kycvs_owner;
REVOKE ALL ON SCHEMA kycvs FROM PUBLIC;
REVOKE ALL ON SCHEMA kycvs_data FROM PUBLIC;
GRANT USAGE ON SCHEMA kycvs TO PUBLIC;
COMMENT ON SCHEMA kycvs IS 'kycvs: functions of administration';
COMMENT ON SCHEMA kycvs_data IS 'kycvs: the registry''s tables, for the authority alone';

/* ---- tables: the registry and its keys ---- */

CREATE TABLE kycvs_data.registry (
  id uuid PRIMARY KEY,
  one boolean NOT NULL DEFAULT true UNIQUE CHECK (one),
  issuer text NOT NULL,
  key_check bytea NOT NULL,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE kycvs_data.registry IS 'This registry: one row, made with the first key';
COMMENT ON COLUMN kycvs_data.registry.id IS 'Names the subdirectory of kycvs.key_directory, and salts every key derivation';
COMMENT ON COLUMN kycvs_data.registry.one IS 'Keeps the table to one row';
COMMENT ON COLUMN kycvs_data.registry.issuer IS 'Claim "iss" of every document';
COMMENT ON COLUMN kycvs_data.registry.key_check IS 'HMAC-SHA-256 that recognises the right master key; no secret';
COMMENT ON COLUMN kycvs_data.registry.created_at IS 'When the first key was made';

CREATE TABLE kycvs_data.signing_key (
  kid text PRIMARY KEY,
  alg text NOT NULL CHECK (alg IN ('ES256', 'EdDSA')),
  x bytea NOT NULL CHECK (length(x) = 32),
  y bytea NOT NULL CHECK (length(y) = 32),
  state text NOT NULL CHECK (state IN ('pending', 'active', 'retired', 'revoked')),
  created_at timestamptz NOT NULL,
  activated_at timestamptz,
  retired_at timestamptz,
  revoked_at timestamptz,
  destroyed_at timestamptz
);
CREATE UNIQUE INDEX signing_key_active ON kycvs_data.signing_key (state) WHERE state = 'active';
COMMENT ON TABLE kycvs_data.signing_key IS 'Public parts and states of the signing keys';
COMMENT ON COLUMN kycvs_data.signing_key.kid IS 'RFC 7638 thumbprint; the private part is the file of this name';
COMMENT ON COLUMN kycvs_data.signing_key.alg IS 'JOSE algorithm: ES256 (RFC 7518) or EdDSA (RFC 8037)';
COMMENT ON COLUMN kycvs_data.signing_key.x IS 'Public coordinate x (P-256), or the public key (Ed25519)';
COMMENT ON COLUMN kycvs_data.signing_key.y IS 'Public coordinate y (P-256), zeros for Ed25519';
COMMENT ON COLUMN kycvs_data.signing_key.state IS 'pending: published, does not sign yet; active: signs; retired: verifies; revoked: verifies nothing';
COMMENT ON COLUMN kycvs_data.signing_key.created_at IS 'When it was made';
COMMENT ON COLUMN kycvs_data.signing_key.activated_at IS 'When it began to sign';
COMMENT ON COLUMN kycvs_data.signing_key.retired_at IS 'When it ceased to sign';
COMMENT ON COLUMN kycvs_data.signing_key.revoked_at IS 'When it was revoked';
COMMENT ON COLUMN kycvs_data.signing_key.destroyed_at IS 'When its private part was destroyed';

CREATE TABLE kycvs_data.trusted_key (
  issuer text NOT NULL,
  kid text NOT NULL,
  alg text NOT NULL CHECK (alg IN ('ES256', 'EdDSA')),
  x bytea NOT NULL CHECK (length(x) = 32),
  y bytea NOT NULL CHECK (length(y) = 32),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, kid)
);
COMMENT ON TABLE kycvs_data.trusted_key IS 'Public keys of other issuers whose documents verify in this database';
COMMENT ON COLUMN kycvs_data.trusted_key.issuer IS 'Claim "iss" of their documents';
COMMENT ON COLUMN kycvs_data.trusted_key.kid IS 'RFC 7638 thumbprint';
COMMENT ON COLUMN kycvs_data.trusted_key.alg IS 'JOSE algorithm: ES256 (RFC 7518) or EdDSA (RFC 8037)';
COMMENT ON COLUMN kycvs_data.trusted_key.x IS 'Public coordinate x (P-256), or the public key (Ed25519)';
COMMENT ON COLUMN kycvs_data.trusted_key.y IS 'Public coordinate y (P-256), zeros for Ed25519';
COMMENT ON COLUMN kycvs_data.trusted_key.created_at IS 'When it was first trusted';

/* ---- tables: rule sets ---- */

CREATE TABLE kycvs_data.rules (
  code text PRIMARY KEY,
  description text NOT NULL,
  enforces_intervals boolean NOT NULL DEFAULT false,
  days_after int NOT NULL DEFAULT 0 CHECK (days_after >= 0),
  days_at_most int NOT NULL DEFAULT 0 CHECK (days_at_most = 0 OR days_at_most >= days_after),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE kycvs_data.rules IS 'Named rule sets that turn doses into 0, 1 or 2';
COMMENT ON COLUMN kycvs_data.rules.code IS 'Claim "rules" of an answer';
COMMENT ON COLUMN kycvs_data.rules.description IS 'What it does, for people';
COMMENT ON COLUMN kycvs_data.rules.enforces_intervals IS 'True: a dose too soon after the last one that counts does not count';
COMMENT ON COLUMN kycvs_data.rules.days_after IS 'Days from the dose that completes a course to 2';
COMMENT ON COLUMN kycvs_data.rules.days_at_most IS 'Days since that dose after which 2 ends, unless there was a booster; 0 for never';
COMMENT ON COLUMN kycvs_data.rules.shipped IS 'True: comes with the extension, so a dump leaves it out';

/* ---- tables: who may ask, and why ---- */

CREATE TABLE kycvs_data.entity (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  code text NOT NULL UNIQUE,
  name text NOT NULL,
  role text NOT NULL UNIQUE,
  suspended boolean NOT NULL DEFAULT false,
  failures_per_hour int NOT NULL DEFAULT 200 CHECK (failures_per_hour >= 0),
  rules text NOT NULL DEFAULT 'in-2021' REFERENCES kycvs_data.rules (code),
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE kycvs_data.entity IS 'Organisations that ask';
COMMENT ON COLUMN kycvs_data.entity.id IS 'Number of the entity';
COMMENT ON COLUMN kycvs_data.entity.code IS 'Claim "aud" of its documents';
COMMENT ON COLUMN kycvs_data.entity.name IS 'Name shown in the SMS';
COMMENT ON COLUMN kycvs_data.entity.role IS 'Name of its role, which a dump keeps where an OID would not';
COMMENT ON COLUMN kycvs_data.entity.suspended IS 'True: every request is refused (KV004)';
COMMENT ON COLUMN kycvs_data.entity.failures_per_hour IS 'Budget: challenges an hour that may fail';
COMMENT ON COLUMN kycvs_data.entity.rules IS 'Rule set by which it is answered';
COMMENT ON COLUMN kycvs_data.entity.created_at IS 'When it was added';

CREATE TABLE kycvs_data.api_key (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  entity int NOT NULL REFERENCES kycvs_data.entity,
  digest bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz
);
COMMENT ON TABLE kycvs_data.api_key IS 'API keys, by which a gateway acts for an entity';
COMMENT ON COLUMN kycvs_data.api_key.id IS 'Number of the key';
COMMENT ON COLUMN kycvs_data.api_key.entity IS 'Whose key it is';
COMMENT ON COLUMN kycvs_data.api_key.digest IS 'SHA-256 of the key, which itself is kept nowhere';
COMMENT ON COLUMN kycvs_data.api_key.created_at IS 'When it was made';
COMMENT ON COLUMN kycvs_data.api_key.revoked_at IS 'When it was revoked';

CREATE TABLE kycvs_data.purpose (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  code text NOT NULL UNIQUE,
  validity interval NOT NULL,
  uses int NOT NULL CHECK (uses BETWEEN 1 AND 1000),
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE kycvs_data.purpose IS 'Why entities ask';
COMMENT ON COLUMN kycvs_data.purpose.id IS 'Number of the purpose';
COMMENT ON COLUMN kycvs_data.purpose.code IS 'Claim "purpose"';
COMMENT ON COLUMN kycvs_data.purpose.validity IS 'How long a consent lasts';
COMMENT ON COLUMN kycvs_data.purpose.uses IS 'How many different answers a consent is good for';
COMMENT ON COLUMN kycvs_data.purpose.created_at IS 'When it was added';

CREATE TABLE kycvs_data.notice (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose int NOT NULL REFERENCES kycvs_data.purpose,
  language text NOT NULL,
  version int NOT NULL,
  notice text NOT NULL,
  added_at timestamptz NOT NULL,
  CONSTRAINT notice_versions UNIQUE (purpose, language, version)
);
COMMENT ON TABLE kycvs_data.notice IS 'Notices that are shown to the person before they consent; a version is never changed, only followed by another';
COMMENT ON COLUMN kycvs_data.notice.id IS 'Number of the version, in challenges and consents';
COMMENT ON COLUMN kycvs_data.notice.purpose IS 'Purpose that the notice explains';
COMMENT ON COLUMN kycvs_data.notice.language IS 'Language (BCP 47, lower case)';
COMMENT ON COLUMN kycvs_data.notice.version IS 'Counted from 1 in each language of a purpose; the highest is shown';
COMMENT ON COLUMN kycvs_data.notice.notice IS 'The text with its slots; SHA-256 of the text as it was shown is signed into the consent';
COMMENT ON COLUMN kycvs_data.notice.added_at IS 'When it was added';

CREATE TABLE kycvs_data.sms_text (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose int NOT NULL,
  language text NOT NULL,
  version int NOT NULL,
  text text NOT NULL,
  template_id text NOT NULL,
  entity_id text NOT NULL,
  added_at timestamptz NOT NULL,
  CONSTRAINT sms_text_versions UNIQUE (purpose, language, version)
);
COMMENT ON TABLE kycvs_data.sms_text IS 'Texts of messages; a version is never changed, only followed by another';
COMMENT ON COLUMN kycvs_data.sms_text.id IS 'Number of the version';
COMMENT ON COLUMN kycvs_data.sms_text.purpose IS 'Purpose of the challenge; 0 for every purpose without a text of its own, -1 for the message to a number that was taken off a record';
COMMENT ON COLUMN kycvs_data.sms_text.language IS 'Language (BCP 47, lower case)';
COMMENT ON COLUMN kycvs_data.sms_text.version IS 'Counted from 1 in each language of a purpose; the highest is sent';
COMMENT ON COLUMN kycvs_data.sms_text.text IS 'The text with its slots';
COMMENT ON COLUMN kycvs_data.sms_text.template_id IS 'Id under which an operator has it registered; empty for none';
COMMENT ON COLUMN kycvs_data.sms_text.entity_id IS 'Id of whoever has registered it; empty for none';
COMMENT ON COLUMN kycvs_data.sms_text.added_at IS 'When it was added';

CREATE TABLE kycvs_data.entity_purpose (
  entity int NOT NULL REFERENCES kycvs_data.entity,
  purpose int NOT NULL REFERENCES kycvs_data.purpose,
  PRIMARY KEY (entity, purpose)
);
COMMENT ON TABLE kycvs_data.entity_purpose IS 'Which entity may ask for which purpose';
COMMENT ON COLUMN kycvs_data.entity_purpose.entity IS 'The entity';
COMMENT ON COLUMN kycvs_data.entity_purpose.purpose IS 'A purpose it may ask for';

CREATE TABLE kycvs_data.page (
  entity int PRIMARY KEY REFERENCES kycvs_data.entity,
  origins text[] NOT NULL DEFAULT '{}',
  default_purpose int,
  FOREIGN KEY (entity, default_purpose) REFERENCES kycvs_data.entity_purpose (entity, purpose)
);
COMMENT ON TABLE kycvs_data.page IS 'What HTTP needs to know of an entity besides its API keys';
COMMENT ON COLUMN kycvs_data.page.entity IS 'The entity';
COMMENT ON COLUMN kycvs_data.page.origins IS 'Web sites that may embed its page and get its answers; none: it has no page';
COMMENT ON COLUMN kycvs_data.page.default_purpose IS 'For what it asks when a call names no purpose; null: for the only one it has';

/* ---- tables: persons and doses ---- */

CREATE TABLE kycvs_data.product (
  id smallint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY (START WITH 1001),
  code text NOT NULL UNIQUE,
  name text NOT NULL,
  doses_required smallint NOT NULL CHECK (doses_required BETWEEN 1 AND 9),
  minimum_interval_days smallint CHECK (minimum_interval_days > 0),
  form text NOT NULL DEFAULT '',
  eu_code text,
  icd11 text,
  cvx text,
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE kycvs_data.product IS 'Vaccines as administered';
COMMENT ON COLUMN kycvs_data.product.id IS 'Number of the product: to 1000 those that are shipped';
COMMENT ON COLUMN kycvs_data.product.code IS 'Code that registrars pass to kycvs.record_dose';
COMMENT ON COLUMN kycvs_data.product.name IS 'Name for people';
COMMENT ON COLUMN kycvs_data.product.doses_required IS 'Doses of a complete course';
COMMENT ON COLUMN kycvs_data.product.minimum_interval_days IS 'Days between doses; a shorter interval is a warning';
COMMENT ON COLUMN kycvs_data.product.form IS 'Presentation, where a product has several';
COMMENT ON COLUMN kycvs_data.product.eu_code IS 'Code of the EU''s value set';
COMMENT ON COLUMN kycvs_data.product.icd11 IS 'ICD-11 extension code';
COMMENT ON COLUMN kycvs_data.product.cvx IS 'CVX code';
COMMENT ON COLUMN kycvs_data.product.shipped IS 'True: comes with the extension, so a dump leaves it out';

CREATE TABLE kycvs_data.rule_interval (
  rules text NOT NULL REFERENCES kycvs_data.rules (code),
  product text NOT NULL REFERENCES kycvs_data.product (code),
  booster boolean NOT NULL,
  valid_from date NOT NULL,
  minimum_interval_days int NOT NULL CHECK (minimum_interval_days >= 0),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (rules, product, booster, valid_from)
);
COMMENT ON TABLE kycvs_data.rule_interval IS 'Intervals that rule sets enforce, by product and date; where a set has none in force, the product''s own applies';
COMMENT ON COLUMN kycvs_data.rule_interval.rules IS 'The rule set';
COMMENT ON COLUMN kycvs_data.rule_interval.product IS 'Product of the dose that is judged, not of the one before it';
COMMENT ON COLUMN kycvs_data.rule_interval.booster IS 'True: for doses after a complete course; false: for those of the course';
COMMENT ON COLUMN kycvs_data.rule_interval.valid_from IS 'First day of doses that are judged by it; -infinity when no source has one';
COMMENT ON COLUMN kycvs_data.rule_interval.minimum_interval_days IS 'Days since the last dose that counts; 0: none are asked for';
COMMENT ON COLUMN kycvs_data.rule_interval.shipped IS 'True: comes with the extension, so a dump leaves it out';

/*
 * A person's number is made from the keyed index of the mobile (src/person.h):
 * its first 16 bits of 53 are the bucket, so ranges of it are hash partitions by
 * bucket. No foreign keys: the authority and intake alone write these rows.
 */
CREATE TABLE kycvs_data.person (
  id bigint PRIMARY KEY,
  birth_year smallint NOT NULL,
  state smallint NOT NULL,
  sealed bytea NOT NULL,
  doses bytea NOT NULL
) PARTITION BY RANGE (id);
COMMENT ON TABLE kycvs_data.person IS 'Persons; nothing in it can be read without the master key';
COMMENT ON COLUMN kycvs_data.person.id IS 'Number of the person: 16 bits of bucket, 33 more of the mobile''s keyed index, 4 that count; never shown to an entity';
COMMENT ON COLUMN kycvs_data.person.birth_year IS 'Year of birth, 0 when unknown';
COMMENT ON COLUMN kycvs_data.person.state IS '0 living, 1 deceased, 2 merged into another record';
COMMENT ON COLUMN kycvs_data.person.sealed IS 'Mobile, name as registered and reference, sealed (AES-256-GCM) and padded';
COMMENT ON COLUMN kycvs_data.person.doses IS 'Doses given, one after the other: kycvs_data.dose shows them';

CREATE TABLE kycvs_data.person_mobile (
  slot bigint NOT NULL,
  mobile_index bytea NOT NULL,
  person bigint NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (slot, person, mobile_index)
);
COMMENT ON TABLE kycvs_data.person_mobile IS 'Mobiles that persons changed to, and for a while those they had before';
COMMENT ON COLUMN kycvs_data.person_mobile.slot IS 'What the numbers of persons registered with this mobile begin with';
COMMENT ON COLUMN kycvs_data.person_mobile.mobile_index IS 'Key version and HMAC-SHA-256 of the E.164 number, 16 bytes';
COMMENT ON COLUMN kycvs_data.person_mobile.person IS 'Who answers for it';
COMMENT ON COLUMN kycvs_data.person_mobile.until IS 'Until when; infinity for the present one';

CREATE TABLE kycvs_data.person_merge (
  person bigint PRIMARY KEY,
  into_person bigint NOT NULL,
  merged_at timestamptz NOT NULL
);
COMMENT ON TABLE kycvs_data.person_merge IS 'Records that turned out to be of one person';
COMMENT ON COLUMN kycvs_data.person_merge.person IS 'Record that is no more in use';
COMMENT ON COLUMN kycvs_data.person_merge.into_person IS 'Record that is used instead';
COMMENT ON COLUMN kycvs_data.person_merge.merged_at IS 'Since when';

DO $$
DECLARE
  part int;
  wide bigint := 1::bigint << 49;
BEGIN
  FOR part IN 0 .. 15 LOOP
    EXECUTE format('CREATE TABLE kycvs_data.person_%s PARTITION OF kycvs_data.person FOR VALUES FROM (%s) TO (%s)',
                   to_char(part, 'FM00'), part * wide, (part + 1) * wide);
    EXECUTE format('COMMENT ON TABLE kycvs_data.person_%s IS %L', to_char(part, 'FM00'),
                   format('Persons of buckets %s to %s, and their doses', part * 4096, part * 4096 + 4095));
  END LOOP;
END $$;

-- src/dosepack.h says how doses are packed
CREATE VIEW kycvs_data.dose AS
  SELECT p.id AS person, d.dose_number, (get_byte(d.packed, 0) << 8 | get_byte(d.packed, 1))::smallint AS product,
         date '2020-01-01' + (get_byte(d.packed, 2) << 8 | get_byte(d.packed, 3)) AS given_on,
         date '2020-01-01' + (get_byte(d.packed, 4) << 8 | get_byte(d.packed, 5)) AS recorded_on,
         convert_from(substring(d.packed FROM 9 FOR get_byte(d.packed, 7)), 'UTF8') AS batch,
         get_byte(d.packed, 6) = 1 AS revoked
    FROM kycvs_data.person AS p,
         LATERAL (WITH RECURSIVE dose (dose_number, packed) AS (
                    SELECT 1, p.doses WHERE length(p.doses) > 0
                    UNION ALL
                    SELECT dose_number + 1, substring(packed FROM 9 + get_byte(packed, 7)) FROM dose
                     WHERE length(packed) > 8 + get_byte(packed, 7))
                  SELECT dose_number, packed FROM dose) AS d;
COMMENT ON VIEW kycvs_data.dose IS 'Doses given, unpacked from the persons'' rows; a wrong one is revoked, never deleted';
COMMENT ON COLUMN kycvs_data.dose.person IS 'Who got it';
COMMENT ON COLUMN kycvs_data.dose.dose_number IS 'Order in which the person''s doses were recorded, from 1';
COMMENT ON COLUMN kycvs_data.dose.product IS 'What was given';
COMMENT ON COLUMN kycvs_data.dose.given_on IS 'Day in kycvs.timezone';
COMMENT ON COLUMN kycvs_data.dose.recorded_on IS 'Day on which it was recorded';
COMMENT ON COLUMN kycvs_data.dose.batch IS 'Batch number, empty when unknown';
COMMENT ON COLUMN kycvs_data.dose.revoked IS 'It was revoked; when and why is in kycvs_data.correction';

CREATE TABLE kycvs_data.correction (
  person bigint NOT NULL,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  other_person bigint NOT NULL,
  dose_number smallint NOT NULL,
  reason text NOT NULL
);
CREATE INDEX correction_person ON kycvs_data.correction (person, at);
COMMENT ON TABLE kycvs_data.correction IS 'Records that were wrong and have been put right; consents that were given before have ended';
COMMENT ON COLUMN kycvs_data.correction.person IS 'Whose record';
COMMENT ON COLUMN kycvs_data.correction.at IS 'When';
COMMENT ON COLUMN kycvs_data.correction.kind IS 'mobile, name, dose, merge, death or life';
COMMENT ON COLUMN kycvs_data.correction.other_person IS 'The other record of a merge, 0 when none';
COMMENT ON COLUMN kycvs_data.correction.dose_number IS 'The dose that was revoked, 0 when none';
COMMENT ON COLUMN kycvs_data.correction.reason IS 'Why, as the registrar says';

/* ---- tables: bulk intake ---- */

CREATE TABLE kycvs_data.intake_run (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  started_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  finished_at timestamptz,
  rows_done bigint NOT NULL DEFAULT 0,
  rows_left bigint NOT NULL DEFAULT 0,
  persons bigint NOT NULL DEFAULT 0,
  doses bigint NOT NULL DEFAULT 0,
  rejected bigint NOT NULL DEFAULT 0,
  busy interval NOT NULL DEFAULT '0',
  interrupted boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX intake_run_unfinished ON kycvs_data.intake_run ((true)) WHERE finished_at IS NULL;
COMMENT ON TABLE kycvs_data.intake_run IS 'Bulk intake: from the first row that is taken in until none is left';
COMMENT ON COLUMN kycvs_data.intake_run.id IS 'Number of the run';
COMMENT ON COLUMN kycvs_data.intake_run.started_at IS 'When its first rows were taken in';
COMMENT ON COLUMN kycvs_data.intake_run.updated_at IS 'When its last rows were taken in';
COMMENT ON COLUMN kycvs_data.intake_run.finished_at IS 'When there was none left, or they were found to be gone';
COMMENT ON COLUMN kycvs_data.intake_run.rows_done IS 'Rows that were taken in or rejected';
COMMENT ON COLUMN kycvs_data.intake_run.rows_left IS 'Rows that wait, estimated';
COMMENT ON COLUMN kycvs_data.intake_run.persons IS 'Persons who were registered';
COMMENT ON COLUMN kycvs_data.intake_run.doses IS 'Doses that were recorded';
COMMENT ON COLUMN kycvs_data.intake_run.rejected IS 'Rows that were rejected';
COMMENT ON COLUMN kycvs_data.intake_run.busy IS 'Time it took, without pauses';
COMMENT ON COLUMN kycvs_data.intake_run.interrupted IS 'A crash has emptied the table meanwhile';

CREATE TABLE kycvs_data.intake_rejected (
  reference text NOT NULL,
  reason text NOT NULL,
  rejected_at timestamptz NOT NULL,
  PRIMARY KEY (reference, reason)
);
COMMENT ON TABLE kycvs_data.intake_rejected IS 'What is left of rows that could not be taken in';
COMMENT ON COLUMN kycvs_data.intake_rejected.reference IS 'Reference of the row';
COMMENT ON COLUMN kycvs_data.intake_rejected.reason IS 'Why it was rejected';
COMMENT ON COLUMN kycvs_data.intake_rejected.rejected_at IS 'When that was last the case';

CREATE TABLE kycvs_data.intake_pause (
  one boolean PRIMARY KEY CHECK (one)
);
COMMENT ON TABLE kycvs_data.intake_pause IS 'A row while intake is paused';
COMMENT ON COLUMN kycvs_data.intake_pause.one IS 'Keeps the table to one row';

CREATE TABLE kycvs_data.intake_load (
  load bigint NOT NULL,
  loaded_by name NOT NULL,
  loaded_at timestamptz NOT NULL
);
ALTER TABLE kycvs_data.intake_load REPLICA IDENTITY FULL;
COMMENT ON TABLE kycvs_data.intake_load IS 'Transactions that loaded rows which wait, or some of which do';
COMMENT ON COLUMN kycvs_data.intake_load.load IS 'Chosen by chance';
COMMENT ON COLUMN kycvs_data.intake_load.loaded_by IS 'Session user who loaded';
COMMENT ON COLUMN kycvs_data.intake_load.loaded_at IS 'When';

CREATE UNLOGGED TABLE kycvs_data.intake_mark (
  load bigint NOT NULL
);
COMMENT ON TABLE kycvs_data.intake_mark IS 'The same, unlogged like the rows: what is missing here was lost with them in a crash';
COMMENT ON COLUMN kycvs_data.intake_mark.load IS 'As in kycvs_data.intake_load';

CREATE UNLOGGED TABLE kycvs_data.intake (
  reference text,
  mobile text,
  name text,
  birth_year text,
  product text,
  given_on text,
  batch text,
  loaded_by name NOT NULL
);
-- statistics are logged and backed up: of these columns there are none
DO $$
DECLARE
  c name;
BEGIN
  FOR c IN SELECT a.attname FROM pg_attribute AS a
            WHERE a.attrelid = 'kycvs_data.intake'::regclass AND a.attnum > 0 LOOP
    EXECUTE format('ALTER TABLE kycvs_data.intake ALTER COLUMN %I SET STATISTICS 0', c);
  END LOOP;
END $$;
COMMENT ON TABLE kycvs_data.intake IS 'What was loaded through kycvs.intake and is not taken in yet; readable, so never logged, never dumped';
COMMENT ON COLUMN kycvs_data.intake.reference IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.mobile IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.name IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.birth_year IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.product IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.given_on IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.batch IS 'As loaded';
COMMENT ON COLUMN kycvs_data.intake.loaded_by IS 'Session user who loaded it';

/*
 * ---- tables: the exchange ----
 *
 * No foreign keys and no CHECK here: the authority alone writes these rows,
 * and their locks and expressions would cost more than the row.
 */

CREATE TABLE kycvs_data.challenge (
  id uuid PRIMARY KEY,
  entity int NOT NULL,
  purpose int NOT NULL,
  mobile_index bytea NOT NULL,
  mobile_sealed bytea NOT NULL,
  name_sealed bytea NOT NULL,
  name_digest bytea NOT NULL,
  nonce bytea NOT NULL,
  reference text,
  travel_date date,
  language text NOT NULL,
  notice int NOT NULL,
  notice_sha256 bytea NOT NULL,
  issued_at timestamptz NOT NULL,
  sent_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  resends int NOT NULL DEFAULT 0,
  tries int NOT NULL DEFAULT 0,
  failed_at timestamptz,
  verified boolean NOT NULL DEFAULT false,
  system_identifier bigint NOT NULL,
  timeline int NOT NULL,
  persons smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
CREATE INDEX challenge_mobile_index ON kycvs_data.challenge (mobile_index, issued_at);
CREATE INDEX challenge_failed ON kycvs_data.challenge (entity, failed_at) WHERE failed_at IS NOT NULL;
COMMENT ON TABLE kycvs_data.challenge IS 'OTP exchanges; the OTP is derived from such a row and the master key, never stored';
COMMENT ON COLUMN kycvs_data.challenge.id IS 'UUIDv8, the "jti" of the receipt';
COMMENT ON COLUMN kycvs_data.challenge.entity IS 'Who asked';
COMMENT ON COLUMN kycvs_data.challenge.purpose IS 'Why';
COMMENT ON COLUMN kycvs_data.challenge.mobile_index IS 'Keyed index of the number that was asked about, another than persons have';
COMMENT ON COLUMN kycvs_data.challenge.mobile_sealed IS 'That number, sealed, for the sender';
COMMENT ON COLUMN kycvs_data.challenge.name_sealed IS 'Name as typed, sealed and padded';
COMMENT ON COLUMN kycvs_data.challenge.name_digest IS 'HMAC-SHA-256 of the folded name';
COMMENT ON COLUMN kycvs_data.challenge.nonce IS 'Random part of the OTP''s derivation';
COMMENT ON COLUMN kycvs_data.challenge.reference IS 'The entity''s own number';
COMMENT ON COLUMN kycvs_data.challenge.travel_date IS 'Day for which an answer may be asked besides today';
COMMENT ON COLUMN kycvs_data.challenge.language IS 'Language of notice and message';
COMMENT ON COLUMN kycvs_data.challenge.notice IS 'Version of the notice that was shown';
COMMENT ON COLUMN kycvs_data.challenge.notice_sha256 IS 'SHA-256 of the notice as it was shown';
COMMENT ON COLUMN kycvs_data.challenge.issued_at IS 'When it was issued; it ends 600 s later at the latest';
COMMENT ON COLUMN kycvs_data.challenge.sent_at IS 'When it was last sent';
COMMENT ON COLUMN kycvs_data.challenge.expires_at IS 'When its OTP expires';
COMMENT ON COLUMN kycvs_data.challenge.resends IS 'How often it was sent again';
COMMENT ON COLUMN kycvs_data.challenge.tries IS 'Comparisons that were charged';
COMMENT ON COLUMN kycvs_data.challenge.failed_at IS 'First wrong try';
COMMENT ON COLUMN kycvs_data.challenge.verified IS 'True: the right OTP was given, a consent exists';
COMMENT ON COLUMN kycvs_data.challenge.system_identifier IS 'Server that issued it; on any other its OTP is refused';
COMMENT ON COLUMN kycvs_data.challenge.timeline IS 'WAL timeline that issued it; on any other its OTP is refused';
COMMENT ON COLUMN kycvs_data.challenge.persons IS 'How many persons a group names, 0 when it is none';

CREATE TABLE kycvs_data.challenge_person (
  challenge uuid NOT NULL,
  n smallint NOT NULL,
  name_sealed bytea NOT NULL,
  PRIMARY KEY (challenge, n)
);
COMMENT ON TABLE kycvs_data.challenge_person IS 'Persons of a group from the second on; the first is in the challenge itself';
COMMENT ON COLUMN kycvs_data.challenge_person.challenge IS 'The group''s challenge';
COMMENT ON COLUMN kycvs_data.challenge_person.n IS 'Order in which the names were typed, from 2';
COMMENT ON COLUMN kycvs_data.challenge_person.name_sealed IS 'Name as typed, sealed and padded';

CREATE TABLE kycvs_data.message (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  challenge uuid NOT NULL,
  entity int NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  mobile_sealed bytea,
  claimed_until timestamptz NOT NULL DEFAULT '-infinity',
  state text NOT NULL DEFAULT 'waiting',
  detail text NOT NULL DEFAULT '',
  done_at timestamptz,
  route int NOT NULL DEFAULT 0,
  attempt int NOT NULL DEFAULT 0,
  in_hand boolean NOT NULL DEFAULT false,
  failed_routes int[],
  receipt text NOT NULL DEFAULT '',
  receipt_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX message_waiting ON kycvs_data.message (entity, claimed_until, id) WHERE state = 'waiting';
COMMENT ON TABLE kycvs_data.message IS 'Messages to send; their texts are derived when a sender claims them';
COMMENT ON COLUMN kycvs_data.message.id IS 'Number of the message';
COMMENT ON COLUMN kycvs_data.message.challenge IS 'Whose OTP it carries, zeros when none';
COMMENT ON COLUMN kycvs_data.message.entity IS 'Who asked for it, 0 when the registry tells something itself; entities have their turns';
COMMENT ON COLUMN kycvs_data.message.created_at IS 'When it was asked for';
COMMENT ON COLUMN kycvs_data.message.expires_at IS 'When its OTP expires; later it is dropped';
COMMENT ON COLUMN kycvs_data.message.mobile_sealed IS 'Number that is told of a change of mobile, sealed; null for an OTP';
COMMENT ON COLUMN kycvs_data.message.claimed_until IS 'A sender has it until then, or it rests after an attempt that failed; afterwards a sender may have it';
COMMENT ON COLUMN kycvs_data.message.state IS 'waiting, sent, failed or expired';
COMMENT ON COLUMN kycvs_data.message.detail IS 'What the sender reported last';
COMMENT ON COLUMN kycvs_data.message.done_at IS 'When it was accepted, had failed or was dropped; of one that waits, when its last attempt had failed';
COMMENT ON COLUMN kycvs_data.message.route IS 'Route of its last attempt, 0 when none';
COMMENT ON COLUMN kycvs_data.message.attempt IS 'Number of its last attempt, 0 before the first';
COMMENT ON COLUMN kycvs_data.message.in_hand IS 'True: a sender claimed it and has not said what became of that';
COMMENT ON COLUMN kycvs_data.message.failed_routes IS 'Routes that could not deliver it, the latest last; null when none';
COMMENT ON COLUMN kycvs_data.message.receipt IS 'What the network said: delivered or undelivered, empty when nothing';
COMMENT ON COLUMN kycvs_data.message.receipt_at IS 'When it said so';

/* By which route a message goes is chosen when it is claimed (src/smschoice.h). */
CREATE TABLE kycvs_data.sms_route (
  id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL UNIQUE,
  priority int NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  method text NOT NULL,
  url text NOT NULL,
  headers text[] NOT NULL,
  body text,
  body_format text NOT NULL,
  success_status int,
  success_pattern text,
  username text,
  secret_file text,
  per_minute int,
  timeout_ms int NOT NULL,
  allow_private boolean NOT NULL,
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE kycvs_data.sms_route IS 'Routes by which messages go to a gateway; kycvs.sms_routes shows them to senders';
COMMENT ON COLUMN kycvs_data.sms_route.id IS 'Number of the route';
COMMENT ON COLUMN kycvs_data.sms_route.name IS 'Name of the route';
COMMENT ON COLUMN kycvs_data.sms_route.priority IS 'The lowest is taken first';
COMMENT ON COLUMN kycvs_data.sms_route.enabled IS 'False: suspended, no message is given to it';
COMMENT ON COLUMN kycvs_data.sms_route.method IS 'GET or POST';
COMMENT ON COLUMN kycvs_data.sms_route.url IS 'Where to, with placeholders';
COMMENT ON COLUMN kycvs_data.sms_route.headers IS 'Headers of the request, each Name: value, with placeholders';
COMMENT ON COLUMN kycvs_data.sms_route.body IS 'Body of the request, with placeholders; null for none';
COMMENT ON COLUMN kycvs_data.sms_route.body_format IS 'form or json: how values are escaped in the body';
COMMENT ON COLUMN kycvs_data.sms_route.success_status IS 'HTTP status that means accepted; null for any of 2xx';
COMMENT ON COLUMN kycvs_data.sms_route.success_pattern IS 'POSIX extended regular expression that the answer''s body must match besides; null for none';
COMMENT ON COLUMN kycvs_data.sms_route.username IS 'User name for basic authentication; null for none';
COMMENT ON COLUMN kycvs_data.sms_route.secret_file IS 'Name of the file with the secret, on the sender''s machine; null for none';
COMMENT ON COLUMN kycvs_data.sms_route.per_minute IS 'Most attempts in a minute; null for no cap of its own';
COMMENT ON COLUMN kycvs_data.sms_route.timeout_ms IS 'How long an attempt may take';
COMMENT ON COLUMN kycvs_data.sms_route.allow_private IS 'True: may lead to a loopback or private address';
COMMENT ON COLUMN kycvs_data.sms_route.created_at IS 'When it was added';

CREATE TABLE kycvs_data.sms_count (
  route int PRIMARY KEY,
  minute timestamptz NOT NULL,
  claimed bigint NOT NULL,
  sent bigint NOT NULL,
  failed bigint NOT NULL,
  expired bigint NOT NULL,
  retried bigint NOT NULL,
  delivered bigint NOT NULL,
  undelivered bigint NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE kycvs_data.sms_count IS 'What became of messages, by route; written once for each batch';
COMMENT ON COLUMN kycvs_data.sms_count.route IS 'The route; 0 for messages without one, and for routes that were removed';
COMMENT ON COLUMN kycvs_data.sms_count.minute IS 'The minute that "claimed" counts in';
COMMENT ON COLUMN kycvs_data.sms_count.claimed IS 'Attempts given to senders in that minute, which caps are held against';
COMMENT ON COLUMN kycvs_data.sms_count.sent IS 'Messages that a gateway has accepted';
COMMENT ON COLUMN kycvs_data.sms_count.failed IS 'Messages that were given up';
COMMENT ON COLUMN kycvs_data.sms_count.expired IS 'Messages that were dropped: too late, or their OTP was used already';
COMMENT ON COLUMN kycvs_data.sms_count.retried IS 'Attempts that failed, after which the message waited for another';
COMMENT ON COLUMN kycvs_data.sms_count.delivered IS 'Receipts that say delivered';
COMMENT ON COLUMN kycvs_data.sms_count.undelivered IS 'Receipts that say undelivered';

CREATE TABLE kycvs_data.sms_delay (
  route int,
  slot smallint,
  minute timestamptz NOT NULL,
  steps int[] NOT NULL,
  PRIMARY KEY (route, slot)
) WITH (fillfactor = 50);
COMMENT ON TABLE kycvs_data.sms_delay IS 'How long messages took from issue to acceptance, a histogram for each minute of the last hour';
COMMENT ON COLUMN kycvs_data.sms_delay.route IS 'As in kycvs_data.sms_count';
COMMENT ON COLUMN kycvs_data.sms_delay.slot IS 'Minute of the hour, so that a row is used again';
COMMENT ON COLUMN kycvs_data.sms_delay.minute IS 'Which minute it is about';
COMMENT ON COLUMN kycvs_data.sms_delay.steps IS 'How many took less than 1, 2 ... 16 ms, then eight steps to each doubling; an element counts those of its step alone';

CREATE TABLE kycvs_data.consent (
  jti uuid PRIMARY KEY,
  challenge uuid NOT NULL UNIQUE,
  entity int NOT NULL,
  purpose int NOT NULL,
  mobile_index bytea NOT NULL,
  name_sealed bytea NOT NULL,
  person bigint NOT NULL,
  match smallint NOT NULL,
  sub bytea NOT NULL,
  reference text,
  travel_date date,
  notice int NOT NULL,
  notice_sha256 bytea NOT NULL,
  canonical_sha256 bytea NOT NULL,
  uses int NOT NULL,
  used int NOT NULL DEFAULT 0,
  repeats int NOT NULL DEFAULT 0,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  persons smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 80);
COMMENT ON TABLE kycvs_data.consent IS 'Permissions that persons gave with the right OTP';
COMMENT ON COLUMN kycvs_data.consent.jti IS 'UUIDv8, the consent''s "jti"';
COMMENT ON COLUMN kycvs_data.consent.challenge IS 'The challenge it came from; one makes at most one';
COMMENT ON COLUMN kycvs_data.consent.entity IS 'To whom it was given';
COMMENT ON COLUMN kycvs_data.consent.purpose IS 'For what';
COMMENT ON COLUMN kycvs_data.consent.mobile_index IS 'Keyed index of the number';
COMMENT ON COLUMN kycvs_data.consent.name_sealed IS 'Name as typed, sealed and padded';
COMMENT ON COLUMN kycvs_data.consent.person IS 'Person that was found, 0 when none';
COMMENT ON COLUMN kycvs_data.consent.match IS 'How the name fitted: 0 none, 1 variant, 2 exact';
COMMENT ON COLUMN kycvs_data.consent.sub IS 'Pairwise pseudonym';
COMMENT ON COLUMN kycvs_data.consent.reference IS 'The entity''s own number';
COMMENT ON COLUMN kycvs_data.consent.travel_date IS 'Day for which an answer may be asked besides today';
COMMENT ON COLUMN kycvs_data.consent.notice IS 'Version of the notice that was shown';
COMMENT ON COLUMN kycvs_data.consent.notice_sha256 IS 'SHA-256 of the notice as it was shown';
COMMENT ON COLUMN kycvs_data.consent.canonical_sha256 IS 'SHA-256 of the signed document''s canonical form';
COMMENT ON COLUMN kycvs_data.consent.uses IS 'Different answers it is good for';
COMMENT ON COLUMN kycvs_data.consent.used IS 'Different answers given';
COMMENT ON COLUMN kycvs_data.consent.repeats IS 'How often the same OTP was shown again';
COMMENT ON COLUMN kycvs_data.consent.issued_at IS 'When it was given';
COMMENT ON COLUMN kycvs_data.consent.expires_at IS 'When it ends';
COMMENT ON COLUMN kycvs_data.consent.withdrawn_at IS 'When the person withdrew it';
COMMENT ON COLUMN kycvs_data.consent.persons IS 'How many persons a group has, 0 when it is none';

CREATE TABLE kycvs_data.consent_person (
  consent uuid NOT NULL,
  n smallint NOT NULL,
  name_sealed bytea NOT NULL,
  person bigint NOT NULL,
  match smallint NOT NULL,
  sub bytea NOT NULL,
  used int NOT NULL DEFAULT 0,
  PRIMARY KEY (consent, n)
) WITH (fillfactor = 80);
COMMENT ON TABLE kycvs_data.consent_person IS 'Persons of a group from the second on; the first is in the consent itself';
COMMENT ON COLUMN kycvs_data.consent_person.consent IS 'The group''s consent';
COMMENT ON COLUMN kycvs_data.consent_person.n IS 'Order in which the names were typed, from 2';
COMMENT ON COLUMN kycvs_data.consent_person.name_sealed IS 'Name as typed, sealed and padded';
COMMENT ON COLUMN kycvs_data.consent_person.person IS 'Person that was found, 0 when none';
COMMENT ON COLUMN kycvs_data.consent_person.match IS 'How the name fitted: 0 none, 1 variant, 2 exact';
COMMENT ON COLUMN kycvs_data.consent_person.sub IS 'Pairwise pseudonym';
COMMENT ON COLUMN kycvs_data.consent_person.used IS 'Different answers given about this person';

CREATE TABLE kycvs_data.answer (
  jti uuid PRIMARY KEY,
  consent uuid NOT NULL,
  as_of date NOT NULL,
  status smallint NOT NULL,
  n smallint NOT NULL,
  rules text NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX answer_consent ON kycvs_data.answer (consent, as_of);
COMMENT ON TABLE kycvs_data.answer IS 'Different answers given, so that the same question gets the same document';
COMMENT ON COLUMN kycvs_data.answer.jti IS 'UUIDv8, the answer''s "jti"';
COMMENT ON COLUMN kycvs_data.answer.consent IS 'The consent it was given under';
COMMENT ON COLUMN kycvs_data.answer.as_of IS 'Day it speaks of';
COMMENT ON COLUMN kycvs_data.answer.status IS '0 not vaccinated or not found, 1 partially, 2 fully vaccinated';
COMMENT ON COLUMN kycvs_data.answer.n IS 'Which person of a group it is about, else 1';
COMMENT ON COLUMN kycvs_data.answer.rules IS 'Rules that were applied';
COMMENT ON COLUMN kycvs_data.answer.issued_at IS 'When it was first given';
COMMENT ON COLUMN kycvs_data.answer.expires_at IS 'End of its day';

CREATE TABLE kycvs_data.charge (
  key bytea NOT NULL,
  at timestamptz NOT NULL,
  event text NOT NULL
);
CREATE INDEX charge_key ON kycvs_data.charge (key, at);
COMMENT ON TABLE kycvs_data.charge IS 'What limits count, a row an event: of a mobile, and of a mobile and an entity';
COMMENT ON COLUMN kycvs_data.charge.key IS 'HMAC-SHA-256 of what is counted';
COMMENT ON COLUMN kycvs_data.charge.at IS 'When';
COMMENT ON COLUMN kycvs_data.charge.event IS 'sent: a message was asked for; failed: a wrong try; succeeded: ends a row of failures';

CREATE TABLE kycvs_data.audit (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  event text NOT NULL,
  outcome text NOT NULL,
  entity int NOT NULL,
  subject uuid NOT NULL,
  document uuid NOT NULL,
  object bigint NOT NULL,
  as_of date NOT NULL,
  status smallint NOT NULL,
  session_role text NOT NULL,
  outer_role text NOT NULL,
  calling_role text NOT NULL,
  database text NOT NULL
);
COMMENT ON TABLE kycvs_data.audit IS 'Append-only: one row for every request that was decided';
COMMENT ON COLUMN kycvs_data.audit.id IS 'Order of the decisions';
COMMENT ON COLUMN kycvs_data.audit.at IS 'When, by the authority''s clock';
COMMENT ON COLUMN kycvs_data.audit.event IS 'What was asked';
COMMENT ON COLUMN kycvs_data.audit.outcome IS 'SQLSTATE; 00000 = granted';
COMMENT ON COLUMN kycvs_data.audit.entity IS 'For which entity, 0 when none';
COMMENT ON COLUMN kycvs_data.audit.subject IS 'Challenge or consent it was about, zeros when none';
COMMENT ON COLUMN kycvs_data.audit.document IS '"jti" of the document that was given out, zeros when none';
COMMENT ON COLUMN kycvs_data.audit.object IS 'Person, API key or message of an administrative request; of a group''s issue and consent how many persons, of its answer which one; 0 when none';
COMMENT ON COLUMN kycvs_data.audit.as_of IS 'Day of an answer, -infinity when none';
COMMENT ON COLUMN kycvs_data.audit.status IS 'Status that was disclosed, -1 when none';
COMMENT ON COLUMN kycvs_data.audit.session_role IS 'Session user of the caller';
COMMENT ON COLUMN kycvs_data.audit.outer_role IS 'Outer user of the caller (SET ROLE)';
COMMENT ON COLUMN kycvs_data.audit.calling_role IS 'Current user at the call, who decides which entity asked';
COMMENT ON COLUMN kycvs_data.audit.database IS 'Database of the caller';

/* ---- privileges of tables: their owner alone, and even it can only append to the audit ---- */

DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT c.relname FROM pg_class c
           WHERE c.relnamespace = 'kycvs_data'::regnamespace::oid
             AND c.relkind IN ('r', 'p', 'v') LOOP
    EXECUTE format('ALTER TABLE kycvs_data.%I OWNER TO kycvs_owner', t);
    EXECUTE format('REVOKE ALL ON kycvs_data.%I FROM PUBLIC', t);
  END LOOP;
END $$;
REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON kycvs_data.audit FROM kycvs_owner;

/* ---- what the authority keeps in its memory of small tables (src/kept.c), until one of their rows is written ---- */

CREATE FUNCTION kycvs_data.kept_changed()
  RETURNS trigger
  AS 'MODULE_PATHNAME', 'kycvs_kept_changed' LANGUAGE C VOLATILE PARALLEL UNSAFE;
ALTER FUNCTION kycvs_data.kept_changed() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs_data.kept_changed() FROM PUBLIC;
COMMENT ON FUNCTION kycvs_data.kept_changed() IS 'private: tells the authority that a row was written';

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['entity', 'purpose', 'entity_purpose', 'notice', 'sms_text', 'sms_route', 'rules', 'rule_interval'] LOOP
    EXECUTE format('CREATE TRIGGER kept_changed AFTER INSERT OR UPDATE OR DELETE ON kycvs_data.%I'
                   ' FOR EACH ROW EXECUTE FUNCTION kycvs_data.kept_changed()', t);
    EXECUTE format('ALTER TABLE kycvs_data.%I ENABLE ALWAYS TRIGGER kept_changed', t);
  END LOOP;
END $$;

/* ---- dump: every record, but no challenge and no message ---- */

SELECT pg_catalog.pg_extension_config_dump('kycvs_data.registry', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.signing_key', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.trusted_key', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.entity', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.entity_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.api_key', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.api_key_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.purpose', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.purpose_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.notice', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.notice_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.sms_text', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.sms_text_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.entity_purpose', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.page', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.sms_route', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.sms_route_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.product', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.product_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.rules', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.rule_interval', 'WHERE NOT shipped');
DO $$
DECLARE
  part regclass;
BEGIN
  FOR part IN SELECT p.inhrelid FROM pg_inherits AS p
               WHERE p.inhparent = 'kycvs_data.person'::regclass ORDER BY 1 LOOP
    PERFORM pg_extension_config_dump(part, '');
  END LOOP;
END $$;
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.person_mobile', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.person_merge', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.correction', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.intake_run', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.intake_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.intake_load', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.intake_rejected', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.consent', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.consent_person', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.answer', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.charge', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.audit', '');
SELECT pg_catalog.pg_extension_config_dump('kycvs_data.audit_id_seq', '');

/* ---- shipped data: vaccines of India's programme and a few foreign ones ---- */

INSERT INTO kycvs_data.product (id, code, name, doses_required, minimum_interval_days, form, eu_code, icd11, cvx, shipped) VALUES
  ( 1, 'COVISHIELD',    'Covishield',    2, 28,   '2 doses',             'Covishield',    'XM9QW8', '210', true),
  ( 2, 'COVAXIN',       'Covaxin',       2, 28,   '2 doses',             'Covaxin',       'XM1NL1', '502', true),
  ( 3, 'SPUTNIK-V',     'Sputnik V',     2, 21,   'components I and II', 'Sputnik-V',     'XM9QW8', '505', true),
  ( 4, 'SPUTNIK-LIGHT', 'Sputnik Light', 1, NULL, 'single dose',         'Sputnik-Light', NULL,     '504', true),
  ( 5, 'ZYCOV-D',       'ZyCoV-D',       3, 28,   '2 mg',                NULL,            'XM6AT1', NULL,  true),
  ( 6, 'ZYCOV-D-3MG',   'ZyCoV-D 3 mg',  2, 28,   '3 mg',                NULL,            'XM6AT1', NULL,  true),
  ( 7, 'CORBEVAX',      'Corbevax',      2, 28,   '2 doses',             NULL,            'XM5JC5', NULL,  true),
  ( 8, 'COVOVAX',       'Covovax',       2, 21,   '2 doses',             'Covovax',       'XM5JC5', NULL,  true),
  ( 9, 'INCOVACC',      'iNCOVACC',      2, 28,   'nasal',               NULL,            NULL,     NULL,  true),
  (10, 'MODERNA',       'Spikevax',      2, 28,   '2 doses',             'EU/1/20/1507',  NULL,     NULL,  true),
  (11, 'JANSSEN',       'Jcovden',       1, NULL, 'single dose',         'EU/1/20/1525',  NULL,     NULL,  true),
  (12, 'COMIRNATY',     'Comirnaty',     2, 21,   '2 doses',             'EU/1/20/1528',  NULL,     NULL,  true),
  (13, 'VAXZEVRIA',     'Vaxzevria',     2, 28,   '2 doses',             'EU/1/21/1529',  NULL,     NULL,  true);

/* ---- shipped data: rule sets; docs/rules.md says where the figures are from ---- */

INSERT INTO kycvs_data.rules (code, description, enforces_intervals, days_after, days_at_most, shipped) VALUES
  ('in-2021', 'Doses not revoked and given on or before the day; 2 when the largest requirement among the products given is reached', false, 0, 0, true),
  ('in-2021-intervals', 'Like in-2021, but a dose that came too soon after the last one that counts, by the programme''s rule of its own date, does not count', true, 0, 0, true),
  ('eu-2022', 'Like in-2021, but a dose that came too soon for its product does not count, and 2 begins 14 days after the course is complete and ends after 270 unless there was a booster', true, 14, 270, true);

-- an interval that is not confirmed is enforced against nobody
INSERT INTO kycvs_data.rule_interval (rules, product, booster, valid_from, minimum_interval_days, shipped) VALUES
  ('in-2021-intervals', 'COVISHIELD', false, '2021-01-16', 28, true),
  ('in-2021-intervals', 'COVISHIELD', false, '2021-03-22', 42, true),
  ('in-2021-intervals', 'COVISHIELD', false, '2021-05-13', 84, true),
  ('in-2021-intervals', 'COVOVAX',    false, '-infinity',   0, true),
  ('eu-2022',           'COVOVAX',    false, '-infinity',   0, true),
  ('eu-2022',           'COVOVAX',    true,  '-infinity',   0, true);

-- precaution doses of the programme: 39 weeks after the second, later 26, whatever the product
INSERT INTO kycvs_data.rule_interval (rules, product, booster, valid_from, minimum_interval_days, shipped)
SELECT 'in-2021-intervals', p.code, true, r.valid_from, r.weeks * 7, true
  FROM kycvs_data.product AS p, (VALUES (date '-infinity', 39), ('2022-07-06', 26)) AS r (valid_from, weeks);

/* ---- functions over pgcrypto, bound to that extension wherever it lives ---- */

DO $$
DECLARE
  crypto text;
BEGIN
  SELECT quote_ident(n.nspname) INTO STRICT crypto
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
  WHERE e.extname = 'pgcrypto';
  PERFORM FROM pg_depend d
  WHERE d.classid = 'pg_proc'::regclass
    AND d.objid IN ((crypto || '.gen_random_bytes(integer)')::regprocedure,
                    (crypto || '.digest(text,text)')::regprocedure)
    AND d.deptype = 'e'
    AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pgcrypto')
  HAVING count(*) = 2;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = 'the functions of pgcrypto do not belong to that extension';
  END IF;
  EXECUTE 'CREATE FUNCTION kycvs_data.new_api_key() RETURNS text LANGUAGE sql VOLATILE PARALLEL UNSAFE BEGIN ATOMIC '
    'SELECT ''kycvs_''::text || encode(' || crypto || '.gen_random_bytes(32), ''hex''::text); END';
  EXECUTE 'CREATE FUNCTION kycvs_data.api_key_digest(api_key text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC '
    'SELECT ' || crypto || '.digest(api_key, ''sha256''::text); END';
END $$;
ALTER FUNCTION kycvs_data.new_api_key() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs_data.new_api_key() FROM PUBLIC;
COMMENT ON FUNCTION kycvs_data.new_api_key() IS 'private: a new API key, 32 random bytes in hex';
ALTER FUNCTION kycvs_data.api_key_digest(text) OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs_data.api_key_digest(text) FROM PUBLIC;
COMMENT ON FUNCTION kycvs_data.api_key_digest(text) IS 'private: SHA-256 of an API key';

/* Whose objects kycvs stands on; a schema of pg_database_owner is the database owner's. */
CREATE FUNCTION kycvs.owners_above() RETURNS TABLE (what text, owner oid)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT o.what, CASE WHEN r.rolname = 'pg_database_owner' THEN d.datdba ELSE o.owner END
    FROM (SELECT 'schema ' || n.nspname AS what, n.nspowner AS owner
            FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
           WHERE e.extname IN ('kycvs', 'pgcrypto')
           UNION
          SELECT 'extension ' || e.extname, e.extowner FROM pg_extension AS e WHERE e.extname IN ('kycvs', 'pgcrypto')) AS o
    JOIN pg_roles AS r ON r.oid = o.owner
    JOIN pg_database AS d ON d.datname = current_database()
   WHERE current_database() IN (SELECT trim(both '"' FROM n)
                                  FROM regexp_split_to_table(current_setting('kycvs.databases', true), '\s*,\s*') AS n);
END;
REVOKE ALL ON FUNCTION kycvs.owners_above() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.owners_above() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.owners_above() IS 'private: whose objects a registry stands on';

/* ---- public functions: entities ---- */

CREATE FUNCTION @extschema@.kycvs_issue_otp(mobile text, name text, purpose text, reference text DEFAULT NULL, travel_date date DEFAULT NULL, language text DEFAULT 'en')
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_issue_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_issue_otp(text, text, text, text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_issue_otp(text, text, text, text, date, text) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_issue_otp(text, text, text, text, date, text) IS 'public: sends an OTP to a mobile number and returns a signed receipt whose "jti" is the txn; KV001-KV009, KV040, KV050-KV052';

CREATE FUNCTION @extschema@.kycvs_resend_otp(txn uuid)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_resend_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_resend_otp(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_resend_otp(uuid) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_resend_otp(uuid) IS 'public: sends the same OTP again (after 30, 60, 120 s) and returns a new signed receipt; KV003, KV004, KV007, KV011-KV014, KV050-KV052';

CREATE FUNCTION @extschema@.kycvs_verify_otp(txn uuid, otp text, consent boolean DEFAULT false)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_verify_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_verify_otp(uuid, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_verify_otp(uuid, text, boolean) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_verify_otp(uuid, text, boolean) IS 'public: takes the OTP (six digits, or the hex SHA-256 of them) and the person''s consent, returns the signed consent; KV003, KV004, KV006, KV007, KV010-KV014, KV050-KV052';

CREATE FUNCTION @extschema@.kycvs_status(consent jsonb, as_of date DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_status' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_status(jsonb, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_status(jsonb, date) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_status(jsonb, date) IS 'public: the signed answer for a consent, status 0 not (or not found), 1 partially, 2 fully vaccinated; as_of is today or the travel date; KV003, KV004, KV008, KV020-KV024, KV050-KV052';

/* ---- public functions: several persons on one mobile ---- */

CREATE FUNCTION @extschema@.kycvs_issue_group_otp(mobile text, names text[], purpose text, reference text DEFAULT NULL, travel_date date DEFAULT NULL, language text DEFAULT 'en')
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_issue_group_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_issue_group_otp(text, text[], text, text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_issue_group_otp(text, text[], text, text, date, text) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_issue_group_otp(text, text[], text, text, date, text) IS 'public: sends one OTP for 1 to 6 persons who share a mobile number and returns a signed receipt whose "jti" is the txn for kycvs_verify_otp; KV001-KV009, KV040, KV041, KV050-KV052';

CREATE FUNCTION @extschema@.kycvs_status_group(consent jsonb, as_of date DEFAULT NULL)
  RETURNS TABLE (n int, answer jsonb)
  AS 'MODULE_PATHNAME', 'kycvs_status_group' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 6;
REVOKE ALL ON FUNCTION @extschema@.kycvs_status_group(jsonb, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_status_group(jsonb, date) TO kycvs_entity;
COMMENT ON FUNCTION @extschema@.kycvs_status_group(jsonb, date) IS 'public: a signed answer, like that of kycvs_status, for each person of a group''s consent, n in the order of the names; all or none; KV003, KV004, KV008, KV020-KV023, KV040, KV050-KV052';

CREATE FUNCTION kycvs.try_issue_group_otp(mobile text, names text[], purpose text, reference text DEFAULT NULL, travel_date date DEFAULT NULL, language text DEFAULT 'en', api_key text DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_try_issue_group_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.try_issue_group_otp(text, text[], text, text, date, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_issue_group_otp(text, text[], text, text, date, text, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_issue_group_otp(text, text[], text, text, date, text, text) IS 'public: like kycvs_issue_group_otp, but a KV refusal is returned as {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

CREATE FUNCTION kycvs.try_status_group(consent jsonb, as_of date DEFAULT NULL, api_key text DEFAULT NULL)
  RETURNS TABLE (n int, answer jsonb)
  AS 'MODULE_PATHNAME', 'kycvs_try_status_group' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 6;
REVOKE ALL ON FUNCTION kycvs.try_status_group(jsonb, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_status_group(jsonb, date, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_status_group(jsonb, date, text) IS 'public: like kycvs_status_group, but a KV refusal is one row, n NULL and answer {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

/* ---- public functions: anybody who holds a document (RFC 7515, RFC 8785) ---- */

CREATE FUNCTION @extschema@.kycvs_verify(document jsonb, audience text, reference text, name text DEFAULT NULL, type text DEFAULT 'status', at timestamptz DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_verify' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_verify(jsonb, text, text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_verify(jsonb, text, text, text, text, timestamptz) TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_verify(jsonb, text, text, text, text, timestamptz) IS 'public: the claims of a document whose signature, issuer, key, expiry, audience, reference, name and type are right, else KV030-KV034; at = check as of then';

CREATE FUNCTION @extschema@.kycvs_verify_each(documents jsonb[], audience text, reference_list text[] DEFAULT NULL, name_list text[] DEFAULT NULL, type text DEFAULT 'status', at timestamptz DEFAULT NULL)
  RETURNS TABLE (n int, claims jsonb, error text, message text)
  AS 'MODULE_PATHNAME', 'kycvs_verify_each' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_verify_each(jsonb[], text, text[], text[], text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_verify_each(jsonb[], text, text[], text[], text, timestamptz) TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_verify_each(jsonb[], text, text[], text[], text, timestamptz) IS 'public: kycvs_verify for many documents at once, a row for each in their order: its claims, or error (KV030-KV034) and message; references and names, when given, are as many';

CREATE FUNCTION @extschema@.kycvs_claims(document jsonb)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_claims' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_claims(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_claims(jsonb) TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_claims(jsonb) IS 'public: the claims of a document whose signature is right, nothing else checked; KV030-KV032';

CREATE FUNCTION @extschema@.kycvs_jwks()
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_jwks' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_jwks() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_jwks() TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_jwks() IS 'public: the registry''s public keys as a JWK Set (RFC 7517, section 5)';

CREATE FUNCTION @extschema@.kycvs_to_jwt(document jsonb)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_to_jwt' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_to_jwt(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_to_jwt(jsonb) TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_to_jwt(jsonb) IS 'public: a document as compact JWT (RFC 7519); no key is needed and no signature checked; KV030';

CREATE FUNCTION @extschema@.kycvs_from_jwt(token text)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_from_jwt' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.kycvs_from_jwt(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.kycvs_from_jwt(text) TO PUBLIC;
COMMENT ON FUNCTION @extschema@.kycvs_from_jwt(text) IS 'public: a compact JWT as document; no signature is checked; KV030';

CREATE FUNCTION kycvs.canonical(document jsonb)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_canonical' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.canonical(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.canonical(jsonb) TO PUBLIC;
COMMENT ON FUNCTION kycvs.canonical(jsonb) IS 'public: canonical JSON (RFC 8785)';

CREATE FUNCTION kycvs.name_match(a text, b text)
  RETURNS real
  AS 'MODULE_PATHNAME', 'kycvs_name_match' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.name_match(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.name_match(text, text) TO PUBLIC;
COMMENT ON FUNCTION kycvs.name_match(text, text) IS 'public: how well two names fit each other, 0 to 1, across scripts and spellings; 0 also when one of them is no name';

CREATE FUNCTION kycvs.thumbprint(jwk jsonb)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_thumbprint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.thumbprint(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.thumbprint(jsonb) TO PUBLIC;
COMMENT ON FUNCTION kycvs.thumbprint(jsonb) IS 'public: JWK thumbprint, SHA-256 in base64url (RFC 7638)';

CREATE FUNCTION kycvs.signature_valid(jwk jsonb, message bytea, signature bytea)
  RETURNS boolean
  AS 'MODULE_PATHNAME', 'kycvs_signature_valid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.signature_valid(jsonb, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.signature_valid(jsonb, bytea, bytea) TO PUBLIC;
COMMENT ON FUNCTION kycvs.signature_valid(jsonb, bytea, bytea) IS 'public: whether an ES256 (RFC 7518, 3.4) or Ed25519 (RFC 8037) signature of 64 bytes is right';

CREATE FUNCTION kycvs.require_answer()
  RETURNS trigger
  AS 'MODULE_PATHNAME', 'kycvs_require_answer' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.require_answer() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.require_answer() TO PUBLIC;
COMMENT ON FUNCTION kycvs.require_answer() IS 'public: trigger for each row that is inserted or updated, with arguments audience=CODE, issuer=ISSUER, answer=COLUMN, reference=COLUMN, name=COLUMN, day=COLUMN, status=0|1|2: refuses an answer that is not good for its row (KV030-KV034), or says less (23514)';

/* ---- functions that return a refusal instead of raising it: gateways and routers ---- */

CREATE FUNCTION kycvs.try_issue_otp(mobile text, name text, purpose text, reference text DEFAULT NULL, travel_date date DEFAULT NULL, language text DEFAULT 'en', api_key text DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_try_issue_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.try_issue_otp(text, text, text, text, date, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_issue_otp(text, text, text, text, date, text, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_issue_otp(text, text, text, text, date, text, text) IS 'public: like kycvs_issue_otp, but a KV refusal is returned as {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

CREATE FUNCTION kycvs.try_resend_otp(txn uuid, api_key text DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_try_resend_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.try_resend_otp(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_resend_otp(uuid, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_resend_otp(uuid, text) IS 'public: like kycvs_resend_otp, but a KV refusal is returned as {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

CREATE FUNCTION kycvs.try_verify_otp(txn uuid, otp text, consent boolean DEFAULT false, api_key text DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_try_verify_otp' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.try_verify_otp(uuid, text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_verify_otp(uuid, text, boolean, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_verify_otp(uuid, text, boolean, text) IS 'public: like kycvs_verify_otp, but a KV refusal is returned as {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

CREATE FUNCTION kycvs.try_status(consent jsonb, as_of date DEFAULT NULL, api_key text DEFAULT NULL)
  RETURNS jsonb
  AS 'MODULE_PATHNAME', 'kycvs_try_status' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.try_status(jsonb, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.try_status(jsonb, date, text) TO kycvs_entity, kycvs_gateway;
COMMENT ON FUNCTION kycvs.try_status(jsonb, date, text) IS 'public: like kycvs_status, but a KV refusal is returned as {"error", "message", "retry_after", "tries_left"}; api_key: for members of kycvs_gateway';

/* ---- functions of administration ---- */

CREATE FUNCTION kycvs.create_key(alg text DEFAULT 'ES256')
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_create_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.create_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.create_key(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.create_key(text) IS 'admin: makes a signing key (ES256 or Ed25519) and, the first time, the master key; returns its kid; the first becomes active and fixes the issuer, later ones are pending';

CREATE FUNCTION kycvs.activate_key(kid text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_activate_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.activate_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.activate_key(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.activate_key(text) IS 'admin: a pending key signs from now on, the active one retires';

CREATE FUNCTION kycvs.revoke_key(kid text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_revoke_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.revoke_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.revoke_key(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.revoke_key(text) IS 'admin: documents of this key verify no more; not to be undone';

CREATE FUNCTION kycvs.destroy_key(kid text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_destroy_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.destroy_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.destroy_key(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.destroy_key(text) IS 'admin: overwrites and removes the private file of a retired or revoked key; its public part stays and, unless revoked, verifies';

CREATE FUNCTION kycvs.list_keys()
  RETURNS TABLE (issuer text, kid text, alg text, state text, created_at timestamptz, activated_at timestamptz, retired_at timestamptz, revoked_at timestamptz, destroyed_at timestamptz)
  AS 'MODULE_PATHNAME', 'kycvs_list_keys' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.list_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.list_keys() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.list_keys() IS 'private: behind the view kycvs.keys';

CREATE VIEW kycvs.keys AS
  SELECT k.issuer, k.kid, k.alg, k.state, k.created_at, k.activated_at, k.retired_at, k.revoked_at, k.destroyed_at FROM kycvs.list_keys() AS k;
REVOKE ALL ON kycvs.keys FROM PUBLIC;
GRANT SELECT ON kycvs.keys TO kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.keys IS 'admin, auditor: the keys that this database verifies with, of its registry and of issuers that it trusts';
COMMENT ON COLUMN kycvs.keys.issuer IS 'Claim "iss" of the documents that the key signs';
COMMENT ON COLUMN kycvs.keys.kid IS 'RFC 7638 thumbprint';
COMMENT ON COLUMN kycvs.keys.alg IS 'JOSE algorithm';
COMMENT ON COLUMN kycvs.keys.state IS 'pending, active, retired or revoked; trusted: another issuer''s';
COMMENT ON COLUMN kycvs.keys.created_at IS 'When it was made, or first trusted';
COMMENT ON COLUMN kycvs.keys.activated_at IS 'When it began to sign';
COMMENT ON COLUMN kycvs.keys.retired_at IS 'When it ceased to sign';
COMMENT ON COLUMN kycvs.keys.revoked_at IS 'When it was revoked';
COMMENT ON COLUMN kycvs.keys.destroyed_at IS 'When its private part was destroyed';

/*
 * Trust is this database's own business, also where there is no authority: so
 * these two act in the caller's transaction, as the owner of the table.
 */
CREATE FUNCTION kycvs.read_jwks(issuer text, jwks jsonb)
  RETURNS TABLE (kid text, alg text, x bytea, y bytea, skipped text)
  AS 'MODULE_PATHNAME', 'kycvs_read_jwks' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.read_jwks(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_jwks(text, jsonb) TO kycvs_owner;
COMMENT ON FUNCTION kycvs.read_jwks(text, jsonb) IS 'private: the keys of a JWK Set, checked';

CREATE FUNCTION kycvs.trust_issuer(issuer text, jwks jsonb)
  RETURNS TABLE (kid text, alg text, change text)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH given AS MATERIALIZED (SELECT j.kid, j.alg, j.x, j.y, j.skipped FROM kycvs.read_jwks(trust_issuer.issuer, trust_issuer.jwks) AS j),
  added AS (
    INSERT INTO kycvs_data.trusted_key (issuer, kid, alg, x, y, created_at)
    SELECT trust_issuer.issuer, g.kid, g.alg, g.x, g.y, clock_timestamp() FROM given AS g WHERE g.skipped IS NULL
    ON CONFLICT DO NOTHING RETURNING trusted_key.kid)
  SELECT g.kid, g.alg,
         CASE WHEN g.skipped IS NOT NULL THEN 'skipped: ' || g.skipped
              WHEN g.kid IN (SELECT a.kid FROM added AS a) THEN 'added'
              ELSE 'known' END
    FROM given AS g
  UNION ALL
  SELECT t.kid, t.alg, 'kept' FROM kycvs_data.trusted_key AS t
   WHERE t.issuer = trust_issuer.issuer AND NOT EXISTS (SELECT FROM given AS g WHERE g.kid = t.kid);
END;
ALTER FUNCTION kycvs.trust_issuer(text, jsonb) OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.trust_issuer(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.trust_issuer(text, jsonb) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.trust_issuer(text, jsonb) IS 'admin: documents of this issuer, signed by these keys (RFC 7517), verify in this database; says of each key: added, known, kept (from before, not in this set) or skipped';

CREATE FUNCTION kycvs.distrust_key(issuer text, kid text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM kycvs_data.trusted_key AS t WHERE t.issuer = distrust_key.issuer AND t.kid = distrust_key.kid;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'there is no trusted key of this issuer and name';
  END IF;
END $$;
ALTER FUNCTION kycvs.distrust_key(text, text) OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.distrust_key(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.distrust_key(text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.distrust_key(text, text) IS 'admin: documents signed by this key of another issuer verify no more';

CREATE FUNCTION kycvs.add_purpose(code text, notice text, validity interval DEFAULT '15 min', uses int DEFAULT 3)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_purpose' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_purpose(text, text, interval, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_purpose(text, text, interval, int) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_purpose(text, text, interval, int) IS 'admin: a purpose with its English notice (slots as in kycvs.add_notice), how long a consent lasts (or to the end of its travel date, when that is later) and how many different answers it is good for';

CREATE FUNCTION kycvs.add_notice(code text, language text, notice text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_notice' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_notice(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_notice(text, text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_notice(text, text, text) IS 'admin: the notice of a purpose in a language (BCP 47), a new version of it when there is one; slots {entity}, {uses} and, in brackets, {travel_date}';

CREATE FUNCTION kycvs.add_usual_purpose(code text, host text DEFAULT NULL)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_add_usual_purpose' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_usual_purpose(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_usual_purpose(text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_usual_purpose(text, text) IS 'admin: a purpose with notices and texts as they are shipped, see kycvs.usual_purposes; with a host the last line of its messages is "@host #code", which browsers fill in on pages of that host; says how long the messages get';

CREATE FUNCTION kycvs.add_sms_text(purpose text, language text, text text DEFAULT NULL, template_id text DEFAULT NULL, entity_id text DEFAULT NULL, kind text DEFAULT 'otp')
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_add_sms_text' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_sms_text(text, text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_sms_text(text, text, text, text, text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_sms_text(text, text, text, text, text, text) IS 'admin: the text of a purpose''s messages in a language (null: of every purpose without one of its own), with the ids under which it is registered; slots {otp}, {entity}, {minutes}, {purpose}, {persons}; without a text, ids for the one that is sent now. kind mobile-removed: to a number that was taken off a record. A new version when anything differs; says how long it gets';

CREATE FUNCTION kycvs.notice_shown(jti uuid)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_notice_shown' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.notice_shown(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.notice_shown(uuid) TO kycvs_auditor;
COMMENT ON FUNCTION kycvs.notice_shown(uuid) IS 'auditor: the notice that was shown for a consent or receipt, word for word, compared with its hash; audited';

CREATE FUNCTION kycvs.describe_sms_text(text text, has_otp boolean)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_describe_sms_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.describe_sms_text(text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.describe_sms_text(text, boolean) TO kycvs_admin, kycvs_auditor, kycvs_owner;
COMMENT ON FUNCTION kycvs.describe_sms_text(text, boolean) IS 'private: behind the view kycvs.sms_texts';

CREATE FUNCTION kycvs.read_notices()
  RETURNS TABLE (purpose text, language text, version int, is_current boolean, notice text, added_at timestamptz)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.code, n.language, n.version, n.version = max(n.version) OVER (PARTITION BY n.purpose, n.language), n.notice, n.added_at
    FROM kycvs_data.notice AS n JOIN kycvs_data.purpose AS p ON p.id = n.purpose
   ORDER BY p.code, n.language, n.version;
END;
ALTER FUNCTION kycvs.read_notices() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_notices() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_notices() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_notices() IS 'private: behind the view kycvs.notices';

CREATE VIEW kycvs.notices AS
  SELECT n.purpose, n.language, n.version, n.is_current, n.notice, n.added_at FROM kycvs.read_notices() AS n;
REVOKE ALL ON kycvs.notices FROM PUBLIC;
GRANT SELECT ON kycvs.notices TO kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.notices IS 'admin, auditor: notices of purposes, all versions';
COMMENT ON COLUMN kycvs.notices.purpose IS 'Code of the purpose';
COMMENT ON COLUMN kycvs.notices.language IS 'Language (BCP 47, lower case)';
COMMENT ON COLUMN kycvs.notices.version IS 'Counted from 1 in each language of a purpose';
COMMENT ON COLUMN kycvs.notices.is_current IS 'True: this one is shown';
COMMENT ON COLUMN kycvs.notices.notice IS 'The text with its slots';
COMMENT ON COLUMN kycvs.notices.added_at IS 'When it was added';

CREATE FUNCTION kycvs.read_sms_texts()
  RETURNS TABLE (kind text, purpose text, language text, version int, is_current boolean, text text, template_id text, entity_id text, length text, added_at timestamptz)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE t.purpose WHEN -1 THEN 'mobile-removed' ELSE 'otp' END, p.code, t.language, t.version,
         t.version = max(t.version) OVER (PARTITION BY t.purpose, t.language), t.text, nullif(t.template_id, ''), nullif(t.entity_id, ''),
         kycvs.describe_sms_text(t.text, t.purpose >= 0), t.added_at
    FROM kycvs_data.sms_text AS t LEFT JOIN kycvs_data.purpose AS p ON p.id = t.purpose
   ORDER BY 1 DESC, p.code, t.language, t.version;
END;
ALTER FUNCTION kycvs.read_sms_texts() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_sms_texts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_sms_texts() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_sms_texts() IS 'private: behind the view kycvs.sms_texts';

CREATE VIEW kycvs.sms_texts AS
  SELECT t.kind, t.purpose, t.language, t.version, t.is_current, t.text, t.template_id, t.entity_id, t.length, t.added_at FROM kycvs.read_sms_texts() AS t;
REVOKE ALL ON kycvs.sms_texts FROM PUBLIC;
GRANT SELECT ON kycvs.sms_texts TO kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.sms_texts IS 'admin, auditor: texts of messages that were added, all versions; those of purposes without one are in kycvs.usual_purposes';
COMMENT ON COLUMN kycvs.sms_texts.kind IS 'otp, or mobile-removed: to a number that was taken off a record';
COMMENT ON COLUMN kycvs.sms_texts.purpose IS 'Code of the purpose; null for every purpose without a text of its own';
COMMENT ON COLUMN kycvs.sms_texts.language IS 'Language (BCP 47, lower case)';
COMMENT ON COLUMN kycvs.sms_texts.version IS 'Counted from 1 in each language of a purpose';
COMMENT ON COLUMN kycvs.sms_texts.is_current IS 'True: this one is sent';
COMMENT ON COLUMN kycvs.sms_texts.text IS 'The text with its slots';
COMMENT ON COLUMN kycvs.sms_texts.template_id IS 'Id under which an operator has it registered (DLT), null for none';
COMMENT ON COLUMN kycvs.sms_texts.entity_id IS 'Id of whoever has registered it (DLT: principal entity), null for none';
COMMENT ON COLUMN kycvs.sms_texts.length IS 'How many parts it takes, in which alphabet';
COMMENT ON COLUMN kycvs.sms_texts.added_at IS 'When it was added';

CREATE FUNCTION kycvs.add_entity(code text, name text, role regrole, purposes text[])
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_entity' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_entity(text, text, regrole, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_entity(text, text, regrole, text[]) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_entity(text, text, regrole, text[]) IS 'admin: an organisation that may ask, its role and purposes; grants kycvs_entity to the role';

CREATE FUNCTION kycvs.suspend_entity(code text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_suspend_entity' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.suspend_entity(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.suspend_entity(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.suspend_entity(text) IS 'admin: refuses every request of an entity (KV004)';

CREATE FUNCTION kycvs.resume_entity(code text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_resume_entity' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.resume_entity(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.resume_entity(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.resume_entity(text) IS 'admin: ends a suspension';

CREATE FUNCTION kycvs.set_budget(code text, failures_per_hour int)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_set_budget' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.set_budget(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.set_budget(text, int) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.set_budget(text, int) IS 'admin: how many challenges of an entity may fail in an hour (200 at first)';

CREATE FUNCTION kycvs.set_page(code text, origins text[])
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_set_page' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.set_page(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.set_page(text, text[]) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.set_page(text, text[]) IS 'admin: the web sites (https://shop.example) that may embed the page of an entity and get its answers; none: it has no page';

CREATE FUNCTION kycvs.set_default_purpose(code text, purpose text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_set_default_purpose' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.set_default_purpose(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.set_default_purpose(text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.set_default_purpose(text, text) IS 'admin: for what an entity asks when a call by a gateway names no purpose, as CoWIN''s do (at first: the only one it has)';

CREATE FUNCTION kycvs.set_rules(code text, rules text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_set_rules' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.set_rules(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.set_rules(text, text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.set_rules(text, text) IS 'admin: the rule set by which an entity is answered from now on (in-2021 at first)';

CREATE FUNCTION kycvs.add_rules(code text, description text, enforces_intervals boolean DEFAULT true, days_after int DEFAULT 0, days_at_most int DEFAULT NULL)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_rules' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_rules(text, text, boolean, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_rules(text, text, boolean, int, int) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_rules(text, text, boolean, int, int) IS 'admin: a rule set: whether doses too soon count, days from the dose that completes a course to 2, and days since it after which 2 ends (NULL: never) unless there was a booster';

CREATE FUNCTION kycvs.add_rule_interval(rules text, product text, valid_from date, minimum_interval_days int, booster boolean DEFAULT false)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_rule_interval' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_rule_interval(text, text, date, int, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_rule_interval(text, text, date, int, boolean) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_rule_interval(text, text, date, int, boolean) IS 'admin: doses of this product, of a course or boosters, that are given on that day or later keep this interval; not for rule sets that ship with the extension';

CREATE FUNCTION kycvs.create_api_key(code text)
  RETURNS text
  AS 'MODULE_PATHNAME', 'kycvs_create_api_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.create_api_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.create_api_key(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.create_api_key(text) IS 'admin: an API key for an entity; shown once, only its SHA-256 is kept';

CREATE FUNCTION kycvs.revoke_api_key(id bigint)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_revoke_api_key' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.revoke_api_key(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.revoke_api_key(bigint) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.revoke_api_key(bigint) IS 'admin: an API key opens nothing any more';

CREATE FUNCTION kycvs.register_person(mobile text, name text, reference text DEFAULT NULL, birth_year int DEFAULT NULL)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'kycvs_register_person' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.register_person(text, text, text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.register_person(text, text, text, int) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.register_person(text, text, text, int) IS 'registrar: a person''s number; the same one for the same mobile and reference when the name fits, and for the same mobile and folded name unless both have references; KV001, KV002, KV041, 42710 another person on the mobile has the reference, 55000 a death is recorded';

CREATE FUNCTION kycvs.find_person(mobile text, name text, reference text DEFAULT NULL)
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'kycvs_find_person' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.find_person(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.find_person(text, text, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.find_person(text, text, text) IS 'registrar: the number of the person who has the reference on this mobile, whatever the name; without one, of the person whom the name means, the deceased too; of a merged record, the one that is used; NULL when nobody, or more than one fits; KV001, KV002';

CREATE FUNCTION kycvs.record_dose(person_id bigint, product text, given_on date, batch text DEFAULT NULL)
  RETURNS int
  AS 'MODULE_PATHNAME', 'kycvs_record_dose' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.record_dose(bigint, text, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.record_dose(bigint, text, date, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.record_dose(bigint, text, date, text) IS 'registrar: records a dose, returns its number; a short interval is a warning; KV042, KV043';

CREATE FUNCTION kycvs.revoke_dose(person_id bigint, dose_number int, reason text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_revoke_dose' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.revoke_dose(bigint, int, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.revoke_dose(bigint, int, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.revoke_dose(bigint, int, text) IS 'registrar: a dose that was recorded wrongly counts no more; KV042';

CREATE FUNCTION kycvs.change_mobile(person_id bigint, mobile text, reason text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_change_mobile' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.change_mobile(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.change_mobile(bigint, text, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.change_mobile(bigint, text, text) IS 'registrar: a person has another mobile number; the old one is told by SMS, and answers for kycvs.mobile_grace more; consents given before end; KV001, KV041, KV042';

CREATE FUNCTION kycvs.correct_name(person_id bigint, name text, reason text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_correct_name' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.correct_name(bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.correct_name(bigint, text, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.correct_name(bigint, text, text) IS 'registrar: a name that was recorded wrongly; consents given before end; KV002, KV042';

CREATE FUNCTION kycvs.merge_persons(person_id bigint, other_id bigint, reason text)
  RETURNS int
  AS 'MODULE_PATHNAME', 'kycvs_merge_persons' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.merge_persons(bigint, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.merge_persons(bigint, bigint, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.merge_persons(bigint, bigint, text) IS 'registrar: two records are of one person; the doses of other_id are copied to person_id, which stays, and other_id answers no more; consents of both end; returns how many doses were copied; KV042';

CREATE FUNCTION kycvs.record_death(person_id bigint, reason text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_record_death' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.record_death(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.record_death(bigint, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.record_death(bigint, text) IS 'registrar: a person has died, and is not found any more; consents given before end; KV042';

CREATE FUNCTION kycvs.revoke_death(person_id bigint, reason text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_revoke_death' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.revoke_death(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.revoke_death(bigint, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.revoke_death(bigint, text) IS 'registrar: a death that was recorded wrongly; KV041, KV042';

/*
 * There may be many, so they are read in the caller's backend; by the owner of
 * the tables, once the authority has written down who reads about whom.
 */
CREATE FUNCTION kycvs.read_answers(person_id bigint, since timestamptz)
  RETURNS TABLE (answered_at timestamptz, entity text, purpose text, reference text, answer uuid, as_of date, status int)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.issued_at, e.code, p.code, c.reference, a.jti, a.as_of, a.status::int
    FROM kycvs_data.consent AS c
    JOIN kycvs_data.answer AS a ON a.consent = c.jti
    LEFT JOIN kycvs_data.consent_person AS o ON o.consent = c.jti AND o.n = a.n
    JOIN kycvs_data.entity AS e ON e.id = c.entity
    JOIN kycvs_data.purpose AS p ON p.id = c.purpose
   WHERE CASE WHEN a.n > 1 THEN o.person ELSE c.person END = read_answers.person_id AND a.issued_at >= read_answers.since
   ORDER BY a.issued_at;
END;
ALTER FUNCTION kycvs.read_answers(bigint, timestamptz) OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_answers(bigint, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION kycvs.read_answers(bigint, timestamptz) IS 'private: behind kycvs.answers_since, which has it executed by its owner';

CREATE FUNCTION kycvs.answers_since(person_id bigint, since timestamptz)
  RETURNS TABLE (answered_at timestamptz, entity text, purpose text, reference text, answer uuid, as_of date, status int)
  AS 'MODULE_PATHNAME', 'kycvs_answers_since' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.answers_since(bigint, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.answers_since(bigint, timestamptz) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.answers_since(bigint, timestamptz) IS 'registrar: answers that were given about a person since then, so that whoever got a wrong one can be told; KV042';

/*
 * A view without a table behind it, so that no one who may not load can lock
 * anything by it; the trigger writes into kycvs_data.intake.
 */
CREATE FUNCTION kycvs.read_products()
  RETURNS TABLE (code text, name text, form text, doses_required smallint, minimum_interval_days smallint)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT p.code, p.name, p.form, p.doses_required, p.minimum_interval_days FROM kycvs_data.product AS p ORDER BY p.code;
END;
ALTER FUNCTION kycvs.read_products() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_products() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_products() TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_products() IS 'private: behind the view kycvs.products';

CREATE VIEW kycvs.products AS
  SELECT p.code, p.name, p.form, p.doses_required, p.minimum_interval_days FROM kycvs.read_products() AS p;
REVOKE ALL ON kycvs.products FROM PUBLIC;
GRANT SELECT ON kycvs.products TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.products IS 'registrar, admin, auditor: what doses may be of';
COMMENT ON COLUMN kycvs.products.code IS 'As kycvs.record_dose and kycvs.intake take it';
COMMENT ON COLUMN kycvs.products.name IS 'Name for people';
COMMENT ON COLUMN kycvs.products.form IS 'Presentation, where a product has several';
COMMENT ON COLUMN kycvs.products.doses_required IS 'Doses of a complete course';
COMMENT ON COLUMN kycvs.products.minimum_interval_days IS 'Days between doses, null when none is known';

CREATE FUNCTION kycvs.read_rule_sets()
  RETURNS TABLE (code text, description text, enforces_intervals boolean, days_after int, days_at_most int)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.code, r.description, r.enforces_intervals, r.days_after, r.days_at_most FROM kycvs_data.rules AS r ORDER BY r.code;
END;
ALTER FUNCTION kycvs.read_rule_sets() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_rule_sets() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_rule_sets() TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_rule_sets() IS 'private: behind the view kycvs.rule_sets';

CREATE VIEW kycvs.rule_sets AS
  SELECT r.code, r.description, r.enforces_intervals, r.days_after, r.days_at_most FROM kycvs.read_rule_sets() AS r;
REVOKE ALL ON kycvs.rule_sets FROM PUBLIC;
GRANT SELECT ON kycvs.rule_sets TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.rule_sets IS 'registrar, admin, auditor: rules by which doses are judged';
COMMENT ON COLUMN kycvs.rule_sets.code IS 'As kycvs.set_rules and kycvs.explain take it';
COMMENT ON COLUMN kycvs.rule_sets.description IS 'What it does';
COMMENT ON COLUMN kycvs.rule_sets.enforces_intervals IS 'True: a dose too soon after the last one that counts does not count';
COMMENT ON COLUMN kycvs.rule_sets.days_after IS 'Days from the dose that completes a course to 2';
COMMENT ON COLUMN kycvs.rule_sets.days_at_most IS 'Days since that dose after which 2 ends, unless there was a booster; 0 for never';

CREATE FUNCTION kycvs.load_intake()
  RETURNS trigger
  AS 'MODULE_PATHNAME', 'kycvs_load_intake' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.load_intake() FROM PUBLIC;
COMMENT ON FUNCTION kycvs.load_intake() IS 'private: the trigger behind the view kycvs.intake';

CREATE VIEW kycvs.intake AS
  SELECT NULL::text AS reference, NULL::text AS mobile, NULL::text AS name, NULL::text AS birth_year,
         NULL::text AS product, NULL::text AS given_on, NULL::text AS batch
   WHERE false;
CREATE TRIGGER load_intake INSTEAD OF INSERT ON kycvs.intake FOR EACH ROW EXECUTE FUNCTION kycvs.load_intake();
REVOKE ALL ON kycvs.intake FROM PUBLIC;
GRANT INSERT ON kycvs.intake TO kycvs_registrar;
COMMENT ON VIEW kycvs.intake IS 'registrar: COPY persons and doses into it, a row a dose; they are taken in, sealed, within seconds; not to be read';
COMMENT ON COLUMN kycvs.intake.reference IS 'The registry''s own number of the person; what is loaded again under it is not doubled';
COMMENT ON COLUMN kycvs.intake.mobile IS 'Mobile number, as in kycvs.register_person';
COMMENT ON COLUMN kycvs.intake.name IS 'Name';
COMMENT ON COLUMN kycvs.intake.birth_year IS 'Year of birth, may be missing';
COMMENT ON COLUMN kycvs.intake.product IS 'Code of the product; missing when no dose was given';
COMMENT ON COLUMN kycvs.intake.given_on IS 'Day, YYYY-MM-DD';
COMMENT ON COLUMN kycvs.intake.batch IS 'Batch number, may be missing';

-- apart, for unlogged tables cannot even be planned for on a standby
CREATE FUNCTION kycvs_data.count_intake()
  RETURNS bigint
  LANGUAGE sql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT count(*) FROM kycvs_data.intake;
END;
ALTER FUNCTION kycvs_data.count_intake() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs_data.count_intake() FROM PUBLIC;
COMMENT ON FUNCTION kycvs_data.count_intake() IS 'private: rows that wait to be taken in';

CREATE FUNCTION kycvs.read_intake_progress()
  RETURNS TABLE (state text, started_at timestamptz, finished_at timestamptz, rows_done bigint, rows_left bigint, persons bigint, doses bigint, rejected bigint, rows_per_second bigint, time_left interval)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH newest AS (
    SELECT r.* FROM kycvs_data.intake_run AS r ORDER BY r.id DESC LIMIT 1
  ), seen AS (
    SELECT EXISTS (SELECT FROM kycvs_data.intake_pause) AS paused,
           EXISTS (SELECT FROM kycvs_data.intake_load) AND NOT EXISTS (SELECT FROM newest WHERE finished_at IS NULL) AS waiting
  )
  SELECT CASE WHEN s.paused THEN 'paused' ELSE 'waiting' END,
         NULL::timestamptz, NULL::timestamptz, 0, CASE WHEN NOT pg_is_in_recovery() THEN kycvs_data.count_intake() END,
         0, 0, 0, NULL::bigint, NULL::interval
    FROM seen AS s
   WHERE s.waiting
  UNION ALL
  SELECT CASE WHEN n.finished_at IS NOT NULL AND n.interrupted THEN 'interrupted'
              WHEN n.finished_at IS NOT NULL THEN 'done'
              WHEN s.paused THEN 'paused'
              ELSE 'running' END,
         n.started_at, n.finished_at, n.rows_done, n.rows_left, n.persons, n.doses, n.rejected,
         round(n.rows_done / nullif(extract(epoch FROM n.busy), 0))::bigint,
         CASE WHEN n.finished_at IS NULL THEN date_trunc('second', n.busy * n.rows_left / nullif(n.rows_done, 0)) END
    FROM newest AS n, seen AS s
   WHERE NOT s.waiting;
END;
ALTER FUNCTION kycvs.read_intake_progress() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_intake_progress() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_intake_progress() TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_intake_progress() IS 'private: behind the view kycvs.intake_progress';

CREATE VIEW kycvs.intake_progress AS
  SELECT r.state, r.started_at, r.finished_at, r.rows_done, r.rows_left, r.persons, r.doses, r.rejected, r.rows_per_second, r.time_left
    FROM kycvs.read_intake_progress() AS r;
REVOKE ALL ON kycvs.intake_progress FROM PUBLIC;
GRANT SELECT ON kycvs.intake_progress TO kycvs_registrar, kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.intake_progress IS 'registrar, admin, auditor: how far bulk intake has come';
COMMENT ON COLUMN kycvs.intake_progress.state IS 'waiting, running, paused, done or interrupted: by a crash, so that what was loaded since the last done must be loaded again';
COMMENT ON COLUMN kycvs.intake_progress.started_at IS 'When the first rows were taken in, null while all wait';
COMMENT ON COLUMN kycvs.intake_progress.finished_at IS 'When there was none left';
COMMENT ON COLUMN kycvs.intake_progress.rows_done IS 'Rows taken in or rejected';
COMMENT ON COLUMN kycvs.intake_progress.rows_left IS 'Rows that wait, estimated while it is running; those that were lost, as far as is known, when it is interrupted';
COMMENT ON COLUMN kycvs.intake_progress.persons IS 'Persons registered';
COMMENT ON COLUMN kycvs.intake_progress.doses IS 'Doses recorded';
COMMENT ON COLUMN kycvs.intake_progress.rejected IS 'Rows rejected, see kycvs.intake_rejected';
COMMENT ON COLUMN kycvs.intake_progress.rows_per_second IS 'Rows a second, pauses not counted';
COMMENT ON COLUMN kycvs.intake_progress.time_left IS 'How long it will take at this rate';

CREATE FUNCTION kycvs.read_intake_rejected()
  RETURNS TABLE (reference text, reason text, rejected_at timestamptz)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.reference, r.reason, r.rejected_at FROM kycvs_data.intake_rejected AS r;
END;
ALTER FUNCTION kycvs.read_intake_rejected() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_intake_rejected() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_intake_rejected() TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.read_intake_rejected() IS 'private: behind the view kycvs.intake_rejected';

CREATE VIEW kycvs.intake_rejected AS
  SELECT r.reference, r.reason, r.rejected_at FROM kycvs.read_intake_rejected() AS r;
REVOKE ALL ON kycvs.intake_rejected FROM PUBLIC;
GRANT SELECT ON kycvs.intake_rejected TO kycvs_registrar;
COMMENT ON VIEW kycvs.intake_rejected IS 'registrar: rows that could not be taken in; nothing but their reference is kept';
COMMENT ON COLUMN kycvs.intake_rejected.reference IS 'Reference of the row, (none) when it had no usable one';
COMMENT ON COLUMN kycvs.intake_rejected.reason IS 'Why it was rejected';
COMMENT ON COLUMN kycvs.intake_rejected.rejected_at IS 'When that was last the case';

CREATE FUNCTION kycvs.clear_intake_rejected()
  RETURNS bigint
  AS 'MODULE_PATHNAME', 'kycvs_clear_intake_rejected' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.clear_intake_rejected() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.clear_intake_rejected() TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.clear_intake_rejected() IS 'registrar: empties kycvs.intake_rejected; returns how many there were';

CREATE FUNCTION kycvs.pause_intake()
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_pause_intake' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.pause_intake() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.pause_intake() TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.pause_intake() IS 'registrar: bulk intake rests after the rows it has in hand; those that wait stay on disk, unsealed';

CREATE FUNCTION kycvs.resume_intake()
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_resume_intake' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.resume_intake() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.resume_intake() TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.resume_intake() IS 'registrar: bulk intake goes on';

CREATE FUNCTION kycvs.explain(person_id bigint, as_of date DEFAULT NULL, rules text DEFAULT NULL)
  RETURNS TABLE (dose_number int, product text, given_on date, counts boolean, reason text)
  AS 'MODULE_PATHNAME', 'kycvs_explain' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.explain(bigint, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.explain(bigint, date, text) TO kycvs_registrar;
COMMENT ON FUNCTION kycvs.explain(bigint, date, text) IS 'registrar: a person''s doses, whether each counts and why, by a rule set (in-2021) on a day (today); the last row, without a number, is that day, the status and when it changes; KV042';

CREATE FUNCTION kycvs.next_messages(n int, down text[] DEFAULT '{}')
  RETURNS TABLE (id bigint, mobile text, body text, language text, template_id text, entity_id text, route text, attempt int, expires_in interval)
  AS 'MODULE_PATHNAME', 'kycvs_next_messages' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.next_messages(int, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.next_messages(int, text[]) TO kycvs_sender;
COMMENT ON FUNCTION kycvs.next_messages(int, text[]) IS 'sender: claims at most n messages (1 to 1000) for 30 seconds, each for a route that is not in down; expired ones are dropped, those beyond a cap wait';

CREATE FUNCTION kycvs.await_messages(n int, timeout interval DEFAULT '4 s', down text[] DEFAULT '{}')
  RETURNS TABLE (id bigint, mobile text, body text, language text, template_id text, entity_id text, route text, attempt int, expires_in interval)
  AS 'MODULE_PATHNAME', 'kycvs_await_messages' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.await_messages(int, interval, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.await_messages(int, interval, text[]) TO kycvs_sender;
COMMENT ON FUNCTION kycvs.await_messages(int, interval, text[]) IS 'sender: like kycvs.next_messages, but waits for the first message, at most 4 seconds; then returns none';

CREATE FUNCTION kycvs.message_done(id bigint, delivered boolean, detail text DEFAULT NULL, attempt int DEFAULT NULL, retry boolean DEFAULT false)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_message_done' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.message_done(bigint, boolean, text, int, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.message_done(bigint, boolean, text, int, boolean) TO kycvs_sender;
COMMENT ON FUNCTION kycvs.message_done(bigint, boolean, text, int, boolean) IS 'sender: reports that a message was handed over (true), or could not be (false): for good, or with retry until it is claimed again; 55000: too late, by the message or by the attempt, 42704';

CREATE FUNCTION kycvs.message_receipt(id bigint, delivered boolean, detail text DEFAULT NULL)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_message_receipt' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.message_receipt(bigint, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.message_receipt(bigint, boolean, text) TO kycvs_sender;
COMMENT ON FUNCTION kycvs.message_receipt(bigint, boolean, text) IS 'sender: reports what the network said of a message, once; 55000: it has a receipt or was never sent, 42704';

CREATE FUNCTION kycvs.add_sms_route(name text, url text, method text DEFAULT 'GET', headers text[] DEFAULT '{}', body text DEFAULT NULL, body_format text DEFAULT 'form', priority int DEFAULT 100, success_status int DEFAULT NULL, success_pattern text DEFAULT NULL, username text DEFAULT NULL, secret_file text DEFAULT NULL, per_minute int DEFAULT NULL, attempt_timeout interval DEFAULT '5 s', allow_private boolean DEFAULT false)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_add_sms_route' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.add_sms_route(text, text, text, text[], text, text, int, int, text, text, text, int, interval, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.add_sms_route(text, text, text, text[], text, text, int, int, text, text, text, int, interval, boolean) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.add_sms_route(text, text, text, text[], text, text, int, int, text, text, text, int, interval, boolean) IS 'admin: adds a route by which messages go to a gateway; url, headers and body may hold {to}, {to_digits}, {text}, {template_id}, {entity_id}, {id}, {coding}, {secret} and {receipt_url}; a WARNING when messages would go unencrypted';

CREATE FUNCTION kycvs.suspend_sms_route(name text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_suspend_sms_route' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.suspend_sms_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.suspend_sms_route(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.suspend_sms_route(text) IS 'admin: no message is given to this route until kycvs.resume_sms_route; what senders have claimed goes on';

CREATE FUNCTION kycvs.resume_sms_route(name text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_resume_sms_route' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.resume_sms_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.resume_sms_route(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.resume_sms_route(text) IS 'admin: messages are given to this route again';

CREATE FUNCTION kycvs.remove_sms_route(name text)
  RETURNS void
  AS 'MODULE_PATHNAME', 'kycvs_remove_sms_route' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.remove_sms_route(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.remove_sms_route(text) TO kycvs_admin;
COMMENT ON FUNCTION kycvs.remove_sms_route(text) IS 'admin: removes a route; what it has counted stays in the row for all of kycvs.message_stats';

CREATE FUNCTION kycvs.read_pages()
  RETURNS TABLE (code text, name text, origins text[], purposes text[], default_purpose text, suspended boolean)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.code, e.name, g.origins,
         ARRAY(SELECT p.code FROM kycvs_data.entity_purpose AS ep JOIN kycvs_data.purpose AS p ON p.id = ep.purpose WHERE ep.entity = e.id ORDER BY p.code),
         (SELECT p.code FROM kycvs_data.purpose AS p WHERE p.id = g.default_purpose), e.suspended
    FROM kycvs_data.page AS g JOIN kycvs_data.entity AS e ON e.id = g.entity ORDER BY e.code;
END;
ALTER FUNCTION kycvs.read_pages() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_pages() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_pages() TO kycvs_gateway, kycvs_admin;
COMMENT ON FUNCTION kycvs.read_pages() IS 'private: behind the view kycvs.pages';

CREATE FUNCTION kycvs.read_page(code text)
  RETURNS TABLE (name text, origins text[])
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT e.name, g.origins FROM kycvs_data.entity AS e JOIN kycvs_data.page AS g ON g.entity = e.id
   WHERE e.code = read_page.code AND g.origins <> '{}' AND NOT e.suspended;
END;
ALTER FUNCTION kycvs.read_page(text) OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_page(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_page(text) TO kycvs_gateway;
COMMENT ON FUNCTION kycvs.read_page(text) IS 'private: an open page, for a gateway that is asked for it';

CREATE VIEW kycvs.pages AS
  SELECT p.code, p.name, p.origins, p.purposes, p.default_purpose, p.suspended FROM kycvs.read_pages() AS p;
REVOKE ALL ON kycvs.pages FROM PUBLIC;
GRANT SELECT ON kycvs.pages TO kycvs_gateway, kycvs_admin;
COMMENT ON VIEW kycvs.pages IS 'gateway, admin: entities of which kycvs.set_page or kycvs.set_default_purpose was told';
COMMENT ON COLUMN kycvs.pages.code IS 'Code of the entity';
COMMENT ON COLUMN kycvs.pages.name IS 'Its name';
COMMENT ON COLUMN kycvs.pages.origins IS 'Web sites that may embed its page and get its answers; none: it has no page';
COMMENT ON COLUMN kycvs.pages.purposes IS 'For what it may ask';
COMMENT ON COLUMN kycvs.pages.default_purpose IS 'For what it asks when a call names no purpose; null: none is set';
COMMENT ON COLUMN kycvs.pages.suspended IS 'True: every request is refused (KV004)';

CREATE FUNCTION kycvs.read_sms_routes()
  RETURNS TABLE (name text, priority int, enabled boolean, method text, url text, headers text[], body text, body_format text, success_status int, success_pattern text, username text, secret_file text, per_minute int, timeout_ms int, allow_private boolean)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.name, r.priority, r.enabled, r.method, r.url, r.headers, r.body, r.body_format, r.success_status, r.success_pattern, r.username, r.secret_file, r.per_minute, r.timeout_ms, r.allow_private
    FROM kycvs_data.sms_route AS r ORDER BY r.priority, r.id;
END;
ALTER FUNCTION kycvs.read_sms_routes() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_sms_routes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_sms_routes() TO kycvs_sender, kycvs_admin;
COMMENT ON FUNCTION kycvs.read_sms_routes() IS 'private: behind the view kycvs.sms_routes';

CREATE VIEW kycvs.sms_routes AS
  SELECT r.name, r.priority, r.enabled, r.method, r.url, r.headers, r.body, r.body_format, r.success_status, r.success_pattern, r.username, r.secret_file, r.per_minute, r.timeout_ms, r.allow_private
    FROM kycvs.read_sms_routes() AS r;
REVOKE ALL ON kycvs.sms_routes FROM PUBLIC;
GRANT SELECT ON kycvs.sms_routes TO kycvs_sender, kycvs_admin;
COMMENT ON VIEW kycvs.sms_routes IS 'sender, admin: routes by which messages go to a gateway, as kycvs.add_sms_route made them';
COMMENT ON COLUMN kycvs.sms_routes.name IS 'Name of the route';
COMMENT ON COLUMN kycvs.sms_routes.priority IS 'The lowest is taken first';
COMMENT ON COLUMN kycvs.sms_routes.enabled IS 'False: suspended';
COMMENT ON COLUMN kycvs.sms_routes.method IS 'GET or POST';
COMMENT ON COLUMN kycvs.sms_routes.url IS 'Where to, with placeholders';
COMMENT ON COLUMN kycvs.sms_routes.headers IS 'Headers of the request, each Name: value, with placeholders';
COMMENT ON COLUMN kycvs.sms_routes.body IS 'Body of the request, with placeholders; null for none';
COMMENT ON COLUMN kycvs.sms_routes.body_format IS 'form or json';
COMMENT ON COLUMN kycvs.sms_routes.success_status IS 'HTTP status that means accepted; null for any of 2xx';
COMMENT ON COLUMN kycvs.sms_routes.success_pattern IS 'POSIX extended regular expression that the answer''s body must match besides; null for none';
COMMENT ON COLUMN kycvs.sms_routes.username IS 'User name for basic authentication, the secret being its password; null for none';
COMMENT ON COLUMN kycvs.sms_routes.secret_file IS 'Name of the file with the secret, in the sender''s directory; null for none';
COMMENT ON COLUMN kycvs.sms_routes.per_minute IS 'Most attempts in a minute; null for no cap of its own';
COMMENT ON COLUMN kycvs.sms_routes.timeout_ms IS 'How long an attempt may take, in milliseconds';
COMMENT ON COLUMN kycvs.sms_routes.allow_private IS 'True: may lead to a loopback or private address';

/*
 * Of what waits, the index of what waits is read, whatever the planner thinks of
 * a table that was just filled; of all else, counters. -1 stands for all routes.
 */
CREATE FUNCTION kycvs.read_message_stats()
  RETURNS TABLE (route text, waiting bigint, oldest_waiting interval, sent bigint, failed bigint, expired bigint, retried bigint, delivered bigint, undelivered bigint, p50 interval, p99 interval)
  LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
BEGIN ATOMIC
  WITH waits AS (
    SELECT CASE grouping(m.route) WHEN 1 THEN -1 ELSE m.route END AS route,
           count(*) FILTER (WHERE m.expires_at > clock_timestamp()) AS waiting,
           max(clock_timestamp() - m.created_at) FILTER (WHERE m.expires_at > clock_timestamp()) AS oldest,
           count(*) FILTER (WHERE m.expires_at <= clock_timestamp()) AS late
      FROM kycvs_data.message AS m
     WHERE m.state = 'waiting'
     GROUP BY GROUPING SETS ((m.route), ())
  ), counted AS (
    SELECT CASE grouping(c.route) WHEN 1 THEN -1 ELSE c.route END AS route, sum(c.sent)::bigint AS sent, sum(c.failed)::bigint AS failed,
           sum(c.expired)::bigint AS expired, sum(c.retried)::bigint AS retried, sum(c.delivered)::bigint AS delivered, sum(c.undelivered)::bigint AS undelivered
      FROM kycvs_data.sms_count AS c
     GROUP BY GROUPING SETS ((c.route), ())
  ), steps AS (
    SELECT CASE grouping(d.route) WHEN 1 THEN -1 ELSE d.route END AS route, s.step - 1 AS step, sum(s.n) AS n
      FROM kycvs_data.sms_delay AS d, unnest(d.steps) WITH ORDINALITY AS s (n, step)
     WHERE d.minute > clock_timestamp() - interval '1 hour' AND s.n > 0
     GROUP BY GROUPING SETS ((d.route, s.step), (s.step))
  ), upto AS (
    SELECT s.route, sum(s.n) OVER (PARTITION BY s.route ORDER BY s.step) AS n, sum(s.n) OVER (PARTITION BY s.route) AS all_n,
           interval '1 ms' * CASE WHEN s.step < 8 THEN s.step + 1 ELSE (s.step % 8 + 9) << (s.step / 8 - 1)::int END AS below
      FROM steps AS s
  ), delays AS (
    SELECT u.route, min(u.below) FILTER (WHERE u.n >= 0.5 * u.all_n) AS p50, min(u.below) FILTER (WHERE u.n >= 0.99 * u.all_n) AS p99
      FROM upto AS u
     GROUP BY u.route
  ), rows AS (
    SELECT r.id, r.name, r.priority FROM kycvs_data.sms_route AS r
    UNION ALL
    SELECT -1, NULL, NULL
  )
  SELECT r.name, coalesce(w.waiting, 0), w.oldest, coalesce(c.sent, 0), coalesce(c.failed, 0), coalesce(c.expired, 0) + coalesce(w.late, 0), coalesce(c.retried, 0),
         coalesce(c.delivered, 0), coalesce(c.undelivered, 0), d.p50, d.p99
    FROM rows AS r LEFT JOIN waits AS w ON w.route = r.id LEFT JOIN counted AS c ON c.route = r.id LEFT JOIN delays AS d ON d.route = r.id
   ORDER BY r.priority NULLS LAST, r.id;
END;
ALTER FUNCTION kycvs.read_message_stats() OWNER TO kycvs_owner;
REVOKE ALL ON FUNCTION kycvs.read_message_stats() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_message_stats() TO kycvs_sender, kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_message_stats() IS 'private: behind the view kycvs.message_stats';

CREATE VIEW kycvs.message_stats AS
  SELECT s.route, s.waiting, s.oldest_waiting, s.sent, s.failed, s.expired, s.retried, s.delivered, s.undelivered, s.p50, s.p99
    FROM kycvs.read_message_stats() AS s;
REVOKE ALL ON kycvs.message_stats FROM PUBLIC;
GRANT SELECT ON kycvs.message_stats TO kycvs_sender, kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.message_stats IS 'sender, admin, auditor: messages by route, and in all; counted since the extension was created';
COMMENT ON COLUMN kycvs.message_stats.route IS 'Name of the route; null for all messages, also those without a route and those of routes that were removed';
COMMENT ON COLUMN kycvs.message_stats.waiting IS 'Messages that wait to be sent or are being sent; of a route, those whose last attempt went by it';
COMMENT ON COLUMN kycvs.message_stats.oldest_waiting IS 'Since when the oldest of them has been asked for';
COMMENT ON COLUMN kycvs.message_stats.sent IS 'Accepted by the gateway';
COMMENT ON COLUMN kycvs.message_stats.failed IS 'Given up';
COMMENT ON COLUMN kycvs.message_stats.expired IS 'Too late: dropped, or about to be; also those whose OTP was used already';
COMMENT ON COLUMN kycvs.message_stats.retried IS 'Attempts after which the message waited for another';
COMMENT ON COLUMN kycvs.message_stats.delivered IS 'Receipts of the network that say delivered';
COMMENT ON COLUMN kycvs.message_stats.undelivered IS 'Receipts of the network that say undelivered';
COMMENT ON COLUMN kycvs.message_stats.p50 IS 'Half of those accepted in the last hour took at most so long since their issue';
COMMENT ON COLUMN kycvs.message_stats.p99 IS 'And 99 of 100 at most so long';

CREATE FUNCTION kycvs.read_usual_purposes()
  RETURNS TABLE (code text, language text, validity interval, uses int, notice text, sms_text text, sms_text_with_host text, number_taken_off text)
  AS 'MODULE_PATHNAME', 'kycvs_read_usual_purposes' LANGUAGE C STABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION kycvs.read_usual_purposes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.read_usual_purposes() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.read_usual_purposes() IS 'private: behind the view kycvs.usual_purposes';

CREATE VIEW kycvs.usual_purposes AS
  SELECT p.code, p.language, p.validity, p.uses, p.notice, p.sms_text, p.sms_text_with_host, p.number_taken_off FROM kycvs.read_usual_purposes() AS p;
REVOKE ALL ON kycvs.usual_purposes FROM PUBLIC;
GRANT SELECT ON kycvs.usual_purposes TO kycvs_admin, kycvs_auditor;
COMMENT ON VIEW kycvs.usual_purposes IS 'admin, auditor: notices and messages that are shipped, of usual purposes and of every purpose; shown without an authority';
COMMENT ON COLUMN kycvs.usual_purposes.code IS 'Code of the purpose; null for what every other purpose has';
COMMENT ON COLUMN kycvs.usual_purposes.language IS 'en, hi or gu';
COMMENT ON COLUMN kycvs.usual_purposes.validity IS 'How long a consent lasts';
COMMENT ON COLUMN kycvs.usual_purposes.uses IS 'For how many different answers about each person it is good';
COMMENT ON COLUMN kycvs.usual_purposes.notice IS 'What the person is shown before they consent';
COMMENT ON COLUMN kycvs.usual_purposes.sms_text IS 'The message with the OTP';
COMMENT ON COLUMN kycvs.usual_purposes.sms_text_with_host IS 'That of an entity whose page on {host} fills the OTP in';
COMMENT ON COLUMN kycvs.usual_purposes.number_taken_off IS 'To a mobile number that was taken off a record; where code is null';

CREATE FUNCTION kycvs.service_health()
  RETURNS TABLE (check_name text, ok boolean, detail text)
  AS 'MODULE_PATHNAME', 'kycvs_service_health' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION kycvs.service_health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.service_health() TO kycvs_admin, kycvs_auditor, kycvs_gateway;
COMMENT ON FUNCTION kycvs.service_health() IS 'private: the part of kycvs.health() that needs C';

/*
 * Roles that can do more than their part: an entity that is a member of
 * another group of ours or of a predefined role that reads around privileges,
 * anybody with EXECUTE that no group gives.  Owners that could drop or shadow
 * what is ours: whoever owns a schema can drop every extension in it.
 */
CREATE FUNCTION kycvs.health()
  RETURNS TABLE (check_name text, ok boolean, detail text)
  LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
  SELECT s.check_name, s.ok, s.detail FROM kycvs.service_health() AS s
  UNION ALL
  SELECT 'role ' || member.rolname, false,
         format('can act as %s, which an entity must not: REVOKE %I from it, or from the role in between', granted.rolname, granted.rolname)
    FROM pg_roles AS member, pg_roles AS granted
   WHERE NOT member.rolsuper AND member.rolname NOT IN ('kycvs_owner', 'kycvs_entity')
     AND pg_has_role(member.oid, 'kycvs_entity', 'MEMBER')
     AND granted.rolname IN ('kycvs_owner', 'kycvs_admin', 'kycvs_registrar', 'kycvs_sender', 'kycvs_gateway',
                             'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                             'pg_execute_server_program', 'pg_maintain', 'pg_signal_backend')
     AND pg_has_role(member.oid, granted.oid, 'MEMBER')
  UNION ALL
  SELECT 'member of kycvs_owner', false, format('nobody may be one: REVOKE kycvs_owner FROM %I', r.rolname)
    FROM pg_roles AS r JOIN pg_auth_members AS m ON m.member = r.oid
   WHERE m.roleid = (SELECT o.oid FROM pg_roles AS o WHERE o.rolname = 'kycvs_owner')
  UNION ALL
  SELECT 'grant on ' || p.oid::regprocedure::text, false,
         format('%s may execute it besides the group roles: REVOKE ALL ON FUNCTION %s FROM %s', g.who, p.oid::regprocedure, g.who)
    FROM pg_proc AS p
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'kycvs'
    JOIN pg_init_privs AS i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid,
    LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(a.grantee::regrole::text) END AS who
               FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
              WHERE a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner
                AND a.grantee NOT IN (SELECT b.grantee FROM aclexplode(i.initprivs) AS b)) AS g
  UNION ALL
  SELECT 'owner of ' || o.what, false,
         format('%I is no superuser, but can drop this registry with it: give it to one, as by ALTER SCHEMA or ALTER DATABASE ... OWNER TO', r.rolname)
    FROM kycvs.owners_above() AS o JOIN pg_roles AS r ON r.oid = o.owner
   WHERE NOT r.rolsuper
  UNION ALL
  SELECT 'overload of ' || p.proname, false,
         format('%s is not of this extension and can capture calls: drop it', p.oid::regprocedure)
    FROM pg_proc AS p
    JOIN pg_extension AS e ON e.extname = 'kycvs' AND e.extnamespace = p.pronamespace
   WHERE p.proname LIKE 'kycvs\_%'
     AND NOT EXISTS (SELECT FROM pg_depend AS d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refobjid = e.oid AND d.deptype = 'e');
END;
REVOKE ALL ON FUNCTION kycvs.health() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kycvs.health() TO kycvs_admin, kycvs_auditor;
COMMENT ON FUNCTION kycvs.health() IS 'admin, auditor: what is well and what is wrong with the service, and how to mend it';

/* ---- what ALTER DEFAULT PRIVILEGES of the installing superuser may have given to others ---- */

DO $$
DECLARE
  a record;
BEGIN
  FOR a IN
    SELECT 'TABLE ' || c.oid::regclass::text AS object, x.grantee
      FROM pg_class c, aclexplode(c.relacl) x
     WHERE c.relnamespace = 'kycvs_data'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND x.grantee NOT IN (0, c.relowner)
    UNION
    SELECT 'TABLE ' || c.oid::regclass::text, x.grantee
      FROM pg_class c, aclexplode(c.relacl) x
     WHERE c.relnamespace = 'kycvs'::regnamespace AND c.relkind = 'v'
       AND x.grantee NOT IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'kycvs\_%' UNION SELECT 0 UNION SELECT c.relowner)
    UNION
    SELECT 'SEQUENCE ' || c.oid::regclass::text, x.grantee
      FROM pg_class c, aclexplode(c.relacl) x
     WHERE c.relnamespace = 'kycvs_data'::regnamespace AND c.relkind = 'S' AND x.grantee NOT IN (0, c.relowner)
    UNION
    SELECT 'FUNCTION ' || p.oid::regprocedure::text, x.grantee
      FROM pg_proc p, aclexplode(p.proacl) x
     WHERE (p.pronamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace)
            OR p.pronamespace = (SELECT e.extnamespace FROM pg_extension e WHERE e.extname = 'kycvs') AND p.proname LIKE 'kycvs\_%')
       AND x.grantee NOT IN (SELECT oid FROM pg_roles WHERE rolname LIKE 'kycvs\_%' UNION SELECT 0 UNION SELECT p.proowner)
    UNION
    SELECT 'SCHEMA ' || quote_ident(n.nspname), x.grantee
      FROM pg_namespace n, aclexplode(n.nspacl) x
     WHERE n.nspname IN ('kycvs', 'kycvs_data') AND x.grantee NOT IN (0, n.nspowner)
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', a.object, a.grantee::regrole);
  END LOOP;
END $$;

/* ---- a registry that its database's owner could drop ---- */

DO $$
DECLARE
  above record;
BEGIN
  FOR above IN SELECT o.what, r.rolname FROM kycvs.owners_above() o JOIN pg_roles r ON r.oid = o.owner
                WHERE NOT r.rolsuper LOOP
    RAISE WARNING USING MESSAGE = format('role "%s", which is no superuser, can drop this registry: it owns %s', above.rolname, above.what),
      HINT = 'Let a superuser own the registry''s database, or install into a schema that a superuser owns.';
  END LOOP;
END $$;
