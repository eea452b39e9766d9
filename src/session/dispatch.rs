//! From a line to its handler. What every verb must pass is checked here once, from its row.

use zeroize::Zeroizing;

use super::{Pending, Session};
use crate::protocol::{
    Access, Command, Line, ParseError, PendingState, Reply, Rights, VerbRow, masked, replies,
};
use crate::store::ReplyWait;

/// What can be read of a line that is no text. It may be a password's.
fn readable(bytes: &[u8]) -> Zeroizing<String> {
    // Room for all of it from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(3 * bytes.len()));
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

impl Session<'_> {
    /// Does what a line says and returns its final reply.
    pub(super) fn obey(&mut self, line: Line) -> Reply {
        let line = self.control.encoding.decode(line);
        let readable = match &line {
            Line::NotUtf8(bytes) => readable(bytes),
            Line::Text(_) | Line::TooLong => Zeroizing::default(),
        };
        let text = if let Line::Text(text) = &line { text } else { &*readable };
        let parsed = Command::parse(text);
        // Passwords must never reach the log; some clients send one with ACCT too, and to other
        // servers with SITE.
        let shown = masked(text, &parsed);
        log::debug!("< {shown}");
        let row = parsed.as_ref().map_or_else(ParseError::row, |(row, _)| Some(*row));
        let reply = match (&line, parsed) {
            (Line::TooLong, _) => self.refuse(replies::line_too_long()),
            (Line::NotUtf8(_), _) => {
                self.refuse(replies::undecodable(self.control.encoding.charset()))
            }
            (Line::Text(_), Ok((row, command))) => {
                self.handle.note_command(&shown);
                self.obey_command(row, command)
            }
            (Line::Text(_), Err(error)) => {
                if error == ParseError::NotFtp {
                    self.note_stranger("HTTP");
                }
                self.refuse(replies::not_a_command(&error))
            }
        };
        if row.is_some_and(VerbRow::is_transfer) {
            self.use_up_preparations();
        }
        reply
    }

    /// What was prepared for one transfer is not kept for the next, though this one was refused. A
    /// client that has connected already hears of it from the reply, and then by the end of its
    /// connection.
    fn use_up_preparations(&mut self) {
        self.settings.announced = None;
        self.give_port_up();
    }

    fn obey_command(&mut self, row: &'static VerbRow, command: Command) -> Reply {
        self.reply_wait = ReplyWait::begin(self.host.options.reply_timeout);
        let reply = self.answer(row, command);
        // What still works for the command, such as the end of an upload that failed, works for
        // nobody who waits.
        self.reply_wait.pause();
        reply
    }

    fn answer(&mut self, row: &'static VerbRow, command: Command) -> Reply {
        let pending = match row.pending {
            PendingState::Kept => Pending::Nothing,
            PendingState::Consumed => std::mem::take(&mut self.pending),
        };
        match self.may_use(row) {
            Ok(()) if !row.is_offered(self.host.options.switches()) => {
                replies::not_implemented(row)
            }
            Ok(()) => self.dispatch(row, command, pending),
            Err(reply) => reply,
        }
    }

    /// A line that was no command ends one-shot state like any other.
    fn refuse(&mut self, reply: Reply) -> Reply {
        self.pending = Pending::Nothing;
        reply
    }

    fn may_use(&self, row: &VerbRow) -> Result<(), Reply> {
        if row.access == Access::BeforeLogin {
            return Ok(());
        }
        match self.rights() {
            None => Err(replies::login_needed()),
            Some(rights) if rights.allow(row.access) => Ok(()),
            Some(_) => Err(replies::no_permission(row.access)),
        }
    }

    /// What the logged-in account may do.
    pub(super) fn rights(&self) -> Option<Rights> {
        self.login.account().map(|account| Rights {
            read: account.permission.reads(),
            write: account.permission.writes(),
            delete: account.permission.writes() && account.delete_enabled,
        })
    }

    fn dispatch(&mut self, row: &'static VerbRow, command: Command, pending: Pending) -> Reply {
        match command {
            Command::User(name) => self.user(name),
            Command::Password(password) => self.password(&password),
            Command::Account => replies::account_superfluous(),
            Command::Quit => replies::goodbye(),
            Command::Reinitialize => self.reinitialize(),
            Command::Noop => replies::noop(),
            Command::System => replies::system_type(),
            Command::Features => {
                replies::features(self.settings.facts, self.host.options.switches())
            }
            Command::Help(None) => replies::help(self.host.options.switches()),
            Command::Help(Some(row)) if !row.is_offered(self.host.options.switches()) => {
                replies::not_a_command(&ParseError::UnknownTopic)
            }
            Command::Help(Some(row)) => replies::help_for(row),
            Command::Option(option) => self.set_option(option),
            Command::ClientName(name) => self.note_client(&name),
            Command::Status => self.status(),
            Command::StatusOf(target) => self.status_of(&target),
            Command::WorkingDirectory => replies::working_directory(&self.working_directory),
            Command::ChangeDirectory(path) => self.change_directory(&path),
            Command::ChangeToParent => self.change_directory(".."),
            Command::MakeDirectory(path) => self.make_directory(&path),
            Command::RemoveDirectory(path) => self.remove_directory(&path),
            Command::Delete(path) => self.delete(&path),
            Command::RenameFrom(path) => self.rename_from(&path),
            Command::RenameTo(path) => self.rename_to(&path, pending),
            Command::List { style, target } => self.list(style, &target),
            Command::Facts(path) => self.facts(path.as_deref()),
            Command::Size(path) => self.size(&path),
            Command::ModificationTime(path) => self.modification_time(&path),
            Command::SetModificationTime { time, path } => self.set_modification_time(time, &path),
            Command::Type(transfer_type) => self.set_type(transfer_type),
            Command::FileStructure => replies::file_structure(),
            Command::StreamMode => replies::stream_mode(),
            Command::Passive(request) => self.passive(request),
            Command::Active(address) => self.active(address),
            Command::Retrieve(path) => self.download(&path, &pending),
            Command::Upload(mode) => self.upload(mode, &pending),
            Command::Restart(offset) => self.restart_at(offset),
            Command::Allocate(bytes) => self.announce_size(bytes),
            Command::Abort => self.abort_nothing(),
            Command::Site(command) => self.site(command),
            Command::Authenticate => self.authenticate(),
            Command::ProtectionBuffer(_) => self.protection_buffer(),
            Command::Protect(protection) => self.protect(protection),
            Command::ClearControl => self.clear_control(),
            Command::NotImplemented => replies::not_implemented(row),
        }
    }
}
