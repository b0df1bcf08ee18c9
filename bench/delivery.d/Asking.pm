# Entities that ask: sessions in processes of their own, which call kycvs_issue_otp
# with bound values, at a steady rate or as fast as it goes, and give OTPs back.
#
# A call that was lost with its connection is made again in the same words: the
# registry has the same challenge for it, and no second message.

package Asking;

use strict;
use warnings;

use Client;
use POSIX ();
use PostgreSQL::Test::Utils;
use Report;
use Time::HiRes qw(sleep time);

my $numbers = 0;

# Numbers that look like any and that nobody was asked about yet.
sub mobiles { my ($n) = @_; return map { sprintf '9%09d', (++$numbers * 387420489 + 123456789) % 10**9 } 1 .. $n }

# ---- one process ---------------------------------------------------------------

# Calls until it has been answered; dies of a refusal.
sub call
{
    my ($client, $node, @call) = @_;
    while (1)
    {
        my ($sqlstate, $value) = eval { ($$client //= Client->new($node, 'railway', 'registry'))->run(@call) };
        return $value if defined $sqlstate && $sqlstate eq '00000';
        die "$call[0]: $sqlstate\n" if defined $sqlstate && $sqlstate !~ /^(?:lost|08|57|KV05)/;
        undef $$client;
        sleep 0.1;
    }
}

# "do" gets a line's words and returns those of the answer.
sub work
{
    my ($file, $tasks, $do) = @_;
    open my $out, '>', $file or POSIX::_exit(1);
    $out->autoflush(1);
    my $fine = eval { print $out join(' ', $do->(@$_)), "\n" foreach @$tasks; 1 };
    print $out "error: $@" unless $fine;
    close $out;
    POSIX::_exit($fine ? 0 : 1);
}

# ---- several ---------------------------------------------------------------------

my $files = 0;

# Begins; every "sessions"-th task is for the same process.
sub start
{
    my ($class, $chain, $sessions, $tasks, $do) = @_;
    my $self = bless { files => [], pids => [], all => scalar(@$tasks) }, $class;

    foreach my $part (0 .. $sessions - 1)
    {
        my @own = map { $tasks->[$_] } grep { $_ % $sessions == $part } 0 .. $#$tasks;
        my $file = "$chain->{folder}/asked." . ++$files;
        my $pid = fork() // die "fork: $!";
        work($file, \@own, $do) if !$pid;
        push @{ $self->{files} }, $file;
        push @{ $self->{pids} }, $pid;
    }
    return $self;
}

sub lines { my ($self) = @_; return map { -e $_ ? split(/\n/, slurp_file($_)) : () } @{ $self->{files} } }

# Waits for their end, doing something else now and then; the words of each line.
sub finish
{
    my ($self, $what, $meanwhile) = @_;
    my @left = @{ $self->{pids} };
    while (@left = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @left)
    {
        Report::progress($self->lines . " of $self->{all} $what");
        $meanwhile->() if $meanwhile;
        sleep 0.2;
    }
    my @lines = $self->lines;
    my ($error) = grep { /^error: / } @lines;
    die "$error\n" if $error;
    return map { [ split / / ] } @lines;
}

# ---- what they do -------------------------------------------------------------------

# Asks about each number once, "rate" a second when it is given.
sub about
{
    my ($class, $chain, $mobiles, %option) = @_;
    my ($node, $client, $begin) = ($chain->node, undef, time() + 0.5);
    my @tasks = map { [ $mobiles->[$_], $option{rate} ? $begin + $_ / $option{rate} : $begin ] } 0 .. $#$mobiles;

    return $class->start($chain, $option{sessions} // 8, \@tasks, sub
        {
            my ($mobile, $at) = @_;
            $client //= eval { Client->new($node, 'railway', 'registry') };
            my $wait = $at - time();
            sleep $wait if $wait > 0;
            my $asked = time();
            my $receipt = call(\$client, $node, 'SELECT kycvs_issue_otp($1, $2, $3, $4)', $mobile, 'Ramesh Patel', 'ticket-booking', "PNR $mobile");
            my ($jti) = $receipt =~ /"jti": "([^"]+)"/;
            return ($mobile, $asked, time(), $jti);
        });
}

# Gives OTPs back: pairs of challenge and OTP. A line for each, with "right" or why not.
sub verify
{
    my ($class, $chain, @pairs) = @_;
    my ($node, $client) = ($chain->node);

    return $class->start($chain, 8, \@pairs, sub
        {
            my ($jti, $otp) = @_;
            my $consent = eval { call(\$client, $node, 'SELECT kycvs_verify_otp($1, $2, $3)', $jti, $otp, 'true') };
            return ($jti, defined $consent && $consent =~ /"txn": "\Q$jti\E"/ ? 'right' : 'wrong');
        });
}

1;
