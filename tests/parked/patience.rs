use super::{Cut, MIB, SENT, cut_upload, cut_upload_of, parking};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::{Stored, noise};

/// What is left first is not due first.
#[test]
fn each_account_has_its_own_time() {
    for own in ["3600", "0"] {
        for setup in [parking(), Setup::local().option("partial_upload", "park")] {
            let server = setup
                .account_key("publish_parked_after", own)
                .account("bob", "RW", "true")
                .option("publish_parked_after", "1")
                .start();
            let left = noise(41, SENT);
            cut_upload(&server, "STOR", "alice's", &left, Cut::Leave);
            let bob = Ftp::login_as(&server, "bob");
            cut_upload_of(bob, &server, ("STOR", "bob's"), &left, Cut::Leave);
            server.wait_for_log("published path=\"/bob's\"");
            server.stored().expect("bob's", &left);
            assert!(!server.stored().files().contains(&"alice's".to_owned()), "{own}");
        }
    }
}

/// Nobody could go on with it, and nobody publishes it.
#[test]
fn with_0_what_is_too_small_to_go_on_with_is_given_up() {
    let local = Setup::local().option("partial_upload", "park");
    for (setup, bytes) in [(parking(), MIB), (local, 1)] {
        let server = setup.option("publish_parked_after", "0").start();
        cut_upload(&server, "STOR", "file", &noise(42, bytes), Cut::Leave);
        server.wait_for_log("with publish_parked_after = 0 those that are too small");
        let mut ftp = Ftp::login(&server);
        ftp.expect("SIZE file", "550 ");
        if let Stored::Bucket(_) = server.stored() {
            assert_eq!(server.stored().unfinished_uploads(), [""; 0]);
        }
        assert_eq!(server.stored().files(), [""; 0]);
    }
}
