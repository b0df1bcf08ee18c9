# Many sessions at once: limits hold exactly, an OTP makes one consent, and no
# caller is in another's way (T6, T7, T13, T14, T18).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use Test::More;

my $node = new_registry('concurrency', conf => 'max_connections = 120');
my $observer = session($node);
my $authority = authority_pid($observer);

sub sql_verify { return "SELECT kycvs_verify_otp('$_[0]', '$_[1]', true)"; }

sub count_states
{
    my %count;

    $count{ $_->{sqlstate} }++ foreach @_;
    return \%count;
}

# Sessions that all send their statement the moment that the barrier opens.
sub all_at_once
{
    my ($sessions, @statements) = @_;
    my $barrier = 4711;

    $observer->value("SELECT pg_advisory_lock($barrier)");
    foreach my $i (0 .. $#$sessions)
    {
        my $sql = $statements[ $i % @statements ];

        $sessions->[$i]->send("SELECT pg_advisory_xact_lock_shared($barrier) \\gset\n$sql");
    }
    poll($observer, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $barrier AND NOT granted",
        scalar @$sessions);
    $observer->value("SELECT pg_advisory_unlock($barrier)");
    return map { $_->finish } @$sessions;
}

# Opens a transaction whose snapshot is older than whatever comes next.
sub freeze
{
    my ($level, @sessions) = @_;

    $_->value("BEGIN ISOLATION LEVEL $level; SELECT count(*) FROM pg_class \\gset") foreach @sessions;
}

# ---- limits, and sessions with old snapshots ---------------------------------

# sessions of the airline before and between those of the railway, in whatever order slots are read
my $early = session($node, user => 'airline');
my @callers = sessions($node, 32, user => 'railway');
my $between = session($node, user => 'airline');
push @callers, sessions($node, 32, user => 'railway');
my @twenty = @callers[ 0 .. 19 ];

foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
    my $receipt = issue($callers[0], next_mobile());
    my $wrong = otp($observer, $receipt->{jti}) eq '000000' ? '000001' : '000000';

    freeze($level, @twenty);
    my @results = all_at_once(\@twenty, sql_verify($receipt->{jti}, $wrong));
    $_->value('ROLLBACK') foreach @twenty;
    is_deeply(count_states(@results), { KV010 => 3, KV012 => 17 }, "20 sessions in $level guess one OTP: three are compared");
    is($observer->value("SELECT tries FROM kycvs_data.challenge WHERE id = '$receipt->{jti}'"), 3,
        "20 sessions in $level guess one OTP: three tries are charged, ROLLBACK or not");
    is($callers[0]->run(sql_verify($receipt->{jti}, otp($observer, $receipt->{jti})))->{sqlstate},
        'KV012', "20 sessions in $level guess one OTP: the right one comes too late");

    my $mobile = next_mobile();
    freeze($level, @twenty);
    @results = all_at_once(\@twenty,
        map { "SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $_')" } 1 .. 20);
    $_->value('ROLLBACK') foreach @twenty;
    is_deeply(count_states(@results), { '00000' => 5, KV007 => 15 }, "20 sessions in $level ask for one mobile: five are sent");
    my @txns = map { scalar_of($_->{output}, 'jti') } grep { $_->{sqlstate} eq '00000' } @results;
    is($observer->value("SELECT count(*) FROM kycvs_data.message WHERE challenge IN ('" . join("', '", @txns) . "')"), 5,
        "20 sessions in $level ask for one mobile: five messages");
}

# ---- one OTP, many sessions --------------------------------------------------

{
    my $receipt = issue($callers[0], next_mobile());
    my $otp = otp($observer, $receipt->{jti});
    my @results = all_at_once(\@callers, sql_verify($receipt->{jti}, $otp));
    my %jtis = map { scalar_of($_->{output}, 'jti') => 1 } grep { $_->{sqlstate} eq '00000' } @results;

    is_deeply(count_states(@results), { '00000' => 21, KV014 => 43 },
        '64 sessions with the right OTP: the first and twenty repeats are answered');
    is(scalar keys %jtis, 1, '64 sessions with the right OTP: all see the same consent');
    is($observer->value("SELECT string_agg(jti::text, ' ') FROM kycvs_data.consent WHERE challenge = '$receipt->{jti}'"),
        join(' ', keys %jtis), '64 sessions with the right OTP: one consent');
    is( $observer->value("SELECT count(*) FROM kycvs_data.audit WHERE subject = '$receipt->{jti}' AND event = 'verify'"),
        64, '64 sessions with the right OTP: every one is in the audit');
}

{
    my $receipt = issue($callers[0], next_mobile());
    my $otp = otp($observer, $receipt->{jti});
    my $wrong = $otp eq '000000' ? '000001' : '000000';
    my @results = all_at_once(\@callers, sql_verify($receipt->{jti}, $wrong));

    is_deeply(count_states(@results), { KV010 => 3, KV012 => 61 }, '64 sessions with the same wrong OTP: three are compared');
    is($observer->value("SELECT tries FROM kycvs_data.challenge WHERE id = '$receipt->{jti}'"), 3,
        '64 sessions with the same wrong OTP: three tries');
}

# Half of them right: whatever comes first, three comparisons or one success.
{
    my $receipt = issue($callers[0], next_mobile());
    my $otp = otp($observer, $receipt->{jti});
    my $wrong = $otp eq '000000' ? '000001' : '000000';
    my @results = all_at_once(\@callers, sql_verify($receipt->{jti}, $wrong), sql_verify($receipt->{jti}, $otp));
    my $states = count_states(@results);
    my %jtis = map { scalar_of($_->{output}, 'jti') => 1 } grep { $_->{sqlstate} eq '00000' } @results;
    my $compared = $states->{KV010} // 0;

    ok($states->{'00000'} ? $compared < 3 && !$states->{KV012} : $compared == 3 && $states->{KV012} == 61,
        '64 sessions, half of them right: three comparisons or a success');
    is( $observer->value("SELECT count(*), coalesce(sum(1 + repeats), 0) <= 21 FROM kycvs_data.consent WHERE challenge = '$receipt->{jti}'"),
        scalar(keys %jtis) . '|t', '64 sessions, half of them right: at most one consent');
}

# ---- time goes on in an old transaction --------------------------------------

{
    my $receipt = issue($callers[0], next_mobile());
    my $otp = otp($observer, $receipt->{jti});

    freeze('REPEATABLE READ', $callers[1]);
    $observer->value("UPDATE kycvs_data.challenge SET expires_at = clock_timestamp() WHERE id = '$receipt->{jti}'");
    is($callers[1]->value("SELECT now() < '" . $observer->value("SELECT expires_at FROM kycvs_data.challenge WHERE id = '$receipt->{jti}'") . "'"),
        't', 'old transaction: its now() is before the end of the OTP');
    is($callers[1]->run(sql_verify($receipt->{jti}, $otp))->{sqlstate}, 'KV011', 'old transaction: the OTP has expired all the same');
    $callers[1]->value('ROLLBACK');

    # a consent, and a suspension, are seen however old the snapshot is
    $receipt = issue($callers[0], next_mobile());
    $otp = otp($observer, $receipt->{jti});
    freeze('SERIALIZABLE', $callers[1]);
    my $consent = $callers[0]->value(sql_verify($receipt->{jti}, $otp));
    is( scalar_of($callers[1]->value("SELECT kycvs_status('" . ($consent =~ s/'/''/gr) . "')"), 'consent'),
        scalar_of($consent, 'jti'), 'old transaction: a newer consent is seen');
    $observer->value("SELECT kycvs.suspend_entity('irctc')");
    is($callers[1]->run("SELECT kycvs_resend_otp('$receipt->{jti}')")->{sqlstate}, 'KV004', 'old transaction: so is a suspension');
    $callers[1]->value('ROLLBACK');
    $observer->value("SELECT kycvs.resume_entity('irctc')");
}

# ---- an entity that hangs with all its connections ---------------------------

{
    my $first = $observer->value('SELECT max(id) FROM kycvs_data.audit');
    my @airline = ($early, $between);

    $_->pid foreach @airline;
    authority_idle($observer);
    stop_process($authority);
    foreach my $caller (@callers, @airline)
    {
        my $mobile = next_mobile();
        my $reference = $caller->pid;
        $caller->send("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', '$reference')");
    }
    wait_in_call($observer, @callers, @airline);
    stop_process($_->pid) foreach @callers;
    continue_process($authority);
    foreach my $session (@airline)
    {
        my $result = $session->finish;
        is($result->{sqlstate}, '00000', 'an entity with 64 stopped sessions: the other is answered');
        is(scalar_of($result->{output}, 'reference'), $session->pid, 'an entity with 64 stopped sessions: with its own answer');
    }

    # one in turn: the second of the airline is at most the fourth of all
    is($observer->value("SELECT count(*) FROM (SELECT calling_role FROM kycvs_data.audit WHERE id > $first ORDER BY id LIMIT 4) AS f"
              . " WHERE calling_role = 'airline'"),
        2, 'an entity with 64 stopped sessions: the other takes turns with it');
    still_answers($observer, $early, 'an entity with 64 stopped sessions');
    continue_process($_->pid) foreach @callers;
    is_deeply(
        [ map { $_->{sqlstate} . scalar_of($_->{output}, 'reference') } map { $_->finish } @callers ],
        [ map { '00000' . $_->pid } @callers ],
        'its sessions go on where they were, each with its own answer');

    # those that have been stopped before they asked are in nobody's way either
    stop_process($_->pid) foreach @callers;
    still_answers($observer, $between, '64 stopped sessions that did not ask');
    continue_process($_->pid) foreach @callers;
}

# ---- locks -------------------------------------------------------------------

{
    my $caller = $callers[0];
    my @relations = split /\n/, $observer->value(<<'SQL');
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('kycvs', 'kycvs_data') AND c.relkind IN ('r', 'm', 'S', 'p')
SQL
    # (the authority needs none of the views: a lock of one delays nobody but whoever alters the extension)
    my @modes = map { "$_ MODE" } 'ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE',
      'SHARE ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE';
    my (@allowed, $tried);

    cmp_ok(scalar @relations, '>=', 15, 'there are relations to lock');
    foreach my $relation (@relations)
    {
        foreach my $statement (
            (map { "LOCK TABLE $relation IN $_ NOWAIT" } @modes),
            "PREPARE p AS SELECT * FROM $relation",
            "PREPARE p AS SELECT * FROM $relation FOR UPDATE",
            "PREPARE p AS DELETE FROM $relation",
            "PREPARE p AS INSERT INTO $relation DEFAULT VALUES",
            "TRUNCATE $relation",
            "ALTER TABLE $relation SET (fillfactor = 50)",
            "COMMENT ON TABLE $relation IS ''",
            "CREATE INDEX ON $relation ((1))",
            "DECLARE c CURSOR FOR SELECT * FROM $relation",
            "EXPLAIN SELECT * FROM $relation",
            "CREATE TEMP VIEW v AS SELECT * FROM $relation",
            "COPY $relation TO STDOUT",
            "VACUUM $relation",
            "DROP TABLE $relation")
        {
            my $block = "BEGIN;\n$statement;\n\\set state :SQLSTATE\nROLLBACK;\n\\echo :state";
            my $state = $statement =~ /^VACUUM/ ? $caller->run($statement)->{sqlstate} : $caller->value($block);

            $tried++;
            push @allowed, "$statement: $state" if $state ne '42501';
        }
    }
    is_deeply(\@allowed, [], "an entity can lock, prepare and read nothing of ours ($tried statements)");

    # in a transaction that stays open after each refusal
    $caller->value('BEGIN');
    $caller->run("LOCK TABLE $_ IN ACCESS SHARE MODE") foreach 'kycvs_data.charge', 'kycvs_data.challenge';
    is($observer->value('SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation'
              . " WHERE c.relnamespace = 'kycvs_data'::regnamespace AND l.pid = " . $caller->pid),
        0, 'an entity holds no lock on a table of ours');
    is($callers[1]->run("SELECT pg_advisory_lock_shared(4711), pg_try_advisory_lock(4712)")->{sqlstate}, '00000', 'advisory locks are the callers\' own');
    still_answers($observer, $callers[2], 'an open transaction of an entity');
    $caller->value('ROLLBACK');
    is($observer->value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = $authority"), 0, 'the authority takes no advisory lock');
}

is(authority_pid($observer), $authority, 'the authority is the same process');
still_answers($observer, $callers[0], 'afterwards');
$_->quit foreach @callers, $early, $between, $observer;
$node->stop;
done_testing();
