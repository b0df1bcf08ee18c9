# Pumping: somebody has an entity ask for thousands of OTPs, because each text is
# paid for. No more are claimed in a minute than the caps allow, by however many
# senders; the rest waits, and is dropped when its time is over. Other entities'
# messages do not wait behind it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use Test::More;
use Time::HiRes qw(sleep time);

my ($flood, $others, $in_all, $by_route) = (3000, 301, 70, 40);
my $asked = $flood + $others;
my $node = new_registry('pumping', conf => "kycvs.messages_per_minute = $in_all");
my $observer = session($node);
my $railway = session($node, user => 'railway');
$node->safe_psql('registry', <<"SQL");
CREATE ROLE courier LOGIN IN ROLE kycvs_sender;
CREATE ROLE metro LOGIN;
SELECT kycvs.add_entity('metro', 'Metro', 'metro', ARRAY['ticket-booking']);
SELECT kycvs.add_sms_route('first', 'https://first.example/?to={to}&text={text}', priority => 10, per_minute => $by_route);
SELECT kycvs.add_sms_route('second', 'https://second.example/?to={to}&text={text}', priority => 20, per_minute => $by_route);
SQL
my @couriers = sessions($node, 4, user => 'courier');

my $issue = 'SELECT count(kycvs_issue_otp((9820000000 + n)::text, \'Ramesh Patel\', \'ticket-booking\', \'PNR\')) FROM generate_series(%d, %d) AS n';
is($railway->value(sprintf $issue, 1, $flood), $flood, "one entity has $flood OTPs");

# Somebody else has one; it is not the last.
my $airline = session($node, user => 'airline');
my $of_airline = 'SELECT count(*) FROM kycvs_data.message JOIN kycvs_data.entity ON entity.id = message.entity WHERE entity.role = \'airline\' AND in_hand';
$airline->value(sprintf $issue, 1, 1);

# Everything that can be had until a little after the next minute has begun, and when.
my %had;
my $audit = 'SELECT coalesce(max(id), 0) FROM kycvs_data.audit';
my $from = $observer->value($audit);
my $first = $couriers[0]->value('SELECT string_agg(id || \' \' || route, \',\') FROM kycvs.next_messages(2)');
is($observer->value($of_airline), 1, 'one of the next two messages is another entity\'s');
$had{ (split / /)[1] }{ (split / /)[0] }++ foreach split /,/, $first;
my $until = 60 * (int(time() / 60) + 1) + 3;
my $more = $others - 1;
while (time() < $until)
{
    $_->send('SELECT id || \' \' || route FROM kycvs.next_messages(1000)') foreach @couriers;
    foreach my $row (map { split /\n/, $_->finish->{output} } @couriers)
    {
        my ($id, $route) = split / /, $row;
        $had{$route}{$id}++;
    }
    # when the first has had all it may, there is some left for others
    $airline->value(sprintf $issue, 2, $others) if $more;
    $more = 0;
    sleep 0.2;
}
cmp_ok($observer->value($of_airline), '>=', $in_all / 10, 'a tenth of what may be sent is left for others');
my $twice = grep { $_ > 1 } map { values %$_ } values %had;
my %minute = map { split /\|/ } split /\n/,
  $observer->value("SELECT date_trunc('minute', at), sum(object) FROM kycvs_data.audit WHERE id > $from AND event = 'next_messages' AND outcome = '00000' GROUP BY 1");
my $most = (sort { $b <=> $a } values %minute)[0];

is($twice, 0, 'no message is had twice');
is($most, $in_all, 'in a minute as many are had as all routes together may take');
cmp_ok(scalar(keys %minute), '<=', 3, 'in ' . keys(%minute) . ' minutes');
my $counts = 0;
$counts += keys %$_ foreach values %had;
cmp_ok($counts, '<=', $in_all * keys %minute, "$counts of $asked were had");
cmp_ok(scalar keys %{ $had{$_} }, '<=', $by_route * keys %minute, "no more by route $_ than it may take") foreach qw(first second);
cmp_ok(scalar keys %{ $had{first} }, '>=', $by_route, 'the first route was used as far as it goes');

# What is beyond the caps ends with its OTP, a chunk after the other, without anything being had.
is($observer->value('SELECT waiting FROM kycvs.message_stats WHERE route IS NULL'), $asked, 'the others wait');
$observer->value('UPDATE kycvs_data.message SET expires_at = clock_timestamp() WHERE NOT in_hand');
$couriers[0]->value("SET statement_timeout = '8 s'");
is($couriers[0]->value('SELECT count(*) FROM kycvs.next_messages(1)'), 0, 'nothing may be had any more');
is($observer->value('SELECT expired, waiting FROM kycvs.message_stats WHERE route IS NULL'), ($asked - $counts) . "|$counts", 'and are counted as too late');
is($observer->value('SELECT count(*) FROM kycvs_data.message WHERE state = \'waiting\''), $counts, 'when the next sender asks for a single one, all are dropped before long');

# without a cap in all, those of the routes remain
$observer->value('ALTER SYSTEM SET kycvs.messages_per_minute = 0');
$node->reload;
authority_idle($observer);
sleep 60.5 - (time() - 60 * int(time() / 60)) if time() - 60 * int(time() / 60) > 45;
$observer->value('UPDATE kycvs_data.sms_count SET claimed = 0');
$observer->value('UPDATE kycvs_data.message SET state = \'sent\' WHERE state = \'waiting\'');
my $share = 2 * $by_route * 0.9;
my $metro = session($node, user => 'metro');
is($metro->value(sprintf $issue, 1, 200), 200, 'a third entity has 200');
is($couriers[0]->value('SELECT count(*) FROM kycvs.next_messages(1000)'), $share, 'both routes take what they may, but for a tenth that is kept for others');

# What an entity had by routes that have failed since is not counted against it, where there is another.
my $third = 50;
$observer->value("SELECT kycvs.add_sms_route('third', 'https://third.example/?to={to}&text={text}', priority => 30, per_minute => $third)");
is($couriers[0]->value("SELECT count(*) FROM kycvs.next_messages(1000, ARRAY['first', 'second'])"), $third * 0.9, 'a third route takes over what it may, but for a tenth');

# Of more than can be sent the oldest would only be sent when it is of no use any more.
$observer->value('SELECT kycvs.remove_sms_route(name) FROM kycvs.sms_routes');
my $left = 200 - $share - $third * 0.9;
my $newest = $observer->value('SELECT max(id) FROM kycvs_data.message');
$observer->value(<<'SQL');
UPDATE kycvs_data.message SET created_at = created_at - interval '1 minute' WHERE state = 'waiting' AND NOT in_hand;
UPDATE kycvs_data.message SET expires_at = clock_timestamp() WHERE id IN (SELECT id FROM kycvs_data.message WHERE state = 'waiting' AND NOT in_hand ORDER BY id LIMIT 20);
SQL
$metro->value(sprintf $issue, 201, 230);
is($couriers[0]->value("SELECT count(*) || ' ' || (min(id) > $newest) FROM kycvs.next_messages(30)"), '30 true', 'when the oldest has waited for half a minute, the newest go first');
is($observer->value("SELECT count(*) FROM kycvs_data.message WHERE state = 'expired' AND id BETWEEN $newest - 199 AND $newest"), 20, 'and what is too late is dropped before');
is($couriers[0]->value('SELECT count(*) FROM kycvs.next_messages(1000)'), $left - 20, 'without any route nothing is capped');
diag("counts: $asked asked for, $counts claimed in " . keys(%minute) . " minutes, at most $most in one");

$_->quit foreach $observer, $railway, $airline, $metro, @couriers;
$node->stop;
done_testing();
