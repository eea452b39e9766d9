//! The rules of the house that no compiler checks: who may use whom, which crate is called from
//! where, how long a file may be, what must not be written down.

/// The rules inside the store.
mod handlers;
mod programs;
mod storeys;
mod toolchain;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Each dependency with the only places that may call it, and one of them must.
const DOORS: &[(&str, &[&str])] = &[
    ("argon2", &["users"]),
    ("base64", &["cli", "store/cos"]),
    ("configparser", &["config"]),
    ("crc_fast", &["store/cos", "store/mounts", "transfer"]),
    ("crossbeam_channel", &["transfer"]),
    ("ctrlc", TOP),
    ("encoding_rs", &["config", "protocol"]),
    ("fastrand", &["cli", "events", "protocol", "session", "store", "transfer"]),
    ("glob", &["events", "protocol", "vfs"]),
    ("hmac", &["events", "store/cos", "users"]),
    ("httparse", &["server/monitor"]),
    ("ipnet", &["net"]),
    ("lexopt", TOP),
    ("listeners", &["server"]),
    ("log", EVERYWHERE),
    ("md5", &["store/cos"]),
    ("memmap2", &["transfer"]),
    ("mime_guess", &["store/cos"]),
    ("nix", &["net"]),
    ("parking_lot", EVERYWHERE),
    ("percent_encoding", &["cli/check/from", "store/cos"]),
    ("process_wrap", &["events"]),
    ("proxy_header", &["net"]),
    ("prometheus", &["metrics"]),
    ("quick_xml", &["store/cos"]),
    ("ring", &["net/tls", "store/cos"]),
    ("rpassword", TOP),
    (
        "rustix",
        &["cli", "config", "net", "records", "server", "session", "store", "transfer", "users"],
    ),
    ("rustls", &["certificate_fault", "cli/check/from", "net/tls", "records", "store/cos"]),
    ("s3", &["store/cos"]),
    ("sd_notify", TOP),
    ("serde", &["cli", "events", "store/cos", "users"]),
    ("serde_json", &["cli", "events", "store/cos", "users"]),
    ("sha2", &["cli", "events", "store/local", "users"]),
    ("sha_crypt", &["users"]),
    ("shlex", TOP),
    ("signal_hook", TOP),
    ("simplelog", TOP),
    ("socket2", &["net", "server"]),
    ("strsim", &["cli", "config"]),
    ("time", EVERYWHERE),
    ("ureq", &["addresses", "events", "server", "store/cos", "users/hook"]),
    ("url", &["store/cos"]),
    ("webpki_roots", &["cli/check/from", "store/cos"]),
    ("x509_parser", &["net/tls", "store/cos"]),
    (
        "zeroize",
        &[
            "cli/check/from",
            "config",
            "net/tls",
            "protocol",
            "records",
            "secret",
            "session",
            "store/cos",
            "users",
        ],
    ),
];

const EVERYWHERE: &[&str] = &[""];

/// Longest source file, its tests included.
const FILE_LINES: usize = 400;

/// Crates that bring an executor of futures.
const ASYNC_RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "async-executor", "monoio"];

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
fn each_crate_has_its_door_and_is_used_there() {
    let sources = sources();
    let mut broken = Vec::new();
    for (name, doors) in DOORS {
        let callers: Vec<&Source> =
            sources.iter().filter(|source| names_crate(&source.code(), name)).collect();
        let strangers = callers.iter().filter(|source| !source.is_within(doors));
        broken.extend(strangers.map(|source| format!("{} calls {name}", source.module)));
        if !callers.iter().any(|source| source.is_within(doors)) {
            broken.push(format!("nobody calls {name} from {doors:?}"));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn each_dependency_has_a_row_in_the_table_of_doors() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, section) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (section, _) = section.split_once("\n[").unwrap();
    let depended: BTreeSet<String> = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| if name == "rust-s3" { "s3".to_owned() } else { name.replace('-', "_") })
        .collect();
    let listed: BTreeSet<String> = DOORS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let unlisted: Vec<_> = depended.difference(&listed).collect();
    assert!(unlisted.is_empty(), "no door for {unlisted:?}");
}

/// What is linked, a crate and what `format` tells of it in each line.
fn tree(format: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--locked", "--offline"])
        .args(["--format", format])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The whole of it is checked by `cargo deny check`, where that is installed.
#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let allowed = fs::read_to_string(root().join("deny.toml")).unwrap();
    let tree = tree("{p}|{l}");
    let broken: BTreeSet<_> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)").split_once('|').unwrap())
        .filter(|(krate, licence)| {
            let name = krate.split(' ').next().unwrap();
            let is_allowed = |licence: &str| {
                let licence = licence.trim_matches(['(', ')', ' ']);
                let row = allowed.lines().find(|line| line.contains(&format!("\"{licence}\"")));
                row.is_some_and(|row| {
                    !row.contains("crate =") || row.contains(&format!("\"{name}\""))
                })
            };
            let one = |licences: &str| licences.split(" AND ").all(is_allowed);
            !licence.replace('/', " OR ").split(" OR ").any(one)
        })
        .collect();
    assert!(tree.contains("rustls v") && broken.is_empty(), "{broken:#?}");
}

#[test]
fn no_async_runtime_is_linked() {
    let tree = tree("{p}");
    let linked: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(linked.contains("ureq"), "the tree was not understood: {tree}");
    let runtimes: Vec<_> = ASYNC_RUNTIMES.iter().filter(|name| linked.contains(*name)).collect();
    assert!(runtimes.is_empty(), "{runtimes:?}");
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
    for (code, found) in [
        ("use s3::signing;", true),
        ("    s3::signing()", true),
        ("use s3;", true),
        ("std::s3::x", false),
        ("xs3::y", false),
        ("\"s3\"", false),
    ] {
        assert_eq!(names_crate(code, "s3"), found, "{code}");
    }
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
    let mut sources: Vec<Source> = files_below(&directory, &[])
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
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

/// Whether `code` names the crate `name` itself, not a module or a text of that name.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let behind = &code[at + name.len()..];
        let begins = !before
            .is_some_and(|character| character.is_alphanumeric() || "_:.\"".contains(character));
        begins
            && (behind.starts_with("::")
                || (code[..at].ends_with("use ") && behind.starts_with(';')))
    })
}

fn begins_like_a_reply(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 3
        && matches!(bytes[0], b'1'..=b'6')
        && bytes[1..3].iter().all(u8::is_ascii_digit)
        && matches!(bytes[3], b' ' | b'-')
}
