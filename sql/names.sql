-- Names across scripts and spellings: how well two fit, and whom one means.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

-- (psql's versions do not agree on how wide the letters are)
\pset format unaligned

-- the registry's clerk typed RAMESHBHAI PATEL
SELECT typed, kycvs.name_match('RAMESHBHAI PATEL', typed) AS score, kycvs.name_match('RAMESHBHAI PATEL', typed) >= 0.65 AS accepted
FROM unnest(ARRAY['Rameshbhai Patel', 'Patel Ramesh', 'R. Patel', 'Shri Ramesh Patel', 'રમેશ પટેલ', 'रमेश पटेल', 'রমেশ প্যাটেল', 'ਰਮੇਸ਼ ਪਟੇਲ',
                  'ରମେଶ ପଟେଲ', 'ரமேஷ் படேல்', 'రమేష్ పటేల్', 'ರಮೇಶ್ ಪಟೇಲ್', 'രമേഷ് പട്ടേൽ', 'Ramesh',
                  'Rakesh Patel', 'રાકેશ પટેલ', 'S. Patel', 'Patel', 'Kokilaben Rameshbhai Patel', 'محمد عاصف']) WITH ORDINALITY AS sample (typed, n) ORDER BY n;

-- 1 for itself, between 0 and 1, the same both ways; order, titles and case make no difference
WITH name (name) AS (SELECT unnest(ARRAY['K. A. Raman', 'के.ए. रमन', 'Md. Asif Khan', 'मोहम्मद आसिफ खान', 'Vijayalakshmi', 'Vijay Laxmi', 'விஜயலட்சுமி', 'Sunita Devi',
                                         'Sunil Kumar', 'Xavier D''Souza', 'زینت', '李', 'a b c d e f g h i j k l m', 'Late']))
SELECT count(*) AS pairs, bool_and(ab = kycvs.name_match(b, a)) AS symmetric, bool_and(ab BETWEEN 0 AND 1) AS in_range,
       bool_and(ab = 1) FILTER (WHERE a = b) AS itself,
       bool_and(ab = kycvs.name_match('Shri ' || upper(a), b || ', Dr.')) AS titles_and_case
FROM (SELECT a.name AS a, b.name AS b, kycvs.name_match(a.name, b.name) AS ab FROM name AS a, name AS b) AS pair;
SELECT kycvs.name_match('Venkata Subba Rao', 'वेंकट सुब्बा राव') = kycvs.name_match('Rao Venkata Subba', 'राव वेंकट सुब्बा') AS order_of_words;

-- what is no name, or not known
SELECT kycvs.name_match('Ramesh', '');
SELECT kycvs.name_match('Ramesh 2', 'Ramesh');
SELECT kycvs.name_match('Ramesh', repeat('a', 257));
SELECT kycvs.name_match('Ramesh', NULL) IS NULL AND kycvs.name_match(NULL, 'Ramesh') IS NULL AS unknown;
-- it may be part of an index
CREATE TEMP TABLE clerk (name text);
CREATE INDEX ON clerk (kycvs.name_match(name, 'Ramesh Patel'));

-- several persons on one mobile
SELECT kycvs.add_purpose('names-test', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_names;
SELECT kycvs.add_entity('names', 'Names', 'regress_names', ARRAY['names-test']) \g /dev/null
CREATE FUNCTION test.family(mobile text, names text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
$$
DECLARE
    person bigint;
BEGIN
    -- the first has no dose, the second one, the third two
    FOR i IN 1 .. cardinality(names) LOOP
        person := kycvs.register_person(mobile, names[i], 'R' || i);
        IF i > 1 THEN
            PERFORM kycvs.record_dose(person, 'COVISHIELD', '2021-04-02');
        END IF;
        IF i > 2 THEN
            PERFORM kycvs.record_dose(person, 'COVISHIELD', '2021-07-01');
        END IF;
    END LOOP;
END
$$;
CREATE FUNCTION test.means(mobile text, name text) RETURNS text LANGUAGE sql AS
$$ SELECT format('%s %s', answer ->> 'status', answer ->> 'match') FROM kycvs_status(test.consent(mobile, name, 'names-test')) AS answer $$;
SELECT test.family('9821500001', ARRAY['RAMESHBHAI PATEL', 'RAKESHBHAI PATEL', 'KOKILABEN RAMESHBHAI PATEL']),
       test.family('9821500002', ARRAY['Mohd. Arif Khan', 'Mohd. Asif Khan', 'Zeenat Begum']),
       test.family('9821500003', ARRAY['K. Murugan', 'M. Murugan', 'Selvi Murugan']),
       test.family('9821500004', ARRAY['सुनील वर्मा', 'सुनीता वर्मा', 'अनीता वर्मा']),
       test.family('9821500005', ARRAY['Gita Devi', 'Devi Gita', 'गीता देवी']),
       test.family('9821500006', ARRAY['Sita Devi', 'Ram Das']) \g /dev/null
SET ROLE regress_names;
SELECT typed, test.means(mobile, typed) AS answer FROM (VALUES
    ('9821500001', 'રમેશ પટેલ'), ('9821500001', 'राकेश पटेल'), ('9821500001', 'Kokila Ramesh Patel'), ('9821500001', 'R. Patel'), ('9821500001', 'RAKESHBHAI PATEL'),
    ('9821500002', 'मोहम्मद आसिफ खान'), ('9821500002', 'Md. Aarif'), ('9821500002', 'Jinat Begam'), ('9821500002', 'Mohammad Amir Khan'),
    ('9821500003', 'எம். முருகன்'), ('9821500003', 'முருகன்'), ('9821500003', 'S. Murugan'), ('9821500003', 'Murugan Selvi'),
    ('9821500004', 'Sunita Verma'), ('9821500004', 'Suneel Varma'), ('9821500004', 'Savita Verma'), ('9821500004', 'Verma'),
    ('9821500005', 'Gita Devi'), ('9821500005', 'ગીતા દેવી'), ('9821500005', 'Geeta'),
    ('9821500006', 'Seeta'), ('9821500006', 'রাম দাস'), ('9821500006', 'Ram Sharan Das')) AS sample (mobile, typed);
RESET ROLE;
