# The program kycvs-sender under test: built in a folder of its own, started,
# watched and ended.

package Sender;

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $program;

# Why it cannot be built here, or nothing.
sub missing
{
    return 'no pkg-config with libcurl and libevent'
      if system('pkg-config --exists libpq libcurl libevent libcrypto >/dev/null 2>&1') != 0;
    return;
}

# In a temporary folder, for the source tree may be read-only.
sub build
{
    my ($folder) = @_;
    my $root = "$FindBin::RealBin/..";

    # the outer make's flags and job server are none of the inner one's business
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
    my $said = `make -C $root SENDER_DIR=$folder/build sender 2>&1`;
    is($?, 0, 'kycvs-sender built') or BAIL_OUT($said);
    unlike($said, qr/warning:/, 'without a warning');
    $program = "$folder/build/kycvs-sender";
    return $program;
}

# One that is built already.
sub use_program { ($program) = @_ }

# Runs it to its end; returns exit status, output and errors.
sub run
{
    my (@arguments) = @_;
    my ($output, $errors) = ('', '');
    IPC::Run::run([ $program, @arguments ], '<', \undef, '>', \$output, '2>', \$errors, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return ($? >> 8, $output, $errors);
}

# ---- one that goes on ----------------------------------------------------------

# "log" names its file; "preload" a library; "files" is how many it may have open; the rest are arguments.
sub start
{
    my ($class, %option) = @_;
    my $self = bless { log => $option{log} }, $class;
    my $pid = fork() // die;
    if ($pid == 0)
    {
        $ENV{LD_PRELOAD} = $option{preload} if $option{preload};
        open(STDERR, '>>', $option{log}) or die;
        open(STDOUT, '>&', \*STDERR) or die;
        my @command = ($program, @{ $option{arguments} });
        unshift @command, 'sh', '-c', "ulimit -n $option{files} && exec \"\$0\" \"\$@\"" if $option{files};
        exec @command or die;
    }
    $self->{pid} = $pid;
    $self->said(qr/begins/);
    return $self;
}

sub pid { return $_[0]{pid} }
sub log_text { return slurp_file($_[0]{log}) }

# Waits until it has said so.
sub said
{
    my ($self, $pattern) = @_;
    wait_until(sub { -e $self->{log} && $self->log_text =~ $pattern }, "the sender says $pattern");
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

# ---- waiting -------------------------------------------------------------------

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
