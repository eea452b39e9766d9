//! Figures of the process, for Prometheus: a leaf of atomic counters that any layer may bump.
//!
//! Counters belong to the process, so they are reached without being handed around. What is a state
//! and not an event is not counted here: the server reads it when it is asked ([`Snapshot`]), so
//! nothing can drift. To bump costs an atomic addition, and a look into a small map where a label's
//! value is not known beforehand; nothing is bumped for each byte.

mod failures;
mod figures;
mod labels;
mod moments;
mod table;
mod totals;

pub use failures::{Failure, latest_failures, note_failure};
pub use labels::{Direction, Ending, LoginEnding};
pub use moments::{note_good_probe, note_reload, reloads, seconds};
pub use table::{Kind, METRICS, Metric};
pub use totals::{Totals, totals};

use std::time::Duration;

use prometheus::TextEncoder;

use figures::FIGURES;

/// What is so at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Sessions, logged in or not.
    pub sessions: u64,
    /// Control and data connections.
    pub connections: u64,
    /// `max_connection_num`; 0 for any number.
    pub connections_limit: u64,
    /// Addresses that are banned.
    pub banned_addresses: u64,
    /// Transfers and listings under way.
    pub transfers_running: u64,
    /// Bytes of `buffer_memory` that transfers hold.
    pub buffer_bytes: u64,
    /// `buffer_memory`, bytes.
    pub buffer_limit_bytes: u64,
    /// Passive ports that wait for a data connection.
    pub passive_ports_used: u64,
    /// Passive ports there are.
    pub passive_ports: u64,
    /// When the certificate ends, in seconds since 1970; 0 without TLS.
    pub certificate_ends: u64,
    /// Events that wait to be told.
    pub events_waiting: u64,
    /// Seconds for which the oldest of them has waited.
    pub events_oldest: u64,
    /// The process itself.
    pub process: Process,
}

/// What the process takes of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// Bytes of memory that are its own now.
    pub resident_bytes: u64,
    /// Descriptors that are open now.
    pub descriptors: u64,
    /// Descriptors it may have; 0 for any number.
    pub descriptors_limit: u64,
}

/// A part that is being sent, until it is dropped.
#[derive(Debug)]
pub struct PartInFlight(());

/// A way to a store that leads over a public network, until it is dropped.
#[derive(Debug)]
pub struct PublicRoute(());

/// Counts a login.
pub fn count_login(ending: LoginEnding) {
    FIGURES.logins.with_label_values(&[ending.name()]).inc();
}

/// Counts a client or a login that the rules of access refuse.
pub fn count_refusal(reason: &str) {
    FIGURES.refusals.with_label_values(&[reason]).inc();
}

/// Counts a ban that begins.
pub fn count_ban() {
    FIGURES.bans.inc();
}

/// Counts a transfer that has ended, and its bytes.
pub fn count_transfer(direction: Direction, ending: Ending, bytes: u64) {
    let labels = [direction.name(), ending.name()];
    FIGURES.transfers.with_label_values(&labels).inc();
    FIGURES.transfer_bytes.with_label_values(&labels).inc_by(bytes);
}

/// Counts an upload that was interrupted: `left`, `broken`, `aborted`, `stopped`.
pub fn count_interrupted_upload(how: &'static str) {
    FIGURES.interrupted_uploads.with_label_values(&[how]).inc();
}

/// Counts a parked upload that was published as nobody came back.
pub fn count_left_upload() {
    FIGURES.left_published.inc();
}

/// Counts what became of an event: `delivered`, `failed`, `given_up`, `dropped`.
pub fn count_event(result: &'static str) {
    FIGURES.events.with_label_values(&[result]).inc();
}

/// Counts file bytes that have gone over a data connection.
pub fn count_data_bytes(direction: Direction, bytes: u64) {
    match direction {
        Direction::Upload => FIGURES.uploaded.inc_by(bytes),
        Direction::Download => FIGURES.downloaded.inc_by(bytes),
    }
}

/// Counts one try of a request to a store. `status`: none where no answer came.
pub fn count_store_request(operation: &str, status: Option<u16>, took: Duration) {
    let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
    FIGURES.store_requests.with_label_values(&[operation, &status]).inc();
    FIGURES.store_seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
}

/// Counts a request to a store that is tried again.
pub fn count_store_retry(operation: &str) {
    FIGURES.store_retries.with_label_values(&[operation]).inc();
}

/// Counts a part as in flight while the result lives.
pub fn part_in_flight() -> PartInFlight {
    FIGURES.parts_in_flight.inc();
    PartInFlight(())
}

/// Counts a way to a store that is public while the result lives.
pub fn public_route() -> PublicRoute {
    FIGURES.public_routes.inc();
    PublicRoute(())
}

/// Counts an unfinished upload that was found silent.
pub fn count_unfinished_upload() {
    FIGURES.unfinished_found.inc();
}

/// Counts one of those that was aborted.
pub fn count_aborted_upload() {
    FIGURES.unfinished_aborted.inc();
}

/// All figures in the text format of Prometheus, version 0.0.4.
pub fn render(snapshot: &Snapshot) -> String {
    let Snapshot {
        sessions,
        connections,
        connections_limit,
        banned_addresses,
        transfers_running,
        buffer_bytes,
        buffer_limit_bytes,
        passive_ports_used,
        passive_ports,
        certificate_ends,
        events_waiting,
        events_oldest,
        process,
    } = *snapshot;
    for (name, value) in [
        ("cos_ftp_sessions", sessions),
        ("cos_ftp_connections", connections),
        ("cos_ftp_connections_limit", connections_limit),
        ("cos_ftp_banned_addresses", banned_addresses),
        ("cos_ftp_transfers_running", transfers_running),
        ("cos_ftp_buffer_bytes", buffer_bytes),
        ("cos_ftp_buffer_limit_bytes", buffer_limit_bytes),
        ("cos_ftp_passive_ports_used", passive_ports_used),
        ("cos_ftp_passive_ports", passive_ports),
        ("cos_ftp_certificate_expiry_timestamp_seconds", certificate_ends),
        ("cos_ftp_events_waiting", events_waiting),
        ("cos_ftp_events_oldest_seconds", events_oldest),
        ("process_start_time_seconds", process.began),
        ("process_resident_memory_bytes", process.resident_bytes),
        ("process_open_fds", process.descriptors),
        ("process_max_fds", process.descriptors_limit),
    ]
    .into_iter()
    .chain(moments::all())
    {
        if let Some((_, gauge)) = FIGURES.states.iter().find(|(have, _)| *have == name) {
            gauge.set(value as f64);
        }
    }
    // It is written to memory, and every family has a name and samples.
    TextEncoder::new().encode_to_string(&FIGURES.registry.gather()).unwrap_or_default()
}

impl Drop for PartInFlight {
    fn drop(&mut self) {
        FIGURES.parts_in_flight.dec();
    }
}

impl Drop for PublicRoute {
    fn drop(&mut self) {
        FIGURES.public_routes.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_told_with_its_kind_and_what_is_there_from_the_start() {
        count_store_request("HeadObject", None, Duration::from_millis(30));
        count_store_retry("HeadObject");
        count_refusal("banned");
        let snapshot = Snapshot { sessions: 7, passive_ports: 5536, ..Snapshot::default() };
        let text = render(&snapshot);
        for metric in METRICS {
            let kind = format!("# TYPE {} {}\n", metric.name, metric.kind.name());
            assert!(text.contains(&kind), "{kind}{text}");
        }
        for line in [
            "cos_ftp_sessions 7\n",
            "cos_ftp_passive_ports 5536\n",
            "cos_ftp_logins_total{result=\"busy\"} 0\n",
            "cos_ftp_transfers_total{direction=\"download\",result=\"failed\"} 0\n",
            "cos_ftp_store_requests_total{operation=\"HeadObject\",status=\"none\"} 1\n",
            "cos_ftp_store_request_seconds_bucket{operation=\"HeadObject\",le=\"0.05\"} 1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn a_part_is_in_flight_until_its_guard_goes() {
        let first = part_in_flight();
        let second = part_in_flight();
        assert_eq!(FIGURES.parts_in_flight.get(), 2);
        drop((first, second));
        assert_eq!(FIGURES.parts_in_flight.get(), 0);
    }
}
