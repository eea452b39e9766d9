//! Ports that are leased, given back, waited for and shared.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::net::{Interest, wait};

const NO_WAIT: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(60);

#[test]
fn whoever_waits_when_the_port_is_given_back_is_not_reset() {
    use std::io::{Read, Write};

    let ports = PassivePorts::new(10_000..=30_000);
    let listener = ports.lease(loopback(), None, NO_WAIT).unwrap();
    let mut clients: Vec<_> =
        (0..3).map(|_| TcpStream::connect(listener.local_addr()).unwrap()).collect();
    // Unread, it would be answered by a reset.
    clients[1].write_all(&[0; 20_000]).unwrap();
    assert_eq!(wait([(listener.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    drop(listener);
    for client in &mut clients {
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn each_port_is_leased_once_and_comes_back() {
    let ports = PassivePorts::new(free_range());
    let local = loopback();
    let first = ports.lease(local, None, NO_WAIT).unwrap();
    assert!(ports.range().contains(&first.local_addr().port()));
    assert_eq!(ports.in_use(), 1);
    let error = ports.lease(local, None, NO_WAIT).unwrap_err();
    assert!(matches!(error, LeaseError::NoFreePort(_)), "{error}");
    assert!(error.to_string().contains("passive_ports"), "{error}");
    drop(first);
    assert_eq!(ports.in_use(), 0);
    ports.lease(local, None, NO_WAIT).unwrap();
}

#[test]
fn one_port_serves_many_connections_in_quick_succession() {
    let ports = PassivePorts::new(free_range());
    let mut open = Vec::new();
    for _ in 0..50 {
        let listener = ports.lease(loopback(), None, NO_WAIT).unwrap();
        let client = TcpStream::connect(listener.local_addr()).unwrap();
        let ours = accepted(&listener);
        // We close first, so that it is our side that keeps TIME_WAIT.
        if open.len() % 2 == 0 {
            drop(ours);
            open.push((client, None));
        } else {
            open.push((client, Some(ours)));
        }
    }
    assert_eq!(ports.in_use(), 0);
}

#[test]
fn one_port_tells_nothing_of_the_next() {
    let ports = PassivePorts::new(10_000..=30_000);
    let leased: Vec<u16> = (0..64)
        .map(|_| ports.lease(loopback(), None, NO_WAIT).unwrap().local_addr().port())
        .collect();
    let steps: HashSet<i32> =
        leased.windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0])).collect();
    // Of 63 steps among 40,000 that are possible hardly one comes twice.
    assert!(steps.len() > 55, "{leased:?}");
    let low = leased.iter().filter(|port| **port < 20_000).count();
    assert!((8..56).contains(&low), "{leased:?}");
}

#[test]
fn a_port_of_another_process_is_skipped() {
    let foreign = TcpListener::bind((Ipv4Addr::LOCALHOST, *free_range().start())).unwrap();
    let port = foreign.local_addr().unwrap().port();
    let ports = PassivePorts::new(port..=port);
    assert!(matches!(ports.lease(loopback(), None, NO_WAIT), Err(LeaseError::NoFreePort(_))));
    assert_eq!(ports.in_use(), 0);
    drop(foreign);
    ports.lease(loopback(), None, NO_WAIT).unwrap();
}

#[test]
fn a_mapped_control_address_gets_an_ipv4_listener() {
    let ports = PassivePorts::new(free_range());
    let control = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 2121));
    let listener = ports.lease(control, None, NO_WAIT).unwrap();
    assert_eq!(listener.local_addr().ip(), Ipv4Addr::LOCALHOST);
    let _client = TcpStream::connect(listener.local_addr()).unwrap();
    accepted(&listener);
}

#[test]
fn an_address_that_is_not_ours_is_an_error_at_once() {
    let ports = PassivePorts::new(free_range());
    let foreign = SocketAddr::from(([192, 0, 2, 1], 2121));
    assert!(matches!(ports.lease(foreign, None, LONG), Err(LeaseError::Io(_))));
    assert_eq!(ports.in_use(), 0);
}

#[test]
fn ipv6_clients_get_an_ipv6_listener() {
    let ports = PassivePorts::new(free_range());
    let Ok(listener) = ports.lease((Ipv6Addr::LOCALHOST, 2121).into(), None, NO_WAIT) else {
        // The one way to fail is a machine without IPv6.
        assert!(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err());
        return;
    };
    let _client = TcpStream::connect(listener.local_addr()).unwrap();
    accepted(&listener);
}

fn accepted(listener: &PassiveListener) -> TcpStream {
    assert_eq!(wait([(listener.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    listener.try_accept().unwrap().unwrap().0
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// One port that nobody uses now, outside the range that connects take theirs from.
fn free_range() -> RangeInclusive<u16> {
    let probe = PassivePorts::new(10_000..=30_000).lease(loopback(), None, NO_WAIT).unwrap();
    let port = probe.local_addr().port();
    port..=port
}

/// A connection to `listener` from `address` of this machine.
fn connect_from(address: &str, listener: &PassiveListener) -> TcpStream {
    let address: IpAddr = address.parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.bind(&SocketAddr::new(address, 0).into()).unwrap();
    socket.connect(&listener.local_addr().into()).unwrap();
    socket.into()
}

fn from_of(listener: &PassiveListener) -> Option<IpAddr> {
    listener.try_accept().unwrap().map(|(_, from)| from.ip())
}

#[test]
fn one_port_is_shared_by_clients_of_different_addresses() {
    let ports = PassivePorts::new(free_range());
    let [a, b, c]: [IpAddr; 3] =
        ["127.0.0.1", "127.0.0.2", "127.0.0.3"].map(|address| address.parse().unwrap());
    let seat = |client| ports.lease(loopback(), Some(client), NO_WAIT);
    let (first, second) = (seat(a).unwrap(), seat(b).unwrap());
    assert_eq!(first.local_addr(), second.local_addr());
    assert_eq!(ports.in_use(), 1);
    // Whose connection is it?
    assert!(matches!(seat(a), Err(LeaseError::NoFreePort(_))));
    let mapped = "::ffff:127.0.0.2".parse().unwrap();
    assert!(matches!(seat(mapped), Err(LeaseError::NoFreePort(_))));
    // Who shares nothing gets none that is shared, and nobody another address.
    assert!(matches!(ports.lease(loopback(), None, NO_WAIT), Err(LeaseError::NoFreePort(_))));
    let elsewhere = SocketAddr::from(([127, 0, 0, 9], 2121));
    assert!(matches!(ports.lease(elsewhere, Some(c), NO_WAIT), Err(LeaseError::NoFreePort(_))));

    // The one who looks first finds the other's, which is handed over and wakes it.
    let _from_b = connect_from("127.0.0.2", &first);
    assert_eq!(wait([(first.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    assert_eq!(from_of(&first), None);
    assert_eq!(wait([(second.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    assert_eq!(from_of(&second), Some(b));
    assert_eq!(from_of(&second), None);
    assert_eq!(wait([(second.as_fd(), Interest::Read)], Some(NO_WAIT)).unwrap(), [false]);
    // A stranger goes to whoever finds it, to be refused.
    let _stranger = connect_from("127.0.0.3", &first);
    assert_eq!(wait([(second.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    assert_eq!(from_of(&second), Some(c));

    drop(first);
    assert_eq!(ports.in_use(), 1);
    let again = seat(a).unwrap();
    assert_eq!(again.local_addr(), second.local_addr());
    drop((again, second));
    assert_eq!(ports.in_use(), 0);
    ports.lease(loopback(), None, NO_WAIT).unwrap();
}

#[test]
fn whoever_has_come_to_a_shared_port_is_not_reset_when_its_seat_goes() {
    use std::io::{Read, Write};

    let ports = PassivePorts::new(free_range());
    let first = ports.lease(loopback(), Some([127, 0, 0, 1].into()), NO_WAIT).unwrap();
    let second = ports.lease(loopback(), Some([127, 0, 0, 2].into()), NO_WAIT).unwrap();
    let mut from_second = connect_from("127.0.0.2", &first);
    from_second.write_all(&[0; 20_000]).unwrap();
    assert_eq!(wait([(first.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
    assert_eq!(from_of(&first), None);
    drop(second);
    assert_eq!(from_second.read(&mut [0]).unwrap(), 0);
}
