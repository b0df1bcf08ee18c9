-- The shop's own database. As a superuser, in an empty database, with the name of the
-- registry, its public keys and the code under which the registry knows this shop:
--
--   psql -d shop -v issuer=https://registry.example -v jwks="$(cat jwks.json)" -v client=sabarmati -f schema.sql
--
-- Nothing is preloaded, and nothing is asked of the registry: public keys are enough.

\set ON_ERROR_STOP on
\set audience 'audience=' :client

CREATE EXTENSION kycvs CASCADE;
SELECT * FROM kycvs.trust_issuer(:'issuer', :'jwks');

CREATE TABLE booking (
  reference text PRIMARY KEY,
  guest text NOT NULL,
  room text NOT NULL,
  arrival date NOT NULL,
  language text NOT NULL,
  answer jsonb,                       -- there is one: booked
  CHECK (guest <> '' AND room IN ('Single', 'Double', 'Suite') AND language IN ('en', 'hi', 'gu'))
);

-- One answer, one booking.
CREATE UNIQUE INDEX ON booking ((answer ->> 'jti'));

-- No booking gets an answer that is not signed by the registry, for this shop, this
-- booking, this guest and the day of arrival, not expired, and a 2.
CREATE TRIGGER answer_is_good BEFORE INSERT OR UPDATE ON booking
  FOR EACH ROW WHEN (NEW.answer IS NOT NULL)
  EXECUTE FUNCTION kycvs.require_answer(:'audience', 'reference=reference', 'name=guest', 'day=arrival', 'status=2');

CREATE ROLE shop LOGIN;
GRANT SELECT, INSERT, UPDATE (answer) ON booking TO shop;
