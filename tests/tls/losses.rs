use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rustls::SupportedProtocolVersion;
use socket2::SockRef;

use crate::support::certificate::Certificate;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::resources::Resources;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;
use crate::tls::client::{Encrypted, Ftps, TLS_1_2, TLS_1_3, cut, trusting};

/// What a client has sent when it is lost: a part is on its way, more has gathered.
const SENT: usize = 7 << 20;

/// More than the sockets between server and client hold.
const LARGE: usize = 12 << 20;

/// How a client is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    DataReset,
    /// The data connection ends as TCP wants it and TLS does not.
    DataCut,
    ControlReset,
    BothReset,
    ControlEnd,
    BothEnd,
}

impl Loss {
    const ALL: [Self; 6] = [
        Self::DataReset,
        Self::DataCut,
        Self::ControlReset,
        Self::BothReset,
        Self::ControlEnd,
        Self::BothEnd,
    ];

    /// The session, if it goes on.
    fn happen(self, ftps: Ftps, mut data: Encrypted) -> Option<Ftps> {
        match self {
            Self::DataReset => {
                reset(data);
                return Some(ftps);
            }
            Self::DataCut => {
                cut(&mut data);
                return Some(ftps);
            }
            Self::ControlReset => reset(ftps.into_stream()),
            Self::BothReset => {
                reset(ftps.into_stream());
                reset(data);
            }
            Self::ControlEnd => ftps.socket().shutdown(Shutdown::Both).expect("closed"),
            Self::BothEnd => {
                // The control connection's end first: what a client that is killed may do.
                ftps.socket().shutdown(Shutdown::Both).expect("closed");
                cut(&mut data);
            }
        }
        None
    }
}

fn reset(stream: Encrypted) {
    SockRef::from(&stream.sock).set_linger(Some(Duration::ZERO)).expect("a socket");
    drop(stream);
}

/// A server that serves TLS alone, and what it held before anybody came.
struct Scene {
    certificate: Certificate,
    injector: Injector,
    server: TestServer,
    baseline: Resources,
}

impl Scene {
    fn begin(options: &[(&str, &str)], is_strict: &str) -> Self {
        let certificate = Certificate::new("losses");
        let injector = Injector::before(Rgw::shared().endpoint());
        let setup = Setup::bucket_behind(&injector.endpoint());
        let mut setup = certificate
            .serve(setup, "required")
            .tls("tls_require_close_notify", is_strict)
            // The least there is: what a lost client's transfer kept would be missing.
            .option("buffer_memory", "8M")
            .operations("abort_unfinished_after", "0");
        if !options.iter().any(|(key, _)| *key == "partial_upload") {
            // What is parked would be left behind.
            setup = setup.option("partial_upload", "keep");
        }
        for (key, value) in options {
            setup = setup.option(key, value);
        }
        let server = setup.start();
        Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3)).expect("QUIT", "221 ");
        let baseline = Resources::at_rest(&server, &injector, 0);
        Self { certificate, injector, server, baseline }
    }

    /// A lost client has left nothing, and others are served.
    fn expect_rest(&self, told: &str) {
        self.baseline.expect_again(&self.server, &self.injector, told);
        let mut ftps = Ftps::login(&self.server, &trusting(&self.certificate.cert(), TLS_1_3));
        ftps.store("STOR after", told.as_bytes());
        ftps.expect("QUIT", "221 ");
        let left = Rgw::shared().s3_list_uploads(self.server.stored().bucket());
        assert_eq!(left, Vec::<String>::new(), "{told}");
    }
}

/// As without TLS: what arrived is kept, or the earlier file is.
/// What the socket of a download takes at once, and a client's system does not take unasked.
const IN_OUR_BUFFERS: usize = 1_000_000;

#[test]
fn a_client_that_resets_before_it_has_everything_hears_426() {
    let certificate = Certificate::new("receipt");
    let server = certificate.serve(Setup::local(), "required").start();
    server.stored().put("file", &noise(4, IN_OUR_BUFFERS));
    for version in [TLS_1_2, TLS_1_3] {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        let mut data = ftps.begin("RETR file");
        data.read_exact(&mut [0; 1000]).expect("it has begun");
        // A 226 would have come before it.
        ftps.expect("NOOP", "200 ");
        reset(data);
        ftps.expect_reply("426 ");
        assert_eq!(ftps.fetch("RETR file").len(), IN_OUR_BUFFERS);
    }
}

#[test]
fn a_lost_client_leaves_the_partial_file_or_nothing() {
    let bytes = noise(31, SENT);
    for (partial, kept) in [("keep", "partial file kept"), ("discard", "nothing kept")] {
        let scene = Scene::begin(&[("partial_upload", partial)], "true");
        let each = || {
            let versions = [TLS_1_2, TLS_1_3].into_iter();
            versions.flat_map(|version| Loss::ALL.map(|loss| (version, loss)))
        };
        let name_of = |(version, loss): (&'static SupportedProtocolVersion, Loss)| {
            format!("{loss:?}-{:?}", version.version)
        };
        scene.server.stored().put_early(each().map(name_of), b"earlier");
        for (version, loss) in each() {
            let name = name_of((version, loss));
            let told = format!("{partial} {name}");
            let mut ftps =
                Ftps::login(&scene.server, &trusting(&scene.certificate.cert(), version));
            let mut data = ftps.begin(&format!("STOR {name}"));
            data.write_all(&bytes).expect("the server takes the data");
            data.flush().expect("sent");
            scene.injector.wait_for(Request::UploadPart, &name);
            if let Some(mut ftps) = loss.happen(ftps, data) {
                ftps.expect_reply("426 ");
                ftps.expect("QUIT", "221 ");
            }
            let upload = format!("upload path=\"/{name}\"");
            let line = scene.server.wait_for_log(&upload);
            assert!(line.contains(kept), "{told}: {line}");
            scene.server.stored().expect_interrupted(&name, &bytes, partial, &told);
            scene.expect_rest(&told);
        }
    }
}

/// An end without close_notify is the end of the file unless the operator says otherwise, as
/// clients forget it.
#[test]
fn a_cut_that_is_taken_for_the_end_stores_what_arrived() {
    let scene = Scene::begin(&[("partial_upload", "discard")], "false");
    let bytes = noise(32, SENT);
    let mut ftps = Ftps::login(&scene.server, &trusting(&scene.certificate.cert(), TLS_1_3));
    let mut data = ftps.begin("STOR f");
    data.write_all(&bytes).expect("the server takes the data");
    cut(&mut data);
    ftps.expect_reply("226 ");
    ftps.expect("QUIT", "221 ");
    scene.server.stored().expect("f", &bytes);
    scene.expect_rest("cut");
}

#[test]
fn a_client_that_is_lost_while_it_downloads_costs_nothing() {
    let scene = Scene::begin(&[], "false");
    scene.server.stored().put("large", &noise(33, LARGE));
    // A client that does not send any more may still read.
    for loss in Loss::ALL.into_iter().filter(|loss| *loss != Loss::DataCut) {
        let config = trusting(&scene.certificate.cert(), TLS_1_3);
        let mut ftps = Ftps::login(&scene.server, &config);
        let mut data = ftps.begin("RETR large");
        data.read_exact(&mut [0; 1000]).expect("it begins");
        let before = scene.server.log().matches("download path=").count();
        if let Some(mut ftps) = loss.happen(ftps, data) {
            ftps.expect_reply("426 ");
            ftps.expect("QUIT", "221 ");
        }
        scene.expect_rest(&format!("{loss:?}"));
        let log = scene.server.log();
        let line = log.lines().filter(|line| line.contains("download path=")).nth(before);
        let is_told = |line: &str| line.contains(" lost") || line.contains(" broken");
        assert!(line.is_some_and(is_told), "{loss:?}: {line:?}");
    }
}

/// What the store does meanwhile is told in the same words.
#[test]
fn a_store_that_fails_fails_the_transfer_and_not_the_session() {
    let scene = Scene::begin(&[("retry_timeout", "1"), ("response_timeout", "1")], "true");
    scene.server.stored().put("f", b"earlier");
    let bytes = noise(34, SENT);
    let mut ftps = Ftps::login(&scene.server, &trusting(&scene.certificate.cert(), TLS_1_3));
    for (request, fault, reply) in [
        (Request::UploadPart, Fault::ResetBeforeReply, "451 "),
        (Request::UploadPart, Fault::RefuseEarly(403, "AccessDenied"), "550 "),
        (Request::CompleteMultipartUpload, Fault::Refuse(503, "SlowDown"), "451 "),
    ] {
        scene.injector.inject(Rule::new(request, fault));
        let mut data = ftps.begin("STOR f");
        // A server that gave up does not take the rest, nor its end.
        let _ = data.write_all(&bytes);
        data.conn.send_close_notify();
        let _ = data.flush();
        drop(data);
        ftps.expect_reply(reply);
        scene.injector.heal();
        scene.server.stored().expect("f", b"earlier");
    }
    scene.server.stored().put("large", &noise(35, LARGE));
    scene.injector.inject(Rule::new(Request::GetObject, Fault::ResetInAnswer(0)));
    let mut data = ftps.begin("RETR large");
    assert!(data.read_to_end(&mut Vec::new()).is_err(), "an end by close_notify");
    ftps.expect_reply("451 ");
    scene.injector.heal();
    assert_eq!(ftps.fetch("RETR large").len(), LARGE);
    ftps.expect("QUIT", "221 ");
    scene.expect_rest("the store");
}
