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
fn a_directory_is_gone_with_what_was_parked_in_it() {
    let server = parking().start();
    let mut ftp = Ftp::login(&server);
    for (verb, directory) in [("CWD", "one"), ("MLST", "two"), ("RNFR", "three"), ("LIST", "four")]
    {
        let file = format!("{directory}/file");
        cut_upload(&server, "STOR", &file, &noise(55, SENT), Cut::BothReset);
        ftp.expect(&format!("MLST {directory}"), "250-");
        Rgw::shared().s3_abort_upload(server.stored().bucket(), &file);
        ftp.play(&[("EPSV", "229 "), (&format!("{verb} {directory}"), "550 ")]);
    }
    assert_eq!(ftp.list("NLST"), [""; 0]);
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

/// Nobody has made the directory: it is there as soon as a file in it is stored.
#[test]
fn a_directory_that_holds_nothing_else_is_there_for_the_uploader() {
    let server = parking().account("reader", "R", "false").start();
    let whole = noise(54, WHOLE);
    cut_upload(&server, "STOR", "d/sub/file", &whole[..SENT], Cut::BothReset);
    let mut ftp = Ftp::login(&server);
    let sent = offset(&mut ftp, "d/sub/file");
    for (line, name) in [("NLST d", "d/sub"), ("NLST d/sub", "d/sub/file"), ("NLST d/*", "d/sub")] {
        assert_eq!(ftp.list(line), [name], "{line}");
    }
    for (line, name, facts) in [
        ("MLSD", "d", "type=dir;".to_owned()),
        ("MLSD d", "sub", "type=dir;".to_owned()),
        ("MLSD d/sub", "file", format!("size={sent};")),
    ] {
        let lines = ftp.list(line);
        let own = lines.iter().find(|told| told.ends_with(&format!(" {name}")));
        assert!(own.is_some_and(|told| told.contains(&facts)), "{line}: {lines:?}");
    }
    for line in ["LIST d/sub", "LIST -la d/sub", "LIST d/sub/file"] {
        let lines = ftp.list(line);
        let is_told = |told: &String| told.ends_with(" file") && told.contains(&sent.to_string());
        assert!(lines.len() == 1 && lines.iter().all(is_told), "{line}: {lines:?}");
    }
    assert!(ftp.expect("MLST d", "250-").contains("type=dir;"));
    ftp.expect("EPSV", "229 ");
    ftp.expect("MLSD d/sub/file", "501 ");
    ftp.play(&[("RMD d", "550 "), ("CWD d/sub", "250 "), ("SIZE file", "213 "), ("CWD /", "250 ")]);
    let reply = ftp.expect("RNFR d", "450 ");
    assert!(reply.contains("go on with them under this name"), "{reply}");
    // Who may only read sees nothing of it.
    let mut reader = Ftp::login_as(&server, "reader");
    assert_eq!(reader.list("NLST"), [""; 0]);
    reader.play(&[("CWD d", "550 "), ("MLST d", "550 "), ("EPSV", "229 "), ("LIST d/sub", "550 ")]);
    // It is gone with the last of them, or stays with its file.
    ftp.play(&[
        ("DELE d/sub/file", "250 "),
        ("CWD d", "550 "),
        ("EPSV", "229 "),
        ("LIST d", "550 "),
    ]);
    cut_upload(&server, "STOR", "d/file", &whole[..SENT], Cut::BothReset);
    ftp.expect("CWD d", "250 ");
    let sent = offset(&mut ftp, "file");
    ftp.store("APPE file", &whole[sent..]);
    server.stored().expect("d/file", &whole);
    assert_eq!(ftp.list("NLST"), ["file"]);
}
