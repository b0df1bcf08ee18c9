# What became of messages: the registry's rows against what lies on the phones.

package Account;

use strict;
use warnings;

use Asking;
use JSON::PP;
use List::Util qw(max min uniq);
use PostgreSQL::Test::Utils;
use Report;

# "asked" are lines of Asking: number, when asked, when answered, challenge.
sub new
{
    my ($class, $chain, @asked) = @_;
    my $self = bless { chain => $chain, asked => \@asked, message => {}, phone => {} }, $class;

    $self->read_messages;
    $self->read_phones;
    return $self;
}

sub read_messages
{
    my ($self) = @_;
    my $sql = 'SELECT challenge, id, state, extract(epoch FROM expires_at), attempt FROM kycvs_data.message';
    foreach my $row (split /\n/, $self->{chain}->value($sql))
    {
        my ($challenge, $id, $state, $expires, $attempt) = split /\|/, $row;
        $self->{rows}++;
        $self->{message}{$challenge} = { id => $id, state => $state, expires => $expires, attempt => $attempt };
    }
}

sub read_phones
{
    my ($self) = @_;
    my $json = JSON::PP->new->utf8;
    foreach my $line (split /\n/, slurp_file($self->{chain}->phone->file))
    {
        my $message = $json->decode($line);
        push @{ $self->{phone}{ $message->{to} =~ s/^91//r } }, $message;
    }
}

sub on_phone { my ($self, $mobile) = @_; return @{ $self->{phone}{$mobile} // [] } }

# The code that a text tells; undef when it has none, or two.
sub code_of { my ($text) = @_; my @codes = uniq($text =~ /(?<![0-9])([0-9]{6})(?![0-9])/g); return @codes == 1 ? $codes[0] : undef }

# Challenges of these numbers, and their codes.
sub codes { my ($self) = @_; return map { my ($first) = $self->on_phone($_->[0]); $first ? [ $_->[3], code_of($first->{text}) // 'none' ] : () } @{ $self->{asked} } }

# ---- counts ------------------------------------------------------------------------

sub count
{
    my ($self) = @_;
    my %count = map { $_ => 0 } qw(issued arrived expired lost failed twice late unclear);
    my %known = map { $_->[0] => 1 } @{ $self->{asked} };

    foreach my $asked (@{ $self->{asked} })
    {
        my ($mobile, undef, undef, $jti) = @$asked;
        my $message = $self->{message}{$jti} // { state => 'missing', expires => 0 };
        my @copies = $self->on_phone($mobile);
        $count{issued}++;
        if (@copies)
        {
            $count{arrived}++;
            $count{twice}++ if @copies > 1;
            $count{late}++ if min(map { $_->{at} } @copies) > $message->{expires};
            $count{unclear}++ if grep { !defined } uniq(map { code_of($_->{text}) } @copies);
            $count{unclear}++ if uniq(map { code_of($_->{text}) // '' } @copies) > 1;
        }
        elsif ($message->{state} =~ /^(?:expired|failed)$/) { $count{ $message->{state} }++ }
        else { $count{lost}++ }
    }
    $count{strangers} = grep { !$known{$_} } keys %{ $self->{phone} };
    $count{more} = $self->{rows} - $count{issued};
    return $self->{count} = \%count;
}

# The numbers that have it twice.
sub twice { my ($self) = @_; return grep { $self->on_phone($_->[0]) > 1 } @{ $self->{asked} } }

# Seconds from the call to the phone, and from its answer.
sub seconds
{
    my ($self, $from) = @_;
    return map { my ($first) = $self->on_phone($_->[0]); $first ? $first->{at} - $_->[$from] : () } @{ $self->{asked} };
}

sub span { my ($self) = @_; return max(map { $_->{at} } map { @$_ } values %{ $self->{phone} }) - min(map { $_->[1] } @{ $self->{asked} }) }

# ---- what is said of them --------------------------------------------------------------

my @columns = qw(issued arrived expired lost twice late);

sub head { Report::row('', @columns) }

sub tell { my ($self, $name) = @_; Report::row($name, @{ $self->count }{@columns}) }

# What holds whatever happened on the way.
sub check
{
    my ($self, $name) = @_;
    my $count = $self->{count} // $self->count;

    Report::check($count->{lost} + $count->{failed} == 0 && $count->{arrived} + $count->{expired} == $count->{issued},
        "$name: each of $count->{issued} has arrived ($count->{arrived}) or was dropped as expired ($count->{expired})");
    Report::check($count->{unclear} + $count->{strangers} + $count->{more} == 0, "$name: one code in each text, no number that nobody asked about, one message for each call");
}

# In quiet running.
sub check_quiet
{
    my ($self, $name) = @_;
    my $count = $self->{count} // $self->count;

    $self->check($name);
    Report::check($count->{arrived} == $count->{issued} && $count->{twice} == 0, "$name: all arrived, none twice");
}

# Each code that is on a phone is the right one for its number.
sub check_codes
{
    my ($self, $name) = @_;
    my @codes = $self->codes;
    my @answers = Asking->verify($self->{chain}, @codes)->finish('verified');
    my $right = grep { $_->[1] eq 'right' } @answers;

    Report::check(@codes >= 100 && $right == @codes, "$name: $right of " . @codes . ' codes on phones are taken by kycvs_verify_otp for their number');
}

1;
