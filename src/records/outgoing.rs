//! What a connection has to say, and the room that it takes.

use rustls::unbuffered::{EncodeError, InsufficientSizeError};

use super::Buffer;

/// What we have to say.
pub(crate) enum Outgoing<'b> {
    Data(&'b [u8]),
    CloseNotify,
}

impl Outgoing<'_> {
    /// Room that it needs as records, with what rustls may have to say before them.
    pub(crate) fn most_bytes(&self) -> usize {
        /// Largest plaintext of a record (RFC 8446 5.1).
        const RECORD: usize = 16 * 1024;
        /// More than header, nonce, type and tag of a record: 5 + 8 + 16 in TLS 1.2 with AES-GCM.
        const AROUND: usize = 64;
        let bytes = match self {
            Self::Data(bytes) => bytes.len(),
            Self::CloseNotify => 0,
        };
        bytes + (bytes / RECORD + 3) * AROUND
    }
}

/// Has rustls encode one of its own messages.
pub(crate) fn encode(
    outgoing: &mut Buffer,
    mut encode: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<(), rustls::Error> {
    loop {
        match encode(outgoing.room()) {
            Ok(bytes) => {
                outgoing.advance(bytes);
                return Ok(());
            }
            Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => {
                outgoing.make_room(required_size);
            }
            Err(error) => return Err(rustls::Error::General(error.to_string())),
        }
    }
}
