#!/usr/bin/env bash
# LWP (libwww-perl 6.68, Debian 12): a PUT to an ftp: address never looks at the reply behind the data.
# Whatever the server says there (451, 552), the answer is 201 with the number of bytes.
#
# Seen: the server takes all of the file and says "451 not stored"; LWP's answer is 201.
#
# Needs bash, perl, python3, apt-get download and dpkg-deb (Debian 12), and the packages that
# libwww-perl depends on (apt-get install libwww-perl). Nothing is installed in the system. Exits 0
# while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq libwww-perl=6.68-1 >/dev/null 2>&1
dpkg-deb -x libwww-perl_*.deb tree
cat >server.py <<'PY'
import socket

control = socket.create_server(("127.0.0.1", 0))
print(control.getsockname()[1], flush=True)
client, _ = control.accept()
say = lambda text: client.sendall(text.encode() + b"\r\n")
known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "PWD": '257 "/"', "QUIT": "221 bye"}
say("220 ready")
for line in client.makefile("rb"):
    verb = line.decode().partition(" ")[0].strip().upper()
    if verb == "PASV":
        listener = socket.create_server(("127.0.0.1", 0))
        say("227 ok (127,0,0,1,%d,%d)" % divmod(listener.getsockname()[1], 256))
    elif verb == "STOR":
        say("150 go on")
        data, _ = listener.accept()
        while data.recv(65536):
            pass
        data.close()
        say("451 not stored")
    else:
        say(known.get(verb, "502 no"))
PY
python3 server.py >port &
until [ -s port ]; do sleep 0.1; done
FTP_PASSIVE=1 timeout 60 perl -I "$FOLDER/tree/usr/share/perl5" - "$(cat port)" <<'PL'
use strict;
use warnings;
use HTTP::Request;
use LWP::UserAgent;

print "LWP $LWP::UserAgent::VERSION\n";
my $request = HTTP::Request->new(PUT => "ftp://user:word\@127.0.0.1:$ARGV[0]/file", undef, "x" x 100_000);
my $answer = LWP::UserAgent->new(timeout => 30)->request($request);
print "after 451: ", $answer->status_line, "\n";
exit($answer->code == 201 ? 0 : 1);
PL
