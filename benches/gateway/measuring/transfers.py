"""Scenarios of files: large ones, small ones, several at once."""
import hashlib, os, struct, threading, time

from measuring.contents import buffer, source
from measuring.figures import lat, med
from measuring.meter import Meter, in_store, quiet
from measuring.options import ARGUMENTS, MiB
from measuring.session import session


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
    for i in range(ARGUMENTS.runs):
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
    return [s for s in (ARGUMENTS.mid, ARGUMENTS.big) if s]


def stor():
    return {f'{m}MiB': repeat(lambda i: one_stor(m, f'big{m}.bin'), m, 'stor') for m in sizes()}


def retr():
    buf = buffer(max(sizes()) * MiB)
    return {f'{m}MiB': repeat(lambda i: one_retr(m, f'big{m}.bin', buf), m, 'retr') for m in sizes()}


def small():
    f = session()
    out, sums = {}, []
    body = os.urandom(ARGUMENTS.small_size)
    try:
        with Meter() as m:
            v = []
            t0 = time.perf_counter()
            for i in range(ARGUMENTS.small_n):
                b = struct.pack('>Q', i) + body[8:]
                t = time.perf_counter()
                f.stor(f's{i:05d}.dat', body=b)
                v.append(time.perf_counter() - t)
                sums.append(hashlib.sha256(b).digest())
                if time.perf_counter() - t0 > ARGUMENTS.small_cap:
                    break
            w = time.perf_counter() - t0
        out['stor'] = {'ops_s': round(len(v) / w, 1), **lat(v), **m.out, 'last_in_store': in_store(f's{len(v) - 1:05d}.dat', len(body))}
        buf = buffer(ARGUMENTS.small_size + 65536)
        with Meter() as m:
            v, bad = [], 0
            t0 = time.perf_counter()
            for i in range(len(sums)):
                t = time.perf_counter()
                n, _, _ = f.retr(f's{i:05d}.dat', buf)
                v.append(time.perf_counter() - t)
                bad += hashlib.sha256(buf[:n]).digest() != sums[i]
                if time.perf_counter() - t0 > ARGUMENTS.small_cap:
                    break
            w = time.perf_counter() - t0
        out['retr'] = {'ops_s': round(len(v) / w, 1), **lat(v), 'sha_bad': bad, **m.out}
    except Exception as e:
        out['error'] = f'{type(e).__name__}: {e}'
    f.quit()
    return out


def conc():
    out = {}
    fd, size, sha = source(ARGUMENTS.conc_mib)
    fs, err = [], []
    try:
        fs = [session() for _ in range(ARGUMENTS.conc)]
        bufs = [buffer(size) for _ in range(ARGUMENTS.conc)]

        def go(fn):
            done = [None] * ARGUMENTS.conc

            def w(i):
                try:
                    done[i] = fn(i)
                except Exception as e:
                    err.append(f'{type(e).__name__}: {e}')
            th = [threading.Thread(target=w, args=(i,)) for i in range(ARGUMENTS.conc)]
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
            out[name] = {'MBps': round(ARGUMENTS.conc * size / w / 1e6, 1), 'cpu_s_per_GiB': round(m.out['server_cpu_s'] * 1024 / (ARGUMENTS.conc * ARGUMENTS.conc_mib), 3), 'errors': list(err), **m.out}
            if name == 'retr':
                out[name]['sha_ok'] = [bool(done[i]) and done[i][0] == size and hashlib.sha256(bufs[i]).hexdigest() == sha for i in range(ARGUMENTS.conc)]
    except Exception as e:
        out['error'] = f'{type(e).__name__}: {e}'
    for f in fs:
        f.quit()
    os.close(fd)
    return out
