# The authority, a caller or the whole server ends while calls are in flight:
# callers are told, it is back in two seconds, and every answer that somebody
# got is in the tables (T4, T12, T19).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seed = $ENV{KYCVS_SEED} // int(time());
srand($seed);
diag("seed $seed (KYCVS_SEED repeats it)");

# WAL that nobody flushed on purpose is lost in a crash
my $node = new_registry('crash', conf => <<'CONF');
wal_writer_delay = 10s
wal_level = replica
max_wal_senders = 2
CONF

# one wrong try a flow, below; and nobody's settings make an answer less durable
$node->safe_psql('registry', "SELECT kycvs.set_budget('irctc', 1000000)");
$node->safe_psql('registry', 'ALTER DATABASE registry SET synchronous_commit = off');
$node->safe_psql('registry', 'ALTER ROLE kycvs_owner SET synchronous_commit = off');
$node->restart;

# ---- the authority is told to end --------------------------------------------

{
    my $observer = session($node);
    my $authority = authority_pid($observer);
    my @callers = sessions($node, 6, user => 'railway');
    my @txns = map { issue($_, next_mobile())->{jti} } @callers;

    otp($observer, $_) foreach @txns;
    authority_idle($observer);
    stop_process($authority);
    $callers[$_]->send("SELECT kycvs_verify_otp('$txns[$_]', '" . otp($observer, $txns[$_]) . "', true)") foreach 0 .. 5;
    wait_in_call($observer, @callers);
    $observer->value("SELECT pg_terminate_backend($authority)");
    my $ended = time();
    continue_process($authority);
    is_deeply([ map { $_->finish->{sqlstate} } @callers ], [ ('KV050') x 6 ], 'authority terminated: every caller gets KV050');
    still_answers($observer, $callers[0], 'authority terminated');
    cmp_ok(time() - $ended, '<', 2, 'authority terminated: back within two seconds');
    isnt(authority_pid($observer), $authority, 'authority terminated: another process');
    is($observer->value('SELECT count(*) FROM kycvs_data.challenge WHERE verified AND tries = 0'), 0,
        'authority terminated: nothing was disclosed without a charge');

    # with the requests taken: the transaction is undone, so no answer may leave
    $authority = authority_pid($observer);
    my $locker = session($node);
    $locker->value('BEGIN; LOCK TABLE kycvs_data.charge IN ACCESS EXCLUSIVE MODE');
    $callers[$_]->send("SELECT kycvs_verify_otp('$txns[$_]', '" . otp($observer, $txns[$_]) . "', true)") foreach 0 .. 5;
    authority_waits_for_lock($observer);
    wait_in_call($observer, @callers);
    $observer->value("SELECT pg_terminate_backend($authority)");
    $locker->value('ROLLBACK');
    my @results = map { $_->finish } @callers;
    $locker->quit;
    foreach my $i (0 .. 5)
    {
        # whoever came too late for the batch has waited for the next process
        my $jti = $results[$i]{sqlstate} eq '00000' ? scalar_of($results[$i]{output}, 'jti') : undef;
        my $row = $observer->value("SELECT jti FROM kycvs_data.consent WHERE challenge = '$txns[$i]'");
        ok(!defined $jti || $jti eq $row, "authority terminated with the requests: caller $i gets nothing, or what is committed");
    }
    ok((grep { $_->{sqlstate} eq 'KV050' } @results), 'authority terminated with the requests: those who had to wait are told');
    still_answers($observer, $callers[0], 'authority terminated with the requests');
    $_->quit foreach @callers, $observer;
}


# ---- the server crashes: back within two seconds of the end of recovery ------

# Epoch seconds of the last time that the server said it is ready.
sub ready_at
{
    my @times = slurp_file($node->logfile) =~ /^([0-9.]+) .*database system is ready to accept connections$/mg;
    return $times[-1];
}

sub wait_until_ready_again
{
    my ($before) = @_;
    my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;

    while (ready_at() eq $before)
    {
        die 'the server did not come back' if time() > $deadline;
        sleep(0.01);
    }
}

# Calls until one is answered; returns when that was, in epoch seconds.
sub first_answer
{
    my ($txn) = @_;
    my $deadline = time() + $PostgreSQL::Test::Utils::timeout_default;

    while (time() < $deadline)
    {
        my $caller = eval { my $s = session($node, user => 'railway'); $s->pid; $s };
        if ($caller)
        {
            my $result = $caller->run("SELECT kycvs.try_resend_otp('$txn')");
            my $now = time();
            $caller->quit;
            # too early for a resend, which only a decision can know
            return $now if $result->{sqlstate} eq '00000' && $result->{output} =~ /"KV007"/;
            die 'the challenge is lost' if $result->{output} =~ /"KV013"/;
        }
        sleep(0.02);
    }
    die 'never answered again';
}

sub crash_by
{
    my ($name, $pid) = @_;
    my $observer = session($node);
    my $txn = do { my $c = session($node, user => 'railway'); my $r = issue($c, next_mobile()); $c->quit; $r->{jti} };
    my $ready = ready_at();

    kill('KILL', $pid) == 1 or die "could not kill $pid";
    wait_until_ready_again($ready);
    my $seconds = first_answer($txn) - ready_at();
    cmp_ok($seconds, '<', 2, sprintf('%s killed: back %.2f s after recovery', $name, $seconds));
    eval { $observer->quit };
}

{
    my $observer = session($node);
    my $pid = authority_pid($observer);
    $observer->quit;
    crash_by('authority', $pid);

    my $caller = session($node, user => 'railway');
    $pid = $caller->pid;
    crash_by('caller', $pid);
    $caller->kill_client;
}

# ---- under load --------------------------------------------------------------

# A client's whole script: OTPs were read before, so that it only verifies, asks
# and issues. What it is told, it writes down.
sub client_script
{
    my ($flows) = @_;
    my $script = '';

    foreach my $flow (@$flows)
    {
        my $mobile = next_mobile();
        $script .= <<"SQL";
\\unset consent
SELECT kycvs_verify_otp('$flow->{txn}', '$flow->{otp}', true) AS consent \\gset
\\if :{?consent}
\\echo consent $flow->{txn} :consent
SELECT kycvs_status(:'consent') AS answer \\gset
\\echo answer $flow->{txn} :answer
\\endif
SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $mobile') AS receipt \\gset
\\echo receipt - :receipt
SELECT kycvs_verify_otp((:'receipt'::jsonb ->> 'jti')::uuid, 'no OTP', true);
\\echo refused - :receipt :SQLSTATE
SQL
    }
    return $script;
}

sub prepare_flows
{
    my ($n) = @_;
    my $observer = session($node);
    my $issuer = session($node, user => 'railway');
    my @txns = map { issue($issuer, next_mobile())->{jti} } 1 .. $n;
    my @flows = map { { txn => $_, otp => otp($observer, $_) } } @txns;

    $_->quit foreach $observer, $issuer;
    return @flows;
}

# What the clients were told before the server went.
sub read_answers
{
    my (@files) = @_;
    my @told;

    foreach my $line (map { split /\n/ } map { slurp_file($_) } @files)
    {
        # the last line may be cut
        my ($kind, $txn, $document, $sqlstate) = $line =~ /^(\w+) (\S+) (\{.*\})(?: (\w{5}))?$/ or next;
        my $decoded = eval { decode_json($document) } or next;
        push @told, { kind => $kind, txn => $txn, jti => $decoded->{jti}, status => $decoded->{status}, sqlstate => $sqlstate };
    }
    return @told;
}

my %jti_of;

sub check_told
{
    my ($observer, $name, @told) = @_;
    my %query = (
        consent => "SELECT count(*) FROM told JOIN kycvs_data.consent AS c ON c.jti = told.jti AND c.challenge::text = told.txn"
          . " JOIN kycvs_data.challenge AS h ON h.id = c.challenge AND h.verified AND h.tries = 1"
          . " WHERE kind = 'consent' AND EXISTS (SELECT FROM kycvs_data.audit AS a"
          . " WHERE a.event = 'verify' AND a.outcome = '00000' AND a.document = told.jti)",
        answer => "SELECT count(*) FROM told JOIN kycvs_data.answer AS w ON w.jti = told.jti AND w.status = told.status"
          . " WHERE kind = 'answer' AND EXISTS (SELECT FROM kycvs_data.audit AS a"
          . " WHERE a.event = 'status' AND a.outcome = '00000' AND a.document = told.jti AND a.status = told.status)",
        receipt => "SELECT count(*) FROM told JOIN kycvs_data.challenge AS h ON h.id = told.jti"
          . " WHERE kind = 'receipt' AND EXISTS (SELECT FROM kycvs_data.audit AS a"
          . " WHERE a.event = 'issue' AND a.outcome = '00000' AND a.document = told.jti)",
        refused => "SELECT count(*) FROM told JOIN kycvs_data.challenge AS h ON h.id = told.jti AND h.tries = 1"
          . " AND h.failed_at IS NOT NULL WHERE kind = 'refused' AND EXISTS (SELECT FROM kycvs_data.audit AS a"
          . " WHERE a.event = 'verify' AND a.outcome = 'KV010' AND a.subject = told.jti)");

    @told = grep { $_->{kind} ne 'refused' || $_->{sqlstate} eq 'KV010' } @told;
    $observer->value('CREATE TEMP TABLE told (kind text, txn text, jti uuid, status int)');
    $observer->value('INSERT INTO told VALUES '
          . join(', ', map { "('$_->{kind}', '$_->{txn}', '$_->{jti}', " . ($_->{status} // 'NULL') . ')' } @told));
    foreach my $kind (sort keys %query)
    {
        my $n = grep { $_->{kind} eq $kind } @told;
        ok($n > 0, "$name: clients were told of every kind: $n times $kind");
        is($observer->value($query{$kind}), $n, "$name: each $kind has its rows");
    }
    foreach my $consent (grep { $_->{kind} eq 'consent' } @told)
    {
        $jti_of{ $consent->{txn} }{ $consent->{jti} } = 1;
    }
}

# The same OTP once more, after the crash: the same consent, or, where nobody was told, the first.
sub check_repeats
{
    my ($observer, $name, @flows) = @_;
    my $caller = session($node, user => 'railway');

    foreach my $flow (@flows)
    {
        my $result = $caller->run("SELECT kycvs_verify_otp('$flow->{txn}', '$flow->{otp}', true)");
        die "$result->{sqlstate}: $result->{error}" if $result->{sqlstate} ne '00000';
        $jti_of{ $flow->{txn} }{ scalar_of($result->{output}, 'jti') } = 1;
    }
    my @twice = grep { keys %{ $jti_of{ $_->{txn} } } != 1 } @flows;
    is(scalar @twice, 0, "$name: no OTP was accepted twice, over the crash");
    $caller->quit;
}

sub under_load
{
    my ($name, $crash) = @_;
    my $clients = 6;
    my $per_client = 40;
    my @flows = prepare_flows($clients * $per_client);
    my (@runs, @files);

    foreach my $client (0 .. $clients - 1)
    {
        my $file = "$PostgreSQL::Test::Utils::tmp_check/answers_${name}_$client";
        my $script = client_script([ @flows[ $client * $per_client .. ($client + 1) * $per_client - 1 ] ]);

        $file =~ s/ /_/g;
        push @files, $file;
        append_to_file("$file.sql", $script);
        push @runs, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('registry'), '-U', 'railway', '-f', "$file.sql" ],
            '<', '/dev/null', '>', $file, '2>', '/dev/null', IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
    }

    # somewhere between the first answers and the last
    my $observer = session($node);
    my $after = 20 + int(rand($clients * $per_client / 2));
    poll($observer, "SELECT count(*) > $after FROM kycvs_data.consent WHERE challenge IN ('" . join("', '", map { $_->{txn} } @flows) . "')");
    sleep(rand(0.02));
    my $ready = ready_at();
    $crash->($observer);
    eval { $_->finish } foreach @runs;
    wait_until_ready_again($ready);

    $observer = session($node);
    my @told = read_answers(@files);
    my $told = grep { $_->{kind} eq 'consent' } @told;
    cmp_ok($told, '<', @flows, "$name: it came before the clients were through ($told of " . @flows . ' consents)');
    check_told($observer, $name, @told);
    check_repeats($observer, $name, @flows);
    is($observer->value('SELECT count(*) FROM kycvs_data.challenge WHERE verified AND tries < 1'), 0,
        "$name: charges cover what was answered");
    my $caller = session($node, user => 'railway');
    still_answers($observer, $caller, $name);
    $_->quit foreach $caller, $observer;
}

under_load(
    'immediate stop',
    sub {
        $node->stop('immediate');
        $node->start;
    });
under_load('authority killed', sub { kill('KILL', authority_pid($_[0])) });
under_load(
    'caller killed',
    sub {
        kill('KILL', $_[0]->value("SELECT pid FROM pg_stat_activity WHERE usename = 'railway' LIMIT 1"));
    });

# ---- nothing leaves before the commit is where it has to be ------------------

{
    my @flows = prepare_flows(2);
    my $verify = "SELECT kycvs_verify_otp('$flows[0]{txn}', '$flows[0]{otp}', true)";

    # a commit waits for a standby that does not exist
    $node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'");
    $node->restart;
    my $observer = session($node);
    my @callers = sessions($node, 2, user => 'railway');
    my $authority = authority_pid($observer);
    my $waits = "SELECT wait_event FROM pg_stat_activity WHERE pid = $authority";

    # commits wait only once the checkpointer has told them to
    $observer->value('CHECKPOINT');
    $callers[0]->send($verify);
    poll($observer, $waits, 'SyncRep');
    wait_in_call($observer, $callers[0]);
    $observer->value("SELECT pg_cancel_backend($authority)");
    is($observer->value('SELECT count(*) FROM pg_stat_activity WHERE state = \'active\' AND pid = ' . $callers[0]->pid),
        1, 'while the commit waits, nobody is answered');
    is($observer->value($waits), 'SyncRep', 'pg_cancel_backend does not end that wait');
    $callers[1]->send($verify);
    wait_in_call($observer, @callers);
    $observer->value("SELECT pg_terminate_backend($authority)");
    is_deeply([ map { $_->finish->{sqlstate} } @callers ], [ 'KV050', 'KV050' ],
        'told to end while the commit waits: nobody is answered');
    $_->quit foreach @callers, $observer;

    $node->append_conf('postgresql.conf', "synchronous_standby_names = ''");
    $node->restart;
    $observer = session($node);
    my $row = $observer->value("SELECT jti FROM kycvs_data.consent WHERE challenge = '$flows[0]{txn}'");
    my $caller = session($node, user => 'railway');
    is(scalar_of($caller->value($verify), 'jti'), $row, 'the consent that was committed is shown to who asks again');
    still_answers($observer, $caller, 'without the standby');
    $_->quit foreach $caller, $observer;
}

$node->stop;
done_testing();
