//! Why the command ends without having done what it was asked for, and its exit status.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use cos_ftp_server::config::{Finding, Problems};

use super::language::Language;

/// What it may be.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// What went wrong, in words for the operator.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// A wrong argument: EX_USAGE of sysexits(3).
    Usage(Cause),
    /// A wrong configuration: EX_CONFIG of sysexits(3).
    Config(Cause),
    /// The server cannot start, or cannot be asked.
    Operation(Cause),
}

impl CommandError {
    /// For `map_err`.
    pub(crate) fn config(error: impl Into<Cause>) -> Self {
        Self::Config(error.into())
    }

    /// In `language`: what is wrong in a configuration line by line, as each has a place that is no
    /// word.
    pub(crate) fn text(&self, language: Language) -> String {
        let problems = match self {
            Self::Config(cause) => cause.downcast_ref::<Problems>(),
            Self::Usage(_) | Self::Operation(_) => None,
        };
        let Some(Problems { problems, warnings }) = problems else {
            return match self {
                // What is wrong first: by itself it is known best.
                Self::Usage(cause) => language.say(&usage(&language.say(&cause.to_string()))),
                Self::Config(_) | Self::Operation(_) => language.say(&self.to_string()),
            };
        };
        let line = |finding: &Finding| finding.whereabouts() + &language.say(&finding.text);
        let warning = |finding| warning(finding, language);
        warnings.iter().map(warning).chain(problems.iter().map(line)).collect::<Vec<_>>().join("\n")
    }

    /// For `map_err`.
    pub(crate) fn operation(error: impl Into<Cause>) -> Self {
        Self::Operation(error.into())
    }
}

/// What is `wrong` with a command line, and where to read on.
fn usage(wrong: &str) -> String {
    format!("{wrong}; see cos-ftp-server --help")
}

/// What is told of a configuration that is taken all the same, in `language`.
pub(crate) fn warning(finding: &Finding, language: Language) -> String {
    let warning = language.say("warning: ");
    format!("{warning}{}{}", finding.whereabouts(), language.say(&finding.text))
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => f.write_str(&usage(&error.to_string())),
            Self::Config(error) | Self::Operation(error) => error.fmt(f),
        }
    }
}

impl From<&CommandError> for ExitCode {
    fn from(failure: &CommandError) -> Self {
        match failure {
            CommandError::Usage(_) => 64,
            CommandError::Config(_) => 78,
            CommandError::Operation(_) => 1,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cos_ftp_server::config::{self, EnvironmentKeys, MachineFacts};

    use super::*;

    #[test]
    fn what_is_wrong_in_a_configuration_is_said_whole_in_either_language() {
        let (facts, keys) = (MachineFacts::default(), EnvironmentKeys::default());
        let text = "[COS_ACCOUNT_0]\ncos_endpoint = file:///srv\nhome_dir = /\n\
                    ftp_login_user_name = a\nftp_login_user_password = b\nauthority = R\n\
                    listen = 1\n[NETWORK]\nlisten_port = ftp\n";
        let parsed = config::parse(text.as_bytes(), Path::new("a.conf"), &facts, &keys);
        let failure = CommandError::config(parsed.unwrap_err());
        assert_eq!(failure.text(Language::English), failure.to_string());
        let chinese = failure.text(Language::Chinese);
        let lines: Vec<_> = chinese.lines().collect();
        assert!(
            lines[0].starts_with("警告：a.conf:7: [COS_ACCOUNT_0] listen: 此处没有这个键"),
            "{chinese}"
        );
        assert_eq!(
            lines[1..],
            ["a.conf:9: [NETWORK] listen_port = ftp: 不接受此值；可用的值：0 到 65535 的端口；\
              0 表示由系统选择"]
        );
    }
}
