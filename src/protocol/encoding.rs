//! In which encoding a session's lines are read and written. Names are UTF-8 (RFC 2640), but old
//! Windows clients and devices in China speak GBK and say nothing of it.
//!
//! Control characters, `/` and the end of a line have the same bytes in all of these, and none of
//! their bytes occurs within another character. GBK is read and written as GB18030, which holds all
//! of GBK with the same bytes and, in four bytes each, the rest of Unicode: a name that GBK cannot
//! spell is told all the same, and means the same file when the client sends it back.

use std::borrow::Cow;

use encoding_rs::GB18030;

use super::line::Line;
use crate::vfs::FilenameEncoding;

/// The encoding of one session, as far as it has become clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameEncoding {
    /// What the account wants; before the login what is the default.
    setting: FilenameEncoding,
    charset: Charset,
    known: Known,
}

/// How bytes become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// RFC 2640.
    Utf8,
    /// GB18030, and with it GBK and GB 2312.
    Gbk,
}

/// How [`NameEncoding`] knows its charset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Nothing but ASCII was sent so far.
    Assumed,
    /// By the first line that was not ASCII.
    Seen,
    /// The client asked for it with OPTS UTF8.
    Asked,
}

impl Default for NameEncoding {
    fn default() -> Self {
        Self { setting: FilenameEncoding::Auto, charset: Charset::Utf8, known: Known::Assumed }
    }
}

impl NameEncoding {
    /// What is spoken now.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The login tells what the account wants. What the client asked for before it still holds
    /// (Windows Explorer sends OPTS UTF8 ON first of all), where the account allows it.
    pub fn settle(&mut self, setting: FilenameEncoding) {
        self.setting = setting;
        match (setting, self.known) {
            (FilenameEncoding::Utf8, _) => self.charset = Charset::Utf8,
            (FilenameEncoding::Gbk, Known::Assumed | Known::Seen) => self.charset = Charset::Gbk,
            (FilenameEncoding::Gbk, Known::Asked) | (FilenameEncoding::Auto, _) => {}
        }
    }

    /// The account is logged out. What the client has shown of itself still holds.
    pub fn forget_account(&mut self) {
        if self.known == Known::Assumed {
            self.charset = Charset::Utf8;
        }
        self.setting = FilenameEncoding::Auto;
    }

    /// OPTS UTF8 ON or OFF. Returns what is spoken from now on: an account may have UTF-8 only.
    pub fn ask_for(&mut self, charset: Charset) -> Charset {
        if self.setting != FilenameEncoding::Utf8 {
            self.charset = charset;
            self.known = Known::Asked;
        }
        self.charset
    }

    /// The line as text; one that is not text in the session's encoding stays
    /// [`Line::NotUtf8`]. The first line that is not ASCII may decide which encoding that is.
    pub fn decode(&mut self, line: Line) -> Line {
        match &line {
            Line::Text(text) if text.is_ascii() => {}
            Line::Text(text) if self.charset == Charset::Gbk => return from_gbk(text.as_bytes()),
            Line::Text(_) => self.has_seen(Charset::Utf8),
            Line::NotUtf8(bytes) if self.charset == Charset::Gbk => return from_gbk(bytes),
            Line::NotUtf8(bytes) if self.may_be_gbk() => {
                let line = from_gbk(bytes);
                if matches!(line, Line::Text(_)) {
                    self.has_seen(Charset::Gbk);
                }
                return line;
            }
            Line::NotUtf8(_) | Line::TooLong => {}
        }
        line
    }

    /// UTF-8 text as it is sent.
    pub fn encode<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match (self.charset, std::str::from_utf8(text)) {
            (Charset::Gbk, Ok(text)) => to_gbk(text),
            _ => Cow::Borrowed(text),
        }
    }

    fn may_be_gbk(&self) -> bool {
        self.setting == FilenameEncoding::Auto && self.known == Known::Assumed
    }

    /// Only the first time: a client does not change its mind, but one name of a UTF-8 client may
    /// be broken, and must not break all that follow.
    fn has_seen(&mut self, charset: Charset) {
        if self.known == Known::Assumed {
            (self.charset, self.known) = (charset, Known::Seen);
        }
    }
}

fn from_gbk(bytes: &[u8]) -> Line {
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Line::Text(text.into_owned()),
        None => Line::NotUtf8(bytes.to_vec()),
    }
}

fn to_gbk(text: &str) -> Cow<'_, [u8]> {
    GB18030.encode(text).0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gbk(text: &str) -> Vec<u8> {
        to_gbk(text).into_owned()
    }

    fn text(text: &str) -> Line {
        Line::Text(text.to_owned())
    }

    fn decoded(encoding: &mut NameEncoding, bytes: &[u8]) -> Line {
        let mut decoder = super::super::line::LineDecoder::new();
        decoder.feed(&[bytes, b"\r\n"].concat());
        encoding.decode(decoder.next_line().unwrap())
    }

    #[test]
    fn the_first_name_that_is_not_ascii_decides() {
        let mut chinese = NameEncoding::default();
        assert_eq!(decoded(&mut chinese, b"PWD"), text("PWD"));
        assert_eq!(decoded(&mut chinese, b"CWD \xCA\xFD\xBE\xDD"), text("CWD 数据"));
        assert_eq!(chinese.encode("数".as_bytes()).as_ref(), b"\xCA\xFD");
        // These bytes would be a yen sign in UTF-8.
        assert_eq!(decoded(&mut chinese, b"CWD \xC2\xA5"), text("CWD 楼"));

        let mut modern = NameEncoding::default();
        assert_eq!(decoded(&mut modern, "CWD 数据".as_bytes()), text("CWD 数据"));
        let broken = b"CWD \xCA\xFD".to_vec();
        assert_eq!(decoded(&mut modern, &broken), Line::NotUtf8(broken));
        assert_eq!(modern.encode("数".as_bytes()).as_ref(), "数".as_bytes());
    }

    #[test]
    fn what_is_neither_stays_what_it_is_and_decides_nothing() {
        let mut encoding = NameEncoding::default();
        for broken in [&b"CWD caf\xE9"[..], b"CWD \xFFx", b"CWD \x81"] {
            let before = encoding;
            assert_eq!(decoded(&mut encoding, broken), Line::NotUtf8(broken.to_vec()));
            assert_eq!(encoding, before);
        }
        assert_eq!(encoding.decode(Line::TooLong), Line::TooLong);
    }

    #[test]
    fn the_account_and_the_client_decide() {
        use FilenameEncoding::{Auto, Gbk, Utf8};
        for (setting, asked, spoken) in [
            (Auto, None, Charset::Utf8),
            (Utf8, None, Charset::Utf8),
            (Gbk, None, Charset::Gbk),
            (Auto, Some(Charset::Gbk), Charset::Gbk),
            (Utf8, Some(Charset::Gbk), Charset::Utf8),
            (Gbk, Some(Charset::Utf8), Charset::Utf8),
        ] {
            let mut before = NameEncoding::default();
            let mut after = NameEncoding::default();
            after.settle(setting);
            if let Some(charset) = asked {
                before.ask_for(charset);
                assert_eq!(after.ask_for(charset), spoken, "{setting:?} {asked:?}");
            }
            before.settle(setting);
            assert_eq!(before.charset(), spoken, "{setting:?} {asked:?}, then the login");
            assert_eq!(after.charset(), spoken, "{setting:?} {asked:?}");
        }
        // A name is no guess any more where the client has asked.
        let mut asked = NameEncoding::default();
        asked.ask_for(Charset::Utf8);
        assert_eq!(decoded(&mut asked, b"CWD \xCA\xFD"), Line::NotUtf8(b"CWD \xCA\xFD".to_vec()));
    }

    #[test]
    fn every_character_comes_back() {
        let mut broken = Vec::new();
        for character in (0xA0..=char::MAX as u32).filter_map(char::from_u32) {
            let name = character.to_string();
            if from_gbk(&gbk(&name)) != Line::Text(name) {
                broken.push(character as u32);
            }
        }
        // Code points for private use: U+E5E5 has no bytes, and 18 share the bytes of characters
        // that Unicode got later, and come back as those.
        assert!(broken.iter().all(|code| (0xE000..=0xF8FF).contains(code)), "{broken:x?}");
        assert_eq!(broken.len(), 19);
    }

    #[test]
    fn no_bytes_of_gbk_end_a_line_or_look_like_telnet() {
        for character in (0x80..=char::MAX as u32).filter_map(char::from_u32) {
            let bytes = gbk(&character.to_string());
            assert!(!bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'/' | 0xFF)));
        }
    }
}
