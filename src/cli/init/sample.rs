//! A configuration as an installer has put it there: while nobody has changed it, nobody's work is
//! lost with it.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What its last line begins with; behind it stands the SHA-256 of all lines above.
const MARK: &str =
    "# cos-ftp-server init may replace this file while the lines above have the SHA-256 ";

/// What an installer has arranged for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
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
    let text = fs::read(file)?;
    Ok(str::from_utf8(&text).ok().filter(|text| is_untouched(text)).map(Sample::of))
}

fn is_untouched(text: &str) -> bool {
    let Some((begin, sum)) = text.rsplit_once(MARK) else { return false };
    let digest = Sha256::digest(begin.as_bytes());
    let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    sum.strip_suffix('\n') == Some(&expected)
}

impl Sample {
    fn of(text: &str) -> Self {
        let value = |begin: &str| {
            let mut values = text.lines().filter_map(|line| line.strip_prefix(begin));
            values.next().map(str::to_owned)
        };
        Self { log_dir: value("log_dir = "), directory: value("cos_endpoint = file://") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one of the package.
    const PACKAGED: &str = include_str!("../../../conf/debian/vsftpd.conf");

    #[test]
    fn a_sample_is_one_until_a_byte_is_changed() {
        assert!(is_untouched(PACKAGED));
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
            assert!(!is_untouched(&text), "{text}");
        }
    }

    #[test]
    fn what_was_arranged_for_is_kept() {
        let log_dir = Some("/var/log/cos-ftp-server".to_owned());
        assert_eq!(Sample::of(PACKAGED), Sample { log_dir, directory: None });
        let directory = Sample::of("cos_endpoint = file:///srv/data\n").directory;
        assert_eq!(directory.as_deref(), Some("/srv/data"));
    }
}
