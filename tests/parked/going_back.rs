use std::io::Write;

use super::{Cut, SENT, WHOLE, cut_upload, offset, parking};
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
