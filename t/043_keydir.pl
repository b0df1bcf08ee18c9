# The key directory: where it is, what is wrong with it when something is, and
# that nothing but the right files opens the registry again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP qw(decode_json);
use Kycvs;
use MIME::Base64 qw(encode_base64 encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_registry('keydir', conf => "kycvs.databases = 'registry, second'");
my $observer = session($node);
my $railway = session($node, user => 'railway');

sub bytes_of { my ($path) = @_; open my $file, '<:raw', $path or die "could not read $path: $!"; local $/; return scalar <$file> }

sub write_file
{
    my ($path, $bytes, $mode) = @_;
    open my $file, '>:raw', $path or die "could not write $path: $!";
    print $file $bytes;
    close $file;
    chmod $mode // 0600, $path;
}

sub rename_file { my ($from, $to) = @_; rename $from, $to or die "could not rename $from: $!" }
sub mode_of { return sprintf '%04o', (stat $_[0])[2] & 07777 }
sub quoted { return $_[0] =~ s/'/''/gr }

# ---- as create_key() makes it -----------------------------------------------------

my $base = $node->data_dir . '.kycvs';
my $id = $observer->value('SELECT id FROM kycvs_data.registry');
my $kid = $observer->value('SELECT kid FROM kycvs_data.signing_key');
my ($folder, $master_key, $pem) = ("$base/$id", "$base/$id/master.key", "$base/$id/$kid.pem");

is_deeply([ sort glob "$base/* $folder/*" ], [ sort $folder, $master_key, $pem ], 'one folder: the registry\'s id; two files: master key and signing key');
is(join(' ', map { mode_of($_) } $base, $folder, $master_key, $pem), '0700 0700 0600 0600', 'for the server\'s user alone');
my $master = bytes_of($master_key);
is(length $master, 32, 'the master key has 32 bytes');
my $private = bytes_of($pem);
like($private, qr/^-----BEGIN PRIVATE KEY-----/, 'the signing key is PEM');

my $pending = $observer->value('SELECT kycvs.create_key(\'Ed25519\')');
is(mode_of("$folder/$pending.pem"), '0600', 'another key is another file');
ok(bytes_of($master_key) eq $master, 'of the same master key');

# ---- what is told of what is wrong --------------------------------------------------

my (undef, $consent, $answer) = map { quoted(JSON::PP->new->encode($_)) } flow($observer, $railway, '9825012345', 'PNR 1');
my $status = "SELECT kycvs_status('$consent')";

# Polls until the call ends so; the authority looks at the directory once a second.
sub ends_soon
{
    my ($session, $sql, $sqlstate) = @_;
    my $until = time() + 2;
    my $got;
    while (time() < $until)
    {
        $got = $session->run($sql)->{sqlstate};
        last if $got eq $sqlstate;
        sleep(0.1);
    }
    return $got;
}

# Is any form of a secret in this text?
sub secret_in
{
    my ($text) = @_;
    my $body = join '|', map { quotemeta } grep { length > 20 && !/-----/ } split /\n/, $private;
    my @forms = ($master, unpack('H*', $master), encode_base64($master, ''), encode_base64url($master));
    return $text =~ /$body/ || grep { index(lc $text, lc $_) >= 0 } @forms;
}

# Breaks something, looks what is said, mends it.
sub check_broken
{
    my ($name, %case) = @_;
    my $log_start = -s $node->logfile;

    $case{break}->();
    is(ends_soon($railway, $status, 'KV040'), 'KV040', "$name: no answer");
    is(($railway->run($_))[0]->{sqlstate}, 'KV040', "$name: $_")
      foreach 'SELECT kycvs_issue_otp(\'9825012345\', \'Ramesh Patel\', \'ticket-booking\')',
      'SELECT kycvs_verify_otp(gen_random_uuid(), \'123456\', true)', 'SELECT kycvs_resend_otp(gen_random_uuid())';
    if (!$case{signing_only})
    {
        is($observer->run($_)->{sqlstate}, 'KV040', "$name: $_")
          foreach 'SELECT kycvs.register_person(\'9825012346\', \'Ramesh Patel\')', 'SELECT kycvs.next_messages(1)', 'SELECT kycvs.create_key()';
    }
    is($railway->value("SELECT kycvs_verify('$answer', 'irctc', 'PNR 1') ->> 'aud'"), 'irctc', "$name: documents are verified");

    my $health = $observer->value('SELECT ok || \' \' || detail FROM kycvs.health() WHERE check_name = \'keys\'');
    like($health, qr/^false .*\Q$case{file}\E.*$case{says}/, "$name: health() names the file and what is wrong");
    sleep(1.1) if $case{signing_only};
    $railway->run($status) foreach 1 .. 3;
    my $log = substr(slurp_file($node->logfile), $log_start);
    is(scalar(() = $log =~ /WARNING:.*cannot use its keys/g), 1, "$name: the log says so, once");
    like($log, qr/^(?=.*\Q$case{file}\E).*$case{says}/m, "$name: in the same words");
    ok(!secret_in($log . $health), "$name: nothing secret in it");

    $case{mend}->();
    is(ends_soon($railway, $status, '00000'), '00000', "$name: mended, it answers without a restart");
    is($observer->value('SELECT ok FROM kycvs.health() WHERE check_name = \'keys\''), 't', "$name: health() agrees");
    ok(bytes_of($master_key) eq $master, "$name: the master key is the old one");
}

check_broken('directory gone',
    break => sub { rename_file($base, "$base.away") },
    mend => sub { rename_file("$base.away", $base) },
    file => $folder, says => 'does not exist');
check_broken('registry\'s directory gone',
    break => sub { rename_file($folder, "$folder.away") },
    mend => sub { rename_file("$folder.away", $folder) },
    file => $folder, says => 'does not exist');
check_broken('directory readable for the group',
    break => sub { chmod 0750, $folder },
    mend => sub { chmod 0700, $folder },
    file => $folder, says => 'group or world access');
check_broken('directory is a symbolic link',
    break => sub { rename_file($folder, "$base/real"); symlink "$base/real", $folder },
    mend => sub { unlink $folder; rename_file("$base/real", $folder) },
    file => $folder, says => 'symbolic link');
check_broken('master key gone',
    break => sub { rename_file($master_key, "$base/away") },
    mend => sub { rename_file("$base/away", $master_key) },
    file => $master_key, says => 'does not exist');
check_broken('master key readable for the group',
    break => sub { chmod 0640, $master_key },
    mend => sub { chmod 0600, $master_key },
    file => $master_key, says => 'group or world access');
check_broken('master key is a symbolic link',
    break => sub { rename_file($master_key, "$base/real"); symlink "$base/real", $master_key },
    mend => sub { unlink $master_key; rename_file("$base/real", $master_key) },
    file => $master_key, says => 'symbolic link');
check_broken('master key with a second name',
    break => sub { link $master_key, "$base/second" },
    mend => sub { unlink "$base/second" },
    file => $master_key, says => 'second name');
check_broken('another master key',
    break => sub { write_file($master_key, 'x' x 32) },
    mend => sub { write_file($master_key, $master) },
    file => $master_key, says => 'another registry');
check_broken('truncated master key',
    break => sub { write_file($master_key, substr($master, 0, 31)) },
    mend => sub { write_file($master_key, $master) },
    file => $master_key, says => '32 bytes');
check_broken('master key that is too long',
    break => sub { write_file($master_key, "$master\n") },
    mend => sub { write_file($master_key, $master) },
    file => $master_key, says => 'longer');
check_broken('signing key gone', signing_only => 1,
    break => sub { rename_file($pem, "$base/away") },
    mend => sub { rename_file("$base/away", $pem) },
    file => $pem, says => 'does not exist');
check_broken('signing key readable for the world', signing_only => 1,
    break => sub { chmod 0604, $pem },
    mend => sub { chmod 0600, $pem },
    file => $pem, says => 'group or world access');
check_broken('another signing key', signing_only => 1,
    break => sub { write_file($pem, bytes_of("$folder/$pending.pem")) },
    mend => sub { write_file($pem, $private) },
    file => $pem, says => 'another key');
check_broken('truncated signing key', signing_only => 1,
    break => sub { write_file($pem, substr($private, 0, 100)) },
    mend => sub { write_file($pem, $private) },
    file => $pem, says => 'not a private key');

# ---- create_key() makes one master key in a registry's life ----------------------------

rename_file($base, "$base.away");
is(ends_soon($railway, $status, 'KV040'), 'KV040', 'the key directory is lost');
is($observer->run("SELECT kycvs.create_key('$_')")->{sqlstate}, 'KV040', "create_key('$_') makes no other") foreach qw(ES256 Ed25519);
ok(!-e $base, 'nor a directory');
mkdir $_, 0700 foreach $base, $folder;
is($observer->run('SELECT kycvs.create_key()')->{sqlstate}, 'KV040', 'also when there is an empty one');
is_deeply([ glob "$folder/*" ], [], 'which stays empty');
is($observer->value('SELECT count(*) FROM kycvs_data.signing_key'), 2, 'and no key is recorded');
rmdir $_ foreach $folder, $base;
rename_file("$base.away", $base);
is(ends_soon($railway, $status, '00000'), '00000', 'restored, it answers');

# A lost signing key is no disaster: another one takes over.
rename_file($pem, "$base/away");
is(ends_soon($railway, $status, 'KV040'), 'KV040', 'the signing key is lost');
$observer->value("SELECT kycvs.activate_key('$pending')");
is(ends_soon($railway, $status, '00000'), '00000', 'the pending one takes its place');
is($railway->value("SELECT kycvs_verify('$answer', 'irctc', 'PNR 1') ->> 'aud'"), 'irctc', 'and documents of the lost one are good');

# ---- another place ---------------------------------------------------------------------

my $elsewhere = PostgreSQL::Test::Utils::tempdir;
$observer->value("ALTER SYSTEM SET kycvs.key_directory = '$elsewhere/keys'");
$node->reload;
is(ends_soon($railway, $status, 'KV040'), 'KV040', 'kycvs.key_directory names another place, where nothing is');
like($observer->value('SELECT detail FROM kycvs.health() WHERE check_name = \'keys\''), qr{\Q$elsewhere/keys/$id\E}, 'and health() says so');
rename_file($base, "$elsewhere/keys");
is(ends_soon($railway, $status, '00000'), '00000', 'moved there, it answers');
ok(!-e $base, 'and the old place stays away');

# ---- a registry's first key where it can't be --------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE second');
my $second = session($node, dbname => 'second');
$second->value('SET client_min_messages = warning');
$second->value('CREATE EXTENSION kycvs CASCADE');
is($second->run('SELECT kycvs.register_person(\'9825012345\', \'Ramesh Patel\')')->{sqlstate}, 'KV040', 'a registry without a key registers nobody');
like($second->value('SELECT ok || detail FROM kycvs.health() WHERE check_name = \'keys\''), qr/false.*create_key/, 'health() says what to do');

mkdir "$elsewhere/open", 0777;
chmod 0777, "$elsewhere/open";
write_file("$elsewhere/file", '');
foreach ([ "$elsewhere/open", 'a directory that others may write to' ], [ "$elsewhere/no/such", 'a directory in one that does not exist' ],
    [ "$elsewhere/file", 'a file' ], [ 'keys', 'a relative path' ])
{
    my ($place, $name) = @$_;
    $observer->value("ALTER SYSTEM SET kycvs.key_directory = '$place'");
    $node->reload;
    is(ends_soon($railway, $status, 'KV040'), 'KV040', "$name: the registry that is elsewhere notices");
    is($second->run('SELECT kycvs.create_key()')->{sqlstate}, 'KV040', "$name: no first key");
    is($second->value('SELECT count(*) FROM kycvs_data.registry'), 0, "$name: and no registry");
    like($second->value('SELECT detail FROM kycvs.health() WHERE check_name = \'keys\''), qr/./, "$name: health() has a reason");
}
is_deeply([ glob "$elsewhere/open/*" ], [], 'nothing was left behind');
$observer->value("ALTER SYSTEM SET kycvs.key_directory = '$elsewhere/keys'");
$node->reload;
is(ends_soon($railway, $status, '00000'), '00000', 'back again');
is($second->run('SELECT kycvs.create_key()')->{sqlstate}, '00000', 'the second registry has its key');
my $second_id = $second->value('SELECT id FROM kycvs_data.registry');
isnt($second_id, $id, 'in a directory of its own');
ok(bytes_of("$elsewhere/keys/$second_id/master.key") ne $master, 'with a master key of its own');
ok(!secret_in(slurp_file($node->logfile)), 'nothing secret in the whole log');

$_->quit foreach $observer, $railway, $second;
$node->stop;
done_testing();
