use std::collections::BTreeMap;

use crate::support::ftp::{Data, Ftp};
use crate::support::server::{Setup, TestServer};

/// The accounts, in the order of the table's columns.
const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("reader", "R", "true"),
    ("writer", "W", "true"),
    ("both", "RW", "true"),
    ("keeper", "RW", "false"),
];

/// One row of the table: tries it, and tells whether it was allowed.
type Attempt = fn(&mut Ftp, &Tree<'_>) -> bool;

/// The rows, by their first cell.
const ROWS: &[(&str, Attempt)] = &[
    ("list a directory", |ftp, _| transfers(ftp, "NLST", b"")),
    ("download a file", |ftp, _| transfers(ftp, "RETR old", b"")),
    ("upload a new file", |ftp, tree| {
        let stored = transfers(ftp, "STOR new", b"x");
        let unique = transfers(ftp, "STOU", b"x");
        tree.has("new", b"x") == stored && stored == unique && stored
    }),
    ("replace a file by an upload", |ftp, tree| {
        transfers(ftp, "STOR old", b"new") && tree.has("old", b"new")
    }),
    ("append to a file", |ftp, tree| {
        transfers(ftp, "APPE old", b"er") && tree.has("old", b"content er")
    }),
    ("resume an upload", |ftp, tree| {
        ftp.expect("REST 3", "350 ");
        transfers(ftp, "STOR old", b"gress") && tree.has("old", b"congress")
    }),
    ("rename a file", |ftp, tree| {
        renames(ftp, "old", "new") && tree.has("new", b"content ") && !tree.exists("old")
    }),
    ("rename over another file", |ftp, tree| {
        renames(ftp, "old", "other") && tree.has("other", b"content ") && !tree.exists("old")
    }),
    ("rename a directory", |ftp, tree| {
        renames(ftp, "dir", "moved") && tree.has("moved/inner", b"inner")
    }),
    ("set the time of a file", |ftp, _| {
        let first = allows(ftp, "MFMT 20200102030405 old", "213 ");
        first && allows(ftp, "MDTM 20200102030405 old", "2")
    }),
    ("make a directory", |ftp, _| allows(ftp, "MKD made", "257 ")),
    ("delete a file", |ftp, tree| allows(ftp, "DELE old", "250 ") && !tree.exists("old")),
    ("delete an empty directory", |ftp, _| allows(ftp, "RMD empty", "250 ")),
];

#[test]
fn every_cell_of_the_documentation_is_so() {
    let table = table();
    assert_eq!(table.len(), ROWS.len(), "{:?}", table.keys());
    for (name, attempt) in ROWS {
        let told =
            table.get(*name).unwrap_or_else(|| panic!("no row {name:?} in docs/permissions.md"));
        for ((account, ..), expected) in ACCOUNTS.iter().zip(told) {
            // A server for each cell: what one attempt changes is nothing to the next.
            let server = server();
            let tree = Tree(&server);
            let before = server.stored().files();
            let allowed = attempt(&mut Ftp::login_as(&server, account), &tree);
            assert_eq!(allowed, *expected, "{name}, {account}");
            if !allowed {
                assert_eq!(server.stored().files(), before, "{name}, {account}");
                assert!(tree.has("old", b"content ") && tree.has("other", b"other"), "{name}");
            }
        }
    }
}

/// The cells of the documented table: what may be done, and by which account.
fn table() -> BTreeMap<&'static str, [bool; 4]> {
    let page = include_str!("../../docs/permissions.md");
    let (_, table) = page.split_once("| What | `R` | `W` | `RW` |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, allowed @ ..] = &cells[..] else { panic!("{line}") };
        let name = name.split(" (").next().expect("a split has a first part");
        let allowed: Vec<_> = allowed.iter().map(|cell| *cell == "✓").collect();
        (name, allowed.try_into().unwrap_or_else(|_| panic!("{line}")))
    };
    rows.map(cells).collect()
}

fn server() -> TestServer {
    let mut setup = Setup::local().option("preserve_mtime", "on");
    for (name, authority, delete_enable) in ACCOUNTS {
        setup = setup.account(name, authority, delete_enable);
    }
    let server = setup.start();
    for (path, content) in [("old", "content "), ("other", "other"), ("dir/inner", "inner")] {
        server.stored().put(path, content.as_bytes());
    }
    Ftp::login(&server).expect("MKD empty", "257 ");
    server
}

/// What the store holds.
struct Tree<'a>(&'a TestServer);

impl Tree<'_> {
    fn exists(&self, path: &str) -> bool {
        self.0.stored().files().iter().any(|file| file == path)
    }

    fn has(&self, path: &str, content: &[u8]) -> bool {
        self.exists(path) && self.0.stored().bytes(path) == content
    }
}

/// Whether a command is obeyed; the only other answer is that it is not allowed.
fn allows(ftp: &mut Ftp, line: &str, done: &str) -> bool {
    let reply = ftp.ask(line);
    assert!(reply.starts_with(done) || reply.starts_with("550 "), "{line}: {reply}");
    reply.starts_with(done)
}

fn renames(ftp: &mut Ftp, from: &str, to: &str) -> bool {
    let begun = allows(ftp, &format!("RNFR {from}"), "350 ");
    if !begun {
        // Nor by its second half alone.
        let reply = ftp.ask(&format!("RNTO {to}"));
        assert!(reply.starts_with("5"), "{reply}");
        return false;
    }
    allows(ftp, &format!("RNTO {to}"), "250 ")
}

/// A transfer, with what is sent in an upload.
fn transfers(ftp: &mut Ftp, line: &str, sent: &[u8]) -> bool {
    let data = ftp.passive();
    let reply = ftp.ask(line);
    if !reply.starts_with("150 ") {
        assert!(reply.starts_with("550 "), "{line}: {reply}");
        return false;
    }
    exchange(data, sent);
    ftp.expect_reply("226 ");
    true
}

fn exchange(data: Data, sent: &[u8]) {
    use std::io::{Read, Write};
    let mut data = data.open();
    if sent.is_empty() {
        data.read_to_end(&mut Vec::new()).expect("the data arrive");
    } else {
        data.write_all(sent).expect("the server takes the data");
    }
}
