"""Uploads that are cut at many places and gone on with by real clients.

    resume.py RESULTS CLIENT [CUT...]

Each of these cuts strikes 30 times, at another place of a file: its client is killed (kill -9), the
server is killed and started again, the store is away for a while. Then its user does again what was done
before, until that succeeds. All the while two others look: one who reads the bucket past the server,
and one who may only read, over FTP. They may see nothing, or what stood there before, or the whole.
Prints a line of JSON for each trial.
"""

import ftplib
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from clients import all_clients
from lab import MIB, Bucket, Gate, Server, digest, noise, until
from wire import Wire

# Four parts, and a rest.
SIZE = 21 * MIB + 12_345
OLD = noise(1, 54_321)
# Within the first part, among the others, and behind the last byte, before the reply.
PLACES = [1, *(MIB * n for n in range(1, 22)), SIZE - 1, SIZE]
# Of an upload that replaces a file.
PLACES_OVER_OLD = [MIB, 6 * MIB, 11 * MIB, 16 * MIB, SIZE - 1, SIZE]
CUTS = ["client", "server", "store"]
AWAY_SECONDS = 4
# Before its user tries again: what the server was doing has ended then.
PAUSE_SECONDS = 1
TRIES = 6
HUNG_SECONDS = 60


class Watcher:
    """Looks at a name until it is told to stop. Keeps what must not be seen."""

    def __init__(self, bucket, port, target, allowed):
        self.bucket, self.port, self.target, self.allowed = bucket, port, target, allowed
        self.wrong, self.looks, self.is_over = [], 0, False
        self.threads = [threading.Thread(target=look) for look in (self.past, self.over_ftp)]
        for thread in self.threads:
            thread.start()

    def note(self, who, size):
        self.looks += 1
        if size not in self.allowed:
            self.wrong.append(f"{who} saw {size} bytes")

    def past(self):
        while not self.is_over:
            self.note("the bucket's reader", self.bucket.size(self.target))
            time.sleep(0.02)

    def over_ftp(self):
        ftp = None
        while not self.is_over:
            try:
                if ftp is None:
                    ftp = ftplib.FTP(timeout=60)
                    ftp.connect("127.0.0.1", self.port)
                    ftp.login("reader", "secret")
                    ftp.voidcmd("TYPE I")
                self.note("the FTP reader", ftp.size(self.target))
            except ftplib.error_perm as error:
                if str(error).startswith("550"):
                    self.note("the FTP reader", None)
            except (ftplib.Error, OSError, EOFError):
                # The server or its store is away.
                ftp = None
            time.sleep(0.05)

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join()


class Trial:
    """One upload."""

    def __init__(self, lab, client, how, cut, place):
        self.lab, self.client, self.how, self.cut, self.place = lab, client, how, cut, place
        self.target = f"{client.key}-{cut}-{how}-{place}.bin"
        self.source = lab.directory / self.target
        self.content = noise(place + len(self.target), SIZE)
        self.process, self.begun, self.struck = None, threading.Event(), threading.Event()

    def strike(self):
        """Cuts, from within the wire, which passes on nothing meanwhile."""
        self.begun.wait()
        if self.cut == "client":
            self.process.kill()
            self.process.wait()
        elif self.cut == "server":
            self.lab.server.kill()
        else:
            self.lab.gate.close()
        self.struck.set()

    def repair(self):
        """Brings back what was taken."""
        self.struck.wait(60)
        if self.cut == "server":
            self.lab.server.start()
        elif self.cut == "store":
            time.sleep(AWAY_SECONDS)
            self.lab.gate.open()

    def run(self):
        self.source.write_bytes(self.content)
        allowed = {None, SIZE} if self.how == "again" else {len(OLD), SIZE}
        if self.how == "anew":
            self.lab.bucket.put(self.target, OLD)
            # What comes then is newer, by the store's whole seconds.
            time.sleep(1.1)
        wire = Wire(self.lab.server.port, self.place, self.strike)
        watcher = Watcher(self.lab.bucket, self.lab.server.port, self.target, allowed)
        repairing = threading.Thread(target=self.repair)
        repairing.start()
        codes, told = [], []
        began = time.monotonic()
        try:
            for _ in range(TRIES):
                self.process = self.client.start(self.how, wire.port, str(self.source), self.target)
                self.begun.set()
                codes.append(self.wait(told))
                if self.struck.is_set():
                    repairing.join()
                if codes[-1] == 0:
                    break
                time.sleep(PAUSE_SECONDS)
        finally:
            self.struck.set()
            repairing.join()
            watcher.stop()
            wire.close()
            self.source.unlink()
        return self.verdict(codes, told, watcher, wire.sent, time.monotonic() - began)

    def wait(self, told):
        """How the client ended; its user ends one that hangs."""
        try:
            told.append(self.process.communicate(timeout=HUNG_SECONDS)[0].decode(errors="replace"))
            return self.process.returncode
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return "hung"

    def verdict(self, codes, told, watcher, sent, seconds):
        stored = self.lab.bucket.get(self.target)
        why = list(dict.fromkeys(watcher.wrong))
        if stored is None or digest(stored) != digest(self.content):
            why.append("nothing stored" if stored is None else f"{len(stored)} other bytes stored")
        if codes[-1] != 0:
            why.append(f"the client never succeeded: {told[-1][-300:] if told else ''}")
        self.lab.bucket.delete(self.target)
        is_left = self.target in self.lab.bucket.uploads()
        if is_left and self.cut != "server":
            why.append("an upload is left behind")
        return {
            "client": self.client.key, "cut": self.cut, "how": self.how, "place": self.place,
            "codes": codes, "sent_again": sent - SIZE, "looks": watcher.looks,
            "seconds": round(seconds, 1), "left": is_left, "why": why,
        }


class Lab:
    """A server on a bucket, by way of a gate."""

    def __init__(self):
        self.bucket, self.gate = Bucket(), Gate()
        optional = "retry_timeout = 2\nlog_level = DEBUG"
        self.server = Server(self.bucket, f"http://127.0.0.1:{self.gate.port}", optional=optional)
        self.directory = pathlib.Path(self.server.directory) / "files"
        self.directory.mkdir()


def main():
    results, name, cuts = sys.argv[1], sys.argv[2], sys.argv[3:] or CUTS
    client = all_clients()[name]
    client.key = name
    lab = Lab()
    print("log:", lab.server.directory, file=sys.stderr)
    with open(results, "a") as file:
        for cut in cuts:
            trials = [("again", place) for place in PLACES]
            trials += [("anew", place) for place in PLACES_OVER_OLD]
            for how, place in trials:
                told = json.dumps(Trial(lab, client, how, cut, place).run())
                print(told, flush=True)
                file.write(told + "\n")
                file.flush()
    lab.server.stop()


main()
