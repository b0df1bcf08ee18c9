-- Every object of the extension, who may do what with it, and what it is: from
-- the catalogs, complete (T9, T42).
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

-- an access control list in words; the superuser who installs has no name
CREATE FUNCTION pg_temp.granted(acl aclitem[]) RETURNS text LANGUAGE sql AS
$$
    SELECT coalesce(string_agg(who || ': ' || what, '; ' ORDER BY who), '-')
    FROM (SELECT who, string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type) AS what
          FROM (SELECT CASE WHEN grantee = 0 THEN 'PUBLIC' WHEN (SELECT rolsuper FROM pg_authid WHERE oid = grantee) THEN 'superuser'
                            ELSE grantee::regrole::text END AS who, privilege_type, is_grantable
                FROM aclexplode(acl) WHERE privilege_type <> 'MAINTAIN') AS one
          GROUP BY who) AS of_one
$$;
CREATE FUNCTION pg_temp.owner(role oid) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN rolsuper THEN 'superuser' ELSE rolname END FROM pg_authid WHERE oid = role $$;
CREATE TEMP VIEW member AS SELECT classid, objid FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'kycvs');

-- what there is
SELECT classid::regclass AS catalog, count(*) FROM member WHERE classid <> 'pg_type'::regclass GROUP BY classid ORDER BY classid::regclass::text COLLATE "C";

-- schemas
SELECT nspname AS schema, pg_temp.owner(nspowner) AS owner, pg_temp.granted(coalesce(nspacl, acldefault('n', nspowner))) AS granted
FROM pg_namespace JOIN member ON classid = 'pg_namespace'::regclass AND objid = oid ORDER BY 1;

-- tables and sequences
SELECT relkind AS kind, objid::regclass AS relation, pg_temp.owner(relowner) AS owner,
       pg_temp.granted(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) AS granted
FROM pg_class JOIN member ON classid = 'pg_class'::regclass AND objid = oid WHERE NOT relispartition ORDER BY 1, objid::regclass::text COLLATE "C";
-- partitions are their table's owner's, and nobody else's
SELECT inhparent::regclass AS relation, count(*) AS partitions, count(*) FILTER (WHERE objid IS NULL) AS not_ours,
       count(*) FILTER (WHERE p.relowner <> t.relowner OR p.relacl IS DISTINCT FROM t.relacl) AS differ
FROM pg_inherits JOIN pg_class AS p ON p.oid = inhrelid JOIN pg_class AS t ON t.oid = inhparent LEFT JOIN member ON classid = 'pg_class'::regclass AND objid = inhrelid
WHERE t.relkind = 'p' AND t.relnamespace = 'kycvs_data'::regnamespace GROUP BY 1 ORDER BY 1;
-- sequences of identity columns belong to their tables
SELECT s.oid::regclass AS sequence, pg_temp.owner(s.relowner) AS owner, pg_temp.granted(coalesce(s.relacl, acldefault('s', s.relowner))) AS granted
FROM pg_class AS s WHERE relkind = 'S' AND relnamespace = 'kycvs_data'::regnamespace ORDER BY relname COLLATE "C";
SELECT count(*) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'kycvs_data'::regnamespace);

-- functions
SELECT objid::regprocedure AS function, pg_temp.granted(coalesce(proacl, acldefault('f', proowner))) AS granted
FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid ORDER BY objid::regprocedure::text COLLATE "C";
SELECT objid::regproc AS function, pg_temp.owner(proowner) AS owner, lanname AS language,
       CASE provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END AS volatility,
       CASE proparallel WHEN 'u' THEN 'unsafe' WHEN 'r' THEN 'restricted' ELSE 'safe' END AS parallel,
       CASE WHEN proisstrict THEN 'strict' ELSE '' END AS strict, CASE WHEN prosecdef THEN 'definer' ELSE '' END AS security, proconfig AS settings
FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid JOIN pg_language AS l ON l.oid = prolang ORDER BY objid::regprocedure::text COLLATE "C";
-- their signatures
SELECT objid::regproc AS function, pg_get_function_arguments(objid) AS arguments, pg_get_function_result(objid) AS result
FROM member WHERE classid = 'pg_proc'::regclass ORDER BY objid::regprocedure::text COLLATE "C";

-- group roles: no attributes; one membership among them, which the authority needs
SELECT rolname, rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS attributes, rolinherit,
       shobj_description(oid, 'pg_authid') AS comment FROM pg_authid WHERE rolname ~ '^kycvs_' ORDER BY 1;
SELECT roleid::regrole AS role, member::regrole, admin_option FROM pg_auth_members WHERE member::regrole::text ~ '^kycvs_' ORDER BY 1, 2;

-- every group and an entity's role x every table x every verb: nothing
CREATE ROLE regress_plain;
CREATE ROLE regress_plain_entity IN ROLE kycvs_entity;
SELECT r.rolname AS role, count(*) AS tables_and_verbs, count(*) FILTER (WHERE has_table_privilege(r.oid, c.oid, verb)) AS allowed
FROM pg_roles AS r, pg_class AS c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS verb
WHERE (r.rolname ~ '^kycvs_' AND r.rolname <> 'kycvs_owner' OR r.rolname ~ '^regress_plain') AND c.relnamespace = 'kycvs_data'::regnamespace AND c.relkind IN ('r', 'p', 'v')
GROUP BY 1 ORDER BY 1;
SELECT r.rolname AS role, has_schema_privilege(r.oid, 'kycvs_data', 'USAGE') AS usage, has_schema_privilege(r.oid, 'kycvs_data', 'CREATE') AS create,
       has_schema_privilege(r.oid, 'kycvs', 'CREATE') AS create_in_kycvs,
       count(*) FILTER (WHERE has_sequence_privilege(r.oid, c.oid, 'USAGE') OR has_sequence_privilege(r.oid, c.oid, 'SELECT') OR has_sequence_privilege(r.oid, c.oid, 'UPDATE')) AS sequences
FROM pg_roles AS r, pg_class AS c
WHERE (r.rolname ~ '^kycvs_' AND r.rolname <> 'kycvs_owner' OR r.rolname ~ '^regress_plain') AND c.relnamespace = 'kycvs_data'::regnamespace AND c.relkind = 'S'
GROUP BY r.oid, 1 ORDER BY 1;
-- the owner of the audit can read it and add to it, no more
SELECT verb FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS verb WHERE has_table_privilege('kycvs_owner', 'kycvs_data.audit', verb);

-- every function x every group: who may call it in the end
SELECT objid::regproc AS function, string_agg(r.rolname, ', ' ORDER BY r.rolname) AS callers
FROM member LEFT JOIN pg_roles AS r ON (r.rolname ~ '^kycvs_' AND r.rolname <> 'kycvs_owner' OR r.rolname = 'regress_plain') AND has_function_privilege(r.oid, objid, 'EXECUTE')
WHERE classid = 'pg_proc'::regclass GROUP BY objid ORDER BY objid::regprocedure::text COLLATE "C";

-- T13: no verb takes a lock, no statement can be prepared
SET SESSION AUTHORIZATION regress_plain_entity;
DO $$
DECLARE
    refused int := 0;
    allowed text[] := '{}';
    statement text;
    relation text;
BEGIN
    FOREACH relation IN ARRAY ARRAY['registry', 'signing_key', 'entity', 'api_key', 'purpose', 'notice', 'entity_purpose', 'product', 'rules', 'rule_interval', 'person', 'person_00', 'person_mobile', 'person_15', 'dose', 'challenge',
                                    'message', 'sms_route', 'sms_count', 'sms_delay', 'consent', 'answer', 'charge', 'audit'] LOOP
        FOREACH statement IN ARRAY ARRAY['LOCK kycvs_data.%s IN ACCESS SHARE MODE', 'LOCK kycvs_data.%s IN ROW EXCLUSIVE MODE', 'LOCK kycvs_data.%s', 'PREPARE p AS SELECT * FROM kycvs_data.%s',
            'PREPARE p AS SELECT * FROM kycvs_data.%s FOR UPDATE', 'PREPARE p AS DELETE FROM kycvs_data.%s', 'PREPARE p AS INSERT INTO kycvs_data.%s DEFAULT VALUES', 'TRUNCATE kycvs_data.%s',
            'ANALYZE kycvs_data.%s', 'ALTER TABLE kycvs_data.%s RENAME TO x', 'CREATE INDEX ON kycvs_data.%s ((1))', 'CREATE TRIGGER t BEFORE INSERT ON kycvs_data.%s EXECUTE FUNCTION suppress_redundant_updates_trigger()',
            'CREATE TEMP TABLE t (LIKE kycvs_data.%s)', 'CREATE VIEW pg_temp.v AS SELECT * FROM kycvs_data.%s', 'COMMENT ON TABLE kycvs_data.%s IS NULL', 'GRANT SELECT ON kycvs_data.%s TO PUBLIC', 'DROP TABLE kycvs_data.%s',
            'SELECT pg_relation_size(''kycvs_data.%s'')'] LOOP
            BEGIN
                EXECUTE format(statement, relation);
                allowed := allowed || format(statement, relation);
            EXCEPTION WHEN insufficient_privilege THEN
                refused := refused + 1;
            END;
        END LOOP;
    END LOOP;
    RAISE INFO '% refused, % allowed %', refused, cardinality(allowed), allowed;
END
$$;
COPY kycvs_data.person TO STDOUT;
-- nor can a shell or a planted object be put in the schemas
SELECT test.refusal('CREATE TABLE kycvs.t (a int)') AS kycvs, test.refusal('CREATE TABLE kycvs_data.t (a int)') AS kycvs_data, test.refusal('DROP EXTENSION kycvs') AS extension,
       test.refusal('ALTER FUNCTION kycvs.create_key(text) SECURITY DEFINER') AS alter, test.refusal('SET ROLE kycvs_owner') AS owner;
RESET SESSION AUTHORIZATION;
DROP ROLE regress_plain, regress_plain_entity;

-- every object has a comment; a function's begins with whom it is for
SELECT pg_describe_object(classid, objid, 0) AS without_comment FROM member
WHERE classid NOT IN ('pg_type'::regclass) AND obj_description(objid, classid::regclass::text::name) IS NULL
  AND NOT EXISTS (SELECT FROM pg_class WHERE oid = objid AND relkind = 'S') ORDER BY 1;
SELECT format('%s.%s', attrelid::regclass, attname) AS without_comment FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid AND relkind IN ('r', 'p', 'v') AND NOT relispartition
WHERE relnamespace = 'kycvs_data'::regnamespace AND attnum > 0 AND NOT attisdropped AND col_description(attrelid, attnum) IS NULL ORDER BY 1;
SELECT split_part(obj_description(objid, 'pg_proc'), ':', 1) AS for_whom, count(*) FROM member WHERE classid = 'pg_proc'::regclass GROUP BY 1 ORDER BY 1;

-- columns of the exchange are there for all alike: what may be null does not tell a known person from an unknown one (T24)
SELECT attrelid::regclass AS relation, string_agg(attname, ', ' ORDER BY attnum) AS nullable FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid AND relkind IN ('r', 'p') AND NOT relispartition
WHERE relnamespace = 'kycvs_data'::regnamespace AND attnum > 0 AND NOT attnotnull GROUP BY attrelid ORDER BY attrelid::regclass::text COLLATE "C";

-- what a dump keeps: every record; no challenge, no message; of shipped rows those that were added
SELECT regexp_replace(c::regclass::text, '_[0-9][0-9]$', '_NN') COLLATE "C" AS relation, condition, count(*) FROM pg_extension, unnest(extconfig, extcondition) AS u (c, condition)
WHERE extname = 'kycvs' GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) FILTER (WHERE shipped) AS shipped, count(*) FROM kycvs_data.product;
SELECT code, name, doses_required, minimum_interval_days, form, eu_code, icd11, cvx FROM kycvs_data.product WHERE shipped ORDER BY code COLLATE "C";
SELECT code, description FROM kycvs_data.rules WHERE shipped;

-- settings: no ordinary role decides anything but whom to ask
SELECT name, context FROM pg_settings WHERE name ~ '^kycvs\.' ORDER BY 1;
