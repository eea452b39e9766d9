#!/usr/bin/env bash
# ftputil 5.2.0 (Python): `upload()` returns as if it had succeeded when the server answers 426, 450 or
# 451 behind the data, and when it has answered nothing five seconds after the last byte: closing a
# file ignores these replies and the time-out (ftputil/file.py, close). Other refusals are heard.
#
# Seen: no exception after 451, nor after seven seconds of silence, of which it waits five; FTPIOError
# after 552.
#
# Needs bash, python3 with venv, and pip. Nothing is installed in the system. Exits 0 while this is
# so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
python3 -m venv venv
venv/bin/pip install -q ftputil==5.2.0
cat >trial.py <<'PY'
import socket, sys, threading, time
import ftputil, ftputil.session

def accept(control, pause, reply):
    # It has a connection for each file beside its first.
    while True:
        client, _ = control.accept()
        threading.Thread(target=serve, args=(client, pause, reply), daemon=True).start()

def serve(client, pause, reply):
    say = lambda text: client.sendall(text.encode() + b"\r\n")
    known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "PWD": '257 "/"', "CWD": "250 ok", "QUIT": "221 bye"}
    listener = None
    try:
        say("220 ready")
        for line in client.makefile("rb"):
            verb = line.decode().partition(" ")[0].strip().upper()
            if verb == "EPSV":
                listener = socket.create_server(("127.0.0.1", 0))
                say(f"229 ok (|||{listener.getsockname()[1]}|)")
            elif verb == "PASV":
                listener = socket.create_server(("127.0.0.1", 0))
                high, low = divmod(listener.getsockname()[1], 256)
                say(f"227 ok (127,0,0,1,{high},{low})")
            elif verb == "STOR":
                say("150 go on")
                data, _ = listener.accept()
                while data.recv(65536):
                    pass
                data.close()
                time.sleep(pause)
                say(reply)
            else:
                say(known.get(verb, "502 no"))
    except OSError:
        pass

def upload(pause, reply):
    control = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(control, pause, reply), daemon=True).start()
    factory = ftputil.session.session_factory(port=control.getsockname()[1], encoding="utf-8")
    host = ftputil.FTPHost("127.0.0.1", "user", "word", session_factory=factory)
    began = time.monotonic()
    try:
        host.upload(__file__, "file")
        told = "success"
    except ftputil.error.FTPError as error:
        told = type(error).__name__
    return told, round(time.monotonic() - began)

print("ftputil", ftputil.__version__)
seen = {
    "451 at once": upload(0, "451 not stored"),
    "552 after 7 s": upload(7, "552 not stored"),
    "552 at once": upload(0, "552 not stored"),
}
for case, (told, seconds) in seen.items():
    print(f"{case}: {told}, {seconds} s")
sys.exit(0 if list(seen.values()) == [("success", 0), ("success", 5), ("FTPIOError", 0)] else 1)
PY
venv/bin/python -W ignore trial.py
