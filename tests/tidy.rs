//! The rules of the house that no compiler checks: which layer may use which, how long a file may
//! be and what stands where in it, what must not be written down.

/// Which crates there are, and who may call them.
mod dependencies;
/// Who knows the whole session.
mod handlers;
/// What things are called, and that somebody calls them.
mod names;
/// The programs that tests start.
mod programs;
/// Who may use whom inside the store; circles.
mod storeys;
/// The oldest Rust.
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

/// The layers, from the cellar up, each with what it may use. The binary (`main.rs`,
/// `cli`) uses what it likes; nothing may use it.
const LAYERS: &[(&str, &[&str])] = &[
    ("limits", &[]),
    ("secret", &[]),
    ("addresses", &[]),
    ("certificate_fault", &[]),
    ("threads", &["limits"]),
    ("metrics", &["limits"]),
    ("records", &[]),
    ("scan", &["limits"]),
    ("vfs", &["limits"]),
    ("protocol", &["limits", "secret", "vfs"]),
    (
        "store",
        &[
            "addresses",
            "certificate_fault",
            "limits",
            "metrics",
            "records",
            "secret",
            "threads",
            "vfs",
        ],
    ),
    ("net", &["limits", "metrics", "records"]),
    ("access", &["limits", "metrics", "net"]),
    ("events", &["addresses", "limits", "metrics", "secret", "store", "threads", "vfs"]),
    ("users", &["access", "limits", "secret", "store", "vfs"]),
    ("transfer", &["events", "limits", "metrics", "net", "scan", "store", "threads", "vfs"]),
    (
        "session",
        &[
            "access", "events", "limits", "metrics", "net", "protocol", "secret", "store",
            "threads", "transfer", "users", "vfs",
        ],
    ),
    (
        "server",
        &[
            "access", "events", "limits", "metrics", "net", "protocol", "secret", "session",
            "store", "threads", "transfer", "users", "vfs",
        ],
    ),
    (
        "config",
        &[
            "access", "events", "limits", "metrics", "net", "protocol", "scan", "secret", "server",
            "session", "store", "transfer", "users", "vfs",
        ],
    ),
];

/// What only `cli` and the configuration may name.
const STORES: &[&str] = &["store::cos", "store::local"];

/// What belongs to the binary alone, and the map of the library.
const TOP: &[&str] = &["lib", "main", "cli"];

/// Longest source file, its tests included.
const FILE_LINES: usize = 400;

/// Longest file of tests, benchmarks and examples: they are read, too.
const TEST_LINES: usize = 400;

/// As wide as rustfmt lets code be.
const COMMENT_COLUMNS: usize = 100;

/// Texts that belong to somebody's machine or notes, in halves so that this file may be checked.
const NOT_OURS: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/tmp/", "h-"),
    ("sha", "red/"),
    ("design", ".md"),
    ("cos-", "facts"),
];

/// One file under `src`.
struct Source {
    /// Below `src`, without `.rs` and `/mod`: `store/cos/client`, `store`.
    module: String,
    text: String,
}

impl Source {
    /// What runs in the product: no comments, no tests.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn layer(&self) -> &str {
        self.module.split('/').next().unwrap()
    }

    fn is_within(&self, places: &[&str]) -> bool {
        places.iter().any(|place| {
            let rest = self.module.strip_prefix(place);
            rest.is_some_and(|rest| place.is_empty() || rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[test]
fn layers_are_used_downwards_only() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| !source.is_within(TOP)) {
        let layer = source.layer();
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            broken.push(format!("{layer} is no layer"));
            continue;
        };
        for used in used_paths(&source.code()) {
            let target = used.split("::").next().unwrap();
            let names_a_store =
                STORES.iter().any(|store| used.starts_with(store)) && layer != "config";
            if target != layer && (names_a_store || !allowed.contains(&target)) {
                broken.push(format!("{} uses {used}", source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_path_climbs_out_of_its_layer_unseen() {
    let mut broken = Vec::new();
    for source in sources().into_iter().filter(|source| !source.is_within(TOP)) {
        let code = source.code();
        // As many `super` as the module is deep lead out of the layer, to the crate.
        let depth = source.module.matches('/').count() + 1;
        if code.contains(&"super::".repeat(depth)) || code.contains("cos_ftp_server::") {
            broken.push(source.module);
        }
    }
    assert!(broken.is_empty(), "write crate:: in {broken:#?}");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > FILE_LINES {
            broken.push(format!("{} has {lines} lines", source.module));
        }
        if !source.text.starts_with("//! ") {
            broken.push(format!("{} does not begin with its purpose", source.module));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn tests_benchmarks_and_examples_are_short_too() {
    let (root, mut seen, mut broken) = (root(), 0, Vec::new());
    for directory in ["tests", "benches", "examples"] {
        for path in sources_below(&root.join(directory), &["rs", "py", "sh"]) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            if lines > TEST_LINES {
                let path = path.strip_prefix(&root).unwrap();
                broken.push(format!("{} has {lines} lines", path.display()));
            }
            seen += 1;
        }
    }
    assert!(seen > 200, "the tests were not found");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_comment_is_wider_than_the_code() {
    let is_wide =
        |line: &&str| line.trim_start().starts_with("//") && line.chars().count() > COMMENT_COLUMNS;
    let mut broken = Vec::new();
    for source in sources() {
        let wide = source.text.lines().filter(is_wide);
        broken.extend(wide.map(|line| format!("{}: {line}", source.module)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn tests_stand_at_a_files_foot_and_nowhere_else() {
    let mut broken = Vec::new();
    for source in sources() {
        let code = source.code();
        if code.contains("cfg(test)") || code.contains("cfg!(test)") || code.contains("not(test)") {
            broken.push(format!("{}: code that differs under test", source.module));
        }
        if let Some((_, tests)) = source.text.split_once("#[cfg(test)]") {
            // Options for the unit tests of neighbours may be seen by them.
            let opens = ["\nmod tests {\n", "\npub(super) mod tests {\n"];
            let at_the_foot =
                opens.iter().any(|open| tests.starts_with(open)) && tests.ends_with("\n}\n");
            // Many of them have a file of their own.
            let is_elsewhere = tests == "\nmod tests;\n";
            if !is_elsewhere && (!at_the_foot || tests.matches("\n}\n").count() != 1) {
                broken.push(format!("{}: something stands behind the tests", source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn sessions_write_no_reply_by_hand() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.is_within(&["session"])) {
        let code = source.code();
        let literals = code.split('"').filter(|text| begins_like_a_reply(text));
        broken.extend(literals.map(|text| format!("{}: {text:?}", source.module)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_thread_has_a_name_and_an_owner() {
    // `threads` names them, answers where the machine refuses, and gives what the compiler lets
    // nobody leave unused; these would get round it.
    const OTHER_WAYS: &[&str] =
        &["thread::spawn(", " Builder::new()", "thread::Builder", "scope.spawn(", "JoinHandle<"];
    const LEFT: &[&str] = &["drop(threads::", "let _ = threads::", "let _thread = threads::"];
    let mut broken = Vec::new();
    for source in sources() {
        let code = source.code();
        let other_ways = OTHER_WAYS.iter().filter(|_| source.module != "threads");
        let found = other_ways.chain(LEFT).filter(|way| code.contains(**way));
        broken.extend(found.map(|way| format!("{}: {way}", source.module)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_tells_of_the_machine_it_was_written_on() {
    let mut broken = Vec::new();
    let root = root();
    for path in files_below(&root, &["target", ".git"]) {
        // What is no text, such as a picture, tells nothing.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (head, tail) in NOT_OURS {
            let word = format!("{head}{tail}");
            if text.contains(&word) {
                let path = path.strip_prefix(&root).unwrap();
                broken.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_checks_see_what_they_should() {
    let code =
        "use crate::{limits, store::{cos::CosStore, Body}};\nlet a = crate::vfs::FtpPath::root();";
    let expected = ["limits", "store::cos::CosStore", "store::Body", "vfs::FtpPath::root"];
    assert_eq!(used_paths(code), expected.map(str::to_owned));
    for (text, found) in
        [("226 Done", true), ("150-More", true), ("226", false), ("1000 files", false), ("", false)]
    {
        assert_eq!(begins_like_a_reply(text), found, "{text}");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let directory = root().join("src");
    let mut sources: Vec<Source> = sources_below(&directory, &["rs"])
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&directory).unwrap().to_str().unwrap();
            let module = name.strip_suffix(".rs").unwrap().trim_end_matches("/mod").to_owned();
            Source { module, text: fs::read_to_string(&path).unwrap() }
        })
        .collect();
    assert!(sources.len() > 20, "the sources were not found");
    sources.sort_by(|a, b| a.module.cmp(&b.module));
    sources
}

/// The files in languages of which the names end so.
fn sources_below(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut files = files_below(directory, &[]);
    let is_one = |path: &PathBuf| endings.iter().any(|end| path.extension() == Some(end.as_ref()));
    files.retain(is_one);
    files
}

fn files_below(directory: &Path, without: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files.extend(files_below(&entry.path(), without));
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    files
}

/// Every path that begins with `crate::`, without that beginning; groups are spelt out.
fn used_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for tail in code.split("crate::").skip(1) {
        spell_out("", tail, &mut paths);
    }
    paths
}

/// Appends the paths of the use tree at the beginning of `text`; returns what is behind it.
fn spell_out<'a>(prefix: &str, text: &'a str, paths: &mut Vec<String>) -> &'a str {
    let is_path = |character: char| character.is_alphanumeric() || "_:*".contains(character);
    let end = text.find(|character| !is_path(character)).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]).trim_end_matches(':').to_owned();
    let Some(mut rest) = text[end..].strip_prefix('{') else {
        paths.push(path);
        return &text[end..];
    };
    let separator = if path.is_empty() { "" } else { "::" };
    loop {
        rest = rest
            .trim_start_matches(|character: char| character == ',' || character.is_whitespace());
        if let Some(behind) = rest.strip_prefix('}') {
            return behind;
        }
        rest = spell_out(&format!("{path}{separator}"), rest, paths);
        // `as` and the name behind it.
        rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
        if rest.is_empty() {
            return rest;
        }
    }
}

fn begins_like_a_reply(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 3
        && matches!(bytes[0], b'1'..=b'6')
        && bytes[1..3].iter().all(u8::is_ascii_digit)
        && matches!(bytes[3], b' ' | b'-')
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn has_word(code: &str, word: &str) -> bool {
    words(code, word) > 0
}

fn words(code: &str, word: &str) -> usize {
    let is_whole = |at: &usize| {
        let before = code[..*at].chars().next_back();
        let behind = code[at + word.len()..].chars().next();
        !before.is_some_and(is_of_a_word) && !behind.is_some_and(is_of_a_word)
    };
    code.match_indices(word).map(|(at, _)| at).filter(is_whole).count()
}
