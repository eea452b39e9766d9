//! What the kernel knows of a TCP connection: what is on its way, and how it ended.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::socket::getsockopt;
use nix::{getsockopt_impl, libc, sockopt_impl};
use socket2::SockRef;

use super::tls::Goodbye;

sockopt_impl!(
    /// The beginning of the kernel's `struct tcp_info`, up to `tcpi_notsent_bytes`.
    TcpInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u32; NOTSENT_BYTES + 1]
);

sockopt_impl!(
    /// More of it, up to `tcpi_bytes_retrans`.
    LongTcpInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u32; BYTES_RETRANS[1] + 1]
);

// Places in it. The first byte is the state, which is this one after both ends, or an error.
const STATE: usize = 0;
const ESTABLISHED: u8 = 1;
const CLOSED: u8 = 7;
const SND_MSS: usize = 4;
const UNACKED: usize = 6;
const TOTAL_RETRANS: usize = 25;
const BYTES_ACKED: [usize; 2] = [30, 31];
const BYTES_RECEIVED: [usize; 2] = [32, 33];
const NOTSENT_BYTES: usize = 36;
const MIN_RTT: usize = 37;
const BYTES_SENT: [usize; 2] = [50, 51];
const BYTES_RETRANS: [usize; 2] = [52, 53];

/// The version of Linux.
static KERNEL: LazyLock<(u32, u32)> = LazyLock::new(|| {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let mut numbers = numbers.map(Result::unwrap_or_default);
    (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default())
});
/// Since when the kernel's structure is as long as [`TcpInfo`]. Older ones are taken at their word
/// when they take bytes.
const TELLS: (u32, u32) = (4, 6);
/// Since when it is as long as [`LongTcpInfo`].
const TELLS_MORE: (u32, u32) = (4, 19);

/// Whether the kernel tells what [`Outstanding`] needs.
pub(super) fn is_told() -> bool {
    *KERNEL >= TELLS
}

/// What the kernel knows of a connection's sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outstanding {
    /// Segments on their way.
    segments: u32,
    /// Bytes that wait for room.
    unsent: u32,
    pub(super) acknowledged: u64,
    /// Segments sent again, ever.
    repeated: u32,
    /// What the peer has sent, its end included.
    received: u64,
    /// Whether neither side has ended the connection.
    is_open: bool,
}

impl Outstanding {
    pub(super) fn of(tcp: &TcpStream) -> io::Result<Self> {
        let info = getsockopt(tcp, TcpInfo)?;
        // A reset throws away what was outstanding.
        if info[STATE].to_ne_bytes()[0] == CLOSED
            && let Some(error) = tcp.take_error()?
        {
            return Err(error);
        }
        Ok(Self {
            segments: info[UNACKED],
            unsent: info[NOTSENT_BYTES],
            acknowledged: long(&info, BYTES_ACKED),
            repeated: info[TOTAL_RETRANS],
            received: long(&info, BYTES_RECEIVED),
            is_open: info[STATE].to_ne_bytes()[0] == ESTABLISHED,
        })
    }

    /// Sends the end of the data behind what is on its way.
    ///
    /// # Errors
    /// What ended the connection, where the peer has since [`Self::of`] was asked.
    pub(super) fn end(&self, tcp: &TcpStream) -> io::Result<()> {
        tcp.shutdown(Shutdown::Write).map_err(|error| match tcp.take_error() {
            // A reset before the call makes it one on no connection.
            Ok(Some(cause)) if error.kind() == io::ErrorKind::NotConnected => cause,
            _ => error,
        })
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.segments == 0 && self.unsent == 0
    }

    /// Whether only the end is on its way, whose acknowledgement systems put off for a while. It is
    /// a segment of its own if all data had been sent before it, unless segments sent again were
    /// put together.
    pub(super) fn is_only_the_end(&self, begun: &Self) -> bool {
        begun.unsent == 0
            && self.unsent == 0
            && self.segments == 1
            && self.repeated == begun.repeated
    }
}

/// What the kernel knows of a connection that has ended. A reset throws away what was outstanding,
/// but the counters stay.
///
/// What tells the peer that nothing more comes, close_notify and the end of TCP, is no data here: a
/// client that knows the size closes without it, and its system answers it by a reset.
pub(super) struct Final {
    /// Bytes of data that were not acknowledged, and whether all of them had been sent once.
    missing: u64,
    is_sent: bool,
    /// Segments sent again, ever.
    repeated: u32,
    received: u64,
    /// Data that a receiver may hold without acknowledging it: two full segments are acknowledged
    /// at once (RFC 9293 3.8.6.3).
    withheld: u64,
    round_trip: Duration,
    goodbye: Option<Goodbye>,
}

impl Final {
    /// That of `tcp`, to which `held` bytes have not been given yet. The last that were written are
    /// the `goodbye`, if there is one.
    pub(super) fn of(tcp: &TcpStream, held: usize, goodbye: Option<Goodbye>) -> Option<Self> {
        if *KERNEL < TELLS_MORE {
            return None;
        }
        let info = getsockopt(tcp, LongTcpInfo).ok()?;
        let end = goodbye.map_or(0, |goodbye| goodbye.bytes as u64);
        let repeated = long(&info, BYTES_RETRANS);
        let sent = long(&info, BYTES_SENT).saturating_sub(repeated);
        let waiting = u64::from(info[NOTSENT_BYTES]) + held as u64;
        let acknowledged = long(&info, BYTES_ACKED).saturating_sub(acknowledged_before(tcp));
        Some(Self {
            missing: (sent + waiting).saturating_sub(acknowledged).saturating_sub(end),
            is_sent: waiting <= end,
            repeated: info[TOTAL_RETRANS],
            received: long(&info, BYTES_RECEIVED),
            withheld: 2 * u64::from(info[SND_MSS]),
            round_trip: Duration::from_micros(info[MIN_RTT].into()),
            goodbye,
        })
    }

    /// Whether the peer had acknowledged all data.
    pub(super) fn has_all_data(&self) -> bool {
        self.missing == 0
    }

    /// Whether the peer had all data when `error` ended the connection, of which `begun` was known
    /// before our end of TCP was sent, if it was.
    ///
    /// Systems put the last acknowledgement off for a moment. A client that reads the last byte and
    /// closes, with our close_notify unread, makes its system reset the connection without it. Such
    /// a reset is the first that is heard from the client, no earlier than a round trip after the
    /// data was sent. A client that closed before the data came had sent its end.
    pub(super) fn tells_all(&self, error: &io::Error, begun: Option<&Outstanding>) -> bool {
        let is_silent = error.kind() == io::ErrorKind::ConnectionReset
            && begun.is_none_or(|begun| begun.is_open && begun.received == self.received);
        let is_behind = self.goodbye.is_some_and(|said| said.at.elapsed() >= self.round_trip);
        // What is sent again was lost, or its acknowledgement is not put off but far away.
        let is_repeated = begun.is_some_and(|begun| begun.repeated != self.repeated);
        let may_be_withheld = self.is_sent && !is_repeated && self.missing < self.withheld;
        self.has_all_data() || is_silent && is_behind && may_be_withheld
    }
}

/// What the kernel counts as acknowledged before the first byte: the SYN, where it was ours.
/// Listeners have `SO_REUSEADDR` and what they accept inherits it; what connects has not.
fn acknowledged_before(tcp: &TcpStream) -> u64 {
    u64::from(!SockRef::from(tcp).reuse_address().is_ok_and(|is_accepted| is_accepted))
}

/// A number of two places.
fn long(info: &[u32], places: [usize; 2]) -> u64 {
    let [low, high] = places.map(|place| info[place].to_ne_bytes());
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&low);
    bytes[4..].copy_from_slice(&high);
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    /// Two ends of a connection.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn error(kind: io::ErrorKind) -> io::Error {
        kind.into()
    }

    #[test]
    fn an_end_that_comes_behind_a_reset_is_that_reset() {
        let (mut server, mut client) = connection();
        server.write_all(b"data").unwrap();
        client.read_exact(&mut [0; 2]).unwrap();
        let before = Outstanding::of(&server).unwrap();
        // With something unread it is a reset.
        drop(client);
        let mut ended = before.end(&server);
        for _ in 0..200 {
            if ended.is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
            ended = before.end(&server);
        }
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn what_was_sent_again_in_mid_transfer_does_not_count_against_the_end() {
        let (server, _client) = connection();
        let begun = Outstanding { repeated: 3, ..Outstanding::of(&server).unwrap() };
        let last = |repeated, missing| Final {
            missing,
            is_sent: true,
            repeated,
            received: begun.received,
            withheld: 2000,
            round_trip: Duration::ZERO,
            goodbye: Some(Goodbye { bytes: 31, at: Instant::now() }),
        };
        let reset = error(io::ErrorKind::ConnectionReset);
        for (repeated, missing, is_told) in
            [(3, 1999, true), (3, 2000, false), (4, 1999, false), (4, 0, true)]
        {
            let told = last(repeated, missing).tells_all(&reset, Some(&begun));
            assert_eq!(told, is_told, "{repeated} {missing}");
        }
        assert!(last(3, 1999).tells_all(&reset, None));
        assert!(!last(3, 1999).tells_all(&error(io::ErrorKind::TimedOut), None));
        let answered = Outstanding { received: begun.received + 1, ..begun };
        assert!(!last(3, 1999).tells_all(&reset, Some(&answered)));
    }
}
