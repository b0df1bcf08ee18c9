-- kycvs.usual_purposes: the notices and messages that are shipped
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS kycvs CASCADE;
RESET client_min_messages;

SELECT code, validity, uses, string_agg(language, ' ' ORDER BY language) AS languages, count(notice) AS notices, count(sms_text) AS sms_texts, count(sms_text_with_host) AS with_host, count(number_taken_off) AS taken_off
FROM kycvs.usual_purposes GROUP BY code, validity, uses ORDER BY code;

-- how they begin
\pset format unaligned
SELECT left(notice, 50) AS notice, left(sms_text, 31) AS sms_text FROM kycvs.usual_purposes WHERE language = 'en' AND notice IS NOT NULL;
SELECT right(sms_text_with_host, 16) AS last_line FROM kycvs.usual_purposes WHERE code = 'employment' AND language = 'gu';
SELECT language, sms_text, left(number_taken_off, 11) AS number_taken_off FROM kycvs.usual_purposes WHERE code IS NULL;
\pset format aligned

-- nobody is asked for them
SET kycvs.registry = 'regress_nobody';
SELECT count(*) FROM kycvs.usual_purposes;
RESET kycvs.registry;

-- roles that see them
SELECT string_agg(rolname, ', ' ORDER BY rolname) FROM pg_roles WHERE rolname ~ '^kycvs_(admin|registrar|entity|sender|gateway|auditor)$' AND has_table_privilege(oid, 'kycvs.usual_purposes', 'SELECT');
SET ROLE kycvs_auditor;
SELECT count(*) FROM kycvs.usual_purposes;
RESET ROLE;
