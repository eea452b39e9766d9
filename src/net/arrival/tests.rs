//! Two sides that agree on the connection of a transfer: strangers, pairs, empty uploads.

use std::io::{Read, Write};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::*;
use crate::net::{Interest, PassivePorts, wait};

const LONG: Option<Duration> = Some(Duration::from_secs(60));

/// Addresses of one machine, each of which plays somebody.
const CLIENT: &str = "127.0.0.1";
const STRANGER: &str = "127.0.0.2";
const BALANCER: &str = "127.0.0.3";

#[test]
fn a_stranger_is_closed_and_the_client_still_gets_through() {
    let mut arrival = waiting(&Balancers::default(), false);
    let mut stranger = connect(STRANGER, &arrival);
    assert!(advance(&mut arrival).is_none());
    assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)));

    let _client = connect(CLIENT, &arrival);
    let ours = advance(&mut arrival).unwrap();
    assert_eq!(ours.peer_addr().unwrap().ip().to_string(), CLIENT);
}

#[test]
fn strangers_do_not_keep_the_client_out() {
    let mut arrival = waiting(&Balancers::default(), false);
    // More than the kernel's queue holds.
    for _ in 0..3 * limits::PASSIVE_BACKLOG {
        let mut stranger = connect(STRANGER, &arrival);
        attend(&mut arrival);
        assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)));
    }
    let _client = connect(CLIENT, &arrival);
    assert!(advance(&mut arrival).is_some());
}

#[test]
fn of_several_from_the_clients_address_nobody_is_the_client() {
    let mut arrival = waiting(&Balancers::default(), false);
    let _one = connect(CLIENT, &arrival);
    attend(&mut arrival);
    let _other = connect(CLIENT, &arrival);
    attend(&mut arrival);
    let mut more = connect(CLIENT, &arrival);
    attend(&mut arrival);
    assert_eq!(more.read(&mut [0]).unwrap(), 0, "no more are kept");
    assert!(matches!(arrival.advance().unwrap(), Arrived::Several(two) if two.len() == 2));
}

#[test]
fn who_has_left_again_is_in_nobodys_way() {
    for leaves_first in [true, false] {
        let mut arrival = waiting(&Balancers::default(), false);
        let (one, other) = (connect(CLIENT, &arrival), connect(CLIENT, &arrival));
        let (left, mut stays) = if leaves_first { (one, other) } else { (other, one) };
        drop(left);
        stays.write_all(b"x").unwrap();
        let mut got = [0];
        advance(&mut arrival).unwrap().read_exact(&mut got).unwrap();
        assert_eq!(&got, b"x");
    }
}

/// A client that sends a whole file ahead.
#[test]
fn what_a_client_has_sent_before_its_end_counts() {
    let mut arrival = waiting(&Balancers::default(), false);
    connect(CLIENT, &arrival).write_all(b"x").unwrap();
    attend(&mut arrival);
    let mut data = String::new();
    let Arrived::Client(ours) = arrival.advance().unwrap() else { panic!("nobody") };
    ours.into_parts().0.read_to_string(&mut data).unwrap();
    assert_eq!(data, "x");
}

#[test]
fn a_header_tells_whether_a_balancer_relays_the_client() {
    for relayed in [false, true] {
        let mut arrival = waiting(&balancers(DataHeader::Present), relayed);
        let mut stranger = connect(BALANCER, &arrival);
        stranger.write_all(b"PROXY TCP4 127.0.0.2 127.0.0.3 1 2\r\nforged").unwrap();
        is_refused(&mut arrival, &mut stranger);
        let mut check = connect(BALANCER, &arrival);
        check.write_all(b"PROXY UNKNOWN\r\n").unwrap();
        is_refused(&mut arrival, &mut check);

        let mut client = connect(BALANCER, &arrival);
        client.write_all(b"PROXY TCP4 127.0.0.1 ").unwrap();
        assert!(advance(&mut arrival).is_none());
        client.write_all(b"127.0.0.3 1 2\r\ndata").unwrap();
        let mut ours = advance(&mut arrival).unwrap();
        drop(client);
        let mut data = String::new();
        ours.read_to_string(&mut data).unwrap();
        assert_eq!(data, "data");
    }
}

#[test]
fn a_header_of_anybody_else_is_data() {
    let mut arrival = waiting(&balancers(DataHeader::Present), true);
    let header = b"PROXY TCP4 127.0.0.1 127.0.0.3 1 2\r\n";
    let mut stranger = connect(STRANGER, &arrival);
    stranger.write_all(header).unwrap();
    is_refused(&mut arrival, &mut stranger);

    let mut client = connect(CLIENT, &arrival);
    client.write_all(header).unwrap();
    drop(client);
    let mut data = Vec::new();
    advance(&mut arrival).unwrap().read_to_end(&mut data).unwrap();
    assert_eq!(data, header);
}

#[test]
fn without_headers_a_balancer_is_believed_for_the_clients_it_relays() {
    let mut arrival = waiting(&balancers(DataHeader::Absent), true);
    let _relayed = connect(BALANCER, &arrival);
    assert!(advance(&mut arrival).is_some());

    let mut arrival = waiting(&balancers(DataHeader::Absent), false);
    let _stranger = connect(BALANCER, &arrival);
    assert!(advance(&mut arrival).is_none());
}

fn balancers(data: DataHeader) -> Balancers {
    Balancers { from: BALANCER.parse().unwrap(), data, ..Balancers::default() }
}

fn waiting(balancers: &Balancers, relayed: bool) -> Arrival {
    let end = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
    let balancer = relayed.then(|| end(BALANCER));
    let ends = Endpoints { balancer, ..Endpoints::direct(end("127.0.0.1"), end(CLIENT)) };
    let ports = PassivePorts::new(10_000..=30_000);
    let listener = ports.lease(ends.local, None, Duration::ZERO).unwrap();
    Arrival::new(listener, &ends, balancers, PeerCheck::Strict, LogRule::new(|_| true))
}

fn connect(from: &str, arrival: &Arrival) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(from.parse().unwrap(), 0).into()).unwrap();
    socket.connect(&arrival.listener.local_addr().into()).unwrap();
    socket.into()
}

fn attend(arrival: &mut Arrival) {
    assert_eq!(wait([(arrival.as_fd(), Interest::Read)], LONG).unwrap(), [true]);
    arrival.attend().unwrap();
}

fn advance(arrival: &mut Arrival) -> Option<TcpStream> {
    assert_eq!(wait([(arrival.as_fd(), Interest::Read)], LONG).unwrap(), [true]);
    match arrival.advance().unwrap() {
        Arrived::Nobody => None,
        Arrived::Client(claim) => Some(claim.into_parts().0),
        Arrived::Several(_) => panic!("several"),
    }
}

/// Lets `arrival` judge the connection of `refused`, which it closes.
fn is_refused(arrival: &mut Arrival, refused: &mut TcpStream) {
    assert!(advance(arrival).is_none());
    while arrival.unannounced.is_some() {
        assert!(advance(arrival).is_none());
    }
    assert!(matches!(refused.read(&mut [0]), Ok(0) | Err(_)));
}
