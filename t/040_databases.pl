# A railway's own database calls the registry of another database on the same
# server: the booking of design section 2, its retries, verification with keys
# that come over the channel, and databases in other encodings.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('databases');
$node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'kycvs'
kycvs.databases = 'registry, latin_registry'
kycvs.issuer = 'https://registry.example'
CONF
$node->start;

# Runs SQL in a database as a role; returns the rows and the SQLSTATE, '' when all went well.
sub run_as
{
    my ($database, $role, $sql) = @_;
    my ($rows, $errors);
    $node->psql($database, $sql, stdout => \$rows, stderr => \$errors,
        extra_params => [ '-U', $role, '-v', 'VERBOSITY=sqlstate' ]);
    my ($sqlstate) = $errors =~ /(?:ERROR|FATAL):\s+(\w{5})/;
    diag($errors) if $errors =~ /ERROR|FATAL/ && !$sqlstate;
    return ($rows, $sqlstate // '');
}

sub is_refused
{
    my ($sqlstate, $database, $role, $sql, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is((run_as($database, $role, $sql))[1], $sqlstate, $name);
}

sub registry { return $node->safe_psql('registry', @_) }

# The code of the newest message, as a sender gets it.
sub next_otp { return registry('SELECT substring(body FROM \'[0-9]{6}\') FROM kycvs.next_messages(1000) ORDER BY id DESC LIMIT 1') }

# Rows that the registry's audit got since the last call: "event outcome status session outer current database".
my $seen = 0;

sub new_audit
{
    my @rows = split /\n/, registry(<<"SQL");
SELECT id, concat_ws(' ', event, outcome, status, session_role, outer_role, calling_role, database)
FROM kycvs_data.audit WHERE id > $seen AND event IN ('issue', 'verify', 'status') ORDER BY id
SQL
    ($seen) = $rows[-1] =~ /^(\d+)/ if @rows;
    return [ map { s/^\d+\|//r } @rows ];
}

# ---- two databases on one server ---------------------------------------------

$node->safe_psql('postgres', $_)
  foreach 'CREATE DATABASE registry', 'CREATE ROLE irctc LOGIN', 'CREATE ROLE clerk LOGIN', 'CREATE ROLE railway_owner LOGIN',
  'CREATE DATABASE railway OWNER railway_owner', 'REVOKE CONNECT ON DATABASE registry FROM PUBLIC';
my $issuing_key = registry(<<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION kycvs CASCADE;
SELECT kycvs.create_key();
SQL
registry(<<'SQL');
SELECT kycvs.add_purpose('ticket-booking', 'Indian Railways asks whether you are vaccinated, to book your ticket.');
SELECT kycvs.add_notice('ticket-booking', 'gu', 'રેલવે પૂછે છે કે તમે રસી લીધી છે કે નહીં.');
SELECT kycvs.add_entity('irctc', 'Indian Railways', 'irctc', ARRAY['ticket-booking']);
SELECT kycvs.record_dose(p, 'COVISHIELD', '2021-04-02'), kycvs.record_dose(p, 'COVISHIELD', '2021-07-01')
FROM generate_series(9825012301, 9825012345) AS mobile, kycvs.register_person(mobile::text, 'Ramesh Patel') AS p;
SELECT kycvs.record_dose(p, 'COVISHIELD', '2021-04-02') FROM kycvs.register_person('9825012351', 'Geeta Shah') AS p;
SELECT kycvs.record_dose(p, 'SPUTNIK-LIGHT', '2021-04-02') FROM kycvs.register_person('9825012352', 'José Fernandes') AS p;
SQL

$node->safe_psql('railway', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION kycvs CASCADE;
ALTER DATABASE railway SET kycvs.registry = 'registry';
CREATE SCHEMA booking AUTHORIZATION irctc;
GRANT USAGE ON SCHEMA booking TO clerk;
SET SESSION AUTHORIZATION irctc;
CREATE TABLE booking.request (pnr text PRIMARY KEY, passenger text NOT NULL, receipt jsonb NOT NULL);
CREATE TABLE booking.train (number text PRIMARY KEY, seats int NOT NULL);
CREATE TABLE booking.ticket (pnr text PRIMARY KEY REFERENCES booking.request, answer jsonb NOT NULL);
INSERT INTO booking.train VALUES ('12951', 100);

CREATE PROCEDURE booking.start_booking(pnr text, mobile text, passenger text, language text DEFAULT 'en')
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO booking.request VALUES (pnr, passenger,
    kycvs_issue_otp(mobile, passenger, 'ticket-booking', pnr, language => language));
  COMMIT;
END $$;

CREATE PROCEDURE booking.confirm_booking(pnr text, otp text, INOUT status int DEFAULT NULL, INOUT jti text DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  request booking.request;
  answer jsonb;
  claims jsonb;
BEGIN
  SELECT * INTO STRICT request FROM booking.request AS r WHERE r.pnr = confirm_booking.pnr;
  answer := kycvs_status(kycvs_verify_otp((request.receipt ->> 'jti')::uuid, otp, consent => true));
  claims := kycvs_verify(answer, 'irctc', pnr, request.passenger);
  status := claims ->> 'status';
  jti := claims ->> 'jti';
  IF status = 2 THEN
    UPDATE booking.train SET seats = seats - 1;
    INSERT INTO booking.ticket VALUES (pnr, answer);
  END IF;
END $$;

-- the same for clerks, who are no entity; here the caller commits
CREATE PROCEDURE booking.start_booking_for_clerk(pnr text, mobile text, passenger text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO booking.request VALUES (pnr, passenger, kycvs_issue_otp(mobile, passenger, 'ticket-booking', pnr));
END $$;
CREATE PROCEDURE booking.confirm_booking_for_clerk(pnr text, otp text, INOUT status int DEFAULT NULL, INOUT jti text DEFAULT NULL)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  CALL booking.confirm_booking(pnr, otp, status, jti);
END $$;
SQL

$node->connect_fails('user=irctc dbname=registry', 'the railway cannot even connect to the registry',
    expected_stderr => qr/permission denied for database "registry"/);

# ---- a booking ---------------------------------------------------------------

# Asks for a passenger; returns the code.
my $pnr = 100;

sub start_booking
{
    my ($passenger, $mobile, %options) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $call = $options{procedure} // 'start_booking';
    $pnr++;
    is_refused('', 'railway', $options{role} // 'irctc', "CALL booking.$call('$pnr', '$mobile', '$passenger')", "$passenger asks for a ticket");
    return next_otp();
}

# A mobile of Ramesh Patel's that no test has asked about.
my $mobiles = 0;
sub fully_vaccinated { return sprintf '98250 123%02d', ++$mobiles }

sub tickets { return $node->safe_psql('railway', "SELECT count(*) FROM booking.ticket WHERE pnr = '$pnr'") }

new_audit();
my $otp = start_booking('Ramesh Patel', fully_vaccinated());
my ($result, $sqlstate) = run_as('railway', 'irctc', "CALL booking.confirm_booking('$pnr', '$otp')");
like($result, qr/^2\|[0-9a-f-]{36}$/, 'the answer is 2');
is(tickets(), 1, 'and there is a ticket');
is_deeply(new_audit(), [ map { "$_ irctc irctc irctc railway" } 'issue 00000 -1', 'verify 00000 -1', 'status 00000 2' ],
    'the audit names the railway\'s database');

foreach ([ '9825012351', 'Geeta Shah', 1 ], [ '9825099999', 'Nobody Known', 0 ])
{
    my ($mobile, $passenger, $status) = @$_;
    $otp = start_booking($passenger, $mobile);
    ($result) = run_as('railway', 'irctc', "CALL booking.confirm_booking('$pnr', '$otp')");
    like($result, qr/^$status\|/, "$passenger: the answer is $status");
    is(tickets(), 0, 'and there is no ticket');
}

$otp = start_booking('Ramesh Patel', fully_vaccinated());
my $wrong = sprintf '%06d', ($otp + 1) % 1000000;
is_refused('KV010', 'railway', 'irctc', "CALL booking.confirm_booking('$pnr', '$wrong')", 'a wrong code is refused');
is(tickets(), 0, 'and there is no ticket');

# ---- the caller's transaction rolls back, the evidence does not ---------------

new_audit();
my ($rolled_back) = run_as('railway', 'irctc', "BEGIN; CALL booking.confirm_booking('$pnr', '$otp'); ROLLBACK");
like($rolled_back, qr/^2\|/, 'an answer, then ROLLBACK');
is(tickets(), 0, 'no ticket');
is_deeply(new_audit(), [ map { "$_ irctc irctc irctc railway" } 'verify 00000 -1', 'status 00000 2' ],
    'but the audit has the disclosure');
($result) = run_as('railway', 'irctc', "CALL booking.confirm_booking('$pnr', '$otp')");
is($result, $rolled_back, 'the same code once more: the same answer, with the same jti');
is(tickets(), 1, 'and the ticket');
is_deeply(new_audit(), [ map { "$_ irctc irctc irctc railway" } 'verify 00000 -1', 'status 00000 2' ], 'audited again');
is(registry('SELECT used FROM kycvs_data.consent ORDER BY issued_at DESC LIMIT 1'), 1, 'and costs no second use');

foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
    $otp = start_booking('Ramesh Patel', fully_vaccinated());
    my $session = $node->background_psql('railway', on_error_stop => 0, extra_params => [ '-U', 'irctc', '-v', 'VERBOSITY=sqlstate' ]);
    $session->query_safe("BEGIN ISOLATION LEVEL $level; SELECT seats FROM booking.train");
    $node->safe_psql('railway', 'UPDATE booking.train SET seats = seats - 1');
    $session->query("CALL booking.confirm_booking('$pnr', '$otp')");
    like($session->{stderr}, qr/40001/, "$level: serialization failure after the answer");
    $session->{stderr} = '';
    my $disclosed = registry('SELECT document FROM kycvs_data.audit WHERE event = \'status\' ORDER BY id DESC LIMIT 1');
    $result = $session->query_safe("ROLLBACK; BEGIN ISOLATION LEVEL $level; CALL booking.confirm_booking('$pnr', '$otp'); COMMIT");
    is($result, "2|$disclosed", 'the retry gets the answer that was disclosed before');
    is(tickets(), 1, 'and the ticket');
    $session->quit;
}

# ---- clerks, through procedures of the entity's role --------------------------

new_audit();
is_refused('42501', 'railway', 'clerk', 'SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')', 'a clerk is no entity');
$otp = start_booking('Ramesh Patel', fully_vaccinated(), role => 'clerk', procedure => 'start_booking_for_clerk');
($rolled_back) = run_as('railway', 'clerk', "BEGIN; CALL booking.confirm_booking_for_clerk('$pnr', '$otp'); ROLLBACK");
($result) = run_as('railway', 'clerk', "CALL booking.confirm_booking_for_clerk('$pnr', '$otp')");
like($result, qr/^2\|/, 'a clerk books by procedures that run as the entity');
is($result, $rolled_back, 'with a retry, too');
is(tickets(), 1, 'and there is a ticket');
is_deeply(new_audit(), [ map { "$_ clerk clerk irctc railway" } 'issue 00000 -1', ('verify 00000 -1', 'status 00000 2') x 2 ],
    'the audit names the clerk and the entity\'s role');

is_refused('KV003', 'railway', 'postgres', 'SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')', 'a superuser is no entity');
($result) = run_as('railway', 'postgres', <<'SQL');
SET ROLE irctc;
SELECT kycvs_issue_otp('9825012344', 'Ramesh Patel', 'ticket-booking', 'as somebody else') IS NOT NULL;
SQL
is($result, 't', 'but may become one');
is(new_audit()->[-1], 'issue 00000 -1 postgres irctc irctc railway', 'the audit has all three roles');

# ---- verification in the railway's database -----------------------------------

my ($document) = run_as('railway', 'irctc', 'SELECT answer FROM booking.ticket LIMIT 1');
my $verify = "SELECT kycvs_verify('$document', 'irctc', '101') ->> 'status'";
($result) = run_as('railway', 'clerk', $verify);
is($result, '2', 'anybody verifies in the railway\'s database');
($result) = run_as('railway', 'clerk', "SELECT kycvs_claims('$document') ->> 'aud'");
is($result, 'irctc', 'and reads the claims');
is($node->safe_psql('railway', 'SELECT kycvs_jwks()'), registry('SELECT kycvs_jwks()'), 'the keys are the registry\'s');
is($node->safe_psql('railway', 'SELECT count(*) FROM kycvs_data.signing_key'), 0, 'which the railway\'s database does not hold');

my $decided = "substring(detail FROM 'decided ([0-9]+)')::int FROM kycvs.health() WHERE check_name = 'authority'";
is($node->safe_psql('railway', <<"SQL"), "t\n1", 'keys are fetched once in a session');
SELECT kycvs_claims('$document') IS NOT NULL;
SELECT $decided \\gset before_
SELECT count(kycvs_claims('$document')) FROM generate_series(1, 20) \\gset many_
SELECT kycvs_jwks() \\gset
SELECT after.n - :before_substring FROM (SELECT $decided) AS after (n);
SQL

my $session = $node->background_psql('railway', on_error_stop => 0, extra_params => [ '-U', 'clerk', '-v', 'VERBOSITY=sqlstate' ]);
is($session->query("BEGIN ISOLATION LEVEL SERIALIZABLE; $verify"), '2', 'a session has the key');
my $second_key = registry('SELECT kycvs.create_key(\'Ed25519\')');
like($session->query('SELECT kycvs_jwks()'), qr/\Q$second_key\E/, 'sees another one at once');
registry("SELECT kycvs.activate_key('$second_key'); SELECT kycvs.revoke_key('$issuing_key')");
$session->query($verify);
like($session->{stderr}, qr/KV032/, 'and that its key is revoked, too');
$session->{stderr} = '';
my $jwks = $session->query('ROLLBACK; SELECT kycvs_jwks()');
ok($jwks =~ /\Q$second_key\E/ && $jwks !~ /\Q$issuing_key\E/, 'which is no longer published');
$session->quit;

# ---- what stays out of reach ---------------------------------------------------

foreach my $role (qw(irctc clerk railway_owner))
{
    is_refused('42501', 'railway', $role, "SELECT FROM $_", "$role cannot read $_")
      foreach qw(kycvs_data.person kycvs_data.audit kycvs_data.challenge);
}
is_refused('0A000', 'railway', 'railway_owner', 'SELECT FROM registry.kycvs_data.person', 'nor name tables of the other database');
is_refused('42501', 'railway', 'irctc', 'SELECT kycvs.create_key()', 'nor administer the registry');
is($node->safe_psql('railway', 'SELECT count(*) FROM kycvs_data.person') . $node->safe_psql('railway', 'SELECT count(*) FROM kycvs_data.audit'),
    '00', 'nothing was written to the railway\'s database');
is_refused('KV050', 'railway', 'irctc', 'SET kycvs.registry = \'railway\'; SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')',
    'a database that is no registry has no authority');

# ---- whom to ask anybody chooses, whose keys are believed a superuser ----------

my $current = $node->safe_psql('registry', 'SELECT kycvs_jwks()');
is((run_as('railway', 'irctc', "SET kycvs.registry = 'nowhere'; SELECT kycvs_jwks()"))[0], $current,
    'an entity that sets kycvs.registry believes the same keys as before');
is((run_as('railway', 'postgres', "SET kycvs.registry = 'railway'; SELECT kycvs_jwks()"))[0], '{"keys": []}',
    'a superuser who sets it believes others');
# a database that says nothing believes itself; in neither does it matter what a role brings along
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->safe_psql('plain', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE');
my %believes = (railway => $current, plain => '{"keys": []}');
foreach my $database (sort keys %believes)
{
    foreach my $value ('registry', 'railway', 'nowhere', '')
    {
        local $ENV{PGOPTIONS} = "-c kycvs.registry=$value";
        is((run_as($database, 'irctc', 'SELECT kycvs_jwks()'))[0], $believes{$database}, "$database: kycvs.registry=$value in the client's options changes nothing");
    }
    foreach my $for ('', " IN DATABASE $database")
    {
        is_refused('', $database, 'irctc', "ALTER ROLE irctc$for SET kycvs.registry = '" . ($database eq 'plain' ? 'registry' : '') . "'", "$database: a role sets it for itself$for");
        is((run_as($database, 'irctc', 'SELECT kycvs_jwks()'))[0], $believes{$database}, 'which changes nothing either');
        is_refused('', $database, 'irctc', "ALTER ROLE irctc$for RESET kycvs.registry", 'nor does it when it is taken back');
    }
}
$node->safe_psql('postgres', "ALTER SYSTEM SET kycvs.registry = 'registry'");
$node->reload;
ok($node->poll_query_until('plain', "SELECT current_setting('kycvs.registry') = 'registry'"), 'the configuration names a registry');
{
    local $ENV{PGOPTIONS} = '-c kycvs.registry=nowhere';
    is((run_as('plain', 'irctc', 'SELECT kycvs_jwks()'))[0], $current, 'which a database that says nothing believes, whatever the client says');
}
$node->safe_psql('postgres', 'ALTER SYSTEM RESET kycvs.registry');
$node->reload;
ok($node->poll_query_until('plain', "SELECT current_setting('kycvs.registry') = ''"), 'and no more when that is taken back');
is((run_as('plain', 'irctc', 'SELECT kycvs_jwks()'))[0], '{"keys": []}', 'nor does the database');

# ---- a database in another encoding --------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE legacy TEMPLATE template0 ENCODING \'LATIN1\' LC_COLLATE \'C\' LC_CTYPE \'C\'');
$node->safe_psql('legacy', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION kycvs CASCADE;
ALTER DATABASE legacy SET kycvs.registry = 'registry';
SQL

# Issues, verifies and asks in the database that is given; returns the status after kycvs_verify.
sub ask_in_legacy
{
    my ($mobile, $name, $reference) = @_;
    my $utf8 = 'SET client_encoding = utf8;';
    my ($txn) = run_as('legacy', 'irctc', "$utf8 SELECT kycvs_issue_otp('$mobile', '$name', 'ticket-booking', '$reference') ->> 'jti'");
    my $code = next_otp();
    my ($answer) = run_as('legacy', 'irctc', "$utf8 SELECT kycvs_status(kycvs_verify_otp('$txn', '$code', true))");
    my @verified = map { (run_as($_, 'irctc', "$utf8 SELECT kycvs_verify('$answer', 'irctc', '$reference', '$name') ->> 'status'"))[0] } qw(legacy railway);
    return "@verified";
}

is(ask_in_legacy(fully_vaccinated(), 'Ramesh Patel', 'PNR 1'), '2 2', 'LATIN1: the flow in ASCII, verified there and in UTF8');
is(ask_in_legacy('9825012352', 'José Fernandes', 'Año 1'), '2 2', 'LATIN1: with letters that it has');
is_refused('22P05', 'legacy', 'irctc', 'SELECT kycvs_issue_otp(\'9825012343\', \'Ramesh Patel\', \'ticket-booking\', \'PNR 2\', language => \'gu\')',
    'LATIN1: a notice that it cannot show is a clear error');
$node->psql('legacy', 'SET ROLE irctc; SELECT kycvs_issue_otp(\'9825012343\', \'Ramesh Patel\', \'ticket-booking\', \'PNR 3\', language => \'gu\')',
    stderr => \my $text);
like($text, qr/character with byte sequence .* in encoding "UTF8" has no equivalent in encoding "LATIN1"/, 'which names the encodings');
is(ask_in_legacy(fully_vaccinated(), 'Ramesh Patel', 'PNR 4'), '2 2', 'and the session after it works');

# bytes that have no meaning in its encoding are the document's fault, not the call's
$node->safe_psql('postgres', 'CREATE DATABASE windows TEMPLATE template0 ENCODING \'WIN1252\' LC_COLLATE \'C\' LC_CTYPE \'C\'');
$node->safe_psql('windows', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE; ALTER DATABASE windows SET kycvs.registry = \'registry\'');
{
    my ($answer) = run_as('railway', 'irctc', 'SELECT kycvs_issue_otp(\'9825012360\', \'Ramesh Patel\', \'ticket-booking\')');
    my $odd = "jsonb_set('$answer', '{jti}', to_jsonb(convert_from('\\x81', 'WIN1252')))";
    is((run_as('windows', 'irctc', "SELECT string_agg(coalesce(error, 'right'), ' ' ORDER BY n) FROM kycvs_verify_each(ARRAY['$answer', $odd, '$answer'], 'irctc', type => 'otp')"))[0],
        'right KV030 right', 'WIN1252: a document that cannot be UTF-8 is malformed, and the others are verified');
    is_refused('KV034', 'windows', 'irctc', "SELECT kycvs_verify('$answer', 'irctc', NULL, convert_from('\\x81', 'WIN1252'), 'otp')", 'WIN1252: such a name is another name');
}

# ---- a registry must be UTF8 ---------------------------------------------------

my $log_before = -s $node->logfile;
$node->safe_psql('postgres', 'CREATE DATABASE latin_registry TEMPLATE template0 ENCODING \'LATIN1\' LC_COLLATE \'C\' LC_CTYPE \'C\'');
$node->safe_psql('latin_registry', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE');
is_refused('KV050', 'latin_registry', 'postgres', 'SELECT kycvs.create_key()', 'a registry in LATIN1 does not run');
ok($node->log_contains('"latin_registry".*encoding.*UTF8', $log_before), 'and the log says why');
($result) = run_as('railway', 'clerk', 'SELECT jsonb_array_length(kycvs_jwks() -> \'keys\')');
is($result, '1', 'the other registry does not mind');

$node->stop;
done_testing();
