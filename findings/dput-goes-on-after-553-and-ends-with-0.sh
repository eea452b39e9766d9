#!/usr/bin/env bash
# dput 1.1.3 (Debian 12): a file that the FTP server refuses by 553 is taken for one that is there
# already, whatever the server says. The .changes that names it goes up all the same, dput says
# "Successfully uploaded packages.", ends with 0, and notes the file as uploaded in its log (.upload).
# After another refusal (550) it stops, ends with 1 and notes nothing.
#
# Seen: after 553 status 0, and the .changes alone is stored; after 550 status 1, and nothing is.
#
# Needs bash, Debian's python3, apt-get download and dpkg-deb (Debian 12), and the packages that dput
# depends on (python3-debian, python3-gpg, python3-xdg, python3-pkg-resources). Nothing is installed in
# the system. Exits 0 while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq dput=1.1.3 >/dev/null 2>&1
dpkg-deb -x dput_*.deb tree
cat >trial.py <<'PY'
import hashlib, os, pathlib, socket, subprocess, sys, threading

FOLDER = pathlib.Path.cwd()
DPUT = FOLDER / "tree/usr/share/dput"

def serve(control, refusal, stored):
    while True:
        client, _ = control.accept()
        say = lambda text: client.sendall(text.encode() + b"\r\n")
        known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "CWD": "250 ok", "QUIT": "221 bye"}
        say("220 ready")
        for line in client.makefile("rb"):
            verb, _, argument = line.decode().strip().partition(" ")
            if verb == "PASV":
                listener = socket.create_server(("127.0.0.1", 0))
                say("227 ok (127,0,0,1,%d,%d)" % divmod(listener.getsockname()[1], 256))
            elif verb == "STOR" and argument.endswith(".deb"):
                say(refusal + " this name is not allowed here")
            elif verb == "STOR":
                say("150 go on")
                data, _ = listener.accept()
                while data.recv(65536):
                    pass
                data.close()
                stored.append(argument)
                say("226 stored")
            else:
                say(known.get(verb, "502 no"))
        client.close()

def trial(refusal):
    folder = FOLDER / refusal
    folder.mkdir()
    stored = []
    control = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(control, refusal, stored), daemon=True).start()
    package = b"not looked into"
    (folder / "tried_1.0_all.deb").write_bytes(package)
    (folder / "tried.changes").write_text(
        "Format: 1.8\nSource: tried\nArchitecture: all\nVersion: 1.0\nDistribution: unstable\n"
        "Maintainer: Nobody <nobody@localhost>\nChanges: none\nFiles:\n"
        f" {hashlib.md5(package).hexdigest()} {len(package)} misc optional tried_1.0_all.deb\n"
    )
    (folder / "dput.cf").write_text(
        f"[trial]\nfqdn = 127.0.0.1:{control.getsockname()[1]}\nlogin = anonymous\nmethod = ftp\n"
        "incoming = /\nallow_unsigned_uploads = 1\npassive_ftp = 1\n"
    )
    run = subprocess.run(
        ["/usr/bin/python3", DPUT / "execute-dput", "-c", "dput.cf", "-u", "trial", "tried.changes"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(DPUT)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
    )
    log = folder / "tried.trial.upload"
    noted = "tried_1.0_all.deb" in log.read_text() if log.exists() else False
    print(f"-- after {refusal}: status {run.returncode}, stored {stored}, noted as uploaded: {noted}")
    print(run.stdout)
    return run.returncode, stored, noted

version = subprocess.run(["dpkg-deb", "-f", *FOLDER.glob("dput_*.deb"), "Version"], capture_output=True, text=True)
print("dput", version.stdout.strip())
after_553, after_550 = trial("553"), trial("550")
as_known = after_553 == (0, ["tried.changes"], True) and after_550 == (1, [], False)
sys.exit(0 if as_known else 1)
PY
/usr/bin/python3 trial.py
