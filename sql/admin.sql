-- Administrators, senders, auditors: keys, purposes, notices, messages, health.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

CREATE ROLE regress_admin IN ROLE kycvs_admin;
CREATE ROLE regress_registrar IN ROLE kycvs_registrar;
CREATE ROLE regress_sender IN ROLE kycvs_sender;
CREATE ROLE regress_auditor IN ROLE kycvs_auditor;
CREATE ROLE regress_managed;
CREATE ROLE regress_managed_group;
CREATE ROLE regress_managed_member IN ROLE regress_managed_group;

/* ---- purposes, notices, entities: by a member of kycvs_admin ---- */

SET ROLE regress_admin;
SELECT kycvs.add_purpose('admin', 'The administrator asks whether you are vaccinated.', '2 days', 7);
SELECT kycvs.add_purpose('admin-default', 'The administrator asks.');
SELECT kycvs.add_notice('admin', 'hi', 'व्यवस्थापक पूछता है।');
SELECT kycvs.add_entity('managed', 'Managed Airways', 'regress_managed', ARRAY['admin', 'admin-default']);
SELECT kycvs.add_entity('managed-group', 'Managed Group', 'regress_managed_group', ARRAY['admin']);
RESET ROLE;
SELECT code, validity, uses FROM kycvs_data.purpose WHERE code ~ '^admin' ORDER BY 1;
SELECT p.code, language, notice FROM kycvs_data.notice JOIN kycvs_data.purpose AS p ON p.id = purpose WHERE p.code ~ '^admin' ORDER BY 1, 2;
SELECT e.code, e.name, e.role, e.suspended, e.failures_per_hour, array_agg(p.code ORDER BY p.code) AS purposes FROM kycvs_data.entity AS e
JOIN kycvs_data.entity_purpose AS ep ON ep.entity = e.id JOIN kycvs_data.purpose AS p ON p.id = ep.purpose WHERE e.code ~ '^managed' GROUP BY e.id ORDER BY 1;
SELECT pg_has_role('regress_managed', 'kycvs_entity', 'USAGE') AS granted, pg_has_role('regress_managed_member', 'kycvs_entity', 'USAGE') AS through_its_group;

-- a request survives the ROLLBACK of whoever made it
BEGIN;
SELECT kycvs.suspend_entity('managed-group'), kycvs.set_budget('managed-group', 11);
ROLLBACK;
SELECT suspended, failures_per_hour FROM kycvs_data.entity WHERE code = 'managed-group';
SELECT kycvs.resume_entity('managed-group'), kycvs.set_budget('managed-group', 200) \g /dev/null

-- a notice is shown in its language, and signed; a later one replaces it
SET ROLE regress_managed;
SELECT kycvs_issue_otp('9826000001', 'Usha Menon', 'admin', 'N1', language => 'hi') AS receipt \gset
SELECT :'receipt'::jsonb ->> 'notice' AS notice;
RESET ROLE;
SELECT kycvs.add_notice('admin', 'hi', 'व्यवस्थापक फिर पूछता है।') \g /dev/null
SET ROLE regress_managed;
-- what was shown is what is consented to: the old challenge goes on, also when it is sent again
SELECT test.jti(:'receipt') AS txn \gset
SELECT kycvs_issue_otp('9826000001', 'Usha Menon', 'admin', 'N1', language => 'hi') AS again \gset
SELECT :'again'::jsonb ->> 'jti' = :'txn' AS same, :'again'::jsonb ->> 'notice' AS notice;
SELECT test.otp(:'txn') IS NOT NULL AS sent;
SELECT test.age(:'txn', '30 seconds') \g /dev/null
SELECT kycvs_resend_otp(:'txn') ->> 'notice' = :'receipt'::jsonb ->> 'notice' AS same_notice;
SELECT kycvs_verify_otp(:'txn', test.otp(:'txn'), true) ->> 'notice_sha256' = encode(sha256(convert_to(:'receipt'::jsonb ->> 'notice', 'UTF8')), 'hex') AS consented_to_what_was_shown;
-- how long a consent lasts and how often it may be used are the purpose's
SELECT consent -> 'uses' AS uses, ((consent ->> 'exp')::int - (consent ->> 'iat')::int) / 3600.0 = 48 AS two_days
FROM test.consent('9826000002', 'Usha Menon', 'admin') AS consent;
RESET ROLE;
SET ROLE regress_managed_member;
SELECT kycvs_issue_otp('9826000003', 'Usha Menon', 'admin') ->> 'aud' AS for_its_group;
RESET ROLE;

/* ---- messages ---- */

-- what other tests have left is not ours
UPDATE kycvs_data.message SET state = 'sent' WHERE state = 'waiting';
SET ROLE regress_managed;
SELECT kycvs_issue_otp(format('982600001%s', n), 'Usha Menon', 'admin', 'M') ->> 'jti' AS txn FROM generate_series(1, 5) AS n \g /dev/null
RESET ROLE;
SET ROLE regress_sender;
CREATE TEMP TABLE claimed AS SELECT * FROM kycvs.next_messages(2);
-- number, text, language: oldest first, none twice, and the same only after half a minute
SELECT mobile, regexp_replace(body, '[0-9]{6}', 'NNNNNN') AS body, language, template_id FROM claimed ORDER BY id;
SELECT bool_and((SELECT count(*) FROM regexp_matches(body, '[0-9]{6,}', 'g')) = 1 AND body ~ '(^|[^0-9])[0-9]{6}([^0-9]|$)') AS one_run_of_six,
       bool_and(body ~ 'Managed Airways' AND body ~ 'admin' AND body ~ ' 3 min|Valid 2 min') AS who_why_how_long FROM claimed;
INSERT INTO claimed SELECT * FROM kycvs.next_messages(1000);
SELECT count(*), count(DISTINCT id), (SELECT count(*) FROM kycvs.next_messages(1000)) AS more FROM claimed;
RESET ROLE;
SELECT min(id) AS first FROM claimed \gset
SELECT bool_and(claimed_until - clock_timestamp() BETWEEN '15 seconds' AND '30 seconds') AS claimed_for_half_a_minute FROM kycvs_data.message WHERE id IN (SELECT id FROM claimed);
UPDATE kycvs_data.message SET claimed_until = clock_timestamp() WHERE id = :first;
UPDATE kycvs_data.message SET claimed_until = clock_timestamp() + interval '1 hour' WHERE state = 'waiting' AND id <> :first;
SET ROLE regress_sender;
SELECT count(*), bool_and(c.body = m.body) AS same_text FROM kycvs.next_messages(1000) AS m JOIN claimed AS c USING (id);
-- done, once; or not delivered
SELECT kycvs.message_done(:first, true, 'accepted by the operator');
SELECT kycvs.message_done(:first, true);
SELECT kycvs.message_done(:first + 1, false, 'number does not exist');
RESET ROLE;
SELECT id - :first AS message, state, detail, done_at IS NOT NULL AS done FROM kycvs_data.message WHERE id IN (SELECT id FROM claimed) ORDER BY id;
UPDATE kycvs_data.message SET claimed_until = '-infinity' WHERE state = 'waiting';
SET ROLE regress_sender;
SELECT count(*) FILTER (WHERE id IN (:first, :first + 1)) AS done_ones, count(*) AS waiting FROM kycvs.next_messages(1000) WHERE id IN (SELECT id FROM claimed);
RESET ROLE;
-- a message whose OTP has expired, or was used, is dropped
SELECT test.age(challenge, '3 minutes') FROM kycvs_data.message WHERE id = :first + 2 \g /dev/null
UPDATE kycvs_data.challenge SET verified = true WHERE id = (SELECT challenge FROM kycvs_data.message WHERE id = :first + 3);
UPDATE kycvs_data.challenge SET timeline = timeline + 1 WHERE id = (SELECT challenge FROM kycvs_data.message WHERE id = :first + 4);
UPDATE kycvs_data.message SET claimed_until = '-infinity' WHERE state = 'waiting';
SET ROLE regress_sender;
SELECT count(*) FROM kycvs.next_messages(1000) WHERE id IN (SELECT id FROM claimed);
SELECT kycvs.message_done(:first + 2, true);
RESET ROLE;
SELECT id - :first AS message, state FROM kycvs_data.message WHERE id IN (SELECT id FROM claimed) ORDER BY id;
-- more than one reply's worth
SET ROLE regress_managed;
SELECT count(kycvs_issue_otp(format('98261%s', to_char(n, 'FM00000')), 'Usha Menon', 'admin', 'MANY')) FROM generate_series(1, 70) AS n;
RESET ROLE;
SET ROLE regress_sender;
SELECT count(*), count(DISTINCT id), count(DISTINCT mobile) FROM kycvs.next_messages(33);
SELECT count(*) FROM kycvs.next_messages(1000);
RESET ROLE;

/* ---- registrars ---- */

SET ROLE regress_registrar;
SELECT kycvs.register_person('9826000100', 'Usha Menon', 'A-1', 1975) AS person \gset
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-05-01', 'B-77'), kycvs.record_dose(:person, 'COVAXIN', '2021-06-01');
SELECT kycvs.revoke_dose(:person, 1, 'wrong person');
RESET ROLE;
SELECT d.dose_number, code, given_on, batch, revoked, reason FROM kycvs_data.dose AS d JOIN kycvs_data.product ON id = product
  LEFT JOIN kycvs_data.correction AS c ON c.person = d.person AND c.dose_number = d.dose_number WHERE d.person = :person ORDER BY 1;
-- no number, no name and no reference in the tables, nor in the index (T22); what is sealed is padded
SELECT count(*) FROM kycvs_data.person AS p WHERE p::text ~* '(usha|menon|A-1)' OR convert_from(regexp_replace(encode(sealed, 'escape'), '\\[0-9]{3}', '', 'g')::bytea, 'SQL_ASCII') ~* '(9826000100|usha|menon)';
SELECT DISTINCT length(sealed) % 64 AS sealed, state FROM kycvs_data.person;
SELECT event, outcome, object = :person AS person, calling_role FROM kycvs_data.audit WHERE calling_role = 'regress_registrar' ORDER BY id;

/* ---- keys: pending, active, retired, revoked ---- */

SET ROLE regress_managed;
SELECT kycvs_status(test.consent('9826000101', 'Usha Menon', 'admin', 'K1')) AS by_first \gset
RESET ROLE;
SELECT kid AS first_key FROM kycvs_data.signing_key WHERE state = 'active' \gset
CREATE FUNCTION pg_temp.kid(document jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT convert_from(decode(rpad(translate(h, '-_', '+/'), (length(h) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb ->> 'kid' FROM split_part(document ->> 'jws', '.', 1) AS h $$;
CREATE FUNCTION pg_temp.alg(document jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT convert_from(decode(rpad(translate(h, '-_', '+/'), (length(h) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb - 'kid' FROM split_part(document ->> 'jws', '.', 1) AS h $$;
SET ROLE regress_admin;
SELECT kycvs.create_key('Ed25519') AS second_key \gset
RESET ROLE;
-- published at once, so that verifiers know it before it signs
SELECT state, alg, activated_at, retired_at, revoked_at FROM kycvs_data.signing_key WHERE kid = :'second_key';
SELECT jwk - 'x' - 'kid' AS jwk FROM jsonb_array_elements(kycvs_jwks() -> 'keys') AS jwk WHERE jwk ->> 'kid' = :'second_key';
SET ROLE regress_managed;
SELECT pg_temp.kid(kycvs_status(test.consent('9826000102', 'Usha Menon', 'admin', 'K2'))) = :'first_key' AS first_still_signs;
RESET ROLE;
SET ROLE regress_admin;
SELECT kycvs.activate_key(:'second_key');
SELECT kycvs.activate_key(:'second_key');
SELECT kycvs.activate_key(:'first_key');
RESET ROLE;
SELECT state, alg, activated_at IS NOT NULL AS activated, retired_at IS NOT NULL AS retired FROM kycvs_data.signing_key WHERE kid IN (:'first_key', :'second_key') ORDER BY 1;
SET ROLE regress_managed;
SELECT kycvs_status(test.consent('9826000103', 'Usha Menon', 'admin', 'K3')) AS by_second \gset
SELECT pg_temp.alg(:'by_first') AS by_first, pg_temp.alg(:'by_second') AS by_second, pg_temp.kid(:'by_second') = :'second_key' AS second_signs;
SELECT kycvs_verify(:'by_second', 'managed', 'K3') IS NOT NULL AS by_second, kycvs_verify(:'by_first', 'managed', 'K1') IS NOT NULL AS by_first,
       test.refusal(format('SELECT kycvs_verify(%L, %L, %L)', :'by_second'::jsonb || '{"status": 2}', 'managed', 'K3')) AS altered;
RESET ROLE;
-- a consent that the old key signed is answered under the new one
SET ROLE regress_managed;
SELECT test.consent('9826000106', 'Usha Menon', 'admin', 'K6') AS by_second_consent \gset
RESET ROLE;
-- revoked: its documents verify no more, also in a transaction that began before; it is not published; not to be undone
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT kycvs_verify(:'by_first', 'managed', 'K1') IS NOT NULL AS by_first;
SET LOCAL ROLE regress_admin;
SELECT kycvs.revoke_key(:'first_key');
SELECT test.refusal(format('SELECT kycvs_verify(%L, %L, %L)', :'by_first', 'managed', 'K1'));
ROLLBACK;
SET ROLE regress_admin;
SELECT kycvs.revoke_key(:'first_key');
SELECT kycvs.activate_key(:'first_key');
RESET ROLE;
SET ROLE regress_managed;
SELECT kycvs_verify(:'by_first', 'managed', 'K1');
SELECT test.refusal(format('SELECT kycvs_claims(%L)', :'by_first')) AS claims, kycvs_to_jwt(:'by_first') IS NOT NULL AS to_jwt,
       (SELECT count(*) FROM jsonb_array_elements(kycvs_jwks() -> 'keys') AS jwk WHERE jwk ->> 'kid' = :'first_key') AS published,
       kycvs_verify(:'by_second', 'managed', 'K3') IS NOT NULL AS by_second;
RESET ROLE;
-- the active one revoked: nothing is signed until another is activated
SELECT kycvs.create_key() AS third_key \gset
SELECT kycvs.revoke_key(:'second_key') \g /dev/null
SET ROLE regress_managed;
SELECT kycvs_issue_otp('9826000104', 'Usha Menon', 'admin', 'K4');
RESET ROLE;
SELECT ok, detail FROM kycvs.health() WHERE check_name = 'keys';
SELECT kycvs.activate_key(:'third_key') \g /dev/null
SET ROLE regress_managed;
SELECT pg_temp.kid(kycvs_issue_otp('9826000104', 'Usha Menon', 'admin', 'K4')) = :'third_key' AS third_signs, pg_temp.kid(kycvs_status(:'by_second_consent')) = :'third_key' AS under_an_older_consent;
RESET ROLE;
-- all of that is in the audit
SELECT event, outcome, calling_role = current_user AS superuser FROM kycvs_data.audit WHERE event ~ '_key$' AND event !~ 'api' AND calling_role = 'regress_admin' ORDER BY id;

/* ---- health ---- */

SET ROLE regress_auditor;
SELECT check_name, ok, regexp_replace(detail, '[0-9]+', 'N', 'g') AS detail FROM kycvs.health() WHERE check_name NOT IN ('authority');
SELECT ok, detail ~ '^decided [0-9]+ requests in [0-9]+ transactions$' AS counted FROM kycvs.health() WHERE check_name = 'authority';
-- and nothing besides
\set VERBOSITY sqlstate
SELECT kycvs.create_key();
SELECT kycvs.register_person('9826000001', 'Usha Menon');
SELECT kycvs_issue_otp('9826000001', 'Usha Menon', 'admin');
SELECT count(*) FROM kycvs_data.audit;
\set VERBOSITY default
RESET ROLE;
-- an entity that can do more than its part; anybody whom no group gave EXECUTE; a member of kycvs_owner
GRANT kycvs_registrar TO regress_managed;
GRANT pg_read_all_data TO regress_managed_member;
GRANT EXECUTE ON FUNCTION kycvs.next_messages(int, text[]) TO regress_auditor;
GRANT EXECUTE ON FUNCTION kycvs.create_key(text) TO PUBLIC;
GRANT kycvs_owner TO regress_auditor;
-- a function that could capture calls
CREATE FUNCTION public.kycvs_status(consent json) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"status": 2}'::jsonb $$;
SELECT check_name, detail FROM kycvs.health() WHERE NOT ok ORDER BY check_name COLLATE "C", detail COLLATE "C";
REVOKE kycvs_registrar FROM regress_managed;
REVOKE pg_read_all_data FROM regress_managed_member;
REVOKE EXECUTE ON FUNCTION kycvs.next_messages(int, text[]) FROM regress_auditor;
REVOKE EXECUTE ON FUNCTION kycvs.create_key(text) FROM PUBLIC;
REVOKE kycvs_owner FROM regress_auditor;
DROP FUNCTION public.kycvs_status(json);
-- entities whose role cannot act for them
ALTER ROLE regress_managed RENAME TO regress_mislaid;
SELECT check_name, detail FROM kycvs.health() WHERE NOT ok;
ALTER ROLE regress_mislaid RENAME TO regress_managed;
ALTER ROLE regress_managed SUPERUSER;
SELECT check_name, detail FROM kycvs.health() WHERE NOT ok;
ALTER ROLE regress_managed NOSUPERUSER;
SELECT count(*) FROM kycvs.health() WHERE NOT ok;

-- suspended and resumed, as its callers see it
SELECT kycvs.suspend_entity('managed') \g /dev/null
SET ROLE regress_managed;
SELECT test.refusal($$SELECT kycvs_issue_otp('9826000105', 'Usha Menon', 'admin')$$);
RESET ROLE;
SELECT kycvs.resume_entity('managed') \g /dev/null
SET ROLE regress_managed;
SELECT test.refusal($$SELECT kycvs_issue_otp('9826000105', 'Usha Menon', 'admin')$$);
RESET ROLE;
-- a role that was renamed is no entity; the name counts, as in a dump
ALTER ROLE regress_managed RENAME TO regress_renamed;
SET ROLE regress_renamed;
SELECT test.refusal($$SELECT kycvs_issue_otp('9826000105', 'Usha Menon', 'admin')$$);
RESET ROLE;
ALTER ROLE regress_renamed RENAME TO regress_managed;

DROP TABLE claimed;
DROP ROLE regress_admin, regress_registrar, regress_sender, regress_auditor, regress_managed_member;
