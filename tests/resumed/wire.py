"""A client's way to the server: passes FTP on, counts what the client sends of files, and stops at a
byte of them, so that something can be cut there."""

import re
import socket
import threading
import time

from lab import abandon, relay


# As a network that is not the machine's own.
BYTES_PER_SECOND = 40_000_000


class Wire:
    """`cut` is called once, when `place` bytes of files have passed; nothing passes meanwhile."""

    def __init__(self, port, place=None, cut=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.server = self.listener.getsockname()[1], port
        self.sent, self.place, self.cut = 0, place, cut
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(near,), daemon=True).start()

    def close(self):
        self.listener.close()

    def serve(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.server))
        except OSError:
            abandon(near)
            return
        relay(near, far, down=self.rewrite)

    def rewrite(self, data):
        """Lets passive replies name this wire."""
        found = re.search(rb"229 [^\r\n]*\(\|\|\|(\d+)\|\)", data)
        if found:
            return data[: found.start(1)] + b"%d" % self.expect(int(found[1])) + data[found.end(1) :]
        found = re.search(rb"227 [^\r\n]*\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)", data)
        if found:
            port = self.expect(int(found[2]) * 256 + int(found[3]))
            named = b"127,0,0,1,%d,%d" % divmod(port, 256)
            return data[: found.start(1)] + named + data[found.end(3) :]
        return data

    def expect(self, port):
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.carry, args=(listener, port), daemon=True).start()
        return listener.getsockname()[1]

    def carry(self, listener, port):
        listener.settimeout(60)
        try:
            near, _ = listener.accept()
            near.settimeout(None)
            far = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        finally:
            listener.close()
        relay(near, far, up=self.count)

    def count(self, data):
        with self.lock:
            self.sent += len(data)
            is_there = self.cut is not None and self.sent >= self.place
            cut = self.cut if is_there else None
            if is_there:
                self.cut = None
        if cut is not None:
            cut()
        time.sleep(len(data) / BYTES_PER_SECOND)
        return data
