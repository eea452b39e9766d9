"""Tells what failed in the results of tests/resumed/run, and writes the tables of docs/reliability.md.

    table.py RESULTS [--write]
"""

import json
import pathlib
import re
import subprocess
import sys

from clients import all_clients

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"
BEGIN, END = "<!-- tests/resumed/run writes this -->", "<!-- to here -->"
MIB = 1 << 20
WORDS = {
    "en": {
        "client": "Client",
        "cuts": {"client": "client killed", "server": "server killed", "store": "store away"},
        "again": "sent again, MiB: {middle}, at most {most}",
    },
    "zh": {
        "client": "客户端",
        "cuts": {"client": "客户端被终止", "server": "服务器被终止", "store": "存储端离线"},
        "again": "重传 {middle} MiB，最多 {most}",
    },
}


def results(directory):
    found = {}
    for path in sorted(pathlib.Path(directory).glob("*.jsonl")):
        found[path.stem] = [json.loads(line) for line in path.read_text().splitlines()]
    return found


def version(client):
    if len(client.version) == 1:
        return client.version[0]
    told = subprocess.run(client.version, capture_output=True, text=True).stdout
    words = told.replace("|", " ").split()
    word = next(word for word in words if any(sign.isdigit() for sign in word)).lstrip("v")
    # Without what Debian puts around it.
    return re.split("[-+]", word.split(":")[-1])[0]


def cell(trials, words):
    again = sorted(trial["sent_again"] for trial in trials if trial["how"] == "again")
    middle, most = again[len(again) // 2] / MIB, again[-1] / MIB
    good = sum(not trial["why"] for trial in trials)
    told = words["again"].format(middle=f"{middle:.1f}", most=f"{most:.1f}")
    return f"{good} / {len(trials)}; {told}"


def table(found, language):
    words, clients = WORDS[language], all_clients()
    names = [name for name in clients if name in found]
    lines = [
        " | ".join([f"| {words['client']}", *words["cuts"].values()]) + " |",
        "|---" * (1 + len(words["cuts"])) + "|",
    ]
    for name in names:
        cells = [
            cell([trial for trial in found[name] if trial["cut"] == cut], words)
            for cut in words["cuts"]
        ]
        lines.append(" | ".join([f"| {clients[name].name} {version(clients[name])}", *cells]) + " |")
    return "\n".join(lines)


def write(found):
    for language, path in (("en", DOCS / "reliability.md"), ("zh", DOCS / "zh-CN/reliability.md")):
        text = path.read_text()
        before, rest = text.split(BEGIN)
        _, behind = rest.split(END)
        path.write_text(f"{before}{BEGIN}\n\n{table(found, language)}\n\n{END}{behind}")


def main():
    found, wrong = results(sys.argv[1]), 0
    for name, trials in found.items():
        for trial in trials:
            if trial.get("why"):
                print(f"{name} FAILED: {json.dumps(trial)}")
                wrong += 1
    if "--write" in sys.argv:
        write(found)
    sys.exit(1 if wrong else 0)


main()
