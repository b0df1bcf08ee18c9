-- Verifies an answer in PostgreSQL, in any database with the extension kycvs (which needs not be preloaded there).
--
--   psql -X -v ON_ERROR_STOP=1 -v document="$(cat answer.json)" -v jwks="$(cat jwks.json)" -v issuer=https://registry.example \
--        -v audience=irctc -v reference='PNR 4512345678' -f verify.sql
--
-- Prints the claims, or ends with an error: KV030 malformed, KV031 signature, KV032 key, KV033 expired, KV034 not for us.
-- name =>, a passenger's name as it was asked about, is checked as well when it is given to kycvs_verify.

SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
SELECT * FROM kycvs.trust_issuer(:'issuer', :'jwks') \g /dev/null
SELECT kycvs_verify(:'document', audience => :'audience', reference => :'reference');
