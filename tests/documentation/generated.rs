//! Files that are made, as a whole or in part, of the code's tables: the manual pages, the
//! documented example, and in both languages the reference and what is told of the commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{example, manuals, reference, verbs};

/// What a failing test says.
const REMEDY: &str =
    "is out of date. Run:  UPDATE_DOCUMENTS=1 cargo test --test suite documentation::generated";

/// A file as it should be.
pub(super) struct Generated {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

impl Generated {
    pub(super) fn new(name: &str, text: String) -> Self {
        Self { file: Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text }
    }
}

/// All of them. With `UPDATE_DOCUMENTS` in the environment they are written first.
pub(super) fn files() -> &'static [Generated] {
    static FILES: OnceLock<Vec<Generated>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = manuals::pages();
        files.push(example::example());
        files.extend(reference::pages());
        files.extend(verbs::pages());
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            for Generated { file, text } in &files {
                fs::write(file, text).unwrap();
            }
        }
        files
    })
}

#[test]
fn generated_files_are_what_the_tables_say() {
    for Generated { file, text } in files() {
        let committed = fs::read_to_string(file).unwrap_or_default();
        assert!(committed == *text, "{} {REMEDY}", file.display());
    }
}

/// `text` with `part` between its lines `<!-- NAME: begin … -->` and `<!-- NAME: end -->`.
pub(crate) fn with_part(text: &str, name: &str, part: &str) -> String {
    let (before, rest) = text.split_once(&format!("<!-- {name}: begin")).unwrap();
    let (begin, rest) = rest.split_once('\n').unwrap();
    let (_, after) = rest.split_once(&format!("<!-- {name}: end")).unwrap();
    format!("{before}<!-- {name}: begin{begin}\n{part}<!-- {name}: end{after}")
}

/// `text` in lines of at most `width` columns, each behind `prefix`. Chinese characters take two
/// columns, and a line may end between them; what is written in other letters stays whole.
pub(super) fn wrapped(text: &str, prefix: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in unbreakable(text) {
        let line = lines.last_mut().unwrap();
        if columns(prefix) + columns(line) + columns(word.trim_end()) > width {
            line.truncate(line.trim_end().len());
            lines.push(word.to_owned());
        } else {
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{prefix}{}\n", line.trim_end())).collect()
}

/// The pieces of `text` behind which a line may end; white space stands at a piece's end.
fn unbreakable(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let next_of = text.chars().skip(1).map(Some).chain([None]);
    for ((at, this), next) in text.char_indices().zip(next_of) {
        let Some(next) = next else { continue };
        let opens = |c: char| "（“".contains(c);
        let closes = |c: char| "，。；：、）”".contains(c) || c.is_whitespace();
        let ends = this.is_whitespace() || is_wide(this) || is_wide(next);
        if ends && !opens(this) && !closes(next) {
            let end = at + this.len_utf8();
            pieces.push(&text[begin..end]);
            begin = end;
        }
    }
    pieces.push(&text[begin..]);
    pieces
}

fn columns(text: &str) -> usize {
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}

/// Whether a character takes two columns: Chinese ones do, and their punctuation.
fn is_wide(c: char) -> bool {
    c >= '\u{2e80}' || "“”".contains(c)
}

/// The text with its first letter large, unless it is a value's, and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

#[test]
fn lines_are_wrapped_where_they_may_end() {
    let english = wrapped("one two three four", "# ", 11);
    assert_eq!(english, "# one two\n# three\n# four\n");
    let chinese = wrapped("控制端口 listen_port，见说明。", "# ", 12);
    assert_eq!(chinese, "# 控制端口\n# listen_port，\n# 见说明。\n");
    assert_eq!(
        with_part("a\n<!-- k: begin -->\nb\n<!-- k: end -->\n", "k", "c\n"),
        "a\n<!-- k: begin -->\nc\n<!-- k: end -->\n"
    );
}
