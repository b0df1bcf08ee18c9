# The programs of docs/verify: each prints the right claims of fresh answers of
# both algorithms, and refuses what is altered, expired or meant for another.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run qw(run timeout);
use JSON::PP;
use Kycvs;
use MIME::Base64 qw(decode_base64url encode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $json = JSON::PP->new->canonical->utf8;
my $folder = PostgreSQL::Test::Utils::tempdir;
my $programs = "$FindBin::RealBin/../docs/verify";
my $issuer = 'https://registry.example';
my $name = 'रमेश पटेल';
my $reference = 'PNR "4512" – é';
my $node = new_registry('programs', conf => "kycvs.issuer = '$issuer'");
my $observer = session($node);
my $railway = session($node, user => 'railway');

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# ---- answers ------------------------------------------------------------------------------

sub answer
{
    my $mobile = next_mobile();
    $observer->value("SELECT kycvs.record_dose(kycvs.register_person('$mobile', '$name'), 'SPUTNIK-LIGHT', '2021-07-01')");
    my ($with) = @_;
    my $receipt = $json->decode($railway->value("SELECT kycvs_issue_otp('$mobile', '$name', 'ticket-booking', $with)"));
    my $consent = $railway->value("SELECT kycvs_verify_otp('$receipt->{jti}', '" . otp($observer, $receipt->{jti}) . "', true)");
    return ($railway->value('SELECT kycvs_status(' . quoted($consent) . ')'), $consent);
}

my %answer;
my %consent;
my %without;    # a reference
($answer{ES256}, $consent{ES256}) = answer(quoted($reference));
($without{ES256}) = answer('NULL');
$observer->value('SELECT kycvs.create_key(\'Ed25519\') AS kid \gset' . "\nSELECT kycvs.activate_key(:'kid')");
($answer{EdDSA}, $consent{EdDSA}) = answer(quoted($reference));
($without{EdDSA}) = answer('NULL');
append_to_file("$folder/jwks.json", $observer->value('SELECT kycvs_jwks()'));
append_to_file("$folder/no-keys.json", '{"keys": []}');

sub file
{
    my ($called, $text) = @_;
    append_to_file("$folder/$called", $text) unless -e "$folder/$called";
    return "$folder/$called";
}

# What a forger would try, and what is meant for somebody else.
sub wrong_ones
{
    my ($alg) = @_;
    my $document = $json->decode($answer{$alg});
    my ($header, $signature) = split /\.\./, $document->{jws};
    my $bytes = decode_base64url($signature);
    substr($bytes, 20, 1) ^= "\x01";
    my $other = $alg eq 'ES256' ? 'EdDSA' : 'ES256';
    return (
        'status changed' => { %$document, status => 0 },
        'claim added' => { %$document, extra => 'x' },
        'signature changed' => { %$document, jws => "$header.." . encode_base64url($bytes) },
        'signature of another' => { %$document, jws => $json->decode($answer{$other})->{jws} },
        'algorithm none' => { %$document, jws => encode_base64url($json->encode({ %{ $json->decode(decode_base64url($header)) }, alg => 'none' })) . '..' },
        # what a parser reads the same, or keeps the last of
        'member twice' => $answer{$alg} =~ s/^\{/{"status": 2, /r,
        'number with a fraction' => $answer{$alg} =~ s/"status": 2/"status": 2.0/r,
        'number with more of it' => $answer{$alg} =~ s/"status": 2/"status": 2.00000000000000000001/r,
        'number with an exponent' => $answer{$alg} =~ s/"status": 2/"status": 2e0/r,
        'two documents' => $answer{$alg} . $answer{$alg},
        'an array' => "[$answer{$alg}]",
        'nested' => $answer{$alg} =~ s/^\{/{"x": {"y": 1}, /r,
        'null for a number' => $answer{$alg} =~ s/"iat": \d+/"iat": null/r,
        'time of end as text' => $answer{$alg} =~ s/"exp": (\d+)/"exp": "$1"/r,
        'signature with padding' => { %$document, jws => "$document->{jws}==" },
        'signature with stray bits' => { %$document, jws => $document->{jws} =~ s/(.)$/chr(ord($1) + 1)/er },
        'whole token in its place' => { %$document, jws => $header . '.' . encode_base64url($json->encode({ map { $_ => $document->{$_} } grep { $_ ne 'jws' } keys %$document })) . ".$signature" },
        'shell' => { %$document, jws => encode_base64url($json->encode({ %{ $json->decode(decode_base64url($header)) }, kid => '$(touch pwned)`touch pwned`' })) . "..$signature" },
        'unsigned' => do { my %d = %$document; delete $d{jws}; \%d },
        'a consent' => $json->decode($consent{$alg}));
}

# ---- the programs --------------------------------------------------------------------------

my $shop = PostgreSQL::Test::Cluster->new('shop');
$shop->init(extra => [ '--encoding=UTF8', '--no-locale' ]);
$shop->start;
$shop->safe_psql('postgres', 'CREATE DATABASE shop');

sub sql_program
{
    my ($document, $jwks, @expected) = @_;
    my @values = (document => slurp_file($document), jwks => slurp_file($jwks), issuer => $expected[0], audience => $expected[1], reference => $expected[2], defined $expected[3] ? (name => $expected[3]) : ());
    my @variables;
    while (my ($variable, $value) = splice @values, 0, 2) { push @variables, '-v', "$variable=$value" }
    return ('psql', '-XAtq', '-d', $shop->connstr('shop'), '-v', 'ON_ERROR_STOP=1', @variables, '-f', "$programs/verify.sql");
}

my ($python) = grep { eval { run([ $_, '-c', 'import jwcrypto' ], '>', \my $out, '2>', \my $err) } } qw(python3 /usr/bin/python3);
my %program = (
    'verify.sql' => \&sql_program,
    'verify.sh' => sub { ('bash', "$programs/verify.sh", @_) },
    'verify.mjs' => sub { ('node', "$folder/verify.mjs", @_) },
    'verify.py' => sub { ($python, "$programs/verify.py", @_) });
my %missing = (
    'verify.sh' => eval { run([ 'jq', '--version' ], '>', \my $out, '2>', \my $err) } ? undef : 'no jq',
    'verify.mjs' => $ENV{KYCVS_NODE} ? undef : 'KYCVS_NODE does not name a folder with jose',
    'verify.py' => $python ? undef : 'no python3 with jwcrypto (Debian: python3-jwcrypto)');

# A program finds jose beside itself.
if ($ENV{KYCVS_NODE})
{
    symlink "$ENV{KYCVS_NODE}/node_modules", "$folder/node_modules" or die;
    append_to_file("$folder/verify.mjs", slurp_file("$programs/verify.mjs"));
}

sub judge
{
    my ($program, @arguments) = @_;
    my ($output, $errors) = ('', '');
    my $right = run([ $program{$program}->(@arguments) ], '<', \undef, '>', \$output, '2>', \$errors, timeout(60));
    return $right ? $json->decode($output) : "refused: $errors";
}

foreach my $program (sort keys %program)
{
  SKIP:
    {
        skip $missing{$program}, 1 if $missing{$program};
        my @expected = ($issuer, 'irctc', $reference);
        my $keys = "$folder/jwks.json";
        foreach my $alg (qw(ES256 EdDSA))
        {
            my $document = file("$alg.json", $answer{$alg});
            my %claims = %{ $json->decode($answer{$alg}) };
            delete $claims{jws};
            is_deeply(judge($program, $document, $keys, @expected), \%claims, "$program: the claims of an answer, $alg");
            my %wrong = wrong_ones($alg);
            # jsonb has made them the same before anybody could see it
            delete @wrong{'member twice', 'number with an exponent'} if $program eq 'verify.sql';
            my @accepted = grep { ref judge($program, file("$alg $_.json", ref $wrong{$_} ? $json->encode($wrong{$_}) : $wrong{$_}), $keys, @expected) } sort keys %wrong;
            ok(!@accepted, "$program: refuses " . join(', ', sort keys %wrong)) or diag("not refused: @accepted");
            foreach my $other ([ 'another issuer', "$issuer/", 'irctc', $reference ], [ 'another audience', $issuer, 'indigo', $reference ], [ 'another reference', $issuer, 'irctc', 'PNR 1' ])
            {
                unlike(ref judge($program, $document, $keys, @{$other}[ 1 .. 3 ]), qr/HASH/, "$program: refuses $other->[0], $alg");
            }
            unlike(ref judge($program, $document, "$folder/no-keys.json", @expected), qr/HASH/, "$program: refuses a key that it has not, $alg");
            unlike(ref judge($program, file("$alg without.json", $without{$alg}), $keys, $issuer, 'irctc', ''), qr/HASH/, "$program: refuses no reference for an empty one, $alg");
            if ($program eq 'verify.sql')
            {
                is_deeply(judge($program, $document, $keys, @expected, $name), \%claims, "$program: with the name, $alg");
                unlike(ref judge($program, $document, $keys, @expected, $_), qr/HASH/, "$program: refuses the name '$_', $alg") foreach 'Ramesh Patel', '';
                is($shop->safe_psql('shop', 'SELECT count(*) FROM pg_extension WHERE extname = \'kycvs\''), 0, "$program: leaves nothing behind");
                next;
            }
            unlike(ref judge($program, file("$alg without.json", $without{$alg}), $keys, $issuer, 'irctc'), qr/HASH/, "$program: refuses to be asked without a reference, $alg");
            my ($day) = $answer{$alg} =~ /"as_of": *"([^"]+)"/;
            my $token = file("$alg.jwt", $observer->value('SELECT kycvs_to_jwt(' . quoted($answer{$alg}) . ')'));
            my @forms = $program =~ /mjs|py/ ? ($document, $token) : $document;
            is_deeply(judge($program, $_, $keys, @expected, $name, $day), \%claims, "$program: with name and day, $alg") foreach @forms;
            unlike(ref judge($program, $forms[-1], $keys, @expected, @$_), qr/HASH/, "$program: refuses @$_, $alg") foreach [ 'Ramesh Patel', $day ], [ $name, '2021-01-01' ], [ '', $day ], [ $name, '' ];
        }
    }
}

$_->quit foreach $observer, $railway;
$_->stop foreach $node, $shop;
done_testing();
