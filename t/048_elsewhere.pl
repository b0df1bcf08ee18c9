# A second server that has never preloaded kycvs verifies the first one's
# documents by public keys alone; what needs an authority says KV050. Key sets
# are taken strictly, and a trigger keeps answers out that are not good for their row.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP;
use Kycvs;
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $issuer = 'https://registry.example';
my $json = JSON::PP->new->canonical->utf8;
my $node = new_registry('registry', conf => "kycvs.issuer = '$issuer'");
my $observer = session($node);
my $railway = session($node, user => 'railway');

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# ---- the first server: documents of both algorithms --------------------------------------

my $mobile = '9825012345';
$observer->value("SELECT kycvs.record_dose(kycvs.register_person('$mobile', 'Geeta Shah'), 'COVISHIELD', '2021-07-01')");

sub answer
{
    my ($name, $reference, $date) = @_;
    $observer->value('TRUNCATE kycvs_data.charge');
    my $receipt = $json->decode($railway->value("SELECT kycvs_issue_otp('$mobile', '$name', 'ticket-booking', '$reference'" . ($date ? ", $date" : '') . ')'));
    my $otp = otp($observer, $receipt->{jti});
    my $consent = $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)");
    return ($railway->value('SELECT kycvs_status(' . quoted($consent) . ($date ? ", $date" : '') . ')'), $consent);
}

my ($good, $consent) = answer('Ramesh Patel', 'PNR 1');
my ($partial) = answer('Geeta Shah', 'PNR 2');
my ($tomorrow) = answer('Ramesh Patel', 'PNR 3', 'current_date + 2');
$observer->value('SELECT kycvs.create_key(\'Ed25519\') AS kid \gset' . "\nSELECT kycvs.activate_key(:'kid')");
my ($eddsa) = answer('Nobody Atall', 'PNR 4');
my $jwks = $observer->value('SELECT kycvs_jwks()');

# ---- the second server --------------------------------------------------------------------

my $shop = PostgreSQL::Test::Cluster->new('shop');
$shop->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$shop->start;
$shop->safe_psql('postgres', 'CREATE DATABASE shop');
$shop->safe_psql('shop', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE; CREATE ROLE keeper LOGIN; CREATE ROLE seller LOGIN; GRANT kycvs_admin TO keeper; GRANT ALL ON SCHEMA public TO seller');
my $root = session($shop, dbname => 'shop');
my $keeper = session($shop, dbname => 'shop', user => 'keeper');
my $seller = session($shop, dbname => 'shop', user => 'seller');

sub verify { my ($document, $reference) = @_; return 'SELECT kycvs_verify(' . quoted($document) . ", 'irctc', '$reference') ->> 'status'" }

sub is_refused
{
    my ($session, $sql, $sqlstate, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $result = $session->run($sql);
    is($result->{sqlstate}, $sqlstate, $name) or diag($result->{error});
    return $result->{error};
}

is($shop->safe_psql('postgres', 'SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE \'kycvs%\''), 0, 'no authority runs on the second server');
is_refused($seller, verify($good, 'PNR 1'), 'KV032', 'nobody is trusted at first');
my $changes = $keeper->value("SELECT string_agg(alg || ' ' || change, ', ' ORDER BY alg) FROM kycvs.trust_issuer('$issuer', " . quoted($jwks) . ')');
is($changes, 'ES256 added, EdDSA added', 'two keys are trusted, which is told');
is($seller->value(verify($good, 'PNR 1')), 2, 'an answer signed with ES256 verifies');
is($seller->value(verify($eddsa, 'PNR 4')), 0, 'and one signed with Ed25519');
is($seller->value('SELECT kycvs_claims(' . quoted($consent) . ') ->> \'aud\''), 'irctc', 'claims of a consent');
is($seller->value("SELECT kycvs_from_jwt(kycvs_to_jwt(d)) = d FROM (SELECT " . quoted($good) . '::jsonb AS d) AS x'), 't', 'to a compact token and back');
is($seller->value('SELECT string_agg(coalesce(claims ->> \'status\', error), \' \' ORDER BY n) FROM kycvs_verify_each(ARRAY['
          . join(',', map { quoted($_) } $good, $partial, $consent, '{}', $eddsa, $json->encode({ %{ $json->decode($good) }, status => 1 }), $good)
          . ", NULL]::jsonb[], 'irctc', ARRAY['PNR 1', 'PNR 2', 'PNR 1', NULL, 'PNR 4', 'PNR 1', 'PNR 2', NULL])"),
    '2 1 KV034 KV030 0 KV031 KV034 KV030', 'many at once, each with its verdict');
is_refused($seller, "SELECT count(*) FROM kycvs_verify_each(ARRAY['{}']::jsonb[], 'irctc', ARRAY['1', '2'])", '2202E', 'as many references as documents');
is_refused($seller, 'SELECT count(*) FROM kycvs_verify_each(ARRAY[\'{}\']::jsonb[], NULL)', '22004', 'an audience must be given');
is($seller->value('SELECT count(*) FROM kycvs_verify_each(ARRAY[]::jsonb[], \'irctc\')'), 0, 'none at all');

# ---- everything else needs an authority --------------------------------------------------------

my @needs = (
    'kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'x\')', 'kycvs_resend_otp(gen_random_uuid())', 'kycvs_verify_otp(gen_random_uuid(), \'1\', true)',
    'kycvs_status(\'{}\')', 'kycvs_issue_group_otp(\'9825012345\', \'{Ramesh Patel}\', \'x\')', 'kycvs_status_group(\'{}\')', map { "kycvs.$_" } 'create_key()', 'activate_key(\'x\')', 'revoke_key(\'x\')', 'destroy_key(\'x\')', 'add_purpose(\'x\', \'x\')',
    'add_notice(\'x\', \'en\', \'x\')', 'add_usual_purpose(\'x\')', 'add_sms_text(NULL, \'en\')', 'notice_shown(gen_random_uuid())', 'add_entity(\'x\', \'x\', \'seller\', \'{x}\')', 'suspend_entity(\'x\')', 'resume_entity(\'x\')', 'set_budget(\'x\', 1)', 'set_page(\'x\', \'{}\')', 'set_default_purpose(\'x\', \'x\')',
    'set_rules(\'x\', \'eu-2022\')', 'add_rules(\'x\', \'x\')', 'add_rule_interval(\'x\', \'COVAXIN\', \'2021-07-01\', 28)',
    'create_api_key(\'x\')', 'revoke_api_key(1)', 'register_person(\'9825012345\', \'Ramesh Patel\')', 'record_dose(1, \'COVAXIN\', \'2021-07-01\')',
    'revoke_dose(1, 1, \'x\')', 'explain(1)', 'find_person(\'9825012345\', \'Ramesh Patel\')', 'change_mobile(1, \'9825012345\', \'x\')', 'correct_name(1, \'Ramesh\', \'x\')', 'merge_persons(1, 2, \'x\')', 'record_death(1, \'x\')', 'revoke_death(1, \'x\')',
    'pause_intake()', 'resume_intake()', 'clear_intake_rejected()', 'next_messages(1)', 'await_messages(1)', 'message_done(1, true)', 'message_receipt(1, true)',
    'add_sms_route(\'x\', \'https://sms.example/?to={to}&text={text}\')', 'suspend_sms_route(\'x\')', 'resume_sms_route(\'x\')', 'remove_sms_route(\'x\')');
my %error = map { $_ => $root->run("SELECT $_") } @needs;
is(scalar(grep { $error{$_}{sqlstate} ne 'KV050' } @needs), 0, @needs . ' functions say KV050') or diag(join ', ', map { "$_ $error{$_}{sqlstate}" } @needs);
is(scalar(grep { $error{$_}{error} !~ /HINT:.*shared_preload_libraries/ } @needs), 0, 'with a hint');
is($root->value('SELECT kycvs.try_status(\'{}\') ->> \'error\''), 'KV050', 'those that raise nothing, too');
like($root->value('SELECT detail FROM kycvs.health() WHERE NOT ok'), qr/shared_preload_libraries/, 'and health()');

# ---- key sets ------------------------------------------------------------------------------------

my ($ec, $okp) = map { my $kty = $_; (grep { $_->{kty} eq $kty } @{ $json->decode($jwks)->{keys} })[0] } qw(EC OKP);

sub trust
{
    my ($name, @keys) = @_;
    return "SELECT string_agg(change, ', ' ORDER BY change) FROM kycvs.trust_issuer('$name', " . quoted($json->encode({ keys => \@keys })) . ')';
}

is($keeper->value(trust($issuer, $ec, $okp)), 'known, known', 'the same keys again are known');
is($keeper->value(trust($issuer, $okp)), 'kept, known', 'a key that is in the set no more is kept');
is($keeper->value(trust('https://other.example', { kty => 'RSA', n => 'AQAB', e => 'AQAB' }, { %$ec, crv => 'P-384' }, { %$okp, use => 'enc' }, $okp)),
    'added, skipped: neither P-256 nor Ed25519 for signatures, skipped: neither P-256 nor Ed25519 for signatures, skipped: neither P-256 nor Ed25519 for signatures',
    'kinds of keys that are not ours are skipped');
my $other = $json->encode({ %{ $json->decode($eddsa) }, iss => 'https://other.example' });
is_refused($seller, verify($other, 'PNR 4'), 'KV031', 'a key signs for its own issuer only: the same document under another name');
is_refused($seller, verify($json->encode({ %{ $json->decode($good) }, iss => 'https://other.example' }), 'PNR 1'), 'KV032', 'a key that the other one has not');

my %without = %$ec;
delete $without{kid};
is($keeper->value(trust('https://nameless.example', \%without)), 'added', 'a key without a name gets its thumbprint');
foreach my $set (
    [ 'a private EC key', { %$ec, d => 'AQAB' } ], [ 'a symmetric key', { kty => 'oct', k => 'AQAB' } ], [ 'a private RSA key', { kty => 'RSA', n => 'AQAB', e => 'AQAB', p => 'AQAB' } ],
    [ 'a key under another name', { %$ec, kid => $okp->{kid} } ], [ 'a name that is no text', { %$ec, kid => 1 } ],
    [ 'a point that is not on the curve', { %$ec, y => $ec->{x}, kid => undef } ], [ 'a coordinate that is too short', { %$ec, x => 'AQAB' } ],
    (map { [ "Ed25519: $_->[0]", { kty => 'OKP', crv => 'Ed25519', x => encode_base64url(pack 'H*', $_->[1]) } ] }
        [ 'a point of order 4', '00' x 32 ], [ 'the point at zero', '01' . '00' x 31 ], [ 'and its other sign', '01' . '00' x 30 . '80' ], [ 'a point of order 2', 'ec' . 'ff' x 30 . '7f' ],
        [ 'a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05' ], [ 'its other sign', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85' ],
        [ 'another point of order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a' ], [ 'a coordinate that is not reduced', 'ed' . 'ff' x 30 . '7f' ], [ 'the largest that is not', 'ff' x 32 ]),
    [ 'a coordinate that is no base64url', { %$ec, x => $ec->{x} =~ s/^./+/r } ], [ 'a key that is no object', 'key' ])
{
    is_refused($keeper, trust('https://bad.example', $okp, $set->[1]), '22023', "refused as a whole: $set->[0]");
}
is_refused($keeper, "SELECT kycvs.trust_issuer('$_->[0]', '$_->[1]')", '22023', $_->[2])
  foreach [ $issuer, '[]', 'a set that is no object' ], [ $issuer, '{}', 'a set without keys' ], [ $issuer, '{"keys": {}}', 'keys that are no array' ],
  [ '', '{"keys": []}', 'no issuer' ], [ 'two words', '{"keys": []}', 'an issuer with a blank' ], [ 'रजिस्ट्री', '{"keys": []}', 'an issuer that is not ASCII' ],
  [ $issuer, '{"keys": [' . join(',', ('{}') x 257) . ']}', 'too many keys' ];
is_refused($keeper, 'SELECT kycvs.trust_issuer(NULL, \'{"keys": []}\')', '22004', 'a null');
is($root->value('SELECT count(*) FROM kycvs_data.trusted_key WHERE issuer LIKE \'%bad%\''), 0, 'nothing of all this was kept');
is_refused($keeper, trust('https://bad.example', { %$ec, d => 'pasted-by-mistake' }), '22023', 'a private key that somebody pasted');
my $shop_log = slurp_file($shop->logfile);
ok($shop_log =~ /key is a private one/ && $shop_log !~ /STATEMENT:[^\n]*pasted-by-mistake/, 'is refused, and does not come with the error into the log');
is_refused($seller, trust('https://seller.example', $okp), '42501', 'who is no administrator trusts nobody');
is_refused($seller, 'SELECT kycvs.read_jwks(\'x\', \'{"keys": []}\')', '42501', 'nor reads key sets');
is_refused($keeper, 'SELECT * FROM kycvs_data.trusted_key', '42501', 'nor does an administrator reach the table');
$keeper->value('BEGIN; ' . trust('https://undone.example', $okp) . '; ROLLBACK');
is($root->value('SELECT count(*) FROM kycvs_data.trusted_key WHERE issuer LIKE \'%undone%\''), 0, 'trust is undone with its transaction');
is($keeper->value('SELECT string_agg(DISTINCT state, \' \') FROM kycvs.keys'), 'trusted', 'kycvs.keys shows trusted keys');

# what was planted in a schema of the caller's captures nothing
$keeper->value('CREATE TEMP TABLE trusted_key (issuer text); SET search_path = pg_temp, public');
is($keeper->value(trust('https://planted.example', $okp)), 'added', 'a table of the caller captures nothing');
is($root->value('SELECT count(*) FROM kycvs_data.trusted_key WHERE issuer LIKE \'%planted%\''), 1, 'the key is where it belongs');
$keeper->value('RESET search_path');

$keeper->value("SELECT kycvs.distrust_key('$issuer', '$okp->{kid}')");
is_refused($seller, verify($eddsa, 'PNR 4'), 'KV032', 'a key that is trusted no more');
is($seller->value(verify($good, 'PNR 1')), 2, 'the other one is');
is_refused($keeper, "SELECT kycvs.distrust_key('$issuer', 'no-such-key')", '42704', 'a key that nobody trusts');
is_refused($seller, "SELECT kycvs.distrust_key('$issuer', '$ec->{kid}')", '42501', 'only an administrator distrusts');

# ---- the registry itself ----------------------------------------------------------------------------

is_refused($observer, trust($issuer, $okp), '22023', 'a registry trusts nobody else under its own name');
is($observer->value(trust('https://neighbour.example', $okp)), 'added', 'but a neighbour');
$node->safe_psql('postgres', 'CREATE DATABASE railway');
$node->safe_psql('postgres', 'ALTER DATABASE railway SET kycvs.registry = \'registry\'');
$node->safe_psql('railway', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE');
my $booking = session($node, dbname => 'railway');
is($booking->value(verify($good, 'PNR 1')), 2, 'a database that asks this registry verifies');
$booking->value(trust($issuer, $ec));
$observer->value("SELECT kycvs.revoke_key('$ec->{kid}')");
is_refused($booking, verify($good, 'PNR 1'), 'KV032', 'what its registry revokes it cannot keep by trusting');
is($seller->value(verify($good, 'PNR 1')), 2, 'a server far away learns it from a person');
$booking->quit;

# ---- the trigger ----------------------------------------------------------------------------------------

# The registry's day ends with a minute that is near, so that its answers can be outlived.
my $ends = 60 * (int((time() + 12) / 60) + 1);
my $east = (86400 - $ends % 86400) % 86400;
my $away = $east > 43200 ? 86400 - $east : $east;
my $zone = sprintf '<DAY>%s%02d:%02d', $east > 43200 ? '+' : '-', int($away / 3600), int($away / 60) % 60;
$observer->value("ALTER SYSTEM SET kycvs.timezone = '$zone'");
$node->reload;
poll($observer, 'SHOW kycvs.timezone', $zone);
authority_idle($observer);
my ($day) = $observer->value("SELECT (to_timestamp($ends) AT TIME ZONE '$zone' - interval '1 second')::date");
my %document = (
    good => (answer('Ramesh Patel', 'PNR 11', "'$day'"))[0],
    partial => (answer('Geeta Shah', 'PNR 11', "'$day'"))[0],
    nobody => (answer('Nobody Atall', 'PNR 11', "'$day'"))[0],
    'for another day' => (answer('Ramesh Patel', 'PNR 11', "'$day'::date + 1"))[0],
    'for another reference' => (answer('Ramesh Patel', 'PNR 12', "'$day'"))[0],
    'of another name' => (answer('Patel Ramesh', 'PNR 11', "'$day'"))[0]);
(undef, $document{consent}) = answer('Ramesh Patel', 'PNR 11', "'$day'");
$document{altered} = $json->encode({ %{ $json->decode($document{partial}) }, status => 2 });
$jwks = $observer->value('SELECT kycvs_jwks()');
$keeper->value("SELECT count(*) FROM kycvs.trust_issuer('$issuer', " . quoted($jwks) . ')');

$seller->value(<<'SQL');
CREATE TABLE booking (pnr text, passenger text, travels_on date, answer jsonb, seat text);
CREATE TRIGGER answer_is_good BEFORE INSERT OR UPDATE ON booking FOR EACH ROW
  EXECUTE FUNCTION kycvs.require_answer('audience=irctc', 'answer=answer', 'reference=pnr', 'name=passenger', 'day=travels_on', 'status=2');
SQL

sub book
{
    my ($answer, $pnr, $name, $date) = @_;
    return 'INSERT INTO booking VALUES (' . join(', ', map { defined $_ ? quoted($_) : 'NULL' } $pnr // 'PNR 11', $name // 'Ramesh Patel', $date // $day, $answer, '7A') . ')';
}

is_refused($seller, book($document{partial}, undef, 'Geeta Shah'), '23514', 'an answer that says less');
is_refused($seller, book($document{nobody}, undef, 'Nobody Atall'), '23514', 'an answer that found nobody');
is_refused($seller, book($document{$_}), 'KV034', "an answer $_") foreach 'for another day', 'for another reference', 'of another name';
is_refused($seller, book($document{consent}), 'KV034', 'a consent in its place');
is_refused($seller, book($document{altered}, undef, 'Geeta Shah'), 'KV031', 'an altered answer');
is_refused($seller, book(undef), 'KV030', 'no answer');
is_refused($seller, book('{}'), 'KV030', 'something else in its place');
is_refused($seller, book($document{good}, 'PNR 13'), 'KV034', 'the answer of another booking');
is_refused($seller, "INSERT INTO booking (pnr, travels_on, answer) VALUES ('PNR 11', '$day', " . quoted($document{good}) . ')', 'KV034', 'no name');
is_refused($seller, "INSERT INTO booking (pnr, passenger, answer) VALUES ('PNR 11', 'Ramesh Patel', " . quoted($document{good}) . ')', 'KV034', 'no day');
is($seller->value('SELECT count(*) FROM booking'), 0, 'no such row was made');
$seller->value(book($document{good}));
$seller->value('UPDATE booking SET seat = \'8B\'');
is($seller->value('SELECT seat FROM booking'), '8B', 'a good answer, and a change of seat, pass');
is_refused($seller, "UPDATE booking SET $_", 'KV034', "a change of the row: $_") foreach "pnr = 'PNR 14'", "passenger = 'Geeta Shah'", "travels_on = '$day'::date + 1";
is_refused($seller, 'UPDATE booking SET answer = NULL', 'KV030', 'a change of the row: no answer');
$seller->value('CREATE DOMAIN signed AS jsonb CHECK (value ? \'jws\'); CREATE DOMAIN locator AS varchar(32); CREATE TABLE other (pnr locator, answer signed, padded char(9), measured float8, at_time timestamptz); CREATE TRIGGER t AFTER INSERT OR UPDATE ON other FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer(\'audience=indigo\', \'reference=pnr\', \'status=0\')');
is_refused($seller, 'INSERT INTO other VALUES (\'PNR 11\', ' . quoted($document{good}) . ')', 'KV034', 'an answer for another audience, in a trigger after');
foreach my $use ([ "'answer=answer'", '22023' ], [ "'audience=x', 'status=two'", '22023' ], [ "'audience = x'", '22023' ], [ "'audience=x', 'colour=red'", '22023' ], [ "'audience=x', 'status=3'", '22023' ], [ "'audience=x', 'reference=no_such'", '42703' ], [ "'audience=x', 'answer=pnr'", '42804' ],
    (map { [ "'audience=x', 'reference=$_'", '42804' ] } qw(padded measured at_time)))
{
    is_refused($seller, "BEGIN; CREATE OR REPLACE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer($use->[0]); INSERT INTO other VALUES ('PNR 11', '{\"jws\": 1}')", $use->[1], "its arguments: $use->[0]");
    $seller->run('ROLLBACK');
}
$seller->value('CREATE TABLE strict (pnr text, answer jsonb); CREATE TRIGGER t BEFORE INSERT ON strict FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer(\'audience=irctc\', \'reference=pnr\', \'issuer=https://neighbour.example\')');
is_refused($seller, 'INSERT INTO strict VALUES (\'PNR 11\', ' . quoted($document{good}) . ')', 'KV034', 'another issuer, which this database trusts');
$seller->value("CREATE OR REPLACE TRIGGER t BEFORE INSERT ON strict FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer('audience=irctc', 'reference=pnr', 'issuer=$issuer')");
is($seller->value('INSERT INTO strict VALUES (\'PNR 11\', ' . quoted($document{good}) . ') RETURNING pnr'), 'PNR 11', 'that issuer');
$seller->value('CREATE TABLE made (a text, pnr text GENERATED ALWAYS AS (a) STORED, answer jsonb); CREATE TRIGGER t BEFORE INSERT OR UPDATE ON made FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer(\'audience=irctc\', \'reference=pnr\')');
is_refused($seller, 'INSERT INTO made (a, answer) VALUES (\'PNR 11\', ' . quoted($document{good}) . ')', '42P17', 'a generated column in a trigger before, which would not see it');
$seller->value('DROP TRIGGER t ON made; CREATE TRIGGER t AFTER INSERT OR UPDATE ON made FOR EACH ROW EXECUTE FUNCTION kycvs.require_answer(\'audience=irctc\', \'reference=pnr\')');
$seller->value('INSERT INTO made (a, answer) VALUES (\'PNR 11\', ' . quoted($document{good}) . ')');
is($seller->value('SELECT count(*) FROM made'), 1, 'in a trigger after, it does');
is_refused($seller, 'UPDATE made SET a = \'PNR 12\'', 'KV034', 'also when it changes');
is_refused($seller, 'BEGIN; CREATE TRIGGER s BEFORE INSERT ON other EXECUTE FUNCTION kycvs.require_answer(\'audience=x\'); INSERT INTO other VALUES (\'PNR 11\', \'{"jws": 1}\')', '39P01', 'for each row only');
$seller->run('ROLLBACK');

# when the day is over
while (time() <= $ends) { sleep(0.2) }
is_refused($seller, book($document{good}), 'KV033', 'an answer that has expired');
$seller->value('UPDATE booking SET seat = \'9C\', pnr = pnr, answer = answer');
is($seller->value('SELECT seat FROM booking'), '9C', 'a change of seat passes then, too');
is_refused($seller, 'UPDATE booking SET pnr = \'PNR 14\'', 'KV033', 'a change of anything else does not');
is($seller->value("SELECT kycvs_verify(answer, 'irctc', 'PNR 11', at => to_timestamp($ends - 5)) ->> 'status' FROM booking"), 2, 'it verifies as of then');

# a dump holds the row and the keys, and restores
my $dump = PostgreSQL::Test::Utils::tempdir . '/shop.sql';
$shop->command_ok([ 'pg_dump', '-d', $shop->connstr('shop'), '-f', $dump ], 'the shop is dumped');
$shop->safe_psql('postgres', 'CREATE DATABASE restored');
$shop->safe_psql('restored', "SET client_min_messages = warning;\n\\i $dump");
is($shop->safe_psql('restored', "SELECT kycvs_verify(answer, 'irctc', 'PNR 11', at => to_timestamp($ends - 5)) ->> 'status' FROM booking"), 2, 'and restored, with its keys, though the answer has expired');

$_->quit foreach $observer, $railway, $root, $keeper, $seller;
$_->stop foreach $node, $shop;
done_testing();
