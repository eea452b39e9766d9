use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

fn server() -> TestServer {
    let server = Setup::local()
        .account("reader", "R", "true")
        .account("writer", "W", "true")
        .account("keeper", "RW", "false")
        .start();
    // Each account has the same store; these files are there for all of them.
    for path in ["file", "dir/inner", "other"] {
        server.stored().put(path, b"content");
    }
    server
}

#[test]
fn a_reader_changes_nothing() {
    let server = server();
    let mut ftp = Ftp::login_as(&server, "reader");
    ftp.play(&[
        ("CWD dir", "250 "),
        ("CDUP", "2"),
        ("SIZE file", "213 7"),
        ("STOR new", "550 "),
        ("APPE file", "550 "),
        ("STOU", "550 "),
        ("MKD new", "550 "),
        ("RMD dir", "550 "),
        ("DELE file", "550 "),
        ("RNFR file", "550 "),
        ("RNTO new", "5"),
    ]);
    assert_eq!(ftp.fetch("RETR file"), b"content");
    assert_eq!(ftp.list("NLST").len(), 3);
    assert_eq!(server.stored().files(), ["dir/inner", "file", "other"]);
}

#[test]
fn a_writer_reads_nothing() {
    let server = server();
    let mut ftp = Ftp::login_as(&server, "writer");
    let _data = ftp.passive();
    ftp.expect("RETR file", "550 ");
    ftp.store("STOR new", b"new");
    ftp.store("APPE new", b"er");
    ftp.expect("MKD made", "257 ");
    server.stored().expect("new", b"newer");
}

#[test]
fn without_delete_enable_nothing_is_deleted() {
    let server = server();
    let mut ftp = Ftp::login_as(&server, "keeper");
    ftp.play(&[("DELE file", "550 "), ("MKD made", "257 "), ("RMD made", "550 ")]);
    ftp.store("STOR new", b"new");
    assert_eq!(ftp.fetch("RETR new"), b"new");
    assert_eq!(server.stored().files(), ["dir/inner", "file", "new", "other"]);
}
