# Every setting that an ordinary role may SET, at values that somebody hostile
# would choose, one at a time in the caller's session: the same outcome, and the
# same signed bytes (T8).
#
# The settings are those of the server at hand. kycvs.registry is not among
# them, nor would it belong there: it chooses whom to ask. A setting may make
# the session impossible; then PostgreSQL refuses, and nothing else is answered.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP qw(decode_json encode_json);
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_registry('settings', conf => 'max_connections = 20');
my $observer = session($node);
my $caller;

# ---- what is planted -----------------------------------------------------------

# A function, operator, type or table of each name that a careless statement could find here instead of in pg_catalog.
$observer->value(<<'SQL');
SELECT kycvs.set_budget('irctc', 1000000);
CREATE ROLE mallory LOGIN;
CREATE SCHEMA planted AUTHORIZATION mallory;
GRANT ALL ON SCHEMA planted TO PUBLIC;
CREATE TABLE planted.caught (what text);
GRANT ALL ON planted.caught TO PUBLIC;
SET ROLE mallory;
DO $$
DECLARE
  f record;
  arguments text;
BEGIN
  FOR f IN
    SELECT p.oid, proname, pg_get_function_identity_arguments(p.oid) AS arguments, prorettype::regtype::text AS result
      FROM pg_proc AS p
     WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset AND provariadic = 0
       AND proname IN ('now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp', 'timezone', 'date', 'to_char', 'format', 'lower', 'upper',
                       'length', 'octet_length', 'encode', 'decode', 'sha256', 'md5', 'convert_to', 'convert_from', 'substring', 'substr', 'replace', 'concat',
                       'jsonb_build_object', 'jsonb_strip_nulls', 'jsonb_object_field', 'jsonb_object_field_text', 'jsonb_set', 'to_jsonb', 'to_json',
                       'texteq', 'uuid_eq', 'byteaeq', 'int4eq', 'jsonb_eq', 'nameeq', 'oideq', 'float8', 'int4', 'int8', 'text', 'date_part', 'extract')
       AND NOT EXISTS (SELECT FROM unnest(proargtypes::oid[] || prorettype) AS t WHERE t::regtype::text ~ '^(any|internal|cstring|"any")')
  LOOP
    EXECUTE format('CREATE FUNCTION planted.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO planted.caught VALUES (%L); RETURN NULL; END $f$',
                   f.proname, f.arguments, f.result, f.oid::regprocedure);
  END LOOP;
  FOR f IN
    SELECT oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result
      FROM pg_operator
     WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprkind = 'b'
       AND oprname IN ('=', '<>', '<', '<=', '>', '>=', '||', '-', '->', '->>', '+', '@>', '?')
       AND (oprleft IN ('text'::regtype, 'jsonb'::regtype, 'uuid'::regtype, 'bytea'::regtype, 'name'::regtype, 'oid'::regtype, 'int4'::regtype, 'int8'::regtype,
                        'date'::regtype, 'timestamptz'::regtype, 'boolean'::regtype))
       AND oprright::regtype::text !~ '^any'
  LOOP
    EXECUTE format('CREATE FUNCTION planted.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN INSERT INTO planted.caught VALUES (%L); RETURN NULL; END $f$',
                   'op ' || f.oprname, f.l, f.r, f.result, f.oprname);
    EXECUTE format('CREATE OPERATOR planted.%s (FUNCTION = planted.%I, LEFTARG = %s, RIGHTARG = %s)', f.oprname, 'op ' || f.oprname, f.l, f.r);
  END LOOP;
END
$$;
CREATE TABLE planted.signing_key (kid text, alg text, x bytea, y bytea, state text);
CREATE TABLE planted.registry (id uuid, issuer text);
CREATE TABLE planted.consent (jti uuid);
CREATE TABLE planted.audit (id bigint);
CREATE TABLE planted.pg_class (oid oid, relname name);
CREATE TABLE planted.pg_roles (oid oid, rolname name, rolsuper boolean);
CREATE TABLE planted.pg_extension (oid oid, extname name);
CREATE DOMAIN planted.jsonb AS pg_catalog.text;
CREATE DOMAIN planted.timestamptz AS pg_catalog.text;
CREATE DOMAIN planted.uuid AS pg_catalog.text;
CREATE TYPE planted.bool AS ENUM ('true', 'false');
RESET ROLE;
-- casts are found wherever they are; those an ordinary role can make are of types of its own
CREATE CAST (planted.bool AS pg_catalog.text) WITH INOUT AS IMPLICIT;
SQL
my $planted = $observer->value("SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'planted'::regnamespace)"
      . " + (SELECT count(*) FROM pg_operator WHERE oprnamespace = 'planted'::regnamespace)");
cmp_ok($planted, '>', 100, "$planted functions and operators are planted");

# ---- what is asked -------------------------------------------------------------

# The name in letters whose bytes no client_encoding changes on the way.
my $name = "pg_catalog.convert_from(pg_catalog.decode('e0a4b0e0a4aee0a587e0a4b6', 'hex'), 'UTF8')";

# A person for each round is not needed: what is answered for this one is known.
my $person = $observer->value("SELECT kycvs.register_person('9825012346', $name)");
$observer->value("SELECT kycvs.record_dose($person, 'COVISHIELD', '2021-04-02'), kycvs.record_dose($person, 'COVISHIELD', '2021-07-01')");

sub connect_caller
{
    $caller = session($node, user => 'railway');
    $caller->pid;
    return;
}

sub quoted
{
    my ($text) = @_;
    return "'" . ($text =~ s/'/''/gr) . "'";
}

# A literal that means the same whatever standard_conforming_strings says.
sub literal
{
    my ($value) = @_;
    return '$literal$' . $value . '$literal$';
}

# The documents of one round, in their canonical form; times and ids of their own left out.
sub same_in_each_round
{
    my ($document) = @_;
    my %claims = %{ decode_json($document) };

    delete @claims{qw(jti iat exp sub txn jws resend_after name_sha256 consent mobile)};
    return JSON::PP->new->canonical->encode(\%claims);
}

# One answer that stays the same: a consent of the time before any of this.
connect_caller();
my $receipt = decode_json($caller->value("SELECT kycvs_issue_otp('9825012346', $name, 'ticket-booking', 'PNR 4512345678')"));
my $otp = otp($observer, $receipt->{jti});
my $consent = $caller->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)");
my $answer = $caller->value('SELECT kycvs_status(' . quoted($consent) . ')');
my ($q_consent, $q_answer) = map { s/\\/\\\\/gr } map { literal($_) } $consent, $answer;

# Everything about it that can be said twice, each on a line of its own.
my @constant = (
    "SELECT kycvs.canonical(public.kycvs_status($q_consent) OPERATOR(pg_catalog.-) 'jws'::pg_catalog.text)",
    "SELECT public.kycvs_verify($q_answer, 'irctc', 'PNR 4512345678', $name)",
    "SELECT public.kycvs_verify($q_answer, 'irctc', 'PNR 4512345678', NULL, 'status', pg_catalog.to_timestamp(" . (decode_json($answer)->{iat} + 1) . '))',
    "SELECT public.kycvs_claims($q_consent)",
    'SELECT public.kycvs_jwks()',
    q[SELECT kycvs.canonical('{"b": [0.1, 1e21, 333333333.33333329, 1E-7, null, true], "a": ""}'::pg_catalog.jsonb)],
    "SELECT public.kycvs_to_jwt($q_answer)",
    "SELECT kycvs.canonical(public.kycvs_from_jwt(public.kycvs_to_jwt($q_answer)))",
);
sub ask
{
    my ($statement) = @_;
    my $result = $caller->run("\\set c ''\n$statement AS c\\gset\n\\set s :SQLSTATE\n\\echo answer :s :c");

    return ($result->{sqlstate}, '') if $result->{sqlstate} eq 'lost';
    return $result->{output} =~ /^answer (\w{5}) (.*)$/m ? ($1, $2) : ('not seen', $result->{output});
}

# One round: [what, SQLSTATE, what was answered as far as it is always the same].
sub round_of_calls
{
    my $mobile = next_mobile();
    my @round;
    my ($state, $document) = ask("SELECT public.kycvs_issue_otp('$mobile', $name, 'ticket-booking', 'PNR 7')");

    push @round, [ 'issue', $state, $state eq '00000' ? same_in_each_round($document) : '' ];
    my $txn = $state eq '00000' && decode_json($document)->{jti};
    if ($txn)
    {
        my $code = otp($observer, $txn);
        my $wrong = sprintf('%06d', ($code + 1) % 1000000);

        push @round, [ 'wrong OTP', ask("SELECT public.kycvs_verify_otp('$txn', '$wrong', true)") ];
        ($state, $document) = ask("SELECT public.kycvs_verify_otp('$txn', '$code', true)");
        push @round, [ 'verify', $state, $state eq '00000' ? same_in_each_round($document) : '' ];
        if ($state eq '00000')
        {
            ($state, my $status) = ask('SELECT public.kycvs_status(' . (literal($document) =~ s/\\/\\\\/gr) . ')');
            push @round, [ 'status', $state, $state eq '00000' ? same_in_each_round($status) : '' ];
            if ($state eq '00000')
            {
                ($state, my $claims) = ask('SELECT public.kycvs_verify(' . (literal($status) =~ s/\\/\\\\/gr) . ", 'irctc', 'PNR 7', $name)");
                push @round, [ 'kycvs_verify', $state, $state eq '00000' ? same_in_each_round($claims) : '' ];
            }
        }
    }
    push @round, map { [ "constant $_", ask($constant[$_]) ] } 0 .. $#constant;
    return \@round;
}

my $normal = round_of_calls();
is_deeply(
    [ map { $_->[1] } @$normal ],
    [ map { $_->[0] eq 'wrong OTP' ? 'KV010' : '00000' } @$normal ],
    'with settings as they are, everything is answered') or diag(explain($normal));
is(decode_json($answer)->{status}, 2, 'and the answer is known');

# ---- settings and their values --------------------------------------------------

my @nasty = (
    '', ' ', 'x' x 10000, q['], q["], q[it's "quoted"; DROP TABLE x; --], '\\', '$user', "line\nbreak", '%s%n%d', '-1', '0', 'on', 'off', 'none',
    'planted', 'pg_catalog', 'C', 'POSIX', 'default');
my %also = (
    search_path => [ 'planted, pg_catalog, public', 'planted', 'pg_temp, planted', 'planted, kycvs_data, public', '"$user", public', '' ],
    TimeZone => [ 'America/New_York', 'Pacific/Kiritimati', 'Etc/GMT+12', 'ABC-99:59:59', 'posix/Asia/Kolkata', 'right/UTC', 'UTC', '13.5' ],
    timezone_abbreviations => [ 'Australia', 'India', 'Default' ],
    DateStyle => [ 'German', 'SQL, DMY', 'Postgres, MDY', 'ISO, YMD' ],
    client_encoding => [ 'SQL_ASCII', 'LATIN1', 'EUC_JP', 'SJIS', 'GB18030', 'WIN1251', 'UTF8' ],
    lc_messages => ['C.UTF-8'], lc_monetary => ['C.UTF-8'], lc_numeric => ['C.UTF-8'], lc_time => ['C.UTF-8'],
    default_text_search_config => ['pg_catalog.simple'],
    application_name => [ 'kycvs authority', "\x{263a}" ],
    default_tablespace => ['pg_default'],
    statement_timeout => [1], lock_timeout => [1], idle_in_transaction_session_timeout => [1], idle_session_timeout => [1],
    client_connection_check_interval => [1]);

# Rows of settings: name, type, smallest and largest value, values of an enum.
my @settings = map { [ split /\|/, $_, -1 ] } split /\n/, $caller->value(<<'SQL');
SELECT name, vartype, min_val, max_val, array_to_string(enumvals, ','), boot_val FROM pg_settings
WHERE context = 'user' AND name !~ '^transaction_' AND name <> 'kycvs.registry' ORDER BY name
SQL

sub values_of
{
    my ($name, $type, $min, $max, $enum, $default) = @_;
    my @values = @{ $also{$name} // [] };

    push @values, 'on', 'off' if $type eq 'bool';
    push @values, split /,/, $enum if $type eq 'enum';
    push @values, $min, $max if $type =~ /^(integer|real)$/;
    push @values, 0, 1 if $type eq 'integer';
    push @values, @nasty if $type eq 'string';

    my %seen;
    return grep { !$seen{$_}++ } @values;
}

my ($tried, $refused, $mismatches) = (0, 0, 0);
my %impossible;

sub mismatch
{
    my ($text) = @_;

    $mismatches++;
    diag($text) if $mismatches <= 20;
}

# Errors that PostgreSQL makes of a setting, never one of ours.
sub compare
{
    my ($what, $round) = @_;

    foreach my $asked (@$round)
    {
        my ($call, $state, $said) = @$asked;
        my ($expected) = grep { $_->[0] eq $call } @$normal;

        next if $state eq $expected->[1] && $said eq $expected->[2];
        return $state if $state !~ /^(00000|KV)/ && $state ne 'not seen';
        mismatch("$what: $call: $state $said\n  not $expected->[1] $expected->[2]");
        return;
    }
    return;
}

foreach my $setting (@settings)
{
    my ($setting_name) = @$setting;

    foreach my $value (values_of(@$setting))
    {
        # as a literal that any setting allows, and undone by a message, not a statement that could fail
        my $set = $caller->run("SET $setting_name = " . ($setting_name eq 'search_path' && $value =~ /,/ ? $value : quoted($value)) . ';');
        my $what = "$setting_name = " . substr($value, 0, 60);

        if ($set->{sqlstate} ne '00000' && $set->{sqlstate} ne 'lost')
        {
            $refused++;
            next;
        }
        $tried++;
        my $state = $set->{sqlstate} eq 'lost' ? 'lost' : compare($what, round_of_calls());
        if (defined $state)
        {
            $impossible{$setting_name}{$state}++;
        }
        my $reset = $caller->run("SET client_encoding = UTF8;\nRESET ALL");
        connect_caller() if $reset->{sqlstate} ne '00000';
    }
}

# ---- and what came of it ---------------------------------------------------------

cmp_ok(scalar @settings, '>', 100, scalar(@settings) . ' settings');
is($mismatches, 0, "$tried values of them: the same outcome and the same bytes");
is_deeply(
    [ grep { !/^(statement_timeout|idle_session_timeout|default_transaction_read_only|exit_on_error)$/ } sort keys %impossible ],
    [], 'only few of them make the session impossible');
is($observer->value('SELECT count(*) FROM planted.caught'), 0, 'nothing that was planted was called');
is( $observer->value(
        'SELECT count(*) FROM kycvs_data.challenge AS c WHERE tries <> (SELECT count(*) FROM kycvs_data.audit AS a'
          . " WHERE a.subject = c.id AND event = 'verify' AND outcome IN ('00000', 'KV010'))"),
    0, 'each challenge: tries charged = tries decided');
is($observer->value("SELECT count(DISTINCT document) FROM kycvs_data.audit WHERE subject = '" . decode_json($consent)->{jti} . "' AND event = 'status'"),
    1, 'one answer for one consent, however often it was asked for');

connect_caller();
is($caller->value("SELECT string_agg(name, ', ') FROM pg_settings WHERE name LIKE 'kycvs.%' AND context NOT IN ('sighup', 'postmaster')"),
    'kycvs.registry', 'of our settings only the one that chooses whom to ask is a session\'s');
still_answers($observer, $caller, 'afterwards');
diag('impossible: ' . join(', ', map { my $n = $_; map { "$n ($_)" } sort keys %{ $impossible{$n} } } sort keys %impossible));
diag('counts: settings swept ' . @settings . ", values tried $tried (and $refused that the server does not take), mismatches $mismatches");
$_->quit foreach $caller, $observer;
$node->stop;
done_testing();
