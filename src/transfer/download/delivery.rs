//! What every byte of an object passes on its way to the client.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::together::{AmongDownloads, Downloads};
use crate::net::{Interest, Stream, wait};
use crate::transfer::ascii::ToAscii;
use crate::transfer::throttle::{Allowance, Throttle};
use crate::transfer::{Conversion, Incomplete, Interruption, Progress, TransferError};

/// The way to the client, which all bytes go in order.
#[derive(Debug)]
pub(super) struct Delivery<W> {
    pub(super) data: W,
    progress: Progress,
    /// Present while the object's CRC can be checked: all of it is sent, from its first byte.
    crc64: Option<(crc_fast::Digest, u64)>,
    ascii: Option<ToAscii>,
    throttle: Throttle,
    /// Where it is one of several at once.
    pub(super) among: AmongDownloads,
}

impl<W> Delivery<W> {
    /// To `data`, as one of the downloads `among`; `crc64` is what the whole object must have.
    pub(super) fn new(
        data: W,
        progress: Progress,
        crc64: Option<u64>,
        conversion: Conversion,
        among: &Arc<Downloads>,
    ) -> Self {
        let algorithm = crc_fast::CrcAlgorithm::Crc64Xz;
        Self {
            data,
            progress,
            crc64: crc64.map(|expected| (crc_fast::Digest::new(algorithm), expected)),
            ascii: (conversion == Conversion::Ascii).then(ToAscii::default),
            throttle: Throttle::default(),
            among: AmongDownloads::join(among),
        }
    }

    /// No faster than `throttle` allows.
    pub(super) fn throttled(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// What `bytes` of the object are on the wire, counted into the checksum.
    pub(super) fn prepare<'b>(&'b mut self, bytes: &'b [u8]) -> (&'b mut W, &'b [u8]) {
        if let Some((digest, _)) = &mut self.crc64 {
            digest.update(bytes);
        }
        let bytes = match &mut self.ascii {
            Some(ascii) => ascii.convert(bytes),
            None => bytes,
        };
        (&mut self.data, bytes)
    }

    /// What it goes to.
    pub(super) fn sender(&mut self) -> &mut W {
        &mut self.data
    }

    /// After the last byte: whether the object is what the store says it is.
    pub(super) fn check(&self) -> Result<(), Incomplete> {
        match &self.crc64 {
            Some((digest, expected)) if digest.finalize() != *expected => {
                Err(TransferError::Checksum.into())
            }
            _ => Ok(()),
        }
    }
}

impl Delivery<Arc<Stream>> {
    /// Writes `bytes` of the object; waits for the client as long as the socket's time-out says.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Incomplete> {
        let (throttle, progress) = (self.throttle.clone(), self.progress.clone());
        let (data, mut bytes) = self.prepare(bytes);
        let mut moved = 0;
        while !bytes.is_empty() {
            let most = match throttle.allowance(Instant::now()) {
                Allowance::Bytes(most) => most.min(bytes.len()),
                Allowance::Wait(pause) => {
                    rest(data, pause)?;
                    continue;
                }
            };
            let (present, following) = bytes.split_at(most);
            (&**data).write_all(present).map_err(|error| interrupted(&error))?;
            throttle.take(most, Instant::now());
            progress.add_bytes(most as u64);
            moved += most as u64;
            bytes = following;
        }
        self.among.add(moved);
        Ok(())
    }

    /// After the last byte: checks the object, and tells the client that it has all of it.
    pub(super) fn finish(&self) -> Result<(), Incomplete> {
        self.check()?;
        self.data.finish().map_err(|error| interrupted(&error))
    }
}

fn interrupted(error: &io::Error) -> Incomplete {
    Incomplete::Interrupted(match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Interruption::DataIdle,
        _ => Interruption::DataLost,
    })
}

/// Sends nothing for `pause`, unless the connection ends: that is how the session's thread cancels.
fn rest(data: &Stream, pause: Duration) -> Result<(), Incomplete> {
    match wait([(data.as_fd(), Interest::End)], Some(pause)) {
        Ok([false]) => Ok(()),
        Ok([true]) => Err(Interruption::DataLost.into()),
        Err(error) => Err(TransferError::System(error).into()),
    }
}
