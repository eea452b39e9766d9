use std::sync::Barrier;
use std::thread;

use super::attempt;
use crate::support::ftp::Ftp;
use crate::support::injector::Injector;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// How many pairs race: with `COS_FTP_RACING_PAIRS` so many, of large files a tenth.
fn pairs() -> usize {
    let told = std::env::var("COS_FTP_RACING_PAIRS").ok();
    told.map_or(30, |number| number.parse().expect("a number of pairs"))
}

/// Two servers on one bucket, reached by way of `endpoint`.
fn two_servers(endpoint: &str, on_exists: &str) -> [TestServer; 2] {
    let name = Rgw::shared().new_bucket();
    [(); 2].map(|()| {
        let setup = Setup::bucket_named(&name, endpoint).account_key("on_exists", on_exists);
        setup.start()
    })
}

/// Lets a session on each server do `act` with the same number at the same moment, `count` times.
/// Answers what they heard.
fn race(
    servers: &[TestServer; 2],
    count: usize,
    act: impl Fn(&mut Ftp, usize, usize) -> String + Sync,
) -> Vec<[String; 2]> {
    let (barrier, act) = (Barrier::new(2), &act);
    let heard = thread::scope(|scope| {
        let runs = [0, 1].map(|racer| {
            let barrier = &barrier;
            scope.spawn(move || {
                let mut ftp = Ftp::login(&servers[racer]);
                (0..count)
                    .map(|number| {
                        barrier.wait();
                        act(&mut ftp, number, racer)
                    })
                    .collect::<Vec<_>>()
            })
        });
        runs.map(|run| run.join().expect("a racer"))
    });
    let [first, second] = heard;
    first.into_iter().zip(second).map(|(first, second)| [first, second]).collect()
}

fn bytes(number: usize, racer: usize, size: usize) -> Vec<u8> {
    noise(2 * number as u64 + racer as u64, size)
}

/// Of each pair one has won, and what it sent stands there.
fn expect_one_winner(servers: &[TestServer; 2], heard: &[[String; 2]], size: usize) {
    for (number, replies) in heard.iter().enumerate() {
        let won = replies.each_ref().map(|reply| reply.starts_with("226"));
        assert!(won[0] != won[1], "pair {number}: {replies:?}");
        let (winner, loser) = if won[0] { (0, 1) } else { (1, 0) };
        assert!(replies[loser].starts_with("550"), "pair {number}: {replies:?}");
        servers[0].stored().expect(&format!("f{number}"), &bytes(number, winner, size));
    }
}

/// Ceph's own condition of a PutObject.
#[test]
fn of_two_that_store_one_name_one_wins() {
    let servers = two_servers(Rgw::shared().endpoint(), "refuse");
    let size = 1000;
    let heard = race(&servers, pairs(), |ftp, number, racer| {
        attempt(ftp, &format!("STOR f{number}"), &bytes(number, racer, size))
    });
    expect_one_winner(&servers, &heard, size);
    let late = heard.iter().flatten().filter(|reply| reply.starts_with("550")).count();
    assert_eq!(late, pairs());
}

/// Of Complete Ceph 16 passes the condition over: a store that does not stands before it.
#[test]
fn of_two_that_store_one_name_in_parts_one_wins() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.keep_what_stands();
    let servers = two_servers(&injector.endpoint(), "refuse");
    let size = 6 << 20;
    let heard = race(&servers, pairs().div_ceil(10), |ftp, number, racer| {
        attempt(ftp, &format!("STOR f{number}"), &bytes(number, racer, size))
    });
    expect_one_winner(&servers, &heard, size);
    assert_eq!(servers[0].stored().unfinished_uploads(), Vec::<String>::new());
}

/// The same of copies.
#[test]
fn of_two_that_rename_to_one_name_one_wins_and_the_other_keeps_its_file() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.keep_what_stands();
    let servers = two_servers(&injector.endpoint(), "refuse");
    let size = 1000;
    let heard = race(&servers, pairs().div_ceil(3), |ftp, number, racer| {
        ftp.store(&format!("STOR t{number}-{racer}"), &bytes(number, racer, size));
        ftp.expect(&format!("RNFR t{number}-{racer}"), "350 ");
        ftp.ask(&format!("RNTO f{number}"))
    });
    for (number, replies) in heard.iter().enumerate() {
        let won = replies.each_ref().map(|reply| reply.starts_with("250"));
        assert!(won[0] != won[1], "pair {number}: {replies:?}");
        let (winner, loser) = if won[0] { (0, 1) } else { (1, 0) };
        assert!(replies[loser].starts_with("550"), "pair {number}: {replies:?}");
        let stored = servers[0].stored();
        stored.expect(&format!("f{number}"), &bytes(number, winner, size));
        stored.expect(&format!("t{number}-{loser}"), &bytes(number, loser, size));
    }
}

#[test]
fn of_two_that_store_one_name_both_are_kept() {
    let servers = two_servers(Rgw::shared().endpoint(), "keep-both");
    let size = 1000;
    let heard = race(&servers, pairs(), |ftp, number, racer| {
        attempt(ftp, &format!("STOR f{number}.csv"), &bytes(number, racer, size))
    });
    for (number, replies) in heard.iter().enumerate() {
        let renamed = format!("226 Stored as f{number} (2).csv");
        let second = replies.iter().position(|reply| *reply == renamed);
        let second = second.unwrap_or_else(|| panic!("pair {number}: {replies:?}"));
        assert!(replies[1 - second].starts_with("226 Transfer complete"), "{replies:?}");
        let stored = servers[0].stored();
        stored.expect(&format!("f{number}.csv"), &bytes(number, 1 - second, size));
        stored.expect(&format!("f{number} (2).csv"), &bytes(number, second, size));
    }
}
