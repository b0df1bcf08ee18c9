-- The caller owns the transaction; what it costs to guess, and what was
-- disclosed, does not belong to it (T1, T2, T3, T11).
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('guess', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_guesser;
SELECT kycvs.add_entity('guesser', 'Guesser', 'regress_guesser', ARRAY['guess']) \g /dev/null
SELECT kycvs.register_person('9820000004', 'Asha Rao') AS person \gset
SELECT kycvs.record_dose(:person, 'COVAXIN', '2021-05-01') \g /dev/null

-- what one challenge has cost, and what its audit says
CREATE FUNCTION test.cost(txn uuid) RETURNS TABLE (tries int, failed bool, verified bool, audit text) LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT c.tries, c.failed_at IS NOT NULL, c.verified,
           (SELECT string_agg(format('%s x %s', n, what), ', ' ORDER BY what)
            FROM (SELECT event || ' ' || outcome AS what, count(*) AS n FROM kycvs_data.audit
                  WHERE subject = c.id GROUP BY 1) AS a)
    FROM kycvs_data.challenge AS c WHERE c.id = txn
$$;

-- 10,000 wrong guesses in a block that catches its errors: three are compared
SET ROLE regress_guesser;
SELECT test.jti(kycvs_issue_otp('9820000001', 'Asha Rao', 'guess', 'G1')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT set_config('test.txn', :'txn', false) = :'txn', set_config('test.otp', :'otp', false) = :'otp';
DO $$
DECLARE
    txn uuid := current_setting('test.txn');
    otp int := current_setting('test.otp')::int;
BEGIN
    FOR i IN 1 .. 10000 LOOP
        BEGIN
            PERFORM kycvs_verify_otp(txn, to_char((otp + i) % 1000000, 'FM000000'), true);
            RAISE 'guessed';
        EXCEPTION WHEN OTHERS THEN
            IF SQLSTATE !~ '^KV01[02]$' THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$$;
RESET ROLE;
SELECT * FROM test.cost(:'txn');
-- not even the right one is of use now
SET ROLE regress_guesser;
SELECT kycvs_verify_otp(:'txn', :'otp', true);
RESET ROLE;

-- inside one statement
SET ROLE regress_guesser;
SELECT test.jti(kycvs_issue_otp('9820000002', 'Asha Rao', 'guess', 'G2')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs.try_verify_otp(:'txn', test.wrong(:'otp', n), true) ->> 'error' AS error, count(*)
FROM generate_series(1, 1000) AS n GROUP BY 1 ORDER BY 1;
RESET ROLE;
SELECT * FROM test.cost(:'txn');

-- a statement that fails at its first wrong guess has been charged
SET ROLE regress_guesser;
SELECT test.jti(kycvs_issue_otp('9820000003', 'Asha Rao', 'guess', 'G3')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs_verify_otp(:'txn', test.wrong(:'otp', n), true) FROM generate_series(1, 1000) AS n;

-- ROLLBACK after a wrong guess, ROLLBACK TO SAVEPOINT after another
BEGIN;
SELECT kycvs.try_verify_otp(:'txn', test.wrong(:'otp', 2), true);
ROLLBACK;
SELECT tries, audit FROM test.cost(:'txn');
BEGIN;
SAVEPOINT guess;
SELECT kycvs_verify_otp(:'txn', test.wrong(:'otp', 3), true);
ROLLBACK TO SAVEPOINT guess;
SELECT kycvs_verify_otp(:'txn', :'otp', true);
COMMIT;
RESET ROLE;
SELECT * FROM test.cost(:'txn');

-- the right one, and an answer: each form of abort leaves the charge and the audit behind
SET ROLE regress_guesser;
SELECT test.jti(kycvs_issue_otp('9820000004', 'Asha Rao', 'guess', 'G4')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
BEGIN;
SELECT kycvs_verify_otp(:'txn', :'otp', true) AS consent \gset
ROLLBACK;
SELECT * FROM test.cost(:'txn');
-- the same consent again, for whoever lost it
SELECT kycvs_verify_otp(:'txn', :'otp', true) - 'jws' = :'consent'::jsonb - 'jws' AS same;

-- who disclosed what, and how many uses the consent has left
RESET ROLE;
CREATE FUNCTION test.disclosures(document jsonb) RETURNS TABLE (audit text, uses_left int) LANGUAGE sql SECURITY DEFINER AS
$$
    SELECT coalesce((SELECT string_agg(format('%s %s: status %s', event, outcome, status), ', ' ORDER BY id) FROM kycvs_data.audit AS a
                     WHERE a.subject = c.jti AND a.id > current_setting('test.seen')::bigint), 'nothing'), c.uses - c.used
    FROM kycvs_data.consent AS c WHERE c.jti = test.jti(document)
$$;
CREATE FUNCTION test.forget() RETURNS void LANGUAGE sql SECURITY DEFINER AS
$$ SELECT set_config('test.seen', (SELECT max(id)::text FROM kycvs_data.audit), false) $$;
SELECT test.forget(), set_config('test.consent', :'consent', false) \g /dev/null
SET ROLE regress_guesser;

-- an error that carries the answer away (T3)
SELECT (kycvs_status(:'consent') ->> 'status')::int / 0 AS division;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null
SELECT ('status ' || (kycvs_status(:'consent') ->> 'status'))::int AS cast;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null
DO $$ BEGIN RAISE 'status %', kycvs_status(current_setting('test.consent')::jsonb) ->> 'status'; END $$;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null
CREATE TEMP TABLE once (status text UNIQUE);
INSERT INTO once SELECT kycvs_status(:'consent') ->> 'status' FROM generate_series(1, 2);
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null

-- subtransactions, cursors, CREATE TABLE AS, COPY, EXPLAIN ANALYZE: each disclosure is one row of the audit (T1, T5)
BEGIN;
SAVEPOINT one;
SELECT kycvs_status(:'consent') ->> 'status' AS status;
ROLLBACK TO SAVEPOINT one;
DECLARE c CURSOR FOR SELECT kycvs_status(:'consent') ->> 'status' AS status FROM generate_series(1, 3);
FETCH 2 FROM c;
CREATE TEMP TABLE answers AS SELECT kycvs_status(:'consent') ->> 'status' AS status;
COPY (SELECT kycvs_status(:'consent') ->> 'status') TO STDOUT;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT kycvs_status(:'consent') IS NULL;
ROLLBACK;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null

-- CHECK, triggers, row-level security
CREATE TEMP TABLE booking (consent jsonb, status int CHECK (kycvs_status(consent) ->> 'status' = '2'));
\set VERBOSITY terse
INSERT INTO booking VALUES (:'consent', 0);
\set VERBOSITY default
CREATE FUNCTION pg_temp.fill() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN new.status := kycvs_status(new.consent) ->> 'status'; RETURN NULL; END $$;
ALTER TABLE booking DROP CONSTRAINT booking_consent_check;
CREATE TRIGGER fill BEFORE INSERT ON booking FOR EACH ROW EXECUTE FUNCTION pg_temp.fill();
INSERT INTO booking VALUES (:'consent');
SELECT count(*) FROM booking;
DROP TRIGGER fill ON booking;
INSERT INTO booking VALUES (:'consent', 0);
GRANT SELECT ON booking TO PUBLIC;
ALTER TABLE booking ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY vaccinated ON booking USING (kycvs_status(consent) ->> 'status' = '2');
SELECT count(*) FROM booking;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null

-- functions are never evaluated by the planner, nor in a plan that only is made (T9)
PREPARE later AS SELECT kycvs_status($1);
EXPLAIN (COSTS off) EXECUTE later(:'consent');
DEALLOCATE later;
PREPARE later AS SELECT 1 WHERE kycvs_status($1) IS NULL;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS off) EXECUTE later(:'consent');
RESET plan_cache_mode;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null
DEALLOCATE later;

-- not within a security-restricted operation: an index expression, a materialised view
RESET ROLE;
GRANT CREATE ON SCHEMA test TO regress_guesser;
SET ROLE regress_guesser;
CREATE MATERIALIZED VIEW test.answers_view AS SELECT kycvs_status(:'consent');
CREATE FUNCTION test.guess(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS
$$ BEGIN RETURN public.kycvs_status(current_setting('test.consent')::jsonb) ->> 'status'; END $$;
CREATE TABLE test.indexed (a text);
INSERT INTO test.indexed VALUES ('x');
CREATE INDEX ON test.indexed (test.guess(a));
DROP TABLE test.indexed;
SELECT * FROM test.disclosures(:'consent');
SELECT test.forget() \g /dev/null
RESET ROLE;
DROP FUNCTION test.guess;
REVOKE CREATE ON SCHEMA test FROM regress_guesser;

-- the repeats of a right OTP have a budget of their own: twenty in all, one is spent above
SET ROLE regress_guesser;
SELECT kycvs.try_verify_otp(:'txn', :'otp', true) ->> 'error' AS error, count(*) FROM generate_series(1, 30) GROUP BY 1 ORDER BY 1 NULLS FIRST;
RESET ROLE;
SELECT * FROM test.cost(:'txn');

-- a wrong code for a used challenge tells nothing, and costs one of the twenty
SET ROLE regress_guesser;
SELECT test.jti(kycvs_issue_otp('9820000005', 'Asha Rao', 'guess', 'G5')) AS txn \gset
SELECT test.otp(:'txn') AS otp \gset
SELECT kycvs_verify_otp(:'txn', :'otp', true) AS consent \gset
SELECT kycvs.try_verify_otp(:'txn', test.wrong(:'otp', n), true) ->> 'error' AS error, count(*) FROM generate_series(1, 100) AS n GROUP BY 1;
SELECT kycvs.try_verify_otp(:'txn', :'otp', true) ->> 'error' AS error;
RESET ROLE;
SELECT * FROM test.cost(:'txn');
SELECT repeats FROM kycvs_data.consent WHERE challenge = :'txn';

-- every request is one row of the audit, whatever became of its transaction
SELECT event, outcome, count(*) FROM kycvs_data.audit AS a
WHERE entity = (SELECT id FROM kycvs_data.entity WHERE code = 'guesser') AND event <> 'add_entity'
GROUP BY 1, 2 ORDER BY 1, 2;
DROP FUNCTION test.cost, test.disclosures, test.forget;
