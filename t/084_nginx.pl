# gateway/nginx.conf, in a real nginx before kycvs-gateway on its socket: TLS,
# HTTP/2, whose address is counted, what is smuggled, and what is logged.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HttpGateway;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP qw(decode_json encode_json);
use Kycvs;
use Nginx;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => HttpGateway::missing() if HttpGateway::missing();
plan skip_all => Nginx::missing() if Nginx::missing();

my $folder = tempdir('kycvs-nginx-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder);
my $node = new_registry('nginx');
my $observer = session($node);
$node->safe_psql('registry', 'CREATE ROLE gate LOGIN IN ROLE kycvs_gateway');
$node->safe_psql('registry', "SELECT kycvs.set_page('irctc', '{https://shop.example}')");
my $key = $observer->value("SELECT kycvs.create_api_key('irctc')");

my $gateway = HttpGateway->start(
    log => "$folder/gateway.log", alone => 1,
    arguments => [ '--database', $node->connstr('registry') . ' user=gate', '--web', "$FindBin::RealBin/../web", '--codes-per-address', 2, '--listen', "$folder/gateway.sock" ]);
HttpGateway::wait_until(sub { -S "$folder/gateway.sock" }, 'the socket');
is((stat "$folder/gateway.sock")[2] & 0777, 0660, 'the socket is for its group');

# ---- nginx ---------------------------------------------------------------------------------

my $nginx = Nginx->start($folder, "$folder/gateway.sock");
my ($plain, $tls) = ($nginx->plain, $nginx->tls);

sub ask { return $nginx->ask(@_) }

my ($status, $version, $content) = ask('/healthz');
is("$status $version", '200 2', 'TLS and HTTP/2');
is((ask('/metrics'))[0], 404, 'metrics stay inside');
like(`curl -s -m 20 -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: kycvs.example' http://127.0.0.1:$plain/docs`, qr{^308 https://kycvs\.example/docs$}, 'HTTP leads to HTTPS');

my %ask = (mobile => '9825012345', name => 'Ramesh Patel', purpose => 'ticket-booking', reference => 'PNR 1');
my @json = ('-H', "Authorization: Bearer $key", '-H', 'Content-Type: application/json');
($status, undef, $content) = ask('/v1/otp', @json, '-d', encode_json(\%ask));
is($status, 200, 'a call');
my $txn = decode_json($content)->{jti};
my $otp = otp($observer, $txn);
($status, undef, $content) = ask('/v1/consent', @json, '-d', encode_json({ txn => $txn, otp => "$otp", consent => JSON::PP::true }));
is($status, 200, 'and the next, on a connection that is kept');
($status, undef, $content) = ask('/v1/status', @json, '-d', qq({"consent":$content}));
is(decode_json($content)->{status}, 2, 'and the answer');
is((ask('/v1/otp', @json, '-d', 'x' x 20000))[0], 413, 'a body that is too long');

# ---- whose address it is ------------------------------------------------------------------------

my @form = ('-d', 'client=irctc&purpose=ticket-booking&lang=en&step=otp&name=Ramesh+Patel');
my @got = map { (ask('/page', @form, '-d', 'mobile=' . next_mobile(), '-H', "X-Forwarded-For: 198.51.100.$_", '-H', "Origin: https://kycvs.example:$tls"))[0] } 1 .. 3;
is("@got", '200 200 429', 'an address that a client has made up is not believed');

# Of a proxy that says more: the status of a form for the page.
sub forward
{
    my (@forwarded) = @_;
    my $form = 'client=irctc&purpose=ticket-booking&lang=en&step=otp&name=Ramesh+Patel&mobile=' . next_mobile();
    my $socket = IO::Socket::UNIX->new(Peer => "$folder/gateway.sock") or die $!;
    print $socket join("\r\n", 'POST /page HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length($form), (map { "X-Forwarded-For: $_" } @forwarded), '', $form);
    my ($status) = (do { local $/; readline $socket }) =~ /^HTTP\/1\.1 (\d+)/;
    return $status;
}

is(join(' ', map { forward("198.51.100.$_", '192.0.2.1') } 1 .. 3), '200 200 429', 'of two lines none is believed: the client may have written one');
is(join(' ', map { forward("198.51.100.$_, 192.0.2.2") } 1 .. 3), '200 200 429', 'and of one line what stands last');
is(join(' ', map { forward("2001:db8:0:1::$_") } 1 .. 3), '200 200 429', 'of an IPv6 address its network');
is(forward('::ffff:192.0.2.2'), 429, 'an IPv4 address is the same when it is written as IPv6');
is(join(' ', map { forward("::ffff:192.0.2.$_") } 3 .. 5), '200 200 200', 'and has no part in a network of all of them');

# ---- what is smuggled ------------------------------------------------------------------------------

# Statuses of what comes back for these bytes over TLS, in HTTP/1.1.
sub raw
{
    my ($bytes) = @_;
    my $output = '';
    append_to_file("$folder/bytes", $bytes);
    my $said = `(cat $folder/bytes; sleep 1) | timeout 5 openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:$tls -servername kycvs.example 2>/dev/null`;
    unlink "$folder/bytes";
    return join ' ', $said =~ /^HTTP\/1\.1 (\d+)/mg;
}

my $inner = "GET /metrics HTTP/1.1\r\nHost: kycvs.example\r\n\r\n";
my $start = "POST /v1/otp HTTP/1.1\r\nHost: kycvs.example\r\nContent-Type: application/json\r\n";
foreach my $smuggled (
    [ 'length and chunks', "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'two lengths', "Content-Length: 0\r\nContent-Length: " . length($inner) . "\r\n\r\n$inner" ],
    [ 'a coding that is none', "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n$inner" ],
    [ 'a blank before the colon', "Content-Length: 0\r\nTransfer-Encoding : chunked\r\n\r\n5\r\n$inner" ])
{
    like(raw($start . $smuggled->[1]), qr/^(?:400|501)?$|^401 404$/, "$smuggled->[0]: is refused, or what is behind it is a request of its own");
}

like(raw("HEAD /healthz HTTP/1.1\r\nHost: kycvs.example\r\nContent-Length: " . length($inner) . "\r\n\r\n$inner"), qr/^(?:400)?$/, 'the body of a HEAD is no request');

# ---- what is logged -----------------------------------------------------------------------------------

ask("/page?client=irctc&reference=9825012345");
system("curl -s -o /dev/null -H 'Host: kycvs.example' 'http://127.0.0.1:$plain/page?client=irctc&reference=9825012345'");
is($gateway->stop, 0, 'the gateway ends');
ok(!-e "$folder/gateway.sock", 'and its socket is gone');
is((ask('/healthz'))[0], 502, 'nginx says that it is away');
ask("/page?client=irctc&reference=9825012345");
$nginx->stop;
my $logs = join '', $nginx->log_text, map { slurp_file($_) } $node->logfile, "$folder/gateway.log";
like($logs, qr/"POST \/v1\/otp" 200/, 'nginx logs requests');
unlike($logs, qr/9825012345|Ramesh|(?<!\d)$otp(?!\d)|\Q$key\E/, 'without numbers, names, OTPs or keys');

done_testing();
