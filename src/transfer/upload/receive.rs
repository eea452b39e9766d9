//! From the data connection into blocks, in the session's thread.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::{Ended, Upload};
use crate::limits;
use crate::net::{Interest, Stream};
use crate::transfer::throttle::Allowance;
use crate::transfer::waiting::{Woken, is_passing, wait_for};
use crate::transfer::{Control, Directive, Interruption, TransferError};

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

    fn has_waited(&mut self, time: Duration) {
        self.patience = self.patience.saturating_sub(time);
    }
}

/// What interrupted an upload whose data ended with `error`: that of a client that is gone may end
/// in any way.
fn first_cause(gone: Option<&Gone>, error: &io::Error) -> Interruption {
    gone.map_or_else(
        || match error.kind() {
            ErrorKind::UnexpectedEof => Interruption::NoCloseNotify,
            _ => Interruption::DataLost,
        },
        |gone| gone.by,
    )
}

impl Upload<'_> {
    /// Reads until the data ends, however that is.
    pub(super) fn receive(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let by = self.receive_all(data, control)?;
        Ok(by.and_then(|by| self.heed(by)))
    }

    /// Reads until the data ends, giving parts to workers as they come together.
    fn receive_all(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let mut waiting_since = Instant::now();
        self.standstill.excuse(waiting_since);
        let mut gone: Option<Gone> = None;
        let mut is_fresh = true;
        loop {
            self.dispatch()?;
            if self.needs_restart() {
                if let Some(by) = self.restart(control)? {
                    return Ok(Some(by));
                }
                waiting_since = Instant::now();
            }
            let has_room = self.make_room()?;
            if let Some(gone) = gone.as_ref().filter(|_| !has_room && self.intake.pool.is_waiting())
            {
                // Memory to read the rest into is what it was waiting for.
                return Ok(Some(gone.by));
            }
            let memory_left = self.standstill.note_room(has_room, &self.intake.pool)?;
            let allowed = self.allowance(gone.as_ref());
            let pause = allowed.pause();
            let reads = has_room && pause.is_none();
            let at_hand = reads && data.holds_unread();
            let socket = (reads && !at_hand).then(|| (data.as_fd(), Interest::Read));
            // Most clients have sent something by now, and a small file is whole: no need to ask.
            let tries = reads && is_fresh;
            let left = match has_room {
                true => Some(self.wait_limit(pause, at_hand, gone.as_ref(), waiting_since)),
                false => memory_left,
            };
            let since = Instant::now();
            let wait = || wait_for(control, self.resources.wake, socket, left);
            let woken = if tries { Woken::default() } else { wait()? };
            if !reads {
                self.note_wait(has_room, since);
                // The client is not to blame for what we cannot or may not take.
                waiting_since = Instant::now();
                self.standstill.excuse(waiting_since);
            }
            gone.iter_mut().filter(|_| reads).for_each(|gone| gone.has_waited(since.elapsed()));
            // The wake that told of it is cleared: nobody tells again.
            self.collect()?;
            if let Some(by) = woken.control.then(|| self.attend(control)).flatten() {
                if !self.takes_the_last_bytes(by) {
                    return Ok(Some(by));
                }
                gone.get_or_insert_with(|| Gone::new(by, self.progress.bytes()));
            } else if woken.data || at_hand || tries {
                is_fresh &= self.progress.bytes() == 0;
                match self.read(data, allowed) {
                    Ok(0) => {
                        let by = gone.map(|gone| gone.by).or(self.look_again(control)?);
                        return Ok(self.gate_at_the_end(by, control));
                    }
                    Ok(bytes) => {
                        self.count(bytes)?;
                        waiting_since = Instant::now();
                        if let Some(gone) = gone.as_ref().filter(|gone| self.is_at(gone.end)) {
                            return Ok(Some(gone.by));
                        }
                    }
                    Err(error) if is_passing(&error) => is_fresh = false,
                    Err(error) => return Ok(Some(first_cause(gone.as_ref(), &error))),
                }
            } else if reads && let Some(by) = self.is_out_of_patience(gone.as_ref(), waiting_since)
            {
                return Ok(Some(by));
            } else if has_room && !woken.control {
                self.rest(data, reads);
            }
            if reads && self.standstill.is_over(self.progress.bytes(), &self.intake.pool) {
                return Ok(Some(Interruption::DataIdle));
            }
        }
    }

    /// For a while nothing has come, from a client that pauses if it `could_send`: most never do.
    /// From now on the system looks whether it is there.
    fn rest(&mut self, data: &Stream, could_send: bool) {
        if !could_send || self.intake.has_surplus() {
            self.intake.give_surplus_back();
        }
        if could_send && !std::mem::replace(&mut self.is_kept_alive, true) {
            // Of a connection that is gone the next read tells.
            let _ = data.keep_alive();
        }
    }

    /// Nothing was read `since` then: without room for it, because the store was waited for.
    fn note_wait(&mut self, has_room: bool, since: Instant) {
        if !has_room {
            self.concurrency.wait(since.elapsed());
        }
    }

    /// Whether there is room for the next read; a wake tells when there is.
    fn make_room(&mut self) -> Result<bool, TransferError> {
        let size = self.parts.size();
        let has_room = self.intake.make_room(size);
        if !has_room && !self.intake.pool.can_ever_hold(size) {
            return Err(TransferError::NoBuffer);
        }
        Ok(has_room)
    }

    /// How long is waited at most where there is room for more data.
    fn wait_limit(
        &self,
        pause: Option<Duration>,
        at_hand: bool,
        gone: Option<&Gone>,
        waiting_since: Instant,
    ) -> Duration {
        match pause {
            _ if at_hand => Duration::ZERO,
            Some(pause) => pause,
            None => self.patience(gone, waiting_since),
        }
    }

    /// How long more data may be waited for.
    fn patience(&self, gone: Option<&Gone>, waiting_since: Instant) -> Duration {
        let idle = self.resources.options.data_idle;
        match gone {
            Some(gone) => gone.patience,
            None if self.intake.has_surplus() || !self.is_kept_alive => {
                limits::BUFFER_RETENTION.min(idle)
            }
            None => idle.saturating_sub(waiting_since.elapsed()),
        }
    }

    /// Why no more data is waited for, if that is so.
    fn is_out_of_patience(
        &self,
        gone: Option<&Gone>,
        waiting_since: Instant,
    ) -> Option<Interruption> {
        let idle = self.resources.options.data_idle;
        match gone {
            Some(gone) => gone.patience.is_zero().then_some(gone.by),
            None => (waiting_since.elapsed() >= idle).then_some(Interruption::DataIdle),
        }
    }

    /// Whether what the client had sent before is of use. ABOR is how some clients (ffmpeg) go to
    /// another place of the file: it overtakes the data, all of which they count on.
    fn takes_the_last_bytes(&self, by: Interruption) -> bool {
        match by {
            Interruption::ControlLost => true,
            Interruption::Aborted => self.keeps_partial(),
            _ => false,
        }
    }

    fn is_at(&self, end: u64) -> bool {
        self.progress.bytes() >= end
    }

    /// What may be read now. A client that is gone is not held up any more.
    fn allowance(&self, gone: Option<&Gone>) -> Allowance {
        match gone {
            None => self.throttle.allowance(Instant::now()),
            Some(_) => Allowance::ALL,
        }
    }

    fn read(&mut self, data: &mut Stream, allowed: Allowance) -> io::Result<usize> {
        match allowed {
            Allowance::Bytes(most) if allowed != Allowance::ALL => {
                self.intake.read(&mut data.take(most as u64))
            }
            Allowance::Bytes(_) | Allowance::Wait(_) => self.intake.read(data),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), TransferError> {
        self.progress.add_bytes(bytes as u64);
        self.throttle.take(bytes, Instant::now());
        let limit = self.resources.options.max_file;
        if self.kept + self.progress.bytes() > limit {
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
        let is_small = self.fits_one_request() && self.tail.is_none() && self.progress.bytes() > 0;
        match gone {
            None if is_small => None,
            _ => self.gate(gone, control),
        }
    }

    /// The commit gate: a killed client closes its data connection as cleanly as a finished one,
    /// but its control connection ends with it, while a client that is done waits for the reply.
    pub(super) fn gate(
        &self,
        gone: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Option<Interruption> {
        gone.or_else(|| self.attend(control)).and_then(|by| self.heed(by))
    }

    /// A file that ends before what was announced for it is no fault. But the end of a killed
    /// client's control connection may be a moment behind that of its data: it is given that
    /// moment.
    fn look_again(&mut self, control: &mut dyn Control) -> Ended {
        let deadline = Instant::now() + limits::SHORT_FILE_WAIT;
        while self.reservation.has_room_left(self.progress.bytes()) {
            if let Some(by) = self.attend(control) {
                return Ok(Some(by));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            wait_for(control, self.resources.wake, None, Some(left))?;
            self.collect()?;
        }
        Ok(None)
    }

    pub(super) fn attend(&self, control: &mut dyn Control) -> Option<Interruption> {
        match control.attend(&self.progress) {
            Directive::Continue => None,
            Directive::Interrupt(by) => Some(by),
        }
    }

    /// A client that has sent all it had announced has lost nothing, whatever breaks then; only
    /// its own ABOR counts.
    pub(super) fn heed(&self, by: Interruption) -> Option<Interruption> {
        let has_all = self.reservation.is_met(self.progress.bytes());
        Some(by).filter(|&by| !has_all || by == Interruption::Aborted)
    }
}
