"""Compares the results of tests/clients-all/run with known.json, and writes the table of docs/clients.md.

    table.py RESULTS [--write]
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent.parent / "docs"
BEGIN, END = "<!-- tests/clients-all/run writes this -->", "<!-- to here -->"
CASES = ["works", "ftps", "refused", "reset", "killed", "late"]
EVERYTHING = "put list get rename delete"
WORDS = {
    "en": {
        "head": ["Client", "Does", "FTPS", "After a refusal", "After a reset", "Server killed",
                 "Late reply", "What to set, what to know"],
        "put": "stores", "list": "lists", "get": "fetches", "rename": "renames", "delete": "deletes",
        "look": "looks whether the server greets",
        "everything": "everything", "later": "files appear later", "join": ", ", "and": "; ", "or": " or ",
        "told": "says so", "silent": "**claims success**", "hangs": "hangs",
        "tries": "tries {} times", "stuck": "the next file fails", "may-stick": "the next file may fail",
        "again": "sends it again", "again-get": "fetches it again",
        "told-part": "says so; a part is there", "silent-part": "**claims success**; a part is there",
        "told-but-whole": "says so, though it is there",
        "waits": "waits", "leaves": "**does not wait**", "gives-up": "gives up",
    },
    "zh": {
        "head": ["客户端", "功能", "FTPS", "被拒绝之后", "连接重置之后", "服务器被终止",
                 "回复延迟", "设置与说明"],
        "put": "上传", "list": "列目录", "get": "下载", "rename": "重命名", "delete": "删除",
        "look": "检查服务器是否发出欢迎信息",
        "everything": "全部", "later": "文件稍后出现", "join": "、", "and": "；", "or": "，或",
        "told": "报告失败", "silent": "**声称成功**", "hangs": "无响应",
        "tries": "尝试 {} 次", "stuck": "下一个文件也失败", "may-stick": "下一个文件可能失败",
        "again": "自动重传", "again-get": "自动重新下载",
        "told-part": "报告失败；留下一部分", "silent-part": "**声称成功**；只有一部分",
        "told-but-whole": "报告失败，但文件已存好",
        "waits": "等待", "leaves": "**不等待**", "gives-up": "放弃",
    },
}


def code(seen):
    """What was seen of a case, as known.json has it."""
    is_stuck = str(seen.get("next", "")).startswith("fails")
    return seen["seen"] + (" stuck" if is_stuck else "")


def does(seen, words):
    able = [word for word in seen.split() if word != "later"]
    text = words["join"].join(words[word] for word in able)
    text = words["everything"] if " ".join(able) == EVERYTHING else text
    return text + (words["and"] + words["later"] if seen.endswith("later") else "")


def outcome(key, after, seen, can_put, words):
    """A code of known.json, in words; `after` tells of the file that follows."""
    key = "again-get" if key == "again" and not can_put else key
    parts = [words[key]]
    if seen.get("asked", 1) > 1:
        parts.append(words["tries"].format(seen["asked"]))
    if after:
        parts.append(words[after])
    return words["and"].join(parts)


def cell(case, seen, known, can_put, words):
    """What is to be expected, of which this run has seen one."""
    if seen["seen"] in ("none", "nothing") or (case == "ftps" and seen["why"]):
        return "–"
    if case == "works":
        return does(seen["seen"], words)
    if case == "ftps":
        return "✔"
    texts = []
    for key in dict.fromkeys(what.split()[0] for what in codes(known)):
        is_stuck, is_not = f"{key} stuck" in codes(known), key in codes(known)
        after = ("may-stick" if is_not else "stuck") if is_stuck else None
        texts.append(outcome(key, after, seen, can_put, words))
    return words["or"].join(texts)


def codes(known):
    """Several where chance decides."""
    return known if isinstance(known, list) else [known]


def row(about, result, language):
    words, cases, expect = WORDS[language], result["cases"], about["expect"]
    can_put = "put" in cases["works"]["seen"]
    cells = [
        cell(case, cases[case], expect.get(case, code(cases[case])), can_put, words)
        for case in CASES
    ]
    return " | ".join([f"| {about['name']} {result['version']}", *cells, about[language]]) + " |"


def rows_of(text):
    """The rows of a table that stands, by the names of their clients, which a version follows."""
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return {line[2:].split(" | ")[0].rpartition(" ")[0]: line for line in rows}


def table(known, found, language, standing):
    """The row of each client that was tried; and that of each which was not asked for, as it stands."""
    words = WORDS[language]
    lines = [" | ".join(["| " + words["head"][0], *words["head"][1:]]) + " |",
             "|---" * len(words["head"]) + "|"]
    for key, about in known.items():
        if "cases" in found.get(key, {}):
            lines.append(row(about, found[key], language))
        elif key not in found and about["name"] in standing:
            lines.append(standing[about["name"]])
    return "\n".join(lines)


def write(known, found):
    for language, path in (("en", DOCS / "clients.md"), ("zh", DOCS / "zh-CN" / "clients.md")):
        text = path.read_text()
        before, rest = text.split(BEGIN)
        standing, behind = rest.split(END)
        rows = table(known, found, language, rows_of(standing))
        path.write_text(f"{before}{BEGIN}\n\n{rows}\n\n{END}{behind}")


def differences(known, found):
    """What was seen and is not known; a case may have several codes where chance decides."""
    for key, result in found.items():
        if "not-tried" in result:
            yield f"{key}: NOT tried: {result['not-tried']}"
            continue
        about = known.get(key, {"expect": {}})
        for case in CASES:
            seen = result["cases"][case]
            expected = about["expect"].get(case)
            if code(seen) not in codes(expected):
                yield f"{key}: {case}: {code(seen)}, known is {expected}: {seen.get('text', '')}"
            if case in about.get("chance", []):
                continue
            if case not in about.get("fails", []):
                yield from (f"{key}: {case} FAILED: {why}" for why in seen["why"])
            elif not seen["why"]:
                yield f"{key}: {case} works, and is known not to"


def main():
    facts = json.loads((HERE / "known.json").read_text())
    known = facts["clients"]
    paths = sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    wrong = list(differences(known, found))
    print("\n".join(wrong + [f"{name}: NOT tried: {why}" for name, why in facts["not-tried"].items()]))
    tried = {key: result for key, result in found.items() if "cases" in result}
    print(f"{len(tried)} clients tried, {len(found) - len(tried)} not tried, {len(wrong)} surprises")
    if "--write" in sys.argv:
        write(known, found)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
