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


def columns_of(text):
    """Of a table that stands, by store and operation: the note of what is missing, or None."""
    lines = text.splitlines()
    notes = dict(line.split(". ", 1) for line in lines if line[:1].isdigit())
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    head, columns = rows[0] if rows else [], {}
    for place, title in enumerate(head[1:], 1):
        cells = {row[0]: row[place] for row in rows[1:]}
        columns[title] = {
            operation: None if cell == "✔" else notes[cell.strip("– ()")]
            for operation, cell in cells.items()
        }
    return columns


def column(known, store, language):
    """The same of a store that was tried: what was seen is what is known, or nothing is written."""
    limits = known["limits"].get(store, {})
    return {
        titles[language]: limits[operation][language] if operation in limits else None
        for operation, titles in known["operations"].items()
    }


def table(known, found, language, standing):
    columns = {}
    for store, title in known["stores"].items():
        if store in found:
            columns[title] = column(known, store, language)
        elif title in standing:
            columns[title] = standing[title]
    notes, rows = [], []
    for titles in known["operations"].values():
        texts = [told[titles[language]] for told in columns.values()]
        notes += [text for text in dict.fromkeys(texts) if text is not None and text not in notes]
        cells = ["✔" if text is None else f"– ({notes.index(text) + 1})" for text in texts]
        rows.append(" | ".join([f"| {titles[language]}"] + cells) + " |")
    head = " | ".join([f"| {known['corner'][language]}"] + list(columns)) + " |"
    lines = [head, "|---" * (len(columns) + 1) + "|"] + rows + [""]
    lines += [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines)


def write(known, found):
    """Columns of stores that were not tried stay as they are."""
    for language, path in (("en", DOCS / "stores.md"), ("zh", DOCS / "zh-CN" / "stores.md")):
        text = path.read_text()
        before, rest = text.split(BEGIN)
        standing, behind = rest.split(END)
        columns = table(known, found, language, columns_of(standing))
        path.write_text(f"{before}{BEGIN}\n\n{columns}\n\n{END}{behind}")


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
