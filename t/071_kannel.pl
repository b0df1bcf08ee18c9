# Kannel, as it is shipped with kycvs, between a client that does what kycvs-sender
# does and a simulated SMPP centre: what arrives on the phones, what comes back,
# what waits and what is dropped; and that Kannel leaves no text, no number and no
# one-time password in any file.

use strict;
use warnings;
use utf8;

use FindBin;
use HTTP::Tiny;
use lib "$FindBin::RealBin/lib";
use Kannel;
use List::Util qw(max min uniq);
use Phone;
use PostgreSQL::Test::Utils;
use Secrets;
use Test::More;
use Time::HiRes qw(time);

foreach my $missing (Kannel::missing(), Phone::missing())
{
    plan skip_all => $missing if $missing;
}

my $folder = PostgreSQL::Test::Utils::tempdir;
chmod 0755, $folder;    # for Kannel, when root runs this
my @kannel_folders;

sub folder { my ($name) = @_; mkdir "$folder/$name" or die $!; return "$folder/$name" }

sub new_kannel
{
    my ($name, $phone, %option) = @_;
    push @kannel_folders, folder($name);
    return Kannel->new(folder => $kannel_folders[-1], port => $phone->port, %option);
}

my $phone = Phone->start(folder => folder('phone'));
my $receipts = Kannel::Receipts->start(file => "$folder/receipts");
my $kannel = new_kannel('kannel', $phone)->start;

# ---- messages -------------------------------------------------------------------------

my $entity = '1101234567890123456';
my $template = '1107161234567890123';
my ($messages, %text, %secret) = (0);

# Every message has a number, a code and words that nobody else has.
sub otp_of { my ($n) = @_; return sprintf '%06d', ($n * 7919 + 104729) % 1000000 }
sub to_of { my ($n) = @_; return '91' . Secrets::digits_of($n) }

sub english { my ($n) = @_; return 'Dear ' . ucfirst(word($n)) . ', ' . otp_of($n) . " is your one-time password for a ticket.\n\@railway.example #" . otp_of($n) }
sub gujarati { my ($n) = @_; my $word = word($n); utf8::decode($word); return "$word, ટિકિટ માટે તમારો કોડ " . otp_of($n) . ' છે' }

# The parameters of message "n", as docs/kannel.md has them.
sub message
{
    my ($n, %other) = @_;
    my $coding = $other{coding} // ($n % 3 ? 0 : 2);
    return (
        to => to_of($n),
        text => $text{$n} = $other{text} // ($coding ? gujarati($n) : english($n)),
        coding => $coding,
        validity => 2,
        'dlr-mask' => 19,
        'dlr-url' => $receipts->url("/receipt/$n/0123456789abcdef"),
        'meta-data' => "?smpp?PE_ID=$entity&TEMPLATE_ID=$template",
        %other,
    );
}

# Sends a new one through Kannel; returns its number, and the status and the text of the answer.
sub send_one
{
    my ($through, %other) = @_;
    my $n = ++$messages;
    my ($status, $answer) = $through->send_sms(message($n, %other));

    $secret{ otp_of($n) } = "code $n";
    $secret{ Secrets::digits_of($n) } = "number $n";
    $secret{ word($n) } = "word $n";
    return wantarray ? ($n, $status, $answer) : $n;
}

sub arrived { my ($count) = @_; return $phone->wait_for($count) }
sub on_phone { my ($n) = @_; return $phone->newest(to_of($n)) }
sub receipt_of { my ($n, $status) = @_; return $receipts->wait_for(1, qr{^/receipt/$n/0123456789abcdef\?status=$status$}) }

# All of these are on the phones, each once and as it was sent.
sub all_there
{
    my ($what, @n) = @_;
    my ($missing, $twice, $other) = (0, 0, 0);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    foreach my $n (@n)
    {
        my @copies = $phone->messages(to_of($n));
        $missing++ if !@copies;
        $twice++ if @copies > 1;
        $other++ if grep { $_->{text} ne $text{$n} } @copies;
    }
    is("$missing missing, $twice twice, $other altered", '0 missing, 0 twice, 0 altered', "$what: " . @n . ' messages, each once, as they were sent');
}

sub wait_for_all { my (@n) = @_; $phone->wait_for(1, number => to_of($_)) foreach @n }

# ---- one message -----------------------------------------------------------------------

my %kind = (
    English => [ 0, "Your code is 482915 for a ticket, valid 3 minutes. Never tell it to anybody: [a-z] {x} ~ ^ | \\ € £ @ _ ñ Ω 100% &=+#\n\@railway.example #482915" ],
    Gujarati => [ 2, 'ભારતીય રેલ્વેની ટિકિટ માટે તમારો કોડ ૪૮૨૯૧૫ (482915) છે.' ],
    Hindi => [ 2, "टिकट के लिए आपका कोड 482915 है।\n\@railway.example #482915" ],
);
foreach my $kind (sort keys %kind)
{
    my ($coding, $text) = @{ $kind{$kind} };
    my $before = int time();
    my ($n, $status) = send_one($kannel, coding => $coding, text => $text);
    is($status, 202, "$kind: Kannel takes it");
    wait_for_all($n);
    my $there = on_phone($n);
    my $after = time();
    is($there->{text}, $text, "$kind: the phone shows it, character for character");
    is($there->{coding}, $coding ? 8 : 0, "$kind: as " . ($coding ? 'UCS-2' : 'GSM 7-bit default alphabet'));
    is_deeply($there->{tlv}, { 1400 => "$entity\0", 1401 => "$template\0" }, "$kind: with the ids of entity and template");
    is($there->{from}, 'KYCVSG', "$kind: from the sender's name");
    my $until = Phone::Centre::time_of($there->{validity});
    ok($before + 120 <= $until && $until <= $after + 120, "$kind: valid two minutes from when Kannel took it");
    ok($there->{registered} & 1, "$kind: a receipt is asked for");
    is(receipt_of($n, 1), 1, "$kind: the receipt comes to dlr-url, with its status");
}

# As much as fits into one part, and one character more.
foreach my $case ([ 0, 'x' x 159 . '@', 1 ], [ 0, 'x' x 160 . '@', 2 ], [ 0, 'x' x 158 . '{', 1 ], [ 2, 'ક' x 69 . '1', 1 ], [ 2, 'ક' x 70 . '1', 2 ], [ 2, 'ક' x 300 . '1', 5 ])
{
    my ($coding, $text, $parts) = @$case;
    my $n = send_one($kannel, coding => $coding, text => $text);
    wait_for_all($n);
    my $there = on_phone($n);
    is($there->{text}, $text, length($text) . " characters, coding $coding: the phone shows them all");
    is($there->{parts} // 1, $parts, "... in $parts parts");
    is_deeply([ uniq sort values %{ $there->{tlv} } ], [ "$entity\0", "$template\0" ], '... with the ids');
}

{
    my $n = send_one($kannel, 'dlr-mask' => undef, 'dlr-url' => undef, 'meta-data' => undef, validity => undef);
    wait_for_all($n);
    my $there = on_phone($n);
    is_deeply([ $there->{registered}, $there->{validity}, $there->{tlv} ], [ 0, '', {} ], 'what is not asked for is not sent: no receipt, no validity period, no ids');
    $n = send_one($kannel, 'meta-data' => '?smpp?PE_ID=' . ('1' x 40) . '&TEMPLATE_ID=&OTHER=1');
    wait_for_all($n);
    is_deeply(on_phone($n)->{tlv}, { 1401 => "\0" }, 'an id that is too long and one that is not in the configuration are left out, an empty one is sent empty');
}

# The route of docs/kannel.md, filled in as kycvs-sender does it: each value percent-encoded.
{
    my ($url) = slurp_file("$FindBin::RealBin/../docs/kannel.md") =~ /^\s+url => '([^']+)'/m;
    my $n = ++$messages;
    $text{$n} = gujarati($n);
    my %value = (
        secret => $kannel->{word}{SENDSMS_PASSWORD},
        to_digits => to_of($n),
        text => $text{$n},
        coding => 2,
        receipt_url => $receipts->url("/receipt/$n/0123456789abcdef"),
        entity_id => $entity,
        template_id => $template,
    );
    $url =~ s/\{(\w+)\}/Kannel::encoded($value{$1})/ge;
    $url =~ s/:13013/:$kannel->{word}{SENDSMS_PORT}/;
    is(HTTP::Tiny->new->get($url)->{status}, 202, 'the route of docs/kannel.md: Kannel takes it');
    wait_for_all($n);
    all_there('... and it arrives', $n);
    is_deeply(on_phone($n)->{tlv}, { 1400 => "$entity\0", 1401 => "$template\0" }, '... with the ids');
    is(receipt_of($n, 1), 1, '... and its receipt comes back');
}

# ---- what is refused ---------------------------------------------------------------------

{
    my ($n, $status) = send_one($kannel, password => 'wrong');
    is($status, 403, 'wrong password: 403');
    ($n, $status) = send_one($kannel, to => 'abc');
    is($status, 400, 'no number: 400');
    ($n, $status) = send_one($kannel, coding => 9);
    is($status, 400, 'no such coding: 400');
    is($kannel->administer('status.txt'), 'Denied', 'no status page without a password');
    is($kannel->administer('stop-smsc', smsc => 'centre', password => $kannel->{word}{STATUS_PASSWORD}), 'Denied', "and none but the page with the page's");
}

{
    $phone->behave(receipt => 'UNDELIV');
    my $n = send_one($kannel);
    is(receipt_of($n, 2), 1, 'not delivered: the receipt says 2');
    $phone->behave(receipt => 'DELIVRD', refuse => 'ESME_RINVDSTADR', refuse_times => 1);
    ($n, my $status) = send_one($kannel);
    is($status, 202, 'a number that the centre refuses is taken by Kannel');
    is(receipt_of($n, 16), 1, '... and the receipt says 16');
    is($phone->count(to_of($n)), 0, '... it is on no phone');
}

# ---- where it listens ----------------------------------------------------------------------

# Addresses of all listening sockets of a process, as /proc has them.
sub listens_at
{
    my ($pid) = @_;
    my %own = map { (readlink($_) // '') =~ /^socket:\[(\d+)\]/ ? ($1 => 1) : () } glob "/proc/$pid/fd/*";
    my @at;
    foreach my $line (map { split /\n/, slurp_file($_) } '/proc/net/tcp', grep { -r } '/proc/net/tcp6')
    {
        my (undef, undef, $address, undef, $state, undef, undef, undef, undef, undef, $inode) = split / +/, $line;
        push @at, $address =~ s/:.*//r if ($inode // '') =~ /^\d+$/ && $state eq '0A' && $own{$inode};
    }
    return join ' ', sort @at;
}

SKIP:
{
    skip 'no /proc/net/tcp', 2 unless -r '/proc/net/tcp';
    my $loopback = sprintf '%08X', unpack 'L', pack 'C4', 127, 0, 0, 1;
    is(listens_at($kannel->pid('bearerbox')), "$loopback $loopback", 'bearerbox listens on loopback only: administration and smsbox');
    is(listens_at($kannel->pid('smsbox')), $loopback, 'and so does smsbox: sendsms');
}

# ---- many ------------------------------------------------------------------------------------

{
    my $many = 2000;
    my $started = time();
    my @n = map { scalar send_one($kannel) } 1 .. $many;
    my $taken = time() - $started;
    wait_for_all(@n);
    my $seconds = time() - $started;
    all_there('2,000', @n);
    my $range = join '|', @n;
    is($receipts->wait_for($many, qr{^/receipt/(?:$range)/}), $many, 'a receipt for each');
    is(scalar(uniq grep { m{^/receipt/(?:$range)/\w+\?status=1$} } $receipts->taken), $many, 'and all say 1');
    diag(sprintf 'counts: %d messages one after the other: taken in %.1f s, on the phones in %.1f s, %.0f a second', $many, $taken, $seconds, $many / $seconds);
}

# ---- a centre in trouble -----------------------------------------------------------------------

{
    $phone->behave(slow => 0.2);
    my @n = map { scalar send_one($kannel) } 1 .. 300;
    wait_for_all(@n);
    $phone->behave(slow => 0);
    all_there('a slow centre', @n);
}

foreach my $status (qw(ESME_RTHROTTLED ESME_RSYSERR ESME_RMSGQFUL ESME_RX_T_APPN))
{
    $phone->behave(refuse => $status, refuse_times => 20);
    my @n = map { scalar send_one($kannel) } 1 .. 50;
    wait_for_all(@n);
    all_there("$status, twenty times", @n);
}

{
    $phone->behave(refuse => '', drop_after => 20);
    my @n = map { scalar send_one($kannel) } 1 .. 50;
    wait_for_all(@n);
    $kannel->wait_for_centre;
    is($phone->counters->{dropped}, 1, 'the connection is lost, with messages on it');
    my @twice = grep { $phone->count(to_of($_)) > 1 } @n;
    my $lost = min map { $_->{link} } map { $phone->messages(to_of($_)) } @n;
    is(scalar(grep { my ($first) = $phone->messages(to_of($_)); $first->{link} != $lost } @twice), 0, 'what comes twice had been taken, and the answer lost');
    is(scalar(grep { $phone->count(to_of($_)) == 0 } @n), 0, '... and everything comes');
    diag('counts: of 50 messages when the connection was lost, twice: ' . @twice);

    $phone->behave(drop_after => 1, drop_takes => 1);
    my $n = send_one($kannel);
    is($phone->wait_for(2, number => to_of($n)), 2, 'a message that the centre took without a word is sent again: twice on the phone');
}

# ---- away, and back -------------------------------------------------------------------------------

{
    $phone->behave(away => 1);
    $kannel->wait_for_centre('re-connecting');
    my (@n, @late, %answer);
    foreach (1 .. 20)
    {
        my ($n, $status, $answer) = send_one($kannel);
        push @n, $n;
        $answer{"$status $answer"}++;
        push @late, scalar send_one($kannel, validity => 0);
    }
    is_deeply(\%answer, { '202 3: Queued for later delivery' => 20 }, 'the centre is away: messages wait in Kannel');
    kill 'HUP', $kannel->pid($_) foreach qw(bearerbox smsbox);
    is(receipt_of($_, 16), 1, "a message whose time is over is dropped, and the receipt says 16 ($_)") foreach @late[ 0, -1 ];
    $phone->behave(away => 0);
    wait_for_all(@n);
    all_there('the centre is back, and logs were reopened in between', @n);
    is(scalar(grep { $phone->count(to_of($_)) } @late), 0, 'what was too late is on no phone');
}

# Phones that are switched off: the centre keeps messages, and knows their validity period.
{
    $phone->behave(off => 1);
    my @late = map { scalar send_one($kannel) } 1 .. 5;
    my @valid = map { scalar send_one($kannel, validity => 60) } 1 .. 5;
    $phone->wait_for_kept(10);
    $phone->behave(off => 0, clock => 180);
    $phone->behave(clock => 0);
    wait_for_all(@valid);
    all_there('phones switched on after three minutes', @valid);
    is(receipt_of($_, 2), 1, "valid for two: dropped by the centre, the receipt says 2 ($_)") foreach @late;
    is(scalar(grep { $phone->count(to_of($_)) } @late), 0, '... and is on no phone');
}

# ---- what a centre may send ---------------------------------------------------------------------------

# In the order of Kannel's own queues: when this one has come, so have those before it.
sub until_receipts_are_done { my $n = send_one($kannel); return receipt_of($n, 1) }

{
    my $count = $phone->count;
    my $n = send_one($kannel);
    wait_for_all($n);
    $phone->ask('send', from => to_of($n), to => 'KYCVSG', text => 'Is ' . otp_of($n) . ' from you?');
    $phone->ask('send', from => to_of($n), to => 'KYCVSG', esm_class => 4,
        text => 'id:unknown sub:001 dlvrd:001 submit date:2101010000 done date:2101010000 stat:DELIVRD err:000 text:' . otp_of($n));
    $phone->behave(receipts => 2, enroute => 1);
    is(receipt_of(scalar send_one($kannel), 1), 1, 'receipts that come twice, or before the last, are one receipt');
    $phone->behave(receipts => 1, enroute => 0);
    until_receipts_are_done();
    is($phone->count, $count + 3, 'what people send back is not answered');
}

# ---- a centre that refuses the login ---------------------------------------------------------------------

{
    $phone->behave(refuse_bind => 'ESME_RINVPASWD', away => 1);
    $kannel->wait_for_centre('re-connecting');
    $phone->behave(away => 0);
    $kannel->wait_for_centre('dead');
    my ($n, $status, $answer) = send_one($kannel);
    is("$status $answer", '403 Not routable. Do not try again.', 'a login that is refused ends the connection for good: 403');
    $phone->behave(refuse_bind => '');
    $kannel->administer('start-smsc', smsc => 'centre', password => $kannel->{word}{ADMIN_PASSWORD});
    $kannel->wait_for_centre;
    $n = send_one($kannel);
    wait_for_all($n);
    all_there('until start-smsc', $n);
}

# ---- a queue that is full -----------------------------------------------------------------------------------

{
    my $small = new_kannel('small', $phone, QUEUE => 5, SMSC_ID => 'small')->start;
    $phone->behave(away => 1);
    $small->wait_for_centre('re-connecting');
    my (@n, %answer);
    foreach (1 .. 10)
    {
        my ($n, $status, $answer) = send_one($small);
        push @n, $n if $status == 202;
        $answer{"$status $answer"}++;
    }
    is_deeply([ sort keys %answer ], [ '202 3: Queued for later delivery', '503 Temporal failure, try again later.' ], 'when the queue is full, Kannel says so');
    cmp_ok(scalar(@n), '>=', 5, '... and holds ' . @n);
    $phone->behave(away => 0);
    wait_for_all(@n);
    all_there('what it had taken', @n);
    $small->stop;
    $kannel->wait_for_centre;
}

# ---- the search ------------------------------------------------------------------------------------------------

# All pieces of "length" in a string.
sub pieces { my ($string, $length) = @_; return map { substr $string, $_, $length } 0 .. length($string) - $length }

# What is known of the messages, in bytes: words, numbers, and codes with no digit on
# either side, these too in the forms in which Kannel prints UCS-2 texts and PDUs.
sub found_in
{
    my ($content) = @_;
    my @found = $content =~ /(?<![0-9A-Za-z.])([0-9]{6})(?![0-9A-Za-z])/g;

    push @found, map { pieces($_, 10) } $content =~ /([0-9]{10,})/g;
    push @found, map { lc } $content =~ /([A-Za-z]{6,})/g;
    push @found, $content =~ /((?:\xe0[\xaa\xab][\x80-\xbf])+)/g;
    foreach my $form (qr/((?:003[0-9]){6,})/, qr/((?:\0[0-9]){6,})/, qr/((?:3[0-9] ){5,}3[0-9])/)
    {
        push @found, map { pieces(s/003|\0|3(?=[0-9](?: |\z))| //gr, 6) } $content =~ /$form/g;
    }
    return map { $secret{$_} // () } @found;
}

sub search
{
    my (@folders) = @_;
    my ($files, $bytes, @found) = (0, 0);
    each_file(sub
        {
            my ($path, $content) = @_;
            ($files, $bytes) = ($files + 1, $bytes + length $content);
            push @found, map { "$_ in $path" } found_in($content);
        }, @folders);
    return ($files, $bytes, @found);
}

cmp_ok($messages, '>', 2500, "$messages messages, with a number, words and a code each, are known");
{
    my ($files, $bytes, @found) = search(@kannel_folders, grep { -r } '/var/log/kannel');
    is(count_of(@found), 'none', "no number, no word, no code, in $files files and $bytes bytes, while it runs") or diag(join "\n", @found[ 0 .. min($#found, 9) ]);
}
$kannel->stop;
{
    my ($files, $bytes, @found) = search(@kannel_folders, grep { -r } '/var/log/kannel');
    is(count_of(@found), 'none', "nor in $files files and $bytes bytes, when it has ended") or diag(join "\n", @found[ 0 .. min($#found, 9) ]);
    my $access = slurp_file("$kannel_folders[0]/access.log");
    my $lines = () = $access =~ /^\S+ \S+ Sent SMS \[/mg;
    cmp_ok($lines, '>', 2400, "the access log has $lines messages");
    is(join(' ', grep { (stat)[2] & 0077 } glob "$kannel_folders[0]/*.log"), '', 'logs are for Kannel alone');
    is(join(' ', glob "$kannel_folders[0]/core*"), '', 'no core file');
    diag("counts: $messages messages; numbers, words and codes found in $files files of Kannel, $bytes bytes: " . @found);
}

# ---- that the search would find it -----------------------------------------------------------------------------

# What is found in each log of a Kannel with another configuration, after "play".
sub found_with
{
    my ($name, $change, $play) = @_;
    my $other = new_kannel($name, $phone, change => $change)->start;
    my %kinds;

    $play->($other);
    $other->stop;
    my (undef, undef, @found) = search($kannel_folders[-1]);
    foreach (@found) { $kinds{$2}{$1} = 1 if /^(\w+) .*\/(\w+)\.log$/ }
    return { map { $_ => join ' ', sort keys %{ $kinds{$_} } } keys %kinds };
}

# Kannel's own ways of logging.
sub as_kannel_logs
{
    my ($text) = @_;
    $text =~ s/^(?:access-log-format|access-log-clean) = .*\n//mg;
    return $text =~ s/^log-level = \d/log-level = 0/mgr;
}

sub at_level_2 { my ($text) = @_; return $text =~ s/^log-level = \d/log-level = 2/mgr }

is_deeply(found_with('loud', \&as_kannel_logs, sub { my ($loud) = @_; wait_for_all(map { scalar send_one($loud) } 1 .. 3) }),
    { access => 'code number word', smsc => 'code number', smsbox => 'code number word' },
    "as Kannel logs by itself, at level 0: it is found in three logs");

# Why not level 2, and the connection's own log at 4.
is_deeply(found_with('warnings', \&at_level_2, sub
    {
        my ($warning) = @_;
        $phone->behave(receipts => 2);
        receipt_of(scalar send_one($warning), 1);
        $phone->behave(receipts => 1, refuse_bind => 'ESME_RINVPASWD', away => 1);
        $warning->wait_for_centre('re-connecting');
        $phone->behave(away => 0);
        $warning->wait_for_centre('dead');
        send_one($warning);
        $phone->behave(refuse_bind => '');
    }),
    { smsc => 'number', bearerbox => 'number' }, 'at level 2, numbers are found: of a receipt that comes twice, and of a message for which there is no connection');

done_testing();
