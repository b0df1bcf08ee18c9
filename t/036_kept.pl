# What the authority keeps in its memory of small tables (src/kept.c) is never
# older than the last commit, whoever wrote it and by whatever way: the call
# after it is answered by the new state, also when there had been no row at all.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP qw(decode_json);
use Kycvs;
use Test::More;

my $node = new_registry('kept');
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

# What the person with both doses is answered; of the limits nothing is asked here.
sub status
{
    $observer->value("TRUNCATE $data.charge");
    my $receipt = issue($railway, '9825012345', 'Question ' . ++$questions);
    my $otp = otp($observer, $receipt->{jti});
    return decode_json($railway->value("SELECT kycvs_status(kycvs_verify_otp('$receipt->{jti}', '$otp', true))"))->{status};
}

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

# ---- and it is kept: without the trigger nobody would tell the authority -----------------

$observer->value("ALTER TABLE $data.entity DISABLE TRIGGER kept_changed");
is($usual->(), '00000', 'asked without the trigger');
$observer->value("UPDATE $data.entity SET suspended = true WHERE code = 'irctc'");
is($usual->(), '00000', 'a row that was written without the trigger is not seen');
$observer->value("ALTER TABLE $data.entity ENABLE ALWAYS TRIGGER kept_changed");
is($usual->(), 'KV004', 'and is with the next change of the table');
is($observer->value("SELECT string_agg(tgrelid::regclass::text, ' ' ORDER BY tgrelid::regclass::text) FROM pg_trigger WHERE tgname = 'kept_changed' AND tgenabled = 'A'"),
    join(' ', map { "$data.$_" } qw(entity entity_purpose notice product purpose rule_interval rules sms_route sms_text)), 'every table that is kept has one');

$node->stop;
done_testing();
