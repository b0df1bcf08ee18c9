# The disk of the registry's tables is full: what can't be written down is not
# answered and not disclosed, guesses come to an end all the same, the server's
# log says what is wrong, and all goes on when there is room again (T44).
#
# Runs where KYCVS_SMALL_DISK names a file system of its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

my $disk = $ENV{KYCVS_SMALL_DISK};
plan skip_all => 'KYCVS_SMALL_DISK does not name a small file system' unless $disk;

my $node = new_server('full_disk');
mkdir "$disk/tables" or die "could not make a folder on the small disk";
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/tables'");
$node->safe_psql('postgres', 'CREATE DATABASE registry TABLESPACE small');
set_up_registry($node);
$node->safe_psql('registry', "SELECT kycvs.set_budget('irctc', 100000)");

my $observer = session($node);
my $railway = session($node, user => 'railway');
my $filler = "$disk/filler";

# Not only until nothing more is free: also the room that pages of our tables still have.
sub fill_disk
{
    open my $file, '>', $filler or die "could not write to the small disk";
    binmode $file;
    $file->autoflush(1);
    1 while syswrite $file, "\0" x 4096;
    close $file;
}

sub challenge
{
    my $txn = issue($railway, next_mobile())->{jti};
    return ($txn, otp($observer, $txn));
}

sub wrong { return sprintf '%06d', ($_[0] + 1) % 1000000 }

# ---- full ----------------------------------------------------------------------------

my ($right_txn, $right_otp) = challenge();
my @guessed = map { [ challenge() ] } 1 .. 60;    # more than the room that their pages may still have
my ($late_txn, $late_otp) = challenge();
my ($verified_txn, $verified_otp) = challenge();
my $consent = $railway->value("SELECT kycvs_verify_otp('$verified_txn', '$verified_otp', true)");

fill_disk();
my ($issued, $refused) = (0, '00000');
for ($issued = 0; $refused eq '00000' && $issued < 3000; $issued++)
{
    my $mobile = next_mobile();
    $refused = $railway->run("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking')")->{sqlstate};
}
is($refused, '53100', "a full disk is told to the caller, after $issued more challenges had found room");

my $log = slurp_file($node->logfile);
like($log, qr/kycvs request failed: could not extend file/, 'and to the operator');
is($observer->value("SELECT bool_and(ok) FROM kycvs.health() WHERE check_name IN ('authority', 'answer', 'keys')"), 't', 'the authority is there, and answers what needs no room');

# ---- what is not written down is not disclosed -----------------------------------------------

my $before = $observer->value('SELECT count(*) FROM kycvs_data.consent');
my @ended = map { $railway->run("SELECT kycvs_verify_otp('$right_txn', '$right_otp', true)") } 1 .. 10;
my $consents = $observer->value('SELECT count(*) FROM kycvs_data.consent') - $before;
my $answered = grep { $_->{sqlstate} eq '00000' } @ended;
is($consents, $answered > 0 ? 1 : 0, "the right OTP: a consent exists only if it was answered ($answered times)");

my %outcome;
$outcome{ $railway->run("SELECT kycvs_status('" . ($consent =~ s/'/''/gr) . "')")->{sqlstate} }++ foreach 1 .. 30;
my $audited = $observer->value("SELECT count(*) FROM kycvs_data.audit WHERE event = 'status' AND outcome = '00000'");
is($outcome{'00000'} // 0, $audited, "of 30 answers, none was given without its audit row (given: $audited)");

# ---- guesses end, written down or not -------------------------------------------------------------

%outcome = ();
foreach my $challenge (@guessed)
{
    my ($txn, $otp) = @$challenge;
    my $told = 0;

    foreach (1 .. 6)
    {
        my $state = $railway->run("SELECT kycvs_verify_otp('$txn', '" . wrong($otp) . "', true)")->{sqlstate};
        $outcome{$state}++;
        $told++ if $state eq 'KV010';
    }
    $outcome{'told too often'}++ if $told > 3;
    $outcome{accepted}++ if $railway->run("SELECT kycvs_verify_otp('$txn', '$otp', true)")->{sqlstate} eq '00000';
}
is($outcome{'told too often'} // 0, 0, 'of six guesses at most three are told that they were wrong');
is(($outcome{KV010} // 0) + ($outcome{KV012} // 0) + ($outcome{'53100'} // 0), 6 * @guessed, 'the others that there are no tries left, or nothing')
    or diag(join ', ', %outcome);
cmp_ok($outcome{'53100'} // 0, '>', 0, 'some could not be written down: ' . ($outcome{'53100'} // 0));
is($outcome{accepted} // 0, 0, 'the right OTP is refused, too');

# ---- room again ---------------------------------------------------------------------------------------

unlink $filler or die 'could not make room';
still_answers($observer, $railway, 'with room again');
my @open = grep { $railway->run("SELECT kycvs_verify_otp('$_->[0]', '$_->[1]', true)")->{sqlstate} eq '00000' } @guessed;
is(scalar @open, 0, 'what was guessed at stays closed');
is($railway->run("SELECT kycvs_verify_otp('$late_txn', '$late_otp', true)")->{sqlstate}, '00000', 'what was not is open');
is($observer->value("SELECT count(*) FROM kycvs_data.challenge WHERE tries > 3"), 0, 'no challenge was charged more than its tries');

$_->quit foreach $observer, $railway;
$node->stop;
$node->clean_node;
done_testing();
