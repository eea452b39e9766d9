use std::fs;

use crate::support::clients::{DataMode, lftp, ncftp, python, url, wget};
use crate::support::server::Setup;
use crate::support::stored::noise;

#[test]
fn ncftp_puts_gets_and_lists() {
    for setup in [Setup::bucket(), Setup::local()] {
        let server = setup.start();
        let dir = server.scratch();
        let content = noise(7, 6_000_000);
        let local = dir.join("file");
        fs::write(&local, &content).expect("written");
        let local = local.to_str().expect("UTF-8");
        ncftp("ncftpput", server.address(), &["/", local]).expect_success();
        server.stored().expect("file", &content);
        let back = dir.join("back");
        fs::create_dir(&back).expect("a directory");
        let back_name = back.to_str().expect("UTF-8");
        ncftp("ncftpget", server.address(), &[back_name, "/file"]).expect_success();
        assert!(fs::read(back.join("file")).expect("fetched") == content);
        let at = url(server.address(), "");
        let listed = ncftp("ncftpls", server.address(), &[&at]).expect_success();
        assert_eq!(listed.trim(), "file");
    }
}

#[test]
fn wget_gets_resumes_and_follows_wildcards() {
    for setup in [Setup::bucket(), Setup::local()] {
        let server = setup.start();
        let dir = server.scratch();
        let content = noise(8, 6_000_000);
        server.stored().put("dir/file.bin", &content);
        server.stored().put("dir/a.txt", b"a");
        server.stored().put("dir/b.txt", b"b");
        // What an interrupted download left.
        fs::write(dir.join("file.bin"), &content[..1_234_567]).expect("written");
        wget(&dir, &["-c", &url(server.address(), "dir/file.bin")]).expect_success();
        assert!(fs::read(dir.join("file.bin")).expect("fetched") == content);
        wget(&dir, &[&(url(server.address(), "dir/") + "*.txt")]).expect_success();
        assert_eq!(fs::read(dir.join("a.txt")).expect("fetched"), b"a");
        assert_eq!(fs::read(dir.join("b.txt")).expect("fetched"), b"b");
    }
}

#[test]
fn pythons_ftplib_does_it_all() {
    let script = r#"
ftp.mkd('dir')
ftp.cwd('dir')
assert ftp.pwd() == '/dir', ftp.pwd()
ftp.storbinary('STOR one', io.BytesIO(b'0123456789'))
ftp.storbinary('APPE one', io.BytesIO(b'abc'))
ftp.storbinary('STOR one', io.BytesIO(b'XYZ'), rest=10)
ftp.voidcmd('TYPE I')
assert ftp.size('one') == 13
got = []
ftp.retrbinary('RETR one', got.append, rest=5)
assert b''.join(got) == b'56789XYZ', got
ftp.set_pasv(False)
assert ftp.nlst() == ['one'], ftp.nlst()
facts = dict(ftp.mlsd())
assert facts['one']['size'] == '13' and facts['one']['type'] == 'file', facts
conn = ftp.transfercmd('RETR one')
conn.recv(1)
try:
    ftp.abort()
except ftplib.all_errors:
    pass
conn.close()
"#;
    let end = "ftp.rename('one', 'two')\nassert ftp.nlst() == ['two']\nftp.quit()\n";
    // After an abort ftplib cannot tell its replies apart any more: a new connection ends it.
    let again = format!("ftp.close()\n{}", "ftp = login()\nftp.cwd('dir')\n");
    for setup in [Setup::bucket(), Setup::local()] {
        let server = setup.start();
        let dir = server.scratch();
        python(server.address(), &dir, &format!("{script}{again}{end}")).expect_success();
        assert_eq!(server.stored().files(), ["dir/two"]);
        server.stored().expect("dir/two", b"0123456789XYZ");
    }
}

/// lftp announces a file as a whole, and then sends only what is missing of it.
#[test]
fn lftp_resumes_what_it_announces_as_a_whole() {
    for setup in [Setup::bucket(), Setup::local()] {
        let server = setup.option("partial_upload", "discard").option("log_level", "DEBUG").start();
        let dir = server.scratch();
        let content = noise(9, 6_000_000);
        fs::write(dir.join("big"), &content).expect("written");
        server.stored().put("big", &content[..2_000_000]);
        let script = "set ftp:use-allo yes\nset net:max-retries 1\nput -c big\n";
        lftp(server.address(), DataMode::Passive, &dir, script).expect_success();
        server.stored().expect("big", &content);
        let log = server.log();
        assert!(log.contains("< ALLO 6000000") && log.contains("< REST 2000000"), "{log}");
        assert!(!log.contains("426 "), "{log}");
    }
}

/// Names that look like patterns are names: a client that lists directory by directory gets all.
#[test]
fn lftp_mirrors_directories_that_are_called_like_patterns() {
    for setup in [Setup::bucket(), Setup::local()] {
        let server = setup.start();
        let dir = server.scratch();
        let files = ["top/[2024]/one", "top/a*b/two", "top/a1b/three", "top/what?/four"];
        for file in files {
            server.stored().put(file, file.as_bytes());
        }
        // LIST, not MLSD.
        let script = "set ftp:use-feat no\nmirror top here\n";
        lftp(server.address(), DataMode::Passive, &dir, script).expect_success();
        for file in files {
            let copy = dir.join(file.replacen("top", "here", 1));
            assert_eq!(fs::read(&copy).expect(file), file.as_bytes());
        }
    }
}
