//! What this process tells its log of what was left under certain names.

use std::sync::{Mutex, Once, PoisonError};

/// The lines in which a test's name stands, of all tests.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

static START: Once = Once::new();

/// Those of one test.
pub(super) struct LeftLogs(&'static str);

struct Keeper;

impl LeftLogs {
    /// From now on, of the files whose names begin so: those of no other test.
    pub(super) fn of(name: &'static str) -> Self {
        START.call_once(|| {
            log::set_logger(&Keeper).expect("no other logger");
            log::set_max_level(log::LevelFilter::Info);
        });
        Self(name)
    }

    pub(super) fn told(&self) -> String {
        let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        let own: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| line.contains(self.0)).collect();
        own.join("\n")
    }
}

impl log::Log for Keeper {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().contains("::transfer::left")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}
