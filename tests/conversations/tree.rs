use crate::support::ftp::Ftp;
use crate::support::server::Setup;

#[test]
fn directories() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("PWD", "257 \"/\""),
        ("XPWD", "257 \"/\""),
        ("MKD a", "257 \"/a\""),
        ("MKD a", "550 "),
        ("XMKD a/b c", "257 \"/a/b c\""),
        ("MKD", "501 "),
        ("MKD /", "550 "),
        ("CWD a", "250 "),
        ("PWD", "257 \"/a\""),
        ("XCWD b c", "250 "),
        ("PWD", "257 \"/a/b c\""),
        ("CDUP", "2"),
        ("PWD", "257 \"/a\""),
        ("XCUP", "2"),
        ("PWD", "257 \"/\""),
        ("CDUP", "2"),
        ("PWD", "257 \"/\""),
        ("CWD nowhere", "550 "),
        ("CWD", "501 "),
        ("RMD a", "550 "),
        ("RMD a/b c", "250 "),
        ("XRMD a", "250 "),
        ("RMD a", "550 "),
        ("RMD /", "550 "),
        ("CWD a", "550 "),
    ]);
}

#[test]
fn the_working_directory_stays_within_the_root() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("MKD /a", "257 "),
        ("CWD /a", "250 "),
        ("CWD ../../..", "250 "),
        ("PWD", "257 \"/\""),
        ("CWD /../../a/../a/.", "250 "),
        ("PWD", "257 \"/a\""),
        ("RETR ../../../../etc/passwd", "425 "),
        ("SIZE ../../../../etc/passwd", "550 "),
    ]);
}

#[test]
fn quotes_in_names_are_doubled() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("MKD a\"b", "257 \"/a\"\"b\""),
        ("CWD a\"b", "250 "),
        ("PWD", "257 \"/a\"\"b\""),
        ("MKD \"q\"", "257 \"/a\"\"b/\"\"q\"\"\""),
    ]);
}

#[test]
fn unusual_names() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for name in ["-a", "a b", "a#b", "a%41", "a+b", "a?b", "a&b", "'", "数据", "🎉", "...", "a\\b"]
    {
        ftp.expect(&format!("MKD {name}"), &format!("257 \"/{name}\""));
        ftp.expect(&format!("CWD /{name}"), "250 ");
        ftp.expect("CWD /", "250 ");
        ftp.store(&format!("STOR {name}/{name}"), name.as_bytes());
        assert_eq!(ftp.fetch(&format!("RETR {name}/{name}")), name.as_bytes());
        server.stored().expect(&format!("{name}/{name}"), name.as_bytes());
        ftp.expect(&format!("DELE {name}/{name}"), "250 ");
        ftp.expect(&format!("RMD {name}"), "250 ");
    }
    assert_eq!(ftp.list("NLST"), Vec::<String>::new());
}

#[test]
fn names_that_would_forge_lines_are_refused() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for name in [&b"a\rb"[..], b"a\0b", b"a\x1bb"] {
        for verb in [&b"MKD "[..], b"STOR ", b"CWD ", b"RNFR ", b"DELE ", b"SIZE "] {
            ftp.send_bytes(&[verb, name, b"\r\n"].concat());
            ftp.expect_reply("5");
        }
    }
    // Bytes that are no UTF-8.
    ftp.send_bytes(b"MKD a\xc3\x28b\r\n");
    ftp.expect_reply("5");
    ftp.expect("PWD", "257 ");
    assert_eq!(ftp.list("NLST"), Vec::<String>::new());
}

#[test]
fn deleting() {
    let server = Setup::local().start();
    server.stored().put("dir/file", b"x");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("DELE", "501 "),
        ("DELE nowhere", "550 "),
        ("DELE dir", "550 "),
        ("DELE dir/file", "250 "),
        ("DELE dir/file", "550 "),
    ]);
    assert_eq!(server.stored().files(), Vec::<String>::new());
}

#[test]
fn renaming() {
    let server = Setup::local().start();
    server.stored().put("one", b"1");
    server.stored().put("dir/two", b"2");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("RNTO x", "503 "),
        ("RNFR nowhere", "550 "),
        ("RNTO x", "503 "),
        ("RNFR", "501 "),
        ("RNFR one", "350 "),
        // Any other command forgets it, but for those that clients send to keep alive.
        ("CWD /", "250 "),
        ("RNTO x", "503 "),
        ("RNFR one", "350 "),
        ("NOOP", "200 "),
        ("PWD", "257 "),
        ("RNTO two", "250 "),
        ("RNFR two", "350 "),
        ("RNTO one", "250 "),
        ("RNFR one", "350 "),
        ("RNTO", "501 "),
        ("RNFR one", "350 "),
        ("RNTO a b", "250 "),
        ("RNFR a b", "350 "),
        ("RNTO dir/one", "250 "),
        ("RNFR dir/one", "350 "),
        ("RNTO dir", "55"),
    ]);
    assert_eq!(server.stored().files(), ["dir/one", "dir/two"]);
    server.stored().expect("dir/one", b"1");
}

#[test]
fn renaming_onto_a_file_replaces_it() {
    let server = Setup::local().start();
    server.stored().put("new", b"new");
    server.stored().put("old", b"old");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("RNFR new", "350 "), ("RNTO old", "250 ")]);
    assert_eq!(server.stored().files(), ["old"]);
    server.stored().expect("old", b"new");
}

#[test]
fn size_and_time() {
    let server = Setup::local().start();
    server.stored().put("file", b"line\nline\n");
    server.stored().put("empty", b"");
    server.stored().put("dir/x", b"");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("SIZE file", "213 10"),
        ("TYPE A", "200 "),
        ("SIZE file", "213 10"),
        ("SIZE empty", "213 0"),
        ("SIZE dir", "550 "),
        ("SIZE nowhere", "550 "),
        ("SIZE", "501 "),
        ("MDTM nowhere", "550 "),
        ("MDTM", "501 "),
    ]);
    let reply = ftp.expect("MDTM file", "213 ");
    let time = reply.trim_start_matches("213 ");
    assert!(time.len() >= 14 && time[..14].bytes().all(|b| b.is_ascii_digit()), "{reply}");
    assert!(time[..4].parse::<u16>().expect("a year") >= 2024, "{reply}");
}
