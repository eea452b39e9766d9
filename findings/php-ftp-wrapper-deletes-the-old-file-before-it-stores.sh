#!/usr/bin/env bash
# PHP 8.2 (Debian 12), `ftp://` streams with `overwrite`: the old file is deleted before the new one
# is stored, so that an upload that is refused leaves neither. When the server refuses behind the
# data (552), fwrite(), fclose(), file_put_contents() and copy() still return success: there is but
# a warning.
#
# Seen: DELE before STOR, and the old file gone, in each case; after 552 3 written and true, with a
# warning; after 553 to STOR false, with a warning.
#
# Needs bash, python3 and Debian's php-cli (8.2). Nothing is installed. Exits 0 while this is so, 1
# when it has changed.
set -euo pipefail

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
cd "$FOLDER"
cat >trial.php <<'PHP'
<?php
$warnings = 0;
set_error_handler(function () use (&$warnings) { $warnings++; return true; });
[, $base, $how] = $argv;
$context = stream_context_create(["ftp" => ["overwrite" => true]]);
if ($how === "copy") {
    file_put_contents("local", "new");
    $told = copy("local", "$base/file", $context);
} elseif ($how === "put") {
    $told = file_put_contents("$base/file", "new", 0, $context);
} else {
    $stream = fopen("$base/file", "w", false, $context);
    $told = $stream ? [fwrite($stream, "new"), fclose($stream)] : false;
}
echo json_encode([$told, $warnings > 0]);
PHP
cat >trial.py <<'PY'
import json, socket, subprocess, sys, threading

def lines(client):
    try:
        yield from client.makefile("rb")
    except ConnectionResetError:
        pass

def serve(control, refuses_data, files, heard):
    while True:
        client, _ = control.accept()
        say = lambda text: client.sendall(text.encode() + b"\r\n")
        known = {"USER": "331 password", "PASS": "230 in", "TYPE": "200 ok", "QUIT": "221 bye"}
        say("220 ready")
        for line in lines(client):
            verb, _, name = line.decode().strip().partition(" ")
            heard.append(verb)
            if verb == "EPSV":
                listener = socket.create_server(("127.0.0.1", 0))
                say(f"229 ok (|||{listener.getsockname()[1]}|)")
            elif verb == "PASV":
                listener = socket.create_server(("127.0.0.1", 0))
                say("227 ok (127,0,0,1,%d,%d)" % divmod(listener.getsockname()[1], 256))
            elif verb == "SIZE":
                say(f"213 {len(files[name])}" if name in files else "550 no such file")
            elif verb == "DELE":
                say("250 deleted" if files.pop(name, None) else "550 no such file")
            elif verb == "STOR" and not refuses_data:
                say("553 this name is not allowed here")
            elif verb == "STOR":
                say("150 go on")
                data, _ = listener.accept()
                while data.recv(65536):
                    pass
                data.close()
                say("552 no room for this file")
            else:
                say(known.get(verb, "502 no"))
        client.close()

def trial(how, refuses_data):
    files, heard = {"/file": b"old"}, []
    control = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(control, refuses_data, files, heard), daemon=True).start()
    base = f"ftp://user:word@127.0.0.1:{control.getsockname()[1]}"
    run = subprocess.run(["php", "-n", "trial.php", base, how], capture_output=True, text=True, timeout=60)
    told, warned = json.loads(run.stdout)
    in_order = [verb for verb in heard if verb in ("DELE", "STOR")]
    print(f"{how}, {'552 behind the data' if refuses_data else '553'}: {told}, warned: {warned}, {in_order}, left: {files}")
    return told, warned, in_order, files

print("PHP", subprocess.run(["php", "-n", "-r", "echo PHP_VERSION;"], capture_output=True, text=True).stdout)
order = ["DELE", "STOR"]
seen = [trial("open", True), trial("put", True), trial("copy", True), trial("open", False)]
sys.exit(0 if seen == [
    ([3, True], True, order, {}), (3, True, order, {}), (True, True, order, {}), (False, True, order, {})
] else 1)
PY
python3 trial.py
