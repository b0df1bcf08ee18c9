-- Each refusal once in full, as people read it; then what else leads to it.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('refuse', 'A test asks whether you are vaccinated.', uses => 1),
       kycvs.add_purpose('refuse-not', 'Nobody is allowed to ask for this.'),
       kycvs.add_notice('refuse', 'hi', 'परीक्षण पूछता है।') \g /dev/null
CREATE ROLE regress_refused;
CREATE ROLE regress_refused_other;
CREATE ROLE regress_refused_member IN ROLE regress_refused;
CREATE ROLE regress_refused_both IN ROLE regress_refused, regress_refused_other;
CREATE ROLE regress_refused_none IN ROLE kycvs_entity;
CREATE ROLE regress_refused_nobody;
SELECT kycvs.add_entity('refused', 'Refused', 'regress_refused', ARRAY['refuse']),
       kycvs.add_entity('refused-other', 'Refused Other', 'regress_refused_other', ARRAY['refuse']) \g /dev/null
SELECT kycvs.register_person('9822000001', 'Lata Nair') AS person \gset
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-05-01') \g /dev/null

/* ---- who calls ---- */

-- KV003: a superuser is a member of no entity
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse');
-- a member of two, a member of the group that is no entity; nobody at all
SELECT role, test.refusal(format('SET LOCAL ROLE %I; SELECT kycvs_issue_otp(%L, %L, %L, %L)', role, '9822000001', 'Lata Nair', 'refuse', 'WHO')) AS refusal
FROM unnest(ARRAY['regress_refused', 'regress_refused_member', 'regress_refused_both', 'regress_refused_none', 'regress_refused_nobody']) AS role;
RESET ROLE;
-- the current user counts, not the one who logged in
SET SESSION AUTHORIZATION regress_refused_both;
SELECT test.refusal($$SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', 'WHO')$$);
SET ROLE regress_refused;
SELECT test.refusal($$SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', 'WHO')$$);
RESET SESSION AUTHORIZATION;
-- a membership that is not committed is none
BEGIN;
GRANT regress_refused TO regress_refused_none;
SET LOCAL ROLE regress_refused_none;
SELECT test.refusal($$SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', 'WHO')$$);
ROLLBACK;
-- the audit keeps who it was
SELECT outcome, session_role = current_user AS superuser, outer_role = session_role AS outer_is_session, calling_role
FROM kycvs_data.audit WHERE event = 'issue' AND calling_role ~ '^regress_refused' ORDER BY id;

/* ---- arguments of kycvs_issue_otp ---- */

SET ROLE regress_refused;
-- KV001
SELECT kycvs_issue_otp('12345', 'Lata Nair', 'refuse');
SELECT test.visible(mobile) AS mobile, test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', mobile, 'Lata Nair', 'refuse', 'MOBILE')) AS refusal
FROM unnest(ARRAY['', ' ', '5822000001', '98220000011', '982200000', '+1 202 555 0100', '+977 9822000001', '00919822000001', '0091 0 9822000001', '9822OOOOO1', '98220+00001', '9822000001x',
                  '9822000001;', E'9822000001\n', '98220' || U&'\202e' || '00001', '+', '++919822000001', repeat('9', 30)]) WITH ORDINALITY AS sample (mobile, n) ORDER BY n;
SELECT n, test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', '9822000001' || repeat(' ', n - 10), 'Lata Nair', 'refuse', 'MOBILE')) AS bytes
FROM unnest(ARRAY[64, 65, 100000]) AS n;

-- KV002
SELECT kycvs_issue_otp('9822000001', 'Agent 47', 'refuse');
SELECT test.visible(name) AS name, test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', '9822000001', name, 'refuse', 'NAME')) AS refusal
FROM unnest(ARRAY['', ' ', '.', '123', 'Lata 2', E'Lata\nNair', E'Lata\tNair', 'Lata' || U&'\202e' || 'Nair', 'Lata ☺', 'Lata=Nair', U&'\0941', U&'Lata\fffd']) WITH ORDINALITY AS sample (name, n) ORDER BY n;
SELECT n, test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', '9822000002', rpad('Lata', n, 'Nair'), 'refuse', 'NAME')) AS bytes
FROM unnest(ARRAY[256, 257, 1000000]) AS n;
SELECT test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', '9822000003', repeat('ल', n), 'refuse', 'NAME')) AS three_bytes_each
FROM unnest(ARRAY[85, 86]) AS n;

-- KV005
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse-not');
SELECT test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L)', '9822000001', 'Lata Nair', purpose)) AS refusal, left(purpose, 20) AS purpose
FROM unnest(ARRAY['no-such-purpose', '', 'REFUSE', repeat('x', 65), repeat('x', 100000)]) AS purpose;

-- a reference has no SQLSTATE of its own
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', '');
SELECT test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L)', '9822000004', 'Lata Nair', 'refuse', reference)) AS refusal, octet_length(reference) AS bytes
FROM unnest(ARRAY['', E'a\nb', E'a\u0085b', repeat('r', 128), repeat('r', 129), repeat('ल', 43), repeat('r', 1000000)]) AS reference;

-- KV008
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', travel_date => '2021-11-01');
SELECT what, test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L, %L)', '9822000005', 'Lata Nair', 'refuse', 'DATE', day)) AS refusal
FROM (VALUES ('yesterday', test.today() - 1), ('today', test.today()), ('in a year', (test.today() + interval '1 year')::date),
             ('in more than a year', test.today() + 367), ('infinity', 'infinity'), ('-infinity', '-infinity'), ('long ago', '4714-11-24 BC')) AS sample (what, day);

-- KV009
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', language => 'ta');
SELECT test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L, language => %L)', '9822000006', 'Lata Nair', 'refuse', 'LANGUAGE', language)) AS refusal, left(language, 20) AS language
FROM unnest(ARRAY['en', 'hi', '', 'EN', 'gu', repeat('x', 65)]) AS language;

-- 22004: the first that is missing
SELECT kycvs_issue_otp(NULL, NULL, NULL);
SELECT arguments, test.refusal('SELECT ' || arguments) AS refusal
FROM unnest(ARRAY[$$kycvs_issue_otp(NULL, 'Lata Nair', 'refuse')$$, $$kycvs_issue_otp('9822000001', NULL, 'refuse')$$, $$kycvs_issue_otp('9822000001', 'Lata Nair', NULL)$$,
                  $$kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse', language => NULL)$$,
                  'kycvs_resend_otp(NULL)', $$kycvs_verify_otp(NULL, '123456', true)$$,
                  $$kycvs_verify_otp('00000000-0000-8000-8000-000000000000', NULL, true)$$, $$kycvs_verify_otp('00000000-0000-8000-8000-000000000000', '123456', NULL)$$,
                  'kycvs_status(NULL)', $$kycvs_verify(NULL, 'refused', NULL)$$, $$kycvs_verify('{}', NULL, NULL)$$, 'kycvs_claims(NULL)', 'kycvs_to_jwt(NULL)', 'kycvs_from_jwt(NULL)',
                  $$kycvs.try_issue_otp(NULL, 'Lata Nair', 'refuse')$$, 'kycvs.try_status(NULL)',
                  $$kycvs_issue_group_otp('9822000001', NULL, 'refuse')$$, $$kycvs_issue_group_otp('9822000001', '{Lata Nair,NULL}', 'refuse')$$, 'kycvs_status_group(NULL)',
                  $$kycvs.try_issue_group_otp('9822000001', NULL, 'refuse')$$, 'kycvs.try_status_group(NULL)']) WITH ORDINALITY AS sample (arguments, n) ORDER BY n;

/* ---- kycvs_resend_otp and kycvs_verify_otp ---- */

SELECT kycvs_issue_otp('9822000007', 'Lata Nair', 'refuse', 'VERIFY') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset

-- KV013: unknown, or another entity's
SELECT kycvs_verify_otp('00000000-0000-8000-8000-000000000000', '123456', true);
SELECT kycvs_resend_otp('00000000-0000-8000-8000-000000000000');
RESET ROLE;
SET ROLE regress_refused_other;
SELECT kycvs_verify_otp(:'txn', :'otp', true);
SELECT kycvs_resend_otp(:'txn');
RESET ROLE;
SET ROLE regress_refused;

-- KV006: before any charge
SELECT kycvs_verify_otp(:'txn', :'otp');
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, false)', :'txn', test.wrong(:'otp'))) AS wrong,
       test.refusal(format('SELECT kycvs_verify_otp(%L, %L, NULL)', :'txn', :'otp')) AS "null",
       test.refusal($$SELECT kycvs_verify_otp('00000000-0000-8000-8000-000000000000', '123456')$$) AS unknown;
RESET ROLE;
SELECT tries, failed_at IS NULL AS not_failed, verified FROM kycvs_data.challenge WHERE id = :'txn';
SET ROLE regress_refused;

-- KV010: the tries count down; KV012
SELECT kycvs_verify_otp(:'txn', test.wrong(:'otp'), true);
SELECT kycvs_verify_otp(:'txn', 'my cat walked over it', true);
SELECT kycvs_verify_otp(:'txn', repeat('1', 1000000), true);
SELECT kycvs_verify_otp(:'txn', :'otp', true);
SELECT kycvs_resend_otp(:'txn');

-- what looks like a code and is none is a wrong one, and charged
SELECT kycvs_issue_otp('9822000008', 'Lata Nair', 'refuse', 'ODD') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT what, kycvs.try_verify_otp(:'txn', otp, true) - 'message' AS refusal
FROM (VALUES ('empty', ''), ('65 bytes', repeat(' ', 59) || :'otp'), ('five digits', left(:'otp', 5))) AS typed (what, otp);

-- KV011
SELECT kycvs_issue_otp('9822000009', 'Lata Nair', 'refuse', 'LATE') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT test.age(:'txn', '180 seconds') \g /dev/null
SELECT kycvs_verify_otp(:'txn', :'otp', true);
-- nothing was compared, so nothing is charged
RESET ROLE;
SELECT tries FROM kycvs_data.challenge WHERE id = :'txn';
SET ROLE regress_refused;
-- also in a transaction that began before (T7)
SELECT kycvs_issue_otp('9822000009', 'Lata Nair', 'refuse', 'LATER') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT test.age(:'txn', '200 seconds') \g /dev/null
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, true)', :'txn', :'otp'));
COMMIT;
-- an issue of another server or timeline is over: nothing brings a used OTP back
SELECT kycvs_issue_otp('9822000009', 'Lata Nair', 'refuse', 'TIMELINE') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
RESET ROLE;
UPDATE kycvs_data.challenge SET timeline = timeline + 1 WHERE id = :'txn';
SET ROLE regress_refused;
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, true)', :'txn', :'otp')) AS verify, test.refusal(format('SELECT kycvs_resend_otp(%L)', :'txn')) AS resend;
RESET ROLE;
UPDATE kycvs_data.challenge SET timeline = timeline - 1, system_identifier = system_identifier + 1 WHERE id = :'txn';
SET ROLE regress_refused;
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, true)', :'txn', :'otp')) AS verify;

-- an OTP for one thing is none for another (T21)
SELECT kycvs_issue_otp('9822000010', 'Lata Nair', 'refuse', 'ONE') AS one, kycvs_issue_otp('9822000010', 'Lata Nair', 'refuse', 'TWO') AS two \gset
SELECT kycvs.try_verify_otp(test.jti(:'two'), test.otp(test.jti(:'one')), true) ->> 'error' IN ('KV010') OR test.otp(test.jti(:'one')) = test.otp(test.jti(:'two')) AS refused;

-- KV014
SELECT kycvs_issue_otp('9822000011', 'Lata Nair', 'refuse', 'USED') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs_verify_otp(:'txn', :'otp', true) AS consent \gset
SELECT kycvs_verify_otp(:'txn', test.wrong(:'otp'), true);
SELECT kycvs_resend_otp(:'txn');
-- asking again in the same words is a new challenge now
SELECT kycvs_issue_otp('9822000011', 'Lata Nair', 'refuse', 'USED') ->> 'jti' = :'txn' AS same;

-- KV007: the pause before a resend; the seconds move, so they are masked
\set VERBOSITY sqlstate
SELECT test.jti(kycvs_issue_otp('9822000011', 'Lata Nair', 'refuse', 'PAUSE')) AS txn \gset
SELECT kycvs_resend_otp(:'txn');
\set VERBOSITY default
-- a budget of nothing has a wait that stands still
RESET ROLE;
SELECT kycvs.set_budget('refused-other', 0) \g /dev/null
SET ROLE regress_refused_other;
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse');
RESET ROLE;
SELECT kycvs.set_budget('refused-other', 200) \g /dev/null
SET ROLE regress_refused;

/* ---- kycvs_status ---- */

-- KV020: unknown
SELECT kycvs_status('{"jti": "00000000-0000-8000-8000-000000000000"}');
-- altered, of another kind, another's
SELECT test.consent('9822000012', 'Lata Nair', 'refuse', 'S1') AS other_consent \gset
SELECT what, test.refusal(format('SELECT kycvs_status(%L)', document)) AS refusal
FROM (VALUES ('altered reference', :'consent'::jsonb || '{"reference": "PNR 2"}'), ('altered uses', :'consent'::jsonb || '{"uses": 1000}'),
             ('altered exp', :'consent'::jsonb || '{"exp": 4102444800}'), ('added', :'consent'::jsonb || '{"more": true}'), ('removed', :'consent'::jsonb - 'uses'),
             ('a number written otherwise', :'consent'::jsonb || '{"uses": 1.0}'),
             ('jti of another', :'consent'::jsonb || jsonb_build_object('jti', :'other_consent'::jsonb -> 'jti')),
             ('jti in capitals', :'consent'::jsonb || jsonb_build_object('jti', upper(:'consent'::jsonb ->> 'jti'))),
             ('empty jti', :'consent'::jsonb || '{"jti": ""}'),
             ('jti as number', :'consent'::jsonb || '{"jti": 1}'), ('no jti', :'consent'::jsonb - 'jti'),
             ('receipt', :'receipt'::jsonb), ('nothing', '{}'), ('array', '[]'), ('array of it', jsonb_build_array(:'consent'::jsonb)), ('string', '"x"'), ('null', 'null'),
             ('deep', :'consent'::jsonb || jsonb_build_object('deep', (repeat('[', 100) || repeat(']', 100))::jsonb)),
             ('70 kB', :'consent'::jsonb || jsonb_build_object('x', repeat('x', 70000)))) AS sample (what, document);
RESET ROLE;
SET ROLE regress_refused_other;
SELECT kycvs_status(:'consent');
RESET ROLE;
SET ROLE regress_refused;
-- the signature is not looked at again, nor is anything that does not bind: the consent is in the registry's books
SELECT kycvs_status(:'consent'::jsonb - 'jws') ->> 'status' AS status, kycvs_status(:'consent') AS answer \gset
SELECT test.refusal(format('SELECT kycvs_status(%L)', :'answer')) AS an_answer_is_no_consent;

-- KV008
SELECT kycvs_status(:'consent', '2021-06-01');

-- KV023, in full in status.sql; of the purpose's one use nothing is left for another result
RESET ROLE;
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-06-15') \g /dev/null
SET ROLE regress_refused;
SELECT test.consent('9822000001', 'Lata Nair', 'refuse', 'UP') AS used_up \gset
SELECT kycvs_status(:'used_up') ->> 'status' AS status;
RESET ROLE;
UPDATE kycvs_data.person SET doses = set_byte(doses, 14, 1) WHERE id = :person;
SET ROLE regress_refused;
SELECT kycvs_status(:'used_up');

-- KV021; the OTP makes no new one then
RESET ROLE;
UPDATE kycvs_data.consent SET expires_at = clock_timestamp() WHERE jti = test.jti(:'consent');
SET ROLE regress_refused;
SELECT kycvs_status(:'consent');
SELECT kycvs_verify_otp((:'consent'::jsonb ->> 'txn')::uuid, test.otp((:'consent'::jsonb ->> 'txn')::uuid), true);

-- KV022
RESET ROLE;
UPDATE kycvs_data.consent SET withdrawn_at = clock_timestamp() WHERE jti = test.jti(:'other_consent');
SET ROLE regress_refused;
SELECT kycvs_status(:'other_consent');
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, true)', :'other_consent'::jsonb ->> 'txn', test.otp((:'other_consent'::jsonb ->> 'txn')::uuid)));
RESET ROLE;

/* ---- documents, by anybody ---- */

SET ROLE regress_refused_nobody;
-- KV030
SELECT kycvs_verify('{"iss": "somebody"}', 'refused', 'USED');
-- KV031
SELECT kycvs_verify(:'answer'::jsonb || '{"status": 2}', 'refused', 'USED');
-- KV032
SELECT kycvs_verify(:'answer'::jsonb || '{"iss": "https://other.example"}', 'refused', 'USED');
-- KV033
SELECT kycvs_verify(:'answer', 'refused', 'USED', at => clock_timestamp() + interval '2 days');
SELECT kycvs_verify(:'answer', 'refused', 'USED', at => clock_timestamp() - interval '2 days');
-- KV034: type, audience, reference, name
SELECT kycvs_verify(:'consent', 'refused', 'USED');
SELECT test.refusal(format('SELECT kycvs_verify(%L, %s)', document, arguments)) AS refusal, what
FROM (VALUES ('as it should be', :'answer', $$'refused', 'USED'$$), ('answer as consent', :'answer', $$'refused', 'USED', type => 'consent'$$),
             ('answer as receipt', :'answer', $$'refused', 'USED', type => 'otp'$$), ('receipt as answer', :'receipt', $$'refused', 'USED'$$),
             ('receipt as consent', :'receipt', $$'refused', 'USED', type => 'consent'$$), ('receipt', :'receipt', $$'refused', 'USED', type => 'otp'$$),
             ('consent', :'used_up', $$'refused', 'UP', type => 'consent'$$),
             ('another audience', :'answer', $$'refused-other', 'USED'$$), ('another reference', :'answer', $$'refused', 'UP'$$), ('no reference', :'answer', $$'refused', NULL$$),
             ('name', :'answer', $$'refused', 'USED', 'Lata Nair'$$), ('another name', :'answer', $$'refused', 'USED', 'Lata  Nair'$$),
             ('unknown type', :'answer', $$'refused', 'USED', type => 'jwt'$$),
             ('64 kB and more', (:'answer'::jsonb || jsonb_build_object('x', repeat('x', 65537)))::text, $$'refused', 'USED'$$),
             ('2 MB', (:'answer'::jsonb || jsonb_build_object('x', repeat('x', 2000000)))::text, $$'refused', 'USED'$$),
             ('a float', (:'answer'::jsonb || '{"status": 1.5}')::text, $$'refused', 'USED'$$)) AS sample (what, document, arguments);
RESET ROLE;

/* ---- suspended ---- */

SELECT kycvs.suspend_entity('refused') \g /dev/null
SET ROLE regress_refused;
-- KV004
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse');
SELECT statement, test.refusal('SELECT ' || format(statement, :'txn', :'used_up')) AS refusal
FROM unnest(ARRAY['kycvs_resend_otp(%1$L)', 'kycvs_verify_otp(%1$L, ''123456'', true)', 'kycvs_status(%2$L)', 'kycvs_verify_otp(NULL, NULL, NULL)']) AS statement;
-- its old answers are none the worse
SELECT kycvs_verify(:'answer', 'refused', 'USED') ->> 'status' AS status;
RESET ROLE;
SELECT kycvs.resume_entity('refused') \g /dev/null

/* ---- order: read-only, caller, arguments ---- */

SET ROLE regress_refused;
BEGIN READ ONLY;
SELECT kycvs_issue_otp('9822000001', 'Lata Nair', 'refuse');
ROLLBACK;
BEGIN READ ONLY;
SAVEPOINT s;
\set VERBOSITY sqlstate
SELECT kycvs_resend_otp(:'txn');
ROLLBACK TO SAVEPOINT s;
SELECT kycvs_verify_otp(NULL, NULL, NULL);
ROLLBACK TO SAVEPOINT s;
SELECT kycvs_status(:'used_up');
ROLLBACK TO SAVEPOINT s;
SELECT kycvs.try_status(NULL);
ROLLBACK TO SAVEPOINT s;
ROLLBACK;
RESET ROLE;
BEGIN READ ONLY;
SAVEPOINT s;
SELECT kycvs_issue_otp(NULL, NULL, NULL);
ROLLBACK TO SAVEPOINT s;
SELECT kycvs.register_person('9822000001', 'Lata Nair');
ROLLBACK TO SAVEPOINT s;
SELECT kycvs.next_messages(1);
ROLLBACK TO SAVEPOINT s;
SET LOCAL kycvs.registry = 'no_such_registry';
SELECT kycvs_issue_otp(NULL, NULL, NULL);
ROLLBACK TO SAVEPOINT s;
\set VERBOSITY default
-- who decides nothing may be asked
SELECT kycvs_verify(:'answer', 'refused', 'USED') ->> 'status' AS status, jsonb_typeof(kycvs_jwks()) AS jwks,
       (SELECT count(*) > 0 FROM kycvs.health()) AS health;
COMMIT;
-- KV050, before the caller and the arguments
SET kycvs.registry = 'no_such_registry';
SELECT kycvs_issue_otp(NULL, NULL, NULL);
SELECT test.refusal('SELECT kycvs.create_key()') AS admin, test.refusal('SELECT kycvs_jwks()') AS jwks;
SELECT kycvs.try_status(NULL);
RESET kycvs.registry;
-- the caller before the arguments
SELECT statement, test.refusal('SELECT ' || statement) AS refusal
FROM unnest(ARRAY['kycvs_issue_otp(NULL, NULL, NULL)', $$kycvs_issue_otp('1', '1', '1')$$, 'kycvs_resend_otp(NULL)', 'kycvs_verify_otp(NULL, NULL, NULL)', 'kycvs_status(NULL)', $$kycvs_status('[]')$$,
                  'kycvs_issue_group_otp(NULL, NULL, NULL)', 'kycvs_status_group(NULL)']) AS statement;
-- the arguments in their order: mobile, name, purpose, reference, date, language
SET ROLE regress_refused;
SELECT test.refusal(format('SELECT kycvs_issue_otp(%L, %L, %L, %L, %L, %L)', mobile, name, purpose, reference, day, language)) AS refusal
FROM (VALUES ('1', '1', '', '', date '2021-01-01', ''), ('9822000001', '1', '', '', '2021-01-01', ''), ('9822000001', 'Lata Nair', '', '', '2021-01-01', ''),
             ('9822000001', 'Lata Nair', 'refuse', '', '2021-01-01', ''), ('9822000001', 'Lata Nair', 'refuse', 'ORDER', '2021-01-01', ''),
             ('9822000001', 'Lata Nair', 'refuse', 'ORDER', NULL, '')) AS sample (mobile, name, purpose, reference, day, language);
RESET ROLE;

/* ---- registrars ---- */

-- KV041
SELECT count(kycvs.register_person('9822000100', 'Person ' || chr(96 + n))) FROM generate_series(1, 6) AS n;
SELECT kycvs.register_person('9822000100', 'Person g');
-- those who are there already are found
SELECT kycvs.register_person('9822000100', 'PERSON F') = kycvs.register_person('9822000100', 'f person') AS same;
-- the same person, unless the references differ
SELECT kycvs.register_person('9822000101', 'Hema Rao', 'H1') AS h1 \gset
SELECT kycvs.register_person('9822000101', 'Hema Rao', 'H1') = :h1 AS same, kycvs.register_person('9822000101', 'Hema Rao') = :h1 AS none_given,
       kycvs.register_person('9822000101', 'Hema Rao', 'H2') = :h1 AS another, kycvs.register_person('9822000102', 'Hema Rao', 'H1') = :h1 AS another_mobile;
-- KV042
SELECT kycvs.record_dose(:h1, 'SNAKE-OIL', '2021-05-01');
SELECT kycvs.record_dose(0, 'COVAXIN', '2021-05-01');
SELECT kycvs.revoke_dose(:h1, 1, 'test');
-- KV043
SELECT kycvs.record_dose(:h1, 'COVAXIN', test.today() + 1);
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2019-12-31');
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2021-05-01');
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2021-05-01');
-- a short interval is a warning
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2021-05-02');
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2021-05-30');
-- a revoked one may be recorded again, and not revoked again
SELECT kycvs.revoke_dose(:h1, 2, 'a slip') \g /dev/null
SELECT kycvs.revoke_dose(:h1, 2, 'a slip');
SELECT kycvs.record_dose(:h1, 'COVAXIN', '2021-05-02');
SELECT what, test.refusal(format('SELECT kycvs.' || statement, :h1)) AS refusal
FROM (VALUES ('mobile', $$register_person('1', 'Hema Rao')$$), ('name', $$register_person('9822000101', '1')$$), ('no mobile', $$register_person(NULL, 'Hema Rao')$$), ('no name', $$register_person('9822000101', NULL)$$),
             ('empty reference', $$register_person('9822000101', 'Hema Rao', '')$$), ('long reference', $$register_person('9822000101', 'Hema Rao', repeat('r', 129))$$),
             ('birth year', $$register_person('9822000101', 'Hema Rao', 'H1', 1899)$$), ('birth year 0', $$register_person('9822000101', 'Hema Rao', 'H1', 0)$$), ('birth year to come', $$register_person('9822000101', 'Hema Rao', 'H1', 3000)$$),
             ('no person', $$record_dose(NULL, 'COVAXIN', '2021-05-01')$$), ('no product', $$record_dose(%s, NULL, '2021-05-01')$$), ('no date', $$record_dose(%s, 'COVAXIN', NULL)$$),
             ('long product', $$record_dose(%s, repeat('x', 65), '2021-05-01')$$), ('infinity', $$record_dose(%s, 'COVAXIN', 'infinity')$$), ('-infinity', $$record_dose(%s, 'COVAXIN', '-infinity')$$),
             ('long batch', $$record_dose(%s, 'COVAXIN', '2021-07-01', repeat('b', 129))$$), ('batch', $$record_dose(%s, 'COVAXIN', '2021-07-01', E'b\n')$$),
             ('no reason', $$revoke_dose(%s, 1, NULL)$$), ('empty reason', $$revoke_dose(%s, 1, '')$$), ('no dose', $$revoke_dose(%s, NULL, 'test')$$)) AS sample (what, statement);

/* ---- administrators; their keys are in admin.sql ---- */

SELECT kycvs.add_purpose('refuse', 'Twice.');
SELECT kycvs.add_entity('refused', 'Twice', 'regress_refused_nobody', ARRAY['refuse']);
SELECT kycvs.suspend_entity('no-such-entity');
SELECT statement, test.refusal('SELECT kycvs.' || statement) AS refusal
FROM unnest(ARRAY[
    $$add_purpose('', 'N')$$, $$add_purpose('UPPER', 'N')$$, $$add_purpose('with blank', 'N')$$, $$add_purpose('x-123456', 'N')$$, $$add_purpose(repeat('x', 65), 'N')$$, $$add_purpose('p', '')$$,
    $$add_purpose('p', E'N\n')$$, $$add_purpose('p', repeat('n', 4097))$$, $$add_purpose('p', 'N', '0')$$, $$add_purpose('p', 'N', '59 s')$$, $$add_purpose('p', 'N', '367 days')$$, $$add_purpose('p', 'N', '1 month')$$,
    $$add_purpose('p', 'N', '-1 day')$$, $$add_purpose('p', 'N', uses => 0)$$, $$add_purpose('p', 'N', uses => 1001)$$, $$add_purpose(NULL, 'N')$$, $$add_purpose('p', NULL)$$, $$add_purpose('p', 'N', NULL)$$, $$add_purpose('p', 'N', uses => NULL)$$,
    $$add_notice('no-such-purpose', 'hi', 'N')$$, $$add_notice('refuse', '', 'N')$$, $$add_notice('refuse', 'HI', 'N')$$, $$add_notice('refuse', 'hi', '')$$, $$add_notice('refuse', NULL, 'N')$$,
    $$add_entity('e', 'E', 'regress_refused', ARRAY['refuse'])$$, $$add_entity('e', 'E', 'regress_refused_nobody', ARRAY['no-such-purpose'])$$, $$add_entity('e', 'E', 'regress_refused_nobody', ARRAY[]::text[])$$,
    $$add_entity('e', 'E', 'regress_refused_nobody', ARRAY[NULL])$$, $$add_entity('e', 'E', 'regress_refused_nobody', NULL)$$, $$add_entity('e', 'E', 'regress_refused_nobody', array_fill('refuse'::text, ARRAY[17]))$$,
    $$add_entity('e', 'E', NULL, ARRAY['refuse'])$$, $$add_entity('e', 'E', 0, ARRAY['refuse'])$$, $$add_entity('e', 'E', 'kycvs_admin', ARRAY['refuse'])$$, $$add_entity('e', 'E', 'pg_monitor', ARRAY['refuse'])$$,
    $$add_entity('e', 'E', current_user::regrole, ARRAY['refuse'])$$, $$add_entity('e', '', 'regress_refused_nobody', ARRAY['refuse'])$$, $$add_entity('e', 'Call 123456', 'regress_refused_nobody', ARRAY['refuse'])$$,
    $$add_entity('e', 'Call १२३४५६', 'regress_refused_nobody', ARRAY['refuse'])$$, $$add_entity('E', 'E', 'regress_refused_nobody', ARRAY['refuse'])$$, $$add_entity(NULL, 'E', 'regress_refused_nobody', ARRAY['refuse'])$$,
    $$resume_entity('no-such-entity')$$, $$set_budget('no-such-entity', 1)$$, $$set_budget('refused', -1)$$, $$set_budget('refused', 1000001)$$, $$set_budget('refused', NULL)$$, $$suspend_entity(NULL)$$,
    $$create_api_key('no-such-entity')$$, $$create_api_key(NULL)$$, $$revoke_api_key(0)$$, $$revoke_api_key(NULL)$$,
    $$create_key('RS256')$$, $$create_key(NULL)$$, $$activate_key('no-such-key')$$, $$revoke_key('no-such-key')$$, $$destroy_key('no-such-key')$$, $$destroy_key(NULL)$$,
    $$next_messages(0)$$, $$next_messages(1001)$$, $$next_messages(NULL)$$, $$await_messages(0)$$, $$await_messages(NULL)$$, $$await_messages(1, '-1 s')$$, $$await_messages(1, '5 s')$$, $$await_messages(1, '1 month')$$, $$await_messages(1, NULL)$$, $$message_done(0, true)$$, $$message_done(NULL, true)$$, $$message_done(1, NULL)$$, $$message_done(1, true, repeat('d', 201))$$])
    WITH ORDINALITY AS sample (statement, n) ORDER BY n;
-- a role that is not committed yet is none
BEGIN;
CREATE ROLE regress_refused_new;
SELECT test.refusal($$SELECT kycvs.add_entity('e', 'E', 'regress_refused_new', ARRAY['refuse'])$$);
ROLLBACK;
-- nothing of all this was kept
SELECT count(*) FROM kycvs_data.entity WHERE code IN ('e', 'E', '');
SELECT count(*) FROM kycvs_data.purpose WHERE code IN ('p', 'UPPER', '', 'with blank');

/* ---- privileges ---- */

SET ROLE regress_refused;
-- 42501
SELECT kycvs.register_person('9822000001', 'Lata Nair');
SELECT * FROM kycvs_data.person;
\set VERBOSITY sqlstate
PREPARE p AS UPDATE kycvs_data.challenge SET tries = 0;
BEGIN;
LOCK TABLE kycvs_data.audit IN ACCESS SHARE MODE;
ROLLBACK;
SELECT kycvs_data.new_api_key();
SELECT nextval('kycvs_data.audit_id_seq');
SELECT kycvs.next_messages(1);
SELECT kycvs.create_key();
SELECT kycvs.health();
\set VERBOSITY default
RESET ROLE;
-- each group its own part; whoever got EXECUTE otherwise is asked for the membership all the same
GRANT EXECUTE ON FUNCTION kycvs.create_key(text), kycvs.register_person(text, text, text, int), kycvs.next_messages(int, text[]) TO regress_refused_nobody;
SET ROLE regress_refused_nobody;
SELECT kycvs.create_key();
SELECT kycvs.register_person('9822000001', 'Lata Nair');
SELECT kycvs.next_messages(1);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION kycvs.create_key(text), kycvs.register_person(text, text, text, int), kycvs.next_messages(int, text[]) FROM regress_refused_nobody;

DROP ROLE regress_refused_member, regress_refused_both, regress_refused_none, regress_refused_nobody;
