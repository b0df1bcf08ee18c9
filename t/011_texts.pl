# What is wrong in a file of texts/ is told with the file's name and line, and
# nothing is made of it.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use Test::More;

my $texts = "$FindBin::RealBin/../texts";
my $folder = tempdir('kycvs-texts-XXXXXX', TMPDIR => 1, CLEANUP => 1);

sub slurp
{
    my ($path) = @_;
    open my $file, '<', $path or die "could not open $path: $!";
    local $/;
    return scalar <$file>;
}

sub spew
{
    my ($path, $content) = @_;
    open my $file, '>', $path or die "could not write $path: $!";
    print $file $content;
    close $file or die "could not write $path: $!";
    return $path;
}

# Exit status, what was made, what was said.
sub generate
{
    my (@files) = @_;
    local $ENV{LC_ALL} = 'C';
    my $status = system('sh', '-c', 'exec awk -f "$@" >"$0/out" 2>"$0/err"', $folder, "$texts/texts.awk", @files);
    return ($status >> 8, slurp("$folder/out"), slurp("$folder/err"));
}

my $every = "$texts/every-purpose.txt";
my $good = slurp("$texts/hotel-check-in.txt");
my $copy = "$folder/copy.txt";

my ($status, $made, $said) = generate($every, "$texts/hotel-check-in.txt");
is("$status $said", '0 ', 'a good file is read');
like($made, qr/"hotel-check-in", 24 \* USECS_PER_HOUR, 2,/, 'with its code, validity and uses');
like($made, qr/\\n\@\{host\} #\{otp\}"/, 'and a last line of its own for the host');

my $dos = $good =~ s/\n/\r\n/gr;
is((generate($every, spew($copy, "\xef\xbb\xbf$dos")))[1], $made, 'line ends and a byte order mark of other systems make no difference');
is((generate($every, spew($copy, $good =~ s/^    /\t/gmr)))[1], $made, 'nor do tabs');
is((generate($every, spew($copy, $good =~ s/ asks about / asks\n  about /r)))[1], $made, 'nor where lines break');

# What is changed in a good file, and the complaint.
my @cases = (
    ['an unknown heading', qr/^uses:/m, 'usage:', qr/"usage" is not known here/],
    ['a code in capitals', qr/^code: hotel/m, 'code: Hotel', qr/"Hotel-check-in" is not a code/],
    ['a validity without a unit', qr/^validity: .*/m, 'validity: 24', qr/"24" is not a number of minutes, hours or days/],
    ['a validity in words', qr/^validity: .*/m, 'validity: some hours', qr/does not begin with a number from 1 to 365/],
    ['no use', qr/^uses: 2/m, 'uses: 0', qr/does not begin with a number from 1 to 100/],
    ['a validity that is missing', qr/^validity: .*\n/m, '', qr/a purpose needs a validity and uses/],
    ['uses twice', qr/^uses: 2/m, "uses: 2\nuses: 2", qr/"uses" is not known here, or stands twice/],
    ['a language that is missing', qr/^language: hi.*(?=^language: gu)/ms, '', qr/language "gu" is not the next of en, hi, gu/],
    ['the last language missing', qr/^language: gu.*/ms, '', qr/language gu is missing/],
    ['another language', qr/^language: hi/m, 'language: ta', qr/language "ta" is not the next/],
    ['a notice that is missing', qr/^notice:\n(    .*\n)+/m, '', qr/language en has no "notice"/],
    ['an empty message', qr/^sms:\n(    .*\n)+/m, "sms:\n", qr/"sms" is empty/],
    ['a message twice', qr/^sms with host:/m, 'sms:', qr/"sms" stands twice/],
    ['a message on the line of its heading', qr/^sms:\n +/m, 'sms: ', qr/what stands after "sms:" belongs on the next line/],
    ['a text that is not indented', qr/^    OTP /m, 'OTP ', qr/neither a comment, nor a heading/],
    ['a text before any heading', qr/\A/, "    text\n", qr/belongs to no text/],
    ['no length of the name', qr/^one sms .*\n/m, '', qr/language en has no "one sms with a name of"/],
    ['a length of the name beyond a slot', qr/(?<=name of: )30/, '31', qr/does not begin with a number from 1 to 30/],
    ['what belongs to every purpose', qr/^sms with host:/m, 'number taken off:', qr/"number taken off" is not known here/],
    ['a control character', qr/asks about/, "asks\eabout", qr/a control character/],
    ['a backslash', qr/asks about/, 'asks\\nabout', qr/a backslash/],
);
foreach my $case (@cases)
{
    my ($what, $pattern, $replacement, $complaint) = @$case;
    my $bad = $good =~ s/$pattern/$replacement/r;
    isnt($bad, $good, "$what: the file is another");
    ($status, $made, $said) = generate($every, spew($copy, $bad));
    is("$status $made", '1 ', "$what: nothing is made of it");
    like($said, qr/\A\Q$copy\E:[1-9][0-9]*: .*$complaint/, "$what: told with file and line");
}

like((generate($every, spew($copy, $good), "$texts/hotel-check-in.txt"))[2], qr/the code is that of \Q$copy\E, too/, 'a code stands once');
like((generate($every, $every))[2], qr/a second file without a code/, 'so do the texts of every purpose');
is((generate("$texts/hotel-check-in.txt"))[0], 1, 'which must be there');
is((generate($every, "$texts/hotel-check-in.txt", spew($copy, '')))[0], 1, 'an empty file is none');

done_testing();
