#!/usr/bin/env python3
"""Measures an FTP server with more and more transfers, then with more and more sessions.

  growth.py --port 2121 --pid 123 --idle-port 2122 --idle-pid 124 --output DIRECTORY

Transfers: each of N sessions sends (then fetches) a file of its own again and again, together at
least --mebibytes. Throughput, the server's CPU seconds per GiB and what it held more than at
rest. Sessions: N log in and stay idle; what they cost in memory, threads and time, how long a
NOOP on one of them takes, and how fast --busy transfers of others are meanwhile, with the time of
a login beside them.

The same keys are written again and again, so that the store holds one file for each transfer.
Steps that the machine refuses are written down with the reason and left out of the picture.
Writes growth.json and growth.svg (pictures.py). Standard library only.
"""
import argparse
import json
import os
import pathlib
import statistics
import threading
import time

import pictures
from ftpclient import MEBIBYTE, PATIENCE_S, Ftp

GIBIBYTE = 1 << 30
NOOPS = 300


def arguments():
    numbers = lambda text: [int(number) for number in text.split(',')]
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--pid', type=int, required=True, help='the server')
    parser.add_argument('--idle-port', type=int, required=True, help='a second server, for the sessions')
    parser.add_argument('--idle-pid', type=int, required=True)
    parser.add_argument('--output', type=pathlib.Path, required=True)
    parser.add_argument('--user', default='bench')
    parser.add_argument('--password', default='bench')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--transfers', type=numbers, default=[1, 4, 16, 64, 256])
    parser.add_argument('--sessions', type=numbers, default=[10, 100, 1000, 10000])
    parser.add_argument('--mebibytes', type=int, default=1024, help='moved in each step, at least')
    parser.add_argument('--file-mebibytes', type=int, default=8)
    parser.add_argument('--busy', type=int, default=200, help='transfers beside the idle sessions')
    return parser.parse_args()


def cpu_s(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def rss(pid):
    return int(pathlib.Path(f'/proc/{pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def threads(pid):
    return len(os.listdir(f'/proc/{pid}/task'))


class Meter:
    """The seconds, CPU seconds and highest RSS of a block."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.base_rss = self.peak_rss = rss(self.pid)
        self.over = threading.Event()
        self.watch = threading.Thread(target=self.sample, daemon=True)
        self.watch.start()
        self.begin_s, self.begin_cpu_s = time.perf_counter(), cpu_s(self.pid)
        return self

    def sample(self):
        while not self.over.wait(0.02):
            self.peak_rss = max(self.peak_rss, rss(self.pid))

    def __exit__(self, *_):
        self.wall_s = time.perf_counter() - self.begin_s
        self.cpu_s = cpu_s(self.pid) - self.begin_cpu_s
        self.over.set()
        self.watch.join()
        self.peak_rss = max(self.peak_rss, rss(self.pid))


def together(jobs):
    """Runs the jobs at once; raises the first of their errors."""
    errors = []

    def run(job):
        try:
            job()
        except Exception as error:
            errors.append(error)

    workers = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise ConnectionError(f'{len(errors)} of {len(workers)} failed: {errors[0]}')


def measure_transfers(args, source, sessions, direction, rest_rss):
    """One run of one step: every session moves its file until all together have moved enough."""
    size = args.file_mebibytes * MEBIBYTE
    rounds = max(1, -(-args.mebibytes // (args.file_mebibytes * len(sessions))))
    buffers = [bytearray(MEBIBYTE) for _ in sessions]

    def job(number):
        for _ in range(rounds):
            if direction == 'STOR':
                sessions[number].store(f'growth-{number}', source, size)
            elif sessions[number].fetch(f'growth-{number}', buffers[number]) != size:
                raise ConnectionError('a short file')

    with Meter(args.pid) as meter:
        together([lambda number=number: job(number) for number in range(len(sessions))])
    moved = rounds * len(sessions) * size
    return {
        'MBps': moved / meter.wall_s / 1e6,
        'cpu_s_per_GiB': meter.cpu_s * GIBIBYTE / moved,
        'rss_above_rest_mib': max(0, meter.peak_rss - rest_rss) / MEBIBYTE,
    }


def medians(runs):
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def grow_transfers(args, source):
    # The server keeps some memory for the next transfer, for a second.
    time.sleep(2)
    rest_rss = rss(args.pid)
    steps = []
    for count in args.transfers:
        step, sessions = {'transfers': count}, []
        try:
            for _ in range(count):
                sessions.append(Ftp(args.port, args.user, args.password))
                sessions[-1].ask('TYPE I', '200')
            for direction in ('STOR', 'RETR'):
                runs = [measure_transfers(args, source, sessions, direction, rest_rss) for _ in range(args.runs)]
                step[direction] = medians(runs)
        except OSError as error:
            step['not_reached'] = str(error)
        for session in sessions:
            session.close()
        steps.append(step)
        print(json.dumps(step), flush=True)
    return steps


def noops_ms(sessions):
    """Times of NOOPs on sessions spread over all."""
    times = []
    for number in range(NOOPS):
        session = sessions[number * len(sessions) // NOOPS]
        begin = time.perf_counter()
        session.ask('NOOP', '200')
        times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)


def logins_beside(args, over, times):
    while not over.is_set():
        begin = time.perf_counter()
        Ftp(args.port, args.user, args.password).close()
        times.append((time.perf_counter() - begin) * 1e3)
        over.wait(0.01)


def busy_beside(args, source, _idle, rest_rss):
    """Transfers of other sessions beside the idle ones, and logins meanwhile."""
    sessions, over, times = [], threading.Event(), []
    try:
        for _ in range(args.busy):
            sessions.append(Ftp(args.port, args.user, args.password))
            sessions[-1].ask('TYPE I', '200')
        logins = threading.Thread(target=logins_beside, args=(args, over, times), daemon=True)
        logins.start()
        try:
            result = measure_transfers(args, source, sessions, 'STOR', rest_rss)
        finally:
            over.set()
            logins.join()
    finally:
        for session in sessions:
            session.close()
    return {'busy_STOR_MBps': round(result['MBps'], 1), 'login_p50_ms_while_busy': round(statistics.median(times), 2)}


def grow_sessions(args, source):
    """Memory first and transfers second, from few sessions to many: what an allocator keeps of
    transfers would hide what sessions cost."""
    steps = [{'sessions': count} for count in args.sessions]
    for measure in (cost_of_idling, busy_beside):
        for step in steps:
            sessions, rest_rss = [], rss(args.pid)
            try:
                begin = time.perf_counter()
                for _ in range(step['sessions']):
                    sessions.append(Ftp(args.port, args.user, args.password))
                step['logins_per_s'] = round(len(sessions) / (time.perf_counter() - begin), 1)
                step |= measure(args, source, sessions, rest_rss)
            except OSError as error:
                step['not_reached'] = f'at session {len(sessions)}: {error}'
            for session in sessions:
                session.close()
            await_sessions_end(args.pid)
            print(json.dumps(step), flush=True)
    return steps


def cost_of_idling(args, _source, sessions, rest_rss):
    times = noops_ms(sessions)
    return {
        'rss_kib_each': round(max(0, rss(args.pid) - rest_rss) / 1024 / len(sessions), 2),
        'rss_mib': round(rss(args.pid) / MEBIBYTE, 1),
        'threads': threads(args.pid),
        'noop_p50_ms': round(times[NOOPS // 2], 3),
        'noop_p99_ms': round(times[NOOPS * 99 // 100], 3),
    }


def await_sessions_end(pid):
    """A thread stands for each session; some others stay."""
    deadline = time.monotonic() + PATIENCE_S
    while threads(pid) > 8 and time.monotonic() < deadline:
        time.sleep(0.1)


def main():
    args = arguments()
    # In memory and without a name, so that nothing is left behind.
    source = os.memfd_create('growth-source')
    os.write(source, os.urandom(MEBIBYTE) * args.file_mebibytes)
    # The store spends its first uploads on page faults.
    session = Ftp(args.port, args.user, args.password)
    session.ask('TYPE I', '200')
    for number in range(2 * max(args.transfers)):
        session.store(f'growth-{number % max(args.transfers)}', source, args.file_mebibytes * MEBIBYTE)
    session.close()
    transfers = grow_transfers(args, source)
    args.port, args.pid = args.idle_port, args.idle_pid
    sessions = grow_sessions(args, source)
    cores = os.cpu_count()
    result = {'cores': cores, 'file_mebibytes': args.file_mebibytes, 'runs': args.runs,
              'busy_transfers': args.busy, 'transfers': transfers, 'sessions': sessions}
    (args.output / 'growth.json').write_text(json.dumps(result, indent=1) + '\n')
    (args.output / 'growth.svg').write_text(pictures.growth(result))


main()
