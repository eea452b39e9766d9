//! A workload of chance: several sessions store, fetch, append, resume, rename, list and delete
//! while the store fails in every way, and a model says what the bucket must hold.
//!
//! Beside it two servers and another tool change one bucket, and all of them must see the same of it.
//!
//! A session's commands follow from the seed alone. `COS_FTP_SOAK_SEED` repeats a run, and
//! `COS_FTP_SOAK_SECONDS` lets it go on for that long; without it there are [`ROUNDS`].

/// What one command is to be, drawn by chance.
mod draw;
/// How commands and runs end.
mod end;
/// What every name of a bucket held, and when.
mod history;
/// What a session's directory must hold.
mod model;
/// What one session does.
mod session;
/// Two servers and another tool on one bucket.
mod several;
/// Names that all sessions share.
mod shared;
/// What each of them does there.
mod writer;

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use self::end::Figures;
use self::model::Model;
use self::session::Session;
use self::several::Several;
use self::shared::Shared;
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Spelling};
use crate::support::resources::{Resources, figure};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::Stored;

/// Sessions at once.
const SESSIONS: usize = 6;

/// Commands of a session in a round.
const COMMANDS: usize = 30;

/// Rounds of a run whose length is not given.
const ROUNDS: u64 = 3;

/// The same, of several servers.
const ROUNDS_OF_SEVERAL: u64 = 2;

/// What the server may hold at rest, however long it ran, in bytes: itself; the buffers of 64 idle
/// connections to the store; and what the allocator keeps in its arenas, eight for each processor,
/// after what is large has been given back: four buffers of a connection each. Data stands in
/// mappings of its own, of which none is left.
fn memory() -> u64 {
    const PROGRAM: u64 = 16 << 20;
    const IDLE_CONNECTIONS: u64 = 64 * (256 << 10);
    const ARENA: u64 = 512 << 10;
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    PROGRAM + IDLE_CONNECTIONS + 8 * processors as u64 * ARENA
}

/// The longest that blocks of finished transfers are kept.
const GIVEN_BACK: Duration =
    Duration::from_secs(limits::HOUSEKEEPING_INTERVAL.as_secs() + 2 * limits::SPARE_TIME.as_secs());

/// More than a loaded machine needs to do what is due.
const SETTLING: Duration = Duration::from_secs(20);

#[test]
fn the_bucket_holds_what_was_confirmed_whatever_fails() {
    let mut soak = Soak::begin();
    rounds(ROUNDS, |seed, round| soak.round(seed, round));
}

#[test]
fn two_servers_and_another_tool_see_the_same_of_one_bucket() {
    let mut several = Several::begin();
    rounds(ROUNDS_OF_SEVERAL, |seed, round| several.round(seed, round));
}

/// So many rounds, or as many as there is time for.
fn rounds(usual: u64, mut perform: impl FnMut(u64, u64)) {
    let seed = number("COS_FTP_SOAK_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    eprintln!("COS_FTP_SOAK_SEED={seed} repeats this run");
    let end = number("COS_FTP_SOAK_SECONDS").map(|seconds| {
        let begun = Instant::now();
        begun + Duration::from_secs(seconds)
    });
    for round in 0.. {
        perform(seed, round);
        if end.map_or(round + 1 >= usual, |end| Instant::now() >= end) {
            break;
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}

/// The server, the store, and what is known of it.
struct Soak {
    injector: Injector,
    server: TestServer,
    models: Vec<Model>,
    shared: Shared,
    /// A session that does nothing; the server has begun to work when it is served.
    bystander: Ftp,
    baseline: Resources,
    begun: Instant,
    figures: Figures,
}

impl Soak {
    fn begin() -> Self {
        let injector = Injector::before(Rgw::shared().endpoint());
        injector.tell_checksums(Spelling::Cos);
        let server = Setup::bucket_behind(&injector.endpoint())
            .option("connect_timeout", "4")
            .option("send_timeout", "12")
            .option("response_timeout", "4")
            .option("complete_timeout", "6")
            .option("retry_timeout", "8")
            .option("buffer_memory", "32M")
            .start();
        let bystander = Ftp::login(&server);
        let baseline = Resources::at_rest(&server, &injector, 1);
        let models = (0..SESSIONS).map(|number| Model::new(&format!("s{number}"))).collect();
        Self {
            injector,
            server,
            models,
            shared: Shared::default(),
            bystander,
            baseline,
            begun: Instant::now(),
            figures: Figures::default(),
        }
    }

    /// All sessions at once, and what is left when they have gone.
    fn round(&mut self, seed: u64, round: u64) {
        let (server, injector, shared) = (&self.server, &self.injector, &self.shared);
        let figures: Vec<Figures> = thread::scope(|scope| {
            let sessions: Vec<_> = self
                .models
                .iter_mut()
                .enumerate()
                .map(|(number, model)| {
                    let own = RandomSeed { seed, round, number }.mixed();
                    scope.spawn(move || {
                        Session::begin(own, server, injector, model, shared).run(COMMANDS)
                    })
                })
                .collect();
            sessions
                .into_iter()
                .map(|session| session.join().expect("the seed above repeats it"))
                .collect()
        });
        self.bystander.expect("NOOP", "200 ");
        figures.into_iter().for_each(|more| self.figures.add(more));
        self.baseline.expect_again(server, injector, &format!("round {round}"));
        self.check();
        self.await_memory();
        let Figures { commands, refused, interrupted, resumed } = self.figures;
        eprintln!(
            "{} s: {commands} commands, {} requests, {} faults, the store itself late {} times, \
             {refused} refused, {interrupted} interrupted, {resumed} resumed, 0 mismatches, {} objects; {:?}, {} KiB",
            self.begun.elapsed().as_secs(),
            self.injector.requests(),
            self.injector.struck(),
            self.injector.late(),
            self.models.iter().map(|model| model.files.len()).sum::<usize>(),
            Resources::of(&self.server, &self.injector),
            self.memory() / 1024,
        );
    }

    /// The bucket is what the models say, and nothing besides.
    fn check(&self) {
        let Stored::Bucket(bucket) = self.server.stored() else { panic!("a bucket") };
        let expected: Vec<(String, String)> = self.models.iter().flat_map(Model::sums).collect();
        let (mut found, mut common) = (self.server.stored().sha256_sums(), Vec::new());
        found.retain(|(key, sum)| {
            let is_shared = Shared::is_one(key);
            if is_shared {
                common.push((key.clone(), sum.clone()));
            }
            !is_shared
        });
        let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
        let odd: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
        assert!(missing.is_empty() && odd.is_empty(), "missing {missing:?}, not expected {odd:?}");
        common.iter().for_each(|(key, sum)| self.shared.expect_known(key, sum));
        // Whoever was cut came back, but to the names that everybody stores.
        let mut parked = Rgw::shared().s3_list_uploads(bucket);
        parked.retain(|key| !Shared::is_one(key));
        assert_eq!(parked, Vec::<String>::new());
    }

    /// Waits until blocks of finished transfers, which are kept for the next ones, are given back.
    fn await_memory(&self) {
        let deadline = Instant::now() + GIVEN_BACK + SETTLING;
        while self.memory() >= memory() {
            assert!(Instant::now() < deadline, "{} bytes of memory", self.memory());
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// What the server holds, bytes.
    fn memory(&self) -> u64 {
        figure(&self.server, "status", "VmRSS") * 1024
    }
}

/// What a session's chance follows from.
struct RandomSeed {
    seed: u64,
    round: u64,
    number: usize,
}

impl RandomSeed {
    fn mixed(&self) -> u64 {
        let mut random = fastrand::Rng::with_seed(self.seed ^ (self.round << 8));
        (0..=self.number).fold(0, |_, _| random.u64(..))
    }
}
