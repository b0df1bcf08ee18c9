# The flow of 044_leaks.pl with a server that logs all it can. What is then found
# is what the server itself prints of the callers' statements and of the values
# bound to them: every hit stands in a message of a caller's backend. None is in
# a message of the authority, in dumps, in the data directory or in the WAL (T40).
# docs/logging.md has the table.

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

my $persons = 1000;

# Node trees and debug5 make some 40 kB a call, so they come for a part of the calls only.
my $node = new_registry('loud', conf => <<'CONF');
shared_preload_libraries = 'kycvs, pg_stat_statements, auto_explain'
max_connections = 20
wal_level = replica
wal_keep_size = 1GB
log_line_prefix = '<%b p%p> '
log_statement = all
log_min_duration_statement = 0
log_duration = on
log_parameter_max_length = -1
log_parameter_max_length_on_error = -1
log_error_verbosity = verbose
log_min_error_statement = debug5
log_min_messages = debug1
log_lock_waits = on
deadlock_timeout = 100ms
log_temp_files = 0
log_autovacuum_min_duration = 0
log_connections = on
log_disconnections = on
pg_stat_statements.track = all
pg_stat_statements.track_planning = on
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_buffers = on
auto_explain.log_verbose = on
auto_explain.log_settings = on
auto_explain.log_triggers = on
auto_explain.log_nested_statements = on
debug_pretty_print = off
CONF
plan skip_all => 'this platform cannot connect by a raw socket' unless $node->raw_connect_works;
$node->safe_psql('registry', 'CREATE EXTENSION pg_stat_statements; CREATE ROLE monitor LOGIN IN ROLE pg_monitor');
$node->safe_psql('registry', <<'SQL');
CREATE PROCEDURE public.book(mobile text, passenger text, INOUT receipt jsonb DEFAULT NULL) LANGUAGE plpgsql AS
$$ BEGIN receipt := kycvs_issue_otp(mobile, passenger, 'ticket-booking'); END $$;
CREATE TABLE public.booked (receipt jsonb, passenger text UNIQUE);
GRANT ALL ON public.booked TO railway;
SQL
my $observer = session($node);
my $clerk = Client->new($node, 'postgres', 'registry');
my $railway = Client->new($node, 'railway', 'registry');
my @watchers = map { [ $_, Client->new($node, $_, 'registry') ] } qw(railway monitor);
each_file(sub { known_before($_[1]) }, $node->data_dir);

# ---- the flow, with values bound ------------------------------------------------------

sub flow_of
{
    my ($n) = @_;
    my @asked = (number_of($n), name_of($n), 'ticket-booking', "marker $n");
    if ($n % 3 != 1)    # else unknown to the registry
    {
        my $person = $clerk->value('SELECT kycvs.register_person($1, $2, $3)', @asked[ 0, 1 ], 'card' . word($n));
        $clerk->value('SELECT kycvs.record_dose($1, $2, $3)', $person, 'SPUTNIK-LIGHT', '2021-07-01');
    }
    my $txn = decode_json($railway->value('SELECT kycvs_issue_otp($1, $2, $3, $4)', @asked))->{jti};
    my $otp = otp($observer, $txn);
    remember_otp($n, $otp);
    my $consent = $railway->value('SELECT kycvs_verify_otp($1, $2, true)', $txn, $n % 7 ? $otp : sha256_hex($otp));
    my $answer = $railway->value('SELECT kycvs_status($1)', $consent);
    $railway->value('SELECT kycvs_verify($1, $2, $3, $4)', $answer, 'irctc', "marker $n", $asked[1]);
    return decode_json($answer)->{status} == ($n % 3 == 1 ? 0 : 2);
}

sub set_debugging
{
    my ($on) = @_;
    my ($value, $level) = $on ? qw(on debug5) : qw(off debug1);
    $observer->value("ALTER SYSTEM SET $_") foreach (map { "debug_print_$_ = $value" } qw(parse rewritten plan)), "log_min_messages = $level";
    $node->reload;
    poll($observer, 'SHOW debug_print_plan', $value);
    $_->run('SELECT 1') foreach $railway, $clerk;    # they have seen it, too
}

remember($_) foreach 0 .. $persons + 99;
is(scalar(grep { flow_of($_) } 0 .. $persons - 1), $persons, "$persons persons were asked about");
my ($read, @found) = secrets_seen($watchers[0][1]);
is(count_of(@found), 'none', "nothing bound is in the $read views that an entity reads");
($read, @found) = secrets_seen($watchers[1][1]);
is(count_of(@found), 'none', "nor in the $read views that a monitor reads") or diag(join "\n", @found[ 0 .. min($#found, 9) ]);
set_debugging(1);
is(scalar(grep { flow_of($_) } $persons .. $persons + 39), 40, 'and 40 more, with node trees printed');

# ---- errors, cancels, waits for locks, and a failure within the authority -----------------------

my %refusals;
my $issue = 'SELECT kycvs_issue_otp($1, $2, $3)';
foreach my $n ($persons + 40 .. $persons + 49)
{
    my @asked = (number_of($n), name_of($n), 'ticket-booking');
    $refusals{ ($railway->run(@$_))[0] }++ foreach
      [ $issue, "$asked[0] 0", @asked[ 1, 2 ] ],
      [ $issue, $asked[0], "$asked[1] 1", $asked[2] ],
      [ $issue, @asked[ 0, 1 ], 'employment' ],
      [ "SELECT kycvs_issue_otp('$asked[0]', '$asked[1]', 'employment')" ],
      [ 'SELECT 1 / length(left(kycvs_issue_otp($1, $2, $3)::text, 0))', @asked ],
      [ 'INSERT INTO booked VALUES (kycvs_issue_otp($1, $2, $3), $4)', @asked, 'everybody' ],
      [ 'SELECT kycvs_verify_otp(gen_random_uuid(), $1, true)', '123456' ];
}
is_deeply(\%refusals, { KV001 => 10, KV002 => 10, KV005 => 20, '22012' => 10, '00000' => 1, '23505' => 9, KV013 => 10 }, 'calls were refused, and failed after the answer');

%refusals = ();
my $authority = authority_pid($observer);
foreach my $n ($persons + 50 .. $persons + 59)
{
    my $victim = Client->new($node, 'railway', 'registry');
    my $pid = $victim->value('SELECT pg_backend_pid()');
    authority_idle($observer);
    stop_process($authority);
    $victim->send($issue, number_of($n), name_of($n), 'ticket-booking');
    poll($observer, "SELECT wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
    if ($n % 2) { $victim->cancel } else { $observer->value("SELECT pg_terminate_backend($pid)") }
    $refusals{ ($victim->finish)[0] }++;
    continue_process($authority);
}
is_deeply(\%refusals, { '57014' => 5, '57P01' => 5 }, 'cancelled and terminated');

# The authority waits for a lock, and is refused by a constraint.
%refusals = ();
authority_idle($observer);
$observer->value('BEGIN; LOCK TABLE kycvs_data.challenge');
$refusals{ ($railway->run($issue, number_of($persons + 60), name_of($persons + 60), 'ticket-booking'))[0] }++;
$observer->value('ROLLBACK');
$observer->value('ALTER TABLE kycvs_data.challenge ADD CONSTRAINT never CHECK (false) NOT VALID');
$refusals{ ($railway->run($issue, number_of($_), name_of($_), 'ticket-booking'))[0] }++ foreach $persons + 61 .. $persons + 64;
$observer->value('ALTER TABLE kycvs_data.challenge DROP CONSTRAINT never');
is_deeply(\%refusals, { '55P03' => 1, '23514' => 4 }, 'requests failed within the authority');
set_debugging(0);

# ---- literals: what pg_stat_statements and pg_stat_activity keep of them -------------------------

my $typed = $persons + 70;
my ($number, $name) = (number_of($typed), name_of($typed));
$railway->value("SELECT kycvs_issue_otp('$number', '$name', 'ticket-booking')");
(undef, @found) = secrets_seen($watchers[1][1]);
is_deeply([ sort @found ], [ "name $typed in pg_stat_activity", "number $typed in pg_stat_activity" ], 'of literals, a monitor sees those of the last statement');
(undef, @found) = secrets_seen($watchers[0][1]);
is(scalar(grep { !/ in pg_stat_activity$/ } @found), 0, 'and an entity its own');
$railway->value('SELECT 1');
$typed++;
($number, $name) = (number_of($typed), name_of($typed));
$railway->value("CALL book('$number', '$name')");
$railway->value('SELECT 1');
(undef, @found) = secrets_seen($watchers[1][1]);
is_deeply([ sort @found ], [ "name $typed in pg_stat_statements", "number $typed in pg_stat_statements" ], 'literals of CALL stay in pg_stat_statements');
$observer->value('SELECT pg_stat_statements_reset()');
still_answers($observer, session($node, user => 'railway'), 'after all that');

# ---- the search in files ----------------------------------------------------------------------------

my $backup = PostgreSQL::Test::Utils::tempdir;
system_or_bail('pg_dumpall', '-d', $node->connstr('postgres'), '-f', "$backup/dump.sql");
my $content = slurp_file("$backup/dump.sql");
ok($content =~ /marker 999/, 'the dump has the references of these exchanges');
is(count_of(secrets_in($content)), 'none', 'and no number, name or OTP, in ' . length($content) . ' bytes');
undef $content;

$observer->quit;
$node->stop;
my %bytes;
@found = ();
each_file(sub
    {
        my ($path, $content) = @_;
        $bytes{ $path =~ m{/pg_wal/} ? 'WAL' : 'tables' } += length $content;
        push @found, map { "$_ in $path" } secrets_in($content);
    }, $node->data_dir, $node->data_dir . '.kycvs');
is(count_of(@found), 'none', "no number, name or OTP in $bytes{tables} bytes of tables and $bytes{WAL} of WAL") or diag(join "\n", @found[ 0 .. min($#found, 9) ]);

# ---- the search in the log --------------------------------------------------------------------------

# What a part of a message is; the words are those of docs/logging.md.
sub kind_of
{
    my ($part) = @_;
    return 'node tree' if $part =~ /^DETAIL:  \(?\{/;
    return 'auto_explain' if $part =~ /^LOG:  \w+: duration: \S+ ms  plan:/;
    return 'bound values' if $part =~ /^DETAIL:  parameters:/;
    return 'bound values of an error' if $part =~ /^CONTEXT: .* with parameters:/;
    return 'statement of a message' if $part =~ /^STATEMENT:/;
    return 'statement' if $part =~ /^\w+:  \w+: (?:duration: \S+ ms  )?(?:statement|execute|parse|bind)\b/;
    return 'something else: ' . substr $part, 0, 60;
}

my (%parts, %hits, @elsewhere, @told, $refusal, $size);
my $refusals = 0;
my $explained = 0;

# A part is a line with its continuations; those of a node tree break anywhere.
sub look
{
    my ($backend, $part) = @_;
    my $kind = kind_of($part);
    if ($part =~ /^(?:DEBUG|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):/)
    {
        $refusal = $part =~ /^ERROR:  KV/;
        $refusals++ if $refusal;
    }
    push @told, $part if $refusal && $part =~ /^(?:STATEMENT|CONTEXT|QUERY):/;
    $explained++ if $kind eq 'auto_explain' && $backend eq 'kycvs authority';
    my @hits = $kind eq 'node tree' ? encoded_in($part =~ s/\n\t/ /gr) : ();
    push @hits, secrets_in($part);
    $parts{$backend}++;
    return unless @hits;
    push @{ $hits{$kind} }, @hits;
    push @elsewhere, "$backend: $kind: @hits" if $backend ne 'client backend' || $kind =~ /^something else/;
}

open my $log, '<', $node->logfile or die 'could not open the log';
my ($backend, $part);
while (my $line = <$log>)
{
    $size += length $line;
    if ($line =~ s/^<(.*?) p\d+> //)
    {
        look($backend, $part) if defined $backend;
        ($backend, $part) = ($1, $line);
    }
    else { $part .= $line }
}
look($backend, $part);
close $log;

note("$size bytes of log, with parts of messages: ", join ', ', map { "$parts{$_} of $_" } sort keys %parts);
diag('counts: ', join(', ', map { "$_: " . @{ $hits{$_} } } sort keys %hits), '; elsewhere: ', scalar @elsewhere);
cmp_ok($parts{'kycvs authority'}, '>', 1000, 'the authority logs much');
is($explained, 0, 'but no plans, which show bound values from PostgreSQL 16 on');
is(scalar(@elsewhere), 0, 'every number, name and OTP in the log is in a statement or a bound value of a caller') or diag(join "\n", @elsewhere[ 0 .. min($#elsewhere, 19) ]);
is_deeply([ sort keys %hits ], [ 'auto_explain', 'bound values', 'bound values of an error', 'node tree', 'statement', 'statement of a message' ],
    'and is what docs/logging.md lists');
cmp_ok($refusals, '>=', 50, "the log has $refusals refusals of ours");
is(scalar(@told), 0, 'none with the statement or its context');

done_testing();
