//! Commands that are shown to be pasted into a shell.

use std::borrow::Cow;
use std::path::Path;

/// `text` as one word of a command.
pub(super) fn word(text: &str) -> String {
    // Only a NUL cannot be written, and nothing that is named has one.
    shlex::try_quote(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

/// The same for a file.
pub(super) fn file(path: &Path) -> String {
    word(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_for_more_is_quoted() {
        assert_eq!(file(Path::new("/etc/a.conf")), "/etc/a.conf");
        assert_eq!(file(Path::new("/my files/a.conf")), "'/my files/a.conf'");
        assert_eq!(word("bob:a$b"), "'bob:a$b'");
    }
}
