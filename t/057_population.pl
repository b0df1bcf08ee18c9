# The invented persons of bench/population: the same for the same arguments,
# in parts or whole; what must be unique is; what is loaded would be accepted.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use IPC::Run qw(run);
use Test::More;
use Unicode::Normalize qw(NFC);

my $program = "$FindBin::RealBin/../bench/population";
my $persons = 20_000;
local $ENV{XDG_CACHE_HOME} = tempdir(CLEANUP => 1);

# Exit status, output, errors.
sub population
{
    my (@arguments) = @_;
    my ($out, $errors) = ('', '');
    run([ $program, @arguments ], '>', \$out, '2>', \$errors);
    return ($? >> 8, $out, $errors);
}

sub output_of { return (population(@_))[1] }

my ($status, $whole, $errors) = population('--persons', $persons);
is("$status$errors", '0', "makes $persons persons and says nothing");

# ---- the same bytes --------------------------------------------------------------

ok($whole eq output_of('--persons', $persons, '--seed', 1, '--first', 1), 'the same arguments make the same persons');
ok($whole eq output_of('--persons', 7001) . output_of('--first', 7002, '--persons', $persons - 7001), 'two parts are the whole');
ok($whole ne output_of('--persons', $persons, '--seed', 2), 'another seed makes others');
is(output_of('--persons', 500, '--format', 'csv'), output_of('--persons', 500) =~ s/\\N//gr =~ tr/\t/,/r, 'csv says the same');

# ---- persons -----------------------------------------------------------------------

ok(utf8::decode($whole), 'it is UTF-8');
my (%person, %doses, %family, %names, %rows);
foreach my $line (split /\n/, $whole)
{
    my ($reference, $mobile, $name, $born, @dose) = split /\t/, $line, -1;
    $rows{ scalar(@dose) }++;
    $person{$reference}{"$mobile $name $born"} = $name;
    push @{ $doses{$reference} }, \@dose;
    $family{$mobile}{$reference} = $born;
    $names{$name}{$mobile}{$reference} = 1;
}
my @names = map { values %$_ } values %person;
my @births = map { values %$_ } values %family;
my @sizes = map { scalar keys %$_ } values %family;

is_deeply([ keys %rows ], [3], 'every row has seven columns');
is(scalar(keys %person), $persons, 'every person has a reference of their own');
is(scalar(grep { keys %$_ != 1 } values %person), 0, 'and is the same in all rows');
is(scalar(grep { !/^[1-9][0-9]{13}$/ } keys %person), 0, 'references are of 14 digits');
is(scalar(grep { !/^[6-9][0-9]{9}$/ } keys %family), 0, 'mobiles are of 10 digits');
is(scalar(grep { $_ > 6 } @sizes), 0, 'no more than six share a mobile');
ok(scalar(@sizes) * 1.8 < $persons && $persons < scalar(@sizes) * 2.2, 'two do on average');
is(scalar(grep { !/^(19[0-9][0-9]|20[01][0-9])$/ } @births), 0, 'births are years');
is(scalar(grep { NFC($_) ne $_ || !/^\p{L}[\p{L}\p{M}.']*( \p{L}[\p{L}\p{M}.']*)*$/ } @names), 0, 'names are words of letters');
is(scalar(grep { utf8::encode(my $bytes = $_); length($bytes) > 256 } @names), 0, 'none of them is too long');
is(scalar(grep { keys %$_ > 1 } map { values %$_ } values %names), 0, 'no two on a mobile are called the same');
my $own_script = grep { !/[A-Za-z]/ } @names;
ok($own_script > $persons * 0.11 && $own_script < $persons * 0.13, 'some 12 % are in the script of their region');

# ---- doses -------------------------------------------------------------------------

open(my $sql, '<', "$FindBin::RealBin/../kycvs--1.0.sql") or die "could not read kycvs--1.0.sql: $!";
my ($shipped) = join('', <$sql>) =~ /^INSERT INTO kycvs_data\.product (.*?);\n/ms;
my %shipped = map { $_ => 1 } $shipped =~ /^  \( *\d+, '([A-Z0-9-]+)'/mg;
my @all = grep { $_->[0] ne '\N' } map { @$_ } values %doses;
my %given;
$given{ $_->[0] }++ foreach @all;

is(join(' ', grep { !$shipped{$_} } keys %given), '', 'kycvs knows every product');
is(sprintf('%.1f', @all / $persons), '1.8', 'a person has had 1.8 doses on average');
ok(abs($given{COVISHIELD} / @all - 0.79) < 0.01 && abs($given{COVAXIN} / @all - 0.16) < 0.01, 'of which 79 % COVISHIELD, 16 % COVAXIN');
is(scalar(grep { @$_ > 3 } values %doses), 0, 'nobody had more than three');
is(scalar(grep { @$_ > 1 && grep { $_->[0] eq '\N' } @$_ } values %doses), 0, 'who had none has one row');
is(scalar(grep { $_->[1] !~ /^202[1-3]-[01][0-9]-[0-3][0-9]$/ || $_->[1] lt '2021-01-16' || $_->[1] gt '2023-03-31' } @all), 0, 'days are of the programme');
is(scalar(grep { $_->[2] !~ /^[A-Z0-9-]{8,10}$/ } @all), 0, 'batches have 8 to 10 characters');

my $out_of_order = 0;
foreach my $course (values %doses)
{
    $out_of_order += $course->[$_]->[1] le $course->[ $_ - 1 ]->[1] foreach 1 .. $#$course;
}
is($out_of_order, 0, 'one dose comes after another');

# ---- requests ------------------------------------------------------------------------

my $requests = output_of('--persons', $persons, '--requests', 2000);
ok($requests eq output_of('--persons', $persons, '--requests', 2000), 'the same requests');
ok(utf8::decode($requests), 'they are UTF-8');
my @requests = map { [ split /\t/, $_, -1 ] } split /\n/, $requests;
is(scalar(@requests), 2000, 'as many as were asked for');
is(scalar(grep { @$_ != 3 || !exists $family{ $_->[0] }{ $_->[2] } } @requests), 0, 'each means a person on that mobile');
is(scalar(grep { $_->[1] !~ /^\p{L}[\p{L}\p{M}.' ]*$/ } @requests), 0, 'by a name');
my $exact = grep { exists $names{ $_->[1] } && exists $names{ $_->[1] }{ $_->[0] } } @requests;
ok($exact > 200 && $exact < 1000, "$exact of 2000 are typed letter by letter as registered");

# ---- refusals ------------------------------------------------------------------------

sub refused
{
    my ($expected, @arguments) = @_;
    my ($code, $out, $said) = population(@arguments);
    is("$code$out", '2', "refuses @arguments");
    like($said, qr/^population: $expected\n/, 'and says why');
    return;
}

refused('--frist: no such option', '--frist', 2);
refused('--persons: needs a value', '--persons');
refused('--persons: must be a number from 1 to 8000000000', '--persons', $_) foreach '0', '-1', '1e3', '', '8000000001', '18446744073709551617';
refused('--first: the last person would be beyond 8000000000', '--first', '8000000000', '--persons', 2);
refused('--format: must be copy or csv', '--format', 'json');
refused('--format: requests are not printed as csv', '--format', 'csv', '--requests', 1);
like(output_of('--help'), qr/^usage: bench\/population /, '--help tells how');

SKIP:
{
    skip 'no /dev/full here', 1 unless -c '/dev/full';
    my $said = '';
    run([ $program, '--persons', 10 ], '>', '/dev/full', '2>', \$said);
    is(($? >> 8) . " $said", "1 population: could not write: No space left on device\n", 'a full disk is an error');
}

done_testing();
