#!/usr/bin/env bash
# lftp 4.9.2 (Debian 12): when the server answers a STOR with a passing error after the data (451),
# lftp repeats the STOR by itself, and closes that data connection in order after the first 196,608
# bytes of the file. No ABOR, REST or APPE tells the server. Any 4xx to that makes lftp send the whole.
#
# Seen: a file of 1,000,000 bytes; the first STOR brings all of it and is answered 451; the second
# STOR brings 196,608 bytes, the beginning of the file, then the end of the data connection.
#
# Needs bash, python3, apt-get download and dpkg-deb (Debian 12, amd64). Nothing is installed in the
# system. Exits 0 while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq lftp=4.9.2-2+b1 >/dev/null 2>&1
dpkg-deb -x lftp_*.deb tree
lftp=$FOLDER/tree/usr/bin/lftp
export LD_LIBRARY_PATH=$FOLDER/tree/usr/lib/lftp/4.9.2:$FOLDER/tree/usr/lib
"$lftp" --version | head -n 1

head -c 1000000 /dev/urandom >file
cat >server.py <<'PY'
import socket, sys

control = socket.create_server(("127.0.0.1", 0))
print(control.getsockname()[1], flush=True)
stores = []
conversation = open("conversation", "w", buffering=1)
while len(stores) < 2:
    client, _ = control.accept()
    lines, listener = client.makefile("rb"), None
    say = lambda text: client.sendall(text.encode() + b"\r\n")
    say("220 ready")
    for line in lines:
        verb, _, argument = line.decode().strip().partition(" ")
        print(verb, argument, file=conversation)
        verb = verb.upper()
        if verb in ("PASV", "EPSV"):
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            say(f"229 ok (|||{port}|)" if verb == "EPSV" else f"227 ok (127,0,0,1,{port >> 8},{port & 255})")
        elif verb == "STOR":
            say("150 go on")
            data, _ = listener.accept()
            got = b""
            while piece := data.recv(65536):
                got += piece
            data.close()
            stores.append(got)
            say("451 try again" if len(stores) == 1 else "226 stored")
            if len(stores) == 2:
                break
        else:
            known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "PWD": '257 "/"', "QUIT": "221 bye", "REST": "350 ok", "FEAT": "211 none", "OPTS": "501 no"}
            say(known.get(verb, "502 no"))
    client.close()
whole = open("file", "rb").read()
print("first STOR:", len(stores[0]), "bytes; second STOR:", len(stores[1]), "bytes")
said = open("conversation").read()
is_part = 0 < len(stores[1]) < len(whole) and whole.startswith(stores[1])
sys.exit(0 if stores[0] == whole and is_part and not any(verb in said for verb in ("ABOR", "APPE", "REST")) else 1)
PY
python3 server.py >out 2>err &
server=$!
for _ in $(seq 50); do [ -s out ] && break; sleep 0.1; done
port=$(head -n 1 out)
timeout 60 "$lftp" -c "set net:max-retries 3; set net:reconnect-interval-base 1; set net:timeout 10; set ftp:use-feat no;
  open -u user,word ftp://127.0.0.1:$port; put file" >lftp.out 2>&1 || true
wait "$server" && outcome=0 || outcome=$?
cat err
tail -n +2 out
exit "$outcome"
