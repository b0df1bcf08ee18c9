# The program kycvs-gateway under test: started on a registry, and asked.

package HttpGateway;

use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use parent 'Program';
use PostgreSQL::Test::Cluster;
use Time::HiRes qw(time);

my $program;

sub missing { return Program::missing('libevent', 'jansson') }

sub build { return $program = Program::build('gateway', @_) }

sub run { return Program::run($program, @_) }

sub wait_until { return Program::wait_until(@_) }

# As Program has it; "arguments" are more than where it listens, and "alone" when its metrics are elsewhere or of no interest.
sub start
{
    my ($class, %option) = @_;
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $self = $class->SUPER::start(\%option, $program, '--listen', "127.0.0.1:$port", @{ $option{arguments} });
    $self->{port} = $port;
    $self->{http} = HTTP::Tiny->new(timeout => 15);
    wait_until(sub { $self->metrics =~ /^kycvs_gateway_connections [1-9]/m }, 'a connection to the database') unless $option{alone};
    return $self;
}

sub port { return $_[0]{port} }
sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}$path" }
sub metrics { my ($self) = @_; return $self->get('/metrics')->{content} // '' }

# ---- requests ------------------------------------------------------------------

sub get
{
    my ($self, $path, %headers) = @_;
    return $self->{http}->get($self->url($path), { headers => \%headers });
}

# The body is a hash, or a text that is sent as it is.
sub post
{
    my ($self, $path, $body, %headers) = @_;
    my $text = ref $body ? JSON::PP->new->canonical->utf8->encode($body) : $body;
    return $self->{http}->post($self->url($path), { content => $text, headers => { 'Content-Type' => 'application/json', %headers } });
}

# Status and decoded body of a call of the API.
sub call
{
    my ($self, $path, $body, $key, %headers) = @_;
    $headers{Authorization} = "Bearer $key" if defined $key;
    my $reply = $self->post($path, $body, %headers);
    my $decoded = eval { JSON::PP->new->utf8->decode($reply->{content}) };
    return ($reply->{status}, $decoded // { content => $reply->{content} }, $reply);
}

# What comes back for these bytes, until the other side closes or is silent for a while.
sub raw
{
    my ($self, $bytes, %option) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) or return '';
    my $answer = '';
    local $SIG{PIPE} = 'IGNORE';
    print $socket $bytes;
    $socket->flush;
    shutdown($socket, 1) if $option{half};
    my $deadline = time() + ($option{seconds} // 5);
    while (time() < $deadline)
    {
        my $ready = '';
        vec($ready, fileno($socket), 1) = 1;
        select($ready, undef, undef, $option{patience} // 0.3) or last;
        sysread($socket, my $more, 65536) or last;
        $answer .= $more;
    }
    return $answer;
}

1;
