# The whole way of a message: a registry in a server of its own, Kannel as it is
# shipped, an SMPP centre with phones, and senders that are started as a part wants.

package Chain;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Kannel;
use Outbox;
use Phone;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Report;
use Sender;
use Time::HiRes qw(sleep time);

my $docs = dirname(abs_path(__FILE__)) . '/../../docs/kannel.md';

# As a server in earnest is: the modules of tests switch fsync off.
my $conf = <<'CONF';
fsync = on
max_connections = 60
shared_buffers = 256MB
max_wal_size = 4GB
kycvs.messages_per_minute = 0
CONF

my $chains = 0;

sub folder { my ($self, $name) = @_; mkdir "$self->{folder}/$name", 0700 or die $!; return "$self->{folder}/$name" }

# "conf" are more settings, "routes" what differs in the routes by name.
sub new
{
    my ($class, $name, %option) = @_;
    my $self = bless { name => $name, folder => PostgreSQL::Test::Utils::tempdir, senders => 0 }, $class;

    Report::progress('starting registry, Kannel and phones');
    $self->{outbox} = Outbox->new($name . ++$chains, conf => $conf . ($option{conf} // ''));
    $self->{phone} = Phone->start(folder => $self->folder('phone'));
    $self->{kannel} = Kannel->new(folder => $self->folder('kannel'), port => $self->{phone}->port, THROUGHPUT => 0, QUEUE => 10000)->start;
    $self->write_secret;
    $self->add_routes(%{ $option{routes} // { kannel => {} } });
    return $self;
}

sub write_secret
{
    my ($self) = @_;
    $self->{secrets} = $self->folder('secrets');
    append_to_file("$self->{secrets}/kannel", $self->{kannel}{word}{SENDSMS_PASSWORD});
    chmod 0600, "$self->{secrets}/kannel" or die $!;
}

# That of docs/kannel.md; "from" is another sender's name, so that the phones tell routes apart.
sub add_routes
{
    my ($self, %routes) = @_;
    my ($url) = slurp_file($docs) =~ /^\s+url => '([^']+)'/m or die "no route in $docs";

    $url =~ s/:13013/:$self->{kannel}{word}{SENDSMS_PORT}/;
    foreach my $name (sort keys %routes)
    {
        my %more = %{ $routes{$name} };
        my $from = delete $more{from};
        $self->{outbox}->add_route(
            name => $name, priority => 1, method => 'GET', allow_private => 'true', secret_file => 'kannel', success_status => 202,
            url => $url . ($from ? "&from=$from" : ''), %more);
    }
}

sub outbox { return $_[0]{outbox} }
sub node { return $_[0]{outbox}->node }
sub phone { return $_[0]{phone} }
sub kannel { return $_[0]{kannel} }
sub value { my ($self, $sql) = @_; return $self->{outbox}->observer->value($sql) }

# After a restart of the server.
sub connect { my ($self) = @_; $self->{outbox}->connect }

# One more of them, with a port for receipts of its own.
sub start_sender
{
    my ($self, %option) = @_;
    my $log = "$self->{folder}/sender." . ++$self->{senders} . '.log';
    my $port = Kannel::free_port({});

    return Sender->start(
        %option,
        log => $log,
        arguments => [ '--database', $self->{outbox}->conninfo, '--secrets', $self->{secrets}, '--receipts', "127.0.0.1:$port" ]);
}

sub sender_logs { my ($self) = @_; return glob "$self->{folder}/sender.*.log" }

# Sends the rest: until nothing waits, and nothing has come for a while on phones that lack something.
sub settle
{
    my ($self) = @_;
    my $waiting;
    while ($waiting = $self->{outbox}->count('waiting'))
    {
        Report::progress("$waiting messages wait, " . $self->{phone}->count . ' on the phones');
        sleep 0.2;
    }
    my $sent = $self->{outbox}->count('sent');
    my ($count, $since) = (-1, time());
    while (time() - $since < ($count < $sent ? 15 : 2))
    {
        my $now = $self->{phone}->count;
        ($count, $since) = ($now, time()) if $now != $count;
        Report::progress("$sent sent, $count on the phones");
        sleep 0.2;
    }
}

sub stop
{
    my ($self) = @_;
    $self->{kannel}->stop;
    $self->{phone}->stop;
    $self->node->stop;
}

1;
