use std::fs;
use std::path::{Path, PathBuf};

use crate::support::certificate::Certificate;
use crate::support::clients::{DataMode, limited, run};
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::stored::{noise, sha256};

/// One way to connect.
#[derive(Clone, Copy, Debug)]
struct Mode {
    version: &'static str,
    entrance: Entrance,
    data: DataMode,
    protection: char,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entrance {
    Explicit,
    Implicit,
}

fn modes() -> Vec<Mode> {
    let mut modes = Vec::new();
    for version in ["1.2", "1.3"] {
        for entrance in [Entrance::Explicit, Entrance::Implicit] {
            for data in [DataMode::Passive, DataMode::Active] {
                for protection in ['P', 'C'] {
                    modes.push(Mode { version, entrance, data, protection });
                }
            }
        }
    }
    modes
}

/// A server over a bucket, and a directory with a file to upload.
fn serve(certificate: &Certificate) -> (TestServer, PathBuf) {
    let server = certificate
        .serve(Setup::bucket(), "optional")
        .tls("implicit_listen_port", "0")
        .option("log_level", "DEBUG")
        .start();
    let dir = server.scratch();
    fs::write(dir.join("up"), content()).expect("written");
    (server, dir)
}

/// Many records, and two blocks.
fn content() -> Vec<u8> {
    noise(5, 400_001)
}

impl Mode {
    fn address(&self, server: &TestServer) -> std::net::SocketAddr {
        match self.entrance {
            Entrance::Explicit => server.address(),
            Entrance::Implicit => server.implicit_address(),
        }
    }

    /// Checks what the client has stored and fetched, and that the server saw it so.
    fn expect(&self, server: &TestServer, dir: &Path, said: &str) {
        server.stored().expect("up", &content());
        let down = fs::read(dir.join("down")).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(sha256(&down), sha256(&content()), "{self:?}");
        fs::remove_file(dir.join("down")).expect("removed");
        assert!(said.contains("400001"), "no listing, {self:?}: {said}");
        let log = server.log();
        let session = &log[log.rfind(" login ").expect("a login")..];
        assert!(session.contains(&format!("TLS {} ", self.version)), "{self:?}: {session}");
        let encrypted = session.contains("data connection encrypted");
        assert_eq!(encrypted, self.protection == 'P', "{self:?}: {session}");
    }
}

#[test]
fn curl_in_every_mode() {
    let certificate = Certificate::new("curl");
    let (server, dir) = serve(&certificate);
    // The curl of Debian 12 sends the file in plain text over an active connection that it has asked
    // to be protected (curl/curl#10666, in 7.87 and 7.88 only), which the server refuses.
    let works = |mode: &Mode| mode.protection == 'C' || mode.data == DataMode::Passive;
    for mode in modes().into_iter().filter(works) {
        let scheme = if mode.entrance == Entrance::Explicit { "ftp" } else { "ftps" };
        let url = format!("{scheme}://{}/", mode.address(&server));
        let base = |command: &mut std::process::Command| {
            command.args(["--silent", "--show-error", "--cacert"]).arg(certificate.cert());
            command.args(["--user", &format!("{USER}:{PASSWORD}")]).current_dir(&dir);
            command.args([&format!("--tlsv{}", mode.version), "--tls-max", mode.version]);
            let private = mode.protection == 'P';
            command.arg(if private { "--ssl-reqd" } else { "--ftp-ssl-control" });
            if mode.data == DataMode::Active {
                command.args(["--ftp-port", "-"]);
            }
        };
        let mut said = String::new();
        for arguments in [&["-T", "up", &url][..], &["-o", "down", &format!("{url}up")], &[&url]] {
            let mut command = limited("curl");
            base(&mut command);
            said += &run(command.args(arguments), "").expect_success();
        }
        mode.expect(&server, &dir, &said);
    }
}

#[test]
fn lftp_in_every_mode() {
    let certificate = Certificate::new("lftp");
    let (server, dir) = serve(&certificate);
    for mode in modes() {
        let scheme = if mode.entrance == Entrance::Explicit { "ftp" } else { "ftps" };
        let yes = |on: bool| if on { "yes" } else { "no" };
        let script = format!(
            "set cmd:fail-exit yes\nset net:max-retries 1\nset net:timeout 30\n\
             set ssl:ca-file {}\nset ssl:priority NORMAL:-VERS-ALL:+VERS-TLS{}\n\
             set ftp:passive-mode {}\nset ftp:ssl-force yes\nset ftp:ssl-protect-data {}\n\
             set ftp:ssl-protect-list {}\nopen -u {USER},{PASSWORD} {scheme}://{}\n\
             put up\nget up -o down\nls\nbye\n",
            certificate.cert().display(),
            mode.version,
            yes(mode.data == DataMode::Passive),
            yes(mode.protection == 'P'),
            yes(mode.protection == 'P'),
            mode.address(&server),
        );
        let said = run(limited("lftp").arg("--norc").current_dir(&dir), &script).expect_success();
        mode.expect(&server, &dir, &said);
        if mode.protection == 'P' {
            let log = server.log();
            let session = &log[log.rfind(" login ").expect("a login")..];
            assert!(!session.contains("resumed=false"), "{mode:?}: {session}");
        }
    }
}

#[test]
fn python_ftplib_in_every_mode() {
    let certificate = Certificate::new("python");
    let (server, dir) = serve(&certificate);
    for mode in modes() {
        let address = mode.address(&server);
        let script = format!(
            "import ftplib, ssl\n\
             context = ssl.create_default_context(cafile='{}')\n\
             version = ssl.TLSVersion.TLSv{}\n\
             context.minimum_version = context.maximum_version = version\n\
             class Implicit(ftplib.FTP_TLS):\n    \
             _sock = None\n    \
             sock = property(lambda self: self._sock)\n    \
             @sock.setter\n    \
             def sock(self, value):\n        \
             if value is not None and not isinstance(value, ssl.SSLSocket):\n            \
             value = self.context.wrap_socket(value, server_hostname=self.host)\n        \
             self._sock = value\n\
             ftp = {}(context=context, timeout=30)\n\
             ftp.connect('{}', {})\n\
             ftp.login('{USER}', '{PASSWORD}')\n\
             ftp.set_pasv({})\n\
             ftp.voidcmd('PBSZ 0')\n\
             ftp.prot_{}()\n\
             ftp.storbinary('STOR up', open('up', 'rb'))\n\
             ftp.retrbinary('RETR up', open('down', 'wb').write)\n\
             ftp.retrlines('LIST')\n\
             ftp.quit()\n",
            certificate.cert().display(),
            mode.version.replace('.', "_"),
            if mode.entrance == Entrance::Explicit { "ftplib.FTP_TLS" } else { "Implicit" },
            address.ip(),
            address.port(),
            if mode.data == DataMode::Passive { "True" } else { "False" },
            mode.protection.to_ascii_lowercase(),
        );
        let said = run(limited("python3").arg("-").current_dir(&dir), &script).expect_success();
        mode.expect(&server, &dir, &said);
    }
}
