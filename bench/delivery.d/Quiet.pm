# Quiet running: how fast, and that nothing comes twice, with one sender and with two.

package Quiet;

use strict;
use warnings;

use Account;
use Asking;
use Chain;
use Report;

# Asks about "n" numbers and waits for their end; the account of it.
sub flow
{
    my ($chain, $n, %option) = @_;
    my @asked = Asking->about($chain, [ Asking::mobiles($n) ], %option)->finish('asked');
    $chain->settle;
    return Account->new($chain, @asked);
}

sub rate
{
    my ($option) = @_;
    my $n = $option->{messages};
    my @runs = (
        [ "steady, $option->{rate} a second", rate => $option->{rate} ],
        [ 'one burst, 16 sessions', sessions => 16 ]);

    Report::note('p50, p99, longest: from the call of kycvs_issue_otp to the phone; later: from its answer');
    Report::note('kycvs.messages_per_minute 0, Kannel: throughput 0; receipts are asked for and reported');
    Report::row('', 'messages', 'a second', 'p50', 'p99', 'longest', 'later: p50', 'p99');
    foreach my $run (@runs)
    {
        my ($name, %how) = @$run;
        my $chain = Chain->new('rate');
        my $sender = $chain->start_sender;
        my $account = flow($chain, $n, %how);
        Report::row($name, $n, sprintf('%.0f', $n / $account->span), (map { Report::ms(Report::percentile($_, $account->seconds(1))) } 50, 99, 100),
            map { Report::ms(Report::percentile($_, $account->seconds(2))) } 50, 99);
        $account->count;
        $account->check_quiet($name);
        $account->check_codes($name);
        check_receipts($chain, $name, $n);
        Report::check($sender->stop == 0, "$name: the sender ends well");
        $chain->stop;
    }
}

# They may come some seconds after the messages.
sub check_receipts
{
    my ($chain, $name, $n) = @_;
    my $delivered = 'SELECT delivered FROM kycvs.message_stats WHERE route IS NULL';
    Sender::wait_until(sub { Report::progress('waiting for receipts'); $chain->value($delivered) >= $n }, 'receipts');
    Report::check($chain->value($delivered) == $n, "$name: a receipt for each is in the registry");
}

sub two
{
    my ($option) = @_;
    my $chain = Chain->new('two');
    my @senders = map { $chain->start_sender } 1 .. 2;
    my $account = flow($chain, $option->{messages}, sessions => 16);

    Account::head();
    $account->tell('two senders, one burst');
    $account->check_quiet('two senders');
    Report::check($_->stop == 0, 'a sender ends well') foreach @senders;
    my @sent = map { $_->counts->{sent} } @senders;
    Report::check($sent[0] + $sent[1] == $option->{messages} && $sent[0] > 0 && $sent[1] > 0, "one has sent $sent[0], the other $sent[1]");
    $chain->stop;
}

1;
