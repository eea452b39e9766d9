//! What STOR, RETR and LIST have in common: how a transfer begins, how its client is attended to,
//! how it gets its data connection, and that it ends.

use std::sync::Arc;
use std::time::Duration;

use super::command_wait::CommandWait;
use super::control_line::ControlLine;
use super::data::{DataChannel, DataTerms};
use super::done_marker::marker_of;
use super::encryption::Encryption;
use super::failure::{check_verdict, incomplete};
use super::login::Login;
use super::step::Step;
use super::wake::OwnWake;
use super::watch::Watch;
use super::{Host, SessionHandle, TransferKind, TransferTask};
use crate::access::AdmittedClient;
use crate::events::Witness;
use crate::metrics::Direction;
use crate::net::{ConnectionSlot, Stream, Wake};
use crate::protocol::{Code, Reply, replies};
use crate::store::OnExists;
use crate::transfer::{
    Budget, Downloads, Incomplete, Interruption, Kept, LeftUpload, LeftUploads, PartialUpload,
    Progress, Resources, Throttle, TransferReport, Verdict,
};
use crate::users::Account;
use crate::vfs::FtpPath;

/// What a session makes its transfers of.
#[derive(Debug)]
pub(super) struct TransferParts<'s, 'a> {
    pub(super) host: &'a Host,
    pub(super) handle: &'a SessionHandle,
    pub(super) admitted: &'a AdmittedClient,
    pub(super) login: &'s Login<'a>,
    pub(super) encryption: &'s Encryption,
    pub(super) control: &'s mut ControlLine<'a>,
    pub(super) data: &'s mut DataChannel<'a>,
    pub(super) wait: &'s CommandWait,
}

/// A transfer that has begun: the session's thread is woken by the transfer's wake. Ends when it is
/// dropped.
#[derive(Debug)]
pub(super) struct Transfer<'s, 'a> {
    parts: TransferParts<'s, 'a>,
    account: Arc<Account>,
    /// The memory that transfers share, as the client's account may use it.
    budget: Budget,
    wake: Wake,
}

impl Drop for Transfer<'_, '_> {
    fn drop(&mut self) {
        self.parts.handle.end_transfer();
    }
}

impl<'s, 'a> Transfer<'s, 'a> {
    /// Begins one. `wake` is the session's own.
    pub(super) fn begin(parts: TransferParts<'s, 'a>, wake: &mut OwnWake) -> Step<Self> {
        let (account, budget) = parts.login.transferring().ok_or_else(replies::login_needed)?;
        let (account, budget) = (Arc::clone(account), budget.clone());
        parts.data.forget_unused();
        let wake = wake.get().map_err(|error| {
            if parts.admitted.may_tell("no descriptor for a transfer") {
                log::error!("no descriptor for a transfer: {error}");
            }
            replies::cannot_listen()
        })?;
        parts.handle.begin_transfer(wake.clone());
        let begun = Self { parts, account, budget, wake };
        match begun.parts.handle.farewell(&begun.parts.host.stop) {
            Some(reply) => Err(reply),
            None => Ok(begun),
        }
    }

    /// Looks whether there can be a data connection, before the store is asked.
    pub(super) fn check_data_port(&self) -> Step<()> {
        let demanded = self.parts.host.demands_tls(Some(&self.account));
        self.parts.encryption.check_data(demanded)?;
        self.parts.data.check_port()
    }

    /// How fast it may be.
    pub(super) fn throttle(&self, direction: Direction) -> Throttle {
        self.parts.host.rates.throttle(direction, &self.account.name, self.account.max_rate)
    }

    /// The downloads of all sessions.
    pub(super) fn downloads(&self) -> &Arc<Downloads> {
        &self.parts.host.downloads
    }

    /// Where the client of an upload of `path` has left without waiting, what arrived becomes the
    /// file unless it comes back; or it is lost, which the operator is told.
    pub(super) fn note_left(&self, path: &FtpPath, report: &TransferReport, witness: &Witness) {
        let Verdict::Interrupted { by: Interruption::Left, kept } = report.verdict else { return };
        let TransferParts { host, .. } = &self.parts;
        match (kept, self.account.files.publish_parked) {
            (Kept::Parked, Some(patience)) => {
                let Some(upload) = report.parked.clone() else {
                    log::warn!("{path}: not all of it is parked, so it is not published by time");
                    return;
                };
                let store = Arc::clone(&self.account.store);
                let files = &self.account.files;
                let keeps_old = files.on_exists != OnExists::Replace;
                let ending = files.done_marker.as_deref();
                let marker = ending.and_then(|ending| marker_of(ending, path));
                let witness = Some(witness.clone());
                let bytes = report.kept + report.bytes;
                let seen = report.seen.clone();
                let left = LeftUpload { store, upload, bytes, seen, keeps_old, marker, witness };
                host.publish_left(left, patience);
            }
            (Kept::Nothing, patience) if report.bytes > 0 => self.tell_loss(patience),
            _ => {}
        }
    }

    /// What waits to be published.
    pub(super) fn left_uploads(&self) -> &LeftUploads {
        &self.parts.host.left_uploads
    }

    /// Tells the operator once of each login whose clients lose files.
    fn tell_loss(&self, patience: Option<Duration>) {
        let TransferParts { host, .. } = &self.parts;
        let loses = match (host.options.transfer.partial, patience) {
            (PartialUpload::Discard, _) => "partial_upload = discard all of its files are",
            (PartialUpload::Park, None) => {
                "publish_parked_after = 0 those that are too small to be gone on with are"
            }
            _ => return,
        };
        let name = &self.account.name;
        if host.left_uploads.is_first_loss_of(name) {
            log::warn!(
                "{name} closes its connections without waiting for the reply: with {loses} lost"
            );
        }
    }

    /// `ascii_conversion`
    pub(super) fn converts_ascii(&self) -> bool {
        self.parts.host.options.ascii_conversion
    }

    /// What it may use of the process.
    pub(super) fn resources(&self) -> Resources<'_> {
        self.parts.host.resources(&self.budget, &self.wake)
    }

    /// Success, or the reply to a transfer that did not complete.
    pub(super) fn check_verdict(&self, report: &TransferReport) -> Step<()> {
        check_verdict(self.parts.admitted, report)
    }

    /// The client has waited for what is not the store's fault: the store gets no less time for it.
    pub(super) fn renew_wait(&self) {
        self.parts.wait.present().renew();
    }

    /// The client of `rest`, which still sends, has not been told yet that nobody reads it.
    pub(super) fn add_unused(&mut self, rest: Stream) {
        self.parts.data.add_unused(rest);
    }

    /// From here on the client is attended to, and told of the `task`.
    pub(super) fn attend(&mut self, task: TransferTask) -> Attended<'_, 'a> {
        let parts = &mut self.parts;
        let signs = parts.wait.signs(replies::still_at_work(Code::TRANSFER_COMPLETE));
        Attended {
            resources: parts.host.resources(&self.budget, &self.wake),
            handle: parts.handle,
            admitted: parts.admitted,
            data: parts.data,
            terms: DataTerms {
                writes: task.kind != TransferKind::Upload,
                tls: parts.encryption.of_data().cloned(),
                left_to_others: parts.login.connections_to_leave(),
            },
            watch: Watch::new(parts.control, (parts.handle, &parts.host.stop), task, signs),
        }
    }
}

/// A transfer whose client is attended to.
#[derive(Debug)]
pub(super) struct Attended<'t, 'a> {
    pub(super) resources: Resources<'t>,
    pub(super) watch: Watch<'t, 'a>,
    handle: &'a SessionHandle,
    admitted: &'a AdmittedClient,
    data: &'t mut DataChannel<'a>,
    terms: DataTerms,
}

impl Attended<'_, '_> {
    /// Announces the transfer by `opening` and opens its data connection, which counts as long as
    /// the slot is held.
    pub(super) fn open(
        &mut self,
        progress: &Progress,
        opening: &Reply,
    ) -> Step<(Stream, ConnectionSlot)> {
        self.handle.note_transfer(self.watch.task().clone(), progress.clone());
        self.watch.announce(opening);
        self.data.open(&self.terms, &mut self.watch, self.resources.wake)
    }

    /// The reply to a transfer that ended before its end.
    pub(super) fn failure(&self, why: &Incomplete) -> Reply {
        incomplete(self.admitted, why)
    }
}
