# Callers that leave while the authority has their request, in every state of
# their slot: what is charged, what is not, and that the next backend with the
# same slot gets the answer to its own question (T4, T12).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use Test::More;

# As few slots as possible. Sessions that do nothing hold all but the last, so
# that every new caller has the slot of the one before.
my $slots = 6;
my $node = new_registry('channel', conf => <<"CONF");
max_connections = $slots
superuser_reserved_connections = 0
max_wal_senders = 0
autovacuum = off
client_connection_check_interval = 20ms
CONF

my $observer = session($node);
my $locker = session($node);
my @idle = sessions($node, $slots - 3);
my $authority = authority_pid($observer);

sub new_caller
{
    poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'", $slots - 1);

    # a backend leaves pg_stat_activity a moment before its slot is free
    for (;;)
    {
        my $caller = session($node, user => 'railway');
        return $caller if eval { $caller->pid };
        die $@ unless $@ =~ /too many clients/;
    }
}

# A challenge, and an OTP that is not its own.
sub new_challenge
{
    my $caller = new_caller();
    my $receipt = issue($caller, next_mobile());

    $caller->quit;
    my $right = otp($observer, $receipt->{jti});
    return ($receipt->{jti}, $right, $right eq '000000' ? '000001' : '000000');
}

sub tries_of
{
    my ($txn) = @_;
    return $observer->value("SELECT tries FROM kycvs_data.challenge WHERE id = '$txn'");
}

sub guess { return "SELECT kycvs_verify_otp('$_[0]', '$_[1]', true)"; }

# Asks something that only it could have asked, in the slot that was left.
sub check_successor
{
    my ($name) = @_;
    my $caller = new_caller();

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    still_answers($observer, $caller, $name);
    $caller->quit;
}

# ---- how a caller leaves -----------------------------------------------------

my %leave = (
    'cancelled' => sub {
        my ($caller) = @_;
        $observer->value('SELECT pg_cancel_backend(' . $caller->pid . ')');
        is($caller->finish->{sqlstate}, '57014', 'cancelled: the caller is told so');
    },
    'cancelled by statement_timeout' => sub {
        my ($caller) = @_;
        is($caller->finish->{sqlstate}, '57014', 'statement_timeout: the caller is told so');
    },
    'terminated' => sub {
        my ($caller) = @_;
        $observer->value('SELECT pg_terminate_backend(' . $caller->pid . ')');
        is($caller->finish->{sqlstate}, 'lost', 'terminated: the caller is gone');
    },
    'disconnected' => sub {
        my ($caller) = @_;
        $caller->kill_client;
        poll($observer, 'SELECT count(*) FROM pg_stat_activity WHERE pid = ' . $caller->pid, 0);
        pass('disconnected: the backend has gone');
    },
);

# Callers that stay in their session ask again in it: the slot is the same.
sub check_same_session
{
    my ($caller, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $caller->value('RESET statement_timeout');
    still_answers($observer, $caller, $name);
    $caller->quit;
}

sub prepare
{
    my ($how) = @_;
    my $caller = new_caller();

    # long enough to be waiting, and shorter than the five seconds
    $caller->value("SET statement_timeout = '2s'") if $how =~ /statement_timeout/;
    return $caller;
}

# ---- READY: the authority has not taken it -----------------------------------

foreach my $how (sort keys %leave)
{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = prepare($how);

    authority_idle($observer);
    stop_process($authority);
    $caller->send(guess($txn, $wrong));
    wait_in_call($observer, $caller);
    $leave{$how}->($caller);
    continue_process($authority);

    if ($how =~ /cancelled/) { check_same_session($caller, "READY, $how, same session"); }
    check_successor("READY, $how, next backend");
    is(tries_of($txn), 0, "READY, $how: not charged");
}

# ---- TAKEN: the authority waits for a lock, stopped there --------------------

sub take
{
    my ($caller, $sql) = @_;

    $locker->value('BEGIN; LOCK TABLE kycvs_data.charge IN ACCESS EXCLUSIVE MODE');
    $caller->send($sql);
    authority_waits_for_lock($observer);
    stop_process($authority);
}

sub release
{
    $locker->value('ROLLBACK');
    continue_process($authority);
    authority_idle($observer);
}

foreach my $how (sort keys %leave)
{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = prepare($how);

    take($caller, guess($txn, $wrong));
    $leave{$how}->($caller);
    release();

    if ($how =~ /cancelled/) { check_same_session($caller, "TAKEN, $how, same session"); }
    check_successor("TAKEN, $how, next backend");
    is(tries_of($txn), 1, "TAKEN, $how: charged once");
}

# ---- ABANDONED: the next backend waits until the slot is free ----------------

foreach my $how ('terminated', 'disconnected')
{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = prepare($how);

    take($caller, guess($txn, $right));
    $leave{$how}->($caller);

    # one that loses patience, then one that does not
    my $impatient = new_caller();
    $impatient->send(guess($txn, $wrong));
    wait_in_call($observer, $impatient);
    $leave{cancelled}->($impatient);
    $impatient->quit;

    my $patient = new_caller();
    my $mobile = next_mobile();
    $patient->send("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $mobile')");
    wait_in_call($observer, $patient);
    release();
    my $result = $patient->finish;
    is($result->{sqlstate}, '00000', "ABANDONED, $how: the next backend is answered");
    is(scalar_of($result->{output}, 'reference'), "PNR $mobile", "ABANDONED, $how: and not with a stranger's answer");
    still_answers($observer, $patient, "ABANDONED, $how");
    $patient->quit;
    is(tries_of($txn), 1, "ABANDONED, $how: charged for the one who left, not for the one who waited");
}

# The authority ends while a slot is abandoned, and another backend waits for it.
{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = prepare('terminated');

    take($caller, guess($txn, $right));
    $leave{terminated}->($caller);
    my $next = new_caller();
    my $mobile = next_mobile();
    $next->send("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $mobile')");
    wait_in_call($observer, $next);
    $observer->value("SELECT pg_terminate_backend($authority)");
    $locker->value('ROLLBACK');
    continue_process($authority);
    my $result = $next->finish;
    ok( $result->{sqlstate} eq 'KV050'
          || ($result->{sqlstate} eq '00000' && scalar_of($result->{output}, 'reference') eq "PNR $mobile"),
        'ABANDONED, authority ended: the next backend gets its own answer or none');
    $authority = authority_pid($observer);
    still_answers($observer, $next, 'ABANDONED, authority ended');
    $next->quit;
}

# ---- DONE: the reply is there, and nobody to read it -------------------------

foreach my $how (sort keys %leave)
{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = prepare($how);
    my $answered = $observer->value('SELECT count(*) FROM kycvs_data.audit');

    authority_idle($observer);
    stop_process($authority);
    $caller->send(guess($txn, $right));
    wait_in_call($observer, $caller);
    stop_process($caller->pid);
    continue_process($authority);
    poll($observer, "SELECT count(*) = $answered + 1 FROM kycvs_data.audit");
    authority_idle($observer);
    if ($how eq 'disconnected')
    {
        $caller->kill_client;
        continue_process($caller->pid);
        poll($observer, 'SELECT count(*) FROM pg_stat_activity WHERE pid = ' . $caller->pid, 0);
    }
    else
    {
        $observer->value('SELECT pg_cancel_backend(' . $caller->pid . ')') if $how eq 'cancelled';
        $observer->value('SELECT pg_terminate_backend(' . $caller->pid . ')') if $how eq 'terminated';
        # a timeout that was over while the process was stopped
        sleep(2) if $how =~ /statement_timeout/;
        continue_process($caller->pid);
        is($caller->finish->{sqlstate}, $how eq 'terminated' ? 'lost' : '57014', "DONE, $how: the reply is dropped");
    }

    if ($how =~ /cancelled/) { check_same_session($caller, "DONE, $how, same session"); }
    check_successor("DONE, $how, next backend");

    # the consent that nobody was told of is still there for the same OTP
    my $next = new_caller();
    my $consent = $next->value(guess($txn, $right));
    is($observer->value("SELECT count(*), min(jti::text) FROM kycvs_data.consent WHERE challenge = '$txn'"),
        '1|' . scalar_of($consent, 'jti'), "DONE, $how: one consent, shown again");
    is(tries_of($txn), 1, "DONE, $how: charged once");
    $next->quit;
}

# ---- no answer ---------------------------------------------------------------

{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = new_caller();

    authority_idle($observer);
    stop_process($authority);
    my $result = $caller->run(guess($txn, $wrong));
    continue_process($authority);
    is($result->{sqlstate}, 'KV052', 'authority stopped: KV052');
    cmp_ok($result->{seconds}, '>=', 5, 'authority stopped: the caller has waited five seconds');
    is(tries_of($txn), 0, 'authority stopped before it took the request: not charged');
    still_answers($observer, $caller, 'after KV052, not taken');

    take($caller, guess($txn, $wrong));
    $result = $caller->finish;
    release();
    is($result->{sqlstate}, 'KV052', 'authority stopped with the request: KV052');
    is(tries_of($txn), 1, 'authority stopped with the request: charged');
    still_answers($observer, $caller, 'after KV052, taken');

    # not among kycvs.databases
    $observer->value("SET kycvs.registry = 'postgres'");
    $result = $observer->run(guess($txn, $right));
    is($result->{sqlstate}, 'KV050', 'no authority: KV050');
    cmp_ok($result->{seconds}, '<', 5, 'no authority: told at once');
    $observer->value('RESET kycvs.registry');
    still_answers($observer, $caller, 'after KV050');
    $caller->quit;
}

# ---- a lock of a superuser's holds the authority up, and not for good ---------

{
    my ($txn, $right, $wrong) = new_challenge();
    my $caller = new_caller();

    $locker->value('BEGIN; LOCK TABLE kycvs_data.charge IN ACCESS EXCLUSIVE MODE');
    my $result = $caller->run(guess($txn, $right));
    is($result->{sqlstate}, '55P03', 'lock on a counter: the request fails, before its caller gives up');
    is(tries_of($txn), 1, 'lock on a counter: charged');
    is($observer->value("SELECT string_agg(outcome, ' ') FROM kycvs_data.audit WHERE subject = '$txn' AND event = 'verify'"),
        '55P03', 'lock on a counter: audited');
    is($observer->value("SELECT count(*) FROM kycvs_data.consent WHERE challenge = '$txn'"), 0, 'lock on a counter: nothing disclosed');
    $locker->value('ROLLBACK');

    # what cancels any other backend does not reach it
    $observer->value("SELECT pg_cancel_backend($authority)") foreach 1 .. 5;
    still_answers($observer, $caller, 'after the lock, and after pg_cancel_backend of the authority');
    take($caller, guess($txn, $wrong));
    $observer->value("SELECT pg_cancel_backend($authority)");
    $locker->value('ROLLBACK');
    continue_process($authority);
    $result = $caller->finish;
    ok($result->{sqlstate} eq 'KV010' || $result->{sqlstate} eq '55P03', 'pg_cancel_backend of the waiting authority: no other end');
    is(tries_of($txn), 2, 'pg_cancel_backend of the waiting authority: charged');
    $caller->quit;
}

# ---- cancelled at any moment -------------------------------------------------

{
    my $calls = 300;
    my @callers;

    $_->quit foreach @idle;
    @idle = ();
    poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'", 2);
    @callers = sessions($node, $slots - 2, user => 'railway');
    my $issued = "SELECT count(*) FROM kycvs_data.audit WHERE event = 'issue' AND outcome = '00000'";
    my $before = $observer->value($issued);
    foreach my $caller (@callers)
    {
        my $sql = '';

        foreach my $call (1 .. $calls)
        {
            my $mobile = next_mobile();
            my $masked = 'XXXXXX' . substr($mobile, 6);

            $sql .= "SELECT r ->> 'reference' = 'PNR $mobile' AND r ->> 'mobile' = '$masked'"
              . " FROM kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $mobile') AS r;\n";
        }
        $caller->send("$sql\\echo through");
    }
    my $pids = join(',', map { $_->pid } @callers);
    $observer->value(<<"SQL");
DO \$\$
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid IN ($pids) AND (state = 'active' OR state_change > clock_timestamp() - interval '1 s')) LOOP
    PERFORM pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid IN ($pids) AND wait_event_type = 'Extension' AND random() < 0.5;
    PERFORM pg_sleep(random() * 0.002);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END \$\$
SQL
    my ($own, $other, $states) = (0, 0, '');
    foreach my $caller (@callers)
    {
        my $result = $caller->finish;
        my @lines = split /\n/, $result->{output};

        $own += grep { $_ eq 't' } @lines;
        $other += grep { $_ ne 't' && $_ ne 'through' } @lines;
        $states .= $result->{error};
    }
    my $cancelled = () = $states =~ /canceling statement due to user request/g;
    note("$own answered, $cancelled cancelled");
    is($other, 0, 'cancelled at any moment: whoever was answered got its own answer');
    is($own + $cancelled, $calls * @callers, 'cancelled at any moment: every call was answered or cancelled');
    my $audited = $observer->value($issued) - $before;
    ok($audited >= $own && $audited <= $calls * @callers, 'cancelled at any moment: every answer is in the audit');
    still_answers($observer, $_, 'cancelled at any moment') foreach @callers;
    $_->quit foreach @callers;
}

# ---- afterwards --------------------------------------------------------------

is(authority_pid($observer), $authority, 'the authority is the same process');
is($observer->value(<<'SQL'), 0, 'no challenge has more than one consent, none is without its charge');
SELECT count(*) FROM kycvs_data.challenge AS h
WHERE (SELECT count(*) FROM kycvs_data.consent AS c WHERE c.challenge = h.id) <> h.verified::int OR (h.verified AND h.tries = 0)
SQL

$_->quit foreach $locker, $observer;
$node->stop;
done_testing();
