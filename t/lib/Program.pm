# A program under test - kycvs-sender or kycvs-gateway: built in a folder of its
# own, started, watched and ended.

package Program;

use strict;
use warnings;

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

# Why it cannot be built here, or nothing; libpq and libcrypto are needed by both.
sub missing
{
    my (@libraries) = @_;
    return if system("pkg-config --exists libpq libcrypto @libraries >/dev/null 2>&1") == 0;
    return 'no pkg-config with ' . join ' and ', @libraries;
}

# In a temporary folder, for the source tree may be read-only; returns its path. "make" are more arguments.
sub build
{
    my ($name, $folder, @make) = @_;
    my $root = "$FindBin::RealBin/..";

    # the outer make's flags and job server are none of the inner one's business
    delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};
    my $quoted = join ' ', map { "'$_'" } "\U$name\E_DIR=$folder/build", @make, $name;
    my $said = `make -j2 -C $root $quoted 2>&1`;
    is($?, 0, "kycvs-$name built") or BAIL_OUT($said);
    unlike($said, qr/warning:/, 'without a warning');
    return "$folder/build/kycvs-$name";
}

# Runs it to its end; returns exit status, output and errors.
sub run
{
    my (@command) = @_;
    my ($output, $errors) = ('', '');
    IPC::Run::run(\@command, '<', \undef, '>', \$output, '2>', \$errors, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    return ($? >> 8, $output, $errors);
}

# ---- one that goes on ----------------------------------------------------------

# "log" names the file to which goes what it says; "preload" a library; "files" is how many it may have open.
sub start
{
    my ($class, $option, @command) = @_;
    my $self = bless { log => $option->{log} }, $class;
    my $pid = fork() // die;
    if ($pid == 0)
    {
        $ENV{LD_PRELOAD} = $option->{preload} if $option->{preload};
        unshift @command, 'sh', '-c', "ulimit -n $option->{files} && exec \"\$0\" \"\$@\"" if $option->{files};
        open(STDERR, '>>', $option->{log}) or die;
        open(STDOUT, '>&', \*STDERR) or die;
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
    wait_until(sub { -e $self->{log} && $self->log_text =~ $pattern }, ref($self) . " says $pattern");
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
