//! A scanner that is asked whether bytes may become a file. Speaks the protocol of clamd, and knows
//! no store, no path and no FTP.

mod clamd;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

pub use clamd::ClamdStream;

/// `[SCAN]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// `clamd`: where it is asked.
    pub clamd: ScannerAddress,
    /// `scan_timeout`: how long it may be silent while it is to answer or to take something.
    pub timeout: Duration,
    /// `scan_failed`
    pub failed: ScanFailed,
}

/// What becomes of a file that could not be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanFailed {
    /// It is stored all the same, with a line in the log.
    Publish,
    /// It is not.
    Refuse,
}

/// Where a scanner listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerAddress {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`
    Tcp(String),
}

/// What a scanner says of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanVerdict {
    /// Nothing was found.
    Clean,
    /// What was found, by the scanner's name for it.
    Found(String),
    /// It could not tell, and why.
    Failed(String),
}

impl FromStr for ScannerAddress {
    type Err = ();

    /// A path, or `host:port`, of which the host is looked for when it is asked.
    fn from_str(text: &str) -> Result<Self, ()> {
        if text.starts_with('/') {
            return Ok(Self::Unix(text.into()));
        }
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        // What stands in brackets is an address.
        let is_host = !host.is_empty()
            && !host.contains([' ', '/'])
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
        (is_port && is_host).then(|| Self::Tcp(text.to_owned())).ok_or(())
    }
}

impl fmt::Display for ScannerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}
