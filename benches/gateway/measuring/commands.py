"""Scenarios of commands on one session: logins, listings, what is told of files."""
import time

from measuring.figures import lat, med
from measuring.meter import Meter
from measuring.options import ARGUMENTS
from measuring.session import Ftp, FtpErr


def login():
    rates, all_ = [], []
    for _ in range(ARGUMENTS.runs):
        v = []
        t0 = time.perf_counter()
        for _ in range(ARGUMENTS.logins):
            t = time.perf_counter()
            f = Ftp()
            v.append(time.perf_counter() - t)
            f.quit()
        rates.append(ARGUMENTS.logins / (time.perf_counter() - t0))
        all_ += v
    return {'per_s': med(rates), **lat(all_), 'rates': [round(r, 1) for r in rates]}


def list_directories():
    out = {}
    for spec in ARGUMENTS.dirs.split(','):
        d, want = spec.split('=')
        for verb in ('LIST', 'MLSD'):
            rows = []
            for _ in range(ARGUMENTS.runs):
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


def meta():
    out = {}
    n = 50 if ARGUMENTS.remote else 2000
    f = Ftp()
    f.cmd('TYPE I')
    for what in ('SIZE', 'MDTM', 'CWD'):
        try:
            if what == 'CWD':
                lines = [('CWD /' + ARGUMENTS.meta_dir if i % 2 else 'CWD /d1k') for i in range(n)]
            else:
                lines = [f'{what} /{ARGUMENTS.meta_dir}/f{i % 500:05d}.dat' for i in range(n)]
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


def listed():
    """SIZE and MDTM of files that the same session has just listed, each asked for once"""
    f = Ftp()
    f.cmd('TYPE I')
    f.ok('CWD /' + ARGUMENTS.meta_dir)
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
