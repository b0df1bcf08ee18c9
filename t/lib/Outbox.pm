# The registry as a sender sees it, for tests: messages that wait, routes, and
# what has become of both.

package Outbox;

use strict;
use warnings;

use Kycvs qw(new_registry session poll next_mobile);
use PostgreSQL::Test::Cluster;

# Needs escaping in a URL, a form and JSON, and is beyond GSM 7-bit.
my $odd = 'A&B=100% "ક" \\ +1';

# A registry with a sender's login and an entity whose name is odd.
sub new
{
    my ($class, $name, %option) = @_;
    my $node = new_registry($name, conf => "kycvs.messages_per_minute = 0\n", %option);
    $node->safe_psql('registry', <<"SQL");
CREATE ROLE courier LOGIN IN ROLE kycvs_sender;
CREATE ROLE odd LOGIN;
SELECT kycvs.add_entity('odd', '$odd', 'odd', ARRAY['ticket-booking']);
SQL
    my $self = bless { node => $node }, $class;
    $self->connect;
    return $self;
}

sub connect
{
    my ($self) = @_;
    $self->{observer} = session($self->{node});
    $self->{railway} = session($self->{node}, user => 'railway');
    $self->{odd} = session($self->{node}, user => 'odd');
}

sub node { return $_[0]{node} }
sub observer { return $_[0]{observer} }

# What the sender is told.
sub conninfo
{
    my ($self) = @_;
    return $self->{node}->connstr('registry') . ' user=courier';
}

# Puts n messages there, for numbers that nobody was asked about yet; returns the numbers.
sub issue
{
    my ($self, $n) = @_;
    my @mobiles = map { next_mobile() } 1 .. $n;
    Kycvs::issue($self->{railway}, $_) foreach @mobiles;
    return map { "+91$_" } @mobiles;
}

# One whose text holds odd characters and needs UCS-2; returns what has to be in it.
sub issue_odd
{
    my ($self) = @_;
    my $mobile = next_mobile();
    $self->{odd}->value("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking')");
    return $odd;
}

# How many messages are in this state: waiting, sent, failed, expired.
sub count
{
    my ($self, $state) = @_;
    return $self->{observer}->value("SELECT count(*) FROM kycvs_data.message WHERE state = '$state'");
}

# Waits until none is waiting.
sub drained
{
    my ($self) = @_;
    return poll($self->{observer}, "SELECT count(*) FROM kycvs_data.message WHERE state = 'waiting'", 0);
}

# The leases of a sender that is gone, and pauses before another attempt, are over.
sub end_leases
{
    my ($self) = @_;
    $self->{observer}->value("UPDATE kycvs_data.message SET claimed_until = now() WHERE state = 'waiting' AND claimed_until > now()");
}

# Nothing is claimed or reported until "release"; "blocked" waits until somebody tries.
sub hold { my ($self) = @_; $self->{observer}->value('BEGIN; LOCK TABLE kycvs_data.message IN ACCESS EXCLUSIVE MODE') }
sub release { my ($self) = @_; $self->{observer}->value('ROLLBACK') }

sub blocked
{
    my ($self) = @_;
    return poll($self->{observer}, "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'kycvs_data.message'::regclass AND NOT granted");
}

sub details
{
    my ($self) = @_;
    return split /\n/, $self->{observer}->value("SELECT DISTINCT detail FROM kycvs_data.message WHERE detail <> ''");
}

sub quoted { my ($value) = @_; return defined $value ? "'" . $value =~ s/'/''/gr . "'" : 'NULL' }

# Columns of kycvs.sms_routes by name.
sub add_route
{
    my ($self, %route) = @_;
    my $headers = delete $route{headers};
    my $timeout = delete $route{timeout_ms};
    $route{attempt_timeout} = "$timeout ms" if $timeout;
    my @arguments = map { "$_ => " . quoted($route{$_}) } sort keys %route;
    push @arguments, 'headers => ARRAY[' . join(', ', map { quoted($_) } @$headers) . ']' if $headers;
    $self->{observer}->value('SELECT kycvs.add_sms_route(' . join(', ', @arguments) . ')');
}

# Makes it one that add_sms_route could have refused, and gives back what was there.
sub spoil_route
{
    my ($self, $name, $column, $value) = @_;
    my $before = $self->{observer}->value("SELECT $column FROM kycvs_data.sms_route WHERE name = '$name'");
    $self->{observer}->value("UPDATE kycvs_data.sms_route SET $column = " . quoted($value) . " WHERE name = '$name'");
    return $before;
}

# Only these are used from now on.
sub use_routes
{
    my ($self, @names) = @_;
    my $names = join(', ', map { quoted($_) } @names);
    $self->{observer}->value("UPDATE kycvs_data.sms_route SET enabled = name IN ($names)");
}

1;
