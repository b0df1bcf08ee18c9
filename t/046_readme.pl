# The README's own SQL, taken from the page and run word for word: the quick
# start, the booking in a second database, and that for a family.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file("$FindBin::RealBin/../README.md");

# The first SQL block below a heading.
sub block
{
    my ($heading) = @_;
    my ($sql) = $readme =~ /^## \Q$heading\E\n.*?^```sql\n(.*?)^```/ms;
    ok($sql, "the README has SQL under \"$heading\"");
    return $sql;
}

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
# the two settings that the README names
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'kycvs'\nkycvs.databases = 'registry'\n");
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE registry TEMPLATE template0 ENCODING 'UTF8'");

# ---- the quick start -----------------------------------------------------------

my ($status, $out, $errors) = $node->psql('registry', block('Quick start'), on_error_stop => 1);
is($status, 0, 'the quick start runs') or diag($errors);
my @lines = split /\n/, $out;
is($lines[-2], '2', 'and answers 2');
like($lines[-1], qr/"match": "exact".*"status": 2.*"reference": "PNR 4512345678"/, 'with the claims of the answer');

# ---- filling the registry --------------------------------------------------------

($status, $out, $errors) = $node->psql('postgres', block('Filling the registry, and putting it right'), on_error_stop => 1);
is($status, 0, 'rows are loaded') or diag($errors);
ok($node->poll_query_until('registry', q(SELECT (state, persons, doses) = ('done', 2, 2) FROM kycvs.intake_progress)), 'and taken in');

# ---- the booking ---------------------------------------------------------------

($status, $out, $errors) = $node->psql('postgres', block('Booking'), on_error_stop => 1);
is($status, 0, 'the booking is set up') or diag($errors);

sub book
{
    my ($pnr, $mobile, $name) = @_;
    my $txn = $node->safe_psql('railway', "CALL start_booking('$mobile', '$name', '$pnr')", extra_params => [ '-U', 'railway' ]);
    my $otp = $node->safe_psql('registry', q(SELECT substring(body FROM '[0-9]{6}') FROM kycvs.next_messages(1)));
    my ($rc, undef, $said) = $node->psql('railway', "CALL confirm_booking('$pnr', '$txn', '$otp')", extra_params => [ '-U', 'railway' ]);
    return $rc == 0 ? 'ticket' : $said;
}

is(book('P1', '98250 12345', 'Ramesh Patel'), 'ticket', 'who is fully vaccinated gets a ticket');
like(book('P2', '98250 12345', 'Asha Rane'), qr/no record was found under this name and number/, 'who is not found is told so');
$node->safe_psql('registry', q(SELECT kycvs.register_person('9825099999', 'Hetal Shah')));
like(book('P3', '9825099999', 'Hetal Shah'), qr/no ticket without full vaccination/, 'who is not vaccinated gets none');
is($node->safe_psql('railway', 'SELECT string_agg(pnr, $$ $$) FROM ticket'), 'P1', 'one ticket');

# ---- for a family -----------------------------------------------------------------

($status, $out, $errors) = $node->psql('postgres', block('Booking for a family'), on_error_stop => 1);
is($status, 0, 'the booking for a family is set up') or diag($errors);
$node->safe_psql('registry', q(SELECT kycvs.record_dose(kycvs.register_person('9825012345', 'Meera Patel'), 'SPUTNIK-LIGHT', '2021-07-01')));

sub book_family
{
    my ($pnr, $names) = @_;
    my $txn = $node->safe_psql('railway', "CALL start_family_booking('98250 12345', '$names', '$pnr')", extra_params => [ '-U', 'railway' ]);
    my $otp = $node->safe_psql('registry', q(SELECT substring(body FROM '[0-9]{6}') FROM kycvs.next_messages(1)));
    my ($rc, undef, $said) = $node->psql('railway', "CALL confirm_family_booking('$pnr', '$names', '$txn', '$otp')", extra_params => [ '-U', 'railway' ]);
    return $rc == 0 ? 'tickets' : $said;
}

is(book_family('F1', '{Ramesh Patel,Meera Patel}'), 'tickets', 'a family that is fully vaccinated gets tickets');
like(book_family('F2', '{Ramesh Patel,Asha Rane}'), qr/no tickets unless all of you/, 'one of whom somebody is not found gets none');
is($node->safe_psql('railway', 'SELECT string_agg(pnr || $$ $$ || name, $$, $$ ORDER BY name) FROM seat'), 'F1 Meera Patel, F1 Ramesh Patel', 'two seats');

$node->stop;
done_testing();
