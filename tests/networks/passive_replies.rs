use std::net::{Ipv4Addr, SocketAddr};

use rustix::process::Signal;

use crate::support::ftp::{Ftp, connect_from};
use crate::support::polling::wait_until;
use crate::support::scripted::{Scripted, answer};
use crate::support::server::{Setup, TestServer};

/// What PASV says to a client from `own`.
fn said_to(server: &TestServer, own: &str) -> String {
    let mut ftp = from(server, own);
    ftp.ask("PASV")
}

fn from(server: &TestServer, own: &str) -> Ftp {
    let mut ftp = Ftp::over(connect_from(own.parse().unwrap(), server.address()));
    ftp.expect_reply("220 ");
    ftp.log_in();
    ftp
}

/// Asserts that a 227 names `address`, and returns the port.
fn port_of(reply: &str, address: [u8; 4]) -> u16 {
    let [a, b, c, d] = address;
    let expected = format!("227 Entering Passive Mode ({a},{b},{c},{d},");
    let numbers = reply.strip_prefix(&expected).unwrap_or_else(|| panic!("{expected}: {reply}"));
    let (high, low) = numbers.trim_end_matches([')', '.']).split_once(',').expect(reply);
    u16::from_be_bytes([high.parse().expect(reply), low.parse().expect(reply)])
}

#[test]
fn the_smallest_network_of_the_client_decides() {
    let server = Setup::local()
        .network(
            "masquerade_networks",
            "127.0.0.0/8=192.168.0.10, 127.9.0.0/16 = direct, 127.9.8.7=203.0.113.9",
        )
        .start();
    port_of(&said_to(&server, "127.0.0.1"), [192, 168, 0, 10]);
    port_of(&said_to(&server, "127.9.0.1"), [127, 0, 0, 1]);
    port_of(&said_to(&server, "127.9.8.7"), [203, 0, 113, 9]);
    // Whoever hears the address of the connection can use it.
    assert_eq!(from(&server, "127.9.0.1").list("NLST"), [""; 0]);
}

#[test]
fn clients_in_no_network_have_the_usual_rule() {
    let server = Setup::local()
        .network("masquerade_networks", "10.0.0.0/8=192.168.0.10")
        .network("masquerade_address", "203.0.113.9")
        .start();
    // Of the private side.
    port_of(&said_to(&server, "127.0.0.1"), [127, 0, 0, 1]);
}

#[test]
fn a_client_of_an_ipv6_socket_counts_as_what_it_is() {
    let server = Setup::local()
        .at_all_addresses()
        .network("masquerade_networks", "::/0=direct, 127.0.0.0/8=192.168.0.10")
        .start();
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, server.address().port()));
    let mut ftp = Ftp::connect_to(at);
    ftp.log_in();
    port_of(&ftp.ask("PASV"), [192, 168, 0, 10]);
}

#[test]
fn behind_a_balancer_the_clients_address_decides() {
    let balancer = "127.0.0.3";
    let server = Setup::local()
        .operations("proxy_protocol_from", balancer)
        .network(
            "masquerade_networks",
            "127.0.0.0/8=192.168.0.10, 192.0.2.0/24=203.0.113.9, 198.51.100.0/24=direct",
        )
        .start();
    for (client, expected) in [("192.0.2.9", [203, 0, 113, 9]), ("198.51.100.1", [203, 0, 113, 7])]
    {
        let mut ftp = Ftp::over(connect_from(balancer.parse().unwrap(), server.address()));
        ftp.send_bytes(format!("PROXY TCP4 {client} 203.0.113.7 51234 21\r\n").as_bytes());
        ftp.expect_reply("220 ");
        ftp.log_in();
        port_of(&ftp.ask("PASV"), expected);
    }
}

/// A server whose clients all hear the public address that `service` tells.
fn by_service(service: &Scripted) -> TestServer {
    Setup::local()
        .network("masquerade_networks", "0.0.0.0/0=auto")
        .network("public_address_url", &format!("http://{}/public-ipv4", service.endpoint))
        .start()
}

#[test]
fn the_public_address_is_asked_for_once_for_many() {
    let service = Scripted::acting(|_| Some(answer("200 OK", "", "203.0.113.77\n")));
    let server = by_service(&service);
    for _ in 0..3 {
        port_of(&said_to(&server, "127.0.0.1"), [203, 0, 113, 77]);
    }
    server.wait_for_log("the public address is 203.0.113.77");
    assert_eq!(service.seen().len(), 1);
    assert!(service.seen()[0].head.starts_with("get /public-ipv4 "), "{:?}", service.seen()[0]);
}

#[test]
fn an_address_that_is_not_known_is_425_and_told_once() {
    for body in ["", "ftp.example.com", "2001:db8::1", "127.0.0.1", "0.0.0.0"] {
        let service = Scripted::acting(move |_| Some(answer("200 OK", "", body)));
        let server = by_service(&service);
        let mut ftp = Ftp::login(&server);
        for _ in 0..3 {
            let reply = ftp.expect("PASV", "425 ");
            assert!(reply.contains("does not know its address for you"), "{reply}");
        }
        Ftp::login(&server).expect("PASV", "425 ");
        // Where no address is needed there is a way.
        ftp.expect("EPSV", "229 ");
        let line = server.wait_for_log("PASV has no address to name");
        assert!(line.contains("masquerade_networks 0.0.0.0/0=auto: "), "{line}");
        assert!(line.contains("answers no public IPv4 address"), "{line}");
        assert_eq!(server.log().matches("PASV has no address to name").count(), 1);
    }
}

#[test]
fn a_name_without_an_address_is_425() {
    let server = Setup::local().network("masquerade_networks", "127.0.0.0/8=gone.invalid").start();
    Ftp::login(&server).expect("PASV", "425 ");
    let line = server.wait_for_log("PASV has no address to name");
    assert!(line.contains("masquerade_networks 127.0.0.0/8=gone.invalid: "), "{line}");
}

#[test]
fn nobody_is_asked_for_an_address_that_is_not_needed_and_a_reload_asks() {
    let service = Scripted::acting(|_| Some(answer("200 OK", "", "203.0.113.77")));
    let server = Setup::local()
        .network("masquerade_networks", "0.0.0.0/0=direct")
        .network("public_address_url", &format!("http://{}/", service.endpoint))
        .start();
    port_of(&said_to(&server, "127.0.0.1"), [127, 0, 0, 1]);
    assert_eq!(service.seen().len(), 0);
    server.rewrite_config(|text| text.replace("=direct", "=auto"));
    server.signal(Signal::HUP);
    server.wait_for_log("the public address is 203.0.113.77");
    let is_other = || !said_to(&server, "127.0.0.1").contains("(127,0,0,1,");
    wait_until("the rules did not change", is_other);
    port_of(&said_to(&server, "127.0.0.1"), [203, 0, 113, 77]);
}
