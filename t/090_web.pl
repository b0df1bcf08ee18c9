# The page that people see, in a browser: guests of the sample shop with the gateway
# and the registry behind it. The stories are in t/web; each line that they print is
# an assertion here.

use strict;
use warnings;

use FindBin;
use HTTP::Tiny;
use IO::Socket::INET;
use lib "$FindBin::RealBin/lib";
use JSON::PP;
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($chromium) = grep { -x } map { my $folder = $_; map { "$folder/$_" } qw(chromium chromium-browser) } split /:/, $ENV{PATH};
my ($python) = grep { -x } map { "$_/python3" } '/usr/bin', split /:/, $ENV{PATH};

plan skip_all => 'the stories in a browser run when they are named: scripts/test 090_web' unless $ENV{KYCVS_BROWSER};
plan skip_all => 'no kycvs-gateway' unless eval { require HttpGateway };
plan skip_all => HttpGateway::missing() if HttpGateway::missing();
plan skip_all => 'no chromium (Debian: chromium)' unless $chromium;
plan skip_all => 'no python3' unless $python;
plan skip_all => 'KYCVS_NODE does not name a folder with playwright-core and axe-core'
  unless $ENV{KYCVS_NODE} && -d "$ENV{KYCVS_NODE}/node_modules/playwright-core" && -d "$ENV{KYCVS_NODE}/node_modules/axe-core";

my $root = "$FindBin::RealBin/..";
my $folder = PostgreSQL::Test::Utils::tempdir;
my $issuer = 'https://registry.example';
my $shop_port = PostgreSQL::Test::Cluster::get_free_port();

# ---- small enough, and the same in all languages ----------------------------------------

my $size = 0;
$size += -s $_ foreach "$root/web/kycvs.js", glob("$root/web/page.*");
cmp_ok($size, '<', 40000, "HTML, CSS and JavaScript together have $size bytes");

sub messages { my ($language) = @_; return JSON::PP->new->utf8->decode(slurp_file("$root/web/messages/$language.json")) }

my $english = messages('en');
my $template = slurp_file("$root/web/page.html");
is(join(' ', sort grep { !exists $english->{$_} } $template =~ /\{\{t\.(\w+)\}\}/g), '', 'every message of the page exists');
foreach my $language (qw(hi gu))
{
    is(join(' ', sort keys %{ messages($language) }), join(' ', sort keys %$english), "the messages of $language are those of en");
}

# ---- registry, gateway, shop --------------------------------------------------------------

my $node = new_server('web', conf => "kycvs.issuer = '$issuer'");
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach qw(registry shop);
$node->safe_psql('registry', <<"SQL");
CREATE EXTENSION kycvs CASCADE;
SELECT kycvs.create_key();
SELECT kycvs.add_usual_purpose('hotel-check-in');
CREATE ROLE hotel LOGIN;
SELECT kycvs.add_entity('sabarmati', 'Sabarmati Inn', 'hotel', ARRAY['hotel-check-in']);
SELECT kycvs.set_page('sabarmati', ARRAY['http://127.0.0.1:$shop_port']);
CREATE ROLE web LOGIN IN ROLE kycvs_gateway;
SQL

HttpGateway::build($folder);
my $gateway = HttpGateway->start(
    log => "$folder/gateway.log",
    arguments => [ '--database', $node->connstr('registry') . ' user=web', '--web', "$root/web", map { ("--$_", 1000) } qw(codes-per-address wrong-per-address wrong-per-client) ]);

# The shop gets the keys as anybody would.
my $jwks = HTTP::Tiny->new->get($gateway->url('/.well-known/jwks.json'));
is($jwks->{status}, 200, 'the keys are published');
$node->command_ok([ 'psql', '-Xq', '-d', $node->connstr('shop'), '-v', "issuer=$issuer", '-v', "jwks=$jwks->{content}", '-v', 'client=sabarmati', '-f', "$root/web/sample-shop/schema.sql" ],
    'a database for the shop');

# Its process and its address; it ends with this test, however that ends.
sub start_shop
{
    local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'shop', PGUSER => 'shop', PYTHONDONTWRITEBYTECODE => 1);
    pipe(my $read, my $write) or die $!;
    my $pid = fork() // die $!;
    if (!$pid)
    {
        open STDOUT, '>&', $write or die $!;
        exec 'setpriv', '--pdeathsig', 'TERM', $python, "$root/web/sample-shop/shop.py", '--port', $shop_port, '--gateway', $gateway->url('') or die $!;
    }
    close $write;
    chomp(my $address = <$read>);
    return ($pid, $address);
}

my ($shop, $address) = start_shop();

# ---- what is typed into the shop ----------------------------------------------------------

my $http = HTTP::Tiny->new(max_redirect => 0);

sub booking_of
{
    my ($guest) = @_;
    my $reply = $http->post_form("$address/book", { guest => $guest, room => 'Single', arrival => '2030-01-01', language => 'en' });
    return $http->get("$address$reply->{headers}{location}")->{content};
}

my $seen = booking_of("Eve\tSuite\t<h1>2030-01-01</h1>\ten\tt\nEve");
like($seen, qr/<kycvs-status/, 'a guest of many fields is not booked');
unlike($seen, qr/<h1>2030/, 'and brings no element');
like(booking_of("A\nB"), qr/<kycvs-status/, 'a guest of two lines is one');
foreach my $length ('-1', 'abc', 20000)
{
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $shop_port, Timeout => 10) or die $!;
    print $socket "POST /book HTTP/1.1\r\nHost: x\r\nContent-Length: $length\r\n\r\n";
    like(readline($socket), qr/^HTTP\/1\.0 413 /, "a length of $length is refused");
}

# ---- the stories -----------------------------------------------------------------------------

my ($plays, %count) = 0;

sub play
{
    my ($story, @more) = @_;
    local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, HOME => $folder, KYCVS_CHROMIUM => $chromium,
        KYCVS_GATEWAY => $gateway->url(''), KYCVS_SHOP => $address, KYCVS_FIRST_MOBILE => 9825100000 + 1000 * $plays++);
    open my $lines, '-|', 'node', "$root/t/web/$story.mjs", @more or die $!;
    while (my $line = <$lines>)
    {
        chomp $line;
        if ($line =~ /^(not )?ok - (.*)/) { ok(!$1, $2) }
        elsif ($line =~ /^count - (.*)/) { $count{$1}++ }
        else { diag($line =~ s/^# //r) }
    }
    ok(close $lines, "$story @more: told to its end");
}

play('story');
is($node->safe_psql('shop', 'SELECT count(*) FROM booking WHERE answer IS NOT NULL'), 18, 'bookings of those who are fully vaccinated');
is($node->safe_psql('shop', "SELECT count(*) FROM booking WHERE answer ->> 'as_of' <> arrival::text"), 0, 'each for the day of arrival');
play('trouble');
play('down', 'hangs');
$node->append_conf('postgresql.conf', "kycvs.databases = 'nowhere'");
$node->restart;
HttpGateway::wait_until(sub { $gateway->get('/page?client=sabarmati')->{status} == 200 }, 'the gateway is connected again');
play('down', 'authority');
$node->stop;
play('down', 'database');
diag('counts: ' . join(', ', map { "$count{$_} $_" } sort keys %count));

unlike($gateway->log_text, qr/98251\d{5}/, 'no number in the log');
is($gateway->stop, 0, 'the gateway ends');
kill 'TERM', $shop;
waitpid $shop, 0;

done_testing();
