#!/usr/bin/env bash
# dput-ng 1.35 (Debian 12), method `ftp`: when the server refuses a file by a 5xx (tried: 550 and
# 552), it warns, goes on with the next, uploads the .changes that names the file, ends with 0 and
# notes the upload in its log (.upload), so that it refuses to try again without --force. After a
# 4xx (tried: 451) it stops. (dput 1.1.3 goes on after 553, and stops after 550:
# dput-goes-on-after-553-and-ends-with-0.sh.)
#
# Seen: after 550 and 552 status 0, the .changes alone stored, a log, and status 3 the next time;
# after 451 status 3 and nothing stored.
#
# Needs bash, Debian's python3, apt-get download and dpkg-deb (Debian 12), and python3-debian.
# Nothing is installed in the system. Exits 0 while this is so, 1 when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
# apt's own user must be able to write here.
chmod 755 "$FOLDER"
apt-get download -qq dput-ng=1.35+deb12u1 python3-dput=1.35+deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" tree; done
mkdir home
cp -r tree/etc/dput.d home/.dput.d
cat >trial.py <<'PY'
import hashlib, json, os, pathlib, socket, subprocess, sys, threading

FOLDER = pathlib.Path.cwd()

def serve(control, refusal, stored):
    while True:
        client, _ = control.accept()
        say = lambda text: client.sendall(text.encode() + b"\r\n")
        known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "CWD": "250 ok", "QUIT": "221 bye"}
        say("220 ready")
        for line in client.makefile("rb"):
            verb, _, name = line.decode().strip().partition(" ")
            if verb == "EPSV":
                listener = socket.create_server(("127.0.0.1", 0))
                say(f"229 ok (|||{listener.getsockname()[1]}|)")
            elif verb == "PASV":
                listener = socket.create_server(("127.0.0.1", 0))
                say("227 ok (127,0,0,1,%d,%d)" % divmod(listener.getsockname()[1], 256))
            elif verb == "STOR" and name.endswith(".deb"):
                say(refusal + " not stored")
            elif verb == "STOR":
                say("150 go on")
                data, _ = listener.accept()
                while data.recv(65536):
                    pass
                data.close()
                stored.append(name)
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
    sums = [(kind, getattr(hashlib, name)(package).hexdigest()) for kind, name in (("Sha1", "sha1"), ("Sha256", "sha256"))]
    (folder / "tried.changes").write_text(
        "Format: 1.8\nSource: tried\nBinary: tried\nArchitecture: all\nVersion: 1.0\nDistribution: unstable\n"
        "Maintainer: Nobody <nobody@localhost>\nDescription:\n tried - none\nChanges:\n none\n"
        + "".join(f"Checksums-{kind}:\n {sum} {len(package)} tried_1.0_all.deb\n" for kind, sum in sums)
        + f"Files:\n {hashlib.md5(package).hexdigest()} {len(package)} misc optional tried_1.0_all.deb\n"
    )
    # It reads what belongs to it from here, too.
    (folder / "skel").symlink_to(FOLDER / "tree/usr/share/dput-ng")
    (FOLDER / "home/.dput.d/profiles/trial.json").write_text(json.dumps({
        "fqdn": f"127.0.0.1:{control.getsockname()[1]}", "login": "anonymous", "method": "ftp",
        "incoming": "/", "allow_unsigned_uploads": True, "hooks": [], "passive_ftp": True,
    }))
    def run():
        done = subprocess.run(
            ["/usr/bin/python3", FOLDER / "tree/usr/bin/dput", "-u", "trial", "tried.changes"], cwd=folder,
            env={**os.environ, "HOME": str(FOLDER / "home"), "PYTHONPATH": str(FOLDER / "tree/usr/lib/python3/dist-packages")},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )
        print(done.stdout)
        return done.returncode
    status = run()
    before, noted = list(stored), (folder / "tried.trial.upload").exists()
    again = run()
    print(f"-- after {refusal}: status {status}, stored {before}, noted: {noted}, then status {again}")
    return status, before, noted, again

version = subprocess.run(["dpkg-deb", "-f", *FOLDER.glob("dput-ng_*.deb"), "Version"], capture_output=True, text=True)
print("dput-ng", version.stdout.strip())
goes_on = (0, ["tried.changes"], True, 3)
seen = [trial("550"), trial("552"), trial("451")]
sys.exit(0 if seen == [goes_on, goes_on, (3, [], False, 3)] else 1)
PY
/usr/bin/python3 trial.py
