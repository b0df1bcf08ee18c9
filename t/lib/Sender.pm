# The program kycvs-sender under test.

package Sender;

use strict;
use warnings;

use IO::Socket::INET;
use parent 'Program';

my $program;

sub missing { return Program::missing('libcurl', 'libevent') }

sub build { return $program = Program::build('sender', @_) }

# One that is built already.
sub use_program { ($program) = @_ }

sub run { return Program::run($program, @_) }

sub wait_until { return Program::wait_until(@_) }

# As Program has it; "arguments" are the rest.
sub start
{
    my ($class, %option) = @_;
    return $class->SUPER::start(\%option, $program, @{ $option{arguments} });
}

# What it counted in all, by the name of the count.
sub counts
{
    my ($self) = @_;
    my %counts;
    foreach my $line ($self->log_text =~ /in the last minute: ([^;]*);/g)
    {
        $counts{ (split / /)[0] } += (split / /)[1] foreach split /, /, $line;
    }
    return \%counts;
}

# ---- its own HTTP server ---------------------------------------------------------

# Status and body of a GET.
sub get
{
    my ($port, $target) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return (0, "no connection: $!");
    print $socket "GET $target HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    my $answer = do { local $/; <$socket> };
    my ($status, $body) = $answer =~ /^HTTP\/1\.1 (\d+).*?\r\n\r\n(.*)$/s;
    return ($status, $body);
}

1;
