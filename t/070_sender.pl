# kycvs-sender against a gateway that is a real HTTP server and misbehaves in
# every way: each message arrives, once in quiet running, also when gateway,
# database or sender fail in between; no text, number or OTP is left in the
# sender's memory, its log or its command line.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use JSON::PP qw(decode_json);
use Kycvs qw(stop_process continue_process);
use List::Util qw(max);
use Memory;
use MIME::Base64 qw(decode_base64);
use Outbox;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Sender;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => Sender::missing() if Sender::missing();

my $folder = tempdir('kycvs-sender-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $program = Sender::build($folder);
my $outbox = Outbox->new('sender');
my $gateway = Gateway->new($folder, PostgreSQL::Test::Cluster::get_free_port());
my $second = Gateway->new($folder, PostgreSQL::Test::Cluster::get_free_port());
my $receipts = PostgreSQL::Test::Cluster::get_free_port();

my $secrets = "$folder/secrets";
mkdir $secrets, 0700 or die;
sub write_file { my ($name, $content, $mode) = @_; append_to_file($name, $content); chmod $mode, $name or die }
my $password = "p&ss=w%rd \"1\"\n";
write_file("$secrets/password", $password, 0600);

my @arguments = ('--database', $outbox->conninfo, '--secrets', $secrets);

# ---- what the gateway took -------------------------------------------------------------

# The parameters of a query string or form, decoded.
sub parameters
{
    my ($encoded) = @_;
    my %parameters = map { /^(.*?)=(.*)$/ } split /&/, $encoded;
    s/%([0-9A-Fa-f]{2})/chr hex $1/ge foreach values %parameters;
    return \%parameters;
}

# The text of a message, whatever the shape of its request.
sub text_of
{
    my ($request) = @_;
    return decode_json($request->{body})->{text} if $request->{target} =~ m{^/json};
    return parameters($request->{target} =~ m{^/form} ? $request->{body} : $request->{target} =~ s/.*\?//r)->{text};
}

# Requests answered in a way that accepts, as number => how many times.
sub accepted
{
    my (@requests) = @_;
    my %times;
    $times{ parameters($_->{target} =~ s/.*\?//r)->{to} }++ foreach grep { $_->{way} =~ /^(?:fine|cut|slow|hold|endless)/ } @requests;
    return \%times;
}

# Each of these numbers has been accepted, and none twice.
sub arrived_once
{
    my ($name, $mobiles, @gateways) = @_;
    my $times = accepted(map { $_->taken } @gateways);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply({ map { $_ => $times->{$_} // 0 } @$mobiles }, { map { $_ => 1 } @$mobiles }, "$name: each message arrived once");
}

# Waits until the gateway has taken n of these; it may still read what a sender that is gone has left.
sub wait_until_taken
{
    my ($n, @mobiles) = @_;
    Sender::wait_until(sub { my $times = accepted($gateway->taken); $n <= grep { $times->{$_} } @mobiles }, "$n are on their way");
}

my $senders = 0;

sub start_sender
{
    my (%option) = @_;
    return Sender->start(
        log => "$folder/sender." . ++$senders . '.log',
        preload => $option{preload},
        files => $option{files},
        arguments => [ @arguments, @{ $option{arguments} // [] } ]);
}

# A library to be loaded before all others; nothing when there is no compiler.
sub build_library
{
    my ($name, $source) = @_;
    append_to_file("$folder/$name.c", "$source\n");
    return system('cc', '-shared', '-fPIC', '-o', "$folder/$name.so", "$folder/$name.c") == 0 ? "$folder/$name.so" : undef;
}

sub logs { return map { slurp_file($_) } glob "$folder/sender.*.log" }

# ---- routes --------------------------------------------------------------------------------

my $query = 'from=kycvs&password={secret}&to={to}&text={text}&coding={coding}&id={id}';
my %kannel = (method => 'GET', success_status => 202, success_pattern => '^0: ', secret_file => 'password', timeout_ms => 15000, allow_private => 'true');

sub add_routes
{
    $outbox->add_route(%kannel, name => 'query', priority => 1, url => $gateway->url("/send?$query"));
    $outbox->add_route(%kannel, name => 'query-receipts', priority => 1, url => $gateway->url("/send?$query&dlr-mask=31&dlr-url={receipt_url}"));
    $outbox->add_route(%kannel, name => 'by-body', priority => 1, url => $gateway->url("/send?$query"), success_status => undef);
    $outbox->add_route(%kannel, name => 'short', priority => 1, url => $gateway->url("/send?$query"), timeout_ms => 1000);
    $outbox->add_route(%kannel, name => 'second', priority => 2, url => $second->url("/send?$query"));
    $outbox->add_route(%kannel, name => 'private', priority => 1, url => $gateway->url("/send?$query"));
    $outbox->spoil_route('private', 'allow_private', 'false');
    $outbox->add_route(
        %kannel, name => 'form', priority => 1, method => 'POST', url => $gateway->url('/form?to={to}'),
        body => 'to={to_digits}&text={text}&coding={coding}&id={id}&template={template_id}&entity={entity_id}',
        body_format => 'form', username => 'kycvs');
    $outbox->add_route(
        %kannel, name => 'json', priority => 1, method => 'POST', url => $gateway->url('/json?to={to}'),
        body => '{{"to": "{to}", "text": "{text}", "coding": {coding}, "id": {id}, "template": "{template_id}"}}',
        body_format => 'json', headers => [ 'X-Key: {secret}', 'X-Message: {id}' ]);
}

# ---- the command line ------------------------------------------------------------------------

my ($status, $output, $errors) = Sender::run('--help');
is($status, 0, '--help succeeds');
like($output, qr/--in-flight N.*Exit status/s, 'and tells the options and the exit statuses');
like((Sender::run('--version'))[1], qr/^kycvs-sender [0-9.]+\n$/, '--version');
is((Sender::run('--in-flight', '0'))[0], 64, 'a wrong value is wrong usage');
is((Sender::run('--frequency', '1'))[0], 64, 'a wrong option, too');
is((Sender::run('--receipts', '10.0.0.1:8090'))[0], 64, 'and receipts taken elsewhere than on loopback');
is((Sender::run('--database', 'host=x password=hunter2'))[0], 64, 'a password on the command line is refused');
is((Sender::run('--receipt-url', 'https://sms.example/receipt'))[0], 64, 'and a URL to which a number cannot be added');
is((Sender::run('--help', '--config', "$folder/nowhere"))[0], 0, '--help succeeds whatever else is said');
foreach my $case ([ '-hx', 'wrong option -h' ], [ '--config', '--config needs a value' ], [ '--check=1', 'wrong option --check=1' ])
{
    like((Sender::run($case->[0]))[2], qr/^kycvs-sender: \Q$case->[1]\E$/m, "$case->[0]: $case->[1]");
}

my $conf = "$folder/sender.conf";
write_file($conf, "# a comment\nin-flight = 8\nflight = 9\n", 0644);
($status, $output, $errors) = Sender::run('--config', $conf);
is($status, 78, 'wrong configuration has an exit status of its own');
like($errors, qr/\Q$conf\E:3: there is no setting "flight"/, 'and names file and line');
unlink $conf;
write_file($conf, "database = host=x password=hunter2\n", 0644);
($status, $output, $errors) = Sender::run('--config', $conf);
is($status, 78, 'a password in a file that others can read is refused');
unlike($errors, qr/hunter2/, 'and not shown');
unlink $conf;
($status, $output, $errors) = Sender::run('--config', $folder);
is($status, 78, 'a directory is no configuration');
write_file($conf, "database = host=x password=hunter 2hunter\n", 0600);
($status, $output, $errors) = Sender::run('--config', $conf);
is($status, 78, 'a password that breaks the connection string is wrong configuration');
unlike($errors, qr/hunter/, 'and not shown in part');
unlink $conf;

# ---- --check -----------------------------------------------------------------------------------

sub check { my ($status, $output) = Sender::run(@arguments, @_, '--check'); return ($status, $output) }

($status, $output) = check();
is($status, 1, '--check: a registry without routes');
like($output, qr/^FAIL  routes: the registry has none/m, 'is told so');
add_routes();
$outbox->use_routes('query');
($status, $output) = check();
is($status, 0, '--check: all well') or diag($output);
like($output, qr/^ok    route query: connected to 127\.0\.0\.1$/m, 'it has connected to the gateway');
is(scalar($gateway->taken), 0, 'and sent nothing');
{
    local $ENV{SSLKEYLOGFILE} = "$folder/keys";
    check();
    ok(!-e "$folder/keys", 'no keys of TLS are written down, whatever the environment says');
}
$outbox->use_routes('query', 'private');
($status, $output) = check();
is($status, 1, '--check: a private address');
like($output, qr/^FAIL  route private: address not allowed$/m, 'is refused');
$outbox->use_routes('query', 'query-receipts');
($status, $output) = check();
like($output, qr/^FAIL  route query-receipts: \{receipt_url\} is used and no receipts are configured$/m, '--check: receipts wanted and not taken');
my @receipts = ('--receipts', "127.0.0.1:$receipts");
($status, $output) = check(@receipts);
is($status, 0, 'taken');
ok(!-e "$secrets/receipt.key", 'and their key not made, perhaps for the wrong user');
$outbox->use_routes('query');
like((check('--database', 'host=/nowhere'))[1], qr/^FAIL  database: /m, '--check: no database');
like((check('--secrets', "$folder/nowhere"))[1], qr/^FAIL  secrets: .*^FAIL  route query: /ms, '--check: what is wrong hides nothing else that is');

# A route that is wrong is not used; each time it is given back what it had.
foreach my $wrong (
    [ 'json', 'url', 'ftp://sms.example/', 'url: is neither' ],
    [ 'json', 'url', 'http://{to}.example/', 'url: has a placeholder or a user before its path' ],
    [ 'json', 'url', 'http://kycvs@sms.example/', 'url: has a placeholder or a user before its path' ],
    [ 'json', 'url', 'http:///send', 'url: has no host' ],
    [ 'json', 'url', 'http://sms.example/?{otp}', 'url: unknown placeholder {otp}' ],
    [ 'json', 'body', '{"to": "{to}"}', 'body: a brace is opened and not closed' ],
    [ 'json', 'headers', '{"X-Key {secret}"}', 'header: is not of the form "Name: value"' ],
    [ 'json', 'success_pattern', '(', 'success_pattern: ' ],
    [ 'json', 'success_pattern', '(.*)\\1', 'success_pattern: has a back-reference' ],
    [ 'json', 'success_pattern', '(' x 120_000, 'success_pattern: is too long' ],
    [ 'json', 'secret_file', 'receipt.key', "the secret_file named is the sender's own" ],
    [ 'json', 'secret_file', '../secrets/password', '"' . "$secrets/../secrets/password" . '" is not a bare file name' ],
    [ 'json', 'secret_file', undef, 'a secret is used and no secret_file named' ])
{
    my ($route, $column, $value, $why) = @$wrong;
    $outbox->use_routes($route);
    my $before = $outbox->spoil_route($route, $column, $value);
    like((check())[1], qr/^FAIL  route $route: \Q$why\E/m, "--check: $why");
    $outbox->spoil_route($route, $column, $before);
}
$outbox->use_routes('query');

# A secret that others can read is not used.
my %spoilt = (
    'readable for the group' => sub { chmod 0640, "$secrets/password" },
    'a symbolic link' => sub { rename "$secrets/password", "$secrets/other"; symlink "$secrets/other", "$secrets/password" },
    'missing' => sub { rename "$secrets/password", "$secrets/other" },
    'in a directory that others write to' => sub { chmod 0777, $secrets });
foreach my $how (sort keys %spoilt)
{
    $spoilt{$how}->();
    ($status, $output) = check();
    is($status, 1, "a secret $how is refused");
    like($output, qr/^FAIL  (?:route query|secrets): "\Q$secrets\E/m, 'and the file named');
    unlike($output, qr/p&ss/, 'and not shown');
    rename "$secrets/other", "$secrets/password" if -e "$secrets/other";
    chmod 0600, "$secrets/password";
    chmod 0700, $secrets;
}
is((check())[0], 0, 'all well again');

# ---- quiet running: the three shapes --------------------------------------------------------------

sub once
{
    my ($route, $n, @more) = @_;
    $outbox->use_routes($route);
    my @mobiles = $outbox->issue($n);
    my $before = $gateway->taken;
    my ($status, $output, $errors) = Sender::run(@arguments, @more, '--once');
    is($status, 0, "$route: --once ends well") or diag($errors);
    arrived_once($route, \@mobiles, $gateway);
    my @taken = $gateway->taken;
    return ($errors, @taken[ $before .. $#taken ]);
}

# What every SMS says somewhere.
my $says = qr/(?<![0-9])[0-9]{6}(?![0-9])/;

my ($said, @requests) = once('query', 100);
my @texts = map { parameters($_->{target} =~ s/.*\?//r) } @requests;
is(scalar(grep { $_->{text} =~ $says && $_->{coding} eq '0' && $_->{password} eq 'p&ss=w%rd "1"' } @texts), 100, 'query: escaped as it has to be');
like($said, qr/claimed 100, sent 100, retried 0, failed 0/, 'and counted');

($said, @requests) = once('form', 20);
@texts = map { parameters($_->{body}) } @requests;
is(scalar(grep { $_->{text} =~ $says && "+$_->{to}" =~ /^\+91[0-9]{10}$/ } @texts), 20, 'form: as it has to be');
is(scalar(grep { $_->{method} eq 'POST' && decode_base64($_->{headers}{authorization} =~ s/^Basic //r) eq 'kycvs:p&ss=w%rd "1"' } @requests), 20, 'with basic authentication');

($said, @requests) = once('json', 20);
@texts = map { decode_json($_->{body}) } @requests;
is(scalar(grep { $_->{text} =~ $says && $_->{to} =~ /^\+91[0-9]{10}$/ } @texts), 20, 'JSON: as it has to be');
is(scalar(grep { $_->{headers}{'x-key'} eq 'p&ss=w%rd "1"' && $_->{headers}{'content-type'} eq 'application/json' } @requests), 20, 'with a key in a header');

foreach my $route (qw(query form json))
{
    my $odd = $outbox->issue_odd;
    $outbox->use_routes($route);
    is((Sender::run(@arguments, '--once'))[0], 0, "$route: a text of odd characters is sent");
    my $request = ($gateway->taken)[-1];
    my $text = text_of($request);
    utf8::encode($text) if $route eq 'json';
    like($text, qr/\Q$odd\E/, 'and arrives as it was');
    like($request->{target} . $request->{body}, qr/coding(?:=|": )2/, 'said to need UCS-2');
}

# A registry that gives out nothing is not asked for ever.
{
    ($status, $output, $errors) = Sender::run('--database', $outbox->conninfo . ' options=-ckycvs.registry=nowhere', '--secrets', $secrets, '--once');
    is($status, 69, '--once: a registry that refuses');
    like($errors, qr/could not claim messages: .*error: the registry refuses/s, 'ends it');
}

# ---- two senders -----------------------------------------------------------------------------------

{
    $outbox->use_routes('query');
    my @both = map { start_sender(arguments => [ '--in-flight', 16 ]) } 1 .. 2;
    my @mobiles = $outbox->issue(400);
    $outbox->drained;
    is($_->stop, 0, 'a sender ends well') foreach @both;
    arrived_once('two senders', \@mobiles, $gateway);
    is($both[0]->counts->{sent} + $both[1]->counts->{sent}, 400, 'and each was counted once');
}

# ---- a gateway that misbehaves ------------------------------------------------------------------------

# Sends through a gateway that behaves like that until a message has failed, then mends it.
sub through_trouble
{
    my ($way, $detail, $route) = @_;
    $route //= 'query';
    $outbox->use_routes($route);
    my $sender = start_sender();
    $way eq 'down' ? $gateway->stop : $gateway->behave($way);
    my @mobiles = $outbox->issue(10);
    $sender->said(qr/warning: route $route: \Q$detail\E/);
    $gateway->behave('fine');
    $gateway->start if $way eq 'down';
    $outbox->drained;
    is($sender->stop, 0, "$way: the sender ends well");
    arrived_once($way, \@mobiles, $gateway);
    my $counts = $sender->counts;
    ok($counts->{sent} == 10 && $counts->{claimed} == $counts->{sent} + $counts->{retried} && $counts->{failed} + $counts->{dropped} == 0, "$way: with counts");
    diag("counts: gateway $way ($detail): 10 sent, after $counts->{retried} attempts that failed; dropped $counts->{dropped}");
}

through_trouble(@$_) foreach [ 'error', 'HTTP 500' ], [ 'busy', 'HTTP 429' ], [ 'wrong', 'HTTP 400' ], [ 'mistaken', 'HTTP 200' ],
  [ 'mistaken', 'answer not as expected', 'by-body' ], [ 'garbage', 'not an HTTP answer' ], [ 'short', 'answer cut short' ],
  [ 'broken', 'no answer' ], [ 'silent', 'no answer' ], [ 'down', 'connection refused' ];
$outbox->use_routes('query');

# A good status and a good beginning are enough: sent again, it would arrive twice.
foreach my $way ('cut', 'slow 0.5', 'endless')
{
    my $began = time();
    $gateway->behave($way);
    my @mobiles = $outbox->issue(10);
    is((Sender::run(@arguments, '--once'))[0], 0, "$way: an answer that is as good as whole");
    arrived_once($way, \@mobiles, $gateway);
    cmp_ok(time() - $began, '<', 10, "$way: nobody has waited for more of it");
}
$gateway->behave('fine');

# ---- a second route ---------------------------------------------------------------------------------------

foreach my $case ([ 'slow 30', 'short', 'timed out' ], [ 'error', 'query', 'HTTP 500' ])
{
    my ($way, $route, $detail) = @$case;
    $outbox->use_routes($route, 'second');
    $gateway->behave($way);
    my $sender = start_sender();
    my @mobiles = $outbox->issue(60);
    $outbox->drained;
    like($sender->log_text, qr/route $route: \Q$detail\E.*route $route: left out for a while/s, "$way: the first route is left out");
    is($sender->stop, 0, 'the sender ends well');
    arrived_once("$way, second route", \@mobiles, $second);
}

# The first route is used again when it gets through.
{
    $outbox->use_routes('query', 'second');
    my $sender = start_sender();
    my @mobiles = $outbox->issue(20);
    $sender->said(qr/route query: left out/);
    $gateway->behave('fine');
    Sender::wait_until(sub { push @mobiles, $outbox->issue(1); sleep 0.1; $sender->log_text =~ /route query: gets through again/ }, 'a probe gets through');
    $outbox->drained;
    is($sender->stop, 0, 'the sender ends well');
    arrived_once('back to the first route', \@mobiles, $gateway, $second);
    $outbox->use_routes('query');
}

# A name that is looked up for longer than an attempt may take holds up nothing else.
{
    my $library = build_library('resolver', "#include <unistd.h>\nint getaddrinfo(void) { sleep(15); return -3; }");
    $outbox->add_route(%kannel, name => 'unresolved', priority => 1, url => "https://sms.example/send?$query", timeout_ms => 1000);
    $outbox->use_routes('unresolved', 'second');
    my $sender = start_sender(preload => $library);
    my $before = time();
    my @mobiles = $outbox->issue(3);
    $outbox->drained;
    cmp_ok(time() - $before, '<', 10, 'a name that is not resolved: the sender goes on');
    like($sender->log_text, qr/route unresolved: timed out/, 'when the attempt has taken its time');
    is($sender->stop, 0, 'the sender ends well');
    arrived_once('not resolved', \@mobiles, $second);
}

# ---- a private address ---------------------------------------------------------------------------------------

{
    my $before = $gateway->taken;
    $outbox->use_routes('private');
    $outbox->issue(1);
    is((Sender::run(@arguments, '--once'))[0], 75, 'a private address: the message is not sent');
    is(scalar($gateway->taken), $before, 'the gateway hears nothing');
    ok((grep { $_ eq 'address not allowed' } $outbox->details), 'the registry why');
    $outbox->use_routes('query');
    $outbox->end_leases;
    is((Sender::run(@arguments, '--once'))[0], 0, 'another route sends it');

    # nor is a connection used that another route may have there
    my $sender = start_sender();
    $outbox->issue(1);
    $outbox->drained;
    $before = $gateway->taken;
    $outbox->use_routes('private');
    $outbox->issue(1);
    $sender->said(qr/route private: address not allowed/);
    is(scalar($gateway->taken), $before, 'the gateway hears nothing by a connection that was kept');
    $outbox->use_routes('query');
    $outbox->end_leases;
    $outbox->drained;
    is($sender->stop, 0, 'the sender ends well');
}

# ---- a database that restarts -----------------------------------------------------------------------------------

foreach my $mode (qw(fast immediate))
{
    my $sender = start_sender();
    my $before = $gateway->taken;
    $gateway->behave('hold');
    my @mobiles = $outbox->issue(150);
    Sender::wait_until(sub { $gateway->taken >= $before + 20 }, 'some are on their way');
    $outbox->node->stop($mode);
    $gateway->behave('fine');
    $outbox->node->start;
    $outbox->connect;
    $outbox->drained;
    is($sender->stop, 0, "database stopped, $mode: the sender ends well");
    arrived_once("database stopped, $mode", \@mobiles, $gateway);
}

# What answers a statement by COPY, which nobody has asked for, is no database.
{
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 8, ReuseAddr => 1) or die;
    my $pid = fork() // die;
    if ($pid == 0)
    {
        my @clients;
        while (my $client = $server->accept)
        {
            sysread $client, my $startup, 4096;
            syswrite $client, pack('A N N A N A', 'R', 8, 0, 'Z', 5, 'I');
            sysread $client, my $statement, 4096;
            syswrite $client, pack('A N C n', 'H', 7, 0, 0);
            push @clients, $client;
        }
    }
    close $server;
    is((Sender::run('--database', "host=127.0.0.1 port=$port dbname=x user=x sslmode=disable gssencmode=disable", '--once'))[0], 69, 'a server that answers by COPY is left');
    kill 'KILL', $pid;
    waitpid $pid, 0;
}

# ---- a sender that is killed ----------------------------------------------------------------------------------------

{
    my $sender = start_sender();
    $gateway->behave('slow 0.3');
    my @mobiles = $outbox->issue(200);
    Sender::wait_until(sub { $outbox->count('waiting') < 150 }, 'some are sent');
    $sender->signal('KILL');
    is($sender->finish, -9, 'the sender is killed');
    my $times = accepted($gateway->taken);
    my $unsure = grep { $times->{$_} } @mobiles;
    $gateway->behave('fine');
    $outbox->end_leases;
    is((Sender::run(@arguments, '--once'))[0], 0, 'the next one sends the rest');
    $times = accepted($gateway->taken);
    is(scalar(grep { $times->{$_} } @mobiles), 200, 'killed: each message arrived');
    my @twice = grep { $times->{$_} > 1 } @mobiles;
    cmp_ok(scalar(@twice), '<=', 64, 'twice at most those that were on their way');
    is(max(values %$times), max(1, map { $times->{$_} } @twice), 'and nothing else');
    note(scalar(@twice) . ' arrived twice');
}

# ---- a sender that was away for longer than its lease ------------------------------------------------------------------

{
    $gateway->behave('hold');
    my @mobiles = $outbox->issue(5);
    my $sender = start_sender(arguments => [ '--in-flight', 5 ]);
    wait_until_taken(5, @mobiles);
    stop_process($sender->pid);
    $gateway->behave('fine');
    $outbox->end_leases;
    is((Sender::run(@arguments, '--once'))[0], 0, 'a sender is stopped: another one sends its messages');
    is($outbox->count('waiting'), 0, 'all of them');
    continue_process($sender->pid);
    is($sender->stop, 0, 'the sender goes on, and ends well');
    is($sender->counts->{too_late}, 5, 'its results come too late, and that is counted');
}

# ---- SIGTERM and SIGHUP ----------------------------------------------------------------------------------------------

{
    write_file($conf, "in-flight = 5\n", 0644);
    $gateway->behave('hold');
    my @mobiles = $outbox->issue(20);
    my $sender = start_sender(arguments => [ '--config', $conf ]);
    wait_until_taken(5, @mobiles);
    $sender->signal('TERM');
    $sender->said(qr/ends: claims no more, 5 messages in flight/);
    $gateway->behave('fine');
    is($sender->finish, 0, 'SIGTERM: the sender ends well');
    my $counts = $sender->counts;
    ok($counts->{claimed} == 5 && $counts->{sent} == 5, 'it has sent what it had claimed, and no more');
    is($outbox->count('waiting'), 15, 'and the registry knows');

    # what a claim brings that was on its way is sent
    $outbox->drained if (Sender::run(@arguments, '--once'))[0] == 0;
    $sender = start_sender();
    stop_process($sender->pid);
    push @mobiles, $outbox->issue(1);
    $outbox->hold;
    continue_process($sender->pid);
    $outbox->blocked;
    $sender->signal('TERM');
    $sender->said(qr/ends: claims no more, 0 messages in flight/);
    $outbox->release;
    is($sender->finish, 0, 'SIGTERM in a claim: the sender ends well');
  SKIP:
    {
        skip 'the claim took too long', 1 if $sender->log_text =~ /KV052/;
        is($outbox->count('waiting'), 0, 'and has sent what it claimed');
    }
    $outbox->end_leases;

    $sender = start_sender(arguments => [ '--config', $conf ]);
    append_to_file($conf, "in-flight = many\n");
    $sender->signal('HUP');
    $sender->said(qr/configuration not changed: \Q$conf\E:2: in-flight must be a number/);
    unlink $conf;
    write_file($conf, "in-flight = 7\n", 0644);
    $sender->signal('HUP');
    $sender->said(qr/configuration read again/);
    $outbox->drained;
    is($sender->stop, 0, 'SIGHUP: right and wrong configurations are survived');
    arrived_once('SIGTERM and SIGHUP', \@mobiles, $gateway);

    # what is read again is in use when the next message has been sent
    $sender = start_sender();
    unlink "$secrets/password";
    write_file("$secrets/password", "changed\n", 0600);
    $sender->signal('HUP');
    $sender->said(qr/configuration read again/);
    foreach (1 .. 2) { $outbox->issue(1); $outbox->drained }
    is(parameters(($gateway->taken)[-1]{target} =~ s/.*\?//r)->{password}, 'changed', 'SIGHUP: secrets are read again');
    unlink "$secrets/password";
    write_file("$secrets/password", $password, 0600);
    $outbox->use_routes('form');
    @mobiles = $outbox->issue(3);
    $outbox->drained;
    is(scalar(grep { $_->{target} =~ /^\/form/ } ($gateway->taken)[ -3 .. -1 ]), 3, 'a route that is new is found');
    arrived_once('new route', \@mobiles, $gateway);
    is($sender->stop, 0, 'the sender ends well');
    $outbox->use_routes('query');
}

# ---- receipts and metrics ----------------------------------------------------------------------------------------------

{
    my @listen = ('--receipts', "127.0.0.1:$receipts", '--metrics', "127.0.0.1:$receipts");
    $outbox->use_routes('query-receipts');
    my $sender = start_sender(arguments => \@listen);
    my ($mode) = (stat "$secrets/receipt.key")[2] & 0777;
    is($mode, 0600, 'the key of receipts is made, for the sender alone');
    $outbox->issue(3);
    $outbox->drained;
    my @urls = map { parameters($_->{target} =~ s/.*\?//r)->{'dlr-url'} } ($gateway->taken)[ -3 .. -1 ];
    like($urls[0], qr{^http://127\.0\.0\.1:$receipts/receipt/[0-9]+/[0-9a-f]{32}\?status=%d$}, 'the gateway is told where receipts go');
    my @targets = map { s{^http://[^/]+}{}r } @urls;
    is((Sender::get($receipts, $targets[0] =~ s/%d/4/r))[0], 200, 'an interim receipt is taken');
    is((Sender::get($receipts, $targets[0] =~ s/%d/1/r))[0], 200, 'one of delivery');
    is((Sender::get($receipts, $targets[1] =~ s/%d/2/r))[0], 200, 'one of failure');
    is((Sender::get($receipts, $targets[0] =~ s/%d/1/r))[0], 200, 'one that is there already');
    is((Sender::get($receipts, $targets[2] =~ s{/[0-9a-f]+\?status=%d}{'/' . '0' x 32 . '?status=1'}er))[0], 404, 'a forged one is not');
    is((Sender::get($receipts, '/'))[0], 404, 'and nothing else is there');
    my $metrics = '';
    Sender::wait_until(sub { $metrics = (Sender::get($receipts, '/metrics'))[1]; $metrics =~ /^kycvs_sender_receipts_total 2$/m && $metrics =~ /^kycvs_sender_receipts_refused_total 1$/m }, 'receipts are reported');
    is($outbox->observer->value("SELECT count(*) FROM kycvs_data.audit WHERE event = 'message_receipt'"), 2, 'the registry is not asked about one twice');
    like($metrics, qr/^kycvs_sender_sent_total 3$/m, 'metrics: messages');
    like($metrics, qr/^kycvs_sender_receipts_forged_total 1$/m, 'forged receipts');
    like($metrics, qr/^kycvs_sender_route_up\{route="query-receipts"\} 1$/m, 'routes');
    like($metrics, qr/^kycvs_sender_acceptance_seconds_bucket\{le="\+Inf"\} 3$/m, 'and times');
    is_deeply([ grep { !/^(?:#.*|kycvs_sender_\w+(?:\{\w+="[^"]*"\})? [0-9.]+)$/ } split /\n/, $metrics ], [], 'in the form of Prometheus');
    is($sender->stop, 0, 'the sender ends well');

    # addresses that change their roles, and one that cannot be had
    my ($other, $taken) = (PostgreSQL::Test::Cluster::get_free_port(), $gateway->port);
    my $listen = sub { unlink $conf; write_file($conf, "receipts = 127.0.0.1:$_[0]\nmetrics = 127.0.0.1:$_[1]\n", 0644) };
    my $answers = sub { join ' ', map { (Sender::get($_, '/metrics'))[0] } $receipts, $other };
    $listen->($receipts, $other);
    $sender = start_sender(arguments => [ '--config', $conf ]);
    is($answers->(), '404 200', 'receipts and metrics at two addresses');
    $listen->($other, $receipts);
    $sender->signal('HUP');
    $sender->said(qr/configuration read again/);
    is($answers->(), '200 404', 'SIGHUP: they change places');
    $listen->($taken, $other);
    $sender->signal('HUP');
    $sender->said(qr/configuration not changed: could not listen on 127\.0\.0\.1 port $taken: /);
    is($answers->(), '200 404', 'SIGHUP: an address that is taken changes nothing');
    unlink $conf;
    is($sender->stop, 0, 'the sender ends well');
    $outbox->use_routes('query');
}

# A port that somebody else has is no reason to stay away for good, as a wrong configuration is.
{
    my $other = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $receipts, Listen => 1, ReuseAddr => 1) or die;
    my ($status, $output, $errors) = Sender::run(@arguments, '--receipts', "127.0.0.1:$receipts", '--once');
    is($status, 71, 'a port that another program has is trouble of the system');
    like($errors, qr/could not listen on 127\.0\.0\.1 port $receipts/, 'and named');
}

# Anybody on the machine can connect to it as often as they like: messages go out all the same.
{
    my $sender = start_sender(files => 128, arguments => [ '--in-flight', 8, '--receipts', "127.0.0.1:$receipts", '--metrics', "127.0.0.1:$receipts" ]);
    my @crowd = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $receipts) } 1 .. 120;
    print { $crowd[0] } "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    like(readline($crowd[0]), qr/ 404 /, 'many are let in');
    sleep 2.5;    # some are asked in again, if anybody is
    my @mobiles = $outbox->issue(20);
    $outbox->drained;
    arrived_once('a crowd of connections', \@mobiles, $gateway);
    unlike($sender->log_text, qr/warning:|Too many open files/, 'nothing fails for want of descriptors');
    close $_ foreach @crowd;
    like((Sender::get($receipts, '/metrics'))[1], qr/^kycvs_sender_sent_total 20$/m, 'when the crowd is gone others are let in');
    is($sender->stop, 0, 'the sender ends well');
}

# ---- TLS -------------------------------------------------------------------------------------------------------------------

SKIP:
{
    my $port = PostgreSQL::Test::Cluster::get_free_port();
    my ($key, $certificate) = ("$folder/tls.key", "$folder/tls.crt");
    skip 'no openssl', 4 if system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout $key -out $certificate >/dev/null 2>&1") != 0;
    my $server = IPC::Run::start([ 'openssl', 's_server', '-quiet', '-accept', "127.0.0.1:$port", '-cert', $certificate, '-key', $key, '-www' ], '<', \undef, '>', \my $out, '2>', \my $err);
    Sender::wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 'the TLS server listens');
    $outbox->add_route(name => 'tls', priority => 1, method => 'GET', url => "https://localhost:$port/?to={to}&text={text}", allow_private => 'true');
    $outbox->add_route(name => 'tls-other', priority => 1, method => 'GET', url => "https://127.0.0.1:$port/?to={to}&text={text}", allow_private => 'true');
    $outbox->use_routes('tls');
    like((check())[1], qr/^FAIL  route tls: certificate not accepted$/m, 'TLS: an unknown certificate is refused');
    like((check('--ca-file', $certificate))[1], qr/^ok    route tls: connected/m, 'one that is known is not');
    $outbox->issue(1);
    is((Sender::run(@arguments, '--ca-file', $certificate, '--once'))[0], 0, 'and messages go that way');
    $outbox->use_routes('tls-other');
    like((check('--ca-file', $certificate))[1], qr/^FAIL  route tls-other: certificate not accepted$/m, 'a certificate of another host is refused');
    $server->kill_kill;
    $outbox->use_routes('query');
}

# ---- what is left behind -----------------------------------------------------------------------------------------------------

# Six digits that stand alone may also be something else, such as a table of libcurl's.
sub digits_in { my ($text) = @_; return map { $_ => 1 } $text =~ /($says)/g }

# Which of these OTPs are in a text; where, goes to the log.
sub found_in
{
    my ($text, $otps) = @_;
    my %found;
    while ($text =~ /($says)/g)
    {
        next unless $otps->{$1};
        $found{$1}++;
        note("found $1 in: " . substr($text, max(0, $-[0] - 40), 86) =~ s/[^ -~]/./gr);
    }
    return scalar(keys %found);
}

SKIP:
{
    skip 'no /proc', 1 unless -r "/proc/$$/mem";
    my $sender = start_sender();
    if ($> != 0)
    {
        ok(!defined Memory::of($sender->pid), 'its memory cannot be read by others of the same user');
    }
    like(slurp_file('/proc/' . $sender->pid . '/limits'), qr/^Max core file size\s+0\s+0\s/m, 'it leaves no core file');
    is($sender->stop, 0, 'the sender ends well');

    my $library = Memory::dumpable($folder);
    my $known = 0;
    my $words;    # some that every message has
    foreach my $route (qw(query form json))
    {
        $outbox->use_routes($route);
        my $before = $gateway->taken;
        $sender = start_sender(preload => $library);
        my $memory = Memory::of($sender->pid);
        skip 'its memory cannot be read here', 1 unless defined $memory;
        my %there_before = digits_in($memory);

        my @mobiles = $outbox->issue(1000);
        $outbox->drained;
        my @taken = $gateway->taken;
        my @texts = map { text_of($_) } @taken[ $before .. $#taken ];
        my %otps = map { digits_in($_) } @texts;
        my %numbers = map { substr($_, 3) => 1 } @mobiles;
        delete @otps{ keys %there_before };
        $known += keys %otps;
        ($words) = $texts[0] =~ /([A-Za-z]+(?: [A-Za-z]+){2,})/;
        my $any = join '(?: |%20)', split / /, $words;

        $memory = Memory::of($sender->pid);
        ok(length($memory) > 1_000_000 && $memory =~ /kycvs\.next_messages/, "$route: memory of the sender after 1000 messages");
        is(found_in($memory, \%otps), 0, 'has no OTP');
        is(scalar(grep { $numbers{$_} } $memory =~ /(9[0-9]{9})(?![0-9])/g), 0, 'no number');
        is(scalar(() = $memory =~ /$any/g), 0, "no text, such as '$words'");
        is(found_in(join('', logs()), \%otps), 0, 'no log has an OTP');
        is(found_in(join('', map { slurp_file('/proc/' . $sender->pid . "/$_") } qw(cmdline environ)), \%otps), 0, 'nor has what ps shows');
        is($sender->stop, 0, 'the sender ends well');
    }
    cmp_ok($known, '>', 2500, 'and the test knew them');
    unlike(join('', logs()), qr/p&ss|9[0-9]{9}|\Q$words\E/, 'no log has text, number or secret');
}

$gateway->stop;
$second->stop;
$outbox->node->stop;
done_testing();
