# Documents of both algorithms, as they come out of a jsonb column, are verified
# by others: openssl's program, Python's jwcrypto and the npm package jose. Each
# brings its own canonical form (RFC 8785) and knows nothing but the published
# keys. As compact JWT they are plain tokens to those libraries.

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
my $issuer = 'https://registry.example/r?a=1';
my $node = new_registry('verifiers', conf => "kycvs.issuer = '$issuer'");
my $observer = session($node);
my $railway = session($node, user => 'railway');

# ---- documents of both algorithms, and altered ones ----------------------------

$observer->value(<<'SQL');
SELECT kycvs.add_notice('ticket-booking', 'gu', 'રેલવે "પૂછે" છે: તમે રસી લીધી છે કે નહીં? \ 50% / €');
CREATE TABLE public.document (name text PRIMARY KEY, document jsonb NOT NULL);
GRANT INSERT, SELECT ON public.document TO railway;
SQL

# All three kinds of document, kept in a column.
sub book
{
    my ($alg, $reference) = @_;
    my $mobile = next_mobile();
    my $receipt = $railway->value(<<"SQL");
INSERT INTO document SELECT '$alg receipt',
    kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', '$reference', current_date + 2, 'gu') RETURNING document;
SQL
    my $txn = decode_json($receipt)->{jti};
    my $otp = otp($observer, $txn);
    $railway->value("INSERT INTO document VALUES ('$alg consent', kycvs_verify_otp('$txn', '$otp', true))");
    $railway->value("INSERT INTO document SELECT '$alg answer', kycvs_status(document) FROM document WHERE name = '$alg consent'");
}

book('ES256', 'PNR "4512\345678" – ગાડી / é');
$observer->value('SELECT kycvs.create_key(\'Ed25519\') AS kid \gset' . "\nSELECT kycvs.activate_key(:'kid')");
book('EdDSA', 'PNR "4512\345678" – ગાડી / é');

my @names = map { my $alg = $_; map { "$alg $_" } qw(receipt consent answer) } qw(ES256 EdDSA);
my %document = map { $_ => $observer->value("SELECT document FROM document WHERE name = '$_'") } @names;
my %token = map { $_ => $observer->value("SELECT kycvs_to_jwt(document) FROM document WHERE name = '$_'") } @names;
my $jwks = $observer->value('SELECT kycvs_jwks()');
is(scalar @{ $json->decode($jwks)->{keys} }, 2, 'two keys are published');
foreach my $name (@names)
{
    my ($alg) = split / /, $name;
    my ($header) = split /\./, $json->decode($document{$name})->{jws};
    is($json->decode(decode_base64url($header))->{alg}, $alg, "$name: signed by $alg");
}

# A signature with one bit changed in its middle.
sub flip
{
    my ($signed) = @_;
    my ($head, $signature) = $signed =~ /^(.*\.)([^.]*)$/;
    my $bytes = decode_base64url($signature);
    substr($bytes, 20, 1) ^= "\x01";
    return $head . encode_base64url($bytes);
}

# What a forger would try: a claim, the signature, the signature of another document, a key of one's own choice.
sub alter
{
    my ($name, $other) = @_;
    my %altered;
    foreach my $how ('claim changed', 'claim added', 'signature changed', 'signature of another', 'key changed')
    {
        my $copy = $json->decode($document{$name});
        my $jws = $copy->{jws};
        $copy->{reference} = 'PNR 1' if $how eq 'claim changed';
        $copy->{status2} = 2 if $how eq 'claim added';
        $copy->{jws} = flip($jws) if $how eq 'signature changed';
        $copy->{jws} = $json->decode($document{$other})->{jws} if $how eq 'signature of another';
        if ($how eq 'key changed')
        {
            my ($header, $signature) = split /\.\./, $jws;
            my ($key) = grep { $_->{kid} ne $json->decode(decode_base64url($header))->{kid} } @{ $json->decode($jwks)->{keys} };
            $header = $json->encode({ %{ $json->decode(decode_base64url($header)) }, kid => $key->{kid}, alg => $key->{alg} });
            $copy->{jws} = encode_base64url($header) . "..$signature";
        }
        $altered{"$name, $how"} = $json->encode($copy);
    }
    return %altered;
}

my %altered;
foreach my $i (0 .. $#names)
{
    %altered = (%altered, alter($names[$i], $names[ ($i + 1) % @names ]));
    my ($header, $payload, $signature) = split /\./, $token{ $names[$i] };
    my $claims = $json->decode(decode_base64url($payload));
    $claims->{aud} = 'indigo';
    $altered{"$names[$i] as JWT, claim changed"} = join '.', $header, encode_base64url($json->encode($claims)), $signature;
    $altered{"$names[$i] as JWT, signature changed"} = flip($token{ $names[$i] });
}

# Names and texts: JSON objects are documents, other texts compact tokens.
my %right = (%document, map { ("$_ as JWT" => $token{$_}) } @names);
append_to_file("$folder/documents.json",
    JSON::PP->new->canonical->encode({ %right, %altered }));
append_to_file("$folder/jwks.json", $jwks);

# A verifier has said "name: right" or "name: wrong ..." of each.
sub check_verdicts
{
    my ($verifier, $output) = @_;
    my %verdict = map { /^(.*): (right|wrong)/ ? ($1 => $2) : () } split /\n/, $output;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($verdict{$_}, 'right', "$verifier: $_") foreach sort keys %right;
    my @accepted = grep { ($verdict{$_} // '') ne 'wrong' } sort keys %altered;
    ok(!@accepted, "$verifier: " . keys(%altered) . ' altered ones are refused') or diag("not refused: @accepted");
}

sub check_program
{
    my ($verifier, @command) = @_;
    my ($output, $errors) = ('', '');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    run(\@command, '>', \$output, '2>', \$errors, timeout(60)) or diag($errors);
    check_verdicts($verifier, $output);
}

# ---- the extension itself ------------------------------------------------------

# Its verdict is the expected one of all the others.
{
    my $output = '';
    my $quote = sub { return $_[0] =~ s/'/''/gr };
    foreach my $name (sort keys %right, keys %altered)
    {
        my $text = $quote->($right{$name} // $altered{$name});
        my $document = $text =~ /^\{/ ? "'$text'" : "kycvs_from_jwt('$text')";
        my $sqlstate = $railway->run("SELECT kycvs_claims($document);")->{sqlstate};
        $output .= "$name: " . ($sqlstate eq '00000' ? 'right' : "wrong $sqlstate") . "\n";
    }
    check_verdicts('kycvs', $output);
}

# ---- (a) openssl's program -------------------------------------------------------

# A JWK as the DER of a public key: a fixed beginning, and the bytes of the point.
sub write_key
{
    my ($jwk, $path) = @_;
    my $der =
      $jwk->{kty} eq 'EC'
      ? pack('H*', '3059301306072a8648ce3d020106082a8648ce3d03010703420004') . decode_base64url($jwk->{x}) . decode_base64url($jwk->{y})
      : pack('H*', '302a300506032b6570032100') . decode_base64url($jwk->{x});
    write_bytes($path, $der);
}

sub write_bytes
{
    my ($path, $bytes) = @_;
    open my $file, '>:raw', $path or die "could not write $path: $!";
    print $file $bytes;
    close $file;
}

# R and S as the DER that openssl wants.
sub integer_der
{
    my ($bytes) = @_;
    $bytes =~ s/^\0+(?=.)//s;
    $bytes = "\0$bytes" if ord($bytes) > 127;
    return "\x02" . chr(length $bytes) . $bytes;
}

sub openssl_says
{
    my ($text) = @_;
    my ($input, $signature) = ($text =~ /^(.*)\.([^.]*)$/);
    if ($text =~ /^\{/)
    {
        my $document = $json->decode($text);
        my $jws = delete $document->{jws};
        my ($header, $detached) = $jws =~ /^([^.]*)\.\.([^.]*)$/;
        ($input, $signature) = ($header . '.' . encode_base64url($json->encode($document)), $detached);
    }
    my $header = $json->decode(decode_base64url($input =~ s/\..*//r));
    my ($key) = grep { $_->{kid} eq $header->{kid} } @{ $json->decode($jwks)->{keys} };
    my $bytes = decode_base64url($signature);
    write_key($key, "$folder/key.der");
    write_bytes("$folder/input", $input);
    write_bytes("$folder/signature",
        $key->{kty} eq 'OKP' ? $bytes : do { my $rs = join '', map { integer_der($_) } unpack('a32a32', $bytes); "\x30" . chr(length $rs) . $rs });
    my @key = ('-pubin', '-keyform', 'DER', '-inkey', "$folder/key.der");
    run([
            'openssl', 'pkeyutl', '-verify', @key, '-rawin', ($key->{kty} eq 'EC' ? ('-digest', 'sha256') : ()),
            '-in', "$folder/input", '-sigfile', "$folder/signature"
        ],
        '>', \my $output, '2>', \my $errors);
    return $output =~ /Verified Successfully/ ? 'right' : 'wrong';
}

SKIP:
{
    skip 'no openssl program', 1 unless eval { run([ 'openssl', 'version' ], '>', \my $version) };
    check_verdicts('openssl', join '', map { "$_: " . openssl_says($right{$_} // $altered{$_}) . "\n" } keys %right, keys %altered);
}

# ---- (b) Python's jwcrypto -------------------------------------------------------

append_to_file("$folder/verify.py", <<'PYTHON');
import json
import sys

from jwcrypto import jwk, jws, jwt
from jwcrypto.common import base64url_decode, base64url_encode

folder, issuer = sys.argv[1:]
keys = jwk.JWKSet.from_json(open(folder + "/jwks.json", encoding="utf-8").read())


def check(text):
    if text.startswith("{"):
        document = json.loads(text)
        header, signature = document.pop("jws").split("..")
        payload = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        token = jws.JWS()
        token.deserialize(".".join((header, base64url_encode(payload), signature)))
        token.verify(keys.get_key(json.loads(base64url_decode(header))["kid"]))
    else:
        jwt.JWT(jwt=text, key=keys, algs=["ES256", "EdDSA"], check_claims={"iss": issuer, "aud": "irctc"})


for name, text in json.load(open(folder + "/documents.json", encoding="utf-8")).items():
    try:
        check(text)
        print(name + ": right")
    except Exception as problem:
        print(name + ": wrong", type(problem).__name__)
PYTHON

my ($python) = grep { eval { run([ $_, '-c', 'import jwcrypto' ], '>', \my $out, '2>', \my $err) } } qw(python3 /usr/bin/python3);
SKIP:
{
    skip 'no python3 with jwcrypto (Debian: python3-jwcrypto)', 1 unless $python;
    check_program('jwcrypto', $python, "$folder/verify.py", $folder, $issuer);
}

# ---- (c) the npm package jose ----------------------------------------------------

append_to_file("$folder/verify.mjs", <<'JAVASCRIPT');
import { readFileSync } from 'node:fs';
import { compactVerify, createLocalJWKSet, jwtVerify } from 'jose';

const [folder, issuer] = process.argv.slice(2);
const keys = createLocalJWKSet(JSON.parse(readFileSync(folder + '/jwks.json', 'utf8')));

function canonical(document) {
  const members = Object.keys(document).sort().map(name => JSON.stringify(name) + ':' + JSON.stringify(document[name]));
  return '{' + members.join(',') + '}';
}

async function check(text) {
  if (!text.startsWith('{'))
    return jwtVerify(text, keys, { issuer, audience: 'irctc', requiredClaims: ['jti', 'iat', 'exp', 'purpose'] });
  const { jws, ...document } = JSON.parse(text);
  const [header, signature] = jws.split('..');
  return compactVerify([header, Buffer.from(canonical(document)).toString('base64url'), signature].join('.'), keys);
}

for (const [name, text] of Object.entries(JSON.parse(readFileSync(folder + '/documents.json', 'utf8')))) {
  try {
    await check(text);
    console.log(name + ': right');
  } catch (problem) {
    console.log(name + ': wrong ' + problem.code);
  }
}
JAVASCRIPT

SKIP:
{
    skip 'KYCVS_NODE does not name a folder with jose', 1 unless $ENV{KYCVS_NODE};
    symlink "$ENV{KYCVS_NODE}/node_modules", "$folder/node_modules" or die;
    check_program('jose', 'node', "$folder/verify.mjs", $folder, $issuer);
}

$_->quit foreach $observer, $railway;
$node->stop;
done_testing();
