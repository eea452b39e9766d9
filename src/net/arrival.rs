//! The client's data connection on a passive port, and nobody else's.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use log::warn;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::proxy_header::{Announced, HeaderReader};
use super::{Balancers, DataHeader, Ends, LogRule, PassiveListener, Unused, socket};
use crate::limits;

/// Waits for a client at a passive port. Connections of others are closed: they would get the
/// client's files, or give it theirs.
#[derive(Debug)]
pub struct Arrival {
    listener: PassiveListener,
    client: IpAddr,
    relayed: bool,
    balancers: Balancers,
    check: PeerCheck,
    log_rule: LogRule,
    /// A balancer's connection, until its header has come.
    unannounced: Option<(TcpStream, SocketAddr, HeaderReader)>,
    /// Connections that may be the client's, in the order of their coming.
    claims: Vec<TcpStream>,
    /// Nobody is let in before a transfer.
    is_closed: bool,
}

/// Who has come to a passive port.
#[derive(Debug)]
pub enum Arrived {
    /// The client has not.
    Nobody,
    /// The client.
    Client(TcpStream),
    /// Several whose address is the client's, such as neighbours behind one NAT: whoever was first may
    /// not be the client.
    Several(Vec<TcpStream>),
}

/// `data_peer_check`: from where a data connection may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerCheck {
    /// From the client's address alone.
    Strict,
    /// From anywhere: for clients behind NAT that has several addresses and does not keep to one.
    /// Whoever finds the port before the client gets its data.
    Off,
}

/// Whether a connection is the client's.
enum Judgement {
    Admitted,
    Refused,
    /// A header will tell.
    ToBeAnnounced,
}

impl Arrival {
    /// The client is the peer of the control connection `ends`.
    pub fn new(
        listener: PassiveListener,
        ends: &Ends,
        balancers: &Balancers,
        check: PeerCheck,
        log_rule: LogRule,
    ) -> Self {
        Self {
            listener,
            client: ends.peer.ip(),
            relayed: ends.balancer.is_some(),
            balancers: balancers.clone(),
            check,
            log_rule,
            unannounced: None,
            claims: Vec::new(),
            is_closed: false,
        }
    }

    /// When the port was leased.
    pub fn since(&self) -> Instant {
        self.listener.since()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Lets in whoever has come; never blocks. To be called whenever the descriptor is readable, also
    /// before a transfer: strangers would fill the queue, and the client could not connect.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn attend(&mut self) -> io::Result<()> {
        for _ in 0..limits::PASSIVE_ACCEPTS {
            if let Some((stream, from, mut reader)) = self.unannounced.take() {
                match reader.advance(&stream) {
                    Ok(None) => {
                        self.unannounced = Some((stream, from, reader));
                        return Ok(());
                    }
                    Ok(Some(Announced::Client { client, .. })) if self.is_client(client.ip()) => {
                        self.admit(stream);
                    }
                    Ok(Some(Announced::Client { client, .. })) => self.refuse(client),
                    // A health check.
                    Ok(Some(Announced::Itself)) => {}
                    Err(error) => log::debug!("data connection of {from} dropped: {error}"),
                }
                continue;
            }
            let Some((stream, from)) = self.listener.try_accept()? else { return Ok(()) };
            match self.judge(from.ip()) {
                Judgement::Admitted => self.admit(stream),
                Judgement::Refused => self.refuse(from),
                Judgement::ToBeAnnounced => {
                    self.unannounced = Some((stream, from, HeaderReader::default()));
                }
            }
        }
        Ok(())
    }

    /// The same before a transfer, which will tell of an error: until then nobody is let in any more.
    pub(super) fn attend_early(&mut self) {
        if let Err(error) = self.attend() {
            log::debug!("nobody is let in to the passive port: {error}");
            self.is_closed = true;
        }
    }

    /// Whether anybody is let in before a transfer.
    pub(super) fn is_attended(&self) -> bool {
        !self.is_closed
    }

    /// The data connection, if it stands; never blocks. It is in blocking mode and has the options
    /// of [`socket::prepare_data`].
    ///
    /// # Errors
    /// When the process is out of descriptors, or the connection broke at once.
    pub fn advance(&mut self) -> io::Result<Arrived> {
        self.attend()?;
        let mut claims = still_claiming(std::mem::take(&mut self.claims));
        claims.iter().try_for_each(socket::prepare_data)?;
        if claims.len() > 1 {
            self.tell_of_several();
            return Ok(Arrived::Several(claims));
        }
        Ok(claims.pop().map_or(Arrived::Nobody, Arrived::Client))
    }

    /// Listens no longer. Whoever has connected is to be ended when its client has been told.
    pub fn close(mut self) -> Unused {
        let mut unused = self.listener.unused();
        std::mem::take(&mut self.claims).into_iter().for_each(|claim| unused.add_fresh(claim));
        unused
    }

    /// One more that may be the client's. Who has ended its connection again has given it up, such as a
    /// client that tried a second time.
    fn admit(&mut self, stream: TcpStream) {
        if is_open(&stream) {
            self.claims.retain(is_open);
        } else if !self.claims.is_empty() {
            return;
        }
        if self.claims.len() < limits::PASSIVE_CLAIMS {
            self.claims.push(stream);
        } else {
            socket::hang_up(&stream);
        }
    }

    fn judge(&self, from: IpAddr) -> Judgement {
        let relays = self.balancers.from.contain(from);
        match self.balancers.data {
            DataHeader::Present if relays => Judgement::ToBeAnnounced,
            DataHeader::Absent if relays && self.relayed => Judgement::Admitted,
            _ if self.is_client(from) => Judgement::Admitted,
            _ => Judgement::Refused,
        }
    }

    fn is_client(&self, address: IpAddr) -> bool {
        self.check == PeerCheck::Off || address.to_canonical() == self.client.to_canonical()
    }

    fn refuse(&self, stranger: SocketAddr) {
        if self.log_rule.permits("strangers at a passive port") {
            let (port, client) = (self.local_addr().port(), self.client.to_canonical());
            warn!("passive port {port} of client {client}: connection from {stranger} refused");
        }
    }

    fn tell_of_several(&self) {
        if self.log_rule.permits("several connections to a passive port") {
            let (port, client) = (self.local_addr().port(), self.client.to_canonical());
            warn!(
                "passive port {port}: more than one connection from the client's address {client}"
            );
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.claims.iter().for_each(socket::hang_up);
    }
}

impl AsFd for Arrival {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.unannounced {
            Some((stream, ..)) => stream.as_fd(),
            None => self.listener.as_fd(),
        }
    }
}

/// Of several those that are open, if any is. Each is looked at once: it may end at any moment.
fn still_claiming(claims: Vec<TcpStream>) -> Vec<TcpStream> {
    if claims.len() < 2 {
        return claims;
    }
    let (open, ended): (Vec<_>, Vec<_>) = claims.into_iter().partition(is_open);
    if open.is_empty() { ended } else { open }
}

/// Whether the other end may still send, or has sent something.
fn is_open(stream: &TcpStream) -> bool {
    match recv(stream, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
        Ok((bytes, _)) => bytes > 0,
        Err(error) => error == Errno::AGAIN,
    }
}

#[cfg(test)]
mod tests {
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
        let Arrived::Client(mut ours) = arrival.advance().unwrap() else { panic!("nobody") };
        ours.read_to_string(&mut data).unwrap();
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
        let ends = Ends { balancer, ..Ends::direct(end("127.0.0.1"), end(CLIENT)) };
        let ports = PassivePorts::new(10_000..=30_000);
        let listener = ports.lease(ends.local, Duration::ZERO).unwrap();
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
            Arrived::Client(stream) => Some(stream),
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
}
