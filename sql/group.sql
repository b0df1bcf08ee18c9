-- Several persons on one mobile: one OTP, one consent, an answer each.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('group', 'A test asks whether all of you are vaccinated.', uses => 2) \g /dev/null
CREATE ROLE regress_family;
CREATE ROLE regress_family_other;
CREATE ROLE regress_family_gateway IN ROLE kycvs_gateway;
SELECT kycvs.add_entity('group', 'Group', 'regress_family', ARRAY['group']), kycvs.add_entity('group-other', 'Group Other', 'regress_family_other', ARRAY['group']) \g /dev/null
SELECT kycvs.create_api_key('group') AS api_key \gset

-- a family of four: two doses, one, none, two
SELECT kycvs.register_person('9827000001', 'Ramesh Patel') AS ramesh, kycvs.register_person('9827000001', 'Hetal Patel') AS hetal,
       kycvs.register_person('9827000001', 'Meera Patel') AS meera, kycvs.register_person('9827000001', 'Kiran Patel') AS kiran \gset
SELECT kycvs.record_dose(person, 'COVISHIELD', day::date)
FROM (VALUES (:ramesh, '2021-04-02'), (:ramesh, '2021-07-01'), (:hetal, '2021-05-01'), (:kiran, '2021-04-02'), (:kiran, '2021-07-01')) AS dose (person, day) \g /dev/null

CREATE FUNCTION test.group_consent(mobile text, names text[], reference text DEFAULT NULL, travel_date date DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql AS
$$
DECLARE
    txn uuid := test.jti(kycvs_issue_group_otp(mobile, names, 'group', reference, travel_date));
BEGIN
    RETURN kycvs_verify_otp(txn, test.otp(txn), true);
END
$$;
-- the persons of a consent, without what changes
CREATE FUNCTION test.group_masked(consent jsonb) RETURNS jsonb LANGUAGE sql AS
$$ SELECT jsonb_set(test.masked(consent), '{persons}', (SELECT jsonb_agg(test.masked(person) ORDER BY n) FROM jsonb_array_elements(consent -> 'persons') WITH ORDINALITY AS p (person, n))) $$;
-- all that was charged and counted for a mobile's exchanges under one consent
CREATE FUNCTION test.group_used(consent jsonb) RETURNS text LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT c.used || coalesce((SELECT string_agg(' ' || p.used, '' ORDER BY n) FROM kycvs_data.consent_person AS p WHERE p.consent = c.jti), '')
           || ', answers ' || (SELECT count(*) FROM kycvs_data.answer AS a WHERE a.consent = c.jti)
    FROM kycvs_data.consent AS c WHERE c.jti = test.jti(consent)
$$;
-- rows of limits, which count an event for the mobile and for the mobile and the entity
CREATE FUNCTION test.charges(event text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
$$ SELECT count(*) FROM kycvs_data.charge AS c WHERE c.event = charges.event $$;

/* ---- a booking ---- */

-- Geeta is not in the registry; Kiran, who is, is not named
SET ROLE regress_family;
SELECT kycvs_issue_group_otp('9827000001', ARRAY['Ramesh Patel', 'Mrs. PATEL Hetal', 'Geeta Patel', 'Meera Patel'], 'group', 'PNR 1') AS receipt \gset
SELECT jsonb_pretty(test.masked(:'receipt'));
SELECT test.jti(:'receipt') AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs_verify_otp(:'txn', :'otp', consent => true) AS consent \gset
SELECT jsonb_pretty(test.group_masked(:'consent'));
SELECT n, test.masked(answer) FROM kycvs_status_group(:'consent');
RESET ROLE;
SELECT regexp_replace(body, '[0-9]{6}', '(otp)') AS body FROM test.inbox WHERE txn = :'txn';
-- an audit row for each step, and for each answer one
SELECT event, outcome, object, status, document = subject AS receipt, as_of = test.today() AS today FROM kycvs_data.audit
WHERE subject IN (:'txn', test.jti(:'consent')) ORDER BY id;
SELECT count(DISTINCT document) FROM kycvs_data.audit WHERE subject = test.jti(:'consent');
SELECT test.group_used(:'consent');
-- what is stored of the others
SELECT n, length(name_sealed) FROM kycvs_data.challenge_person WHERE challenge = :'txn' ORDER BY n;
SELECT n, length(name_sealed), person <> 0 AS found, match FROM kycvs_data.consent_person WHERE consent = test.jti(:'consent') ORDER BY n;

-- each answer is that passenger's, and nobody else's
SET ROLE regress_family;
CREATE TEMP TABLE answers AS SELECT n, answer FROM kycvs_status_group(:'consent');
SELECT name, string_agg(test.refusal(format('SELECT kycvs_verify(%L, %L, %L, name => %L)', answer, 'group', 'PNR 1', name)), ', ' ORDER BY n)
FROM answers, unnest(ARRAY['Ramesh Patel', 'Mrs. PATEL Hetal', 'Geeta Patel', 'Kiran Patel']) AS name GROUP BY name ORDER BY name;
SELECT n, claims ->> 'status' AS status, error FROM kycvs_verify_each((SELECT array_agg(answer ORDER BY n) FROM answers), 'group',
    array_fill('PNR 1'::text, ARRAY[4]), ARRAY['Ramesh Patel', 'Mrs. PATEL Hetal', 'Geeta Patel', 'Meera Patel']);
-- the consent is for all of them
SELECT name, test.refusal(format('SELECT kycvs_verify(%L, %L, %L, name => %L, type => %L)', :'consent', 'group', 'PNR 1', name, 'consent'))
FROM unnest(ARRAY['Ramesh Patel', 'Mrs. PATEL Hetal', 'Geeta Patel', 'Meera Patel', 'Kiran Patel', 'Ramesh  Patel']) AS name;
SELECT test.refusal(format('SELECT kycvs_verify(%L, %L, %L, type => %L)', jsonb_set(:'consent', '{persons,2,name_sha256}', :'consent'::jsonb #> '{persons,0,name_sha256}'), 'group', 'PNR 1', 'consent')) AS altered;
SELECT kycvs_from_jwt(kycvs_to_jwt(:'consent')) = :'consent'::jsonb AS jwt_and_back;

/* ---- repeats ---- */

-- a booking that is tried again gets the same documents, and they cost nothing (I3)
SELECT kycvs_verify_otp(:'txn', :'otp', true) - 'jws' = :'consent'::jsonb - 'jws' AS same_consent;
SELECT count(*) AS same_answers FROM kycvs_status_group(:'consent') AS again JOIN answers USING (n) WHERE again.answer - 'jws' = answers.answer - 'jws';
SELECT test.group_used(:'consent');
-- one result changes: one use of that person
RESET ROLE;
SELECT kycvs.record_dose(:meera, 'COVISHIELD', '2021-04-02') \g /dev/null
SET ROLE regress_family;
SELECT n, again.answer ->> 'status' AS status, again.answer ->> 'jti' = answers.answer ->> 'jti' AS same FROM kycvs_status_group(:'consent') AS again JOIN answers USING (n) ORDER BY n;
SELECT test.group_used(:'consent');
-- whose uses are spent stops the whole group, before anything is counted
RESET ROLE;
SELECT kycvs.record_dose(:meera, 'COVISHIELD', '2021-07-01'), kycvs.record_dose(:hetal, 'COVISHIELD', '2021-07-01') \g /dev/null
SET ROLE regress_family;
SELECT * FROM kycvs_status_group(:'consent');
SELECT test.group_used(:'consent');
RESET ROLE;
-- as if it had been revoked, by the owner of the tables
UPDATE kycvs_data.person SET doses = set_byte(doses, 14, 1) WHERE id = :meera;
SET ROLE regress_family;
SELECT n, answer ->> 'status' AS status FROM kycvs_status_group(:'consent') ORDER BY n;
SELECT test.group_used(:'consent');
-- a record that is put right ends the consent for all of them
RESET ROLE;
SELECT kycvs.revoke_dose(:meera, 1, 'recorded for the wrong person') \g /dev/null
SET ROLE regress_family;
SELECT * FROM kycvs_status_group(:'consent');
SELECT test.refusal(format('SELECT kycvs_verify_otp(%L, %L, true)', :'txn', :'otp'));

-- a caller's ROLLBACK undoes neither uses nor audit (I2)
SELECT test.group_consent('9827000002', ARRAY['Asha Rao', 'Ila Rao', 'Uma Rao'], 'PNR 2') AS consent \gset
BEGIN;
SELECT n, answer ->> 'match' AS match FROM kycvs_status_group(:'consent');
ROLLBACK;
SELECT test.group_used(:'consent'), test.audit(test.jti(:'consent'));
-- fewer rows read than there are answers: all are audited all the same
SELECT n FROM kycvs_status_group(:'consent') LIMIT 1;
SELECT test.audit(test.jti(:'consent'));

/* ---- one OTP, for one group ---- */

-- the same names in the same order are the same question, however they are written; anything else is another
SELECT test.age_charges('1 day 1 second') \g /dev/null
SELECT kycvs_issue_group_otp('9827000003', ARRAY['Asha Rao', 'Ila Rao'], 'group', 'PNR 3') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT what, test.jti(receipt) = :'txn' AS same, receipt ->> 'group' AS "group" FROM (VALUES
    ('again', kycvs_issue_group_otp('9827000003', ARRAY['ASHA RAO', 'Rao, Ila'], 'group', 'PNR 3')),
    ('another second', kycvs_issue_group_otp('9827000003', ARRAY['Asha Rao', 'Uma Rao'], 'group', 'PNR 3')),
    ('another order', kycvs_issue_group_otp('9827000003', ARRAY['Ila Rao', 'Asha Rao'], 'group', 'PNR 3')),
    ('fewer', kycvs_issue_group_otp('9827000003', ARRAY['Asha Rao'], 'group', 'PNR 3')),
    ('no group', kycvs_issue_otp('9827000003', 'Asha Rao', 'group', 'PNR 3'))) AS question (what, receipt);
-- documents speak of the names as they were typed last: whoever asked has those
SELECT test.jti(kycvs_issue_group_otp('9827000007', ARRAY['Asha Rao', 'Ila Rao'], 'group', 'PNR 7')) AS txn7,
       test.jti(kycvs_issue_group_otp('9827000007', ARRAY['RAO ASHA', 'Rao, Ila'], 'group', 'PNR 7')) AS again7,
       test.jti(kycvs_issue_otp('9827000007', 'Heena Rao', 'group', 'PNR 7')) AS heena, test.jti(kycvs_issue_otp('9827000007', 'Rao Heena', 'group', 'PNR 7')) AS rao_heena \gset
SELECT kycvs_verify_otp(:'txn7', test.otp(:'txn7'), true) AS consent7, kycvs_verify_otp(:'heena', test.otp(:'heena'), true) AS consent_heena, :'txn7' = :'again7' AND :'heena' = :'rao_heena' AS same \gset
SELECT :'same' AS same, name, test.refusal(format('SELECT kycvs_verify(%L, %L, %L, name => %L, type => %L)', consent, 'group', 'PNR 7', name, 'consent')) FROM (VALUES
    (:'consent7', 'RAO ASHA'), (:'consent7', 'Rao, Ila'), (:'consent7', 'Asha Rao'), (:'consent_heena', 'Rao Heena'), (:'consent_heena', 'Heena Rao')) AS t (consent, name);
SELECT test.age_charges('1 day 1 second') \g /dev/null
-- blanks between names do not move from one to the other
SELECT test.jti(kycvs_issue_group_otp('9827000003', ARRAY['Asha Rao Ila', 'Rao'], 'group', 'PNR 3')) = :'txn' AS same;

-- one for group A is wrong for group B, and a wrong one is charged once (I1, I4)
SELECT test.jti(kycvs_issue_group_otp('9827000004', ARRAY['Asha Rao', 'Ila Rao', 'Uma Rao'], 'group', 'PNR 4')) AS a,
       test.jti(kycvs_issue_group_otp('9827000004', ARRAY['Asha Rao', 'Ila Rao'], 'group', 'PNR 4')) AS b \gset
SELECT test.charges('sent') AS sent, test.charges('failed') AS failed \gset
SELECT test.otp(:'a') AS otp_a, test.otp(:'b') AS otp_b \gset
SELECT kycvs.try_verify_otp(:'b', CASE WHEN :'otp_a' = :'otp_b' THEN test.wrong(:'otp_b') ELSE :'otp_a' END, true);
RESET ROLE;
SELECT persons, tries, failed_at IS NOT NULL AS failed FROM kycvs_data.challenge WHERE id IN (:'a', :'b') ORDER BY persons;
SELECT test.charges('sent') - :sent AS sent, test.charges('failed') - :failed AS failed;
SET ROLE regress_family;
SELECT jsonb_array_length(kycvs_verify_otp(:'a', :'otp_a', true) -> 'persons') AS a, jsonb_array_length(kycvs_verify_otp(:'b', :'otp_b', true) -> 'persons') AS b;
-- a message for six counts as one for one does: two rows each
SELECT test.charges('sent') AS sent, test.charges('failed') AS failed \gset
SELECT kycvs_issue_group_otp('9827000005', ARRAY['A', 'B', 'C', 'D', 'E', 'F'], 'group') ->> 'group' AS "group", kycvs_issue_otp('9827000006', 'A', 'group') ->> 'group' AS no_group;
SELECT test.charges('sent') - :sent AS sent, test.charges('failed') - :failed AS failed;
-- sent again it is for the same group
SELECT test.jti(kycvs_issue_group_otp('9827000005', ARRAY['A', 'B', 'C', 'D', 'E', 'F'], 'group')) AS txn \gset
SELECT test.age(:'txn', '31 seconds') \g /dev/null
SELECT test.masked(kycvs_resend_otp(:'txn')) ->> 'group' AS "group";

/* ---- one person, alone and in a group ---- */

-- the same pseudonym, the same answer
SELECT test.age_charges('1 day 1 second') \g /dev/null
SELECT test.consent('9827000001', 'Ramesh Patel', 'group', 'PNR 5') AS single, test.group_consent('9827000001', ARRAY['Ramesh Patel'], 'PNR 5') AS of_one,
       test.group_consent('9827000001', ARRAY['Kiran Patel', 'Ramesh Patel'], 'PNR 5') AS of_two \gset
SELECT :'single'::jsonb ->> 'sub' = :'of_one'::jsonb #>> '{persons,0,sub}' AS of_one, :'single'::jsonb ->> 'sub' = :'of_two'::jsonb #>> '{persons,1,sub}' AS of_two,
       :'single'::jsonb ->> 'sub' = :'of_two'::jsonb #>> '{persons,0,sub}' AS another_person;
-- kycvs_status_group takes any consent, and repeats what kycvs_status said
SELECT kycvs_status(:'single') AS answer \gset
SELECT n, answer - 'jws' = :'answer'::jsonb - 'jws' AS same FROM kycvs_status_group(:'single');
SELECT n, test.masked(answer) = test.masked(:'answer') AS same_shape FROM kycvs_status_group(:'of_one');
-- kycvs_status takes no group's, not even of one
SELECT kycvs_status(:'of_one');
SELECT kycvs_status(:'of_two');
SELECT test.group_used(:'of_two'), test.audit(test.jti(:'of_two'));
-- the travel date is everybody's
SELECT test.today() + 10 AS travel \gset
SELECT test.group_consent('9827000001', ARRAY['Ramesh Patel', 'Kiran Patel'], 'PNR 6', :'travel') AS consent \gset
SELECT n, test.masked(answer) ->> 'as_of' AS as_of, answer ->> 'status' AS status FROM kycvs_status_group(:'consent', :'travel');
SELECT what, test.refusal(format('SELECT * FROM kycvs_status_group(%L, %L)', :'consent', day))
FROM (VALUES ('yesterday', test.today() - 1), ('between', test.today() + 5), ('a day of a dose', '2021-04-02')) AS sample (what, day);

/* ---- who is there shows nowhere (I8) ---- */

-- the same names on a family's mobile and on one that nobody has: the same shape, the same sizes
SELECT test.group_consent('9827000001', ARRAY['Ramesh Patel', 'Hetal Patel', 'Vina Patel'], 'PNR 7') AS known,
       test.group_consent('9827000007', ARRAY['Ramesh Patel', 'Hetal Patel', 'Vina Patel'], 'PNR 7') AS unknown \gset
SELECT test.group_masked(:'known') = test.group_masked(:'unknown') AS same_shape, length(:'known') = length(:'unknown') AS same_length;
SELECT n, k.answer ->> 'match' AS known, u.answer ->> 'match' AS unknown,
       test.masked(k.answer) - ARRAY['status', 'match'] = test.masked(u.answer) - ARRAY['status', 'match'] AS same_shape
FROM kycvs_status_group(:'known') AS k JOIN kycvs_status_group(:'unknown') AS u USING (n) ORDER BY n;
RESET ROLE;
SELECT "table", size - min(size) OVER (PARTITION BY "table") AS difference, n FROM (
    SELECT 'consent' AS "table", pg_column_size(c.*) AS size, count(*) AS n FROM kycvs_data.consent AS c WHERE jti IN (test.jti(:'known'), test.jti(:'unknown')) GROUP BY size
    UNION ALL SELECT 'consent_person', pg_column_size(p.*) AS size, count(*) FROM kycvs_data.consent_person AS p WHERE consent IN (test.jti(:'known'), test.jti(:'unknown')) GROUP BY size
    UNION ALL SELECT 'answer', pg_column_size(a.*) AS size, count(*) FROM kycvs_data.answer AS a WHERE consent IN (test.jti(:'known'), test.jti(:'unknown')) GROUP BY size
    UNION ALL SELECT 'audit', pg_column_size(a.*) AS size, count(*) FROM kycvs_data.audit AS a WHERE subject IN (test.jti(:'known'), test.jti(:'unknown')) GROUP BY size) AS rows ORDER BY 1;

/* ---- refusals ---- */

SET ROLE regress_family;
-- the names: by number, never by content
SELECT kycvs_issue_group_otp('9827000008', ARRAY['Asha Rao', 'Agent 47'], 'group');
SELECT what, test.refusal(format('SELECT kycvs_issue_group_otp(%L, %L, %L)', '9827000008', names, 'group')) FROM (VALUES
    ('null', NULL), ('none', '{}'), ('a null', '{Asha Rao,NULL}'), ('empty', ARRAY['', 'Asha Rao']), ('blank', ARRAY['Asha Rao', ' ']),
    ('twice', '{Asha Rao,Ila Rao,"RAO, Asha"}'), ('long', ARRAY['Asha Rao', repeat('x', 256)]), ('too long', ARRAY['Asha Rao', repeat('x', 257)]), ('very long', ARRAY[repeat('x', 1000000)]),
    ('six', '{A,B,C,D,E,F}'), ('seven', '{A,B,C,D,E,F,G}'), ('a thousand', array_fill('Asha'::text, ARRAY[1000])), ('two rows', '{{A,B},{C,D}}'), ('digits', '{Asha 1}')) AS sample (what, names);
-- what is wrong otherwise is refused as kycvs_issue_otp refuses it
SELECT test.refusal(call) FROM unnest(ARRAY[
    $$SELECT kycvs_issue_group_otp('12345', '{Asha Rao}', 'group')$$, $$SELECT kycvs_issue_group_otp(NULL, '{Asha Rao}', 'group')$$, $$SELECT kycvs_issue_group_otp('9827000008', '{Asha Rao}', 'none')$$,
    $$SELECT kycvs_issue_group_otp('9827000008', '{Asha Rao}', 'group', travel_date => '2021-04-02')$$, $$SELECT kycvs_issue_group_otp('9827000008', '{Asha Rao}', 'group', language => 'fr')$$]) AS call;
-- the consent: unknown, altered, another entity's
SELECT test.refusal('SELECT * FROM kycvs_status_group(NULL)') AS "null", test.refusal('SELECT * FROM kycvs_status_group(''{}'')') AS empty,
       test.refusal(format('SELECT * FROM kycvs_status_group(%L)', jsonb_set(:'consent', '{persons}', (:'consent'::jsonb -> 'persons') - 1))) AS a_person_less,
       test.refusal(format('SELECT * FROM kycvs_status_group(%L)', :'consent'::jsonb #- '{persons}')) AS no_persons;
RESET ROLE;
SET ROLE regress_family_other;
SELECT test.refusal(format('SELECT * FROM kycvs_status_group(%L)', :'consent')) AS group_of_others, test.refusal(format('SELECT kycvs_status(%L)', :'consent')) AS as_single;
RESET ROLE;
-- nobody's
SELECT test.refusal(format('SELECT * FROM kycvs_status_group(%L)', :'consent')) AS superuser;
-- the whole group's consent ends
UPDATE kycvs_data.consent SET expires_at = now() WHERE jti = test.jti(:'consent');
SET ROLE regress_family;
SELECT * FROM kycvs_status_group(:'consent');
RESET ROLE;

/* ---- gateways ---- */

SELECT test.age_charges('1 day 1 second') \g /dev/null
SET ROLE regress_family_gateway;
SELECT kycvs.try_issue_group_otp('9827000001', '{Ramesh Patel,Kiran Patel}', 'group', 'PNR 9', api_key => :'api_key') AS receipt \gset
SELECT kycvs.try_verify_otp(test.jti(:'receipt'), test.otp(test.jti(:'receipt')), true, :'api_key') AS consent \gset
SELECT n, answer ->> 'status' AS status FROM kycvs.try_status_group(:'consent', api_key => :'api_key') ORDER BY n;
-- refused: one row, about nobody
SELECT n, answer FROM kycvs.try_status_group(:'consent', '2021-04-02', :'api_key');
SELECT n, answer FROM kycvs.try_status_group(:'consent', NULL, 'wrong');
SELECT kycvs.try_issue_group_otp('9827000001', names, 'group', api_key => :'api_key') AS refusal FROM (VALUES ('{Ramesh Patel,Agent 47}'::text[]), ('{A,B,C,D,E,F,G}'), ('{A,a}')) AS sample (names);
SELECT kycvs.try_status(:'consent', api_key => :'api_key');
-- what is not a refusal of ours is an error
SELECT test.refusal(format('SELECT kycvs.try_issue_group_otp(%L, %L, %L, api_key => %L)', '9827000001', '{}', 'group', :'api_key')) AS no_names,
       test.refusal(format('SELECT * FROM kycvs.try_status_group(NULL, api_key => %L)', :'api_key')) AS "null";
RESET ROLE;
