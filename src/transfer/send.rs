//! Sending what is at hand, a listing's page or a small object, over the data connection from the
//! session's own thread.

use std::io::Write;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::limits;
use crate::net::{Interest, Stream};
use crate::transfer::receipt::wait_for_receipt;
use crate::transfer::throttle::{Allowance, Throttle};
use crate::transfer::unread::Unread;
use crate::transfer::waiting::{is_passing, wait_for};
use crate::transfer::{Control, Directive, Incomplete, Interruption, Progress, Resources};

/// A data connection that is written to. It is closed when this is dropped.
#[derive(Debug)]
pub struct DataSender<'a> {
    data: Stream,
    resources: Resources<'a>,
    progress: Progress,
    throttle: Throttle,
    unread: Unread,
}

impl<'a> DataSender<'a> {
    /// Sends over `data`, which is non-blocking, and counts with `progress`; a client that takes
    /// nothing for `data_idle_timeout` is given up, and one for whose memory others wait after
    /// [`limits::STANDSTILL`].
    pub fn new(data: Stream, resources: Resources<'a>, progress: Progress) -> Self {
        let (throttle, unread) = (Throttle::default(), Unread::default());
        Self { data, resources, progress, throttle, unread }
    }

    /// No faster than `throttle` allows.
    pub(super) fn throttled(self, throttle: Throttle) -> Self {
        Self { throttle, ..self }
    }

    /// Its counters.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Sends all `bytes`, attending to the control connection whenever the client is slow.
    ///
    /// # Errors
    /// Why it ends the transfer.
    pub fn send(&mut self, mut bytes: &[u8], control: &mut dyn Control) -> Result<(), Incomplete> {
        let mut waiting_since = Instant::now();
        while !bytes.is_empty() {
            let most = match self.throttle.allowance(Instant::now()) {
                Allowance::Bytes(most) => most.min(bytes.len()),
                Allowance::Wait(pause) => {
                    let woken = wait_for(control, self.resources.wake, None, Some(pause));
                    if woken?.control {
                        self.attend(control)?;
                    }
                    // The client is not to blame for it.
                    waiting_since = Instant::now();
                    self.unread.excuse();
                    continue;
                }
            };
            match self.data.write(&bytes[..most]) {
                Ok(sent) => {
                    bytes = &bytes[sent..];
                    self.throttle.take(sent, Instant::now());
                    self.progress.add_bytes(sent as u64);
                    waiting_since = Instant::now();
                    continue;
                }
                Err(error) if is_passing(&error) => {}
                Err(_) => return Err(Interruption::DataLost.into()),
            }
            self.wait_for_room(waiting_since, control)?;
        }
        Ok(())
    }

    /// Waits until the client takes more, which it has not since `waiting_since`.
    fn wait_for_room(
        &mut self,
        waiting_since: Instant,
        control: &mut dyn Control,
    ) -> Result<(), Incomplete> {
        let Resources { options, budget, wake, .. } = self.resources;
        let now = Instant::now();
        let left = options.data_idle.saturating_sub(now.duration_since(waiting_since));
        if left == Duration::ZERO || self.unread.is_over(self.progress.bytes(), budget, now) {
            return Err(Interruption::DataIdle.into());
        }
        let socket = Some((self.data.as_fd(), Interest::Write));
        let woken = wait_for(control, wake, socket, Some(left.min(limits::STANDSTILL)))?;
        if woken.control { self.attend(control) } else { Ok(()) }
    }

    /// Ends what was sent so that the client knows it has all of it, and waits until it has
    /// acknowledged the last byte.
    ///
    /// # Errors
    /// Why it ends the transfer.
    pub fn finish(&mut self, control: &mut dyn Control) -> Result<(), Incomplete> {
        let began = Instant::now();
        while let Err(error) = self.data.finish() {
            if !is_passing(&error) {
                return Err(Interruption::DataLost.into());
            }
            self.wait_for_room(began, control)?;
        }
        let Resources { options, wake, .. } = self.resources;
        wait_for_receipt(&self.data, wake, options.data_idle, &self.progress, control)
    }

    /// Looks at the control connection between two sends.
    ///
    /// # Errors
    /// Why it ends the transfer.
    pub fn attend(&self, control: &mut dyn Control) -> Result<(), Incomplete> {
        match control.attend(&self.progress) {
            Directive::Continue => Ok(()),
            Directive::Interrupt(by) => Err(by.into()),
        }
    }
}
