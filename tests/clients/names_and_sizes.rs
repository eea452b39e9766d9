use std::fs;

use crate::support::clients::{DataMode, curl, lftp, tnftp, url};
use crate::support::server::{Setup, TestServer};
use crate::support::stored::{noise, sha256};

const MIB: usize = 1024 * 1024;

/// Around the first part's size, and what takes many parts.
const SIZES: [usize; 7] = [0, 1, 4096, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 100 * MIB];

/// The same where no parts are.
const SMALL_SIZES: [usize; 4] = [0, 1, 4096, 5 * MIB + 1];

/// Moves files between the scratch directory and the server: pairs of local and remote names.
type Move = fn(&TestServer, &[(String, String)]);

/// A client's way up and its way down.
struct Client {
    upload: Move,
    download: Move,
}

const TNFTP: Client = Client {
    upload: |server, files| tnftp_moves(server, "put", files, |local, remote| (local, remote)),
    download: |server, files| tnftp_moves(server, "get", files, |local, remote| (remote, local)),
};

const LFTP: Client = Client {
    upload: |server, files| lftp_moves(server, "put", files, |local, remote| (local, remote)),
    download: |server, files| lftp_moves(server, "get", files, |local, remote| (remote, local)),
};

const CURL: Client = Client {
    upload: |server, files| curl_moves(server, "-T", files),
    download: |server, files| curl_moves(server, "-o", files),
};

/// Which of local and remote name comes first.
type Order = for<'a> fn(&'a str, &'a str) -> (&'a str, &'a str);

fn tnftp_moves(server: &TestServer, verb: &str, files: &[(String, String)], order: Order) {
    // Outside of quotes a backslash takes any character's meaning; wildcards are switched off.
    let quoted = |name: &str| name.chars().flat_map(|c| ['\\', c]).collect::<String>();
    let mut script = "glob\n".to_owned();
    for (local, remote) in files {
        let (from, to) = order(local, remote);
        script += &format!("{verb} {} {}\n", quoted(from), quoted(to));
    }
    let said = tnftp(server.address(), DataMode::Passive, &server.scratch(), &(script + "quit"));
    assert_eq!(said.matches("\n226 ").count(), files.len(), "{said}");
}

fn lftp_moves(server: &TestServer, verb: &str, files: &[(String, String)], order: Order) {
    // A leading "./" keeps a leading dash from being an option.
    let quoted = |name: &str| format!("\"./{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    let mut script = String::new();
    for (local, remote) in files {
        let (from, to) = order(local, remote);
        script += &format!("{verb} {} -o {}\n", quoted(from), quoted(to));
    }
    lftp(server.address(), DataMode::Passive, &server.scratch(), &script).expect_success();
}

fn curl_moves(server: &TestServer, flag: &str, files: &[(String, String)]) {
    let mut arguments = Vec::new();
    for (local, remote) in files {
        let local = server.scratch().join(local).to_str().expect("UTF-8").to_owned();
        arguments.extend([flag.to_owned(), local, url(server.address(), remote)]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    curl(DataMode::Passive, &arguments).expect_success();
}

/// Moves files of these names and contents up and down, and compares at both ends.
fn there_and_back(client: &Client, setup: Setup, files: &[(String, Vec<u8>)]) {
    let server = setup.start();
    let dir = server.scratch();
    let named = |end: &str| -> Vec<(String, String)> {
        let local = |number| format!("local-{number}.{end}");
        files.iter().enumerate().map(|(n, (name, _))| (local(n), name.clone())).collect()
    };
    for ((local, _), (_, content)) in named("up").iter().zip(files) {
        fs::write(dir.join(local), content).expect("written");
    }
    (client.upload)(&server, &named("up"));
    let mut expected: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(server.stored().files(), expected);
    for (name, content) in files {
        server.stored().expect(name, content);
    }
    (client.download)(&server, &named("down"));
    for ((local, name), (_, content)) in named("down").iter().zip(files) {
        // curl makes no file for an empty one.
        let found = fs::read(dir.join(local)).unwrap_or_default();
        assert_eq!(sha256(&found), sha256(content), "{name}: {} bytes", found.len());
    }
}

fn odd_names() -> Vec<(String, Vec<u8>)> {
    let long = "n".repeat(200);
    [
        "a b  c.txt",
        " lead",
        "a#b.txt",
        "a%41.txt",
        "a+b.txt",
        "a?b.txt",
        "a&b=c.txt",
        "it's.txt",
        "say \"x\".txt",
        "-dash.txt",
        "a;b,c.txt",
        "a[1]*.txt",
        "数据 文件.txt",
        "🎉.txt",
        &long,
    ]
    .map(|name| (name.to_owned(), format!("content of {name}\n").repeat(9).into_bytes()))
    .to_vec()
}

fn of_sizes(sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
    sizes.iter().map(|&size| (format!("{size}.bin"), noise(size as u64 + 1, size))).collect()
}

#[test]
fn tnftp_keeps_odd_names() {
    there_and_back(&TNFTP, Setup::bucket(), &odd_names());
    there_and_back(&TNFTP, Setup::local(), &odd_names());
}

#[test]
fn lftp_keeps_odd_names() {
    there_and_back(&LFTP, Setup::bucket(), &odd_names());
    there_and_back(&LFTP, Setup::local(), &odd_names());
}

#[test]
fn curl_keeps_odd_names() {
    there_and_back(&CURL, Setup::bucket(), &odd_names());
    there_and_back(&CURL, Setup::local(), &odd_names());
}

#[test]
fn tnftp_moves_every_size() {
    there_and_back(&TNFTP, Setup::bucket(), &of_sizes(&SIZES));
    there_and_back(&TNFTP, Setup::local(), &of_sizes(&SMALL_SIZES));
}

#[test]
fn lftp_moves_every_size() {
    there_and_back(&LFTP, Setup::bucket(), &of_sizes(&SIZES));
    there_and_back(&LFTP, Setup::local(), &of_sizes(&SMALL_SIZES));
}

#[test]
fn curl_moves_every_size() {
    there_and_back(&CURL, Setup::bucket(), &of_sizes(&SIZES));
    there_and_back(&CURL, Setup::local(), &of_sizes(&SMALL_SIZES));
}
