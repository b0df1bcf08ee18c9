# What the tests of processes have in common: a registry in a server of its
# own, sessions that can wait in a call while the test goes on, and OTPs.

package Kycvs;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(new_server new_registry set_up_registry session sessions authority_pid
  authority_idle authority_waits_for_lock wait_in_call poll stop_process continue_process
  next_mobile issue otp flow still_answers scalar_of);

# ---- servers -----------------------------------------------------------------

# A server that runs, with kycvs loaded. "conf" overrides what stands here;
# without "start" it is left stopped.
sub new_server
{
    my ($name, %option) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);

    $node->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
    $node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'kycvs'
kycvs.databases = 'registry'
kycvs.messages_per_minute = 0
restart_after_crash = on
max_connections = 30
log_line_prefix = '%n [%p] %q%a '
log_statement = none
CONF
    $node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
    $node->start unless exists $option{start} && !$option{start};
    return $node;
}

# Purpose ticket-booking, entities irctc (role railway) and indigo (role
# airline), and Ramesh Patel, who had both doses.
sub set_up_registry
{
    my ($node, $database) = @_;

    $node->safe_psql($database // 'registry', <<'SQL');
CREATE EXTENSION kycvs CASCADE;
SELECT kycvs.create_key();
SELECT kycvs.add_purpose('ticket-booking', 'Indian Railways asks whether you are vaccinated, to book your ticket.');
DO $$
BEGIN
  IF to_regrole('railway') IS NULL THEN CREATE ROLE railway LOGIN; END IF;
  IF to_regrole('airline') IS NULL THEN CREATE ROLE airline LOGIN; END IF;
END $$;
SELECT kycvs.add_entity('irctc', 'Indian Railways', 'railway', ARRAY['ticket-booking']);
SELECT kycvs.add_entity('indigo', 'IndiGo', 'airline', ARRAY['ticket-booking']);
SELECT kycvs.register_person('+91 98250 12345', 'Ramesh Patel') AS person \gset
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-04-02');
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-07-01');
SQL
}

sub new_registry
{
    my ($name, %option) = @_;
    my $node = new_server($name, %option);

    $node->safe_psql('postgres', 'CREATE DATABASE registry');
    set_up_registry($node);
    return $node;
}

# ---- sessions ----------------------------------------------------------------

sub session
{
    my ($node, %option) = @_;
    return Kycvs::Session->new($node, %option);
}

# "n" of them; they connect at the same time.
sub sessions
{
    my ($node, $n, %option) = @_;
    my @sessions = map { session($node, %option) } 1 .. $n;

    $_->pid foreach @sessions;
    return @sessions;
}

# ---- waiting for what other processes do -------------------------------------

sub poll
{
    my ($observer, $query, $expected) = @_;
    my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;
    my $value;

    $expected //= 't';
    while (time() < $deadline)
    {
        $value = $observer->value($query);
        return 1 if $value eq $expected;
        sleep(0.01);
    }
    die "timed out: $query is $value, not $expected";
}

sub authority_pid
{
    my ($observer) = @_;

    poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'kycvs authority'", 1);
    return $observer->value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'kycvs authority'");
}

sub authority_idle
{
    my ($observer) = @_;

    return poll($observer, <<'SQL');
SELECT count(*) = 1 FROM pg_stat_activity
WHERE backend_type = 'kycvs authority' AND state = 'idle' AND wait_event_type = 'Extension'
SQL
}

sub authority_waits_for_lock
{
    my ($observer) = @_;

    return poll($observer, <<'SQL');
SELECT count(*) = 1 FROM pg_stat_activity
WHERE backend_type = 'kycvs authority' AND wait_event_type = 'Lock'
SQL
}

# Until each of the sessions waits for its reply.
sub wait_in_call
{
    my ($observer, @sessions) = @_;
    my $pids = join(',', map { $_->pid } @sessions);

    return poll($observer,
        "SELECT count(*) FROM pg_stat_activity WHERE pid IN ($pids) AND state = 'active' AND wait_event_type = 'Extension'",
        scalar @sessions);
}

# Stopped is what /proc says, where there is one: the signal alone is only on its way.
sub stop_process
{
    my ($pid) = @_;

    kill('STOP', $pid) == 1 or die "could not stop process $pid";
    return unless -r "/proc/$pid/stat";
    while (slurp_file("/proc/$pid/stat") !~ /\) T/)
    {
        sleep(0.005);
    }
}

sub continue_process
{
    my ($pid) = @_;

    kill('CONT', $pid) == 1 or die "could not continue process $pid";
}

# ---- exchanges ---------------------------------------------------------------

my $mobiles = 0;

# A number that nobody was asked about yet: no limit is in the way.
sub next_mobile
{
    return sprintf('9%09d', ++$mobiles);
}

# Issues an OTP; returns the decoded receipt.
sub issue
{
    my ($session, $mobile, $reference) = @_;

    $reference = defined $reference ? "'$reference'" : 'NULL';
    return decode_json($session->value("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', $reference)"));
}

my %otps;

# What the SMS of this challenge says. A superuser's session plays the sender.
sub otp
{
    my ($observer, $txn) = @_;

    while (!exists $otps{$txn})
    {
        # a notice has no OTP
        my %by_message = map { split /\|/ } split /\n/,
          $observer->value("SELECT id, coalesce(substring(body FROM '[0-9]{6}'), '-') FROM kycvs.next_messages(1000)");
        my $ids = join(',', 0, keys %by_message);

        foreach my $row (split /\n/, $observer->value("SELECT id, challenge FROM kycvs_data.message WHERE id IN ($ids)"))
        {
            my ($id, $challenge) = split /\|/, $row;
            $otps{$challenge} = $by_message{$id};
        }
        die "no message for challenge $txn" unless %by_message;
    }
    return $otps{$txn};
}

# One whole exchange; returns receipt, consent and answer, decoded.
sub flow
{
    my ($observer, $caller, $mobile, $reference) = @_;
    my $receipt = issue($caller, $mobile, $reference);
    my $otp = otp($observer, $receipt->{jti});
    my $consent = $caller->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)");
    my $quoted = $consent =~ s/'/''/gr;
    my $answer = $caller->value("SELECT kycvs_status('$quoted')");

    return ($receipt, decode_json($consent), decode_json($answer));
}

# Everything answers, and answers whoever asked.
sub still_answers
{
    my ($observer, $caller, $name) = @_;
    my $mobile = next_mobile();
    my $reference = "PNR $mobile";
    my ($receipt, $consent, $answer) = flow($observer, $caller, $mobile, $reference);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok( $receipt->{reference} eq $reference
          && $receipt->{mobile} eq 'XXXXXX' . substr($mobile, 6)
          && $consent->{txn} eq $receipt->{jti}
          && $answer->{consent} eq $consent->{jti}
          && $answer->{reference} eq $reference
          && $answer->{status} == 0,
        "$name: still answers");
}

# A member of a document that a session has returned.
sub scalar_of
{
    my ($output, $member) = @_;
    return decode_json($output)->{$member};
}

# ---- one psql ----------------------------------------------------------------

# Unlike BackgroundPsql it does not wait: "send" gives it statements, "finish"
# returns what the last of them ended with and printed.
package Kycvs::Session;

use strict;
use warnings;

use IPC::Run;
use Time::HiRes qw(time);

sub new
{
    my ($class, $node, %option) = @_;
    my $self = bless {
        stdin => '',
        stdout => '',
        stderr => '',
        sent => 0,
        finished => 0,
    }, $class;
    my @command = (
        'psql', '-XAtq', '-d', $node->connstr($option{dbname} // 'registry'),
        defined $option{user} ? ('-U', $option{user}) : ());

    local $ENV{PGOPTIONS} = $option{options} if defined $option{options};
    local $ENV{PGAPPNAME} = $option{user} // 'superuser';
    $self->{run} = IPC::Run::start(\@command, '<', \$self->{stdin}, '>', \$self->{stdout}, '2>', \$self->{stderr},
        IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    $self->_give('SELECT pg_backend_pid();');
    return $self;
}

sub _give
{
    my ($self, $sql) = @_;
    my $number = ++$self->{sent};

    # the last line may be a command of psql's own
    $sql .= ';' unless $sql =~ /;\s*$|\\[a-z][^\n]*$/;
    $self->{stdin} .= "$sql\n\\echo end of $number is :SQLSTATE\n";
    eval { $self->{run}->pump_nb };
}

# Its backend; waits until it is connected.
sub pid
{
    my ($self) = @_;

    if (!defined $self->{pid})
    {
        my $result = $self->finish;
        die "could not connect: $self->{stderr}" unless $result->{sqlstate} eq '00000';
        $self->{pid} = $result->{output};
    }
    return $self->{pid};
}

sub send
{
    my ($self, $sql) = @_;

    $self->pid;
    $self->{stderr} = '';
    $self->{started} = time();
    $self->_give($sql);
    return $self;
}

# Has it ended?
sub _match
{
    my ($self) = @_;
    my $number = $self->{finished} + 1;

    return unless $self->{stdout} =~ s/^(.*?)\n?end of $number is (\S+)\n//s;
    $self->{finished}++;
    return { output => $1, sqlstate => $2 };
}

# What one "send" came to: output, sqlstate ("lost" when the connection is),
# error (all that was said) and seconds.
sub finish
{
    my ($self) = @_;
    my $result;

    until ($result = $self->_match)
    {
        eval { $self->{run}->pump; 1 } and next;
        die $@ if $@ =~ /timeout/;
        $result = $self->_match || { output => $self->{stdout}, sqlstate => 'lost' };
        last;
    }
    $result->{error} = $self->{stderr};
    $result->{seconds} = time() - ($self->{started} // time());
    return $result;
}

sub run
{
    my ($self, $sql) = @_;
    return $self->send($sql)->finish;
}

# The output of statements that must succeed.
sub value
{
    my ($self, $sql) = @_;
    my $result = $self->run($sql);

    die "$sql: $result->{sqlstate}: $result->{error}" unless $result->{sqlstate} eq '00000';
    return $result->{output};
}

# The client is gone, without a word to its backend.
sub kill_client
{
    my ($self) = @_;

    $self->{run}->signal('KILL');
    eval { $self->{run}->finish };
}

sub quit
{
    my ($self) = @_;

    $self->{stdin} .= "\\q\n";
    eval { $self->{run}->finish };
}

1;
