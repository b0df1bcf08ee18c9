# The unit tests of t/unit: built in a temporary directory, for the source tree
# may be read-only, and reported one by one.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use Test::More;

# The outer make's flags and job server are none of the inner one's business.
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)};

my $build = tempdir('kycvs-unit-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $unit = "$FindBin::RealBin/unit";

sub run_quietly
{
    my (@command) = @_;
    open(my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', @command)
      or die "could not start $command[0]: $!";
    my @lines = <$pipe>;
    close($pipe);
    return ($?, @lines);
}

my ($status, @lines) = run_quietly('make', '-C', $unit, "BUILDDIR=$build", 'all');
is($status, 0, 'unit tests built') or diag(@lines);

# Without that, nothing below would say more.
if ($status != 0)
{
    done_testing();
    exit;
}

{
    local $ENV{TMPDIR} = $build;
    ($status, @lines) = run_quietly("$build/unit_test");
}

my $plan = 0;
my $tests = 0;
foreach my $line (@lines)
{
    chomp $line;
    if ($line =~ /^(not )?ok \d+ - (.*)$/)
    {
        ok(!$1, $2);
        $tests++;
    }
    elsif ($line =~ /^1\.\.(\d+)$/)
    {
        $plan = $1;
    }
    else
    {
        diag($line);
    }
}
ok($plan > 0 && $plan == $tests, 'all unit tests ran');
is($status, 0, 'unit tests ended well');

done_testing();
