#!/usr/bin/env bash
# curl 7.88.1 (Debian 12), FTPS in passive mode: after STOR it makes the TLS handshake of the data
# connection before it looks at the reply. When the server refuses the STOR (550) and ends the data
# connection in order without a handshake, curl takes that for a failure of EPSV, sends PASV, reads
# the 550 as the answer to it, and exits with 13 and "Bad PASV/EPSV response: 550". When the server
# makes the handshake first and then ends the connection, curl exits with 25 and shows the 550.
#
# Seen: exit 13 without, exit 25 with the handshake.
#
# Needs bash, python3, openssl, apt-get download and dpkg-deb (Debian 12, amd64), and the libraries of
# curl. Nothing is installed in the system. Exits 0 while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" tree; done
curl=$FOLDER/tree/usr/bin/curl
export LD_LIBRARY_PATH=$FOLDER/tree/usr/lib/x86_64-linux-gnu
"$curl" --version | head -n 1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -keyout key.pem -out cert.pem 2>/dev/null
echo data >file
cat >server.py <<'PY'
import socket, ssl, sys

shakes_hands = sys.argv[1] == "handshake"
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("cert.pem", "key.pem")
control = socket.create_server(("127.0.0.1", 0))
print(control.getsockname()[1], flush=True)
client, _ = control.accept()
say = lambda text: client.sendall(text.encode() + b"\r\n")
def line():
    got = b""
    while not got.endswith(b"\n"):
        byte = client.recv(1)
        if not byte:
            sys.exit()
        got += byte
    return got.decode().strip()
say("220 ready")
data = listener = None
while True:
    verb = line().partition(" ")[0].upper()
    if verb == "AUTH":
        say("234 go on")
        client = context.wrap_socket(client, server_side=True)
    elif verb == "EPSV":
        listener = socket.create_server(("127.0.0.1", 0))
        say(f"229 ok (|||{listener.getsockname()[1]}|)")
    elif verb == "STOR":
        data, _ = listener.accept()
        say("550 not here")
        if shakes_hands:
            data = context.wrap_socket(data, server_side=True)
        data.shutdown(socket.SHUT_WR)
    else:
        known = {"USER": "331 password", "PASS": "230 in", "PBSZ": "200 ok", "PROT": "200 ok", "TYPE": "200 ok", "PWD": '257 "/"', "QUIT": "221 bye"}
        say(known.get(verb, "502 no"))
PY

# The exit status of curl, where the server makes the handshake or not.
refused() {
    local port status=0
    python3 server.py "$1" >port 2>/dev/null &
    until [ -s port ]; do sleep 0.1; done
    port=$(cat port)
    "$curl" --silent --show-error --insecure --ssl-reqd --max-time 20 --user u:p -T file "ftp://127.0.0.1:$port/f" || status=$?
    rm port
    return "$status"
}

without=0 with=0
refused none || without=$?
refused handshake || with=$?
echo "exit $without without, $with with a handshake"
[ "$without" = 13 ] && [ "$with" = 25 ]
