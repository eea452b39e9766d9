"""A client's driver: a program that does on request what a user of the client would do."""

import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).parent
PATIENCE = 75

JARS = ":".join(f"/usr/share/java/{name}.jar" for name in ("commons-net", "commons-vfs2", "commons-logging"))

# How a driver is started, by the ending of its name; {0} is the driver, and FTP_PLACE is where
# install.sh has put what is no package of Debian.
STARTERS = {
    ".sh": ["bash", "{0}"],
    ".py": ["{place}/venv/bin/python", "{0}"],
    ".php": ["php", "{0}"],
    ".rb": ["ruby", "{0}"],
    ".pl": ["perl", "{0}"],
    ".tcl": ["tclsh", "{0}"],
    ".lua": ["lua5.3", "{0}"],
    ".mjs": ["node", "{0}"],
    ".erl": ["escript", "{0}"],
    ".java": ["java", "-cp", "{jars}:{place}/java", "{name}"],
    ".go": ["{place}/go/{name}"],
    ".cs": ["mono", "{place}/mono/{name}.exe"],
    ".c": ["{place}/wine/run", "{place}/wine/{name}.exe"],
}


# What install.sh builds of drivers that their starter only loads.
BUILT = {
    ".java": "{place}/java/{name}.class", ".cs": "{place}/mono/{name}.exe",
    ".c": "{place}/wine/{name}.exe",
}

# Of libraries that do not tell their version.
VERSIONS_OF_PACKAGES = {
    "go-jlaffaye": "golang-github-jlaffaye-ftp-dev",
    "commonsnet": "libcommons-net-java",
    "commonsvfs": "libcommons-vfs-java",
    "wine-wininet": "libwine",
    "mono-ftpwebrequest": "mono-runtime",
}


class Client:
    def __init__(self, path):
        self.key, self.path = path.stem.lower(), path

    def words(self):
        place = os.environ["FTP_PLACE"]
        words = STARTERS[self.path.suffix]
        return [word.format(self.path, place=place, name=self.path.stem, jars=JARS) for word in words]

    def version(self):
        words = self.words()
        built = BUILT.get(self.path.suffix, "{place}").format(
            place=os.environ["FTP_PLACE"], name=self.path.stem
        )
        if shutil.which(words[0]) is None or not os.path.exists(built):
            raise ValueError(f"there is no {words[0]}, or no {built}")
        package = VERSIONS_OF_PACKAGES.get(self.key)
        told = subprocess.run(
            ["dpkg-query", "-f", "${Version}", "-W", package]
            if package
            else [*words, "version"],
            capture_output=True, text=True, timeout=PATIENCE,
        )
        lines = told.stdout.strip().splitlines()
        if told.returncode != 0 or not lines:
            raise ValueError(f"{self.key} tells no version: {told.stdout}{told.stderr}")
        # Without what Debian puts around it.
        return re.sub(r"^\d+:|^0\.0~git|(~repack)?[-+].*$|\.b85.*$", "", lines[-1].strip())


def clients():
    """All of them by their keys. What begins with `loop` is shared by the drivers of a language."""
    paths = sorted((HERE / "clients").iterdir())
    known = [Client(path) for path in paths if path.suffix in STARTERS and path.stem != "loop"]
    return {client.key: client for client in known}


class Said:
    """What the driver said of one operation: `ok`, `failed`, `cannot` or `hung`."""

    def __init__(self, what, text, lines, seconds):
        self.what, self.text, self.lines, self.seconds = what, text[-300:], lines, seconds

    def lists(self, name):
        bounds = rf"(?:^|[\s/\"'>]){re.escape(name)}(?:$|[\s\"'<;,])"
        return any(re.search(bounds, line) for line in self.lines)


class Driver:
    """One run of a driver, which is a session where the client has such a thing."""

    def __init__(self, client, directory, port, is_tls):
        self.client, self.child = client, None
        self.directory = directory
        # Without what would lead a client by another way.
        self.environment = {
            name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
        }
        self.environment |= {
            "HOME": str(directory), "FTP_HOST": "localhost", "FTP_PORT": str(port),
            "FTP_USER": "writer", "FTP_PASSWORD": "secret", "FTP_TLS": "1" if is_tls else "",
            "LC_ALL": "C.UTF-8", "TERM": "dumb",
            # Where most look for the certificates that their machine trusts.
            "SSL_CERT_FILE": os.environ["FTP_CA"],
        }

    def start(self):
        log = open(self.directory / "driver.log", "ab")
        self.child = subprocess.Popen(
            self.client.words(), cwd=self.directory, env=self.environment, text=True, bufsize=1,
            errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            start_new_session=True,
        )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, args=(self.child, self.lines), daemon=True).start()

    @staticmethod
    def read(child, lines):
        for line in child.stdout:
            lines.put(line.rstrip("\r\n"))
        lines.put(None)

    def do(self, *words):
        if self.child is None:
            self.start()
        began, lines = time.monotonic(), []
        try:
            self.child.stdin.write(" ".join(words) + "\n")
            self.child.stdin.flush()
        except OSError:
            self.close()
            return Said("failed", "the client had ended", lines, 0)
        while True:
            seconds = time.monotonic() - began
            try:
                line = self.lines.get(timeout=max(0, PATIENCE - seconds))
            except queue.Empty:
                self.close()
                return Said("hung", "", lines, PATIENCE)
            seconds = time.monotonic() - began
            if line is None:
                self.close()
                return Said("failed", "the client ended", lines, seconds)
            if line.startswith("= "):
                what, _, text = line[2:].partition(" ")
                return Said(what, text, lines, seconds)
            lines.append(line)

    def can_put(self):
        """Whether the client can store at all, which its driver tells."""
        return self.do("can", "put").what == "ok"

    def close(self):
        if self.child is None:
            return
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
        self.child = None
