# The whole way of a message, small: a registry, two senders, Kannel, an SMPP
# centre with phones. All arrive, none twice, each with the code of its number,
# and the receipts come back. bench/delivery does the same with thousands, and
# with parts that fail.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib", "$FindBin::RealBin/../bench/delivery.d";
use Account;
use Asking;
use Chain;
use Kannel;
use Kycvs qw(poll);
use Phone;
use PostgreSQL::Test::Utils;
use Sender;
use Test::More;

foreach my $missing (Sender::missing(), Kannel::missing(), Phone::missing())
{
    plan skip_all => $missing if $missing;
}

my $n = 300;
Sender::build(PostgreSQL::Test::Utils::tempdir);
my $chain = Chain->new('delivery');
my @senders = map { $chain->start_sender } 1 .. 2;

my @asked = Asking->about($chain, [ Asking::mobiles($n) ], sessions => 4)->finish('asked');
$chain->settle;
my $account = Account->new($chain, @asked);
my $count = $account->count;
is_deeply($count, { issued => $n, arrived => $n, map { $_ => 0 } qw(expired lost failed twice late unclear strangers more) }, "$n messages: all arrive, none twice, one code in each");

my @codes = ($account->codes)[ 0 .. 99 ];
my @answers = Asking->verify($chain, @codes)->finish('verified');
is(scalar(grep { $_->[1] eq 'right' } @answers), 100, 'codes on a hundred phones are the right ones');

ok(poll($chain->outbox->observer, 'SELECT delivered FROM kycvs.message_stats WHERE route IS NULL', $n), 'a receipt for each is in the registry');
is($_->stop, 0, 'a sender ends well') foreach @senders;
is($senders[0]->counts->{sent} + $senders[1]->counts->{sent}, $n, 'each was counted once');
diag("counts: $n through two senders, Kannel and SMPP: $count->{arrived} arrived, $count->{twice} twice; 100 of 100 codes verified");

$chain->stop;
done_testing();
