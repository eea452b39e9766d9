//! How a server begins, refuses and ends, whatever its sessions do.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use cos_ftp_server::server::{Server, ServerOptions, Stopped, Stopper};
use cos_ftp_server::users::Users;

#[test]
fn a_server_without_clients_stops_gracefully() {
    let running = Running::start(options());
    assert_eq!(running.stop(), Stopped::Gracefully);
}

#[test]
fn a_stop_that_comes_before_run_is_not_lost() {
    let server = Server::bind(options(), Users::default()).unwrap();
    server.stopper().stop();
    assert_eq!(server.run().unwrap(), Stopped::Gracefully);
}

#[test]
fn connections_are_refused_after_a_stop() {
    // An address of its own, so that no other test can take the port over.
    let listen_addresses = vec![Ipv4Addr::new(127, 0, 0, 3).into()];
    let running = Running::start(ServerOptions { listen_addresses, ..options() });
    let address = running.address;
    running.stop();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_port_can_be_bound_again_at_once() {
    let running = Running::start(options());
    let address = running.address;
    let _client = TcpStream::connect(address).unwrap();
    running.stop();
    let again = Running::start(ServerOptions { listen_port: address.port(), ..options() });
    TcpStream::connect(again.address).unwrap();
    again.stop();
}

#[test]
fn beyond_max_connection_num_clients_get_421() {
    let running = Running::start(ServerOptions { max_connections: Some(0), ..options() });
    for _ in 0..3 {
        let mut client = TcpStream::connect(running.address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("421 ") && reply.ends_with("\r\n"), "{reply:?}");
    }
    assert_eq!(running.stop(), Stopped::Gracefully);
}

#[test]
fn a_stop_ends_idle_sessions() {
    let running = Running::start(options());
    let mut client = TcpStream::connect(running.address).unwrap();
    assert_eq!(running.stop(), Stopped::Gracefully);
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // Whatever the session said before: the connection has ended.
    let mut all = Vec::new();
    if let Err(error) = client.read_to_end(&mut all) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn every_listen_address_is_served() {
    let listen_addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv4Addr::new(127, 0, 0, 2).into()];
    let server =
        Server::bind(ServerOptions { listen_addresses, ..options() }, Users::default()).unwrap();
    let addresses = server.local_addrs();
    assert_eq!(addresses.len(), 2);
    let running = Running::run(server);
    for address in addresses {
        TcpStream::connect(address).unwrap();
    }
    assert_eq!(running.stop(), Stopped::Gracefully);
}

#[test]
fn stop_now_does_not_wait() {
    let running = Running::start(options());
    let _client = TcpStream::connect(running.address).unwrap();
    running.stopper.stop_now();
    // Either verdict is right: the session may have been quick. That it returns is the test.
    running.thread.join().unwrap();
}

#[test]
fn a_taken_port_is_an_error_that_names_the_key() {
    let first = Server::bind(options(), Users::default()).unwrap();
    let listen_port = first.local_addrs()[0].port();
    let error =
        Server::bind(ServerOptions { listen_port, ..options() }, Users::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("already in use") && text.contains("listen_port"), "{text}");
}

struct Running {
    address: SocketAddr,
    stopper: Stopper,
    thread: JoinHandle<Stopped>,
}

impl Running {
    fn start(options: ServerOptions) -> Self {
        Self::run(Server::bind(options, Users::default()).expect("port 0 is free"))
    }

    fn run(server: Server) -> Self {
        let (address, stopper) = (server.local_addrs()[0], server.stopper());
        Self { address, stopper, thread: std::thread::spawn(|| server.run().expect("run")) }
    }

    fn stop(self) -> Stopped {
        self.stopper.stop();
        self.thread.join().expect("run does not panic")
    }
}

fn options() -> ServerOptions {
    ServerOptions {
        listen_addresses: vec![Ipv4Addr::LOCALHOST.into()],
        listen_port: 0,
        ..ServerOptions::default()
    }
}
