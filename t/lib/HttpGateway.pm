# The program kycvs-gateway under test: built in a folder of its own, started on
# a registry, asked and ended.

package HttpGateway;

use strict;
use warnings;

use FindBin;
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $program;

# Why it cannot be built here, or nothing.
sub missing
{
    return 'no pkg-config with libevent and jansson'
      if system('pkg-config --exists libpq libevent jansson libcrypto >/dev/null 2>&1') != 0;
    return;
}

# In a temporary folder, for the source tree may be read-only. "make" are more arguments.
sub build
{
    my ($folder, @make) = @_;
    my $root = "$FindBin::RealBin/..";

    # the outer make's flags and job server are none of the inner one's business
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
    my $quoted = join ' ', map { "'$_'" } @make;
    my $said = `make -j2 -C $root GATEWAY_DIR=$folder/build $quoted gateway 2>&1`;
    is($?, 0, 'kycvs-gateway built') or BAIL_OUT($said);
    unlike($said, qr/warning:/, 'without a warning');
    $program = "$folder/build/kycvs-gateway";
    return $program;
}

# Runs it to its end; returns exit status, output and errors.
sub run
{
    my (@arguments) = @_;
    my ($output, $errors) = ('', '');
    IPC::Run::run([ $program, @arguments ], '<', \undef, '>', \$output, '2>', \$errors, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return ($? >> 8, $output, $errors);
}

# ---- one that goes on ----------------------------------------------------------

# "log" names its file; "arguments" are more than where it listens.
sub start
{
    my ($class, %option) = @_;
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $self = bless { log => $option{log}, port => $port, http => HTTP::Tiny->new(timeout => 15) }, $class;
    my $pid = fork() // die;
    if ($pid == 0)
    {
        open(STDERR, '>>', $option{log}) or die;
        open(STDOUT, '>&', \*STDERR) or die;
        exec $program, '--listen', "127.0.0.1:$port", @{ $option{arguments} } or die;
    }
    $self->{pid} = $pid;
    $self->said(qr/begins/);
    wait_until(sub { $self->metrics =~ /^kycvs_gateway_connections [1-9]/m }, 'a connection to the database') unless $option{alone};
    return $self;
}

sub pid { return $_[0]{pid} }
sub port { return $_[0]{port} }
sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}$path" }
sub log_text { return slurp_file($_[0]{log}) }
sub metrics { my ($self) = @_; return $self->get('/metrics')->{content} // '' }

# Waits until it has said so.
sub said
{
    my ($self, $pattern) = @_;
    wait_until(sub { -e $self->{log} && $self->log_text =~ $pattern }, "the gateway says $pattern");
}

sub signal { my ($self, $signal) = @_; kill $signal, $self->{pid} }

# Waits for its end; its exit status, or the signal with a minus.
sub finish
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    waitpid $pid, 0;
    return $? & 127 ? -($? & 127) : $? >> 8;
}

sub stop { my ($self) = @_; $self->signal('TERM'); return $self->finish }

# One that a failed test has left behind.
sub DESTROY
{
    my ($self) = @_;
    local $?;
    return unless $self->{pid};
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

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

sub wait_until
{
    my ($condition, $what) = @_;
    my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
    while (time() < $deadline)
    {
        return 1 if $condition->();
        sleep(0.02);
    }
    die "timed out: $what";
}

1;
