"""What the trials of this folder have in common: the server, its bucket as another program sees it,
and a way to the store that can be closed.

Reads from the environment: EP (http://host:port of the store), BIN (the server).
"""

import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import random
import re
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.parse

MIB = 1 << 20
KEY, SECRET = "AKIDEXAMPLE", "SECRETEXAMPLE"
STORE = os.environ["EP"].removeprefix("http://").rstrip("/")
PATIENCE = 60


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def until(what, is_so, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while True:
        found = is_so()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what}")
        time.sleep(0.02)


class Bucket:
    """A bucket of its own, read past the server."""

    def __init__(self):
        self.name = f"resumed-{os.getpid()}-{random.randrange(1 << 32)}"
        self.local = threading.local()
        status, _, _ = self.ask("PUT", "")
        assert status == 200, status

    def ask(self, method, key, query="", body=b""):
        """Status, headers and body of the answer."""
        path = "/" + self.name + ("/" + urllib.parse.quote(key) if key else "")
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {
            "host": STORE,
            "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-amz-date": stamp,
        }
        signed = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        request = "\n".join([method, path, query, lines, signed, headers["x-amz-content-sha256"]])
        scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key_of = ("AWS4" + SECRET).encode()
        for part in scope.split("/"):
            key_of = hmac.new(key_of, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key_of, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={signed}, "
            f"Signature={signature}"
        )
        target = path + ("?" + query if query else "")
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(STORE, timeout=PATIENCE)
        try:
            return answered(connection, method, target, body, headers)
        except http.client.RemoteDisconnected:
            # The store had closed it meanwhile.
            connection.close()
            return answered(connection, method, target, body, headers)

    def size(self, key):
        """Bytes of an object; None without one."""
        status, headers, _ = self.ask("HEAD", key)
        return int(headers["content-length"]) if status == 200 else None

    def get(self, key):
        status, _, body = self.ask("GET", key)
        return body if status == 200 else None

    def put(self, key, data):
        status, _, _ = self.ask("PUT", key, body=data)
        assert status == 200, status

    def delete(self, key):
        self.ask("DELETE", key)

    def keys(self, prefix=""):
        found, after = [], ""
        while True:
            query = {"list-type": "2", "prefix": prefix}
            if after:
                query["continuation-token"] = after
            query = urllib.parse.urlencode(sorted(query.items()), quote_via=urllib.parse.quote)
            _, _, body = self.ask("GET", "", query)
            text = body.decode()
            found += re.findall("<Key>(.*?)</Key>", text)
            token = re.search("<NextContinuationToken>(.*?)</NextContinuationToken>", text)
            if token is None:
                return found
            after = token[1]

    def uploads(self):
        """The keys of uploads that are neither completed nor aborted, and have a part. Empty ones
        stay where the store's answer to their very beginning was lost."""
        _, _, body = self.ask("GET", "", "uploads=")
        found = re.findall("<Key>(.*?)</Key>.*?<UploadId>(.*?)</UploadId>", body.decode(), re.S)
        return [key for key, upload in found if self.has_part(key, upload)]

    def has_part(self, key, upload):
        query = urllib.parse.urlencode({"uploadId": upload}, quote_via=urllib.parse.quote)
        _, _, body = self.ask("GET", key, query)
        return b"<PartNumber>" in body


def answered(connection, *request):
    connection.request(*request)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


class Gate:
    """A way to the store that can be closed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.is_open, self.lines, self.lock = True, set(), threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        host, port = STORE.split(":")
        while True:
            near, _ = self.listener.accept()
            if not self.is_open:
                abandon(near)
                continue
            far = socket.create_connection((host, int(port)))
            for line in near, far:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.lines |= {near, far}
            threading.Thread(target=self.serve, args=(near, far), daemon=True).start()

    def serve(self, near, far):
        relay(near, far)
        with self.lock:
            self.lines -= {near, far}

    def close(self):
        """The store is away from now on."""
        with self.lock:
            self.is_open = False
            lines = list(self.lines)
        for line in lines:
            hang_up(line)

    def open(self):
        self.is_open = True


def hang_up(line):
    """Ends a connection that another thread reads."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def relay(near, far, up=bytes, down=bytes):
    """Passes on what both say, changed by `up` and `down`, and how each ends: in order or not."""
    other, change = {near: far, far: near}, {near: up, far: down}
    reading = [near, far]
    try:
        while reading:
            for source in select.select(reading, [], [])[0]:
                data = source.recv(1 << 18)
                if data:
                    other[source].sendall(change[source](data))
                else:
                    reading.remove(source)
                    other[source].shutdown(socket.SHUT_WR)
        near.close()
        far.close()
    except (OSError, ValueError):
        abandon(near)
        abandon(far)


def abandon(line):
    """Closes a connection by a reset."""
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    except OSError:
        pass


class Server:
    """The server, on ports of its own, which it keeps when it is started again."""

    def __init__(self, bucket, endpoint=None, account="", optional=""):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cos-ftp-resumed."))
        first = free_ports(40)
        self.port, self.child = first, None
        login = "ftp_login_user_password = secret\n"
        place = f"""cos_secretid = {KEY}
cos_secretkey = {SECRET}
cos_bucket = {bucket.name}
cos_region = us-east-1
cos_endpoint = {endpoint or "http://" + STORE}
{login}delete_enable = true
{account}
"""
        (self.directory / "server.conf").write_text(
            f"""[COS_ACCOUNT_0]
ftp_login_user_name = writer
home_dir = /writer
authority = RW
{place}
[COS_ACCOUNT_1]
ftp_login_user_name = reader
home_dir = /reader
authority = R
{place}
[NETWORK]
listen_address = 127.0.0.1
listen_port = {self.port}
passive_ports = {first + 1},{first + 39}
[OPTIONAL]
config_check_enable = false
log_dir = {self.directory}/logs
{optional}
"""
        )
        (self.directory / "server.conf").chmod(0o600)
        (self.directory / "logs").mkdir()
        self.start()

    def start(self):
        out = open(self.directory / "out", "ab")
        self.child = subprocess.Popen(
            [os.environ["BIN"], "--config", str(self.directory / "server.conf")],
            stdout=out,
            stderr=out,
        )
        until("server: " + str(self.directory), self.answers, 20)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self):
        self.child.terminate()
        self.child.wait()

    def log(self):
        logs = sorted((self.directory / "logs").glob("*"))
        texts = [path.read_text(errors="replace") for path in logs if path.is_file()]
        return "".join(texts + [(self.directory / "out").read_text(errors="replace")])


def free_ports(count):
    while True:
        first, held = random.randrange(12000, 19000), []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for line in held:
                line.close()
