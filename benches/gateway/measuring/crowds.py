"""Scenarios of many sessions: cameras, idle ones, those beside one that is busy."""
import json, os, subprocess, threading, time

from measuring.contents import buffer, source
from measuring.figures import lat
from measuring.meter import Meter, PIDS, pss, quiet, rss, tree
from measuring.options import ARGUMENTS, MiB
from measuring.session import Ftp, session


PICTURE = 200_000


def pictures(n):
    command = [ARGUMENTS.cameras, ARGUMENTS.port, ARGUMENTS.user, ARGUMENTS.password, ARGUMENTS.camera_n, n, PICTURE]
    done = subprocess.run([str(word) for word in command + ['tls'] * ARGUMENTS.tls],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=ARGUMENTS.timeout)
    return json.loads(done.stdout)


def camera():
    if not ARGUMENTS.cameras:
        return None
    pictures(max(ARGUMENTS.camera_n, ARGUMENTS.pictures // 10))
    quiet()
    with Meter() as m:
        f = pictures(ARGUMENTS.pictures)
    each = m.out['server_cpu_s'] * 1000 / max(1, f['n'])
    return {**f, 'ops_s': round(f['n'] / f['seconds'], 1), 'cpu_ms_each': round(each, 3), **m.out,
            'store_connections': (m.out.get('s3') or {}).get('conns')}


def idle():
    out = {}
    for n in [int(x) for x in ARGUMENTS.idle.split(',') if x]:
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


def stall():
    """NOOP, login and SIZE times on other sessions while one session moves a file"""
    out = {}
    fd, size, _ = source(ARGUMENTS.mid or 256)
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
