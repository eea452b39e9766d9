use strict;
use warnings;
use Net::FTP;

$| = 1;
if ((shift // '') eq 'version') {
    print "$Net::FTP::VERSION\n";
    exit;
}
my $ftp;
my %operations = (
    put => sub { $ftp->put(@_) },
    get => sub { $ftp->get(@_) },
    list => sub { $ftp->ls(@_) },
    rename => sub { $ftp->rename(@_) },
    delete => sub { $ftp->delete(@_) },
);

sub session {
    $ftp = Net::FTP->new($ENV{FTP_HOST}, Port => $ENV{FTP_PORT}, Passive => 1, SSL_ca_file => $ENV{FTP_CA})
        or return 0;
    ($ftp->starttls or return 0) if $ENV{FTP_TLS};
    return $ftp->login($ENV{FTP_USER}, $ENV{FTP_PASSWORD}) && $ftp->binary;
}
while (my $line = <STDIN>) {
    my ($operation, @words) = split ' ', $line;
    if ($operation eq 'can') {
        print $operations{$words[0]} ? "= ok\n" : "= cannot\n";
        next;
    }
    my @told = (defined $ftp || session()) ? $operations{$operation}->(@words) : ();
    if ($operation eq 'list') { print "- $_\n" for @told; }
    my $is_done = @told && defined $told[0] && $told[0];
    my $words = defined $ftp ? $ftp->message : $@;
    $words =~ s/\n/ /g;
    print $is_done ? "= ok\n" : "= failed $words\n";
}
