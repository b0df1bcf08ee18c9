# The life of a signing key: published before it signs, rotated under a hundred
# sessions that go on, verified with long after, revoked at once, destroyed on
# request; and health() says when one has signed for too long.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Client;
use JSON::PP qw(decode_json);
use Kycvs;
use MIME::Base64 qw(decode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;

my ($sessions, $rounds) = (100, 40);
my $node = new_registry('rotation', conf => "max_connections = 130\n");
my $observer = session($node);
my $keys = $node->data_dir . '.kycvs';
plan skip_all => 'this platform cannot connect by a raw socket' unless $node->raw_connect_works;

$node->safe_psql('postgres', 'CREATE DATABASE railway');
$node->safe_psql('postgres', 'ALTER DATABASE railway SET kycvs.registry = \'registry\'');
$node->safe_psql('railway', 'SET client_min_messages = warning; CREATE EXTENSION kycvs CASCADE');
my $elsewhere = session($node, dbname => 'railway', user => 'railway');

sub kid_of { my ($document) = @_; return decode_json(decode_base64url((split /\./, $document->{jws})[0]))->{kid} }

sub published { return { map { $_->{kid} => 1 } @{ decode_json($_[0]->value('SELECT kycvs_jwks()'))->{keys} } } }

sub state_of { return $observer->value("SELECT state FROM kycvs.keys WHERE kid = '$_[0]'") }

# ---- pending ---------------------------------------------------------------------------

my ($first) = keys %{ published($observer) };
my $pending = $observer->value('SELECT kycvs.create_key()');
is(state_of($pending), 'pending', 'a second key is pending');
ok(published($_)->{$pending}, 'and published already') foreach $observer, $elsewhere;
is(kid_of(issue(session($node, user => 'railway'), next_mobile())), $first, 'the first one goes on signing');

# ---- a hundred sessions, and twenty rotations ----------------------------------------------

# Each gets a document and checks it, in the registry's database or in another one, where keys are kept.
my @clients = map { Client->new($node, 'railway', $_ % 2 ? 'registry' : 'railway') } 1 .. $sessions;
my $call = 'SELECT CASE WHEN kycvs_claims(d) IS NOT NULL THEN d END FROM (SELECT kycvs_issue_otp($1, $2, $3, $4) AS d OFFSET 0) AS i';
my (@documents, %failed, @rotated, @seen);
# the first round is the first key's alone
foreach my $round (0 .. $rounds)
{
    $_->send($call, next_mobile(), 'Ramesh Patel', 'ticket-booking', 'PNR 1') foreach @clients;
    if ($round % 2)
    {
        $observer->value("SELECT kycvs.activate_key('$pending')");
        push @rotated, $pending;
        $pending = $observer->value('SELECT kycvs.create_key(\'' . ($round % 4 == 1 ? 'Ed25519' : 'ES256') . '\')');
    }
    foreach my $i (0 .. $#clients)
    {
        my ($sqlstate, $document) = $clients[$i]->finish;
        $failed{$sqlstate}++ if $sqlstate ne '00000' || !defined $document;
        next unless $sqlstate eq '00000';
        push @documents, decode_json($document);
        $seen[$i]{ kid_of($documents[-1]) } = 1;
    }
}
my %signed;
$signed{ kid_of($_) }++ foreach @documents;
is_deeply(\%failed, {}, 'no call failed, and every document verified where it was made');
is(scalar @documents, $sessions * ($rounds + 1), "$sessions sessions: " . @documents . ' documents signed and verified under ' . @rotated . ' rotations');
is_deeply([ sort keys %signed ], [ sort $first, @rotated ], 'each key has signed, and no pending one');
is(scalar(grep { keys %$_ < @rotated } @seen), 0, 'every session has gone through all of them without reconnecting');
diag("counts: $sessions sessions, ", scalar @rotated, ' rotations, ', scalar @documents, ' documents, failed ', scalar(keys %failed), '; by key ', join ' ', map { $signed{$_} } $first, @rotated);

# ---- retired keys verify ----------------------------------------------------------------------

# How many of these documents verify, and what is said of the others.
sub verdicts
{
    my ($session, @which) = @_;
    my $array = join ',', map { my $d = JSON::PP->new->encode($_); '$kycvs$' . $d . '$kycvs$' } @which;
    my $references = join ',', map { "'PNR 1'" } @which;
    return $session->value(<<"SQL");
SELECT string_agg(verdict || ' ' || n, ', ' ORDER BY verdict)
FROM (SELECT coalesce(error, 'right') AS verdict, count(*) AS n
      FROM kycvs_verify_each(ARRAY[$array]::jsonb[], 'irctc', ARRAY[$references], type => 'otp') GROUP BY 1) AS v
SQL
}

my @sample = map { my $kid = $_; (grep { kid_of($_) eq $kid } @documents)[ 0 .. 4 ] } $first, @rotated;
is(verdicts($_, @sample), 'right ' . @sample, 'documents of every key verify: ' . @sample) foreach $observer, $elsewhere;
my $states = join ', ', map { "$_->[0] $_->[1]" } map { [ split /\|/ ] } split /\n/,
  $observer->value('SELECT state, count(*) FROM kycvs.keys GROUP BY 1 ORDER BY 1');
is($states, 'active 1, pending 1, retired 20', 'kycvs.keys shows them');

# ---- revoked -------------------------------------------------------------------------------------

my $revoked = $rotated[3];
my $before = session($node, user => 'railway');
$before->value('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$observer->value("SELECT kycvs.revoke_key('$revoked')");
foreach my $session ($observer, $elsewhere, $before)
{
    is(verdicts($session, @sample), 'KV032 5, right ' . (@sample - 5), 'documents of a revoked key verify no more, at once, everywhere');
    ok(!published($session)->{$revoked}, 'and it is published no more');
}
$before->quit;
is($observer->run("SELECT kycvs.activate_key('$revoked')")->{sqlstate}, '42704', 'nor does it ever sign again');

# ---- destroyed ----------------------------------------------------------------------------------------

sub file_of { return (glob "$keys/*/$_[0].pem")[0] }

my $retired = $rotated[5];
my $file = file_of($retired);
open my $still, '<', $file or die;
is($observer->run("SELECT kycvs.destroy_key('$_')")->{sqlstate}, '55000', 'a key that signs, or will, is not destroyed') foreach $rotated[-1], $pending;
is($observer->run('SELECT kycvs.destroy_key(\'no-such-key\')')->{sqlstate}, '42704', 'nor one that does not exist');
$observer->value("SELECT kycvs.destroy_key('$_')") foreach $retired, $revoked;
ok(!-e $file && !-e file_of($revoked), 'the files of a retired and of a revoked key are gone');
{
    local $/;
    unlike(<$still>, qr/[^\0]/, 'and overwritten before');
}
is($observer->value("SELECT state || ' ' || (destroyed_at IS NOT NULL) FROM kycvs.keys WHERE kid = '$retired'"), 'retired true', 'which kycvs.keys tells');
is(verdicts($observer, grep { kid_of($_) eq $retired } @sample), 'right 5', 'what it signed verifies all the same');
is($observer->run("SELECT kycvs.destroy_key('$retired')")->{sqlstate}, '55000', 'it is destroyed once');
still_answers($observer, session($node, user => 'railway'), 'after all that');

# a file that somebody has removed is destroyed; one that is a link is not touched
my $moved = file_of($rotated[6]);
my $elsewhere_moved = PostgreSQL::Test::Utils::tempdir . '/moved.pem';
rename $moved, $elsewhere_moved or die;
my $gone = $observer->run("SELECT kycvs.destroy_key('$rotated[6]')");
is($gone->{sqlstate}, '00000', 'a file that is gone already is no obstacle');
like($gone->{error}, qr/WARNING:  private file of the key was not there/, 'but said');
rename $elsewhere_moved, $moved or die;
is($observer->run("SELECT kycvs.destroy_key('$rotated[6]')")->{sqlstate}, '00000', 'when it comes back, it can be destroyed after all');
ok(!-e $moved, 'and is');
my $link = file_of($rotated[7]);
rename $link, "$link.real" or die;
symlink "$link.real", $link or die;
is($observer->run("SELECT kycvs.destroy_key('$rotated[7]')")->{sqlstate}, 'KV040', 'a link in its place is one');
ok(-s "$link.real", 'and what it leads to is not touched');

# ---- in one batch --------------------------------------------------------------------------------------

# What a request of the same batch has retired could sign again, should their commit fail.
# Which of two is decided first is the authority's business, so each session has its turn.
my @two = (session($node), session($node));
my ($active, $moment_ago) = ($rotated[-1], 0);
$_->pid foreach @two;
foreach my $turn (1 .. 4)
{
    my $next = $turn == 1 ? $pending : $observer->value('SELECT kycvs.create_key()');

    authority_idle($observer);
    my $authority = authority_pid($observer);
    stop_process($authority);
    $two[0]->send("SELECT kycvs.activate_key('$next')");
    wait_in_call($observer, $two[0]);
    $two[1]->send("SELECT kycvs.destroy_key('$active')");
    wait_in_call($observer, @two);
    continue_process($authority);
    is($two[0]->finish->{sqlstate}, '00000', 'a key is activated');
    my $destroyed = $two[1]->finish;
    is($destroyed->{sqlstate}, '55000', 'and the one before is not destroyed in the same commit');
    $moment_ago++ if $destroyed->{error} =~ /a moment ago/;
    ok(-s file_of($active), 'its file is there');
    is($two[1]->run("SELECT kycvs.destroy_key('$active')")->{sqlstate}, '00000', 'a moment later, it can be');
    $active = $next;
    @two = reverse @two;
}
cmp_ok($moment_ago, '>', 0, 'it was retired by a request of the same batch');
$pending = $active;
$_->quit foreach @two;

# ---- a key that cannot sign ---------------------------------------------------------------------------------

my $unusable = $observer->value('SELECT kycvs.create_key()');
my $its_file = file_of($unusable);
rename $its_file, $elsewhere_moved or die;
is($observer->run("SELECT kycvs.activate_key('$unusable')")->{sqlstate}, 'KV040', 'a key without its file is not activated');
is(state_of($pending) . state_of($unusable), 'activepending', 'and the one before goes on');
still_answers($observer, session($node, user => 'railway'), 'after that');
rename $elsewhere_moved, $its_file or die;
is($observer->run("SELECT kycvs.activate_key('$unusable')")->{sqlstate}, '00000', 'with it, it is');
is(kid_of(issue(session($node, user => 'railway'), next_mobile())), $unusable, 'and signs');

# ---- too old --------------------------------------------------------------------------------------------

my $ask = "SELECT detail FROM kycvs.health() WHERE check_name = 'signing key'";
is($observer->value($ask), '', 'health() has nothing to say of a young key');
$observer->value('UPDATE kycvs_data.signing_key SET activated_at = now() - interval \'400 days\' WHERE state = \'active\'');
poll($observer, "SELECT count(*) FROM kycvs.health() WHERE check_name = 'signing key' AND NOT ok", 1);
like($observer->value($ask), qr/^signs since 400 days/, 'it warns of one that has signed for more than a year');
$observer->value('ALTER SYSTEM SET kycvs.key_max_age = 0');
$node->reload;
poll($observer, "SELECT count(*) FROM kycvs.health() WHERE check_name = 'signing key'", 0);
pass('unless it is told not to');

$_->quit foreach $observer, $elsewhere;
$node->stop;
done_testing();
