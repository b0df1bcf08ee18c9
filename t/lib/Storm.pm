# The clients of the crash storm: processes that run flows whatever happens to
# the server, and write down every answer they get, each on a line that is
# flushed to disk before they go on.
#
# A line has seven fields, tab between them, \N where there is none:
#
#	at		when the answer was read, epoch seconds
#	client	number of the client; the sender is the last one
#	kind	receipt, wrong, spent, consent, answer, text, done, person, dose, back or odd
#	txn		challenge; of an answer, the consent
#	jti		document that was given
#	status	of an answer: 0, 1 or 2; number of a dose; SQLSTATE of what nobody expects
#	number	question of a receipt, day of an answer, id of a message or person

package Storm::Session;

use strict;
use warnings;

use Time::HiRes qw(time);

# A psql of its own between two pipes; answers are waited for as long as "patience".
sub new
{
    my ($class, $patience, @arguments) = @_;

    pipe(my $stdin_read, my $stdin) or die $!;
    pipe(my $stdout, my $stdout_write) or die $!;
    my $pid = fork() // die $!;
    if ($pid == 0)
    {
        open(STDIN, '<&', $stdin_read) and open(STDOUT, '>&', $stdout_write) and open(STDERR, '>', '/dev/null')
          and close($stdin) and exec('psql', '-XAtq', @arguments);
        POSIX::_exit(1);
    }
    close($_) foreach $stdin_read, $stdout_write;
    $stdin->autoflush(1);
    return bless { pid => $pid, patience => $patience, stdin => $stdin, stdout => $stdout, buffer => '', sent => 0 }, $class;
}

# One statement; with "rollback" in a transaction that comes to nothing.
sub send
{
    my ($self, $sql, $rollback) = @_;
    my $number = ++$self->{sent};
    my $text = $rollback ? "BEGIN;\n$sql;\n\\set state :SQLSTATE\nROLLBACK;\n" : "$sql;\n\\set state :SQLSTATE\n";

    print { $self->{stdin} } "$text\\echo end of $number is :state\n";
}

# What the statement came to; "lost" when the connection is, or nothing is heard.
sub finish
{
    my ($self) = @_;
    my $deadline = time() + $self->{patience};

    while (1)
    {
        my $ready = '';

        # psql outlives some connections, and then has no SQLSTATE
        return { output => $1, sqlstate => $2 || 'lost' } if $self->{buffer} =~ s/^(.*?)\n?end of $self->{sent} is (\S*)\n//s;
        vec($ready, fileno($self->{stdout}), 1) = 1;
        return { sqlstate => 'lost', output => '' }
          unless select($ready, undef, undef, $deadline > time() ? $deadline - time() : 0) > 0
          && sysread($self->{stdout}, $self->{buffer}, 65536, length($self->{buffer}));
    }
}

sub run
{
    my ($self, @statement) = @_;

    $self->send(@statement);
    return $self->finish;
}

# Gone at once, without a word to its backend.
sub leave
{
    my ($self) = @_;

    kill('KILL', $self->{pid});
    close($_) foreach $self->{stdin}, $self->{stdout};
    waitpid($self->{pid}, 0);
}

package Storm;

use strict;
use warnings;

use IO::Handle;
use JSON::PP qw(decode_json);
use POSIX ();
use Time::HiRes qw(sleep time);

my $no_txn = '00000000-0000-0000-0000-000000000000';
my $ending = 0;

# Starts a client, or with "sender" the sender, in a process of its own; returns its id.
sub start
{
    my (%self) = @_;
    my $pid = fork() // die $!;

    return $pid if $pid;
    $SIG{TERM} = sub { $ending = 1 };
    $SIG{PIPE} = 'IGNORE';
    open(STDOUT, '>', '/dev/null');
    my $done = eval { bless(\%self, __PACKAGE__)->live; 1 };
    print STDERR "client $self{number}: $@" unless $done;
    POSIX::_exit($done ? 0 : 1);
}

sub live
{
    my ($self) = @_;
    my $parent = getppid();

    srand($self->{seed});
    open($self->{notes}, '>', $self->{file}) or die "$self->{file}: $!";
    $self->{flows} = 0;
    $self->{verified} = [];
    $self->{sessions} = [];
    until ($ending || getppid() != $parent)
    {
        $self->{sender} ? $self->send_texts : $self->flow;
    }
    $_->leave foreach grep { defined } @{ $self->{sessions} };
    close($self->{notes});
}

sub note
{
    my ($self, $kind, %told) = @_;

    printf { $self->{notes} } "%.6f\t%d\t%s\t%s\n", $self->{heard} // time(), $self->{number}, $kind,
      join("\t", map { $told{$_} // '\N' } qw(txn jti status number));
    $self->{notes}->flush && $self->{notes}->sync or die "$self->{file}: $!";
}

# ---- asking ------------------------------------------------------------------

# Its first connection, or the second. Back on a new one, an entity asks at once
# for what only a decision can know.
sub connected
{
    my ($self, $which) = @_;
    my $session = $self->{sessions}[$which];

    return $session if $session;
    $session = $self->{sessions}[$which] = Storm::Session->new(15, @{ $self->{psql} });
    if (!$self->{sender})
    {
        my $result = $session->run("SELECT kycvs.try_resend_otp('$no_txn')");
        $self->{heard} = time();
        $self->note('back') if $result->{output} =~ /"KV013"/;
        $self->disconnect($which) if $result->{sqlstate} eq 'lost';
    }
    return $self->{sessions}[$which];
}

sub disconnect
{
    my ($self, $which) = @_;

    $self->{sessions}[$which]->leave;
    $self->{sessions}[$which] = undef;
    sleep(0.05 + rand(0.1));
}

# Nobody decided, or nobody heard of it.
sub undecided
{
    my ($result) = @_;
    return $result->{sqlstate} =~ /^(lost|KV050|KV052|57014|57P0[1-3])$/;
}

# Asks on both connections, or on the first, until there are answers.
sub ask
{
    my ($self, $sql, %option) = @_;
    my $deadline = time() + 20;
    my @results;

    while (!$ending && time() < $deadline)
    {
        my @which = grep { $self->connected($_) } 0 .. ($option{twice} ? 1 : 0);

        $self->{attempts} += @which;
        $self->{sessions}[$_]->send($sql, rand() < 0.3) foreach @which;
        # now and then its program is killed before it is told anything
        $self->disconnect(shift @which) if @which && rand() < 0.003;
        foreach my $which (@which)
        {
            my $result = $self->{sessions}[$which]->finish;

            $result->{heard} = time();
            $self->disconnect($which) if $result->{sqlstate} eq 'lost';
            push @results, $result unless undecided($result);
        }
        last if @results;
        sleep(0.01 + rand(0.02));
    }
    return @results;
}

sub granted
{
    my ($self, $result, $allowed) = @_;

    $self->{heard} = $result->{heard};
    return 1 if $result->{sqlstate} eq '00000';
    $self->note('odd', status => $result->{sqlstate}, txn => $self->{txn}) unless $allowed && $result->{sqlstate} =~ $allowed;
    return 0;
}

# ---- one flow ----------------------------------------------------------------

# A fifth of the persons are registered; returns the status to expect.
sub register
{
    my ($self, $mobile) = @_;
    my $doses = int(rand(3));

    return 0 if rand() > 0.2;
    my ($registered) = $self->ask("SELECT kycvs.register_person('$mobile', 'Ramesh Patel')") or return;
    return unless $self->granted($registered);
    my $person = $registered->{output};
    $self->note('person', number => $person);
    foreach my $dose (1 .. $doses)
    {
        my ($recorded) = $self->ask("SELECT kycvs.record_dose($person, 'COVISHIELD', date '2021-01-01' + $dose * 90)") or return;
        # recorded before, when nobody heard of it
        $self->note('dose', number => $person, status => $recorded->{output}) if $self->granted($recorded, qr/KV043/);
    }
    return $doses;
}

sub issue
{
    my ($self, $mobile) = @_;
    my $again = rand() < 0.1;
    my $txn;

    do
    {
        my ($issued) = $self->ask("SELECT kycvs_issue_otp('$mobile', 'Ramesh Patel', 'ticket-booking', 'PNR $mobile')");
        return unless $issued && $self->granted($issued);
        $txn = decode_json($issued->{output})->{jti};
        $self->note('receipt', jti => $txn, number => $self->{flows});
    } while ($again--);
    return $txn;
}

# A text that a sender claimed and never got comes a minute later: nobody waits for it.
sub read_text
{
    my ($self, $mobile) = @_;
    my $phone = "$self->{phones}/$mobile";
    my $deadline = time() + 2;

    while (!$ending && time() < $deadline)
    {
        if (open(my $text, '<', $phone))
        {
            chomp(my $otp = <$text>);
            unlink($phone);
            return $otp;
        }
        sleep(0.005);
    }
    return;
}

sub guess
{
    my ($self, $otp) = @_;
    my $wrong = sprintf('%06d', ($otp + 1 + int(rand(999_999))) % 1_000_000);
    my ($tried) = $self->ask("SELECT kycvs_verify_otp('$self->{txn}', '$wrong', true)") or return;

    $self->note('odd', txn => $self->{txn}, status => 'right') if $self->granted($tried, qr/KV01[02]/);
    $self->note('wrong', txn => $self->{txn}) if $tried->{sqlstate} eq 'KV010';
    $self->note('spent', txn => $self->{txn}) if $tried->{sqlstate} eq 'KV012';
}

# The right code. Tries that nobody answered may have been charged, and so may repeats.
sub verify
{
    my ($self, $otp, %option) = @_;
    my $consent;

    foreach my $verified ($self->ask("SELECT kycvs_verify_otp('$self->{txn}', '$otp', true)", %option))
    {
        my $granted = $self->granted($verified,
            $self->{attempts} >= 20 ? qr/KV01[24]/ : $self->{attempts} >= 3 ? qr/KV012/ : undef);

        $self->note('spent', txn => $self->{txn}) if $verified->{sqlstate} eq 'KV012';
        next unless $granted;
        $consent = $verified->{output};
        $self->note('consent', txn => $self->{txn}, jti => decode_json($consent)->{jti});
    }
    return $consent;
}

sub status
{
    my ($self, $consent, $expected) = @_;
    my $quoted = $consent =~ s/'/''/gr;

    foreach my $answered ($self->ask("SELECT kycvs_status('$quoted')", twice => rand() < 0.1))
    {
        next unless $self->granted($answered);
        my $answer = decode_json($answered->{output});
        $self->note('answer', txn => $answer->{consent}, jti => $answer->{jti}, status => $answer->{status},
            number => $answer->{as_of} =~ s/-//gr);
        $self->note('odd', txn => $self->{txn}, status => "is $answer->{status}") if $answer->{status} != $expected;
    }
}

# One of the last ones is shown again, perhaps from before a crash.
sub repeat
{
    my ($self) = @_;
    my $verified = $self->{verified};
    my $old = $verified->[ rand(@$verified) ];

    $self->{txn} = $old->{txn};
    $self->{attempts} = $old->{attempts};
    my $consent = $self->verify($old->{otp});
    $self->status($consent, $old->{status}) if $consent;
    $old->{attempts} = $self->{attempts};
    @$verified = grep { $_->{attempts} < 12 } @$verified;
}

sub flow
{
    my ($self) = @_;
    my $mobile = sprintf('9%d%08d', $self->{number}, ++$self->{flows});
    my $kind = rand();

    return $self->repeat if $kind < 0.15 && @{ $self->{verified} };
    $self->{txn} = undef;
    my $expected = $self->register($mobile) // return;
    $self->{txn} = $self->issue($mobile) // return;
    my $otp = $self->read_text($mobile) // return;
    $self->{attempts} = 0;
    # a wrong try in a third of the flows; one in fifty goes on until it is told to stop
    my $guesses = $kind > 0.98 ? 5 : $kind > 0.65 ? 1 : 0;
    $self->guess($otp) foreach 1 .. $guesses;
    my $consent = $self->verify($otp, twice => rand() < 0.2) // return;
    $self->status($consent, $expected);
    push @{ $self->{verified} },
      { txn => $self->{txn}, otp => $otp, status => $expected, attempts => $self->{attempts} };
    shift @{ $self->{verified} } if @{ $self->{verified} } > 20;
}

# ---- the sender --------------------------------------------------------------

sub send_texts
{
    my ($self) = @_;
    my ($claimed) = $self->ask("SELECT id, mobile, substring(body FROM '[0-9]{6}') FROM kycvs.next_messages(50)");
    my @ids;

    return unless $claimed && $self->granted($claimed);
    foreach my $row (split /\n/, $claimed->{output})
    {
        my ($id, $mobile, $otp) = split /\|/, $row;
        $mobile =~ s/^\+91//;
        open(my $phone, '>', "$self->{phones}/.$mobile") or die $!;
        print $phone "$otp\n";
        close($phone);
        rename("$self->{phones}/.$mobile", "$self->{phones}/$mobile") or die $!;
        $self->note('text', number => $id);
        push @ids, $id;
    }
    return sleep(0.01) unless @ids;
    my $done = $self->connected(0) or return;
    my $result = $done->run('SELECT kycvs.message_done(id, true) FROM unnest(ARRAY[' . join(', ', @ids) . ']) AS id');
    $self->disconnect(0) if $result->{sqlstate} eq 'lost';
    return if undecided($result) || !$self->granted({ %$result, heard => time() });
    $self->note('done', number => $_) foreach @ids;
}

1;
