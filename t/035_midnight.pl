# Days are days in kycvs.timezone: at its midnight, and not at anybody else's, a
# wait ends, an age is reached, a dose of today can be recorded and an answer expires.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP;
use Kycvs;
use Test::More;
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->canonical->utf8;
my $node = new_registry('midnight');
my $observer = session($node);
my $railway = session($node, user => 'railway');

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# ---- India's day begins at 18:30 of Greenwich's ----------------------------------------

my $ramesh = $observer->value('SELECT id FROM kycvs_data.person');
my $today = "SELECT given_on FROM kycvs.explain($ramesh) WHERE dose_number IS NULL";
is($observer->value("SELECT ($today) = (clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::date"), 't', 'today is India\'s day');
$observer->value('SET TimeZone = \'Pacific/Kiritimati\'');
is($observer->value("SELECT ($today) = (clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::date"), 't', 'whatever the session\'s time zone is');
$observer->value('RESET TimeZone');

# ---- a zone whose day ends with a minute that is near -----------------------------------

my $ends = 60 * (int((time() + 12) / 60) + 1);
my $east = (86400 - $ends % 86400) % 86400;
my $away = $east > 43200 ? 86400 - $east : $east;
my $zone = sprintf '<DAY>%s%02d:%02d', $east > 43200 ? '+' : '-', int($away / 3600), int($away / 60) % 60;
$observer->value("ALTER SYSTEM SET kycvs.timezone = '$zone'");
$node->reload;
poll($observer, 'SHOW kycvs.timezone', $zone);
authority_idle($observer);
my $day = $observer->value("SELECT (to_timestamp($ends) AT TIME ZONE '$zone' - interval '1 second')::date");

sub days { my ($ago) = @_; return "date '$day' - $ago" }

# A consent of somebody with two doses, so many days ago.
sub consent_of
{
    my ($name, $first, $second) = @_;
    my $mobile = next_mobile();
    $observer->value("SELECT kycvs.register_person('$mobile', '$name') AS person \\gset\n"
          . "SELECT kycvs.record_dose(:person, 'COVISHIELD', " . days($first) . "), kycvs.record_dose(:person, 'COVISHIELD', " . days($second) . ')');
    my $receipt = $json->decode($railway->value("SELECT kycvs_issue_otp('$mobile', '$name', 'ticket-booking', '$name')"));
    my $otp = otp($observer, $receipt->{jti});
    return $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '$otp', true)");
}

sub answer { my ($consent) = @_; return $json->decode($railway->value('SELECT kycvs_status(' . quoted($consent) . ')')) }

$observer->value('SELECT kycvs.set_rules(\'irctc\', \'eu-2022\')');
my %consent = (wait => consent_of('Asha Bose', 100, 13), age => consent_of('Bina Roy', 400, 270));
my %before = map { $_ => answer($consent{$_}) } keys %consent;
my $next = "SELECT kycvs.record_dose($ramesh, 'COVAXIN', " . days(-1) . ')';
my $refused = $observer->run($next)->{sqlstate};
my $explained = $observer->value($today);
die 'too slow' if time() >= $ends;
is("$before{$_}{as_of} $before{$_}{exp}", "$day $ends", "before midnight, $_: the answer is of this day and ends with it") foreach sort keys %consent;
is($before{wait}{status}, 1, 'before midnight: on the 13th day of 14');
is($before{age}{status}, 2, 'before midnight: on the 270th day of 270');
is($refused, 'KV043', 'before midnight: tomorrow\'s dose is in the future');
is($explained, $day, 'before midnight: a status of today is explained');

while (time() <= $ends) { sleep(0.05) }
my %after = map { $_ => answer($consent{$_}) } keys %consent;
my $tomorrow = $observer->value("SELECT date '$day' + 1");
is($after{$_}{as_of}, $tomorrow, "after midnight, $_: the answer is of the next day") foreach sort keys %consent;
is($after{wait}{status}, 2, 'after midnight: the wait is over');
is($after{age}{status}, 1, 'after midnight: too old');
is($observer->run($next)->{sqlstate}, '00000', 'after midnight: the dose is today\'s');
is($observer->value($today), $tomorrow, 'after midnight: the next day is explained');
is($railway->run('SELECT kycvs_verify(' . quoted($json->encode($before{age})) . ', \'irctc\', \'Bina Roy\')')->{sqlstate}, 'KV033', 'the answer of the day before has expired');
is($railway->run('SELECT kycvs_verify(' . quoted($json->encode($after{age})) . ', \'irctc\', \'Bina Roy\')')->{sqlstate}, '00000', 'that of the new day is good');

$_->quit foreach $observer, $railway;
$node->stop;
done_testing();
