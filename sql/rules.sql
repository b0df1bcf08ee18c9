-- Rule sets: dated intervals, entities that are answered by them, and why.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers
SET DateStyle = ISO;

SELECT kycvs.add_purpose('rules-test', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_rules_rail;
CREATE ROLE regress_rules_air;
CREATE ROLE regress_rules_registrar IN ROLE kycvs_registrar;
CREATE ROLE regress_rules_admin IN ROLE kycvs_admin;
SELECT kycvs.add_entity('rules-rail', 'Rules Railway', 'regress_rules_rail', ARRAY['rules-test']),
       kycvs.add_entity('rules-air', 'Rules Airline', 'regress_rules_air', ARRAY['rules-test']) \g /dev/null
-- a person and their doses: "product day, ..."
CREATE FUNCTION pg_temp.person(mobile text, doses text) RETURNS bigint LANGUAGE plpgsql AS
$$
DECLARE
    person bigint := kycvs.register_person(mobile, 'Farida Khan');
    dose text;
BEGIN
    FOREACH dose IN ARRAY string_to_array(doses, ', ') LOOP
        PERFORM kycvs.record_dose(person, split_part(dose, ' ', 1), split_part(dose, ' ', 2)::date);
    END LOOP;
    RETURN person;
END
$$;
CREATE FUNCTION pg_temp.whole(person bigint, as_of date, rules text) RETURNS text LANGUAGE sql AS
$$ SELECT reason FROM kycvs.explain(person, as_of, rules) WHERE dose_number IS NULL $$;

/* ---- what ships ---- */

SELECT code, enforces_intervals, days_after, days_at_most, shipped FROM kycvs_data.rules ORDER BY code;
SELECT rules, product, valid_from, minimum_interval_days AS days, shipped FROM kycvs_data.rule_interval WHERE NOT booster ORDER BY 1, 2, 3;
-- boosters: whatever the product
SELECT rules, valid_from, minimum_interval_days AS days, count(*) = (SELECT count(*) FROM kycvs_data.product WHERE shipped) AS all_products
FROM kycvs_data.rule_interval WHERE booster GROUP BY 1, 2, 3 ORDER BY 1, 2;

/* ---- one person, two entities, two answers ---- */

SELECT code, rules FROM kycvs_data.entity WHERE code ~ '^rules-' ORDER BY code;
SET ROLE regress_rules_admin;
SELECT kycvs.set_rules('rules-air', 'eu-2022');
RESET ROLE;
SELECT code, rules FROM kycvs_data.entity WHERE code ~ '^rules-' ORDER BY code;
-- it is in the audit, and survives a ROLLBACK
SELECT event, outcome, e.code AS entity, calling_role FROM kycvs_data.audit AS a JOIN kycvs_data.entity AS e ON e.id = a.entity WHERE event = 'set_rules' AND e.code ~ '^rules-';
BEGIN;
SELECT kycvs.set_rules('rules-rail', 'in-2021-intervals');
ROLLBACK;
SELECT rules FROM kycvs_data.entity WHERE code = 'rules-rail';
SELECT kycvs.set_rules('rules-rail', 'in-2021') \g /dev/null

SET client_min_messages = error;
SELECT pg_temp.person('9827000001', format('COVISHIELD %s, COVISHIELD %s', test.today() - 100, test.today() - 13)) AS thirteen,
       pg_temp.person('9827000002', format('COVISHIELD %s, COVISHIELD %s', test.today() - 100, test.today() - 14)) AS fourteen,
       pg_temp.person('9827000003', format('COVISHIELD %s, COVISHIELD %s', test.today() - 400, test.today() - 270)) AS oldest,
       pg_temp.person('9827000004', format('COVISHIELD %s, COVISHIELD %s', test.today() - 400, test.today() - 271)) AS too_old,
       pg_temp.person('9827000005', format('COVISHIELD %s, COVISHIELD %s, COVISHIELD %s', test.today() - 700, test.today() - 600, test.today())) AS boosted,
       pg_temp.person('9827000006', format('COVISHIELD %s, COVISHIELD %s', test.today() - 100, test.today() - 99)) AS hasty,
       pg_temp.person('9827000007', format('JANSSEN %s', test.today() - 20)) AS single \gset
RESET client_min_messages;
CREATE TABLE test.answer (person text, entity text, answer jsonb);
GRANT INSERT ON test.answer TO PUBLIC;
CREATE FUNCTION pg_temp.ask(entity text) RETURNS void LANGUAGE sql AS
$$
    INSERT INTO test.answer
    SELECT person, entity, kycvs_status(test.consent('982700000' || n, 'Farida Khan', 'rules-test', 'R'))
    FROM unnest(ARRAY['13 days ago', '14 days ago', '270 days ago', '271 days ago', 'booster today', 'two days in a row', 'single dose', 'nobody']) WITH ORDINALITY AS p (person, n)
$$;
GRANT ALL ON SCHEMA test TO regress_rules_rail, regress_rules_air;
SET ROLE regress_rules_rail;
SELECT pg_temp.ask('rules-rail') \g /dev/null
RESET ROLE;
SET ROLE regress_rules_air;
SELECT pg_temp.ask('rules-air') \g /dev/null
RESET ROLE;
SELECT person, string_agg(answer ->> 'status', ' ' ORDER BY answer ->> 'rules' DESC) AS "in-2021, eu-2022", count(DISTINCT answer ->> 'rules') AS rules
FROM test.answer GROUP BY person ORDER BY person COLLATE "C";
-- the claim is signed
SELECT kycvs_verify(answer, 'rules-air', 'R') ->> 'rules' AS rules, kycvs_verify(answer, 'rules-air', 'R') ->> 'status' AS status FROM test.answer
WHERE entity = 'rules-air' AND person = '14 days ago';
SELECT test.refusal(format('SELECT kycvs_claims(%L)', answer || '{"rules": "in-2021"}')) FROM test.answer WHERE entity = 'rules-air' AND person = '14 days ago';
DROP TABLE test.answer;

-- a status that changes until the travel date is that day's
SELECT test.today() + 1 AS tomorrow \gset
SET ROLE regress_rules_air;
SELECT test.consent('9827000001', 'Farida Khan', 'rules-test', 'T', :'tomorrow') AS consent \gset
SELECT kycvs_status(:'consent') ->> 'status' AS today, kycvs_status(:'consent', :'tomorrow') ->> 'status' AS tomorrow;
SELECT test.consent('9827000003', 'Farida Khan', 'rules-test', 'T', :'tomorrow') AS consent \gset
SELECT kycvs_status(:'consent') ->> 'status' AS today, kycvs_status(:'consent', :'tomorrow') ->> 'status' AS tomorrow;
-- the same question by other rules is another question, also when the result is the same
SELECT test.consent('9827000002', 'Farida Khan', 'rules-test', 'SET') AS consent \gset
SELECT kycvs_status(:'consent') AS before \gset
RESET ROLE;
SELECT kycvs.set_rules('rules-air', 'in-2021') \g /dev/null
SET ROLE regress_rules_air;
SELECT kycvs_status(:'consent') AS after \gset
SELECT :'before'::jsonb ->> 'rules' AS before, :'after'::jsonb ->> 'rules' AS after, :'before'::jsonb ->> 'status' = :'after'::jsonb ->> 'status' AS same_status,
       kycvs_status(:'consent') ->> 'jti' = :'after'::jsonb ->> 'jti' AS repeated;
RESET ROLE;
SELECT used FROM kycvs_data.consent WHERE jti = test.jti(:'consent');

/* ---- explain ---- */

SET client_min_messages = error;
SELECT pg_temp.person('9827000010', 'COVISHIELD 2021-04-02, COVISHIELD 2021-06-01, COVISHIELD 2021-07-01, COVISHIELD 2021-09-01, COVISHIELD 2022-08-01, COVISHIELD 2023-01-01') AS person,
       kycvs.register_person('9827000011', 'Nobody Yet') AS none,
       pg_temp.person('9827000016', 'COVISHIELD 2021-04-02, COVISHIELD 2021-07-01, COVISHIELD 2022-06-01') AS europe,
       pg_temp.person('9827000012', 'ZYCOV-D 2021-10-01, ZYCOV-D 2021-10-29') AS zycov,
       pg_temp.person('9827000013', 'SPUTNIK-LIGHT 2021-09-01, ZYCOV-D 2021-09-02, COVAXIN 2021-10-01') AS mixed \gset
SELECT kycvs.revoke_dose(:person, 4, 'another person''s') \g /dev/null
RESET client_min_messages;
SET ROLE regress_rules_registrar;
SELECT * FROM kycvs.explain(:person, '2022-12-31', 'in-2021-intervals');
SELECT * FROM kycvs.explain(:person, '2021-06-15');
SELECT * FROM kycvs.explain(:person, '2021-06-15', 'in-2021-intervals');
SELECT * FROM kycvs.explain(:europe, '2021-07-10', 'eu-2022');
SELECT * FROM kycvs.explain(:none, '2022-01-01');
SELECT * FROM kycvs.explain(:zycov, '2022-01-01', 'in-2021-intervals');
SELECT * FROM kycvs.explain(:mixed, '2022-01-01', 'in-2021-intervals');
-- what it comes to, day by day
SELECT as_of, pg_temp.whole(:europe, as_of, 'eu-2022') AS whole
FROM unnest(ARRAY['2021-01-01', '2021-04-02', '2021-06-01', '2021-07-01', '2021-07-14', '2021-07-15', '2022-03-28', '2022-03-29', '2022-05-31', '2022-06-01']::date[]) AS as_of;
-- today, by default, and the default rules
SELECT given_on = test.today() AS today, reason FROM kycvs.explain(:person) WHERE dose_number IS NULL;
-- any day of the calendar
SELECT given_on, reason FROM kycvs.explain(:none, '0044-03-15 BC') UNION ALL SELECT given_on, reason FROM kycvs.explain(:none, '5874897-12-31');
-- KV042, 42704 and the others
SELECT * FROM kycvs.explain(0);
SELECT * FROM kycvs.explain(:person, rules => 'no-such-rules');
SELECT arguments, test.refusal(format('SELECT * FROM kycvs.explain(%s)', arguments)) AS refusal
FROM unnest(ARRAY['NULL', '1, ''infinity''', '1, ''-infinity''', '1, rules => ''''', '1, rules => repeat(''x'', 65)', '-1', '0, rules => ''x''']) WITH ORDINALITY AS a (arguments, n) ORDER BY n;
RESET ROLE;
-- it is in the audit, with the person, the day and the status
SELECT outcome, object = :person AS person, as_of, status, calling_role FROM kycvs_data.audit WHERE event = 'explain' ORDER BY id LIMIT 3;
-- for registrars alone, also when somebody got EXECUTE otherwise
SET ROLE regress_rules_air;
SELECT * FROM kycvs.explain(:person);
RESET ROLE;
GRANT EXECUTE ON FUNCTION kycvs.explain(bigint, date, text) TO regress_rules_air;
SET ROLE regress_rules_air;
SELECT * FROM kycvs.explain(:person);
RESET ROLE;
REVOKE EXECUTE ON FUNCTION kycvs.explain(bigint, date, text) FROM regress_rules_air;

-- 64 doses of long names fit an answer
INSERT INTO kycvs_data.product (code, name, doses_required) VALUES (repeat('X', 64), 'Long', 9);
SET client_min_messages = error;
SELECT kycvs.register_person('9827000014', 'Many Doses') AS many \gset
SELECT count(kycvs.record_dose(:many, repeat('X', 64), date '2021-01-01' + n)) FROM generate_series(1, 64) AS n;
RESET client_min_messages;
SELECT kycvs.add_rules('many', 'Many days') \g /dev/null
SELECT kycvs.add_rule_interval('many', repeat('X', 64), '2021-01-01', 3660) \g /dev/null
SELECT count(*), count(*) FILTER (WHERE counts) AS counts, max(reason) FROM kycvs.explain(:many, rules => 'many');
UPDATE kycvs_data.person SET doses = '' WHERE id = :many;
DELETE FROM kycvs_data.rule_interval WHERE rules = 'many';
DELETE FROM kycvs_data.product WHERE NOT shipped AND code = repeat('X', 64);

/* ---- rule sets of one's own ---- */

SET ROLE regress_rules_admin;
SELECT kycvs.add_rules('state-2023', 'A state''s own', days_after => 7, days_at_most => 365);
SELECT kycvs.add_rule_interval('state-2023', 'COVAXIN', '-infinity', 30);
SELECT kycvs.add_rule_interval('state-2023', 'COVAXIN', '2021-06-01', 60);
SELECT kycvs.add_rule_interval('state-2023', 'COVAXIN', '2021-06-01', 90, booster => true);
RESET ROLE;
SELECT description, enforces_intervals, days_after, days_at_most, shipped FROM kycvs_data.rules WHERE code = 'state-2023';
SELECT pg_temp.person('9827000015', 'COVAXIN 2021-05-01, COVAXIN 2021-05-31, COVAXIN 2021-08-28, COVAXIN 2021-08-29') AS own \gset
SELECT * FROM kycvs.explain(:own, '2021-09-01', 'state-2023');

-- what is refused
SELECT kycvs.add_rules('eu-2022', 'Mine');
SELECT kycvs.add_rule_interval('in-2021-intervals', 'COVAXIN', '2021-06-01', 1);
SELECT kycvs.set_rules('rules-rail', 'no-such-rules');
SELECT statement, test.refusal('SELECT kycvs.' || statement) AS refusal
FROM unnest(ARRAY[
    $$set_rules('no-such-entity', 'eu-2022')$$, $$set_rules(NULL, 'eu-2022')$$, $$set_rules('rules-rail', NULL)$$, $$set_rules('rules-rail', '')$$, $$set_rules('rules-rail', repeat('x', 129))$$,
    $$add_rules('', 'D')$$, $$add_rules('UPPER', 'D')$$, $$add_rules('x-123456', 'D')$$, $$add_rules(NULL, 'D')$$, $$add_rules('r', NULL)$$, $$add_rules('r', '')$$, $$add_rules('r', E'D\n')$$, $$add_rules('r', repeat('d', 4097))$$,
    $$add_rules('r', 'D', NULL)$$, $$add_rules('r', 'D', true, NULL)$$, $$add_rules('r', 'D', true, -1)$$, $$add_rules('r', 'D', true, 367)$$, $$add_rules('r', 'D', true, 0, 0)$$, $$add_rules('r', 'D', true, 14, 13)$$,
    $$add_rules('r', 'D', true, 0, 36601)$$,
    $$add_rule_interval('no-such-rules', 'COVAXIN', '2021-01-01', 1)$$, $$add_rule_interval('in-2021', 'COVAXIN', '2021-01-01', 1)$$, $$add_rule_interval('state-2023', 'SNAKE-OIL', '2021-01-01', 1)$$,
    $$add_rule_interval('state-2023', 'COVAXIN', '2021-06-01', 1)$$, $$add_rule_interval('state-2023', 'COVAXIN', 'infinity', 1)$$, $$add_rule_interval('state-2023', 'COVAXIN', '2021-01-01', -1)$$,
    $$add_rule_interval('state-2023', 'COVAXIN', '2021-01-01', 3661)$$, $$add_rule_interval(NULL, 'COVAXIN', '2021-01-01', 1)$$, $$add_rule_interval('state-2023', NULL, '2021-01-01', 1)$$,
    $$add_rule_interval('state-2023', 'COVAXIN', NULL, 1)$$, $$add_rule_interval('state-2023', 'COVAXIN', '2021-01-01', NULL)$$, $$add_rule_interval('state-2023', 'COVAXIN', '2021-01-01', 1, NULL)$$])
    WITH ORDINALITY AS sample (statement, n) ORDER BY n;
-- a set that enforces nothing has no intervals; one that is full takes no more
SELECT kycvs.add_rules('loose', 'Nothing', false) \g /dev/null
SELECT test.refusal($$SELECT kycvs.add_rule_interval('loose', 'COVAXIN', '2021-01-01', 1)$$);
SELECT count(kycvs.add_rule_interval('state-2023', 'COVAXIN', date '2030-01-01' + n, n)) FROM generate_series(1, 253) AS n;
SELECT test.refusal($$SELECT kycvs.add_rule_interval('state-2023', 'COVAXIN', '2029-01-01', 1)$$);
SELECT pg_temp.whole(:own, '2021-09-01', 'state-2023');
SELECT count(*) FROM kycvs_data.rules WHERE code IN ('r', 'UPPER', '');
SET ROLE regress_rules_registrar;
SELECT kycvs.set_rules('rules-rail', 'eu-2022');
RESET ROLE;

DROP ROLE regress_rules_registrar, regress_rules_admin;
