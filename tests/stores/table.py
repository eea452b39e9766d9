"""Compares the results of tests/stores/run with known.json, and writes the tables of docs/stores.md.

    table.py RESULTS [--write]
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent.parent / "docs"
BEGIN, END = "<!-- tests/stores/run writes this -->", "<!-- to here -->"


def results(directory):
    found = {}
    for path in pathlib.Path(directory).glob("*.jsonl"):
        lines = map(json.loads, path.read_text().splitlines())
        found[path.stem] = {line["operation"]: line["why"] for line in lines}
    return found


def table(known, found, language):
    stores = [store for store in known["stores"] if store in found]
    notes, rows = [], []
    for operation, titles in known["operations"].items():
        cells = []
        for store in stores:
            limit = known["limits"].get(store, {}).get(operation)
            if limit is None:
                cells.append("✔")
                continue
            text = limit[language]
            if text not in notes:
                notes.append(text)
            cells.append(f"– ({notes.index(text) + 1})")
        rows.append(" | ".join([f"| {titles[language]}"] + cells) + " |")
    head = " | ".join([f"| {known['corner'][language]}"] + [known["stores"][store] for store in stores])
    lines = [head + " |", "|---" * (len(stores) + 1) + "|"] + rows + [""]
    lines += [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines)


def write(known, found):
    for language, path in (("en", DOCS / "stores.md"), ("zh", DOCS / "zh-CN" / "stores.md")):
        text = path.read_text()
        before, rest = text.split(BEGIN)
        _, behind = rest.split(END)
        path.write_text(f"{before}{BEGIN}\n\n{table(known, found, language)}\n\n{END}{behind}")


def main():
    known, found = json.loads((HERE / "known.json").read_text()), results(sys.argv[1])
    wrong = 0
    for store, operations in found.items():
        limits = known["limits"].get(store, {})
        for operation, why in operations.items():
            if why is not None and operation not in limits:
                print(f"{store}: {operation} FAILED: {why}")
                wrong += 1
            if why is None and operation in limits:
                print(f"{store}: {operation} works, and is known not to")
                wrong += 1
        for operation in known["operations"].keys() - operations.keys():
            print(f"{store}: {operation} was not tried")
            wrong += 1
    if "--write" in sys.argv and not wrong:
        write(known, found)
    sys.exit(1 if wrong else 0)


main()
