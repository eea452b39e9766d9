//! Every link of every document leads to a file that is there, and to a heading in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

#[test]
fn links_lead_somewhere() {
    assert!(documents(root()).len() > 40, "{:?}", documents(root()));
    let broken = broken(root());
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The links of the documents below `directory` that lead nowhere, each with its document.
pub(crate) fn broken(directory: &Path) -> Vec<String> {
    documents(directory)
        .iter()
        .flat_map(|document| {
            let text = fs::read_to_string(document).unwrap();
            let targets: Vec<_> = targets(&text).into_iter().map(str::to_owned).collect();
            let is_broken = |target: &String| !leads_somewhere(document, target);
            let name = document.strip_prefix(directory).unwrap().display().to_string();
            let broken = targets.into_iter().filter(is_broken);
            broken.map(|target| format!("{name}: {target}")).collect::<Vec<_>>()
        })
        .collect()
}

/// Every document of the project.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && name != ".git" {
                found.extend(documents(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// Where the links outside of code lead, but for those to other hosts.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for line in prose(text) {
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.extend(links.filter(|target| !target.starts_with("http")));
    }
    targets
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

fn leads_somewhere(document: &Path, target: &str) -> bool {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match file {
        "" => document.to_owned(),
        file => document.parent().unwrap().join(file),
    };
    if anchor.is_empty() {
        return file.exists();
    }
    let Ok(text) = fs::read_to_string(file) else { return false };
    let anchors: BTreeSet<_> = prose(&text).filter_map(anchor_of).collect();
    anchors.contains(anchor)
}

/// The anchor that GitHub makes of a heading.
fn anchor_of(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = heading.to_lowercase().replace(' ', "-");
    Some(kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect())
}

#[test]
fn links_are_found_and_followed() {
    let text = "[a](b.md) and [c](https://d)\n```\n[e](f)\n```\n![g](h.svg)";
    assert_eq!(targets(text), ["b.md", "h.svg"]);
    for (heading, anchor) in [
        ("## How an upload ends", Some("how-an-upload-ends")),
        ("# Encryption (FTPS)", Some("encryption-ftps")),
        ("# 加密（FTPS）", Some("加密ftps")),
        ("text", None),
    ] {
        assert_eq!(anchor_of(heading).as_deref(), anchor, "{heading}");
    }
    let readme = root().join("README.md");
    for (target, leads) in [
        ("LICENSE", true),
        ("docs/ftps.md", true),
        ("docs/none.md", false),
        ("docs/security.md#passwords", true),
        ("docs/security.md#nothing", false),
        ("docs/none.md#passwords", false),
        ("#nothing", false),
    ] {
        assert_eq!(leads_somewhere(&readme, target), leads, "{target}");
    }
}
