-- What a database administrator would write instead: the same three steps in PL/pgSQL over pgcrypto. An HMAC in place of a
-- signature, numbers, names and codes in clear, counters that ROLLBACK undoes. :persons people with two doses each.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE SCHEMA peer;
CREATE TABLE peer.person (person_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mobile text NOT NULL, name text NOT NULL);
CREATE TABLE peer.dose (person_id bigint NOT NULL, dose_number smallint NOT NULL, vaccine text NOT NULL, given_on date NOT NULL,
  PRIMARY KEY (person_id, dose_number));
CREATE TABLE peer.vaccine (code text PRIMARY KEY, doses_required smallint NOT NULL);
INSERT INTO peer.vaccine VALUES ('COVISHIELD', 2), ('COVAXIN', 2), ('SPUTNIK-LIGHT', 1), ('ZYCOV-D', 3);
INSERT INTO peer.person (mobile, name) SELECT (6000000000 + n)::text, 'Person Number' FROM generate_series(0, :persons - 1) n;
INSERT INTO peer.dose SELECT person_id, d, 'COVISHIELD', date '2021-04-02' + 90 * d FROM peer.person, generate_series(1, 2) d;
CREATE INDEX ON peer.person (mobile);
CREATE TABLE peer.challenge (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mobile text NOT NULL, name text NOT NULL, purpose text NOT NULL,
  otp_mac bytea NOT NULL, attempts smallint NOT NULL DEFAULT 0, expires_at timestamptz NOT NULL, consumed_at timestamptz);
CREATE TABLE peer.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, challenge uuid NOT NULL, mobile text NOT NULL, body text NOT NULL);
CREATE INDEX ON peer.outbox (challenge);
CREATE TABLE peer.granted (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), challenge uuid NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE peer.audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), event text NOT NULL, challenge uuid NOT NULL);
CREATE TABLE peer.secret (k bytea NOT NULL);
INSERT INTO peer.secret VALUES (gen_random_bytes(32));

CREATE FUNCTION peer.mac(value text) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT hmac(value, (SELECT encode(k, 'hex') FROM peer.secret), 'sha256') $$;

CREATE FUNCTION peer.sign(doc jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT doc || jsonb_build_object('sig', encode(peer.mac(doc::text), 'base64')) $$;

CREATE FUNCTION peer.random_otp() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT lpad((('x' || encode(gen_random_bytes(4), 'hex'))::bit(32)::bigint % 1000000)::text, 6, '0') $$;

CREATE FUNCTION peer.issue_otp(mobile text, name text, purpose text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  otp text := peer.random_otp();
  c peer.challenge;
BEGIN
  IF mobile !~ '^[6-9][0-9]{9}$' THEN RAISE EXCEPTION 'bad mobile'; END IF;
  INSERT INTO peer.challenge (mobile, name, purpose, otp_mac, expires_at)
    VALUES (issue_otp.mobile, issue_otp.name, issue_otp.purpose, peer.mac(otp), now() + interval '3 min') RETURNING * INTO c;
  INSERT INTO peer.outbox (challenge, mobile, body) VALUES (c.id, c.mobile, otp || ' is your code');
  INSERT INTO peer.audit (event, challenge) VALUES ('issued', c.id);
  RETURN peer.sign(jsonb_build_object('txn', c.id, 'exp', extract(epoch FROM c.expires_at)::bigint, 'purpose', purpose));
END $$;

CREATE FUNCTION peer.verify_otp(txn uuid, otp text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c peer.challenge;
  g peer.granted;
BEGIN
  SELECT * INTO c FROM peer.challenge WHERE id = txn FOR UPDATE;
  IF NOT FOUND OR c.expires_at < now() OR c.consumed_at IS NOT NULL OR c.attempts >= 3 THEN RAISE EXCEPTION 'invalid'; END IF;
  IF c.otp_mac <> peer.mac(otp) THEN
    UPDATE peer.challenge SET attempts = attempts + 1 WHERE id = txn;
    INSERT INTO peer.audit (event, challenge) VALUES ('failed', c.id);
    RETURN NULL;
  END IF;
  UPDATE peer.challenge SET consumed_at = now() WHERE id = txn;
  INSERT INTO peer.granted (challenge, expires_at) VALUES (txn, now() + interval '15 min') RETURNING * INTO g;
  INSERT INTO peer.audit (event, challenge) VALUES ('verified', c.id);
  RETURN peer.sign(jsonb_build_object('grant', g.id, 'exp', extract(epoch FROM g.expires_at)::bigint, 'purpose', c.purpose));
END $$;

CREATE FUNCTION peer.status(grant_id uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  c peer.challenge;
  p bigint;
  s int;
BEGIN
  SELECT ch.* INTO c FROM peer.granted gr JOIN peer.challenge ch ON ch.id = gr.challenge WHERE gr.id = grant_id AND gr.expires_at > now();
  IF NOT FOUND THEN RAISE EXCEPTION 'invalid'; END IF;
  SELECT person_id INTO p FROM peer.person WHERE person.mobile = c.mobile AND lower(person.name) = lower(c.name);
  SELECT CASE WHEN count(*) = 0 THEN 0 WHEN count(*) >= min(v.doses_required) THEN 2 ELSE 1 END INTO s
    FROM peer.dose d JOIN peer.vaccine v ON v.code = d.vaccine WHERE d.person_id = p;
  INSERT INTO peer.audit (event, challenge) VALUES ('disclosed', c.id);
  RETURN peer.sign(jsonb_build_object('status', s, 'grant', grant_id, 'purpose', c.purpose, 'iat', extract(epoch FROM now())::bigint));
END $$;

-- The floor: the same rows in the same number of commits, no cryptography, no logic.
CREATE SCHEMA floor;
CREATE TABLE floor.challenge (id uuid PRIMARY KEY, mobile uuid, sealed bytea, expires_at timestamptz);
CREATE TABLE floor.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, challenge uuid);
CREATE TABLE floor.ledger (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(), event text, challenge uuid, mobile uuid);
CREATE INDEX ON floor.ledger (mobile, at);
CREATE TABLE floor.granted (id uuid PRIMARY KEY, challenge uuid);

GRANT USAGE ON SCHEMA peer, floor TO railway;
GRANT ALL ON ALL TABLES IN SCHEMA peer, floor TO railway;
GRANT ALL ON ALL SEQUENCES IN SCHEMA peer, floor TO railway;
ANALYZE;
