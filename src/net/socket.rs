//! The options of control and data sockets, and why each is set.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketFlags, acceptfrom_with, recv};
use socket2::{SockRef, TcpKeepalive};

use crate::limits;

/// Sets what every control connection needs, on the listener: Linux hands it on to what is
/// accepted, which saves each connection five system calls.
///
/// - `TCP_NODELAY`: replies are small and each is waited for; Nagle's algorithm would hold a 226
///   back until the client acknowledges the 150 before it.
/// - `SO_OOBINLINE`: clients send the `ABOR` sequence, or its last byte, as TCP urgent data
///   (RFC 959 4.1.3). Out of line that byte is lost, and with it the end of the command line.
/// - keepalive: the connection is silent during long transfers, and NAT devices forget it.
/// - `SO_RCVTIMEO`: a read may wait for a command by itself, with no poll before it. Accepting ends
///   after as long, too, with nothing.
///
/// # Errors
/// What the system says.
pub fn prepare_listener(listener: &impl AsFd) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_tcp_nodelay(true)?;
    socket.set_out_of_band_inline(true)?;
    socket.set_read_timeout(Some(limits::CONTROL_READ_WAIT))?;
    socket.set_tcp_keepalive(&keepalive())
}

/// Whether a read of `accepted` ends of itself, as [`prepare_listener`] sees to.
pub fn waits_are_limited(accepted: &impl AsFd) -> bool {
    matches!(SockRef::from(accepted).read_timeout(), Ok(Some(_)))
}

/// Sets what a data connection needs that we write to.
///
/// - `TCP_NODELAY`: we write large pieces; only the last, short one could be held back.
///
/// It needs no keepalive: what is written is sent again and again until it is acknowledged.
/// `SO_LINGER` stays off: closing returns at once, and the kernel goes on sending what it holds.
/// The buffer sizes stay unset, because setting one turns the kernel's tuning of it off.
///
/// # Errors
/// When the connection is gone already.
pub fn prepare_data(data: &TcpStream) -> io::Result<()> {
    SockRef::from(data).set_tcp_nodelay(true)
}

/// Has the system ask now and then whether the other end is there: an upload waits for the client,
/// which may have lost its power.
///
/// # Errors
/// When the connection is gone already.
pub fn keep_alive(connection: &TcpStream) -> io::Result<()> {
    SockRef::from(connection).set_tcp_keepalive(&keepalive())
}

/// The next connection of `listener`, non-blocking from the start, and its other end.
///
/// # Errors
/// As accept(2); `WouldBlock` when nobody waits at a listener that is non-blocking.
pub fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (accepted, from) = acceptfrom_with(listener, flags)?;
    // A TCP socket has peers of IP alone.
    let from = from.ok_or(io::ErrorKind::InvalidData)?;
    Ok((TcpStream::from(accepted), SocketAddr::try_from(from)?))
}

/// The next connection to `listener`, which does not block, and its other end. Ones that broke
/// before they were accepted are passed over.
///
/// # Errors
/// When the process is out of descriptors.
pub fn try_accept(listener: &TcpListener) -> io::Result<Option<(TcpStream, SocketAddr)>> {
    loop {
        match accept(listener) {
            Ok(accepted) => return Ok(Some(accepted)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends a connection that nobody will use, in order: the other side reads its end of file. What it
/// has sent already is read and dropped, as closing with unread data resets the connection. Does
/// not wait for anything.
// Its buffer is to take stack only when there is a connection to end.
#[inline(never)]
pub fn hang_up(connection: &TcpStream) {
    // It may be gone already.
    let _ = connection.shutdown(Shutdown::Write);
    let mut dropped = [0; 4096];
    for _ in 0..limits::HANG_UP_BYTES / dropped.len() {
        if !matches!(recv(connection, &mut dropped, RecvFlags::DONTWAIT), Ok((1.., _))) {
            return;
        }
    }
}

/// Whether an error of accept(2) is about the one connection, which is then gone from the queue,
/// and not about the listener or the machine. Linux passes on what the network said of it
/// (accept(2), "Error handling"), and EPERM when a firewall rule forbids it.
pub fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::CONNRESET
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::NONET
                | Errno::NOPROTOOPT
                | Errno::OPNOTSUPP
                | Errno::PERM
                | Errno::PROTO
        )
    )
}

fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new().with_time(limits::KEEPALIVE_IDLE).with_interval(limits::KEEPALIVE_INTERVAL)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn control_connections_have_the_options_of_their_listener() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        prepare_listener(&listener).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.out_of_band_inline().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), limits::KEEPALIVE_IDLE);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), limits::KEEPALIVE_INTERVAL);
        assert_eq!(socket.read_timeout().unwrap(), Some(limits::CONTROL_READ_WAIT));
        assert!(waits_are_limited(&stream));
    }

    #[test]
    fn data_options_are_set() {
        let (stream, _other) = connected_pair();
        prepare_data(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(!socket.keepalive().unwrap());
        assert_eq!(socket.linger().unwrap(), None);
        keep_alive(&stream).unwrap();
        assert!(socket.keepalive().unwrap());
    }

    #[test]
    fn accept_errors_are_told_apart() {
        for (errno, expected) in [
            (Errno::CONNABORTED, true),
            (Errno::PROTO, true),
            (Errno::HOSTUNREACH, true),
            (Errno::MFILE, false),
            (Errno::NFILE, false),
            (Errno::NOMEM, false),
            (Errno::NOBUFS, false),
            (Errno::INVAL, false),
        ] {
            assert_eq!(is_of_one_connection(&errno.into()), expected, "{errno}");
        }
    }

    fn connected_pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (ours, listener.accept().unwrap().0)
    }
}
