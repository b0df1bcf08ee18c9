# kycvs-gateway, built with sanitizers, against clients that do not keep to the
# rules: it refuses or closes, and neither ends, leaks, nor fails inside.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HttpGateway;
use IO::Socket::INET;
use JSON::PP qw(encode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => HttpGateway::missing() if HttpGateway::missing();

my $mutations = $ENV{KYCVS_MUTATIONS} // 2500;
my $seed = $ENV{KYCVS_SEED} // time() % 1000000;
srand($seed);

my $folder = tempdir('kycvs-hostile-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder, 'GATEWAY_CFLAGS=-std=gnu11 -O1 -g -fPIE -Wall -Wextra -fno-omit-frame-pointer -fsanitize=address,undefined');
my $node = new_registry('hostile');
my $observer = session($node);
$node->safe_psql('registry', 'CREATE ROLE gate LOGIN IN ROLE kycvs_gateway');
my $key = $observer->value("SELECT kycvs.create_api_key('irctc')");
$observer->value("SELECT kycvs.set_page('irctc', '{https://shop.example}')");
my @where = ('--database', $node->connstr('registry') . ' user=gate', '--web', "$FindBin::RealBin/../web", '--codes-per-address', 1000000, '--wrong-per-address', 1000000);

local $ENV{ASAN_OPTIONS} = 'detect_leaks=1:abort_on_error=0:exitcode=99';
local $ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';
my $gateway = HttpGateway->start(log => "$folder/gateway.log", arguments => [ @where, '--client-seconds', 2 ]);

my $body = encode_json({ mobile => '9825012345', name => 'Ramesh Patel', purpose => 'ticket-booking', reference => 'PNR 1' });
my $head = "POST /v1/otp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nContent-Type: application/json\r\n";
my $right = $head . 'Content-Length: ' . length($body) . "\r\n\r\n$body";

sub statuses { return $_[0] =~ /^HTTP\/1\.1 (\d+)/mg }

# What bytes are answered with: statuses, in their order.
sub answers
{
    my ($name, $bytes, $expected) = @_;
    my @got = statuses($gateway->raw($bytes, patience => 0.5));
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like("@got", $expected, "$name: @got");
}

answers('a right request', $right, qr/^200$/);
answers('two at once', $right . $right, qr/^200 200$/);
answers('three, the second wrong', $right . "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" . $right, qr/^200 404 200$/);

# ---- too much -----------------------------------------------------------------------------

answers('a body of 17 kB', $head . "Content-Length: 17000\r\n\r\n" . 'x' x 17000, qr/^413$/);
answers('a body said to be of 10 GB', $head . "Content-Length: 10000000000\r\n\r\nx", qr/^413$/);
answers('a header of 20 kB', $head . 'X: ' . 'x' x 20000 . "\r\n\r\n", qr/^(?:400)?$/);
answers('2,000 headers', $head . join('', map { "X-$_: x\r\n" } 1 .. 2000) . "\r\n", qr/^(?:400)?$/);
answers('a path of 20 kB', 'GET /' . 'x' x 20000 . " HTTP/1.1\r\n\r\n", qr/^(?:400)?$/);
my $deep = '{"mobile":' . '[' x 8000 . ']' x 8000 . '}';
answers('JSON 8,000 deep', $head . 'Content-Length: ' . length($deep) . "\r\n\r\n$deep", qr/^400$/);

# ---- where it ends ---------------------------------------------------------------------------

my $chunked = sprintf("%x\r\n%s\r\n0\r\n\r\n", length($body), $body);
answers('chunked', $head . "Transfer-Encoding: chunked\r\n\r\n$chunked", qr/^200$/);
answers('chunks of one byte', $head . "Transfer-Encoding: chunked\r\n\r\n" . join('', map { "1\r\n$_\r\n" } split //, $body) . "0\r\n\r\n", qr/^200$/);
answers('chunks that add up to 20 kB', $head . "Transfer-Encoding: chunked\r\n\r\n" . ("400\r\n" . 'x' x 1024 . "\r\n") x 20 . "0\r\n\r\n", qr/^(?:413|400)?$/);
answers('a chunk of a negative size', $head . "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n", qr/^(?:413|400)?$/);
answers('a chunk of an enormous size', $head . "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n0\r\n\r\n", qr/^(?:413|400)?$/);

my $inner = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
foreach my $smuggled (
    [ 'length and chunks', 'Content-Length: ' . length($body) . "\r\nTransfer-Encoding: chunked\r\n\r\n$chunked$inner" ],
    [ 'chunks and length', "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n$chunked$inner" ],
    [ 'two lengths', "Content-Length: 4\r\nContent-Length: " . length($body) . "\r\n\r\n$body$inner" ],
    [ 'the same length twice', ('Content-Length: ' . length($body) . "\r\n") x 2 . "\r\n$body$inner" ],
    [ 'a length with a sign', 'Content-Length: +' . length($body) . "\r\n\r\n$body$inner" ],
    [ 'a negative length', "Content-Length: -1\r\n\r\n$body$inner" ],
    [ 'a length in hex', "Content-Length: 0x10\r\n\r\n$body$inner" ],
    [ 'a list of lengths', "Content-Length: 4, 4\r\n\r\n$body$inner" ],
    [ 'a blank before the colon', "Transfer-Encoding : chunked\r\n\r\n$chunked$inner" ],
    [ 'another coding', "Transfer-Encoding: gzip, chunked\r\n\r\n$chunked$inner" ],
    [ 'a coding that is none', "Transfer-Encoding: xchunked\r\n\r\n$chunked$inner" ],
    [ 'two codings', "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n$chunked$inner" ],
    [ 'a folded header', "Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n$chunked$inner" ])
{
    answers($smuggled->[0], $head . $smuggled->[1], qr/^(?:400)?$/);
}
foreach my $path (qw(/healthz /openapi.json /page?client=irctc /nothing /v1/otp))
{
    my $got = $gateway->raw("HEAD $path HTTP/1.1\r\nHost: x\r\n\r\n" . $inner, patience => 0.5);
    like($got, qr/^HTTP[^\n]*\n(?:[A-Z][^\n]*\n)*Content-Length: [1-9]\d*\r\n(?:[A-Z][^\n]*\n)*\r\nHTTP\/1\.1 200 OK\r\n/, "HEAD $path has no body, and what follows is the next answer");
}
answers('no Host', "GET /healthz HTTP/1.1\r\n\r\n", qr/^400$/);
answers('two Hosts', "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", qr/^400$/);
like($gateway->raw("GET /nothing HTTP/1.0\r\n\r\n"), qr/^HTTP\/1\.0 404 /, 'HTTP/1.0 does without');
foreach my $body ([ 'a length', 'Content-Length: ' . length($inner) . "\r\n\r\n$inner" ], [ 'chunks', "Transfer-Encoding: chunked\r\n\r\n" . sprintf("%x\r\n%s\r\n0\r\n\r\n", length($inner), $inner) ])
{
    answers("a HEAD with a body, $body->[0]", "HEAD /healthz HTTP/1.1\r\nHost: x\r\n$body->[1]", qr/^400$/);
    answers("a GET with a body, $body->[0]", "GET /healthz HTTP/1.1\r\nHost: x\r\n$body->[1]", qr/^200$/);
}
my ($headers, $after) = split /\r\n\r\n/, $gateway->raw("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 2;
like($headers, qr/^HTTP\/1\.1 200 .*^Content-Length: 16\r?$/ms, 'a HEAD is told the length');
is($after, '', 'and nothing follows: it would be taken for the next reply');
answers('no HTTP at all', "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . "\0" x 100, qr/^(?:400)?$/);
answers('an unknown method', "BREW /v1/otp HTTP/1.1\r\nHost: x\r\n\r\n", qr/^(?:400|405|501)?$/);
answers('HTTP/0.9', "GET /healthz\r\n\r\n", qr/^(?:400|200)?$/);
answers('a NUL in a header', "GET /healthz HTTP/1.1\r\nHost: x\0y\r\n\r\n", qr/^(?:400|200)?$/);
answers('a path out of here', "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", qr/^404$/);

# what the page is given to show again
my $odd = 'client=irctc&purpose=ticket-booking&lang=en&step=answer&txn=00000000-0000-8000-8000-000000000000&otp=123456'
  . '&receipt=%7B%22mobile%22%3A1%2C%22exp%22%3A-9223372036854775808%2C%22resend_after%22%3A9223372036854775807%7D';
answers('a receipt with odd times', "POST /page HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($odd) . "\r\n\r\n$odd", qr/^422$/);

# ---- slowly -------------------------------------------------------------------------------------

my @silent = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port) } 1 .. 200;
my @slow = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port) } 1 .. 50;
my $began = time();
local $SIG{PIPE} = 'IGNORE';
my $longest = 0;
for (my $i = 0; $i < 14; $i++)
{
    syswrite($_, substr($right, $i, 1)) foreach @slow;
    my $before = time();
    answers('a right request beside 250 slow ones', $right, qr/^200$/) if $i == 3;
    sleep(0.25);
}
my $open = grep { my $ready = ''; vec($ready, fileno($_), 1) = 1; !(select($ready, undef, undef, 0) && !sysread($_, my $nothing, 1)) } @slow, @silent;
is($open, 0, 'clients that send a byte now and then, or none, are closed in time');

# ---- more of them than descriptors ---------------------------------------------------------------

{
    my $small = HttpGateway->start(log => "$folder/small.log", files => 64, arguments => [ @where, '--client-seconds', 2 ]);
    my @crowd = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $small->port) } 1 .. 150;
    is($small->get('/docs')->{status}, 200, 'when there are more clients than descriptors, one is answered when others have gone');
    close $_ foreach grep { defined } @crowd;
    is($small->stop, 0, 'and it ends well') or diag($small->log_text);
}

# ---- without reading --------------------------------------------------------------------------------

# How much is taken from a client that never reads its answers.
my $deaf = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port, Blocking => 0) or die;
my $asked = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" x 2000;
my ($taken, $enough, $idle) = (0, 64 * 1024 * 1024, 0);
while ($taken < $enough && $idle < 50)
{
    my $n = syswrite($deaf, $asked);
    last if !defined $n && !$!{EAGAIN};
    $taken += $n // 0;
    $idle = defined $n ? 0 : $idle + 1;
    sleep(0.02) unless defined $n;
}
cmp_ok($taken, '<', $enough, 'what a client sends that does not read is not all taken in');
close $deaf;

# ---- mutations ----------------------------------------------------------------------------------------

my @valid = (
    $right,
    $head . "Transfer-Encoding: chunked\r\n\r\n$chunked",
    ($head =~ s{/v1/otp}{/v1/status}r) . "Content-Length: 36\r\n\r\n" . '{"consent":"a.b.c","as_of":null    }',
    ($head =~ s{/v1/otp}{/v1/consent}r) . "Content-Length: 90\r\n\r\n" . sprintf('%-90s', '{"txn":"00000000-0000-8000-8000-000000000000","otp":"123456","consent":true}'),
    "POST /api/v3/vaccination/confirmOTP HTTP/1.1\r\nHost: x\r\nx-api-key: $key\r\nContent-Length: 70\r\n\r\n" . sprintf('%-70s', '{"otp":"123456","txnId":"00000000-0000-8000-8000-000000000000"}'),
    "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"x\"\r\n\r\n");
my %field = (client => 'irctc', purpose => 'ticket-booking', reference => 'PNR+1', lang => 'gu', travel_date => '', return => 'https%3A%2F%2Fshop.example%2F', embed => 1);
my $query = join '&', map { "$_=$field{$_}" } sort keys %field;
foreach my $more ('step=otp&mobile=9825012345&name=Ramesh+Patel', 'step=answer&otp=123456&consent=yes&txn=00000000-0000-8000-8000-000000000000&receipt=%7B%22notice%22%3A%22x%22%2C%22exp%22%3A1%7D')
{
    push @valid, "POST /page HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length("$query&$more") . "\r\n\r\n$query&$more";
}
push @valid, "GET /page?$query HTTP/1.1\r\nHost: x\r\n\r\n", "GET /docs HTTP/1.1\r\nHost: x\r\n\r\n";
my @bits = ("\r\n", "\n", "\0", '"', '\\', '{', '}', '[', ']', ',', ':', '%00', "\xff", "\xc3\x28", '0', '-1', '99999999999999999999', 'chunked', 'Content-Length: 5', ' ', "\t");

sub mutate
{
    my ($bytes) = @_;
    foreach (0 .. int(rand(4)))
    {
        my $at = int(rand(length($bytes)));
        my $how = int(rand(5));
        if ($how == 0) { substr($bytes, $at, 1) = chr int(rand(256)) }
        elsif ($how == 1) { substr($bytes, $at, 1 + int(rand(20))) = '' }
        elsif ($how == 2) { substr($bytes, $at, 0) = $bits[ rand @bits ] }
        elsif ($how == 3) { substr($bytes, $at, 0) = substr($bytes, int(rand(length($bytes))), 1 + int(rand(60))) }
        else { $bytes = substr($bytes, 0, $at + 1) }
        $bytes = 'x' if $bytes eq '';
    }
    return $bytes;
}

my %count;
my @inside;
for (my $n = 0; $n < $mutations; $n++)
{
    my $bytes = mutate($valid[ rand @valid ]);
    my @got = statuses($gateway->raw($bytes, half => 1, patience => 2));
    $count{$_}++ foreach @got;
    push @inside, $bytes if grep { $_ == 500 } @got;
}
note("seed $seed: " . join(', ', map { "$_: $count{$_}" } sort keys %count));
is(scalar(@inside), 0, "$mutations mutations (seed $seed): none is answered 500") or diag(explain(\@inside));
answers('a right request after that', $right, qr/^200$/);

# ---- how it ends -----------------------------------------------------------------------------------------

is($gateway->stop, 0, 'it ends well, and without a leak');
unlike($gateway->log_text, qr/Sanitizer|runtime error/, 'the sanitizers have found nothing') or diag($gateway->log_text);
unlike($gateway->log_text, qr/9825012345|Ramesh|\Q$key\E/, 'nothing of the requests is in the log');

done_testing();
