use std::fs;
use std::io::{Read, Write};

use crate::support::clients::{self, DataMode, Output};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// More than the sockets between client and server hold.
const SIZE: usize = 24 << 20;

const MODES: [DataMode; 2] = [DataMode::Passive, DataMode::Active];

/// Servers that refuse an upload when its data has begun to come, the command, and the code: a file
/// that grows too large, and a name of which the store must be asked.
fn refusing() -> [(TestServer, &'static str, &'static str); 2] {
    let too_large = Setup::local().file_option("single_file_max_size", "1000000").start();
    let directory = Setup::bucket().option("metadata_cache_time", "0").start();
    directory.stored().put("d/x", b"x");
    [(too_large, "large", "552"), (directory, "d", "550")]
}

#[test]
fn who_goes_on_sending_hears_why_an_upload_was_refused() {
    for (server, name, code) in refusing() {
        for mode in MODES {
            let mut ftp = Ftp::login(&server);
            let data = match mode {
                DataMode::Passive => ftp.passive(),
                DataMode::Active => ftp.active(),
            };
            ftp.expect(&format!("STOR {name}"), "150 ");
            let mut stream = data.open();
            stream.write_all(&vec![0; SIZE]).expect("all of it is taken");
            stream.shutdown(std::net::Shutdown::Write).expect("no reset");
            assert_eq!(stream.read_to_end(&mut Vec::new()).expect("an end"), 0, "{name} {mode:?}");
            ftp.expect_reply(&format!("{code} "));
            ftp.store("STOR other", b"x");
        }
    }
}

/// ABOR and QUIT are heard while a client goes on sending.
#[test]
fn who_goes_on_sending_is_listened_to() {
    let (server, name, code) = refusing().into_iter().next().expect("two");
    for (line, expected) in [("NOOP", "200 "), ("ABOR", "22"), ("QUIT", "221 ")] {
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect(&format!("STOR {name}"), "150 ");
        let mut stream = data.open();
        // Until the server has closed it.
        let sender = std::thread::spawn(move || while stream.write_all(&[0; 65536]).is_ok() {});
        ftp.expect_reply(&format!("{code} "));
        ftp.expect(line, expected);
        drop(ftp);
        sender.join().expect("it ends with the session");
    }
}

fn expect_refusal(what: &str, output: &Output, code: &str) {
    assert!(!output.success && output.text.contains(code), "{what}: {}", output.text);
}

#[test]
fn real_clients_show_why_an_upload_was_refused() {
    for (server, name, code) in refusing() {
        let (dir, address) = (server.scratch(), server.address());
        fs::write(dir.join("up"), vec![7; SIZE]).expect("written");
        let up = dir.join("up");
        for mode in MODES {
            let what = format!("{name} {mode:?}");
            let (up, url) = (up.to_str().expect("UTF-8"), clients::url(address, name));
            expect_refusal(&what, &clients::curl(mode, &["-v", "-T", up, &url]), code);
            let put = format!("put up -o {name}");
            expect_refusal(&what, &clients::lftp(address, mode, &dir, &put), code);
            let passive = if mode == DataMode::Passive { "True" } else { "False" };
            let script = format!(
                "ftp.set_pasv({passive})\nftp.storbinary('STOR {name}', open('up', 'rb'))\n"
            );
            expect_refusal(&what, &clients::python(address, &dir, &script), code);
        }
    }
}
