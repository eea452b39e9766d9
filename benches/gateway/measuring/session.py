"""An FTP session over raw sockets, with TLS where that is measured."""
import mmap, os, socket, ssl, struct, time

from measuring.options import ARGUMENTS, BASE, MiB, RESULTS

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
TIMEOUT = struct.pack('ll', int(ARGUMENTS.timeout), 0)


class FtpErr(Exception):
    def __init__(self, cmd, code, text):
        super().__init__(f'{cmd}: {code} {text}')
        self.code, self.text = code, text


def dial(host, port):
    s = socket.create_connection((host, port), ARGUMENTS.timeout)
    s.setblocking(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEOUT)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, TIMEOUT)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def unwrapped(data):
    """says by TLS that nothing more comes; not every server answers that"""
    try:
        return data.unwrap()
    except (ssl.SSLError, OSError):
        return data


class Ftp:
    def __init__(self, login=True):
        self.s = dial(ARGUMENTS.host, ARGUMENTS.port)
        self.buf = b''
        self.pfx = ''
        self.protected = False
        self.expect('connect', self.reply(), '220')
        if ARGUMENTS.tls:
            self.ok('AUTH TLS', '234')
            self.s = TLS.wrap_socket(self.s)
        if login:
            self.login()

    def login(self):
        c, t = self.cmd('USER ' + ARGUMENTS.user)
        if c == '331':
            c, t = self.cmd('PASS ' + ARGUMENTS.password)
        self.expect('PASS', (c, t), '230')

    def line(self):
        while True:
            i = self.buf.find(b'\n')
            if i >= 0:
                l, self.buf = self.buf[:i + 1], self.buf[i + 1:]
                return l.decode('utf-8', 'replace').rstrip('\r\n')
            d = self.s.recv(65536)
            if not d:
                raise EOFError('control connection closed')
            self.buf += d

    def reply(self):
        l = self.line()
        code, out = l[:3], [l]
        if l[3:4] == '-':
            while True:
                l = self.line()
                out.append(l)
                if l[:4] == code + ' ':
                    break
        return code, '\n'.join(out)

    @staticmethod
    def expect(what, r, *codes):
        if not any(r[0].startswith(c) for c in codes):
            raise FtpErr(what, *r)
        return r

    def send(self, line):
        self.s.sendall(line.encode('utf-8', 'surrogateescape') + b'\r\n')

    def cmd(self, line):
        self.send(line)
        return self.reply()

    def ok(self, line, *codes):
        return self.expect(line, self.cmd(line), *(codes or ('2',)))

    def data(self):
        if ARGUMENTS.tls and not self.protected:
            self.ok('PBSZ 0')
            self.ok('PROT P')
            self.protected = True
        if ARGUMENTS.epsv:
            _, t = self.ok('EPSV', '229')
            return dial(ARGUMENTS.host, int(t[t.index('(') + 4:t.index(')') - 1]))
        _, t = self.ok('PASV', '227')
        n = ''.join(c if c.isdigit() or c == ',' else ' ' for c in t[4:]).split()
        n = next(x for x in n if x.count(',') == 5).split(',')
        return dial(ARGUMENTS.host, int(n[4]) * 256 + int(n[5]))

    def secured(self, data):
        """a data connection whose command was answered by 150, encrypted where that is measured"""
        return TLS.wrap_socket(data, session=self.s.session) if ARGUMENTS.tls else data

    def stor(self, name, fd=None, size=0, body=None, verb='STOR'):
        """returns (seconds, seconds from last byte to 226)"""
        d = self.data()
        try:
            t0 = time.perf_counter()
            self.send(f'{verb} {self.pfx}{name}')
            self.expect(verb, self.reply(), '1')
            d = self.secured(d)
            if fd is None:
                d.sendall(body)
            elif ARGUMENTS.tls:
                with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as m, memoryview(m) as mv:
                    for off in range(0, size, MiB):
                        d.sendall(mv[off:off + MiB])
            else:
                off = 0
                while off < size:
                    n = os.sendfile(d.fileno(), fd, off, min(size - off, 4 * MiB))
                    if n == 0:
                        raise EOFError('short source')
                    off += n
            if ARGUMENTS.tls:
                d = unwrapped(d)
            d.shutdown(socket.SHUT_WR)
            t1 = time.perf_counter()
            self.expect(verb, self.reply(), '2')
            t2 = time.perf_counter()
            return t2 - t0, t2 - t1
        finally:
            d.close()

    def retr(self, name, mv, rest=0):
        """into mv; returns (bytes, seconds, seconds to first byte)"""
        d = self.data()
        try:
            if rest:
                self.ok(f'REST {rest}', '3')
            t0 = time.perf_counter()
            self.send('RETR ' + self.pfx + name)
            self.expect('RETR', self.reply(), '1')
            d = self.secured(d)
            off, first = 0, None
            while True:
                n = d.recv_into(mv[off:off + MiB]) if off < len(mv) else len(d.recv(1))
                if first is None:
                    first = time.perf_counter() - t0
                if n == 0:
                    break
                off += n
                if off > len(mv):
                    raise FtpErr('RETR', '---', 'longer than expected')
            self.expect('RETR', self.reply(), '2')
            return off, time.perf_counter() - t0, first
        finally:
            d.close()

    def listing(self, verb):
        d = self.data()
        try:
            t0 = time.perf_counter()
            self.send(verb)
            self.expect(verb, self.reply(), '1')
            d = self.secured(d)
            parts, first = [], None
            while True:
                b = d.recv(MiB)
                if first is None:
                    first = time.perf_counter() - t0
                if not b:
                    break
                parts.append(b)
            self.expect(verb, self.reply(), '2')
            return b''.join(parts), first, time.perf_counter() - t0
        finally:
            d.close()

    def quit(self):
        try:
            self.send('QUIT')
            self.reply()
        except Exception:
            pass
        self.s.close()

    def kill(self):
        self.s.close()


def workdir(f):
    try:
        f.cmd('MKD ' + BASE)
    except Exception:
        pass
    r = f.cmd('CWD ' + BASE)
    if r[0] != '250':
        RESULTS.setdefault('cwd_needs_slash', r[1])
        r = f.cmd('CWD ' + BASE + '/')
    if r[0] != '250':
        f.pfx = BASE + '/'       # no usable CWD there: absolute names instead
        RESULTS.setdefault('cwd_fallback', r[1])


def session():
    f = Ftp()
    f.ok('TYPE I')
    workdir(f)
    return f
