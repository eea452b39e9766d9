#!/usr/bin/env python3
"""ftpbench: one FTP server measured over raw sockets. No ftplib, no third-party module.

  ftpbench.py --host 127.0.0.1 --port 2121 --user u --password p --pid 123[,456] \
              --label ours --json out.json [--scenarios login,stor,...] [--s3 http://127.0.0.1:9000]

Scenarios (--scenarios all, or a comma list):
  login   200 connect+USER+PASS, sequential: rate, p50, p99
  stor    STOR of --big MiB (1024) and --mid MiB (256): MB/s (10^6), CPU-s/GiB, peak RSS, 226 gap
  retr    RETR of the same, hashed after the clock stops
  small   1000 x STOR 4 KiB then RETR 4 KiB on one session: ops/s, p50, p99, hashes checked
  list    LIST and MLSD of --dirs (d10k=10000,d1k=1000): first byte, total, entry count
  meta    SIZE, MDTM, CWD: ops/s over 2,000 each (files META/f00000.dat.. must exist)
  listed  SIZE and MDTM of the same files after a LIST of them on that session
  conc    8 parallel STOR of 128 MiB, 8 parallel RETR, hashes checked
  camera  pictures of 200 KB by --camera-n clients at once that log in for each: pictures/s, p50, p99
  stall   NOOP and login times on other sessions while one uploads, then downloads, --mid MiB
  idle    200 and 500 idle sessions: RSS and PSS per session, NOOP time
  probe   behaviour: 0 bytes, REST, APPE, MLSD, rename, names, overwrite, aborted upload, ...
--pid      PIDs whose trees are the server (CPU seconds and RSS, children included)
--s3-pid   PIDs of the object store, counted apart
--s3       base URL of mems3: request counts per scenario, and whether the object is complete in
           the store at the moment of the 226
--runs     repeats; medians are reported, all values kept
--tls      speaks FTPS: AUTH TLS, PROT P, data connections resume the session. Certificates are not
           looked at; Python copies and encrypts in the client, so its limit is seen first
--remote   marks the run as behind delayproxy: fewer small operations (--small-n), one list run
Every transfer is over a fresh PASV (or --epsv) data connection. The client is sendfile() on the
way up and recv_into() on a prefaulted buffer on the way down; its own CPU is reported as client_cpu,
and that of everything else on the machine as other_cpu: where that is not small, rerun.
"""
import argparse, ctypes, hashlib, json, mmap, os, resource, socket, ssl, statistics, struct, subprocess, sys, threading, time
import urllib.request
from urllib.parse import quote

P = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
P.add_argument('--host', default='127.0.0.1')
P.add_argument('--port', type=int, required=True)
P.add_argument('--user', default='bench')
P.add_argument('--password', default='bench')
P.add_argument('--pid', default='')
P.add_argument('--s3-pid', default='')
P.add_argument('--proxy-pid', default='')
P.add_argument('--s3', default='')
P.add_argument('--bucket', default='test-1250000000')
P.add_argument('--label', default='')
P.add_argument('--json', default='')
P.add_argument('--scenarios', default='all')
P.add_argument('--runs', type=int, default=3)
P.add_argument('--big', type=int, default=1024)
P.add_argument('--mid', type=int, default=256)
P.add_argument('--small-n', type=int, default=1000)
P.add_argument('--small-size', type=int, default=4096)
P.add_argument('--small-cap', type=float, default=60.0, help='seconds at most for each half of small')
P.add_argument('--conc', type=int, default=8)
P.add_argument('--conc-mib', type=int, default=128)
P.add_argument('--cameras', default='', help='the program built from cameras.rs')
P.add_argument('--camera-n', type=int, default=32)
P.add_argument('--pictures', type=int, default=6000)
P.add_argument('--idle', default='200,500')
P.add_argument('--dirs', default='d10k=10000,d1k=1000')
P.add_argument('--meta-dir', default='meta')
P.add_argument('--logins', type=int, default=200)
P.add_argument('--base', default='', help='directory on the server to work in (created), default /ftpbench')
P.add_argument('--shm', default='/dev/shm')
P.add_argument('--timeout', type=float, default=240.0)
P.add_argument('--epsv', action='store_true')
P.add_argument('--quiet', type=float, default=0, help='wait up to so many seconds before each big transfer for the rest of the machine to go idle')
P.add_argument('--remote', action='store_true')
P.add_argument('--tls', action='store_true')
A = P.parse_args()
BASE = A.base or '/ftpbench'
ALL = 'login,stor,retr,small,list,meta,listed,conc,camera,stall,idle,probe'
SC = (ALL if A.scenarios == 'all' else A.scenarios).split(',')
MiB = 1 << 20
HZ = os.sysconf('SC_CLK_TCK')
RES = {'label': A.label, 'started': time.strftime('%Y-%m-%dT%H:%M:%S'), 'args': vars(A), 'nproc': os.cpu_count()}
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE
tv = struct.pack('ll', int(A.timeout), 0)


class FtpErr(Exception):
    def __init__(self, cmd, code, text):
        super().__init__(f'{cmd}: {code} {text}')
        self.code, self.text = code, text


def dial(host, port):
    s = socket.create_connection((host, port), A.timeout)
    s.setblocking(True)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, tv)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, tv)
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
        self.s = dial(A.host, A.port)
        self.buf = b''
        self.pfx = ''
        self.protected = False
        self.expect('connect', self.reply(), '220')
        if A.tls:
            self.ok('AUTH TLS', '234')
            self.s = TLS.wrap_socket(self.s)
        if login:
            self.login()

    def login(self):
        c, t = self.cmd('USER ' + A.user)
        if c == '331':
            c, t = self.cmd('PASS ' + A.password)
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
        if A.tls and not self.protected:
            self.ok('PBSZ 0')
            self.ok('PROT P')
            self.protected = True
        if A.epsv:
            _, t = self.ok('EPSV', '229')
            return dial(A.host, int(t[t.index('(') + 4:t.index(')') - 1]))
        _, t = self.ok('PASV', '227')
        n = ''.join(c if c.isdigit() or c == ',' else ' ' for c in t[4:]).split()
        n = next(x for x in n if x.count(',') == 5).split(',')
        return dial(A.host, int(n[4]) * 256 + int(n[5]))

    def secured(self, data):
        """a data connection whose command was answered by 150, encrypted where that is measured"""
        return TLS.wrap_socket(data, session=self.s.session) if A.tls else data

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
            elif A.tls:
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
            if A.tls:
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


# ---- /proc ----
def tree(pids):
    out, todo = [], list(pids)
    while todo:
        p = todo.pop()
        if p in out:
            continue
        out.append(p)
        try:
            for t in os.listdir(f'/proc/{p}/task'):
                try:
                    todo += [int(x) for x in open(f'/proc/{p}/task/{t}/children').read().split()]
                except OSError:
                    pass
        except OSError:
            out.remove(p)
    return out


def cpu(pids):
    """user+system seconds of the trees, reaped children included"""
    s = 0
    for p in tree(pids):
        try:
            f = open(f'/proc/{p}/stat').read().rsplit(')', 1)[1].split()
            s += sum(int(x) for x in f[11:15])
        except OSError:
            pass
    return s / HZ


def rss(pids):
    s = 0
    for p in tree(pids):
        try:
            s += int(open(f'/proc/{p}/statm').read().split()[1])
        except OSError:
            pass
    return s * mmap.PAGESIZE


def pss(pids):
    s = 0
    for p in tree(pids):
        try:
            for l in open(f'/proc/{p}/smaps_rollup'):
                if l.startswith('Pss:'):
                    s += int(l.split()[1])
        except OSError:
            pass
    return s * 1024


def busy():
    f = [int(x) for x in open('/proc/stat').readline().split()[1:9]]
    return (sum(f) - f[3] - f[4]) / HZ


PIDS = [int(x) for x in A.pid.split(',') if x]
S3P = [int(x) for x in A.s3_pid.split(',') if x]
PRX = [int(x) for x in A.proxy_pid.split(',') if x]


def s3(path):
    if not A.s3:
        return None
    try:
        return json.load(urllib.request.urlopen(A.s3 + path, timeout=10))
    except Exception:
        return None


def in_store(name, size):
    """is the object complete in the store right now (mems3 only)?"""
    r = s3(f'/__sha?bucket={A.bucket}&key={quote((BASE + "/" + name).lstrip("/"))}')
    return None if r is None else bool(r['exists'] and r['size'] == size)


def quiet():
    """wait for under 0.2 of a core used by anyone"""
    end = time.perf_counter() + A.quiet
    while time.perf_counter() < end:
        b = busy()
        time.sleep(0.5)
        if busy() - b < 0.1:
            return


class Meter:
    """server/store/client/other CPU seconds and the server's peak RSS of a block"""
    def __init__(self, sample=True):
        self.sample = sample

    def __enter__(self):
        s3('/__zero')
        self.peak = self.base = rss(PIDS)
        self.stop = threading.Event()
        if self.sample and PIDS:
            self.th = threading.Thread(target=self.run, daemon=True)
            self.th.start()
        self.a = self.snap()
        return self

    def run(self):
        while not self.stop.wait(0.05):
            self.peak = max(self.peak, rss(PIDS))

    def snap(self):
        r = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), cpu(PIDS), cpu(S3P), r.ru_utime + r.ru_stime, busy(), cpu(PRX)

    def __exit__(self, *x):
        b = self.snap()
        self.stop.set()
        self.peak = max(self.peak, rss(PIDS))
        w, c, s, me, bz, px = (y - z for y, z in zip(b, self.a))
        self.out = {'wall_s': round(w, 4), 'server_cpu_s': round(c, 3), 'store_cpu_s': round(s, 3), 'client_cpu_s': round(me, 3),
                    'proxy_cpu_s': round(px, 3), 'other_cpu_s': round(max(0, bz - c - s - me - px), 2), 'peak_rss_mib': round(self.peak / MiB, 1),
                    'start_rss_mib': round(self.base / MiB, 1)}
        r = s3('/__stats')
        if r is not None:
            self.out['s3'] = r
        return False


def med(v):
    return round(statistics.median(v), 4) if v else None


def pctl(v, p):
    v = sorted(v)
    return v[min(len(v) - 1, int(p / 100 * len(v)))] if v else None


def lat(v):
    return {'n': len(v), 'p50_ms': round(pctl(v, 50) * 1e3, 3), 'p99_ms': round(pctl(v, 99) * 1e3, 3), 'max_ms': round(max(v) * 1e3, 2)} if v else {'n': 0}


# ---- data ----
def source(mib):
    p = f'{A.shm}/ftpbench-src-{mib}m.bin'
    if not os.path.exists(p) or os.path.getsize(p) != mib * MiB:
        with open(p + '.tmp', 'wb') as f:
            for _ in range(mib):
                f.write(os.urandom(MiB))
        os.rename(p + '.tmp', p)
    fd = os.open(p, os.O_RDONLY)
    hp = p + '.sha256'
    if not os.path.exists(hp):
        m = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
        open(hp, 'w').write(hashlib.sha256(m).hexdigest())
        m.close()
    return fd, mib * MiB, open(hp).read()


def buffer(n):
    m = mmap.mmap(-1, n)
    mv = memoryview(m)
    for i in range(0, n, 4096):
        m[i] = 1
    return mv


def workdir(f):
    try:
        f.cmd('MKD ' + BASE)
    except Exception:
        pass
    r = f.cmd('CWD ' + BASE)
    if r[0] != '250':
        RES.setdefault('cwd_needs_slash', r[1])
        r = f.cmd('CWD ' + BASE + '/')
    if r[0] != '250':
        f.pfx = BASE + '/'       # no usable CWD there: absolute names instead
        RES.setdefault('cwd_fallback', r[1])


def session():
    f = Ftp()
    f.ok('TYPE I')
    workdir(f)
    return f


# ---- scenarios ----
def sc_login():
    rates, all_ = [], []
    for _ in range(A.runs):
        v = []
        t0 = time.perf_counter()
        for _ in range(A.logins):
            t = time.perf_counter()
            f = Ftp()
            v.append(time.perf_counter() - t)
            f.quit()
        rates.append(A.logins / (time.perf_counter() - t0))
        all_ += v
    return {'per_s': med(rates), **lat(all_), 'rates': [round(r, 1) for r in rates]}


def one_stor(mib, name):
    fd, size, sha = source(mib)
    f = session()
    quiet()
    try:
        with Meter() as m:
            t, gap = f.stor(name, fd, size)
            done = in_store(name, size)
            if done is None or done:
                vis = 0.0
            else:
                vis, t0 = None, time.perf_counter()
                while time.perf_counter() - t0 < 60:
                    if in_store(name, size):
                        vis = round(time.perf_counter() - t0, 2)
                        break
                    time.sleep(0.05)
        return {'MBps': round(size / t / 1e6, 1), 'gap226_s': round(gap, 3), 'complete_at_226': done, 'visible_after_s': vis,
                'cpu_s_per_GiB': round(m.out['server_cpu_s'] * 1024 / mib, 3), **m.out}
    finally:
        f.quit()
        os.close(fd)


def one_retr(mib, name, buf):
    fd, size, sha = source(mib)
    os.close(fd)
    f = session()
    quiet()
    try:
        with Meter() as m:
            n, t, first = f.retr(name, buf[:size])
        good = n == size and hashlib.sha256(buf[:size]).hexdigest() == sha
        return {'MBps': round(n / t / 1e6, 1), 'first_byte_ms': round(first * 1e3, 1), 'bytes': n, 'sha_ok': good,
                'cpu_s_per_GiB': round(m.out['server_cpu_s'] * 1024 / mib, 3), **m.out}
    finally:
        f.quit()


def repeat(fn, mib, key):
    rows = []
    for i in range(A.runs):
        try:
            rows.append(fn(i))
        except Exception as e:
            rows.append({'error': f'{type(e).__name__}: {e}'})
    good = [r for r in rows if 'error' not in r]
    out = {'runs': rows}
    for k in ('MBps', 'cpu_s_per_GiB', 'peak_rss_mib', 'gap226_s', 'first_byte_ms', 'other_cpu_s'):
        v = [r[k] for r in good if k in r]
        if v:
            out[k] = med(v)
    v = [r['MBps'] for r in good]
    if v:
        out['best_MBps'] = max(v)
        out['min_cpu_s_per_GiB'] = min(r['cpu_s_per_GiB'] for r in good)
    return out


def sizes():
    return [s for s in (A.mid, A.big) if s]


def sc_stor():
    return {f'{m}MiB': repeat(lambda i: one_stor(m, f'big{m}.bin'), m, 'stor') for m in sizes()}


def sc_retr():
    buf = buffer(max(sizes()) * MiB)
    return {f'{m}MiB': repeat(lambda i: one_retr(m, f'big{m}.bin', buf), m, 'retr') for m in sizes()}


def sc_small():
    f = session()
    out, sums = {}, []
    body = os.urandom(A.small_size)
    try:
        with Meter() as m:
            v = []
            t0 = time.perf_counter()
            for i in range(A.small_n):
                b = struct.pack('>Q', i) + body[8:]
                t = time.perf_counter()
                f.stor(f's{i:05d}.dat', body=b)
                v.append(time.perf_counter() - t)
                sums.append(hashlib.sha256(b).digest())
                if time.perf_counter() - t0 > A.small_cap:
                    break
            w = time.perf_counter() - t0
        out['stor'] = {'ops_s': round(len(v) / w, 1), **lat(v), **m.out, 'last_in_store': in_store(f's{len(v) - 1:05d}.dat', len(body))}
        buf = buffer(A.small_size + 65536)
        with Meter() as m:
            v, bad = [], 0
            t0 = time.perf_counter()
            for i in range(len(sums)):
                t = time.perf_counter()
                n, _, _ = f.retr(f's{i:05d}.dat', buf)
                v.append(time.perf_counter() - t)
                bad += hashlib.sha256(buf[:n]).digest() != sums[i]
                if time.perf_counter() - t0 > A.small_cap:
                    break
            w = time.perf_counter() - t0
        out['retr'] = {'ops_s': round(len(v) / w, 1), **lat(v), 'sha_bad': bad, **m.out}
    except Exception as e:
        out['error'] = f'{type(e).__name__}: {e}'
    f.quit()
    return out


def sc_list():
    out = {}
    for spec in A.dirs.split(','):
        d, want = spec.split('=')
        for verb in ('LIST', 'MLSD'):
            rows = []
            for _ in range(A.runs):
                try:
                    f = Ftp()
                    f.cmd('TYPE A')
                    cw = f.cmd('CWD /' + d)[0] == '250' or f.cmd('CWD /' + d + '/')[0] == '250'
                    with Meter() as m:
                        b, first, tot = f.listing(verb if cw else f'{verb} /{d}/')
                    lines = [x for x in b.split(b'\n') if x.strip()]
                    lines = [x for x in lines if not x.lower().startswith((b'type=cdir', b'type=pdir', b'total ')) and x.strip().split()[-1] not in (b'.', b'..')]
                    rows.append({'first_ms': round(first * 1e3, 1), 'total_ms': round(tot * 1e3, 1), 'entries': len(lines), 'distinct': len({x.split()[-1] for x in lines}),
                                 'cpu_s': m.out['server_cpu_s'], 'peak_rss_mib': m.out['peak_rss_mib'], 's3': m.out.get('s3'), 'sample': lines[0].decode('utf-8', 'replace').strip() if lines else ''})
                    f.quit()
                except Exception as e:
                    rows.append({'error': f'{type(e).__name__}: {e}'})
                    break
            g = [r for r in rows if 'error' not in r]
            out[f'{d} {verb}'] = {'first_ms': med([r['first_ms'] for r in g]), 'total_ms': med([r['total_ms'] for r in g]), 'cold_total_ms': g[0]['total_ms'] if g else None,
                                  'count_ok': bool(g) and all(r['distinct'] == int(want) for r in g), 'runs': rows}
    return out


def sc_meta():
    out = {}
    n = 50 if A.remote else 2000
    f = Ftp()
    f.cmd('TYPE I')
    for what in ('SIZE', 'MDTM', 'CWD'):
        try:
            if what == 'CWD':
                lines = [('CWD /' + A.meta_dir if i % 2 else 'CWD /d1k') for i in range(n)]
            else:
                lines = [f'{what} /{A.meta_dir}/f{i % 500:05d}.dat' for i in range(n)]
            f.ok(lines[0])
            with Meter() as m:
                v = []
                t0 = time.perf_counter()
                for l in lines:
                    t = time.perf_counter()
                    f.ok(l)
                    v.append(time.perf_counter() - t)
                    if time.perf_counter() - t0 > 30:
                        break
                w = time.perf_counter() - t0
            out[what] = {'ops_s': round(len(v) / w, 1), **lat(v), **m.out}
        except FtpErr as e:
            out[what] = {'error': str(e)}
        except Exception as e:
            out[what] = {'error': f'{type(e).__name__}: {e}'}
            f.kill()
            f = Ftp()
    f.quit()
    return out


def sc_listed():
    """SIZE and MDTM of files that the same session has just listed, each asked for once"""
    f = Ftp()
    f.cmd('TYPE I')
    f.ok('CWD /' + A.meta_dir)
    f.listing('LIST')
    out = {}
    for what in ('SIZE', 'MDTM'):
        with Meter() as m:
            v = []
            for i in range(500):
                t = time.perf_counter()
                f.ok(f'{what} f{i:05d}.dat')
                v.append(time.perf_counter() - t)
        out[what] = {'ops_s': round(len(v) / sum(v), 1), **lat(v), **m.out}
    f.quit()
    return out


def sc_conc():
    out = {}
    fd, size, sha = source(A.conc_mib)
    fs, err = [], []
    try:
        fs = [session() for _ in range(A.conc)]
        bufs = [buffer(size) for _ in range(A.conc)]

        def go(fn):
            done = [None] * A.conc

            def w(i):
                try:
                    done[i] = fn(i)
                except Exception as e:
                    err.append(f'{type(e).__name__}: {e}')
            th = [threading.Thread(target=w, args=(i,)) for i in range(A.conc)]
            t0 = time.perf_counter()
            for t in th:
                t.start()
            for t in th:
                t.join()
            return time.perf_counter() - t0, done
        for name, fn in (('stor', lambda i: fs[i].stor(f'c{i}.bin', fd, size)), ('retr', lambda i: fs[i].retr(f'c{i}.bin', bufs[i]))):
            err.clear()
            quiet()
            with Meter() as m:
                w, done = go(fn)
            out[name] = {'MBps': round(A.conc * size / w / 1e6, 1), 'cpu_s_per_GiB': round(m.out['server_cpu_s'] * 1024 / (A.conc * A.conc_mib), 3), 'errors': list(err), **m.out}
            if name == 'retr':
                out[name]['sha_ok'] = [bool(done[i]) and done[i][0] == size and hashlib.sha256(bufs[i]).hexdigest() == sha for i in range(A.conc)]
    except Exception as e:
        out['error'] = f'{type(e).__name__}: {e}'
    for f in fs:
        f.quit()
    os.close(fd)
    return out


PICTURE = 200_000


def pictures(n):
    return json.loads(subprocess.run(
        [A.cameras, str(A.port), A.user, A.password, str(A.camera_n), str(n), str(PICTURE)],
        check=True, stdout=subprocess.PIPE, text=True, timeout=A.timeout).stdout)


def pictures_tls(n):
    """The same over FTPS, which the program does not speak: from here, which limits the speed."""
    body, times, failed = os.urandom(PICTURE), [], []

    def camera(k):
        for i in range(k, n, A.camera_n):
            try:
                t = time.perf_counter()
                f = Ftp()
                f.ok('TYPE I')
                f.stor(f'picture{i % 1000:04}.jpg', body=body)
                f.quit()
                times.append(time.perf_counter() - t)
            except Exception as e:
                failed.append(f'{type(e).__name__}: {e}')
    th = [threading.Thread(target=camera, args=(k,)) for k in range(A.camera_n)]
    t0 = time.perf_counter()
    for t in th:
        t.start()
    for t in th:
        t.join()
    return {'n': len(times), 'failed': len(failed), 'errors': failed[:3], 'seconds': time.perf_counter() - t0, **lat(times)}


def sc_camera():
    if not A.cameras:
        return None
    run, n = (pictures_tls, A.pictures // 10) if A.tls else (pictures, A.pictures)
    run(max(A.camera_n, n // 10))
    quiet()
    with Meter() as m:
        f = run(n)
    each = m.out['server_cpu_s'] * 1000 / max(1, f['n'])
    return {**f, 'ops_s': round(f['n'] / f['seconds'], 1), 'cpu_ms_each': round(each, 3), **m.out,
            'store_connections': (m.out.get('s3') or {}).get('conns')}


def sc_idle():
    out = {}
    for n in [int(x) for x in A.idle.split(',') if x]:
        fs = []
        try:
            time.sleep(1)
            r0, p0 = rss(PIDS), pss(PIDS)
            t0 = time.perf_counter()
            for _ in range(n):
                fs.append(Ftp())
            t_open = time.perf_counter() - t0
            time.sleep(0.5)
            r1, p1 = rss(PIDS), pss(PIDS)
            v = []
            for f in (fs[0], fs[n // 2], fs[-1]) * 30:
                t = time.perf_counter()
                f.ok('NOOP')
                v.append(time.perf_counter() - t)
            out[str(n)] = {'rss_kib_per_session': round((r1 - r0) / 1024 / n, 1), 'pss_kib_per_session': round((p1 - p0) / 1024 / n, 1),
                           'rss_mib': round(r1 / MiB, 1), 'procs': len(tree(PIDS)), 'threads': sum(len(os.listdir(f'/proc/{p}/task')) for p in tree(PIDS)), 'open_s': round(t_open, 2), 'noop': lat(v)}
        except Exception as e:
            out[str(n)] = {'error': f'at session {len(fs)}: {type(e).__name__}: {e}'}
        for f in fs:
            try:
                f.s.sendall(b'QUIT\r\n')
                f.s.close()
            except OSError:
                pass
        time.sleep(1)
    return out


def sc_probe():
    out = {}
    buf = buffer(20 * MiB)

    def probe(name):
        def deco(fn):
            f = None
            try:
                f = session()
                out[name] = fn(f)
            except Exception as e:
                out[name] = f'FAIL {type(e).__name__}: {e}'[:200]
            if f:
                f.kill()
            return fn
        return deco

    @probe('feat')
    def _(f):
        return ' '.join(f.cmd('FEAT')[1].split('\n')[1:-1])[:300]

    @probe('zero_byte')
    def _(f):
        f.stor('zero.bin', body=b'')
        st = in_store('zero.bin', 0)
        n = f.retr('zero.bin', buf)[0]
        return f'ok, {n} bytes back, in store {st}, SIZE {f.cmd("SIZE " + f.pfx + "zero.bin")[1]}'

    body = os.urandom(3 * MiB + 17)

    @probe('stor_size_mdtm')
    def _(f):
        f.stor('p.bin', body=body)
        return f'SIZE {f.cmd("SIZE " + f.pfx + "p.bin")[1]!r} ({len(body)}), MDTM {f.cmd("MDTM " + f.pfx + "p.bin")[1]!r}'

    @probe('rest_retr')
    def _(f):
        n = f.retr('p.bin', buf, rest=1000001)[0]
        return 'ok' if bytes(buf[:n]) == body[1000001:] else f'WRONG DATA ({n} bytes, want {len(body) - 1000001})'

    @probe('overwrite_shorter')
    def _(f):
        f.stor('p.bin', body=body[:1000])
        n = f.retr('p.bin', buf)[0]
        return 'ok' if bytes(buf[:n]) == body[:1000] else f'WRONG DATA ({n} bytes)'

    @probe('appe')
    def _(f):
        f.stor('a.bin', body=b'A' * 1000)
        f.stor('a.bin', body=b'B' * 1000, verb='APPE')
        n = f.retr('a.bin', buf)[0]
        return 'ok' if bytes(buf[:n]) == b'A' * 1000 + b'B' * 1000 else f'WRONG DATA: {n} bytes, starts {bytes(buf[:4])}'

    @probe('rename')
    def _(f):
        f.stor('r1.bin', body=b'r' * 100)
        f.ok('RNFR ' + f.pfx + 'r1.bin', '3')
        f.ok('RNTO ' + f.pfx + 'r2.bin')
        n = f.retr('r2.bin', buf)[0]
        return f'ok {n}'

    @probe('dele_then_missing')
    def _(f):
        f.ok('DELE ' + f.pfx + 'r2.bin')
        d = f.data()
        r = f.cmd('RETR ' + f.pfx + 'r2.bin')
        d.close()
        return f'RETR after DELE: {r[1]!r}; SIZE: {f.cmd("SIZE " + f.pfx + "r2.bin")[1]!r}; DELE again: {f.cmd("DELE " + f.pfx + "r2.bin")[1]!r}'

    @probe('mkd_rmd')
    def _(f):
        a, b = f.cmd('MKD ' + f.pfx + 'sub'), f.cmd('CWD ' + f.pfx + 'sub')
        f.cmd('CWD ' + BASE)
        c, d = f.cmd('RMD ' + f.pfx + 'sub'), f.cmd('CWD ' + f.pfx + 'sub')
        return f'MKD {a[0]} CWD {b[0]} RMD {c[0]} CWD-after {d[0]}'

    @probe('rmd_nonempty')
    def _(f):
        f.cmd('MKD ' + f.pfx + 'full')
        f.stor('full/x.bin', body=b'x')
        c = f.cmd('RMD ' + f.pfx + 'full')
        return f'RMD {c[1]!r}; file still there: {in_store("full/x.bin", 1)}'

    @probe('names')
    def _(f):
        res = []
        for n in ('with space.bin', 'ümläut 文件.bin', 'plus+hash#percent%41&amp.bin', "quote'\".bin"):
            try:
                f.stor(n, body=b'n' * 10)
                back = f.retr(n, buf)[0] == 10
                try:
                    ls = f.listing('NLST' if not f.pfx else 'NLST ' + BASE)[0].decode('utf-8', 'replace')
                    seen = n in ls
                except Exception as e:
                    seen = f'{type(e).__name__}: {e}'
                    f.kill()
                    f = session()
                res.append(f'{n}: key {in_store(n, 10)} retr {back} nlst {seen}')
            except Exception as e:
                res.append(f'{n}: {e}')
                f.kill()
                f = session()
        return res

    @probe('list_other_dir')
    def _(f):
        f.ok('CWD /')
        b = f.listing(f'LIST /{A.meta_dir}')[0].decode('utf-8', 'replace').split('\n')
        return f'{len([x for x in b if x.strip()])} lines, e.g. {b[0].strip()!r}'

    @probe('old_version_during_overwrite')
    def _(f):
        f.stor('ov.bin', body=b'o' * 1000)
        d = f.data()
        f.send('STOR ' + f.pfx + 'ov.bin')
        f.reply()
        d.sendall(b'n' * 100000)
        time.sleep(0.5)
        kept = in_store('ov.bin', 1000)
        d.close()
        f.reply()
        return f'old object still whole while the new one is being sent: {kept}; new one in store at the 226: {in_store("ov.bin", 100000)}'

    @probe('abort_upload_reset')
    def _(f):
        d = f.data()
        f.send('STOR ' + f.pfx + 'aborted.bin')
        f.reply()
        part = os.urandom(MiB)
        for _ in range(40):
            d.sendall(part)
        time.sleep(0.3)
        d.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        d.close()
        r = f.reply()
        time.sleep(1.5)
        o = s3(f'/__sha?bucket={A.bucket}&key={quote((BASE + "/aborted.bin").lstrip("/"))}') or {}
        st = s3('/__stats') or {}
        return f'reply {r[1]!r}; object exists {o.get("exists")} size {o.get("size")}; uploads left open {st.get("uploads_open")}'

    @probe('ctl_lost_mid_upload')
    def _(f):
        d = f.data()
        f.send('STOR ' + f.pfx + 'lost.bin')
        f.reply()
        part = os.urandom(MiB)
        for _ in range(40):
            d.sendall(part)
        time.sleep(0.3)
        for s in (f.s, d):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            s.close()
        time.sleep(1.5)
        o = s3(f'/__sha?bucket={A.bucket}&key={quote((BASE + "/lost.bin").lstrip("/"))}') or {}
        st = s3('/__stats') or {}
        return f'object exists {o.get("exists")} size {o.get("size")}; uploads left open {st.get("uploads_open")}'
    return out


def sc_stall():
    """NOOP, login and SIZE times on other sessions while one session moves a file"""
    out = {}
    fd, size, _ = source(A.mid or 256)
    buf = buffer(size)
    try:
        for name in ('stor', 'retr'):
            f, g = session(), session()
            v, lg, stop = [], [], threading.Event()

            def pinger():
                while not stop.is_set():
                    t = time.perf_counter()
                    g.cmd('NOOP')
                    v.append(time.perf_counter() - t)
                    t = time.perf_counter()
                    Ftp().quit()
                    lg.append(time.perf_counter() - t)
                    time.sleep(0.01)
            th = threading.Thread(target=pinger)
            th.start()
            try:
                time.sleep(0.05)
                if name == 'stor':
                    f.stor('stall.bin', fd, size)
                else:
                    f.retr('stall.bin', buf)
            finally:
                stop.set()
                th.join()
                g.kill()
                f.kill()
            out[name] = {'noop': lat(v), 'login': lat(lg)}
    except Exception as e:
        out['error'] = f'{type(e).__name__}: {e}'
    os.close(fd)
    return out


# Scenarios that do not repeat themselves.
ONCE = ('small', 'meta', 'listed', 'conc', 'camera', 'stall')


def medians(values):
    """The median of each number in results of one shape; all that went wrong in any of them."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    first = values[0]
    if isinstance(first, dict):
        keys = dict.fromkeys(key for value in values for key in value)
        found = {key: [value[key] for value in values if key in value] for key in keys}
        return {key: max(of) if key == 'sha_bad' else medians(of) for key, of in found.items()}
    if isinstance(first, bool):
        return all(values)
    if isinstance(first, (int, float)):
        return med(values)
    if isinstance(first, list):
        return [part for value in values for part in value]
    return first


def measured(name):
    scenario = globals()['sc_' + name]
    if name not in ONCE or A.runs == 1:
        return scenario()
    rows = [scenario() for _ in range(A.runs)]
    return {**medians(rows), 'all': rows}


def main():
    for name in SC:
        t0 = time.perf_counter()
        b0 = busy()
        try:
            RES[name] = measured(name)
        except Exception as e:
            RES[name] = {'error': f'{type(e).__name__}: {e}'}
        RES.setdefault('took_s', {})[name] = round(time.perf_counter() - t0, 1)
        RES.setdefault('loadavg', {})[name] = open('/proc/loadavg').read().split()[0]
        r = RES[name]
        brief = json.dumps(r, ensure_ascii=False)
        print(f'[{A.label}] {name} {RES["took_s"][name]}s: {brief[:400]}', flush=True)
        if A.json:
            with open(A.json + '.tmp', 'w') as f:
                json.dump(RES, f, indent=1, ensure_ascii=False)
            os.rename(A.json + '.tmp', A.json)


main()
