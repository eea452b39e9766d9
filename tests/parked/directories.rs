use super::{Cut, SENT, WHOLE, cut_upload, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

fn both() -> [Setup; 2] {
    [parking(), Setup::local().option("partial_upload", "park")]
}

#[test]
fn a_directory_with_parked_uploads_is_not_empty() {
    for setup in both() {
        let server = setup.start();
        let mut ftp = Ftp::login(&server);
        ftp.play(&[("MKD d", "257 "), ("MKD d/sub", "257 "), ("MKD e", "257 ")]);
        cut_upload(&server, "STOR", "d/sub/file", &noise(51, SENT), Cut::BothReset);
        let reply = ftp.expect("RMD d/sub", "550 ");
        assert!(reply.contains("interrupted uploads wait in it"), "{reply}");
        ftp.expect("RMD d", "550 ");
        ftp.play(&[("RMD e", "250 "), ("DELE d/sub/file", "250 ")]);
        ftp.play(&[("RMD d/sub", "250 "), ("RMD d", "250 ")]);
        assert_eq!(ftp.list("NLST"), [""; 0]);
    }
}

#[test]
fn what_is_gone_by_now_keeps_no_directory() {
    let server = parking().start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("MKD d", "257 ");
    cut_upload(&server, "STOR", "d/file", &noise(52, SENT), Cut::BothReset);
    // Another server's sweeper, or the bucket's lifecycle.
    Rgw::shared().s3_abort_upload(server.stored().bucket(), "d/file");
    ftp.expect("RMD d", "250 ");
}

#[test]
fn parked_uploads_stay_under_the_old_name_of_a_directory_which_is_told() {
    for setup in both() {
        let server = setup.start();
        server.stored().put_early(["d/old".to_owned(), "other/old".to_owned()], b"earlier");
        let whole = noise(53, WHOLE);
        cut_upload(&server, "STOR", "d/new", &whole[..SENT], Cut::BothReset);
        let mut ftp = Ftp::login(&server);
        let reply = ftp.expect("RNFR d/new", "450 ");
        assert!(reply.contains("being uploaded"), "{reply}");
        ftp.play(&[("RNFR d", "350 "), ("RNTO e", "250 Renamed; the interrupted uploads")]);
        ftp.play(&[("RNFR other", "350 "), ("RNTO another", "250 Renamed.")]);
        ftp.expect("SIZE e/new", "550 ");
        let sent = offset(&mut ftp, "d/new");
        assert!(sent > 0);
        ftp.store("APPE d/new", &whole[sent..]);
        server.stored().expect("d/new", &whole);
        server.stored().expect("e/old", b"earlier");
    }
}
