//! What the process takes of the machine, as the kernel tells it.

use std::fs;
use std::time::SystemTime;

use rustix::process::{Resource, getrlimit};

use crate::metrics::{self, Process};

/// What is known of this process, which began at `began`. What the kernel does not tell is 0.
pub(super) fn of_this_process(began: SystemTime) -> Process {
    // That of the directory that is read is one of them.
    let descriptors = fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() - 1);
    Process {
        began: metrics::seconds(began),
        resident_bytes: resident_bytes().unwrap_or_default(),
        descriptors: descriptors as u64,
        descriptors_limit: getrlimit(Resource::Nofile).current.unwrap_or_default(),
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_descriptors() {
        let process = of_this_process(SystemTime::now());
        assert!(process.resident_bytes > 1 << 20, "{process:?}");
        assert!((3..10_000).contains(&process.descriptors), "{process:?}");
        assert!(process.began > 1_700_000_000, "{process:?}");
    }
}
