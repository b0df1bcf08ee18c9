# What a process holds in its memory, for whoever searches it.

package Memory;

use strict;
use warnings;
no warnings 'portable';    # addresses of 64 bits

use PostgreSQL::Test::Utils;

# All that its parent may read; undef when that is nothing.
sub of
{
    my ($pid) = @_;
    my $memory = '';
    open(my $file, '<:raw', "/proc/$pid/mem") or return undef;
    foreach my $map (split /\n/, slurp_file("/proc/$pid/maps"))
    {
        my ($from, $to, $rights) = $map =~ /^([0-9a-f]+)-([0-9a-f]+) (\S+)/ or next;
        next unless $rights =~ /^r/ && $map !~ /\[v/;
        my $length = hex($to) - hex($from);
        sysseek $file, hex($from), 0 or next;
        my $bytes;
        sysread $file, $bytes, $length;
        $memory .= "$bytes\n";
    }
    return $memory;
}

# A library that, preloaded, lets a process be looked at and leave a core file, both
# of which kycvs-sender forbids; undef when it cannot be built.
sub dumpable
{
    my ($folder) = @_;
    append_to_file("$folder/dumpable.c", <<'C');
#define _GNU_SOURCE
#include <sys/resource.h>
int prctl(int option, ...) { (void) option; return 0; }
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) { (void) resource; (void) limit; return 0; }
__attribute__((constructor)) static void allow_core(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void) prlimit(0, RLIMIT_CORE, &limit, 0);
}
C
    return system('cc', '-shared', '-fPIC', '-o', "$folder/dumpable.so", "$folder/dumpable.c") == 0 ? "$folder/dumpable.so" : undef;
}

1;
