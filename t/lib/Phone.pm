# An SMPP centre (version 3.4) on loopback with all the phones behind it, in one
# process of its own, and the handle that tests and the demo have on it.
#
# What arrives is kept in memory and in FOLDER/messages.jsonl, a line of JSON for
# each message, its texts and numbers included: this is the phone. The centre is
# told what to do, and asked what has come, through FOLDER/phone.sock.

package Phone;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::UNIX;
use JSON::PP;

my $program = dirname(abs_path(__FILE__)) . '/../../scripts/demo.d/phone';

my $patience = $ENV{PG_TEST_TIMEOUT_DEFAULT} || 180;

# Why there is none: empty when there is.
sub missing { return eval { require Net::SMPP; 1 } ? '' : 'no Net::SMPP (Debian: libnet-smpp-perl)' }

# Starts one. "folder" is there and empty; "port" is a free one unless given.
sub start
{
    my ($class, %option) = @_;
    my $self = bless { folder => $option{folder} }, $class;

    pipe(my $read, my $write) or die "pipe: $!";
    $self->{pid} = fork() // die "fork: $!";
    if (!$self->{pid})
    {
        open STDOUT, '>&', $write or die $!;
        # it ends with whoever started it, even when that is killed
        exec 'setpriv', '--pdeathsig', 'TERM', $^X, $program, 'serve', $option{folder}, $option{port} // () or die "setpriv: $!";
    }
    close $write;
    my $said = <$read> // '';    # it says its port as soon as it listens
    ($self->{port}) = $said =~ /^port (\d+)$/ or die 'the phone does not start';
    return $self;
}

# One that is there already.
sub at { my ($class, $folder) = @_; return bless { folder => $folder }, $class }

sub port { my ($self) = @_; return $self->{port} }

sub file { my ($self) = @_; return "$self->{folder}/messages.jsonl" }

# Asks the centre; dies of what it refuses.
sub ask
{
    my ($self, $command, %argument) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => "$self->{folder}/phone.sock") or die "no phone in $self->{folder}: $!";

    print $socket JSON::PP->new->utf8->encode({ %argument, command => $command }), "\n" or die "phone: $!";
    $socket->flush;
    my $answer = JSON::PP->new->utf8->decode(scalar(<$socket>) // '{"error":"the phone is gone"}');
    die "phone: $answer->{error}\n" if exists $answer->{error};
    return $answer->{answer};
}

# How many messages have come, in all or for a number.
sub count { my ($self, $number) = @_; return $self->ask('count', number => $number) }

sub messages { my ($self, $number) = @_; return @{ $self->ask('messages', number => $number) } }

# The newest message of a number (undef without), or of all numbers.
sub newest { my ($self, $number) = @_; return $self->ask('newest', number => $number) }

# Waits until "count" messages have come; how many there are after at most "seconds".
sub wait_for
{
    my ($self, $count, %option) = @_;
    return $self->ask('wait', count => $count, number => $option{number}, seconds => $option{seconds} // $patience);
}

# Waits until "count" connections are bound.
sub wait_for_links { my ($self, $count) = @_; return $self->ask('links', count => $count // 1, seconds => $patience) }

# Waits until "count" messages wait for phones to be switched on.
sub wait_for_kept { my ($self, $count) = @_; return $self->ask('kept', count => $count, seconds => $patience) }

# How it behaves from now on, see %behaviour in Phone::Centre.
sub behave { my ($self, %how) = @_; return $self->ask('behave', how => \%how) }

# The centre's own account: connected, bound, submitted, refused, receipts and so on.
sub counters { my ($self) = @_; return $self->ask('counters') }

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    local $?;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

sub DESTROY { my ($self) = @_; $self->stop }

# ---- a connection ------------------------------------------------------------

# Net::SMPP writes the PDUs; what it would write to the socket goes into a buffer
# first, so that nobody who reads slowly keeps the others waiting.
package Phone::Link;

use strict;
use warnings;

our @ISA;

sub loaded { @ISA = ('Net::SMPP') if !@ISA && require Net::SMPP }

# A link for a socket that has been accepted; no IO::Socket is built.
sub take
{
    my ($class, $socket, $number) = @_;
    my $self = bless Symbol::gensym(), $class;

    loaded();
    ${*$self}{$_} = Net::SMPP->Default->{$_} foreach keys %{ Net::SMPP->Default };
    $self->set_version(0x34);
    @{*$self}{qw(socket number)} = ($socket, $number);
    ${*$self}{$_} = '' foreach qw(in out bound);
    return $self;
}

sub socket { my ($self) = @_; return ${*$self}{socket} }
sub number { my ($self) = @_; return ${*$self}{number} }
sub bound { my ($self) = @_; return ${*$self}{bound} }
sub bind_as { my ($self, $mode) = @_; ${*$self}{bound} = $mode }
sub syswrite { my ($self, $bytes) = @_; ${*$self}{out} .= $bytes; return length $bytes }
sub waiting { my ($self) = @_; return length ${*$self}{out} }
sub close { my ($self) = @_; close ${*$self}{socket}; return 1 }
sub DESTROY { }

# Sends what the socket takes; false when the connection is gone.
sub flush
{
    my ($self) = @_;
    my $sent = ${*$self}{socket}->syswrite(${*$self}{out});

    return $!{EAGAIN} || $!{EINTR} unless defined $sent;
    substr(${*$self}{out}, 0, $sent) = '';
    return 1;
}

# Reads what is there and returns the PDUs that are complete; undef at the end.
sub pdus
{
    my ($self) = @_;
    my $in = \${*$self}{in};
    my $read = ${*$self}{socket}->sysread($$in, 65536, length $$in);
    my @pdus;

    return $!{EAGAIN} || $!{EINTR} ? [] : undef unless defined $read;
    return undef unless $read;
    while (length $$in >= 16)
    {
        my ($length, $command, $status, $sequence) = unpack 'NNNN', $$in;
        return undef if $length < 16 || $length > 65536;
        last if length $$in < $length;
        my $body = substr(substr($$in, 0, $length, ''), 16);
        push @pdus, $self->decoded({ cmd => $command, status => $status, seq => $sequence, data => $body });
    }
    return \@pdus;
}

# The fixed part by Net::SMPP. Not the parameters behind it: of a tag that it does
# not know it would print the value.
sub decoded
{
    my ($self, $pdu) = @_;
    my $known = Net::SMPP->pdu_tab->{ $pdu->{cmd} };

    $pdu->{name} = $known ? $known->{cmd} : 'unknown';
    my $rest = $known ? substr($pdu->{data}, $known->{decode}->($pdu, $self)) : '';
    while (length $rest >= 4)
    {
        my ($tag, $value, $after) = unpack 'n n/a a*', $rest;
        $pdu->{tlv}{ sprintf '%04x', $tag } = $value;
        $rest = $after;
    }
    return $pdu;
}

# ---- the centre --------------------------------------------------------------

package Phone::Centre;

use strict;
use warnings;

use Encode qw(decode);
use Fcntl;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;
use List::Util qw(min);
use POSIX qw(strftime);
use Time::HiRes qw(time);

# What "behave" changes.
my %behaviour = (
    slow => 0,             # seconds between a submit_sm and its answer
    refuse => '',          # a status such as ESME_RTHROTTLED: of every submit_sm
    refuse_times => -1,    # how often; -1: until told otherwise
    refuse_bind => '',     # a status: of every bind
    drop_after => 0,       # closes the connection at the n-th submit_sm from now, unanswered
    drop_takes => 0,       # has taken that one all the same
    silent => 0,           # takes submit_sm, answers nothing
    away => 0,             # closes all connections, and takes none
    off => 0,              # the phones are switched off: the centre keeps messages while they are valid
    receipt => 'DELIVRD',  # what receipts say
    enroute => 0,          # a receipt ENROUTE first
    receipts => 1,         # how many times each receipt is sent
    clock => 0,            # seconds by which the centre's clock is ahead
);

my %refusal = map { $_ => 1 } qw(ESME_RTHROTTLED ESME_RSYSERR ESME_RMSGQFUL ESME_RX_T_APPN ESME_RINVDSTADR ESME_RSUBMITFAIL
  ESME_RINVPASWD ESME_RINVSYSID ESME_RINVSYSTYP ESME_RBINDFAIL);

sub new
{
    my ($class, $folder, $port) = @_;
    my $self = bless {
        folder => $folder,
        how => {%behaviour},
        links => {},
        later => [],         # [time, what to do], soonest first
        asking => [],        # [time, when ready, socket]
        messages => [],
        kept => [],          # what waits for phones to be switched on
        parts => {},
        numbers => {},
        counters => { map { $_ => 0 } qw(connected bound unbound submitted refused dropped receipts acknowledged) },
        next_id => 0,
    }, $class;

    Phone::Link::loaded();
    $self->{control} = IO::Socket::UNIX->new(Local => "$folder/phone.sock", Listen => 20) or die "$folder/phone.sock: $!\n";
    chmod 0600, "$folder/phone.sock";
    sysopen $self->{file}, "$folder/messages.jsonl", O_WRONLY | O_CREAT | O_TRUNC, 0600 or die "$folder/messages.jsonl: $!\n";
    $self->{file}->autoflush(1);
    $self->{port} = $self->listen_at($port // 0);
    return $self;
}

sub listen_at
{
    my ($self, $port) = @_;

    $self->{listener} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 20, ReuseAddr => 1)
      or die "port $port of 127.0.0.1: $!\n";
    return $self->{listener}->sockport;
}

sub port { my ($self) = @_; return $self->{port} }

sub now { my ($self) = @_; return time() + $self->{how}{clock} }

# ---- everything that happens -------------------------------------------------

# Until a signal ends it.
sub run
{
    my ($self) = @_;
    my $ended = 0;
    local $SIG{TERM} = local $SIG{INT} = sub { $ended = 1 };
    local $SIG{PIPE} = 'IGNORE';

    until ($ended)
    {
        my @links = values %{ $self->{links} };
        my $read = IO::Select->new(grep { defined } @$self{qw(listener control)}, map { $_->socket } @links);
        my $write = IO::Select->new(map { $_->socket } grep { $_->waiting } @links);
        my ($readable, $writable) = IO::Select->select($read, $write, undef, $self->idle);
        $self->on_writable($_) foreach @{ $writable // [] };
        $self->on_readable($_) foreach @{ $readable // [] };
        $self->do_later;
        $self->answer_those_who_wait;
    }
    unlink "$self->{folder}/phone.sock";
}

# Seconds until something is due.
sub idle
{
    my ($self) = @_;
    my ($first) = sort { $a <=> $b } map { $_->[0] } @{ $self->{later} }, @{ $self->{asking} };
    my $left = defined $first ? min($first - time(), 1) : 1;    # a signal may have come just before

    return $left > 0 ? $left : 0;
}

sub later
{
    my ($self, $seconds, $what) = @_;
    return $what->() unless $seconds > 0;
    @{ $self->{later} } = sort { $a->[0] <=> $b->[0] } @{ $self->{later} }, [ time() + $seconds, $what ];
}

sub do_later
{
    my ($self) = @_;
    while (@{ $self->{later} } && $self->{later}[0][0] <= time())
    {
        (shift @{ $self->{later} })->[1]->();
    }
}

sub on_writable
{
    my ($self, $socket) = @_;
    my $link = $self->{links}{$socket} or return;
    $self->drop($link) unless $link->flush;
}

sub on_readable
{
    my ($self, $socket) = @_;

    return $self->take_link($socket->accept) if defined $self->{listener} && $socket == $self->{listener};
    return $self->take_question($socket->accept) if $socket == $self->{control};
    my $link = $self->{links}{$socket} or return;
    my $pdus = $link->pdus or return $self->drop($link);
    foreach my $pdu (@$pdus)
    {
        last unless $self->{links}{$socket};    # an earlier one has ended it
        $self->on_pdu($link, $pdu);
    }
    $self->on_writable($socket) if $link->waiting;
}

sub take_link
{
    my ($self, $socket) = @_;
    return unless $socket;
    $socket->blocking(0);
    $self->{links}{$socket} = Phone::Link->take($socket, ++$self->{counters}{connected});
}

sub drop
{
    my ($self, $link) = @_;
    delete $self->{links}{ $link->socket };
    $link->close;
}

# ---- PDUs --------------------------------------------------------------------

sub on_pdu
{
    my ($self, $link, $pdu) = @_;
    my $name = $pdu->{name};

    return $self->on_bind($link, $pdu) if $name =~ /^bind_(?:transmitter|receiver|transceiver)$/;
    return $link->enquire_link_resp(seq => $pdu->{seq}) if $name eq 'enquire_link';
    return $self->on_unbind($link, $pdu) if $name eq 'unbind';
    return $self->{counters}{acknowledged}++ if $name eq 'deliver_sm_resp';
    return if $pdu->{cmd} & 0x80000000;
    return $link->generic_nack(seq => $pdu->{seq}, status => Net::SMPP::ESME_RINVCMDID()) if $name ne 'submit_sm';
    return $self->answer($link, $pdu, 'ESME_RINVBNDSTS') unless $link->bound =~ /^trans/;
    return $self->on_submit($link, $pdu);
}

sub on_bind
{
    my ($self, $link, $pdu) = @_;
    my $refusal = $self->{how}{refuse_bind};
    my $answer = "$pdu->{name}_resp";

    $link->bind_as($pdu->{name} =~ s/^bind_//r) unless $refusal;
    $link->$answer(seq => $pdu->{seq}, system_id => 'centre', status => status_of($refusal));
    $self->{counters}{bound}++ unless $refusal;
}

sub on_unbind
{
    my ($self, $link, $pdu) = @_;

    $link->unbind_resp(seq => $pdu->{seq});
    $link->bind_as('');
    $self->{counters}{unbound}++;
}

sub status_of { my ($name) = @_; return $name ? Net::SMPP->can($name)->() : 0 }

sub answer
{
    my ($self, $link, $pdu, $refusal, $id) = @_;
    $link->submit_sm_resp(seq => $pdu->{seq}, status => status_of($refusal), message_id => $id // '') if $self->{links}{ $link->socket };
}

sub on_submit
{
    my ($self, $link, $pdu) = @_;
    my $how = $self->{how};

    $self->{counters}{submitted}++;
    return if $how->{silent};
    if ($how->{drop_after} && !--$how->{drop_after})
    {
        $self->{counters}{dropped}++;
        $self->deliver($self->take_message($link, $pdu)) if $how->{drop_takes};
        return $self->drop($link);
    }
    $self->later($how->{slow}, sub { $self->take_or_refuse($link, $pdu) });
}

sub take_or_refuse
{
    my ($self, $link, $pdu) = @_;
    my $how = $self->{how};

    return unless $self->{links}{ $link->socket };    # gone while it waited
    if ($how->{refuse} && $how->{refuse_times})
    {
        $how->{refuse_times}-- if $how->{refuse_times} > 0;
        $self->{counters}{refused}++;
        return $self->answer($link, $pdu, $how->{refuse});
    }
    my $message = $self->take_message($link, $pdu);
    $self->answer($link, $pdu, '', $message->{id});
    return push @{ $self->{kept} }, $message if $how->{off};
    $self->deliver($message);
}

# ---- messages ----------------------------------------------------------------

# The GSM 7-bit default alphabet (GSM 03.38), and its extension table.
my @gsm = split //, decode('UTF-8', "\@£\$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
my %extended = ("\x0a" => "\f", "\x14" => '^', "\x28" => '{', "\x29" => '}', "\x2f" => '\\', "\x3c" => '[', "\x3d" => '~', "\x3e" => ']', "\x40" => '|', "\x65" => "\x{20ac}");

sub text_of
{
    my ($coding, $bytes) = @_;

    return decode('UTF-16BE', $bytes) if ($coding & 0x0c) == 0x08;
    return decode('ISO-8859-1', $bytes) if $coding == 3;
    $bytes =~ s/(\x1b?)([\x00-\x7f])/$1 ? $extended{$2} \/\/ ' ' : $gsm[ ord $2 ]/ge;
    return $bytes;
}

# The bytes of the text, and when it is a part of a longer one: reference, parts, number.
sub part_of
{
    my ($pdu) = @_;
    my $tlv = $pdu->{tlv} // {};
    my $bytes = length $pdu->{short_message} ? $pdu->{short_message} : $tlv->{'0424'} // '';

    return ($bytes, map { unpack 'n', substr("\0$_", -2) } @$tlv{qw(020c 020e 020f)}) if exists $tlv->{'020c'};
    return ($bytes) unless $pdu->{esm_class} & 0x40;
    my ($header, $rest) = unpack 'C/a a*', $bytes;
    my %element = unpack '(C C/a)*', $header;
    return ($rest, unpack 'CCC', $element{0}) if exists $element{0};
    return ($rest, unpack 'nCC', $element{8}) if exists $element{8};
    return ($rest);
}

sub take_message
{
    my ($self, $link, $pdu) = @_;
    my ($bytes, @part) = part_of($pdu);

    return {
        id => sprintf('m%x', ++$self->{next_id}),
        at => time(),
        from => $pdu->{source_addr},
        to => $pdu->{destination_addr},
        text => text_of($pdu->{data_coding}, $bytes),
        part => \@part,
        coding => $pdu->{data_coding},
        tlv => $pdu->{tlv} // {},
        esm_class => $pdu->{esm_class},
        registered => $pdu->{registered_delivery},
        priority => $pdu->{priority_flag},
        validity => $pdu->{validity_period},
        link => $link->number,
    };
}

# Seconds since 1970 until which an SMPP time (absolute, "YYMMDDhhmmsstnnp") counts; undef without one.
sub time_of
{
    my ($text) = @_;
    my ($year, $month, $day, $hour, $minute, $second, $quarters, $sign) = $text =~ /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d(\d\d)([-+])$/ or return;
    require Time::Local;
    return Time::Local::timegm($second, $minute, $hour, $day, $month - 1, 2000 + $year) - "${sign}1" * $quarters * 900;
}

# What a centre does: no message after its validity period.
sub deliver
{
    my ($self, $message) = @_;
    my $until = time_of($message->{validity});

    return $self->send_receipt($message, 'EXPIRED') if defined $until && $until < $self->now;
    $self->arrive($message);
    $self->send_receipt($message, 'ENROUTE') if $self->{how}{enroute};
    $self->send_receipt($message, $self->{how}{receipt}) foreach 1 .. $self->{how}{receipts};
}

# On the phone; a long one when all its parts are there.
sub arrive
{
    my ($self, $message) = @_;
    my ($reference, $parts, $number) = @{ delete $message->{part} };

    if (defined $reference)
    {
        my $waiting = $self->{parts}{"$message->{from} $message->{to} $reference $parts"} //= {};
        $waiting->{$number} = $message;
        return if keys %$waiting < $parts;
        $message = { %$message, parts => $parts, text => join '', map { $waiting->{$_}{text} } sort { $a <=> $b } keys %$waiting };
        %$waiting = ();
    }
    push @{ $self->{messages} }, $message;
    push @{ $self->{numbers}{ $message->{to} } }, $message;
    print { $self->{file} } JSON::PP->new->utf8->canonical->encode($message), "\n";
}

# In the standard text form, which ends with the first twenty letters of the text:
# left out, for whoever logs receipts would log one-time passwords.
sub send_receipt
{
    my ($self, $message, $state) = @_;
    return unless $message->{registered} & 0x03 && $state;
    my ($link) = sort { $a->bound cmp $b->bound } grep { $_->bound =~ /^(?:receiver|transceiver)$/ } values %{ $self->{links} };
    return unless $link;

    my $stamp = strftime('%y%m%d%H%M', gmtime $message->{at});
    my $text = sprintf 'id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d text:',
      $message->{id}, $state eq 'DELIVRD', $stamp, $stamp, $state, $state eq 'DELIVRD' ? 0 : 1;
    $self->{counters}{receipts}++;
    $link->deliver_sm(async => 1, esm_class => 0x04, source_addr => $message->{to}, destination_addr => $message->{from}, short_message => $text);
}

# ---- questions ---------------------------------------------------------------

sub take_question
{
    my ($self, $socket) = @_;
    my $line = $socket ? <$socket> : undef;
    return unless defined $line;
    my $question = JSON::PP->new->utf8->decode($line);
    my $do = $self->can('do_' . ($question->{command} // '')) // sub { die "no such command\n" };
    my $answer = eval { $self->$do($question, $socket) };
    reply($socket, $@ ? { error => $@ =~ s/\n\z//r } : { answer => $answer }) unless ref $answer eq 'CODE' && $self->wait_until($question, $answer, $socket);
}

sub reply { my ($socket, $what) = @_; print $socket JSON::PP->new->utf8->encode($what), "\n"; close $socket }

# A question that is answered when "ready" has an answer other than false, or time is over.
sub wait_until
{
    my ($self, $question, $ready, $socket) = @_;
    push @{ $self->{asking} }, [ time() + ($question->{seconds} // 60), $ready, $socket, $question->{count} ];
    return 1;
}

sub answer_those_who_wait
{
    my ($self) = @_;
    my @still;

    foreach my $question (@{ $self->{asking} })
    {
        my ($until, $ready, $socket, $count) = @$question;
        my $reached = $ready->();
        if ($reached >= $count || $until <= time()) { reply($socket, { answer => $reached }) }
        else { push @still, $question }
    }
    $self->{asking} = \@still;
}

sub of_number { my ($self, $question) = @_; return defined $question->{number} ? $self->{numbers}{ $question->{number} } // [] : $self->{messages} }

sub do_count { my ($self, $question) = @_; return scalar @{ $self->of_number($question) } }
sub do_messages { my ($self, $question) = @_; return $self->of_number($question) }
sub do_newest { my ($self, $question) = @_; return $self->of_number($question)->[-1] }
sub do_counters { my ($self) = @_; return $self->{counters} }
sub do_wait { my ($self, $question) = @_; return sub { scalar @{ $self->of_number($question) } } }
sub do_kept { my ($self) = @_; return sub { scalar @{ $self->{kept} } } }
sub do_links { my ($self) = @_; return sub { scalar grep { $_->bound } values %{ $self->{links} } } }

sub do_behave
{
    my ($self, $question) = @_;
    my %how = %{ $question->{how} };

    foreach my $key (keys %how)
    {
        die "no behaviour is called $key\n" unless exists $behaviour{$key};
        die "no such status\n" if $key =~ /^refuse(?:_bind)?$/ && $how{$key} && !$refusal{ $how{$key} };
    }
    my $before = $self->{how};
    $self->{how} = { %$before, %how };
    $self->go_away if $self->{how}{away} && !$before->{away};
    $self->listen_at($self->{port}) if !$self->{how}{away} && $before->{away};
    $self->switch_on if !$self->{how}{off};
    return $before;
}

sub go_away
{
    my ($self) = @_;
    close delete $self->{listener};
    $self->drop($_) foreach values %{ $self->{links} };
}

sub switch_on
{
    my ($self) = @_;
    $self->deliver($_) foreach splice @{ $self->{kept} };
}

# Sends what a centre may send of its own: a text that somebody has written, or a
# receipt for a message that nobody knows.
sub do_send
{
    my ($self, $question) = @_;
    my ($link) = grep { $_->bound =~ /^(?:receiver|transceiver)$/ } values %{ $self->{links} };
    die "nobody is bound\n" unless $link;

    $link->deliver_sm(async => 1, esm_class => $question->{esm_class} // 0, source_addr => $question->{from},
        destination_addr => $question->{to}, short_message => $question->{text});
    return 1;
}

1;
