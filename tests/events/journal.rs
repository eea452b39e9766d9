//! The journal by itself: torn lines, and that it stays bounded.

use std::fs::{self, OpenOptions};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cos_ftp_server::events::{
    Actor, Chronicle, Couriers, EventKind, EventOptions, EventQueue, EventReceiver, FileDeed,
    PathPatterns, QueueFull, TransferFacts, Witness,
};
use cos_ftp_server::store::ObjectStore;
use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::vfs::FtpPath;
use tempfile::TempDir;

use crate::events::service::{Mood, Service};
use crate::support::polling::wait_until;

const SEGMENT: u64 = 4 << 20;

fn options(directory: &Path, url: String) -> EventOptions {
    EventOptions {
        on: vec![EventKind::Parked, EventKind::Upload],
        names: PathPatterns::default(),
        receiver: EventReceiver::Service { url, secret_file: None },
        timeout: Duration::from_secs(5),
        give_up_after: None,
        queue_dir: directory.to_owned(),
        queue_max: 1_000_000,
        queue_full: QueueFull::Refuse,
        workers: 4,
    }
}

struct Bench {
    data: TempDir,
    directory: TempDir,
    service: Service,
    store: Arc<dyn ObjectStore>,
    queue: Arc<EventQueue>,
    witness: Witness,
}

fn open(directory: &Path, service: &Service) -> (Arc<EventQueue>, Witness) {
    let queue = EventQueue::open(options(&directory.join("events"), service.url())).unwrap();
    let queue = Arc::new(queue);
    let chronicle = Chronicle { queue: Some(Arc::clone(&queue)), ..Chronicle::default() };
    let (user, peer) = ("alice".to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    let actor = Actor { user, peer, session: 1, is_encrypted: false };
    let witness = Witness::new(&Arc::new(chronicle), actor);
    (queue, witness)
}

#[test]
fn nobody_else_reads_the_journal() {
    let bench = Bench::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let journal = bench.directory.path().join("events");
    assert_eq!(mode(&journal), 0o700);
    for file in fs::read_dir(&journal).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

impl Bench {
    fn new() -> Self {
        let (data, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let root = data.path().to_owned();
        let store = Arc::new(LocalStore::open(&LocalOptions { root }).unwrap());
        let service = Service::start(Mood::Good);
        let (queue, witness) = open(directory.path(), &service);
        Self { data, directory, service, store, queue, witness }
    }

    fn path(name: &str) -> FtpPath {
        FtpPath::root().join(name).unwrap()
    }

    fn note(&self, name: &str) {
        let path = Self::path(name);
        let facts = TransferFacts {
            bytes: 0,
            is_complete: false,
            verdict: String::new().into(),
            tail_seconds: 0.0,
            parts: 0,
            is_ascii: false,
        };
        let deed = FileDeed::now(EventKind::Parked, &*self.store, &path);
        self.witness.transferred(&deed, None, &facts);
    }

    /// As after the end of a process.
    fn reopen(self) -> Self {
        let Self { data, directory, service, store, queue, witness } = self;
        drop((queue, witness));
        let (queue, witness) = open(directory.path(), &service);
        Self { data, directory, service, store, queue, witness }
    }

    fn couriers(&self) -> Couriers {
        let store = Arc::clone(&self.store);
        let queue = Some(Arc::clone(&self.queue));
        let chronicle = Arc::new(Chronicle { queue, ..Chronicle::default() });
        Couriers::start(&chronicle, move || vec![Arc::clone(&store)]).unwrap().unwrap()
    }

    fn files(&self) -> Vec<(String, u64)> {
        let entries = fs::read_dir(self.directory.path().join("events")).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
            })
            .filter(|(name, _)| name.ends_with(".jsonl"))
            .collect();
        files.sort();
        files
    }
}

#[test]
fn a_torn_last_line_is_left_out_and_nothing_is_written_behind_it() {
    let bench = Bench::new();
    bench.note("a");
    let (last, _) = bench.files().pop().unwrap();
    let file = bench.directory.path().join("events").join(&last);
    let text = fs::read_to_string(&file).unwrap();
    // What is not written yet is zeros.
    let text = text.trim_end_matches('\0');
    let torn = &text.as_bytes()[..text.len() / 2];
    let journal = OpenOptions::new().write(true).open(&file).unwrap();
    journal.write_all_at(torn, text.len() as u64).unwrap();
    let bench = bench.reopen();
    assert_eq!(bench.queue.backlog().waiting, 1);
    bench.note("b");
    let bench = bench.reopen();
    assert_eq!(bench.queue.backlog().waiting, 2);
    let mut couriers = bench.couriers();
    let mut told: Vec<_> =
        bench.service.wait_for(2).iter().map(|told| told.text("path").to_owned()).collect();
    told.sort();
    assert_eq!(told, ["/a", "/b"]);
    couriers.stop().into_iter().for_each(|thread| thread.join().unwrap());
}

/// One event that is never taken, and very many that are.
#[test]
fn the_journal_stays_bounded_whatever_is_stuck() {
    let bench = Bench::new();
    // Somebody is at it all the time.
    let path = Bench::path("stuck");
    let deed = FileDeed::now(EventKind::Upload, &*bench.store, &path);
    let stuck = bench.witness.intend(&deed).unwrap().unwrap();
    let mut couriers = bench.couriers();
    let mut count = 0;
    let long = vec!["x".repeat(900); 20].join("/");
    while bench.files().last().unwrap().0.as_str() < "000000000014" {
        for _ in 0..20 {
            bench.note(&format!("{count}/{long}"));
            count += 1;
        }
        wait_until("told", || bench.queue.backlog().waiting < 50);
    }
    let files = bench.files();
    assert!(files.len() <= 9, "{files:?}");
    assert!(files.iter().all(|(_, bytes)| *bytes < SEGMENT + (1 << 20)), "{files:?}");
    wait_until("all told", || bench.queue.backlog().waiting == 1);
    couriers.stop().into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(bench.service.told().len(), count);
    // It was carried along.
    fs::write(bench.data.path().join("stuck"), "").unwrap();
    let bench = bench.copied();
    drop(stuck);
    let mut couriers = bench.couriers();
    let told = bench.service.wait_for(count + 1);
    assert_eq!((told[count].text("path"), told[count].text("type")), ("/stuck", "upload"));
    couriers.stop().into_iter().for_each(|thread| thread.join().unwrap());
}

impl Bench {
    /// The same with a copy of the journal, as somebody still holds it.
    fn copied(self) -> Self {
        let copy = TempDir::new().unwrap();
        for (name, _) in self.files() {
            let from = self.directory.path().join("events").join(&name);
            fs::create_dir_all(copy.path().join("events")).unwrap();
            fs::copy(from, copy.path().join("events").join(&name)).unwrap();
        }
        let (queue, witness) = open(copy.path(), &self.service);
        Self { directory: copy, queue, witness, ..self }
    }
}
