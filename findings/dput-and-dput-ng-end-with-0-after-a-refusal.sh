#!/usr/bin/env bash
# dput 1.1.3 and dput-ng 1.35 (Debian 12), method `ftp`: a refused file, and yet the .changes that
# names it goes up, they end with 0, and they note the upload in their log (.upload). Which refusals:
#
# dput: 553, which it takes for a file that is there already, whatever the server says. After 550 it
# stops, ends with 1 and notes nothing.
# dput-ng: any 5xx (tried: 550 and 552), of which it warns; as it has noted the upload, it refuses to
# try again (status 3) without --force. After a 4xx (tried: 451) it stops, ends with 3 and notes nothing.
#
# Seen: just that, and each time the .changes alone was stored, or nothing.
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
apt-get download -qq dput=1.1.3 dput-ng=1.35+deb12u1 python3-dput=1.35+deb12u1 >/dev/null 2>&1
dpkg-deb -x dput_*.deb dput
for package in dput-ng_*.deb python3-dput_*.deb; do dpkg-deb -x "$package" dput-ng; done
mkdir home
cp -r dput-ng/etc/dput.d home/.dput.d
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

def changes(folder):
    package = b"not looked into"
    (folder / "tried_1.0_all.deb").write_bytes(package)
    sums = [(kind, getattr(hashlib, name)(package).hexdigest()) for kind, name in (("Sha1", "sha1"), ("Sha256", "sha256"))]
    (folder / "tried.changes").write_text(
        "Format: 1.8\nSource: tried\nBinary: tried\nArchitecture: all\nVersion: 1.0\nDistribution: unstable\n"
        "Maintainer: Nobody <nobody@localhost>\nDescription:\n tried - none\nChanges:\n none\n"
        + "".join(f"Checksums-{kind}:\n {sum} {len(package)} tried_1.0_all.deb\n" for kind, sum in sums)
        + f"Files:\n {hashlib.md5(package).hexdigest()} {len(package)} misc optional tried_1.0_all.deb\n"
    )

def dput(folder, host):
    (folder / "dput.cf").write_text(
        f"[trial]\nfqdn = {host}\nlogin = anonymous\nmethod = ftp\n"
        "incoming = /\nallow_unsigned_uploads = 1\npassive_ftp = 1\n"
    )
    program = FOLDER / "dput/usr/share/dput"
    return [program / "execute-dput", "-c", "dput.cf"], {"PYTHONPATH": str(program)}

def dput_ng(folder, host):
    # It reads what belongs to it from here, too.
    (folder / "skel").symlink_to(FOLDER / "dput-ng/usr/share/dput-ng")
    (FOLDER / "home/.dput.d/profiles/trial.json").write_text(json.dumps({
        "fqdn": host, "login": "anonymous", "method": "ftp",
        "incoming": "/", "allow_unsigned_uploads": True, "hooks": [], "passive_ftp": True,
    }))
    modules = FOLDER / "dput-ng/usr/lib/python3/dist-packages"
    return [FOLDER / "dput-ng/usr/bin/dput"], {"HOME": str(FOLDER / "home"), "PYTHONPATH": str(modules)}

def trial(client, refusal):
    folder = FOLDER / f"{client.__name__}-{refusal}"
    folder.mkdir()
    stored = []
    control = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(control, refusal, stored), daemon=True).start()
    changes(folder)
    program, environment = client(folder, f"127.0.0.1:{control.getsockname()[1]}")
    def run():
        done = subprocess.run(
            ["/usr/bin/python3", *program, "-u", "trial", "tried.changes"], cwd=folder, env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )
        print(done.stdout)
        return done.returncode
    status = run()
    log = folder / "tried.trial.upload"
    noted = log.exists() and "tried_1.0_all.deb" in log.read_text()
    seen = status, list(stored), noted
    print(f"-- {client.__name__} after {refusal}: status {status}, stored {stored}, noted as uploaded: {noted}")
    if client is dput_ng and noted:
        seen += (run(),)
        print(f"-- and the next time: status {seen[-1]}")
    return seen

for package in sorted(FOLDER.glob("*.deb")):
    print(package.name)
alone = ["tried.changes"]
as_known = {
    (dput, "553"): (0, alone, True), (dput, "550"): (1, [], False),
    (dput_ng, "550"): (0, alone, True, 3), (dput_ng, "552"): (0, alone, True, 3), (dput_ng, "451"): (3, [], False),
}
seen = {tried: trial(*tried) for tried in as_known}
sys.exit(0 if seen == as_known else 1)
PY
/usr/bin/python3 trial.py
