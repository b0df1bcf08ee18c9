# Standbys, promotion, base backups and dumps: a standby decides nothing and
# verifies everything, a promoted or restored server needs the key directory,
# and no OTP outlives a failover.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use File::Find qw(find);
use JSON::PP qw(decode_json);
use Kycvs;
use MIME::Base64 qw(decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::RecursiveCopy;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $primary = new_registry('primary', conf => "wal_level = replica\nmax_wal_senders = 10\nkycvs.issuer = 'https://registry.example'");
my $observer = session($primary);
my $railway = session($primary, user => 'railway');
my $keys = $primary->data_dir . '.kycvs';

# What deciding functions there are: each as the role that may call it, with arguments that do not matter.
my @entity_calls = (
    'SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')',
    'SELECT kycvs_resend_otp(gen_random_uuid())',
    'SELECT kycvs_verify_otp(gen_random_uuid(), \'000000\', true)',
    'SELECT kycvs_status(\'{}\')',
    'SELECT kycvs_issue_group_otp(\'9825012345\', \'{Ramesh Patel}\', \'ticket-booking\')',
    'SELECT kycvs_status_group(\'{}\')');
my @admin_calls = map { "SELECT kycvs.$_" } (
    'create_key()', 'activate_key(\'x\')', 'revoke_key(\'x\')', 'destroy_key(\'x\')', 'add_purpose(\'x\', \'x\')', 'add_notice(\'x\', \'en\', \'x\')', 'add_usual_purpose(\'employment\')', 'add_sms_text(NULL, \'en\')', 'notice_shown(gen_random_uuid())',
    'add_entity(\'x\', \'x\', \'airline\', \'{}\')', 'suspend_entity(\'irctc\')', 'resume_entity(\'irctc\')', 'set_budget(\'irctc\', 1)', 'set_page(\'irctc\', \'{}\')', 'set_default_purpose(\'irctc\', \'ticket-booking\')',
    'set_rules(\'irctc\', \'eu-2022\')', 'add_rules(\'x\', \'x\')', 'add_rule_interval(\'x\', \'COVAXIN\', \'2021-07-01\', 28)',
    'create_api_key(\'irctc\')', 'revoke_api_key(1)', 'register_person(\'9825012345\', \'Ramesh Patel\')', 'find_person(\'9825012345\', \'Ramesh Patel\')',
    'record_dose(1, \'COVISHIELD\', \'2021-07-01\')', 'revoke_dose(1, 1, \'x\')', 'explain(1)', 'change_mobile(1, \'9825012345\', \'x\')', 'correct_name(1, \'Ramesh\', \'x\')', 'merge_persons(1, 2, \'x\')', 'record_death(1, \'x\')', 'revoke_death(1, \'x\')',
    'pause_intake()', 'resume_intake()', 'clear_intake_rejected()', 'next_messages(1)', 'message_done(1, true)', 'message_receipt(1, true)',
    'add_sms_route(\'x\', \'https://sms.example/?to={to}&text={text}\')', 'suspend_sms_route(\'x\')', 'resume_sms_route(\'x\')', 'remove_sms_route(\'x\')');

# Every deciding function, within "begin" and "end", ends in this SQLSTATE.
sub all_refused
{
    my ($node, $begin, $sqlstate, $name) = @_;
    my %session = (superuser => session($node), railway => session($node, user => 'railway'));
    my @wrong;
    foreach my $call ((map { [ 'railway', $_ ] } @entity_calls), (map { [ 'superuser', $_ ] } @admin_calls, @entity_calls))
    {
        my ($user, $sql) = @$call;
        my $got = $session{$user}->run("$begin $sql")->{sqlstate};
        push @wrong, "$user: $sql: $got" if $got ne $sqlstate;
        $session{$user}->run('ROLLBACK') if $begin;
    }
    $_->quit foreach values %session;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(!@wrong, $name) or diag(join "\n", @wrong);
}

sub quoted { return $_[0] =~ s/'/''/gr }

# Whoever verifies needs no authority.
sub verifies
{
    my ($session, $answer, $begin, $name) = @_;
    my $document = quoted($answer);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $result = $session->run(<<"SQL");
$begin
SELECT kycvs_verify('$document', 'irctc', 'PNR 1') ->> 'status', kycvs_claims('$document') ->> 'aud',
       jsonb_array_length(kycvs_jwks() -> 'keys'), kycvs_from_jwt(kycvs_to_jwt('$document')) = '$document';
SQL
    is($result->{output}, '2|irctc|1|t', $name) or diag($result->{error});
    $session->run('ROLLBACK') if $begin;
}

sub kid_of
{
    my ($header) = split /\./, decode_json($_[0])->{jws};
    return decode_json(decode_base64url($header))->{kid};
}

sub health
{
    my ($session, $check) = @_;
    return $session->value("SELECT ok || ' ' || detail FROM kycvs.health() WHERE check_name = '$check'");
}

# Seconds until a call is answered for the first time, counted from now; 99 when it is refused.
sub first_answer_after
{
    my ($session, $consent) = @_;
    my $started = time();
    my $result = $session->run('SELECT kycvs_status(\'' . quoted($consent) . '\') ->> \'jti\'');
    diag("$result->{sqlstate} $result->{error}") if $result->{sqlstate} ne '00000';
    return ($result->{sqlstate} eq '00000' ? time() - $started : 99, $result->{output});
}

# ---- an exchange on the primary, and one half of another ------------------------

my $receipt = decode_json($railway->value('SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\', \'PNR 1\')'));
my $used_otp = otp($observer, $receipt->{jti});
my $consent = $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$used_otp', true)");
my $answer = $railway->value('SELECT kycvs_status(\'' . quoted($consent) . '\')');
my $group_txn = scalar_of($railway->value('SELECT kycvs_issue_group_otp(\'' . next_mobile() . '\', \'{Ramesh Patel,Hetal Patel}\', \'ticket-booking\', \'PNR 2\')'), 'jti');
my $group_consent = $railway->value("SELECT kycvs_verify_otp('$group_txn', '" . otp($observer, $group_txn) . "', true)");
my $group_answers = 'SELECT jsonb_agg(answer - \'jws\' ORDER BY n) FROM kycvs_status_group(\'' . quoted($group_consent) . '\')';
my $answered = $railway->value($group_answers);
my $open_mobile = next_mobile();
my $open = issue($railway, $open_mobile, 'PNR open');
my $open_otp = otp($observer, $open->{jti});
my $unsent = issue($railway, next_mobile(), 'PNR unsent');

# ---- read-only transactions ------------------------------------------------------

all_refused($primary, 'BEGIN READ ONLY;', '25006', 'deciding functions refuse in a read-only transaction');
verifies($railway, $answer, 'BEGIN READ ONLY;', 'verification works in it');
verifies($railway, $answer, 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;', 'also when serializable and deferrable');

# ---- a base backup ---------------------------------------------------------------

my $master = slurp_file((glob "$keys/*/master.key")[0]);
ok(length($master) == 32 && glob("$keys/*/*.pem"), 'the key directory is beside the data directory');
$primary->backup('base');
my @found;
find(
    {
        no_chdir => 1,
        wanted => sub {
            return unless -f;
            push @found, $_ if m{\.pem$|/master\.key$} || slurp_file($_) =~ /\Q$master\E|PRIVATE KEY/;
        }
    },
    $primary->backup_dir . '/base', $primary->data_dir);
ok(!@found, 'a base backup and the data directory hold no key') or diag("@found");

# ---- a standby ---------------------------------------------------------------------

$primary->safe_psql('postgres', $_) foreach 'CREATE DATABASE railway', 'ALTER DATABASE railway SET kycvs.registry = \'registry\'';
$primary->safe_psql('railway', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE');
my %standby;
foreach my $name (qw(standby keyless))
{
    $standby{$name} = PostgreSQL::Test::Cluster->new($name);
    $standby{$name}->init_from_backup($primary, 'base', has_streaming => 1);
    $standby{$name}->start;
}
PostgreSQL::Test::RecursiveCopy::copypath($keys, $standby{standby}->data_dir . '.kycvs');
system_or_bail('chmod', '-R', 'go-rwx', $standby{standby}->data_dir . '.kycvs');
$primary->wait_for_catchup($_) foreach values %standby;

all_refused($standby{standby}, '', 'KV051', 'deciding functions refuse on a standby');
{
    my $session = session($standby{standby}, dbname => 'railway');

    is($session->run("SELECT kycvs_verify('" . quoted($answer) . "', 'irctc', 'PNR 1')")->{output}, '', 'a database that asks the registry');
    is($session->run('SELECT kycvs_jwks()')->{sqlstate}, 'KV051', 'has nobody to ask there');
    $primary->safe_psql('railway', 'SELECT kycvs.trust_issuer(\'https://registry.example\', \'' . quoted($observer->value('SELECT kycvs_jwks()')) . '\')');
    $primary->wait_for_catchup($standby{standby});
    is($session->value("SELECT kycvs_verify('" . quoted($answer) . "', 'irctc', 'PNR 1') ->> 'status'"), 2, 'but verifies with the keys of an issuer that it was told to trust');
    is($session->value('SELECT string_agg(DISTINCT state, \' \') FROM kycvs.keys'), 'trusted', 'which kycvs.keys shows');
    $session->quit;
}
{
    my $session = session($standby{standby});
    is($session->run('SELECT kycvs_issue_otp(NULL, NULL, NULL)')->{sqlstate}, 'KV051', 'before anything else is looked at');
    is( $session->value('SELECT kycvs.try_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\') ->> \'error\''),
        'KV051', 'the functions that raise nothing say so, too');
    verifies($session, $answer, '', 'verification works on a standby');
    like(health($session, 'authority'), qr/^false .*standby/, 'health() says that it is one');

    my $second = $observer->value('SELECT kycvs.create_key()');
    $primary->wait_for_catchup($_) foreach values %standby;
    like($session->value('SELECT kycvs_jwks()'), qr/\Q$second\E/, 'a key that is made on the primary is published on it');
    $observer->value("SELECT kycvs.revoke_key('$second')");
    $primary->wait_for_catchup($_) foreach values %standby;
    unlike($session->value('SELECT kycvs_jwks()'), qr/\Q$second\E/, 'and no more when it is revoked');
    $session->quit;
}

# ---- a dump --------------------------------------------------------------------------

# Besides what is there: a product added by hand, rules of one's own and an entity that is answered by them, an API key, a route of messages, a person with a dose, a notice, a failed try.
$observer->value('INSERT INTO kycvs_data.product (code, name, doses_required) VALUES (\'LOCAL\', \'Local vaccine\', 1)');
$observer->value('SELECT kycvs.add_rules(\'local\', \'Of our own\', days_after => 7)');
$observer->value('SELECT kycvs.add_rule_interval(\'local\', \'LOCAL\', \'2021-01-01\', 30)');
$observer->value('CREATE ROLE metro');
$observer->value('SELECT kycvs.add_entity(\'metro\', \'Metro\', \'metro\', ARRAY[\'ticket-booking\'])');
$observer->value('SELECT kycvs.set_rules(\'metro\', \'local\')');
$observer->value('SELECT kycvs.add_notice(\'ticket-booking\', \'gu\', \'રેલવે પૂછે છે.\')');
$observer->value('SELECT kycvs.add_sms_text(\'ticket-booking\', \'gu\', template_id => \'T-1\')');
my $api_key = $observer->value('SELECT kycvs.create_api_key(\'irctc\')');
$observer->value('SELECT kycvs.add_sms_route(\'main\', \'https://sms.example/?to={to}&text={text}\', headers => \'{X-Key: 1}\')');
my $person = $observer->value('SELECT kycvs.register_person(\'9825000001\', \'હેતલ શાહ\', \'CARD 7\', 1994)');
$observer->value("SELECT kycvs.record_dose($person, 'LOCAL', '2021-06-01', 'B1')");
$observer->value("SELECT kycvs.change_mobile(kycvs.register_person('9825000009', 'Meera Iyer'), '9825000008', 'a new one')");
$observer->value("SELECT kycvs.merge_persons($person, kycvs.register_person('9825000007', 'Hetal Shah'), 'the same')");
$railway->run("SELECT kycvs_verify_otp('$unsent->{jti}', 'wrong', true)");
$primary->wait_for_catchup($_) foreach values %standby;

my $dump = PostgreSQL::Test::Utils::tempdir . '/registry.sql';
$primary->command_ok([ 'pg_dumpall', '-d', $primary->connstr, '--globals-only', '-f', "$dump.roles" ], 'roles are dumped');
$primary->command_ok([ 'pg_dump', '--create', '-d', $primary->connstr('registry'), '-f', $dump ], 'and the registry');
my $dumped = slurp_file($dump);
ok($dumped =~ /^COPY kycvs_data\.person_00 /m, 'with its records');
ok($dumped !~ /^COPY kycvs_data\.(?:challenge|challenge_person|message|sms_count|sms_delay) /m, 'but without challenges and messages, and what counts those');
ok($dumped !~ /^COVISHIELD\t/m, 'and without the products that are shipped');
ok($dumped =~ /^local\tLOCAL\t/m && $dumped !~ /^in-2021-intervals\t/m, 'with rules of one\'s own, and without those that are shipped');

my $restored = new_server('restored', conf => 'kycvs.issuer = \'https://elsewhere.example\'');
$restored->psql('postgres', "\\i $dump.roles", on_error_stop => 0);
$restored->safe_psql('postgres', "\\i $dump");

my @tables = qw(registry signing_key entity api_key purpose notice sms_text entity_purpose sms_route product rules rule_interval person person_mobile person_merge correction dose consent consent_person answer charge audit);
my $contents = join ' UNION ALL ', map { "SELECT '$_', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM kycvs_data.$_ AS t" } @tables;
my %before = map { /^(\w+)\|(.*)/ } split /\n/, $primary->safe_psql('registry', $contents);
my %after = map { /^(\w+)\|(.*)/ } split /\n/, $restored->safe_psql('registry', $contents);
ok($before{$_} !~ /^0/, "there are rows in $_") foreach @tables;
is($after{$_}, $before{$_}, "restored: $_") foreach @tables;
is($restored->safe_psql('registry', 'SELECT (SELECT count(*) FROM kycvs_data.challenge), (SELECT count(*) FROM kycvs_data.message)'),
    '0|0', 'restored: no challenge and no message');

# ---- the dump in a new server, first without its keys ----------------------------------

my $restored_observer = session($restored);
my $restored_railway = session($restored, user => 'railway');
my $registry_id = $primary->safe_psql('registry', 'SELECT id FROM kycvs_data.registry');
my $restored_keys = $restored->data_dir . '.kycvs';

verifies($restored_railway, $answer, '', 'restored without keys: verification works');
is($restored_railway->run('SELECT kycvs_status(\'' . quoted($consent) . '\')')->{sqlstate}, 'KV040', 'without keys: no answer');
is($restored_observer->run('SELECT kycvs.create_key()')->{sqlstate}, 'KV040', 'without keys: no new key');
is($restored_observer->run('SELECT kycvs.register_person(\'9825000002\', \'Meera Iyer\')')->{sqlstate}, 'KV040', 'without keys: no person');
ok(!-e $restored_keys || !glob("$restored_keys/*"), 'and nothing was made in the key directory');
like(health($restored_observer, 'keys'), qr/^false .*\Q$registry_id\E/, 'health() names the missing directory');

mkdir $restored_keys, 0700 or die "could not make $restored_keys: $!" unless -d $restored_keys;
PostgreSQL::Test::RecursiveCopy::copypath("$keys/$registry_id", "$restored_keys/$registry_id");
system_or_bail('chmod', '-R', 'go-rwx', $restored_keys);
my ($seconds, $jti) = first_answer_after($restored_railway, $consent);
cmp_ok($seconds, '<', 2, 'with the registry\'s subdirectory it answers, without a restart');
is($jti, decode_json($answer)->{jti}, 'a consent from before gets the answer from before');
is($restored_railway->value($group_answers), $answered, 'and a group\'s its answers');
still_answers($restored_observer, $restored_railway, 'restored');
is($restored_railway->run("SELECT kycvs_verify_otp('$open->{jti}', '$open_otp', true)")->{sqlstate}, 'KV013', 'an OTP from before is unknown');
is($restored_railway->run("SELECT kycvs_verify_otp('$receipt->{jti}', '$used_otp', true)")->{sqlstate}, 'KV013', 'also one that was used');
is(decode_json($restored_railway->value('SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')'))->{iss},
    'https://registry.example', 'the issuer is the first key\'s, not the setting\'s');
is($restored_observer->value('SELECT kycvs.register_person(\'9825000001\', \'હેતલ શાહ\', \'CARD 7\')'), $person, 'a person from before is found');
is($restored_observer->value('SELECT kycvs.register_person(\'9825000001\', \'Meera Iyer\')'), $person + 1, 'and numbers go on');
is($restored_observer->run("SELECT kycvs.record_dose($person, 'LOCAL', '2021-09-01')")->{sqlstate}, '00000', 'with products added by hand');
is($restored_observer->value("SELECT reason FROM kycvs.explain($person, '2021-06-02', 'local') WHERE dose_number IS NULL"),
    'status 1 by local: complete on 2021-06-01, 7 days must pass; becomes 2 on 2021-06-08', 'and rules of one\'s own');
$restored_observer->value('SELECT kycvs.add_sms_route(\'other\', \'https://sms.example/?to={to}&text={text}\')');
is($restored_observer->value('SELECT string_agg(name || \' \' || headers::text, \', \' ORDER BY name) FROM kycvs.sms_routes'), 'main {"X-Key: 1"}, other {}', 'routes of messages are there, and others may be added');
is($restored_observer->value('SELECT kycvs.add_sms_text(\'ticket-booking\', \'gu\', \'{otp} {entity} {minutes}\')'), '1 part: at most 39 of 160 characters of GSM-7', 'so may texts');
is($restored_observer->value('SELECT string_agg(version || coalesce(template_id, \'\'), \' \' ORDER BY version) FROM kycvs.sms_texts'), '1T-1 2', 'and they are versions of what there was');
is($restored_observer->value('SELECT kycvs.notice_shown(\'' . quoted(decode_json($consent)->{jti}) . '\')'),
    $restored_observer->value('SELECT notice FROM kycvs.notices WHERE purpose = \'ticket-booking\' AND language = \'en\''), 'a consent from before shows what it showed');
is($restored_observer->value('SELECT max(id) - min(id) + 1 = count(*) FROM kycvs_data.audit'), 't', 'also those of the audit, without a gap');
$restored_observer->value('GRANT kycvs_gateway TO airline');
my $airline = session($restored, user => 'airline');
is( decode_json($airline->value("SELECT kycvs.try_issue_otp('9825012346', 'Ramesh Patel', 'ticket-booking', api_key => '$api_key')"))->{aud},
    'irctc', 'an API key from before opens');
$_->quit foreach $airline, $restored_observer, $restored_railway;
$restored->stop;

# ---- promotion, with the key directory copied --------------------------------------------

$primary->stop;
$standby{$_}->promote foreach qw(standby keyless);
my $promoted = session($standby{standby}, user => 'railway');
my $promoted_observer = session($standby{standby});
$promoted->pid;
($seconds, $jti) = first_answer_after($promoted, $consent);
cmp_ok($seconds, '<', 2, 'promoted: it answers within 2 s');
is($jti, decode_json($answer)->{jti}, 'a consent from before keeps working');
is($promoted->run("SELECT kycvs_verify_otp('$open->{jti}', '$open_otp', true)")->{sqlstate}, 'KV011', 'an OTP from before is refused');
is($promoted->run("SELECT kycvs_verify_otp('$receipt->{jti}', '$used_otp', true)")->{sqlstate}, 'KV011', 'also one that was used');
is($promoted->run("SELECT kycvs_resend_otp('$open->{jti}')")->{sqlstate}, 'KV011', 'and is not sent again');
is($promoted_observer->value('SELECT count(*) FROM kycvs.next_messages(1000) WHERE body ~ \'[0-9]{6}\''), 0, 'messages from before are not sent');
is($promoted_observer->value('SELECT tries FROM kycvs_data.challenge WHERE id = \'' . $open->{jti} . '\''), 0, 'which costs no try');
still_answers($promoted_observer, $promoted, 'promoted');
my $again = issue($promoted, $open_mobile, 'PNR open');
isnt($again->{jti}, $open->{jti}, 'asked again in the same words: another challenge');
is($promoted->run("SELECT kycvs_verify_otp('$again->{jti}', '" . otp($promoted_observer, $again->{jti}) . '\', true)')->{sqlstate}, '00000',
    'whose OTP is good');

# it goes on signing: with the key of before, and with one of its own
my $verify = sub { return $promoted->run("SELECT kycvs_claims('" . quoted($_[0]) . "') ->> 'jti'")->{sqlstate} };
my $of_before = kid_of($answer);
my @signed = map { $promoted->value("SELECT kycvs_issue_otp('" . next_mobile() . "', 'Ramesh Patel', 'ticket-booking', 'PNR $_')") } 1 .. 20;
is(scalar(grep { kid_of($_) eq $of_before && $verify->($_) eq '00000' } @signed), 20, 'promoted: 20 of 20 receipts are signed with the key of before');
my $of_now = $promoted_observer->value('SELECT kycvs.create_key(\'Ed25519\')');
$promoted_observer->value("SELECT kycvs.activate_key('$of_now')");
my @signed_anew = map { $promoted->value("SELECT kycvs_issue_otp('" . next_mobile() . "', 'Ramesh Patel', 'ticket-booking', 'PNR $_')") } 1 .. 20;
is(scalar(grep { kid_of($_) eq $of_now && $verify->($_) eq '00000' } @signed_anew), 20, 'and with a new key, once there is one');
is($verify->($_), '00000', 'what was signed before verifies') foreach $answer, $signed[0];
$_->quit foreach $promoted, $promoted_observer;

# ---- promotion without it ------------------------------------------------------------------

my $keyless = session($standby{keyless}, user => 'railway');
my $keyless_observer = session($standby{keyless});
my $keyless_keys = $standby{keyless}->data_dir . '.kycvs';
is($keyless->run('SELECT kycvs_status(\'' . quoted($consent) . '\')')->{sqlstate}, 'KV040', 'promoted without keys: no answer');
is($keyless->run($entity_calls[0])->{sqlstate}, 'KV040', 'no OTP');
is($keyless_observer->run('SELECT kycvs.create_key()')->{sqlstate}, 'KV040', 'create_key() makes no new master key');
ok(!-e $keyless_keys || !glob("$keyless_keys/*"), 'nor anything else');
verifies($keyless, $answer, '', 'verification works');
like(health($keyless_observer, 'keys'), qr/^false .*\Q$keyless_keys\E/, 'health() names the directory');
ok($standby{keyless}->log_contains(quotemeta $keyless_keys), 'and so does the log');
$_->quit foreach $keyless, $keyless_observer;

$_->quit foreach $observer, $railway;
$standby{$_}->stop foreach qw(standby keyless);
done_testing();
