#!/usr/bin/env python3
"""Draws growth.svg from the figures in growth.json, and peers.svg from the table of speed in
docs/memory-and-speed.md. It measures nothing. Standard library only.
"""
import argparse
import html
import json
import pathlib
import re

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 300, 210, 52, 34, 24, 40
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


def chart(title, x_name, ticks, lines, column, row, each=None):
    """One diagram: `ticks` side by side, `lines` as (name, points) from 0 up;
    `each` is written in: what one more of them costs."""
    left, top = column * WIDTH + LEFT, row * HEIGHT + TOP
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    most = nice_ceiling(max((value for _, points in lines for _, value in points), default=1))
    across = {tick: left + width * place / max(1, len(ticks) - 1) for place, tick in enumerate(ticks)}
    up = lambda value: top + height * (1 - value / most)
    out = [f'<text x="{left}" y="{top - 14}" class="title">{title}</text>']
    for part in range(5):
        value = most * part / 4
        out.append(f'<path d="M{left} {up(value):.1f}h{width}" class="grid"/>')
        out.append(f'<text x="{left - 6}" y="{up(value) + 3:.1f}" text-anchor="end">{value:,.10g}</text>')
    for tick, x in across.items():
        out.append(f'<text x="{x:.1f}" y="{top + height + 14}" text-anchor="middle">{tick:,}</text>')
    out.append(f'<text x="{left + width / 2}" y="{top + height + 29}" text-anchor="middle">{x_name}</text>')
    for number, (name, points) in enumerate(lines):
        colour = COLOURS[number]
        path = ' '.join(f'{across[x]:.1f},{up(value):.1f}' for x, value in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{across[x]:.1f}" cy="{up(value):.1f}" r="3" fill="{colour}"/>' for x, value in points]
        if len(lines) > 1:
            at = left + width - 38 * (len(lines) - number - 1)
            out.append(f'<text x="{at}" y="{top - 14}" text-anchor="end" style="fill:{colour}">{name}</text>')
    if each:
        out.append(f'<text x="{left + 8}" y="{top + 12}" class="each">{each}</text>')
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
        chart('memory above rest, MiB', 'transfers at once', counts, in_transfers('rss_above_rest_mib'), 2, 0,
              f'{stored:.1f} and {fetched:.1f} MiB for each transfer'),
        chart('MB/s of other sessions', 'idle sessions', held, in_sessions('busy_STOR_MBps'), 0, 1),
        chart('NOOP p99, ms', 'idle sessions', held, in_sessions('noop_p99_ms'), 1, 1),
        chart('memory, MiB', 'idle sessions', held, in_sessions('rss_mib'), 2, 1,
              f'{idle_kib:.0f} KiB for each session'),
    ]
    return drawing(3 * WIDTH, 2 * HEIGHT, charts)


def drawing(width, height, parts):
    style = 'text{font:11px sans-serif;fill:#333}.title{font-weight:bold}.grid{stroke:#ddd}.each{fill:#666}'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f'<style>{style}</style>\n<rect width="{width}" height="{height}" fill="#fff"/>\n'
        + '\n'.join(parts)
        + '\n</svg>\n'
    )


# What counts in a cell of the table: a number, or several of one unit.
FIGURES = re.compile(r'([\d,]+(?:, [\d,]+)*) (MB/s|a second|MiB)')
BAR, GAP, NAMES, LONGEST = 16, 14, 120, 660


def figures(cell):
    """Numbers and their unit."""
    numbers, unit = [], ''
    for texts, unit in FIGURES.findall(cell):
        numbers += [int(text.replace(',', '')) for text in texts.split(', ')]
    return numbers, unit


def table(page):
    """The rows of the table of speed: what was done, this server's cell, the best peer's."""
    rows = page.split('| | this server | best peer |\n|---|---|---|\n')[1].split('\n\n')[0]
    return [[cell.strip() for cell in row.strip('| ').split(' | ')] for row in rows.splitlines()]


def peers(page):
    """Bars for each row of the table of speed; the longest of a row is as long as there is room."""
    parts, top = [], GAP
    for what, ours, theirs in table(page):
        numbers, unit = figures(ours)
        others, _ = figures(theirs)
        peer = re.split(r' [\d]', theirs)[0]
        bars = [('this server', number, COLOURS[0]) for number in numbers]
        bars += [(peer, number, COLOURS[1]) for number in others]
        if len(numbers) == len(others):
            half = len(numbers)
            bars = [bar for number in range(half) for bar in (bars[number], bars[half + number])]
        most = max(number for _, number, _ in bars)
        parts.append(f'<text x="{GAP}" y="{top + 12}" class="title">{html.escape(what.replace(chr(96), ""))}</text>')
        top += 20
        for name, number, colour in bars:
            length = LONGEST * number / most
            parts.append(f'<text x="{NAMES - 8}" y="{top + 12}" text-anchor="end">{html.escape(name)}</text>')
            parts.append(f'<rect x="{NAMES}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>')
            parts.append(f'<text x="{NAMES + length + 6:.1f}" y="{top + 12}">{number:,} {unit}</text>')
            top += BAR
        top += GAP
    return drawing(3 * WIDTH, top, parts)


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--output', type=pathlib.Path, default=root / 'benches')
    output = parser.parse_args().output
    (output / 'growth.svg').write_text(growth(json.loads((root / 'benches/growth.json').read_text())))
    (output / 'peers.svg').write_text(peers((root / 'docs/memory-and-speed.md').read_text()))


if __name__ == '__main__':
    main()
