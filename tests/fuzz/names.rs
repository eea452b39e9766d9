//! Paths and patterns.

use cos_ftp_server::protocol::Wildcard;
use cos_ftp_server::vfs::FtpPath;

use super::{holds, text};

const PIECES: &[&str] = &[
    "/", "//", ".", "..", "../", "/..", "%2e%2e", "\\", "..\\", "\0", "\r", "a", "ab", "~", "*",
    " ", "．．", "\u{2024}", "\u{202e}", "数据", "\u{feff}",
];

#[test]
fn no_path_leaves_the_root() {
    holds("paths", |source| {
        let base = FtpPath::root().join(&text(source, PIECES)?);
        let base = base.unwrap_or_else(|_| FtpPath::root());
        let argument = text(source, PIECES)?;
        let Ok(path) = base.join(&argument) else { return Ok(()) };
        assert!(path.as_str().starts_with('/') && path.as_str()[1..] == *path.key());
        for part in path.key().split('/').filter(|_| !path.is_root()) {
            assert!(!matches!(part, "" | "." | ".."), "{argument:?} is {path:?}");
            assert!(!part.chars().any(char::is_control), "{argument:?} is {path:?}");
            assert!(argument.contains(part) || base.key().contains(part), "{part} is new");
        }
        assert_eq!(FtpPath::root().join(path.as_str()).unwrap(), path, "normal already");
        assert_eq!(base.join(path.as_str()).unwrap(), path, "absolute");
        if !path.is_root() {
            assert_eq!(path.parent().child(path.name()).unwrap(), path);
            assert!(path.is_within(&path.parent()) && !path.parent().is_within(&path));
        }
        if let Some(child) = base.child(&argument) {
            assert_eq!(child.parent(), base);
            assert_eq!(child.name(), argument);
        }
        Ok(())
    });
}

/// What a pattern means, in time that grows with the product of both lengths. Sets of characters
/// are left out.
fn fits(pattern: &[char], name: &[char]) -> bool {
    let mut row: Vec<bool> = (0..=name.len()).map(|length| length == 0).collect();
    for wanted in pattern {
        let mut next = vec![*wanted == '*' && row[0]];
        for (at, found) in name.iter().enumerate() {
            next.push(match wanted {
                '*' => next[at] || row[at + 1],
                '?' => row[at],
                plain => row[at] && plain == found,
            });
        }
        row = next;
    }
    row[name.len()]
}

#[test]
fn patterns_mean_what_they_say_and_end_in_time() {
    let pieces = &["*", "**", "?", "a", "b", ".", "aaaaaaaa", "a*", "数"];
    holds("patterns", |source| {
        let (pattern, name) =
            (text(source, pieces)?, text(source, &["a", "b", ".", "aaaa", "数"])?);
        let Some(wildcard) = Wildcard::new(&pattern) else { return Ok(()) };
        if !pattern.contains('[') {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(wildcard.matches(&name), fits(&chars(&pattern), &chars(&name)), "{pattern}");
        }
        assert!(pattern.starts_with(wildcard.literal_prefix()));
        if wildcard.matches(&name) {
            assert!(name.starts_with(wildcard.literal_prefix()), "{pattern:?} {name:?}");
        }
        Ok(())
    });
    let hostile = &["*", "[", "]", "[!", "-", "[a-", "[]", "[^", "a", "\\", "{", "}"];
    holds("hostile patterns", |source| {
        let pattern = text(source, hostile)?;
        if let Some((directory, wildcard)) = Wildcard::in_path(&pattern) {
            assert!(pattern.starts_with(directory) && !wildcard.literal_prefix().contains('/'));
            // Exponential time would not come back.
            let _ = wildcard.matches(&"a".repeat(400));
        }
        Ok(())
    });
}
