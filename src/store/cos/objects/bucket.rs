//! What all accounts on one bucket share: the pool of connections, the memory of recent changes,
//! and how far the store's clock is from ours.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::{Duration as TimeSpan, OffsetDateTime};
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::{Connector, RustlsConnector};

use super::facts::Facts;
use super::note::Change;
use super::places::Places;
use super::recent::Recent;
use crate::limits;
use crate::store::cos::AddressingStyle;
use crate::store::cos::CosOptions;
use crate::store::cos::Scheme;
use crate::store::cos::s3::http::addresses::{Addresses, RememberingResolver};
use crate::store::cos::s3::http::authorities::{Authorities, AuthorityError};
use crate::store::cos::s3::http::connection::TcpConnector;
use crate::store::cos::s3::http::spare_connection::SpareConnection;
use crate::store::cos::s3::object_lock::KnownLock;
use crate::store::cos::tree::condition::Trust;
use crate::store::turns::Turns;

/// What TLS hands to the HTTP client and takes from it; each connection that speaks it owns one of
/// both, beside its own buffers. A larger one only saves calls.
const TLS_BUFFER_BYTES: usize = 128 * 1024;

/// What a `Date` leaves open.
const SECOND: TimeSpan = TimeSpan::SECOND;

/// How far off our clock may be before stores refuse what it signs.
const SIGNATURE_SLACK: TimeSpan = TimeSpan::minutes(15);

/// The buckets of this process. Accounts that name the same bucket share it.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<BucketId, Arc<Bucket>>>);

/// What makes two accounts' buckets the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BucketId {
    https: bool,
    virtual_hosted: bool,
    endpoint: String,
    bucket: String,
    /// Nobody gets a connection by authorities that another account trusts.
    authorities: Authorities,
}

impl Registry {
    /// The bucket that `options` name, opened before or now.
    ///
    /// # Errors
    /// When the file of authorities cannot be used.
    pub(crate) fn open(&self, options: &CosOptions) -> Result<Arc<Bucket>, AuthorityError> {
        let authorities = options.ca_file.as_deref().map(Authorities::read).transpose()?;
        let id = BucketId {
            https: options.scheme == Scheme::Https,
            virtual_hosted: options.addressing == AddressingStyle::Virtual,
            endpoint: options.endpoint.clone(),
            bucket: options.bucket.clone(),
            authorities: authorities.unwrap_or_default(),
        };
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What no account names any more, after the configuration was read again.
        open.retain(|known, bucket| *known == id || Arc::strong_count(bucket) > 1);
        let bucket = match open.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let bucket = Bucket::new(options, &new.key().authorities);
                new.insert(Arc::new(bucket))
            }
        };
        Ok(Arc::clone(bucket))
    }
}

/// One bucket, shared.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Keeps the connections.
    pub(crate) agent: Agent,
    addresses: Addresses,
    spare: SpareConnection,
    /// What we changed a moment ago.
    pub(crate) recent: Recent,
    /// What the store told a moment ago.
    pub(crate) facts: Facts,
    /// Who changes which key at present: requests that change one key follow one another, so that
    /// what is remembered of it is what happened last, and so that nothing comes between a look
    /// and the change it was made for. Never held while a client is waited for.
    pub(crate) writes: Turns,
    /// Sessions that add to a file: they follow one another, while their clients send.
    pub(crate) appends: Turns,
    /// In which directories files may be stored, and under which names not.
    pub(crate) places: Places,
    /// Whether the store compares what it is told to before it writes.
    pub(crate) conditional_writes: Trust,
    /// Whether it keeps what is stored.
    pub(crate) lock: KnownLock,
    /// Whether it compares before it deletes.
    pub(crate) conditional_deletes: Trust,
    /// Uploads in parts that this process has begun and neither completed nor aborted.
    pub(crate) under_way: UnderWay,
    /// The store's clock minus ours, milliseconds.
    clock_skew: AtomicI64,
}

impl Bucket {
    fn new(options: &CosOptions, authorities: &Authorities) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take the signed request to whoever the answer names.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // The default reads HTTP_PROXY.
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(authorities.trusted()).build())
            .user_agent(concat!("cos-ftp-server/", env!("CARGO_PKG_VERSION")))
            .accept_encoding(AutoHeaderValue::None)
            .max_idle_connections(options.idle_connections)
            .max_idle_connections_per_host(options.idle_connections)
            .max_idle_age(limits::IDLE_STORE_CONNECTION_AGE)
            .input_buffer_size(TLS_BUFFER_BYTES)
            .output_buffer_size(TLS_BUFFER_BYTES)
            .build();
        let (addresses, spare) = (Addresses::default(), SpareConnection::default());
        let tcp = TcpConnector { spare: spare.clone(), addresses: addresses.clone() };
        let resolver = RememberingResolver::new(addresses.clone());
        Self {
            agent: Agent::with_parts(config, tcp.chain(RustlsConnector::default()), resolver),
            addresses,
            spare,
            recent: Recent::default(),
            facts: Facts::new(options.metadata_cache),
            writes: Turns::default(),
            appends: Turns::default(),
            places: Places::new(options.metadata_cache),
            conditional_writes: Trust::default(),
            lock: KnownLock::default(),
            conditional_deletes: Trust::default(),
            under_way: UnderWay::default(),
            clock_skew: AtomicI64::new(0),
        }
    }

    /// Opens a connection for a request that is to come while others run, if it is known where to.
    pub(crate) fn connect_ahead(&self, timeout: Duration) {
        if let Some(addresses) = self.addresses.known() {
            self.spare.open(&addresses, timeout);
        }
    }

    /// Whether the host's addresses are known, so that a request need not wait for them.
    pub(crate) fn is_resolved(&self) -> bool {
        self.addresses.known().is_some()
    }

    /// Remembers that we changed `key`.
    pub(crate) fn note(&self, key: &str, change: Change) {
        // In this order: see `Facts::learn`.
        if matches!(change, Change::Written { .. }) {
            self.places.note_written(key);
        }
        self.recent.note(key, change);
        self.facts.forget(key);
    }

    /// Forgets what was known of `key`: a change of it failed and may have happened all the same.
    pub(crate) fn doubt(&self, key: &str) {
        // It may have been a write: the store is asked before a name counts as taken.
        self.places.note_written(key);
        self.recent.doubt(key);
        self.facts.forget(key);
    }

    /// The time as the store has it, UTC.
    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.skew()
    }

    /// Takes over the store's clock, as an answer's `Date` tells it.
    pub(crate) fn set_clock(&self, store_time: OffsetDateTime) {
        self.set_skew(store_time - OffsetDateTime::now_utc());
    }

    /// Follows the store's clock, as an answer to a request that it took tells it: `store_time` is a
    /// whole second, and was so at some moment of the time that the request took.
    pub(crate) fn follow_clock(&self, store_time: OffsetDateTime, took: Duration) {
        let ahead = store_time - OffsetDateTime::now_utc();
        let skew = self.skew();
        let followed = skew.clamp(ahead, ahead + SECOND + took);
        // Had it been so far off, the store would have refused the signature: this is another clock.
        if followed != skew && (followed - skew).abs() < SIGNATURE_SLACK {
            self.set_skew(followed);
        }
    }

    fn skew(&self) -> TimeSpan {
        TimeSpan::milliseconds(self.clock_skew.load(Ordering::Relaxed))
    }

    fn set_skew(&self, skew: TimeSpan) {
        let milliseconds = i64::try_from(skew.whole_milliseconds()).unwrap_or_default();
        self.clock_skew.store(milliseconds, Ordering::Relaxed);
    }
}

/// The ids of uploads under way: at most as many as there are transfers and copies.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<HashSet<String>>);

impl UnderWay {
    /// An upload has begun.
    pub(crate) fn begin(&self, upload_id: &str) {
        self.lock().insert(upload_id.to_owned());
    }

    /// It was completed, or is being given up.
    pub(crate) fn end(&self, upload_id: &str) {
        self.lock().remove(upload_id);
    }

    /// Whether it is under way.
    pub(crate) fn has(&self, upload_id: &str) -> bool {
        self.lock().contains(upload_id)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::options::tests::options;

    #[test]
    fn accounts_share_a_bucket_whatever_their_prefix() {
        let registry = Registry::default();
        let first = options(AddressingStyle::Virtual);
        let mut second = first.clone();
        second.prefix = "other/".into();
        assert!(Arc::ptr_eq(&registry.open(&first).unwrap(), &registry.open(&second).unwrap()));
        second.bucket = "other-125".into();
        assert!(!Arc::ptr_eq(&registry.open(&first).unwrap(), &registry.open(&second).unwrap()));
    }

    #[test]
    fn a_bucket_that_nobody_uses_is_forgotten() {
        let registry = Registry::default();
        let (first, mut second) = (options(AddressingStyle::Path), options(AddressingStyle::Path));
        second.bucket = "other-125".into();
        let bucket = Arc::downgrade(&registry.open(&first).unwrap());
        let _second = registry.open(&second).unwrap();
        assert!(bucket.upgrade().is_none());
    }

    #[test]
    fn the_clock_follows_the_store() {
        let bucket = Bucket::new(&options(AddressingStyle::Path), &Authorities::default());
        let store_time = OffsetDateTime::now_utc() + time::Duration::hours(3);
        bucket.set_clock(store_time);
        assert!((bucket.now() - store_time).abs() < time::Duration::seconds(30));
    }

    #[test]
    fn the_clock_follows_every_answer_as_far_as_it_tells() {
        let bucket = Bucket::new(&options(AddressingStyle::Path), &Authorities::default());
        let is_off_by = |milliseconds: i64| {
            let off = bucket.now() - OffsetDateTime::now_utc();
            (off - TimeSpan::milliseconds(milliseconds)).abs() < TimeSpan::milliseconds(300)
        };
        let hear = |milliseconds: i64, took: u64| {
            let date = OffsetDateTime::now_utc() + TimeSpan::milliseconds(milliseconds);
            bucket.follow_clock(date, Duration::from_millis(took));
        };
        for (told, took, followed) in [
            (-400, 0, 0),
            (120_000, 0, 120_000),
            (119_200, 0, 119_700),
            // It may have been given long before it came.
            (100_000, 30_000, 119_700),
            (100_000, 5_000, 106_000),
            (-3_000, 0, -2_000),
            (3_600_000, 0, -2_000),
        ] {
            hear(told, took);
            let off = bucket.now() - OffsetDateTime::now_utc();
            assert!(is_off_by(followed), "{told} {took}: {off} for {followed}");
        }
    }
}
