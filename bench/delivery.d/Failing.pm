# Parts of the way that fail in the middle: gateway, centre, sender, database.

package Failing;

use strict;
use warnings;

use Account;
use Asking;
use Chain;
use Kycvs qw(stop_process continue_process);
use Report;
use Time::HiRes qw(sleep time);

# Until so many seconds after the beginning.
sub until_second
{
    my ($begin, $second) = @_;
    while ((my $left = $begin + $second - time()) > 0)
    {
        Report::progress(sprintf 'asking; next thing in %.0f s', $left);
        sleep($left < 0.2 ? $left : 0.2);
    }
}

# What was asked has its end; what came twice is listed.
sub account
{
    my ($chain, $asking, $name) = @_;
    my @asked = $asking->finish('asked');
    $chain->settle;
    my $account = Account->new($chain, @asked);

    $account->tell($name);
    Report::list('twice, numbers of messages', map { $account->{message}{ $_->[3] }{id} } $account->twice);
    $account->check($name);
    return $account;
}

# ---- the gateway -----------------------------------------------------------------

# Forty a second for a minute; from second 15 to 45 something is away.
sub one_outage
{
    my ($name, $away, $back) = @_;
    my $chain = Chain->new('outage');
    my $sender = $chain->start_sender;
    my $asking = Asking->about($chain, [ Asking::mobiles(2400) ], rate => 40);
    my $begin = time();

    until_second($begin, 15);
    $away->($chain);
    until_second($begin, 45);
    $back->($chain);
    account($chain, $asking, $name);
    Report::check($sender->stop == 0, "$name: the sender ends well");
    $chain->stop;
}

sub kill_kannel { my ($chain) = @_; $chain->kannel->end_process($_, 'KILL') foreach qw(smsbox bearerbox) }
sub start_kannel { my ($chain) = @_; $chain->kannel->start }

sub outage
{
    Report::note('2,400 messages, 40 a second; something is away from second 15 to 45');
    Account::head();
    one_outage('Kannel stopped', sub { $_[0]->kannel->stop }, \&start_kannel);
    one_outage('Kannel killed', \&kill_kannel, \&start_kannel);
    one_outage('SMPP centre away', sub { $_[0]->phone->behave(away => 1) }, sub { $_[0]->phone->behave(away => 0) });
}

# ---- the sender ------------------------------------------------------------------

# Messages that are claimed and not recorded, when no statement of a sender runs.
sub open_claims
{
    my ($chain) = @_;
    my $busy = q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'courier' AND state <> 'idle');
    sleep 0.01 while $chain->value($busy);
    return split /\n/, $chain->value(q(SELECT challenge FROM kycvs_data.message WHERE state = 'waiting' AND in_hand));
}

# Stops it where it is, until something is in its hands; returns what, and kills it.
sub kill_in_the_middle
{
    my ($chain, $sender) = @_;
    my @open;
    while (1)
    {
        stop_process($sender->pid);
        last if @open = open_claims($chain);
        continue_process($sender->pid);
        sleep 0.003;
    }
    $sender->signal('KILL');
    die 'the sender has ended before' unless $sender->finish == -9;
    return @open;
}

sub kill_senders
{
    my $chain = Chain->new('killed');
    my $sender = $chain->start_sender;
    my $asking = Asking->about($chain, [ Asking::mobiles(6000) ], rate => 200);
    my ($begin, $kills, %open) = (time(), 6);

    foreach my $kill (1 .. $kills)
    {
        until_second($begin, 4 * $kill);
        my @new = grep { !$open{$_}++ } kill_in_the_middle($chain, $sender);
        Report::note("kill $kill: " . @new . ' claimed and not recorded');
        $sender = $chain->start_sender;
    }
    my $account = account($chain, $asking, "sender killed $kills times");
    my @twice = $account->twice;
    my $elsewhere = grep { !$open{ $_->[3] } } @twice;
    Report::check($elsewhere == 0, 'sender killed: ' . @twice . ' twice, each of them among the ' . keys(%open) . ' that were claimed and not recorded at a kill');
    Report::check($sender->stop == 0, 'sender killed: the last one ends well');
    $chain->stop;
}

# ---- the database ------------------------------------------------------------------

sub restart_database
{
    my ($mode) = @_;
    my $chain = Chain->new('restarted');
    my $sender = $chain->start_sender;
    my $asking = Asking->about($chain, [ Asking::mobiles(4000) ], rate => 200);

    until_second(time(), 8);
    $chain->node->stop($mode);
    $chain->node->start;
    $chain->connect;
    my $account = account($chain, $asking, "database restarted, $mode");
    Report::check($account->{count}{twice} == 0, "database restarted, $mode: none twice");
    Report::check($sender->stop == 0, "database restarted, $mode: the sender ends well");
    $chain->stop;
}

sub killed
{
    Report::note('200 messages a second: 6,000, and 4,000 for each restart of the database');
    Account::head();
    kill_senders();
    restart_database($_) foreach qw(fast immediate);
}

1;
