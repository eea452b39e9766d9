//! What is to be encrypted and is not: the gateway of the tests (Ceph 16) does `aws:kms` and passes
//! `AES256` over without a word, as other stores do with all of it.

use super::check::{Told, few_ports};
use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;

const MIB: usize = 1024 * 1024;

const COMPLAINT: &str = "server_side_encryption does not work here";

/// Lines of the log of a server whose clients stored files with this encryption.
fn complaints(encryption: &str) -> Vec<String> {
    let setup = Setup::bucket_behind(Rgw::shared().endpoint());
    let server = setup.account_key("server_side_encryption", encryption).start();
    for bytes in [10, 11 * MIB] {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a", &vec![b'x'; bytes]);
        ftp.store("STOR b", &vec![b'x'; bytes]);
    }
    let log = server.log();
    log.lines().filter(|line| line.contains(COMPLAINT)).map(str::to_owned).collect()
}

#[test]
fn encryption_that_is_passed_over_is_an_error_in_the_log_once() {
    let told = complaints("AES256");
    assert_eq!(told.len(), 1, "{told:#?}");
    for word in ["ERROR", "/a with AES256 and tells of no encryption", "cos-ftp-server check"] {
        assert!(told[0].contains(word), "{word}: {told:?}");
    }
    assert_eq!(complaints("aws:kms:key-1"), [""; 0]);
}

/// An upload in parts shows it when it begins, before anything of it is a file.
#[test]
fn an_upload_in_parts_shows_it_too() {
    let setup = Setup::bucket_behind(Rgw::shared().endpoint());
    let server = setup.account_key("server_side_encryption", "AES256").start();
    Ftp::login(&server).store("STOR large", &vec![b'x'; 11 * MIB]);
    server.wait_for_log(COMPLAINT);
}

#[test]
fn a_check_fails_where_encryption_is_passed_over() {
    let setup = few_ports(Setup::bucket_behind(Rgw::shared().endpoint()));
    let written = setup.account_key("server_side_encryption", "AES256").write();
    let told = Told::of(&written);
    told.expect_failure("server_side_encryption", "let the bucket encrypt");
    let failed = told.failed()["detail"].to_string();
    assert!(failed.contains("files are stored without it"), "{failed}");
}

#[test]
fn a_check_tells_what_to_do_about_a_key_of_kms() {
    for (encryption, code) in
        [("aws:kms:none", "403 InvalidAccessKeyId"), ("aws:kms", "400 InvalidArgument")]
    {
        let setup = few_ports(Setup::bucket_behind(Rgw::shared().endpoint()));
        let written = setup.account_key("server_side_encryption", encryption).write();
        let told = Told::of(&written);
        let fix = "name a key of KMS that exists, is enabled and lies in the bucket's region";
        told.expect_failure("server_side_encryption", fix);
        let failed = told.failed();
        assert!(failed["detail"].to_string().contains(code), "{failed}");
        assert!(!failed.to_string().contains("name/cos:PutObject"), "it is allowed: {failed}");
    }
}
