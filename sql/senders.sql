-- Senders: routes by which messages go, attempts, receipts, what is counted.
\getenv abs_srcdir PG_ABS_SRCDIR
\set helpers :abs_srcdir '/sql/include/helpers.sql'
\i :helpers

SELECT kycvs.add_purpose('send', 'A test asks whether you are vaccinated.') \g /dev/null
CREATE ROLE regress_sending IN ROLE kycvs_sender;
CREATE ROLE regress_sends;
CREATE ROLE regress_routes IN ROLE kycvs_admin;
SELECT kycvs.add_entity('sends', 'Sends', 'regress_sends', ARRAY['send']) \g /dev/null

/* ---- routes ---- */

SET ROLE regress_routes;
-- what cannot be used is said, and nothing kept
SELECT statement, test.refusal('SELECT kycvs.add_sms_route(' || statement || ')') AS refusal
FROM unnest(ARRAY[$$'r', 'https://sms.example/?text={text}'$$, $$'r', 'https://sms.example/?to={to}&text={text}&key={otp}'$$, $$'r', 'https://sms.example/?to={to}&text={text'$$, $$'r', 'https://sms.example/?to={to}&text={text}}'$$,
    $$'r', 'ftp://sms.example/?to={to}&text={text}'$$, $$'r', 'https://user@sms.example/?to={to}&text={text}'$$, $$'r', 'https://sms.example/?to={to}&text={text} '$$, $$'r', 'http://127.0.0.1/?to={to}&text={text}'$$,
    $$'a b', 'https://sms.example/?to={to}&text={text}'$$, $$'', 'https://sms.example/?to={to}&text={text}'$$, $$NULL, 'https://sms.example/?to={to}&text={text}'$$, $$'r', NULL$$, $$'r', ''$$, $$'r', 'https://sms.example/?to={to}&text={text}' || repeat('x', 985)$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', 'PUT'$$, $$'r', 'https://sms.example/?to={to}&text={text}', body => 'x'$$, $$'r', 'https://sms.example/', 'POST', body => '{"to": "{to}"}', body_format => 'json'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', 'POST', body => ''$$, $$'r', 'https://sms.example/?to={to}&text={text}', 'POST', body => repeat('b', 2049)$$, $$'r', 'https://sms.example/?to={to}&text={text}', body_format => 'xml'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', headers => '{X-Key}'$$, $$'r', 'https://sms.example/?to={to}&text={text}', headers => '{Host: x}'$$, $$'r', 'https://sms.example/?to={to}&text={text}', headers => '{"X: x", "Y: {z}"}'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', headers => ARRAY[E'X: a\r\nY: b']$$, $$'r', 'https://sms.example/?to={to}&text={text}', headers => '{NULL}'$$, $$'r', 'https://sms.example/?to={to}&text={text}', headers => NULL$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', headers => array_fill('X: x'::text, ARRAY[9])$$, $$'r', 'https://sms.example/?to={to}&text={text}', headers => ARRAY['X: ' || repeat('x', 254)]$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', priority => -1$$, $$'r', 'https://sms.example/?to={to}&text={text}', success_status => 0$$, $$'r', 'https://sms.example/?to={to}&text={text}', success_pattern => '('$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', success_pattern => ''$$, $$'r', 'https://sms.example/?to={to}&text={text}', success_pattern => '(a{255}){255}'$$, $$'r', 'https://sms.example/?to={to}&text={text}', success_pattern => repeat('p', 257)$$, $$'r', 'https://sms.example/?to={to}&text={text}', success_pattern => '(.*)\1'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', username => 'u'$$, $$'r', 'https://sms.example/?to={to}&text={text}&p={secret}'$$, $$'r', 'https://sms.example/?to={to}&text={text}', secret_file => 's'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', username => 'u', secret_file => '../s'$$, $$'r', 'https://sms.example/?to={to}&text={text}', username => 'u', secret_file => 'receipt.key'$$, $$'r', 'https://sms.example/?to={to}&text={text}', username => 'u:v', secret_file => 's'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', per_minute => 0$$, $$'r', 'https://sms.example/?to={to}&text={text}', attempt_timeout => '16 s'$$, $$'r', 'https://sms.example/?to={to}&text={text}', attempt_timeout => '1 month'$$,
    $$'r', 'https://sms.example/?to={to}&text={text}', attempt_timeout => NULL$$, $$'r', 'https://sms.example/?to={to}&text={text}', allow_private => NULL$$, $$'r', 'https://sms.example/', 'POST', '{}', '{{"to":"{to}","text":{text}}}', 'json'$$]) WITH ORDINALITY AS sample (statement, n) ORDER BY n;
SELECT count(*) FROM kycvs.sms_routes;

-- the shapes that there are; a URL without TLS is told; ROLLBACK undoes nothing
BEGIN;
SELECT kycvs.add_sms_route('kannel', 'http://127.0.0.1:13013/cgi-bin/sendsms?username=kycvs&password={secret}&to={to}&text={text}&coding={coding}&dlr-mask=19&dlr-url={receipt_url}', priority => 10, success_status => 202, secret_file => 'kannel.secret', allow_private => true);
ROLLBACK;
SELECT kycvs.add_sms_route('form', 'http://sms.example/send', 'POST', body => 'to={to_digits}&message={text}&entity={entity_id}&template={template_id}', username => 'kycvs', secret_file => 'form.secret', per_minute => 30);
SELECT kycvs.add_sms_route('json', 'https://api.sms.example/v1/messages', 'POST', ARRAY['Authorization: Bearer {secret}', 'X-Reference: {id}'], '{{"to":"{to}","text":"{text}"}}', 'json', priority => 20,
                           success_pattern => '"status" *: *"queued"', secret_file => 'json.secret', attempt_timeout => '2500 ms');
SELECT kycvs.add_sms_route('json', 'https://sms.example/?to={to}&text={text}');
-- suspended, removed
SELECT kycvs.suspend_sms_route('form');
SELECT kycvs.suspend_sms_route('no-such-route');
SELECT kycvs.resume_sms_route(NULL);
SELECT kycvs.remove_sms_route('no-such-route');
\x on
SELECT * FROM kycvs.sms_routes;
\x off
SELECT kycvs.remove_sms_route(name) FROM kycvs.sms_routes \g /dev/null
-- as many as there may be
SELECT kycvs.add_sms_route('route-' || n, 'https://sms.example/?to={to}&text={text}') FROM generate_series(1, 16) AS n \g /dev/null
SELECT kycvs.add_sms_route('route-17', 'https://sms.example/?to={to}&text={text}');
SELECT kycvs.remove_sms_route(name) FROM kycvs.sms_routes \g /dev/null
RESET ROLE;
-- all is in the audit
SELECT event, outcome, count(*) FROM kycvs_data.audit WHERE event ~ 'sms_route' AND calling_role = 'regress_routes' GROUP BY 1, 2 ORDER BY 1, 2;
-- who sends only reads them; others do not even that
SET ROLE regress_sending;
SELECT count(*) FROM kycvs.sms_routes;
SELECT test.refusal($$SELECT kycvs.remove_sms_route('x')$$);
SET ROLE regress_sends;
SELECT test.refusal('SELECT * FROM kycvs.sms_routes'), test.refusal('SELECT * FROM kycvs.message_stats'), test.refusal('SELECT kycvs.message_receipt(1, true)');
RESET ROLE;

/* ---- what follows is about messages ---- */

-- the first of our messages
CREATE TEMP TABLE first AS SELECT 0::bigint AS id;
-- not so near the end of a minute that a cap would begin anew in between
CREATE FUNCTION pg_temp.early() RETURNS void LANGUAGE sql AS
$$ SELECT pg_sleep(CASE WHEN extract(second FROM clock_timestamp()) > 40 THEN 60.1 - extract(second FROM clock_timestamp()) ELSE 0 END) $$;
-- the next messages: how manieth of ours, route, attempt
CREATE FUNCTION pg_temp.next(n int, down text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(format('%s %s %s', m.id - f.id + 1, coalesce(m.route, '-'), m.attempt), ', ' ORDER BY m.id), 'none') FROM kycvs.next_messages(n, down) AS m, first AS f $$;
-- what one of ours is like
CREATE FUNCTION pg_temp.state(number int) RETURNS text LANGUAGE sql AS
$$ SELECT format('%s %s', m.state, m.detail) || CASE WHEN m.state = 'waiting' AND NOT m.in_hand AND m.claimed_until <> '-infinity' THEN format(' rests %s s', round(extract(epoch FROM m.claimed_until - m.done_at))) ELSE '' END
                || CASE WHEN m.receipt <> '' THEN ' ' || m.receipt ELSE '' END
   FROM kycvs_data.message AS m, first AS f WHERE m.id = f.id + number - 1 $$;
CREATE FUNCTION pg_temp.done(number int, delivered boolean, detail text, attempt int DEFAULT NULL, retry boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT test.refusal(format('SELECT kycvs.message_done(%s, %L, %L, %L, %L)', f.id + number - 1, delivered, detail, attempt, retry)) FROM first AS f $$;
CREATE FUNCTION pg_temp.receipt(number int, delivered boolean, detail text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT test.refusal(format('SELECT kycvs.message_receipt(%s, %L, %L)', f.id + number - 1, delivered, detail)) FROM first AS f $$;
-- the pause of one of ours is over
CREATE PROCEDURE pg_temp.rested(number int) LANGUAGE sql AS
$$ UPDATE kycvs_data.message AS m SET claimed_until = '-infinity', done_at = m.done_at - interval '1 hour' FROM first AS f WHERE m.id = f.id + number - 1 $$;
CREATE FUNCTION pg_temp.issue(from_number int, to_number int) RETURNS void LANGUAGE sql AS
$$ SELECT kycvs_issue_otp((9827000000 + n)::text, 'Usha Menon', 'send', 'S') FROM generate_series(from_number, to_number) AS n $$;
UPDATE kycvs_data.message SET state = 'sent' WHERE state = 'waiting';
CREATE TEMP TABLE before AS SELECT * FROM kycvs.message_stats WHERE route IS NULL;

SET ROLE regress_sends;
SELECT pg_temp.issue(1, 40) \g /dev/null
RESET ROLE;
UPDATE first SET id = (SELECT max(id) - 39 FROM kycvs_data.message);

/* ---- no routes ---- */

SELECT pg_temp.next(2);
SELECT id - (SELECT id FROM first) AS number, mobile, language, template_id, entity_id, route, attempt, expires_in BETWEEN '2 min' AND '3 min' AS lives FROM kycvs.next_messages(1);
SELECT id - (SELECT id FROM first) AS number, route, attempt FROM kycvs.await_messages(1, '1 s', '{no-such-route}');
-- reported by its attempt, or by the message alone; once
SELECT pg_temp.done(1, true, 'HTTP 202', 1) AS sent, pg_temp.done(1, true, NULL, 1) AS again, pg_temp.done(2, false, 'HTTP 400') AS failed, pg_temp.done(3, true, NULL, 2) AS another_attempt,
       pg_temp.done(3, true, NULL, 0) AS none, pg_temp.done(3, true, NULL, -1) AS negative, pg_temp.done(3, true, NULL, 1) AS its_own;
SELECT pg_temp.done(4, true, 'x', 1, true) AS delivered_again, pg_temp.done(4, false, 'HTTP 500', 1, NULL) AS perhaps, pg_temp.done(5, false, 'HTTP 500', NULL, true) AS not_claimed;
-- a detail must not tell what was sent
SELECT pg_temp.done(4, true, 'sent 123456 to you', 1), pg_temp.state(4);
-- again after a pause, by the same way: 1, 2, 4 seconds
SELECT pg_temp.next(1);
SELECT pg_temp.done(5, false, 'timed out', 1, true) AS done, pg_temp.done(5, false, 'timed out', 1, true) AS again, pg_temp.done(5, true, NULL, 1) AS too_late, pg_temp.state(5);
SELECT pg_temp.next(1), pg_temp.state(5);
CALL pg_temp.rested(5);
SELECT pg_temp.next(1);
SELECT pg_temp.done(5, false, 'HTTP 500', 2, true), pg_temp.next(1), pg_temp.state(5);
CALL pg_temp.rested(5);
SELECT pg_temp.next(1);
SELECT pg_temp.done(5, false, 'HTTP 500', 3, true), pg_temp.next(1), pg_temp.state(5);
-- never beyond its own life
UPDATE kycvs_data.message AS m SET claimed_until = '-infinity', expires_at = m.done_at + interval '3 seconds' FROM first AS f WHERE m.id = f.id + 4;
SELECT pg_temp.next(1), pg_temp.state(5);
UPDATE kycvs_data.message AS m SET claimed_until = '-infinity', expires_at = clock_timestamp() FROM first AS f WHERE m.id = f.id + 4;
SELECT pg_temp.next(1), pg_temp.state(5);
SELECT pg_temp.done(5, true, NULL, 3) AS too_late;
-- a lease that ended: the attempt is over when another has the message
UPDATE kycvs_data.message AS m SET claimed_until = clock_timestamp() FROM first AS f WHERE m.id = f.id + 5;
SELECT pg_temp.done(6, false, 'HTTP 500', 1, true) AS still_its_own, pg_temp.state(6);
CALL pg_temp.rested(6);
SELECT pg_temp.next(1);
UPDATE kycvs_data.message AS m SET claimed_until = '-infinity' FROM first AS f WHERE m.id = f.id + 5;
SELECT pg_temp.next(1);
SELECT pg_temp.done(6, true, NULL, 2) AS not_any_more, pg_temp.done(6, true, NULL, 3) AS but_this;
-- a retry of what has expired drops it
UPDATE kycvs_data.message AS m SET expires_at = clock_timestamp() FROM first AS f WHERE m.id = f.id + 6;
SELECT pg_temp.done(7, false, 'timed out', NULL, true), pg_temp.state(7);

/* ---- the choice of a route ---- */

SELECT kycvs.add_sms_route('second', 'https://second.example/?to={to}&text={text}', priority => 20),
       kycvs.add_sms_route('first', 'https://first.example/?to={to}&text={text}', priority => 10),
       kycvs.add_sms_route('third', 'https://third.example/?to={to}&text={text}', priority => 30) \g /dev/null
-- the lowest number; the next when it is down or suspended; none
SELECT pg_temp.next(1), pg_temp.next(1, '{first}') AS first_down, pg_temp.next(1, '{first,second}') AS two_down, pg_temp.next(1, '{first,second,third,no-such-route}') AS all_down;
SELECT kycvs.suspend_sms_route('first');
SELECT pg_temp.next(1), pg_temp.next(1, '{second}');
SELECT kycvs.suspend_sms_route('second'), kycvs.suspend_sms_route('third') \g /dev/null
SELECT pg_temp.next(1);
SELECT kycvs.resume_sms_route(name) FROM kycvs.sms_routes \g /dev/null
SELECT test.refusal('SELECT kycvs.next_messages(1, NULL)') AS null, test.refusal('SELECT kycvs.next_messages(1, ''{NULL}'')') AS of_null, test.refusal('SELECT kycvs.next_messages(1, array_fill(''x''::text, ARRAY[17]))') AS too_many,
       test.refusal('SELECT kycvs.next_messages(1, ARRAY[repeat(''x'', 65)])') AS too_long;
-- what failed goes by the others at once, each once; then it rests, and goes by the first that did not fail last
SELECT pg_temp.done(11, false, 'HTTP 500', 1, true), pg_temp.next(1), pg_temp.done(11, false, 'HTTP 500', 2, true), pg_temp.next(1), pg_temp.done(11, false, 'HTTP 500', 3, true);
SELECT pg_temp.next(1), pg_temp.state(11);
CALL pg_temp.rested(11);
SELECT pg_temp.next(1);
SELECT pg_temp.done(11, false, 'HTTP 500', 4, true), pg_temp.next(1), pg_temp.state(11);
CALL pg_temp.rested(11);
SELECT pg_temp.next(1), pg_temp.done(11, true, 'HTTP 200', 5);
-- the only route that has not failed it is down: it rests as if there were none
SELECT pg_temp.done(12, false, 'timed out', 1, true), pg_temp.next(1, '{first,third}'), pg_temp.state(12);
CALL pg_temp.rested(12);
SELECT pg_temp.next(1, '{first,third}'), pg_temp.done(12, true, NULL, 2);

/* ---- caps ---- */

SELECT kycvs.remove_sms_route('third') \g /dev/null
SELECT kycvs.remove_sms_route('first'), kycvs.add_sms_route('first', 'https://first.example/?to={to}&text={text}', priority => 10, per_minute => 2) \g /dev/null
SELECT kycvs.remove_sms_route('second'), kycvs.add_sms_route('second', 'https://second.example/?to={to}&text={text}', priority => 20, per_minute => 3) \g /dev/null
SELECT pg_temp.early() \g /dev/null
SELECT pg_temp.next(4), pg_temp.next(4), pg_temp.next(4);
-- a minute later
UPDATE kycvs_data.sms_count SET minute = minute - interval '1 minute';
SELECT pg_temp.next(1);
-- a retry is counted, too
SELECT pg_temp.done(19, false, 'HTTP 500', 1, true), pg_temp.next(1), pg_temp.next(1), pg_temp.next(1), pg_temp.next(1), pg_temp.next(1);
-- those beyond a cap expire when their OTPs do
UPDATE kycvs_data.message AS m SET expires_at = clock_timestamp() FROM first AS f WHERE m.id = f.id + 27;
SELECT pg_temp.next(1), pg_temp.state(28), pg_temp.state(29);
-- in all, whatever the routes
SELECT kycvs.remove_sms_route(name) FROM kycvs.sms_routes \g /dev/null
ALTER SYSTEM SET kycvs.messages_per_minute = 3;
SELECT pg_reload_conf();
SELECT pg_sleep(0.5) \g /dev/null
UPDATE kycvs_data.sms_count SET minute = minute - interval '1 minute';
SELECT pg_temp.early() \g /dev/null
SELECT pg_temp.next(2), pg_temp.next(20), pg_temp.next(20);
ALTER SYSTEM RESET kycvs.messages_per_minute;
SELECT pg_reload_conf();
SELECT pg_sleep(0.5) \g /dev/null
SELECT pg_temp.next(2);

/* ---- receipts ---- */

SELECT pg_temp.receipt(1, true, 'DELIVRD') AS delivered, pg_temp.receipt(1, true) AS twice, pg_temp.receipt(3, false, 'EXPIRED') AS undelivered, pg_temp.receipt(40, true) AS never_sent,
       test.refusal('SELECT kycvs.message_receipt(0, true)') AS unknown, test.refusal('SELECT kycvs.message_receipt(NULL, true)') AS null, test.refusal('SELECT kycvs.message_receipt(1, NULL)') AS perhaps;
SELECT pg_temp.state(1), pg_temp.state(3);
-- earlier than the sender's own report; and when the sender did not live to report, it is not sent again
SELECT pg_temp.receipt(32, true) AS early, pg_temp.state(32), pg_temp.done(32, true, 'HTTP 202', 1), pg_temp.state(32);
SELECT pg_temp.receipt(33, true) AS early;
UPDATE kycvs_data.message AS m SET claimed_until = '-infinity' FROM first AS f WHERE m.id = f.id + 32;
SELECT pg_temp.next(1), pg_temp.state(33);

/* ---- what is counted ---- */

-- since the beginning of this test, also by routes that are no more
SELECT s.sent - b.sent AS sent, s.failed - b.failed AS failed, s.expired - b.expired AS expired, s.retried - b.retried AS retried, s.delivered - b.delivered AS delivered, s.undelivered - b.undelivered AS undelivered
FROM kycvs.message_stats AS s, before AS b WHERE s.route IS NULL;
SELECT kycvs.add_sms_route('first', 'https://first.example/?to={to}&text={text}', priority => 10), kycvs.add_sms_route('second', 'https://second.example/?to={to}&text={text}', priority => 20) \g /dev/null
UPDATE kycvs_data.message SET state = 'failed' WHERE state = 'waiting' AND id <= (SELECT id + 33 FROM first);
SELECT pg_temp.next(5);
UPDATE kycvs_data.message AS m SET created_at = clock_timestamp() - CASE m.id - f.id WHEN 38 THEN interval '40 seconds' WHEN 36 THEN interval '50 seconds' ELSE interval '0' END FROM first AS f WHERE m.id >= f.id + 34;
SELECT pg_temp.done(35, true, NULL, 1), pg_temp.done(36, true, NULL, 1), pg_temp.done(37, false, NULL, 1, true), pg_temp.done(38, false, NULL, 1), pg_temp.done(39, true, NULL, 1), pg_temp.receipt(35, true);
SET ROLE regress_sending;
SELECT route, waiting, oldest_waiting BETWEEN '50 s' AND '70 s' AS oldest, sent, failed, expired, retried, delivered, undelivered, p50 < '5 s' AS p50, p99 BETWEEN '40 s' AND '50 s' AS p99 FROM kycvs.message_stats WHERE route IS NOT NULL;
SELECT waiting, oldest_waiting BETWEEN '50 s' AND '70 s' AS oldest FROM kycvs.message_stats WHERE route IS NULL;
-- what is too late counts as such before anybody has dropped it
RESET ROLE;
UPDATE kycvs_data.message AS m SET expires_at = clock_timestamp() FROM first AS f WHERE m.id = f.id + 36;
SELECT route, waiting, oldest_waiting, expired FROM kycvs.message_stats WHERE route = 'first';
-- each minute of the last hour has its place, which is used again
SELECT count(*) > 0 AS some, bool_and(array_length(steps, 1) = 160) AS whole, bool_and(minute > clock_timestamp() - interval '1 hour') AS new FROM kycvs_data.sms_delay;
UPDATE kycvs_data.sms_delay SET minute = minute - interval '1 hour';
SELECT pg_temp.next(1, '{first}'), pg_temp.done(40, true, NULL, 1);
SELECT route, p50 < '5 s' AS p50, p99 < '5 s' AS p99 FROM kycvs.message_stats;
-- the index of what waits is enough
SELECT array_agg(setting ORDER BY setting) FROM pg_proc, unnest(proconfig) AS setting WHERE proname = 'read_message_stats';

SELECT kycvs.remove_sms_route(name) FROM kycvs.sms_routes \g /dev/null
UPDATE kycvs_data.message SET state = 'sent' WHERE state = 'waiting';
DROP ROLE regress_sending, regress_routes;
