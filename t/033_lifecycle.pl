# The authority and its surroundings: databases and extensions that come and
# go, settings and objects that somebody planted, servers that were not set up
# for it (T41, T44, T45, T46).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

# Waiting WAL is lost in a crash: what was not flushed on purpose is not flushed.
my $node = new_server('lifecycle', conf => <<'CONF');
kycvs.databases = 'registry, planted, elsewhere'
max_worker_processes = 16
wal_writer_delay = 10s
CONF

# SQLSTATE and messages of statements that a superuser runs; the first that fails ends it.
sub attempt
{
    my ($database, $sql) = @_;
    my ($status, $output, $error) = $node->psql($database, "\\set VERBOSITY verbose\n$sql", on_error_stop => 1);
    my ($sqlstate) = $error =~ /^psql:<stdin>:\d+: ERROR:  (\w{5}): /m;

    return ($sqlstate // '00000', $error);
}

# A decoded document as a literal's text.
sub encode_document
{
    my ($document) = @_;
    return JSON::PP->new->encode($document) =~ s/'/''/gr;
}

# What the authorities do.
sub activity
{
    return "SELECT string_agg(concat_ws(': ', datname, query), ', ' ORDER BY datname, query)"
      . " FROM pg_stat_activity WHERE backend_type = 'kycvs authority'";
}

# ---- roles that are not ours (T46) -------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE refused');
foreach my $attribute (qw(LOGIN SUPERUSER CREATEDB CREATEROLE REPLICATION BYPASSRLS))
{
    $node->safe_psql('postgres', "CREATE ROLE kycvs_owner NOINHERIT $attribute");
    my ($sqlstate, $error) = attempt('refused', 'CREATE EXTENSION kycvs CASCADE');
    is($sqlstate, '55000', "kycvs_owner with $attribute: install refuses");
    like($error, qr/role "kycvs_owner" exists/, "kycvs_owner with $attribute: and says why");
    $node->safe_psql('postgres', 'DROP ROLE kycvs_owner');
}
{
    $node->safe_psql('postgres', 'CREATE ROLE kycvs_owner NOINHERIT; CREATE ROLE stranger LOGIN; GRANT kycvs_owner TO stranger');
    my ($sqlstate, $error) = attempt('refused', 'CREATE EXTENSION kycvs CASCADE');
    is($sqlstate, '55000', 'kycvs_owner with a member: install refuses');
    like($error, qr/role "kycvs_owner" exists and has members/, 'kycvs_owner with a member: and says why');

    $node->safe_psql('postgres', 'REVOKE kycvs_owner FROM stranger; GRANT pg_read_all_data TO kycvs_owner');
    ($sqlstate, $error) = attempt('refused', 'CREATE EXTENSION kycvs CASCADE');
    is($sqlstate, '55000', 'kycvs_owner in another role: install refuses');
    is($node->safe_psql('refused', "SELECT count(*) FROM pg_extension WHERE extname = 'kycvs'"), 0, 'nothing was installed');
    $node->safe_psql('postgres', 'REVOKE pg_read_all_data FROM kycvs_owner; DROP ROLE kycvs_owner');
}

# ---- the server is there before the database ---------------------------------

my $server = session($node, dbname => 'postgres');
poll($server, activity(), join(', ', ('waiting for CREATE DATABASE') x 3));
pass('without a database the authority waits, and says so');

# at once, without waiting for anything
$node->safe_psql('postgres', 'CREATE DATABASE registry');
set_up_registry($node);
my $observer = session($node);
my $caller = session($node, user => 'railway');
my ($receipt, $consent, $answer) = flow($observer, $caller, '9825012345', 'PNR 4512345678');
is($answer->{status}, 2, 'CREATE DATABASE, CREATE EXTENSION, and the next call is answered');
poll($server, activity(), 'registry: waiting for requests, waiting for CREATE DATABASE, waiting for CREATE DATABASE');
pass('the authority has a backend_type and says what it waits for');
is($observer->value("SELECT bool_and(ok) FROM kycvs.health()"), 't', 'health: all well');

sub authority_of
{
    my ($database) = @_;
    return $server->value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND datname = '$database'");
}

# Between CREATE DATABASE and CREATE EXTENSION.
{
    $node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
    poll($server, "SELECT query FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND datname = 'elsewhere'",
        'waiting for CREATE EXTENSION kycvs');
    $observer->value("SET kycvs.registry = 'elsewhere'");
    my $result = $observer->run("SELECT kycvs_resend_otp('$receipt->{jti}')");
    is($result->{sqlstate}, 'KV050', 'a database without the extension: KV050');
    like($result->{error}, qr/has no extension kycvs/, 'a database without the extension: and why');
    $observer->value('RESET kycvs.registry');
}

# What each other backend obeys does not reach it.
{
    my $pid = authority_of('registry');
    $observer->value("SELECT pg_cancel_backend($pid)") foreach 1 .. 20;
    still_answers($observer, $caller, 'pg_cancel_backend');
    $observer->value('SELECT pg_reload_conf()');
    still_answers($observer, $caller, 'pg_reload_conf');
    is(authority_of('registry'), $pid, 'it is still the same process');
}

# ---- DROP EXTENSION ----------------------------------------------------------

my $registry = 'SELECT id, issuer FROM kycvs_data.registry';
my $roles = "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname ~ '^kycvs'";
my $before = $observer->value($registry);
my $old_answer = $caller->value("SELECT kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking', 'PNR 1')");
my $kid = $observer->value("SELECT kid FROM kycvs_data.signing_key");
my $role_names = $observer->value($roles);

# A session of another database asks while the extension is away.
$node->safe_psql('elsewhere', 'CREATE EXTENSION kycvs CASCADE');
$node->safe_psql('elsewhere', "ALTER DATABASE elsewhere SET kycvs.registry = 'registry'");
my $remote = session($node, dbname => 'elsewhere', user => 'railway');

sub ask_from_elsewhere
{
    my $mobile = next_mobile();
    return $remote->run("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking')")->{sqlstate};
}

is(ask_from_elsewhere(), '00000', 'a session of another database is answered');
$observer->value('DROP EXTENSION kycvs');
is($observer->value($roles), $role_names, 'DROP EXTENSION: the roles stay');
is(ask_from_elsewhere(), 'KV050', 'DROP EXTENSION: KV050');
poll($server, "SELECT query FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND datname = 'registry'",
    'waiting for CREATE EXTENSION kycvs');
pass('DROP EXTENSION: the authority waits for the next');
set_up_registry($node);
is(ask_from_elsewhere(), '00000', 'CREATE EXTENSION again: the other database is answered');
isnt($observer->value($registry), $before, 'CREATE EXTENSION again: another registry');
isnt($observer->value('SELECT kid FROM kycvs_data.signing_key'), $kid, 'CREATE EXTENSION again: another key');
still_answers($observer, $caller, 'CREATE EXTENSION again, in sessions that knew the one before');
{
    my $quoted = $old_answer =~ s/'/''/gr;
    is($caller->run("SELECT kycvs_claims('$quoted')")->{sqlstate}, 'KV032', 'a document of the registry before: its key is unknown');
    is($caller->run("SELECT kycvs_verify_otp('$receipt->{jti}', '000000', true)")->{sqlstate}, 'KV013', 'a challenge of the registry before: unknown');
}

# In one transaction, and undone.
$observer->value('BEGIN; DROP EXTENSION kycvs; CREATE EXTENSION kycvs; COMMIT');
is($caller->run("SELECT kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking')")->{sqlstate},
    'KV003', 'replaced in one transaction: the new one is asked, and knows no entity');
$node->safe_psql('registry', 'DROP EXTENSION kycvs');
set_up_registry($node);
$observer->value('BEGIN; DROP EXTENSION kycvs; ROLLBACK');
still_answers($observer, $caller, 'DROP EXTENSION rolled back');

# ---- DROP DATABASE -----------------------------------------------------------

$_->quit foreach $observer, $caller;
$server->value('DROP DATABASE registry WITH (FORCE)');
is(ask_from_elsewhere(), 'KV050', 'DROP DATABASE: KV050');
$node->safe_psql('postgres', 'CREATE DATABASE registry');
set_up_registry($node);
$observer = session($node);
$caller = session($node, user => 'railway');
still_answers($observer, $caller, 'DROP DATABASE, and made again');
is(ask_from_elsewhere(), '00000', 'DROP DATABASE, and made again: the other database is answered');
$remote->quit;

# ---- settings of a database or a role (T45) ----------------------------------

# The callers are in the other database, so that the settings meet the authority alone.
$_->quit foreach $observer, $caller;

my @chosen = (
    [ 'synchronous_commit', 'off' ],
    [ 'default_transaction_read_only', 'on' ],
    [ 'default_transaction_isolation', 'serializable' ],
    [ 'default_transaction_deferrable', 'on' ],
    [ 'search_path', 'public, pg_catalog' ],
    [ 'statement_timeout', '1' ],
    [ 'lock_timeout', '1' ],
    [ 'idle_in_transaction_session_timeout', '1' ],
    [ 'idle_session_timeout', '1' ],
    [ 'TimeZone', 'America/New_York' ],
    [ 'DateStyle', 'German' ],
    [ 'IntervalStyle', 'iso_8601' ],
    [ 'timezone_abbreviations', 'Australia' ],
    [ 'bytea_output', 'escape' ],
    [ 'xmloption', 'document' ],
    [ 'session_replication_role', 'replica' ],
    [ 'debug_print_parse', 'on' ],
    [ 'debug_print_rewritten', 'on' ],
    [ 'debug_print_plan', 'on' ],
    [ 'transform_null_equals', 'on' ],
    [ 'standard_conforming_strings', 'off' ],
    [ 'array_nulls', 'off' ],
    [ 'client_encoding', 'SQL_ASCII' ],
    [ 'default_tablespace', 'pg_default' ],
    [ 'exit_on_error', 'on' ],
    [ 'role', 'airline' ]);

# Every setting that can be set, at the other end of what it may be.
sub extremes
{
    my ($end) = @_;

    return map { [ split /\|/ ] } split /\n/, $server->value(<<"SQL");
SELECT name, CASE vartype WHEN 'bool' THEN CASE boot_val WHEN 'on' THEN 'off' ELSE 'on' END
                          WHEN 'enum' THEN enumvals[CASE '$end' WHEN 'min' THEN 1 ELSE array_length(enumvals, 1) END]
                          ELSE ${end}_val END
FROM pg_settings WHERE context IN ('user', 'superuser') AND vartype <> 'string'
SQL
}

sub set_all
{
    my (@settings) = @_;
    my $effective = 0;

    foreach my $whose ('DATABASE registry', 'ROLE kycvs_owner IN DATABASE registry', 'ROLE CURRENT_USER IN DATABASE registry')
    {
        foreach my $setting (@settings)
        {
            my ($name, $value) = @$setting;

            # a list is a list of words; some cannot be set for a database
            $value = "'$value'" unless $name eq 'search_path';
            $effective++ if $server->run("ALTER $whose SET $name = $value")->{sqlstate} eq '00000';
        }
    }
    return $effective;
}

sub reset_all
{
    $server->value("ALTER $_ RESET ALL")
      foreach 'DATABASE registry', 'ROLE kycvs_owner IN DATABASE registry', 'ROLE CURRENT_USER IN DATABASE registry';
}

foreach my $kind ('chosen', 'min', 'max')
{
    my $settings = set_all($kind eq 'chosen' ? @chosen : extremes($kind));
    my $pid = authority_of('registry');

    cmp_ok($settings, '>', 60, "hostile settings, $kind: there are $settings of them");
    $server->value("SELECT pg_terminate_backend($pid)");
    poll($server, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND datname = 'registry' AND pid <> $pid", 1);
    $pid = authority_of('registry');

    # an exchange, and a crash right after its answer
    my $sender = session($node, dbname => 'elsewhere');
    $caller = session($node, dbname => 'elsewhere', user => 'railway');
    my $mobile = next_mobile();
    $sender->value('SELECT count(*) FROM kycvs.next_messages(1000)');
    my $receipt = issue($caller, $mobile, "PNR $kind");
    my $otp = $sender->value("SELECT substring(body FROM '[0-9]{6}') FROM kycvs.next_messages(1)");
    my $wrong = $otp eq '000000' ? '000001' : '000000';
    is($caller->run("SELECT kycvs_verify_otp('$receipt->{jti}', '$wrong', true)")->{sqlstate}, 'KV010', "hostile settings, $kind: a wrong OTP is wrong");
    my $consent = decode_json($caller->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)"));
    my $answer = decode_json($caller->value("SELECT kycvs_status('" . encode_document($consent) . "')"));
    $node->stop('immediate');
    eval { $_->quit } foreach $sender, $caller, $server;

    ok( $answer->{reference} eq "PNR $kind" && $answer->{status} == 0 && $answer->{as_of} =~ /^\d{4}-\d\d-\d\d$/
          && $answer->{iat} =~ /^\d{10}$/ && $consent->{exp} - $consent->{iat} == 900,
        "hostile settings, $kind: answered as ever");
    is_deeply([ slurp_file($node->logfile) =~ /^\S+ \[$pid\] .*(?:LOG|ERROR|FATAL|STATEMENT|CONTEXT): .*$/mg ],
        [], "hostile settings, $kind: the authority logs neither plans nor statements nor errors");
    $node->start;
    $server = session($node, dbname => 'postgres');
    reset_all();
    $observer = session($node);
    is($observer->value("SELECT count(*) FROM kycvs_data.consent AS c JOIN kycvs_data.answer AS w ON w.consent = c.jti"
              . " JOIN kycvs_data.audit AS a ON a.document = w.jti AND a.event = 'status' AND a.calling_role = 'railway'"
              . " JOIN kycvs_data.challenge AS h ON h.id = c.challenge AND h.tries = 2"
              . " WHERE c.jti = '$consent->{jti}' AND w.jti = '$answer->{jti}'"),
        1, "hostile settings, $kind: the answer was durable when it was given");
    $observer->quit;
}

# ---- planted objects (T41) ---------------------------------------------------

# What an ordinary user could leave in public, before the extension comes: exact
# matches for what the script calls with a cast in between, and operators.
sub planted_sql
{
    my @functions = (
        'format(text, text)', 'format(text, name)', 'format(text)', 'quote_ident(name)', 'now()', 'clock_timestamp()',
        'sha256(text)', 'encode(bytea, name)', 'digest(text, name)', 'digest(name, text)', 'gen_random_bytes(bigint)',
        'length(bytea)', 'length(name)', 'count()', 'pg_has_role(oid, text, text)', 'pg_has_role(oid, oid, name)',
        'to_regrole(name)', 'aclexplode(text)', 'acldefault(text, oid)', 'convert_to(text, text)', 'concat(text, text)',
        'pg_extension_config_dump(regclass, name)', 'pg_extension_config_dump(text, text)', 'gen_random_uuid()');
    my @types = ('text', 'name', 'oid', 'uuid', 'bytea', 'int', 'bigint', 'boolean', 'timestamptz', 'date', '"char"');
    my @tables = qw(pg_authid pg_auth_members pg_class pg_depend pg_extension pg_namespace pg_proc pg_roles registry challenge audit);
    my $sql = <<'SQL';
CREATE SEQUENCE public.caught;
GRANT ALL ON SEQUENCE public.caught TO PUBLIC;
CREATE FUNCTION public.catch(what text) RETURNS void LANGUAGE plpgsql AS
$$ BEGIN RAISE WARNING 'caught %', what; PERFORM pg_catalog.nextval('public.caught'); END $$;
SQL

    $sql .= "CREATE FUNCTION public.$_ RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.catch(''$_''); RETURN NULL; END';\n"
      foreach @functions;
    foreach my $pair ((map { [ $_, $_ ] } @types), [ 'name', 'text' ], [ 'text', 'name' ], [ 'oid', 'int' ])
    {
        my ($left, $right) = @$pair;

        $sql .= "CREATE FUNCTION public.meet($left, $right) RETURNS boolean LANGUAGE plpgsql AS"
          . " 'BEGIN PERFORM public.catch(''operator of $left, $right''); RETURN true; END';\n";
        $sql .= "CREATE OPERATOR public.$_ (LEFTARG = $left, RIGHTARG = $right, FUNCTION = public.meet);\n"
          foreach '=', '<>', '>', '<=', '||', '+', '-';
    }
    $sql .= "CREATE TABLE public.$_ (rolname text, relname text, extname text, id int);\n" foreach @tables;
    return "SET SESSION AUTHORIZATION planter;\n$sql";
}

{
    $node->safe_psql('postgres', 'CREATE ROLE planter LOGIN');
    $node->safe_psql('postgres', 'CREATE DATABASE planted OWNER planter');
    $node->safe_psql('planted', 'GRANT CREATE ON SCHEMA public TO planter; CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO PUBLIC;'
          . ' CREATE SCHEMA crypto; CREATE EXTENSION pgcrypto SCHEMA crypto');
    $node->safe_psql('planted', planted_sql());
    $node->safe_psql('planted', 'SET SESSION AUTHORIZATION planter; ALTER DATABASE planted SET search_path = public, pg_catalog');

    # it would catch
    my ($status, $output, $errors) = $node->psql('planted', "SELECT 'a'::text = 'a'::text");
    like($errors, qr/caught operator of text, text/, 'planted objects: they would catch');
    $node->safe_psql('planted', "SELECT pg_catalog.setval('public.caught', 1, false)");

    my ($sqlstate, $error) = attempt('planted', 'CREATE EXTENSION kycvs SCHEMA app');
    is($sqlstate, '00000', 'planted objects: the extension is installed all the same') or diag($error);
    unlike($error, qr/caught/, 'planted objects: and calls none of them');

    # every function, as its caller would call it with that path
    my $sql = <<'SQL';
SELECT kycvs.create_key() AS kid \gset
SELECT kycvs.add_purpose('ticket-booking', 'Notice.');
SELECT kycvs.add_notice('ticket-booking', 'hi', 'Notice in Hindi.');
SELECT kycvs.add_entity('irctc', 'Indian Railways', 'railway', ARRAY['ticket-booking']);
SELECT kycvs.set_budget('irctc', 300);
SELECT kycvs.create_api_key('irctc') AS key \gset
SELECT kycvs.revoke_api_key(1);
SELECT kycvs.register_person('+91 98250 12345', 'Ramesh Patel') AS person \gset
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-04-02');
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-07-01');
SELECT kycvs.revoke_dose(:person, 1, 'wrong');
SET SESSION AUTHORIZATION railway;
SELECT app.kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking', 'PNR 1') AS receipt \gset
RESET SESSION AUTHORIZATION;
SELECT pg_catalog.substring(body, '[0-9]{6}') AS otp FROM kycvs.next_messages(1) \gset
SELECT kycvs.message_done(1, true);
SET SESSION AUTHORIZATION railway;
SELECT app.kycvs_verify_otp((:'receipt'::jsonb ->> 'jti')::uuid, :'otp', consent => true) AS consent \gset
SELECT app.kycvs_status(:'consent'::jsonb) AS answer \gset
SELECT app.kycvs_verify(:'answer'::jsonb, audience => 'irctc', reference => 'PNR 1') AS claims \gset
SELECT 'status', app.kycvs_from_jwt(app.kycvs_to_jwt(:'answer'::jsonb)) ->> 'status';
RESET SESSION AUTHORIZATION;
SELECT check_name, detail FROM kycvs.health() WHERE ok IS FALSE;
SQL
    ($status, $output, $errors) = $node->psql('planted', $sql, on_error_stop => 1);
    is("$status $errors", '0 ', 'planted objects: the whole exchange works');
    like($output, qr/^status\|1$/m, 'planted objects: and its answer is right');
    is($node->safe_psql('planted', 'SELECT is_called FROM public.caught'), 'f', 'planted objects: nothing was caught');
    is($node->safe_psql('planted', "SELECT n.nspname FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n"
              . " ON n.oid OPERATOR(pg_catalog.=) p.pronamespace WHERE p.proname OPERATOR(pg_catalog.=) 'kycvs_issue_otp'::name"),
        'app', 'CREATE EXTENSION ... SCHEMA app: the public functions are there');
}

# Names that are ours, and taken: refused, not replaced.
foreach my $plant (
    "CREATE FUNCTION public.kycvs_status(consent jsonb, as_of date DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'",
    'CREATE SCHEMA kycvs', 'CREATE SCHEMA kycvs_data')
{
    my ($sqlstate) = attempt('refused', "BEGIN; $plant; CREATE EXTENSION kycvs CASCADE");
    like($sqlstate, qr/^(42723|42P06)$/, "$plant: install refuses");
}

# ---- other schemas -----------------------------------------------------------

{
    $node->safe_psql('elsewhere', 'ALTER DATABASE elsewhere RESET kycvs.registry');
    $node->safe_psql('elsewhere', 'DROP EXTENSION kycvs; DROP EXTENSION pgcrypto; CREATE SCHEMA app; CREATE SCHEMA "Odd schema"');
    $node->safe_psql('elsewhere', 'CREATE EXTENSION pgcrypto SCHEMA "Odd schema"; CREATE EXTENSION kycvs SCHEMA app');
    my ($status, $output, $errors) = $node->psql('elsewhere', <<'SQL', on_error_stop => 1);
SELECT kycvs.create_key() AS kid \gset
SELECT kycvs.add_purpose('ticket-booking', 'Notice.');
SELECT kycvs.add_entity('irctc', 'Indian Railways', 'railway', ARRAY['ticket-booking']);
SELECT kycvs.create_api_key('irctc') AS key \gset
CREATE ROLE gateway LOGIN IN ROLE kycvs_gateway;
SET SESSION AUTHORIZATION gateway;
SELECT kycvs.try_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking', api_key => :'key') ->> 'aud';
RESET SESSION AUTHORIZATION;
ALTER EXTENSION pgcrypto SET SCHEMA public;
SET SESSION AUTHORIZATION gateway;
SELECT kycvs.try_issue_otp('9825012346', 'Ramesh Patel', 'ticket-booking', api_key => :'key') ->> 'aud';
SQL
    is("$status $errors", '0 ', 'pgcrypto in another schema: works');
    is($output =~ s/^\n+//r, "irctc\nirctc", 'pgcrypto in another schema: an API key is made and recognised, also after it has moved');
}

# ---- servers that are not set up for it (T44) --------------------------------

sub restart_with
{
    my (%setting) = @_;

    $node->adjust_conf('postgresql.conf', $_, $setting{$_}) foreach keys %setting;
    $node->restart;
    return session($node);
}

my $health = "SELECT check_name FROM kycvs.health() WHERE NOT ok";
$server->quit;
$observer = session($node);
$caller = session($node, user => 'railway');
($receipt, $consent, $answer) = flow($observer, $caller, next_mobile(), 'PNR 7');
my $document = $caller->value("SELECT kycvs_status('" . encode_document($consent) . "')");
my $quoted = $document =~ s/'/''/gr;
$_->quit foreach $observer, $caller;

foreach my $case (
    [ 'no preload', { shared_preload_libraries => "''" }, 'preload' ],
    [ 'not in kycvs.databases', { shared_preload_libraries => "'kycvs'", 'kycvs.databases' => "'planted'" }, 'registry' ],
    [ 'max_worker_processes = 1', { 'kycvs.databases' => "'registry'", max_worker_processes => 1 }, 'worker slot' ],
    [ 'max_worker_processes = 0', { max_worker_processes => 0 }, 'worker slot' ])
{
    my ($name, $setting, $check) = @$case;

    $observer = restart_with(%$setting);
    $caller = session($node, user => 'railway');
    foreach my $sql (
        "SELECT kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking')",
        "SELECT kycvs_resend_otp('$receipt->{jti}')",
        "SELECT kycvs_verify_otp('$receipt->{jti}', '000000', true)",
        "SELECT kycvs_status('" . encode_document($consent) . "')")
    {
        my ($function) = $sql =~ /(kycvs_\w+)/;
        my $result = $caller->run($sql);

        is($result->{sqlstate}, 'KV050', "$name: $function says KV050");
        cmp_ok($result->{seconds}, '<', 5, "$name: $function says so at once");
        like($result->{error}, qr/^HINT:.*shared_preload_libraries.*kycvs\.databases/m, "$name: $function says what to do");
    }
    is($observer->run("SELECT kycvs.create_key()")->{sqlstate}, 'KV050', "$name: so does an administrator's function");
    is($observer->value($health), $check, "$name: health says why");
    is($observer->value("SELECT detail <> '' FROM kycvs.health() WHERE NOT ok"), 't', "$name: and what to do");

    # documents are verified all the same
    is(scalar_of($caller->value("SELECT kycvs_claims('$quoted')"), 'jti'), $answer->{jti}, "$name: kycvs_claims works");
    is(scalar_of($caller->value("SELECT kycvs_verify('$quoted', 'irctc', 'PNR 7')"), 'jti'), $answer->{jti}, "$name: kycvs_verify works");
    is(scalar_of($caller->value("SELECT kycvs_from_jwt(kycvs_to_jwt('$quoted'))"), 'jti'), $answer->{jti}, "$name: kycvs_to_jwt works");
    is($caller->value("SELECT jsonb_array_length(kycvs_jwks() -> 'keys')"), 1, "$name: kycvs_jwks works");
    $_->quit foreach $observer, $caller;
}

$observer = restart_with(max_worker_processes => 8);
$caller = session($node, user => 'railway');
still_answers($observer, $caller, 'set up again');
$_->quit foreach $observer, $caller;
$node->stop;
done_testing();
