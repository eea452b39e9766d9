//! What commands carry when it is one of a few things.

use super::listing::MlstFacts;
use super::time_format::Timestamp;

/// What an upload does with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UploadMode {
    /// STOR: this name; a file that has it is replaced.
    Store(String),
    /// APPE: this name; a file that has it grows.
    Append(String),
    /// STOU: a name nobody has, like this one if given.
    Unique(Option<String>),
}

/// What LIST, NLST, MLSD and STAT are asked for. What looks like options may be a name; only a look
/// at the files tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTarget {
    /// All of the argument; empty for the working directory.
    pub whole: String,
    /// What follows the options, or all of it where there are none. It may end in a wildcard.
    pub path: String,
}

impl ListTarget {
    /// A path without options.
    pub fn of_path(path: &str) -> Self {
        Self { whole: path.to_owned(), path: path.to_owned() }
    }

    /// Whether what comes first looks like options.
    pub fn has_options(&self) -> bool {
        self.path != self.whole
    }
}

/// The representation type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferType {
    /// `A`, `A N`
    Ascii,
    /// `I`, `L 8`
    Image,
}

/// An option that OPTS sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientOption {
    /// `UTF8 ON`
    Utf8On,
    /// `UTF8 OFF`
    Utf8Off,
    /// `MLST facts`: what MLST and MLSD tell from now on.
    MlstFacts(MlstFacts),
}

/// How data connections are protected (RFC 2228 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// `C`: not at all.
    #[default]
    Clear,
    /// `P`: encrypted.
    Private,
    /// `S` and `E`, which TLS has no use for.
    Other,
}

/// A SITE command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteCommand {
    /// `HELP`
    Help,
    /// `CHMOD mode path`: there are no modes in a bucket.
    ChangeMode,
    /// `UTIME`: what MFMT does, and older. Needs [`super::Access::Writes`], and the operator's
    /// leave.
    SetModificationTime {
        /// The time, whole seconds.
        time: Timestamp,
        /// The file.
        path: String,
    },
    /// `UMASK`, `IDLE` and whatever else.
    Unknown,
}
