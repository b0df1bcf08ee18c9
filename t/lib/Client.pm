# A small client of the wire protocol (version 3): psql 15 cannot bind, and what
# is bound must be in no file and no other process of a test.

package Client;

use strict;
use warnings;

sub new
{
    my ($class, $node, $user, $database) = @_;
    my $self = bless { node => $node, socket => $node->raw_connect }, $class;
    my $options = pack 'N Z* Z* Z* Z* x', 196608, 'user', $user, 'database', $database;
    $self->{socket}->syswrite(pack('N', 4 + length $options) . $options);
    $self->finish;
    return $self;
}

sub message { my ($type, $body) = @_; return pack 'a N a*', $type, 4 + length $body, $body }

# With parameters it uses the extended protocol, without them the simple one.
sub send
{
    my ($self, $sql, @parameters) = @_;
    my $values = join '', map { defined $_ ? pack('N/a*', $_) : pack('N', 0xffffffff) } @parameters;
    $self->{socket}->syswrite(
        @parameters
        ? message('P', pack 'x Z* n', $sql, 0)
          . message('B', pack 'x x n n a* n', 0, scalar(@parameters), $values, 0)
          . message('E', pack 'x N', 0)
          . message('S', '')
        : message('Q', pack 'Z*', $sql));
    return $self;
}

sub take
{
    my ($self, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length)
    {
        $self->{socket}->sysread($bytes, $length - length $bytes, length $bytes) or return;
    }
    return $bytes;
}

# The SQLSTATE, "lost" when the connection is, and the first column of all rows.
sub finish
{
    my ($self) = @_;
    my ($sqlstate, @rows) = ('00000');
    while (defined(my $head = $self->take(5)))
    {
        my ($type, $length) = unpack 'a N', $head;
        my $body = $self->take($length - 4);
        return ($sqlstate, @rows) if $type eq 'Z';
        $sqlstate = $1 if $type eq 'E' && $body =~ /(?:^|\0)C(\w{5})\0/;
        $self->{key} = $body if $type eq 'K';
        push @rows, unpack 'x2 N/a*', $body if $type eq 'D';
    }
    return ($sqlstate eq '00000' ? 'lost' : $sqlstate, @rows);
}

sub run { my ($self, @call) = @_; return $self->send(@call)->finish }

sub values
{
    my ($self, @call) = @_;
    my ($sqlstate, @values) = $self->run(@call);
    die "$call[0]: $sqlstate" unless $sqlstate eq '00000';
    return @values;
}

sub value { my ($self, @call) = @_; return ($self->values(@call))[0] }

sub cancel { my ($self) = @_; $self->{node}->raw_connect->syswrite(pack 'N N a*', 16, 80877102, $self->{key}) }

1;
