# What bench/delivery says: tables, counts that pass or fail, and what goes on meanwhile.

package Report;

use strict;
use warnings;

use POSIX qw(ceil);
use Time::HiRes qw(time);

my ($output, $terminal);
my ($part, $started, $told) = ('', time(), 0);
my (@passed, @failed);

sub to { ($output, $terminal) = @_; $_->autoflush(1) foreach $output, $terminal }

sub say_line { my ($line) = @_; print $terminal "\r\e[K" if -t $terminal; print $output "$line\n" }

sub part { ($part) = @_; say_line("\n$part") }

# A row of a table: the first column is a name.
sub row
{
    my ($name, @columns) = @_;
    say_line(sprintf '  %-30s' . '%11s' x @columns, $name, map { $_ // '-' } @columns);
}

sub note { my ($text) = @_; say_line("  $text") }

# Numbers, a dozen a line; nothing when there are none.
sub list
{
    my ($what, @numbers) = @_;
    @numbers = sort { $a <=> $b } @numbers;
    note("  $what: " . join ' ', splice @numbers, 0, 12) if @numbers;
    note('    ' . join ' ', splice @numbers, 0, 16) while @numbers;
}

sub check
{
    my ($good, $what) = @_;
    $what =~ s/\s+\z//;
    push @{ $good ? \@passed : \@failed }, "$part: $what";
    say_line('  ' . ($good ? 'PASS' : 'FAIL') . " $what");
    return $good;
}

# What goes on: always on a terminal, elsewhere every fifteen seconds.
sub progress
{
    my ($text) = @_;
    return if !$terminal || time() - $told < (-t $terminal ? 0.2 : 15);
    $told = time();
    if (-t $terminal) { print $terminal "\r\e[K  $part: $text" }
    else { printf $terminal "  %s, %d s: %s\n", $part, time() - $started, $text }
}

# Seconds as milliseconds.
sub ms { my ($seconds) = @_; return defined $seconds ? sprintf('%.0f ms', 1000 * $seconds) : undef }

sub percentile
{
    my ($percent, @values) = @_;
    return undef unless @values;
    @values = sort { $a <=> $b } @values;
    return $values[ ceil(@values * $percent / 100) - 1 ];
}

# The exit status.
sub summary
{
    say_line(sprintf "\n%d PASS, %d FAIL in %d s", scalar @passed, scalar @failed, time() - $started);
    say_line("  FAIL $_") foreach @failed;
    return @failed || !@passed ? 1 : 0;
}

1;
