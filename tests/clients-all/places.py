"""What stands between client, server and store: a line that is cut, and an answer that is late."""

import socket
import threading
import time

from lab import Gate, relay
from wire import Wire


def data_reset():
    """Ends the data connection that is being passed on, by a reset on both its sides."""
    raise OSError("cut")


class Line(Wire):
    """A way to the server; with `down` it counts and cuts what comes to the client."""

    def __init__(self, port, place, cut, down=False):
        self.down = down
        super().__init__(port, place, cut)

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
        if self.down:
            relay(near, far, down=self.count)
        else:
            relay(near, far, up=self.count)


class LateGate(Gate):
    """A way to the store which holds back, once, the answer to the completion of one object."""

    def __init__(self, key, seconds):
        self.key, self.seconds, self.over = key.encode(), seconds, threading.Event()
        super().__init__()

    def serve(self, near, far):
        is_asked = False

        def look(data):
            nonlocal is_asked
            line = data.split(b"\r\n", 1)[0]
            is_asked |= line.startswith(b"POST ") and self.key in line and b"uploadId" in line
            is_asked &= not self.over.is_set()
            return data

        def hold(data):
            nonlocal is_asked
            if is_asked:
                is_asked = False
                time.sleep(self.seconds)
                self.over.set()
            return data

        relay(near, far, up=look, down=hold)
