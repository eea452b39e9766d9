//! Moves between mounts that end early: by the operator, by a stop, by a kill; and too many of them.

use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::{ARCHIVE, Mounted, VAULT};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;

/// Bytes of a file in six parts.
const LARGE: usize = 48 << 20;

fn kick(server: &TestServer) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    command.args(["kick", "alice", "--config"]).arg(server.config());
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{output:?}");
}

/// A move whose parts meet this fault from the second on.
fn begin(mounted: &Mounted, injector: &Injector, fault: Fault) -> Ftp {
    let mut ftp = mounted.login();
    ftp.store("STOR large", &noise(5, LARGE));
    injector.inject(Rule::new(Request::UploadPart, fault).after(1));
    ftp.expect("RNFR large", "350");
    ftp.send("RNTO archive/large");
    injector.wait_for_strikes(1);
    ftp
}

#[test]
fn a_move_ends_when_the_operator_or_a_stop_ends_its_session() {
    for stops in [false, true] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let setup = Setup::local().option("shutdown_grace", "0");
        let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
        // All of them would take two seconds more.
        let slow = Fault::Latency(Duration::from_millis(500));
        let mut ftp = begin(&mounted, &injector, slow);
        match stops {
            true => mounted.server.signal(Signal::TERM),
            false => kick(&mounted.server),
        }
        ftp.expect_reply("450 The server has ended this; nothing has changed.");
        ftp.expect_reply("421 ");
        if stops {
            mounted.server.wait_for_end_of_log();
        }
        mounted.server.stored().expect("large", &noise(5, LARGE));
        assert_eq!(mounted.files()[1], [""; 0]);
        assert_eq!(mounted.other.unfinished_uploads(), [""; 0]);
    }
}

/// No answer says that the new store has the file: what stands there does.
#[test]
fn a_move_that_is_ended_in_doubt_is_decided_by_what_stands() {
    for is_seen in [true, false] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let mounted = Mounted::bucket_behind(&injector.endpoint(), Setup::local(), ARCHIVE);
        let mut ftp = mounted.login();
        ftp.store("STOR file", b"content");
        injector.inject(Rule::new(Request::PutObject, Fault::LoseAnswer));
        ftp.expect("RNFR file", "350");
        ftp.send("RNTO archive/file");
        injector.wait_for_strikes(2);
        if !is_seen {
            injector.inject(Rule::new(Request::HeadObject, Fault::Refuse(403, "AccessDenied")));
        }
        kick(&mounted.server);
        if is_seen {
            ftp.expect_reply("250 ");
            assert_eq!(mounted.files(), [vec![], vec!["file".to_owned()]]);
        } else {
            ftp.expect_reply(
                "450 The server has ended this; whether the file has come to stand under its name \
                 is not known.",
            );
            mounted.server.stored().expect("file", b"content");
        }
        ftp.expect_reply("421 ");
    }
}

/// What a killed server leaves of a move is nothing that a client could take for its own upload.
#[test]
fn what_is_left_of_a_move_by_a_kill_is_not_gone_on_with() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::local().option("partial_upload", "park");
    let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
    let _ftp = begin(&mounted, &injector, Fault::Stall);
    injector.wait_for_stalls(1);
    mounted.server.kill();
    injector.heal();
    assert_eq!(mounted.other.unfinished_uploads(), ["large"]);
    let name = mounted.other.bucket();
    let second = Setup::bucket_named(name, Rgw::shared().endpoint())
        .option("partial_upload", "park")
        .start();
    let mut ftp = Ftp::login(&second);
    let size = ftp.ask("SIZE large");
    assert!(size.starts_with("550") || size.starts_with("213 0"), "{size}");
    ftp.expect("REST 8388608", "350");
    let _data = ftp.passive();
    let refused = ftp.ask("STOR large");
    assert!(refused.starts_with('5'), "{refused}");
    // And whoever stores it anew stores it.
    ftp.store("STOR large", b"anew");
    assert_eq!(Rgw::shared().s3_get(name, "large"), b"anew");
}

#[test]
fn a_fifth_move_is_told_to_come_again_and_is_no_fault() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::local();
    let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
    let mut movers: Vec<Ftp> = (0..5).map(|_| mounted.login()).collect();
    for (number, ftp) in movers.iter_mut().enumerate() {
        ftp.store(&format!("STOR f{number}"), b"content");
        ftp.expect(&format!("RNFR f{number}"), "350");
    }
    injector.inject(Rule::new(Request::PutObject, Fault::Stall));
    let mut fifth = movers.pop().expect("five");
    thread::scope(|scope| {
        let waiting: Vec<_> = movers
            .iter_mut()
            .enumerate()
            .map(|(number, ftp)| scope.spawn(move || ftp.ask(&format!("RNTO archive/f{number}"))))
            .collect();
        injector.wait_for_stalls(4);
        let told = fifth.expect("RNTO archive/f4", "450 ");
        assert!(told.contains("Too many files are being moved"), "{told}");
        injector.heal();
        for moved in waiting {
            let reply = moved.join().expect("answered");
            assert!(reply.starts_with("250"), "{reply}");
        }
    });
    let log = mounted.server.log();
    assert!(!log.lines().any(|line| line.contains("ERROR") && line.contains("f4")), "{log}");
    fifth.play(&[("RNFR f4", "350"), ("RNTO archive/f4", "250")]);
}

/// Buckets of one name in two stores are two.
#[test]
fn a_bucket_of_the_same_name_elsewhere_is_another() {
    let seaweed = Rgw::seaweed();
    let name = seaweed.new_bucket();
    let setup = Setup::bucket_named(&name, Rgw::shared().endpoint());
    Rgw::shared().make_bucket(&name);
    let (setup, other) = setup.bucket_account(VAULT, seaweed.endpoint());
    // It is to have that very name.
    let setup =
        setup.replace(&format!("cos_bucket = {other}\n"), &format!("cos_bucket = {name}\n"));
    let server = setup.mount(ARCHIVE).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"content");
    ftp.play(&[("RNFR file", "350"), ("RNTO archive/file", "250")]);
    assert_eq!(seaweed.s3_get(&name, "file"), b"content");
    assert_eq!(Rgw::shared().s3_list(&name, ""), [""; 0]);
}
