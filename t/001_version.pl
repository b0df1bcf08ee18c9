# The version is written in kycvs.control; every other place agrees with it.

use strict;
use warnings;

use JSON::PP qw(decode_json);
use Test::More;

sub slurp
{
    my ($path) = @_;
    open my $file, '<', $path or die "could not open $path: $!";
    local $/;
    return scalar <$file>;
}

# The words of a variable of the Makefile.
sub makefile_list
{
    my ($name) = @_;
    my ($value) = slurp('Makefile') =~ /^\Q$name\E = ((?:.*\\\n)*.*)/m;
    return grep { $_ ne '\\' } split ' ', $value;
}

my ($version) = slurp('kycvs.control') =~ /^default_version\s*=\s*'([0-9.]+)'/m;
ok($version, 'kycvs.control has a default_version');
my $release = qr/\Q$version\E\.[0-9]+/;

my $meta = decode_json(slurp('META.json'));
like($meta->{version}, qr/^$release$/, 'META.json is a release of it');
is($meta->{provides}{kycvs}{version}, $meta->{version}, 'META.json says so twice alike');
is($meta->{provides}{kycvs}{file}, "kycvs--$version.sql", 'META.json names its install script');
ok(-f $meta->{provides}{kycvs}{docfile}, 'META.json names a file as documentation');

my ($first) = slurp('CHANGELOG.md') =~ /^## (\S+)/m;
is($first, $meta->{version}, 'CHANGELOG.md opens with it');

my @data = makefile_list('DATA');
ok((grep { $_ eq "kycvs--$version.sql" } @data), 'Makefile installs its install script');
is_deeply([ sort @data ], [ sort glob 'kycvs--*.sql' ], 'Makefile installs every script');
is_deeply([ sort map { s/\.o$/.c/r } makefile_list('OBJS') ],
    [ sort glob 'kycvs.c src/*.c' ], 'Makefile compiles every source');

my $readme = slurp('README.md');
like($readme, qr{\Q$_\E}, "README.md names $_") foreach qw(scripts/demo scripts/test);

done_testing();
