//! How long the client of the present command waits for its reply.

use std::time::Duration;

use super::SessionOptions;
use super::reassurance::Reassurance;
use crate::protocol::Reply;
use crate::store::ReplyWait;

/// The wait of one command after the other.
#[derive(Debug)]
pub(super) struct CommandWait {
    timeout: Duration,
    /// Between two signs of life.
    interval: Duration,
    present: ReplyWait,
}

impl CommandWait {
    pub(super) fn new(options: &SessionOptions) -> Self {
        let timeout = options.reply_timeout;
        // What is to keep a client waiting must come while it waits.
        let interval = options.sign_of_life.min(timeout * 2 / 3);
        Self { timeout, interval, present: ReplyWait::begin(timeout) }
    }

    /// A command has come: its client waits from now on.
    pub(super) fn begin(&mut self) {
        self.present = ReplyWait::begin(self.timeout);
    }

    /// The command has its reply. What still works for it, such as the end of an upload that
    /// failed, works for nobody who waits.
    pub(super) fn end(&self) {
        self.present.pause();
    }

    /// The wait of the present command.
    pub(super) fn present(&self) -> &ReplyWait {
        &self.present
    }

    /// The signs of life to the client of the present command, `opening` each of them.
    pub(super) fn signs(&self, opening: Reply) -> Reassurance {
        Reassurance::new(self.present.clone(), self.interval, opening)
    }
}
