#!/usr/bin/env python3
"""Draws growth.svg from the figures in growth.json, and peers.svg from the table of speed in
docs/memory-and-speed.md. It measures nothing. Standard library only.
"""
import argparse
import html
import json
import math
import pathlib
import re

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 300, 215, 52, 39, 24, 40
COLOURS = ['#1f77b4', '#d62728']


def series(steps, x, *path):
    points = []
    for step in steps:
        value = step
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            points.append((step[x], value))
    return points


def nice_ceiling(value):
    """The next of 1, 2, 5, 10, ... above."""
    power = 1e-3
    while True:
        for factor in (1, 2, 5):
            if factor * power >= value:
                return factor * power
        power *= 10


def linear(points):
    """From 0 up: the values at the lines of the grid, and where between bottom (0) and top (1) one stands."""
    most = nice_ceiling(max(points))
    return [most * part / 4 for part in range(5)], lambda value: value / most


def logarithmic(points):
    """As `linear`, from power of ten to power of ten: what grows with the ticks, which are apart by a
    factor, is a straight line."""
    least, most = math.floor(math.log10(min(points))), math.ceil(math.log10(max(points)))
    return [10**power for power in range(least, most + 1)], lambda value: (math.log10(value) - least) / (most - least)


def chart(title, x_name, ticks, lines, column, row, scale=linear, each=None):
    """One diagram: `ticks` side by side, as far apart as their logarithms; `lines` as (name, points);
    `each` is written in: what one more of them costs."""
    left, top = column * WIDTH + LEFT, row * HEIGHT + TOP
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    grid, place = scale([value for _, points in lines for _, value in points] or [1, 10])
    across = lambda tick: left + width * math.log(tick / ticks[0]) / (math.log(ticks[-1] / ticks[0]) or 1)
    up = lambda value: top + height * (1 - place(value))
    out = [f'<text x="{left}" y="{top - 18}" class="title">{title}</text>']
    for value in grid:
        out.append(f'<path d="M{left} {up(value):.1f}h{width}" class="grid"/>')
        out.append(f'<text x="{left - 6}" y="{up(value) + 3:.1f}" text-anchor="end">{value:,.10g}</text>')
    for tick in ticks:
        out.append(f'<text x="{across(tick):.1f}" y="{top + height + 14}" text-anchor="middle">{tick:,}</text>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 29}" text-anchor="middle">{x_name}</text>')
    for number, (name, points) in enumerate(lines):
        colour = COLOURS[number]
        path = ' '.join(f'{across(x):.1f},{up(value):.1f}' for x, value in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{across(x):.1f}" cy="{up(value):.1f}" r="3" fill="{colour}"/>' for x, value in points]
        if len(lines) > 1:
            at = left + width - 38 * (len(lines) - number - 1)
            out.append(f'<text x="{at}" y="{top - 18}" text-anchor="end" style="fill:{colour}">{name}</text>')
    if each:
        out.append(f'<text x="{left}" y="{top - 5}" class="each">{each}</text>')
    return '\n'.join(out)


def cost_of_one(points):
    """By the first and the last of them: the slope."""
    (few, less), (many, more) = points[0], points[-1]
    return (more - less) / (many - few)


def growth(result):
    """What growth.json holds, as a picture."""
    transfers, sessions = result['transfers'], result['sessions']
    in_transfers = lambda key: [(way, series(transfers, 'transfers', way, key)) for way in ('STOR', 'RETR')]
    in_sessions = lambda key: [(key, series(sessions, 'sessions', key))]
    counts, held = [step['transfers'] for step in transfers], [step['sessions'] for step in sessions]
    stored, fetched = (cost_of_one(points) for _, points in in_transfers('rss_above_rest_mib'))
    idle_kib = cost_of_one(in_sessions('rss_mib')[0][1]) * 1024
    charts = [
        chart('MB/s', 'transfers at once', counts, in_transfers('MBps'), 0, 0),
        chart('CPU-s per GiB', 'transfers at once', counts, in_transfers('cpu_s_per_GiB'), 1, 0),
        chart('extra memory, MiB', 'transfers at once', counts, in_transfers('rss_above_rest_mib'), 2, 0,
              logarithmic, f'log-log; {stored:.1f} and {fetched:.1f} MiB for each transfer'),
        chart('MB/s of other sessions', 'idle sessions', held, in_sessions('busy_STOR_MBps'), 0, 1),
        chart('NOOP p99, ms', 'idle sessions', held, in_sessions('noop_p99_ms'), 1, 1),
        chart('memory, MiB', 'idle sessions', held, in_sessions('rss_mib'), 2, 1,
              logarithmic, f'log-log; {idle_kib:.0f} KiB for each session'),
    ]
    return drawing(3 * WIDTH, 2 * HEIGHT, charts)


def drawing(width, height, parts):
    style = 'text{font:11px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}'
    style += '.each{fill:#666}.inside{fill:#fff}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<style>{style}</style>\n<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + '\n'.join(parts)
        + '\n</svg>\n'
    )


# What counts in a cell of the table: a number, or several of one unit.
FIGURES = re.compile(r'([\d,]+(?:, [\d,]+)*) (MB/s|a second|MiB)')
BAR, GAP, NAMES, LONGEST = 16, 14, 150, 600


def figures(cell):
    """Numbers, their unit, and what each was measured with: what stands between it and the one before."""
    numbers, unit, conditions, end = [], '', [], 0
    for found in FIGURES.finditer(cell):
        unit, condition = found[2], cell[end : found.start()].strip(' ;') if numbers else ''
        some = [int(text.replace(',', '')) for text in found[1].split(', ')]
        numbers, conditions, end = numbers + some, conditions + [condition] * len(some), found.end()
    return numbers, unit, conditions


def table(page):
    """The rows of the table of speed: what was done, this server's cell, the best peer's."""
    rows = page.split('| | this server | best peer |\n|---|---|---|\n')[1].split('\n\n')[0]
    return [[cell.strip() for cell in row.strip('| ').split(' | ')] for row in rows.splitlines()]


def bars(what, ours, theirs):
    """The bars of a row of the table: whose, how long, in what unit, and what it was measured with. What the row
    names behind a colon (`up, down`) stands in pairs."""
    numbers, unit, conditions = figures(ours)
    others, _, _ = figures(theirs)
    peer = re.split(r' [\d]', theirs)[0]
    if any(conditions):
        conditions[0] = 'with the usual settings'
    note = re.search(r'\((.*)\)', theirs)
    ways = what.split(': ')[1].split(', ') if ': ' in what else []
    named = lambda name, number: f'{name}, {ways[number]}' if ways else name
    own = [(named('this server', number), numbers[number], unit, conditions[number], COLOURS[0])
           for number in range(len(numbers))]
    best = [(named(peer, number), others[number], unit, note[1] if note else '', COLOURS[1])
            for number in range(len(others))]
    return [bar for pair in zip(own, best) for bar in pair] if ways else own + best


def peers(page):
    """Bars for each row of the table of speed; the longest of a row is as long as there is room."""
    parts, top = [], GAP
    for what, ours, theirs in table(page):
        row = bars(what, ours, theirs)
        most = max(number for _, number, *_ in row)
        better = 'less' if row[0][2] == 'MiB' else 'more'
        parts.append(f'<text x="{GAP}" y="{top + 12}" class="title">{plain(what)}'
                     f' <tspan font-weight="normal">({better} is better)</tspan></text>')
        top += 20
        for name, number, unit, condition, colour in row:
            length = LONGEST * number / most
            parts.append(f'<text x="{NAMES - 8}" y="{top + 12}" text-anchor="end">{plain(name)}</text>')
            parts.append(f'<rect x="{NAMES}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>')
            parts.append(f'<text x="{NAMES + length + 6:.1f}" y="{top + 12}">{number:,} {unit}</text>')
            if condition:
                parts.append(f'<text x="{NAMES + 8}" y="{top + 12}" class="inside">{plain(condition)}</text>')
            top += BAR
        top += GAP
    return drawing(3 * WIDTH, top, parts)


def plain(text):
    """What Markdown writes, for the picture."""
    return html.escape(text.replace(chr(96), ''))


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=pathlib.Path, default=root / 'benches')
    output = parser.parse_args().output
    (output / 'growth.svg').write_text(growth(json.loads((root / 'benches/growth.json').read_text())))
    (output / 'peers.svg').write_text(peers((root / 'docs/memory-and-speed.md').read_text()))


if __name__ == '__main__':
    main()
