#!/usr/bin/env bash
# django-storages 1.14.6 (Python), FTPStorage: when the server refuses a file, the connection stays
# in the directory of that file. The next save, which succeeds, makes its directories below that
# one: a/b/two.txt is stored as a/b/a/b/two.txt. The storage still answers that a/b/two.txt exists;
# a storage of another process does not find it.
#
# Seen: FTPStorageException for the first file; the second is stored as /a/b/a/b/two.txt, and the
# first storage says that it is there.
#
# Needs bash, python3 with venv, and pip. Nothing is installed in the system. Exits 0 while this is
# so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
python3 -m venv venv
venv/bin/pip install -q Django==5.2.19 django-storages==1.14.6
cat >trial.py <<'PY'
import importlib.metadata, posixpath, socket, sys, threading
import django.conf
django.conf.settings.configure()
from django.core.files.base import ContentFile
from storages.backends.ftp import FTPStorage, FTPStorageException

directories, files = {"/"}, {}

def accept(control):
    while True:
        client, _ = control.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()

def serve(client):
    say = lambda text: client.sendall(text.encode() + b"\r\n")
    known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "QUIT": "221 bye"}
    here, listener = "/", None
    say("220 ready")
    for line in client.makefile("rb"):
        verb, _, name = line.decode().strip().partition(" ")
        path = posixpath.normpath(posixpath.join(here, name))
        if verb in ("PASV", "EPSV"):
            listener = socket.create_server(("127.0.0.1", 0))
            high, low = divmod(listener.getsockname()[1], 256)
            say(f"227 ok (127,0,0,1,{high},{low})" if verb == "PASV" else f"229 ok (|||{high * 256 + low}|)")
        elif verb == "PWD":
            say(f'257 "{here}"')
        elif verb == "CWD":
            here = path if path in directories else here
            say("250 ok" if path in directories else "550 no such directory")
        elif verb == "MKD":
            directories.add(path)
            say(f'257 "{path}"')
        elif verb in ("STOR", "NLST"):
            say("150 go on")
            data, _ = listener.accept()
            if verb == "NLST":
                names = [file for file in files if posixpath.dirname(file) == path]
                data.sendall("".join(posixpath.basename(file) + "\r\n" for file in names).encode())
            got = b""
            while verb == "STOR" and (more := data.recv(65536)):
                got += more
            data.close()
            if name == "one.txt":
                say("552 no room for this file")
                continue
            if verb == "STOR":
                files[path] = got
            say("226 done")
        else:
            say(known.get(verb, "502 no"))

control = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(control,), daemon=True).start()
location = f"ftp://user:word@127.0.0.1:{control.getsockname()[1]}/"
storage = FTPStorage(location=location)
try:
    storage.save("a/b/one.txt", ContentFile(b"one"))
    first = "saved"
except FTPStorageException as error:
    first = str(error)
second = storage.save("a/b/two.txt", ContentFile(b"two"))
seen = {
    "first": first, "second": second, "stored": sorted(files),
    "it finds it": storage.exists(second), "another finds it": FTPStorage(location=location).exists(second),
}
print("django-storages", importlib.metadata.version("django-storages"), seen)
sys.exit(0 if list(seen.values()) == [
    "Error writing file a/b/one.txt", "a/b/two.txt", ["/a/b/a/b/two.txt"], True, False
] else 1)
PY
venv/bin/python -W ignore trial.py
