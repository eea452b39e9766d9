//! Asking again and again for what nobody tells of. Between two looks the processor is left to what is
//! waited for, and to the other tests.

use std::thread;
use std::time::{Duration, Instant};

/// Short beside what a test takes, and long beside what a look costs.
const PAUSE: Duration = Duration::from_millis(10);

/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(100);

/// Lets a moment pass before the next look.
pub(crate) fn pause() {
    thread::sleep(PAUSE);
}

/// Waits until `is_so`. `what`: what has not come then.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        pause();
    }
}
