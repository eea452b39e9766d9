use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::support::certificate::Certificate;
use crate::support::clients::{limited, run};
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::stored::noise;
use crate::tls::client::{Encrypted, Ftps, TLS_1_2, TLS_1_3, encrypt, finish, trusting};

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [TLS_1_2, TLS_1_3];

/// A server that demands it.
fn strict(certificate: &Certificate) -> Setup {
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

#[test]
fn the_newest_version_is_one_in_which_all_can_resume() {
    let certificate = Certificate::new("newest");
    for (newest, setup) in [
        ("TLS 1.2", strict(&certificate)),
        ("TLS 1.3", strict(&certificate).tls("tls_max_version", "1.3")),
        ("TLS 1.3", strict(&certificate).tls("tls_min_version", "1.3")),
        ("TLS 1.3", certificate.serve(Setup::local(), "required")),
    ] {
        let server = setup.option("log_level", "DEBUG").start();
        let told = server.wait_for_log("FTPS by ");
        assert_eq!(told.contains("tls_require_session_reuse"), newest == "TLS 1.2", "{told}");
        let script = format!("{}ftp = login()\nftp.quit()\n", reusing_ftplib(&server),);
        run(limited("python3").arg("-"), &script).expect_success();
        server.wait_for_log(&format!("encrypted: {newest}"));
    }
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
fn reusing_ftplib(server: &TestServer) -> String {
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

/// No version is set.
const BY_DEFAULT: &str = "";

/// A server for the real clients, and what they send, in the file `up` of a directory.
fn serve_clients(certificate: &Certificate, version: &str) -> (TestServer, std::path::PathBuf) {
    let setup = strict(certificate).option("log_level", "DEBUG");
    let server = match version {
        BY_DEFAULT => setup.start(),
        _ => setup.tls("tls_min_version", version).tls("tls_max_version", version).start(),
    };
    let dir = server.scratch();
    fs::write(dir.join("up"), content()).expect("written");
    (server, dir)
}

/// More than goes into a record, and less than a second's work.
fn content() -> Vec<u8> {
    noise(8, 300_001)
}

/// Lets `client` store four files, fetch each and store one more, in one session, and looks at what
/// came of it.
fn expect_transfers(versions: &[&str], client: impl Fn(&TestServer, &Path)) {
    let certificate = Certificate::new("clients");
    for version in versions {
        let (server, dir) = serve_clients(&certificate, version);
        client(&server, &dir);
        for name in ["1", "2", "3", "4", "5"] {
            server.stored().expect(name, &content());
        }
        for name in ["1", "2", "3", "4"] {
            let down = fs::read(dir.join(format!("down{name}"))).expect("a download");
            assert!(down == content(), "TLS {version}: {name} came back changed");
        }
        let resumed = server.log().matches("resumed=true").count();
        assert!(resumed >= 9, "TLS {version}: {resumed} data connections");
    }
}

#[test]
fn lftp_transfers_file_after_file() {
    expect_transfers(&["1.2", "1.3"], |server, dir| {
        let script = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
             set ssl:verify-certificate no\nset ftp:ssl-force yes\nset ftp:ssl-protect-data yes\n\
             set ftp:ssl-protect-list yes\nopen -u {USER},{PASSWORD} ftp://{}\n\
             put up -o 1\nput up -o 2\nput up -o 3\nput up -o 4\nget 1 -o down1\n\
             get 2 -o down2\nget 3 -o down3\nget 4 -o down4\nls\nput up -o 5\nbye\n",
            server.address(),
        );
        run(limited("lftp").arg("--norc").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn curl_transfers_file_after_file() {
    // In TLS 1.3 it uses a ticket once and looks for the next one before an upload's end alone.
    expect_transfers(&[BY_DEFAULT], |server, dir| {
        let url = format!("ftp://{}/", server.address());
        for arguments in [
            &[
                "-T",
                "up",
                &format!("{url}1"),
                "-T",
                "up",
                &format!("{url}2"),
                "-T",
                "up",
                &format!("{url}3"),
                "-T",
                "up",
                &format!("{url}4"),
            ][..],
            &["-o", "down#1", &format!("{url}[1-4]")],
            &["-T", "up", &format!("{url}5")],
            &[&url],
        ] {
            let mut command = limited("curl");
            command.args(["--silent", "--show-error", "--insecure", "--ssl-reqd", "--user"]);
            command.arg(format!("{USER}:{PASSWORD}")).args(arguments).current_dir(dir);
            run(&mut command, "").expect_success();
        }
    });
}

#[test]
fn rclone_transfers_file_after_file() {
    expect_transfers(&["1.2", "1.3"], |server, dir| {
        let obscured = run(limited("rclone").args(["obscure", PASSWORD]), "").expect_success();
        // One connection: rclone offers the tickets of one to the others.
        let remote = format!(
            ":ftp,host=127.0.0.1,port={},user={USER},pass={},explicit_tls,no_check_certificate,\
             concurrency=1:",
            server.address().port(),
            obscured.trim(),
        );
        for name in ["1", "2", "3", "4", "5"] {
            fs::copy(dir.join("up"), dir.join(name)).expect("copied");
        }
        let copy = |arguments: &[&str]| {
            let mut command = limited("rclone");
            command.args(["--config", "/dev/null", "--transfers", "1", "--checkers", "1"]);
            command.args(["--retries", "1", "--low-level-retries", "1", "copy"]);
            run(command.args(arguments).current_dir(dir), "").expect_success();
        };
        copy(&[".", &remote, "--include", "/[1-5]"]);
        copy(&[&remote, "down"]);
        for name in ["1", "2", "3", "4"] {
            fs::rename(dir.join("down").join(name), dir.join(format!("down{name}")))
                .expect("there");
        }
    });
}

#[test]
fn python_transfers_file_after_file() {
    expect_transfers(&["1.2", "1.3"], |server, dir| {
        let script = format!(
            "{}\
             ftp = login()\n\
             def put(name):\n    \
             ftp.storbinary('STOR ' + name, open('up', 'rb'))\n\
             for name in '1234':\n    put(name)\n\
             for name in '1234':\n    \
             ftp.retrbinary('RETR ' + name, open('down' + name, 'wb').write)\n\
             put('5')\n\
             ftp.quit()\n",
            reusing_ftplib(server),
        );
        run(limited("python3").arg("-").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn php_transfers_file_after_file() {
    expect_transfers(&["1.2", "1.3"], |server, dir| {
        let script = format!(
            "<?php\n\
             function check($done, $what) {{ if (!$done) {{ echo \"$what\\n\"; exit(1); }} }}\n\
             $ftp = ftp_ssl_connect('127.0.0.1', {}, 30);\n\
             check($ftp && ftp_login($ftp, '{USER}', '{PASSWORD}'), 'login');\n\
             ftp_pasv($ftp, true);\n\
             function put($name) {{ global $ftp;\n    \
             check(ftp_put($ftp, $name, 'up', FTP_BINARY), \"put $name\"); }}\n\
             foreach (range(1, 4) as $i) put(\"$i\");\n\
             foreach (range(1, 4) as $i)\n    \
             check(ftp_get($ftp, \"down$i\", \"$i\", FTP_BINARY), \"get $i\");\n\
             put('5');\n\
             ftp_close($ftp);\n",
            server.address().port(),
        );
        run(limited("php").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn ruby_transfers_file_after_file() {
    // In TLS 1.3 it uses a ticket once, and reads none on the data connection of an upload.
    expect_transfers(&[BY_DEFAULT], |server, dir| {
        let script = format!(
            "require 'net/ftp'\n\
             ftp = Net::FTP.new('127.0.0.1', port: {}, username: '{USER}', \
             password: '{PASSWORD}', passive: true, ssl: {{verify_mode: 0}})\n\
             (1..4).each {{ |i| ftp.putbinaryfile('up', i.to_s) }}\n\
             (1..4).each {{ |i| ftp.getbinaryfile(i.to_s, \"down#{{i}}\") }}\n\
             ftp.putbinaryfile('up', '5')\n\
             ftp.close\n",
            server.address().port(),
        );
        run(limited("ruby").arg("-").current_dir(dir), &script).expect_success();
    });
}

#[test]
fn perl_transfers_file_after_file() {
    expect_transfers(&["1.2", "1.3"], |server, dir| {
        // Over passive connections it looks for the session of their port, which has none.
        let script = format!(
            "use strict; use Net::FTP; use IO::Socket::SSL;\n\
             my $ftp = Net::FTP->new('127.0.0.1', Port => {}, Passive => 0, Timeout => 30, \
             SSL => 0, SSL_verify_mode => 0) or die $@;\n\
             my $fail = sub {{ die $_[0], ': ', $ftp->message }};\n\
             $ftp->starttls && $ftp->login('{USER}', '{PASSWORD}') && $ftp->binary or $fail->('login');\n\
             $ftp->put('up', $_) or $fail->(\"put $_\") for 1 .. 4;\n\
             $ftp->get($_, \"down$_\") or $fail->(\"get $_\") for 1 .. 4;\n\
             $ftp->put('up', 5) or $fail->('put 5');\n\
             $ftp->quit;\n",
            server.address().port(),
        );
        run(limited("perl").arg("-").current_dir(dir), &script).expect_success();
    });
}
