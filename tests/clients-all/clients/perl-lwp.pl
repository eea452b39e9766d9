use strict;
use warnings;
use HTTP::Request;
use LWP::UserAgent;

$| = 1;
if ((shift // '') eq 'version') {
    print "$LWP::UserAgent::VERSION\n";
    exit;
}
# It would open data connections from the server's side otherwise.
$ENV{FTP_PASSIVE} = 1;
my $url = $ENV{FTP_TLS} ? '' : "ftp://$ENV{FTP_USER}:$ENV{FTP_PASSWORD}\@$ENV{FTP_HOST}:$ENV{FTP_PORT}";
my $agent = LWP::UserAgent->new(timeout => 60);

sub slurp { local (@ARGV, $/) = shift; return <> }
my %operations = (
    put => sub { $agent->request(HTTP::Request->new(PUT => "$url/$_[1]", undef, slurp($_[0]))) },
    get => sub { $agent->get("$url/$_[0]", ':content_file' => $_[1]) },
    list => sub { $agent->get("$url$_[0]", Accept => 'text/ftp-dir-listing') },
);
while (my $line = <STDIN>) {
    my ($operation, @words) = split ' ', $line;
    if ($operation eq 'can') {
        print $operations{$words[0]} ? "= ok\n" : "= cannot\n";
        next;
    }
    if (!$url || !$operations{$operation}) {
        print "= cannot\n";
        next;
    }
    my $answer = $operations{$operation}->(@words);
    if ($operation eq 'list') { print "- $_\n" for split /\n/, $answer->content; }
    # What fails while it is fetched is told in a header alone.
    my $words = $answer->status_line . ' ' . ($answer->header('X-Died') // '');
    $words =~ s/\n/ /g;
    print $answer->is_success && !$answer->header('X-Died') ? "= ok\n" : "= failed $words\n";
}
