-- How often may be sent, how often may be tried (design, section 8).
-- Windows pass by making rows older; a wait is shown as what it is at most,
-- since a second may pass meanwhile.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('limit', 'A test asks whether you are vaccinated.') \g /dev/null
DO $$ BEGIN FOR i IN 1 .. 7 LOOP EXECUTE format('CREATE ROLE regress_limit_%s', i); END LOOP; END $$;
SELECT kycvs.add_entity('limit-' || n, 'Limit', format('regress_limit_%s', n)::regrole, ARRAY['limit']) FROM generate_series(1, 7) AS n \g /dev/null

-- a refusal, or what was granted; a wait that was a round number a few seconds ago is that number
CREATE FUNCTION test.outcome(result jsonb) RETURNS text LANGUAGE sql AS
$$
    SELECT concat_ws(' ', coalesce(result ->> 'error', 'granted'),
                     (SELECT coalesce((SELECT 'wait ' || t FROM unnest(ARRAY[30, 60, 120, 240, 480, 960, 1920, 3600, 79200, 82800, 86400]) AS t WHERE t - wait BETWEEN 0 AND 5), 'odd wait ' || wait)
                      FROM (SELECT (result ->> 'retry_after')::int) AS r (wait) WHERE wait IS NOT NULL),
                     result ->> 'tries_left' || ' left')
$$;
-- what an entity gets
CREATE FUNCTION test.issue(entity int, mobile text, reference text) RETURNS jsonb LANGUAGE plpgsql AS
$$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SET LOCAL ROLE regress_limit_%s', entity);
    result := kycvs.try_issue_otp(mobile, 'Limited Person', 'limit', reference);
    RESET ROLE;
    RETURN result;
END
$$;
CREATE FUNCTION test.resend(entity int, txn uuid) RETURNS jsonb LANGUAGE plpgsql AS
$$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SET LOCAL ROLE regress_limit_%s', entity);
    result := kycvs.try_resend_otp(txn);
    RESET ROLE;
    RETURN result;
END
$$;
CREATE FUNCTION test.verify(entity int, txn uuid, otp text) RETURNS jsonb LANGUAGE plpgsql AS
$$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SET LOCAL ROLE regress_limit_%s', entity);
    result := kycvs.try_verify_otp(txn, otp, true);
    RESET ROLE;
    RETURN result;
END
$$;
CREATE FUNCTION test.sent(txn uuid) RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM kycvs_data.message WHERE challenge = txn $$;

/* ---- a mobile and an entity: five an hour, ten a day ---- */

SELECT test.outcome(test.issue(1, '9824000001', 'A' || n)), count(*) FROM generate_series(1, 8) AS n GROUP BY 1 ORDER BY 1;
-- the words of it, the seconds apart
SET ROLE regress_limit_1;
DO $$
DECLARE
    detail text;
    hint text;
BEGIN
    PERFORM kycvs_issue_otp('9824000001', 'Limited Person', 'limit', 'A9');
EXCEPTION WHEN SQLSTATE 'KV007' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '% | % | %', SQLERRM, regexp_replace(detail, '[0-9]+', 'N'), hint;
END
$$;
RESET ROLE;
-- another entity, another mobile: not concerned
SELECT test.outcome(test.issue(2, '9824000001', 'A1')), test.outcome(test.issue(1, '9824000002', 'A1'));
-- what was refused sent nothing
SELECT count(*) FROM kycvs_data.message AS m JOIN kycvs_data.challenge AS c ON c.id = m.challenge
JOIN kycvs_data.entity AS e ON e.id = c.entity WHERE e.code = 'limit-1' AND c.reference ~ '^A' AND c.mobile_index = (SELECT mobile_index FROM kycvs_data.challenge WHERE reference = 'A5');
SELECT test.age_charges('50 minutes') \g /dev/null
SELECT (test.issue(1, '9824000001', 'A6') ->> 'retry_after')::int BETWEEN 540 AND 600 AS not_yet;
SELECT test.age_charges('10 minutes') \g /dev/null
SELECT test.outcome(test.issue(1, '9824000001', 'A1' || n)), count(*) FROM generate_series(1, 8) AS n GROUP BY 1 ORDER BY 1;
SELECT test.age_charges('1 hour') \g /dev/null
SELECT test.outcome(test.issue(1, '9824000001', 'A20')) AS ten_a_day;
SELECT test.age_charges('22 hours') \g /dev/null
SELECT test.outcome(test.issue(1, '9824000001', 'A2' || n)), count(*) FROM generate_series(1, 8) AS n GROUP BY 1 ORDER BY 1;

/* ---- asking again, sending again ---- */

-- the same words are the same challenge: nothing is sent, nothing counted
SELECT test.issue(1, '9824000003', 'B') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
SELECT count(*), count(DISTINCT test.issue(1, mobile, 'B') ->> 'jti') AS challenges FROM unnest(array_fill('+91 98240 00003'::text, ARRAY[20])) AS mobile;
SELECT test.sent(:'txn'), test.issue(1, '9824000003', 'B') - 'jws' = :'receipt'::jsonb - 'jws' AS same_receipt;
-- any other combination is one of its own
SET ROLE regress_limit_1;
SELECT count(DISTINCT jti) FROM unnest(ARRAY[kycvs_issue_otp('9824000003', 'Limited Person', 'limit', 'B'), kycvs_issue_otp('9824000003', 'Limited Person', 'limit', 'b'),
    kycvs_issue_otp('9824000003', 'Limited Person', 'limit'), kycvs_issue_otp('9824000003', 'Another Person', 'limit', 'B'),
    kycvs_issue_otp('9824000003', 'Limited Person', 'limit', 'B', test.today() + 1)] :: jsonb[]) AS receipt, LATERAL (SELECT receipt ->> 'jti') AS r (jti);
RESET ROLE;

-- the pauses: 30, 60, 120 s, then nothing until it ends; the same code; it renews the 180 s
SELECT test.issue(1, '9824000004', 'C') AS receipt \gset
SELECT test.jti(:'receipt') AS txn \gset
CREATE FUNCTION pg_temp.life(receipt jsonb) RETURNS text LANGUAGE sql AS
$$
    SELECT coalesce(receipt ->> 'error', format('expires after %s s, next after %s s, %s attempts', (receipt ->> 'exp')::int - (receipt ->> 'iat')::int,
           coalesce(((receipt ->> 'resend_after')::int - (receipt ->> 'iat')::int)::text, 'no'), receipt ->> 'attempts'))
$$;
SELECT pg_temp.life(:'receipt'), test.outcome(test.resend(1, :'txn'));
SELECT test.outcome(test.verify(1, :'txn', test.wrong(test.otp(:'txn'))));
SELECT test.age(:'txn', '30 seconds') \g /dev/null
SELECT pg_temp.life(test.resend(1, :'txn')), test.outcome(test.resend(1, :'txn')), test.otp(:'txn') IS NOT NULL AS claimed;
SELECT test.age(:'txn', '60 seconds') \g /dev/null
-- asking again does the same
SELECT pg_temp.life(test.issue(1, '9824000004', 'C')), test.outcome(test.resend(1, :'txn')), test.otp(:'txn') IS NOT NULL AS claimed;
SELECT test.age(:'txn', '120 seconds') \g /dev/null
SELECT pg_temp.life(test.resend(1, :'txn')), test.resend(1, :'txn') ->> 'error' AS error, (test.resend(1, :'txn') ->> 'retry_after')::int BETWEEN 380 AND 390 AS until_it_ends;
SELECT test.sent(:'txn'), test.otp(:'txn') IS NOT NULL AS claimed;
SELECT count(DISTINCT substring(body FROM '[0-9]{6}')) AS codes, count(*) AS messages FROM test.inbox WHERE inbox.txn = :'txn';
-- what was tried stays tried
SELECT test.outcome(test.verify(1, :'txn', test.wrong(test.otp(:'txn'))));
SELECT test.outcome(test.verify(1, :'txn', test.otp(:'txn')));
-- resends were counted: four of the five an hour
SELECT test.outcome(test.issue(1, '9824000004', 'C' || n)), count(*) FROM generate_series(1, 3) AS n GROUP BY 1 ORDER BY 1;

-- never beyond 600 s from the issue
SELECT test.jti(test.issue(1, '9824000005', 'D')) AS txn \gset
SELECT test.otp(:'txn') IS NOT NULL AS claimed;
SELECT test.age(:'txn', '500 seconds') \g /dev/null
SELECT test.outcome(test.verify(1, :'txn', test.otp(:'txn'))) AS expired;
SELECT (receipt ->> 'exp')::int - (receipt ->> 'iat')::int BETWEEN 90 AND 100 AS a_hundred_left FROM test.resend(1, :'txn') AS receipt;
SELECT test.outcome(test.verify(1, :'txn', test.otp(:'txn'))) AS alive_again;
SELECT test.jti(test.issue(1, '9824000006', 'D')) AS txn \gset
SELECT test.age(:'txn', '600 seconds') \g /dev/null
SELECT test.outcome(test.resend(1, :'txn')) AS ended, test.issue(1, '9824000006', 'D') ->> 'jti' = :'txn' AS same;
-- a resend is a sending: the sixth in an hour is refused
SELECT test.jti(test.issue(1, '9824000007', 'E')) AS txn, count(test.issue(1, '9824000007', 'E' || n)) AS four FROM generate_series(1, 4) AS n \gset
SELECT test.age(:'txn', '30 seconds') \g /dev/null
SELECT test.outcome(test.resend(1, :'txn')), test.outcome(test.issue(1, '9824000007', 'E'));

/* ---- a mobile: twenty a day from all entities; the wait ends on a full hour, so that it tells nothing of them ---- */

-- such a wait: within which hours from now, and whether it ends on a full hour of the clock
CREATE FUNCTION test.ends(result jsonb, earliest interval) RETURNS text LANGUAGE sql AS
$$
    SELECT concat_ws(' ', result ->> 'error', CASE WHEN abs(extract(epoch FROM ends - date_trunc('hour', ends + interval '1 minute'))) < 10 THEN 'until a full hour' END,
                     CASE WHEN ends - clock_timestamp() BETWEEN earliest - interval '10 seconds' AND earliest + interval '1 hour 10 seconds' THEN 'at most an hour later' END)
    FROM (SELECT clock_timestamp() + (result ->> 'retry_after')::int * interval '1 second') AS r (ends)
$$;
SELECT test.outcome(test.issue(e, '9824000010', format('F%s', n))), count(*) FROM generate_series(1, 4) AS e, generate_series(1, 5) AS n GROUP BY 1;
SELECT test.ends(test.issue(5, '9824000010', 'F'), '24 hours');
SELECT test.age_charges('3 hours 20 minutes') \g /dev/null
SELECT test.ends(test.issue(5, '9824000010', 'F'), '20 hours 40 minutes');
SELECT test.age_charges('20 hours 30 minutes') \g /dev/null
SELECT test.issue(5, '9824000010', 'F') ->> 'error' AS ten_minutes_early;
SELECT test.age_charges('1 hour 10 minutes') \g /dev/null
SELECT test.outcome(test.issue(5, '9824000010', 'F'));

/* ---- wrong tries: five in a row, then waits that double; success clears ---- */

CREATE TEMP TABLE guessed AS SELECT n, test.jti(test.issue(1, '9824000020', 'G' || n)) AS txn FROM generate_series(1, 5) AS n;
SELECT count(test.otp(txn)) FROM guessed;
CREATE FUNCTION pg_temp.guess(n int) RETURNS text LANGUAGE sql AS
$$ SELECT test.outcome(test.verify(1, txn, test.wrong(test.otp(txn)))) FROM guessed WHERE guessed.n = guess.n $$;
SELECT pg_temp.guess(1), pg_temp.guess(1), pg_temp.guess(1), pg_temp.guess(2), pg_temp.guess(2);
-- now even the right one waits, and is not charged
SELECT test.outcome(test.verify(1, txn, test.otp(txn))) FROM guessed WHERE n = 2;
SELECT tries FROM kycvs_data.challenge JOIN guessed ON txn = id WHERE n = 2;
-- not for another entity
SELECT test.outcome(test.verify(2, txn, test.otp(txn))) FROM test.jti(test.issue(2, '9824000020', 'G')) AS txn;
SELECT test.age_charges('30 seconds') \g /dev/null
SELECT pg_temp.guess(2), pg_temp.guess(3);
SELECT test.age_charges('60 seconds') \g /dev/null
SELECT pg_temp.guess(3), pg_temp.guess(3);
SELECT test.age_charges('120 seconds') \g /dev/null
SELECT pg_temp.guess(3), pg_temp.guess(3);
SELECT test.age_charges('240 seconds') \g /dev/null
SELECT pg_temp.guess(3), pg_temp.guess(4);
SELECT test.age_charges('480 seconds') \g /dev/null
SELECT pg_temp.guess(4), pg_temp.guess(4);
SELECT test.age_charges('960 seconds') \g /dev/null
SELECT pg_temp.guess(4), pg_temp.guess(4);
SELECT test.age_charges('1920 seconds') \g /dev/null
SELECT pg_temp.guess(4), pg_temp.guess(5);
SELECT test.age_charges('3600 seconds') \g /dev/null
SELECT pg_temp.guess(5), pg_temp.guess(5);
SELECT test.age_charges('3600 seconds') \g /dev/null
SELECT test.outcome(test.verify(1, txn, test.otp(txn))) AS success FROM guessed WHERE n = 5;
-- five free ones again
TRUNCATE guessed;
INSERT INTO guessed SELECT n, test.jti(test.issue(1, '9824000020', 'H' || n)) AS txn FROM generate_series(1, 2) AS n;
SELECT count(test.otp(txn)) FROM guessed;
SELECT pg_temp.guess(1), pg_temp.guess(1), pg_temp.guess(1), pg_temp.guess(2), pg_temp.guess(2), pg_temp.guess(2);

/* ---- wrong tries: thirty a day on one mobile, whoever asked, whatever succeeded ---- */

CREATE TEMP TABLE sprayed AS
SELECT e, n, test.jti(test.issue(e, '9824000030', format('I%s', n))) AS txn FROM generate_series(1, 6) AS e, generate_series(1, 2) AS n;
INSERT INTO sprayed SELECT 7, n, test.jti(test.issue(7, '9824000030', format('I%s', n))) FROM generate_series(1, 2) AS n;
SELECT test.outcome(test.verify(e, txn, test.wrong(test.otp(txn)))), count(*) FROM sprayed, generate_series(1, 3) AS try
WHERE e BETWEEN 1 AND 6 AND (n = 1 OR try < 3) AND (e, n, try) <> (6, 2, 2) GROUP BY 1 ORDER BY 1;
-- 29: another entity is not locked out, and its success does not give back what others failed
SELECT test.outcome(test.verify(7, txn, test.otp(txn))) FROM sprayed WHERE e = 7 AND n = 1;
SELECT test.outcome(test.verify(6, txn, test.wrong(test.otp(txn)))) FROM sprayed WHERE e = 6 AND n = 2;
SELECT test.ends(test.verify(7, txn, test.otp(txn)), '24 hours') AS verify, test.ends(test.issue(7, '9824000030', 'I3'), '24 hours') AS issue FROM sprayed WHERE e = 7 AND n = 2;
SELECT tries FROM kycvs_data.challenge JOIN sprayed ON txn = id WHERE e = 7 AND n = 2;
SELECT test.age_charges('25 hours') \g /dev/null
SELECT test.outcome(test.verify(7, txn, test.otp(txn))) FROM sprayed WHERE e = 7 AND n = 2;

/* ---- an entity's budget of failed challenges ---- */

SELECT kycvs.set_budget('limit-7', 3) \g /dev/null
TRUNCATE sprayed;
INSERT INTO sprayed SELECT 7, n, test.jti(test.issue(7, '982400004' || n, 'J')) FROM generate_series(1, 5) AS n;
SELECT n, test.outcome(test.verify(7, txn, test.wrong(test.otp(txn)))) FROM sprayed WHERE n <= 4 ORDER BY n;
-- counted at the first wrong try: a second one of the same challenge changes nothing
SELECT test.outcome(test.verify(7, txn, test.wrong(test.otp(txn)))) FROM sprayed WHERE n = 1;
-- beyond it nothing is issued, nor tried by challenges that have not failed; the right one neither
SELECT test.outcome(test.issue(7, '9824000049', 'J')) AS issue, test.outcome(test.verify(7, txn, test.otp(txn))) AS verify FROM sprayed WHERE n = 5;
SELECT tries FROM kycvs_data.challenge JOIN sprayed ON txn = id WHERE n = 5;
-- other entities go on
SELECT test.outcome(test.issue(6, '9824000049', 'J'));
-- given back by their own success
SELECT test.outcome(test.verify(7, txn, test.otp(txn))) FROM sprayed WHERE n = 2;
SELECT test.outcome(test.verify(7, txn, test.otp(txn))) FROM sprayed WHERE n = 5;
SELECT test.outcome(test.issue(7, '9824000049', 'J'));
SELECT test.outcome(test.verify(7, txn, test.wrong(test.otp(txn)))) AS used_up_again FROM sprayed WHERE n = 4;
SELECT test.outcome(test.issue(7, '9824000048', 'J'));
-- or by an hour that has passed, or by an administrator
SELECT kycvs.set_budget('limit-7', 4) \g /dev/null
SELECT test.outcome(test.issue(7, '9824000048', 'J'));
SELECT kycvs.set_budget('limit-7', 3) \g /dev/null
SELECT test.outcome(test.issue(7, '9824000047', 'J'));
SELECT test.age(txn, '1 hour') FROM sprayed WHERE n = 1 \g /dev/null
SELECT test.outcome(test.issue(7, '9824000047', 'J'));
-- nobody was suspended for it
SELECT count(*) FROM kycvs_data.entity WHERE code ~ '^limit' AND suspended;

DROP FUNCTION test.outcome, test.ends, test.issue, test.resend, test.verify, test.sent;
