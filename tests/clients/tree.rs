use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::clients::{DataMode, lftp, rclone, url, wget};
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::sha256;

/// Directories right below the root of the tree.
const TOPS: [&str; 10] = [
    "plain",
    "with space",
    "数据",
    "#hash %41",
    "a+b&c=d",
    "it's \"quoted\"",
    "emoji-😀",
    "-dash",
    "[a]{b}*?",
    "back\\slash",
];

/// The files of each directory.
const FILES: [&str; 15] = [
    "plain.txt",
    ".hidden",
    "two  blanks.txt",
    "文件 名.txt",
    "e\u{301} is not \u{e9}",
    "\u{e9}",
    "100%25",
    "a#b;c,d",
    "what?x=y&z",
    "it's",
    "say \"x\"",
    "[1]*.txt",
    "-rf",
    "tilde~$HOME`x`",
    "<xml>&amp;",
];

/// Paths of a tree with their contents.
type Tree = BTreeMap<String, Vec<u8>>;

/// A tree with so many directories in each of the [`TOPS`].
fn hostile_tree(below_each: usize) -> Tree {
    let below = |top: &str| {
        (0..below_each).map(|n| format!("{top}/{} {n}", TOPS[n % TOPS.len()])).collect::<Vec<_>>()
    };
    let directories = TOPS.iter().flat_map(|top| [vec![(*top).to_owned()], below(top)].concat());
    let files = directories.flat_map(|dir| FILES.map(|name| format!("{dir}/{name}")));
    files.map(|path| (path.clone(), format!("content of {path}\n").into_bytes())).collect()
}

fn write(root: &Path, tree: &Tree) {
    for (path, bytes) in tree {
        let file = root.join(path);
        fs::create_dir_all(file.parent().expect("below the root")).expect("a directory");
        fs::write(file, bytes).expect("a file");
    }
}

/// SHA-256 of every file below `root`.
fn hashes_below(root: &Path) -> BTreeMap<String, String> {
    let mut hashes = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below").to_str().expect("UTF-8");
                hashes.insert(name.to_owned(), sha256(&fs::read(&path).expect("a file")));
            }
        }
    }
    hashes
}

fn hashes_of(tree: &Tree) -> BTreeMap<String, String> {
    tree.iter().map(|(path, bytes)| (path.clone(), sha256(bytes))).collect()
}

/// Thousands of lines would tell less than the first of each kind.
fn expect_same(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    let missing = expected.keys().find(|path| !found.contains_key(*path));
    let added = found.keys().find(|path| !expected.contains_key(*path));
    let differing = expected.iter().find(|(path, sum)| found.get(*path) != Some(sum));
    let told = format!("missing {missing:?}, added {added:?}, differing {differing:?}");
    assert!(found == expected, "the first {told}");
}

/// Compares every object of the bucket below `prefix` with `tree`.
fn expect_stored(server: &TestServer, prefix: &str, tree: &Tree) {
    let found: BTreeMap<String, String> = server
        .stored()
        .sha256_sums()
        .into_iter()
        .filter_map(|(key, sum)| Some((key.strip_prefix(prefix)?.to_owned(), sum)))
        .collect();
    expect_same(&found, &hashes_of(tree));
}

#[test]
fn lftp_mirrors_moves_and_removes() {
    let server = Setup::bucket().start();
    let (dir, tree) = (server.scratch(), hostile_tree(19));
    assert_eq!(tree.len(), 3000, "in 200 directories");
    write(&dir.join("up"), &tree);
    let run = |script: &str| {
        lftp(server.address(), DataMode::Passive, &dir, script).expect_success();
    };
    run("mirror -R --parallel=8 --no-perms up tree");
    expect_stored(&server, "tree/", &tree);
    run("mirror --parallel=8 --no-perms tree down");
    expect_same(&hashes_below(&dir.join("down")), &hashes_of(&tree));
    // Nothing has changed: a second run moves nothing.
    let said = lftp(
        server.address(),
        DataMode::Passive,
        &dir,
        "mirror -R --ignore-time --verbose --no-perms up tree",
    );
    assert!(!said.expect_success().contains("Transferring file"));
    run("mv \"tree/数据\" \"tree/moved here\"\nmv \"tree/moved here/plain.txt\" \"tree/top\"");
    let moved = |path: &String| match path.strip_prefix("数据/") {
        Some("plain.txt") => "top".to_owned(),
        Some(rest) => format!("moved here/{rest}"),
        None => path.clone(),
    };
    let tree: Tree = tree.iter().map(|(path, bytes)| (moved(path), bytes.clone())).collect();
    expect_stored(&server, "tree/", &tree);
    run("rm -r tree");
    assert_eq!(server.stored().files(), Vec::<String>::new());
}

#[test]
fn rclone_syncs_and_checks_and_wget_fetches() {
    let server = Setup::bucket().start();
    let (dir, mut tree) = (server.scratch(), hostile_tree(9));
    assert_eq!(tree.len(), 1500, "in 100 directories");
    let local = dir.join("up");
    write(&local, &tree);
    let run = |arguments: &[&str]| rclone(server.address(), &dir, arguments).expect_success();
    run(&["sync", "up", "ftp:tree"]);
    expect_stored(&server, "tree/", &tree);
    let said = run(&["check", "--download", "up", "ftp:tree"]);
    assert!(said.contains("0 differences found"), "{said}");

    // What was changed, added and deleted is, and nothing else.
    let changes = [("plain/plain.txt", "changed"), ("plain/new/one", "new"), ("top", "top")];
    for (path, bytes) in changes {
        tree.insert(path.to_owned(), bytes.as_bytes().to_vec());
    }
    write(&local, &tree);
    fs::remove_dir_all(local.join("-dash")).expect("removed");
    tree.retain(|path, _| !path.starts_with("-dash/"));
    run(&["sync", "--size-only", "up", "ftp:tree"]);
    expect_stored(&server, "tree/", &tree);

    let down = dir.join("down");
    fs::create_dir(&down).expect("a directory");
    let address = url(server.address(), "tree/");
    let options = ["-r", "-l", "inf", "-nH", "--cut-dirs=1", "--restrict-file-names=nocontrol"];
    wget(&down, &[&options[..], &["--no-verbose", &address]].concat()).expect_success();
    // The address has the name as it is; wget decodes it once more for its own files.
    let spelt = |(path, hash): (String, String)| (path.replace("100%25", "100%"), hash);
    let expected: BTreeMap<String, String> = hashes_of(&tree).into_iter().map(spelt).collect();
    expect_same(&hashes_below(&down), &expected);
}

/// rclone compares what a listing tells with what it has, and sends what differs.
#[test]
fn rclone_has_nothing_to_send_a_second_time() {
    let rgw = Rgw::shared();
    let (bucket, injector) = (rgw.new_bucket(), Injector::before(rgw.endpoint()));
    let setup = Setup::bucket_named(&bucket, &injector.endpoint());
    let server = setup.option("preserve_mtime", "on").start();
    let (dir, tree) = (server.scratch(), hostile_tree(3));
    write(&dir.join("up"), &tree);
    let run = |arguments: &[&str]| rclone(server.address(), &dir, arguments).expect_success();
    let sync = || {
        let before = injector.seen().len();
        let said = run(&["sync", "-v", "up", "ftp:tree"]);
        let seen = injector.seen().split_off(before);
        let count = |kind| seen.iter().filter(|(seen, _)| *seen == kind).count();
        (said, [Request::PutObject, Request::CopyObject, Request::HeadObject].map(count))
    };
    let (said, [stored, dated, _]) = sync();
    assert!(stored >= tree.len() && dated == tree.len(), "{stored} {dated} {said}");
    expect_stored(&server, "tree/", &tree);
    let (said, asked) = sync();
    assert!(said.contains("There was nothing to transfer"), "{said}");
    assert_eq!(asked, [0; 3], "{said}");
    // Another time alone is a change.
    let file = fs::File::options().write(true).open(dir.join("up/plain/plain.txt"));
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    file.and_then(|file| file.set_modified(then)).expect("a time");
    let (said, [stored, dated, _]) = sync();
    assert_eq!((stored, dated), (1, 1), "{said}");
}
