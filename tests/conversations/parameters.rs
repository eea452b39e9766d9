use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use crate::support::ftp::Ftp;
use crate::support::server::Setup;

#[test]
fn type_mode_and_structure() {
    let server = Setup::local().start();
    Ftp::login(&server).play(&[
        ("TYPE I", "200 "),
        ("TYPE A", "200 "),
        ("TYPE A N", "200 "),
        ("TYPE a n", "200 "),
        ("TYPE L 8", "200 "),
        ("TYPE L 7", "504 "),
        ("TYPE E", "504 "),
        ("TYPE A T", "504 "),
        ("TYPE X", "50"),
        ("TYPE", "501 "),
        ("MODE S", "200 "),
        ("MODE s", "200 "),
        ("MODE B", "504 "),
        ("MODE C", "504 "),
        ("MODE", "501 "),
        ("STRU F", "200 "),
        ("STRU R", "504 "),
        ("STRU P", "504 "),
        ("STRU", "501 "),
    ]);
}

#[test]
fn text_type_moves_bytes_unchanged() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let bytes = b"unix\ndos\r\nmac\r\xff\0end";
    ftp.expect("TYPE A", "200 ");
    ftp.store("STOR file", bytes);
    server.stored().expect("file", bytes);
    assert_eq!(ftp.fetch("RETR file"), bytes);
}

#[test]
fn text_type_converts_when_asked_to() {
    let server = Setup::local().option("ascii_conversion", "on").start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("TYPE A", "200 ");
    ftp.store("STOR file", b"one\r\ntwo\r\n");
    server.stored().expect("file", b"one\ntwo\n");
    assert_eq!(ftp.fetch("RETR file"), b"one\r\ntwo\r\n");
    ftp.expect("TYPE I", "200 ");
    assert_eq!(ftp.fetch("RETR file"), b"one\ntwo\n");
}

#[test]
fn all_four_ways_to_a_data_connection() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    server.stored().put("file", b"content");
    let data = ftp.passive();
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
    let data = ftp.active();
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
    let data = ftp.extended_active();
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
    let address = ftp.pasv();
    assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
    let stream = std::net::TcpStream::connect(address).expect("it listens");
    let data = crate::support::ftp::Data::Passive(stream);
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
}

#[test]
fn over_ipv6() {
    let server = Setup::local().network("listen_address", "::1").start();
    assert!(server.address().is_ipv6());
    server.stored().put("file", b"content");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("PASV", "425 "),
        ("EPSV 2", "229 "),
        ("EPSV 1", "522 "),
        ("EPRT |1|127.0.0.1|51201|", "5"),
    ]);
    let data = ftp.passive();
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
    let data = ftp.extended_active();
    assert_eq!(ftp.fetch_over(data, "RETR file"), b"content");
}

#[test]
fn addresses_that_are_refused() {
    let server = Setup::local().start();
    Ftp::login(&server).play(&[
        ("PORT 127,0,0,2,200,1", "50"),
        ("PORT 10,0,0,1,200,1", "50"),
        ("PORT 127,0,0,1,3,255", "50"),
        ("PORT 127,0,0,1,0,0", "50"),
        ("PORT 127,0,0,1,256,1", "501 "),
        ("PORT 127,0,0,1,1", "501 "),
        ("PORT", "501 "),
        ("EPRT |1|10.0.0.1|51201|", "50"),
        ("EPRT |1|127.0.0.1|80|", "50"),
        ("EPRT |1|127.0.0.1|99999|", "501 "),
        ("EPRT |3|127.0.0.1|51201|", "522 "),
        ("EPRT |2|::1|51201|", "5"),
        ("EPRT nonsense", "501 "),
        ("EPSV 3", "522 "),
        ("EPSV x", "50"),
        // None of them left an address behind.
        ("LIST", "425 "),
    ]);
}

#[test]
fn epsv_all_allows_nothing_else() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("EPSV ALL", "200 "),
        ("PORT 127,0,0,1,200,1", "50"),
        ("EPRT |1|127.0.0.1|51201|", "50"),
        ("PASV", "50"),
    ]);
    assert_eq!(ftp.list("LIST"), Vec::<String>::new());
}

#[test]
fn the_masquerade_address_is_for_strangers() {
    let setup = Setup::local().network("masquerade_address", "203.0.113.7");
    // A client of the private side gets the address it is connected to.
    let server = setup.start();
    assert_eq!(Ftp::login(&server).pasv().ip(), Ipv4Addr::LOCALHOST);
}

#[test]
fn no_free_passive_port_is_425_and_ports_come_back() {
    let free =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let server = Setup::local().network("passive_ports", &format!("{free},{free}")).start();
    let mut first = Ftp::login(&server);
    assert_eq!(first.pasv().port(), free);
    let mut second = Ftp::login(&server);
    let reply = second.expect("PASV", "425 ");
    assert!(reply.contains("passive_ports"), "{reply}");
    // The one that has it may ask again, and leaves it when it goes.
    assert_eq!(first.pasv().port(), free);
    first.expect("QUIT", "221 ");
    first.expect_end();
    assert_eq!(second.pasv().port(), free);
    for _ in 0..20 {
        assert_eq!(second.list("NLST"), Vec::<String>::new());
    }
}

#[test]
fn nobody_connecting_is_425() {
    let server = Setup::local().option("data_connect_timeout", "1").start();
    server.stored().put("file", b"x");
    let mut ftp = Ftp::login(&server);
    for line in ["RETR file", "LIST", "STOR new"] {
        ftp.pasv();
        ftp.send(line);
        // Some answer 150 before they wait.
        let reply = ftp.reply();
        if reply.starts_with("150 ") {
            ftp.expect_reply("425 ");
        } else {
            assert!(reply.starts_with("425 "), "{reply}");
        }
    }
    assert_eq!(server.stored().files(), ["file"]);
    ftp.expect("NOOP", "200 ");
}

#[test]
fn nobody_listening_is_425() {
    let server = Setup::local().option("data_connect_timeout", "2").start();
    let mut ftp = Ftp::login(&server);
    // The port stays ours, so that nobody else can listen on it.
    let port = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    port.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = port.local_addr().unwrap().as_socket().unwrap();
    ftp.expect(&format!("EPRT |1|127.0.0.1|{}|", address.port()), "200 ");
    let reply = ftp.ask("LIST");
    let last = if reply.starts_with("150 ") { ftp.reply() } else { reply };
    assert!(last.starts_with("425 "), "{last}");
}

#[test]
fn no_port_is_425() {
    let server = Setup::local().start();
    server.stored().put("file", b"x");
    Ftp::login(&server).play(&[
        ("LIST", "425 "),
        ("NLST", "425 "),
        ("MLSD", "425 "),
        ("RETR file", "425 "),
        ("STOR new", "425 "),
        ("APPE new", "425 "),
        ("STOU", "425 "),
    ]);
    assert_eq!(server.stored().files(), ["file"]);
}
