//! The bytes of a configuration file as text. Editors leave byte order marks, Windows its line
//! ends, and files written in China before UTF-8 was everywhere are GB18030 (which includes GBK).

use encoding_rs::GB18030;
use zeroize::Zeroizing;

const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// How the bytes of a file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// A guess: what is not UTF-8 and could be this.
    Gb18030,
}

/// The text of a file, its lines ending in LF. `None` when it is in neither encoding.
pub(super) fn decode(bytes: &[u8]) -> Option<(Zeroizing<String>, Encoding)> {
    let bytes = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    let decoded;
    let (text, encoding) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, Encoding::Utf8),
        Err(_) => {
            let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes)?;
            decoded = Zeroizing::new(text.into_owned());
            (decoded.as_str(), Encoding::Gb18030)
        }
    };
    // Text in UTF-16 can pass for either.
    let is_text = !text.contains('\0');
    is_text.then(|| (with_line_feeds(text), encoding))
}

/// `text` with LF at the end of each line. It may hold secrets, so it is copied once.
fn with_line_feeds(text: &str) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((line, behind)) = rest.split_once('\r') {
        lines.push_str(line);
        lines.push('\n');
        rest = behind.strip_prefix('\n').unwrap_or(behind);
    }
    lines.push_str(rest);
    lines
}

#[cfg(test)]
mod tests {
    use super::Encoding::{Gb18030, Utf8};
    use super::*;

    #[test]
    fn bytes_become_text() {
        for (bytes, expected, encoding) in [
            (&b""[..], "", Utf8),
            (b"a = b\n", "a = b\n", Utf8),
            (b"\xEF\xBB\xBFa = b\n", "a = b\n", Utf8),
            ("a = 密码\n".as_bytes(), "a = 密码\n", Utf8),
            (b"a\r\nb\rc\nd\r\r\ne", "a\nb\nc\nd\n\ne", Utf8),
            // "a = 密码" in GBK.
            (b"a = \xC3\xDC\xC2\xEB\r\n", "a = 密码\n", Gb18030),
            // A character of four bytes, which GBK does not have.
            (b"a = \xC3\xDC \x95\x32\x82\x36\n", "a = 密 \u{20000}\n", Gb18030),
        ] {
            assert_eq!(decode(bytes), Some((expected.to_owned().into(), encoding)), "{bytes:?}");
        }
    }

    #[test]
    fn bytes_of_no_text_are_refused() {
        for bytes in [&b"\xFF\xFEa\0=\0b\0"[..], b"a\0=\0b\0", b"a = \xFF\xFF"] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
