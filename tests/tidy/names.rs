//! Names: the methods of a type stand together, each type is called like no other, and nothing is
//! offered that nobody calls.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, has_word, is_of_a_word, sources, words};

/// In how many files the methods of a type may stand.
const FILES_OF_A_TYPE: usize = 2;

#[test]
fn the_methods_of_a_type_stand_together() {
    // Where methods stand of a type that is declared elsewhere; those that are declared beside
    // their own methods, once for each name: private types of several files may share one.
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &sources() {
        let code = source.code();
        for name in types_with_methods(&code) {
            let file = if declares_type(&code, &name) { "its own" } else { &source.module };
            files.entry(name).or_default().insert(file.to_owned());
        }
    }
    for name in ["CosStore", "Session", "Upload"] {
        assert!(files.contains_key(name), "the methods were not found");
    }
    files.retain(|_, files| files.len() > FILES_OF_A_TYPE);
    assert!(files.is_empty(), "{files:#?}");
}

#[test]
fn each_type_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for name in declared(&source.code(), &["struct", "enum", "trait", "type"]) {
            places.entry(name).or_default().push(source.module.clone());
        }
    }
    assert!(places.contains_key("FileTree"), "the types were not found");
    // A file's own type may be called as that of another file, but not as one that all can meet.
    for source in sources() {
        for name in private_types(&source.code()) {
            if let Some(places) = places.get_mut(&name) {
                places.push(source.module.clone());
            }
        }
    }
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

#[test]
fn what_is_offered_is_called_or_says_that_it_is_for_tests() {
    let sources = sources();
    let product: Vec<String> = sources.iter().map(Source::code).collect();
    let mut broken = Vec::new();
    for source in &sources {
        let kinds = ["fn", "struct", "enum", "trait", "type", "const"];
        for name in declared(&source.code(), &kinds) {
            let uses: usize = product.iter().map(|code| words(code, &name)).sum();
            if uses < 2 && !is_for_tests(&source.text, &name) {
                broken.push(format!("{}: {name}", source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_checks_of_names_see_what_they_should() {
    let code = "impl Plain {\nimpl<'a> Tree<'a> {\nimpl fmt::Debug for Other {\n    impl Inner {\n";
    assert_eq!(types_with_methods(code), ["Plain", "Tree"]);
    let code =
        "pub struct A;\n    pub fn b(\npub(crate) enum C {\nstruct Private;\npub use d::E;\n";
    assert_eq!(declared(code, &["struct", "enum", "fn"]), ["A", "b", "C"]);
    assert_eq!(private_types(code), ["Private"]);
    assert!(is_for_tests("/// For tests.\n#[must_use]\npub fn b(", "b"));
    assert!(!is_for_tests("/// For tests.\npub fn c(\n}\npub fn b(", "b"));
}

/// The types that a file gives methods of their own.
fn types_with_methods(code: &str) -> Vec<String> {
    let blocks = code.lines().filter(|line| line.starts_with("impl") && !line.contains(" for "));
    blocks
        .map(|line| {
            let line = line.trim_start_matches("impl");
            let named = match line.strip_prefix('<') {
                Some(_) => line.split_once("> ").map_or("", |(_, named)| named),
                None => line,
            };
            named.trim().chars().take_while(|character| is_of_a_word(*character)).collect()
        })
        .collect()
}

fn declares_type(code: &str, name: &str) -> bool {
    ["struct", "enum", "union"].iter().any(|kind| {
        code.match_indices(&format!("{kind} {name}"))
            .any(|(at, found)| !code[at + found.len()..].starts_with(is_of_a_word))
    })
}

/// The names that are declared for others to use.
fn declared(code: &str, kinds: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for line in code.lines() {
        let Some(behind) = line.trim_start().strip_prefix("pub") else { continue };
        let behind = match behind.strip_prefix('(') {
            Some(scope) => scope.split_once(')').map_or("", |(_, behind)| behind),
            None => behind,
        };
        let behind = behind.trim_start().trim_start_matches("const fn").trim_start();
        let mut parts = behind.split_whitespace();
        if let (Some(kind), Some(name)) = (parts.next(), parts.next())
            && kinds.contains(&kind)
        {
            names.push(name.chars().take_while(|character| is_of_a_word(*character)).collect());
        }
    }
    names
}

/// The names of types that a file keeps to itself.
fn private_types(code: &str) -> Vec<String> {
    let kinds = ["struct ", "enum ", "trait "];
    code.lines()
        .filter_map(|line| kinds.iter().find_map(|kind| line.trim_start().strip_prefix(kind)))
        .map(|name| name.chars().take_while(|character| is_of_a_word(*character)).collect())
        .collect()
}

/// Whether the comment at the declaration of `name` says so.
fn is_for_tests(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let declares = |line: &&str| !line.trim_start().starts_with("//") && has_word(line, name);
    let at = lines.iter().position(declares).unwrap_or(0);
    let above = lines[..at].iter().rev().map(|line| line.trim_start());
    let mut comment = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
    comment.any(|line| line.to_lowercase().contains("for tests"))
}
