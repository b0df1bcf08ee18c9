# Ten thousand altered documents get the same verdict, SQLSTATE for SQLSTATE,
# from kycvs_verify and from another implementation: the npm packages jose and
# canonicalize, with the profile and the order of the checks written out below.
#
# KYCVS_NODE names a folder with these packages. KYCVS_SEED repeats a run.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use IPC::Run qw(run timeout);
use JSON::PP;
use Kycvs;
use MIME::Base64 qw(decode_base64 decode_base64url encode_base64 encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'KYCVS_NODE does not name a folder with jose and canonicalize' unless $ENV{KYCVS_NODE};

my $wanted = 10000;
my $seed = $ENV{KYCVS_SEED} // int(rand(2**31));
srand($seed);
note("seed $seed");

my $json = JSON::PP->new->canonical->utf8;
my $folder = PostgreSQL::Test::Utils::tempdir;
my $issuer = 'https://registry.example';
my $node = new_registry('differential', conf => "kycvs.issuer = '$issuer'");
my $observer = session($node);
my $railway = session($node, user => 'railway');

# ---- what is altered ----------------------------------------------------------------

sub quoted { return "'" . ($_[0] =~ s/'/''/gr) . "'" }

# An answer, whose texts need quoting, and its consent.
sub documents
{
    my $mobile = next_mobile();
    my $receipt = $railway->value("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', E'PNR \"1\\\\2\" – ગાડી / é')");
    my $txn = $json->decode($receipt)->{jti};
    my $consent = $railway->value("SELECT kycvs_verify_otp('$txn', '" . otp($observer, $txn) . "', true)");
    return ($railway->value('SELECT kycvs_status(' . quoted($consent) . ')'), $consent);
}

my @documents = documents();
$observer->value('SELECT kycvs.create_key(\'Ed25519\') AS kid \gset' . "\nSELECT kycvs.activate_key(:'kid')");
push @documents, documents();
my $other_key = { kty => 'OKP', crv => 'Ed25519', x => '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };    # RFC 8037, A.2
$observer->value("SELECT kycvs.trust_issuer('https://other.example', " . quoted($json->encode({ keys => [$other_key] })) . ')');
my $other_kid = $observer->value('SELECT kycvs.thumbprint(' . quoted($json->encode($other_key)) . ')');
my $jwks = $observer->value('SELECT kycvs_jwks()');
my @kids = map { $_->{kid} } @{ $json->decode($jwks)->{keys} };

# ---- how ---------------------------------------------------------------------------------

sub pick { return $_[ rand @_ ] }

sub header_of { my ($d) = @_; return (split /\./, $d->{jws}, 2)[0] }

sub with_header
{
    my ($d, $text) = @_;
    my (undef, $rest) = split /\./, $d->{jws}, 2;
    return { %$d, jws => encode_base64url($text) . ".$rest" };
}

sub with_signature
{
    my ($d, $bytes) = @_;
    return { %$d, jws => header_of($d) . '..' . encode_base64url($bytes) };
}

sub signature_of { my ($d) = @_; return decode_base64url((split /\./, $d->{jws})[2]) }

sub header_text { my ($alg, $kid, $typ) = @_; return qq({"alg":"$alg","kid":"$kid","typ":"$typ"}) }

sub parts_of { my ($d) = @_; return @{ $json->decode(decode_base64url(header_of($d))) }{qw(alg kid typ)} }

sub some_claim { my ($d, $numeric) = @_; return pick(grep { $_ ne 'jws' && ($d->{$_} =~ /^\d+$/ xor !$numeric) } sort keys %$d) }

# The text of a document with one member's value written as given.
sub spelt
{
    my ($d, $member, $value) = @_;
    return '{' . join(', ', map { $json->allow_nonref->encode("$_") . ': ' . ($_ eq $member ? $value : $json->encode($d->{$_})) } sort keys %$d) . '}';
}

my $order = do { my $n = '0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'; require Math::BigInt; Math::BigInt->from_hex($n) };

my @ways = (
    [ unchanged => sub { $_[0] } ],
    [ 'bytes flipped' => sub { my $t = $json->encode($_[0]); substr($t, rand length $t, 1) ^= chr(1 << rand 7) for 0 .. rand 2; $t } ],
    [ 'a byte dropped' => sub { my $t = $json->encode($_[0]); substr($t, rand length $t, 1) = ''; $t } ],
    [ 'number rewritten' => sub { my $m = some_claim($_[0], 1); my $v = $_[0]{$m}; spelt($_[0], $m, pick($v + 1, "$v.0", "${v}e0", "-$v", "$v.5", "${v}00", 1e400, '9007199254740992', '9007199254740991', "\"$v\"", '0', '-0', '1E2', 'null', 'true', "[$v]")) } ],
    [ 'members reordered' => sub { my $d = $_[0]; '{' . join(', ', map { $json->encode($_) . ' :  ' . $json->encode($d->{$_}) } sort { rand() <=> 0.5 } keys %$d) . '}' } ],
    [ 'member twice' => sub { my ($d, $m) = ($_[0], some_claim($_[0], pick(0, 1))); my $v = $json->encode($d->{$m}); pick("{\"$m\": \"x\", ", "{\"$m\": $v, ") . substr($json->encode($d), 1, -1) . pick('}', ", \"$m\": $v}", ", \"$m\": \"y\"}") } ],
    [ 'another typ' => sub { my ($a, $k) = parts_of($_[0]); with_header($_[0], header_text($a, $k, pick('kycvs-otp+jwt', 'kycvs-consent+jwt', 'kycvs-status+jwt', 'JWT', 'kycvs-status+JWT', ''))) } ],
    [ 'another alg' => sub { my ($a, $k, $t) = parts_of($_[0]); with_header($_[0], header_text(pick('ES256', 'EdDSA', 'none', 'HS256', 'Ed25519', 'ES384', 'es256', ''), $k, $t)) } ],
    [ 'another kid' => sub { my ($a, $k, $t) = parts_of($_[0]); with_header($_[0], header_text(pick($a, 'EdDSA'), pick(@kids, $other_kid, scalar reverse($k), lc $k, "${k}A", 'A' x 43), $t)) } ],
    [ 'another issuer' => sub { +{ %{ $_[0] }, iss => pick('https://other.example', 'https://nobody.example', "$issuer/", uc $issuer, '', 1, undef, [$issuer]) } } ],
    [ 'issuer and kid' => sub { my ($a, $k, $t) = parts_of($_[0]); +{ %{ with_header($_[0], header_text('EdDSA', $other_kid, $t)) }, iss => 'https://other.example' } } ],
    [ 'member added' => sub { +{ %{ $_[0] }, pick('x', 'crit', 'ü', "a\x7f", '', 'status ') => pick('x', 1, undef, [], {}, [ [ 1, { y => 'z' } ] ], "\x01", "caf\x{e9}", 'x' x 70000) } } ],
    [ 'member dropped' => sub { my %d = %{ $_[0] }; delete $d{ pick(sort keys %d) }; \%d } ],
    [ 'text changed' => sub { my $m = some_claim($_[0], 0); my $v = $_[0]{$m}; +{ %{ $_[0] }, $m => pick(uc $v, "$v ", " $v", "$v\n", "$v\t", "$v\x{7f}", "$v\x{85}", "$v\x{301}", $v . chr(0x1F600), '', substr($v, 1), scalar reverse $v) } } ],
    [ 'text escaped' => sub { my $m = some_claim($_[0], 0); my $v = $json->encode($_[0]{$m}); $v =~ s/([A-Za-z0-9])/sprintf '\\u%04x', ord $1/e; spelt($_[0], $m, $v) } ],
    [ 'blanks' => sub { my $t = $json->encode($_[0]); $t =~ s/,"/pick(",\n  \"", ' , "', ",\t\"")/ge; $t } ],
    [ 'signature of another' => sub { +{ %{ $_[0] }, jws => pick(map { $json->decode($_)->{jws} } @documents) } } ],
    [ 'signature altered' => sub { my $s = signature_of($_[0]); substr($s, rand 64, 1) ^= chr(1 << rand 8); with_signature($_[0], $s) } ],
    [ 'signature made up' => sub { my $s = signature_of($_[0]); with_signature($_[0], pick("\0" x 64, "\xff" x 64, substr($s, 32) . substr($s, 0, 32), substr($s, 0, 63), "$s\0", '', "\0" x 32 . substr($s, 32), substr($s, 0, 32) . "\0" x 32)) } ],
    [ 'the other ECDSA signature' => sub { my $s = signature_of($_[0]); with_signature($_[0], substr($s, 0, 32) . pack('H*', substr('0' x 64 . substr($order->copy->bsub(Math::BigInt->from_hex('0x' . unpack 'H*', substr $s, 32))->babs->as_hex, 2), -64))) } ],
    [ 'base64url spelt otherwise' => sub { my $j = $_[0]{jws}; +{ %{ $_[0] }, jws => pick("$j=", "$j==", " $j", "$j\n", $j =~ tr/-_/+\//r, $j =~ s/\.\./. ./r, $j =~ s/\.\././r, $j =~ s/\.\./.../r, $j =~ s/(.)$/chr(ord($1) ^ 1)/er, $j =~ s/\.\./A../r, "$j.") } } ],
    [ 'header spelt otherwise' => sub {
            my ($a, $k, $t) = parts_of($_[0]);
            my $h = header_text($a, $k, $t);
            with_header($_[0], pick($h =~ s/,/, /gr, $h =~ s/\}$/,"crit":["b64"],"b64":false}/r, $h =~ s/\}$/,"jwk":{}}/r, $h =~ s/^\{/{"alg":"none",/r, qq({"kid":"$k","alg":"$a","typ":"$t"}), $h =~ s/"alg"/"\\u0061lg"/r, "$h ", " $h", qq({"alg":"$a","kid":"$k"}), '{}', '[]', 'null', ''));
        } ],
    [ 'jws of another kind' => sub { +{ %{ $_[0] }, jws => pick(undef, 1, [], {}, '', '..', '.', [ $_[0]{jws} ], 'x' x 300) } } ],
    [ 'wrapped' => sub { my $t = $json->encode($_[0]); pick("[$t]", "{\"document\": $t}", '"x"', '1', 'null', '{}', '[]') } ],
    [ 'deep' => sub { my $n = pick(1, 14, 15, 16, 17, 60); my $t = $json->encode($_[0]); substr($t, 1, 0) = '"deep":' . '[' x $n . ']' x $n . ','; $t } ]);

my (@mutants, %made);
while (@mutants < $wanted * 1.3)
{
    my $way = pick(@ways);
    my $mutant = $way->[1]->($json->decode(pick(@documents)));
    push @mutants, [ $way->[0], ref $mutant ? $json->encode($mutant) : $mutant ];
}

# ---- what kycvs says --------------------------------------------------------------------------

# Only what jsonb can hold is a document; what it holds is what both judge.
open my $file, '>:raw', "$folder/mutants" or die;
print $file encode_base64($_->[1], ''), "\n" foreach @mutants;
close $file;
$observer->value(<<"SQL");
CREATE TABLE mutant (n int GENERATED ALWAYS AS IDENTITY, bytes text, document jsonb, verdict text);
\\copy mutant (bytes) FROM '$folder/mutants'
CREATE FUNCTION read(bytes text) RETURNS jsonb LANGUAGE plpgsql AS
\$\$ BEGIN RETURN convert_from(decode(bytes, 'base64'), 'UTF8')::jsonb; EXCEPTION WHEN OTHERS THEN RETURN NULL; END \$\$;
CREATE FUNCTION judge(document jsonb) RETURNS text LANGUAGE plpgsql AS
\$\$ BEGIN PERFORM kycvs_verify(document, 'irctc', E'PNR "1\\\\2" – ગાડી / é'); RETURN 'accepted'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END \$\$;
UPDATE mutant SET document = read(bytes);
DELETE FROM mutant WHERE document IS NULL;
DELETE FROM mutant WHERE n > (SELECT n FROM mutant ORDER BY n OFFSET $wanted - 1 LIMIT 1);
UPDATE mutant SET verdict = judge(document);
SQL
my %kycvs = map { /^(\d+)\|(\w+)/ } split /\n/, $observer->value('SELECT n, verdict FROM mutant');
is(scalar keys %kycvs, $wanted, "$wanted documents were judged");
$observer->value("\\o $folder/documents\nSELECT n || ' ' || translate(encode(convert_to(document::text, 'UTF8'), 'base64'), E'\\n', '') FROM mutant ORDER BY n;\n\\o");
append_to_file("$folder/jwks.json", $jwks);
append_to_file("$folder/other.json", $json->encode({ keys => [ { %$other_key, kid => $other_kid, alg => 'EdDSA' } ] }));

# ---- what the other one says ----------------------------------------------------------------------

append_to_file("$folder/judge.mjs", <<'JAVASCRIPT');
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.KYCVS_NODE + '/');
const load = async name => import(pathToFileURL(require.resolve(name)));
const { compactVerify, importJWK } = await load('jose');
const canonicalize = require('canonicalize');

const [folder, issuer, reference] = process.argv.slice(2);
const read = name => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')).keys;
const issuers = { [issuer]: read('jwks'), 'https://other.example': read('other') };

class Refusal extends Error {}
const refuse = code => { throw new Refusal(code); };
const must = (right, code) => right || refuse(code);

// RFC 4648, section 5: no padding, no other characters, no stray bits
function base64url(text) {
  const bytes = Buffer.from(text, 'base64url');
  must(bytes.toString('base64url') === text, 'KV030');
  return bytes;
}

function readHeader(text) {
  const bytes = base64url(text);
  let header;
  try { header = JSON.parse(bytes.toString()); } catch { refuse('KV030'); }
  must(header !== null && typeof header === 'object', 'KV030');
  const { alg, kid, typ } = header;
  must(['ES256', 'EdDSA'].includes(alg) && typeof kid === 'string' && kid.length === 43 && base64url(kid).length === 32, 'KV030');
  must(['kycvs-otp+jwt', 'kycvs-consent+jwt', 'kycvs-status+jwt'].includes(typ), 'KV030');
  must(bytes.equals(Buffer.from(JSON.stringify({ alg, kid, typ }))), 'KV030');
  return header;
}

// printable-ASCII member names, integers within +-(2^53-1), no control characters, depth at most 16, 64 kB
function checkProfile(text, document) {
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g))
    must(token[0] === '"' || (/^-?\d+$/.test(token) && BigInt(token) <= 2n ** 53n - 1n && BigInt(token) >= -(2n ** 53n - 1n)), 'KV030');
  const walk = (value, depth) => {
    if (typeof value === 'string') return must(!/[\u0000-\u001f\u007f-\u009f]/.test(value), 'KV030');
    if (value === null || typeof value !== 'object') return;
    must(depth <= 16, 'KV030');
    for (const [name, member] of Object.entries(value)) {
      must(Array.isArray(value) || /^[ -~]*$/.test(name), 'KV030');
      walk(member, depth + 1);
    }
  };
  walk(document, 1);
}

// The text without one member: numbers of jws are nobody's business.
async function judge(text) {
  const document = JSON.parse(text);
  must(document !== null && typeof document === 'object' && !Array.isArray(document), 'KV030');
  const { jws, ...claims } = document;
  must(typeof jws === 'string', 'KV030');
  const parts = jws.split('..');
  must(parts.length === 2 && parts[1].length === 86, 'KV030');
  must(base64url(parts[1]).length === 64, 'KV030');
  const header = readHeader(parts[0]);
  must(header.typ === 'kycvs-status+jwt', 'KV034');
  must(typeof claims.iss === 'string', 'KV030');
  const key = (Object.hasOwn(issuers, claims.iss) ? issuers[claims.iss] : []).find(k => k.kid === header.kid);
  must(key !== undefined, 'KV032');
  checkProfile(text, claims);
  const payload = Buffer.from(canonicalize(claims));
  must(payload.length <= 65536, 'KV030');
  must(key.alg === header.alg, 'KV031');
  const token = `${parts[0]}.${payload.toString('base64url')}.${parts[1]}`;
  await compactVerify(token, await importJWK(key, key.alg)).catch(() => refuse('KV031'));
  const number = name => must(typeof claims[name] === 'number', 'KV030') && claims[name];
  must(number('exp') > Date.now() / 1000 && number('iat') <= Date.now() / 1000 + 60, 'KV033');
  must(claims.aud === 'irctc' && claims.reference === reference, 'KV034');
  return 'accepted';
}

for (const line of readFileSync(`${folder}/documents`, 'utf8').split('\n').filter(Boolean)) {
  const [n, bytes] = line.split(' ');
  console.log(n, await judge(Buffer.from(bytes, 'base64').toString()).catch(problem => problem instanceof Refusal ? problem.message : 'broken: ' + problem.message));
}
JAVASCRIPT

my ($output, $errors) = ('', '');
run([ 'node', "$folder/judge.mjs", $folder, $issuer, "PNR \"1\\2\" – ગાડી / é" ], '<', \undef, '>', \$output, '2>', \$errors, timeout(300)) or diag($errors);
my %other = map { /^(\d+) (.*)$/ } split /\n/, $output;

# ---- do they agree? ---------------------------------------------------------------------------------

my @differ = grep { ($other{$_} // 'nothing') ne $kycvs{$_} } sort { $a <=> $b } keys %kycvs;
is(scalar(@differ), 0, "the verdicts agree $wanted of $wanted") or do
{
    diag("$_ ($mutants[$_ - 1][0]): kycvs $kycvs{$_}, other " . ($other{$_} // 'nothing') . ': ' . substr $mutants[$_ - 1][1], 0, 300) foreach @differ[ 0 .. ($#differ < 9 ? $#differ : 9) ];
};
my (%by_verdict, %by_way);
$by_verdict{$_}++ foreach values %kycvs;
$by_way{ $mutants[$_ - 1][0] }{ $kycvs{$_} }++ foreach keys %kycvs;
cmp_ok($by_verdict{$_} // 0, '>', 50, "there were enough of verdict $_: " . ($by_verdict{$_} // 0)) foreach qw(accepted KV030 KV031 KV032 KV034);
diag("counts: seed $seed; agree ", $wanted - @differ, " of $wanted: ", join ', ', map { "$_ $by_verdict{$_}" } sort keys %by_verdict);
note("$_: ", do { my $v = $by_way{$_}; join ', ', map { "$_ $v->{$_}" } sort keys %$v }) foreach sort keys %by_way;

$_->quit foreach $observer, $railway;
$node->stop;
done_testing();
