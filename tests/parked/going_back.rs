use std::io::Write;
use std::thread;
use std::time::Duration;

use super::{Cut, MIB, SENT, WHOLE, cut_upload, cut_upload_of, offset, parking};
use crate::support::ftp::Ftp;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// wput does, by 512 bytes.
#[test]
fn a_client_may_go_back_a_little() {
    for setup in [parking(), Setup::local().option("partial_upload", "park")] {
        let server = setup.start();
        let whole = noise(23, WHOLE);
        for back in [512, 64 * 1024] {
            let name = format!("file-{back}");
            let stor = format!("STOR {name}");
            cut_upload(&server, "STOR", &name, &whole[..SENT], Cut::BothReset);
            let mut ftp = Ftp::login(&server);
            let sent = offset(&mut ftp, &name) - back;
            // Nothing but what is there already is not the end.
            let data = ftp.passive();
            ftp.play(&[(&format!("REST {sent}"), "350 "), (&stor, "150 ")]);
            let mut stream = data.open();
            stream.write_all(&whole[sent..sent + back]).expect("the server takes the data");
            drop(stream);
            ftp.expect_reply("426 ");
            ftp.expect(&format!("REST {sent}"), "350 ");
            ftp.store(&stor, &whole[sent..]);
            server.stored().expect(&name, &whole);
        }
    }
}

/// Parts may still arrive from a server that has died: who asked before that is told less than the
/// next command finds.
#[test]
fn a_client_goes_on_where_it_was_told_though_more_has_arrived_since() {
    let server = parking().start();
    let whole = noise(24, WHOLE);
    for command in ["STOR", "APPE"] {
        let name = format!("file-{command}");
        cut_upload(&server, "STOR", &name, &whole[..SENT - 5 * MIB], Cut::DataReset);
        let mut ftp = Ftp::login(&server);
        let told = offset(&mut ftp, &name);
        let mut other = Ftp::login(&server);
        let goes_on = offset(&mut other, &name);
        other.expect(&format!("REST {goes_on}"), "350 ");
        cut_upload_of(other, &server, ("STOR", &name), &whole[goes_on..SENT], Cut::DataReset);
        let mut third = Ftp::login(&server);
        assert!(offset(&mut third, &name) > told + 64 * 1024);
        if command == "STOR" {
            ftp.expect(&format!("REST {told}"), "350 ");
        }
        ftp.store(&format!("{command} {name}"), &whole[told..]);
        server.stored().expect(&name, &whole);
        assert_eq!(server.stored().unfinished_uploads(), [""; 0]);
    }
}

/// It is not silent while it sends what is there already.
#[test]
fn a_slow_client_that_goes_back_far_is_not_taken_for_idle() {
    let server = parking().option("data_idle_timeout", "3").start();
    let whole = noise(25, WHOLE);
    cut_upload(&server, "STOR", "file", &whole[..SENT - 5 * MIB], Cut::DataReset);
    let mut ftp = Ftp::login(&server);
    let told = offset(&mut ftp, "file");
    let mut other = Ftp::login(&server);
    let goes_on = offset(&mut other, "file");
    other.expect(&format!("REST {goes_on}"), "350 ");
    cut_upload_of(other, &server, ("STOR", "file"), &whole[goes_on..SENT], Cut::DataReset);
    ftp.expect(&format!("REST {told}"), "350 ");
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    let mut stream = data.open();
    // Less than has come meanwhile, for longer than the time-out.
    for piece in whole[told..][..MIB].chunks(MIB / 4) {
        stream.write_all(piece).expect("the server takes the data");
        thread::sleep(Duration::from_millis(1200));
    }
    stream.write_all(&whole[told + MIB..]).expect("the server takes the data");
    drop(stream);
    ftp.expect_reply("226 ");
    server.stored().expect("file", &whole);
}
