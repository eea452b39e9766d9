//! What control groups leave this process: in a container or under a service manager that is
//! less than the machine has. Both versions of the interface; every level up to the root counts.

use std::fs;
use std::path::{Path, PathBuf};

/// The tightest limits of all levels; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CgroupLimits {
    /// Bytes of memory.
    pub(super) memory: Option<u64>,
    /// Bytes of memory not in use now; the page cache that can be dropped counts as free.
    pub(super) available: Option<u64>,
    /// Threads and processes that may still be started.
    pub(super) tasks: Option<u64>,
}

/// The files of one controller.
struct MemoryController {
    limit: &'static str,
    used: &'static str,
    cache: &'static str,
}

const MEMORY_V1: MemoryController = MemoryController {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: "total_inactive_file",
};

const MEMORY_V2: MemoryController =
    MemoryController { limit: "memory.max", used: "memory.current", cache: "inactive_file" };

/// The limits of this process. `root` is `/`.
pub(super) fn limits(root: &Path) -> CgroupLimits {
    let mut found = CgroupLimits::default();
    let mounts = root.join("sys/fs/cgroup");
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    // "0::/path" in version 2, "5:memory:/path" in version 1; both may be there.
    for group in groups.lines() {
        let mut fields = group.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        if controllers.is_empty() {
            for level in levels(&mounts, path) {
                found.add_memory(&level, &MEMORY_V2);
                found.add_tasks(&level);
            }
        }
        for controller in controllers.split(',') {
            for level in levels(&mounts.join(controller), path) {
                match controller {
                    "memory" => found.add_memory(&level, &MEMORY_V1),
                    "pids" => found.add_tasks(&level),
                    _ => {}
                }
            }
        }
    }
    found
}

/// The directories of a group and of those above it. In a container some do not exist.
fn levels(mount: &Path, path: &str) -> impl Iterator<Item = PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    path.ancestors().map(|level| mount.join(level))
}

impl CgroupLimits {
    fn add_memory(&mut self, level: &Path, files: &MemoryController) {
        let Some(limit) = number(&level.join(files.limit)) else { return };
        let used = number(&level.join(files.used)).unwrap_or_default();
        let cache = field(&level.join("memory.stat"), files.cache).unwrap_or_default();
        lower(&mut self.memory, limit);
        lower(&mut self.available, limit.saturating_sub(used.saturating_sub(cache)));
    }

    fn add_tasks(&mut self, level: &Path) {
        let Some(limit) = number(&level.join("pids.max")) else { return };
        let running = number(&level.join("pids.current")).unwrap_or_default();
        lower(&mut self.tasks, limit.saturating_sub(running));
    }
}

fn lower(limit: &mut Option<u64>, to: u64) {
    *limit = Some(limit.map_or(to, |limit| limit.min(to)));
}

/// The number a file holds. "max", which is no number, is no limit.
fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The first number behind `name` (a word, perhaps with a colon) at the beginning of a line.
pub(super) fn field(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()?.trim_end_matches(':') == name).then(|| words.next()?.parse().ok())?
    })
}
