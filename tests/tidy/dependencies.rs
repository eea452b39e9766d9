//! What the server is made of besides its own code: who may call which crate, under which licence
//! it comes, and that none brings an executor of futures.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::{Source, TOP, root, sources};

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

/// Crates that bring an executor of futures.
const ASYNC_RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "async-executor", "monoio"];

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
fn a_crate_is_known_by_its_name() {
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
