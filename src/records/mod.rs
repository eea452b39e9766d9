//! TLS records, for both sides of a connection: towards clients (`net/tls`) and stores
//! (`store/cos`).
//!
//! rustls' interface without buffers of its own is used: what the socket holds is read in large
//! pieces and decrypted where it lies, and many records leave in one write.

mod buffer;
mod outgoing;

use std::io::{self, ErrorKind};

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};

pub(crate) use buffer::Buffer;
pub(crate) use outgoing::Outgoing;
use outgoing::encode;

/// One side's connection of rustls.
pub(crate) trait Side {
    type Data;

    /// Looks at the records in `incoming`.
    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }
}

/// The records of one connection, both ways. Nothing here reads or writes a socket.
pub(crate) struct Records<S> {
    pub(crate) side: S,
    /// Read from the socket, not decrypted yet.
    pub(crate) incoming: Buffer,
    /// Decrypted, not asked for yet: at most what was in [`Self::incoming`].
    pub(crate) plaintext: Buffer,
    /// Encrypted, not taken by the socket yet.
    pub(crate) outgoing: Buffer,
    pub(crate) end: Option<End>,
}

/// How the other side's half has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By close_notify.
    Closed,
    /// By the end of the TCP connection alone.
    Cut,
    /// By an error, told once more to each read.
    Broken(ErrorKind),
}

/// What a look at the incoming records gave.
pub(crate) enum Decrypted {
    /// So many bytes of plaintext went into the target.
    Plaintext(usize),
    /// All whole records are used up.
    Exhausted,
}

impl<S: Side> Records<S> {
    /// None yet. `received` makes the buffers for what the other side sends.
    pub(crate) fn new(side: S, received: impl Fn() -> Buffer) -> Self {
        Self {
            side,
            incoming: received(),
            plaintext: received(),
            outgoing: Buffer::default(),
            end: None,
        }
    }

    /// Lets rustls look at the records at hand, until it has plaintext or has used all of them.
    /// What `target` has no room for is kept.
    pub(crate) fn step(&mut self, target: &mut [u8]) -> Result<Decrypted, rustls::Error> {
        if let Some(End::Broken(_)) = self.end {
            return Ok(Decrypted::Exhausted);
        }
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.side.process(self.incoming.filled_mut());
            let mut done = None;
            let outcome = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    let mut got = 0;
                    let mut failed = None;
                    while let Some(record) = traffic.next_record() {
                        let record = match record {
                            Ok(record) => record,
                            Err(error) => {
                                failed = Some(error);
                                break;
                            }
                        };
                        discard += record.discard;
                        let now = record.payload.len().min(target.len() - got);
                        target[got..got + now].copy_from_slice(&record.payload[..now]);
                        got += now;
                        self.plaintext.push(&record.payload[now..]);
                    }
                    done = Some(Decrypted::Plaintext(got));
                    failed.map_or(Ok(()), Err)
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut self.outgoing, |room| data.encode(room))
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    // It is in `outgoing`, which loses nothing.
                    data.done();
                    Ok(())
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.end = Some(End::Closed);
                    Ok(())
                }
                Ok(ConnectionState::ReadEarlyData(_)) => {
                    Err(rustls::Error::General("early data was never offered".to_owned()))
                }
                // BlockedHandshake, WriteTraffic, Closed.
                Ok(_) => {
                    done = Some(Decrypted::Exhausted);
                    Ok(())
                }
                Err(error) => Err(error),
            };
            self.incoming.discard(discard);
            if let Err(error) = outcome {
                self.fail();
                return Err(error);
            }
            if let Some(step) = done {
                return Ok(step);
            }
        }
    }

    /// After an error of the protocol nothing more is read: rustls would stumble over the same
    /// record again. What it has to say about it, an alert, is put into `outgoing`.
    fn fail(&mut self) {
        self.end = Some(End::Broken(ErrorKind::InvalidData));
        self.incoming = Buffer::default();
        if let Ok(ConnectionState::EncodeTlsData(mut data)) = self.side.process(&mut []).state {
            // Without it the other side sees the connection end, which tells it the same.
            let _ = encode(&mut self.outgoing, |room| data.encode(room));
        }
    }

    /// Encrypts what is to be said into `outgoing`. What has arrived comes first.
    ///
    /// # Errors
    /// [`ErrorKind::NotConnected`] when the connection takes nothing more.
    pub(crate) fn put(&mut self, what: &Outgoing<'_>) -> io::Result<()> {
        if let Some(End::Broken(kind)) = self.end {
            return Err(kind.into());
        }
        // Writing is a state that rustls reaches behind it.
        while let Decrypted::Plaintext(_) = self.step(&mut []).map_err(invalid)? {}
        self.outgoing.make_room(what.most_bytes());
        let UnbufferedStatus { discard, state } = self.side.process(self.incoming.filled_mut());
        let ConnectionState::WriteTraffic(mut traffic) = state.map_err(invalid)? else {
            return Err(ErrorKind::NotConnected.into());
        };
        let written = match what {
            Outgoing::Data(bytes) => traffic.encrypt(bytes, self.outgoing.room()),
            Outgoing::CloseNotify => traffic.queue_close_notify(self.outgoing.room()),
        };
        self.outgoing.advance(written.map_err(io::Error::other)?);
        self.incoming.discard(discard);
        Ok(())
    }
}

/// An error of the protocol.
pub(crate) fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}
