-- kycvs.try_*: refusals as results, and gateways that act by an API key.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('try', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_try;
CREATE ROLE regress_try_other;
CREATE ROLE regress_gateway IN ROLE kycvs_gateway;
SELECT kycvs.add_entity('try', 'Try', 'regress_try', ARRAY['try']), kycvs.add_entity('try-other', 'Try Other', 'regress_try_other', ARRAY['try']) \g /dev/null
SELECT kycvs.register_person('9825000001', 'Tara Singh') AS person \gset
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-05-01') \g /dev/null

-- granted: the same documents as without try
SET ROLE regress_try;
SELECT kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', 'T1') AS receipt \gset
SELECT kycvs_issue_otp('9825000001', 'Tara Singh', 'try', 'T1') - 'jws' = :'receipt'::jsonb - 'jws' AS same;
SELECT test.jti(:'receipt') AS txn \gset
SELECT kycvs.try_verify_otp(:'txn', test.otp(:'txn'), consent => true) AS consent \gset
SELECT kycvs_verify_otp(:'txn', test.otp(:'txn'), true) - 'jws' = :'consent'::jsonb - 'jws' AS same;
SELECT kycvs.try_status(:'consent') AS answer \gset
SELECT kycvs_status(:'consent') - 'jws' = :'answer'::jsonb - 'jws' AS same, kycvs_verify(:'answer', 'try', 'T1') ->> 'status' AS status;
SELECT test.masked(:'receipt'), test.masked(:'consent'), test.masked(:'answer') \gx

-- refused: error and message, wait and tries where there are some, and nothing else
SELECT kycvs.try_issue_otp('12345', 'Tara Singh', 'try');
SELECT kycvs.try_issue_otp('9825000001', 'Tara 7', 'try');
SELECT kycvs.try_issue_otp('9825000001', 'Tara Singh', 'other');
SELECT kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', travel_date => '2021-01-01');
SELECT kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', language => 'fr');
SELECT kycvs.try_verify_otp(:'txn', '123456');
SELECT kycvs.try_verify_otp('00000000-0000-8000-8000-000000000000', '123456', true), kycvs.try_resend_otp('00000000-0000-8000-8000-000000000000');
SELECT kycvs.try_resend_otp(:'txn'), kycvs.try_verify_otp(:'txn', test.wrong(test.otp(:'txn')), true);
SELECT kycvs.try_status('{}'), kycvs.try_status(:'consent', '2021-01-01');
SELECT test.jti(kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', 'T2')) AS txn \gset
SELECT kycvs.try_verify_otp(:'txn', test.wrong(test.otp(:'txn'), n), true) FROM generate_series(1, 4) AS n;
SELECT key, jsonb_typeof(value), value ->> 0 ~ '^[1-9][0-9]*$' AS positive FROM jsonb_each(kycvs.try_resend_otp(test.jti(kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', 'T3'))) - 'message') ORDER BY key;
-- the members' types are the callers' contract
SELECT key, jsonb_typeof(value) FROM jsonb_each(kycvs.try_verify_otp(:'txn', '123456', true)) ORDER BY key;
-- what is not a refusal of ours is an error: a NULL, a reference, a read-only transaction
SELECT test.refusal($$SELECT kycvs.try_issue_otp(NULL, 'Tara Singh', 'try')$$) AS "null", test.refusal($$SELECT kycvs.try_issue_otp('9825000001', 'Tara Singh', 'try', '')$$) AS reference;
BEGIN READ ONLY;
SELECT kycvs.try_resend_otp(:'txn');
ROLLBACK;
-- a refusal does not abort the transaction
BEGIN;
SELECT kycvs.try_status('{}') ->> 'error' AS refused;
SELECT kycvs.try_status(:'consent') ->> 'status' AS status;
COMMIT;
RESET ROLE;
-- a superuser is no entity
SELECT kycvs.try_status(:'consent');

/* ---- API keys ---- */

-- shown once: of 32 random bytes only the digest stays
SELECT kycvs.create_api_key('try') AS api_key, kycvs.create_api_key('try-other') AS other_key \gset
SELECT :'api_key' ~ '^kycvs_[0-9a-f]{64}$' AS form, :'api_key' <> :'other_key' AS different;
SELECT (SELECT code FROM kycvs_data.entity WHERE id = entity), digest = sha256(:'api_key') AS digest, revoked_at FROM kycvs_data.api_key WHERE digest = sha256(:'api_key');
SELECT count(*) FROM kycvs_data.api_key AS k WHERE k::text ~ right(:'api_key', 64);
SELECT id AS key_id FROM kycvs_data.api_key WHERE digest = sha256(:'api_key') \gset
-- the audit knows which key it was
SELECT event, outcome, object = :key_id AS this_key FROM kycvs_data.audit WHERE event = 'create_api_key' AND entity = (SELECT id FROM kycvs_data.entity WHERE code = 'try');

-- a gateway acts for the entity whose key it shows, for no other, and for none without
SET ROLE regress_gateway;
SELECT kycvs.try_issue_otp('9825000002', 'Tara Singh', 'try', 'G1', api_key => :'api_key') AS receipt \gset
SELECT :'receipt'::jsonb ->> 'aud' AS entity, test.jti(:'receipt') AS txn \gset
SELECT :'entity' AS entity;
SELECT kycvs.try_verify_otp(:'txn', '123456', true, :'other_key'), kycvs.try_resend_otp(:'txn', :'other_key');
SELECT kycvs.try_verify_otp(:'txn', test.otp(:'txn'), true, :'api_key') AS consent \gset
SELECT kycvs.try_status(:'consent', api_key => :'api_key') ->> 'status' AS status, kycvs.try_status(:'consent', api_key => :'other_key') ->> 'error' AS another;
SELECT what, kycvs.try_status(:'consent', api_key => api_key) AS refusal
FROM (VALUES ('no key', NULL), ('empty', ''), ('wrong', 'kycvs_' || repeat('0', 64)), ('cut', left(:'api_key', 69)), ('a blank more', :'api_key' || ' '), ('in capitals', upper(:'api_key')),
             ('without prefix', right(:'api_key', 64)), ('its digest', encode(sha256(:'api_key'), 'hex')), ('long', repeat('k', 129)), ('very long', repeat('k', 100000))) AS sample (what, api_key);
-- only by the try functions
\set VERBOSITY sqlstate
SELECT kycvs_status(:'consent');
\set VERBOSITY default
RESET ROLE;

-- the entity itself may not show a key, not even its own; a superuser neither
SET ROLE regress_try;
SELECT kycvs.try_status(:'consent') ->> 'status' AS without, kycvs.try_status(:'consent', api_key => :'api_key') ->> 'error' AS with_its_own;
RESET ROLE;
SELECT kycvs.try_status(:'consent', api_key => :'api_key') ->> 'error' AS superuser;
-- what a gateway did is in the audit under its own name
SELECT event, outcome, calling_role, (SELECT code FROM kycvs_data.entity AS e WHERE e.id = entity) FROM kycvs_data.audit
WHERE calling_role = 'regress_gateway' AND subject IN (:'txn', test.jti(:'consent')) AND entity <> 0 ORDER BY id;

-- suspended
SELECT kycvs.suspend_entity('try') \g /dev/null
SET ROLE regress_gateway;
SELECT kycvs.try_status(:'consent', api_key => :'api_key');
RESET ROLE;
SELECT kycvs.resume_entity('try') \g /dev/null

-- revoked: this one, at once; another goes on
SELECT kycvs.create_api_key('try') AS second_key \gset
SELECT kycvs.revoke_api_key(:key_id);
SET ROLE regress_gateway;
SELECT kycvs.try_status(:'consent', api_key => :'api_key') ->> 'error' AS revoked, kycvs.try_status(:'consent', api_key => :'second_key') ->> 'status' AS second;
RESET ROLE;
SELECT test.refusal(format('SELECT kycvs.revoke_api_key(%s)', :key_id)) AS twice;
-- a membership that is gone
REVOKE kycvs_gateway FROM regress_gateway;
GRANT EXECUTE ON FUNCTION kycvs.try_status TO regress_gateway;
SET ROLE regress_gateway;
SELECT kycvs.try_status(:'consent', api_key => :'second_key') ->> 'error' AS no_gateway;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION kycvs.try_status FROM regress_gateway;
DROP ROLE regress_gateway;
