//! The control connection: what the client says on it, one byte for each word, and what the
//! server's end of it hears.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use cos_ftp_server::transfer::{Control, Directive, Interruption, Progress};

/// When the client is found gone: at the `look`th look at the control connection that is taken when
/// so many bytes have come and so many parts are confirmed.
#[derive(Clone, Copy)]
pub(crate) struct Departure {
    pub(crate) bytes: u64,
    pub(crate) parts: u64,
    pub(crate) look: usize,
}

/// What a client says on the scripted control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Abort = b'A' as isize,
    Quit = b'Q' as isize,
    /// Answered with the bytes moved so far.
    Status = b'?' as isize,
    /// The server is told to stop, by whoever it is.
    Stop = b'S' as isize,
}

/// The server's end of the control connection.
pub(super) struct Script {
    socket: UnixStream,
    directive: Directive,
    has_quit: bool,
    ended: bool,
    pub(super) departure: Option<Departure>,
    /// Looks taken when it might be gone.
    looks: usize,
}

impl Script {
    pub(super) fn new(socket: UnixStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        let (directive, departure) = (Directive::Continue, None);
        Self { socket, directive, has_quit: false, ended: false, departure, looks: 0 }
    }

    fn depart(&mut self, progress: &Progress) {
        let Some(Departure { bytes, parts, look }) = self.departure else { return };
        self.looks += usize::from((bytes, parts) == (progress.bytes(), progress.parts()));
        self.ended |= self.looks == look;
    }

    fn hear(&mut self, word: u8, progress: &Progress) {
        match word {
            b'A' => self.directive = Directive::Interrupt(Interruption::Aborted),
            b'S' => self.directive = Directive::Interrupt(Interruption::Stopping),
            b'Q' => self.has_quit = true,
            // A client that is gone reads no answers.
            _ => drop(self.socket.write_all(&progress.bytes().to_ne_bytes())),
        }
    }
}

impl Control for Script {
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (!self.ended).then(|| self.socket.as_fd())
    }

    fn attend(&mut self, progress: &Progress) -> Directive {
        self.depart(progress);
        let mut word = [0];
        while !self.ended {
            match self.socket.read(&mut word) {
                Ok(0) => self.ended = true,
                Ok(_) => self.hear(word[0], progress),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.ended = true,
            }
        }
        if self.ended && !self.has_quit && self.directive == Directive::Continue {
            return Directive::Interrupt(Interruption::ControlLost);
        }
        self.directive
    }
}
