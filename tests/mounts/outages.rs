//! A store that is away, and what mounts cost the others.

use super::{ARCHIVE, Mounted, VAULT};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;

#[test]
fn a_store_that_is_away_is_missed_below_its_mount_point_only() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::local().option("retry_timeout", "1");
    let mounted = Mounted::bucket_behind(&injector.endpoint(), setup, ARCHIVE);
    let mut ftp = mounted.login();
    ftp.store("STOR own", b"own");
    ftp.store("STOR archive/there", b"there");
    injector.go_away();
    assert_eq!(ftp.list("NLST"), ["archive", "own"]);
    assert_eq!(ftp.list("MLSD").len(), 2);
    assert_eq!(ftp.fetch("RETR own"), b"own");
    ftp.play(&[("CWD archive", "250"), ("MLST", "250"), ("CWD d", "450"), ("SIZE new", "450")]);
    for line in ["NLST", "LIST new*"] {
        let _data = ftp.passive();
        ftp.expect(line, "451");
    }
    // And who logs in now is let in.
    let mut second = mounted.login();
    assert_eq!(second.list("NLST"), ["archive", "own"]);
    injector.come_back();
    assert_eq!(second.fetch("RETR archive/there"), b"there");
}

/// The requests that the base store hears of this conversation.
fn requests_of(setup: impl FnOnce(Setup) -> Setup) -> Vec<Request> {
    let injector = Injector::before(Rgw::shared().endpoint());
    let base = Setup::bucket_behind(&injector.endpoint()).operations("abort_unfinished_after", "0");
    let server = setup(base).start();
    server.wait_for_log("answers");
    let before = injector.requests();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR d/a", b"a");
    ftp.play(&[("SIZE d/a", "213"), ("CWD d", "250"), ("MDTM a", "213"), ("CWD /", "250")]);
    assert_eq!(ftp.list("NLST d"), ["d/a"]);
    assert_eq!(ftp.fetch("RETR d/a"), b"a");
    ftp.store("APPE d/a", b"b");
    ftp.play(&[("RNFR d/a", "350"), ("RNTO d/b", "250"), ("DELE d/b", "250"), ("RMD d", "250")]);
    let _listed = ftp.list("LIST");
    injector.seen()[before..].iter().map(|(request, _)| *request).collect()
}

#[test]
fn a_path_outside_costs_what_it_cost() {
    let without = requests_of(|setup| setup.directory_account(VAULT));
    assert!(without.len() > 8, "{without:?}");
    let with = requests_of(|setup| setup.directory_account(VAULT).mount(ARCHIVE));
    assert_eq!(with, without);
}
