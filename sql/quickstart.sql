-- The quick start, word for word: nothing but the two settings of the server.
SET client_min_messages = error;
DROP EXTENSION IF EXISTS kycvs, pgcrypto CASCADE;
DROP ROLE IF EXISTS railway;
RESET client_min_messages;
-- the name of a key
\o /dev/null

CREATE EXTENSION kycvs CASCADE;
SELECT kycvs.create_key();
SELECT kycvs.add_purpose('ticket-booking', 'Indian Railways asks whether you are vaccinated, to book your ticket.');
CREATE ROLE railway LOGIN;
SELECT kycvs.add_entity('irctc', 'Indian Railways', 'railway', ARRAY['ticket-booking']);
SELECT kycvs.register_person('+91 98250 12345', 'Ramesh Patel') AS person \gset
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-04-02');
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-07-01');

SET SESSION AUTHORIZATION railway;
SELECT kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking', 'PNR 4512345678') AS receipt \gset
RESET SESSION AUTHORIZATION;
-- the SMS
SELECT substring(body FROM '[0-9]{6}') AS otp FROM kycvs.next_messages(1) \gset
SET SESSION AUTHORIZATION railway;
SELECT kycvs_verify_otp((:'receipt'::jsonb ->> 'jti')::uuid, :'otp', consent => true) AS consent \gset
SELECT kycvs_status(:'consent'::jsonb) AS answer \gset
\o
-- 2
SELECT :'answer'::jsonb ->> 'status';
SELECT kycvs_verify(:'answer'::jsonb, audience => 'irctc', reference => 'PNR 4512345678') AS claims \gset
RESET SESSION AUTHORIZATION;

-- what was verified is what was answered, and it is all there is (T31)
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers
SELECT :'claims'::jsonb = :'answer'::jsonb - 'jws' AS answered;
SELECT jsonb_pretty(test.masked(:'receipt'));
SELECT jsonb_pretty(test.masked(:'consent'));
SELECT jsonb_pretty(test.masked(:'answer'));

-- the documents belong together; the claims that are masked are what they should be
SELECT :'consent'::jsonb ->> 'txn' = :'receipt'::jsonb ->> 'jti' AS txn,
       :'answer'::jsonb ->> 'consent' = :'consent'::jsonb ->> 'jti' AS consent,
       :'answer'::jsonb ->> 'sub' = :'consent'::jsonb ->> 'sub' AS sub,
       :'answer'::jsonb ->> 'iss' = (SELECT 'urn:uuid:' || id FROM kycvs_data.registry) AS iss;
SELECT document, claim FROM (VALUES ('consent', :'consent'::jsonb), ('answer', :'answer'::jsonb)) AS d (document, claim)
WHERE claim ->> 'name_sha256' IS DISTINCT FROM encode(sha256(convert_to(claim ->> 'jti' || E'\nRamesh Patel', 'UTF8')), 'hex');
SELECT :'consent'::jsonb ->> 'notice_sha256' = encode(sha256(convert_to(:'receipt'::jsonb ->> 'notice', 'UTF8')), 'hex') AS notice_sha256;
SELECT (:'receipt'::jsonb ->> 'exp')::int - (:'receipt'::jsonb ->> 'iat')::int AS otp_lives,
       (:'receipt'::jsonb ->> 'resend_after')::int - (:'receipt'::jsonb ->> 'iat')::int AS resend_after,
       (:'consent'::jsonb ->> 'exp')::int - (:'consent'::jsonb ->> 'iat')::int AS consent_lives,
       to_timestamp((:'answer'::jsonb ->> 'exp')::int) AT TIME ZONE 'Asia/Kolkata' = test.today() + 1 AS answer_ends_with_its_day,
       abs(extract(epoch FROM clock_timestamp()) - (:'answer'::jsonb ->> 'iat')::int) < 60 AS iat;

-- times are whole numbers of seconds, and ids are UUIDv8 that hide who is who
SELECT jti ~ '^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' AS uuid_v8
FROM unnest(ARRAY[:'receipt'::jsonb ->> 'jti', :'consent'::jsonb ->> 'jti', :'answer'::jsonb ->> 'jti']) AS jti;
SELECT count(DISTINCT left(jti, 4)) > 1 AS buckets_are_blinded
FROM unnest(ARRAY[:'receipt'::jsonb ->> 'jti', :'consent'::jsonb ->> 'jti', :'answer'::jsonb ->> 'jti']) AS jti;

-- the name is checked by whoever knows it; anybody may turn the answer into a JWT and back
SELECT kycvs_verify(:'answer', 'irctc', 'PNR 4512345678', 'Ramesh Patel') IS NOT NULL AS named,
       test.refusal(format('SELECT kycvs_verify(%L, %L, %L, %L)', :'answer', 'irctc', 'PNR 4512345678', 'Mahesh Patel')) AS another,
       kycvs_from_jwt(kycvs_to_jwt(:'answer')) = :'answer' AS jwt;
SELECT test.refusal(format('SELECT kycvs_verify(%L, %L, %L)', :'answer'::jsonb || change, 'irctc', 'PNR 4512345678')) AS refusal, change
FROM unnest(ARRAY['{"status": 1}', '{"as_of": "2021-07-01"}', '{"jti": "00000000-0000-8000-8000-000000000000"}']::jsonb[]) AS change;

-- the records: who asked, what was decided, what was disclosed
SELECT a.event, a.outcome, e.code, a.status, a.session_role = current_user AS superuser, a.calling_role = 'railway' AS railway,
       a.as_of = test.today() AS today, a.document IN (test.jti(:'receipt'), test.jti(:'consent'), test.jti(:'answer')) AS document
FROM kycvs_data.audit AS a LEFT JOIN kycvs_data.entity AS e ON e.id = a.entity ORDER BY a.id;
