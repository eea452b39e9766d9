//! What the machine has, as far as it limits how many clients can be served.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, geteuid, getrlimit};

use super::cgroup;

/// A thread costs its stack, the stack's guard page, and what the allocator maps for it: with a
/// margin this many of the process's memory mappings.
const MAPPINGS_PER_THREAD: u64 = 5;

/// Limits of the machine; `None` where there is none or it is not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// Bytes of memory, or what a control group allows of them.
    pub total_memory: Option<u64>,
    /// Bytes of memory that can be taken without swapping.
    pub available_memory: Option<u64>,
    /// Descriptors the process may have: the hard limit, to which the soft one is raised.
    pub descriptors: Option<u64>,
    /// Threads the process may have.
    pub threads: Option<u64>,
}

impl MachineFacts {
    /// The facts about this machine, as they are now.
    pub fn of_this_machine() -> Self {
        let mut facts = Self::read(Path::new("/"));
        facts.descriptors = getrlimit(Resource::Nofile).maximum;
        // The kernel does not hold root to it.
        if !geteuid().is_root() {
            facts.threads = least([facts.threads, getrlimit(Resource::Nproc).current]);
        }
        facts
    }

    /// What the files below `root` tell.
    fn read(root: &Path) -> Self {
        const KIB: u64 = 1024;
        let meminfo = root.join("proc/meminfo");
        let memory = |name| cgroup::field(&meminfo, name).map(|kib| kib * KIB);
        let group = cgroup::limits(root);
        let mappings: Option<u64> = fs::read_to_string(root.join("proc/sys/vm/max_map_count"))
            .ok()
            .and_then(|count| count.trim().parse().ok());
        Self {
            total_memory: least([memory("MemTotal"), group.memory]),
            available_memory: least([memory("MemAvailable"), group.available]),
            descriptors: None,
            threads: least([mappings.map(|count| count / MAPPINGS_PER_THREAD), group.tasks]),
        }
    }
}

fn least(limits: [Option<u64>; 2]) -> Option<u64> {
    limits.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:        2000 kB\nMemFree:          100 kB\nMemAvailable:    1500 kB\n",
    );
    const MAPPINGS: (&str, &str) = ("proc/sys/vm/max_map_count", "65530\n");

    /// The facts of a machine with these files.
    fn read(name: &str, files: &[(&str, &str)]) -> (Option<u64>, Option<u64>, Option<u64>) {
        let root = std::env::temp_dir().join(format!("facts-{}-{name}", std::process::id()));
        for (file, text) in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let facts = MachineFacts::read(&root);
        fs::remove_dir_all(&root).unwrap();
        (facts.total_memory, facts.available_memory, facts.threads)
    }

    #[test]
    fn a_bare_machine() {
        let facts = read("bare", &[MEMINFO, MAPPINGS]);
        assert_eq!(facts, (Some(2_048_000), Some(1_536_000), Some(13106)));
    }

    #[test]
    fn a_machine_that_tells_nothing() {
        assert_eq!(read("silent", &[("proc/meminfo", "")]), (None, None, None));
    }

    #[test]
    fn the_tightest_level_of_a_version_2_group_counts() {
        let facts = read(
            "v2",
            &[
                MEMINFO,
                MAPPINGS,
                ("proc/self/cgroup", "0::/system.slice/ftp.service\n"),
                ("sys/fs/cgroup/system.slice/ftp.service/memory.max", "max\n"),
                ("sys/fs/cgroup/system.slice/ftp.service/pids.max", "100\n"),
                ("sys/fs/cgroup/system.slice/ftp.service/pids.current", "10\n"),
                ("sys/fs/cgroup/system.slice/memory.max", "1000000\n"),
                ("sys/fs/cgroup/system.slice/memory.current", "700000\n"),
                ("sys/fs/cgroup/system.slice/memory.stat", "anon 5\ninactive_file 200000\n"),
            ],
        );
        assert_eq!(facts, (Some(1_000_000), Some(500_000), Some(90)));
    }

    #[test]
    fn a_version_1_container_sees_its_own_group_at_the_root() {
        let facts = read(
            "v1",
            &[
                MEMINFO,
                MAPPINGS,
                ("proc/self/cgroup", "9:pids:/docker/abc\n5:cpu,memory:/docker/abc\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "900000\n"),
                ("sys/fs/cgroup/memory/memory.usage_in_bytes", "100000\n"),
                ("sys/fs/cgroup/pids/pids.max", "max\n"),
            ],
        );
        assert_eq!(facts, (Some(900_000), Some(800_000), Some(13106)));
    }

    #[test]
    fn this_machine_has_memory_and_descriptors() {
        let facts = MachineFacts::of_this_machine();
        assert!(facts.available_memory <= facts.total_memory);
        assert!(facts.total_memory.unwrap() > 1 << 20);
        assert!(facts.descriptors != Some(0));
        assert!(facts.threads.unwrap() > 1);
    }
}
