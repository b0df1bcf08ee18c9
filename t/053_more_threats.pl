# Threats that no other test shows by themselves: how long a caller waits (T12),
# constant-time compares (T23), locks that name a person (T25), the claims of an
# answer (T31), odd arguments over the wire (T33), what is signed (T37), a clock
# that steps back (T39).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use Client;
use JSON::PP qw(decode_json);
use Kycvs;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_registry('threats');
my $observer = session($node);
my $railway = session($node, user => 'railway');

sub quoted { return $_[0] =~ s/'/''/gr }

# ---- T23: by reading, since six bytes differ by less than a call of ours does ---------

foreach my $file (qw(otp secret))
{
    my $source = slurp_file("$FindBin::RealBin/../src/$file.c");
    $source =~ s{/\*.*?\*/}{}gs;
    my @compares = $source =~ /\b(\w*(?:cmp|bcmp)\w*)\s*\(/g;
    cmp_ok(scalar @compares, '>', 0, "T23: $file.c compares");
    is_deeply([ grep { $_ ne 'CRYPTO_memcmp' } @compares ], [], "T23: $file.c compares in constant time only");
}

# ---- T25: what pg_locks shows at the end of a decision ----------------------------------

# The audit's row comes last: while it waits, the locks of the decision are there to be seen.
sub locks_during
{
    my ($what, $sql) = @_;
    authority_idle($observer);
    $observer->value('BEGIN; LOCK TABLE kycvs_data.audit IN SHARE MODE');
    $railway->send($sql);
    authority_waits_for_lock($observer);
    my $locks = session($node, user => 'airline');
    is($locks->value("SELECT count(*) FROM pg_locks WHERE locktype IN ('advisory', 'tuple', 'object', 'userlock')"), 0,
        "T25: $what: no lock names anything but tables and transactions");
    cmp_ok($locks->value("SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND relation IS NOT NULL"), '>', 0, "T25: $what: and those are there");
    $locks->quit;
    $observer->value('ROLLBACK');
    return $railway->finish->{output};
}

foreach my $mobile ('9825012345', next_mobile())    # known and unknown
{
    my $receipt = decode_json(locks_during('issue', "SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR 1')"));
    my $consent = locks_during('verify', "SELECT kycvs_verify_otp('$receipt->{jti}', '" . otp($observer, $receipt->{jti}) . "', true)");
    locks_during('status', "SELECT kycvs_status('" . quoted($consent) . "')");
}

# ---- T12: how long a caller waits at most ---------------------------------------------------

authority_idle($observer);
my $stopped = authority_pid($observer);
stop_process($stopped);
my $result = $railway->run("SELECT kycvs_issue_otp('" . next_mobile() . "', 'Ramesh Patel', 'ticket-booking')");
continue_process($stopped);
is($result->{sqlstate}, 'KV052', 'T12: the authority hangs: its caller is told');
ok($result->{seconds} > 4 && $result->{seconds} < 10, "T12: after five seconds ($result->{seconds})");
still_answers($observer, $railway, 'T12');

# ---- T2: tries that could not be written down are tries --------------------------------------

# The rows are locked, so that three wrong OTPs fail, and cost what they would have cost.
{
    my $mobile = next_mobile();
    my $txn = issue($railway, $mobile)->{jti};
    my $right = otp($observer, $txn);
    my $wrong = "SELECT kycvs_verify_otp('$txn', '" . sprintf('%06d', ($right + 1) % 1000000) . "', true)";
    my $holder = session($node);

    $holder->value('BEGIN; LOCK TABLE kycvs_data.challenge IN EXCLUSIVE MODE');
    is($railway->run($wrong)->{sqlstate}, '55P03', 'T2: a try that could not be written down');
    $holder->value('ROLLBACK');
    my $next = $railway->run($wrong);
    is($next->{sqlstate}, 'KV010', 'T2: the next is compared');
    like($next->{error}, qr/1 try is left/, 'T2: and there is one left');
    is($observer->value("SELECT tries FROM kycvs_data.challenge WHERE id = '$txn'"), 1, 'T2: one is written down');
    is($railway->run($wrong)->{sqlstate}, 'KV010', 'T2: the last');
    is($railway->run("SELECT kycvs_verify_otp('$txn', '$right', true)")->{sqlstate}, 'KV012', 'T2: is the last');
    is($railway->run("SELECT kycvs_resend_otp('$txn')")->{sqlstate}, 'KV012', 'T2: nor is it sent again');
    isnt(issue($railway, $mobile)->{jti}, $txn, 'T2: asked again, it is another challenge');
    $holder->quit;
}

# ---- T31 and T37: the claims, and nothing else; a reference is text, whatever it looks like ----

my $reference = '"}, "status": 2, \\" {"x": "\\u0000é';
my @documents = $railway->value("SELECT kycvs_issue_otp('" . next_mobile() . "', 'Ramesh Patel', 'ticket-booking', '" . quoted($reference) . "');");
my $otp = otp($observer, decode_json($documents[0])->{jti});
push @documents, $railway->value("SELECT kycvs_verify_otp('" . decode_json($documents[0])->{jti} . "', '$otp', true)");
push @documents, $railway->value("SELECT kycvs_status('" . quoted($documents[1]) . "');");
my @types = map { $railway->value("SELECT string_agg(DISTINCT jsonb_typeof(value), ' ') FROM jsonb_each('" . quoted($_) . "') WHERE key IN ('attempts', 'uses', 'status', 'exp', 'iat');") } @documents;
is_deeply(\@types, [ ('number') x 3 ], 'T37: numbers are numbers');
@documents = map { decode_json($_) } @documents;
my @common = qw(aud exp iat iss jti jws purpose reference);
is_deeply([ sort keys %{ $documents[0] } ], [ sort @common, qw(attempts mobile notice resend_after) ], 'T31: claims of a receipt');
is_deeply([ sort keys %{ $documents[1] } ], [ sort @common, qw(name_sha256 notice_sha256 sub txn uses) ], 'T31: claims of a consent');
is_deeply([ sort keys %{ $documents[2] } ], [ sort @common, qw(as_of consent match name_sha256 rules status sub) ], 'T31: claims of an answer');
is($documents[2]{status}, 0, 'T37: the status is the registry\'s');
foreach my $document (@documents)
{
    utf8::encode(my $seen = $document->{reference});
    is($seen, $reference, 'T37: the reference is signed as it was given');
    my $text = quoted(JSON::PP->new->utf8->encode($document));
    is($railway->run("SELECT kycvs_claims('$text');")->{sqlstate}, '00000', 'T37: and the document verifies');
}

# ---- T33: what psql could not send -----------------------------------------------------------

SKIP:
{
    skip 'this platform cannot connect by a raw socket', 1 unless $node->raw_connect_works;
    my $wire = Client->new($node, 'railway', 'registry');
    my $sql = 'SELECT kycvs_issue_otp($1, $2, $3)';
    my @cases = (
        [ '22021', "98250\0", 'Ramesh Patel' ], [ '22021', '9825012345', "Ramesh\0Patel" ],
        [ '22021', '9825012345', "\xff\xfe" ], [ '22021', "\xc0\x80", 'Ramesh Patel' ], [ '22021', '9825012345', "\xed\xa0\x80" ],
        [ 'KV001', '9' x 1_000_000, 'Ramesh Patel' ], [ 'KV002', '9825012345', 'R' x 1_000_000 ],
        [ 'KV001', '', 'Ramesh Patel' ], [ 'KV002', '9825012345', '' ], [ 'KV002', '9825012345', '...' ],
        [ 'KV001', '9' x 64, 'Ramesh Patel' ], [ 'KV001', '9' x 65, 'Ramesh Patel' ],
        [ 'KV002', '9825012345', "Ramesh\xe2\x80\xaePatel" ], [ 'KV002', '9825012345', "\xf3\xa0\x80\x81" ],
        [ 'KV002', '9825012345', "\xef\xb7\xba" x 85 ], [ 'KV002', '9825012345', 'R' x 257 ],
        [ 'KV001', "+\xe2\x80\x8b9825012345", 'Ramesh Patel' ], [ 'KV001', '-9825012345x', 'Ramesh Patel' ],
    );
    is(($wire->run($sql, @$_[ 1, 2 ], 'ticket-booking'))[0], $_->[0], 'T33: ' . unpack('H24', $_->[1]) . ', ' . unpack('H24', $_->[2])) foreach @cases;
    my $guess = 'SELECT kycvs_verify_otp($1, $2, true)';
    my $txn = issue($railway, next_mobile())->{jti};
    is(($wire->run($guess, $txn, $_))[0], 'KV010', 'T33: as an OTP: ' . length($_) . ' bytes') foreach '1' x 1_000_000, "\xe2\x80\xae", '';
    is(($wire->run('SELECT kycvs_status($1)', '[' x 5000))[0], '22P02', 'T33: as a consent: brackets');
    is(($wire->run('SELECT kycvs_status($1)', '{"a":' x 3000 . '1' . '}' x 3000))[0], 'KV020', 'T33: as a consent: depth');
    is(($wire->run('SELECT kycvs_status($1)', '{"jti": "' . 'f' x 2_000_000 . '"}'))[0], 'KV020', 'T33: as a consent: 2 MB');
}
still_answers($observer, $railway, 'T33');

# ---- T39: the clock steps back by an hour ---------------------------------------------------------

# All that there is happened an hour later than the clock says now.
my $stale = issue($railway, next_mobile(), 'stale');
my $stale_otp = otp($observer, $stale->{jti});
my ($old_receipt, $old_consent) = flow($observer, $railway, next_mobile(), 'old');
authority_idle($observer);
$observer->value("UPDATE kycvs_data.audit SET at = at + interval '1 hour'");
# it expired a minute before the step: by the clock as it is now, in an hour
$observer->value("UPDATE kycvs_data.challenge SET issued_at = issued_at + interval '50 min', sent_at = sent_at + interval '50 min', expires_at = expires_at + interval '50 min'"
      . " WHERE id = '$stale->{jti}'");
$observer->value("UPDATE kycvs_data.consent SET expires_at = expires_at + interval '30 min' WHERE jti = '$old_consent->{jti}'");
my $newest = $observer->value('SELECT extract(epoch FROM max(at)) FROM kycvs_data.audit');
my $authority = authority_pid($observer);
$observer->value("SELECT pg_terminate_backend($authority)");
poll($observer, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'kycvs authority' AND pid <> $authority", 1);

is($railway->run("SELECT kycvs_verify_otp('$stale->{jti}', '$stale_otp', true)")->{sqlstate}, 'KV011', 'T39: an OTP that had expired stays expired');
is($railway->run("SELECT kycvs_status('" . quoted(JSON::PP->new->utf8->encode($old_consent)) . "')")->{sqlstate}, 'KV021', 'T39: so does a consent');
my $fresh = issue($railway, next_mobile(), 'fresh');
cmp_ok($fresh->{iat}, '>=', int $newest, 'T39: the authority\'s time stands still');
my $fresh_otp = otp($observer, $fresh->{jti});
my $wrong = sprintf '%06d', ($fresh_otp + 1) % 1000000;
is(join(' ', map { $railway->run("SELECT kycvs_verify_otp('$fresh->{jti}', '$wrong', true)")->{sqlstate} } 1 .. 4), 'KV010 KV010 KV010 KV012', 'T39: tries are counted as ever');
is($railway->run("SELECT kycvs_resend_otp('$stale->{jti}')")->{sqlstate}, 'KV011', 'T39: what has ended is not sent again');
is($observer->value('SELECT bool_and(at >= before) FROM (SELECT at, lag(at) OVER (ORDER BY id) AS before FROM kycvs_data.audit) AS a'), 't', 'T39: the audit never runs backwards');
my ($ok, $detail) = split /\|/, $observer->value("SELECT ok, detail FROM kycvs.health() WHERE check_name = 'clock'");
is($ok, 'f', "T39: health tells: $detail");

$_->quit foreach $observer, $railway;
$node->stop;
done_testing();
