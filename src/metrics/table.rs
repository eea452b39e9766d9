//! The metric table: every figure that is told, one row each. The documents are held to it.

use Kind::{Counter, Gauge, Histogram};

/// How a figure moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only up, from the start of the process.
    Counter,
    /// Up and down.
    Gauge,
    /// How often something took how long.
    Histogram,
}

impl Kind {
    /// As the text format calls it.
    pub fn name(self) -> &'static str {
        match self {
            Counter => "counter",
            Gauge => "gauge",
            Histogram => "histogram",
        }
    }
}

/// One figure, or one for each value of its labels.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with its unit.
    pub name: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

const fn row(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help }
}

/// Every figure, in the order of the documents.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    row("cos_ftp_build_info", Gauge, &["version"], "1, with the version of the server"),
    row("cos_ftp_sessions", Gauge, &[], "Control connections that are served now"),
    row("cos_ftp_connections", Gauge, &[], "Control and data connections that are open now"),
    row("cos_ftp_connections_limit", Gauge, &[], "max_connection_num, 0 for no limit"),
    row("cos_ftp_logins_total", Counter, &["result"], "Logins: ok, failed, busy (no time to verify the password)"),
    row("cos_ftp_refusals_total", Counter, &["reason"], "Clients and logins refused: address, banned, per_minute, per_address, before_login, made_room, per_user, reserved"),
    row("cos_ftp_bans_total", Counter, &[], "Bans that began"),
    row("cos_ftp_banned_addresses", Gauge, &[], "Addresses that are banned now"),
    row("cos_ftp_transfers_running", Gauge, &[], "Transfers that run now"),
    row("cos_ftp_transfers_total", Counter, &["direction", "result"], "Transfers that ended: complete, interrupted, failed"),
    row("cos_ftp_transfer_bytes_total", Counter, &["direction", "result"], "Bytes of the transfers that ended, by how they ended"),
    row("cos_ftp_data_bytes_total", Counter, &["direction"], "File bytes over data connections, counted as they move"),
    row("cos_ftp_store_requests_total", Counter, &["operation", "status"], "Requests to stores by HTTP status, none where no answer came; each try counts"),
    row("cos_ftp_store_request_seconds", Histogram, &["operation"], "From the sending of a request to the head of the answer, each try"),
    row("cos_ftp_store_retries_total", Counter, &["operation"], "Requests to stores that were tried again"),
    row("cos_ftp_store_public_routes", Gauge, &[], "Hosts of COS that are reached at a public address now, where downloads are billed"),
    row("cos_ftp_parts_in_flight", Gauge, &[], "Parts of uploads that are being sent to stores now"),
    row("cos_ftp_buffer_bytes", Gauge, &[], "Bytes of buffer_memory that transfers hold now"),
    row("cos_ftp_buffer_limit_bytes", Gauge, &[], "buffer_memory"),
    row("cos_ftp_passive_ports_used", Gauge, &[], "Passive ports that wait for a data connection now"),
    row("cos_ftp_passive_ports", Gauge, &[], "Passive ports there are"),
    row("cos_ftp_interrupted_uploads_total", Counter, &["how"], "Interrupted uploads: left (closed in order, without waiting for the reply), broken, aborted (ABOR), stopped"),
    row("cos_ftp_left_uploads_published_total", Counter, &[], "Parked uploads that were published as nobody came back"),
    row("cos_ftp_unfinished_uploads_found_total", Counter, &[], "Unfinished uploads found silent for abort_unfinished_after"),
    row("cos_ftp_unfinished_uploads_aborted_total", Counter, &[], "Those of them that were aborted"),
    row("cos_ftp_events_total", Counter, &["result"], "Deliveries of events: delivered, failed (tried again), given_up; and dropped, events that were not told as too many waited"),
    row("cos_ftp_events_waiting", Gauge, &[], "Events that wait to be delivered now"),
    row("cos_ftp_events_oldest_seconds", Gauge, &[], "For how long the oldest of them has waited, 0 where none does"),
    row("cos_ftp_last_good_probe_timestamp_seconds", Gauge, &[], "When all stores last answered a look at the start or by /readyz, 0 for never"),
    row("cos_ftp_last_reload_timestamp_seconds", Gauge, &[], "When the configuration was last read again and taken, 0 for never"),
    row("cos_ftp_last_reload_successful", Gauge, &[], "0 after a configuration that was read again and not taken, else 1"),
    row("cos_ftp_certificate_expiry_timestamp_seconds", Gauge, &[], "When the certificate in tls_cert_file ends, 0 without TLS"),
    row("process_start_time_seconds", Gauge, &[], "When the server was started"),
    row("process_resident_memory_bytes", Gauge, &[], "Bytes of memory the process has now"),
    row("process_open_fds", Gauge, &[], "Descriptors that are open now"),
    row("process_max_fds", Gauge, &[], "Descriptors the process may have, 0 for any number"),
];
