//! A store that is far away: each connection is slow, and several together are not. Counts are what
//! is looked at, never times.

use std::io::Write;

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// What one connection moves each second.
const FAR: Fault = Fault::Bandwidth(8 << 20);

/// Transfers begin with so many requests at once.
const FIRST: usize = 4;

/// A part of this store is no smaller.
const PART: usize = 5 << 20;

/// A server that is far from its store, and whose uploads have room for eight parts at once.
fn far_server(keys: &[(&str, &str)]) -> (TestServer, Injector) {
    let injector = Injector::before(Rgw::shared().endpoint());
    for request in [Request::UploadPart, Request::GetObject] {
        injector.inject(Rule::new(request, FAR));
    }
    let setup = Setup::bucket_behind(&injector.endpoint())
        .option("part_buffer_size", "50M")
        .option("buffer_memory", "400M")
        .option("log_level", "DEBUG");
    let setup = keys.iter().fold(setup, |setup, (key, value)| setup.option(key, value));
    (setup.start(), injector)
}

/// Every number of requests at once that transfers have come to, in turn.
fn limits(server: &TestServer) -> Vec<usize> {
    let log = server.log();
    let told = log.lines().filter(|line| line.contains(" at once from here on"));
    told.map(|line| {
        let mut words = line.split(" at once").next().expect("it is there").rsplit(' ');
        words.nth(1).expect("a number").parse().expect("a number")
    })
    .collect()
}

#[test]
fn an_upload_to_a_far_store_has_more_parts_under_way() {
    let (server, injector) = far_server(&[]);
    let bytes = noise(96, 24 * PART);
    Ftp::login(&server).store("STOR large", &bytes);
    let most = injector.most_at_once(Request::UploadPart);
    assert!(most > FIRST, "{most}, {:?}", limits(&server));
    assert!(limits(&server).contains(&(2 * FIRST)), "{:?}", limits(&server));
    server.stored().expect("large", &bytes);
}

#[test]
fn the_key_is_the_ceiling() {
    let (server, injector) = far_server(&[("upload_thread_num", "5")]);
    let bytes = noise(97, 20 * PART);
    Ftp::login(&server).store("STOR large", &bytes);
    assert_eq!(injector.most_at_once(Request::UploadPart), 5, "{:?}", limits(&server));
}

#[test]
fn a_download_from_a_far_store_fetches_more_ranges_at_once() {
    let (server, injector) = far_server(&[]);
    let bytes = noise(99, 20 * PART);
    server.stored().put("large", &bytes);
    assert!(Ftp::login(&server).fetch("RETR large") == bytes);
    let most = injector.most_at_once(Request::GetObject);
    assert!(most > FIRST, "{most}, {:?}", limits(&server));
}

#[test]
fn a_store_that_asks_to_slow_down_has_fewer_under_way() {
    let (server, injector) = far_server(&[]);
    let bytes = noise(100, 50 * PART);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR large", "150 ");
    let mut stream = data.open();
    stream.write_all(&bytes[..20 * PART]).expect("the server takes it");
    server.wait_for_log(" parts at once from here on");
    let before = limits(&server).len();
    injector.heal();
    injector.inject(Rule::new(Request::UploadPart, Fault::Refuse(503, "SlowDown")).times(1));
    injector.inject(Rule::new(Request::UploadPart, FAR));
    stream.write_all(&bytes[20 * PART..]).expect("the server takes it");
    drop(stream);
    ftp.expect_reply("226 ");
    let all = limits(&server);
    // A trial that brings nothing goes back by a quarter and a third.
    let halved = |pair: &[usize]| pair[1] == pair[0] / 2;
    assert!(all[before - 1..].windows(2).any(halved), "{all:?}, {before} before");
    server.stored().expect("large", &bytes);
}
