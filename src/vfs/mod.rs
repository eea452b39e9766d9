//! The file tree as FTP sees it: names, kinds, sizes, times. No input or output.

mod encoding;
mod entry;
mod name_rules;
mod path;

pub use encoding::FilenameEncoding;
pub use entry::{Entry, EntryKind, Metadata};
pub use name_rules::{NamePatterns, NameRules};
pub use path::{FtpPath, PathError};
