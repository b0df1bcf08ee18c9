# A thousand numbers, names and OTPs go through the whole flow at default logging,
# with errors, cancels and terminated sessions in between; then none of them is
# found in dumps, in the data directory with its WAL, in the server's log, or in
# the views that an entity or a monitor may read (T40). They live in this process
# alone and travel as bound parameters. 064_leaks_loud.pl is the same at the
# loudest logging.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use FindBin;
use lib "$FindBin::RealBin/lib";
use Client;
use JSON::PP qw(decode_json);
use Kycvs;
use List::Util qw(min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Secrets;
use Test::More;

# ---- two databases, default logging ----------------------------------------------

my $node = new_registry('leaks', conf => <<'CONF');
shared_preload_libraries = 'kycvs, pg_stat_statements'
pg_stat_statements.track = all
wal_level = replica
wal_keep_size = 1GB
log_line_prefix = '%m '
CONF
plan skip_all => 'this platform cannot connect by a raw socket' unless $node->raw_connect_works;
$node->safe_psql('postgres', 'CREATE DATABASE railway; CREATE ROLE monitor LOGIN IN ROLE pg_monitor');
$node->safe_psql($_, 'CREATE EXTENSION pg_stat_statements') foreach qw(registry railway);
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

my $persons = 1000;
my @persons = 0 .. $persons - 1;
my %otp;
remember($_) foreach @persons;
my @folders = ($node->data_dir);
each_file(sub { known_before($_[1]) }, @folders);

sub keep_otp { my ($n, $otp) = @_; $otp{$n} = $otp; remember_otp($n, $otp) }

# What an entity and a monitor may read, in both databases.
my @watchers = map { [ "$_->[0] in $_->[1]", Client->new($node, @$_) ] } map { [ 'railway', $_ ], [ 'monitor', $_ ] } qw(registry railway);

sub nothing_seen
{
    my ($when) = @_;
    foreach (@watchers)
    {
        my ($who, $client) = @$_;
        my ($read, @found) = secrets_seen($client);
        cmp_ok($read, '>', 60, "$when: $who reads $read views");
        is(count_of(@found), 'none', "$when: no number, name or OTP in them") or diag(join "\n", @found[ 0 .. min($#found, 9) ]);
    }
}

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
    keep_otp($n, otp($observer, $receipts[$n]{jti})) if $n % 16 == 15;
    $observer->value('CHECKPOINT') if $n == $persons / 2;
}
foreach my $n (@persons)
{
    my $client = $railway[ $n % 2 ];
    my $typed = otp($observer, $receipts[$n]{jti});
    keep_otp($n, $typed);
    $typed = sha256_hex($typed) if $n % 7 == 0;
    my $consent = $client->value('SELECT kycvs_verify_otp($1, $2, true)', $receipts[$n]{jti}, $typed);
    my $answer = decode_json($client->value('SELECT kycvs_status($1)', $consent));
    $answers++ if $answer->{status} == ($n % 3 == 1 ? 0 : 2);
    $client->value('SELECT kycvs_verify($1, $2, $3, $4)', JSON::PP->new->encode($answer), 'irctc', "marker $n", name_of($n));
}
is($answers, scalar @persons, scalar(@persons) . ' persons were asked about, in both databases');
is(scalar(keys %otp), scalar @persons, 'each with an OTP');

# groups of six, on numbers of their own
foreach my $n ($persons + 60 .. $persons + 69)
{
    my $client = $railway[ $n % 2 ];
    remember($n);
    my $names = '{' . join(',', map { '"' . name_of($_) . '"' } $n, 100 .. 104) . '}';
    my $txn = decode_json($client->value('SELECT kycvs_issue_group_otp($1, $2, $3)', number_of($n), $names, 'ticket-booking'))->{jti};
    keep_otp($n, otp($observer, $txn));
    my $consent = $client->value('SELECT kycvs_verify_otp($1, $2, true)', $txn, $otp{$n});
    $answers += $client->value('SELECT count(answer) FROM kycvs_status_group($1)', $consent);
}
is($answers, $persons + 60, 'groups of six were asked about');
nothing_seen('afterwards');

# ---- what is seen while calls wait ---------------------------------------------------------------

my $authority = authority_pid($observer);
my @waiting = map { Client->new($node, 'railway', $_) } qw(registry railway);
my @pids = map { $_->value('SELECT pg_backend_pid()') } @waiting;
remember($_) foreach $persons + 40, $persons + 41;
authority_idle($observer);
stop_process($authority);
$waiting[$_]->send('SELECT kycvs_issue_otp($1, $2, $3)', number_of($persons + 40 + $_), name_of($persons + 40 + $_), 'ticket-booking') foreach 0, 1;
poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Extension' AND pid IN ($pids[0], $pids[1])", 2);
nothing_seen('while calls wait');
continue_process($authority);
is(join(' ', map { ($_->finish)[0] } @waiting), '00000 00000', 'these are answered then');

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
foreach my $n ($persons .. $persons + 19)
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
    refused($n, 'SELECT kycvs_issue_group_otp($1, $2, $3)', $number, "{\"$name\",\"$name 1\"}", 'ticket-booking');
    refused($n, "SELECT kycvs_issue_group_otp('$number', '{\"$name\",\"$name\"}', 'ticket-booking')");
    refused(1, "SELECT book('$number', '$name' || 1)");
    refused(1, 'SELECT book($1, $2)', $number, "$name 1");
    my $document = JSON::PP->new->encode($receipts[ $n - $persons ]);
    refused($n, 'SELECT kycvs_verify($1, $2, $3, $4, $5)', $document, 'irctc', undef, $name, 'x');
    refused($n, 'SELECT kycvs_verify($1, $2, $3, $4)', $document, undef, undef, $name);
    refused($n, 'SELECT kycvs_verify($1, $2, $3, $4)', undef, 'irctc', undef, $name);
    refused($n, 'SELECT kycvs_verify($1, $2, $3, $4, $5)', $document, 'irctc', "marker @{[ $n - $persons ]}", $name, 'otp');
    refused($n, "SELECT kycvs_verify('$document', 'irctc', NULL, '$name', 'x')");
    refused($n, "SELECT kycvs_verify('$document', NULL, NULL, name => '$name')");
    refused($n, "SELECT kycvs_verify(NULL, 'irctc', NULL, '$name')");
    refused($n, "SELECT kycvs_from_jwt('$name')");
    refused($n, "SELECT kycvs_to_jwt(jsonb_build_object('name', '$name'))");
    my $receipt = decode_json($railway[ $n % 2 ]->value($issue, $number, $name, 'ticket-booking', undef, undef));
    keep_otp($n, otp($observer, $receipt->{jti}));
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
    { KV001 => 20, KV002 => 7 * 20, KV005 => 2 * 20, KV006 => 20, KV007 => 20, KV008 => 20, KV010 => 2 * 20, KV014 => 20, KV030 => 2 * 20, KV034 => 20, '22004' => 4 * 20, '22023' => 3 * 20 },
    'every kind of refusal, with parameters bound and typed');

# ---- cancelled, timed out and terminated while the call waits ---------------------------------------

%refusals = ();
foreach my $n ($persons + 20 .. $persons + 31)
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

cmp_ok(scalar(otps_known()), '>', 0.9 * $persons, scalar(otps_known()) . ' OTPs can be told from what was there before');

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
    ok($content =~ /marker 999/, "$dump.sql: has the references of these exchanges");
    my @found = secrets_in($content);
    is(count_of(@found), 'none', "$dump.sql: and no number, name or OTP, in " . length($content) . ' bytes') or diag("found: @found");
}

$_->quit foreach $observer;
$node->stop;
my (@found, %marked, %bytes);
push @folders, $node->data_dir . '.kycvs';
each_file(sub
    {
        my ($path, $content) = @_;
        my $kind = $path =~ m{/pg_wal/} ? 'WAL' : 'tables';
        $bytes{$kind} += length $content;
        $marked{$kind}++ if $content =~ /marker 999/;
        push @found, map { "$_ in $path" } secrets_in($content);
    }, @folders);
is_deeply([ sort keys %marked ], [ 'WAL', 'tables' ], 'tables and WAL have the references');
is(count_of(@found), 'none', "and no number, name or OTP, in $bytes{tables} and $bytes{WAL} bytes") or diag(join "\n", @found);

my $log = slurp_file($node->logfile);
ok($log =~ /mobile number is not valid/ && $log =~ /OTP is wrong/ && $log =~ /canceling statement/ && $log =~ /terminating connection/,
    'the log has all these errors');
my $before = @found;
@found = secrets_in($log);
diag('counts: found in tables and WAL ', $before, ', in the log ', scalar @found);
is(count_of(@found), 'none', 'and no number, name or OTP, in ' . length($log) . ' bytes') or diag("found: @found");

done_testing();
