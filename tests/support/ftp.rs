//! FTP spoken over a bare socket: every byte of a conversation is the test's own.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::polling::pause;
use super::server::{PASSWORD, TestServer, USER};

/// How long any reply or data may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A control connection.
pub(crate) struct Ftp {
    control: BufReader<TcpStream>,
    /// What was said so far, for the message of a failure.
    transcript: String,
}

/// Where a data connection will come from.
pub(crate) enum Data {
    /// Connected to the server's passive port.
    Passive(TcpStream),
    /// The server will connect here.
    Active(TcpListener),
}

impl Ftp {
    /// Connects and takes the greeting.
    pub(crate) fn connect(server: &TestServer) -> Self {
        Self::connect_to(server.address())
    }

    /// Connects and takes the greeting.
    pub(crate) fn connect_to(address: SocketAddr) -> Self {
        let mut ftp = Self::silent(address);
        ftp.expect_reply("220 ");
        ftp
    }

    /// Connects and reads nothing.
    pub(crate) fn silent(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the server accepts"))
    }

    /// Over a connection that stands; reads nothing.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Self { control: BufReader::new(stream), transcript: String::new() }
    }

    /// USER and PASS of [`USER`].
    pub(crate) fn log_in(&mut self) {
        self.log_in_as(USER);
    }

    fn log_in_as(&mut self, user: &str) {
        self.play(&[(&format!("USER {user}"), "331 "), (&format!("PASS {PASSWORD}"), "230 ")]);
    }

    /// Connects and logs in as [`USER`].
    pub(crate) fn login(server: &TestServer) -> Self {
        Self::login_as(server, USER)
    }

    /// Connects and logs in.
    pub(crate) fn login_as(server: &TestServer, user: &str) -> Self {
        let mut ftp = Self::connect(server);
        ftp.log_in_as(user);
        ftp
    }

    /// The server's address.
    pub(crate) fn server(&self) -> SocketAddr {
        self.control.get_ref().peer_addr().expect("connected")
    }

    /// The socket itself.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.control.get_ref()
    }

    /// Sends a line.
    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\r\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.transcript += &format!("> {}\n", bytes.escape_ascii());
        self.control.get_ref().write_all(bytes).expect("the server listens");
    }

    /// One whole reply, all lines of it, CRLF between them.
    pub(crate) fn reply(&mut self) -> String {
        self.reply_or_close().unwrap_or_else(|| panic!("no end of it\n{}", self.transcript))
    }

    /// The same; `None` when the server closed the connection behind the first line of several,
    /// which is how it tells of a failure then.
    pub(crate) fn reply_or_close(&mut self) -> Option<String> {
        let first = self.line();
        let end = format!("{} ", first.get(..3).unwrap_or_default());
        let mut reply = first.clone();
        if first.as_bytes().get(3) == Some(&b'-') {
            loop {
                if matches!(self.control.fill_buf(), Ok([])) {
                    return None;
                }
                let line = self.line();
                reply += "\r\n";
                reply += &line;
                if line.starts_with(&end) {
                    break;
                }
            }
        }
        Some(reply)
    }

    /// Checks that the next reply begins with `expected`.
    pub(crate) fn expect_reply(&mut self, expected: &str) -> String {
        let reply = self.reply();
        assert!(reply.starts_with(expected), "expected {expected:?}\n{}", self.transcript);
        reply
    }

    /// Sends a line and takes its reply.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.reply()
    }

    /// Sends a line; its reply must begin with `expected`.
    pub(crate) fn expect(&mut self, line: &str, expected: &str) -> String {
        self.send(line);
        self.expect_reply(expected)
    }

    /// Asks how the transfer goes until it has moved so many bytes: they count a moment after they
    /// have arrived.
    pub(crate) fn wait_for_bytes(&mut self, bytes: usize) {
        let wanted = format!(": {bytes} bytes ");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = self.expect("STAT", "21");
            if told.contains(&wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "not{wanted}but: {told}");
            pause();
        }
    }

    /// Ends both connections in order and waits for nothing. Closed, they would last until children
    /// that are being started have given up their copies, and the data might end first: that is a
    /// file's end.
    pub(crate) fn leave(self, data: &TcpStream) {
        for connection in [self.socket(), data] {
            connection.shutdown(Shutdown::Both).expect("connected");
        }
    }

    /// A conversation: lines to send, and how their replies begin.
    pub(crate) fn play(&mut self, conversation: &[(&str, &str)]) {
        for (line, expected) in conversation {
            self.expect(line, expected);
        }
    }

    /// Checks that the server says nothing more and closes the connection.
    pub(crate) fn expect_end(&mut self) {
        let mut rest = Vec::new();
        match self.control.read_to_end(&mut rest) {
            // A reset is an end too: the server closed with bytes of ours unread.
            Err(error) if error.kind() != ErrorKind::ConnectionReset => {
                panic!("not closed: {error}\n{}", self.transcript)
            }
            _ => assert!(rest.is_empty(), "more: {}\n{}", rest.escape_ascii(), self.transcript),
        }
    }

    /// Checks that nothing comes but `line`, any number of times, before the server closes the
    /// connection.
    pub(crate) fn expect_signs_and_end(&mut self, line: &str) {
        let mut rest = String::new();
        let read = self.control.read_to_string(&mut rest);
        assert!(read.is_ok(), "{read:?}\n{}", self.transcript);
        assert!(rest.lines().all(|other| other == line), "{rest}\n{}", self.transcript);
    }

    /// EPSV, and the connection to the port it answers.
    pub(crate) fn passive(&mut self) -> Data {
        let reply = self.expect("EPSV", "229 ");
        let port = reply.split('|').nth(3).and_then(|text| text.parse::<u16>().ok());
        let address = (self.server().ip(), port.unwrap_or_else(|| panic!("no port in {reply:?}")));
        let own = self.socket().local_addr().expect("connected").ip();
        Data::Passive(connect_from(own, address.into()))
    }

    /// The address PASV answers, not connected to.
    pub(crate) fn pasv(&mut self) -> SocketAddr {
        let reply = self.expect("PASV", "227 ");
        let inner = reply.split(['(', ')']).nth(1).unwrap_or_default();
        let numbers: Vec<u8> = inner.split(',').filter_map(|n| n.parse().ok()).collect();
        let [a, b, c, d, high, low] = numbers[..] else { panic!("no address in {reply:?}") };
        (IpAddr::from([a, b, c, d]), u16::from_be_bytes([high, low])).into()
    }

    /// PORT, to a socket of ours.
    pub(crate) fn active(&mut self) -> Data {
        let (listener, address) = self.listen();
        let IpAddr::V4(ip) = address.ip() else { panic!("PORT is for IPv4") };
        let [a, b, c, d] = ip.octets();
        let [high, low] = address.port().to_be_bytes();
        self.expect(&format!("PORT {a},{b},{c},{d},{high},{low}"), "200 ");
        Data::Active(listener)
    }

    /// EPRT, to a socket of ours.
    pub(crate) fn extended_active(&mut self) -> Data {
        let (listener, address) = self.listen();
        let family = if address.is_ipv4() { 1 } else { 2 };
        self.expect(&format!("EPRT |{family}|{}|{}|", address.ip(), address.port()), "200 ");
        Data::Active(listener)
    }

    fn listen(&self) -> (TcpListener, SocketAddr) {
        let own = self.socket().local_addr().expect("connected").ip();
        let listener = TcpListener::bind((own, 0)).expect("a port");
        let address = listener.local_addr().expect("bound");
        (listener, address)
    }

    /// Downloads what `line` asks for, over `data`.
    pub(crate) fn fetch_over(&mut self, data: Data, line: &str) -> Vec<u8> {
        self.expect(line, "150 ");
        let mut bytes = Vec::new();
        data.open().read_to_end(&mut bytes).expect("the data arrive");
        self.expect_reply("226 ");
        bytes
    }

    /// Downloads what `line` asks for.
    pub(crate) fn fetch(&mut self, line: &str) -> Vec<u8> {
        let data = self.passive();
        self.fetch_over(data, line)
    }

    /// The lines of a listing, which all must end with CRLF.
    pub(crate) fn list(&mut self, line: &str) -> Vec<String> {
        let text = String::from_utf8(self.fetch(line)).expect("UTF-8");
        assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
        text.lines().map(str::to_owned).collect()
    }

    /// Uploads `bytes` as `line` says, over `data`; returns the 150.
    pub(crate) fn store_over(&mut self, data: Data, line: &str, bytes: &[u8]) -> String {
        let opening = self.expect(line, "150 ");
        let mut stream = data.open();
        stream.write_all(bytes).expect("the server takes the data");
        drop(stream);
        self.expect_reply("226 ");
        opening
    }

    /// Uploads `bytes` as `line` says; returns the 150.
    pub(crate) fn store(&mut self, line: &str, bytes: &[u8]) -> String {
        let data = self.passive();
        self.store_over(data, line, bytes)
    }

    /// An upload that the server refuses: at once, or when it has the data.
    pub(crate) fn store_refused(&mut self, line: &str, expected: &str) {
        let data = self.passive();
        let reply = self.ask(line);
        if reply.starts_with("150 ") {
            drop(data.open());
            self.expect_reply(expected);
        } else {
            assert!(reply.starts_with(expected), "expected {expected:?}\n{}", self.transcript);
        }
    }

    /// Lists, or hears why not.
    pub(crate) fn list_or_refusal(&mut self, line: &str) {
        let data = self.passive();
        if self.ask(line).starts_with("150 ") {
            std::io::copy(&mut data.open(), &mut std::io::sink()).expect("the listing comes");
            self.reply();
        }
    }

    /// One line of a reply as it came, without its end.
    pub(crate) fn reply_bytes(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        let read = self.control.read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            panic!("no reply ({read:?})\n{}", self.transcript);
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        self.transcript += &format!("< {text}");
        line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("no CRLF: {text:?}")).to_vec()
    }

    fn line(&mut self) -> String {
        String::from_utf8(self.reply_bytes()).expect("replies are UTF-8")
    }
}

/// Connects to `server` from an address of this machine.
pub(crate) fn connect_from(own: IpAddr, server: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::new(own, 0).into()).expect("an address of this machine");
    socket.connect(&server.into()).expect("the server accepts");
    socket.into()
}

impl Data {
    /// The data connection, once the server is there.
    pub(crate) fn open(self) -> TcpStream {
        let stream = match self {
            Self::Passive(stream) => stream,
            Self::Active(listener) => listener.accept().expect("the server connects").0,
        };
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream
    }
}
