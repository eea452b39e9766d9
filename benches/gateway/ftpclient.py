"""One FTP session over raw sockets: as much of a client as the measurements need."""
import os
import re
import socket
import struct

MEBIBYTE = 1 << 20
PATIENCE_S = 120


class Ftp:
    """One logged-in session."""

    def __init__(self, port, user='bench', password='bench'):
        self.control = dial(port)
        self.replies = self.control.makefile('rb')
        self.expect('220')
        self.ask(f'USER {user}', '331')
        self.ask(f'PASS {password}', '230')

    def ask(self, line, code):
        self.control.sendall(line.encode() + b'\r\n')
        return self.expect(code)

    def expect(self, code):
        reply = line = self.replies.readline()
        if reply[3:4] == b'-':
            while line and line[:4] != reply[:3] + b' ':
                line = self.replies.readline()
        if not reply.startswith(code.encode()):
            raise ConnectionError(f'not {code}: {reply.decode(errors="replace").strip() or "closed"}')
        return reply.decode()

    def data(self):
        port = re.search(r'\|\|\|(\d+)\|', self.ask('EPSV', '229'))
        return dial(int(port[1]))

    def store(self, name, source, size, verb='STOR'):
        with self.data() as data:
            self.ask(f'{verb} {name}'.strip(), '150')
            sent = 0
            while sent < size:
                sent += os.sendfile(data.fileno(), source, sent, size - sent)
        self.expect('226')

    def fetch(self, name, buffer):
        with self.data() as data:
            self.ask(f'RETR {name}', '150')
            got = 0
            while received := data.recv_into(buffer):
                got += received
        self.expect('226')
        return got

    def listing(self, line):
        with self.data() as data:
            self.ask(line, '150')
            while data.recv(MEBIBYTE):
                pass
        self.expect('226')

    def close(self):
        self.replies.close()
        self.control.close()


def dial(port):
    made = socket.create_connection(('127.0.0.1', port), PATIENCE_S)
    # Blocking calls with the kernel's time-outs: sendfile knows no others.
    made.setblocking(True)
    limit = struct.pack('ll', PATIENCE_S, 0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made
