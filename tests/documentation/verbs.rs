//! What the documentation tells of the commands is made here, of the verb table, in both languages:
//! their list, and who may use which.

use std::fmt::Write as _;

use cos_ftp_server::protocol::{Access, Rights, VERBS, VerbRow};

use super::generated::{Generated, with_part, wrapped};

/// In the order of the rows.
const DEMANDS: [Access; 5] =
    [Access::BeforeLogin, Access::LoggedIn, Access::Reads, Access::Writes, Access::Deletes];

struct Language {
    directory: &'static str,
    /// Before the other spellings, and behind them.
    other_spellings: [&'static str; 2],
    permissions_head: &'static str,
    width: usize,
}

const ENGLISH: Language = Language {
    directory: "docs",
    other_spellings: [", and the X forms ", "."],
    permissions_head: "| Commands | before login | `R` | `W` | `RW` | `RW`, no `delete_enable` |",
    width: 100,
};

const CHINESE: Language = Language {
    directory: "docs/zh-CN",
    other_spellings: ["，以及 X 形式的 ", "。"],
    permissions_head: "| 命令 | 登录前 | `R` | `W` | `RW` | `RW` 且禁止删除 |",
    // Not at all: white space would stand where a line ends.
    width: usize::MAX,
};

/// The pages with the verbs of today.
pub(super) fn pages() -> Vec<Generated> {
    let mut pages = Vec::new();
    for language in [ENGLISH, CHINESE] {
        for (page, part) in [("commands", language.list()), ("permissions", language.permissions())]
        {
            let name = format!("{}/{page}.md", language.directory);
            pages.push(Generated::new(&name, with_part(&super::read(&name), "verbs", &part)));
        }
    }
    pages
}

/// The verbs that are more than known.
fn offered() -> impl Iterator<Item = &'static VerbRow> {
    VERBS.iter().filter(|row| row.help.is_some())
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
}

impl Language {
    fn list(&self) -> String {
        let names = quoted(offered().map(VerbRow::name));
        let others = quoted(offered().flat_map(|row| row.spellings[1..].iter().copied()));
        let [before, behind] = self.other_spellings;
        wrapped(&format!("{names}{before}{others}{behind}"), "", self.width)
    }

    fn permissions(&self) -> String {
        let mut text = format!("{}\n|---|---|---|---|---|---|\n", self.permissions_head);
        for access in DEMANDS {
            let names = quoted(offered().filter(|row| row.access == access).map(VerbRow::name));
            let cells = allowed(access).map(|may| if may { "✓" } else { "–" }).join(" | ");
            let _ = writeln!(text, "| {names} | {cells} |");
        }
        text
    }
}

/// Who may use what demands `access`, in the order of the columns.
fn allowed(access: Access) -> [bool; 5] {
    let rights = |read, write, delete| Rights { read, write, delete }.allow(access);
    [
        access == Access::BeforeLogin,
        rights(true, false, false),
        rights(false, true, true),
        rights(true, true, true),
        rights(true, true, false),
    ]
}
