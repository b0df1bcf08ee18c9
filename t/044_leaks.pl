# Hundreds of numbers, names and OTPs go through the whole flow, with errors,
# cancels and terminated sessions in between; then none of them is found in
# dumps, in the data directory with its WAL, or in the server's log.
#
# They live in this process alone and travel as bound parameters, so a small
# client of the wire protocol is here: psql 15 cannot bind.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Find qw(find);
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# ---- a client that binds -------------------------------------------------------

package Client;

sub new
{
    my ($class, $node, $user, $database) = @_;
    my $self = bless { node => $node, socket => $node->raw_connect }, $class;
    my $options = pack 'N Z* Z* Z* Z* x', 196608, 'user', $user, 'database', $database;
    $self->{socket}->syswrite(pack('N', 4 + length $options) . $options);
    $self->finish;
    return $self;
}

sub message { my ($type, $body) = @_; return pack 'a N a*', $type, 4 + length $body, $body }

# With parameters it uses the extended protocol, without them the simple one.
sub send
{
    my ($self, $sql, @parameters) = @_;
    my $values = join '', map { defined $_ ? pack('N/a*', $_) : pack('N', 0xffffffff) } @parameters;
    $self->{socket}->syswrite(
        @parameters
        ? message('P', pack 'x Z* n', $sql, 0)
          . message('B', pack 'x x n n a* n', 0, scalar(@parameters), $values, 0)
          . message('E', pack 'x N', 0)
          . message('S', '')
        : message('Q', pack 'Z*', $sql));
    return $self;
}

sub take
{
    my ($self, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length)
    {
        $self->{socket}->sysread($bytes, $length - length $bytes, length $bytes) or return;
    }
    return $bytes;
}

# The first column of all rows, and the SQLSTATE; "lost" when the connection is.
sub finish
{
    my ($self) = @_;
    my ($sqlstate, @rows) = ('00000');
    while (defined(my $head = $self->take(5)))
    {
        my ($type, $length) = unpack 'a N', $head;
        my $body = $self->take($length - 4);
        return ($sqlstate, @rows) if $type eq 'Z';
        $sqlstate = $1 if $type eq 'E' && $body =~ /(?:^|\0)C(\w{5})\0/;
        $self->{key} = $body if $type eq 'K';
        push @rows, unpack 'x2 N/a*', $body if $type eq 'D';
    }
    return ($sqlstate eq '00000' ? 'lost' : $sqlstate, @rows);
}

sub run { my ($self, @call) = @_; return $self->send(@call)->finish }

sub value
{
    my ($self, @call) = @_;
    my ($sqlstate, $value) = $self->run(@call);
    die "$call[0]: $sqlstate" unless $sqlstate eq '00000';
    return $value;
}

sub cancel { my ($self) = @_; $self->{node}->raw_connect->syswrite(pack 'N N a*', 16, 80877102, $self->{key}) }

package main;

# ---- two databases, default logging ----------------------------------------------

my $node = new_registry('leaks', conf => <<'CONF');
wal_level = replica
wal_keep_size = 1GB
log_line_prefix = '%m '
CONF
plan skip_all => 'this platform cannot connect by a raw socket' unless $node->raw_connect_works;
$node->safe_psql('postgres', 'CREATE DATABASE railway');
$node->safe_psql('railway', <<'SQL');
SET client_min_messages = warning;
CREATE EXTENSION kycvs CASCADE;
ALTER DATABASE railway SET kycvs.registry = 'registry';
CREATE FUNCTION public.book(mobile text, passenger text) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN RETURN kycvs_issue_otp(mobile, passenger, 'ticket-booking'); END $$;
SQL
my $observer = session($node);
my $clerk = Client->new($node, 'postgres', 'registry');
my @railway = map { Client->new($node, 'railway', $_) } qw(registry railway);

# ---- what must not be found --------------------------------------------------------

my @persons = 0 .. 239;
my (%secret, %otp);

# A word that nobody else has: of Latin letters, or of Gujarati ones.
sub word
{
    my ($n) = @_;
    my @syllables = $n % 3 ? qw(ka vo zu ji mex tor bin wal pud xy) : qw(ક ખ ગ ચ જ ટ ત પ મ ર);
    return join '', map { $syllables[$_] } (split //, sprintf '%04d', $n * 37), 4, 7;
}

sub name_of { my ($n) = @_; return $n % 3 ? ucfirst(word($n)) . ' Prajapati' : word($n) . ' શાહ' }

# As it is typed: in several ways.
sub number_of
{
    my ($n) = @_;
    my $digits = sprintf '98%08d', 10203040 + $n * 7919;
    my $way = $n % 4;
    return $digits if $way == 0;
    return '+91 ' . substr($digits, 0, 5) . ' ' . substr($digits, 5) if $way == 1;
    return "0091-$digits" if $way == 2;
    return join '', map { "\xe0\xab" . chr(0xa6 + $_) } split //, $digits;    # Gujarati digits
}

sub remember
{
    my ($n) = @_;
    my $digits = sprintf '98%08d', 10203040 + $n * 7919;
    $secret{ lc $_ } = "number $n" foreach number_of($n), $digits, "91$digits", substr($digits, 0, 5) . ' ' . substr($digits, 5);
    $secret{ word($n) } = "name $n";
    $secret{ "card" . word($n) } = "reference $n";
}

remember($_) foreach @persons;

# ---- files -----------------------------------------------------------------------------

my @folders = ($node->data_dir);

sub each_file
{
    my ($do) = @_;
    find({ no_chdir => 1, wanted => sub { $do->($_, slurp_file($_)) if -f && -s } }, @folders);
}

# Six digits that stand alone: in a word, an id, a bytea or behind a dot (microseconds) they mean nothing.
my $code = qr/(?<![0-9A-Za-z.])([0-9]{6})(?![0-9A-Za-z])/;
my %there_before;
each_file(sub { my ($path, $content) = @_; $there_before{$_}++ foreach $content =~ /$code/g });

# ---- the flow ------------------------------------------------------------------------

my ($answers, @receipts) = (0);
foreach my $n (@persons)
{
    next if $n % 3 == 1;    # unknown to the registry
    my $person = $clerk->value('SELECT kycvs.register_person($1, $2, $3)', number_of($n), name_of($n), 'card' . word($n));
    $clerk->value('SELECT kycvs.record_dose($1, $2, $3)', $person, 'SPUTNIK-LIGHT', '2021-07-01');
}
foreach my $n (@persons)
{
    my ($function, @more) = $n % 5 ? ('kycvs_issue_otp', '$4') : ('kycvs.try_issue_otp', '$4');
    $receipts[$n] = decode_json($railway[ $n % 2 ]->value("SELECT $function(\$1, \$2, \$3, \$4)", number_of($n), name_of($n), 'ticket-booking', "marker $n"));
    $otp{$n} = otp($observer, $receipts[$n]{jti}) if $n % 16 == 15;
    $observer->value('CHECKPOINT') if $n == 120;
}
foreach my $n (@persons)
{
    my $client = $railway[ $n % 2 ];
    my $typed = $otp{$n} = otp($observer, $receipts[$n]{jti});
    $typed = sha256_hex($typed) if $n % 7 == 0;
    $secret{ sha256_hex($otp{$n}) } = "OTP $n";
    my $consent = $client->value('SELECT kycvs_verify_otp($1, $2, true)', $receipts[$n]{jti}, $typed);
    my $answer = decode_json($client->value('SELECT kycvs_status($1)', $consent));
    $answers++ if $answer->{status} == ($n % 3 == 1 ? 0 : 2);
    $client->value('SELECT kycvs_verify($1, $2, $3, $4)', JSON::PP->new->encode($answer), 'irctc', "marker $n", name_of($n));
}
is($answers, scalar @persons, scalar(@persons) . ' persons were asked about, in both databases');
is(scalar(keys %otp), scalar @persons, 'each with an OTP');

# ---- errors, with parameters bound and typed into statements, logged as far as that goes ------------

my %refusals;

sub refused
{
    my ($n, @call) = @_;
    my ($sqlstate) = $railway[ $n % 2 ]->run(@call);
    $refusals{$sqlstate}++;
}

$observer->value('ALTER SYSTEM SET log_parameter_max_length_on_error = -1');
$node->reload;
my $issue = 'SELECT kycvs_issue_otp($1, $2, $3, $4, $5)';
foreach my $n (240 .. 259)
{
    remember($n);
    my ($number, $name) = (number_of($n), name_of($n));
    refused($n, $issue, "$number 0", $name, 'ticket-booking', undef, undef);
    refused($n, $issue, $number, "$name 1", 'ticket-booking', undef, undef);
    refused($n, $issue, $number, $name, 'employment', undef, undef);
    refused($n, $issue, $number, $name, 'ticket-booking', undef, '2020-01-01');
    refused($n, $issue, $number, $name, 'ticket-booking', "tab\there", undef);
    refused($n, "SELECT kycvs_issue_otp('$number', '$name', 'employment')");
    refused($n, "SELECT 1 / (length(kycvs_issue_otp('$number', '$name 1', 'ticket-booking')::text) - length('$name'))");
    refused(1, "SELECT book('$number', '$name' || 1)");
    refused(1, 'SELECT book($1, $2)', $number, "$name 1");
    my $receipt = decode_json($railway[ $n % 2 ]->value($issue, $number, $name, 'ticket-booking', undef, undef));
    $otp{$n} = otp($observer, $receipt->{jti});
    $secret{ sha256_hex($otp{$n}) } = "OTP $n";
    my $wrong = $otp{ $n - 200 } eq $otp{$n} ? '000000' : $otp{ $n - 200 };
    refused($n, 'SELECT kycvs_verify_otp($1, $2, true)', $receipt->{jti}, $wrong);
    refused($n, "SELECT kycvs_verify_otp('$receipt->{jti}', '" . sha256_hex($wrong) . '\', true)');
    refused($n, "SELECT kycvs_verify_otp('$receipt->{jti}', '$otp{$n}')");
    refused($n, 'SELECT kycvs_resend_otp($1)', $receipt->{jti});
    refused($n, 'SELECT kycvs_verify_otp($1, $2, true)', $receipts[ $n - 230 ]{jti}, $otp{$n});
    my ($sqlstate) = $clerk->run('SELECT kycvs.register_person($1, $2)', $number, "$name 1");
    $refusals{$sqlstate}++;
}
is_deeply(\%refusals,
    { KV001 => 20, KV002 => 5 * 20, KV005 => 2 * 20, KV006 => 20, KV007 => 20, KV008 => 20, KV010 => 2 * 20, KV014 => 20, '22023' => 20 },
    'every kind of refusal, with parameters bound and typed');

# ---- cancelled, timed out and terminated while the call waits ---------------------------------------

%refusals = ();
my $authority = authority_pid($observer);
foreach my $n (260 .. 271)
{
    remember($n);
    my ($number, $name) = (number_of($n), name_of($n));
    my $victim = Client->new($node, 'railway', $n % 2 ? 'railway' : 'registry');
    my $pid = $victim->value('SELECT pg_backend_pid()');
    $victim->value('SET statement_timeout = 200') if $n % 3 == 1;
    authority_idle($observer);
    stop_process($authority);
    $victim->send($n % 4 < 2 ? ("SELECT kycvs_issue_otp('$number', '$name', 'ticket-booking')") : ($issue, $number, $name, 'ticket-booking', undef, undef));
    poll($observer, "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid") unless $n % 3 == 1;
    $victim->cancel if $n % 3 == 0;
    $observer->value("SELECT pg_terminate_backend($pid)") if $n % 3 == 2;
    $refusals{ ($victim->finish)[0] }++;
    continue_process($authority);
}
is_deeply(\%refusals, { '57014' => 8, '57P01' => 4 }, 'calls were cancelled, timed out and terminated');
still_answers($observer, session($node, user => 'railway'), 'after all that');

# ---- the search ----------------------------------------------------------------------------------------

my $pattern = join '|', map { quotemeta } sort keys %secret;
$pattern = qr/$pattern/;
my %known_otp = map { $otp{$_} => "OTP $_" } grep { !$there_before{ $otp{$_} } } keys %otp;
cmp_ok(scalar(keys %known_otp), '>', 200, 'OTPs to look for');

# What is found there, by name.
sub secrets_in
{
    my ($content) = @_;
    my @codes = map { $known_otp{$_} // () } $content =~ /$code/g;
    $content = lc $content;
    return (@codes, map { $secret{$_} } $content =~ /($pattern)/g);
}

{
    my @found = secrets_in('call 9' . substr(number_of(4), 1) . ' of ' . uc(word(1)) . ", $otp{5}.");
    is_deeply([ sort @found ], [ 'OTP 5', 'name 1', 'number 4' ], 'the search finds what is there');
}

my $backup = PostgreSQL::Test::Utils::tempdir;
system_or_bail('pg_dumpall', '-d', $node->connstr('postgres'), '-f', "$backup/dump.sql");
system_or_bail('pg_dumpall', '-d', $node->connstr('postgres'), '--inserts', '-f', "$backup/inserts.sql");
foreach my $dump (qw(dump inserts))
{
    my $content = slurp_file("$backup/$dump.sql");
    ok($content =~ /marker 239/, "$dump.sql: has the references of these exchanges");
    my @found = secrets_in($content);
    ok(!@found, "$dump.sql: and no number, name or OTP") or diag("found: @found");
}

$_->quit foreach $observer;
$node->stop;
my (@found, %marked);
push @folders, $node->data_dir . '.kycvs';
each_file(sub
    {
        my ($path, $content) = @_;
        $marked{ $path =~ m{/pg_wal/} ? 'WAL' : 'tables' }++ if $content =~ /marker 239/;
        push @found, map { "$path: $_" } secrets_in($content);
    });
is_deeply([ sort keys %marked ], [ 'WAL', 'tables' ], 'tables and WAL have the references');
ok(!@found, 'and no number, name or OTP') or diag(join "\n", @found);

my $log = slurp_file($node->logfile);
ok($log =~ /mobile number is not valid/ && $log =~ /OTP is wrong/ && $log =~ /canceling statement/ && $log =~ /terminating connection/,
    'the log has all these errors');
@found = secrets_in($log);
ok(!@found, 'and no number, name or OTP') or diag("found: @found");

done_testing();
