//! From a line to its handler. What every verb must pass is checked here once, from its row.

use std::sync::Arc;
use std::time::Instant;

use zeroize::Zeroizing;

use super::Session;
use super::done_marker::DoneMarkers;
use super::download::download;
use super::information::{note_client, status};
use super::listing::{StatusOf, Telling, list};
use super::login_attempt::LoginAttempt;
use super::long_work::LongWork;
use super::navigation::Tree;
use super::publishing::publish_marked;
use super::settings::{ClientSettings, Pending};
use super::step::Step;
use super::times::FileTimes;
use super::transfer::{Transfer, TransferParts};
use super::upload::{Uploaded, upload};
use crate::events::{Actor, Witness};
use crate::protocol::{
    Access, Code, Command, Line, ListStyle, ListTarget, ParseError, PendingState, Protection,
    Reply, SiteCommand, UploadMode, VerbRow, masked, replies,
};
use crate::secret::Secret;
use crate::store::Requester;

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

impl<'a> Session<'a> {
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
        self.control.note_line(&shown);
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
        self.data.give_port_up();
    }

    fn obey_command(&mut self, row: &'static VerbRow, command: Command) -> Reply {
        self.wait.begin();
        let reply = self.answer(row, command).unwrap_or_else(|reply| reply);
        self.wait.end();
        reply
    }

    fn answer(&mut self, row: &'static VerbRow, command: Command) -> Step<Reply> {
        let pending = match row.pending {
            PendingState::Kept => Pending::Nothing,
            PendingState::Consumed => std::mem::take(&mut self.pending),
        };
        self.check_access(row)?;
        if !row.is_offered(self.host.options.switches()) {
            return Err(replies::not_implemented(row));
        }
        self.dispatch(row, command, &pending)
    }

    /// A line that was no command ends one-shot state like any other.
    fn refuse(&mut self, reply: Reply) -> Reply {
        self.pending = Pending::Nothing;
        reply
    }

    fn check_access(&self, row: &VerbRow) -> Step<()> {
        if row.access == Access::BeforeLogin {
            return Ok(());
        }
        match self.login.rights() {
            None => Err(replies::login_needed()),
            Some(rights) if rights.allow(row.access) => Ok(()),
            Some(_) => Err(replies::no_permission(row.access)),
        }
    }

    fn dispatch(
        &mut self,
        row: &'static VerbRow,
        command: Command,
        pending: &Pending,
    ) -> Step<Reply> {
        Ok(match command {
            Command::User(name) => self.user(name)?,
            Command::Password(password) => self.password(&password)?,
            Command::Account => replies::account_superfluous(),
            Command::Quit => replies::goodbye(),
            Command::Reinitialize => self.reinitialize(),
            Command::Noop => replies::noop(),
            Command::System => replies::system_type(),
            Command::Features => {
                replies::features(self.settings.facts, self.host.options.switches())
            }
            Command::Help(topic) => self.help(topic)?,
            Command::Option(option) => self.settings.set_option(option, &mut self.control.encoding),
            Command::ClientName(name) => note_client(&name),
            Command::Status => self.status(),
            Command::StatusOf(target) => self.status_of(&target)?,
            Command::WorkingDirectory => replies::working_directory(&self.working_directory),
            Command::ChangeDirectory(path) => self.change_directory(&path)?,
            Command::ChangeToParent => self.change_directory("..")?,
            Command::MakeDirectory(path) => self.tree()?.make_directory(&path)?,
            Command::RemoveDirectory(path) => self.tree()?.remove_directory(&path)?,
            Command::Delete(path) => self.tree()?.delete(&path, self.long_work())?,
            Command::RenameFrom(path) => self.rename_from(&path)?,
            Command::RenameTo(path) => self.rename_to(&path, pending)?,
            Command::List { style, target } => self.list(style, &target)?,
            Command::Facts(path) => self.tree()?.facts(path.as_deref(), self.settings.facts)?,
            Command::Size(path) => self.tree()?.size(&path)?,
            Command::ModificationTime(path) => {
                FileTimes(&self.tree()?).modification_time(&path, self.long_work())?
            }
            Command::SetModificationTime { time, path } => {
                FileTimes(&self.tree()?).set_modification_time(time, &path, self.long_work())?
            }
            Command::Type(transfer_type) => self.settings.set_type(transfer_type),
            Command::FileStructure => replies::file_structure(),
            Command::StreamMode => replies::stream_mode(),
            Command::Passive(request) => self.data.passive(request)?,
            Command::Active(address) => self.data.active(address)?,
            Command::Retrieve(path) => self.download(&path, pending)?,
            Command::Upload(mode) => self.upload(mode, pending)?,
            Command::Restart(offset) => {
                self.pending = Pending::RestartAt(offset);
                replies::restart_noted(offset)
            }
            Command::Allocate(bytes) => {
                self.settings.announce_size(bytes, self.host.options.transfer.max_file)
            }
            Command::Abort => {
                // While nothing runs it closes a data connection that was prepared.
                self.data.give_port_up();
                replies::nothing_to_abort()
            }
            Command::Site(command) => self.site(command)?,
            Command::Authenticate => self.encryption.authenticate()?,
            Command::ProtectionBuffer(_) => self.encryption.protection_buffer()?,
            Command::Protect(protection) => self.protect(protection)?,
            Command::ClearControl => self.encryption.clear_control()?,
            Command::NotImplemented => replies::not_implemented(row),
        })
    }

    /// USER. Any name is asked for its password: who exists is nobody's business. Whoever was
    /// logged in is not any more.
    fn user(&mut self, name: String) -> Step<Reply> {
        if self.host.tls_demand.holds() && !self.encryption.is_on() {
            return Err(replies::tls_needed());
        }
        // Also for whoever is logged in already: a new login, of which nothing is known yet.
        self.log_out();
        self.attempt().by(name)
    }

    fn password(&mut self, password: &Secret) -> Step<Reply> {
        self.attempt().with(password)
    }

    fn attempt(&mut self) -> LoginAttempt<'_, 'a> {
        LoginAttempt {
            host: self.host,
            handle: self.handle,
            admitted: self.admitted,
            peer: self.ends.peer,
            encryption: &self.encryption,
            began: Instant::now(),
            control: &mut self.control,
            login: &mut self.login,
        }
    }

    /// REIN: everything as after the greeting, but for what [`Self::forget_login`] keeps.
    fn reinitialize(&mut self) -> Reply {
        self.forget_login();
        self.encryption.forget_protection();
        replies::reinitialized()
    }

    fn help(&self, topic: Option<&'static VerbRow>) -> Step<Reply> {
        let switches = self.host.options.switches();
        match topic {
            None => Ok(replies::help(switches)),
            Some(row) if row.is_offered(switches) => Ok(replies::help_for(row)),
            Some(_) => Err(replies::not_a_command(&ParseError::UnknownTopic)),
        }
    }

    fn site(&mut self, command: SiteCommand) -> Step<Reply> {
        Ok(match command {
            SiteCommand::Help => replies::site_help(self.host.options.switches()),
            SiteCommand::ChangeMode => replies::site_chmod_ignored(),
            SiteCommand::SetModificationTime { time, path } => {
                FileTimes(&self.tree()?).set_modification_time(time, &path, self.long_work())?
            }
            SiteCommand::Unknown => replies::site_unknown(),
        })
    }

    fn change_directory(&mut self, path: &str) -> Step<Reply> {
        self.working_directory = self.tree()?.directory(path)?;
        Ok(replies::directory_changed(&self.working_directory))
    }

    fn rename_from(&mut self, path: &str) -> Step<Reply> {
        self.pending = Pending::RenameFrom(self.tree()?.to_be_renamed(path)?);
        Ok(replies::rename_to_what())
    }

    fn rename_to(&mut self, path: &str, pending: &Pending) -> Step<Reply> {
        let Pending::RenameFrom(from) = pending else { return Err(replies::rename_from_first()) };
        let tree = self.tree()?;
        let (reply, renamed) = tree.rename(from, path, self.long_work())?;
        if let Some(markers) = DoneMarkers::of(&tree) {
            markers.follow(&from.0, &renamed)?;
        }
        publish_marked(&tree, &renamed, self.long_work(), Code::FILE_ACTION_COMPLETE)?;
        Ok(reply)
    }

    fn protect(&mut self, protection: Protection) -> Step<Reply> {
        let demanded = self.host.demands_tls(self.login.account());
        self.encryption.protect(protection, demanded)
    }

    fn status(&self) -> Reply {
        let client = self.ends.peer.ip();
        status(client, &self.login, &self.working_directory, &self.settings)
    }

    /// STAT with a path, which needs a login only for that.
    fn status_of(&mut self, target: &ListTarget) -> Step<Reply> {
        let tree = self.tree()?;
        if !tree.rights.read {
            return Err(replies::no_permission(Access::Reads));
        }
        let telling = self.telling(ListStyle::List);
        let (handle, stop) = (self.handle, &self.host.stop);
        StatusOf { control: &mut self.control, handle, stop }.tell(&tree, telling, target)
    }

    fn list(&mut self, style: ListStyle, target: &ListTarget) -> Step<Reply> {
        let (tree, telling) = (self.tree()?, self.telling(style));
        let (transfer, _) = self.transfer()?;
        list(transfer, &tree, telling, target)
    }

    fn download(&mut self, name: &str, pending: &Pending) -> Step<Reply> {
        let tree = self.tree()?;
        let (transfer, settings) = self.transfer()?;
        download(transfer, &tree, settings, name, pending.first_byte())
    }

    fn upload(&mut self, mode: UploadMode, pending: &Pending) -> Step<Reply> {
        let tree = self.tree()?;
        let (transfer, settings) = self.transfer()?;
        let Uploaded { reply, path } =
            upload(transfer, &tree, settings, mode, pending.first_byte())?;
        publish_marked(&tree, &path, self.long_work(), Code::TRANSFER_COMPLETE)?;
        Ok(reply)
    }

    /// The tree of who is logged in.
    fn tree(&self) -> Step<Tree<'a>> {
        let account = self.login.account().ok_or_else(replies::login_needed)?;
        let rights = self.login.rights().ok_or_else(replies::login_needed)?;
        let requester =
            Requester { user: &account.name, peer: self.ends.peer.ip(), session: self.handle.id() };
        let actor = Actor {
            user: account.name.clone(),
            peer: requester.peer,
            session: requester.session,
            is_encrypted: self.encryption.is_on(),
        };
        let store = account.store.for_command(self.wait.present(), requester);
        Ok(Tree {
            store: store.unwrap_or_else(|| Arc::clone(&account.store)),
            admitted: self.admitted,
            account: Arc::clone(account),
            working_directory: self.working_directory.clone(),
            rights,
            keeps_times: self.host.options.preserve_mtime,
            partial: self.host.options.transfer.partial,
            told: self.told_parked.clone(),
            earlier_uploads: Arc::clone(&self.host.earlier_uploads),
            witness: Witness::new(&self.host.chronicle, actor),
        })
    }

    fn telling(&self, style: ListStyle) -> Telling {
        Telling {
            style,
            facts: self.settings.facts,
            encoding: self.control.encoding,
            limit: self.host.options.max_list,
        }
    }

    /// What attends to the client while the store is at work for it.
    fn long_work(&mut self) -> LongWork<'_, 'a> {
        LongWork {
            control: &mut self.control,
            wake: &mut self.wake,
            wait: &self.wait,
            handle: self.handle,
            stop: &self.host.stop,
        }
    }

    /// A transfer that has begun, and what the client has set for it.
    fn transfer(&mut self) -> Step<(Transfer<'_, 'a>, &ClientSettings)> {
        let parts = TransferParts {
            host: self.host,
            handle: self.handle,
            admitted: self.admitted,
            login: &self.login,
            encryption: &self.encryption,
            control: &mut self.control,
            data: &mut self.data,
            wait: &self.wait,
        };
        Ok((Transfer::begin(parts, &mut self.wake)?, &self.settings))
    }
}
