# A mobile that the registry knows and one that it does not look alike: same
# shape of documents, same refusals, same rows and the same bytes of WAL, which
# any role can read, for each step of an exchange. So does a known mobile with
# another name, and one that a family of six shares. Nor does a group of three
# show how many of its names are known, or how many persons share the mobile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = 50;
my @kinds = ('known', 'known by another name', 'family of six', 'unknown');

# Nothing but the calls writes WAL, and no full pages.
my $node = new_registry('looks_alike', conf => <<'CONF');
full_page_writes = off
autovacuum = off
checkpoint_timeout = 1h
max_wal_size = 2GB
CONF
my $observer = session($node);
my $railway = session($node, user => 'railway');
$observer->value('SELECT kycvs.set_budget(\'irctc\', 1000)');

# Rules of many rows: they are read for nobody as for somebody.
$observer->value('SELECT kycvs.set_rules(\'irctc\', \'in-2021-intervals\')');

# ---- mobiles of four kinds ---------------------------------------------------------

sub mobile_of { my ($kind, $n) = @_; return sprintf '9%d%08d', $kind, 1000 + $n }

foreach my $n (1 .. $rounds + 40)
{
    $observer->value(join "\n",
        (map { "SELECT kycvs.record_dose(kycvs.register_person('$_->[0]', '$_->[1]'), 'SPUTNIK-LIGHT', '2021-07-01');" }
              [ mobile_of(0, $n), 'Ramesh Patel' ], [ mobile_of(1, $n), 'Jyotsna Krishnamurthy' ], [ mobile_of(2, $n), 'Ramesh Patel' ]),
        map { "SELECT kycvs.register_person('" . mobile_of(2, $n) . "', '$_ Patel');" } qw(Hetal Geeta Meera Suresh Kiran));
}

# ---- one call, and what it wrote -------------------------------------------------------

# Bytes of records before an LSN, without the headers of pages and segments (24 of 8192, 40 of the first of 16 MB).
sub record_bytes
{
    my ($lsn) = @_;
    my ($high, $low) = map { hex } split m{/}, $lsn;
    my $at = ($high << 32) + $low;
    my $pages = int(($at + 8191) / 8192);
    return $at - 24 * $pages - 16 * int(($at + 16 * 1024 * 1024 - 1) / (16 * 1024 * 1024));
}

my (%wal, %milliseconds);

# Returns the document; the bytes of WAL that any role sees are kept.
sub measure
{
    my ($step, $kind, $call) = @_;
    my ($before, $document, $after, $time) = split /\|/, $railway->value(<<"SQL");
SELECT pg_current_wal_insert_lsn(), kycvs_to_jwt($call), pg_current_wal_insert_lsn(), extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000
SQL
    push @{ $wal{$step}{ $kinds[$kind] } }, record_bytes($after) - record_bytes($before);
    push @{ $milliseconds{$step}{ $kinds[$kind] } }, $time;
    return $railway->value("SELECT kycvs_from_jwt('$document')");
}

sub quoted { return $_[0] =~ s/'/''/gr }

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[ $#sorted / 2 ] }

# Each kind in turn, in another order every round, so that what grows grows for all.
sub every_kind
{
    my ($do) = @_;
    foreach my $n (1 .. $rounds)
    {
        $do->(($_ + $n) % @kinds, $n) foreach 0 .. $#kinds;
    }
}

my (@receipt, @consent, @answer);

sub issue_call { return "kycvs_issue_otp('" . mobile_of(@_) . "', 'Ramesh Patel', 'ticket-booking', 'PNR 1')" }

sub verify_call
{
    my ($kind, $n) = @_;
    my $txn = decode_json($receipt[$kind][$n])->{jti};
    return "kycvs_verify_otp('$txn', '" . otp($observer, $txn) . "', true)";
}

sub status_call { my ($kind, $n) = @_; return "kycvs_status('" . quoted($consent[$kind][$n]) . "')" }

every_kind(sub
    {
        my ($kind, $n) = @_;
        $receipt[$kind][$n] = measure('issue', $kind, issue_call($kind, $n));
    });
my $wrong = 0;
every_kind(sub
    {
        my ($kind, $n) = @_;
        my $txn = decode_json($receipt[$kind][$n])->{jti};
        my $call = "kycvs.try_verify_otp('$txn', '" . sprintf('%06d', (otp($observer, $txn) + 1) % 1000000) . '\', true)';
        my ($before, $error, $after) = split /\|/, $railway->value("SELECT pg_current_wal_insert_lsn(), $call, pg_current_wal_insert_lsn()");
        $wrong++ if decode_json($error)->{error} eq 'KV010';
        push @{ $wal{'wrong OTP'}{ $kinds[$kind] } }, record_bytes($after) - record_bytes($before);
    });
is($wrong, $rounds * @kinds, 'a wrong OTP is a wrong OTP, for all');
every_kind(sub
    {
        my ($kind, $n) = @_;
        $consent[$kind][$n] = measure('verify', $kind, verify_call($kind, $n));
    });
every_kind(sub
    {
        my ($kind, $n) = @_;
        $answer[$kind][$n] = measure('status', $kind, status_call($kind, $n));
    });
every_kind(sub
    {
        my ($kind, $n) = @_;
        measure('status again', $kind, status_call($kind, $n));
    });

foreach my $step ('issue', 'wrong OTP', 'verify', 'status', 'status again')
{
    my %median = map { $_ => median(@{ $wal{$step}{$_} }) } @kinds;
    cmp_ok($median{unknown}, '>', 0, "$step: $median{unknown} bytes of WAL");
    is($median{$_}, $median{unknown}, "$step: as many for: $_") foreach @kinds[ 0 .. 2 ];
    note("$step: ms ", join ', ', map { sprintf '%s %.2f', $_, median(@{ $milliseconds{$step}{$_} }) } @kinds) if $milliseconds{$step};
}

# ---- documents ----------------------------------------------------------------------------

# Members and lengths of their values; of what is a number, the kind of value alone.
sub shape
{
    my ($document, %except) = @_;
    my $members = decode_json($document);
    return join ' ', map { $_ . ($except{$_} || $members->{$_} =~ /^\d+$/ ? '' : '=' . length $members->{$_}) } sort keys %$members;
}

foreach my $set ([ receipt => \@receipt ], [ consent => \@consent ], [ answer => \@answer, match => 1 ])
{
    my ($name, $documents, %except) = @$set;
    my %shapes = map { shape($_, %except) => 1 } map { @{$_}[ 1 .. $rounds ] } @$documents;
    is(scalar keys %shapes, 1, "every $name has the same claims, of the same length") or diag(join "\n", keys %shapes);
}
is_deeply(
    [ map { my $kind = $_; join ' ', keys %{ { map { my $a = decode_json($_); "$a->{status} $a->{match}" => 1 } @{ $answer[$kind] }[ 1 .. $rounds ] } } } 0 .. $#kinds ],
    [ '2 exact', '0 none', '2 exact', '0 none' ], 'only the answer itself differs');
is_deeply([ map { my $kind = $_; scalar(grep { length($_) == length $receipt[3][1] } @{ $receipt[$kind] }[ 1 .. $rounds ]) } 0 .. $#kinds ],
    [ ($rounds) x @kinds ], 'receipts are of the same length');

# ---- rows ------------------------------------------------------------------------------------

# What any role can see of the authority's work: rows inserted, updated, deleted and read, blocks read;
# besides, how many rows of each size there are. The authority reports its counters a second later at the
# next occasion, which health() is: that writes nothing.
sub seen
{
    my $known = "SELECT relname FROM pg_class WHERE relnamespace = 'kycvs_data'::regnamespace AND relname ~ '^(person|dose|product|rule)'";    # where it matters what is known
    my $exchange = "'challenge', 'challenge_person', 'message', 'consent', 'consent_person', 'answer', 'charge', 'audit'";
    my $reported = "SELECT n_tup_ins FROM pg_stat_all_tables WHERE schemaname = 'kycvs_data' AND relname = 'audit'";
    poll($observer, "SELECT ($reported) = (SELECT count(*) FROM kycvs_data.audit) FROM kycvs.health() LIMIT 1");
    return { map { /^(.*)\|(.*)$/ } split /\n/, $observer->value(join ' UNION ALL ',
            (map { "SELECT relname || ' $_', $_ FROM pg_stat_all_tables WHERE schemaname = 'kycvs_data'" } qw(n_tup_ins n_tup_upd n_tup_del)),
            (map { "SELECT relname || ' $_', $_ FROM pg_stat_all_tables WHERE relname IN ($known)" } qw(seq_scan seq_tup_read idx_scan idx_tup_fetch)),
            (map { "SELECT relname || ' $_', $_ FROM pg_statio_all_tables WHERE relname IN ($known)" } qw(heap_blks_hit heap_blks_read idx_blks_hit idx_blks_read)),
            (map { "SELECT indexrelname || ' $_', $_ FROM pg_stat_all_indexes WHERE relname IN ($known) OR relname IN ($exchange)" } qw(idx_scan idx_tup_read idx_tup_fetch)),
            (map { "SELECT '$_ of size ' || pg_column_size(t), count(*) FROM kycvs_data.$_ AS t GROUP BY pg_column_size(t)" } qw(challenge challenge_person message consent consent_person answer charge audit))) };
}

# All that a step has changed in any table, for the mobiles of one kind.
my @more = ($rounds + 1 .. $rounds + 20);
my $now = seen();
my %changed;

sub watch
{
    my ($step, $kind, $do) = @_;
    my $before = $now;
    $do->($_) foreach @more;
    $now = seen();
    $changed{$step}{ $kinds[$kind] } = { map { my $n = $now->{$_} - ($before->{$_} // 0); $n ? ($_ => $n) : () } keys %$now };
}

foreach my $kind (0 .. $#kinds)
{
    watch('issue', $kind, sub { my ($n) = @_; $receipt[$kind][$n] = $railway->value('SELECT ' . issue_call($kind, $n)) });
}
otp($observer, decode_json($receipt[0][ $more[0] ])->{jti});    # claims them all
$now = seen();
foreach my $kind (0 .. $#kinds)
{
    watch('verify', $kind, sub { my ($n) = @_; $consent[$kind][$n] = $railway->value('SELECT ' . verify_call($kind, $n)) });
}
foreach my $kind (0 .. $#kinds)
{
    watch('status', $kind, sub { my ($n) = @_; $railway->value('SELECT ' . status_call($kind, $n)) });
}

# The same for a group of three, of whom two, one or none are known.
my @group_consent;
foreach my $kind (0 .. $#kinds)
{
    watch('issue of a group', $kind, sub
        {
            my ($n) = @_;
            $receipt[$kind][$n] = $railway->value("SELECT kycvs_issue_group_otp('" . mobile_of($kind, $n) . "', '{Ramesh Patel,Hetal Patel,Vina Patel}', 'ticket-booking', 'PNR 1')");
        });
}
otp($observer, decode_json($receipt[0][ $more[0] ])->{jti});
$now = seen();
foreach my $kind (0 .. $#kinds)
{
    watch('verify of a group', $kind, sub { my ($n) = @_; $group_consent[$kind][$n] = $railway->value('SELECT ' . verify_call($kind, $n)) });
}
my %matches;
foreach my $kind (0 .. $#kinds)
{
    watch('status of a group', $kind, sub
        {
            my ($n) = @_;
            my $consent = quoted($group_consent[$kind][$n]);
            $matches{$kind}{ $railway->value("SELECT string_agg(answer ->> 'match', ' ' ORDER BY n) FROM kycvs_status_group('$consent')") }++;
        });
}
is_deeply([ map { join ', ', keys %{ $matches{$_} } } 0 .. $#kinds ],
    [ 'exact none none', 'none none none', 'exact exact none', 'none none none' ], 'each name of a group is answered for itself');

# Of these changes: those that are reads, or those that are not.
sub part
{
    my ($changes, $reads) = @_;
    return { map { $_ => $changes->{$_} } grep { /seq_|idx_|blks/ ? $reads : !$reads } keys %$changes };
}

foreach my $step ('issue', 'verify', 'status', 'issue of a group', 'verify of a group', 'status of a group')
{
    my $unknown = $changed{$step}{unknown};
    is($unknown->{'audit n_tup_ins'}, ($step eq 'status of a group' ? 3 : 1) * @more, "$step: one row of the audit for each document");
    is_deeply(part($changed{$step}{$_}, 0), part($unknown, 0), "$step: the same rows, of the same sizes, for: $_") foreach @kinds[ 0 .. 2 ];
    is_deeply(part($changed{$step}{$_}, 1), part($unknown, 1), "$step: the same reads for: $_") foreach @kinds[ 0 .. 2 ];
    note("$step: ", join ', ', map { "$_ $unknown->{$_}" } sort keys %$unknown);
}
is(scalar(grep { /^consent of size/ } keys %{ $changed{verify}{$_} }), 1, "consents are of one size: $_") foreach @kinds;
is(scalar(grep { /^consent_person of size/ } keys %{ $changed{'verify of a group'}{$_} }), 1, "persons of a group are of one size: $_") foreach @kinds;
my $written = 0;
$written += $now->{$_} foreach grep { /^person_\d+ n_tup_ins/ } keys %$now;
is($written, $observer->value('SELECT count(*) FROM kycvs_data.person'), 'nothing is written about persons');

# ---- what others did -----------------------------------------------------------------------------

# Whether another entity has asked about a mobile before, and how often it failed, shows in no counter either.
my $airline = session($node, user => 'airline');
my @asked = map { sprintf '8%09d', $_ } 1 .. 20;
my @fresh = map { sprintf '8%09d', $_ } 21 .. 40;

foreach my $mobile (@asked)
{
    my $txn = scalar_of($airline->value("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR 1')"), 'jti');
    $airline->value("SELECT kycvs.try_verify_otp('$txn', 'x', true)") foreach 1 .. 3;
}
$now = seen();

my %theirs;
foreach my $kind (\@asked, \@fresh)
{
    my $name = $kind == \@asked ? 'asked about before' : 'fresh';
    my $before = $now;
    foreach my $mobile (@$kind)
    {
        my $txn = scalar_of($railway->value("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR 1')"), 'jti');
        $railway->value("SELECT kycvs.try_verify_otp('$txn', 'x', true)");
    }
    $now = seen();
    $theirs{$name} = { map { my $n = $now->{$_} - ($before->{$_} // 0); $n ? ($_ => $n) : () } grep { !/blks/ } keys %$now };
}
is($theirs{fresh}{'charge n_tup_ins'}, 4 * @fresh, 'limits count a message and a failure, of mobile and of entity');
is_deeply($theirs{'asked about before'}, $theirs{fresh}, 'whether another entity asked before shows in no counter');

# ---- refusals ------------------------------------------------------------------------------------

# What somebody is told who does everything wrong, word for word.
sub refusals
{
    my ($kind, $n) = @_;
    my $mobile = mobile_of($kind, $n);
    my $issue = sub { return "SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $_[0]')" };
    my @told;
    my $tell = sub {
        my $result = $railway->run($_[0]);
        my $error = $result->{error} =~ s/^psql:.*?: //mgr;
        push @told, "$result->{sqlstate} $error";
        return $result->{output};
    };
    my $txn = decode_json($tell->($issue->(1)))->{jti};
    my $otp = otp($observer, $txn);
    my $wrong = sprintf '%06d', ($otp + 1) % 1000000;
    $tell->("SELECT kycvs_verify_otp('$txn', '$otp')");
    $tell->("SELECT kycvs_resend_otp('$txn')");
    $tell->("SELECT kycvs_verify_otp('$txn', '$wrong', true)") foreach 1 .. 4;
    $txn = decode_json($tell->($issue->(2)))->{jti};
    $otp = otp($observer, $txn);
    my $consent = quoted($tell->("SELECT kycvs_verify_otp('$txn', '$otp', true)"));
    $tell->("SELECT kycvs_verify_otp('$txn', '$wrong', true)");
    $tell->("SELECT kycvs_status('$consent', current_date + 30)");
    $tell->("SELECT kycvs_status(jsonb_set('$consent', '{uses}', '9'))");
    $tell->($issue->($_)) foreach 3 .. 6;
    return [ map { s/\d+ seconds/some seconds/r } @told ];
}

my @told = map { refusals($_, $rounds + 30) } 0 .. $#kinds;
is(join(' ', map { substr $_, 0, 5 } @{ $told[3] }),
    '00000 KV006 KV007 KV010 KV010 KV010 KV012 00000 00000 KV014 KV008 KV020 00000 00000 00000 KV007', 'an unknown mobile is refused what is to be refused');
is_deeply($told[$_], $told[3], "in the same words as: $kinds[$_]") foreach 0 .. 2;

$_->quit foreach $observer, $railway, $airline;
$node->stop;
done_testing();
