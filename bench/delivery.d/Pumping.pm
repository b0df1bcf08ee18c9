# Pumping: one entity asks for a hundred thousand messages. Caps hold, whatever
# waits longer than an OTP lives is dropped.

package Pumping;

use strict;
use warnings;

use Account;
use Asking;
use Chain;
use Client;
use List::Util qw(max sum);
use Report;
use Time::HiRes qw(sleep time);

my ($in_all, %cap) = (600, first => 400, second => 300);
my %name = (KYCVSA => 'first', KYCVSB => 'second');
my ($step, $same) = (500, 200);

# ---- asking ------------------------------------------------------------------------

# Every fifth is about one of the same 200 numbers, in turns; the others about one of its own. References differ, so that each is a request of its own.
my $sql = <<"SQL";
SELECT coalesce(answer ->> 'error', 'issued') || ' ' || count(*)
  FROM generate_series(\$1::int, \$2::int) AS n,
       kycvs.try_issue_otp(CASE WHEN n % 5 = 0 THEN '97' || lpad((n / 5 % $same)::text, 8, '0') ELSE '98' || lpad(n::text, 8, '0') END,
                           'Ramesh Patel', 'ticket-booking', 'PNR ' || n) AS answer
 GROUP BY answer ->> 'error'
SQL

# Sixteen sessions, each in statements of 500 calls; how many ended how, by SQLSTATE.
sub ask
{
    my ($chain, $asks, $meanwhile) = @_;
    my ($node, $client) = ($chain->node);
    my @tasks = map { [ $_ * $step, ($_ + 1) * $step - 1 ] } 0 .. $asks / $step - 1;
    my $asking = Asking->start($chain, 16, \@tasks, sub
        {
            $client //= Client->new($node, 'railway', 'registry');
            my ($sqlstate, @counts) = $client->run($sql, @_);
            die "pumping: $sqlstate\n" unless $sqlstate eq '00000';
            return @counts;
        });
    my %ended;
    foreach my $words ($asking->finish("times $step asked", $meanwhile))
    {
        my %counts = @$words;
        $ended{$_} += $counts{$_} foreach keys %counts;
    }
    return %ended;
}

# ---- what was sent -------------------------------------------------------------------

# What a registry counts for its caps, read again and again: claimed by minute and route.
sub look
{
    my ($chain, $claimed) = @_;
    my $counts = 'SELECT r.name, extract(epoch FROM c.minute)::bigint, c.claimed FROM kycvs_data.sms_count AS c JOIN kycvs_data.sms_route AS r ON r.id = c.route';
    foreach my $row (split /\n/, $chain->value($counts))
    {
        my ($route, $minute, $n) = split /\|/, $row;
        $claimed->{$minute}{$route} = max($n, $claimed->{$minute}{$route} // 0);
    }
}

# All that was claimed, by minute, as the audit has it.
sub audited
{
    my ($chain) = @_;
    return map { split /\|/ } split /\n/, $chain->value(<<'SQL');
SELECT extract(epoch FROM date_trunc('minute', at))::bigint, sum(object) FROM kycvs_data.audit
 WHERE event = 'next_messages' AND outcome = '00000' AND object > 0 GROUP BY 1
SQL
}

# On the phones, by minute and route.
sub arrived
{
    my ($account) = @_;
    my %arrived;
    foreach my $message (map { @$_ } values %{ $account->{phone} })
    {
        $arrived{ 60 * int($message->{at} / 60) }{ $name{ $message->{from} } }++;
    }
    return %arrived;
}

# How old messages were when a gateway had them, by minute: the oldest go first.
sub ages
{
    my ($chain) = @_;
    return map { split /\|/ } split /\n/, $chain->value(<<'SQL');
SELECT extract(epoch FROM date_trunc('minute', done_at))::bigint, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - created_at))::numeric, 1)
  FROM kycvs_data.message WHERE state = 'sent' GROUP BY 1
SQL
}

sub tell_minutes
{
    my ($claimed, $audited, $arrived, $ages) = @_;
    Report::row('minute', 'claimed', (map { ($_, 'on phones') } sort keys %cap), 'age, s');
    foreach my $minute (sort { $a <=> $b } keys %$audited)
    {
        my @time = gmtime $minute;
        Report::row(sprintf('%02d:%02d UTC', @time[ 2, 1 ]), $audited->{$minute},
            (map { ($claimed->{$minute}{$_} // 0, $arrived->{$minute}{$_} // 0) } sort keys %cap), $ages->{$minute});
    }
}

sub check_caps
{
    my ($claimed, $audited, $arrived) = @_;
    my $over = grep { $_ > $in_all } values %$audited, map { sum(values %$_) } values %$arrived;

    Report::check($over == 0, "no minute of the clock has more than $in_all messages, claimed or on phones");
    foreach my $route (sort keys %cap)
    {
        my $most = max(map { $_->{$route} // 0 } values %$claimed, values %$arrived);
        Report::check($most <= $cap{$route}, "and none more than $cap{$route} by route $route: at most $most");
    }
}

# ---- all of it -----------------------------------------------------------------------

# Away from the end of a minute, in which what is claimed may arrive in the next.
sub wait_for_a_minute { sleep 0.2 while time() - 60 * int(time() / 60) > 40 }

sub run
{
    my ($option) = @_;
    my $asks = $option->{asks} - $option->{asks} % ($step * 5);
    my %from = reverse %name;
    my $chain = Chain->new('pumping', conf => "kycvs.messages_per_minute = $in_all\n",
        routes => { map { $_ => { per_minute => $cap{$_}, from => $from{$_}, priority => $_ eq 'first' ? 1 : 2 } } keys %cap });
    my @senders = map { $chain->start_sender } 1 .. 2;
    my (%claimed, $began);

    wait_for_a_minute();
    $began = time();
    my %ended = ask($chain, $asks, sub { look($chain, \%claimed) });
    my $seconds = time() - $began;
    while (my $waiting = $chain->outbox->count('waiting'))
    {
        look($chain, \%claimed);
        Report::progress("$waiting wait");
        sleep 0.2;
    }
    Report::note(sprintf 'one entity, 16 sessions: %d asked in %.0f s, %.0f a second; all is over after %.0f s', $asks, $seconds, $asks / $seconds, time() - $began);
    judge($chain, $asks, \%ended, \%claimed);
    Report::check($_->stop == 0, 'a sender ends well') foreach @senders;
    $chain->stop;
}

sub judge
{
    my ($chain, $asks, $ended, $claimed) = @_;
    $chain->settle;
    my $account = Account->new($chain);
    my %audited = audited($chain);
    my %arrived = arrived($account);
    my ($sent, $expired) = map { $chain->outbox->count($_) } qw(sent expired);
    my $on_phones = sum(map { scalar @$_ } values %{ $account->{phone} });
    my $refused = sum(0, map { $ended->{$_} } grep { $_ ne 'issued' } keys %$ended);

    tell_minutes($claimed, \%audited, \%arrived, { ages($chain) });
    Report::row('', qw(asked issued refused sent expired), 'on phones');
    Report::row('pumping', $asks, $ended->{issued}, $refused, $sent, $expired, $on_phones);
    Report::note('refused: ' . join ', ', map { "$ended->{$_} $_" } grep { $_ ne 'issued' } sort keys %$ended);
    check_caps($claimed, \%audited, \%arrived);
    Report::check($ended->{issued} + $refused == $asks && ($ended->{KV007} // 0) == $refused, 'each was issued or told to wait');
    Report::check($refused == $asks / 5 - 5 * $same, 'the same number gets five an hour');
    Report::check($sent + $expired == $ended->{issued}, 'what was issued was sent or dropped as expired');
    Report::check($on_phones == $sent, 'what was sent is on the phones, nothing twice');
}

1;
