use std::fs;
use std::path::{Path, PathBuf};

use crate::support::clients::{DataMode, curl, lftp, tnftp, url};
use crate::support::server::{Setup, TestServer};
use crate::support::stored::sha256;

/// A server's address, and who opens the data connections.
type Connection = (&'static str, DataMode);

/// Every kind of connection.
const ALL: [Connection; 4] = [
    ("127.0.0.1", DataMode::Passive),
    ("127.0.0.1", DataMode::Active),
    ("::1", DataMode::Passive),
    ("::1", DataMode::Active),
];

/// Runs one client's operations over these connections, each on a store of its own.
fn over(
    connections: &[Connection],
    make: fn() -> Setup,
    operations: fn(&TestServer, DataMode, &Path),
) {
    for &(address, mode) in connections {
        let server = make().network("listen_address", address).start();
        operations(&server, mode, &local_files(&server));
    }
}

/// A directory with the files that the operations upload.
fn local_files(server: &TestServer) -> PathBuf {
    let dir = server.scratch();
    for name in ["one", "two.m", "three.m", "more"] {
        fs::write(dir.join(name), content_of(name)).expect("written");
    }
    let grown = [content_of("one"), content_of("more")].concat();
    fs::write(dir.join("grown"), grown).expect("written");
    fs::create_dir(dir.join("back")).expect("a directory");
    dir
}

/// Content that tells its name.
fn content_of(name: &str) -> Vec<u8> {
    format!("content of {name}\n").repeat(100).into_bytes()
}

fn expect_local(path: &Path, expected: &[u8]) {
    let found = fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    assert_eq!(sha256(&found), sha256(expected), "{path:?}: {} bytes", found.len());
}

/// What all three leave behind.
fn expect_result(server: &TestServer, dir: &Path, said: &str) {
    let both = [content_of("one"), content_of("more")].concat();
    assert_eq!(server.stored().files(), ["dir/one", "dir/second.m"], "{said}");
    server.stored().expect("dir/one", &both);
    server.stored().expect("dir/second.m", &content_of("two.m"));
    expect_local(&dir.join("fetched"), &both);
    expect_local(&dir.join("back/two.m"), &content_of("two.m"));
    expect_local(&dir.join("back/three.m"), &content_of("three.m"));
    assert!(said.contains(&both.len().to_string()), "no size: {said}");
}

fn with_tnftp(server: &TestServer, mode: DataMode, dir: &Path) {
    let said = tnftp(
        server.address(),
        mode,
        dir,
        "mkdir dir\ncd dir\nput one\nmput two.m three.m\nappend more one\nsize one\nls\n\
         get one fetched\nlcd back\nmget *.m\nrename two.m second.m\ndelete three.m\n\
         mkdir empty\nrmdir empty\ncd ..\npwd\nbye",
    );
    expect_result(server, dir, &said);
    let count = |code: &str| said.lines().filter(|line| line.starts_with(code)).count();
    // Uploads: one, two.m, three.m, more. Downloads: one, two.m, three.m. One listing.
    assert_eq!(count("226 "), 8, "{said}");
    assert_eq!(count("4") + count("5"), 0, "{said}");
    assert_eq!(count("221 "), 1, "{said}");
}

fn with_lftp(server: &TestServer, mode: DataMode, dir: &Path) {
    // lftp appends by `put -c`, which sends what the remote file lacks by REST and STOR.
    let script = "mkdir dir\ncd dir\nput one\nmput two.m three.m\n\
         put -c grown -o one\nquote SIZE one\nls\ncls -1\nget one -o fetched\nlcd back\n\
         mget *.m\nmv two.m second.m\nrm three.m\nmkdir empty\nrmdir empty\ncd ..\npwd\nbye";
    let said = lftp(server.address(), mode, dir, script).expect_success();
    expect_result(server, dir, &said);
    let logins = server.log().matches(" login ").count();
    assert_eq!(logins, 1, "lftp had to try again: {}", server.log());
    let kept = format!(" kept={} ", content_of("one").len());
    assert!(server.log().contains(&kept), "not appended: {}", server.log());
}

fn with_curl(server: &TestServer, mode: DataMode, dir: &Path) {
    let at = |path: &str| url(server.address(), path);
    let local = |name: &str| dir.join(name).to_str().expect("UTF-8").to_owned();
    let mut said = String::new();
    let mut run = |arguments: &[&str]| {
        let text = curl(mode, arguments).expect_success();
        said.push_str(&text);
        text
    };
    run(&["--ftp-create-dirs", "-T", &local("one"), &at("dir/one")]);
    run(&["-T", &local("two.m"), &at("dir/"), "-T", &local("three.m"), &at("dir/")]);
    run(&["--append", "-T", &local("more"), &at("dir/one")]);
    run(&["--head", &at("dir/one")]);
    run(&[&at("dir/")]);
    run(&["-o", &local("fetched"), &at("dir/one")]);
    let names = run(&["--list-only", &at("dir/")]);
    for name in names.lines().filter(|name| name.ends_with(".m")) {
        run(&["-o", &local(&format!("back/{name}")), &at(&format!("dir/{name}"))]);
    }
    for commands in [
        &["-Q", "RNFR dir/two.m", "-Q", "RNTO dir/second.m"][..],
        &["-Q", "DELE dir/three.m"],
        &["-Q", "MKD empty", "-Q", "RMD empty"],
    ] {
        run(&[commands, &["--list-only", &at("")]].concat());
    }
    expect_result(server, dir, &said);
}

#[test]
fn tnftp_on_a_bucket() {
    over(&ALL, Setup::bucket, with_tnftp);
}

#[test]
fn tnftp_on_the_embedded_store() {
    over(&ALL, Setup::local, with_tnftp);
}

#[test]
fn lftp_on_a_bucket() {
    over(&ALL, Setup::bucket, with_lftp);
}

#[test]
fn lftp_on_the_embedded_store() {
    over(&ALL, Setup::local, with_lftp);
}

#[test]
fn curl_on_a_bucket() {
    over(&ALL, Setup::bucket, with_curl);
}

#[test]
fn curl_on_the_embedded_store() {
    over(&ALL, Setup::local, with_curl);
}
