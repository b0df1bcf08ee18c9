# A gateway of SMS for tests: a small real HTTP server in a process of its own,
# which misbehaves when it is told to.
#
# What it takes is written to a file, a JSON object each line: when, method,
# target, headers and body. The way it answers is read from a file for each
# request, so a test can change it at any time:
#
#   fine        202, "0: Accepted for delivery"
#   error       500
#   mistaken    200, with an error in the body
#   garbage     bytes that are no HTTP
#   cut         202, and the answer's body ends in the middle
#   short       202, and the connection is closed before the body
#   broken      the connection is closed in the middle of the status line
#   endless     202, a whole body, and then trailers that do not end
#   silent      the request is taken and the connection closed without an answer
#   slow N      fine, after N seconds
#   hold        fine, when it is told to behave in another way
#   busy        429
#   wrong       400

package Gateway;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical;

sub new
{
    my ($class, $folder, $port) = @_;
    my $self = bless { folder => $folder, port => $port, taken => "$folder/taken.$port", way => "$folder/way.$port" }, $class;
    $self->behave('fine');
    $self->start;
    return $self;
}

sub port { return $_[0]{port} }
sub url { my ($self, $target) = @_; return "http://127.0.0.1:$self->{port}$target" }

sub behave
{
    my ($self, $way) = @_;
    open(my $file, '>', "$self->{way}.new") or die;
    print $file $way;
    close $file;
    rename "$self->{way}.new", $self->{way} or die;
}

# All requests so far.
sub taken
{
    my ($self) = @_;
    return () unless -e $self->{taken};
    return map { $json->decode($_) } split /\n/, slurp_file($self->{taken});
}

# ---- the process -------------------------------------------------------------

# Listens before it returns.
sub start
{
    my ($self) = @_;
    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $self->{port}, Listen => 1024, ReuseAddr => 1)
      or die "could not listen: $!";
    my $pid = fork() // die;
    if ($pid == 0)
    {
        # neither the test's END blocks nor its servers are this process's business
        eval { $self->serve($server) };
        warn $@ if $@;
        require POSIX;
        POSIX::_exit(0);
    }
    $self->{pid} = $pid;
    close $server;
}

# From now on connections are refused.
sub stop
{
    my ($self) = @_;
    return unless $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    delete $self->{pid};
}

sub DESTROY { my ($self) = @_; local $?; $self->stop }

# ---- what it does ------------------------------------------------------------

sub serve
{
    my ($self, $server) = @_;
    my $select = IO::Select->new($server);
    open($self->{file}, '>>', $self->{taken}) or die;
    $self->{file}->autoflush(1);
    $self->{later} = [];
    my %input;

    while (1)
    {
        my $wait = @{ $self->{later} } ? 0.01 : undef;
        foreach my $socket ($select->can_read($wait))
        {
            if ($socket == $server)
            {
                my $client = $server->accept or next;
                $select->add($client);
                $input{$client} = '';
                next;
            }
            my $good = sysread($socket, $input{$socket}, 65536, length $input{$socket});
            while ($good && $self->request_in(\$input{$socket}, my $request = {}))
            {
                $good = $self->answer($socket, $request);
            }
            next if $good;
            $select->remove($socket);
            delete $input{$socket};
            close $socket;
        }
        $self->answer_late;
    }
}

# Takes a whole request off the input.
sub request_in
{
    my ($self, $input, $request) = @_;
    my ($head) = $$input =~ /^(.*?\r\n\r\n)/s or return 0;
    my ($length) = $head =~ /^content-length:\s*(\d+)/im;
    $length //= 0;
    return 0 if length $$input < length($head) + $length;
    my ($line, @headers) = split /\r\n/, $head;
    @$request{qw(method target)} = split / /, $line;
    $request->{headers} = { map { /^([^:]+):\s*(.*)$/ ? (lc $1, $2) : () } @headers };
    $request->{body} = substr $$input, length $head, $length;
    substr $$input, 0, length($head) + $length, '';
    $request->{at} = time();
    return 1;
}

sub fine { return "HTTP/1.1 202 Accepted\r\nContent-Length: 25\r\n\r\n0: Accepted for delivery\n" }

my %answers = (
    fine => fine(),
    error => "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\noops\n",
    busy => "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    wrong => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    mistaken => "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\nerror: no such number",
    garbage => "\x00\xff{not http}\n" x 10,
    cut => "HTTP/1.1 202 Accepted\r\nContent-Length: 2500\r\n\r\n0: Acc",
    short => "HTTP/1.1 202 Accepted\r\nContent-Length: 2500\r\n\r\n",
    broken => 'HTTP/1.',
    endless => "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n0: \r\n0\r\n" . ('X-More: ' . 'x' x 990 . "\r\n") x 100,
    silent => '');

# False when the connection is to be closed.
sub answer
{
    my ($self, $socket, $request) = @_;
    my $way = slurp_file($self->{way});
    $request->{way} = $way;
    print { $self->{file} } $json->encode($request), "\n";
    if ($way =~ /^(?:slow (\S+)|hold)/)
    {
        push @{ $self->{later} }, [ defined $1 ? time() + $1 : undef, $socket ];
        return 1;
    }
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, $answers{$way};
    return $way !~ /garbage|cut|short|broken|silent/;
}

sub answer_late
{
    my ($self) = @_;
    my $held = slurp_file($self->{way}) eq 'hold';
    my @later;
    local $SIG{PIPE} = 'IGNORE';
    foreach my $answer (@{ $self->{later} })
    {
        my ($at, $socket) = @$answer;
        if (defined $at ? $at > time() : $held) { push @later, $answer }
        elsif ($socket->opened) { syswrite $socket, fine() }
    }
    $self->{later} = \@later;
}

1;
