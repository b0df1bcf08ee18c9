-- From a name and a number to 0, 1 or 2.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('status-test', 'A test asks whether you are vaccinated.', uses => 2),
       kycvs.add_purpose('status-other', 'Another test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_status;
CREATE ROLE regress_status_other;
SELECT kycvs.add_entity('status', 'Status', 'regress_status', ARRAY['status-test', 'status-other']),
       kycvs.add_entity('status-other', 'Status Other', 'regress_status_other', ARRAY['status-test']) \g /dev/null

-- a person and their doses: "product day, ..."
CREATE FUNCTION test.person(mobile text, name text, doses text DEFAULT '') RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    person bigint := kycvs.register_person(mobile, name);
    dose text;
BEGIN
    FOREACH dose IN ARRAY string_to_array(doses, ', ') LOOP
        PERFORM kycvs.record_dose(person, split_part(dose, ' ', 1), split_part(dose, ' ', 2)::date);
    END LOOP;
    RETURN person;
END
$$;
-- asks, as whoever calls
CREATE FUNCTION test.ask(mobile text, name text, purpose text DEFAULT 'status-test', reference text DEFAULT NULL)
RETURNS jsonb LANGUAGE sql AS
$$ SELECT kycvs_status(test.consent(mobile, name, purpose, reference)) $$;
CREATE FUNCTION test.short(answer jsonb) RETURNS text LANGUAGE sql AS
$$ SELECT format('%s %s', answer ->> 'status', answer ->> 'match') $$;
SET client_min_messages = error;

-- courses
SELECT test.person(format('98210001%s', n), 'Kavita Iyer', doses) FROM (VALUES
    (10, ''),
    (11, 'COVISHIELD 2021-04-02'),
    (12, 'COVISHIELD 2021-04-02, COVISHIELD 2021-07-01'),
    (13, 'COVISHIELD 2021-04-02, COVISHIELD 2021-07-01, COVISHIELD 2022-02-01'),
    (14, 'SPUTNIK-LIGHT 2021-09-01'),
    (15, 'JANSSEN 2021-09-01'),
    (16, 'ZYCOV-D 2021-10-01, ZYCOV-D 2021-11-01'),
    (17, 'ZYCOV-D 2021-10-01, ZYCOV-D 2021-11-01, ZYCOV-D 2021-12-01'),
    (18, 'ZYCOV-D-3MG 2021-10-01'),
    (19, 'ZYCOV-D-3MG 2021-10-01, ZYCOV-D-3MG 2021-11-01'),
    (20, 'COVISHIELD 2021-04-02, COVAXIN 2021-07-01'),
    (21, 'COVISHIELD 2021-04-02, ZYCOV-D 2021-11-01'),
    (22, 'COVISHIELD 2021-04-02, SPUTNIK-LIGHT 2021-07-01'),
    (23, 'SPUTNIK-LIGHT 2021-07-01, COVISHIELD 2021-09-02'),
    (24, 'ZYCOV-D 2021-10-01, COVAXIN 2021-11-01, COVAXIN 2021-12-01'),
    (25, 'COVISHIELD 2021-04-02, COVISHIELD 2021-04-03')) AS course (n, doses)
\g /dev/null
SET ROLE regress_status;
SELECT doses, test.short(test.ask(format('98210001%s', n), 'Kavita Iyer')) AS status FROM (VALUES
    (10, 'none'),
    (11, 'one of two'),
    (12, 'both'),
    (13, 'and a booster'),
    (14, 'SPUTNIK-LIGHT is one dose'),
    (15, 'JANSSEN is one dose'),
    (16, 'two of three ZYCOV-D'),
    (17, 'three ZYCOV-D'),
    (18, 'one of two ZYCOV-D-3MG'),
    (19, 'two ZYCOV-D-3MG'),
    (20, 'mixed: two and two'),
    (21, 'mixed: two and three, two given'),
    (22, 'mixed: two and one, two given'),
    (23, 'mixed: one and two, two given'),
    (24, 'mixed: three and two, three given'),
    (25, 'too close: a warning to the clerk, no more')) AS course (n, doses) ORDER BY n;
RESET ROLE;

-- how a number and a name may be typed
SELECT test.person('+91 98210 00200', 'Ramesh Kumar Patel', 'COVISHIELD 2021-04-02') \g /dev/null
SET ROLE regress_status;
SELECT DISTINCT test.short(kycvs_status(test.consent(mobile, 'Ramesh Kumar Patel', 'status-test', 'M' || n % 2))) AS status
FROM unnest(ARRAY['9821000200', '+919821000200', '00919821000200']) WITH ORDINALITY AS typed (mobile, n);
RESET ROLE;
SELECT test.age_charges('1 day 1 second') \g /dev/null
-- each of these is the same number: the receipt of one question, asked again
SET ROLE regress_status;
SELECT mobile, dense_rank() OVER (ORDER BY jti) AS question
FROM (SELECT n, mobile, kycvs_issue_otp(mobile, 'Ramesh Kumar Patel', 'status-test', 'same') ->> 'jti' AS jti
      FROM unnest(ARRAY['9821000200', '+919821000200', '+91 98210 00200', '0091-98210-00200', '0 98210 00200', '919821000200',
                        '(+91) 98210.00200', ' 98210 00200 ', '९८२१०००२००', '૯૮૨૧૦૦૦૨૦૦', '+९१ ९८२१० ००२००', '９８２１０００２００',
                        U&'98210\00a000200', U&'98210\201300200', U&'\ff0b91 98210 00200']) WITH ORDINALITY AS typed (mobile, n)) AS asked
ORDER BY n;
-- and each of these the same name
SELECT test.visible(name) AS name, dense_rank() OVER (ORDER BY jti) AS question
FROM (SELECT n, name, kycvs_issue_otp('9821000200', name, 'status-test', 'same') ->> 'jti' AS jti
      FROM unnest(ARRAY['Ramesh Kumar Patel', 'RAMESH KUMAR PATEL', 'patel ramesh kumar', 'Patel, Ramesh Kumar', 'Shri Ramesh Kumar Patel',
                        'Mr. Ramesh Kumar Patel', '  Ramesh   Kumar  Patel ', 'Dr.Ramesh.Kumar.Patel', 'Ramesh-Kumar Patel',
                        U&'Ramesh Ku\200dmar Patel', 'Ｒａｍｅｓｈ Kumar Patel']) WITH ORDINALITY AS typed (name, n)) AS asked
ORDER BY n;
RESET ROLE;

-- names in their own scripts and in others
SELECT test.person('9821000201', 'श्री रमेश पटेल', 'COVISHIELD 2021-04-02'), test.person('9821000202', 'રમેશ પટેલ', 'COVISHIELD 2021-04-02'),
       test.person('9821000203', U&'Ren\00e9e D''Souza', 'COVISHIELD 2021-04-02') \g /dev/null
SET ROLE regress_status;
SELECT name, test.short(test.ask(mobile, name)) AS status FROM (VALUES
    ('9821000201', 'पटेल रमेश'), ('९८२१०००२०१', 'डॉ रमेश पटेल'), ('9821000201', 'सुरेश पटेल'), ('9821000201', 'Ramesh Patel'),
    ('૯૮૨૧૦૦૦૨૦૨', 'શ્રી પટેલ રમેશ'), ('9821000202', 'રમેશ'),
    ('9821000203', U&'Rene\0301e DSouza'), ('9821000203', U&'Ren\00e9e D\2019Souza'), ('9821000203', 'Renee D''Souza')) AS typed (mobile, name);
RESET ROLE;

-- up to six persons on one mobile: only the named one is answered (T30)
SELECT test.person('9821000300', name, doses) FROM (VALUES ('Anil Shah', 'COVISHIELD 2021-04-02, COVISHIELD 2021-07-01'), ('Sunil Shah', 'COVISHIELD 2021-04-02'),
    ('Meena Shah', ''), ('Baby Shah', ''), ('Anita Anil Shah', 'SPUTNIK-LIGHT 2021-04-02'), ('Dada Shah', 'COVAXIN 2021-04-02')) AS family (name, doses)
\g /dev/null
SET ROLE regress_status;
SELECT name, test.short(test.ask('9821000300', name)) AS status
FROM unnest(ARRAY['Shah Anil', 'Sunil Shah', 'Smt. Meena Shah', 'Anita Anil Shah', 'Shah']) AS name;
RESET ROLE;
SELECT test.age_charges('1 day 1 second') \g /dev/null
SET ROLE regress_status;
SELECT test.ask('9821000300', 'Anil Shah', reference => 'F1') AS anil, test.ask('9821000300', 'Sunil Shah', reference => 'F1') AS sunil,
       test.ask('9821000300', 'Shah Sunil', reference => 'F2') AS sunil_again \gset
-- (claims that are random, or a time, may hold four letters or digits of anything)
SELECT ((:'anil'::jsonb || :'sunil'::jsonb) - '{jws,jti,sub,consent,name_sha256,iat,exp}'::text[])::text ~* '(anil|sunil|meena|baby|anita|dada|shah|98210|0300)'
       OR :'anil' || :'sunil' ~ '9821000300' AS names_or_number,
       :'anil'::jsonb ->> 'sub' = :'sunil'::jsonb ->> 'sub' AS same_sub, :'sunil'::jsonb ->> 'sub' = :'sunil_again'::jsonb ->> 'sub' AS sub_recognised;
RESET ROLE;

-- more than one that fits equally well is none: the registry's own numbers told them apart, the passenger cannot
SELECT kycvs.register_person('9821000301', 'Gita Devi', 'R1') AS one, kycvs.register_person('9821000301', 'Devi Gita', 'R2') AS other \gset
SELECT kycvs.record_dose(:one, 'JANSSEN', '2021-04-02') \g /dev/null
SET ROLE regress_status;
SELECT :one <> :other AS two_persons, test.short(test.ask('9821000301', 'Gita Devi')) AS status;

-- unknown name, unknown mobile: 0 and match none, and for the rest like any other (T24)
SELECT test.ask('9821000112', 'Kavita Iyer') AS known, test.ask('9821000112', 'Somebody Else') AS unknown_name, test.ask('9821009999', 'Kavita Iyer') AS unknown_mobile \gset
SELECT what, answer ->> 'status' AS status, answer ->> 'match' AS match,
       (SELECT string_agg(format('%s:%s', key, jsonb_typeof(value)), ' ' ORDER BY key) FROM jsonb_each(answer)) AS claims
FROM (VALUES ('known', :'known'::jsonb), ('unknown name', :'unknown_name'), ('unknown mobile', :'unknown_mobile')) AS sample (what, answer);
RESET ROLE;
-- receipts, consents and rows as well
SET ROLE regress_status;
SELECT kycvs_issue_otp('9821000113', 'Kavita Iyer', 'status-test', 'LOOK') AS known_receipt, kycvs_issue_otp('9821009998', 'Kavita Iyer', 'status-test', 'LOOK') AS unknown_receipt \gset
SELECT kycvs_verify_otp(test.jti(:'known_receipt'), test.otp(test.jti(:'known_receipt')), true) AS known_consent,
       kycvs_verify_otp(test.jti(:'unknown_receipt'), test.otp(test.jti(:'unknown_receipt')), true) AS unknown_consent \gset
RESET ROLE;
SELECT test.masked(:'known_receipt') - 'mobile' = test.masked(:'unknown_receipt') - 'mobile' AS same_receipt,
       octet_length(:'known_receipt') = octet_length(:'unknown_receipt') AS same_length,
       test.masked(:'known_consent') = test.masked(:'unknown_consent') AS same_consent,
       octet_length(:'known_consent') = octet_length(:'unknown_consent') AS same_length;
SELECT count(DISTINCT pg_column_size(c.*)) AS challenge_sizes FROM kycvs_data.challenge AS c
WHERE id IN (test.jti(:'known_receipt'), test.jti(:'unknown_receipt'));
SELECT count(DISTINCT pg_column_size(c.*)) AS consent_sizes FROM kycvs_data.consent AS c
WHERE jti IN (test.jti(:'known_consent'), test.jti(:'unknown_consent'));
SELECT count(DISTINCT pg_column_size(a.*)) AS audit_sizes, count(*) FROM kycvs_data.audit AS a
WHERE subject IN (test.jti(:'known_receipt'), test.jti(:'unknown_receipt')) AND event = 'verify';

-- a dose recorded later counts; each changed result costs a use, a repeated one none
SELECT test.person('9821000400', 'Nitin Joshi') AS person \gset
SET ROLE regress_status;
SELECT test.consent('9821000400', 'Nitin Joshi', 'status-test', 'N1') AS consent \gset
SELECT kycvs_status(:'consent') AS first \gset
SELECT kycvs_status(:'consent') AS second, pg_sleep(1.1) \gset
SELECT kycvs_status(:'consent', test.today()) AS third \gset
SELECT :'first'::jsonb ->> 'status' AS status,
       :'first'::jsonb - 'jws' = :'second'::jsonb - 'jws' AND :'first'::jsonb - 'jws' = :'third'::jsonb - 'jws' AS same_claims;
RESET ROLE;
SELECT used, uses FROM kycvs_data.consent WHERE jti = test.jti(:'consent');
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-04-02') \g /dev/null
SET ROLE regress_status;
SELECT kycvs_status(:'consent') AS fourth \gset
SELECT :'fourth'::jsonb ->> 'status' AS status, :'fourth'::jsonb ->> 'jti' = :'first'::jsonb ->> 'jti' AS same_jti;
SELECT kycvs_status(:'consent') ->> 'jti' = :'fourth'::jsonb ->> 'jti' AS same_jti;
RESET ROLE;
SELECT used, uses FROM kycvs_data.consent WHERE jti = test.jti(:'consent');
-- used up: a changed result may not be asked any more, what was answered may
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-05-02') \g /dev/null
SET ROLE regress_status;
SELECT kycvs_status(:'consent');
RESET ROLE;
-- as if it had been revoked, by the owner of the tables: kycvs.revoke_dose would have ended the consent
UPDATE kycvs_data.person SET doses = set_byte(doses, 14, 1) WHERE id = :person;
SET ROLE regress_status;
SELECT kycvs_status(:'consent') ->> 'jti' = :'fourth'::jsonb ->> 'jti' AS same_jti;
RESET ROLE;
SELECT test.audit(test.jti(:'consent')), (SELECT used FROM kycvs_data.consent WHERE jti = test.jti(:'consent'));
-- the old answer is still signed: it is a snapshot
SELECT kycvs_verify(:'first', 'status', 'N1', 'Nitin Joshi') ->> 'status' AS status;

-- today or the travel date, no other day
SELECT test.person('9821000500', 'Travelling Person', 'COVISHIELD 2021-04-02'), test.today() + 10 AS travel \gset
SET ROLE regress_status;
SELECT test.consent('9821000500', 'Travelling Person', 'status-other', 'T1', :'travel') AS consent \gset
SELECT jsonb_pretty(test.masked(:'consent'));
SELECT to_timestamp((:'consent'::jsonb ->> 'exp')::int) AT TIME ZONE 'Asia/Kolkata' = test.today() + 11 AS until_the_end_of_the_journey;
SELECT answer ->> 'status' AS status, answer ->> 'as_of' AS as_of
FROM (VALUES (test.masked(kycvs_status(:'consent'))), (test.masked(kycvs_status(:'consent', :'travel')))) AS a (answer);
SELECT to_timestamp((kycvs_status(:'consent', :'travel') ->> 'exp')::int) AT TIME ZONE 'Asia/Kolkata' = test.today() + 11 AS ends_with_its_day;
SELECT what, test.refusal(format('SELECT kycvs_status(%L, %L)', :'consent', d))
FROM (VALUES ('yesterday', test.today() - 1), ('today', test.today()), ('before the travel date', test.today() + 9), ('travel date', test.today() + 10),
             ('after it', test.today() + 11), ('a day of a dose', '2021-04-02'), ('infinity', 'infinity'), ('-infinity', '-infinity')) AS day (what, d);
RESET ROLE;
-- two days are two answers
SELECT used FROM kycvs_data.consent WHERE jti = test.jti(:'consent');

-- a dose after as_of cannot be recorded, and would not count: one of tomorrow, put there by the owner of the tables
SELECT kycvs.record_dose(person, 'COVISHIELD', test.today() + 1) FROM kycvs_data.consent WHERE jti = test.jti(:'consent');
UPDATE kycvs_data.person SET doses = doses || decode('0001' || lpad(to_hex(test.today() + 1 - '2020-01-01'), 4, '0') || '00010000', 'hex')
 WHERE id = (SELECT person FROM kycvs_data.consent WHERE jti = test.jti(:'consent'));
SET ROLE regress_status;
SELECT kycvs_status(:'consent') ->> 'status' AS today, kycvs_status(:'consent', :'travel') ->> 'status' AS travel_date;
RESET ROLE;

-- one entity recognises a person again, two cannot join what they know
SET ROLE regress_status_other;
SELECT test.ask('9821000112', 'Kavita Iyer') AS other \gset
RESET ROLE;
SELECT :'other'::jsonb ->> 'sub' = :'known'::jsonb ->> 'sub' AS joined, :'other'::jsonb ->> 'status' = :'known'::jsonb ->> 'status' AS same_status;

-- hostile settings change nothing (T8)
SET ROLE regress_status;
SELECT test.consent('9821000112', 'Kavita Iyer', 'status-other', 'SET') AS consent \gset
SELECT kycvs_status(:'consent') AS answer \gset
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'Pacific/Kiritimati';
SET IntervalStyle = 'sql_standard';
SET bytea_output = 'escape';
SET extra_float_digits = -15;
SET synchronous_commit = off;
SET standard_conforming_strings = on;
SET default_transaction_isolation = serializable;
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2000-01-01'::timestamptz $$;
SET search_path = pg_temp, public, pg_catalog;
SELECT public.kycvs_status(:'consent') - 'jws' = :'answer'::jsonb - 'jws' AS same;
RESET DateStyle;
RESET TimeZone;
RESET IntervalStyle;
RESET bytea_output;
RESET extra_float_digits;
RESET synchronous_commit;
RESET default_transaction_isolation;
RESET search_path;

-- as a booking does it: both calls in one statement, in a procedure of the entity's
RESET ROLE;
GRANT CREATE ON SCHEMA test TO regress_status;
SET ROLE regress_status;
CREATE FUNCTION test.book(txn uuid, otp text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN RETURN test.short(kycvs_status(kycvs_verify_otp(txn, otp, true))); END $$;
SELECT test.jti(kycvs_issue_otp('9821000112', 'Kavita Iyer', 'status-test', 'BOOK')) AS txn \gset
RESET ROLE;
CREATE ROLE regress_clerk;
SET ROLE regress_clerk;
SELECT test.book(:'txn', test.otp(:'txn'));
RESET ROLE;
DROP ROLE regress_clerk;
DROP FUNCTION test.book;
REVOKE CREATE ON SCHEMA test FROM regress_status;

-- the OTP in other clothes: its SHA-256 in hex, digits of other scripts, blanks around it
SET ROLE regress_status;
SELECT test.jti(kycvs_issue_otp('9821000600', 'Kavita Iyer', 'status-test', 'OTP')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs_verify_otp(:'txn', encode(sha256(:'otp'), 'hex'), true) AS consent \gset
SELECT what, kycvs.try_verify_otp(:'txn', otp, true) - 'jws' = :'consent'::jsonb - 'jws' AS accepted
FROM (VALUES ('six digits', :'otp'), ('blanks', '  ' || :'otp' || ' '), ('SHA-256 in capitals', upper(encode(sha256(:'otp'), 'hex'))),
             ('Devanagari', translate(:'otp', '0123456789', '०१२३४५६७८९')), ('Gujarati', translate(:'otp', '0123456789', '૦૧૨૩૪૫૬૭૮૯')),
             ('Arabic', translate(:'otp', '0123456789', '٠١٢٣٤٥٦٧٨٩')), ('a digit more', :'otp' || '0'), ('a digit less', left(:'otp', 5)),
             ('SHA-256 of another', encode(sha256(test.wrong(:'otp')::bytea), 'hex')), ('SHA-256 cut', left(encode(sha256(:'otp'), 'hex'), 63))) AS typed (what, otp);
RESET ROLE;

DROP FUNCTION test.person, test.ask, test.short;
