-- Installing: what is refused, what is said before there is a key, and again.
SET client_min_messages = error;
DROP EXTENSION IF EXISTS kycvs CASCADE;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
DROP ROLE IF EXISTS kycvs_owner, kycvs_admin, kycvs_registrar, kycvs_entity, kycvs_sender, kycvs_gateway, kycvs_auditor;
RESET client_min_messages;

CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE statement;
    RETURN 'granted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

-- an existing kycvs_owner that is not ours (T46)
CREATE ROLE kycvs_owner LOGIN;
CREATE EXTENSION kycvs;
ALTER ROLE kycvs_owner NOLOGIN;
SELECT attribute, pg_temp.refusal(format('ALTER ROLE kycvs_owner %s; CREATE EXTENSION kycvs', attribute))
FROM unnest(ARRAY['SUPERUSER', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'BYPASSRLS']) AS attribute;
CREATE ROLE regress_intruder IN ROLE kycvs_owner;
CREATE EXTENSION kycvs;
DROP ROLE regress_intruder;
CREATE ROLE regress_group ROLE kycvs_owner;
CREATE EXTENSION kycvs;
DROP ROLE regress_group;
-- the other groups as well
CREATE ROLE kycvs_gateway LOGIN;
CREATE EXTENSION kycvs;
DROP ROLE kycvs_gateway;
-- nothing was left behind
SELECT count(*) FROM pg_namespace WHERE nspname ~ '^kycvs';
SELECT rolname FROM pg_roles WHERE rolname ~ '^kycvs' ORDER BY 1;

-- one without members and attributes will do
CREATE EXTENSION kycvs;
DROP EXTENSION kycvs;
DROP ROLE kycvs_owner, kycvs_admin, kycvs_registrar, kycvs_entity, kycvs_sender, kycvs_gateway, kycvs_auditor;

-- objects planted before are not captured (T41): neither by the script nor by calls
CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$;
CREATE TABLE public.registry (id int);
CREATE TEMP TABLE registry (id int);
CREATE TEMP TABLE pg_authid (rolname name);
CREATE EXTENSION kycvs;
DROP FUNCTION public.format(text, name), public.quote_ident(name);
DROP TABLE public.registry, pg_temp.registry, pg_temp.pg_authid;
-- nor do default privileges of whoever installs give anything to others
DROP EXTENSION kycvs;
CREATE ROLE regress_favoured;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_favoured;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_favoured;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_favoured;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_favoured;
CREATE EXTENSION kycvs;
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace) AND relacl::text ~ 'regress_favoured') AS relations,
       (SELECT count(*) FROM pg_namespace WHERE nspname ~ '^kycvs' AND nspacl::text ~ 'regress_favoured') AS schemas,
       (SELECT string_agg(oid::regprocedure::text, ', ' ORDER BY 1) FROM pg_proc WHERE pronamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace) AND proacl::text ~ 'regress_favoured') AS functions,
       (SELECT string_agg(proname, ', ' ORDER BY proname) FROM pg_proc WHERE proname ~ '^kycvs_' AND proacl::text ~ 'regress_favoured') AS public_functions;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_favoured;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_favoured;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM regress_favoured;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM regress_favoured;
DROP EXTENSION kycvs;
DROP ROLE regress_favoured;

-- a name of ours that is taken is an error
CREATE SCHEMA kycvs;
CREATE EXTENSION kycvs;
DROP SCHEMA kycvs;
CREATE FUNCTION public.kycvs_status(consent jsonb, as_of date DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"status": 2}'::jsonb $$;
CREATE EXTENSION kycvs;
DROP FUNCTION public.kycvs_status(jsonb, date);

-- in another schema: the names that have one keep it
CREATE SCHEMA regress_kycvs;
CREATE EXTENSION kycvs SCHEMA regress_kycvs;
SELECT regress_kycvs.kycvs_jwks();
SELECT n.nspname, count(*) FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'kycvs'
JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE d.deptype = 'e' GROUP BY 1 ORDER BY 1;
DROP EXTENSION kycvs;
DROP SCHEMA regress_kycvs;

-- KV040: nothing can be signed or sealed before there is a key; what needs none can be done
CREATE EXTENSION kycvs;
SELECT kycvs.add_purpose('first', 'The first test asks whether you are vaccinated.');
CREATE ROLE regress_first;
SELECT kycvs.add_entity('first', 'First', 'regress_first', ARRAY['first']);
SET ROLE regress_first;
SELECT kycvs_issue_otp('9823000001', 'First Person', 'first');
RESET ROLE;
SELECT statement, pg_temp.refusal('SELECT ' || statement)
FROM unnest(ARRAY[$$kycvs.register_person('9823000001', 'First Person')$$, 'kycvs.next_messages(1)', $$kycvs.activate_key('x')$$, $$kycvs.record_dose(1, 'COVAXIN', '2021-05-01')$$]) AS statement;
SELECT kycvs_jwks();
SELECT * FROM kycvs.health() WHERE NOT ok;

-- the first key makes the registry, and signs
SELECT kycvs.create_key() AS kid \gset
SELECT state, alg, kid = :'kid' AS named FROM kycvs_data.signing_key;
SELECT kycvs_jwks() -> 'keys' -> 0 ->> 'kid' = :'kid' AS published;
SELECT count(*), bool_and(ok) FROM kycvs.health();
-- what ALTER DATABASE sets does not reach the authority (T45), not even one that starts after it
SELECT format('ALTER DATABASE %I SET %s', current_database(), setting) FROM unnest(ARRAY['synchronous_commit = off', 'search_path = pg_temp, public', 'default_transaction_read_only = on',
    'DateStyle = ''SQL, DMY''', 'TimeZone = ''Pacific/Kiritimati''', 'timezone_abbreviations = ''Default''', 'statement_timeout = 1', 'lc_messages = ''C''']) AS setting \gexec
SELECT pid AS authority FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND datname = current_database() \gset
SELECT pg_terminate_backend(:authority, 5000) AS ended;
-- a call waits until it is back
SELECT kycvs.register_person('9823000001', 'First Person') IS NOT NULL AS registered, (SELECT count(*) FROM kycvs.health() WHERE NOT ok) AS ill;
SELECT format('ALTER DATABASE %I RESET %s', current_database(), setting) FROM unnest(ARRAY['synchronous_commit', 'search_path', 'default_transaction_read_only', 'DateStyle', 'TimeZone', 'statement_timeout']) AS setting \gexec
-- the same person has the same number
SELECT kycvs.register_person('9823000001', 'First Person') = id AS same FROM kycvs_data.person;

-- DROP EXTENSION leaves nothing of ours but roles, and CREATE EXTENSION begins anew
DROP EXTENSION kycvs;
SELECT pg_temp.refusal('SELECT kycvs_jwks()');
SELECT count(*) FROM pg_namespace WHERE nspname ~ '^kycvs';
CREATE EXTENSION kycvs;
SELECT kycvs.create_key() <> :'kid' AS another_key;
SELECT count(*) FROM kycvs_data.person;
SELECT event, outcome FROM kycvs_data.audit ORDER BY id;
DROP EXTENSION kycvs;
-- the roles go when they are dropped; the next CREATE EXTENSION makes them again
DROP ROLE regress_first, kycvs_owner, kycvs_admin, kycvs_registrar, kycvs_entity, kycvs_sender, kycvs_gateway, kycvs_auditor;
