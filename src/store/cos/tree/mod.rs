//! Files and directories, made of objects: names become [`keys`], directories are [`markers`] or keys
//! below them, renaming is copying.

pub(crate) mod condition;
pub(crate) mod crew;
pub(crate) mod directories;
pub(crate) mod key_stream;
pub(crate) mod keys;
pub(crate) mod leftovers;
pub(crate) mod listing;
pub(crate) mod markers;
pub(crate) mod moving;
pub(crate) mod mtime;
pub(crate) mod rename;
pub(crate) mod room;
pub(crate) mod versions;
