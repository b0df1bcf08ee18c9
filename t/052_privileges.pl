# Every object of the extension x every role x every verb, each tried and not
# only looked up: what is allowed stands in 052_privileges.golden, all else is
# refused for want of a privilege; meanwhile the authority answers as ever (T13, T42).
#
# A line of the golden file is role, object, verb and how the attempt ended:
# 00000, or the SQLSTATE of whatever stopped it after the privilege had been
# found good (a NULL argument, a dependency). With KYCVS_WRITE_GOLDEN set to a
# file's name, what was found is written there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_registry('privileges', conf => "max_connections = 30\n");
my $observer = session($node);
my $authority = authority_pid($observer);

# ---- roles ---------------------------------------------------------------------

my @groups = qw(kycvs_admin kycvs_registrar kycvs_entity kycvs_sender kycvs_gateway kycvs_auditor);
my @predefined = qw(pg_monitor pg_read_all_data pg_write_all_data pg_signal_backend pg_checkpoint pg_database_owner);
my @roles = ('ordinary', 'railway', (map { "in_$_" } @groups, grep { $_ ne 'pg_database_owner' } @predefined), 'database_owner');

$observer->value("CREATE ROLE $_ LOGIN") foreach grep { $_ ne 'railway' } @roles;
$observer->value("GRANT $_ TO in_$_") foreach @groups, grep { $_ ne 'pg_database_owner' } @predefined;
$observer->value(<<'SQL');
ALTER DATABASE registry OWNER TO database_owner;
CREATE ROLE grantee;
CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO PUBLIC;
CREATE SCHEMA scratch;
GRANT ALL ON SCHEMA scratch TO PUBLIC;
CREATE TABLE test.stop ();
GRANT SELECT ON test.stop TO PUBLIC;
CREATE TABLE test.own (id int);

-- who may do what, in one word; a list that was spelt out is the same as before
CREATE FUNCTION test.granted() RETURNS text LANGUAGE sql AS
$$
  SELECT md5(string_agg(acl::text, ' ' ORDER BY object, oid))
  FROM (SELECT 'relation', oid, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM pg_class
         WHERE relnamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace) AND relkind IN ('r', 'v', 'S')
        UNION ALL SELECT 'function', oid, coalesce(proacl, acldefault('f', proowner)) FROM pg_proc
         WHERE pronamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace, 'public'::regnamespace)
        UNION ALL SELECT 'schema', oid, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
        UNION ALL SELECT 'type', oid, coalesce(typacl, acldefault('T', typowner)) FROM pg_type WHERE typnamespace = 'kycvs_data'::regnamespace
        UNION ALL SELECT 'database', oid, coalesce(datacl, acldefault('d', datdba)) FROM pg_database) AS a (object, oid, acl)
$$;
CREATE FUNCTION test.none() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
-- tries a statement and undoes it: its SQLSTATE; what only warns and does nothing is refused
CREATE FUNCTION test.attempt(statement text) RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
  granted text := CASE WHEN statement ~ '^(GRANT|REVOKE|DROP OWNED)' THEN test.granted() END;
BEGIN
  EXECUTE statement;
  IF granted = test.granted()
     OR statement ~ '^ANALYZE' AND NOT EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'ShareUpdateExclusiveLock') THEN
    RAISE insufficient_privilege;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'TUNDO';
EXCEPTION
  -- whoever is told that a lock is not free might have had it
  WHEN SQLSTATE 'TUNDO' OR lock_not_available THEN RETURN '00000';
  WHEN deadlock_detected THEN RETURN test.attempt(statement);
  WHEN query_canceled OR OTHERS THEN RETURN SQLSTATE;
END
$$;
SQL

# ---- what is tried -------------------------------------------------------------

my @modes = ('ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE');

# {o} is the object, {c} its first column and {l} its last, {i} its OID. As a superuser each of them succeeds, or ends as told.
my %verbs = (
    table => [
        'SELECT * FROM {o}', 'SELECT count(*) FROM {o}', 'SELECT {c} FROM {o} FOR UPDATE', 'SELECT {c} FROM {o} FOR KEY SHARE', 'TABLE {o}',
        'INSERT INTO {o} OVERRIDING SYSTEM VALUE SELECT * FROM {o} WHERE false', 'UPDATE {o} SET {l} = {l} WHERE false', 'DELETE FROM {o} WHERE false', 'TRUNCATE {o} CASCADE',
        'MERGE INTO {o} AS t USING (SELECT 1) AS s ON false WHEN MATCHED THEN DELETE',
        (map { "LOCK TABLE {o} IN $_ MODE NOWAIT" } @modes),
        'PREPARE p{n} AS SELECT * FROM {o}', 'PREPARE p{n} AS SELECT * FROM {o} FOR UPDATE', 'PREPARE p{n} AS INSERT INTO {o} OVERRIDING SYSTEM VALUE SELECT * FROM {o}',
        'PREPARE p{n} AS UPDATE {o} SET {l} = {l}', 'PREPARE p{n} AS DELETE FROM {o}', 'EXPLAIN SELECT * FROM {o}',
        'CREATE TEMP TABLE t (LIKE {o})', 'CREATE TEMP TABLE t AS SELECT * FROM {o}', 'CREATE TEMP VIEW v AS SELECT * FROM {o}', 'CREATE TEMP TABLE t () INHERITS ({o})',
        'DECLARE c CURSOR FOR SELECT * FROM {o}', 'CREATE FUNCTION pg_temp.f() RETURNS SETOF {o} LANGUAGE sql BEGIN ATOMIC SELECT * FROM {o}; END',
        'CREATE TABLE scratch.t (x {t} REFERENCES {o} ({c}))', 'CREATE INDEX ON {o} ((1))', 'CREATE UNIQUE INDEX ON {o} ({c}) WHERE false', 'REINDEX TABLE {o}', 'ANALYZE {o}',
        'CREATE TRIGGER t BEFORE INSERT ON {o} EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'CREATE RULE r AS ON INSERT TO {o} DO ALSO SELECT 1',
        'CREATE POLICY p ON {o}', 'ALTER TABLE {o} ENABLE ROW LEVEL SECURITY', 'ALTER TABLE {o} DISABLE TRIGGER ALL', 'ALTER TABLE {o} SET (fillfactor = 50)',
        'ALTER TABLE {o} SET UNLOGGED', 'ALTER TABLE {o} ADD COLUMN added_here int', 'ALTER TABLE {o} RENAME TO x', 'ALTER TABLE {o} OWNER TO grantee', 'ALTER TABLE {o} SET SCHEMA scratch',
        'ALTER TABLE {o} REPLICA IDENTITY FULL', 'CREATE STATISTICS scratch.s ON ({c} IS NULL), ({c} IS NOT NULL) FROM {o}', 'CREATE PUBLICATION p FOR TABLE {o}',
        'COMMENT ON TABLE {o} IS NULL', "COMMENT ON COLUMN {o}.{c} IS NULL", 'GRANT SELECT ON {o} TO grantee', 'REVOKE ALL ON {o} FROM kycvs_owner', 'DROP TABLE {o} CASCADE',
        "SELECT pg_relation_size('{o}')", 'ALTER EXTENSION kycvs DROP TABLE {o}' ],
    view => [
        'SELECT * FROM {o}', 'SELECT count(*) FROM {o}', 'TABLE {o}', 'LOCK TABLE {o} IN ACCESS SHARE MODE NOWAIT', 'LOCK TABLE {o} IN ACCESS EXCLUSIVE MODE NOWAIT', 'PREPARE p{n} AS SELECT * FROM {o}', 'EXPLAIN SELECT * FROM {o}',
        'CREATE TEMP TABLE t (LIKE {o})', 'CREATE TEMP TABLE t AS SELECT * FROM {o}', 'CREATE TEMP VIEW v AS SELECT * FROM {o}', 'DECLARE c CURSOR FOR SELECT * FROM {o}',
        'CREATE OR REPLACE VIEW {o} AS SELECT * FROM {o}', 'CREATE RULE r AS ON INSERT TO {o} DO INSTEAD NOTHING', 'CREATE TRIGGER t BEFORE INSERT ON {o} EXECUTE FUNCTION suppress_redundant_updates_trigger()',
        'ALTER VIEW {o} ALTER COLUMN {c} SET DEFAULT NULL', 'ALTER VIEW {o} SET (security_barrier = false)', 'ALTER VIEW {o} RENAME TO x', 'ALTER VIEW {o} OWNER TO grantee', 'ALTER VIEW {o} SET SCHEMA scratch',
        'COMMENT ON VIEW {o} IS NULL', 'GRANT SELECT ON {o} TO grantee', 'REVOKE ALL ON {o} FROM kycvs_admin', 'DROP VIEW {o} CASCADE', 'ALTER EXTENSION kycvs DROP VIEW {o}' ],
    sequence => [
        "SELECT nextval('{o}')", "SELECT setval('{o}', nextval('{o}') + 1000)", 'SELECT nextval({i}::regclass)', 'SELECT setval({i}::regclass, nextval({i}::regclass) + 1000)', 'SELECT * FROM {o}',
        'SELECT pg_sequence_last_value({i}::regclass)', 'GRANT USAGE ON SEQUENCE {o} TO grantee', 'COMMENT ON SEQUENCE {o} IS NULL',
        'PREPARE p{n} AS SELECT * FROM {o}', 'DROP SEQUENCE {o}' ],
    index => [ 'REINDEX INDEX {o}', 'ALTER INDEX {o} SET (fillfactor = 50)', 'ALTER INDEX {o} RENAME TO x', 'COMMENT ON INDEX {o} IS NULL', 'DROP INDEX {o}' ],
    schema => [
        'CREATE TABLE {o}.t ()', 'CREATE VIEW {o}.v AS SELECT 1', 'CREATE FUNCTION {o}.f() RETURNS int LANGUAGE sql RETURN 1', 'CREATE TYPE {o}.t', 'CREATE OPERATOR {o}.=== (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)',
        'CREATE SEQUENCE {o}.s', 'CREATE COLLATION {o}.c FROM "C"', 'ALTER SCHEMA {o} RENAME TO x', 'ALTER SCHEMA {o} OWNER TO grantee', 'GRANT USAGE ON SCHEMA {o} TO grantee',
        'ALTER DEFAULT PRIVILEGES FOR ROLE kycvs_owner IN SCHEMA {o} GRANT SELECT ON TABLES TO grantee', 'COMMENT ON SCHEMA {o} IS NULL', 'DROP SCHEMA {o}', 'DROP SCHEMA {o} CASCADE' ],
    function => [
        # what the authority refuses besides would hide a privilege too many, so it is looked up as well
        'DO $x$ BEGIN IF NOT has_function_privilege({i}::oid, \'EXECUTE\') THEN RAISE insufficient_privilege; END IF; END $x$',
        'SELECT * FROM {call}', 'EXPLAIN ANALYZE SELECT * FROM {call}', 'ALTER FUNCTION {o} SECURITY DEFINER', 'ALTER FUNCTION {o} SET search_path = test', 'ALTER FUNCTION {o} IMMUTABLE',
        'ALTER FUNCTION {o} RENAME TO x', 'ALTER FUNCTION {o} OWNER TO grantee', 'ALTER FUNCTION {o} SET SCHEMA scratch', 'ALTER FUNCTION {o} DEPENDS ON EXTENSION plpgsql', 'COMMENT ON FUNCTION {o} IS NULL',
        'GRANT EXECUTE ON FUNCTION {o} TO grantee', 'REVOKE EXECUTE ON FUNCTION {o} FROM kycvs_entity', 'DROP FUNCTION {o}', 'DROP FUNCTION {o} CASCADE', 'ALTER EXTENSION kycvs DROP FUNCTION {o}' ],
    type => [
        'CREATE TEMP TABLE t (x {o})', 'SELECT NULL::{o}', 'COMMENT ON TYPE {o} IS NULL', 'GRANT USAGE ON TYPE {o} TO grantee' ],
    extension => [
        'ALTER EXTENSION {o} UPDATE', 'ALTER EXTENSION {o} SET SCHEMA scratch', 'DROP EXTENSION {o}', 'DROP EXTENSION {o} CASCADE', 'COMMENT ON EXTENSION {o} IS NULL', 'ALTER EXTENSION {o} ADD TABLE test.stop' ],
    role => [
        'SET LOCAL ROLE {o}', 'GRANT {o} TO grantee', 'REVOKE {o} FROM grantee', 'ALTER ROLE {o} LOGIN', 'ALTER ROLE {o} SET search_path = test', 'DROP ROLE {o}', 'COMMENT ON ROLE {o} IS NULL', 'REASSIGN OWNED BY {o} TO grantee',
        'DROP OWNED BY {o} CASCADE', 'CREATE SCHEMA AUTHORIZATION {o}' ],
    server => [
        'ALTER DATABASE registry SET search_path = test', 'ALTER DATABASE registry SET kycvs.registry = \'x\'', 'ALTER DATABASE registry OWNER TO grantee', 'ALTER DATABASE registry IS_TEMPLATE true',
        'GRANT ALL ON DATABASE registry TO grantee', 'CREATE PUBLICATION p FOR ALL TABLES', 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION test.none()', 'LOAD \'kycvs\'', 'SET LOCAL session_replication_role = replica',
        'SET LOCAL log_statement = \'all\'', 'COPY test.own TO PROGRAM \'true\'', 'SELECT pg_read_file(\'postgresql.conf\')', 'SELECT pg_ls_dir(\'.\')', 'SELECT pg_reload_conf()',
        'SELECT pg_terminate_backend({authority})', 'SELECT pg_cancel_backend({authority})', 'SELECT count(*) FROM pg_authid', 'SELECT count(*) FROM pg_statistic', 'SELECT pg_log_backend_memory_contexts({authority})',
        'CREATE EXTENSION pageinspect SCHEMA test', 'CREATE EXTENSION amcheck SCHEMA test', 'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE c AS \'kycvs\', \'kycvs_status\'' ],
);

# Objects by kind: name and OID, from the catalogs.
my $members = "pg_depend AS d WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass"
  . " AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'kycvs')";
my $ours = "relnamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace)";
my @objects = map { [ split /\|/, $_ ] } split /\n/, $observer->value(<<"SQL");
SELECT CASE relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid::regclass, quote_ident(a.attname), c.oid, format_type(a.atttypid, NULL), quote_ident(z.attname)
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = 1 JOIN pg_attribute AS z ON z.attrelid = c.oid AND z.attnum = c.relnatts WHERE $ours AND relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY 2;
SELECT 'sequence', oid::regclass, '', oid FROM pg_class WHERE $ours AND relkind = 'S' ORDER BY 2;
SELECT 'index', oid::regclass, '', oid FROM pg_class WHERE $ours AND relkind = 'i' ORDER BY 2;
SELECT 'schema', objid::regnamespace, '', objid FROM $members AND d.classid = 'pg_namespace'::regclass ORDER BY 2;
SELECT 'schema', 'public', '', 'public'::regnamespace::oid;
SELECT 'function', n.nspname || '.' || p.oid::regprocedure::text, '', p.oid FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
  WHERE p.oid IN (SELECT objid FROM $members AND d.classid = 'pg_proc'::regclass) ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT 'type', format_type(t.oid, NULL), '', t.oid FROM pg_type AS t WHERE t.typnamespace IN ('kycvs'::regnamespace, 'kycvs_data'::regnamespace) AND t.typcategory <> 'A' ORDER BY 2;
SELECT 'extension', 'kycvs', '', oid FROM pg_extension WHERE extname = 'kycvs';
SELECT 'role', rolname, '', oid FROM pg_roles WHERE rolname ~ '^kycvs_' ORDER BY 2;
SELECT 'server', 'registry', '', oid FROM pg_database WHERE datname = 'registry';
SQL

my %calls = map { split /\|/ } split /\n/, $observer->value(<<"SQL");
SELECT p.oid, format('%s.%I(%s)', n.nspname, p.proname, (SELECT string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY i) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (t, i)))
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid IN (SELECT objid FROM $members AND d.classid = 'pg_proc'::regclass)
SQL

# What is written wrongly for a partitioned table, or for a partition, is not tried on it.
my %partitioned = map { $_ => 'INHERITS' } split /\n/, $observer->value("SELECT oid FROM pg_class WHERE $ours AND relkind = 'p'");
my %partition = map { $_ => 'INHERITS|ADD COLUMN' } split /\n/, $observer->value("SELECT oid FROM pg_class WHERE $ours AND relkind = 'r' AND relispartition");
my %inapplicable = (%partitioned, %partition);

my @attempts;
foreach my $object (@objects)
{
    my ($kind, $name, $column, $oid, $type, $last) = @$object;

    # a name is qualified once
    $name =~ s/^(kycvs|kycvs_data)\.\1\./$1./;
    foreach my $verb (@{ $verbs{$kind} })
    {
        next if $inapplicable{$oid} && $verb =~ /$inapplicable{$oid}/;
        my %part = (
            o => $name, c => $column, l => $last, t => $type, i => $oid, call => $calls{$oid}, authority => $authority, n => scalar @attempts);

        push @attempts, [ "$kind $name", in_short($verb), $verb =~ s/\{(\w+)\}/$part{$1}/gr ];
    }
}

# A verb without its object, which is in the line already.
sub in_short
{
    my ($verb) = @_;
    my %part = (o => '...', c => 'column', l => 'column', t => 'type', i => 'oid', call => '...', authority => 'authority', n => '');

    return 'EXECUTE' if $verb =~ /has_function_privilege/;
    return $verb =~ s/\{(\w+)\}/$part{$1}/gr;
}

$observer->value('CREATE TABLE test.attempts (n int PRIMARY KEY, statement text); GRANT SELECT ON test.attempts TO PUBLIC');
{
    my $values = join(",\n", map { "($_, \$v\$$attempts[$_][2]\$v\$)" } 0 .. $#attempts);
    $observer->value("INSERT INTO test.attempts VALUES $values;");
}
my $try_all = 'SELECT n, state FROM (SELECT n, test.attempt(statement) AS state FROM test.attempts ORDER BY n OFFSET 0) AS a';

# ---- somebody else asks all the time ---------------------------------------------

my $airline = session($node, user => 'airline');
my $receipt = issue($airline, next_mobile());
my $consent = $airline->value("SELECT kycvs_verify_otp('$receipt->{jti}', '" . otp($observer, $receipt->{jti}) . "', true)");
my $started = time();
$airline->send(<<"SQL");
DO \$\$
DECLARE
  n int := 0;
  slowest interval := '0';
  started timestamptz;
BEGIN
  WHILE NOT EXISTS (SELECT FROM pg_class WHERE oid = 'test.stop'::regclass AND reltuples = 0) AND n < 1000000 LOOP
    started := clock_timestamp();
    PERFORM kycvs_status(\$j\$$consent\$j\$);
    slowest := greatest(slowest, clock_timestamp() - started);
    n := n + 1;
    PERFORM pg_sleep(0.002);
  END LOOP;
  RAISE INFO '% answered, slowest %', n, extract(epoch FROM slowest);
END
\$\$
SQL

# ---- each role tries everything ---------------------------------------------------

my $cells = 0;
my @allowed;

sub try_all_as
{
    my ($role) = @_;
    my $session = session($node, user => $role);
    my @states = map { (split /\|/)[1] } split /\n/, $session->value($try_all);

    is(scalar @states, scalar @attempts, "$role: " . @attempts . ' attempts');
    $cells += @states;
    push @allowed, map { "$role: $attempts[$_][0]: $attempts[$_][1]: $states[$_]" =~ s/(person|dose)_\d\d\b/$1_NN/gr } grep { $states[$_] ne '42501' } 0 .. $#states;
    $session->quit;
    return;
}

try_all_as($_) foreach grep { $_ ne 'database_owner' } @roles;

$observer->value('VACUUM ANALYZE test.stop');
my $answered = $airline->finish;
is($answered->{sqlstate}, '00000', 'meanwhile another entity was always answered');
my ($n, $slowest) = $answered->{error} =~ /(\d+) answered, slowest ([\d.]+)/;
cmp_ok($n // 0, '>', 100, 'and often: ' . ($n // 0) . ' times');
cmp_ok($slowest // 99, '<', 2, 'and soon');

# whoever may drop the registry has all its tables locked while they do
try_all_as('database_owner');
is(authority_pid($observer), $authority, 'the authority is the same process');

# ---- as a superuser, to see that the attempts are what they say --------------------

{
    my $superuser = session($node);
    my @states = map { (split /\|/)[1] } split /\n/, $superuser->value("SET lock_timeout = '2s';\n$try_all");
    # no key of no name is trusted, a trigger is not called as a function; not every extension can be moved, not every column be referred to, nor every table be unlogged; REVOKE from a role that has nothing does nothing
    my @wrong = map { "$attempts[$_][0]: $attempts[$_][2]: $states[$_]" } grep { $states[$_] =~ /^42(?!830|P16|501)|^0A/ && $attempts[$_][1] !~ /^ALTER EXTENSION ... SET SCHEMA/
          && !($attempts[$_][0] =~ /distrust_key|require_answer|load_intake|kept_changed/ && $states[$_] =~ /^(42704|42804)$/) } 0 .. $#states;

    $superuser->quit;
    diag("superuser: $_") foreach @wrong[ 0 .. ($#wrong > 15 ? 15 : $#wrong) ];
    is(scalar @wrong, 0, 'no attempt is refused for how it is written');
}

# ---- compared with the golden file --------------------------------------------------

my $golden = "$FindBin::RealBin/052_privileges.golden";
if ($ENV{KYCVS_WRITE_GOLDEN})
{
    append_to_file($ENV{KYCVS_WRITE_GOLDEN}, join('', map { "$_\n" } @allowed));
}
my @expected = grep { !/^(#|$)/ } split /\n/, -e $golden ? slurp_file($golden) : '';
my (%expected, %found);
$expected{$_} = 1 foreach @expected;
$found{$_} = 1 foreach @allowed;
my @unexpected = grep { !$expected{$_} } @allowed;
my @missing = grep { !$found{$_} } @expected;
is_deeply(\@unexpected, [], 'nothing is allowed besides');
is_deeply(\@missing, [], 'nothing that is granted is missing');

# ---- had somebody USAGE of the schema by mistake -----------------------------------

# Parsing alone is allowed then, which is why nobody has it; reading, writing and locking are not.
{
    my $parses = qr/^(PREPARE|CREATE TEMP VIEW|CREATE FUNCTION|SELECT pg_relation_size|SELECT pg_sequence_last_value)/;
    my @hard = grep { $attempts[$_][0] =~ /^(table|sequence) / && $attempts[$_][1] !~ $parses } 0 .. $#attempts;
    my @open;

    $observer->value('GRANT USAGE ON SCHEMA kycvs_data TO PUBLIC');
    $observer->value('DELETE FROM test.attempts WHERE n NOT IN (' . join(',', @hard) . ')');
    foreach my $role (grep { !/_all_data$/ } @roles)
    {
        my $session = session($node, user => $role);

        foreach my $row (split /\n/, $session->value($try_all))
        {
            my ($number, $state) = split /\|/, $row;

            $cells++;
            # the owner of a database may analyze what is in it
            next if $role eq 'database_owner' && $attempts[$number][1] =~ /^ANALYZE/;
            push @open, "$role: $attempts[$number][0]: $attempts[$number][1]: $state" if $state !~ /^(42501|42830|42P16)$/;
        }
        $session->quit;
    }
    $observer->value('REVOKE USAGE ON SCHEMA kycvs_data FROM PUBLIC');
    # what cannot be referred to is said before whether it may be
    is_deeply(\@open, [], 'with USAGE of the schema, the tables are still closed');
}

# ---- roles that read around privileges ----------------------------------------------

# Members of pg_read_all_data are in the golden file: what they read is sealed, and
# an entity that is one is reported.
{
    my $reader = session($node, user => 'in_pg_read_all_data');
    my $seen = join("\n", map { $reader->value("SELECT * FROM kycvs_data.$_") } qw(person challenge consent));

    unlike($seen, qr/98250|Ramesh|Patel/, 'pg_read_all_data: no number and no name');
    unlike($seen, qr/@{[ join('|', map { unpack('H*', $_) } '9825012345', 'Ramesh', 'Patel') ]}/, 'nor their bytes');
    foreach my $predefined (qw(pg_read_all_data pg_write_all_data pg_signal_backend))
    {
        my $reported = "SELECT count(*) FROM kycvs.health() WHERE NOT ok AND check_name = 'role railway' AND detail LIKE '%$predefined%'";

        is($observer->value("GRANT $predefined TO railway;\n$reported"), 1, "an entity in $predefined: health tells");
        is($observer->value("REVOKE $predefined FROM railway;\n$reported"), 0, "an entity in $predefined: no longer, once it is revoked");
    }
    like($observer->value("SELECT detail FROM kycvs.health() WHERE NOT ok AND check_name = 'owner of schema public'"),
        qr/^database_owner is no superuser/, 'a database owner who could drop the registry: health tells');
    $reader->quit;
}

still_answers($observer, $airline, 'afterwards');
diag('counts: ' . @objects . ' objects, ' . @roles . " roles, cells run $cells, allowed " . @allowed . ', unexpected ' . @unexpected . ', missing ' . @missing);
$_->quit foreach $airline, $observer;
$node->stop;
done_testing();
