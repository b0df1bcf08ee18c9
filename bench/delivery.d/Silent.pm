# A thousand one-time passwords and numbers that are known, and the search for them
# in everything that the way of a message leaves behind.
#
# A code counts as found when no digit stands on either side; ids in hexadecimal
# are taken out before, since any six digits occur in them. Of codes whose six digits
# a place had before any message was sent, nothing can be said there.
#
# Each place is also searched for something that was put there to be found.

package Silent;

use strict;
use warnings;

use Account;
use Asking;
use Chain;
use Cwd qw(getcwd);
use Memory;
use POSIX ();
use PostgreSQL::Test::Utils;
use Report;
use Secrets qw(each_file);
use Sender;
use Time::HiRes qw(sleep);

my $messages = 1000;

# Every statement is logged, values that are bound are not: as docs/logging.md has it.
my $conf = <<'CONF';
log_statement = all
log_min_duration_statement = 0
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_connections = on
log_disconnections = on
log_min_messages = info
CONF

# ---- the search --------------------------------------------------------------------

# In bytes: as text, as UCS-2, and in the forms in which Kannel prints UCS-2 and PDUs.
my $id = qr/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
my %form = (
    text => [ qr/(?<![0-9])([0-9]{6})(?![0-9])/, qr/([0-9]{10,})/ ],
    UCS2 => [ qr/(?<!\0[0-9])((?:\0[0-9]){6})(?!\0[0-9])/, qr/((?:\0[0-9]){10,})/ ],
    hexadecimal => [ qr/(?<!003[0-9])((?:003[0-9]){6})(?!003[0-9])/, qr/((?:003[0-9]){10,})/ ],
    dump => [ qr/(?<!3[0-9] )((?:3[0-9] ){5}3[0-9])(?! 3[0-9])/, qr/((?:3[0-9] ){9,}3[0-9])/ ]);

sub digits { my ($run, $form) = @_; $run =~ s/\0|003//g if $form ne 'text'; $run =~ s/3([0-9])(?: |\z)/$1/g if $form eq 'dump'; return $run }

# Every code and number there, how often.
sub runs_in
{
    my ($content) = @_;
    my %runs;
    $content =~ s/$id//g;
    foreach my $form (keys %form)
    {
        my ($code, $number) = @{ $form{$form} };
        $runs{ digits($_, $form) }++ foreach $content =~ /$code/g;
        foreach my $run (map { digits($_, $form) } $content =~ /$number/g)
        {
            $runs{ substr $run, $_, 10 }++ foreach 0 .. length($run) - 10;
        }
    }
    return \%runs;
}

# A place: its name, its content now, and its content before.
sub search
{
    my ($known, $planted, $place, $content, $before) = @_;
    my $there = runs_in($content);
    my $was = defined $before ? runs_in($before) : {};
    my @sure = grep { !$was->{$_} } keys %$known;
    my @found = grep { $there->{$_} } @sure;

    Report::row($place, length $content, (map { my $kind = $_; scalar grep { $known->{$_} eq $kind } @sure } qw(code number)), scalar @found, $there->{$planted} ? 'found' : 'missed');
    Report::note("  found: $known->{$_}, $there->{$_} times") foreach @found;
    Report::check(@found == 0 && $there->{$planted}, "$place: none found, and the planted one is") or keep_context($content, @found);
    return;
}

# What stands around a find goes to the log that nobody but the bench has.
sub keep_context
{
    my ($content, @found) = @_;
    foreach my $run (@found)
    {
        print 'around a find: ', substr($content, $-[0] > 60 ? $-[0] - 60 : 0, 130) =~ s/[^ -~]/./gr, "\n" while $content =~ /$run/g;
    }
}

# ---- places ------------------------------------------------------------------------

sub files { my (@paths) = @_; my $all = ''; each_file(sub { $all .= "$_[1]\n" }, @paths); return $all }

# Arguments of all processes, seen again and again by a process of its own, until it is ended.
sub watch_arguments
{
    my ($file) = @_;
    my $pid = fork() // die "fork: $!";
    return $pid if $pid;
    my ($ended, %seen) = (0);
    local $SIG{TERM} = sub { $ended = 1 };
    until ($ended)
    {
        foreach my $process (glob '/proc/[0-9]*/cmdline')
        {
            open my $in, '<', $process or next;
            $seen{ do { local $/; <$in> } // '' } = 1;
        }
        sleep 0.02;
    }
    append_to_file($file, join "\n", keys %seen);
    POSIX::_exit(0);
}

# A process that shows this among its arguments, for a while.
sub show_argument
{
    my ($argument) = @_;
    system($^X, '-e', 'select undef, undef, undef, 1', $argument);
}

# Where a core file goes: beside the process, when the system says nothing else.
sub core_file
{
    my ($folder) = @_;
    my ($core) = glob "$folder/core*";
    return $core ? slurp_file($core) : undef;
}

sub plant_in_logs
{
    my ($chain, $sender, $planted) = @_;
    $chain->value("DO \$\$ BEGIN RAISE LOG 'to be found: % .', '$planted'; END \$\$");
    append_to_file($sender->{log}, "to be found: $planted.\n");
    append_to_file("$chain->{folder}/kannel/planted.log", "to be found: $planted.\n");
}

# ---- all of it -----------------------------------------------------------------------

sub known
{
    my ($account) = @_;
    my %known = map { $_->[0] => 'number' } @{ $account->{asked} };
    $known{ $_->[1] } = 'code' foreach $account->codes;
    return \%known;
}

sub start_watched_sender
{
    my ($chain, $library) = @_;
    my $here = getcwd();
    chdir $chain->folder('sender') or die $!;    # its core file goes there
    my $sender = $chain->start_sender(preload => $library);
    chdir $here or die $!;
    return $sender;
}

sub run
{
    my $chain = Chain->new('silent', conf => $conf);
    my $library = Memory::dumpable($chain->{folder}) or die "no C compiler\n";
    my $planted = sprintf '%06d', int rand 1000000;
    local $ENV{KYCVS_PLANTED} = $planted;    # lies in the sender's memory
    my $sender = start_watched_sender($chain, $library);
    my $before = Memory::of($sender->pid) // die "the memory of a process of one's own cannot be read here\n";
    my $log = $chain->node->logfile;
    my $log_before = slurp_file($log);
    my $watcher = watch_arguments("$chain->{folder}/arguments");

    my @asked = Asking->about($chain, [ Asking::mobiles($messages) ], rate => 100)->finish('asked');
    $chain->settle;
    show_argument($planted);
    kill 'TERM', $watcher;
    waitpid $watcher, 0;
    my $account = Account->new($chain, @asked);
    my $known = known($account);
    my $codes = grep { $_ eq 'code' } values %$known;
    Report::check($account->count->{arrived} == $messages, "$messages messages have arrived, with $codes different codes");
    die "a code is the planted one, by chance: again\n" if $known->{ $planted };
    plant_in_logs($chain, $sender, $planted);
    look($chain, $sender, $known, $planted, $before, $log, $log_before);
    $chain->stop;
}

sub look
{
    my ($chain, $sender, $known, $planted, $memory_before, $log, $log_before) = @_;
    my $kannel = "$chain->{folder}/kannel";

    # after ten seconds the sender gives up its connections to gateways
    foreach (1 .. 60) { Report::progress('the sender idles'); sleep 0.25 }
    Report::row('', qw(bytes codes numbers found planted));
    my $memory = Memory::of($sender->pid);
    search($known, $planted, "the sender's memory", $memory, without($memory_before, $planted));
    kill 'ABRT', $sender->pid;
    my $ended = $sender->finish;
    my $core = core_file("$chain->{folder}/sender");
    if (defined $core) { search($known, $planted, "the sender's core file", $core, without($memory_before, $planted)) }
    else { Report::note("no core file: the sender ended with $ended, and this system puts core files elsewhere") }
    search($known, $planted, "the sender's log", files($chain->sender_logs));
    search($known, $planted, "files of Kannel", files($kannel));
    $chain->kannel->stop;
    search($known, $planted, "... when it has ended", files($kannel));
    search($known, $planted, "the server's log", slurp_file($log), $log_before);
    search($known, $planted, 'arguments of processes', slurp_file("$chain->{folder}/arguments"));
    my $phones = runs_in(slurp_file($chain->phone->file));
    my $there = grep { $phones->{$_} } keys %$known;
    Report::check($there == keys %$known, "of the phones' own file the search finds all $there");
}

sub without { my ($content, $planted) = @_; return $content =~ s/$planted//gr }

1;
