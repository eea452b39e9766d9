use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::support::certificate::Certificate;
use crate::support::clients::{limited, run};
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::tls::client::{Encrypted, Ftps, TLS_1_2, TLS_1_3, encrypt, finish, trusting};

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [TLS_1_2, TLS_1_3];

/// A server that demands it.
pub(super) fn strict(certificate: &Certificate) -> Setup {
    certificate.serve(Setup::local(), "required").tls("tls_require_session_reuse", "true")
}

#[test]
fn session_reuse_can_be_demanded() {
    let certificate = Certificate::new("reuse");
    let server = certificate
        .serve(Setup::local(), "required")
        .tls("tls_require_session_reuse", "true")
        .tls("tls_max_version", "1.3")
        .start();
    for version in VERSIONS {
        let own = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &own);
        for i in 0..5 {
            ftps.store(&format!("STOR {i}"), b"resumed");
            assert_eq!(ftps.fetch(&format!("RETR {i}")), b"resumed");
        }
        // Another client, with a session of its own: a valid one, but not this control connection's.
        let other = trusting(&certificate.cert(), version);
        let mut stranger = Ftps::login(&server, &other);
        stranger.store("STOR other", b"x");
        // Without any session.
        let fresh = trusting(&certificate.cert(), version);
        for (config, who) in [(&other, "another client"), (&fresh, "nobody's session")] {
            let tcp = ftps.passive();
            ftps.expect("STOR stolen", "150 ");
            drop(encrypt(tcp, config));
            let reply = ftps.expect_reply("522 ");
            assert!(reply.contains("resume"), "{who}: {reply}");
        }
        assert!(!server.stored().files().contains(&"stolen".to_owned()));
        ftps.store("STOR own", b"x");
    }
}

/// Who was first at the port does not matter: only the client can resume.
#[test]
fn of_several_connections_the_one_that_resumes_is_served() {
    let certificate = Certificate::new("several");
    let server = strict(&certificate).tls("tls_max_version", "1.3").start();
    for version in VERSIONS {
        let own = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &own);
        for stranger_comes_first in [false, true] {
            let first = ftps.passive();
            let port = first.peer_addr().expect("connected");
            let second = TcpStream::connect(port).expect("the port still listens");
            ftps.expect("STOR file", "150 ");
            let (tcp, other) = if stranger_comes_first { (second, first) } else { (first, second) };
            if stranger_comes_first {
                drop(encrypt(other, &trusting(&certificate.cert(), version)));
            }
            let mut data = encrypt(tcp, &own);
            data.write_all(b"of the client").expect("taken");
            finish(data);
            ftps.expect_reply("226 ");
            server.stored().expect("file", b"of the client");
        }
    }
}

/// Clients that offer both versions, and those that offer only one.
#[test]
fn the_version_is_one_in_which_the_client_can_resume() {
    let certificate = Certificate::new("agreed");
    for (agreed, setup) in [
        (["TLSv1.2", "TLSv1.2", "TLSv1.3"], strict(&certificate)),
        (["TLSv1.3", "TLSv1.2", "TLSv1.3"], strict(&certificate).tls("tls_max_version", "1.3")),
        (["TLSv1.2", "TLSv1.2", "refused"], strict(&certificate).tls("tls_max_version", "1.2")),
        (["TLSv1.3", "refused", "TLSv1.3"], strict(&certificate).tls("tls_min_version", "1.3")),
        (["TLSv1.3", "TLSv1.2", "TLSv1.3"], certificate.serve(Setup::local(), "required")),
    ] {
        let server = setup.start();
        let told = server.wait_for_log("FTPS by ");
        let is_default = agreed == ["TLSv1.2", "TLSv1.2", "TLSv1.3"];
        assert_eq!(told.contains("tls_require_session_reuse"), is_default, "{told}");
        let script = format!(
            "{}\
             import io\n\
             for version in (None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):\n    \
             try:\n        \
             ftp = login(version)\n    \
             except ssl.SSLError:\n        \
             print('refused')\n        \
             continue\n    \
             for _ in range(3):\n        \
             ftp.storbinary('STOR file', io.BytesIO(b'x'))\n    \
             print(ftp.sock.version())\n    \
             ftp.quit()\n",
            reusing_ftplib(&server),
        );
        let said = run(limited("python3").arg("-"), &script).expect_success();
        assert_eq!(said.lines().collect::<Vec<_>>(), agreed, "{told}");
    }
}

/// What it says before it is answered is heard twice where both versions are tried.
#[test]
fn a_clients_first_words_may_come_in_pieces() {
    let certificate = Certificate::new("pieces");
    let server = strict(&certificate).tls("implicit_listen_port", "0").start();
    for version in VERSIONS {
        let config = trusting(&certificate.cert(), version);
        for record in [30, 1 << 14] {
            let tcp = TcpStream::connect(server.implicit_address()).expect("the server accepts");
            let control = encrypt_in_pieces(tcp, &config, record);
            assert_eq!(control.conn.protocol_version(), Some(version.version));
            let mut ftps = Ftps::over(control, &config, server.address());
            ftps.expect_reply("220 ");
            ftps.log_in();
            ftps.store("STOR file", b"x");
        }
    }
}

/// The handshake of a client whose first message comes in records of up to `record` bytes, and each
/// of these in two pieces.
fn encrypt_in_pieces(mut tcp: TcpStream, config: &Arc<ClientConfig>, record: usize) -> Encrypted {
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let mut connection = ClientConnection::new(Arc::clone(config), name).expect("set up");
    let mut said = Vec::new();
    connection.write_tls(&mut said).expect("a client begins");
    tcp.set_nodelay(true).expect("a socket");
    let (header, message) = said.split_at(5);
    for part in message.chunks(record) {
        let length = u16::try_from(part.len()).expect("a record").to_be_bytes();
        let sealed = [&header[..3], &length, part].concat();
        for piece in sealed.chunks(sealed.len() / 2 + 1) {
            tcp.write_all(piece).expect("sent");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let mut stream = Encrypted::new(connection, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("the handshake succeeds");
    }
    stream
}

/// Tries to take over a transfer of `ftps` with the sessions of `config`; what it learns on the way,
/// it keeps.
fn steal(ftps: &mut Ftps, config: &Arc<ClientConfig>) {
    for line in ["LIST", "STOR stolen"] {
        let tcp = ftps.passive();
        ftps.expect(line, "150 ");
        shake_hands(tcp, config);
        ftps.expect_reply("522 ");
    }
}

/// Takes what a data connection brings that no transfer uses.
fn learn(ftps: &mut Ftps, config: &Arc<ClientConfig>) {
    let tcp = ftps.passive();
    ftps.send("RETR nothing");
    shake_hands(tcp, config);
    ftps.expect_reply("550 ");
}

/// As far as the server lets us, tickets included; there must be no data.
fn shake_hands(mut tcp: TcpStream, config: &Arc<ClientConfig>) {
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let mut connection = ClientConnection::new(Arc::clone(config), name).expect("set up");
    while connection.is_handshaking() && connection.complete_io(&mut tcp).is_ok() {}
    while connection.complete_io(&mut tcp).is_ok_and(|(read, _)| read > 0) {
        let mut bytes = Vec::new();
        let _ = connection.reader().read_to_end(&mut bytes);
        assert!(bytes.is_empty(), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_refused_handshake_leaves_nothing_that_could_be_resumed() {
    let certificate = Certificate::new("stranger");
    let server = strict(&certificate).tls("tls_max_version", "1.3").start();
    for spoken in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), spoken));
        for tried in VERSIONS {
            let stranger = trusting(&certificate.cert(), tried);
            for _ in 0..3 {
                steal(&mut ftps, &stranger);
            }
        }
        ftps.store("STOR own", b"x");
        assert_eq!(server.stored().files(), ["own"]);
    }
}

/// Data connections that nobody uses are encrypted, too, and whoever was first at the port has them.
#[test]
fn an_unused_connection_brings_nothing_that_could_be_resumed() {
    let certificate = Certificate::new("unused");
    let server = strict(&certificate).tls("tls_max_version", "1.3").start();
    for spoken in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), spoken));
        for tried in VERSIONS {
            let stranger = trusting(&certificate.cert(), tried);
            for _ in 0..3 {
                learn(&mut ftps, &stranger);
            }
            steal(&mut ftps, &stranger);
        }
        assert_eq!(server.stored().files(), Vec::<String>::new());
    }
}

/// Whether something has come that the client has not read. What came before a reply on the control
/// connection is there behind it.
fn holds_unread(data: &Encrypted) -> bool {
    data.sock.set_nonblocking(true).expect("a socket");
    let peeked = data.sock.peek(&mut [0]);
    data.sock.set_nonblocking(false).expect("a socket");
    match peeked {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_ticket_of_an_upload_comes_behind_the_clients_data() {
    let certificate = Certificate::new("tickets");
    for (reuse, tickets) in [("false", 2), ("true", 10)] {
        let server = certificate
            .serve(Setup::local(), "required")
            .tls("tls_require_session_reuse", reuse)
            .tls("tls_max_version", "1.3")
            .option("log_level", "DEBUG")
            .start();
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
        assert_eq!(ftps.tls().tls13_tickets_received(), tickets);
        let mut data = ftps.begin("STOR file");
        data.write_all(b"x").expect("taken");
        server.wait_for_log("data connection encrypted");
        ftps.expect("NOOP", "200 ");
        // Closing a socket with bytes unread resets the connection.
        assert!(!holds_unread(&data), "reuse={reuse}");
        data.conn.send_close_notify();
        data.flush().expect("sent");
        assert_eq!(data.read_to_end(&mut Vec::new()).expect("close_notify"), 0);
        assert_eq!(data.conn.tls13_tickets_received(), 1, "reuse={reuse}");
        ftps.expect_reply("226 ");
        let mut data = ftps.begin("LIST");
        data.read_to_end(&mut Vec::new()).expect("close_notify");
        assert_eq!(data.conn.tls13_tickets_received(), 1, "reuse={reuse}");
        ftps.expect_reply("226 ");
    }
}

#[test]
fn a_session_can_be_resumed_as_long_as_it_lasts() {
    let certificate = Certificate::new("hours");
    let clock = tempfile::NamedTempFile::new().expect("a file");
    fs::write(clock.path(), "+0h\n").expect("the clock");
    let path = clock.path().to_str().expect("UTF-8");
    let server = strict(&certificate)
        .tls("tls_max_version", "1.3")
        // The loader finds the architecture's directory.
        .environment("LD_PRELOAD", "/usr/$LIB/faketime/libfaketime.so.1")
        .environment("FAKETIME_TIMESTAMP_FILE", path)
        .environment("FAKETIME_NO_CACHE", "1")
        .environment("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .start();
    let started = server.wait_for_log("listening on ")[..10].to_owned();
    // Each data connection resumes the session of the control connection, as lftp does it.
    let script = format!(
        "{}\
         import io\n\
         for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):\n    \
         ftp = login(version)\n    \
         for hours in (0, 7, 14, 21, 28):\n        \
         open('{path}', 'w').write('+%dh' % hours)\n        \
         ftp.storbinary('STOR %s-%d' % (version.name, hours), io.BytesIO(b'x'))\n    \
         ftp.quit()\n    \
         open('{path}', 'w').write('+0h')\n",
        reusing_ftplib(&server),
    );
    run(limited("python3").arg("-"), &script).expect_success();
    assert_eq!(server.stored().files().len(), 10);
    // It was a day for the server.
    assert!(!server.wait_for_log("upload path=\"/TLSv1_2-28\"").starts_with(&started));
}

/// Python that knows `login(version)`: ftplib itself resumes nothing, so its users write this.
pub(super) fn reusing_ftplib(server: &TestServer) -> String {
    format!(
        "import ftplib, ssl\n\
         class Reusing(ftplib.FTP_TLS):\n    \
         def ntransfercmd(self, cmd, rest=None):\n        \
         conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)\n        \
         if self._prot_p:\n            \
         conn = self.context.wrap_socket(conn, session=self.sock.session)\n        \
         return conn, size\n\
         def login(version=None):\n    \
         context = ssl.create_default_context()\n    \
         context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n    \
         if version:\n        \
         context.minimum_version = context.maximum_version = version\n    \
         ftp = Reusing(context=context, timeout=30)\n    \
         ftp.connect('127.0.0.1', {})\n    \
         ftp.login('{USER}', '{PASSWORD}')\n    \
         ftp.prot_p()\n    \
         return ftp\n",
        server.address().port(),
    )
}
