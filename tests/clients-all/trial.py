"""Drives clients through all that the table of docs/clients.md tells of them.

    trial.py RESULTS [CLIENT...]

Each client has a driver in `clients/`, a program that is told on standard input what to do (README.md
has the contract). What it says of each is compared with what the bucket then holds, and with what the
server heard. Writes a file of JSON for each client.

Reads from the environment: EP (http://host:port of the store), BIN (the server), FTP_CA (a certificate
that clients may trust) with FTP_CERTIFICATE and FTP_KEY, which the server shows.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "resumed"))

from driver import Driver, clients  # noqa: E402
from lab import MIB, Bucket, Server, noise, until  # noqa: E402
from places import LateGate, Line, data_reset  # noqa: E402

TEXT = "line one\nline two\n\u00e9\n".encode()
IMAGE = noise(7, 3 * MIB + 1)
# In parts, of which some are parked when it is cut.
LARGE = noise(8, 12 * MIB + 5)
CUT_AT = 7 * MIB
IN_PARTS = noise(9, 6 * MIB + 5)
CUT_WITHIN = 60
LATE_SECONDS = 25
AT_ONCE = 6
TLS = """[TLS]
tls = required
tls_cert_file = {FTP_CERTIFICATE}
tls_key_file = {FTP_KEY}
"""


class Lab:
    """A bucket, a server on it, and a folder for the client."""

    def __init__(self, client, tls="off"):
        self.client, self.tls = client, tls
        self.bucket = Bucket()
        self.gate = LateGate("late.bin", LATE_SECONDS)
        self.server = Server(
            self.bucket,
            f"http://127.0.0.1:{self.gate.port}",
            account="deny_names = *.exe\npublish_parked_after = 5",
            optional="log_level = DEBUG\n" + ("" if tls == "off" else TLS.format_map(os.environ)),
        )
        self.directory = pathlib.Path(self.server.directory) / "files"
        self.directory.mkdir()
        self.drivers = []

    def driver(self, port=None):
        self.drivers.append(
            Driver(self.client, self.directory, port or self.server.port, self.tls == "required")
        )
        return self.drivers[-1]

    def file(self, name, content):
        path = self.directory / name
        path.write_bytes(content)
        return str(path)

    def heard(self, pattern):
        """How often the server was told a command."""
        logs = (self.server.directory / "logs").glob("*.log*")
        heard = "".join(path.read_text() for path in logs)
        return len(re.findall("< " + pattern, heard, re.IGNORECASE))

    def close(self, keep):
        for driver in self.drivers:
            driver.close()
        self.server.stop()
        if keep:
            print(f"{self.client.key}: log {self.server.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.server.directory)


def soon(is_so):
    """What a client has left behind without waiting is published after a while."""
    try:
        return until("file", is_so, 20)
    except TimeoutError:
        return False


def works(lab):
    """What the client can do: put, list, get, rename, delete, each compared with the bucket."""
    driver, able, why = lab.driver(), [], []
    is_cannot, is_later = set(), False

    def step(operation, said, is_so, told=None):
        nonlocal is_later
        if said.what == "cannot":
            is_cannot.add(operation)
        elif said.what == "ok" and operation == "put" and not is_so():
            # Some leave without hearing the reply.
            is_later = True
            if not soon(is_so):
                why.append(f"{operation}: it never came")
            else:
                able.append(operation)
        elif said.what != "ok" or not is_so():
            why.append(f"{operation}: {said.what} {told or said.text}")
        elif operation not in able:
            able.append(operation)

    for name, content in ("note.txt", TEXT), ("image.bin", IMAGE):
        said = driver.do("put", lab.file(name, content), name)
        step("put", said, lambda n=name, c=content: lab.bucket.get(n) == c, f"{name} {said.text}")
        if said.what != "ok":
            lab.bucket.put(name, content)
    said = driver.do("list", "/")
    step("list", said, lambda: said.lists("note.txt") and said.lists("image.bin"))
    back = lab.directory / "back.bin"
    said = driver.do("get", "image.bin", str(back))
    step("get", said, lambda: back.exists() and back.read_bytes() == IMAGE)
    said = driver.do("rename", "image.bin", "other.bin")
    step("rename", said, lambda: lab.bucket.get("other.bin") == IMAGE and not lab.bucket.size("image.bin"))
    said = driver.do("delete", "note.txt")
    step("delete", said, lambda: lab.bucket.size("note.txt") is None)
    able = [operation for operation in dict.fromkeys(able) if operation not in is_cannot]
    seen = " ".join(able) or "nothing"
    return {"seen": seen + (" later" if is_later else ""), "why": why}


def ends(said, content, stored):
    """What a client makes of an upload or a download, in a word, and whether it is the truth."""
    if said.what == "hung":
        return "hangs"
    if stored == content:
        return "again" if said.what == "ok" else "told-but-whole"
    if stored is not None:
        return "silent-part" if said.what == "ok" else "told-part"
    return "silent" if said.what == "ok" else "told"


def goes_on(lab, driver):
    """What becomes of the next file, in the same session of the client."""
    content = noise(3, 1000)
    if driver.can_put():
        said = driver.do("put", lab.file("next.bin", content), "next.bin")
        soon(lambda: said.what != "ok" or lab.bucket.size("next.bin") is not None)
        stored = lab.bucket.get("next.bin")
    else:
        lab.bucket.put("next.bin", content)
        said = driver.do("get", "next.bin", str(lab.directory / "next"))
        path = lab.directory / "next"
        stored = path.read_bytes() if path.exists() else None
    return "ok" if said.what == "ok" and stored == content else f"fails: {said.text}"


# What was said of an operation that cannot succeed.
TOLD = {"ok": "silent", "failed": "told", "hung": "hangs"}


def refused(lab):
    driver, why = lab.driver(), []
    if driver.can_put():
        said = driver.do("put", lab.file("setup.exe", TEXT), "setup.exe")
        asked = lab.heard(r"(?:STOR|APPE) [^\r\n]*setup\.exe")
        if lab.bucket.size("setup.exe") is not None:
            why.append("the refused file is there")
    else:
        said = driver.do("get", "setup.exe", str(lab.directory / "setup.exe"))
        asked = lab.heard(r"RETR [^\r\n]*setup\.exe")
    after = goes_on(lab, driver)
    return {"seen": TOLD[said.what], "asked": asked, "next": after, "why": why, "text": said.text}


def cut(lab, strike, repair):
    """An upload, or a download, that is cut in its midst."""
    # Set when it was cut, or when nothing is left to be cut.
    is_over, cuts = threading.Event(), []

    def strikes():
        cuts.append(CUT_AT)
        try:
            strike()
        finally:
            is_over.set()

    can_put = lab.driver().can_put()
    if can_put:
        line = Line(lab.server.port, CUT_AT, strikes)
    else:
        lab.bucket.put("large.bin", LARGE)
        line = Line(lab.server.port, CUT_AT, strikes, down=True)
    driver = lab.driver(line.port)
    why = []

    def repairs():
        try:
            if is_over.wait(CUT_WITHIN) and cuts:
                repair()
        except TimeoutError as error:
            why.append(str(error))

    repairing = threading.Thread(target=repairs)
    repairing.start()
    if can_put:
        said = driver.do("put", lab.file("large.bin", LARGE), "large.bin")
        stored = lab.bucket.get("large.bin")
    else:
        path = lab.directory / "back"
        said = driver.do("get", "large.bin", str(path))
        stored = path.read_bytes() if path.exists() and path.stat().st_size else None
    is_over.set()
    repairing.join()
    code = ends(said, LARGE, stored)
    after = "not tried" if code == "hangs" else goes_on(lab, driver)
    if not cuts:
        why.append("nothing was cut")
    line.close()
    return {"seen": code, "next": after, "why": why, "text": said.text}


def reset(lab):
    return cut(lab, data_reset, lambda: None)


def killed(lab):
    return cut(lab, lab.server.kill, lab.server.start)


def late(lab):
    """The final reply comes after 25 s, with its lines of "at work" before."""
    driver = lab.driver()
    if not driver.can_put():
        return {"seen": "none", "why": []}
    said = driver.do("put", lab.file("late.bin", IN_PARTS), "late.bin")
    lab.gate.over.wait(LATE_SECONDS)
    code = {"ok": "waits", "failed": "gives-up", "hung": "hangs"}[said.what]
    if code == "waits" and said.seconds < LATE_SECONDS:
        code = "leaves"
    why = [] if code == "leaves" or lab.gate.over.is_set() else ["nothing was held back"]
    if code == "waits" and lab.bucket.get("late.bin") != IN_PARTS:
        why.append("it is not there")
    return {"seen": code, "seconds": round(said.seconds), "why": why, "text": said.text}


def looks(lab):
    """What a client that neither stores nor fetches sees of a server that is there."""
    said = lab.driver().do("look")
    return {"seen": "look" if said.what == "ok" else "nothing", "why": [], "text": said.text}


def looks_killed(lab):
    """And of one that has gone."""
    lab.server.kill()
    said = lab.driver().do("look")
    return {"seen": TOLD[said.what], "why": [], "text": said.text}


CASES = {
    "works": (works, "off"),
    "ftps": (works, "required"),
    "refused": (refused, "off"),
    "reset": (reset, "off"),
    "killed": (killed, "off"),
    "late": (late, "off"),
}
# Of a client that can neither store nor fetch.
LOOKS = {"works": (looks, "off"), "killed": (looks_killed, "off")}


def cases_of(client):
    with tempfile.TemporaryDirectory() as directory:
        driver = Driver(client, pathlib.Path(directory), 0, False)
        able = [operation for operation in ("put", "get") if driver.do("can", operation).what == "ok"]
        driver.close()
    return CASES if able else LOOKS


def try_client(client, results):
    path = results / f"{client.key}.json"
    try:
        found = {"version": client.version(), "cases": {}}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"{client.key}: NOT tried: {error}", flush=True)
        path.write_text(json.dumps({"not-tried": str(error)}))
        return
    cases = cases_of(client)
    for case in CASES:
        if case not in cases:
            found["cases"][case] = {"seen": "none", "why": []}
            continue
        trial, tls = cases[case]
        lab = Lab(client, tls)
        try:
            seen = trial(lab)
        except Exception as error:  # one client must not end the others
            seen = {"seen": "error", "why": [repr(error)]}
        lab.close(bool(seen["why"]) or "KEEP_LOGS" in os.environ)
        found["cases"][case] = seen
        print(f"{client.key} {found['version']}: {case}: {json.dumps(seen)[:400]}", flush=True)
    path.write_text(json.dumps(found, indent=1))


def main():
    results, wanted = pathlib.Path(sys.argv[1]), sys.argv[2:] or list(clients())
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tried = [pool.submit(try_client, clients()[key], results) for key in wanted]
        for trial in tried:
            trial.result()


if __name__ == "__main__":
    main()
