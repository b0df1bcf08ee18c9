# Numbers, names and OTPs that a test knows, and the search for them: in files,
# in the server's log and in what the views of a server show.

package Secrets;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use File::Find qw(find);
use PostgreSQL::Test::Utils;

our @EXPORT = qw(word name_of number_of remember remember_otp otps_known known_before each_file
  secrets_in encoded_in secrets_seen count_of);

my (%secret, %otp, %there_before, %encoded, $pattern);

# ---- what must not be found ------------------------------------------------------

# A word that nobody else has: of Latin letters, or of Gujarati ones.
sub word
{
    my ($n) = @_;
    my @syllables = $n % 3 ? qw(ka vo zu ji mex tor bin wal pud xy) : qw(ક ખ ગ ચ જ ટ ત પ મ ર);
    return join '', map { $syllables[$_] } (split //, sprintf '%05d', $n * 37), 4, 7;
}

sub name_of { my ($n) = @_; return $n % 3 ? ucfirst(word($n)) . ' Prajapati' : word($n) . ' શાહ' }

sub digits_of { my ($n) = @_; return sprintf '98%08d', 10203040 + $n * 7919 }

# As it is typed: in several ways.
sub number_of
{
    my ($n) = @_;
    my $digits = digits_of($n);
    my $way = $n % 4;
    return $digits if $way == 0;
    return '+91 ' . substr($digits, 0, 5) . ' ' . substr($digits, 5) if $way == 1;
    return "0091-$digits" if $way == 2;
    return join '', map { "\xe0\xab" . chr(0xa6 + $_) } split //, $digits;    # Gujarati digits
}

# As debug_print_plan and its sisters print a value: its bytes in decimal.
sub bytes_of { my ($text) = @_; return join ' ', unpack 'c*', $text }

sub remember
{
    my ($n) = @_;
    my $digits = digits_of($n);
    $secret{ lc $_ } = "number $n" foreach number_of($n), $digits, "91$digits", substr($digits, 0, 5) . ' ' . substr($digits, 5);
    $secret{ word($n) } = "name $n";
    $secret{ "card" . word($n) } = "reference $n";
    $encoded{ bytes_of(number_of($n)) } = "number $n";
    $encoded{ bytes_of(name_of($n)) } = "name $n";
    undef $pattern;
}

# Both forms in which it is typed.
sub remember_otp
{
    my ($n, $otp) = @_;
    $otp{$otp} = "OTP $n";
    $secret{ sha256_hex($otp) } = "OTP $n";
    undef $pattern;
}

# Those that can be told from what was in the files before.
sub otps_known { return grep { !$there_before{$_} } keys %otp }

# ---- the search --------------------------------------------------------------------

# Six digits that stand alone: in a word, an id, a bytea or behind a dot (microseconds) they mean nothing.
my $code = qr/(?<![0-9A-Za-z.])([0-9]{6})(?![0-9A-Za-z])/;

sub known_before { my ($content) = @_; $there_before{$_}++ foreach $content =~ /$code/g }

# What is found there, by name.
sub secrets_in
{
    my ($content) = @_;
    my @codes = map { $there_before{$_} ? () : $otp{$_} // () } $content =~ /$code/g;
    if (!defined $pattern)
    {
        my $any = join '|', map { quotemeta } sort keys %secret;
        $pattern = qr/($any)/;
    }
    $content = lc $content;
    return (@codes, map { $secret{$_} } $content =~ /$pattern/g);
}

# The same in the node trees of debug_print_*: values stand in brackets.
sub encoded_in
{
    my ($content) = @_;
    my @found;
    foreach my $bytes ($content =~ /\[ ([-0-9 ]+) \]/g)
    {
        $bytes =~ s/^(?:-?\d+ ){4}//;    # the length word
        push @found, $encoded{$bytes} // ();
        my $text = pack 'c*', split / /, $bytes;
        push @found, $otp{$text} // $secret{$text} // () if $text =~ /^(?:\d{6}|[0-9a-f]{64})$/;
    }
    return @found;
}

sub each_file
{
    my ($do, @folders) = @_;
    find({ no_chdir => 1, wanted => sub { $do->($_, slurp_file($_)) if -f && -s } }, @folders);
}

# How many of each kind, as "3 name, 4 number"; "none".
sub count_of
{
    my %count;
    $count{ (split / /)[0] }++ foreach @_;
    return join(', ', map { "$count{$_} $_" } sort keys %count) || 'none';
}

# ---- what a role sees ------------------------------------------------------------------

# Reads all that this client's role may read of views in pg_catalog and of those that
# extensions brought; texts only, for any six digits may be a counter.
# Returns how many views there were, and what was found.
sub secrets_seen
{
    my ($client) = @_;
    my @views = $client->values(<<'SQL');
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relkind IN ('v', 'm') AND c.relname <> 'pg_settings' AND has_table_privilege(c.oid, 'SELECT')
  AND (c.relnamespace IN ('pg_catalog'::regnamespace, 'kycvs'::regnamespace)
       OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
ORDER BY 1
SQL
    my @found;
    my $read = 0;
    foreach my $view (@views)
    {
        my ($sqlstate, @rows) = $client->run(<<"SQL");
SELECT (SELECT string_agg(value #>> '{}', E'\n') FROM jsonb_each(to_jsonb(t)) WHERE jsonb_typeof(value) <> 'number')
FROM $view AS t
SQL
        next if $sqlstate ne '00000';    # a view over a function that only superusers may call
        $read++;
        push @found, map { "$_ in $view" } map { secrets_in($_) } @rows;
    }
    return ($read, @found);
}

1;
