-- Verifies an answer in PostgreSQL, in any database with the extension kycvs (which needs not be preloaded there).
--
--   psql -X -v ON_ERROR_STOP=1 -v document="$(cat answer.json)" -v jwks="$(cat jwks.json)" -v issuer=https://registry.example \
--        -v audience=irctc -v reference='PNR 4512345678' -f verify.sql
--
-- and, to have the passenger's name checked, -v name='Ramesh Patel'. Prints the claims, or ends with an error: KV030 malformed,
-- KV031 signature, KV032 key, KV033 expired, KV034 not for us. As a superuser; leaves nothing behind.

\if :{?name}
SELECT quote_literal(:'name') AS name_or_null \gset
\else
\set name_or_null NULL
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
SELECT kycvs.distrust_key(issuer, kid) FROM kycvs.keys WHERE state = 'trusted' \g /dev/null
SELECT kycvs.trust_issuer(:'issuer', :'jwks') \g /dev/null
-- of another issuer, which this database may know as well: NULL, and so an error
SELECT CASE WHEN :'document'::jsonb ->> 'iss' = :'issuer' THEN :'document'::jsonb END AS document \gset
SELECT kycvs_verify(nullif(:'document', '')::jsonb, audience => :'audience', reference => :'reference', name => :name_or_null);
ROLLBACK;
