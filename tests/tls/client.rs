use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
};

use crate::support::server::{PASSWORD, TestServer, USER};

/// How long any reply or data may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An encrypted stream, client's side.
pub(crate) type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// The protocol version a client speaks.
pub(crate) const TLS_1_2: &SupportedProtocolVersion = &TLS12;
/// The protocol version a client speaks.
pub(crate) const TLS_1_3: &SupportedProtocolVersion = &TLS13;

/// Who trusts the certificate in `file`, speaks `version`, and remembers its own TLS sessions.
pub(crate) fn trusting(
    file: &Path,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    Arc::new(builder(file, version).with_no_client_auth())
}

/// The same, and who shows the certificate in `PATH.pem`, whose key is in `PATH.key`.
pub(crate) fn showing(
    own: &str,
    file: &Path,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let read = |ending: &str| fs::read(format!("{own}.{ending}")).expect("a file");
    let certificate = CertificateDer::from_pem_slice(&read("pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(&read("key")).expect("a key");
    let config = builder(file, version).with_client_auth_cert(vec![certificate], key);
    Arc::new(config.expect("a certificate with its key"))
}

fn builder(
    file: &Path,
    version: &'static SupportedProtocolVersion,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(&fs::read(file).expect("a file"));
    roots.add(certificate.expect("a certificate")).expect("a root");
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots)
}

/// Does the handshake of a client.
pub(crate) fn encrypt(tcp: TcpStream, config: &Arc<ClientConfig>) -> Encrypted {
    encrypt_with(b"", tcp, config)
}

/// The same of one whose `first` bytes go out with the last word of its handshake.
pub(crate) fn encrypt_with(first: &[u8], tcp: TcpStream, config: &Arc<ClientConfig>) -> Encrypted {
    tcp.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let name = ServerName::IpAddress(Ipv4Addr::LOCALHOST.into());
    let mut connection = ClientConnection::new(Arc::clone(config), name).expect("a connection");
    connection.writer().write_all(first).expect("kept until then");
    let mut stream = StreamOwned::new(connection, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("the handshake succeeds");
    }
    stream
}

/// An encrypted control connection.
pub(crate) struct Ftps {
    control: BufReader<Encrypted>,
    config: Arc<ClientConfig>,
    server: SocketAddr,
}

impl Ftps {
    /// AUTH TLS on the plain port.
    pub(crate) fn connect(server: &TestServer, config: &Arc<ClientConfig>) -> Self {
        let mut tcp = TcpStream::connect(server.address()).expect("the server accepts");
        tcp.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        assert!(plain_line(&mut tcp).starts_with("220 "));
        tcp.write_all(b"AUTH TLS\r\n").expect("sent");
        assert!(plain_line(&mut tcp).starts_with("234 "));
        Self::over(encrypt(tcp, config), config, server.address())
    }

    /// A control connection whose handshake is done.
    pub(crate) fn over(stream: Encrypted, config: &Arc<ClientConfig>, server: SocketAddr) -> Self {
        Self { control: BufReader::new(stream), config: Arc::clone(config), server }
    }

    /// Connected, logged in, data protected.
    pub(crate) fn login(server: &TestServer, config: &Arc<ClientConfig>) -> Self {
        let mut ftps = Self::connect(server, config);
        ftps.log_in();
        ftps.play(&[("PBSZ 0", "200 "), ("PROT P", "200 "), ("TYPE I", "200 ")]);
        ftps
    }

    /// USER and PASS.
    pub(crate) fn log_in(&mut self) {
        self.play(&[(&format!("USER {USER}"), "331 "), (&format!("PASS {PASSWORD}"), "230 ")]);
    }

    /// Sends a line.
    pub(crate) fn send(&mut self, line: &str) {
        self.control.get_mut().write_all(format!("{line}\r\n").as_bytes()).expect("sent");
    }

    /// The next reply's last line.
    pub(crate) fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.control.read_line(&mut line).expect("a reply");
            assert!(!line.is_empty(), "the connection has ended");
            if line.as_bytes().get(3) == Some(&b' ') && line.as_bytes()[0].is_ascii_digit() {
                return line;
            }
        }
    }

    /// Checks how the next reply begins.
    pub(crate) fn expect_reply(&mut self, expected: &str) -> String {
        let reply = self.reply();
        assert!(reply.starts_with(expected), "expected {expected:?}, got {reply:?}");
        reply
    }

    /// Sends a line and checks how its reply begins.
    pub(crate) fn expect(&mut self, line: &str, expected: &str) -> String {
        self.send(line);
        self.expect_reply(expected)
    }

    /// Several of these.
    pub(crate) fn play(&mut self, conversation: &[(&str, &str)]) {
        for (line, expected) in conversation {
            self.expect(line, expected);
        }
    }

    /// EPSV, and the connection to the port it answers, still plain.
    pub(crate) fn passive(&mut self) -> TcpStream {
        let reply = self.expect("EPSV", "229 ");
        let port = reply.split('|').nth(3).and_then(|text| text.parse().ok()).expect("a port");
        TcpStream::connect((self.server.ip(), port)).expect("the passive port listens")
    }

    /// Begins a transfer: its data connection, encrypted with the sessions of this client.
    pub(crate) fn begin(&mut self, line: &str) -> Encrypted {
        let tcp = self.passive();
        self.expect(line, "150 ");
        encrypt(tcp, &self.config)
    }

    /// Uploads, and ends the data as TLS demands.
    pub(crate) fn store(&mut self, line: &str, bytes: &[u8]) {
        let mut data = self.begin(line);
        data.write_all(bytes).expect("taken");
        finish(data);
        self.expect_reply("226 ");
    }

    /// Downloads; the data must end as TLS demands.
    pub(crate) fn fetch(&mut self, line: &str) -> Vec<u8> {
        let mut data = self.begin(line);
        let mut bytes = Vec::new();
        // rustls makes an error of an end without close_notify.
        data.read_to_end(&mut bytes).expect("an end by close_notify");
        self.expect_reply("226 ");
        bytes
    }

    /// Checks that the server closes the connection.
    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        let _ = self.control.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
    }

    /// The connection itself.
    pub(crate) fn into_stream(self) -> Encrypted {
        self.control.into_inner()
    }

    /// The socket below.
    pub(crate) fn socket(&self) -> &TcpStream {
        &self.control.get_ref().sock
    }

    /// The TLS state.
    pub(crate) fn tls(&self) -> &ClientConnection {
        &self.control.get_ref().conn
    }
}

/// Sends close_notify, and waits for the server's.
pub(crate) fn finish(mut data: Encrypted) {
    data.conn.send_close_notify();
    data.flush().expect("sent");
    let rest = data.read_to_end(&mut Vec::new());
    assert_eq!(rest.expect("the server answers close_notify"), 0);
}

/// Closes the TCP connection below, without a word of TLS.
pub(crate) fn cut(data: &mut Encrypted) {
    data.flush().expect("sent");
    data.sock.shutdown(Shutdown::Write).expect("connected");
}

/// One line of a plain connection, read byte by byte: what follows it belongs to somebody else.
pub(crate) fn plain_line(tcp: &mut TcpStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        tcp.read_exact(&mut byte).expect("a line");
        line.push(byte[0]);
    }
    String::from_utf8(line).expect("UTF-8")
}
