\set ECHO none
-- Read by the other tests: the extension, its keys, and schema "test". Every
-- test then makes purposes, entities and persons of its own, so that each can
-- run alone and in any order.
--
-- What changes from run to run is masked by test.masked(). Statements that
-- change our tables as the superuser commit by themselves: the authority sees
-- nothing else, and would wait for their locks.
\set VERBOSITY default
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
SELECT kycvs.create_key() WHERE NOT EXISTS (SELECT FROM kycvs_data.registry) \g /dev/null

CREATE SCHEMA IF NOT EXISTS test;
GRANT USAGE ON SCHEMA test TO PUBLIC;
CREATE TABLE IF NOT EXISTS test.inbox (txn uuid, id bigint, mobile text, body text, language text, template_id text);

-- the registry's day
CREATE OR REPLACE FUNCTION test.today() RETURNS date LANGUAGE sql AS
$$ SELECT (clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::date $$;

-- the SMS: claims what waits, keeps it, and gives the OTP of one challenge
CREATE OR REPLACE FUNCTION test.otp(txn uuid) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
$$
BEGIN
    INSERT INTO test.inbox
    SELECT sent.challenge, m.id, m.mobile, m.body, m.language, m.template_id FROM kycvs.next_messages(1000) AS m JOIN kycvs_data.message AS sent USING (id);
    RETURN (SELECT substring(body FROM '[0-9]{6}') FROM test.inbox WHERE inbox.txn = otp.txn ORDER BY id DESC LIMIT 1);
END
$$;

CREATE OR REPLACE FUNCTION test.jti(document jsonb) RETURNS uuid LANGUAGE sql AS
$$ SELECT (document ->> 'jti')::uuid $$;

-- a code that is wrong
CREATE OR REPLACE FUNCTION test.wrong(otp text, n int DEFAULT 1) RETURNS text LANGUAGE sql AS
$$ SELECT to_char((otp::int + n) % 1000000, 'FM000000') $$;

-- the whole first half, as whoever calls
CREATE OR REPLACE FUNCTION test.consent(mobile text, name text, purpose text, reference text DEFAULT NULL, travel_date date DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS
$$
DECLARE
    txn uuid := test.jti(kycvs_issue_otp(mobile, name, purpose, reference, travel_date));
BEGIN
    RETURN kycvs_verify_otp(txn, test.otp(txn), true);
END
$$;

-- invisible characters, whose width psql's versions see differently, by their numbers
CREATE OR REPLACE FUNCTION test.visible(string text) RETURNS text LANGUAGE sql AS
$$ SELECT replace(replace(string, U&'\202e', '<U+202E>'), U&'\200d', '<U+200D>') $$;

-- what a statement says that may fail
CREATE OR REPLACE FUNCTION test.refusal(statement text) RETURNS text LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE statement;
    RETURN 'granted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END
$$;

-- a document without what changes: ids, keys, digests, times; days as what they are from today on
CREATE OR REPLACE FUNCTION test.masked(document jsonb) RETURNS jsonb LANGUAGE sql AS
$$
    SELECT jsonb_object_agg(key, CASE
        WHEN key IN ('iss', 'jti', 'txn', 'consent', 'sub', 'name_sha256', 'notice_sha256', 'jws') THEN to_jsonb('(' || key || ')')
        WHEN key IN ('iat', 'exp', 'resend_after') THEN to_jsonb('(' || jsonb_typeof(value) || ')')
        WHEN key IN ('as_of', 'travel_date') THEN to_jsonb('today + ' || (value #>> '{}')::date - test.today())
        ELSE value END ORDER BY key)
    FROM jsonb_each(document)
$$;

-- makes a challenge older
CREATE OR REPLACE FUNCTION test.age(txn uuid, by interval) RETURNS void LANGUAGE sql SECURITY DEFINER AS
$$
    UPDATE kycvs_data.challenge SET issued_at = issued_at - by, sent_at = sent_at - by, expires_at = expires_at - by,
                                    failed_at = failed_at - by WHERE id = txn;
    UPDATE kycvs_data.message SET created_at = created_at - by, expires_at = expires_at - by WHERE challenge = txn;
$$;

-- makes all that was counted older
CREATE OR REPLACE FUNCTION test.age_charges(by interval) RETURNS void LANGUAGE sql SECURITY DEFINER AS
$$ UPDATE kycvs_data.charge SET at = at - by $$;

-- the audit of one subject, in order
CREATE OR REPLACE FUNCTION test.audit(subject uuid) RETURNS text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT string_agg(event || ' ' || outcome, ', ' ORDER BY id) FROM kycvs_data.audit AS a WHERE a.subject = audit.subject $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA test FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA test TO PUBLIC;
RESET client_min_messages;
\set ECHO all
