# kycvs-gateway on a real registry: its API, CoWIN's three calls, what it says
# about itself, and what it leaves in logs.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HttpGateway;
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use Kycvs;
use Memory;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => HttpGateway::missing() if HttpGateway::missing();

my $folder = tempdir('kycvs-gateway-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder);

# ---- the command line ------------------------------------------------------------------

my ($status, $output, $errors) = HttpGateway::run('--help');
is($status, 0, '--help succeeds');
like($output, qr/--listen WHERE.*Exit status/s, 'and tells the options and the exit statuses');
like((HttpGateway::run('--version'))[1], qr/^kycvs-gateway [0-9.]+\n$/, '--version');
is((HttpGateway::run('--frequency', '1'))[0], 64, 'a wrong option is wrong usage');
is((HttpGateway::run('--help', '--config', "$folder/nowhere"))[0], 0, '--help succeeds whatever else is said');
foreach my $case ([ '-hx', 'wrong option -h' ], [ '--config', '--config needs a value' ], [ '--check=1', 'wrong option --check=1' ])
{
    like((HttpGateway::run($case->[0]))[2], qr/^kycvs-gateway: \Q$case->[1]\E$/m, "$case->[0]: $case->[1]");
}
foreach my $wrong ([ 'listen', '10.0.0.1:80' ], [ 'listen', '/' . 'x' x 200 ], [ 'metrics', '10.0.0.1:80' ], [ 'connections', '0' ], [ 'connections', '65' ], [ 'queue', 'x' ], [ 'client-seconds', '' ])
{
    ($status, $output, $errors) = HttpGateway::run("--$wrong->[0]", $wrong->[1]);
    is($status, 64, "--$wrong->[0] $wrong->[1] is refused");
    like($errors, qr/--$wrong->[0] must be/, 'and told what it must be');
}
is((HttpGateway::run('--database', 'host=x password=hunter2'))[0], 64, 'a password on the command line is refused');
my $conf = "$folder/gateway.conf";
append_to_file($conf, "# a comment\nqueue = 8\nflight = 9\n");
($status, $output, $errors) = HttpGateway::run('--config', $conf);
is($status, 78, 'wrong configuration has an exit status of its own');
like($errors, qr/\Q$conf\E:3: there is no setting "flight"/, 'and names file and line');
unlink $conf;
($status, $output, $errors) = HttpGateway::run('--config', $folder);
is($status, 78, 'a directory is no configuration');
append_to_file("$folder/broken.conf", "database = host=x password=hunter 2hunter\n");
chmod 0600, "$folder/broken.conf";
($status, $output, $errors) = HttpGateway::run('--config', "$folder/broken.conf");
is($status, 78, 'a password that breaks the connection string is wrong configuration');
unlike($errors, qr/hunter/, 'and not shown in part');

# ---- a registry, and a gateway ------------------------------------------------------------

my $node = new_registry('gateway', conf => "kycvs.countries = ''\nlog_min_error_statement = error\n");
my $observer = session($node);
$node->safe_psql('registry', <<'SQL');
CREATE ROLE gate LOGIN IN ROLE kycvs_gateway;
CREATE ROLE nobody LOGIN;
SELECT kycvs.set_page('irctc', '{https://shop.example}');
SELECT kycvs.register_person('9825012346', 'Sita Devi') AS person \gset
SELECT kycvs.record_dose(:person, 'COVISHIELD', '2021-04-02');
SELECT kycvs.register_person('9825012345', 'Meena Patel');
SQL
my $key = $observer->value("SELECT kycvs.create_api_key('irctc')");
my $other_key = $observer->value("SELECT kycvs.create_api_key('indigo')");
my $database = $node->connstr('registry') . ' user=gate';

my @checked = HttpGateway::run('--database', $database, '--check');
is($checked[0], 0, '--check: all well') or diag(@checked);
like($checked[1], qr/^ok    authority: answers$/m, 'the authority was asked');
@checked = HttpGateway::run('--database', $node->connstr('registry') . ' user=nobody', '--check');
is($checked[0], 1, '--check: a login that is no member of kycvs_gateway');
like($checked[1], qr/^FAIL  .*try_status.*: no$/m, 'is told what it may not');
like($checked[1], qr/^FAIL  authority: could not be asked: SQLSTATE 42501$/m, 'and that nothing is known of the authority');
@checked = HttpGateway::run('--database', $node->connstr('postgres'), '--check');
is($checked[0], 1, '--check: a database without kycvs');
like($checked[1], qr/^FAIL  database: .*kycvs.* does not exist\n\z/m, 'is told in one line');
is((HttpGateway::run('--database', 'host=/nowhere', '--check'))[0], 1, '--check: no database');
my $squatter = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
is((HttpGateway::run('--database', $database, '--listen', '127.0.0.1:' . $squatter->sockport))[0], 71, 'a port that somebody else has may be free again');
close $squatter;

my $gateway = HttpGateway->start(log => "$folder/gateway.log", arguments => [ '--database', $database ]);

# ---- about itself --------------------------------------------------------------------------

my $reply = $gateway->get('/healthz');
is($reply->{status}, 200, '/healthz: the authority answers');
is($reply->{headers}{'cache-control'}, 'no-store', 'and nobody keeps that');
$reply = $gateway->get('/.well-known/jwks.json');
is($reply->{headers}{'content-type'}, 'application/jwk-set+json', '/.well-known/jwks.json is a key set');
is_deeply(decode_json($reply->{content}), decode_json($observer->value('SELECT kycvs_jwks()')), 'the registry\'s');
like($reply->{headers}{'cache-control'}, qr/max-age=\d+/, 'which may be kept');
is($gateway->get('/.well-known/jwks.json', 'If-None-Match' => $reply->{headers}{etag})->{status}, 304, 'and is not sent to who has it');
like($gateway->metrics, qr/^kycvs_gateway_replies_total\{path="\/healthz",status="2xx"\} 1$/m, '/metrics counts');
is($gateway->get('/nothing')->{status}, 404, 'other paths are not there');
$reply = $gateway->get('/v1/otp');
is("$reply->{status} $reply->{headers}{allow}", '405 POST', 'nor are other methods');

# ---- the API --------------------------------------------------------------------------------

my %ask = (mobile => '9825012345', name => 'Ramesh Patel', purpose => 'ticket-booking', reference => 'PNR 1');
my ($code, $receipt) = $gateway->call('/v1/otp', \%ask, $key);
is($code, 200, '/v1/otp');
is("$receipt->{aud} $receipt->{mobile} $receipt->{reference}", 'irctc XXXXXX2345 PNR 1', 'answers with a signed receipt');
is(($gateway->call('/v1/otp', \%ask, $key))[1]{jti}, $receipt->{jti}, 'asked again, it is the same challenge');
my $otp = otp($observer, $receipt->{jti});
my $wrong = sprintf('%06d', ("$otp" + 1) % 1000000);

($code, my $problem, $reply) = $gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => $wrong, consent => JSON::PP::true }, $key);
is("$code $problem->{code} $problem->{tries_left}", '422 KV010 2', 'a wrong OTP');
is($reply->{headers}{'content-type'}, 'application/problem+json', 'is told as problem details');
is_deeply([ sort keys %$problem ], [ sort qw(type title status detail code tries_left) ], 'with these members');
is(($gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => $otp, consent => JSON::PP::false }, $key))[1]{code}, 'KV006', 'no consent');
is(($gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => $otp, consent => JSON::PP::true }, $other_key))[0], 404, 'another entity\'s challenge is unknown');
($code, my $consent) = $gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => $otp, consent => JSON::PP::true }, $key);
is("$code $consent->{txn}", "200 $receipt->{jti}", '/v1/consent');

($code, my $answer) = $gateway->call('/v1/status', { consent => $consent }, $key);
is("$code $answer->{status}", '200 2', '/v1/status: fully vaccinated');
my $quoted = encode_json($answer) =~ s/'/''/gr;
is($observer->value("SELECT kycvs_verify('$quoted', 'irctc', 'PNR 1') ->> 'status'"), 2, 'signed, and the signature survives the way');
my $compact = $observer->value("SELECT kycvs_to_jwt('" . (encode_json($consent) =~ s/'/''/gr) . "')");
is(($gateway->call('/v1/status', { consent => $compact }, $key))[1]{jti}, $answer->{jti}, 'the compact form gives the same answer');
($code, $problem, $reply) = $gateway->call('/v1/otp/resend', { txn => $receipt->{jti} }, $key);
is("$code $problem->{code}", '409 KV014', '/v1/otp/resend: used');

# a group
($code, $receipt) = $gateway->call('/v1/otp', { %ask, name => undef, names => [ 'Ramesh Patel', 'Meena Patel' ], reference => 'PNR 2' }, $key);
is($code, 200, '/v1/otp for two persons');
($code, $consent) = $gateway->call('/v1/consent', { txn => $receipt->{jti}, otp => otp($observer, $receipt->{jti}), consent => JSON::PP::true }, $key);
($code, $answer) = $gateway->call('/v1/status', { consent => $consent }, $key);
is_deeply([ map { $_->{status} } @{ $answer->{answers} // [] } ], [ 2, 0 ], '/v1/status gives an answer for each, in their order');

# waits
($code, $receipt) = $gateway->call('/v1/otp', { %ask, reference => 'PNR 3' }, $key);
($code, $problem, $reply) = $gateway->call('/v1/otp/resend', { txn => $receipt->{jti} }, $key);
is("$code $problem->{code}", '429 KV007', 'too early to resend');
ok($problem->{retry_after} > 0 && $reply->{headers}{'retry-after'} == $problem->{retry_after}, 'Retry-After says when');

# ---- what is refused before the registry is asked ----------------------------------------------

sub refused
{
    my ($name, $expected, $body, %headers) = @_;
    my ($code, $problem) = $gateway->call('/v1/otp', $body, $headers{key} // $key, %{ $headers{headers} // {} });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is("$code " . ($problem->{status} // ''), "$expected $expected", "$name: $expected");
}

my $text = encode_json(\%ask);
refused('a key that is not known', 401, \%ask, key => 'kycvs_' . '0' x 64);
refused('a key of the gateway\'s own', 401, \%ask, key => 'page:irctc');
is(($gateway->call('/v1/otp', \%ask))[0], 401, 'no key: 401');
is($gateway->post('/v1/otp', \%ask)->{headers}{'www-authenticate'}, 'Bearer', 'which says how');
refused('another type of content', 415, $text, headers => { 'Content-Type' => 'text/plain' });
refused('no body', 400, '');
refused('no JSON', 400, '{');
refused('something behind it', 400, "$text {}");
refused('no object', 400, '[]');
refused('a member twice', 400, '{"mobile":"9825012345",' . substr($text, 1));
refused('a NUL', 400, '{"mobile":"9825012345\u0000","name":"x","purpose":"x"}');
refused('no UTF-8', 400, "{\"mobile\":\"\xff\",\"name\":\"x\",\"purpose\":\"x\"}");
refused('half a character', 400, '{"mobile":"\ud800","name":"x","purpose":"x"}');
refused('nested deeply', 400, '[' x 10000);
refused('a member that nobody knows', 422, { %ask, colour => 'red' });
refused('a member that is missing', 422, { mobile => '9825012345', name => 'Ramesh Patel' });
refused('a number for a text', 422, { %ask, mobile => 9825012345 });
refused('name and names', 422, { %ask, names => ['Ramesh Patel'] });
refused('seven names', 422, { %ask, name => undef, names => [ map { 'Ramesh ' . chr(65 + $_) x 3 } 0 .. 6 ] });
refused('no date', 422, { %ask, travel_date => 'tomorrow' });
refused('a date that is none', 422, { %ask, travel_date => '2027-02-31' });
refused('a mobile that is none', 422, { %ask, mobile => '12345' });
refused('a purpose that is not its own', 403, { %ask, purpose => 'employment' });
is(($gateway->call('/v1/status', { consent => { %$consent, deep => [ [ [ [ [ [ [ [ [ [ [ [ [ [ [ [ [] ] ] ] ] ] ] ] ] ] ] ] ] ] ] ] ] } }, $key))[0], 422, 'a document that is nested deeply: 422');
is(($gateway->call('/v1/status', { consent => 'a.b.c' }, $key))[0], 422, 'a compact document that is none: 422');
is(($gateway->call('/v1/otp/resend', { txn => '9825012345' }, $key))[0], 422, 'a txn that is no UUID: 422');

# ---- Idempotency-Key -----------------------------------------------------------------------------

my @once = (Authorization => "Bearer $key", 'Idempotency-Key' => 'order 17');
is($gateway->post('/v1/otp', { %ask, reference => 'PNR 3' }, @once)->{status}, 200, 'a request with an Idempotency-Key');
my $first = $gateway->post('/v1/otp', { %ask, reference => 'PNR 3' }, @once)->{content};
is(decode_json($first)->{jti}, $receipt->{jti}, 'repeated, it has the same answer');
is($gateway->post('/v1/otp', { %ask, reference => 'PNR 3' }, @once)->{content}, $first, 'byte for byte');
is($gateway->post('/v1/otp', { %ask, reference => 'PNR 4' }, @once)->{status}, 422, 'with another body it is a mistake');
is($gateway->post('/v1/otp/resend', { txn => $receipt->{jti} }, @once)->{status}, 422, 'with another call, too');
isnt($gateway->post('/v1/otp', { %ask, reference => 'PNR 4', mobile => '9825012346' }, @once, Authorization => "Bearer $other_key")->{status}, 422, 'somebody else\'s is another');


# a wrong OTP that is sent again by one key costs one try
@once = (Authorization => "Bearer $key", 'Idempotency-Key' => 'order 18');
my $mistaken = otp($observer, $receipt->{jti}) eq '123456' ? '654321' : '123456';
my %try = (txn => $receipt->{jti}, otp => $mistaken, consent => JSON::PP::true);
is(join(' ', map { my $said = decode_json($gateway->post('/v1/consent', \%try, @once)->{content}); "$said->{code} $said->{tries_left}" } 1 .. 3), 'KV010 2 KV010 2 KV010 2', 'a wrong OTP that is repeated with its key');
is(($gateway->call('/v1/consent', \%try, $key))[1]{tries_left}, 1, 'has cost one try');

# a consent and an answer are the registry's to repeat
{
    my @repeated = (Authorization => "Bearer $other_key", 'Idempotency-Key' => 'order 18');
    my ($code, $receipt) = $gateway->call('/v1/otp', { %ask, mobile => next_mobile() }, $other_key);
    my %agree = (txn => $receipt->{jti}, otp => otp($observer, $receipt->{jti}), consent => JSON::PP::true);
    my $count = sub { $observer->value("SELECT count(*) FROM kycvs_data.audit WHERE event IN ('verify', 'status')") };
    my $before = $count->();
    my @consents = map { decode_json($gateway->post('/v1/consent', \%agree, @repeated)->{content}) } 1 .. 2;
    is($consents[0]{jti}, $consents[1]{jti}, 'a consent that is asked for again by its key is the same');
    $repeated[-1] = 'order 18, status';
    my @answers = map { decode_json($gateway->post('/v1/status', { consent => $consents[0] }, @repeated)->{content}) } 1 .. 2;
    is($answers[0]{jti}, $answers[1]{jti}, 'and an answer');
    is($count->() - $before, 4, 'and the registry has audited each of the four');
    $observer->value("SELECT kycvs.suspend_entity('indigo')");
    is($gateway->post('/v1/status', { consent => $consents[0] }, @repeated)->{status}, 403, 'a client that was suspended since is not answered from memory');
    $observer->value("SELECT kycvs.resume_entity('indigo')");
}

# what may be otherwise later is asked again
@once = (Authorization => "Bearer $key", 'Idempotency-Key' => 'order 19');
is($gateway->post('/v1/otp/resend', { txn => $receipt->{jti} }, @once)->{status}, 429, 'too early to resend');
is($gateway->post('/v1/otp/resend', { txn => $receipt->{jti} }, @once)->{status}, 429, 'which is asked again');
is($observer->value("SELECT count(*) FROM kycvs_data.audit WHERE event = 'resend' AND outcome = 'KV007'"), 3, 'of the registry');

# while the first is being answered
@once = (Authorization => "Bearer $key", 'Idempotency-Key' => 'order 20');
stop_process(my $busy = authority_pid($observer));
my $earlier = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port);
my $same = encode_json({ %ask, reference => 'PNR 20' });
print $earlier "POST /v1/otp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nIdempotency-Key: order 20\r\nContent-Type: application/json\r\nContent-Length: " . length($same) . "\r\nConnection: close\r\n\r\n$same";
HttpGateway::wait_until(sub { $gateway->metrics =~ /^kycvs_gateway_in_flight 2$/m }, 'it is in flight, beside the request for metrics');
my $again = $gateway->post('/v1/otp', $same, @once);
is("$again->{status} $again->{headers}{'retry-after'}", '409 1', 'the same at the same time: later');
continue_process($busy);
my ($body_of_first) = do { local $/; readline $earlier } =~ /^HTTP\/1\.1 200 .*?\r\n\r\n(.*)$/s;
is($gateway->post('/v1/otp', $same, @once)->{content}, $body_of_first, 'and then it has the answer of the first');

# ---- CoWIN's clients -------------------------------------------------------------------------------

# Nothing but the three calls.
my $client = <<'PYTHON';
import hashlib, json, sys, urllib.error, urllib.request

base, key = sys.argv[1:3]

def call(path, body=None, **headers):
    request = urllib.request.Request(base + '/api/v3/vaccination/' + path, headers={'x-api-key': key, **headers},
                                     data=json.dumps(body).encode() if body is not None else None)
    if body is not None:
        request.add_header('Content-Type', 'application/json')
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)

for line in sys.stdin:
    what, *rest = line.rstrip('\n').split('\t')
    if what == 'generate':
        print(json.dumps(call('generateOTP', {'mobile_number': rest[0], 'full_name': rest[1]})), flush=True)
    elif what == 'confirm':
        print(json.dumps(call('confirmOTP', {'otp': hashlib.sha256(rest[1].encode()).hexdigest(), 'txnId': rest[0]})), flush=True)
    elif what == 'status':
        print(json.dumps(call('status', Authorization='Bearer ' + rest[0])), flush=True)
    else:
        print(json.dumps(call(what, json.loads(rest[0]))), flush=True)
PYTHON
append_to_file("$folder/client.py", $client);
my ($in, $out) = ('', '');
my $python = IPC::Run::start([ 'python3', "$folder/client.py", $gateway->url(''), $other_key ], '<', \$in, '>', \$out, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

sub cowin
{
    $in .= join("\t", @_) . "\n";
    $out = '';
    $python->pump until $out =~ /\n/;
    return @{ decode_json($out) };
}

my %seen;
foreach my $person ([ '9825012345', 'Ramesh Patel', 2 ], [ '9825012346', 'Sita Devi', 1 ], [ '9825012345', 'Meena Patel', 0 ], [ '9700000001', 'Nobody Known', 0 ])
{
    my ($mobile, $name, $expected) = @$person;
    ($code, my $made) = cowin('generate', $mobile, $name);
    is($code . join(',', keys %$made), '200txnId', "CoWIN: generateOTP for $name");
    my $right = otp($observer, $made->{txnId});
    is_deeply([ cowin('confirm', $made->{txnId}, $right eq '000000' ? '000001' : '000000') ], [ 401, { errorCode => 'USRAUT0014', error => 'Invalid OTP' } ], 'a wrong OTP is 401');
    ($code, my $token) = cowin('confirm', $made->{txnId}, $right);
    is($code . join(',', keys %$token), '200token', 'confirmOTP');
    ($code, my $said) = cowin('status', $token->{token});
    is("$code $said->{vaccination_status}", "200 $expected", "status is $expected");
    like($out, qr/"vaccination_status": $expected\b/, 'a number');
    is($said->{document}{status}, $expected, 'with the signed document');
}
is((cowin('confirmOTP', '{"otp": "x"}'))[0], 400, 'confirmOTP without txnId is 400');
is((cowin('confirmOTP', '{"otp": "x", "txnId": "00000000-0000-8000-8000-000000000000"}'))[0], 400, 'an unknown txnId is 400');
is((cowin('generateOTP', '{"mobile_number": "9825012345"}'))[0], 400, 'generateOTP without a name is 400');
is((cowin('generate', '12345', 'Ramesh Patel'))[0], 400, 'a mobile that is none is 400');
is((cowin('status', 'a.b.c'))[0], 401, 'a token that is none is 401');
is_deeply([ sort keys %{ (cowin('status', 'x'))[1] } ], [ 'error', 'errorCode' ], 'errors have CoWIN\'s form');
$in = '';
$python->kill_kill;
is($gateway->get('/api/v3/vaccination/status')->{status}, 401, 'without an API key it is 401');

# ---- when the registry is away -------------------------------------------------------------------------

my $authority = authority_pid($observer);
stop_process($authority);
my $before = time();
($code, $problem) = $gateway->call('/v1/status', { consent => $compact }, $key);
is("$code $problem->{code}", '504 KV052', 'an authority that hangs: 504');
cmp_ok(time() - $before, '<', 8, 'in time');
continue_process($authority);
sleep(0.6);
is($gateway->get('/healthz')->{status}, 200, 'it goes on');
$node->stop('fast');
($code, $problem, $reply) = $gateway->call('/v1/status', { consent => $compact }, $key);
is($code, 503, 'no server: 503');
ok($reply->{headers}{'retry-after'} > 0, 'with Retry-After');
sleep(0.6);
is($gateway->get('/healthz')->{status}, 503, '/healthz says so');
$node->start;
$observer = session($node);
HttpGateway::wait_until(sub { ($gateway->call('/v1/status', { consent => $compact }, $key))[0] == 200 }, 'the gateway answers again');
pass('it answers again');

# a queue of one, a connection of one
my $small = HttpGateway->start(log => "$folder/small.log", arguments => [ '--database', $database, '--connections', 1, '--queue', 1 ]);
stop_process($authority = authority_pid($observer));
my @waiting = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $small->port) } 1 .. 3;
my $body = encode_json({ consent => $compact });
foreach my $socket (@waiting)
{
    print $socket "POST /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body";
    sleep(0.2);
}
my $third = do { local $/; readline $waiting[2] };
like($third, qr/^HTTP\/1\.1 503 .*^Retry-After: 1\r$/ms, 'a full queue is 503 at once, with Retry-After');
continue_process($authority);
like(do { local $/; readline $waiting[0] }, qr/^HTTP\/1\.1 200 /, 'the first has its answer');
like(do { local $/; readline $waiting[1] }, qr/^HTTP\/1\.1 200 /, 'the second, too');
is($small->stop, 0, 'SIGTERM: it ends');

# ---- what is left in its memory ------------------------------------------------------------------------------

SKIP:
{
    my $watched = HttpGateway->start(log => "$folder/watched.log", preload => Memory::dumpable($folder), arguments => [ '--database', $database ]);
    skip 'its memory cannot be read here', 2 unless defined Memory::of($watched->pid);
    my @secrets;
    foreach my $n (1 .. 8)
    {
        my ($mobile, $name) = ("970000010$n", "Nobody Known" . chr(64 + $n) x 3);
        my ($code, $receipt) = $watched->call('/v1/otp', { %ask, mobile => $mobile, name => $name }, $key);
        my $otp = otp($observer, $receipt->{jti});
        push @secrets, $mobile, $name, $otp;
        $watched->call('/v1/consent', { txn => $receipt->{jti}, otp => $otp, consent => JSON::PP::true }, $key);
    }
    my $any = join '|', map { quotemeta } @secrets;
    my $found = sub { return Memory::of($watched->pid) =~ /(?<![0-9a-f])($any)(?![0-9a-f])/ };
    like(Memory::of($watched->pid), qr/kycvs\.try_issue_otp/, 'memory of the gateway');
    ok(eval { HttpGateway::wait_until(sub { !$found->() }, 'none of them') }, 'has no number, name or OTP when it has been idle for a while');
    is($watched->stop, 0, 'SIGTERM: it ends');
}

# ---- reload and end -----------------------------------------------------------------------------------------

append_to_file($conf, "database = $database\nconnections = 2\n");
my $socket = "$folder/gateway.sock";
my $metrics = PostgreSQL::Test::Cluster::get_free_port();
my $configured = HttpGateway->start(log => "$folder/configured.log", alone => 1, arguments => [ '--config', $conf, '--metrics', "127.0.0.1:$metrics" ]);
HttpGateway::wait_until(sub { HTTP::Tiny->new->get("http://127.0.0.1:$metrics/metrics")->{content} =~ /^kycvs_gateway_connections 2$/m }, 'two connections');
is($configured->get('/metrics')->{status}, 404, 'metrics are where they were put, and nowhere else');
append_to_file($conf, "connections = 3\n");
$configured->signal('HUP');
HttpGateway::wait_until(sub { HTTP::Tiny->new->get("http://127.0.0.1:$metrics/metrics")->{content} =~ /^kycvs_gateway_connections 3$/m }, 'three connections');
pass('SIGHUP: the configuration is read again');
append_to_file($conf, "connections = 300\n");
$configured->signal('HUP');
$configured->said(qr/configuration not changed: \Q$conf\E:\d+: connections must be/);
is($configured->get('/healthz')->{status}, 200, 'a wrong one changes nothing');
unlink $conf;
append_to_file($conf, "database = $database\nmetrics = 127.0.0.1:1\n");
$configured->signal('HUP');
HttpGateway::wait_until(sub { HTTP::Tiny->new->get("http://127.0.0.1:$metrics/metrics")->{content} =~ /^kycvs_gateway_connections 4$/m }, 'what the command line says wins');
is($configured->stop, 0, 'SIGTERM: it ends');

# nothing of a configuration that is refused is taken over
unlink $conf;
append_to_file($conf, "database = $database\n");
my $whole = HttpGateway->start(log => "$folder/whole.log", arguments => [ '--config', $conf ]);
append_to_file($conf, "metrics = 127.0.0.1:$metrics\n");
$whole->signal('HUP');
$whole->said(qr/configuration not changed: where it listens changes with a restart only/);
is(IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $metrics), undef, 'SIGHUP does not make it listen elsewhere');
is($whole->get('/metrics')->{status}, 200, 'and metrics stay where they were');
is($whole->stop, 0, 'it ends');

# a request that runs while it ends has its answer
stop_process($authority);
my $last = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port);
print $last "POST /v1/status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
sleep(0.3);
$gateway->signal('TERM');
$gateway->said(qr/ends: takes no more, 1 requests in flight/);
continue_process($authority);
like(do { local $/; readline $last }, qr/^HTTP\/1\.1 200 .*^Connection: close\r$/ms, 'SIGTERM: what was asked is answered');
is($gateway->finish, 0, 'then it ends');

# ---- what is left in logs ---------------------------------------------------------------------------------------

my $logs = join '', map { slurp_file($_) } $node->logfile, glob "$folder/*.log";
is_deeply([ $logs =~ /(?<!\d)((?:\+?91)?9[78]\d{8}|$otp)(?!\d)/g ], [], 'no number and no OTP is in a log');
unlike($logs, qr/\Q$key\E|\Q$other_key\E|Ramesh Patel|Sita Devi/, 'no API key and no name');
my @wrong = grep { !/answered 503: SQLSTATE (?:08006|53300)|configuration not changed/ } $logs =~ /^.*kycvs-gateway: error: .*$/mg;
is_deeply(\@wrong, [], 'and no error but what was made to happen');

done_testing();
