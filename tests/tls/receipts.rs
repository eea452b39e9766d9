//! What counts as received: the data, not what tells its end.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::support::certificate::Certificate;
use crate::support::clients::{limited, run};
use crate::support::server::{PASSWORD, Setup, TestServer, USER};
use crate::support::stored::noise;
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, encrypt, trusting};

/// A byte, a record, many records, which the worker of a download sends.
const SIZES: [usize; 3] = [1, 4096, 300_000];

/// How often each is asked for: a matter of moments.
const ROUNDS: usize = 20;

/// A server with a file of each size.
fn serve(certificate: &Certificate) -> TestServer {
    let server = certificate.serve(Setup::local(), "required").start();
    for size in SIZES {
        server.stored().put(&size.to_string(), &noise(6, size));
    }
    server
}

/// Python reads no further than the record that it is asked for: what ends the data stays unread,
/// or comes to a socket that is closed already, and the client's system resets the connection.
#[test]
fn a_client_that_closes_with_the_last_byte_hears_226() {
    let certificate = Certificate::new("last-byte");
    let server = serve(&certificate);
    for version in ["1_2", "1_3"] {
        for passive in ["True", "False"] {
            let script = format!(
                "import ftplib, ssl\n\
                 context = ssl.create_default_context(cafile='{}')\n\
                 version = ssl.TLSVersion.TLSv{version}\n\
                 context.minimum_version = context.maximum_version = version\n\
                 ftp = ftplib.FTP_TLS(context=context, timeout=30)\n\
                 ftp.connect('{}', {})\n\
                 ftp.login('{USER}', '{PASSWORD}')\n\
                 ftp.prot_p()\n\
                 ftp.set_pasv({passive})\n\
                 def fetch(line, size=-1):\n    \
                 data, _ = ftp.ntransfercmd(line)\n    \
                 got = 0\n    \
                 while got != size:\n        \
                 some = data.recv(65536 if size < 0 else size - got)\n        \
                 if not some:\n            \
                 break\n        \
                 got += len(some)\n    \
                 data.close()\n    \
                 try:\n        \
                 return got, ftp.voidresp()\n    \
                 except ftplib.Error as error:\n        \
                 return got, str(error)\n\
                 for line in {:?}:\n    \
                 ftp.voidcmd('TYPE I')\n    \
                 size, _ = fetch(line)\n    \
                 for _ in range({ROUNDS}):\n        \
                 print(line, *fetch(line, size))\n",
                certificate.cert().display(),
                server.address().ip(),
                server.address().port(),
                ["RETR 1", "RETR 4096", "RETR 300000", "LIST"],
            );
            let said = run(limited("python3").arg("-"), &script).expect_success();
            let good = said.lines().filter(|line| line.contains(" 226 ")).count();
            assert_eq!(good, ROUNDS * (SIZES.len() + 1), "{version} {passive}: {said}");
        }
    }
    assert!(!server.log().contains("lost"), "{}", server.log());
}

/// curl knows the size by the range.
#[test]
fn curl_hears_226_behind_a_range() {
    let certificate = Certificate::new("range");
    let server = serve(&certificate);
    for version in ["1.2", "1.3"] {
        for _ in 0..ROUNDS {
            let mut curl = limited("curl");
            curl.args(["--silent", "--verbose", "--ssl-reqd", "--range", "0-0"]);
            curl.args([&format!("--tlsv{version}"), "--tls-max", version]);
            curl.args(["--user", &format!("{USER}:{PASSWORD}"), "--cacert"])
                .arg(certificate.cert());
            curl.args(["--output", "/dev/null", &format!("ftp://{}/1", server.address())]);
            // It may send ABOR before it hears the reply.
            let said = run(&mut curl, "").expect_success();
            assert!(said.contains("< 226 ") && !said.contains("was lost"), "{said}");
        }
    }
}

/// As long as something has not been sent, it cannot be there.
#[test]
fn a_small_rest_that_was_not_sent_is_no_receipt() {
    let certificate = Certificate::new("small-rest");
    let server = certificate.serve(Setup::local(), "required").start();
    server.stored().put("file", &noise(7, 30_000));
    for version in [TLS_1_2, TLS_1_3] {
        let config = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &config);
        for _ in 0..ROUNDS {
            let reply = ftps.expect("EPSV", "229 ");
            let port = reply.split('|').nth(3).and_then(|text| text.parse().ok()).expect("a port");
            let address = std::net::SocketAddr::new(server.address().ip(), port);
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            // A client's system that takes little unasked.
            socket.set_recv_buffer_size(4096).expect("a buffer");
            socket.connect(&address.into()).expect("the passive port listens");
            ftps.expect("RETR file", "150 ");
            let mut data = encrypt(TcpStream::from(socket), &config);
            data.sock.read_exact(&mut [0; 1000]).expect("it has begun");
            // A 226 would have come before it.
            ftps.expect("NOOP", "200 ");
            SockRef::from(&data.sock).set_linger(Some(Duration::ZERO)).expect("a socket");
            drop(data);
            ftps.expect_reply("426 ");
        }
    }
}
