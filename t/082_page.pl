# The page that web sites embed, as plain forms: each step, who may embed it and
# whereto it returns, the day that it answers for, what strangers type into it, and
# how often they may.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::RealBin/lib";
use HTTP::Tiny;
use HttpGateway;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => HttpGateway::missing() if HttpGateway::missing();

my $folder = tempdir('kycvs-page-XXXXXX', TMPDIR => 1, CLEANUP => 1);
HttpGateway::build($folder);
my $web = "$folder/web";
make_path("$web/messages");
foreach my $file (qw(page.html page.css page.js kycvs.js messages/en.json messages/hi.json messages/gu.json))
{
    copy("$FindBin::RealBin/../web/$file", "$web/$file") or die "$file: $!";
}

my $node = new_registry('page', conf => "kycvs.issuer = 'https://registry.example'\n");
my $observer = session($node);
$node->safe_psql('registry', <<'SQL');
CREATE ROLE gate LOGIN IN ROLE kycvs_gateway;
SELECT kycvs.add_notice('ticket-booking', 'gu', 'ભારતીય રેલવે પૂછે છે કે તમે રસી લીધી છે કે નહીં.');
SELECT kycvs.set_page('irctc', '{https://shop.example,http://localhost:8000}');
SQL
my @where = ('--database', $node->connstr('registry') . ' user=gate', '--web', $web);
is((HttpGateway::run(@where, '--check'))[0], 0, '--check: the files are there');
my $gateway = HttpGateway->start(log => "$folder/gateway.log", arguments => \@where);

sub encoded { my ($value) = @_; utf8::encode($value) if utf8::is_utf8($value); return $value =~ s/([^A-Za-z0-9._-])/sprintf '%%%02X', ord $1/ger }
sub form { my (%field) = @_; return join '&', map { "$_=" . encoded($field{$_}) } sort keys %field }
sub get { my ($with, %field) = @_; return $with->get('/page?' . form(%field)) }

sub post
{
    my ($with, $fields, %headers) = @_;
    return $with->post('/page', form(%$fields), 'Content-Type' => 'application/x-www-form-urlencoded', %headers);
}

# Hidden fields and values of the form with this button.
sub fields
{
    my ($reply, $step) = @_;
    foreach my $form ($reply->{content} =~ /(<form method="post" action="page">.*?<\/form>)/gs)
    {
        next unless $form =~ /value="$step"/;
        my %field = $form =~ /<input[^>]* name="(\w+)"[^>]* value="([^"]*)"/g;
        s/&quot;/"/g, s/&lt;/</g, s/&gt;/>/g, s/&#39;/'/g, s/&amp;/&/g foreach values %field;
        return (%field, step => $step);
    }
    return ();
}

# The document that the page hands over, or nothing.
sub answer_of
{
    my ($reply) = @_;
    my ($text) = $reply->{content} =~ /data-answer="([^"]*)"/;
    return $text && decode_json($text =~ s/&quot;/"/gr);
}

# ---- the first step --------------------------------------------------------------------------

my %about = (client => 'irctc', purpose => 'ticket-booking', reference => 'PNR 1', lang => 'en');
my $reply = get($gateway, %about, embed => 1);
is($reply->{status}, 200, 'the page, embedded');
like($reply->{content}, qr/Indian Railways/, 'says who asks');
my $policy = $reply->{headers}{'content-security-policy'};
like($policy, qr/frame-ancestors https:\/\/shop\.example http:\/\/localhost:8000$/, 'may be embedded by those who are registered');
like($policy, qr/^default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self';/, 'and has a strict policy');
is($reply->{headers}{'referrer-policy'}, 'same-origin', 'no other site is told where one was');
is($reply->{headers}{'cache-control'}, 'no-store', 'nothing is kept');
is($reply->{headers}{'set-cookie'}, undef, 'and there is no cookie');
unlike($reply->{content}, qr/\{\{|\}\}/, 'the template is filled');
like(get($gateway, %about)->{headers}{'content-security-policy'}, qr/frame-ancestors 'none'/, 'on its own it may not be embedded');
like(get($gateway, %about, lang => 'gu')->{content}, qr/<html lang="gu">/, 'in Gujarati');
like(get($gateway, %about, lang => 'xx')->{content}, qr/<html lang="en">/, 'English instead of what there is not');

my $back = 'https://shop.example/back?order=17';
$reply = get($gateway, %about, return => $back);
like($reply->{headers}{'content-security-policy'}, qr/form-action 'self' https:\/\/shop\.example;/, 'it may return to a registered site');
foreach my $wrong ('https://evil.example/', 'https://shop.example.evil.example/', 'http://shop.example/', 'https://shop.example@evil.example/', 'https://shop.example:444/', '//shop.example/', 'javascript:alert(1)', 'https://shop.example"><script>', 'https://shop', 'https://shop.example https://evil.example')
{
    $reply = get($gateway, %about, return => $wrong);
    is($reply->{status}, 400, "not to $wrong");
    unlike($reply->{content}, qr/"\Q$wrong\E"/, 'which is nowhere on the page');
    like($reply->{headers}{'content-security-policy'}, qr/form-action 'self'; frame/, 'nor in its policy');
}
is(get($gateway, %about, client => 'indigo')->{status}, 403, 'a client without a page');
is(get($gateway, %about, client => 'no-such-client')->{status}, 403, 'an unknown client');
is(get($gateway, purpose => 'x')->{status}, 400, 'no client');
is($gateway->get('/page?client=irctc&client=indigo')->{status}, 400, 'two clients');
is($gateway->get('/page?client=irctc&reference=%ff')->{status}, 400, 'no UTF-8');
is($gateway->get('/page?client=irctc&reference=%00')->{status}, 400, 'a NUL');

unlike(get($gateway, %about, mobile => '9825012345', name => 'Ramesh Patel', receipt => '{"notice":"x"}')->{content}, qr/9825012345|Ramesh/, 'a number or a name in an address is passed over');

foreach my $file ([ 'kycvs.js', 'text/javascript; charset=utf-8', 'cross-origin' ], [ 'page.js', 'text/javascript; charset=utf-8', 'same-origin' ], [ 'page.css', 'text/css; charset=utf-8', 'same-origin' ])
{
    my ($name, $type, $policy) = @$file;
    $reply = $gateway->get("/$name");
    is($reply->{content}, slurp_file("$web/$name"), "/$name");
    is("$reply->{headers}{'content-type'} $reply->{headers}{'cross-origin-resource-policy'}", "$type $policy", 'with its type, and for whom it is');
}

# ---- the whole way -----------------------------------------------------------------------------

my %first = fields(get($gateway, %about, return => $back), 'otp');
$reply = post($gateway, { %first, mobile => '9825012345', name => 'Ramesh Patel' });
is($reply->{status}, 200, 'mobile and name');
like($reply->{content}, qr/XXXXXX2345/, 'the code is on its way');
like($reply->{content}, qr/Indian Railways asks whether you are vaccinated/, 'the notice is shown');
my %second = fields($reply, 'answer');
my $otp = otp($observer, $second{txn});
my $wrong = sprintf('%06d', ("$otp" + 1) % 1000000);

$reply = post($gateway, { %second, otp => $wrong });
is($reply->{status}, 422, 'a wrong code');
like($reply->{content}, qr/aria-invalid="true"/, 'is marked');
like($reply->{content}, qr/XXXXXX2345/, 'and there is another try');
like(post($gateway, { %second, otp => $otp, consent => '' })->{content}, qr/role="alert"/, 'without consent nothing is shared');
is(post($gateway, { %second, step => 'resend' })->{status}, 429, 'too early for another message');

$reply = post($gateway, { %second, otp => $otp });
is($reply->{status}, 200, 'the right code');
is(answer_of($reply)->{status}, 2, 'the answer');
my ($jwt) = $reply->{content} =~ /name="kycvs" value="([^"]+)"/;
is($observer->value("SELECT kycvs_verify(kycvs_from_jwt('$jwt'), 'irctc', 'PNR 1') ->> 'status'"), 2, 'goes back to the shop, signed');
like($reply->{content}, qr/<form method="post" action="https:\/\/shop\.example\/back\?order=17">/, 'by a form');
like(post($gateway, { %second, otp => $otp })->{content}, qr/data-answer/, 'sent twice it is the same');

my %other = fields(post($gateway, { %first, mobile => next_mobile(), name => 'Nobody' }), 'answer');
my $unknown = post($gateway, { %other, otp => otp($observer, $other{txn}) });
like($unknown->{content}, qr/&quot;none&quot;/, 'who is not known has an answer');
is(length $unknown->{content}, length $reply->{content}, 'of the same length, which is all that can be seen on the way');

$reply = post($gateway, { fields(get($gateway, %about, lang => 'hi', reference => 'PNR 2'), 'otp'), mobile => '9825012345', name => 'Ramesh Patel' });
like($reply->{content}, qr/<p class="notice" lang="en">Indian Railways/, 'a notice that is not there in Hindi is in English');

# ---- on which day -----------------------------------------------------------------------------

# By these rules two weeks must have passed since the dose.
my ($today, $soon, $past, $far, $dose) = split /\|/, $observer->value(<<'SQL');
SELECT d, d + 9, d - 1, d + 367, d - 5 FROM (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::date AS d) AS today
SQL
my %flight = (client => 'indigo', purpose => 'ticket-booking', lang => 'en', return => 'https://air.example/back');
$node->safe_psql('registry', <<"SQL");
SELECT kycvs.set_rules('indigo', 'eu-2022');
SELECT kycvs.set_page('indigo', '{https://air.example}');
SELECT kycvs.register_person('9825012347', 'Asha Rane') AS person \\gset
SELECT kycvs.record_dose(:person, 'SPUTNIK-LIGHT', '$dose');
SQL

# The page after mobile and name of one who goes on that day; undef: on none.
sub ask_for
{
    my ($day, $reference) = @_;
    my %first = fields(get($gateway, %flight, reference => $reference, defined $day ? (travel_date => $day) : ()), 'otp');
    return post($gateway, { %first, mobile => '9825012347', name => 'Asha Rane' });
}

foreach my $case ([ undef, $today, 1, 'without a date' ], [ $today, $today, 1, 'on the same day' ], [ $soon, $soon, 2, 'nine days later' ])
{
    my ($named, $day, $status, $when) = @$case;
    my $reference = "SEAT $status $when";
    my %form = fields(ask_for($named, $reference), 'answer');
    my $shown = post($gateway, { %form, otp => otp($observer, $form{txn}), travel_date => $past });
    my $said = answer_of($shown);
    is("$said->{as_of} $said->{status}", "$day $status", "$when the answer is for that day");
    like($shown->{content}, qr/For this day: <b>$day</, 'which the page says');
    my ($token) = $shown->{content} =~ /name="kycvs" value="([^"]+)"/;
    my $last = "(DATE '$day' + 1)::timestamp AT TIME ZONE 'Asia/Kolkata' - interval '1 s'";
    is($observer->value("SELECT kycvs_verify(kycvs_from_jwt('$token'), 'indigo', '$reference', 'Asha Rane', at => $last) ->> 'as_of'"), $day, 'and it is good to the end of that day');
}

foreach my $case ([ $past, 'a date that has passed' ], [ $far, 'one that is too far ahead' ])
{
    my ($day, $what) = @$case;
    $reply = ask_for($day, "SEAT $day");
    is($reply->{status}, 422, "$what is refused");
    like($reply->{content}, qr/<dd>$day<.*This date has passed, or is more than a year ahead\. Go back/s, 'the page shows it, and what to do');
    is_deeply([ fields($reply, 'otp') ], [], 'there is no form, which could not change it');
    like($reply->{content}, qr/<form method="post" action="https:\/\/air\.example\/back">/, 'but one that leads back');
}
%second = fields(ask_for($today, 'SEAT at midnight'), 'answer');
$observer->value("UPDATE kycvs_data.challenge SET travel_date = '$past' WHERE id = '$second{txn}'");
$reply = post($gateway, { %second, otp => otp($observer, $second{txn}) });
is($reply->{status}, 422, 'a day that ends before the code is entered');
like($reply->{content}, qr/This date has passed/, 'has passed');
is(answer_of($reply), undef, 'and has no answer');

# ---- what is typed -----------------------------------------------------------------------------

$reply = post($gateway, { %first, mobile => '12345', name => 'Ramesh Patel' });
like($reply->{content}, qr/value="12345"[^>]*aria-invalid="true"/, 'a mobile that is none is shown again');
my $script = '"><script>alert(1)</script>{{t.title}}';
$reply = post($gateway, { %first, mobile => $script, name => $script, reference => $script, receipt => qq({"mobile":"$script"}) });
unlike($reply->{content}, qr/<script>alert/, 'no script comes back');
like($reply->{content}, qr/&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;\{\{t\.title\}\}/, 'what was typed does');
unlike(get($gateway, %about, reference => $script)->{content}, qr/<script>alert/, 'nor out of a reference');
is(post($gateway, { %first, mobile => '9825012345', name => 'Ramesh Patel' }, Origin => 'https://evil.example')->{status}, 403, 'a form of another site is refused');
is(post($gateway, { %first, mobile => '9825012345', name => 'Ramesh Patel' }, Origin => 'null')->{status}, 403, 'and one that hides its origin');
is(post($gateway, { %first, step => 'answer', txn => 'x', otp => $otp })->{status}, 400, 'a txn that is none');
is(post($gateway, { %first, step => 'other' })->{status}, 400, 'a step that is none');
is($gateway->post('/page', form(%first))->{status}, 400, 'no form');

# ---- how often ------------------------------------------------------------------------------------

my $strict = HttpGateway->start(log => "$folder/strict.log", arguments => [ @where, '--codes-per-address', 2, '--wrong-per-address', 1 ]);
my @got = map { post($strict, { %first, mobile => next_mobile(), name => 'Ramesh Patel' }) } 1 .. 3;
is(join(' ', map { $_->{status} } @got), '200 200 429', 'codes for one address');
ok($got[2]{headers}{'retry-after'} > 0, 'with Retry-After');
%second = fields($got[0], 'answer');
$otp = otp($observer, $second{txn});
is(post($strict, { %second, otp => $otp eq '123456' ? '654321' : '123456' })->{status}, 422, 'a wrong code');
is(post($strict, { %second, otp => $otp })->{status}, 429, 'is the last one from this address');
like($strict->metrics, qr/^kycvs_gateway_limited_total 2$/m, 'and they are counted');
$strict->stop;

# Requests of which none is answered before all are there.
sub post_at_once
{
    my ($with, @forms) = @_;
    my $authority = authority_pid($observer);
    my @sockets = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $with->port) } @forms;
    stop_process($authority);
    foreach my $i (0 .. $#forms)
    {
        my $text = form(%{ $forms[$i] });
        print { $sockets[$i] } "POST /page HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($text) . "\r\nConnection: close\r\n\r\n$text";
    }
    HttpGateway::wait_until(sub { $with->metrics =~ /^kycvs_gateway_waiting 0$/m }, 'all of them have been looked at');
    continue_process($authority);
    return map { my $answer = do { local $/; readline $_ }; $answer =~ /^HTTP\/1\.1 (\d+)/ } @sockets;
}

$strict = HttpGateway->start(log => "$folder/strict2.log", arguments => [ @where, '--wrong-per-client', 1 ]);
@got = map { { fields(post($strict, { %first, mobile => next_mobile(), name => 'Ramesh Patel' }), 'answer') } } 1 .. 3;
$_->{otp} = '12345' foreach @got;
is(join(' ', sort(post_at_once($strict, @got))), '422 429 429', 'wrong codes that come at once do not pass together');
is($strict->stop, 0, 'it ends');
$strict = HttpGateway->start(log => "$folder/strict3.log", arguments => [ @where, '--wrong-per-client', 1 ]);
%second = fields(post($strict, { %first, mobile => next_mobile(), name => 'Ramesh Patel' }), 'answer');
$otp = otp($observer, $second{txn});
is(join(' ', map { post($strict, { %second, otp => $otp })->{status} } 1 .. 3), '200 200 200', 'right codes are not counted');
is(post($strict, { %second, txn => '00000000-0000-8000-8000-000000000000', otp => '12345' })->{status}, 404, 'nor is what is no guess');
is(post($strict, { %second, otp => $otp })->{status}, 200, 'whatever its answer is');
$strict->stop;

# ---- the page is taken away while somebody waits ----------------------------------------------------

append_to_file("$folder/gateway.conf", "database = " . $node->connstr('registry') . " user=gate\nweb = $web\n");
my $shut = HttpGateway->start(log => "$folder/shut.log", arguments => [ '--config', "$folder/gateway.conf" ]);
my $authority = authority_pid($observer);
stop_process($authority);
my $waits = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $shut->port);
my $asks = form(%first, mobile => next_mobile(), name => 'Ramesh Patel');
print $waits "POST /page HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " . length($asks) . "\r\nConnection: close\r\n\r\n$asks";
HttpGateway::wait_until(sub { $observer->value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'gate' AND state = 'active' AND query ~ 'try_issue_otp'") }, 'the page asks');
unlink "$folder/gateway.conf";
append_to_file("$folder/gateway.conf", "database = " . $node->connstr('registry') . " user=gate\n");
$shut->signal('HUP');
$shut->said(qr/configuration read again/);
continue_process($authority);
like(do { local $/; readline $waits }, qr/^HTTP\/1\.1 404 /, 'whoever waits for a page that is no longer there is told so');
is($shut->stop, 0, 'and the gateway goes on');
# ---- when the registry is away ---------------------------------------------------------------------

sub is_kept
{
    my ($reply, $step, $typed, $what) = @_;
    my %field = fields($reply, $step);
    is_deeply({ map { $_ => $field{$_} } keys %$typed }, { %$typed, step => $step }, "$what: nothing is lost");
    unlike($reply->{content}, qr/data-answer|data-jwt/, "$what: nothing is shared");
}

my %person = (%first, mobile => '9825012347', name => 'Asha Rane', reference => 'PNR 7');
stop_process($authority = authority_pid($observer));
$reply = post($gateway, \%person);
is($reply->{status}, 504, 'a registry that hangs');
like($reply->{content}, qr/did not answer in time\. Nothing was shared\. Wait a little, then try again\..*data-countdown="1"/s, 'is said on the page, and how long to wait');
is_kept($reply, 'otp', \%person, 'asked for a code');
continue_process($authority);
authority_idle($observer);
$reply = post($gateway, { fields($reply, 'otp') });
is($reply->{status}, 200, 'it goes on: the code is sent');
%second = fields($reply, 'answer');
$otp = otp($observer, $second{txn});
stop_process($authority);
$reply = post($gateway, { %second, otp => $otp });
is($reply->{status}, 504, 'it hangs again');
is_kept($reply, 'answer', \%second, 'with the code');
continue_process($authority);
authority_idle($observer);
stop_process($authority);
is(post($gateway, { %second, step => 'resend' })->{status}, 504, 'also when the code is to be sent again');
continue_process($authority);
authority_idle($observer);
$reply = post($gateway, { fields($reply, 'answer'), otp => $otp });
is(answer_of($reply)->{status}, 2, 'it goes on: the same code is still good');

# without its authority, then without its server
%person = (%person, reference => 'PNR 8');
%second = fields(post($gateway, \%person), 'answer');
$otp = otp($observer, $second{txn});

sub restart_with
{
    my ($databases) = @_;
    $node->append_conf('postgresql.conf', "kycvs.databases = '$databases'");
    $node->restart;
    HttpGateway::wait_until(sub { get($gateway, %about)->{status} == 200 }, 'the gateway is connected again');
}

restart_with('nowhere');
$reply = post($gateway, { %person, reference => 'PNR 9' });
is($reply->{status}, 503, 'no authority');
like($reply->{content}, qr/cannot be reached now\. Nothing was shared/, 'is said on the page');
is_kept($reply, 'otp', { %person, reference => 'PNR 9' }, 'no authority, asked for a code');
$reply = post($gateway, { %second, otp => $otp });
is($reply->{status}, 503, 'nor is it there for the code');
is_kept($reply, 'answer', \%second, 'no authority, with the code');
restart_with('registry');
$observer = session($node);
is(answer_of(post($gateway, { fields($reply, 'answer'), otp => $otp }))->{status}, 2, 'it is there again: the same code is still good');

# ---- it changes ---------------------------------------------------------------------------------------

$observer->value("SELECT kycvs.set_page('irctc', '{}')");
is(get($gateway, %about)->{status}, 403, 'a page that is closed is closed at once');
append_to_file("$web/page.html", '{{#never}}');
is((HttpGateway::run(@where, '--check'))[0], 1, '--check: a template that is not closed');
$gateway->signal('HUP');
$gateway->said(qr/configuration not changed: section "never" is not closed/);
is($gateway->get('/page.css')->{status}, 200, 'the files stay what they were');
$observer->value("SELECT kycvs.set_page('irctc', '{https://shop.example}')");
$node->stop('fast');
$reply = get($gateway, %about);
is($reply->{status}, 503, 'no registry');
like($reply->{content}, qr/cannot be reached now/, 'is said on the page');
is($gateway->stop, 0, 'it ends');
my $logs = join '', map { slurp_file($_) } $node->logfile, glob "$folder/*.log";
unlike($logs, qr/98250\d{5}|Ramesh|Asha|$jwt|(?<!\d)$otp(?!\d)/, 'no number, name, code or answer is in a log');

done_testing();
