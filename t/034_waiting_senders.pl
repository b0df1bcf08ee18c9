# Senders that wait in kycvs.await_messages: they get a message in the
# transaction that makes it, nobody gets it twice, whoever leaves leaves
# nothing behind, and the authority killed under them answers nobody (T4, T12).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Kycvs;
use Test::More;

# Few slots, so that the next session has the slot of the one before.
my $node = new_registry('waiting', conf => <<'CONF');
max_connections = 30
superuser_reserved_connections = 0
client_connection_check_interval = 20ms
CONF
$node->safe_psql('registry', 'CREATE ROLE courier LOGIN IN ROLE kycvs_sender');

my $observer = session($node);
my $railway = session($node, user => 'railway');
my $courier = session($node, user => 'courier');
my $await = 'SELECT id FROM kycvs.await_messages(100)';

sub rows { my ($result) = @_; return scalar(() = $result->{output} =~ /^\d+$/mg) }

sub audited { return $observer->value("SELECT count(*) FROM kycvs_data.audit WHERE event = 'next_messages'") }

# A sender that waits; the authority has nothing to do meanwhile.
sub waiting
{
    my ($session, $sql) = @_;
    $session->send($sql // $await);
    wait_in_call($observer, $session);
    authority_idle($observer);
    return $session;
}

# ---- one sender ------------------------------------------------------------------------

my $audited = audited();
my $nothing = $courier->run("SELECT id FROM kycvs.await_messages(100, '200 ms')");
is(rows($nothing), 0, 'a sender for whom there is nothing gets nothing');
cmp_ok($nothing->{seconds}, '>=', 0.19, 'after it has waited');
is(rows($courier->run("SELECT id FROM kycvs.await_messages(100, '0')")), 0, 'or at once, when it does not want to wait');
is(audited(), $audited, 'and leaves no audit row');

issue($railway, next_mobile());
issue($railway, next_mobile());
is(rows($courier->run($await)), 2, 'what is there is had at once');

waiting($courier);
issue($railway, next_mobile());
is(rows($courier->finish), 1, 'what comes while it waits, too');
is(audited(), $audited + 2, 'with an audit row each');
is($observer->value(<<'SQL'), 't', 'claimed in the transaction that made the message');
SELECT c.xmin = m.xmin OR c.xmin::text::bigint - m.xmin::text::bigint BETWEEN -3 AND 3
FROM kycvs_data.message m JOIN kycvs_data.challenge c ON c.id = m.challenge ORDER BY m.id DESC LIMIT 1
SQL

waiting($courier, 'SELECT id FROM kycvs.await_messages(1)');
issue($railway, next_mobile()) foreach 1 .. 2;
is(rows($courier->finish), 1, 'no more than it wants');
is(rows($courier->run($await)), 1, 'the next call has the rest');

my $leased = $observer->value("SELECT max(id) FROM kycvs_data.message");
waiting($courier);
$observer->value("UPDATE kycvs_data.message SET claimed_until = now() WHERE id = $leased");
is($courier->finish->{output}, $leased, 'a message whose lease ends while a sender waits is had by it');

# ---- several ---------------------------------------------------------------------------

my @couriers = sessions($node, 10, user => 'courier');
my $newest = $observer->value('SELECT max(id) FROM kycvs_data.message');
$_->send($await) foreach @couriers;
issue($railway, next_mobile()) foreach 1 .. 5;
my @had = map { split /\n/, $_->finish->{output} } @couriers;
is_deeply([ sort { $a <=> $b } @had ], [ $newest + 1 .. $newest + 5 ], 'ten senders at once: each message is had by one of them');
$_->send("SELECT count(*) FROM kycvs.await_messages(100, '300 ms')") foreach @couriers;
is_deeply([ map { $_->finish->{output} } @couriers ], [ (0) x 10 ], 'and more than may wait are all answered');

# ---- senders that leave -------------------------------------------------------------------

foreach my $way (qw(cancel terminate kill timeout))
{
    my $leaver = $couriers[0];
    if ($way ne 'cancel')
    {
        $leaver = session($node, user => 'courier');
        $leaver->value("SET statement_timeout = '100 ms'") if $way eq 'timeout';
    }
    $way eq 'timeout' ? $leaver->send($await) : waiting($leaver);
    $observer->value('SELECT pg_cancel_backend(' . $leaver->pid . ')') if $way eq 'cancel';
    $observer->value('SELECT pg_terminate_backend(' . $leaver->pid . ')') if $way eq 'terminate';
    $leaver->kill_client if $way eq 'kill';
    if ($way eq 'kill') { poll($observer, 'SELECT count(*) FROM pg_stat_activity WHERE pid = ' . $leaver->pid, 0) }
    else { like($leaver->finish->{sqlstate}, qr/^(?:57014|57P01|lost)$/, "$way: the wait is over") }

    issue($railway, next_mobile());
    my $message = $observer->value('SELECT max(id) FROM kycvs_data.message');
    is($observer->value("SELECT claimed_until FROM kycvs_data.message WHERE id = $message"), '-infinity', "$way: nothing is claimed for a sender that is gone");
    is($courier->run($await)->{output}, $message, "$way: the next one has it");
    my $next = $way eq 'cancel' ? $leaver : session($node, user => 'courier');
    is($next->run("SELECT count(*) FROM kycvs.await_messages(1, '10 ms')")->{output}, 0, "$way: and its slot is free");
    still_answers($observer, $railway, $way);
}

# ---- an authority that leaves ----------------------------------------------------------------

waiting($courier);
my $pid = authority_pid($observer);
$observer->value("SELECT pg_terminate_backend($pid)");
my $result = $courier->finish;
is($result->{sqlstate}, 'KV050', 'authority terminated: who waited is told');
poll($observer, "SELECT count(*) = 1 AND min(pid) <> $pid FROM pg_stat_activity WHERE backend_type = 'kycvs authority'");
waiting($courier);
issue($railway, next_mobile());
is(rows($courier->finish), 1, 'and is served by the next one');

waiting($courier);
$observer->value('ALTER SYSTEM SET kycvs.countries = \'977\'');
$node->reload;
issue($railway, next_mobile());
is(rows($courier->finish), 1, 'a reload disturbs nobody');

# ---- the extension that leaves ------------------------------------------------------------------

waiting($courier);
$observer->value('REVOKE kycvs_sender FROM courier');
issue($railway, next_mobile());
is($courier->finish->{sqlstate}, '42501', 'who is no sender any more gets nothing');
$observer->value('GRANT kycvs_sender TO courier');
is(rows($courier->run($await)), 1, 'the message waits for one who is');

# what a call holds in its own transaction keeps the extension from being dropped under it
waiting($courier);
$result = $observer->run("SET lock_timeout = '100 ms'; SET client_min_messages = error; DROP EXTENSION kycvs CASCADE");
if ($result->{sqlstate} eq '00000')
{
    like($courier->finish->{sqlstate}, qr/^(?:KV050|00000)$/, 'extension dropped: who waited is told');
}
else { is($courier->finish->{sqlstate}, '00000', 'extension not dropped: who waited got nothing') }
is($observer->value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'kycvs authority'"), 1, 'the authority is there');

$_->quit foreach $observer, $railway, $courier, @couriers;
$node->stop;
done_testing();
