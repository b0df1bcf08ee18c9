-- The railway's side of bench/registry: whom it asks about, and a procedure that times one step for all of them.

CREATE SCHEMA bench AUTHORIZATION railway;
SET SESSION AUTHORIZATION railway;
CREATE UNLOGGED TABLE bench.chosen (round int, mobile text, name text);
CREATE UNLOGGED TABLE bench.asked (n int PRIMARY KEY, mobile text, name text, document jsonb, otp text);
CREATE UNLOGGED TABLE bench.sample (size bigint, round int, step text, microseconds float8, match text);

CREATE PROCEDURE bench.begin_round(round int) LANGUAGE sql AS
$$
TRUNCATE bench.asked;
INSERT INTO bench.asked SELECT row_number() OVER (), mobile, name FROM bench.chosen AS c WHERE c.round = begin_round.round;
$$;

CREATE FUNCTION bench.microseconds(a timestamptz, b timestamptz) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN (extract(epoch FROM b - a) * 1000000)::float8;

-- Each call is a statement with bound values, prepared by PL/pgSQL, in a transaction of its own; only the call is timed.
CREATE PROCEDURE bench.time_step(step text, size bigint, round int) LANGUAGE plpgsql AS
$$
DECLARE
  documents jsonb[];
  took float8[];
  other float8[];
  document jsonb;
  started timestamptz;
  ended timestamptz;
  r record;
BEGIN
  FOR r IN SELECT mobile, name, (a.document ->> 'jti')::uuid AS jti, a.document AS consent, otp FROM bench.asked AS a ORDER BY n LOOP
    IF step = 'first' THEN
      COMMIT;
      started := clock_timestamp();
      document := kycvs.try_resend_otp('00000000-0000-0000-0000-000000000000');
      ended := clock_timestamp();
      other := other || bench.microseconds(started, ended);
    END IF;
    COMMIT;
    started := clock_timestamp();
    CASE step
      WHEN 'issue' THEN document := kycvs_issue_otp(r.mobile, r.name, 'ticket-booking', 'PNR');
      WHEN 'verify' THEN document := kycvs_verify_otp(r.jti, r.otp, true);
      ELSE document := kycvs_status(r.consent);
    END CASE;
    ended := clock_timestamp();
    documents := documents || document;
    took := took || bench.microseconds(started, ended);
  END LOOP;
  INSERT INTO bench.sample SELECT size, round, step, t.took, t.document ->> 'match' FROM unnest(took, documents) AS t(took, document);
  INSERT INTO bench.sample SELECT size, round, 'other', t.took FROM unnest(other) AS t(took);
  IF step IN ('issue', 'verify') THEN
    UPDATE bench.asked AS a SET document = t.document FROM unnest(documents) WITH ORDINALITY AS t(document, n) WHERE a.n = t.n;
  END IF;
END;
$$;

-- Medians over the rounds of each round's median and 99th percentile.
CREATE VIEW bench.result AS
SELECT size, step, percentile_cont(0.5) WITHIN GROUP (ORDER BY median) AS median, percentile_cont(0.5) WITHIN GROUP (ORDER BY p99) AS p99,
       sum(calls) AS calls, sum(found) AS found
  FROM (SELECT size, round, step, count(*) AS calls, count(*) FILTER (WHERE match <> 'none') AS found,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY microseconds) AS median,
               percentile_cont(0.99) WITHIN GROUP (ORDER BY microseconds) AS p99
          FROM bench.sample GROUP BY 1, 2, 3) AS a
 GROUP BY size, step;
