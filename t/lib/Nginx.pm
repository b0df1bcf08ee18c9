# A real nginx with gateway/nginx.conf before kycvs-gateway on its socket, set up
# as Debian does: what the file does not say about logs is the default's.

package Nginx;

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

my ($nginx) = grep { -x } map { "$_/nginx" } '/usr/sbin', split /:/, $ENV{PATH};
my ($curl) = grep { -x } map { "$_/curl" } split /:/, $ENV{PATH};

# What is not there, or nothing.
sub missing
{
    return 'no nginx, curl or openssl (Debian: nginx-light, curl)' unless $nginx && $curl && system('openssl version >/dev/null 2>&1') == 0;
    return;
}

# In this folder, before the gateway on this socket; dies with what nginx says.
sub start
{
    my ($class, $folder, $socket) = @_;
    my ($plain, $tls) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 2;
    my $self = bless { folder => $folder, plain => $plain, tls => $tls }, $class;
    mkdir "$folder/$_" foreach qw(logs tmp);
    system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=kycvs.example -addext subjectAltName=DNS:kycvs.example -keyout $folder/key.pem -out $folder/cert.pem >/dev/null 2>&1") == 0
      or die 'no certificate';
    append_to_file("$folder/nginx.conf", $self->configuration($socket));
    my $tried = `$nginx -t -q -e $folder/logs/error.log -c $folder/nginx.conf 2>&1`;
    die "nginx does not take the configuration: $tried" if $?;
    $self->{pid} = fork() // die;
    if ($self->{pid} == 0) { exec $nginx, '-q', '-e', "$folder/logs/error.log", '-c', "$folder/nginx.conf" or die }
    HttpGateway::wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $tls) }, 'nginx');
    return $self;
}

sub configuration
{
    my ($self, $socket) = @_;
    my $folder = $self->{folder};
    my $conf = slurp_file("$FindBin::RealBin/../gateway/nginx.conf");
    $conf =~ s{/run/kycvs-gateway/gateway\.sock}{$socket};
    $conf =~ s{/etc/ssl/kycvs/fullchain\.pem}{$folder/cert.pem};
    $conf =~ s{/etc/ssl/kycvs/privkey\.pem}{$folder/key.pem};
    $conf =~ s{/var/log/nginx/}{$folder/logs/}g;
    $conf =~ s{listen \[::\]:.*\n}{}g;
    $conf =~ s{listen 80;}{listen 127.0.0.1:$self->{plain};};
    $conf =~ s{listen 443 }{listen 127.0.0.1:$self->{tls} };
    my $temporary = join '', map { "${_}_temp_path $folder/tmp;\n" } qw(client_body proxy fastcgi uwsgi scgi);
    return "daemon off;\npid $folder/nginx.pid;\nerror_log $folder/logs/error.log;\nworker_processes 1;\nevents { worker_connections 256; }\n"
      . "http {\naccess_log $folder/logs/access.log;\n$temporary$conf\n}\n";
}

sub plain { return $_[0]{plain} }
sub tls { return $_[0]{tls} }
sub log_text { my ($self) = @_; return join '', map { slurp_file($_) } glob "$self->{folder}/logs/*" }

# Status, protocol and content.
sub ask
{
    my ($self, $path, @options) = @_;
    my $output = '';
    IPC::Run::run([ $curl, '-sS', '-m', 20, '--cacert', "$self->{folder}/cert.pem", '--resolve', "kycvs.example:$self->{tls}:127.0.0.1", '-w', "\n%{http_code} %{http_version}", @options, "https://kycvs.example:$self->{tls}$path" ], '>', \$output, '2>&1');
    my ($content, $status, $version) = $output =~ /^(.*)\n(\d+) (\S+)$/s;
    return ($status // 0, $version // '', $content // $output);
}

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local $?;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

sub DESTROY { my ($self) = @_; $self->stop }

1;
