-- Purposes as they are shipped, notices and texts of messages, their versions.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers
-- psql's versions differ in the width of Indic letters
\pset format unaligned

CREATE ROLE regress_words IN ROLE kycvs_admin;
CREATE ROLE regress_reads IN ROLE kycvs_auditor;
CREATE ROLE regress_books;
CREATE ROLE regress_longs;
CREATE ROLE regress_signs;
-- a text without what changes
CREATE FUNCTION pg_temp.plain(string text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(replace(string, to_char(test.today(), 'YYYY-MM-DD'), '(today)'), '[0-9]{6}', '(otp)', 'g') $$;
CREATE FUNCTION pg_temp.sha256(string text) RETURNS text LANGUAGE sql AS
$$ SELECT encode(sha256(convert_to(string, 'UTF8')), 'hex') $$;
-- what was sent for a challenge, how many runs of six digits and more are in it
CREATE TABLE test.sent (n serial, txn uuid, language text, template_id text, entity_id text, body text);
GRANT SELECT ON test.sent TO PUBLIC;
CREATE FUNCTION pg_temp.claim() RETURNS void LANGUAGE sql AS
$$ INSERT INTO test.sent (txn, language, template_id, entity_id, body)
   SELECT m.challenge, s.language, s.template_id, s.entity_id, s.body FROM kycvs.next_messages(1000) AS s JOIN kycvs_data.message AS m USING (id) $$;
CREATE FUNCTION pg_temp.sms(receipt jsonb) RETURNS TABLE (language text, template_id text, entity_id text, runs bigint, body text) LANGUAGE sql AS
$$ SELECT s.language, s.template_id, s.entity_id, (SELECT count(*) FROM regexp_matches(s.body, '[0-9]{6,}', 'g')), pg_temp.plain(s.body)
   FROM test.sent AS s WHERE s.txn = test.jti(receipt) ORDER BY n DESC LIMIT 1 $$;

/* ---- purposes as they are shipped ---- */

SET ROLE regress_words;
SELECT code, string_agg(language, ', ' ORDER BY language) AS languages, min(validity) AS validity, min(uses) AS uses FROM kycvs.usual_purposes GROUP BY code ORDER BY code;
BEGIN;
SELECT kycvs.add_usual_purpose('airport-entry');
ROLLBACK;
SELECT kycvs.add_usual_purpose('hotel-check-in', 'book.example'), kycvs.add_usual_purpose('event-entry') \g /dev/null
-- a second time, unknown, with a host that is none; nothing is kept of these
SELECT test.refusal($$SELECT kycvs.add_usual_purpose('airport-entry')$$) AS again,
       test.refusal($$SELECT kycvs.add_usual_purpose('no-such-purpose')$$) AS unknown,
       test.refusal($$SELECT kycvs.add_usual_purpose(NULL)$$) AS none;
SELECT host, test.refusal(format('SELECT kycvs.add_usual_purpose(%L, %L)', 'employment', host))
FROM unnest(ARRAY['', 'BOOK.example', 'book example', '-book.example', 'book.example/', '{otp}', 'book.example' || E'\n', 'a123456.example', repeat('h', 129)]) WITH ORDINALITY AS sample (host, n) ORDER BY n;
SELECT count(*) FROM kycvs.notices WHERE purpose = 'employment';
SELECT purpose, language, version, is_current, template_id, length FROM kycvs.sms_texts WHERE purpose IN ('airport-entry', 'hotel-check-in') ORDER BY 1, 2;
SELECT kycvs.add_entity('books', 'Books & Trips', 'regress_books', ARRAY['airport-entry', 'hotel-check-in']),
       kycvs.add_entity('longs', 'The Very Long Named Company of Ahmedabad and Surat', 'regress_longs', ARRAY['airport-entry']) \g /dev/null

-- what a person is shown, and gets, in each language; with a travel date and without
SET ROLE regress_books;
SELECT kycvs_issue_otp('9828000001', 'Usha Menon', 'airport-entry', 'hi', test.today(), 'hi') AS hindi \gset
SELECT kycvs_issue_otp('9828000001', 'Usha Menon', 'airport-entry', 'gu', test.today(), 'gu') AS gujarati \gset
SELECT kycvs_issue_otp('9828000001', 'Usha Menon', 'airport-entry', 'en') AS english \gset
SELECT kycvs_issue_group_otp('9828000001', ARRAY['Usha Menon', 'Ravi Menon'], 'hotel-check-in', language => 'gu') AS hotel \gset
SELECT pg_temp.plain(:'english'::jsonb ->> 'notice');
SELECT pg_temp.plain(:'hindi'::jsonb ->> 'notice');
SELECT pg_temp.plain(:'gujarati'::jsonb ->> 'notice');
SET ROLE regress_longs;
SELECT kycvs_issue_otp('9828000002', 'Usha Menon', 'airport-entry') AS long \gset
RESET ROLE;
SELECT pg_temp.claim() \g /dev/null
SELECT * FROM pg_temp.sms(:'english') UNION ALL SELECT * FROM pg_temp.sms(:'hindi') UNION ALL SELECT * FROM pg_temp.sms(:'gujarati') UNION ALL SELECT * FROM pg_temp.sms(:'long');
-- with a host, and for a group
SELECT * FROM pg_temp.sms(:'hotel');

/* ---- versions ---- */

-- the notice of a receipt is the one whose hash the consent has
SET ROLE regress_books;
SELECT kycvs_verify_otp(txn, substring(body FROM '[0-9]{6}'), true) AS consent FROM test.sent WHERE txn = test.jti(:'gujarati') \gset
SELECT :'consent'::jsonb ->> 'notice_sha256' = pg_temp.sha256(:'gujarati'::jsonb ->> 'notice') AS same;
SET ROLE regress_words;
SELECT kycvs.add_notice('airport-entry', 'gu', '{entity} પૂછે છે[ ({travel_date})]. {uses}.'),
       kycvs.add_notice('airport-entry', 'gu', '{entity} પૂછે છે[ ({travel_date})]. {uses}.') \g /dev/null
SELECT purpose, language, version, is_current FROM kycvs.notices WHERE purpose = 'airport-entry' AND language IN ('en', 'gu');
-- an old consent and an old receipt go on showing what they showed, also when it is sent again; who asks anew gets a new challenge
SET ROLE regress_reads;
SELECT kycvs.notice_shown(test.jti(:'consent')) = :'gujarati'::jsonb ->> 'notice' AS of_consent, kycvs.notice_shown(test.jti(:'gujarati')) = :'gujarati'::jsonb ->> 'notice' AS of_receipt;
SELECT test.refusal($$SELECT kycvs.notice_shown('00000000-0000-8000-8000-000000000000')$$), test.refusal('SELECT kycvs.notice_shown(NULL)');
SET ROLE regress_books;
SELECT kycvs_issue_otp('9828000003', 'Usha Menon', 'airport-entry', 'old', language => 'en') AS old \gset
SET ROLE regress_words;
SELECT kycvs.add_notice('airport-entry', 'en', '{entity} asks anew.') \g /dev/null
SET ROLE regress_books;
SELECT test.age(test.jti(:'old'), '35 s') \g /dev/null
SELECT kycvs_resend_otp(test.jti(:'old')) ->> 'notice' = :'old'::jsonb ->> 'notice' AS same;
SELECT kycvs_issue_otp('9828000003', 'Usha Menon', 'airport-entry', 'old', language => 'en') AS new \gset
SELECT :'new'::jsonb ->> 'notice' AS notice, test.jti(:'new') = test.jti(:'old') AS same_challenge;
SELECT kycvs_verify_otp(test.jti(:'old'), test.otp(test.jti(:'old')), true) ->> 'notice_sha256' = pg_temp.sha256(:'old'::jsonb ->> 'notice') AS same;
-- a notice in brackets with the date, and without
SELECT pg_temp.plain(kycvs_issue_otp('9828000003', 'Usha Menon', 'airport-entry', 'gu-' || (day IS NULL), day, 'gu') ->> 'notice') FROM unnest(ARRAY[test.today(), NULL]) AS day;
RESET ROLE;
-- nobody can make it another
UPDATE kycvs_data.notice SET notice = 'Something else.' WHERE id = (SELECT notice FROM kycvs_data.consent WHERE jti = test.jti(:'consent')) RETURNING version;
SET ROLE regress_reads;
SELECT test.refusal(format('SELECT kycvs.notice_shown(%L)', test.jti(:'consent')));
RESET ROLE;

/* ---- texts of an administrator ---- */

SET ROLE regress_words;
-- registered as it is, and one of its own; each is a version
SELECT kycvs.add_sms_text('airport-entry', 'gu', template_id => '1107160000000000001', entity_id => '1101000000000000001');
SELECT kycvs.add_sms_text('airport-entry', 'en', '{entity}: {otp}, {minutes} min', '1107160000000000002', '1101000000000000001');
SELECT kycvs.add_sms_text('airport-entry', 'en', '{entity}: {otp}, {minutes} min', '1107160000000000002', '1101000000000000001');
SELECT kycvs.add_sms_text('airport-entry', 'hi', '{otp} {entity} ' || repeat('अ', 80) || ' {minutes}');
SELECT kycvs.add_sms_text('airport-entry', 'hi', '{otp} {entity} ' || repeat('x', 150) || ' {minutes} €');
-- a language that has none takes the one of every purpose, else English
SELECT kycvs.add_notice('airport-entry', 'ta', 'Tamil'), kycvs.add_notice('airport-entry', 'te', 'Telugu') \g /dev/null
SELECT kycvs.add_sms_text(NULL, 'ta', 'ta: {entity} {purpose} {otp} {minutes} {persons}', template_id => 'T-1');
SELECT kycvs.add_sms_text(NULL, 'en', 'Taken off.', template_id => 'T-2', kind => 'mobile-removed');
SELECT kind, purpose, language, version, is_current, text, template_id, entity_id, length FROM kycvs.sms_texts WHERE purpose = 'airport-entry' AND language <> 'hi' OR purpose IS NULL;
SET ROLE regress_books;
SELECT test.age_charges('2 days') \g /dev/null
SELECT kycvs_issue_otp('9828000004', 'Usha Menon', 'airport-entry', 'own', language => 'en') AS own \gset
SELECT kycvs_issue_otp('9828000004', 'Usha Menon', 'airport-entry', 'own', language => 'gu') AS registered \gset
SELECT kycvs_issue_otp('9828000004', 'Usha Menon', 'airport-entry', 'own', language => 'ta') AS every \gset
SELECT kycvs_issue_otp('9828000004', 'Usha Menon', 'airport-entry', 'own', language => 'te') AS english \gset
RESET ROLE;
SELECT pg_temp.claim() \g /dev/null
SELECT * FROM pg_temp.sms(:'own') UNION ALL SELECT * FROM pg_temp.sms(:'registered') UNION ALL SELECT * FROM pg_temp.sms(:'every') UNION ALL SELECT * FROM pg_temp.sms(:'english');
-- long names in long texts: more than fits one reply
SET ROLE regress_words;
SELECT kycvs.add_entity('signs', repeat('🚆', 30), 'regress_signs', ARRAY['event-entry']) \g /dev/null
SELECT kycvs.add_sms_text('event-entry', 'en', '{otp} {minutes}' || repeat(' {entity}', 14));
SET ROLE regress_signs;
SELECT count(kycvs_issue_otp((9828001000 + n)::text, 'Usha Menon', 'event-entry')) FROM generate_series(1, 40) AS n;
RESET ROLE;
SELECT count(*), max(octet_length(body)) FROM kycvs.next_messages(100);
-- to a number that was taken off
SELECT kycvs.register_person('9828000005', 'Usha Menon') AS usha \gset
SELECT kycvs.change_mobile(:usha, '9828000006', 'came with her new telephone') \g /dev/null
SELECT mobile, body, language, template_id, entity_id FROM kycvs.next_messages(10);

-- what cannot be sent or shown is said, and nothing kept
SET ROLE regress_words;
SELECT statement, test.refusal('SELECT kycvs.' || statement) AS refusal
FROM unnest(ARRAY[$$add_sms_text('no-such-purpose', 'en', '{otp} {entity} {minutes}')$$, $$add_sms_text('', 'en', '{otp} {entity} {minutes}')$$, $$add_sms_text('airport-entry', 'EN', '{otp} {entity} {minutes}')$$,
    $$add_sms_text('airport-entry', NULL, '{otp} {entity} {minutes}')$$, $$add_sms_text('airport-entry', 'en', '')$$, $$add_sms_text('airport-entry', 'en', repeat('x', 1001))$$,
    $$add_sms_text('airport-entry', 'en', 'no slots')$$, $$add_sms_text('airport-entry', 'en', '{otp} {otp} {entity} {minutes}')$$, $$add_sms_text('airport-entry', 'en', '{otp} {minutes}')$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity}')$$,
    $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes} {name}')$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes')$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes}}')$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity} [{minutes}]')$$,
    $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes} 123456')$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes} १२३४५६')$$, $$add_sms_text('airport-entry', 'en', '{otp}{minutes} {entity}')$$, $$add_sms_text('airport-entry', 'en', '{otp} 1{entity} {minutes}')$$,
    $$add_sms_text('airport-entry', 'en', E'{otp}\t{entity} {minutes}')$$, $$add_sms_text('airport-entry', 'en', E'{otp}\n{entity} {minutes}')$$, $$add_sms_text('airport-entry', 'en', E'{otp} {entity} {minutes}\n@book.example #{otp}')$$,
    $$add_sms_text('airport-entry', 'en', E'{entity} {minutes}\n@book.example #{otp} ')$$, $$add_sms_text('airport-entry', 'en', E'{entity} {minutes}\n\n@book.example #{otp}')$$, $$add_sms_text('airport-entry', 'en', E'{entity} {minutes}\n@ #{otp}')$$,
    $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes} ' || repeat('x', 450))$$, $$add_sms_text('airport-entry', 'en', '{otp} {entity} {minutes} ' || repeat('ક', 200))$$,
    $$add_sms_text('airport-entry', 'ta', template_id => '12')$$, $$add_sms_text('airport-entry', 'en', template_id => '1 2')$$, $$add_sms_text('airport-entry', 'en', template_id => repeat('1', 31))$$, $$add_sms_text('airport-entry', 'en', template_id => '')$$, $$add_sms_text('airport-entry', 'en', entity_id => E'1\n')$$,
    $$add_sms_text('airport-entry', 'en', kind => 'other')$$, $$add_sms_text('airport-entry', 'en', kind => NULL)$$, $$add_sms_text('airport-entry', 'en', kind => 'mobile-removed')$$, $$add_sms_text(NULL, 'en', 'Code {otp}.', kind => 'mobile-removed')$$,
    $$add_sms_text(NULL, 'en', E'Two\nlines.', kind => 'mobile-removed')$$, $$add_sms_text(NULL, 'en', 'Call 123456.', kind => 'mobile-removed')$$,
    $$add_notice('airport-entry', 'en', '{name}')$$, $$add_notice('airport-entry', 'en', '{entity')$$, $$add_notice('airport-entry', 'en', 'entity}')$$, $$add_notice('airport-entry', 'en', 'until {travel_date}')$$, $$add_notice('airport-entry', 'en', '[always]')$$,
    $$add_notice('airport-entry', 'en', '[to {travel_date}')$$, $$add_notice('airport-entry', 'en', '[[{travel_date}]]')$$, $$add_notice('airport-entry', 'en', '[{travel_date}{travel_date}]')$$, $$add_notice('airport-entry', 'en', ']')$$,
    $$add_notice('airport-entry', 'en', repeat('{entity} ', 400))$$, $$add_purpose('bad', '{otp}')$$]) WITH ORDINALITY AS sample (statement, n) ORDER BY n;
SELECT count(*) FILTER (WHERE is_current) AS current, count(*) AS all FROM kycvs.sms_texts WHERE purpose = 'airport-entry';

/* ---- who may ---- */

SELECT test.refusal(format('SELECT kycvs.notice_shown(%L)', test.jti(:'consent')));
SET ROLE regress_reads;
SELECT count(*) > 0 AS notices, (SELECT count(*) > 0 FROM kycvs.sms_texts) AS texts, (SELECT count(*) > 0 FROM kycvs.usual_purposes) AS usual, test.refusal($$SELECT kycvs.add_usual_purpose('employment')$$) FROM kycvs.notices;
SET ROLE regress_books;
SELECT test.refusal('SELECT FROM kycvs.notices') AS notices, test.refusal('SELECT FROM kycvs.sms_texts') AS texts, test.refusal('SELECT FROM kycvs.usual_purposes') AS usual,
       test.refusal($$SELECT kycvs.add_sms_text(NULL, 'en', '{otp} {entity} {minutes}')$$) AS add_text, test.refusal($$SELECT kycvs.add_usual_purpose('employment')$$) AS add_purpose;
RESET ROLE;
SELECT event, outcome, count(*) FROM kycvs_data.audit WHERE event IN ('add_usual_purpose', 'add_sms_text', 'notice_shown') AND calling_role IN ('regress_words', 'regress_reads') GROUP BY 1, 2 ORDER BY 1, 2;
-- what other tests would be sent
DELETE FROM kycvs_data.sms_text WHERE purpose <= 0;
