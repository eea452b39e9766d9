//! When something last happened: seconds since 1970, 0 for never.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

static GOOD_PROBE: AtomicU64 = AtomicU64::new(0);
static RELOADS: AtomicU64 = AtomicU64::new(0);
static RELOAD: AtomicU64 = AtomicU64::new(0);
static RELOAD_FAILED: AtomicBool = AtomicBool::new(false);

/// Notes that all stores have answered a look at them.
pub fn note_good_probe() {
    GOOD_PROBE.store(seconds(SystemTime::now()), Ordering::Relaxed);
}

/// How often the configuration was read again, and whether it was taken the last time.
pub fn reloads() -> (u64, bool) {
    (RELOADS.load(Ordering::Acquire), !RELOAD_FAILED.load(Ordering::Relaxed))
}

/// Notes that the configuration was read again, and whether it was taken.
pub fn note_reload(taken: bool) {
    RELOAD_FAILED.store(!taken, Ordering::Relaxed);
    if taken {
        RELOAD.store(seconds(SystemTime::now()), Ordering::Relaxed);
    }
    // Last: who sees the number sees how it ended.
    RELOADS.fetch_add(1, Ordering::Release);
}

/// `time` as metrics tell it.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Each of them by the name of its row.
pub(super) fn all() -> [(&'static str, u64); 3] {
    [
        ("cos_ftp_last_good_probe_timestamp_seconds", GOOD_PROBE.load(Ordering::Relaxed)),
        ("cos_ftp_last_reload_timestamp_seconds", RELOAD.load(Ordering::Relaxed)),
        ("cos_ftp_last_reload_successful", u64::from(!RELOAD_FAILED.load(Ordering::Relaxed))),
    ]
}
