use std::thread;
use std::time::Instant;

use crate::soak::RandomSeed;
use crate::soak::history::History;
use crate::soak::writer::{FtpWriter, Writer};
use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::Stored;

/// Sessions of each server.
const SESSIONS: usize = 2;

/// What each writer does in a round.
const ACTIONS: usize = 40;

/// Two servers on one bucket, and another tool.
pub(crate) struct Several {
    servers: [TestServer; 2],
    history: History,
    begun: Instant,
    actions: usize,
}

impl Several {
    pub(crate) fn begin() -> Self {
        // What the first remembers of sizes it may tell for ten seconds, as documented; the second
        // remembers nothing.
        let first = Setup::bucket().start();
        let second = Setup::beside(&first).option("metadata_cache_time", "0").start();
        let (history, begun) = (History::new(), Instant::now());
        Self { servers: [first, second], history, begun, actions: 0 }
    }

    /// Everybody at once, and what all of them see when they have gone.
    pub(crate) fn round(&mut self, seed: u64, round: u64) {
        thread::scope(|scope| {
            let mut all = Vec::new();
            for number in 0..self.servers.len() * SESSIONS {
                let mut session = self.session(number, RandomSeed { seed, round, number }.mixed());
                all.push(scope.spawn(move || (0..ACTIONS).for_each(|_| session.act())));
            }
            let own = RandomSeed { seed, round, number: all.len() }.mixed();
            let mut tool = self.writer("a tool", own);
            all.push(scope.spawn(move || (0..ACTIONS).for_each(|_| tool.act_past_the_servers())));
            for one in all {
                one.join().expect("what was seen could be");
            }
        });
        self.actions += (self.servers.len() * SESSIONS + 1) * ACTIONS;
        for number in 0..self.servers.len() {
            let mut session = self.session(number, 0);
            for directory in self.history.directories() {
                session.list(directory);
            }
            session.list_directories();
        }
        eprintln!(
            "{} s: {} actions of two servers and a tool, 0 mismatches, {} objects",
            self.begun.elapsed().as_secs(),
            self.actions,
            Rgw::shared().s3_list(self.bucket(), "").len(),
        );
    }

    fn session(&self, number: usize, seed: u64) -> FtpWriter<'_> {
        let at = number % self.servers.len();
        let mut ftp = Ftp::login(&self.servers[at]);
        ftp.expect("TYPE I", "200 ");
        let writer = self.writer(&format!("session {number} of server {at}"), seed);
        FtpWriter { writer, ftp, remembers: at == 0 }
    }

    fn writer(&self, name: &str, seed: u64) -> Writer<'_> {
        Writer {
            name: name.to_owned(),
            random: fastrand::Rng::with_seed(seed),
            history: &self.history,
            bucket: self.bucket(),
        }
    }

    fn bucket(&self) -> &str {
        let Stored::Bucket(bucket) = self.servers[0].stored() else { panic!("a bucket") };
        bucket
    }
}
