//! A configuration that may be replaced: one as an installer has put it there, or one that `init`
//! wrote and whose check failed. While nobody has changed it, nobody's work is lost with it.

use std::fs;
use std::io;
use std::path::Path;

use cos_ftp_server::secret::Secret;
use sha2::{Digest, Sha256};

/// What its last line begins with; behind it stands the SHA-256 of all lines above.
const MARK: &str =
    "# cos-ftp-server init may replace this file while the lines above have the SHA-256 ";

/// The same of a file that `init` wrote, until its check has passed.
const OWN_MARK: &str = "# cos-ftp-server init may replace this file, whose \
    check has not passed, while the lines above have the SHA-256 ";

/// What an installer, or an earlier `init`, has arranged for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    /// Whether it is of an earlier `init`.
    pub(super) is_unfinished: bool,
    /// Where the log goes.
    pub(super) log_dir: Option<String>,
    /// The directory that is served.
    pub(super) directory: Option<String>,
}

/// The sample that `file` still is.
///
/// # Errors
/// When it cannot be read.
pub(super) fn untouched(file: &Path) -> io::Result<Option<Sample>> {
    let text = Secret::new(String::from_utf8(fs::read(file)?).unwrap_or_default());
    let text = text.expose();
    let marks = [(MARK, false), (OWN_MARK, true)];
    let found = marks.into_iter().find(|(mark, _)| is_untouched(text, mark));
    Ok(found.map(|(_, is_unfinished)| Sample::of(text, is_unfinished)))
}

/// `text` with the mark of a configuration whose check has not passed yet.
pub(super) fn unfinished(text: &str) -> Secret {
    Secret::new(format!("{text}{OWN_MARK}{}\n", sum(text)))
}

fn is_untouched(text: &str, mark: &str) -> bool {
    let Some((begin, told)) = text.rsplit_once(mark) else { return false };
    told.strip_suffix('\n') == Some(&sum(begin))
}

fn sum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Sample {
    fn of(text: &str, is_unfinished: bool) -> Self {
        let value = |begin: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(begin));
            values.next().map(str::to_owned)
        };
        let directory = value("cos_endpoint = file://");
        Self { is_unfinished, log_dir: value("log_dir = "), directory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one of the package.
    const PACKAGED: &str = include_str!("../../../conf/debian/vsftpd.conf");

    #[test]
    fn a_sample_is_one_until_a_byte_is_changed() {
        assert!(is_untouched(PACKAGED, MARK));
        let changed = |from: &str, to: &str| PACKAGED.replacen(from, to, 1);
        for text in [
            changed("listen_port = 2121", "listen_port = 2122"),
            changed("# Key pair", "# key pair"),
            PACKAGED.trim_end().to_owned(),
            format!("{PACKAGED}\n"),
            format!("{PACKAGED}[TLS]\n"),
            PACKAGED.rsplit_once(MARK).unwrap().0.to_owned(),
            String::new(),
        ] {
            assert!(!is_untouched(&text, MARK), "{text}");
        }
    }

    #[test]
    fn what_was_arranged_for_is_kept() {
        let log_dir = Some("/var/log/cos-ftp-server".to_owned());
        let expected = Sample { is_unfinished: false, log_dir, directory: None };
        assert_eq!(Sample::of(PACKAGED, false), expected);
        let directory = Sample::of("cos_endpoint = file:///srv/data\n", false).directory;
        assert_eq!(directory.as_deref(), Some("/srv/data"));
    }

    #[test]
    fn what_init_wrote_is_known_again_until_somebody_changes_it() {
        let written = unfinished("[COS_ACCOUNT_0]\n");
        assert!(is_untouched(written.expose(), OWN_MARK) && !is_untouched(written.expose(), MARK));
        let changed = written.expose().replace("_0", "_1");
        assert!(!is_untouched(&changed, OWN_MARK));
    }
}
