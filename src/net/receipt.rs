//! Whether the peer has acknowledged all that was sent over a data connection.
//!
//! What a socket has taken may wait in this machine for as long as the peer likes. Only its
//! acknowledgement tells that the bytes are there.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;

use nix::sys::socket::getsockopt;
use nix::{getsockopt_impl, libc, sockopt_impl};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::Stream;

sockopt_impl!(
    /// The beginning of the kernel's `struct tcp_info`, up to `tcpi_notsent_bytes`.
    TcpInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u32; NOTSENT_BYTES + 1]
);

// Places in it. The first byte is the state, which is this one after both ends, or an error.
const STATE: usize = 0;
const CLOSED: u8 = 7;
const UNACKED: usize = 6;
const TOTAL_RETRANS: usize = 25;
const BYTES_ACKED: [usize; 2] = [30, 31];
const NOTSENT_BYTES: usize = 36;

/// Whether the kernel's structure is that long: since Linux 4.6. Older ones are taken at their word
/// when they take bytes.
static TELLS: LazyLock<bool> = LazyLock::new(|| {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor)))
        if (major, minor) >= (4, 6))
});

/// The wait for the peer's acknowledgement, behind the end of what is sent.
#[derive(Debug)]
pub struct Receipt {
    /// Tells of whatever happens to the connection. Waiting for the socket itself would not tell of
    /// an acknowledgement.
    events: OwnedFd,
    begun: Outstanding,
}

/// How far the peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has acknowledged everything.
    All,
    /// It has acknowledged so many bytes since the connection began.
    Bytes(u64),
}

/// What the kernel knows of a connection's sending side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outstanding {
    /// Segments on their way.
    segments: u32,
    /// Bytes that wait for room.
    unsent: u32,
    acknowledged: u64,
    /// Segments sent again, ever.
    repeated: u32,
}

impl Receipt {
    /// Sends the end of the data, unless the peer has acknowledged everything already: then there
    /// is nothing to wait for, and closing the connection sends it.
    ///
    /// # Errors
    /// When the connection was reset, or the process is out of descriptors.
    pub fn request(stream: &Stream) -> io::Result<Option<Self>> {
        let tcp = stream.socket();
        let begun = if *TELLS { Outstanding::of(tcp)? } else { Outstanding::NOTHING };
        if begun.is_nothing() {
            return Ok(None);
        }
        tcp.shutdown(Shutdown::Write)?;
        let events = epoll::create(CreateFlags::CLOEXEC)?;
        // Once the end is sent there is always room to write: with ET each event is told once.
        let any = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&events, tcp, EventData::new_u64(0), any)?;
        Ok(Some(Self { events, begun }))
    }

    /// Looks how far the peer has come. What happens later makes the descriptor of this readable;
    /// but not each acknowledgement of a part does.
    ///
    /// # Errors
    /// When the connection was reset or is given up by the kernel.
    pub fn look(&self, stream: &Stream) -> io::Result<Received> {
        let mut event = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }];
        // Before the look, so that nothing is missed.
        epoll::wait(&self.events, &mut event, Some(&rustix::event::Timespec::default()))?;
        let now = Outstanding::of(stream.socket())?;
        let is_all = now.is_nothing() || now.is_only_the_end(&self.begun);
        Ok(if is_all { Received::All } else { Received::Bytes(now.acknowledged) })
    }
}

impl AsFd for Receipt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

impl Outstanding {
    const NOTHING: Self = Self { segments: 0, unsent: 0, acknowledged: 0, repeated: 0 };

    fn of(tcp: &TcpStream) -> io::Result<Self> {
        let info = getsockopt(tcp, TcpInfo)?;
        // A reset throws away what was outstanding.
        if info[STATE].to_ne_bytes()[0] == CLOSED
            && let Some(error) = tcp.take_error()?
        {
            return Err(error);
        }
        let [low, high] = BYTES_ACKED.map(|place| info[place].to_ne_bytes());
        let mut acknowledged = [0; 8];
        acknowledged[..4].copy_from_slice(&low);
        acknowledged[4..].copy_from_slice(&high);
        Ok(Self {
            segments: info[UNACKED],
            unsent: info[NOTSENT_BYTES],
            acknowledged: u64::from_ne_bytes(acknowledged),
            repeated: info[TOTAL_RETRANS],
        })
    }

    fn is_nothing(&self) -> bool {
        self.segments == 0 && self.unsent == 0
    }

    /// Whether only the end is on its way, whose acknowledgement systems put off for a while. It is
    /// a segment of its own if all data had been sent before it, unless segments sent again were
    /// put together.
    fn is_only_the_end(&self, begun: &Self) -> bool {
        begun.unsent == 0
            && self.unsent == 0
            && self.segments == 1
            && self.repeated == begun.repeated
    }
}
