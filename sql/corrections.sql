-- Records that were wrong are put right; what was consented to before has ended.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('correct-test', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_asks;
CREATE ROLE regress_corrects IN ROLE kycvs_registrar;
SELECT kycvs.add_entity('asks', 'Asks', 'regress_asks', ARRAY['correct-test']) \g /dev/null
CREATE FUNCTION test.registered(mobile text, name text, doses int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    person bigint := kycvs.register_person(mobile, name);
BEGIN
    PERFORM kycvs.record_dose(person, 'COVISHIELD', '2021-03-01'::date + 90 * n, 'B' || n) FROM generate_series(1, doses) AS n;
    RETURN person;
END
$$;
-- asks, as the entity
CREATE FUNCTION test.found(mobile text, name text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
    answer jsonb := kycvs_status(test.consent(mobile, name, 'correct-test'));
BEGIN
    RETURN format('%s %s', answer ->> 'status', answer ->> 'match');
END
$$;

-- another mobile: the old number is told, by a message that names nobody; both answer, for the old one until its grace has passed
SELECT test.registered('9829000001', 'Ramesh Patel', 2) AS ramesh, test.registered('9829000001', 'Hetal Patel', 1) AS hetal \gset
SET ROLE regress_asks;
SELECT test.consent('9829000001', 'Ramesh Patel', 'correct-test', 'R1') AS ramesh_consent, test.consent('9829000001', 'Hetal Patel', 'correct-test', 'H1') AS hetal_consent \gset
SELECT kycvs_status(:'ramesh_consent') ->> 'status' AS ramesh, kycvs_status(:'hetal_consent') ->> 'status' AS hetal;
RESET ROLE;
SELECT txn AS ramesh_txn, test.otp(txn) AS ramesh_otp FROM (SELECT (:'ramesh_consent'::jsonb ->> 'txn')::uuid AS txn) AS c \gset
SET ROLE regress_corrects;
SELECT kycvs.change_mobile(:ramesh, '+91 98290 00002', 'came with his new telephone') \g /dev/null
RESET ROLE;
SELECT mobile, body, language FROM kycvs.next_messages(10);
SET ROLE regress_asks;
-- consents of that person have ended, of nobody else; so has the OTP that made them
SELECT kycvs_status(:'ramesh_consent');
SELECT kycvs_verify_otp(:'ramesh_txn', :'ramesh_otp', true);
SELECT kycvs_status(:'hetal_consent') ->> 'status' AS hetal;
SELECT test.found('9829000002', 'Ramesh Patel') AS new, test.found('9829000001', 'Ramesh Patel') AS old, test.found('9829000002', 'Hetal Patel') AS somebody_else;
RESET ROLE;
UPDATE kycvs_data.person_mobile SET until = now() WHERE until < 'infinity' AND person = :ramesh;
SET ROLE regress_asks;
SELECT test.found('9829000002', 'Ramesh Patel') AS new, test.found('9829000001', 'Ramesh Patel') AS old, test.found('9829000001', 'Hetal Patel') AS old_hetal;
SET ROLE regress_corrects;
SELECT test.age_charges('2 days') \g /dev/null
-- the person is the same, whatever the mobile; who has the old one now is another
SELECT kycvs.register_person('9829000002', 'Ramesh Patel') = :ramesh AS same, kycvs.register_person('9829000001', 'Ramesh Patel') = :ramesh AS another;
SELECT kycvs.change_mobile(:ramesh, '9829000002', 'has it');
SELECT kycvs.change_mobile(:ramesh, '12', 'no number');
SELECT kycvs.change_mobile(:ramesh, '9829000003', 'a third one') \g /dev/null
RESET ROLE;
SELECT mobile FROM kycvs.next_messages(10) ORDER BY 1;
UPDATE kycvs_data.person_mobile SET until = now() WHERE until < 'infinity' AND person = :ramesh;
SET ROLE regress_asks;
SELECT test.found('9829000003', 'Ramesh Patel') AS third, test.found('9829000002', 'Ramesh Patel') AS second, test.found('9829000001', 'Ramesh Patel') AS namesake;
SELECT test.age_charges('2 days') \g /dev/null
-- and back to the first one, where the namesake is: now there are two, and neither is meant
SET ROLE regress_corrects;
SELECT kycvs.change_mobile(:ramesh, '9829000001', 'and back') \g /dev/null
SET ROLE regress_asks;
SELECT test.found('9829000001', 'Ramesh Patel') AS first, test.found('9829000003', 'Ramesh Patel') AS third;
RESET ROLE;
-- a mobile that has six persons takes no seventh, neither by registration nor by change
SELECT count(kycvs.register_person('9829000010', name)) FROM unnest(ARRAY['Amit Rao', 'Bina Rao', 'Chetan Rao', 'Divya Rao', 'Esha Rao', 'Farid Rao']) AS name;
SET ROLE regress_corrects;
SELECT kycvs.change_mobile(:hetal, '9829000010', 'too many there');

SELECT test.age_charges('2 days') \g /dev/null
-- another name: the old one is not found any more
SELECT kycvs.correct_name(:hetal, 'Hetal Shah', 'her name is Shah') \g /dev/null
SET ROLE regress_asks;
SELECT kycvs_status(:'hetal_consent');
SELECT test.found('9829000001', 'Hetal Shah') AS new, test.found('9829000001', 'Zarina Khan') AS another;

SELECT test.age_charges('2 days') \g /dev/null
-- a dose that was revoked, and entered again
SELECT test.consent('9829000001', 'Hetal Shah', 'correct-test', 'H2') AS consent \gset
SELECT kycvs_status(:'consent') ->> 'status' AS status;
SET ROLE regress_corrects;
SELECT kycvs.revoke_dose(:hetal, 1, 'it was another product') \g /dev/null
SELECT kycvs.record_dose(:hetal, 'COVAXIN', '2021-05-30'), kycvs.record_dose(:hetal, 'COVISHIELD', '2021-05-30');
SET ROLE regress_asks;
SELECT kycvs_status(:'consent');
SELECT test.found('9829000001', 'Hetal Shah');

-- two records of one person: doses that both have are not doubled, revoked ones not copied; batches are kept
RESET ROLE;
SELECT test.registered('9829000020', 'Kiran Desai', 1) AS kept, test.registered('9829000021', 'Kiran Desai', 2) AS other \gset
SELECT kycvs.record_dose(:other, 'COVAXIN', '2022-03-01') \g /dev/null
SELECT kycvs.revoke_dose(:other, 3, 'a slip') \g /dev/null
SET ROLE regress_asks;
SELECT test.consent('9829000020', 'Kiran Desai', 'correct-test') AS kept_consent, test.consent('9829000021', 'Kiran Desai', 'correct-test') AS other_consent \gset
SELECT kycvs_status(:'kept_consent') ->> 'status' AS kept, kycvs_status(:'other_consent') ->> 'status' AS other;
SET ROLE regress_corrects;
SELECT kycvs.merge_persons(:kept, :other, 'same card') AS copied;
SET ROLE regress_asks;
SELECT test.refusal(format('SELECT kycvs_status(%L)', c)) FROM unnest(ARRAY[:'kept_consent', :'other_consent']) AS c;
SELECT test.found('9829000020', 'Kiran Desai') AS kept, test.found('9829000021', 'Kiran Desai') AS other;
RESET ROLE;
-- one that had been taken back comes along as such, or it would come back with the file that it was in
SELECT dose_number, given_on, batch, revoked FROM kycvs_data.dose WHERE person = :kept ORDER BY 1;
SET ROLE regress_corrects;
SELECT what, regexp_replace(test.refusal(format('SELECT kycvs.' || call, id)), '[0-9]{9,}', 'N') AS refusal FROM (VALUES
    ('into a merged one', 'merge_persons(%1$s, %1$s, ''x'')', :other), ('into itself', 'merge_persons(%1$s, %1$s, ''x'')', :kept), ('nobody', 'merge_persons(%s, 1, ''x'')', :kept),
    ('a dose of a merged one', 'record_dose(%s, ''COVISHIELD'', ''2022-01-01'')', :other), ('the revocation of its dose', 'revoke_dose(%s, 1, ''x'')', :other), ('its name', 'correct_name(%s, ''X'', ''x'')', :other), ('no reason', 'correct_name(%s, ''X'', '''')', :kept),
    ('null', 'correct_name(%s, NULL, ''x'')', :kept), ('no name', 'correct_name(%s, ''123'', ''x'')', :kept)) AS t (what, call, id);

-- who was merged is found as who they are now, also when they are registered again
SELECT kycvs.find_person('9829000021', 'Kiran Desai') IS NULL AS by_name, kycvs.register_person('9829000022', 'Mala Desai', 'REF-22') AS mala \gset
SELECT kycvs.merge_persons(:kept, :mala, 'her other name') AS copied;
SELECT kycvs.find_person('9829000022', 'whatever', ' REF-22 ') = :kept AS found, kycvs.register_person('9829000022', 'Mala Desai', 'REF-22') = :kept AS registered;
-- a dose that was taken back here and stands there counts
SELECT kycvs.register_person('9829000023', 'Tara Rao') AS tara, kycvs.register_person('9829000024', 'Tara Rao') AS tara2 \gset
SELECT kycvs.record_dose(:tara, 'COVISHIELD', '2021-05-01'), kycvs.record_dose(:tara2, 'COVISHIELD', '2021-05-01') \g /dev/null
SELECT kycvs.revoke_dose(:tara, 1, 'belongs to the other record') \g /dev/null
SELECT kycvs.merge_persons(:tara, :tara2, 'one person') AS copied;
SELECT dose_number, counts, reason FROM kycvs.explain(:tara);
-- a death must be settled first
SELECT kycvs.register_person('9829000025', 'Tara Rao') AS tara3 \gset
SELECT kycvs.record_death(:tara3, 'register') \g /dev/null
SELECT test.refusal(format('SELECT kycvs.merge_persons(%s, %s, ''x'')', :tara3, :tara));
SELECT dose_number, reason FROM kycvs.explain(:tara3);

-- a number is found by reference or by name; never made, never guessed
SELECT kycvs.register_person('9829000026', 'Rameshbhai Patel', 'A-1') AS one, kycvs.register_person('9829000026', 'Dinesh Patel', 'A-2') AS two \gset
SELECT name, reference, CASE kycvs.find_person('9829000026', name, reference) WHEN :one THEN 'one' WHEN :two THEN 'two' END AS found FROM (VALUES
    ('Ramesh P', NULL), ('દિનેશ પટેલ', NULL), ('Patel', NULL), ('Sunita Rao', NULL), ('Sunita Rao', 'A-2'), ('Dinesh Patel', 'A-3'), ('Dinesh Patel', ' A-1 ')) AS t (name, reference);
SELECT kycvs.record_death(:two, 'register') \g /dev/null
SELECT kycvs.find_person('9829000026', 'Dinesh Patel') = :two AS deceased, kycvs.find_person('9829000027', 'Dinesh Patel') AS nobody;
SELECT what, test.refusal('SELECT kycvs.' || call) FROM (VALUES
    ('no number', 'find_person(''12'', ''Dinesh Patel'')'), ('no name', 'find_person(''9829000026'', NULL)'),
    ('the reference of a dead person', 'register_person(''9829000026'', ''Dinesh Patel'', ''A-2'')'),
    ('another''s reference', 'register_person(''9829000026'', ''Sunita Patel'', ''A-1'')')) AS t (what, call);
-- the first reference is kept by who had none, so a namesake with another is somebody else
SELECT kycvs.register_person('9829000028', 'Dinesh Mehta') AS dinesh \gset
SELECT kycvs.register_person('9829000028', 'Dinesh Mehta', 'B-1') = :dinesh AS first, kycvs.register_person('9829000028', 'Dinesh Mehta', 'B-2') = :dinesh AS second,
       kycvs.register_person('9829000028', 'D. Mehta', 'B-1') = :dinesh AS variant;
SELECT test.refusal(format('SELECT kycvs.record_dose(%s, ''COVAXIN'', ''2021-05-01'')', kycvs.register_person('9829000029', 'Baby Mehta', NULL, 2022)));

-- a death, and one that was recorded wrongly
SET ROLE regress_asks;
SELECT test.consent('9829000020', 'Kiran Desai', 'correct-test') AS consent \gset
SET ROLE regress_corrects;
SELECT kycvs.record_death(:kept, 'municipal register') \g /dev/null
SELECT test.refusal(format('SELECT kycvs.record_death(%s, ''again'')', :kept));
SET ROLE regress_asks;
SELECT kycvs_status(:'consent');
SELECT test.found('9829000020', 'Kiran Desai');
SET ROLE regress_corrects;
SELECT kycvs.revoke_death(:kept, 'came in person') \g /dev/null
SELECT test.refusal(format('SELECT kycvs.revoke_death(%s, ''again'')', :kept));
SET ROLE regress_asks;
SELECT test.found('9829000020', 'Kiran Desai');

-- who was told what before a record was put right
SET ROLE regress_corrects;
SELECT entity, purpose, reference, as_of = test.today() AS today, status FROM kycvs.answers_since(:hetal, '2021-01-01');
SELECT count(*) FROM kycvs.answers_since(:hetal, clock_timestamp() + interval '1 min');
SELECT * FROM kycvs.answers_since(7, '2021-01-01');
SELECT * FROM kycvs.read_answers(:hetal, '2021-01-01');

-- every change is audited, with who made it; its reason is beside it
RESET ROLE;
SELECT event, outcome, count(*) FROM kycvs_data.audit WHERE calling_role = 'regress_corrects' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT kind, reason, other_person <> 0 AS other, dose_number FROM kycvs_data.correction WHERE person IN (:ramesh, :hetal, :kept, :other) ORDER BY at, person = :kept;

SELECT test.age_charges('2 days') \g /dev/null
-- a caller's ROLLBACK undoes none of it, and an entity may do none of it
SET ROLE regress_corrects;
BEGIN;
SELECT kycvs.correct_name(:hetal, 'Hetal Patel', 'it was right') \g /dev/null
ROLLBACK;
SET ROLE regress_asks;
SELECT test.found('9829000001', 'Hetal Patel');
SELECT kycvs.correct_name(:hetal, 'Hetal Shah', 'an entity');
SELECT kycvs.answers_since(:hetal, '2021-01-01');
RESET ROLE;
SELECT DISTINCT object IN (SELECT id FROM kycvs_data.person) AS about_them FROM kycvs_data.audit WHERE calling_role = 'regress_corrects' AND outcome = '00000' AND event NOT IN ('register_person', 'find_person');
DROP ROLE regress_corrects;

-- a record cannot be passed off as another's, not even by the owner of the tables
SELECT test.registered('9829000030', 'Nobody Vaccinated', 0) AS nobody, test.registered('9829000031', 'Fully Vaccinated', 2) AS fully \gset
UPDATE kycvs_data.person SET sealed = (SELECT sealed FROM kycvs_data.person WHERE id = :nobody) WHERE id = :fully;
SET ROLE regress_asks;
SELECT test.found('9829000031', 'Nobody Vaccinated') AS found;
RESET ROLE;
DELETE FROM kycvs_data.person WHERE id = :fully;
