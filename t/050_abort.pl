# Every way to abort a call or to have it made by something else, in every
# isolation level, read-write and read-only: whoever was told has been charged,
# and the audit has a row for each call that was decided (T1, T3, T4, T5, T9, T10).
#
# A cell is one way, one call, one isolation level and one access mode. What it
# must cost follows from how often the way makes the call: never when it is
# refused before, and in a read-only transaction always never.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

# Waiting WAL is lost in the crash at the end: what was not flushed on purpose is not flushed.
my $node = new_registry('abort', conf => <<'CONF');
max_connections = 60
max_prepared_transactions = 2
wal_level = replica
max_wal_senders = 2
wal_writer_delay = 10s
CONF
my $observer = session($node);
my $authority = authority_pid($observer);
my $caller = session($node, user => 'railway');

my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my @calls = ('issue', 'resend', 'right OTP', 'wrong OTP', 'try wrong OTP', 'status');
my ($cells, $mismatches) = (0, 0);
my %told;

# ---- what a call needs, says and costs ---------------------------------------

$observer->value(<<'SQL');
SELECT kycvs.set_budget('irctc', 1000000);
CREATE ROLE clerk LOGIN;
GRANT clerk TO railway;
CREATE SCHEMA app;
GRANT ALL ON SCHEMA app TO railway;
GRANT USAGE ON SCHEMA app TO clerk;
CREATE SCHEMA test;

CREATE TABLE test.material (n int, mobile text, txn uuid, otp text, consent jsonb, wanted boolean);
GRANT USAGE ON SCHEMA test TO railway;
GRANT SELECT ON test.material TO railway;

CREATE FUNCTION test.audit(after bigint) RETURNS jsonb LANGUAGE sql AS
$$
  SELECT coalesce(jsonb_object_agg(what, n), '{}')
  FROM (SELECT event || ' ' || outcome AS what, count(*) AS n FROM kycvs_data.audit WHERE id > after GROUP BY 1) AS a
$$;
CREATE FUNCTION test.costs() RETURNS jsonb LANGUAGE sql AS
$$
  SELECT jsonb_build_object('audit', (SELECT max(id) FROM kycvs_data.audit), 'messages', (SELECT count(*) FROM kycvs_data.message),
      'answers', (SELECT count(*) FROM kycvs_data.answer)) || to_jsonb(c) || to_jsonb(d) || to_jsonb(e)
  FROM (SELECT count(*) AS challenges, sum(tries) AS tries, sum(resends) AS resends, count(failed_at) AS failed,
               count(*) FILTER (WHERE verified) AS verified FROM kycvs_data.challenge) AS c,
       (SELECT count(*) AS consents, coalesce(sum(used), 0) AS used, coalesce(sum(repeats), 0) AS repeats FROM kycvs_data.consent) AS d,
       (SELECT count(*) FILTER (WHERE event = 'sent') AS sent_events, count(*) FILTER (WHERE event = 'failed') AS failed_events
        FROM kycvs_data.charge) AS e
$$;
SQL

# What the calls of this list need, a hash each: a number, or a challenge with
# its OTP that may be sent again, or a consent.
sub prepare
{
    my @wanted = @_;
    my @kinds = map { $_ eq 'status' ? 'consent' : 'challenge' } grep { $_ ne 'issue' } @wanted;
    my $values = join(',', map { "($_, '" . next_mobile() . "', '$kinds[$_]' = 'consent')" } 0 .. $#kinds);
    my %rows;
    my $output = $observer->value(<<"SQL");
TRUNCATE test.material;
INSERT INTO test.material (n, mobile, wanted) VALUES $values;
SET ROLE railway;
SELECT n, kycvs_issue_otp(mobile, 'Ramesh Patel', 'ticket-booking') ->> 'jti' AS txn INTO TEMP issued FROM test.material;
RESET ROLE;
SELECT m.challenge, substring(s.body FROM '[0-9]{6}') AS otp INTO TEMP sent FROM kycvs.next_messages(1000) AS s JOIN kycvs_data.message AS m USING (id);
UPDATE test.material AS m SET txn = i.txn::uuid, otp = s.otp FROM issued AS i JOIN sent AS s ON s.challenge = i.txn::uuid WHERE m.n = i.n;
UPDATE kycvs_data.message SET state = 'sent' WHERE state = 'waiting';
UPDATE kycvs_data.challenge AS c SET sent_at = sent_at - interval '31 s' FROM test.material AS m WHERE m.txn = c.id;
DROP TABLE issued, sent;
SET ROLE railway;
SELECT mobile, txn, otp, CASE WHEN wanted THEN kycvs_verify_otp(txn, otp, true) END FROM test.material ORDER BY n;
RESET ROLE;
SQL

    foreach my $row (split /\n/, $output)
    {
        my %m;

        @m{qw(mobile txn otp consent)} = split /\|/, $row;
        push @{ $rows{ $m{consent} ? 'status' : 'challenge' } }, \%m;
    }
    return map { $_ eq 'issue' ? { mobile => next_mobile() } : shift @{ $rows{ $_ eq 'status' ? 'status' : 'challenge' } } } @wanted;
}

sub otp_of
{
    my ($call, $m) = @_;

    return '' unless defined $m->{otp};
    return $m->{otp} if $call eq 'right OTP';
    return sprintf('%06d', ($m->{otp} + 1) % 1000000);
}

# The call, with its arguments as they are, or from the columns of a table.
sub call_of
{
    my ($call, $m) = @_;
    my $otp = otp_of($call, $m);

    return "kycvs_issue_otp('$m->{mobile}', 'Ramesh Patel', 'ticket-booking')" if $call eq 'issue';
    return "kycvs_resend_otp('$m->{txn}')" if $call eq 'resend';
    return "kycvs.try_verify_otp('$m->{txn}', '$otp', true)" if $call eq 'try wrong OTP';
    return "kycvs_verify_otp('$m->{txn}', '$otp', true)" if $call =~ /OTP/;
    return "kycvs_status(\$j\$$m->{consent}\$j\$)";
}

sub call_of_columns
{
    my ($call, $prefix) = @_;

    return "kycvs_issue_otp(${prefix}mobile, 'Ramesh Patel', 'ticket-booking')" if $call eq 'issue';
    return "kycvs_resend_otp(${prefix}txn)" if $call eq 'resend';
    return "kycvs.try_verify_otp(${prefix}txn, ${prefix}otp, true)" if $call eq 'try wrong OTP';
    return "kycvs_verify_otp(${prefix}txn, ${prefix}otp, true)" if $call =~ /OTP/;
    return "kycvs_status(${prefix}consent)";
}

my $columns = 'mobile text, txn uuid, otp text, consent jsonb';

sub row_of
{
    my ($call, $m) = @_;
    my ($mobile, $txn, $consent) =
      map { defined $_ && $_ ne '' ? "\$j\$$_\$j\$" : 'NULL' } @$m{qw(mobile txn consent)};

    return "($mobile, $txn, '" . otp_of($call, $m) . "', $consent)";
}

# A call made n times, if its refusals do not end it: what is written, and its SQLSTATE.
sub cost_of
{
    my ($call, $n) = @_;

    return ({}, '00000') if $n == 0;
    return ({ 'issue 00000' => $n, challenges => 1, messages => 1, sent_events => 2 }, '00000') if $call eq 'issue';
    if ($call eq 'resend')
    {
        my %cost = ('resend 00000' => 1, resends => 1, messages => 1, sent_events => 2);

        $cost{'resend KV007'} = 1 if $n > 1;
        return (\%cost, $n > 1 ? 'KV007' : '00000');
    }
    if ($call eq 'right OTP')
    {
        my %cost = ('verify 00000' => $n, tries => 1, verified => 1, consents => 1);

        $cost{repeats} = $n - 1 if $n > 1;
        return (\%cost, '00000');
    }
    return ({ 'status 00000' => $n, used => 1, answers => 1 }, '00000') if $call eq 'status';
    $n = 1 if $call eq 'wrong OTP';
    return ({ 'verify KV010' => $n, tries => $n, failed => 1, failed_events => 2 * $n }, $call eq 'wrong OTP' ? 'KV010' : '00000');
}

my ($costs, $audited) = ({}, 0);

# What has been written since the last look.
sub written
{
    my $now = decode_json($observer->value('SELECT test.costs()'));
    my %written = map { $_ => $now->{$_} - ($costs->{$_} // 0) } grep { $_ ne 'audit' } keys %$now;
    my $audit = $now->{audit} == $audited ? {} : decode_json($observer->value("SELECT test.audit($audited)"));

    ($costs, $audited) = ($now, $now->{audit});
    return { map { $_->[0] => $_->[1] } grep { $_->[1] != 0 } (map { [ $_, $written{$_} ] } keys %written), map { [ $_, $audit->{$_} ] } keys %$audit };
}

sub add_costs
{
    my %sum;

    foreach my $cost (@_)
    {
        $sum{$_} += $cost->{$_} foreach keys %$cost;
    }
    return \%sum;
}

sub in_words
{
    my ($cost) = @_;
    return join(', ', map { "$_: $cost->{$_}" } sort keys %$cost) || 'nothing';
}

# Documents that a session has seen, in a result, an error or a notice.
sub listen_to
{
    my ($result) = @_;
    my $seen = $result->{output} . $result->{error};

    $told{$1} = 1 while $seen =~ /"jti": ?"([0-9a-f-]{36})"/g;
}

sub mismatch
{
    my ($text) = @_;

    $mismatches++;
    diag($text) if $mismatches <= 30;
}

# ---- the ways that one session takes by itself -------------------------------

# {E} is the call, {C} and {N} the same of the columns of a table or of NEW, {V} a
# row of such columns. "calls" is how often it is made, 1 unless told otherwise;
# "state" how the statement ends when the call itself does not fail; "read_only"
# the same in a read-only transaction, 25006 unless told otherwise. "setup" comes
# before, in a transaction of its own.
my $booking = "CREATE TEMP TABLE booking ($columns)";
my $insert = 'INSERT INTO booking VALUES {V}';
my $lie = 'CREATE FUNCTION pg_temp.lie(b pg_temp.booking) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $f$ BEGIN RETURN ({E})::text; END $f$';
my @ways = (
    { name => 'COMMIT', do => 'SELECT {E}', after => 'COMMIT' },
    { name => 'ROLLBACK', do => 'SELECT {E}' },
    { name => 'autocommit', bare => 1, do => 'SELECT {E}' },
    { name => 'savepoint', before => 'SAVEPOINT s', do => 'SELECT {E}', after => 'ROLLBACK TO s; COMMIT' },
    { name => 'in a transaction that has failed', before => 'SELECT 1/0', do => 'SELECT {E}', calls => 0, state => '25P02', read_only => '25P02' },

    # errors after the call
    { name => 'division', do => 'SELECT length(({E})::text) / 0', state => '22012' },
    { name => 'cast of the answer', do => "SELECT ('x' || ({E})::text)::int", state => '22P02' },
    { name => 'unique violation', setup => 'CREATE TEMP TABLE once (n int UNIQUE)',
        do => 'INSERT INTO once SELECT 1 WHERE ({E}) IS NOT NULL UNION ALL SELECT 1', state => '23505' },
    { name => 'RAISE with the answer', do => q[DO $f$ BEGIN RAISE '%', {E}; END $f$], state => 'P0001' },
    { name => 'a serialization failure', do => q[DO $f$ BEGIN RAISE '%', {E} USING ERRCODE = '40001'; END $f$], state => '40001' },
    { name => 'lock_timeout', before => "SET LOCAL lock_timeout = 10",
        do => 'WITH a AS MATERIALIZED (SELECT {E} AS e) SELECT pg_advisory_lock(4711) FROM a WHERE e IS NOT NULL', state => '55P03' },
    { name => 'cancels itself', do => 'WITH a AS MATERIALIZED (SELECT {E} AS e) SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60) FROM a WHERE e IS NOT NULL',
        state => '57014' },
    { name => 'terminates itself',
        do => 'WITH a AS MATERIALIZED (SELECT {E} AS e) SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60) FROM a WHERE e IS NOT NULL', state => 'lost' },
    { name => 'idle_in_transaction_session_timeout', always => 'lost', setup => 'SET idle_in_transaction_session_timeout = 20', do => 'SELECT {E}',
        after => "\\! sleep 0.1\nSELECT 1" },

    # subtransactions, procedures
    { name => 'EXCEPTION in a block', catches => 1,
        do => q[DO $f$ BEGIN PERFORM {E}; RAISE 'no'; EXCEPTION WHEN OTHERS THEN NULL; END $f$], read_only => '00000' },
    { name => 'EXCEPTION in a function', catches => 1, do => 'SELECT pg_temp.f()', read_only => '00000',
        setup => q[CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM {E}; RAISE 'no'; EXCEPTION WHEN OTHERS THEN RETURN SQLERRM; END $f$] },
    { name => 'procedure, COMMIT in between', bare => 1, do => 'CALL pg_temp.p()', state => 'P0001',
        setup => q[CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql AS $f$ BEGIN PERFORM {E}; COMMIT; RAISE 'no'; END $f$] },
    { name => 'procedure, ROLLBACK in between', bare => 1, do => 'CALL pg_temp.p()',
        setup => q[CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql AS $f$ BEGIN PERFORM {E}; ROLLBACK; END $f$] },
    { name => 'DO block', bare => 1, do => 'DO $f$ BEGIN PERFORM {E}; END $f$' },
    { name => 'EXECUTE', do => 'DO $f$ BEGIN EXECUTE $x$ SELECT {E} $x$; END $f$' },
    { name => 'SQL function', do => 'SELECT pg_temp.f()', setup => 'CREATE FUNCTION pg_temp.f() RETURNS jsonb LANGUAGE sql AS $f$ SELECT {E} $f$' },
    { name => 'SQL function, inlined', do => 'SELECT * FROM pg_temp.f()',
        setup => 'CREATE FUNCTION pg_temp.f() RETURNS SETOF jsonb STABLE LANGUAGE sql AS $f$ SELECT {E} $f$' },
    { name => 'SQL function, said to be immutable', do => 'SELECT pg_temp.f()',
        setup => 'CREATE FUNCTION pg_temp.f() RETURNS jsonb IMMUTABLE LANGUAGE sql AS $f$ SELECT {E} $f$' },
    { name => 'SECURITY DEFINER', before => 'SET LOCAL ROLE clerk', do => 'SELECT app.f()', after => "ROLLBACK;\nDROP FUNCTION app.f()",
        setup => 'CREATE FUNCTION app.f() RETURNS jsonb SECURITY DEFINER LANGUAGE plpgsql AS $f$ BEGIN RETURN {E}; END $f$' },
    { name => 'SECURITY INVOKER', before => 'SET LOCAL ROLE clerk', do => 'SELECT app.f()', after => "ROLLBACK;\nDROP FUNCTION app.f()",
        setup => 'CREATE FUNCTION app.f() RETURNS jsonb LANGUAGE plpgsql AS $f$ BEGIN RETURN {E}; END $f$', calls => 0, state => '42501', read_only => '42501' },
    { name => 'a function that sets read-write', do => 'SELECT pg_temp.f()',
        setup => 'CREATE FUNCTION pg_temp.f() RETURNS jsonb SET default_transaction_read_only = off LANGUAGE plpgsql AS $f$ BEGIN RETURN {E}; END $f$' },

    # two-phase commit, cursors, statements that hold a query
    { name => 'PREPARE TRANSACTION', do => 'SELECT {E}', after => "PREPARE TRANSACTION 'x';\nROLLBACK PREPARED 'x'" },
    { name => 'cursor', before => 'DECLARE c CURSOR FOR SELECT {E} FROM generate_series(1, 3)', do => 'FETCH 2 FROM c', calls => 2 },
    { name => 'cursor that is not fetched from', before => 'DECLARE c CURSOR FOR SELECT {E}', do => 'COMMIT', calls => 0, read_only => '00000' },
    { name => 'WITH HOLD cursor', before => 'DECLARE c CURSOR WITH HOLD FOR SELECT {E} FROM generate_series(1, 2)', do => 'COMMIT', calls => 2 },
    { name => 'CREATE TABLE AS', do => 'CREATE TEMP TABLE a AS SELECT {E} AS e' },
    { name => 'SELECT INTO', do => 'SELECT {E} AS e INTO TEMP a' },
    { name => 'COPY TO', says => 1, before => '\set VERBOSITY verbose', do => 'COPY (SELECT {E}) TO STDOUT' },
    { name => 'EXPLAIN', do => 'EXPLAIN VERBOSE SELECT {E} WHERE ({E}) IS NULL', calls => 0, read_only => '00000' },
    { name => 'EXPLAIN ANALYZE', do => 'EXPLAIN ANALYZE SELECT {E}' },
    { name => 'EXPLAIN ANALYZE, CREATE TABLE AS', do => 'EXPLAIN ANALYZE CREATE TEMP TABLE a AS SELECT {E} AS e' },
    { name => 'prepared statement', before => 'SET LOCAL plan_cache_mode = force_generic_plan; PREPARE p AS SELECT {E}', do => 'EXECUTE p' },
    { name => 'prepared, not executed', do => 'PREPARE p AS SELECT {E}', calls => 0, read_only => '00000' },
    { name => 'materialized view', do => 'CREATE MATERIALIZED VIEW app.m AS SELECT {E} AS e', calls => 0, state => '42501' },
    { name => 'REFRESH MATERIALIZED VIEW', setup => 'CREATE MATERIALIZED VIEW app.m AS SELECT {E} AS e WITH NO DATA', do => 'REFRESH MATERIALIZED VIEW app.m',
        after => "ROLLBACK;\nDROP MATERIALIZED VIEW app.m", calls => 0, state => '42501' },
    { name => 'view', setup => 'CREATE TEMP VIEW v WITH (security_barrier) AS SELECT {E} AS e', do => 'SELECT * FROM v' },

    # tables that call
    { name => 'trigger', setup => "$booking; " . 'CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM {N}; RETURN NULL; END $f$;'
          . ' CREATE TRIGGER t BEFORE INSERT ON booking FOR EACH ROW EXECUTE FUNCTION pg_temp.f()', do => $insert },
    { name => 'deferred trigger', setup => "$booking; " . 'CREATE FUNCTION pg_temp.f() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM {N}; RETURN NULL; END $f$;'
          . ' CREATE CONSTRAINT TRIGGER t AFTER INSERT ON booking DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.f()',
        before => $insert, do => 'COMMIT' },
    { name => 'trigger with WHEN', setup => "$booking; " . 'CREATE TRIGGER t BEFORE INSERT ON booking FOR EACH ROW WHEN (({N}) IS NULL)'
          . ' EXECUTE FUNCTION suppress_redundant_updates_trigger()', do => $insert },
    { name => 'rule', setup => "$booking; CREATE RULE r AS ON INSERT TO booking DO INSTEAD SELECT {N}", do => $insert },
    { name => 'policy', setup => "$booking; $insert; ALTER TABLE booking ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
          . ' CREATE POLICY p ON booking USING (({C}) IS NULL)', do => 'SELECT * FROM booking' },
    { name => 'policy, WITH CHECK', setup => "$booking; ALTER TABLE booking ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
          . ' CREATE POLICY p ON booking WITH CHECK (({C}) IS NULL)', do => $insert, state => '42501' },
    { name => 'CHECK', setup => "$booking; ALTER TABLE booking ADD CHECK (({C}) IS NOT NULL)", do => $insert },
    { name => 'CHECK that fails', setup => "$booking; ALTER TABLE booking ADD CHECK (({C}) IS NULL)", do => $insert, state => '23514' },
    { name => 'CHECK of rows that are there', setup => "$booking; $insert", do => 'ALTER TABLE booking ADD CHECK (({C}) IS NOT NULL)' },
    { name => 'column default', setup => 'CREATE TEMP TABLE a (e jsonb DEFAULT {E})', do => 'INSERT INTO a DEFAULT VALUES' },
    { name => 'column default of rows that are there', setup => "$booking; $insert", do => 'ALTER TABLE booking ADD answer jsonb DEFAULT {E}' },
    { name => 'domain', setup => 'CREATE DOMAIN pg_temp.d AS text CHECK (({E}) IS NOT NULL)', do => "SELECT 'x'::pg_temp.d" },
    { name => 'RETURNING', setup => "$booking", do => "$insert RETURNING {E}" },
    { name => 'index expression', setup => $booking, do => 'CREATE INDEX ON booking (({C}))', calls => 0, state => '42P17' },
    { name => 'index expression, said to be immutable', setup => "$booking; $insert; $lie", do => 'CREATE INDEX ON booking (pg_temp.lie(booking))',
        calls => 0, state => '42501' },
    { name => 'index predicate', setup => $booking, do => 'CREATE INDEX ON booking (mobile) WHERE (({C}) IS NULL)', calls => 0, state => '42P17' },
    { name => 'index expression of a new row', setup => "$booking; $lie; CREATE INDEX ON booking (pg_temp.lie(booking))", do => $insert },
    { name => 'ANALYZE of an index expression', do => 'ANALYZE booking', calls => 0, state => '42501',
        setup => "$booking; " . ($lie =~ s/\(\{E\}\)/1/r) . "; CREATE INDEX ON booking (pg_temp.lie(booking)); $insert; " . ($lie =~ s/CREATE/CREATE OR REPLACE/r) },
    { name => 'generated column', do => "CREATE TEMP TABLE a ($columns, e jsonb GENERATED ALWAYS AS ({C}) STORED)", calls => 0, state => '42P17' },
    { name => 'partition key', do => "CREATE TEMP TABLE a ($columns) PARTITION BY LIST (({C}))", calls => 0, state => '42P17' },

    # places in a query
    { name => 'WHERE', do => 'SELECT 1 WHERE ({E}) IS NULL' },
    { name => 'CASE that is not taken', do => 'SELECT CASE WHEN random() > 2 THEN {E} END', calls => 0, read_only => '00000' },
    { name => 'LATERAL', do => 'SELECT l.e FROM generate_series(1, 2) AS g, LATERAL (SELECT {E} AS e, g) AS l', calls => 2 },
    { name => 'LIMIT', do => 'SELECT {E} FROM generate_series(1, 1000) LIMIT 1' },
    { name => 'CTE that is not referenced', do => 'WITH a AS (SELECT {E}) SELECT 1', calls => 0, read_only => '00000' },
    { name => 'CTE that is referenced twice', do => 'WITH a AS (SELECT {E} AS e) SELECT * FROM a AS b, a AS c' },
    { name => 'CTE that writes', setup => 'CREATE TEMP TABLE a (e jsonb)', do => 'WITH a AS (INSERT INTO a SELECT {E} RETURNING 1) SELECT 1' },
    { name => 'argument of an aggregate', do => 'SELECT count({E}) FROM generate_series(1, 2)', calls => 2 },
    { name => 'FILTER of an aggregate', do => 'SELECT count(*) FILTER (WHERE ({E}) IS NULL) FROM generate_series(1, 2)', calls => 2 },
    { name => 'subquery', do => 'SELECT (SELECT {E}) FROM generate_series(1, 5)' },
    { name => 'a plan that could be parallel', before => 'SET LOCAL force_parallel_mode = on; SET LOCAL parallel_setup_cost = 0',
        do => 'SELECT {E} FROM generate_series(1, 2)', calls => 2 },
);

sub fill
{
    my ($template, $call, $m) = @_;
    my %part = (E => call_of($call, $m), C => call_of_columns($call, ''), N => call_of_columns($call, 'new.'), V => row_of($call, $m));

    return ($template // '') =~ s/\{([ECNV])\}/$part{$1}/gr;
}

# What psql is told to do in one cell.
sub script
{
    my ($way, $call, $level, $access, $m) = @_;
    my @lines = ("\\set VERBOSITY default\nDISCARD ALL");

    push @lines, fill($way->{setup}, $call, $m) if $way->{setup};
    push @lines, "SET default_transaction_isolation = '" . lc($level) . "'", "SET default_transaction_read_only = $access";
    push @lines, 'BEGIN' unless $way->{bare};
    push @lines, fill($way->{before}, $call, $m) if $way->{before};
    push @lines, fill($way->{do}, $call, $m) . ";\n\\set state :SQLSTATE\nSELECT";
    push @lines, ($way->{after} // 'ROLLBACK') =~ s/\nDROP/\nSET default_transaction_read_only = off;\nDROP/r;
    return join(";\n", @lines) =~ s/VERBOSITY verbose;/VERBOSITY verbose/r . ";\n\\echo\n\\echo state :state";
}

sub expected
{
    my ($way, $call, $access) = @_;
    my ($cost, $state) = cost_of($call, $access eq 'on' ? 0 : $way->{calls} // 1);

    return ($cost, $way->{always}) if $way->{always};
    return ($cost, $way->{read_only} // '25006') if $access eq 'on';
    return ($cost, $way->{state} // '00000') if $state eq '00000' || $way->{catches};
    return ($cost, $state);
}

# psql keeps no SQLSTATE of a failed COPY, so there it is what was said.
sub how_it_ended
{
    my ($way, $result) = @_;

    return 'lost' if $result->{sqlstate} eq 'lost';
    return $result->{error} =~ /^ERROR:  (\w{5}):/m ? $1 : '00000' if $way->{says};
    return $result->{output} =~ /^state (\w+)\s*\z/m ? $1 : 'not seen';
}

sub run_cell
{
    my ($way, $call, $level, $access, $m) = @_;
    my ($cost, $state) = expected($way, $call, $access);
    my $result = $caller->run(script($way, $call, $level, $access, $m));
    my $ended = how_it_ended($way, $result);

    $cells++;
    listen_to($result);
    if ($result->{sqlstate} eq 'lost')
    {
        poll($observer, 'SELECT count(*) FROM pg_stat_activity WHERE pid = ' . $caller->pid, 0);
        $caller = session($node, user => 'railway');
    }
    my $words = in_words(written());
    return if $words eq in_words($cost) && $ended eq $state;
    mismatch("$way->{name}, $call, $level, read-only $access: $words, $ended; not " . in_words($cost) . ", $state\n$result->{error}");
}

$observer->value('SELECT pg_advisory_lock(4711)');
foreach my $way (@ways)
{
    my $before = $mismatches;
    my @table = map { my $access = $_; map { my $level = $_; map { [ $_, $level, $access ] } @calls } @levels } 'off', 'on';
    my @material = prepare(map { $_->[0] } @table);

    written();
    run_cell($way, @{ $table[$_] }, $material[$_]) foreach 0 .. $#table;
    is($mismatches, $before, "$way->{name}: charged and audited as often as called, in " . @table . ' cells');
}
$observer->value('SELECT pg_advisory_unlock(4711)');

# ---- callers that are torn out of a call --------------------------------------

# Before the authority has seen the request it is as if it had not been made;
# afterwards it is charged and audited, and nobody is told.
my $in_call = "SELECT count(*) FROM pg_stat_activity WHERE pid IN (%s) AND wait_event_type = 'Extension'";

my %hold = (
    'before it is taken' => { calls => 0, release => sub { continue_process($authority) } },
    'after it is taken' => {
        calls => 1,
        # a commit that waits for a standby that is not there
        seize => sub {
            continue_process($authority);
            poll($observer, "SELECT wait_event FROM pg_stat_activity WHERE pid = $authority", 'SyncRep');
        },
        release => sub { $observer->value("ALTER SYSTEM RESET synchronous_standby_names;\nSELECT pg_reload_conf()"); },
    });

# Commits wait from here on: one that does shows it.
sub wait_for_standby
{
    my $probe = session($node);
    my $pid = $probe->pid;

    $observer->value("ALTER SYSTEM SET synchronous_standby_names = 'nobody';\nSELECT pg_reload_conf()");
    poll($observer, 'SHOW synchronous_standby_names', 'nobody');
    $observer->value('CHECKPOINT');
    $probe->send("SET synchronous_commit = on;\nSELECT pg_logical_emit_message(true, 'test', 'x')");
    poll($observer, "SELECT wait_event FROM pg_stat_activity WHERE pid = $pid", 'SyncRep');
    return $probe;
}

my @interruptions = (
    { name => 'statement_timeout', prepare => 'SET statement_timeout = 1500', state => '57014' },
    { name => 'pg_cancel_backend', state => '57014', do => sub { $observer->value('SELECT pg_cancel_backend(' . $_->pid . ')') foreach @_ } },
    { name => 'pg_terminate_backend', state => 'lost', do => sub { $observer->value('SELECT pg_terminate_backend(' . $_->pid . ')') foreach @_ } },
    { name => 'the client is gone, and the server looks', prepare => 'SET client_connection_check_interval = 20',
        do => sub { $_->kill_client foreach @_ } },
    # it learns that only when it writes
    { name => 'the client is gone', calls => 1, do => sub { $_->kill_client foreach @_ }, stays => 1 },
    { name => 'nothing, for six seconds', state => 'KV052', do => sub { } },
);

sub interrupt
{
    my ($interruption, $when) = @_;
    my $hold = $hold{$when};
    my $name = "$interruption->{name}, $when";
    my $before = $mismatches;
    my @table = map { my $level = $_; map { [ $_, $level ] } @calls } @levels;
    my @callers = sessions($node, scalar @table, user => 'railway');
    my @material = (prepare(map { $_->[0] } @table), prepare(map { $_->[0] } @table));
    my $pids = join(',', map { $_->pid } @callers);
    my @costs = map { (cost_of($_->[0], $interruption->{calls} // $hold->{calls}))[0] } @table;
    my $probe = $hold->{seize} && wait_for_standby();

    authority_idle($observer);
    written();
    stop_process($authority);
    foreach my $i (0 .. $#table)
    {
        my ($call, $level) = @{ $table[$i] };
        my $result = $callers[$i]->run("BEGIN ISOLATION LEVEL $level READ ONLY;\nSELECT " . call_of($call, $material[ $i + @table ]));

        $cells++;
        mismatch("$name, $call, $level, read-only: $result->{sqlstate}") if $result->{sqlstate} ne '25006';
        $callers[$i]->value("ROLLBACK;\n" . ($interruption->{prepare} // '') . ";\nBEGIN ISOLATION LEVEL $level");
    }
    foreach my $i (0 .. $#table)
    {
        $callers[$i]->send('SELECT ' . call_of($table[$i][0], $material[$i]));
    }
    poll($observer, sprintf($in_call, $pids), scalar @table);
    $hold->{seize}->() if $hold->{seize};
    $interruption->{do}->(@callers) if $interruption->{do};
    foreach my $i (0 .. $#table)
    {
        next unless $interruption->{state};
        my $result = $callers[$i]->finish;

        # those that return a refusal do not raise it
        my $state = $table[$i][0] =~ /^try/ && $interruption->{state} =~ /^KV/ ? '00000' : $interruption->{state};

        listen_to($result);
        mismatch("$name, @{$table[$i]}: $result->{sqlstate}") if $result->{sqlstate} ne $state;
    }
    poll($observer, sprintf($in_call, $pids), 0) unless $interruption->{stays};
    $hold->{release}->();
    $probe->finish if $probe;
    poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE pid IN ($pids)", 0) if !$interruption->{state};
    # the next request is decided after those
    still_answers_quietly();
    $cells += @table;
    my ($words, $cost) = (in_words(written()), in_words(add_costs(@costs, quiet_cost())));
    mismatch("$name: $words; not $cost") if $words ne $cost;
    is($mismatches, $before, "$name: charged and audited as often as called, in " . 2 * @table . ' cells');
    if ($interruption->{state} && $interruption->{state} ne 'lost')
    {
        $_->quit foreach @callers;
    }
    $probe->quit if $probe;
}

sub still_answers_quietly
{
    my $mobile = next_mobile();

    listen_to($caller->run("SELECT " . call_of('issue', { mobile => $mobile })));
}

sub quiet_cost { return (cost_of('issue', 1))[0]; }

$caller->value('DISCARD ALL');
foreach my $interruption (@interruptions)
{
    interrupt($interruption, $_) foreach 'before it is taken', 'after it is taken';
}
is(authority_pid($observer), $authority, 'the authority is the same process');

# ---- and in the end, after a crash --------------------------------------------

my $rows = 'SELECT count(*), max(id) FROM kycvs_data.audit';
my $before = $observer->value($rows);
$_->quit foreach $caller, $observer;
$node->stop('immediate');
$node->start;
$observer = session($node);
is($observer->value($rows), $before, 'every row of the audit has survived a crash of the server');

my $told = join(',', map { "('$_'::uuid)" } keys %told);
cmp_ok(scalar keys %told, '>', 200, scalar(keys %told) . ' documents were seen by callers');
is($observer->value("SELECT count(*) FROM (VALUES $told) AS t (jti) WHERE jti NOT IN (SELECT document FROM kycvs_data.audit WHERE outcome = '00000')"),
    0, 'what was disclosed is in the audit');
is( $observer->value(
        "SELECT count(*) FROM (VALUES $told) AS t (jti) WHERE jti NOT IN"
          . ' (SELECT id FROM kycvs_data.challenge UNION SELECT jti FROM kycvs_data.consent UNION SELECT jti FROM kycvs_data.answer)'),
    0, 'and in the table of its kind');
is( $observer->value(
        'SELECT count(*) FROM (SELECT subject FROM kycvs_data.audit WHERE event = \'verify\' AND outcome = \'00000\''
          . ' GROUP BY subject HAVING count(DISTINCT document) > 1) AS s'),
    0, 'no OTP made two consents');
is( $observer->value(
        'SELECT count(*) FROM kycvs_data.challenge AS c WHERE tries <> (SELECT count(*) FROM kycvs_data.audit AS a'
          . " WHERE a.subject = c.id AND event = 'verify' AND outcome IN ('00000', 'KV010'))"
          . ' - coalesce((SELECT repeats FROM kycvs_data.consent WHERE challenge = c.id), 0)'),
    0, 'each challenge: tries charged = tries decided');
is( $observer->value(
        'SELECT count(*) FROM kycvs_data.consent AS c WHERE used <> (SELECT count(DISTINCT document) FROM kycvs_data.audit AS a'
          . " WHERE a.subject = c.jti AND event = 'status' AND outcome = '00000')"),
    0, 'each consent: uses charged = answers given');
$caller = session($node, user => 'railway');
still_answers($observer, $caller, 'afterwards');

is($mismatches, 0, 'no cell differs');
diag('counts: ', @ways + 2 * @interruptions, " ways, cells run $cells, mismatches $mismatches");
$_->quit foreach $caller, $observer;
$node->stop;
done_testing();
