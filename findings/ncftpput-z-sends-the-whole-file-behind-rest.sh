#!/usr/bin/env bash
# ncftpput 3.2.6 (Debian 12): with -z it asks for the size of what is there, sends REST with that and
# STOR, and then the file from its first byte on, as sendfile(2) does not heed where it was to begin.
# The server stores too much. With -s, which does without sendfile, it sends the rest.
#
# Seen: a file of 1,000,000 bytes, of which 400,000 are there; behind REST 400000 come 1,000,000.
#
# Needs bash, python3, apt-get download and dpkg-deb (Debian 12, amd64). Nothing is installed in the
# system. Exits 0 while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq ncftp=2:3.2.6-1+b1 >/dev/null 2>&1
dpkg-deb -x ncftp_*.deb tree
ncftpput=$FOLDER/tree/usr/bin/ncftpput

head -c 1000000 /dev/urandom >file
cat >server.py <<'PY'
import socket, sys

control = socket.create_server(("127.0.0.1", 0))
print(control.getsockname()[1], flush=True)
came = []
for _ in range(2):
    client, _ = control.accept()
    lines, listener, rest = client.makefile("rb"), None, 0
    say = lambda text: client.sendall(text.encode() + b"\r\n")
    say("220 ready")
    while True:
        try:
            line = lines.readline()
        except ConnectionResetError:
            break
        if not line:
            break
        verb, _, argument = line.decode().strip().partition(" ")
        verb = verb.upper()
        if verb == "PASV":
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            say(f"227 ok (127,0,0,1,{port >> 8},{port & 255})")
        elif verb == "REST":
            rest = int(argument)
            say("350 ok")
        elif verb in ("STOR", "APPE"):
            say("150 go on")
            data, _ = listener.accept()
            got = b""
            while piece := data.recv(65536):
                got += piece
            came.append((verb, rest, len(got)))
            say("226 stored")
        else:
            known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "PWD": '257 "/"', "QUIT": "221 bye", "SIZE": "213 400000", "FEAT": "211 none", "CWD": "250 ok"}
            say(known.get(verb, "502 no"))
            if verb == "QUIT":
                break
    client.close()
print("with -z, and with -z -s:", came)
sys.exit(0 if came == [("STOR", 400000, 1000000), ("STOR", 400000, 600000)] else 1)
PY
python3 server.py >out 2>err &
server=$!
for _ in $(seq 50); do [ -s out ] && break; sleep 0.1; done
port=$(head -n 1 out)
for options in "-z" "-z -s"; do
    # shellcheck disable=SC2086
    timeout 30 "$ncftpput" $options -V -u user -p word -P "$port" 127.0.0.1 / file >ncftpput.out 2>&1 || true
done
wait "$server" && outcome=0 || outcome=$?
cat err
tail -n +2 out
exit "$outcome"
