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
import json, os, time

from measuring.commands import list_directories, listed, login, meta
from measuring.crowds import camera, idle, stall
from measuring.figures import medians
from measuring.options import ARGUMENTS, RESULTS
from measuring.probe import probe
from measuring.transfers import conc, retr, small, stor

# In the order in which they run.
SCENARIOS = {
    'login': login, 'stor': stor, 'retr': retr, 'small': small, 'list': list_directories, 'meta': meta, 'listed': listed,
    'conc': conc, 'camera': camera, 'stall': stall, 'idle': idle, 'probe': probe,
}
# Scenarios that do not repeat themselves.
ONCE = ('small', 'meta', 'listed', 'conc', 'camera', 'stall')


def measured(name):
    scenario = SCENARIOS[name]
    if name not in ONCE or ARGUMENTS.runs == 1:
        return scenario()
    rows = [scenario() for _ in range(ARGUMENTS.runs)]
    return {**medians(rows), 'all': rows}


def main():
    wanted = list(SCENARIOS) if ARGUMENTS.scenarios == 'all' else ARGUMENTS.scenarios.split(',')
    for name in wanted:
        t0 = time.perf_counter()
        try:
            RESULTS[name] = measured(name)
        except Exception as e:
            RESULTS[name] = {'error': f'{type(e).__name__}: {e}'}
        RESULTS.setdefault('took_s', {})[name] = round(time.perf_counter() - t0, 1)
        RESULTS.setdefault('loadavg', {})[name] = open('/proc/loadavg').read().split()[0]
        r = RESULTS[name]
        brief = json.dumps(r, ensure_ascii=False)
        print(f'[{ARGUMENTS.label}] {name} {RESULTS["took_s"][name]}s: {brief[:400]}', flush=True)
        if ARGUMENTS.json:
            with open(ARGUMENTS.json + '.tmp', 'w') as f:
                json.dump(RESULTS, f, indent=1, ensure_ascii=False)
            os.rename(ARGUMENTS.json + '.tmp', ARGUMENTS.json)


main()
