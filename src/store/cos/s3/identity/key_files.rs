//! Files that hold one part of a key pair and nothing else, as systemd, Kubernetes and secret
//! managers hand them out.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::secret::Secret;

/// Longest part of a key pair, bytes. Tokens of Tencent Cloud have up to 4,096.
const MAX_KEY_BYTES: usize = 16 * 1024;

/// Why a file does not hold a part of a key pair. Nothing of its content is told.
#[derive(Debug)]
pub enum KeyFileError {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is empty, or not one word of printable ASCII.
    NotAKey,
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
            Self::NotAKey => f.write_str(
                "contains no key: it must contain one word of printable ASCII and nothing else",
            ),
        }
    }
}

impl std::error::Error for KeyFileError {}

/// The key in the file at `path`, without white space at its ends.
///
/// # Errors
/// When the file cannot be read or holds something else.
pub fn read(path: &Path) -> Result<Secret, KeyFileError> {
    let file = File::open(path).map_err(KeyFileError::Unreadable)?;
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES + 2));
    let limit = bytes.capacity() as u64 - 1;
    file.take(limit).read_to_end(&mut bytes).map_err(KeyFileError::Unreadable)?;
    let text = str::from_utf8(&bytes).unwrap_or_default().trim_ascii();
    if is_key(text) { Ok(Secret::new(text.to_owned())) } else { Err(KeyFileError::NotAKey) }
}

/// Whether `text` may be part of a key pair: one word of printable ASCII.
pub fn is_key(text: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_one_word() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        let long = "x".repeat(MAX_KEY_BYTES);
        let too_long = format!("{long}x");
        for (content, expected) in [
            ("AKIDx", Some("AKIDx")),
            ("AKIDx\n", Some("AKIDx")),
            (" AKIDx \r\n", Some("AKIDx")),
            (long.as_str(), Some(long.as_str())),
            (too_long.as_str(), None),
            ("two words", None),
            ("钥匙", None),
            ("a\0b", None),
            ("\n", None),
            ("", None),
        ] {
            fs::write(&file, content).unwrap();
            let read = read(&file).ok();
            assert_eq!(read.as_ref().map(Secret::expose), expected, "{content:.20}");
        }
        fs::write(&file, b"\xff\xfe").unwrap();
        assert!(matches!(read(&file), Err(KeyFileError::NotAKey)));
        assert!(matches!(read(directory.path()), Err(KeyFileError::Unreadable(_))));
    }
}
