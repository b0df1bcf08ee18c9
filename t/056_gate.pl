# At the gate: an answer as a QR code, read back by an independent reader and
# verified without any connection to the registry, with the passenger's name
# and the day.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run qw(run timeout);
use JSON::PP;
use Kycvs;
use PostgreSQL::Test::Utils;
use Test::More;

my ($python) = grep { eval { run([ $_, '-c', 'import jwcrypto' ], '>', \my $out, '2>', \my $err) } } qw(python3 /usr/bin/python3);
plan skip_all => 'no qrencode (Debian: qrencode)' unless eval { run([ 'qrencode', '--version' ], '>', \my $out, '2>', \my $err) };
plan skip_all => 'no zbarimg (Debian: zbar-tools)' unless eval { run([ 'zbarimg', '--version' ], '>', \my $out, '2>', \my $err) };
plan skip_all => 'no python3 with jwcrypto (Debian: python3-jwcrypto)' unless $python;

my $folder = PostgreSQL::Test::Utils::tempdir;
my $issuer = 'https://registry.example';
my $node = new_registry('gate', conf => "kycvs.issuer = '$issuer'");
my $observer = session($node);
my $railway = session($node, user => 'railway');
my %token;

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# The longest and the shortest that is usual: a reference of 64 letters, or none.
foreach my $alg (qw(ES256 EdDSA))
{
    $observer->value('SELECT kycvs.create_key(\'Ed25519\') AS kid \gset' . "\nSELECT kycvs.activate_key(:'kid')") if $alg eq 'EdDSA';
    foreach my $reference ('x' x 64, 'PNR 4512345678')
    {
        my $receipt = decode_json($railway->value("SELECT kycvs_issue_otp('9825012345', 'Ramesh Patel', 'ticket-booking', '$reference')"));
        my $consent = $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '" . otp($observer, $receipt->{jti}) . "', true)");
        $token{"$alg, $reference"} = $railway->value('SELECT kycvs_to_jwt(kycvs_status(' . quoted($consent) . '))');
    }
}
append_to_file("$folder/jwks.json", $observer->value('SELECT kycvs_jwks()'));
my $day = $observer->value('SELECT (now() AT TIME ZONE \'Asia/Kolkata\')::date');
$_->quit foreach $observer, $railway;
$node->stop;    # from here on there is no registry

sub verify
{
    my ($token, @expected) = @_;
    my ($output, $errors) = ('', '');
    my $file = "$folder/token";
    unlink $file;
    append_to_file($file, $token);
    return run([ $python, "$FindBin::RealBin/../docs/verify/verify.py", $file, "$folder/jwks.json", $issuer, 'irctc', @expected ], '>', \$output, '2>', \$errors, timeout(60))
      ? decode_json($output)->{status}
      : $errors;
}

foreach my $kind (sort keys %token)
{
    my ($alg, $reference) = split /, /, $kind;
    my $what = "$alg, reference of " . length($reference) . ' letters';
    my ($read, $errors) = ('', '');
    run([ 'qrencode', '-8', '-l', 'L', '-s', '4', '-o', "$folder/code.png" ], '<', \$token{$kind}, '2>', \$errors, timeout(60)) or diag($errors);
    run([ 'zbarimg', '--nodbus', '--quiet', '--raw', "$folder/code.png" ], '>', \$read, '2>', \$errors, timeout(60)) or diag($errors);
    $read =~ s/\n\z//;
    is($read, $token{$kind}, "$what: what a reader reads is what was written");
    my $text = '';
    run([ 'qrencode', '-8', '-l', 'L', '-m', '0', '-t', 'ASCII' ], '<', \$token{$kind}, '>', \$text);
    my $modules = () = $text =~ /\n/g;
    cmp_ok($modules, '<=', 177, "$what: " . length($token{$kind}) . " bytes are a code of $modules x $modules, version " . (($modules - 17) / 4) . ' of 40');
    diag("counts: $what: " . length($token{$kind}) . " bytes, $modules x $modules modules");
    is(verify($read, $reference, 'Ramesh Patel', $day), 2, "$what: verified without a registry, with name and day");
    like(verify($read, $reference, 'Suresh Patel', $day), qr/another name/, "$what: not for another passenger");
    like(verify($read, $reference, 'Ramesh Patel', '2021-01-01'), qr/another day/, "$what: not for another day");
    like(verify($read, 'PNR 1', 'Ramesh Patel', $day), qr/another reference/, "$what: not for another booking");
    like(verify(substr($read, 0, -1) . ($read =~ /A$/ ? 'Q' : 'A'), $reference, 'Ramesh Patel', $day), qr/./, "$what: not with another signature");
}

done_testing();
