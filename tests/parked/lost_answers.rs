use std::io::Write;

use super::{WHOLE, offset};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

/// The store has one part more than this server was told.
#[test]
fn a_listing_tells_the_place_that_is_taken() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .option("upload_thread_num", "1")
        .option("retry_timeout", "1")
        .start();
    injector.inject(Rule::new(Request::UploadPart, Fault::LoseAnswer).after(2));
    let whole = noise(71, WHOLE);
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR file", "150 ");
    // The server may end the connection before it has taken all.
    let _ = data.open().write_all(&whole);
    ftp.expect_reply("451 ");
    injector.heal();
    let sent = offset(&mut ftp, "file");
    let lines = ftp.list("MLSD");
    assert!(lines.iter().any(|line| line.contains(&format!("size={sent};"))), "{sent} {lines:?}");
    ftp.expect(&format!("REST {sent}"), "350 ");
    ftp.store("STOR file", &whole[sent..]);
    server.stored().expect("file", &whole);
}
