-- One clerk's part of the sample: every call is a decision of the authority, durable when it returns.
WITH registered AS MATERIALIZED (
  SELECT n, kycvs.register_person(mobile, name, birth_year => birth_year) AS person
    FROM sample.person
   WHERE n % :clerks = :clerk
), given AS MATERIALIZED (
  SELECT person, product, given_on FROM registered JOIN sample.dose USING (n) ORDER BY n, given_on
)
SELECT count(kycvs.record_dose(person, product, given_on)) FROM given;
