# The crash storm: eight clients and a sender run flows and write down every
# answer they get (t/lib/Storm.pm), while a tormentor stops the server, kills,
# stops and continues, cancels and terminates its processes at random. After
# each round the notes are held against the tables: nothing that was answered
# is lost, nothing is given twice, every comparison was charged, and everybody
# gets answers again (T3, T4, T12, T18, T19).
#
#	KYCVS_STORM_ROUNDS=n	rounds, 20 unless told otherwise; some three seconds each
#	KYCVS_SEED=n			repeats the tormentor's and the clients' choices, though not
#							what the scheduler makes of them; printed at the start
#
# scripts/test passes both on: KYCVS_STORM_ROUNDS=200 scripts/test 060_storm

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use List::Util qw(max min shuffle sum0);
use PostgreSQL::Test::Utils;
use Storm;
use Test::More;
use Time::HiRes qw(sleep time);

my $clients = 8;
my $rounds = $ENV{KYCVS_STORM_ROUNDS} || 20;
my $seed = $ENV{KYCVS_SEED} // int(time());
srand($seed);
diag("seed $seed (KYCVS_SEED repeats it), $rounds rounds");
$SIG{PIPE} = 'IGNORE';

# WAL that nobody flushed on purpose is lost in a crash; answers are flushed
# whatever callers, the database, the role and the configuration say
my $node = new_registry('storm', conf => <<'CONF');
wal_writer_delay = 10s
synchronous_commit = off
max_connections = 60
log_min_messages = log
CONF
$node->safe_psql('registry', $_) foreach (
    "SELECT kycvs.set_budget('irctc', 1000000)",
    'CREATE ROLE sender LOGIN',
    'GRANT kycvs_sender TO sender',
    'GRANT kycvs_registrar TO railway',
    'CREATE EXTENSION amcheck',
    'ALTER DATABASE registry SET synchronous_commit = off',
    'ALTER ROLE kycvs_owner SET synchronous_commit = off');
$node->append_conf('postgresql.conf', 'fsync = on');
$node->restart;

# ---- the clients and their notes ---------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir('storm');
my @processes;
my %notes;    # by client: file, handle, newest

END
{
    my $status = $?;
    kill('KILL', @processes) if @processes;
    $? = $status;
}

sub start_clients
{
    mkdir("$folder/phones") or die $!;
    foreach my $number (0 .. $clients)
    {
        my $file = "$folder/notes.$number";
        my $user = $number == $clients ? 'sender' : 'railway';
        my $options = $node->connstr('registry') . " user=$user options='-c synchronous_commit=off'";

        append_to_file($file, '');
        open($notes{$number}{handle}, '<', $file) or die $!;
        $notes{$number}{newest} = 0;
        push @processes,
          Storm::start(number => $number, file => $file, phones => "$folder/phones", seed => $seed * 100 + $number,
            sender => $number == $clients, psql => [ '-d', $options ]);
    }
}

my @heard;    # when answers came, since the last torment began
my $round_file;
my %told;     # how many of each kind

# Reads what was written down since the last look.
sub read_notes
{
    foreach my $note (values %notes)
    {
        seek($note->{handle}, 0, 1);
        while (defined(my $line = readline($note->{handle})))
        {
            $line = ($note->{cut} // '') . $line;
            $note->{cut} = undef;
            if ($line !~ /\n\z/)
            {
                $note->{cut} = $line;
                last;
            }
            my ($at, undef, $kind) = split /\t/, $line;
            $note->{newest} = $at;
            push @heard, $at;
            $told{$kind}++;
            print $round_file $line;
            diag("nobody expects: $line") if $kind eq 'odd' && $told{odd} <= 20;
        }
    }
}

# Waits for "what" to be true, while notes are read; false when it never is.
sub wait_for
{
    my ($seconds, $what) = @_;
    my $deadline = time() + $seconds;

    while (1)
    {
        read_notes();
        my $value = $what->();
        return $value if $value;
        return 0 if time() > $deadline;
        sleep(0.01);
    }
}

sub first_answer_after
{
    my ($time) = @_;

    return wait_for(60, sub { min grep { $_ > $time } @heard }) || die 'nobody is answered any more';
}

# ---- looking at the server ---------------------------------------------------

my $observer;

# One statement as a superuser, over crashes.
sub look
{
    my ($sql) = @_;
    my $deadline = time() + 60;

    while (time() < $deadline)
    {
        $observer //= Storm::Session->new(600, '-d', $node->connstr('registry'));
        my $result = $observer->run($sql);
        return $result->{output} if $result->{sqlstate} eq '00000';
        die "$sql: $result->{sqlstate}" unless $result->{sqlstate} =~ /^(lost|57P0.)$/;
        $observer->leave;
        undef $observer;
        sleep(0.05);
    }
    die "no answer: $sql";
}

sub pids
{
    my ($condition) = @_;
    return shuffle split /\n/, look("SELECT pid FROM pg_stat_activity WHERE $condition");
}

sub authority
{
    return wait_for(10, sub { (pids("backend_type = 'kycvs authority'"))[0] }) || die 'there is no authority';
}

# Some callers or the sender, rather those who are waiting for an answer.
sub callers
{
    my ($n) = @_;
    my @waiting = pids("usename IN ('railway', 'sender') AND state = 'active'");
    my @others = pids("usename IN ('railway', 'sender')");

    return grep { defined } (@waiting, @others)[ 0 .. $n - 1 ];
}

my $log_position = 0;
my $ready = 0;

# Epoch seconds of the last time that the server said it is ready.
sub ready_at
{
    open(my $log, '<', $node->logfile) or die $!;
    seek($log, $log_position, 0);
    local $/;
    my $text = readline($log) // '';
    $text = substr($text, 0, rindex($text, "\n") + 1);
    $log_position += length($text);
    my @times = $text =~ /^([0-9.]+) .*database system is ready to accept connections$/mg;
    $ready = $times[-1] if @times;
    return $ready;
}

# ---- the torments ------------------------------------------------------------

my %held;     # processes that are stopped for now
my %silence = (crash => [], terminated => []);

sub hold
{
    foreach my $pid (@_)
    {
        $held{$pid} = 1 if kill('STOP', $pid);
    }
}

sub let_go
{
    kill('CONT', keys %held) if %held;
    %held = ();
}

# Most go on soon, the others at the end of the round.
sub hold_for_a_while
{
    my $long = rand() < 0.1;

    hold(@_);
    return if rand() < 0.3;
    sleep($long ? 5 + rand(1) : rand(0.5));
    let_go();
}

sub heard_again
{
    my ($why, $seconds) = @_;

    push @{ $silence{$why} }, $seconds;
    note(sprintf('answers after %.2f s', $seconds));
}

# After "crash" the server recovers; how long is nobody answered from then on?
sub crash
{
    my ($crash) = @_;
    my $before = ready_at();

    @heard = ();
    $crash->();
    wait_for(60, sub { ready_at() ne $before }) || die 'the server does not come back';
    %held = ();
    heard_again('crash', first_answer_after($ready) - $ready);
}

# Whoever is found may be gone already.
sub kill_one
{
    my ($find) = @_;

    wait_for(20, sub { my ($pid) = $find->(); defined $pid && kill('KILL', $pid) }) || die 'nobody to kill';
}

# While it is stopped it ends only when it is continued.
sub terminate_authority
{
    my $pid = authority();

    look("SELECT pg_terminate_backend($pid)");
    return if %held;
    my $began = time();
    wait_for(10, sub { !grep { $_ eq $pid } pids("backend_type = 'kycvs authority'") }) || die 'the authority does not end';
    @heard = ();
    heard_again('terminated', first_answer_after(time()) - $began);
}

sub often
{
    my ($what) = @_;

    foreach (1 .. 1 + int(rand(5)))
    {
        $what->();
        sleep(rand(0.05));
    }
}

my @torments = (
    'immediate stop' => sub { crash(sub { $node->stop('immediate'); $node->start }) },
    'kill -9 of a caller' => sub { crash(sub { kill_one(sub { callers(1) }) }) },
    'kill -9 of the authority' => sub { crash(sub { kill_one(\&authority) }) },
    'kill -9 of the checkpointer' => sub { crash(sub { kill_one(sub { pids("backend_type = 'checkpointer'") }) }) },
    'stop of the authority' => sub { hold_for_a_while(authority()) },
    'stop of callers' => sub { hold_for_a_while(callers(1 + int(rand(4)))) },
    'cancel of the authority' => sub { often(sub { look('SELECT pg_cancel_backend(' . authority() . ')') }) },
    'cancel of callers' => sub { often(sub { look("SELECT pg_cancel_backend($_)") foreach callers(1 + int(rand(9))) }) },
    'terminate of the authority' => \&terminate_authority,
    'terminate of callers' => sub { often(sub { look("SELECT pg_terminate_backend($_)") foreach callers(1 + int(rand(9))) }) });

# The first rounds have each of them, then chance decides.
sub torment
{
    my ($round) = @_;
    my @did;

    foreach my $i (1 .. 1 + int(rand(3)))
    {
        my $which = $i == 1 && $round <= @torments / 2 ? $round - 1 : int(rand(@torments / 2));

        wait_for(0.1 + rand(0.4), sub { 0 });
        push @did, $torments[ 2 * $which ];
        note("$i. $did[-1]");
        $torments[ 2 * $which + 1 ]->();
    }
    let_go();
    return join(', ', @did);
}

# ---- the notes against the tables --------------------------------------------

# For each kind of answer, how many of those that somebody got have not all their rows: of "t", which has notes of one
# kind grouped by what they name, n is how many there are; "rows" is how many the tables have.
my %rows_of = (
    receipt => "t.jti, CASE WHEN h.id IS NOT NULL AND m.challenge IS NOT NULL THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.challenge AS h ON h.id = t.jti"
      . " LEFT JOIN (SELECT DISTINCT challenge FROM kycvs_data.message) AS m ON m.challenge = t.jti"
      . " LEFT JOIN audits AS a ON a.event = 'issue' AND a.outcome = '00000' AND a.document = t.jti AND a.subject = t.jti",
    wrong => "t.txn, CASE WHEN h.tries >= t.n AND h.failed_at IS NOT NULL THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.challenge AS h ON h.id = t.txn"
      . " LEFT JOIN audits AS a ON a.event = 'verify' AND a.outcome = 'KV010' AND a.subject = t.txn",
    spent => "t.txn, CASE WHEN h.tries = 3 THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.challenge AS h ON h.id = t.txn"
      . " LEFT JOIN audits AS a ON a.event = 'verify' AND a.outcome = 'KV012' AND a.subject = t.txn",
    consent => "t.jti, CASE WHEN h.verified AND h.tries > 0 AND c.jti = t.jti THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.challenge AS h ON h.id = t.txn"
      . " LEFT JOIN kycvs_data.consent AS c ON c.challenge = t.txn"
      . " LEFT JOIN audits AS a ON a.event = 'verify' AND a.outcome = '00000' AND a.subject = t.txn AND a.document = t.jti",
    answer => "t.jti, CASE WHEN w.consent = t.txn AND w.status::text = t.status AND c.used > 0 THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.consent AS c ON c.jti = t.txn"
      . " LEFT JOIN kycvs_data.answer AS w ON w.jti = t.jti AND to_char(w.as_of, 'YYYYMMDD') = t.number::text"
      . " LEFT JOIN audits AS a ON a.event = 'status' AND a.outcome = '00000' AND a.subject = t.txn AND a.document = t.jti"
      . "  AND a.status::text = t.status",
    text => "t.number, CASE WHEN m.claimed_until > '-infinity' THEN t.n END FROM t"
      . " LEFT JOIN kycvs_data.message AS m ON m.id = t.number",
    done => "t.number, CASE WHEN m.state = 'sent' THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.message AS m ON m.id = t.number"
      . " LEFT JOIN audits AS a ON a.event = 'message_done' AND a.outcome = '00000' AND a.object = t.number",
    person => "t.number, CASE WHEN p.id IS NOT NULL THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.person AS p ON p.id = t.number"
      . " LEFT JOIN audits AS a ON a.event = 'register_person' AND a.outcome = '00000' AND a.object = t.number",
    dose => "t.number, CASE WHEN d.dose_number IS NOT NULL THEN a.n END FROM t"
      . " LEFT JOIN kycvs_data.dose AS d ON d.person = t.number AND d.dose_number::text = t.status"
      . " LEFT JOIN audits AS a ON a.event = 'record_dose' AND a.outcome = '00000' AND a.object = t.number",
    back => "0, a.n FROM t LEFT JOIN audits AS a ON a.event = 'resend' AND a.outcome = 'KV013'");

sub count_lost
{
    my $lost = 0;

    foreach my $kind (sort keys %rows_of)
    {
        my $missing = look("WITH t AS MATERIALIZED (SELECT txn, jti, status, CASE WHEN kind <> 'receipt' THEN number END AS number,"
              . " count(*) AS n FROM told WHERE kind = '$kind' GROUP BY 1, 2, 3, 4)"
              . " SELECT coalesce(sum(greatest(n - coalesce(rows, 0), 0)), 0) || ' ' || coalesce(min(id::text) FILTER (WHERE n > coalesce(rows, 0)), '')"
              . " FROM (SELECT t.n, $rows_of{$kind}) AS x (n, id, rows)");
        my ($n, $example) = split / /, $missing;
        diag("lost: $n times $kind, such as $example") if $n;
        $lost += $n;
    }
    return $lost;
}

# What may be there once: in the tables, whatever their indexes say, and in what clients were told.
my @once = (
    'SELECT challenge FROM kycvs_data.consent GROUP BY 1 HAVING count(*) > 1',
    'SELECT consent FROM kycvs_data.answer GROUP BY consent, n, as_of HAVING count(*) > 1',
    'SELECT id FROM kycvs_data.challenge GROUP BY 1 HAVING count(*) > 1',
    "SELECT txn FROM told WHERE kind = 'consent' GROUP BY txn HAVING count(DISTINCT jti) > 1",
    "SELECT jti FROM told WHERE kind = 'consent' GROUP BY jti HAVING count(DISTINCT txn) > 1",
    "SELECT txn FROM told WHERE kind = 'answer' GROUP BY txn, number HAVING count(DISTINCT jti) > 1",
    "SELECT jti FROM told WHERE kind = 'answer' GROUP BY jti HAVING count(DISTINCT (txn, status, number)) > 1",
    "SELECT (array_agg(jti))[1] FROM told WHERE kind = 'receipt' GROUP BY client, number HAVING count(DISTINCT jti) > 1");

sub count_double
{
    my $double = 0;

    foreach my $query (@once)
    {
        my ($n, $example) = split / /, look("SELECT count(*) || ' ' || coalesce(min(x.id::text), '') FROM ($query) AS x (id)");
        diag("double: $n, such as $example: $query") if $n;
        $double += $n;
    }
    return $double;
}

# Comparisons and repeats that clients were told of, and what was charged for them.
sub count_uncharged
{
    return look(<<'SQL');
SELECT (SELECT count(*) FROM kycvs_data.challenge WHERE tries > 3)
  + (SELECT count(*) FROM (SELECT txn, count(*) FILTER (WHERE kind = 'wrong') AS wrong, count(*) FILTER (WHERE kind = 'consent') AS granted
                           FROM told WHERE kind IN ('wrong', 'consent') GROUP BY txn) AS t
     LEFT JOIN kycvs_data.challenge AS h ON h.id = t.txn LEFT JOIN kycvs_data.consent AS c ON c.challenge = t.txn
     WHERE wrong + least(granted, 1) > least(coalesce(h.tries, 0), 3) OR granted - 1 > coalesce(c.repeats, 0))
SQL
}

# By the indexes, or by the tables alone.
sub load_notes
{
    my ($file, $indexes) = @_;
    my $lines = () = slurp_file($file) =~ /\n/g;

    look('DROP TABLE IF EXISTS told, audits');
    look('CREATE TEMP TABLE told (at float8, client int, kind text, txn uuid, jti uuid, status text, number bigint)');
    look("\\copy told FROM '$file'\n");
    look('SELECT count(*) FROM told') == $lines or die "$file could not be read";
    # a little earlier than the first note: an answer is decided before it is noted
    look('CREATE TEMP TABLE audits AS SELECT event, outcome, subject, document, object, status, count(*) AS n FROM kycvs_data.audit'
          . ' WHERE at > to_timestamp((SELECT min(at) FROM told) - 60) GROUP BY 1, 2, 3, 4, 5, 6');
    look('ANALYZE told');
    look('ANALYZE audits');
    look("SET work_mem = '64MB'");
    look("SET $_ = $indexes") foreach qw(enable_indexscan enable_indexonlyscan enable_bitmapscan);
}

my %total = (lost => 0, double => 0, uncharged => 0, stuck => 0);

sub hold_against
{
    my ($file, $indexes) = @_;

    load_notes($file, $indexes);
    return (lost => count_lost(), double => count_double(), uncharged => count_uncharged());
}

sub report
{
    my ($name, %found) = @_;

    $total{$_} += $found{$_} foreach keys %found;
    is_deeply(\%found, { map { $_ => 0 } keys %found }, $name);
}

# ---- the storm ---------------------------------------------------------------

my @files;
my $slowest = 0;

sub new_round_file
{
    push @files, "$folder/round." . @files;
    close($round_file) if $round_file;
    open($round_file, '>', $files[-1]) or die $!;
    $round_file->autoflush(1);
}

# Everybody is answered again, and what anybody was told is there.
sub round
{
    my ($round) = @_;

    new_round_file();
    my $name = torment($round);
    my $over = time();
    wait_for(20, sub { !grep { $_->{newest} < $over } values %notes });
    my $stuck = grep { $_->{newest} < $over } values %notes;
    $slowest = max($slowest, time() - $over);
    report("round $round: $name", hold_against($files[-1], 'on'), stuck => $stuck);
}

new_round_file();
start_clients();
wait_for(30, sub { !grep { !$_->{newest} } values %notes }) || die 'the clients do not get going';
my $began = time();
round($_) foreach 1 .. $rounds;
my $seconds = time() - $began;

kill('TERM', @processes);
my $ended_well = grep { waitpid($_, 0) == $_ && $? == 0 } @processes;
is($ended_well, $clients + 1, 'clients and sender ran to the end');
@processes = ();
read_notes();

# ---- afterwards --------------------------------------------------------------

{
    my $all = "$folder/told";

    append_to_file($all, slurp_file($_)) foreach @files;
    report('all rounds: nothing is lost, double or uncharged', hold_against($all, 'off'));
    is($told{odd} // 0, 0, 'nobody was told what nobody expects');

    # a transaction is there as a whole: the try, its row in the audit, what limits count
    is(look(<<'SQL'), 0, 'tries are those of the audit');
SELECT count(*) FROM kycvs_data.challenge AS h
LEFT JOIN (SELECT subject, count(*) AS failed FROM kycvs_data.audit WHERE event = 'verify' AND outcome = 'KV010' GROUP BY 1) AS a
  ON a.subject = h.id
WHERE h.tries <> coalesce(a.failed, 0) + h.verified::int OR (h.failed_at IS NULL) <> (a.failed IS NULL)
SQL
    is(look(<<'SQL'), 0, 'consents and repeats are those of the audit');
SELECT count(*) FROM kycvs_data.challenge AS h FULL JOIN kycvs_data.consent AS c ON c.challenge = h.id
LEFT JOIN (SELECT document, count(*) AS granted FROM kycvs_data.audit WHERE event = 'verify' AND outcome = '00000' GROUP BY 1) AS a
  ON a.document = c.jti
WHERE h.verified IS DISTINCT FROM (c.jti IS NOT NULL) OR coalesce(a.granted, 0) > coalesce(c.repeats + 1, 0) OR (c.jti IS NOT NULL AND a.granted IS NULL)
SQL
    is(look(<<'SQL'), 't', 'what limits count is what was sent and what was wrong');
SELECT (SELECT count(*) FROM kycvs_data.charge WHERE event = 'sent') = 2 * (SELECT count(*) FROM kycvs_data.message)
   AND (SELECT count(*) FROM kycvs_data.charge WHERE event = 'failed') =
       2 * (SELECT count(*) FROM kycvs_data.audit WHERE event = 'verify' AND outcome = 'KV010')
SQL

    my @indexes = split /\n/, look("SELECT c.oid::regclass FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
          . " JOIN pg_am AS m ON m.oid = c.relam WHERE c.relnamespace = 'kycvs_data'::regnamespace AND m.amname = 'btree' AND c.relkind = 'i'");
    cmp_ok(scalar @indexes, '>', 10, scalar(@indexes) . ' indexes');
    is(eval { look("SELECT bt_index_check('$_', true)"); 'sound' }, 'sound', "amcheck: $_") foreach @indexes;
    is(look("SELECT count(*) FROM pg_class AS c, verify_heapam(c.oid) WHERE c.relnamespace = 'kycvs_data'::regnamespace AND c.relkind = 'r'"),
        0, 'amcheck: tables');
}

my %longest = map { $_ => max(0, @{ $silence{$_} }) } keys %silence;
cmp_ok($longest{crash}, '<', 2, sprintf('%d crashes: answers %.2f s after recovery at the latest', scalar @{ $silence{crash} }, $longest{crash}));
# one second of it is the postmaster's pause; a busy machine may need more than another once
my $middle = (sort { $a <=> $b } @{ $silence{terminated} })[ @{ $silence{terminated} } / 2 ] // 0;
cmp_ok($middle, '<', 2, sprintf('%d times the authority was terminated: answers %.2f s later, %.2f s at the latest',
    scalar @{ $silence{terminated} }, $middle, $longest{terminated}));

my $charged = look('SELECT (SELECT sum(tries) FROM kycvs_data.challenge) + (SELECT sum(repeats) FROM kycvs_data.consent)');
diag(sprintf('counts: seed %d, %d rounds in %.0f s: answered %d (%s), charged %d, lost %d, double %d, uncharged %d, stuck %d;'
      . ' longest silence after recovery %.2f s (%d crashes), of a terminated authority %.2f s (%d), of any client after a round %.2f s',
    $seed, $rounds, $seconds, sum0(values %told), join(', ', map { "$told{$_} $_" } sort keys %told), $charged,
    @total{qw(lost double uncharged stuck)}, $longest{crash}, scalar @{ $silence{crash} },
    $longest{terminated}, scalar @{ $silence{terminated} }, $slowest));

$observer->leave;
$node->stop;
done_testing();
