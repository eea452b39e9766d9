//! The oldest Rust that the manifest names is one that every dependency takes, and the one that the
//! pages name.

use std::fs;
use std::process::Command;

use super::root;

/// As far as it counts: 1.89.0 is 1.89.
type Version = (u32, u32);

#[test]
fn every_dependency_takes_the_oldest_rust_that_is_named() {
    let declared = declared();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| {
            let needed = package["rust_version"].as_str().map(version);
            needed.is_some_and(|needed| needed > version(&declared))
        })
        .map(|package| format!("{} {}", package["name"], package["rust_version"]))
        .collect();
    assert!(packages.len() > 50 && newer.is_empty(), "{declared}: {newer:?}");
}

#[test]
fn the_pages_name_the_oldest_rust() {
    let declared = declared();
    for (page, words) in [
        ("README.md", "or later"),
        ("README.zh-CN.md", "或更高版本"),
        ("docs/installing.md", "or later"),
        ("docs/zh-CN/installing.md", "或更高版本"),
    ] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&format!("{declared} {words}")), "{page} does not name {declared}");
    }
}

fn declared() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("\nrust-version = \"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn version(text: &str) -> Version {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap_or(0))
}
