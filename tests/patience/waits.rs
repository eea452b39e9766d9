use std::io::Write;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::ftp::{Data, Ftp};
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::polling::pause;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// Everything that commands ask of the store.
const REQUESTS: [Request; 11] = [
    Request::PutObject,
    Request::CreateMultipartUpload,
    Request::UploadPart,
    Request::UploadPartCopy,
    Request::CompleteMultipartUpload,
    Request::AbortMultipartUpload,
    Request::GetObject,
    Request::HeadObject,
    Request::ListObjects,
    Request::DeleteObject,
    Request::CopyObject,
];

/// Commands that need no data connection, and what precedes them while the store is well.
const PLAIN: [(&[(&str, &str)], &str); 12] = [
    (&[], "CWD d"),
    (&[], "SIZE f"),
    (&[], "MDTM f"),
    (&[], "MLST f"),
    (&[], "STAT d"),
    (&[], "DELE f"),
    (&[], "MKD new"),
    (&[], "RMD d"),
    (&[], "RNFR f"),
    (&[], "MFMT 20200102030405 f"),
    (&[("RNFR f", "350 ")], "RNTO g"),
    (&[("RNFR d", "350 ")], "RNTO e"),
];

/// Those that are refused before the 150, if the store does not answer.
const OPENING: [&str; 7] = ["RETR f", "LIST", "NLST d", "MLSD", "STOU", "APPE f", "STOR f"];

/// Sizes of uploads: by the session's own thread, by a worker in one request, in parts.
const SIZES: [usize; 3] = [1000, 3 << 20, 12 << 20];

/// With two seconds of `reply_timeout`. With `retry_timeout` and `response_timeout` alone, which are
/// one minute each, most of these replies take longer; the machine may be busy.
const BOUND: Duration = Duration::from_secs(12);

/// What is wrong with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ailment {
    /// Connections are reset.
    Away,
    /// It reads everything and never says a word.
    Deaf,
    /// It refuses everything with 503.
    Busy,
}

impl Ailment {
    fn strike(self, injector: &Injector) {
        let fault = match self {
            Self::Away => return injector.go_away(),
            Self::Deaf => Fault::Stall,
            Self::Busy => Fault::Refuse(503, "SlowDown"),
        };
        REQUESTS.iter().for_each(|request| injector.inject(Rule::new(*request, fault)));
    }
}

fn impatient(setup: Setup) -> TestServer {
    setup
        .option("reply_timeout", "2")
        .option("metadata_cache_time", "0")
        .option("preserve_mtime", "true")
        .option("buffer_memory", "256M")
        .operations("abort_unfinished_after", "0")
        .start()
}

fn in_time(why: &str, reply: impl FnOnce() -> String) -> String {
    let begun = Instant::now();
    let reply = reply();
    assert!(begun.elapsed() < BOUND, "{why}: {:?}", begun.elapsed());
    assert!(reply.starts_with("45"), "{why}: {reply}");
    reply
}

/// Sessions that have said what the store must be well for, and the moment when it is not any more.
struct Stage<'a> {
    server: &'a TestServer,
    ailment: Ailment,
    ready: Barrier,
    struck: Barrier,
}

impl Stage<'_> {
    fn begin(&self) -> Ftp {
        let mut ftp = Ftp::login(self.server);
        ftp.expect("TYPE I", "200 ");
        ftp
    }

    fn wait_for_the_blow(&self) {
        self.ready.wait();
        self.struck.wait();
    }

    fn told(&self, line: &str) -> String {
        format!("{:?}, {line}", self.ailment)
    }

    fn plain(&self, before: &[(&str, &str)], line: &str) {
        let mut ftp = self.begin();
        ftp.play(before);
        self.wait_for_the_blow();
        in_time(&self.told(line), || ftp.ask(line));
        ftp.expect("NOOP", "200 ");
    }

    fn opening(&self, line: &str) {
        let mut ftp = self.begin();
        let data = ftp.passive();
        self.wait_for_the_blow();
        in_time(&self.told(line), || refusal(&mut ftp, data, line));
        ftp.expect("NOOP", "200 ");
    }

    fn end_of_data(&self, size: usize) {
        let mut ftp = self.begin();
        let mut data = ftp.passive().open();
        let line = format!("STOR of-{size}");
        ftp.expect(&line, "150 ");
        let bytes = noise(size as u64, size);
        data.write_all(&bytes[..1]).expect("the server takes it");
        self.wait_for_the_blow();
        data.write_all(&bytes[1..]).expect("the server takes it");
        in_time(&self.told(&line), || {
            drop(data);
            ftp.reply()
        });
        ftp.expect("NOOP", "200 ");
    }
}

/// The final reply to a command for which there is nothing to send.
fn refusal(ftp: &mut Ftp, data: Data, line: &str) -> String {
    let reply = ftp.ask(line);
    if !reply.starts_with("150 ") {
        return reply;
    }
    // A STOR is asked for its data, and the store only then.
    drop(data);
    ftp.reply()
}

/// All commands at once, each in a session of its own: what they wait for is time.
fn expect_replies(ailment: Ailment) {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = impatient(Setup::bucket_behind(&injector.endpoint()));
    server.stored().put("f", b"bytes");
    server.stored().put("d/inside", b"bytes");
    let all = PLAIN.len() + OPENING.len() + SIZES.len() + 1;
    let stage =
        Stage { server: &server, ailment, ready: Barrier::new(all), struck: Barrier::new(all) };
    thread::scope(|scope| {
        let stage = &stage;
        for (before, line) in PLAIN {
            scope.spawn(move || stage.plain(before, line));
        }
        for line in OPENING {
            scope.spawn(move || stage.opening(line));
        }
        for size in SIZES {
            scope.spawn(move || stage.end_of_data(size));
        }
        stage.ready.wait();
        ailment.strike(&injector);
        stage.struck.wait();
    });
    injector.heal();
    injector.come_back();
    server.stored().expect("f", b"bytes");
    server.stored().expect("d/inside", b"bytes");
    let mut ftp = Ftp::login(&server);
    assert!(ftp.list("NLST").iter().all(|name| !name.contains("of-")), "a refused file stands");
    ftp.store("STOR f", b"anew");
    server.stored().expect("f", b"anew");
}

#[test]
fn a_store_that_is_away_keeps_no_client_waiting() {
    expect_replies(Ailment::Away);
}

#[test]
fn a_store_that_never_answers_keeps_no_client_waiting() {
    expect_replies(Ailment::Deaf);
}

#[test]
fn a_store_that_is_always_busy_keeps_no_client_waiting() {
    expect_replies(Ailment::Busy);
}

/// RFC 6761 6.4: there is no such name.
#[test]
fn a_store_without_a_name_keeps_no_client_waiting() {
    let server = impatient(Setup::bucket_behind("no-such-store.invalid"));
    thread::scope(|scope| {
        for line in ["CWD d", "SIZE f", "DELE f", "MKD d", "RETR f", "LIST", "STOR f"] {
            let server = &server;
            scope.spawn(move || {
                let mut ftp = Ftp::login(server);
                let data = ftp.passive();
                in_time(line, || refusal(&mut ftp, data, line));
            });
        }
    });
}

/// Whoever still sends is not waiting: then the store has as long as `retry_timeout` allows.
#[test]
fn while_data_comes_the_store_has_its_time() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = impatient(Setup::bucket_behind(&injector.endpoint()));
    let bytes = noise(77, 7 << 20);
    let mut ftp = Ftp::login(&server);
    let mut data = ftp.passive().open();
    ftp.expect("STOR f", "150 ");
    injector.inject(Rule::new(Request::UploadPart, Fault::Refuse(503, "SlowDown")));
    let (first, rest) = bytes.split_at(6 << 20);
    data.write_all(first).expect("the server takes it");
    // With their pauses, these take longer than a client would wait.
    injector.wait_for_strikes(6);
    injector.heal();
    let refused = injector.requests();
    while injector.requests() == refused {
        // Until it is asked once more.
        pause();
    }
    data.write_all(rest).expect("the server takes it");
    drop(data);
    ftp.expect_reply("226 ");
    server.stored().expect("f", &bytes);
}

/// Another session's change of a name is waited for no longer than the client waits, and nothing is
/// lost by that.
#[test]
fn who_renames_does_not_wait_for_a_slow_upload_without_end() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = impatient(Setup::bucket_behind(&injector.endpoint()));
    let stored = server.stored();
    stored.put("f", b"earlier");
    stored.put("d/f", b"earlier, too");
    let complete = Request::CompleteMultipartUpload;
    injector.inject(Rule::new(complete, Fault::Latency(4 * BOUND)));
    let bytes = noise(9, 6 << 20);
    for (name, from, to) in [("f", "f", "g"), ("d/f", "d", "e")] {
        let mut uploading = Ftp::login(&server);
        let mut data = uploading.passive().open();
        uploading.expect(&format!("STOR {name}"), "150 ");
        data.write_all(&bytes).expect("the server takes it");
        drop(data);
        injector.wait_for(complete, name);
        let mut ftp = Ftp::login(&server);
        ftp.expect(&format!("RNFR {from}"), "350 ");
        let line = format!("RNTO {to}");
        in_time(&line, || ftp.ask(&line));
        assert!(stored.files().iter().any(|file| file == name), "{name} is still there");
    }
}
