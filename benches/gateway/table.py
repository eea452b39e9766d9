#!/usr/bin/env python3
"""Markdown tables from the results of one run.

  table.py DIRECTORY    with near-ours.json, far-ours.json, near-peer-NAME.json, ... of run

The first table holds the targets, what was reached, and in the same run the best peer and the
ceilings of the machine. Then one row for each server measured, near and far. A target that is a
multiple of a peer says nothing without a peer; so do all where --quick was used.
"""
import json
import pathlib
import sys

DASH = '–'


class Results:
    """The results of one run by name: near-ours, far-peer-NAME, ceiling, ..."""

    def __init__(self, directory):
        files = sorted(pathlib.Path(directory).glob('*.json'))
        self.by_name = {file.stem: json.loads(file.read_text()) for file in files}

    def value(self, name, path):
        """What stands under `path` ('stor.BIG.MBps', or a function) in the result `name`."""
        result = self.by_name.get(name)
        if result is None:
            return None
        return path(result) if callable(path) else lookup(result, path)

    def peers(self, where):
        return [name for name in self.by_name if name.startswith(f'{where}-peer-')]

    def servers(self, where):
        rest = [name for name in self.by_name if name.startswith(f'{where}-ours') or name == f'{where}-local']
        return sorted(rest, reverse=True) + self.peers(where)


def lookup(result, path):
    sizes = {key.upper(): f'{result["args"][key]}MiB' for key in ('big', 'mid')}
    for step in path.split('.'):
        result = result.get(sizes.get(step, step)) if isinstance(result, dict) else None
    return result


def above_base(path):
    """The peak RSS of a scenario less what the server held at first, MiB."""

    def value(result):
        peak = lookup(result, f'{path}.peak_rss_mib')
        return None if peak is None else max(0, peak - min(all_values(result, 'start_rss_mib')))

    return value


def all_values(result, name):
    """Every value of that name, however deep."""
    if isinstance(result, list):
        result = dict(enumerate(result))
    if not isinstance(result, dict):
        return
    for key, value in result.items():
        if key == name:
            yield value
        yield from all_values(value, name)


def tail_ratio(path):
    def value(result):
        found = lookup(result, path)
        return found['p99_ms'] / found['p50_ms'] if isinstance(found, dict) and found.get('p50_ms') else None

    return value


def first_cold(path):
    def value(result):
        runs = (lookup(result, path) or {}).get('runs') or [{}]
        return runs[0].get('first_ms')

    return value


def per_command(path, operation):
    """Requests of one kind at the store for each FTP command."""

    def value(result):
        found = lookup(result, path)
        if not isinstance(found, dict) or not found.get('s3') or not found.get('n'):
            return None
        return found['s3'].get(operation, 0) / found['n']

    return value


def pss_idle(result):
    found = [value.get('pss_kib_per_session') for value in result.get('idle', {}).values()]
    found = [value for value in found if value is not None]
    return max(found, default=None)


def milliseconds(path):
    def value(result):
        seconds = lookup(result, path)
        return None if seconds is None else seconds * 1000

    return value


# Result, case, unit, where the value stands, the bound: 'min' and 'max' are the value's own,
# 'peer' is the least multiple of the best peer, 'least' the largest share of the least of the peers,
# None is for what has no target.
TARGETS = [
    ('near-ours', 'STOR 1 GiB', 'MB/s', 'stor.BIG.MBps', 'peer', 1.8),
    ('near-ours', 'STOR 1 GiB', 'CPU-s per GiB', 'stor.BIG.cpu_s_per_GiB', 'max', 0.65),
    ('near-ours', 'STOR 1 GiB', 'RSS above base, MiB', above_base('stor.BIG'), 'max', 28),
    ('near-ours', 'STOR 1 GiB', 'last byte to 226, ms', milliseconds('stor.BIG.gap226_s'), 'max', 50),
    ('near-ours', 'RETR 1 GiB', 'MB/s', 'retr.BIG.MBps', 'peer', 1.5),
    ('near-ours', 'RETR 1 GiB', 'CPU-s per GiB', 'retr.BIG.cpu_s_per_GiB', 'max', 0.5),
    ('near-ours', '8 × STOR 128 MiB', 'MB/s', 'conc.stor.MBps', 'peer', 1.2),
    ('near-ours', '8 × STOR 128 MiB', 'CPU-s per GiB', 'conc.stor.cpu_s_per_GiB', 'max', 0.8),
    ('near-ours', '8 × STOR 128 MiB', 'RSS above base, MiB', above_base('conc.stor'), 'max', 192),
    ('near-ours', '8 × RETR 128 MiB', 'MB/s', 'conc.retr.MBps', 'peer', 1.2),
    ('near-ours', '8 × RETR 128 MiB', 'CPU-s per GiB', 'conc.retr.cpu_s_per_GiB', 'max', 0.55),
    ('near-ours', 'STOR 4 KiB', 'per s', 'small.stor.ops_s', 'peer', 2),
    ('near-ours', 'STOR 4 KiB', 'p99 / p50', tail_ratio('small.stor'), 'max', 5),
    ('near-ours', 'STOR 4 KiB', 'PUT each', per_command('small.stor', 'Put'), 'max', 1),
    ('near-ours', 'RETR 4 KiB', 'per s', 'small.retr.ops_s', 'peer', 2),
    ('near-ours', 'RETR 4 KiB', 'p99 / p50', tail_ratio('small.retr'), 'max', 5),
    ('near-ours', 'RETR 4 KiB', 'GET each', per_command('small.retr', 'Get'), 'max', 1),
    ('near-ours', 'camera, 32 at once', 'pictures per s', 'camera.ops_s', 'peer', 2.5),
    ('near-ours', 'camera, 32 at once', 'CPU, ms each', 'camera.cpu_ms_each', 'least', 0.8),
    ('near-ours', 'camera, 32 at once', 'p99, ms', 'camera.p99_ms', 'least', 1),
    ('near-ours', 'LIST of 10,000, cold', 'first byte, ms', first_cold('list.d10k LIST'), 'max', 10),
    ('near-ours', 'LIST of 10,000, cold', 'whole, ms', 'list.d10k LIST.cold_total_ms', 'max', 60),
    ('near-ours-cold', 'SIZE, nothing remembered', 'per s', 'meta.SIZE.ops_s', 'peer', 1.3),
    ('near-ours-cold', 'SIZE, nothing remembered', 'HEAD each', per_command('meta.SIZE', 'Head'), 'max', 1),
    ('near-ours-cold', 'MDTM, nothing remembered', 'per s', 'meta.MDTM.ops_s', 'peer', 1.3),
    ('near-ours-cold', 'MDTM, nothing remembered', 'HEAD each', per_command('meta.MDTM', 'Head'), 'max', 1),
    ('near-ours', 'logins', 'per s', 'login.per_s', 'peer', 1),
    ('near-ours', 'idle session', 'PSS, KiB', pss_idle, 'max', 40),
    ('near-ours', 'NOOP while another session sends', 'p99, ms', 'stall.stor.noop.p99_ms', None, None),
    ('far-ours', 'STOR 256 MiB, defaults', 'MB/s', 'stor.MID.MBps', 'min', 160),
    ('far-ours8', 'STOR 256 MiB, 8 threads, 64 MiB', 'MB/s', 'stor.MID.MBps', 'min', 165),
    ('far-ours', 'STOR 256 MiB', 'last byte to 226, ms', milliseconds('stor.MID.gap226_s'), 'max', 400),
    ('far-ours', 'RETR 256 MiB, defaults', 'MB/s', 'retr.MID.MBps', 'min', 170),
    ('far-ours8', 'RETR 256 MiB, 8 threads', 'MB/s', 'retr.MID.MBps', 'min', 170),
    ('far-ours', 'STOR 4 KiB', 'p50, ms', 'small.stor.p50_ms', 'max', 34),
    ('far-ours', 'RETR 4 KiB', 'p50, ms', 'small.retr.p50_ms', 'max', 34),
    ('far-ours', '8 × STOR 32 MiB', 'MB/s', 'conc.stor.MBps', 'peer', 1.1),
    ('far-ours', '8 × RETR 32 MiB', 'MB/s', 'conc.retr.MBps', 'peer', 1.1),
    ('far-ours', 'SIZE after a listing', 'per s', 'listed.SIZE.ops_s', 'min', 5000),
    ('far-ours', 'MDTM after a listing', 'per s', 'listed.MDTM.ops_s', 'min', 5000),
    ('far-ours', 'LIST of 10,000, cold', 'first byte, ms', first_cold('list.d10k LIST'), 'max', 80),
    # Ten round trips of 30 ms and 80 ms more.
    ('far-ours', 'LIST of 10,000, cold', 'whole, ms', 'list.d10k LIST.cold_total_ms', 'max', 380),
    ('far-ours', 'NOOP while another session sends', 'p99, ms', 'stall.stor.noop.p99_ms', 'max', 3),
]


def other_cpu(path):
    """Where the CPU seconds of others stand for the value at `path`; the path of its scenario."""
    if callable(path):
        return None
    scenario = path.rsplit('.', 1)[0]
    return f'{scenario}.other_cpu_s'


def number(value):
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f'{value:,.{digits}f}'


def best_peer(results, where, path, kind):
    """The best of the others, which is compared where the target is a multiple of it, and shown beside times and
    CPU seconds, since those are the machine's as much as the server's."""
    is_shown = kind in ('peer', 'least') or isinstance(path, str) and path.endswith(('cpu_s_per_GiB', 'cold_total_ms'))
    if not is_shown:
        return None, None
    values = [(results.value(name, path), name) for name in results.peers(where)]
    # 0 is what the kernel's clock makes of the small sizes of --quick.
    values = [(value, name) for value, name in values if value]
    return (max if kind == 'peer' else min)(values, default=(None, None))


def ceilings(results, name, path):
    """What the store alone and a local FTP server reach, or take of CPU time: for the large transfers next
    door, and for the pages of a listing far away."""
    if (name, path) == ('far-ours', 'list.d10k LIST.cold_total_ms'):
        alone = (results.by_name.get('ceiling-far') or {}).get('pages_ms')
        return f'store {number(alone)}' if alone else DASH
    if name == 'near-ours' and path in ('stor.BIG.cpu_s_per_GiB', 'retr.BIG.cpu_s_per_GiB'):
        local = results.value('near-local', path)
        return f'local FTP {number(local)}' if local else DASH
    if name != 'near-ours' or path not in ('stor.BIG.MBps', 'retr.BIG.MBps'):
        return DASH
    alone = (results.by_name.get('ceiling') or {}).get('put_MBps' if path.startswith('stor') else 'get_MBps')
    local = results.value('near-local', path)
    found = [f'{what} {number(value)}' for what, value in (('store', alone), ('local FTP', local)) if value]
    return ', '.join(found) or DASH


def target_row(results, target):
    name, case, unit, path, kind, bound = target
    value = results.value(name, path)
    if value is None:
        return None
    where = name.split('-')[0]
    rival, rival_name = best_peer(results, where, path, kind)
    if kind is None:
        wanted, met = DASH, None
    elif kind == 'peer':
        wanted, met = f'≥ {bound} × best peer', None if rival is None else value >= bound * rival
    elif kind == 'least':
        wanted, met = f'≤ {bound} × least peer', None if rival is None else value <= bound * rival
    elif kind == 'min':
        wanted, met = f'≥ {number(bound)}', value >= bound
    else:
        # What is printed decides: 1.0004 requests are measured as 1.
        wanted, met = f'≤ {number(bound)}', round(value, 3) <= bound
    peer = DASH
    if rival is not None:
        peer = f'{number(rival)} ({rival_name.split("-peer-")[1]}, {value / rival:.2f} ×)'
    other = other_cpu(path)
    others = number(results.value(name, other)) if other else DASH
    verdict = {None: '', True: 'yes', False: '**no**'}[met]
    return [where, case, unit, number(value), wanted, verdict, peer, ceilings(results, name, path), others]


def print_table(heads, rows):
    print('| ' + ' | '.join(heads) + ' |')
    print('|' + '---|' * len(heads))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
    print()


def print_targets(results):
    rows = [row for row in (target_row(results, target) for target in TARGETS) if row]
    print_table(['store', 'case', 'unit', 'reached', 'target', 'met', 'best peer', 'ceiling', 'other_cpu_s'], rows)


def transfer(result, path):
    """MB/s / CPU-s per GiB / peak RSS MiB, and what was wrong with it."""
    found = lookup(result, path)
    if not isinstance(found, dict):
        return DASH
    if 'MBps' not in found:
        return '**failed**'
    runs = found.get('runs', [])
    sums = [run.get('sha_ok', True) for run in runs] + found.get('sha_ok', [])
    wrong = '' if all(sums) else ' **wrong bytes**'
    late = '' if all(run.get('complete_at_226') is not False for run in runs) else ' **226 too early**'
    errors = f' **{len(found["errors"])} failed**' if found.get('errors') else ''
    return ' / '.join(number(found[key]) for key in ('MBps', 'cpu_s_per_GiB', 'peak_rss_mib')) + wrong + late + errors


def rate(result, path):
    """Per second, p50 and p99 in milliseconds."""
    found = lookup(result, path)
    if not isinstance(found, dict):
        return DASH
    if 'p50_ms' not in found:
        return '**failed**'
    per_second = found.get('ops_s', found.get('per_s'))
    wrong = ' **wrong bytes**' if found.get('sha_bad') else ''
    return f'{number(per_second)} / {number(found["p50_ms"])} / {number(found["p99_ms"])}{wrong}'


def camera(result, path):
    """Pictures per second, p50 and p99 in milliseconds, CPU milliseconds of each."""
    found = lookup(result, path)
    if not isinstance(found, dict):
        return DASH
    failed = f' **{found["failed"]} failed**' if found.get('failed') else ''
    return f'{rate(result, path)} / {number(found["cpu_ms_each"])}{failed}'


def listing(result, path):
    """Milliseconds of the first listing, and the median."""
    found = lookup(result, path)
    if not isinstance(found, dict):
        return DASH
    if found.get('total_ms') is None:
        return '**failed**'
    wrong = '' if found['count_ok'] else ' **wrong entries**'
    return f'{number(found["cold_total_ms"])} ({number(found["total_ms"])}){wrong}'


def connections(result, path):
    """Requests and new connections at the store, in the last of the runs."""
    found = lookup(result, path)
    if not isinstance(found, dict):
        return DASH
    last = (found.get('runs') or [found])[-1]
    counts = dict(last.get('s3') or {})
    counts.pop('uploads_open', None)
    # The load generator reads the counts, and looks whether what was sent is there.
    its_own = 2 if 'complete_at_226' in last else 1
    new = max(0, counts.pop('conns', 0) - its_own)
    return f'{sum(counts.values())} / {new}' if counts else DASH


COLUMNS = [
    ('STOR large: MB/s / CPU-s per GiB / peak RSS MiB', transfer, 'stor.BIG'),
    ('RETR large', transfer, 'retr.BIG'),
    ('STOR middle', transfer, 'stor.MID'),
    ('RETR middle', transfer, 'retr.MID'),
    ('8 × STOR', transfer, 'conc.stor'),
    ('8 × RETR', transfer, 'conc.retr'),
    ('STOR 4 KiB: per s / p50 / p99 ms', rate, 'small.stor'),
    ('RETR 4 KiB', rate, 'small.retr'),
    ('logins', rate, 'login'),
    ('camera: per s / p50 / p99 ms / CPU ms each', camera, 'camera'),
    ('SIZE', rate, 'meta.SIZE'),
    ('MDTM', rate, 'meta.MDTM'),
    ('CWD', rate, 'meta.CWD'),
    ('LIST of 10,000, ms: first (median)', listing, 'list.d10k LIST'),
    ('MLSD of 10,000', listing, 'list.d10k MLSD'),
    ('LIST of 1,000', listing, 'list.d1k LIST'),
    ('STOR large: requests / new connections', connections, 'stor.BIG'),
    ('STOR middle', connections, 'stor.MID'),
    ('RETR middle', connections, 'retr.MID'),
    ('all STOR 4 KiB', connections, 'small.stor'),
    ('all RETR 4 KiB', connections, 'small.retr'),
    ('all pictures', connections, 'camera'),
]

# Columns that stand in one table, so that it fits a page.
GROUPS = [COLUMNS[:6], COLUMNS[6:13], COLUMNS[13:16], COLUMNS[16:]]


def print_servers(results, where):
    servers = [results.by_name[name] for name in results.servers(where)]
    if not servers:
        return
    print(f'Store {where}:\n')
    for group in GROUPS:
        rows = [[cell(result, path) for _, cell, path in group] for result in servers]
        kept = [i for i in range(len(group)) if any(row[i] != DASH for row in rows)]
        if kept:
            body = [[result['label']] + [row[i] for i in kept] for result, row in zip(servers, rows)]
            print_table(['server'] + [group[i][0] for i in kept], body)


def main():
    results = Results(sys.argv[1])
    sizes = [result['args'] for result in results.by_name.values() if 'args' in result]
    if any(size['mid'] not in (0, 256) for size in sizes):
        print('The sizes are smaller than the cases say (--quick): no figure here counts.\n')
    print_targets(results)
    for where in ('near', 'https', 'far'):
        print_servers(results, where)


main()
