"""What a block costs: seconds of processor and memory of the trees of processes, requests to the store."""
import json, mmap, os, resource, threading, time
import urllib.request
from urllib.parse import quote

from measuring.options import ARGUMENTS, BASE, MiB

HZ = os.sysconf('SC_CLK_TCK')
# Server, store and proxy.
PIDS = [int(x) for x in ARGUMENTS.pid.split(',') if x]
S3P = [int(x) for x in ARGUMENTS.s3_pid.split(',') if x]
PRX = [int(x) for x in ARGUMENTS.proxy_pid.split(',') if x]


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


def s3(path):
    if not ARGUMENTS.s3:
        return None
    try:
        return json.load(urllib.request.urlopen(ARGUMENTS.s3 + path, timeout=10))
    except Exception:
        return None


def in_store(name, size):
    """is the object complete in the store right now (mems3 only)?"""
    r = s3(f'/__sha?bucket={ARGUMENTS.bucket}&key={quote((BASE + "/" + name).lstrip("/"))}')
    return None if r is None else bool(r['exists'] and r['size'] == size)


def quiet():
    """wait for under 0.2 of a core used by anyone"""
    end = time.perf_counter() + ARGUMENTS.quiet
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
