# Bulk intake: a file is loaded while clerks register the same people, the server
# crashes in the middle three times and the file is loaded again; then every
# person and dose is there once. No number and no name is left in tables, WAL,
# dump or log. Rows that cannot be taken in, pausing, privileges.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $persons = 60_000;
my $columns = '(reference, mobile, name, birth_year, product, given_on, batch)';
my $node = new_registry('intake', conf => <<'CONF');
wal_keep_size = 1GB
max_wal_size = 1GB
CONF
$node->safe_psql('registry', 'CREATE ROLE clerk LOGIN IN ROLE kycvs_registrar');
my $before = $node->safe_psql('registry', 'SELECT count(*) FROM kycvs_data.person');

# ---- the file, and what it holds ---------------------------------------------------

my $folder = tempdir(CLEANUP => 1);
my $file = "$folder/population";
{
    local $ENV{XDG_CACHE_HOME} = $folder;
    system_or_bail('sh', '-c', "'$FindBin::RealBin/../bench/population' --persons $persons > '$file'");
}
my (%person, %dose, @rows, %secret);
foreach my $line (split /\n/, slurp_file($file))
{
    my ($reference, $mobile, $name, $year, $product, $day) = split /\t/, $line;
    push @rows, [ $reference, $mobile, $name, $year, $product, $day ];
    $person{$reference} = 1;
    $dose{"$product|$day"}{$reference} = 1 if $product ne '\N';
}
my $doses = 0;
$doses += keys %$_ foreach values %dose;
foreach my $row (@rows[ map { $_ * int(@rows / 2000) } 0 .. 1999 ])
{
    $secret{ $row->[1] } = 1;
    $secret{ $row->[2] } = 1 if length $row->[2] > 12;
}
$secret{'Statistics Person'} = 1;
append_to_file("$folder/secrets", join '', map { "$_\n" } sort keys %secret);

sub copy_file
{
    my ($name) = @_;
    return $node->psql('registry', "\\copy kycvs.intake $columns from '$name'", extra_params => [ '-U', 'clerk' ]);
}

sub progress
{
    my ($session, $what) = @_;
    return $session->value("SELECT $what FROM kycvs.intake_progress");
}

sub wait_until_done
{
    my ($session) = @_;
    poll($session, "SELECT pg_relation_size('kycvs_data.intake') = 0 AND state = 'done' FROM kycvs.intake_progress");
}

sub count_records { return $node->safe_psql('registry', "SELECT (SELECT count(*) FROM kycvs_data.person) - $before || ' ' || count(*) FROM kycvs_data.dose WHERE recorded_on > '2021-01-01'") }

# ---- three crashes in the middle ---------------------------------------------------

my $observer = session($node);
my $known_doses = $observer->value('SELECT count(*) FROM kycvs_data.dose');
my @half;
foreach my $crash ('immediate stop', 'kill -9 of the maintenance', 'kill -9 of the authority')
{
    is(copy_file($file), 0, "the file is loaded; then: $crash");
    poll($observer, 'SELECT count(*) > ' . (($half[-1] // 0) + 5000) . ' FROM kycvs_data.person');
    if ($crash eq 'immediate stop')
    {
        $observer->quit;
        $node->stop('immediate');
        $node->start;
    }
    else
    {
        my $type = $crash =~ /(maintenance|authority)/ ? "kycvs $1" : die;
        my $pid = $observer->value("SELECT pid FROM pg_stat_activity WHERE backend_type = '$type'");
        kill 'KILL', $pid;
        eval { $observer->quit };
        $node->poll_query_until('registry', 'SELECT true') or die 'no restart';
    }
    $observer = session($node);
    poll($observer, "SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type IN ('kycvs maintenance', 'kycvs authority')");
    push @half, $observer->value('SELECT count(*) FROM kycvs_data.person');
    is($observer->value("SELECT pg_relation_size('kycvs_data.intake')"), 0, 'what was loaded is gone with the crash');
    poll($observer, "SELECT state = 'interrupted' FROM kycvs.intake_progress");
}
ok($half[0] > 5000 && $half[0] < $half[1] && $half[1] < $half[2] && $half[2] < $persons, "it was in the middle each time: @half");

# ---- loaded again, while clerks work on the same people -----------------------------

my $clerk = session($node, user => 'clerk');
is(copy_file($file), 0, 'the file is loaded again');
my %said;
foreach my $row (@rows[ map { $_ * int(@rows / 300) } 0 .. 299 ])
{
    my ($reference, $mobile, $name, $year, $product, $day) = @$row;
    my $registered = $clerk->run("SELECT kycvs.register_person('$mobile', '$name', '$reference', $year)");
    $said{ $registered->{sqlstate} }++;
    next if $registered->{sqlstate} ne '00000' || $product eq '\N';
    $said{ $clerk->run("SELECT kycvs.record_dose($registered->{output}, '$product', '$day')")->{sqlstate} }++;
}
note(join ', ', map { "$_ $said{$_}" } sort keys %said);
is(scalar(grep { !/^(00000|KV043|23505)$/ } keys %said), 0, 'clerks register the same people meanwhile');
wait_until_done($observer);
is(count_records(), "$persons " . ($doses + $known_doses), 'every person and every dose is there once');
my %count = map { $_ => scalar keys %{ $dose{$_} } } keys %dose;
$count{$_}++ foreach 'COVISHIELD|2021-04-02', 'COVISHIELD|2021-07-01';    # Ramesh Patel's
is_deeply({ map { /(.*)\|(\d+)$/ } split /\n/, $observer->value('SELECT code, given_on, count(*) FROM kycvs_data.dose JOIN kycvs_data.product ON id = product GROUP BY 1, 2') },
    \%count, 'of every product and every day');
is(progress($observer, 'rejected'), 0, 'and none was rejected');

is(copy_file($file), 0, 'and once more');
poll($observer, 'SELECT count(*) = 1 FROM kycvs_data.intake_run WHERE rows_done = ' . @rows . ' AND finished_at IS NOT NULL AND persons = 0 AND doses = 0');
wait_until_done($observer);
is(count_records(), "$persons " . ($doses + $known_doses), 'which changes nothing');
is($observer->value("SELECT DISTINCT calling_role FROM kycvs_data.audit WHERE event = 'intake'"), 'clerk', 'the audit says who loaded it');
is($observer->value("SELECT sum(object) >= 2 * @{[ scalar @rows ]} FROM kycvs_data.audit WHERE event = 'intake'"), 't', 'and how much');

# ---- whoever was taken in is found --------------------------------------------------

{
    my ($row) = grep { $_->[4] eq 'COVISHIELD' && $_->[2] =~ /^\w+ \w+$/ } @rows;
    my $railway = session($node, user => 'railway');
    my $txn = scalar_of($railway->value("SELECT kycvs_issue_otp('$row->[1]', '$row->[2]', 'ticket-booking')"), 'jti');
    my $answer = $railway->value("SELECT kycvs_status(kycvs_verify_otp('$txn', '" . otp($observer, $txn) . "', true))");

    like($answer, qr/"match": "exact"/, 'an entity finds a person who was taken in');
    $railway->quit;
}

# ---- what cannot be taken in ----------------------------------------------------------

my @bad = (
    [ '', '9825099991', 'Asha Rane', '1990', '', '', '' ] => 'reference is missing',
    [ "R\x{1}", '9825099991', 'Asha Rane', '', '', '', '' ] => 'reference is not valid',
    [ 'R' x 129, '9825099991', 'Asha Rane', '', '', '', '' ] => 'reference is not valid',
    [ 'B1', '12345', 'Asha Rane', '', '', '', '' ] => 'mobile number is not valid',
    [ 'B2', '9' x 100_000, 'Asha Rane', '', '', '', '' ] => 'mobile number is not valid',
    [ 'B3', '9825099991', '12', '', '', '', '' ] => 'name is not valid',
    [ 'B4', '9825099991', 'a' x 300_000, '', '', '', '' ] => 'name is not valid',
    [ 'B5', '9825099991', 'Asha Rane', '1899', '', '', '' ] => 'birth year is not between 1900 and this year',
    [ 'B6', '9825099991', 'Asha Rane', '90', '', '', '' ] => 'birth year is not between 1900 and this year',
    [ 'B7', '9825099991', 'Asha Rane', '', 'WATER', '2021-04-02', '' ] => 'product is unknown',
    [ 'B8', '9825099991', 'Asha Rane', '', '', '2021-04-02', '' ] => 'product is unknown',
    [ 'B9', '9825099991', 'Asha Rane', '', 'COVAXIN', '', '' ] => 'day is not a date of the form YYYY-MM-DD',
    [ 'B10', '9825099991', 'Asha Rane', '', 'COVAXIN', '2021-02-29', '' ] => 'day is not a date of the form YYYY-MM-DD',
    [ 'B11', '9825099991', 'Asha Rane', '', 'COVAXIN', '02/04/2021', '' ] => 'day is not a date of the form YYYY-MM-DD',
    [ 'B12', '9825099991', 'Asha Rane', '', 'COVAXIN', '2099-01-01', '' ] => 'dose is in the future',
    [ 'B13', '9825099991', 'Asha Rane', '', 'COVAXIN', '2019-12-31', '' ] => 'dose is before 2020, when there was no product to give',
    [ 'B14', '9825099991', 'Asha Rane', '', 'COVAXIN', '2021-04-02', 'x' x 129 ] => 'batch is not valid',
    [ 'B15', '9825099991', 'Asha Rane', '', '', '', 'B-1' ] => 'batch without product and day',
    [ 'B16', '9825099991', 'Asha Rane', '2022', 'COVAXIN', '2021-04-02', '' ] => 'dose is before the year of birth',
    # columns in another order: neither number nor name is kept
    [ '9825099993', 'Asha Rane', 'B17', '', '', '', '' ] => 'mobile number is not valid',
    [ 'Asha Rane', '9825099991', 'B18', '', '', '', '' ] => 'name is not valid',
    # who has the reference is somebody else
    [ 'F2', '9825099992', 'Sunita Rane', '', 'COVAXIN', '2021-04-02', '' ] => 'name is not that of the person with this reference',
    (map { [ "F$_", '9825099992', 'Rane ' . ('', qw(A B C D E F G))[$_], '', '', '', '' ] => $_ < 7 ? undef : 'too many persons on one mobile' } 1 .. 7));
my (@lines, @expected);
while (my ($row, $reason) = splice @bad, 0, 2)
{
    push @lines, join("\t", map { $_ eq '' ? '\N' : $_ } @$row) . "\n";
    my $shown = $row->[0] eq 'Asha Rane' ? '(no digit)' : $row->[0] =~ /^98/ ? '(a mobile number)' : $row->[0] =~ /^\w{1,128}$/ ? $row->[0] : '(none)';
    push @expected, "$shown|$reason" if defined $reason;
}
my %seen;
@expected = grep { !$seen{$_}++ } @expected;
append_to_file("$folder/bad", join '', @lines);
is(copy_file("$folder/bad"), 0, 'a file of rows that are wrong is loaded');
poll($observer, 'SELECT rows_done = ' . @lines . " AND state = 'done' FROM kycvs.intake_progress");
is(progress($observer, "persons || ' ' || doses || ' ' || rejected"), '6 0 ' . (@lines - 6), 'what is right in it is taken in');
is_deeply([ sort split /\n/, $clerk->value('SELECT reference, reason FROM kycvs.intake_rejected') ], [ sort @expected ], 'of the others, reference and reason are left');
is($clerk->value('SELECT kycvs.clear_intake_rejected()'), scalar @expected, 'which can be cleared away');
is($clerk->value('SELECT count(*) FROM kycvs.intake_rejected'), 0, 'and are gone');

# ---- whose a row is -----------------------------------------------------------------------

sub take_in
{
    my (@new) = @_;
    my $values = join ', ', map { '(' . join(', ', map { defined ? "'$_'" : 'NULL' } @$_[ 0 .. 5 ]) . ', NULL)' } @new;
    $clerk->value("INSERT INTO kycvs.intake $columns VALUES $values");
    wait_until_done($observer);
    return progress($observer, "persons || ' ' || doses || ' ' || rejected");
}

sub found
{
    my ($mobile, $name) = @_;
    my $railway = session($node, user => 'railway');
    my $txn = scalar_of($railway->value("SELECT kycvs_issue_otp('$mobile', '$name', 'ticket-booking')"), 'jti');
    my $answer = $railway->value("SELECT kycvs_status(kycvs_verify_otp('$txn', '" . otp($observer, $txn) . "', true))");
    $railway->quit;
    return scalar_of($answer, 'status') . ' ' . scalar_of($answer, 'match');
}

my @first = ('COVISHIELD', '2021-04-02');
my @second = ('COVISHIELD', '2021-07-02');
my @no_dose = (undef, undef);

# what an editor or a spreadsheet leaves around a value is no part of it
is(take_in([ 'T1', '9825044401', 'Bina Rane', undef, @first ], [ "\x{EF}\x{BB}\x{BF}T1", '9825044401', 'Bina Rane', undef, @first ], [ ' T1', '9825044401 ', 'Bina Rane', undef, @first ], [ "T1\t", '9825044401', ' Bina Rane', '1980 ', 'COVISHIELD ', '2021-07-02' ]),
    '1 2 0', 'blanks and byte order marks are no part of a value');

# who had no reference gets the first one; the next namesake is somebody else, and so neither is found
my $twin = $clerk->value("SELECT kycvs.register_person('9825044402', 'Suresh Mehta')");
is(take_in([ 'T2', '9825044402', 'Suresh Mehta', '1990', @first ], [ 'T3', '9825044402', 'Suresh Mehta', '1960', @second ]), '1 2 0', 'two references are two persons');
is($clerk->value("SELECT kycvs.find_person('9825044402', 'Suresh Mehta', 'T2')"), $twin, 'the first is who was there without one');
is(found('9825044402', 'Suresh Mehta'), '0 none', 'and nobody can say who is meant');

# one reference for a household
is(take_in([ 'T4', '9825044403', 'Jyoti Sawant', undef, @first ], [ 'T4', '9825044403', 'Prakash Sawant', undef, @second ], [ 'T4', '9825044403', 'J. Sawant', undef, @first ]), '1 1 1', 'the dose of another name is not given to who has the reference');
is(found('9825044403', 'Jyoti Sawant'), '1 exact', 'who is answered for what they got');

# a record that was merged, and that one merged again
{
    my @chain = map { $clerk->value("SELECT kycvs.register_person('982504441$_', 'Merged Person', 'M$_')") } 1 .. 3;
    is(take_in([ 'M1', '9825044411', 'Merged Person', undef, @first ], [ 'M1', '9825044411', 'Merged Person', undef, @second ]), '0 2 0', 'two doses');
    $clerk->value("SELECT kycvs.revoke_dose($chain[0], 2, 'not hers')");
    $clerk->value("SELECT kycvs.merge_persons($chain[$_], $chain[$_ - 1], 'one person')") foreach 1, 2;
    is(take_in([ 'M1', '9825044411', 'Merged Person', undef, @first ], [ 'M1', '9825044411', 'Merged Person', undef, @second ]), '0 0 0', 'a dose that was revoked does not come back by way of a merge');
    is(found('9825044413', 'Merged Person'), '1 exact', 'what was merged twice answers');
    is(take_in([ 'M1', '9825044411', 'Merged Person', undef, 'COVISHIELD', '2021-09-02' ]), '0 1 0', 'a new dose');
    is(found('9825044413', 'Merged Person'), '2 exact', 'goes to the end of the chain');
}

# who has moved to a mobile is known there, and counts
{
    my $moved = $clerk->value("SELECT kycvs.register_person('9825044421', 'Gita Naik', 'G1')");
    $clerk->value("SELECT kycvs.change_mobile($moved, '9825044422', 'moved')");
    is(take_in([ 'G1', '9825044422', 'Gita Naik', undef, @first ], [ 'G1', '9825044422', 'Gita Naik', undef, @second ], map { [ "G1$_", '9825044422', (qw(Asha Bina Chetan Divya Esha Farah))[ $_ - 1 ] . ' Iyer', undef, @no_dose ] } 1 .. 6),
        '5 2 1', 'there is room for five more, not for six');
    is(found('9825044422', 'Gita Naik'), '2 exact', 'and nobody is crowded out');
}
{
    my @ids = map { $clerk->value("SELECT kycvs.register_person('982504443$_', '" . (qw(Asha Bina Chetan Divya Esha Farah Gita))[$_] . " Das')") } 0 .. 6;
    foreach my $i (0 .. 6)
    {
        $clerk->value("SELECT kycvs.change_mobile($ids[$i], '9825044440', 'moved')");
        $clerk->value("SELECT kycvs.record_death($ids[$i], 'register')") if $i < 6;
    }
    is(found('9825044440', 'Gita Das'), '0 exact', 'the dead take no place');
}

# ---- what would stop it -------------------------------------------------------------------

{
    my $broken = $clerk->value("SELECT kycvs.register_person('9825044451', 'Broken Record', 'X1')");
    $observer->value("UPDATE kycvs_data.person SET doses = decode('0002', 'hex') WHERE id = $broken");
    is(take_in([ 'X1', '9825044451', 'Broken Record', undef, @first ], [ 'X2', '9825044452', 'Whole Record', undef, @first ]), '1 1 1', 'a record that cannot be read costs its own rows');
    is($clerk->value("SELECT reason FROM kycvs.intake_rejected WHERE reference = 'X1'"), 'cannot be recorded (XX001)', 'which say so');
    $observer->value("UPDATE kycvs_data.person SET doses = '' WHERE id = $broken");
}
{
    my $loaded = "INSERT INTO kycvs.intake $columns SELECT 'L' || n, '9825044453', repeat('x', 1000000), NULL, NULL, NULL, NULL FROM generate_series(1, 50) AS n";
    $clerk->value("SELECT kycvs.pause_intake(); $loaded");
    is($observer->value('SELECT max(octet_length(name)) FROM kycvs_data.intake'), 512, 'of what no column may be, no more is kept than shows it');
    is(progress($observer, "state || ' ' || rows_left"), 'paused 50', 'while all waits, it is said how much');
    $clerk->value('SELECT kycvs.resume_intake()');
    wait_until_done($observer);
    is(progress($observer, 'rejected'), 50, 'it is rejected');
    $clerk->value('SELECT kycvs.clear_intake_rejected()');
}
{
    # a clerk who corrects one record all the time, which is in the file
    my $person = $clerk->value("SELECT kycvs.register_person('9825044454', 'Corrected Person', 'C0')");
    my $busy = session($node, user => 'clerk');
    $clerk->value("INSERT INTO kycvs.intake $columns SELECT 'C' || n % 200, '98250' || 44454 + n % 200, 'Corrected Person', NULL, 'COVISHIELD', (date '2021-04-02' + n / 200)::text, NULL FROM generate_series(0, 1999) AS n");
    my $corrections = 0;
    while ($observer->value("SELECT state <> 'done' FROM kycvs.intake_progress") eq 't' && $corrections < 20_000)
    {
        $corrections += $busy->run("SELECT kycvs.correct_name($person, 'Corrected Person', 'again')")->{sqlstate} eq '00000';
    }
    is(progress($observer, "state || ' ' || doses"), 'done 2000', "it goes on beside a clerk who corrects one of its records $corrections times");
    $busy->quit;
}

# ---- pausing, and loading that is not committed -------------------------------------------

{
    my $loader = session($node, user => 'clerk');
    my $insert = "INSERT INTO kycvs.intake $columns VALUES ('P%d', '98250888%02d', 'Paused Person', NULL, NULL, NULL, NULL)";

    $clerk->value('SELECT kycvs.pause_intake()');
    $clerk->value(sprintf $insert, 1, 1);
    $loader->value('BEGIN; ' . sprintf $insert, 2, 2);
    sleep 2.5;
    is($observer->value("SELECT pg_relation_size('kycvs_data.intake') > 0"), 't', 'while it is paused, rows wait');
    $clerk->value('SELECT kycvs.resume_intake()');
    poll($observer, "SELECT count(*) = 1 FROM kycvs_data.intake_run WHERE finished_at IS NULL AND rows_done = 1");
    sleep 1.5;
    is($observer->value("SELECT pg_relation_size('kycvs_data.intake') > 0"), 't', 'nor is the table emptied under somebody who loads');
    $loader->value('COMMIT');
    wait_until_done($observer);
    is(progress($observer, 'persons'), 2, 'then it goes on');
    $loader->quit;
}

# Two write one record: the authority keeps nobody waiting, and nothing is lost.
{
    my $person = $clerk->value("SELECT kycvs.register_person('9825066666', 'Nisha Trivedi')");
    $observer->value("BEGIN; UPDATE kycvs_data.person SET birth_year = 1971 WHERE id = $person");
    is($clerk->run("SELECT kycvs.record_dose($person, 'COVAXIN', '2021-08-01')")->{sqlstate}, '40001', 'a record that is being changed is not waited for');
    $observer->value('COMMIT');
    is($clerk->value("SELECT kycvs.record_dose($person, 'COVAXIN', '2021-08-01')"), 1, 'and takes the dose when asked again');
    is($observer->value("SELECT birth_year || ' ' || (SELECT count(*) FROM kycvs_data.dose WHERE person = id) FROM kycvs_data.person WHERE id = $person"), '1971 1', 'both are there');
}

# Statistics would be logged, and kept in backups.
{
    $clerk->value("SELECT kycvs.pause_intake(); INSERT INTO kycvs.intake $columns SELECT 'S', '9825077777', 'Statistics Person', NULL, NULL, NULL, NULL FROM generate_series(1, 1000)");
    $observer->value('ANALYZE kycvs_data.intake');
    is($observer->value("SELECT count(*) FROM pg_stats WHERE tablename = 'intake'"), 0, 'no statistics of what was loaded');
    $clerk->value('SELECT kycvs.resume_intake()');
    wait_until_done($observer);
    $observer->value('CREATE DATABASE elsewhere');
    my $elsewhere = session($node, dbname => 'elsewhere');
    is($elsewhere->run("SET client_min_messages = error; CREATE EXTENSION kycvs CASCADE; INSERT INTO kycvs.intake (reference) VALUES ('x')")->{sqlstate}, 'KV050', 'nothing is loaded where nobody takes it in');
    $elsewhere->quit;
}

# A row that COPY itself cannot read is shown to who loads it, and not logged.
{
    append_to_file("$folder/cut", "LOG1\t9825088899\tLogged Unread\n");
    my ($out, $err) = ('', '');
    isnt($node->psql('registry', "\\copy kycvs.intake $columns from '$folder/cut'", extra_params => [ '-U', 'clerk' ], stderr => \$err), 0, 'a row with too few columns');
    like($err, qr/COPY intake, line 1: "LOG1/, 'is shown to the clerk');
    like(slurp_file($node->logfile), qr/ERROR:  missing data for column "birth_year"/, 'the log has the error');
    unlike(slurp_file($node->logfile), qr/Logged Unread|9825088899/, 'and not the row');
}

# ---- crashes that nobody was looking at --------------------------------------------------------

# loaded while it was paused, or just before the next load: what is gone is never called done
{
    $clerk->value('SELECT kycvs.pause_intake()');
    $clerk->value("INSERT INTO kycvs.intake $columns SELECT 'N' || n, '9825055501', 'Lost Person', NULL, NULL, NULL, NULL FROM generate_series(1, 5) AS n");
    is(progress($observer, "state || ' ' || rows_left"), 'paused 5', 'loaded while it is paused');
    $_->quit foreach $observer, $clerk;
    $node->stop('immediate');
    $node->start;
    ($observer, $clerk) = (session($node), session($node, user => 'clerk'));
    poll($observer, "SELECT state = 'interrupted' FROM kycvs.intake_progress");
    is(progress($observer, 'persons'), 0, 'a crash while it is paused interrupts it');

    $clerk->value("INSERT INTO kycvs.intake $columns VALUES ('N1', '9825055501', 'Lost Person', NULL, NULL, NULL, NULL)");
    my $load = "INSERT INTO kycvs.intake $columns VALUES ('N2', '9825055502', 'Loaded Person', NULL, NULL, NULL, NULL)";
    $_->quit foreach $observer, $clerk;
    $node->stop('immediate');
    $node->start;
    $clerk = session($node, user => 'clerk');
    $clerk->value($load);
    $observer = session($node);
    $clerk->value('SELECT kycvs.resume_intake()');
    poll($observer, "SELECT state = 'interrupted' AND rows_done = 1 FROM kycvs.intake_progress");
    is($observer->value("SELECT pg_relation_size('kycvs_data.intake') || ' ' || (SELECT count(*) FROM kycvs_data.intake_load) || ' ' || (SELECT count(*) FROM kycvs_data.intake_mark)"), '0 0 0', 'and one before the next load too, which is taken in');
    is($clerk->value("SELECT kycvs.find_person('9825055502', 'Loaded Person') IS NOT NULL"), 't', 'whoever was in that is there');
}

# restored into a new database, where nobody has asked anything yet
{
    $observer->quit;
    $clerk->quit;
    system_or_bail('pg_dump', '-Fc', '-d', $node->connstr('registry'), '-f', "$folder/registry.dump");
    $node->safe_psql('postgres', 'DROP DATABASE registry WITH (FORCE)');
    $node->safe_psql('postgres', "CREATE DATABASE registry TEMPLATE template0 ENCODING 'UTF8'");
    $node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = 'registry' AND backend_type LIKE 'kycvs %'");
    system_or_bail('pg_restore', '-d', $node->connstr('registry'), "$folder/registry.dump");
    ($observer, $clerk) = (session($node), session($node, user => 'clerk'));
    $clerk->value("INSERT INTO kycvs.intake $columns VALUES ('N3', '9825055503', 'Restored Person', NULL, NULL, NULL, NULL)");
    poll($observer, "SELECT state = 'done' AND persons = 1 FROM kycvs.intake_progress");
    is($observer->value("SELECT count(*) FROM kycvs.health() WHERE NOT ok AND check_name NOT IN ('password', 'entity')"), 0, 'after a restore, intake goes on by itself');
}

# ---- who may do what -------------------------------------------------------------------------

is($clerk->run($_)->{sqlstate}, '42501', "a registrar may not: $_")
  foreach 'SELECT count(*) FROM kycvs.intake', 'SELECT count(*) FROM kycvs_data.intake', 'DO $$ BEGIN LOCK kycvs_data.intake IN ROW EXCLUSIVE MODE; END $$',
  'CREATE TRIGGER t INSTEAD OF INSERT ON kycvs.intake FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()';
{
    my $railway = session($node, user => 'railway');
    is($railway->run($_)->{sqlstate}, '42501', "an entity may not: $_")
      foreach "INSERT INTO kycvs.intake (reference) VALUES ('x')", 'SELECT kycvs.pause_intake()', 'SELECT * FROM kycvs.intake_progress', 'SELECT * FROM kycvs.intake_rejected';
    $railway->quit;
}

# ---- nothing is left of names and numbers --------------------------------------------------------

system_or_bail('pg_dumpall', '-d', $node->connstr('postgres'), '-f', "$folder/dump.sql");
$_->quit foreach $observer, $clerk;
$node->stop;
my $grep = sub { my ($where, $how) = (@_, ''); my $out = `LC_ALL=C grep -raFc $how -f '$folder/secrets' $where | grep -v ':0\$'`; return $out };
is(`LC_ALL=C grep -aFc -f '$folder/secrets' '$file'` > 1000, 1, 'the search finds ' . keys(%secret) . ' numbers and names where they are');
is($grep->("'" . $node->data_dir . "/pg_wal'"), '', 'none in the WAL, ' . (-s $node->data_dir . '/pg_wal' // 0) . ' bytes of folder');
# a dump is text: ten digits among the sixteen of a person's number, or in hex, are nobody's
append_to_file("$folder/secrets", join '', map { "91$_\n" } grep { /^\d+$/ } sort keys %secret);
is($grep->("'$folder/dump.sql' /dev/null", '-w'), '', 'none in the dump');
is($grep->("'" . $node->data_dir . "'"), '', 'none in the data directory');
is($grep->("'" . $node->logfile . "' /dev/null"), '', 'none in the log');
diag("counts: persons $persons, doses $doses, persons after the crashes @half, names and numbers found: 0");
done_testing();
