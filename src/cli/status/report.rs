//! What is told, as it stands in the JSON document.

use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::time::SystemTime;

use cos_ftp_server::events::EventBacklog;
use cos_ftp_server::metrics;
use cos_ftp_server::server::Observer;
use cos_ftp_server::session::{Channel, Overview, TransferKind, TransferTask};
use cos_ftp_server::transfer::Progress;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The whole server.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct StatusReport {
    /// Of the program.
    pub(super) version: String,
    pub(super) pid: u32,
    /// RFC 3339, UTC.
    pub(super) started: String,
    pub(super) stopping: bool,
    /// What a stop takes at most, unless a store that answers is waited for longer.
    #[serde(default)]
    pub(super) shutdown_grace_seconds: Option<u64>,
    /// Where it listens.
    pub(super) listening: Vec<SocketAddr>,
    /// The same for implicit TLS and for metrics.
    #[serde(default)]
    pub(super) also_listening: Vec<SocketAddr>,
    /// Since the start.
    pub(super) totals: StatusTotals,
    /// Of the configuration.
    pub(super) reloads: Reloads,
    /// What waits to be told; absent where nobody wants to know.
    #[serde(default)]
    pub(super) events: Option<EventStatus>,
    /// Oldest first.
    pub(super) sessions: Vec<SessionStatus>,
}

/// The last that is told, to those who have stayed.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Farewell {
    /// Whether everything had ended in time.
    pub(super) in_order: bool,
}

/// Where a server takes connections.
#[derive(Debug)]
pub(crate) struct ListenAddresses {
    /// Of its control port.
    pub(crate) listening: Vec<SocketAddr>,
    /// Of implicit TLS and of metrics.
    pub(crate) also_listening: Vec<SocketAddr>,
}

/// How the configuration was read again.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reloads {
    /// How often.
    pub(crate) count: u64,
    /// Whether it was taken the last time.
    pub(crate) last_taken: bool,
    /// What of it was.
    #[serde(flatten)]
    pub(crate) changes: ReloadChanges,
}

/// What the last configuration that was taken has changed, by the names of keys.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct ReloadChanges {
    /// What took effect.
    pub(crate) taken: Vec<String>,
    /// What the running server has otherwise, and only a restart will change.
    pub(crate) waiting: Vec<String>,
}

/// The last [`ReloadChanges`], from whoever reads the configuration to whoever tells of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReloadRecord(Arc<Mutex<ReloadChanges>>);

impl ReloadRecord {
    /// What there is to tell from now on.
    pub(crate) fn set(&self, changes: ReloadChanges) {
        *self.0.lock() = changes;
    }

    fn now(&self) -> ReloadChanges {
        self.0.lock().clone()
    }
}

/// What has ended since the start.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct StatusTotals {
    pub(super) uploads: u64,
    pub(super) uploaded_bytes: u64,
    pub(super) downloads: u64,
    pub(super) downloaded_bytes: u64,
    pub(super) interrupted: u64,
    pub(super) failed: u64,
}

/// Events that wait.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct EventStatus {
    pub(super) waiting: usize,
    /// For how long the oldest has waited; 0 where none does.
    pub(super) oldest_seconds: u64,
}

/// One session.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SessionStatus {
    /// As in the log: `session-7` is 7.
    pub(super) id: u64,
    pub(super) user: Option<String>,
    pub(super) address: SocketAddr,
    /// RFC 3339, UTC.
    pub(super) since: String,
    /// Since the last command ended; absent while one is being obeyed.
    pub(super) idle_seconds: Option<f64>,
    pub(super) tls: bool,
    pub(super) directory: String,
    pub(super) command: String,
    pub(super) transfer: Option<TransferStatus>,
}

/// A transfer that runs.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct TransferStatus {
    /// `upload`, `download` or `listing`.
    pub(super) direction: String,
    pub(super) path: String,
    /// Over the data connection.
    pub(super) bytes: u64,
    /// Where it is known.
    pub(super) total_bytes: Option<u64>,
    pub(super) seconds: f64,
    pub(super) bytes_per_second: f64,
    /// Parts the store has confirmed, of an upload.
    pub(super) parts: Option<u64>,
}

impl StatusReport {
    /// What `observer` sees now.
    pub(super) fn of(
        observer: &Observer,
        addresses: &ListenAddresses,
        started: SystemTime,
        reloads: &ReloadRecord,
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: process::id(),
            started: rfc3339(started),
            stopping: observer.is_stopping(),
            shutdown_grace_seconds: Some(observer.shutdown_grace().as_secs()),
            listening: addresses.listening.clone(),
            also_listening: addresses.also_listening.clone(),
            totals: StatusTotals::now(),
            reloads: Reloads::now(reloads),
            events: observer.events().map(EventStatus::of),
            sessions: observer.sessions().into_iter().map(SessionStatus::of).collect(),
        }
    }

    /// How many transfers run.
    pub(super) fn transfers(&self) -> usize {
        self.sessions.iter().filter(|session| session.transfer.is_some()).count()
    }
}

impl Reloads {
    fn now(record: &ReloadRecord) -> Self {
        let (count, last_taken) = metrics::reloads();
        Self { count, last_taken, changes: record.now() }
    }
}

impl EventStatus {
    fn of(backlog: EventBacklog) -> Self {
        Self { waiting: backlog.waiting, oldest_seconds: backlog.oldest.as_secs() }
    }
}

impl StatusTotals {
    fn now() -> Self {
        let metrics::Totals {
            uploads,
            uploaded_bytes,
            downloads,
            downloaded_bytes,
            interrupted,
            failed,
        } = metrics::totals();
        Self { uploads, uploaded_bytes, downloads, downloaded_bytes, interrupted, failed }
    }
}

impl SessionStatus {
    fn of(overview: Overview) -> Self {
        Self {
            id: overview.id,
            user: overview.user,
            address: overview.peer,
            since: rfc3339(overview.since),
            idle_seconds: overview.idle.map(|idle| idle.as_secs_f64()),
            tls: overview.control == Channel::Tls,
            directory: overview.directory.to_string(),
            command: overview.command,
            transfer: overview
                .transfer
                .map(|(task, progress)| TransferStatus::of(&task, &progress)),
        }
    }
}

impl TransferStatus {
    fn of(task: &TransferTask, progress: &Progress) -> Self {
        let direction = match task.kind {
            TransferKind::Upload => "upload",
            TransferKind::Download => "download",
            TransferKind::Listing => "listing",
        };
        Self {
            direction: direction.to_owned(),
            path: task.path.to_string(),
            bytes: progress.bytes(),
            total_bytes: task.total,
            seconds: progress.elapsed().as_secs_f64(),
            bytes_per_second: progress.rate(),
            parts: (task.kind == TransferKind::Upload).then(|| progress.parts()),
        }
    }
}

fn rfc3339(time: SystemTime) -> String {
    let whole = OffsetDateTime::from(time).replace_nanosecond(0).unwrap_or_else(|_| time.into());
    whole.format(&Rfc3339).unwrap_or_default()
}
