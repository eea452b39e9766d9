//! The file tree as FTP sees it: names, kinds, sizes, times. No input or output.

mod entry;
mod path;

pub use entry::{Entry, EntryKind, Metadata};
pub use path::{FtpPath, PathError};
