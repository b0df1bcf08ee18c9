# The description of the API: a validator takes it for OpenAPI 3.1, and what
# kycvs-gateway really answers fits its schemas.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HttpGateway;
use IPC::Run;
use JSON::PP qw(decode_json encode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => HttpGateway::missing() if HttpGateway::missing();
plan skip_all => 'KYCVS_NODE does not name a folder with swagger-parser, ajv and ajv-formats'
  if grep { !$ENV{KYCVS_NODE} || !-d "$ENV{KYCVS_NODE}/node_modules/$_" } qw(@apidevtools/swagger-parser ajv ajv-formats);

my $folder = tempdir('kycvs-openapi-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder);
my $node = new_registry('openapi');
my $observer = session($node);
$node->safe_psql('registry', 'CREATE ROLE gate LOGIN IN ROLE kycvs_gateway');
my $key = $observer->value("SELECT kycvs.create_api_key('irctc')");
my $gateway = HttpGateway->start(log => "$folder/gateway.log", arguments => [ '--database', $node->connstr('registry') . ' user=gate' ]);

my ($in, $out, $err) = ('', '', '');
my $validator = IPC::Run::start([ 'node', "$FindBin::RealBin/openapi.mjs" ], '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

sub validator_says
{
    my ($question) = @_;
    $in .= encode_json($question) . "\n";
    $out = '';
    eval { $validator->pump until $out =~ /\n/; 1 } or return "$@ $err";
    return $out =~ s/\n//r;
}

sub fits
{
    my ($name, $schema, $value) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(validator_says({ schema => $schema, value => $value }), 'ok', "$name is a $schema");
}

my $reply = $gateway->get('/openapi.json');
is($reply->{status}, 200, '/openapi.json');
append_to_file("$folder/openapi.json", $reply->{content});
is(validator_says({ file => "$folder/openapi.json" }), 'ok', 'is OpenAPI');
my $api = decode_json($reply->{content});
is($api->{openapi}, '3.1.0', '3.1');

# ---- what is sent and answered -----------------------------------------------------------

my $yes = JSON::PP::true;
my %ask = (mobile => '9825012345', name => 'Ramesh Patel', purpose => 'ticket-booking', reference => 'PNR 1');
fits('a request', 'OtpRequest', \%ask);
isnt(validator_says({ schema => 'OtpRequest', value => { %ask, names => ['x'] } }), 'ok', 'with name and names it is none');
my (undef, $receipt) = $gateway->call('/v1/otp', \%ask, $key);
fits('a receipt', 'Receipt', $receipt);
my (undef, $consent) = $gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => otp($observer, $receipt->{jti}), consent => $yes }, $key);
fits('a consent', 'Consent', $consent);
fits('a request with it', 'StatusRequest', { consent => $consent });
my (undef, $answer) = $gateway->call('/v1/status', { consent => $consent }, $key);
fits('an answer', 'Answer', $answer);

(undef, $receipt) = $gateway->call('/v1/otp', { %ask, name => undef, names => [ 'Ramesh Patel', 'Meena Patel' ], reference => 'PNR 2' }, $key);
fits('a receipt for two', 'Receipt', $receipt);
(undef, $consent) = $gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => otp($observer, $receipt->{jti}), consent => $yes }, $key);
(undef, $answer) = $gateway->call('/v1/status', { consent => $consent }, $key);
fits('the answers for them', 'GroupAnswer', $answer);

(undef, $receipt) = $gateway->call('/v1/otp', { %ask, reference => 'PNR 3' }, $key);
my @refused = (
    [ '/v1/otp', \%ask, 'wrong' ], [ '/v1/otp', '{', $key ], [ '/v1/otp', { %ask, mobile => '1' }, $key ], [ '/v1/otp', { %ask, purpose => 'x' }, $key ],
    [ '/v1/otp/resend', { txn => $receipt->{jti} }, $key ], [ '/v1/otp/resend', { txn => '00000000-0000-8000-8000-000000000000' }, $key ],
    [ '/v1/consent', { txn => $receipt->{jti}, otp => 'x', consent => $yes }, $key ], [ '/v1/status', { consent => {} }, $key ], [ '/v1/status', { consent => 'a.b.c' }, $key ]);
foreach my $case (@refused)
{
    my ($path, $body, $with) = @$case;
    my ($status, $problem) = $gateway->call($path, $body, $with);
    fits("$path: $status " . ($problem->{code} // ''), 'Problem', $problem);
    ok($api->{paths}{$path}{post}{responses}{$status}, 'which is described there');
    ok($api->{'x-codes'}{ $problem->{code} }, 'with its code') if $problem->{code};
}
fits('/healthz', 'Health', decode_json($gateway->get('/healthz')->{content}));
fits('an error of CoWIN\'s calls', 'CowinError', decode_json($gateway->get('/api/v3/vaccination/status')->{content}));

# ---- the page made from it --------------------------------------------------------------------

$reply = $gateway->get('/docs');
is($reply->{headers}{'content-type'}, 'text/html; charset=utf-8', '/docs is a page');
is(scalar(grep { index($reply->{content}, "$_</code></h2>") < 0 } keys %{ $api->{paths} }), 0, 'with every path');
is(scalar(grep { index($reply->{content}, "<tr id=\"$_\">") < 0 } keys %{ $api->{'x-codes'} }), 0, 'and every code, where problem details point');
unlike($reply->{content}, qr/(?:src|href)="(?!openapi\.json")/, 'it needs nothing from elsewhere');

# what the one table of the program has, too
my ($table) = slurp_file("$FindBin::RealBin/../gateway/status.c") =~ /table\[\] = \{(.*?)\n\};/s;
is_deeply([ sort keys %{ $api->{'x-codes'} } ], [ sort $table =~ /"(KV\d{3})"/g ], 'the codes are those of the program');

$in = '';
$validator->kill_kill;
is($gateway->stop, 0, 'it ends');

done_testing();
