//! The control connection while a transfer runs: ABOR, STAT and NOOP are answered at once, other
//! commands wait for their turn, a lost connection and a stopping server end the transfer.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::control_line::ControlLine;
use super::reassurance::Reassurance;
use super::{SessionHandle, StopSignal, StopStage, TransferTask};
use crate::protocol::{Command, DuringTransfer, Line, Reply, VerbRow, replies};
use crate::transfer::{Control, Directive, Interruption, Patience, Progress};

/// What a transfer sees of its session.
#[derive(Debug)]
pub(super) struct Watch<'s, 'a> {
    control: &'s mut ControlLine<'a>,
    handle: &'s SessionHandle,
    stop: &'s StopSignal,
    /// What STAT says the transfer is.
    task: TransferTask,
    signs: Reassurance,
    /// Lines that had come before the transfer began. They are answered in their turn, whatever
    /// they are: the client sent them ahead and counts the replies.
    pipelined: usize,
    aborted: bool,
}

impl<'s, 'a> Watch<'s, 'a> {
    pub(super) fn new(
        control: &'s mut ControlLine<'a>,
        (handle, stop): (&'s SessionHandle, &'s StopSignal),
        task: TransferTask,
        signs: Reassurance,
    ) -> Self {
        let pipelined = control.queue().len();
        Self { control, handle, stop, task, signs, pipelined, aborted: false }
    }

    /// Sends the one preliminary reply. Until its data has ended the client waits for no other.
    pub(super) fn announce(&mut self, reply: &Reply) {
        debug_assert!(reply.is_preliminary());
        self.control.send(reply);
        self.signs.end();
    }

    /// What the transfer is.
    pub(super) fn task(&self) -> &TransferTask {
        &self.task
    }

    fn answer_at_once(&mut self, progress: &Progress) {
        let mut at = self.pipelined;
        while let Some(row) = self.control.queue().get(at).map(row_of) {
            match row {
                // Its replies come when the transfer has ended; what was sent behind it, another
                // ABOR too, is answered after them.
                _ if self.aborted => break,
                Some((_, Command::Abort)) => {
                    self.aborted = true;
                    self.take(at);
                    self.control.owe(replies::abort_done());
                }
                // Only in order: nothing overtakes a command that waits.
                Some((row, command @ (Command::Status | Command::Noop)))
                    if at == 0
                        && !self.control.has_open_reply()
                        && row.during_transfer == DuringTransfer::Answered
                        && self.control.is_in_pace().is_ok() =>
                {
                    self.take(at);
                    self.answer(&command, progress);
                }
                _ => at += 1,
            }
        }
    }

    /// Takes a command out of its turn. None of those that are taken so holds a secret.
    fn take(&mut self, at: usize) {
        let line = self.control.queue().remove(at);
        if let Some(Line::Text(text)) = &line {
            self.control.note_line(text);
        }
    }

    fn answer(&mut self, command: &Command, progress: &Progress) {
        let reply = match command {
            Command::Status => replies::session_status([self.task.describe(progress)]),
            _ => replies::noop(),
        };
        self.control.send(&reply);
    }

    /// Whether the client said goodbye before it left: then it has nothing more to say, and its
    /// transfer is to be finished (RFC 959 4.1.1, QUIT).
    fn has_quit(&mut self) -> bool {
        let is_quit = |line: &Line| matches!(row_of(line), Some((_, Command::Quit)));
        self.control.queue().iter().any(is_quit)
    }
}

impl Control for Watch<'_, '_> {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.control.descriptor()
    }

    fn data_ended(&mut self) {
        self.signs.begin();
    }

    fn reassure_in(&self) -> Option<Duration> {
        self.signs.pause()
    }

    fn reassure(&mut self) -> Patience {
        if let Some(opening) = self.signs.due() {
            self.control.open_reply(opening);
        }
        self.signs.patience()
    }

    fn attend(&mut self, progress: &Progress) -> Directive {
        // Read in any case: what stays unread would wake the transfer again at once, for ever.
        self.control.read_available();
        self.answer_at_once(progress);
        if self.stop.stage() >= StopStage::Interrupting {
            Directive::Interrupt(Interruption::Stopping)
        } else if self.handle.is_kicked() {
            Directive::Interrupt(Interruption::Kicked)
        } else if self.aborted {
            Directive::Interrupt(Interruption::Aborted)
        } else if self.control.has_ended() && !self.has_quit() {
            Directive::Interrupt(match self.control.was_reset() {
                true => Interruption::ControlReset,
                false => Interruption::ControlLost,
            })
        } else {
            Directive::Continue
        }
    }
}

fn row_of(line: &Line) -> Option<(&'static VerbRow, Command)> {
    match line {
        Line::Text(text) => Command::parse(text).ok(),
        Line::NotUtf8(_) | Line::TooLong => None,
    }
}
