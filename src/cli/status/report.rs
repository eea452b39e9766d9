//! What is told, as it stands in the JSON document.

use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::time::SystemTime;

use cos_ftp_server::access::{Ban, BanSubject};
use cos_ftp_server::events::EventBacklog;
use cos_ftp_server::limits;
use cos_ftp_server::metrics::{self, Failure};
use cos_ftp_server::server::Observer;
use cos_ftp_server::session::{Channel, Overview, TransferKind, TransferTask};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::transfer::Progress;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Bans that are told of: all of the operator's, and of a crowd of guessers some.
const MAX_BANS: usize = limits::OPERATOR_BANS;

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
    /// The same for implicit TLS.
    #[serde(default)]
    pub(super) implicit_tls: Vec<SocketAddr>,
    /// The same for metrics and the page; absent where there are none.
    #[serde(default)]
    pub(super) metrics: Option<SocketAddr>,
    /// Since the start.
    pub(super) totals: StatusTotals,
    /// Of the configuration.
    pub(super) reloads: Reloads,
    /// What waits to be told; absent where nobody wants to know.
    #[serde(default)]
    pub(super) events: Option<EventStatus>,
    /// Those of all accounts.
    #[serde(default)]
    pub(super) stores: Vec<StoreStatus>,
    /// When the certificate ends; absent without TLS.
    #[serde(default)]
    pub(super) certificate: Option<CertificateStatus>,
    /// What failed last, the latest first.
    #[serde(default)]
    pub(super) failures: Vec<FailureStatus>,
    /// Who is not let in: the operator's bans first, [`MAX_BANS`] at most.
    #[serde(default)]
    pub(super) bans: Vec<BanStatus>,
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
#[derive(Clone, Debug)]
pub(crate) struct ListenAddresses {
    /// Of its control port.
    pub(crate) listening: Vec<SocketAddr>,
    /// Of implicit TLS.
    pub(crate) implicit_tls: Vec<SocketAddr>,
    /// Of metrics and the page.
    pub(crate) metrics: Option<SocketAddr>,
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
    /// Over data connections so far, of transfers that run, too.
    #[serde(default)]
    pub(super) received_bytes: u64,
    #[serde(default)]
    pub(super) sent_bytes: u64,
}

/// Events that wait.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct EventStatus {
    pub(super) waiting: usize,
    /// For how long the oldest has waited; 0 where none does.
    pub(super) oldest_seconds: u64,
}

/// A store.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct StoreStatus {
    /// As in the log.
    pub(super) name: String,
    /// Absent where nothing was asked yet, or nobody has to be asked.
    pub(super) last_answer: Option<AnswerStatus>,
}

/// What a store answered last.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct AnswerStatus {
    /// RFC 3339, UTC.
    pub(super) at: String,
    pub(super) operation: String,
    /// Of HTTP; absent where no answer came.
    pub(super) status: Option<u16>,
}

/// The certificate.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct CertificateStatus {
    /// RFC 3339, UTC.
    pub(super) ends: String,
    /// Whole days; below 0 it has ended.
    pub(super) days_left: i64,
}

/// Something that failed, and not by a client's doing.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct FailureStatus {
    /// RFC 3339, UTC.
    pub(super) at: String,
    /// As in the log.
    pub(super) session: String,
    pub(super) what: String,
    pub(super) path: Option<String>,
    /// What the store called the request.
    pub(super) request_id: Option<String>,
}

/// A ban that holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct BanStatus {
    /// What of an address it is: itself, or the /64 of IPv6. Of both there is one.
    pub(super) address: Option<String>,
    pub(super) user: Option<String>,
    /// Absent where it lasts until the server ends.
    pub(super) seconds_left: Option<u64>,
    /// Otherwise failed logins have brought it about.
    pub(super) by_operator: bool,
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
            implicit_tls: addresses.implicit_tls.clone(),
            metrics: addresses.metrics,
            totals: StatusTotals::now(),
            reloads: Reloads::now(reloads),
            events: observer.events().map(EventStatus::of),
            stores: observer.stores().iter().map(|store| StoreStatus::of(&**store)).collect(),
            certificate: observer.certificate_ends().map(CertificateStatus::until),
            failures: metrics::latest_failures().into_iter().map(FailureStatus::of).collect(),
            bans: observer.bans().into_iter().take(MAX_BANS).map(BanStatus::of).collect(),
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

impl StoreStatus {
    fn of(store: &dyn ObjectStore) -> Self {
        let last_answer = store.last_answer().map(|answer| AnswerStatus {
            at: rfc3339(answer.at),
            operation: answer.operation.to_string(),
            status: answer.status,
        });
        Self { name: store.describe(), last_answer }
    }
}

impl CertificateStatus {
    fn until(end: SystemTime) -> Self {
        let left = OffsetDateTime::from(end) - OffsetDateTime::now_utc();
        let days_left = left.whole_seconds().div_euclid(24 * 3600);
        Self { ends: rfc3339(end), days_left }
    }
}

impl FailureStatus {
    fn of(failure: Failure) -> Self {
        let Failure { at, session, what, path, request_id } = failure;
        Self { at: rfc3339(at), session, what, path, request_id }
    }
}

impl BanStatus {
    fn of(ban: Ban) -> Self {
        let (address, user) = match ban.subject {
            BanSubject::Source(source) => (Some(source.to_string()), None),
            BanSubject::User(name) => (None, Some(name)),
        };
        let seconds_left = ban.left.map(|left| left.as_secs_f64().ceil() as u64);
        Self { address, user, seconds_left, by_operator: ban.by_operator }
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
            received_bytes,
            sent_bytes,
        } = metrics::totals();
        Self {
            uploads,
            uploaded_bytes,
            downloads,
            downloaded_bytes,
            interrupted,
            failed,
            received_bytes,
            sent_bytes,
        }
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
