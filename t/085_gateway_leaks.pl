# Two hundred persons go through the API, CoWIN's calls and the page, straight and
# through nginx, with refusals and a registry that hangs in between; then no number,
# name, OTP or API key is in the memory of the gateways once they have been idle for
# a second, nor in any log: theirs, nginx's, or that of the server at default settings.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HttpGateway;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Kycvs;
use Memory;
use Nginx;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Secrets;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => HttpGateway::missing() if HttpGateway::missing();
plan skip_all => Nginx::missing() if Nginx::missing();

my $folder = tempdir('kycvs-leaks-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder);

# ---- who is asked about -------------------------------------------------------------------

my $persons = 200;
my @persons = 0 .. $persons - 1;
remember($_) foreach @persons;

# The same in an address or a form.
sub escaped { my ($text) = @_; return $text =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ger }

my (%otp, %encoded);
foreach my $n (@persons)
{
    $encoded{ lc escaped($_) } = $n foreach grep { escaped($_) ne $_ } word($n), number_of($n);
}
my $any_encoded = join '|', map { quotemeta } sort keys %encoded;

my $node = new_registry('gateway_leaks');
my $observer = session($node);
$node->safe_psql('registry', join '', "CREATE ROLE gate LOGIN IN ROLE kycvs_gateway; SELECT kycvs.set_page('irctc', '{https://shop.example}');\n",
    map { $_ % 3 == 1 ? () : sprintf "SELECT kycvs.record_dose(kycvs.register_person('%s', '%s'), 'SPUTNIK-LIGHT', '2021-07-01');\n", number_of($_), name_of($_) } @persons);
my $key = $observer->value("SELECT kycvs.create_api_key('irctc')");

# ---- two gateways, one of them behind nginx --------------------------------------------------

my $library = Memory::dumpable($folder) or plan skip_all => 'no library can be built that lets a process be looked at';

sub start_gateway
{
    my ($name, @more) = @_;
    local %ENV = (%ENV, LD_PRELOAD => $library);
    return HttpGateway->start(log => "$folder/$name.log",
        arguments => [ '--database', $node->connstr('registry') . ' user=gate', '--web', "$FindBin::RealBin/../web", (map { ("--$_", 1000) } qw(codes-per-address wrong-per-address wrong-per-client)), @more ],
        alone => scalar @more);
}

my $gateway = start_gateway('straight');
my $hidden = start_gateway('hidden', '--listen', "$folder/gateway.sock");
HttpGateway::wait_until(sub { -S "$folder/gateway.sock" }, 'the socket');
my $nginx = Nginx->start($folder, "$folder/gateway.sock");
HttpGateway::wait_until(sub { ($nginx->ask('/healthz'))[0] == 200 }, 'the gateway behind nginx');
my %gateways = (straight => $gateway, 'behind nginx' => $hidden);
plan skip_all => 'memory cannot be read here' unless defined Memory::of($gateway->pid);
my %there_before;

sub look { my ($memory) = @_; $there_before{$_} = 1 foreach $memory =~ /(?<!\d)(\d{6})(?!\d)/g }

look(Memory::of($_->pid)) foreach values %gateways;

# ---- the flow -----------------------------------------------------------------------------------

# Status and body; every fifth person comes through nginx.
sub send_to
{
    my ($n, $path, $type, $body, @headers) = @_;
    push @headers, "Content-Type: $type" if defined $type;
    if ($n % 5 == 0)
    {
        my ($status, undef, $content) = $nginx->ask($path, (map { ('-H', $_) } @headers), defined $body ? ('--data-binary', $body) : ());
        return ($status, $content);
    }
    my $reply = $gateway->{http}->request(defined $body ? 'POST' : 'GET', $gateway->url($path), { headers => { map { split /: /, $_, 2 } @headers }, defined $body ? (content => $body) : () });
    return ($reply->{status}, $reply->{content});
}

# Bytes as they are, in JSON.
sub json { my (%member) = @_; return '{' . join(',', map { "\"$_\":" . ($member{$_} =~ /^(?:true|\{.*\})$/s ? $member{$_} : "\"$member{$_}\"") } sort keys %member) . '}' }
sub form { my (%field) = @_; return join '&', map { "$_=" . escaped($field{$_}) } sort keys %field }

sub call { my ($n, $path, %member) = @_; return send_to($n, $path, 'application/json', json(%member), "Authorization: Bearer $key") }
sub cowin { my ($n, $path, %member) = @_; return send_to($n, "/api/v3/vaccination/$path", 'application/json', json(%member), "x-api-key: $key") }

sub page
{
    my ($n, %field) = @_;
    return send_to($n, '/page', 'application/x-www-form-urlencoded', form(client => 'irctc', purpose => 'ticket-booking', lang => 'gu', mobile => number_of($n), name => name_of($n), %field));
}

sub otp_of
{
    my ($n, $txn) = @_;
    $otp{$n} = otp($observer, $txn);
    remember_otp($n, $otp{$n});
    return $otp{$n};
}

sub wrong { my ($n) = @_; return sprintf '%06d', ($otp{$n} + 1) % 1000000 }

sub by_api
{
    my ($n) = @_;
    my $txn = decode_json((call($n, '/v1/otp', mobile => number_of($n), name => name_of($n), purpose => 'ticket-booking', reference => "PNR $n"))[1])->{jti};
    otp_of($n, $txn);
    call($n, '/v1/consent', txn => $txn, otp => wrong($n), consent => 'true') if $n % 4 == 0;
    my $consent = (call($n, '/v1/consent', txn => $txn, otp => $n % 2 ? $otp{$n} : sha256_hex($otp{$n}), consent => 'true'))[1];
    return decode_json((call($n, '/v1/status', consent => $consent))[1])->{status};
}

sub by_cowin
{
    my ($n) = @_;
    my $txn = decode_json((cowin($n, 'generateOTP', mobile_number => number_of($n), full_name => name_of($n)))[1])->{txnId};
    otp_of($n, $txn);
    cowin($n, 'confirmOTP', txnId => $txn, otp => sha256_hex(wrong($n))) if $n % 4 == 0;
    my $token = decode_json((cowin($n, 'confirmOTP', txnId => $txn, otp => sha256_hex($otp{$n})))[1])->{token};
    return decode_json((send_to($n, '/api/v3/vaccination/status', undef, undef, "Authorization: Bearer $token", "x-api-key: $key"))[1])->{vaccination_status};
}

sub by_page
{
    my ($n) = @_;
    my $shown = (page($n, step => 'otp', reference => "PNR $n"))[1];
    my ($txn) = $shown =~ /name="txn" value="([^"]+)"/;
    my ($receipt) = $shown =~ /name="receipt" value="([^"]+)"/;
    my %more = (txn => $txn, receipt => $receipt =~ s/&quot;/"/gr, reference => "PNR $n", step => 'answer', consent => 'yes');
    otp_of($n, $txn);
    page($n, %more, otp => wrong($n)) if $n % 4 == 0;
    my ($status) = (page($n, %more, otp => $otp{$n}))[1] =~ /&quot;status&quot;: (\d)/;
    return $status;
}

# What is refused, and has their secrets in it. A path is logged by nginx, so that one goes straight.
sub refusals
{
    my ($n) = @_;
    my ($number, $name) = (number_of($n), name_of($n));
    my %right = (mobile => $number, name => $name, purpose => 'ticket-booking');
    my @got = map { $_->[0] } (
        [ call($n, '/v1/otp', %right, mobile => "$number 1") ], [ call($n, '/v1/otp', %right, name => "$name 1") ], [ call($n, '/v1/otp', %right, purpose => $name) ],
        [ call($n, '/v1/otp', %right, travel_date => $number) ], [ call($n, '/v1/otp', %right, language => $name) ], [ call($n, '/v1/otp', %right, $number => $name) ],
        [ call($n, '/v1/consent', txn => $number, otp => $otp{$n}, consent => 'true') ], [ call($n, '/v1/status', consent => $number) ], [ call($n, '/v1/status', consent => "{\"name\": \"$name\"}") ],
        [ send_to($n, '/v1/otp', 'application/json', "{\"mobile\": \"$number\", \"name\": \"$name", "Authorization: Bearer $key") ], [ send_to($n, '/v1/otp', 'text/plain', $number, "Authorization: Bearer $key") ],
        [ send_to($n, '/v1/otp', 'application/json', json(%right), "Authorization: Bearer x$key") ], [ send_to($n, '/v1/otp?' . form(%right), undef, undef) ], [ send_to(1, '/' . escaped($name), undef, undef) ],
        [ page($n, step => 'otp', mobile => "$number 1") ], [ page($n, step => 'resend', txn => $number) ], [ page($n, step => 'answer', txn => '00000000-0000-8000-8000-000000000000', otp => $otp{$n}, consent => 'yes') ],
        [ send_to($n, '/page?' . form(client => $number, reference => $name), undef, undef) ], [ send_to($n, '/page', 'text/plain', "$number $name $otp{$n}") ]);
    return scalar grep { $_ >= 400 && $_ < 500 } @got;
}

my ($right, $refused) = (0, 0);
foreach my $n (@persons)
{
    my $status = $n % 3 == 0 ? by_api($n) : $n % 3 == 1 ? by_cowin($n) : by_page($n);
    $right++ if defined $status && $status == ($n % 3 == 1 ? 0 : 2);
    $refused += refusals($n) if $n % 20 == 11 || $n % 100 == 0;
}
is($right, $persons, "$persons persons have their answers, by the API, CoWIN's calls and the page");
is($refused, 19 * 12, 'and each kind of refusal twelve times');
is(scalar(keys %otp), $persons, 'all OTPs are known');

# a registry that hangs, and nginx without a gateway's answer
stop_process(my $authority = authority_pid($observer));
is((call(7, '/v1/otp', mobile => number_of(7), name => name_of(7), purpose => 'ticket-booking', reference => 'late'))[0], 504, 'the registry hangs');
is((page(10, step => 'otp', reference => 'late'))[0], 504, 'also through nginx');
continue_process($authority);
authority_idle($observer);

# ---- the search -------------------------------------------------------------------------------------

my %known = map { $_ => 1 } grep { !$there_before{$_} } values %otp;
cmp_ok(scalar(keys %known), '>', 0.9 * $persons, scalar(keys %known) . ' OTPs can be told from what was there before');

# What is found there, by kind; where, goes to the log.
sub found_in
{
    my ($content, $what) = @_;
    my @found = secrets_in($content);
    push @found, map { "OTP $_" } grep { $known{$_} } $content =~ /(?<!\d)(\d{6})(?!\d)/g;
    push @found, map { "name or number $_" } $content =~ /($any_encoded)/gi;
    push @found, ('key') x (() = $content =~ /\Q$key\E|\Q@{[ substr $key, 6 ]}\E/g);
    note("$what: $_") foreach @found;
    return count_of(@found);
}

# One whose request is still on its way: there the search must find something.
sub half_a_request
{
    my ($port, $n) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die;
    print $socket "POST /v1/consent HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer $key\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n"
      . "{\"otp\":\"$otp{$n}\",\"name\":\"" . name_of($n) . '","mobile":"' . number_of($n) . '","more":"' . escaped(name_of($n)) . '"';
    return $socket;
}

my ($planted) = grep { $known{ $otp{$_} } && $_ % 12 == 3 } @persons;
my $half = half_a_request($gateway->port, $planted);
HttpGateway::wait_until(sub { index(Memory::of($gateway->pid), word($planted)) >= 0 }, 'half a request');
like(found_in(Memory::of($gateway->pid), 'half a request'), qr/OTP.*key.*name.*number/, 'what is on its way is found in memory: number, name, OTP and key');
close $half;
like(found_in("call 9" . substr(number_of(4), 1) . ' of ' . uc(word(1)) . ", x$otp{$planted}, $key", 'planted'), qr/^2 OTP, 1 key, 1 name, 1 number$|^1 OTP, 1 key, 1 name, 1 number$/, 'and in a log');

sleep(2.5);
foreach my $name (sort keys %gateways)
{
    my $memory = Memory::of($gateways{$name}->pid);
    like($memory, qr/kycvs\.try_issue_otp/, "$name: memory of a gateway that is idle, " . length($memory) . ' bytes');
    is(found_in($memory, $name), 'none', 'has no number, name, OTP or key');
}

is($_->stop, 0, 'it ends') foreach values %gateways;
$nginx->ask('/page?' . form(reference => number_of(3), client => name_of(3)));
system('curl', '-s', '-o', '/dev/null', '-H', 'Host: kycvs.example', 'http://127.0.0.1:' . $nginx->plain . '/page?' . form(reference => number_of(3), client => name_of(3)));
$nginx->stop;
my %logs = (gateways => join('', map { slurp_file($_) } glob "$folder/*.log"), nginx => $nginx->log_text, server => slurp_file($node->logfile));
like($logs{nginx}, qr/"POST \/v1\/consent" 200/, 'nginx has logged the requests');
foreach my $log (sort keys %logs)
{
    is(found_in($logs{$log}, $log), 'none', "the log of $log has none, in " . length($logs{$log}) . ' bytes');
}
diag("counts: $persons persons, ", 19 * 12, ' refusals, 2 memories and 3 logs searched');

done_testing();
