use std::io::{Read, Write};

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// "数据" in GBK, which is no UTF-8.
const DATA_GBK: &[u8] = b"\xCA\xFD\xBE\xDD";

/// `verb`, a blank, and the name as it is.
fn line(verb: &str, name: &[u8]) -> Vec<u8> {
    [verb.as_bytes(), b" ", name, b"\r\n"].concat()
}

fn store(ftp: &mut Ftp, name: &[u8], bytes: &[u8]) {
    let data = ftp.passive();
    ftp.send_bytes(&line("STOR", name));
    // The name comes back as the client speaks.
    let opening = ftp.reply_bytes();
    assert!(opening.starts_with(b"150 "), "{}", opening.escape_ascii());
    assert!(opening.ends_with(&[name, b"."].concat()), "{}", opening.escape_ascii());
    data.open().write_all(bytes).expect("the server takes the data");
    ftp.expect_reply("226 ");
}

fn listed(ftp: &mut Ftp, command: &[u8]) -> Vec<u8> {
    let data = ftp.passive();
    ftp.send_bytes(&[command, b"\r\n"].concat());
    ftp.expect_reply("150 ");
    let mut bytes = Vec::new();
    data.open().read_to_end(&mut bytes).expect("the listing arrives");
    ftp.expect_reply("226 ");
    bytes
}

fn server_with(encoding: &str) -> TestServer {
    Setup::local().account_key("filename_encoding", encoding).start()
}

#[test]
fn a_client_that_speaks_gbk_is_understood_and_answered_in_it() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = setup.start();
        let mut ftp = Ftp::login(&server);
        ftp.send_bytes(&line("MKD", DATA_GBK));
        assert_eq!(ftp.reply_bytes(), [b"257 \"/", DATA_GBK, b"\" created."].concat());
        ftp.send_bytes(&line("CWD", DATA_GBK));
        ftp.reply_bytes();
        // 0x5C, a backslash in ASCII, is half of a character here.
        store(&mut ftp, b"\x81\x5C.txt", b"content");
        assert_eq!(server.stored().files(), ["数据/乗.txt"]);
        server.stored().expect("数据/乗.txt", b"content");
        // What GBK cannot spell takes the four bytes of GB18030.
        server.stored().put("数据/é😀", b"x");
        let four = b"\xA8\xA6\x94\x39\xFC\x36".as_slice();
        let all = listed(&mut ftp, b"NLST");
        let mut names: Vec<&[u8]> = all.split_inclusive(|byte| *byte == b'\n').collect();
        names.sort_unstable();
        assert_eq!(names, [b"\x81\x5C.txt\r\n", [four, b"\r\n"].concat().as_slice()]);
        let fitting = listed(&mut ftp, &[b"NLST ", &four[..2], b"*"].concat());
        assert_eq!(fitting, [four, b"\r\n"].concat());
        ftp.send_bytes(&line("SIZE", four));
        ftp.expect_reply("213 1");
        ftp.send_bytes(&line("MLST", four));
        let [_, facts, end] = [ftp.reply_bytes(), ftp.reply_bytes(), ftp.reply_bytes()];
        assert!(facts.ends_with(&[b" /", DATA_GBK, b"/", four].concat()), "{facts:?}");
        assert!(end.starts_with(b"250 "));
        // The encoding holds for what would be UTF-8, too, until the client says otherwise.
        ftp.send_bytes(&line("SIZE", b"\xC2\xA5"));
        ftp.expect_reply("550 ");
        ftp.send_bytes(&line("CWD", b"caf\xE9"));
        ftp.expect_reply("501 ");
        ftp.play(&[("OPTS UTF8 ON", "200 "), ("PWD", "257 \"/数据\""), ("SIZE é😀", "213 1")]);
        ftp.expect("OPTS UTF8 OFF", "200 ");
        ftp.send("PWD");
        assert!(ftp.reply_bytes().starts_with(&[b"257 \"/", DATA_GBK].concat()));
    }
}

#[test]
fn a_client_that_speaks_utf8_is_not_misled_by_one_broken_name() {
    let server = Setup::local().start();
    server.stored().put("数据/e\u{301}", b"decomposed");
    server.stored().put("数据/\u{e9}", b"composed");
    let mut ftp = Ftp::login(&server);
    ftp.expect("CWD 数据", "250 ");
    ftp.send_bytes(&line("SIZE", DATA_GBK));
    ftp.expect_reply("501 ");
    ftp.play(&[
        ("PWD", "257 \"/数据\""),
        // Two names, whatever they look like.
        ("SIZE e\u{301}", "213 10"),
        ("SIZE \u{e9}", "213 8"),
    ]);
    let mut names = ftp.list("NLST");
    names.sort();
    assert_eq!(names, ["e\u{301}", "\u{e9}"]);
}

#[test]
fn an_account_of_utf8_only() {
    let server = server_with("utf-8");
    let mut ftp = Ftp::login(&server);
    ftp.send_bytes(&line("MKD", DATA_GBK));
    ftp.expect_reply("501 ");
    let reply = ftp.expect("OPTS UTF8 OFF", "200 ");
    assert!(reply.contains("always"), "{reply}");
    ftp.expect("MKD 数据", "257 \"/数据\"");
    assert_eq!(ftp.list("NLST"), ["数据"]);
}

#[test]
fn an_account_of_gbk_unless_the_client_asks() {
    let server = server_with("gbk");
    server.stored().put("数据", b"x");
    let mut ftp = Ftp::login(&server);
    assert_eq!(listed(&mut ftp, b"NLST"), [DATA_GBK, b"\r\n"].concat());
    // Windows Explorer asks before it logs in.
    let mut explorer = Ftp::connect(&server);
    explorer.expect("OPTS UTF8 ON", "200 ");
    explorer.log_in();
    assert_eq!(explorer.list("NLST"), ["数据"]);
    explorer.play(&[("REIN", "220 ")]);
    explorer.log_in();
    assert_eq!(listed(&mut explorer, b"NLST"), [DATA_GBK, b"\r\n"].concat());
}
