# Debian's Kannel - bearerbox and smsbox - with the configuration that is shipped
# (sender/kannel.conf.in), in a folder of its own and on free ports of loopback.
# The distribution's service and its files are not touched.

package Kannel;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my $template = dirname(abs_path(__FILE__)) . '/../../sender/kannel.conf.in';
my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 180;

# As root it runs as whoever runs PostgreSQL.
my $user = 'postgres';

# sbin is not in everybody's path
sub program { my ($name) = @_; my ($path) = grep { -x } map { "$_/$name" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin'; return $path }

# Why there is none: empty when there is.
sub missing
{
    return 'no bearerbox and smsbox (Debian: kannel)' unless program('bearerbox') && program('smsbox');
    return 'no setpriv (Debian: util-linux)' unless program('setpriv');
    return '';
}

# ---- the configuration ---------------------------------------------------------

my %default = (
    SMSC_ID => 'centre',
    SMSC_HOST => '127.0.0.1',
    SMSC_SSL => 'false',
    SMSC_USERNAME => 'kycvs',
    SMSC_PASSWORD => 'smpp',
    SMSC_SYSTEM_TYPE => 'VMA',
    THROUGHPUT => 500,
    PENDING => 100,
    QUEUE => 5000,
    RECONNECT_DELAY => 1,
    TLV_TYPE => 'nulterminated',
    TLV_LENGTH => 30,
    SENDSMS_USERNAME => 'kycvs',
    SENDER => 'KYCVSG',
);

# Below those from which connections of others take theirs.
sub free_port
{
    my ($taken) = @_;
    while (1)
    {
        my $port = 10000 + int rand 20000;
        next if $taken->{$port}++;
        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1);
    }
}

sub word { return join '', map { ('a' .. 'z')[ rand 26 ] } 1 .. 16 }

# "folder" is there and empty, "port" that of the SMPP centre; every word of the
# template may be given too. "change" is a function that gets the text and may alter it.
sub new
{
    my ($class, %option) = @_;
    my $self = bless { %option, process => {} }, $class;
    my %taken;

    $self->{word} = {
        %default,
        (map { $_ => free_port(\%taken) } qw(ADMIN_PORT SMSBOX_PORT SENDSMS_PORT)),
        (map { $_ => word() } qw(ADMIN_PASSWORD STATUS_PASSWORD SENDSMS_PASSWORD)),
        LOG_FOLDER => $option{folder},
        SMSC_PORT => $option{port},
        map { $_ => $option{$_} } grep { /^[A-Z_]+$/ } keys %option,
    };
    return $self;
}

sub slurp { my ($file) = @_; open my $in, '<', $file or die "$file: $!"; local $/; return <$in> }

sub write_configuration
{
    my ($self) = @_;
    my $text = slurp($template);

    $text =~ s/\@([A-Z_]+)\@/$self->{word}{$1} \/\/ die "$template: no word for $1"/ge;
    $text = $self->{change}->($text) if $self->{change};
    open my $out, '>', "$self->{folder}/kannel.conf" or die "$self->{folder}/kannel.conf: $!";
    print $out $text;
    close $out or die $!;
    chmod 0640, "$self->{folder}/kannel.conf";
    system('chown', '-R', "$user:", $self->{folder}) == 0 or die 'chown failed' if $> == 0;
}

# ---- the processes ---------------------------------------------------------------

# In the folder, with its own end if whoever started it is killed. No core file
# unless "cores" asks for one, for its image has texts.
sub launch
{
    my ($self, $name, @argument) = @_;
    my @as = $> == 0 ? ('--reuid', $user, '--regid', $user, '--init-groups') : ();
    my $limit = $self->{cores} ? 'unlimited' : '0';
    my $pid = fork() // die "fork: $!";

    if (!$pid)
    {
        chdir $self->{folder} or die $!;
        umask 077;
        open STDIN, '<', '/dev/null' or die $!;
        open STDOUT, '>>', "$name.out" or die $!;
        open STDERR, '>&', \*STDOUT or die $!;
        exec program('setpriv'), '--pdeathsig', 'KILL', @as, '--', 'sh', '-c', "ulimit -c $limit; exec \"\$@\"", 'sh',
          program($name), '-v', $self->{stderr_level} // 4, @argument, '--', 'kannel.conf' or die "setpriv: $!";
    }
    return $self->{process}{$name} = $pid;
}

sub pid { my ($self, $name) = @_; return $self->{process}{$name} }

# Waits until "ready" holds; dies when the process has ended.
sub wait_until
{
    my ($self, $name, $what, $ready) = @_;
    my $deadline = time() + $patience;

    until ($ready->())
    {
        die "timed out: $name: $what\n" if time() > $deadline;
        my $pid = $self->{process}{$name};
        if ($pid && waitpid($pid, 1) == $pid)    # 1: do not wait
        {
            delete $self->{process}{$name};
            die "$name has ended: " . slurp("$self->{folder}/$name.out") . "\n";
        }
        sleep(0.02);
    }
}

sub start_bearerbox
{
    my ($self) = @_;
    $self->launch('bearerbox');
    $self->wait_until('bearerbox', 'status page', sub { $self->status });
}

sub start_smsbox
{
    my ($self) = @_;
    $self->launch('smsbox');
    $self->wait_until('smsbox', 'connection to bearerbox', sub { $self->status =~ /^\s+smsbox:.*on-line/m });
}

# Until both are up and the centre has taken the connection ("centre => 0": not that).
sub start
{
    my ($self, %option) = @_;

    $self->write_configuration;
    $self->start_bearerbox;
    $self->start_smsbox;
    $self->wait_for_centre unless exists $option{centre} && !$option{centre};
    return $self;
}

sub centre_state { my ($self) = @_; my ($state) = $self->status =~ /^\s+$self->{word}{SMSC_ID}\b.*?\((online|[a-z-]+)/m; return $state // 'none' }

sub wait_for_centre
{
    my ($self, $state) = @_;
    $state //= 'online';
    $self->wait_until('bearerbox', "centre $state", sub { $self->centre_state eq $state });
}

# The page of bearerbox; empty when there is none.
sub status
{
    my ($self) = @_;
    my $answer = HTTP::Tiny->new(timeout => 10)->get("http://127.0.0.1:$self->{word}{ADMIN_PORT}/status.txt?password=$self->{word}{STATUS_PASSWORD}");
    return $answer->{success} ? $answer->{content} : '';
}

# A command of the administration, such as start-smsc; its answer.
sub administer
{
    my ($self, $command, %argument) = @_;
    my $query = join '&', map { "$_=$argument{$_}" } sort keys %argument;
    return HTTP::Tiny->new(timeout => 30)->get("http://127.0.0.1:$self->{word}{ADMIN_PORT}/$command?$query")->{content};
}

sub end_process
{
    my ($self, $name, $signal) = @_;
    my $pid = delete $self->{process}{$name} or return;
    my $deadline = time() + $patience;

    kill $signal // 'TERM', $pid;
    while (waitpid($pid, 1) == 0)
    {
        kill 'KILL', $pid if time() > $deadline;
        sleep(0.02);
    }
}

sub stop
{
    my ($self) = @_;
    local $?;
    $self->end_process($_) foreach qw(smsbox bearerbox);
}

sub DESTROY { my ($self) = @_; $self->stop }

# ---- what kycvs-sender does ------------------------------------------------------

sub sendsms_url { my ($self) = @_; return "http://127.0.0.1:$self->{word}{SENDSMS_PORT}/cgi-bin/sendsms" }

sub encoded { my ($bytes) = @_; utf8::encode($bytes) if utf8::is_utf8($bytes); return $bytes =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger }

# The query of a message: what a route's URL comes to. "text" is in characters.
sub query
{
    my ($self, %message) = @_;
    my %parameter = (
        username => $self->{word}{SENDSMS_USERNAME},
        password => $self->{word}{SENDSMS_PASSWORD},
        charset => 'UTF-8',
        %message,
    );
    return join '&', map { "$_=" . encoded($parameter{$_}) } sort grep { defined $parameter{$_} } keys %parameter;
}

# Sends one; returns the status and the body of the answer.
sub send_sms
{
    my ($self, %message) = @_;
    my $http = $self->{http} //= HTTP::Tiny->new(timeout => 30);
    my $answer = $http->get($self->sendsms_url . '?' . $self->query(%message));
    return wantarray ? ($answer->{status}, $answer->{content}) : $answer->{status};
}

# ---- what comes back -------------------------------------------------------------

# Takes receipts in place of kycvs-sender, in a process of its own: a line with the
# path and query of each request in a file. It answers 200: to anything but 200 and
# 202 Kannel would send the receipt again.
package Kannel::Receipts;

use strict;
use warnings;

use IO::Socket::INET;
use Time::HiRes qw(sleep time);

# "file" is where they go, "status" another answer.
sub start
{
    my ($class, %option) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $option{port} // 0, Listen => 100, ReuseAddr => 1) or die "listen: $!";
    my $self = bless { file => $option{file}, port => $listener->sockport }, $class;
    my $pid = fork() // die "fork: $!";

    serve($listener, $option{file}, $option{status} // 200) if !$pid;
    $self->{pid} = $pid;
    return $self;
}

sub serve
{
    my ($listener, $file, $status) = @_;
    local $SIG{TERM} = sub { POSIX::_exit(0) };
    my $parent = getppid();
    open my $out, '>>', $file or die "$file: $!";
    $out->autoflush(1);

    $listener->timeout(1);
    while (getppid() == $parent)
    {
        my $client = $listener->accept or next;
        my $request = <$client> // '';
        while (defined(my $line = <$client>)) { last if $line =~ /^\r?\n/ }
        print $client "HTTP/1.1 $status Taken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close $client;
        print $out "$1\n" if $request =~ /^(?:GET|POST) (\S+)/;
    }
    POSIX::_exit(0);
}

# What Kannel is told as dlr-url for this message.
sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}$path?status=%d" }

sub taken
{
    my ($self) = @_;
    return -e $self->{file} ? split /\n/, Kannel::slurp($self->{file}) : ();
}

# Waits until "count" of them fit the pattern; how many there are then.
sub wait_for
{
    my ($self, $count, $pattern) = @_;
    my $deadline = time() + $patience;
    my $fit = 0;

    while (($fit = grep { /$pattern/ } $self->taken) < $count && time() < $deadline)
    {
        sleep(0.02);
    }
    return $fit;
}

sub DESTROY
{
    my ($self) = @_;
    local $?;
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

1;
