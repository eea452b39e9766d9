//! The server is killed at each point where something might get lost: every object that stands is
//! told, and none that does not.
//!
//! `COS_FTP_EVENT_KILLS` is how many uploads are under way, at each point, when it happens.

use std::collections::{HashMap, HashSet};
use std::io::Write;

use tempfile::TempDir;

use crate::events::service::{Mood, Service, Told, status};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::polling::wait_until;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// Uploads where no variable says otherwise.
const UPLOADS: usize = 20;

/// Uploads that one kill strikes.
const AT_ONCE: usize = 10;

/// Every so many of them, one is stored in parts.
const IN_PARTS: usize = 20;

/// When the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Before the intent is on the disk.
    NoIntent,
    /// Behind it, before the store is asked.
    NotAsked,
    /// When the store has done it, before its answer.
    NotAnswered,
    /// Behind the answer and the event, before a delivery.
    NotDelivered,
    /// When the receiver has it, before it has said so.
    NotAcknowledged,
}

/// A bucket, a journal and a service, and the servers on them one after the other.
struct Scene {
    bucket: String,
    injector: Injector,
    service: Service,
    queue: TempDir,
    stalls: usize,
}

impl Scene {
    fn new() -> Self {
        Self {
            bucket: Rgw::shared().new_bucket(),
            injector: Injector::before(Rgw::shared().endpoint()),
            service: Service::start(Mood::Gone),
            queue: TempDir::new().unwrap(),
            stalls: 0,
        }
    }

    fn start(&self) -> TestServer {
        let directory = self.queue.path().join("events").display().to_string();
        Setup::bucket_named(&self.bucket, &self.injector.endpoint())
            .security("max_connections_per_minute", "0")
            .events("url", &self.service.url())
            .events("queue_dir", &directory)
            .events("workers", "16")
            .start()
    }

    /// Uploads of these numbers are under way, and the server is killed.
    fn kill(&mut self, point: Point, numbers: std::ops::Range<usize>) {
        let server = self.start();
        let fault = match point {
            Point::NotAsked => Some(Fault::Stall),
            Point::NotAnswered => Some(Fault::HoldAnswer),
            _ => None,
        };
        for request in [Request::PutObject, Request::CompleteMultipartUpload] {
            fault.into_iter().for_each(|fault| self.injector.inject(Rule::new(request, fault)));
        }
        let told_before = self.service.told().len();
        let mood = match point {
            Point::NotAcknowledged => Mood::Silent,
            _ => Mood::Gone,
        };
        self.service.set(mood);
        let count = numbers.len();
        let mut clients = Vec::new();
        for number in numbers {
            let mut ftp = Ftp::login(&server);
            let data = ftp.passive();
            ftp.expect(&format!("STOR /{}", name(number)), "150 ");
            let mut stream = data.open();
            let bytes = content(number);
            if point == Point::NoIntent {
                stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
                clients.push((ftp, Some(stream)));
            } else {
                stream.write_all(&bytes).unwrap();
                drop(stream);
                clients.push((ftp, None));
            }
        }
        if fault.is_some() {
            self.stalls += count;
            self.injector.wait_for_stalls(self.stalls);
        } else if point != Point::NoIntent {
            clients.iter_mut().for_each(|(ftp, _)| drop(ftp.expect_reply("226 ")));
        }
        if point == Point::NotAcknowledged {
            let of_these = |told: &[Told]| paths(&told[told_before..]).len() >= count;
            self.service.wait(of_these);
        }
        server.kill();
        self.injector.heal();
    }

    /// What stands in the bucket, and what was told in the end.
    fn end(&self) -> (HashSet<String>, Vec<Told>) {
        self.service.set(Mood::Good);
        let server = self.start();
        wait_until("all is told", || status(&server).contains("events waiting: 0, "));
        let keys = Rgw::shared().s3_list(&self.bucket, "");
        (keys.into_iter().map(|key| format!("/{key}")).collect(), self.service.told())
    }
}

fn name(number: usize) -> String {
    format!("f{number}")
}

fn content(number: usize) -> Vec<u8> {
    let in_parts = number % IN_PARTS == 3;
    noise(number as u64, if in_parts { 12 << 20 } else { 100 + number })
}

fn paths(told: &[Told]) -> HashSet<String> {
    told.iter().map(|told| told.text("path").to_owned()).collect()
}

fn killed_at(point: Point) {
    let uploads = std::env::var("COS_FTP_EVENT_KILLS").map_or(UPLOADS, |n| n.parse().unwrap());
    let mut scene = Scene::new();
    for first in (0..uploads).step_by(AT_ONCE) {
        scene.kill(point, first..(first + AT_ONCE).min(uploads));
    }
    let (standing, told) = scene.end();
    let stands = !matches!(point, Point::NoIntent | Point::NotAsked);
    let expected = (0..uploads).filter(|_| stands).map(|number| format!("/{}", name(number)));
    assert_eq!(standing, expected.collect(), "what stands");
    assert_eq!(paths(&told), standing, "what was told");
    let mut ids: HashMap<&str, &str> = HashMap::new();
    for event in &told {
        let (path, id) = (event.text("path"), event.text("id"));
        assert_eq!(*ids.entry(path).or_insert(id), id, "one event has one id");
        let number: usize = path[2..].parse().unwrap();
        assert_eq!(event.event["size"], content(number).len(), "{path}");
        assert_eq!(event.text("type"), "upload");
    }
    let twice = told.len() - standing.len();
    eprintln!(
        "{point:?}: uploads {uploads}, standing {}, told {}, of these again {twice}",
        standing.len(),
        told.len()
    );
    assert_eq!(twice > 0, point == Point::NotAcknowledged && uploads > 0);
}

#[test]
fn killed_before_the_intent() {
    killed_at(Point::NoIntent);
}

#[test]
fn killed_before_the_store_is_asked() {
    killed_at(Point::NotAsked);
}

#[test]
fn killed_before_the_store_has_answered() {
    killed_at(Point::NotAnswered);
}

#[test]
fn killed_before_the_delivery() {
    killed_at(Point::NotDelivered);
}

#[test]
fn killed_before_the_acknowledgement() {
    killed_at(Point::NotAcknowledged);
}
