-- Pages of entities: origins, default purposes, and gateways that act by them.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('pages-one', 'A test asks whether you are vaccinated.'), kycvs.add_purpose('pages-two', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_pages;
CREATE ROLE regress_pages_other;
CREATE ROLE regress_pages_gateway IN ROLE kycvs_gateway;
CREATE ROLE regress_pages_admin IN ROLE kycvs_admin;
SELECT kycvs.add_entity('pages', 'Pages', 'regress_pages', ARRAY['pages-one']), kycvs.add_entity('pages-other', 'Pages Other', 'regress_pages_other', ARRAY['pages-one', 'pages-two']) \g /dev/null

/* ---- what is set ---- */

SET ROLE regress_pages_admin;
SELECT kycvs.set_page('pages', ARRAY['https://shop.example', 'https://shop.example:8443', 'http://localhost:8000', 'http://127.0.0.1']);
SELECT kycvs.set_default_purpose('pages-other', 'pages-two');
SELECT * FROM kycvs.pages WHERE code ~ '^pages';
RESET ROLE;
SELECT event, outcome, e.code AS entity, calling_role FROM kycvs_data.audit AS a JOIN kycvs_data.entity AS e ON e.id = a.entity WHERE event IN ('set_page', 'set_default_purpose') AND e.code ~ '^pages' ORDER BY a.id;

-- what is no origin
SELECT origin, test.refusal(format('SELECT kycvs.set_page(%L, ARRAY[%L])', 'pages', origin)) AS refusal
FROM unnest(ARRAY['', 'shop.example', 'https://', 'https://shop.example/', 'https://shop.example/path', 'https://Shop.example', 'https://shop..example', 'https://.example', 'https://shop.example.', 'https://-shop.example', 'https://shop-.example',
    'https://shop.example:', 'https://shop.example:0', 'https://shop.example:080', 'https://shop.example:443', 'https://shop.example:65536', 'https://shop.example:8443 https://evil.example', 'https://*.example', 'https://user@shop.example', 'https://shop.example;',
    'http://shop.example', 'http://localhost.example', 'http://127.0.0.2', 'http://localhost:80', 'null', '*', 'https://' || repeat('x', 120)]) AS origin;
SELECT test.refusal(statement) FROM unnest(ARRAY[$$SELECT kycvs.set_page('no-such-entity', '{}')$$, $$SELECT kycvs.set_page('pages', NULL)$$, $$SELECT kycvs.set_page('pages', '{NULL}')$$,
    $$SELECT kycvs.set_page('pages', array_fill('https://shop.example'::text, ARRAY[17]))$$,
    $$SELECT kycvs.set_default_purpose('no-such-entity', 'pages-one')$$, $$SELECT kycvs.set_default_purpose('pages', 'pages-two')$$, $$SELECT kycvs.set_default_purpose('pages', 'no-such-purpose')$$, $$SELECT kycvs.set_default_purpose('pages', NULL)$$]) AS statement;
SELECT cardinality(origins) AS origins FROM kycvs.pages WHERE code = 'pages';

/* ---- a gateway acts by an open page ---- */

SET ROLE regress_pages_gateway;
SELECT code, suspended FROM kycvs.pages WHERE code ~ '^pages';
SELECT * FROM kycvs.read_page('pages');
SELECT count(*) AS without_page FROM kycvs.read_page('pages-other');
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', 'pages-one', 'P1', api_key => 'page:pages') AS receipt \gset
SELECT :'receipt'::jsonb ->> 'aud' AS entity, test.jti(:'receipt') AS txn \gset
SELECT :'entity' AS entity;
SELECT kycvs.try_verify_otp(:'txn', test.otp(:'txn'), true, 'page:pages') AS consent \gset
SELECT kycvs.try_status(:'consent', api_key => 'page:pages') ->> 'status' AS status;
-- no page, no such entity, not written like that
SELECT key, kycvs.try_issue_otp('9825100001', 'Tara Singh', 'pages-one', api_key => key) ->> 'error' AS error
FROM unnest(ARRAY['page:pages-other', 'page:no-such-entity', 'page:', 'page', 'PAGE:pages', ' page:pages', 'page:pages ']) AS key;
RESET ROLE;
-- nobody else may
SET ROLE regress_pages;
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', 'pages-one', api_key => 'page:pages') ->> 'error' AS itself;
SELECT test.refusal('SELECT * FROM kycvs.pages') AS pages;
RESET ROLE;
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', 'pages-one', api_key => 'page:pages') ->> 'error' AS superuser;

-- closed, and suspended
SELECT kycvs.set_page('pages', '{}'), kycvs.set_page('pages-other', '{https://shop.example}') \g /dev/null
SELECT kycvs.suspend_entity('pages-other') \g /dev/null
SET ROLE regress_pages_gateway;
SELECT count(*) AS open FROM (SELECT kycvs.read_page(code) FROM unnest(ARRAY['pages', 'pages-other']) AS code) AS read;
SELECT kycvs.try_status(:'consent', api_key => 'page:pages') ->> 'error' AS closed, kycvs.try_status(:'consent', api_key => 'page:pages-other') ->> 'error' AS suspended;
RESET ROLE;
SELECT kycvs.resume_entity('pages-other') \g /dev/null

/* ---- no purpose: the default, or else the only one ---- */

SELECT kycvs.create_api_key('pages') AS one_key, kycvs.create_api_key('pages-other') AS other_key \gset
SET ROLE regress_pages_gateway;
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', '', api_key => :'one_key') ->> 'purpose' AS only_one, kycvs.try_issue_otp('9825100001', 'Tara Singh', '', api_key => :'other_key') ->> 'purpose' AS set;
RESET ROLE;
UPDATE kycvs_data.page SET default_purpose = NULL WHERE default_purpose IS NOT NULL;
SET ROLE regress_pages_gateway;
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', '', api_key => :'other_key') ->> 'error' AS several;
RESET ROLE;
SET ROLE regress_pages;
SELECT kycvs.try_issue_otp('9825100001', 'Tara Singh', '') ->> 'error' AS without_key;
RESET ROLE;

/* ---- strangers come to a page: they leave something to the entity's own calls ---- */

SELECT kycvs.set_page('pages', '{https://shop.example}') \g /dev/null
-- one more than is allowed by the page, then two more by the entity, of which one is too many
SET ROLE regress_pages_gateway;
SELECT count(*) AS codes, bool_or(receipt ->> 'error' = 'KV007') AS refused
FROM (SELECT kycvs.try_issue_otp('9825100002', 'Tara Singh', 'pages-one', 'S' || n, api_key => 'page:pages') AS receipt FROM generate_series(1, 4) AS n) AS asked;
SELECT kycvs.try_issue_otp('9825100002', 'Tara Singh', 'pages-one', 'S5', api_key => 'page:pages') ->> 'error' AS by_page;
SELECT kycvs.try_issue_otp('9825100002', 'Tara Singh', 'pages-one', 'S5', api_key => :'one_key') ? 'jti' AS by_key;
SELECT kycvs.try_issue_otp('9825100002', 'Tara Singh', 'pages-one', 'S6', api_key => :'one_key') ->> 'error' AS by_key_too;
RESET ROLE;
-- half of the budget for failures: one of two
SELECT kycvs.set_budget('pages', 2) \g /dev/null
SET ROLE regress_pages_gateway;
SELECT kycvs.try_issue_otp('9825100003', 'Tara Singh', 'pages-one', 'S1', api_key => 'page:pages') ->> 'jti' AS txn \gset
SELECT kycvs.try_verify_otp(:'txn', test.wrong(test.otp(:'txn')), true, 'page:pages') ->> 'error' AS wrong;
SELECT kycvs.try_issue_otp('9825100004', 'Tara Singh', 'pages-one', 'S1', api_key => 'page:pages') ->> 'error' AS by_page;
SELECT kycvs.try_issue_otp('9825100004', 'Tara Singh', 'pages-one', 'S1', api_key => :'one_key') ? 'jti' AS by_key;
RESET ROLE;
