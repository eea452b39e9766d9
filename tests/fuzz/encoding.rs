//! Names in GBK, and replies that hold names.

use cos_ftp_server::protocol::{Charset, Code, Line, NameEncoding, Reply};

use super::{bytes, holds, text};

#[test]
fn gbk_changes_no_control_character_and_no_slash() {
    // Halves of characters, characters whose second half is a backslash or a bar, four-byte ones.
    let pieces: &[&[u8]] = &[
        b"\xd5\xe2",
        b"\xd5",
        b"\x81\x5c",
        b"\x81\x7c",
        b"\x81/",
        b"\x81\x30\x81\x30",
        b"\x84\x31\xa4\x37",
        b"\xff",
        b"\x80",
        b"..",
        b"/",
        b"\\",
        b"\xc0\xae",
        b"\xe6\x96\x87",
    ];
    holds("GBK", |source| {
        let mut encoding = NameEncoding::default();
        if source.ratio(1, 2)? {
            encoding.ask_for(Charset::Gbk);
        }
        let sent = bytes(source, pieces)?;
        let line = match String::from_utf8(sent.clone()) {
            Ok(text) => Line::Text(text),
            Err(_) => Line::NotUtf8(sent.clone()),
        };
        let line = encoding.decode(line);
        let Line::Text(text) = &line else { return Ok(()) };
        for special in ['/', '\n', '\r', '\0', '.'] {
            // What looks like one of these in the bytes may be half of a character, never the
            // other way round: no check of the bytes can be got round by spelling.
            let in_text = text.chars().filter(|c| *c == special).count();
            let in_bytes = sent.iter().filter(|byte| **byte == special as u8).count();
            assert!(in_text <= in_bytes, "{special:?} appeared in {text:?}");
        }
        if encoding.charset() == Charset::Gbk {
            let back = encoding.encode(text.as_bytes()).into_owned();
            let again = encoding.decode(Line::NotUtf8(back));
            assert_eq!(again, line, "the same name when the client sends it back");
        }
        Ok(())
    });
}

#[test]
fn no_name_forges_a_reply() {
    let pieces =
        &["226 done", "550-", "\r\n", "\n", "\r", "\0", "\u{ff}", "\u{85}", "数据", "\x1b"];
    holds("replies", |source| {
        let inner = [text(source, pieces)?, text(source, pieces)?];
        let reply = Reply::multi_line(Code::HELP, text(source, pieces)?, inner, "end");
        for charset in [Charset::Utf8, Charset::Gbk] {
            let mut encoding = NameEncoding::default();
            encoding.ask_for(charset);
            let sent = encoding.encode(&reply.to_bytes()).into_owned();
            let lines: Vec<_> = sent.split(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len(), 5, "four lines, and nothing behind the last: {sent:?}");
            assert!(lines[..4].iter().all(|line| line.ends_with(b"\r")));
            assert!(lines[..4].iter().all(|line| !line[..line.len() - 1].contains(&b'\r')));
            assert!(!sent.contains(&0xFF) && !sent.contains(&0));
            // Only the last line looks like one that ends a reply.
            let ends = |line: &&&[u8]| {
                line.len() > 3 && line[..3].iter().all(u8::is_ascii_digit) && line[3] == b' '
            };
            assert_eq!(lines.iter().filter(ends).count(), 1, "{sent:?}");
        }
        Ok(())
    });
}
