//! The rules inside the store, whose storeys are used downwards only; and for all of `src`: nothing
//! imports in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, has_word, is_of_a_word, sources, spell_out};

/// The storeys of a bucket's store, from the cellar up, each with what it may use of the others.
const STOREYS: &[(&str, &[&str])] = &[
    ("store/cos/s3/http", &[]),
    ("store/cos/s3", &["store/cos/s3/http"]),
    ("store/cos/objects", &["store/cos/s3"]),
    ("store/cos/tree", &["store/cos/objects"]),
    // It tries out what the others do.
    ("store/cos/diagnosis", &["store/cos/objects", "store/cos/s3", HOUSE]),
    // It puts a store together of all of them.
    (HOUSE, &["store/cos/s3/http", "store/cos/s3", "store/cos/objects", "store/cos/tree", ROOF]),
];

/// The store itself, which only those on top may name.
const HOUSE: &str = "store/cos";

/// Nobody calls it but the store's own door.
const ROOF: &str = "store/cos/diagnosis";

/// Values that every storey may read.
const VALUES: &str = "store/cos/options";

/// What knows keys and no paths.
const BELOW_THE_TREE: &[&str] = &["store/cos/objects", "store/cos/s3"];

/// What is one thing in two files: the budget serves those who stand in its line, which gives back
/// to the budget; a connection of TLS and its handshake are one type.
const ONE_IN_TWO_FILES: &[&[&str]] = &[
    &["net/tls/connection", "net/tls/connection/handshake"],
    &["transfer/budget", "transfer/budget/line"],
];

#[test]
fn the_storeys_of_the_store_are_used_downwards_only() {
    let house = House::new(sources());
    let mut broken = Vec::new();
    for source in &house.sources {
        let Some(own) = storey(&source.module) else { continue };
        let (_, allowed) = STOREYS.iter().find(|(name, _)| *name == own).unwrap();
        for used in house.named_by(source) {
            let Some(target) = storey(&used) else { continue };
            if target != own && !allowed.contains(&target) {
                broken.push(format!("{} uses {used}", source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn below_the_tree_nobody_knows_a_path() {
    let mut broken = sources();
    broken.retain(|source| source.is_within(BELOW_THE_TREE) && has_word(&source.code(), "FtpPath"));
    let broken: Vec<_> = broken.iter().map(|source| &source.module).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_imports_in_a_circle() {
    let house = House::new(sources());
    let mut circles = circles(&house.imports());
    for known in ONE_IN_TWO_FILES {
        let known: Vec<String> = known.iter().map(|module| (*module).to_owned()).collect();
        assert!(circles.remove(&known), "{known:?} is no circle any more");
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_checks_of_the_storeys_see_what_they_should() {
    let file = |module: &str, text: &str| Source { module: module.into(), text: text.into() };
    let house = House::new(vec![
        file(
            "store/a",
            "pub(crate) mod b;\npub(crate) use self::b::{Thing, c::Deep};\nstruct Own;",
        ),
        file("store/a/b", "use super::Own;\npub(crate) mod c;\npub(crate) struct Thing;"),
        file("store/a/b/c", "use super::super::Thing;\nuse crate::store::d;\npub struct Deep;"),
        file("store/d", "use super::{a::Deep};\nfn x() { crate::store::a::b::y() }"),
    ]);
    let used = |index: usize| house.used_by(&house.sources[index]).into_iter().collect::<Vec<_>>();
    assert!(used(0).is_empty(), "it only passes on");
    assert_eq!(used(1), ["store/a"]);
    assert_eq!(used(2), ["store/a/b", "store/d"]);
    assert_eq!(used(3), ["store/a/b", "store/a/b/c"]);
    let named = house.named_by(&house.sources[3]).into_iter().collect::<Vec<_>>();
    assert_eq!(named, ["store/a", "store/a/b"]);
    let circle = ["store/a/b/c", "store/d"].map(str::to_owned).to_vec();
    assert_eq!(circles(&house.imports()), BTreeSet::from([circle]));
}

/// Files by their modules, and what mods pass on under their own name.
struct House {
    sources: Vec<Source>,
    passed_on: BTreeMap<(String, String), String>,
}

impl House {
    fn new(sources: Vec<Source>) -> Self {
        let mut house = Self { sources, passed_on: BTreeMap::new() };
        for source in &house.sources {
            let code = source.code();
            for statement in code.split(';').filter(|text| passes_on(text)) {
                for path in house.paths(source, statement) {
                    let name = path.rsplit("::").next().unwrap().to_owned();
                    house.passed_on.insert((source.module.clone(), name), path);
                }
            }
        }
        house
    }

    /// The modules that a file names, as its doors.
    fn named_by(&self, source: &Source) -> BTreeSet<String> {
        let paths = self.paths(source, &source.code());
        let module = |path: &String| self.module(path).map(|(module, _)| module);
        paths.iter().filter_map(module).collect()
    }

    /// The modules in which stands what a file uses. What it only passes on it does not use.
    fn used_by(&self, source: &Source) -> BTreeSet<String> {
        // Who may see something is not what it uses.
        let code = source.code().replace("(in crate::", "(");
        let statements = code.split_inclusive(';');
        let own: String = statements.filter(|text| !passes_on(text)).collect();
        let paths = self.paths(source, &own);
        let mut used: BTreeSet<String> = paths.iter().filter_map(|path| self.home(path)).collect();
        used.remove(&source.module);
        used
    }

    /// Who uses whom.
    fn imports(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.sources.iter().map(|source| (source.module.clone(), self.used_by(source))).collect()
    }

    /// The paths that `code` in a file names, from the crate's root on.
    fn paths(&self, source: &Source, code: &str) -> Vec<String> {
        let own = source.module.replace('/', "::");
        let parent = own.rsplit_once("::").map_or("", |(parent, _)| parent).to_owned();
        let mut paths = Vec::new();
        for (word, prefix) in [("crate", String::new()), ("self", own.clone()), ("super", parent)] {
            for tail in tails(code, &format!("{word}::")) {
                let (mut prefix, mut tail) = (prefix.as_str(), tail);
                while let Some(further) = tail.strip_prefix("super::") {
                    prefix = prefix.rsplit_once("::").map_or("", |(parent, _)| parent);
                    tail = further;
                }
                let separator = if prefix.is_empty() { "" } else { "::" };
                spell_out(&format!("{prefix}{separator}"), tail, &mut paths);
            }
        }
        let all = source.code();
        let children = all.split("mod ").skip(1).filter_map(|rest| rest.split_once(';'));
        for (child, _) in children.filter(|(child, _)| child.chars().all(is_of_a_word)) {
            for tail in tails(code, &format!("{child}::")) {
                spell_out(&format!("{own}::{child}::"), tail, &mut paths);
            }
        }
        paths
    }

    /// The module that a path leads to, and what it names of it.
    fn module(&self, path: &str) -> Option<(String, Option<String>)> {
        let parts: Vec<&str> = path.split("::").filter(|part| *part != "*").collect();
        (1..=parts.len()).rev().find_map(|length| {
            let module = parts[..length].join("/");
            let item = parts.get(length).map(|item| (*item).to_owned());
            self.sources.iter().any(|source| source.module == module).then_some((module, item))
        })
    }

    /// The file in which what a path names stands.
    fn home(&self, path: &str) -> Option<String> {
        let (module, item) = self.module(path)?;
        let item = item.map(|item| (module.clone(), item));
        match item.and_then(|item| self.passed_on.get(&item)) {
            Some(further) if further != path => self.home(further),
            _ => Some(module),
        }
    }
}

/// Whether a statement gives what another module has under this one's name.
fn passes_on(statement: &str) -> bool {
    let line = statement.trim_start();
    let behind = line.strip_prefix("pub").map(|behind| match behind.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or("", |(_, behind)| behind),
        None => behind,
    });
    behind.is_some_and(|behind| behind.trim_start().starts_with("use "))
}

/// What stands behind each `word` that begins a path.
fn tails<'a>(code: &'a str, word: &str) -> Vec<&'a str> {
    let begins = |at: usize| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|character| is_of_a_word(character) || character == ':')
    };
    let found = code.match_indices(word).filter(|(at, _)| begins(*at));
    found.map(|(at, _)| &code[at + word.len()..]).collect()
}

/// The storey that a module stands in; `None` for values, and outside of the house.
fn storey(module: &str) -> Option<&'static str> {
    if module == VALUES {
        return None;
    }
    let names = STOREYS.iter().map(|(name, _)| *name);
    names
        .filter(|name| module == *name || (*name != HOUSE && is_below(module, name)))
        .max_by_key(|name| name.len())
}

fn is_below(module: &str, name: &str) -> bool {
    module.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
}

/// The sets of files that lead to one another.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        imports.keys().map(|from| (from, reachable(imports, from))).collect();
    let circle = |from: &&String| {
        let together = reached[*from]
            .iter()
            .filter(|to| reached.get(**to).is_some_and(|back| back.contains(*from)));
        together.map(|to| (**to).clone()).collect::<Vec<_>>()
    };
    imports.keys().map(|from| circle(&from)).filter(|circle| !circle.is_empty()).collect()
}

fn reachable<'a>(
    imports: &'a BTreeMap<String, BTreeSet<String>>,
    from: &String,
) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = imports[from].iter().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(imports.get(next).into_iter().flatten());
        }
    }
    reached
}
