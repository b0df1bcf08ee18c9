# What the authority keeps in its memory of small tables (src/kept.c) is never
# older than the last commit, whoever wrote it and by whatever way: the call
# after it is answered by the new state, also when there had been no row at all.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_registry('kept', conf => "max_prepared_transactions = 2\n");
my $observer = session($node);
my $railway = session($node, user => 'railway');
my $data = 'kycvs_data';
my $questions = 0;

sub ask
{
    my ($purpose, $language) = @_;
    my $mobile = next_mobile();
    return $railway->run("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', '$purpose', language => '$language')");
}

sub outcome { my ($result) = @_; return $result->{sqlstate} }

# The notice of a receipt; a second question brings it from what is kept.
sub notice { return decode_json(ask('ticket-booking', 'en')->{output})->{notice} }

# A consent to ask about a person, by default the one with both doses; of the limits nothing is asked here.
sub consent
{
    my ($mobile) = @_;

    $observer->value("TRUNCATE $data.charge");
    my $receipt = issue($railway, $mobile // '9825012345', 'Question ' . ++$questions);
    my $otp = otp($observer, $receipt->{jti});
    return $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)") =~ s/'/''/gr;
}

sub status { my $consent = consent(); return decode_json($railway->value("SELECT kycvs_status('$consent')"))->{status} }

# Several ways to write a row, each with what takes it back.
sub is_seen
{
    my ($what, $question, $before, $after, @ways) = @_;

    is($question->(), $before, "$what: before") foreach 1 .. 2;
    while (my ($do, $undo) = splice @ways, 0, 2)
    {
        $observer->value($do);
        is($question->(), $after, "$what: $do") foreach 1 .. 2;
        $observer->value($undo);
        is($question->(), $before, "$what: $undo") foreach 1 .. 2;
    }
    return;
}

# ---- by SQL of a superuser -------------------------------------------------------------

my $usual = sub { outcome(ask('ticket-booking', 'en')) };

is_seen('an entity', $usual, '00000', 'KV004',
    "UPDATE $data.entity SET suspended = true WHERE code = 'irctc'" => "UPDATE $data.entity SET suspended = false WHERE code = 'irctc'",
    "SELECT kycvs.suspend_entity('irctc')" => "SELECT kycvs.resume_entity('irctc')",
    "SET session_replication_role = replica; UPDATE $data.entity SET suspended = true; RESET session_replication_role" => "UPDATE $data.entity SET suspended = false");
is_seen('an entity\'s purpose', $usual, '00000', 'KV005',
    "DELETE FROM $data.entity_purpose WHERE entity = 1" => "INSERT INTO $data.entity_purpose SELECT 1, id FROM $data.purpose WHERE code = 'ticket-booking'");
is_seen('a purpose that nobody has', sub { outcome(ask('boarding', 'en')) }, 'KV005', '00000',
    "SELECT kycvs.add_purpose('boarding', 'On board.'); INSERT INTO $data.entity_purpose SELECT 1, id FROM $data.purpose WHERE code = 'boarding'" =>
      "DELETE FROM $data.entity_purpose USING $data.purpose WHERE id = purpose AND code = 'boarding'");
is_seen('a language', sub { outcome(ask('ticket-booking', 'gu')) }, 'KV009', '00000',
    "SELECT kycvs.add_notice('ticket-booking', 'gu', 'Rasi.')" => "DELETE FROM $data.notice WHERE language = 'gu'");
is_seen('the newest notice', \&notice, notice(), 'Newer.',
    "SELECT kycvs.add_notice('ticket-booking', 'en', 'Newer.')" => "UPDATE $data.notice SET notice = first.notice FROM $data.notice AS first WHERE notice.version = 2 AND first.id = 1");
is_seen('a product', \&status, 2, 1,
    "UPDATE $data.product SET doses_required = 3 WHERE code = 'COVISHIELD'" => "UPDATE $data.product SET doses_required = 2 WHERE code = 'COVISHIELD'");

# ---- what was not committed ------------------------------------------------------------

my $writer = session($node);
$writer->value("BEGIN; UPDATE $data.entity SET suspended = true");
is($usual->(), '00000', 'what is not committed is not seen') foreach 1 .. 2;
$writer->value('ROLLBACK');
is($usual->(), '00000', 'nor what was rolled back');
$writer->value("BEGIN; UPDATE $data.entity SET suspended = true WHERE code = 'irctc'");
is($usual->(), '00000', 'asked while it is being written');
$writer->value('COMMIT');
is($usual->(), 'KV004', 'seen as soon as it is committed');
$observer->value("UPDATE $data.entity SET suspended = false");

# ---- what is undone in parts, or comes from elsewhere ------------------------------------

my $suspend = "UPDATE $data.entity SET suspended = true WHERE code = 'irctc'";
my $resume = "UPDATE $data.entity SET suspended = false WHERE code = 'irctc'";

is_seen('savepoints and two phases', $usual, '00000', 'KV004',
    "BEGIN; SAVEPOINT a; $suspend; RELEASE a; SAVEPOINT b; $resume; ROLLBACK TO b; COMMIT" => "BEGIN; $resume; PREPARE TRANSACTION 'resume'; COMMIT PREPARED 'resume'",
    "BEGIN; $suspend; PREPARE TRANSACTION 'suspend'; COMMIT PREPARED 'suspend'" => $resume);
is_seen('a purpose that is taken away with all others', $usual, '00000', 'KV005',
    "CREATE TABLE was AS SELECT * FROM $data.entity_purpose; TRUNCATE $data.entity_purpose, $data.page" => "INSERT INTO $data.entity_purpose SELECT * FROM was",
    "BEGIN; TRUNCATE $data.entity_purpose, $data.page; INSERT INTO $data.entity_purpose SELECT * FROM was; TRUNCATE $data.entity_purpose, $data.page; COMMIT" =>
      "COPY $data.entity_purpose FROM PROGRAM 'echo 1,1' (FORMAT csv)");

# its messages overflow the queue while the authority does not read it
{
    my $authority = authority_pid($observer);

    stop_process($authority);
    $observer->value($suspend);
    $observer->value("CREATE TEMP TABLE busy (a int)");
    $observer->value("DO 'BEGIN FOR i IN 1..3000 LOOP ALTER TABLE busy ADD b int; ALTER TABLE busy DROP b; COMMIT; IF i % 400 = 0 THEN DROP TABLE busy; CREATE TEMP TABLE busy (a int); END IF; END LOOP; END'");
    $railway->send("SELECT kycvs_issue_otp('" . next_mobile() . "', 'Ramesh Patel', 'ticket-booking')");
    continue_process($authority);
    is($railway->finish->{sqlstate}, 'KV004', 'seen when the message about it was lost with all others');
    is(authority_pid($observer), $authority, 'by the same authority');
    $observer->value($resume);
}

# ---- and it is kept, where the trigger tells of every change ------------------------------

# What is kept is found although nobody may look into the table.
sub locked
{
    $usual->();
    $writer->value("BEGIN; LOCK TABLE $data.entity IN ACCESS EXCLUSIVE MODE");
    my $outcome = $usual->();
    $writer->value('ROLLBACK');
    return $outcome;
}

# A message about something else may have come just before, so it is tried some times.
sub is_kept { return scalar grep { locked() eq '00000' } 1 .. 3 }

ok(is_kept(), 'an entity is kept');
is_seen('the trigger is disabled', $usual, '00000', 'KV004', "ALTER TABLE $data.entity DISABLE TRIGGER kept_changed; $suspend" => $resume);

# pg_restore --disable-triggers leaves it so
$observer->value("ALTER TABLE $data.entity ENABLE TRIGGER ALL");
is_seen('the trigger is an ordinary one', $usual, '00000', 'KV004', "SET session_replication_role = replica; $suspend" => "$resume; RESET session_replication_role");
is(locked(), '55P03', 'nothing is kept meanwhile');
$observer->value("ALTER TABLE $data.entity ENABLE ALWAYS TRIGGER kept_changed");
ok(is_kept(), 'it is again when the trigger fires always');

# ---- nothing of it depends on whom was asked about -----------------------------------------

$observer->value("SELECT kycvs.record_dose(kycvs.register_person('9825054321', 'Ramesh Patel'), 'COVAXIN', '2021-04-02')");
my @consents = map { consent($_) } '9825012345', '9825054321', next_mobile();
status();
$writer->value("BEGIN; LOCK TABLE $data.product IN ACCESS EXCLUSIVE MODE");
my @outcomes = map { outcome($railway->run("SELECT kycvs_status('$_')")) } @consents;
$writer->value('ROLLBACK');
is("@outcomes", join(' ', ($outcomes[0]) x 3), 'that a product was looked up a moment ago does not show in locks');

# ---- every table that is kept has such a trigger -------------------------------------------

my @kept = sort map { slurp_file($_) =~ /KYCVS_KEPT_TABLE\("(\w+)"/g } glob "$FindBin::RealBin/../src/*.c";
cmp_ok(scalar @kept, '>', 5, 'tables that are kept, by the sources');
is($observer->value("SELECT string_agg(c.relname, ' ' ORDER BY c.relname COLLATE \"C\") FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'kept_changed' AND t.tgenabled = 'A'"),
    "@kept", 'have the trigger');
is_seen('a database that was made before there were such triggers', $usual, '00000', 'KV004', "DROP TRIGGER kept_changed ON $data.entity; $suspend" => $resume);

$node->stop;
done_testing();
