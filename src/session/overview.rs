//! What a session is doing, for those who look from outside: STAT during a transfer, and the
//! operator's view of all sessions.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use crate::transfer::Progress;
use crate::vfs::FtpPath;

/// One session at one moment.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Its number, as in the log.
    pub id: u64,
    /// The client's address.
    pub peer: SocketAddr,
    /// Who is logged in.
    pub user: Option<String>,
    /// When it began.
    pub since: SystemTime,
    /// How long ago its last command ended; `None` while one is being obeyed.
    pub idle: Option<Duration>,
    /// Whether the control connection is encrypted.
    pub control: Channel,
    /// Its working directory.
    pub directory: FtpPath,
    /// The last command, without a password; empty before the first.
    pub command: String,
    /// The transfer that runs, and how far it is.
    pub transfer: Option<(TransferTask, Progress)>,
}

/// What the control connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// Anybody on the way can read it.
    #[default]
    Plain,
    /// TLS.
    Tls,
}

/// What a transfer is to do.
#[derive(Clone, Debug)]
pub struct TransferTask {
    /// What kind of transfer.
    pub kind: TransferKind,
    /// The file or directory.
    pub path: FtpPath,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
}

/// What kind of transfer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// From the client.
    Upload,
    /// To the client.
    Download,
    /// A directory, to the client.
    Listing,
}

impl TransferTask {
    /// How far it is, in words.
    pub(super) fn describe(&self, progress: &Progress) -> String {
        let verb = match self.kind {
            TransferKind::Upload => "Receiving",
            TransferKind::Download => "Sending",
            TransferKind::Listing => "Listing",
        };
        let bytes = progress.bytes();
        let of_total = match self.total {
            Some(total) => format!(" of {total} ({} %)", percent(bytes, total)),
            None => String::new(),
        };
        let mut text = format!(
            "{verb} {}: {bytes} bytes{of_total} in {:.1} s, {:.1} MB/s",
            self.path,
            progress.elapsed().as_secs_f64(),
            progress.rate() / 1e6,
        );
        if self.kind == TransferKind::Upload {
            let parts = progress.parts();
            let noun = if parts == 1 { "part" } else { "parts" };
            text.push_str(&format!(", {parts} {noun} confirmed"));
        }
        text
    }
}

/// How much of `total` that is; all of nothing is 100.
fn percent(bytes: u64, total: u64) -> u64 {
    u64::try_from(u128::from(bytes) * 100 / u128::from(total.max(1))).map_or(100, |p| match total {
        0 => 100,
        _ => p.min(100),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_and_never_above_all() {
        for (bytes, total, expected) in
            [(0, 10, 0), (3, 10, 30), (10, 10, 100), (12, 10, 100), (0, 0, 100), (9, u64::MAX, 0)]
        {
            assert_eq!(percent(bytes, total), expected, "{bytes} of {total}");
        }
    }
}
