//! What counts: made of the table, and registered to be told.

use std::sync::LazyLock;

use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry,
};

use super::labels::{Direction, Ending, LoginEnding};
use super::table::{Kind, METRICS, Metric};

/// Upper ends of the histogram, seconds: from a store next door to COS putting an object together.
const BUCKETS_SECONDS: [f64; 12] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

/// What is counted up and down.
const PARTS_IN_FLIGHT: &str = "cos_ftp_parts_in_flight";
const PUBLIC_ROUTES: &str = "cos_ftp_store_public_routes";

/// Those of this process.
pub(super) static FIGURES: LazyLock<Figures> = LazyLock::new(Figures::new);

/// What counts, one field for each row of the table.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) registry: Registry,
    /// Set when they are asked for.
    pub(super) states: Vec<(&'static str, Gauge)>,
    pub(super) logins: IntCounterVec,
    pub(super) refusals: IntCounterVec,
    pub(super) bans: IntCounter,
    pub(super) transfers: IntCounterVec,
    pub(super) transfer_bytes: IntCounterVec,
    pub(super) uploaded: IntCounter,
    pub(super) downloaded: IntCounter,
    pub(super) store_requests: IntCounterVec,
    pub(super) store_seconds: HistogramVec,
    pub(super) store_retries: IntCounterVec,
    pub(super) parts_in_flight: IntGauge,
    pub(super) public_routes: IntGauge,
    pub(super) interrupted_uploads: IntCounterVec,
    pub(super) left_published: IntCounter,
    pub(super) events: IntCounterVec,
    pub(super) unfinished_found: IntCounter,
    pub(super) unfinished_aborted: IntCounter,
}

/// Why nothing that makes a figure can fail.
const WELL_FORMED: &str = "the table's names are distinct and well-formed";

impl Figures {
    fn new() -> Self {
        let registry = Registry::new();
        let plain = |name| counters(&registry, name).with_label_values::<&str>(&[]);
        let data = counters(&registry, "cos_ftp_data_bytes_total");
        let build = GaugeVec::new(opts("cos_ftp_build_info"), row("cos_ftp_build_info").labels);
        let build = build.expect(WELL_FORMED);
        registry.register(Box::new(build.clone())).expect(WELL_FORMED);
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
        let figures = Self {
            states: states(&registry),
            logins: counters(&registry, "cos_ftp_logins_total"),
            refusals: counters(&registry, "cos_ftp_refusals_total"),
            bans: plain("cos_ftp_bans_total"),
            transfers: counters(&registry, "cos_ftp_transfers_total"),
            transfer_bytes: counters(&registry, "cos_ftp_transfer_bytes_total"),
            uploaded: data.with_label_values(&[Direction::Upload.name()]),
            downloaded: data.with_label_values(&[Direction::Download.name()]),
            store_requests: counters(&registry, "cos_ftp_store_requests_total"),
            store_seconds: histograms(&registry, "cos_ftp_store_request_seconds"),
            store_retries: counters(&registry, "cos_ftp_store_retries_total"),
            parts_in_flight: gauge(&registry, PARTS_IN_FLIGHT),
            public_routes: gauge(&registry, PUBLIC_ROUTES),
            interrupted_uploads: counters(&registry, "cos_ftp_interrupted_uploads_total"),
            events: counters(&registry, "cos_ftp_events_total"),
            left_published: plain("cos_ftp_left_uploads_published_total"),
            unfinished_found: plain("cos_ftp_unfinished_uploads_found_total"),
            unfinished_aborted: plain("cos_ftp_unfinished_uploads_aborted_total"),
            registry,
        };
        figures.begin_at_zero();
        figures
    }

    /// What is not there cannot be seen to rise: its first event would be lost to `rate`.
    fn begin_at_zero(&self) {
        for ending in LoginEnding::ALL {
            self.logins.with_label_values(&[ending.name()]);
        }
        let limits =
            ["per_minute", "per_address", "before_login", "made_room", "per_user", "reserved"];
        for reason in ["address", "banned"].iter().chain(&limits) {
            self.refusals.with_label_values(&[reason]);
        }
        for result in ["delivered", "failed", "given_up", "dropped"] {
            self.events.with_label_values(&[result]);
        }
        for how in ["left", "broken", "aborted", "stopped"] {
            self.interrupted_uploads.with_label_values(&[how]);
        }
        for direction in Direction::ALL {
            for ending in Ending::ALL {
                self.transfers.with_label_values(&[direction.name(), ending.name()]);
                self.transfer_bytes.with_label_values(&[direction.name(), ending.name()]);
            }
        }
    }
}

fn row(name: &str) -> &'static Metric {
    METRICS.iter().find(|metric| metric.name == name).expect("every figure has its row")
}

fn opts(name: &str) -> Opts {
    Opts::new(name, row(name).help)
}

fn counters(registry: &Registry, name: &str) -> IntCounterVec {
    let counters = IntCounterVec::new(opts(name), row(name).labels).expect(WELL_FORMED);
    registry.register(Box::new(counters.clone())).expect(WELL_FORMED);
    counters
}

fn histograms(registry: &Registry, name: &str) -> HistogramVec {
    let options = HistogramOpts::from(opts(name)).buckets(BUCKETS_SECONDS.to_vec());
    let histograms = HistogramVec::new(options, row(name).labels).expect(WELL_FORMED);
    registry.register(Box::new(histograms.clone())).expect(WELL_FORMED);
    histograms
}

fn gauge(registry: &Registry, name: &str) -> IntGauge {
    let gauge = IntGauge::with_opts(opts(name)).expect(WELL_FORMED);
    registry.register(Box::new(gauge.clone())).expect(WELL_FORMED);
    gauge
}

/// The gauges without labels but for those that are counted.
fn states(registry: &Registry) -> Vec<(&'static str, Gauge)> {
    let is_state = |metric: &&Metric| {
        metric.kind == Kind::Gauge
            && metric.labels.is_empty()
            && ![PARTS_IN_FLIGHT, PUBLIC_ROUTES].contains(&metric.name)
    };
    let make = |metric: &Metric| {
        let gauge = Gauge::with_opts(opts(metric.name)).expect(WELL_FORMED);
        registry.register(Box::new(gauge.clone())).expect(WELL_FORMED);
        (metric.name, gauge)
    };
    METRICS.iter().filter(is_state).map(make).collect()
}
