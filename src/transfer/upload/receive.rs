//! From the data connection into blocks, in the session's thread.

use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::Upload;
use super::sent::Ended;
use crate::limits;
use crate::net::{Interest, Stream};
use crate::transfer::pool::BlockPool;
use crate::transfer::throttle::Allowance;
use crate::transfer::waiting::{Woken, is_passing, wait_for};
use crate::transfer::{Control, Interruption, TransferError};

/// A client whose control connection has ended before its data, or that has sent ABOR. It may have
/// sent all of its file first: what is still on its way arrives, too.
struct Gone {
    by: Interruption,
    /// How much longer its data may be waited for.
    patience: Duration,
    /// Where its data is cut off: whoever goes on and on was not on its way, and heeds no rate.
    end: u64,
}

impl Gone {
    /// After `bytes` have come.
    fn new(by: Interruption, bytes: u64) -> Self {
        Self { by, patience: limits::LAST_BYTES_WAIT, end: bytes + limits::LAST_BYTES }
    }
}

/// How far an upload's reading is.
struct Reading {
    /// Since when the client could have sent something.
    waiting_since: Instant,
    gone: Option<Gone>,
    /// Whether every read so far has found something.
    is_fresh: bool,
}

impl Reading {
    fn new(now: Instant) -> Self {
        Self { waiting_since: now, gone: None, is_fresh: true }
    }

    /// The client has been waited for `since` then.
    fn has_waited(&mut self, since: Instant) {
        if let Some(gone) = &mut self.gone {
            gone.patience = gone.patience.saturating_sub(since.elapsed());
        }
    }

    /// What interrupted an upload whose data ended with `error`: that of a client that is gone may
    /// end in any way.
    fn first_cause(&self, error: &io::Error) -> Interruption {
        match (&self.gone, error.kind()) {
            (Some(gone), _) => gone.by,
            (None, ErrorKind::UnexpectedEof) => Interruption::NoCloseNotify,
            (None, _) => Interruption::DataLost,
        }
    }
}

impl Upload<'_> {
    /// Reads until the data ends, however that is.
    pub(super) fn receive(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let by = self.receive_all(data, control)?;
        Ok(by.and_then(|by| self.sender.sent.heed(by)))
    }

    /// Reads until the data ends, giving parts to workers as they come together.
    fn receive_all(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let mut reading = Reading::new(Instant::now());
        self.standstill.excuse(reading.waiting_since);
        loop {
            self.sender.dispatch(&mut self.standstill)?;
            if self.sender.needs_restart() {
                if let Some(by) = self.sender.restart(control)? {
                    return Ok(Some(by));
                }
                reading.waiting_since = Instant::now();
            }
            let has_room = self.make_room()?;
            if !has_room
                && self.pool().is_waiting()
                && let Some(gone) = &reading.gone
            {
                // Memory to read the rest into is what it was waiting for.
                return Ok(Some(gone.by));
            }
            let memory_left = self.standstill.note_room(has_room, &self.sender.intake.pool)?;
            let allowed = self.allowance(&reading);
            let pause = allowed.pause();
            let reads = has_room && pause.is_none();
            let at_hand = reads && data.holds_unread();
            let socket = (reads && !at_hand).then(|| (data.as_fd(), Interest::Read));
            // Most clients have sent something by now, and a small file is whole: no need to ask.
            let tries = reads && reading.is_fresh;
            let left = match has_room {
                true => Some(self.wait_limit(pause, at_hand, &reading)),
                false => memory_left,
            };
            let since = Instant::now();
            let wait = || wait_for(control, self.sender.resources.wake, socket, left);
            let woken = if tries { Woken::default() } else { wait()? };
            match reads {
                true => reading.has_waited(since),
                false => self.excuse(&mut reading, has_room, since),
            }
            // The wake that told of it is cleared: nobody tells again.
            self.sender.collect()?;
            if let Some(by) = woken.control.then(|| self.sender.sent.attend(control)).flatten() {
                if !self.takes_the_last_bytes(by) {
                    return Ok(Some(by));
                }
                let bytes = self.progress().bytes();
                reading.gone.get_or_insert_with(|| Gone::new(by, bytes));
            } else if woken.data || at_hand || tries {
                match self.read_once(data, allowed, &mut reading, control)? {
                    ControlFlow::Break(by) => return Ok(by),
                    ControlFlow::Continue(()) => {}
                }
            } else if reads && let Some(by) = self.is_out_of_patience(&reading) {
                return Ok(Some(by));
            } else if has_room && !woken.control {
                self.rest(data, reads);
            }
            let bytes = self.progress().bytes();
            if reads && self.standstill.is_over(bytes, &self.sender.intake.pool) {
                return Ok(Some(Interruption::DataIdle));
            }
        }
    }

    /// Takes what has come, or how the data ended.
    fn read_once(
        &mut self,
        data: &mut Stream,
        allowed: Allowance,
        reading: &mut Reading,
        control: &mut dyn Control,
    ) -> Result<ControlFlow<Option<Interruption>>, TransferError> {
        reading.is_fresh &= self.progress().bytes() == 0;
        if self.repeated > 0 {
            return self.skip_repeated(data, reading, control);
        }
        match self.read(data, allowed) {
            Ok(0) => return self.end(reading, control).map(ControlFlow::Break),
            Ok(bytes) => {
                self.count(bytes)?;
                reading.waiting_since = Instant::now();
                let bytes = self.progress().bytes();
                if let Some(gone) = reading.gone.as_ref().filter(|gone| bytes >= gone.end) {
                    return Ok(ControlFlow::Break(Some(gone.by)));
                }
            }
            Err(error) if is_passing(&error) => reading.is_fresh = false,
            Err(error) => return Ok(ControlFlow::Break(Some(reading.first_cause(&error)))),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Throws away some of what a client sends that went back, to be sure of what is there: it is
    /// there already, and is neither progress nor silence.
    fn skip_repeated(
        &mut self,
        data: &mut Stream,
        reading: &mut Reading,
        control: &mut dyn Control,
    ) -> Result<ControlFlow<Option<Interruption>>, TransferError> {
        let mut thrown = [0; limits::REPEATED_READ_BYTES];
        let most = self.repeated.min(thrown.len() as u64) as usize;
        reading.is_fresh = false;
        match data.read(&mut thrown[..most]) {
            Ok(0) => return self.end(reading, control).map(ControlFlow::Break),
            Ok(bytes) => {
                self.repeated -= bytes as u64;
                reading.waiting_since = Instant::now();
                self.throttle.take(bytes, reading.waiting_since);
                self.standstill.excuse(reading.waiting_since);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => return Ok(ControlFlow::Break(Some(reading.first_cause(&error)))),
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The data has ended: what interrupted it, if anything did.
    fn end(
        &mut self,
        reading: &Reading,
        control: &mut dyn Control,
    ) -> Result<Option<Interruption>, TransferError> {
        self.sender.sent.end();
        let gone = reading.gone.as_ref().map(|gone| self.sender.sent.classify(gone.by));
        let by = gone.or(self.look_again(control)?);
        Ok(self.gate_at_the_end(by, control))
    }

    fn pool(&self) -> &BlockPool {
        &self.sender.intake.pool
    }

    /// Nothing was read `since` then: without room for it, because the store was waited for. The
    /// client is not to blame for what we cannot or may not take.
    fn excuse(&mut self, reading: &mut Reading, has_room: bool, since: Instant) {
        if !has_room {
            self.sender.concurrency.wait(since.elapsed());
        }
        reading.waiting_since = Instant::now();
        self.standstill.excuse(reading.waiting_since);
    }

    /// For a while nothing has come, from a client that pauses if it `could_send`: most never do.
    /// From now on the system looks whether it is there.
    fn rest(&mut self, data: &Stream, could_send: bool) {
        if !could_send || self.sender.intake.has_surplus() {
            self.sender.intake.give_surplus_back();
        }
        if could_send && !std::mem::replace(&mut self.is_kept_alive, true) {
            // Of a connection that is gone the next read tells.
            let _ = data.keep_alive();
        }
    }

    /// Whether there is room for the next read; a wake tells when there is.
    fn make_room(&mut self) -> Result<bool, TransferError> {
        let size = self.sender.parts.size();
        let has_room = self.sender.intake.make_room(size);
        if !has_room && !self.sender.intake.pool.can_ever_hold(size) {
            return Err(TransferError::NoBuffer);
        }
        Ok(has_room && self.sender.intake.scanner_keeps_up())
    }

    /// How long is waited at most where there is room for more data.
    fn wait_limit(&self, pause: Option<Duration>, at_hand: bool, reading: &Reading) -> Duration {
        match pause {
            _ if at_hand => Duration::ZERO,
            Some(pause) => pause,
            None => self.patience(reading),
        }
    }

    /// How long more data may be waited for.
    fn patience(&self, reading: &Reading) -> Duration {
        let idle = self.sender.resources.options.data_idle;
        match &reading.gone {
            Some(gone) => gone.patience,
            None if self.sender.intake.has_surplus() || !self.is_kept_alive => {
                limits::BUFFER_RETENTION.min(idle)
            }
            None => idle.saturating_sub(reading.waiting_since.elapsed()),
        }
    }

    /// Why no more data is waited for, if that is so.
    fn is_out_of_patience(&self, reading: &Reading) -> Option<Interruption> {
        let idle = self.sender.resources.options.data_idle;
        match &reading.gone {
            Some(gone) => gone.patience.is_zero().then_some(gone.by),
            None => (reading.waiting_since.elapsed() >= idle).then_some(Interruption::DataIdle),
        }
    }

    /// Whether what the client had sent before is of use. ABOR is how some clients (ffmpeg) go to
    /// another place of the file: it overtakes the data, all of which they count on.
    fn takes_the_last_bytes(&self, by: Interruption) -> bool {
        match by {
            Interruption::ControlLost | Interruption::ControlReset => true,
            Interruption::Aborted => self.sender.keeps_partial() || self.sender.parks(),
            _ => false,
        }
    }

    /// What may be read now. A client that is gone is not held up any more.
    fn allowance(&self, reading: &Reading) -> Allowance {
        match &reading.gone {
            None => self.throttle.allowance(Instant::now()),
            Some(_) => Allowance::ALL,
        }
    }

    fn read(&mut self, data: &mut Stream, allowed: Allowance) -> io::Result<usize> {
        match allowed {
            Allowance::Bytes(most) if allowed != Allowance::ALL => {
                self.sender.intake.read(&mut data.take(most as u64))
            }
            Allowance::Bytes(_) | Allowance::Wait(_) => self.sender.intake.read(data),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), TransferError> {
        self.sender.sent.progress.add_bytes(bytes as u64);
        self.throttle.take(bytes, Instant::now());
        let limit = self.sender.resources.options.max_file;
        if self.replaced.kept + self.progress().bytes() > limit {
            return Err(TransferError::TooLarge { limit });
        }
        Ok(())
    }

    /// The gate at the end of the data. A small file comes to it right before its one request.
    fn gate_at_the_end(
        &self,
        gone: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Option<Interruption> {
        let is_small = self.sender.fits_one_request()
            && self.replaced.tail.is_none()
            && self.progress().bytes() > 0;
        match gone {
            None if is_small => None,
            _ => self.sender.sent.gate(gone, control),
        }
    }

    /// A file that ends before what was announced for it is no fault. But the end of a killed
    /// client's control connection may be a moment behind that of its data: it is given that
    /// moment.
    fn look_again(&mut self, control: &mut dyn Control) -> Ended {
        let deadline = Instant::now() + limits::SHORT_FILE_WAIT;
        while self.sender.sent.reservation.has_room_left(self.progress().bytes()) {
            if let Some(by) = self.sender.sent.attend(control) {
                return Ok(Some(by));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait_for(control, self.sender.resources.wake, None, Some(left))?;
            self.sender.collect()?;
        }
        Ok(None)
    }
}
